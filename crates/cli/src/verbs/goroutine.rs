//! `gowhy goroutine`: what every goroutine does, and since when.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use goroutines::Goroutines;
use report::goroutines::filter::{Condition, Filter};
use report::goroutines::groups::{By, groups};
use report::goroutines::table::{Mark, Show};
use report::goroutines::{Selection, debug1, debug2, json, profile, table};
use report::import::{Import, import};
use report::view::View;
use session::fetch::ProfileUrl;
use session::goroutines::Saved;
use session::{Process, Target};

use super::Verb;
use super::cpu::parse_duration;
use crate::access::AccessArgs;
use crate::exit::{CliError, Exit};
use crate::explain;
use crate::flags::{ReportArgs, ReportChoice};
use crate::output::{self, Syntax};
use crate::single::{Single, no_url, single};

/// The command.
pub const VERB: Verb = Verb { command, run };

fn command() -> Command {
    GoroutineArgs::augment_args(Command::new("goroutine"))
}

/// Show the goroutines of a running process, an endpoint, a core file, a dump or a crash: what each
/// does or waits for, since when, who made it.
///
/// The process is read from outside while it runs: it is not stopped or changed, and needs neither
/// symbols nor an endpoint.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct GoroutineArgs {
    /// A pid, a process name, host:port or URL, a core file, a dump, a crash or a goroutine profile, or - for standard input
    #[arg(value_name = "TARGET")]
    target: String,
    #[arg(
        long,
        value_name = "BY",
        value_parser = By::parse,
        help = format!("What to group by: {}", By::HELP),
    )]
    group: Option<By>,
    #[arg(
        long,
        value_name = "WHAT",
        help = format!("Only goroutines of which this holds: {}", Condition::HELP),
    )]
    with: Vec<String>,
    /// Only goroutines of which this does not hold
    #[arg(long, value_name = "WHAT")]
    without: Vec<String>,
    /// Only goroutines that are known to wait at least so long; Go notes it at its garbage
    /// collections
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    min_wait: Option<Duration>,
    /// The runtime's own goroutines and frames too
    #[arg(long)]
    system: bool,
    /// Show at most so many groups; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    groups: usize,
    /// The text of /debug/pprof/goroutine: 1 for stacks with their counts, 2 for every goroutine as
    /// Go's tracebacks print it
    #[arg(long, value_name = "1|2", value_parser = clap::value_parser!(u8).range(1..=2))]
    debug: Option<u8>,
    /// How long to wait for the stacks of goroutines that run
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "50ms")]
    patience: Duration,
    /// The program of a core file, where it is not the file that the core names
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Say what can be read of the process's runtime, how that was found, and why not the rest
    #[arg(long)]
    explain: bool,
    /// Say nothing but errors and the goroutines
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    report: ReportArgs,
}

const EXAMPLES: &str = "\
Examples:
  gowhy goroutine 4711                    the goroutines of process 4711, by stack
  gowhy goroutine 4711 --group state      how many wait for what
  gowhy goroutine 4711 --group creator    who makes them all
  gowhy goroutine 4711 --min-wait 10m     those that have waited for ten minutes
  gowhy goroutine 4711 --with label=tier=gold --without running
  gowhy goroutine 4711 -debug=2           every one, as Go's tracebacks print it
  gowhy goroutine 4711 -top               as a profile, with the reports of pprof
  gowhy goroutine 4711 --json             for programs
  gowhy goroutine core.4711               what a core file holds: of gcore, of the kernel
  gowhy goroutine core --binary ./server  the same, with the program from elsewhere
  gowhy goroutine crash.log --group state what a crash or a dump (debug=2, SIGQUIT) tells";

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let args =
        GoroutineArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let saved = match Target::parse(&args.target) {
        Target::Pid(pid) => return live(&args, Process::find(pid).map_err(session::Error::from)?),
        Target::Name(name) => return live(&args, session::process_named(&name)?),
        Target::File(path) if session::corefile::is_core(&path)? => return core(&args, &path),
        Target::File(path) => match session::goroutines::of_file(&path)? {
            Saved::Profile(_) => {
                Saved::Profile(single(Single::File(path), &args.access, args.quiet)?)
            }
            saved => saved,
        },
        Target::Stdin => {
            session::goroutines::of_reader(&mut std::io::stdin().lock(), "standard input")?
        }
        Target::Url(text) => {
            let url = ProfileUrl::parse_for_goroutines(&text).ok_or_else(|| no_url(&text))?;
            let client = args.access.client(None)?;
            session::goroutines::of_url(&client, &url)?
        }
    };
    match saved {
        Saved::Goroutines(all) => {
            if !args.quiet {
                warn(&all.notes);
            }
            show(&args, &all)?;
        }
        Saved::Profile(profile) => show_profile(&args, profile)?,
    }
    Ok(Exit::Ok)
}

