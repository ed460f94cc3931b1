//! `gowhy heap`, `allocs`, `block`, `mutex`, `threadcreate`: the profiles that a Go program's runtime
//! keeps of itself.

use clap::{ArgMatches, Args, Command, FromArgMatches};
use session::{Kept, Process, Target, heap};

use super::{Verb, rate};
use crate::access::AccessArgs;
use crate::exit::{CliError, Exit};
use crate::flags::ReportArgs;
use crate::show::show;
use crate::single::{Single, no_url, single};

/// What memory is used for.
pub const HEAP: Verb = Verb {
    command: || command(Kept::Heap),
    run: |matches| run(Kept::Heap, matches),
};
/// What was ever allocated.
pub const ALLOCS: Verb = Verb {
    command: || command(Kept::Allocs),
    run: |matches| run(Kept::Allocs, matches),
};
/// Where goroutines block.
pub const BLOCK: Verb = Verb {
    command: || command(Kept::Block),
    run: |matches| run(Kept::Block, matches),
};
/// Where mutexes are contended.
pub const MUTEX: Verb = Verb {
    command: || command(Kept::Mutex),
    run: |matches| run(Kept::Mutex, matches),
};
/// Where threads are created.
pub const THREADCREATE: Verb = Verb {
    command: || command(Kept::ThreadCreate),
    run: |matches| run(Kept::ThreadCreate, matches),
};

#[derive(Args, Debug)]
pub struct KeptArgs {
    /// A pid, a process name, host:port or URL, a saved profile, or - for standard input
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Say nothing but errors and the report
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

fn command(kept: Kept) -> Command {
    let about = match kept {
        Kept::Heap => "Show where the memory in use was allocated",
        Kept::Allocs => "Show where memory was allocated, since the program began",
        Kept::Block => "Show where goroutines block, as far as the program records it",
        Kept::Mutex => "Show where mutexes are contended, as far as the program records it",
        Kept::ThreadCreate => "Show where threads were created",
    };
    let long = format!(
        "{about}.\n\nOf a running process it is read from outside, equal to what its own \
         /debug/pprof/{} would tell: nothing is stopped or changed, and no endpoint is needed. \
         Reports with the flags of go tool pprof.",
        kept.name()
    );
    KeptArgs::augment_args(Command::new(kept.name()))
        .about(about)
        .long_about(long)
        .after_help(examples(kept))
        .args(rate::args(kept))
}

fn examples(kept: Kept) -> String {
    let name = kept.name();
    let more = match kept {
        Kept::Heap => {
            "\n  gowhy heap 4711 --rate 4096 -d 30s     switch recording on, and report 30 seconds of it
  gowhy heap 4711 -sample_index=inuse_objects
                                          by number of objects instead of bytes
  gowhy heap 4711 -o before.pb.gz         keep it; later: gowhy pprof -diff_base before.pb.gz …"
        }
        Kept::Block => {
            "\n  gowhy block 4711 --rate 1 -d 10s        switch recording on, and report 10 seconds of it
  gowhy block 4711 -sample_index=contentions
                                          by how often instead of how long"
        }
        Kept::Mutex => {
            "\n  gowhy mutex 4711 --fraction 1 -d 10s    switch recording on, and report 10 seconds of it
  gowhy mutex 4711 -sample_index=contentions
                                          by how often instead of how long"
        }
        Kept::Allocs | Kept::ThreadCreate => "",
    };
    let line = |args: &str, what: &str| format!("  {:<39} {what}", format!("gowhy {name} {args}"));
    let lines = [
        line("4711", "the top functions of process 4711"),
        line("myserver -flame -o f.svg", "a flame graph"),
        line("localhost:6060", "what an endpoint tells"),
        line(&format!("{name}.pb.gz -tree"), "report a saved profile"),
    ];
    format!("Examples:\n{}{more}", lines.join("\n"))
}

fn run(kept: Kept, matches: &ArgMatches) -> Result<Exit, CliError> {
    let args = KeptArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let rate = rate::asked(kept, matches)?;
    let live = |process| match &rate {
        Some(rate) => rate::run(process, rate, args.quiet, &args.report.0),
        None => live(process, kept, &args),
    };
    let from = match Target::parse(&args.target) {
        Target::Pid(pid) => {
            return live(Process::find(pid).map_err(session::Error::from)?);
        }
        Target::Name(name) => return live(session::process_named(&name)?),
        _ if rate.is_some() => {
            let what = "only a running process can be made to record something";
            return Err(CliError::usage(what).hint("gowhy ps lists the Go processes here"));
        }
        Target::File(path) => Single::File(path),
        Target::Stdin => Single::Stdin,
        Target::Url(text) => Single::Url(heap::url(&text, kept).ok_or_else(|| no_url(&text))?),
    };
    let profile = single(from, &args.access, args.quiet)?;
    show(&args.report.0, profile)?;
    Ok(Exit::Ok)
}

fn live(process: Process, kept: Kept, args: &KeptArgs) -> Result<Exit, CliError> {
    let read = heap::of_process(process, kept)?;
    if !args.quiet {
        let yellow = anstyle::AnsiColor::Yellow.on_default();
        for warning in &read.warnings {
            anstream::eprintln!("{yellow}warning{yellow:#}: {warning}");
        }
    }
    show(&args.report.0, read.profile)?;
    Ok(Exit::Ok)
}
