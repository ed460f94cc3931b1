//! `gowhy memstats`: what a program's memory is used for, as its runtime counts it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anstyle::Style;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use memstats::Memory;
use report::memstats::{Mark, json, page, row};
use session::memstats::Live;
use session::{Process, Target};

use super::Verb;
use super::cpu::parse_duration;
use crate::access::AccessArgs;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::single::no_url;

/// The command.
pub const VERB: Verb = Verb { command, run };

fn command() -> Command {
    MemStatsArgs::augment_args(Command::new("memstats"))
}

/// Show what the memory of a running process, an endpoint or a saved answer is used for: every field
/// of runtime.MemStats with its meaning, and the real consumption beside what the system says.
///
/// The process is read from outside while it runs: it is not stopped or changed, and needs neither
/// symbols nor an endpoint.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct MemStatsArgs {
    /// A pid, a process name, host:port or URL, a core file, a saved answer of /debug/vars or
    /// heap?debug=1, or - for standard input
    #[arg(value_name = "TARGET")]
    target: String,
    /// A line again and again, so far apart [with no TIME: 1s]
    #[arg(short, long, value_name = "TIME", value_parser = parse_duration, num_args = 0..=1, default_missing_value = "1s")]
    watch: Option<Duration>,
    /// End after so many lines
    #[arg(short = 'n', long, value_name = "N", requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// The program of a core file, where it is not the file that the core names
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// As JSON, one object a line
    #[arg(long)]
    jsonl: bool,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Say nothing but errors and the numbers
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    access: AccessArgs,
}

const EXAMPLES: &str = "\
Examples:
  gowhy memstats 4711                     what is the memory of process 4711 used for?
  gowhy memstats myserver --watch         a line a second
  gowhy memstats 4711 --watch 10s --jsonl >> memory.jsonl
                                          keep a record
  gowhy memstats localhost:6060           what an endpoint tells (expvar, or heap?debug=1)
  gowhy memstats core.4711                what a core file tells
  gowhy memstats heap.txt                 what a saved heap?debug=1 tells";

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let args =
        MemStatsArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let mut show = Show::to(&args)?;
    match Target::parse(&args.target) {
        Target::Pid(pid) => {
            let process = Process::find(pid).map_err(session::Error::from)?;
            live(&session::memstats::attach(process)?, &args, show)?;
        }
        Target::Name(name) => {
            let process = session::process_named(&name)?;
            live(&session::memstats::attach(process)?, &args, show)?;
        }
        Target::Url(text) => {
            let urls = session::memstats::urls(&text).ok_or_else(|| no_url(&text))?;
            let client = args.access.client(None)?;
            let mut next = Instant::now();
            loop {
                let memory = session::memstats::of_urls(&client, &urls)?;
                if !show.one(memory)? {
                    break;
                }
                wait(&mut next, args.watch.unwrap_or_default());
            }
        }
        Target::File(path) if session::corefile::is_core(&path)? => {
            once(&args)?;
            let core = session::corefile::open(&path, args.binary.as_deref())?;
            show.one(core.memstats()?)?;
        }
        Target::File(path) => {
            once(&args)?;
            show.one(session::memstats::of_file(&path)?)?;
        }
        Target::Stdin => {
            once(&args)?;
            let mut stdin = std::io::stdin().lock();
            show.one(session::memstats::of_reader(&mut stdin, "standard input")?)?;
        }
    }
    Ok(Exit::Ok)
}

/// What is saved does not change.
fn once(args: &MemStatsArgs) -> Result<(), CliError> {
    match args.watch {
        Some(_) => Err(CliError::usage("a file cannot be watched")),
        None => Ok(()),
    }
}

fn live(live: &Live, args: &MemStatsArgs, mut show: Show) -> Result<(), CliError> {
    let mut next = Instant::now();
    let mut failure = None;
    live.each(&mut |memory| match show.one(memory) {
        Ok(true) => {
            wait(&mut next, args.watch.unwrap_or_default());
            true
        }
        Ok(false) => false,
        Err(e) => {
            failure = Some(e);
            false
        }
    })?;
    failure.map_or(Ok(()), Err)
}

/// Waits for the next moment; those that are over already are left out.
fn wait(next: &mut Instant, apart: Duration) {
    *next += apart;
    let now = Instant::now();
    match next.checked_duration_since(now) {
        Some(rest) => std::thread::sleep(rest),
        None => *next = now,
    }
}

/// Where readings go, and how.
struct Show {
    out: std::io::BufWriter<Box<dyn Write>>,
    json: bool,
    watch: bool,
    colors: bool,
    quiet: bool,
    left: Option<u64>,
    before: Option<Memory>,
}

impl Show {
    fn to(args: &MemStatsArgs) -> Result<Show, CliError> {
        let colors = args.output.is_none()
            && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        Ok(Show {
            out: output::to(args.output.as_deref())?,
            json: args.json || args.jsonl,
            watch: args.watch.is_some(),
            colors,
            quiet: args.quiet,
            left: args.count,
            before: None,
        })
    }

    /// Shows a reading, and says whether there are to be more.
    fn one(&mut self, memory: Memory) -> Result<bool, CliError> {
        /// Rows after which a terminal needs the heads again.
        const ROWS: u64 = 20;
        // While lines go by there is no place for notes; programs find them in their objects.
        if !self.quiet && !self.json && !self.watch {
            let yellow = anstyle::AnsiColor::Yellow.on_default();
            for note in &memory.notes {
                anstream::eprintln!("{yellow}warning{yellow:#}: {note}");
            }
        }
        if self.json {
            json::write(&memory, &mut self.out)?;
        } else if self.watch {
            let shown = self.left.unwrap_or(0);
            let again = self.before.is_none()
                || (std::io::stdout().is_terminal() && shown.is_multiple_of(ROWS) && shown > 0);
            if again {
                row::head(&mut self.out)?;
            }
            row::write(&memory, self.before.as_ref(), &mut self.out)?;
        } else {
            let colors = self.colors;
            let paint = |mark: Mark, text: &str| match colors {
                true => {
                    let style = style(mark);
                    format!("{style}{text}{style:#}")
                }
                false => text.to_owned(),
            };
            page::write(&memory, &paint, &mut self.out)?;
        }
        self.out.flush()?;
        self.before = Some(memory);
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        Ok(self.watch && self.left != Some(0))
    }
}

fn style(mark: Mark) -> Style {
    match mark {
        Mark::Heading => Style::new().bold(),
        Mark::Number => anstyle::AnsiColor::Cyan.on_default(),
        Mark::Faint => Style::new().dimmed(),
    }
}