fn live(args: &GoroutineArgs, process: Process) -> Result<Exit, CliError> {
    if args.explain {
        let explanation = session::explain::of_process(process)?;
        anstream::print!("{}", explain::text(&explanation));
        return Ok(Exit::Ok);
    }
    let all = session::goroutines::of_process(process, args.patience)?;
    if !args.quiet {
        warn(&all.notes);
        let how = match all.stopped {
            true => "threads that ran were stopped for some microseconds each",
            false => "nothing was stopped",
        };
        say(&all, Some(how));
    }
    show(args, &all)?;
    Ok(Exit::Ok)
}

fn core(args: &GoroutineArgs, path: &Path) -> Result<Exit, CliError> {
    let core = session::corefile::open(path, args.binary.as_deref())?;
    if args.explain {
        anstream::print!("{}", explain::text(&core.explain()));
        return Ok(Exit::Ok);
    }
    let all = core.goroutines()?;
    if !args.quiet {
        warn(&all.notes);
        let by = core.ended_by().map(|by| format!("ended by {by}"));
        say(&all, by.as_deref());
    }
    show(args, &all)?;
    Ok(Exit::Ok)
}

/// A goroutine profile: it has no goroutines, only their stacks.
fn show_profile(args: &GoroutineArgs, profile: ::profile::Profile) -> Result<(), CliError> {
    let profile = import(profile, &Import::default())?;
    let mut choice = args.report.0.clone();
    choice.view.get_or_insert(View::Traces);
    output::render(profile, &choice)
}

fn warn(notes: &[String]) {
    let yellow = AnsiColor::Yellow.on_default();
    for note in notes {
        anstream::eprintln!("{yellow}warning{yellow:#}: {note}");
    }
}

/// How well the reading went, where that is not what everybody expects.
fn say(all: &Goroutines, more: Option<&str>) {
    let c = all.counts;
    let read = c.complete + c.cut + c.running + c.torn;
    let mut text = format!("{read} goroutines read, {} whole", c.complete);
    for (count, word) in [
        (c.cut, "with a stack that goes on"),
        (c.running, "running, without a stack"),
        (c.torn, "ran whenever they were looked at, without a stack"),
        (c.retried, "read more than once"),
    ] {
        if count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    if let Some(more) = more {
        text += &format!("; {more}");
    }
    anstream::eprintln!("{text}");
}

fn show(args: &GoroutineArgs, all: &Goroutines) -> Result<(), CliError> {
    let conditions = |texts: &[String]| texts.iter().map(|t| Condition::parse(t)).collect();
    let filter = Filter {
        with: conditions(&args.with),
        without: conditions(&args.without),
        min_wait_ns: args.min_wait.map_or(0, |d| d.as_nanos() as u64),
        system: args.system,
    };
    let selection = filter.select(all);
    let choice = &args.report.0;
    if args.debug.is_none() && (choice.view.is_some() || keeps_a_profile(choice)) {
        return as_profile(&selection, choice);
    }
    let mut out = output::to(choice.output.as_deref())?;
    match (args.debug, choice.syntax) {
        (Some(1), _) => debug1::write(&selection, &mut out)?,
        (Some(_), _) => debug2::write(&selection, args.system, &mut out)?,
        (None, Syntax::Json) => json::write(&selection, args.group.as_ref(), &mut out)?,
        (None, Syntax::Text) => {
            let by = args.group.clone().unwrap_or(By::Stack);
            let show = Show {
                groups: args.groups,
                all_frames: args.system,
            };
            let groups = groups(&selection, &by);
            let colors = choice.output.is_none()
                && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
            let paint = |mark: Mark, text: &str| match colors {
                true => {
                    let style = style(mark);
                    format!("{style}{text}{style:#}")
                }
                false => text.to_owned(),
            };
            table::write(&selection, &groups, &by, show, &paint, &mut out)?;
        }
    }
    out.flush()?;
    Ok(())
}

fn style(mark: Mark) -> Style {
    let color = |c: AnsiColor| Style::new().fg_color(Some(c.into()));
    match mark {
        Mark::Count => Style::new().bold(),
        Mark::State => color(AnsiColor::Yellow),
        Mark::Busy => color(AnsiColor::Green),
        Mark::Function => color(AnsiColor::Cyan),
        Mark::Faint => Style::new().dimmed(),
    }
}

/// Whether the output file is meant for a profile.
fn keeps_a_profile(choice: &ReportChoice) -> bool {
    let name = choice.output.as_deref().unwrap_or_default();
    [".pb.gz", ".pprof", ".prof", ".pb"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn as_profile(selection: &Selection<'_>, choice: &ReportChoice) -> Result<(), CliError> {
    let mut choice = choice.clone();
    choice.view.get_or_insert(View::Proto);
    let profile = import(profile::profile(selection), &Import::default())?;
    output::render(profile, &choice)
}
