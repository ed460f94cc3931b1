//! `gowhy gctrace`: what a log of Go's garbage collections tells.

use std::io::{self, Write};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use godebug::tracelog::Item;
use report::gctrace::{Trace, csv, json, svg, text};

use super::Verb;
use crate::exit::{CliError, Exit};
use crate::{output, tracelog};

/// The command.
pub const VERB: Verb = Verb { command, run };

fn command() -> Command {
    GctraceArgs::augment_args(Command::new("gctrace"))
}

/// Tell what a log of garbage collections (GODEBUG=gctrace=1) shows: what they cost, how long the
/// world stood still, how fast is allocated, how the heap develops.
///
/// The lines may be those of any version of Go, among what the program itself prints, with the
/// prefixes of docker, Kubernetes, journald and the like, and of several processes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct GctraceArgs {
    /// A log, or - for standard input, whose other lines go to standard error
    #[arg(value_name = "FILE")]
    file: String,
    /// Show so many of the last cycles
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    last: usize,
    /// Show all cycles
    #[arg(long, conflicts_with = "last")]
    all: bool,
    /// Print JSON
    #[arg(long, conflicts_with_all = ["csv", "svg"])]
    json: bool,
    /// Print every cycle as CSV
    #[arg(long, conflicts_with = "svg")]
    csv: bool,
    /// Draw the heap and the pauses
    #[arg(long)]
    svg: bool,
    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Say nothing but errors and the report; what the program prints is dropped
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  GODEBUG=gctrace=1 ./server 2>&1 | gowhy gctrace -   report at the end, or with ^C
  gowhy gctrace server.log                what a log tells, with its last cycles
  gowhy gctrace server.log --all          … with all of them
  gowhy gctrace server.log -svg -o gc.svg the heap and the pauses as a picture
  gowhy gctrace server.log --csv          a line a cycle, for a spreadsheet
  kubectl logs -f web-0 | gowhy gctrace - --json";

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let args =
        GctraceArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let keep = match (args.csv, args.all) {
        (true, _) => 1,
        (false, true) => usize::MAX,
        (false, false) => args.last,
    };
    let mut trace = Trace::new(keep);
    let mut rows = match args.csv {
        true => {
            let mut out = output::to(args.output.as_deref())?;
            csv::head(&mut out)?;
            Some(out)
        }
        false => None,
    };
    let mut sink = |event: &godebug::tracelog::Event<'_>| -> io::Result<()> {
        trace.add(event);
        if let (Some(out), Item::Gc(_)) = (&mut rows, event.item)
            && let Some((cycle, cause)) = trace.processes[event.process].last.back()
        {
            csv::row(out, event.process, cycle, *cause)?;
        }
        Ok(())
    };
    let reader = tracelog::read(&args.file, !args.quiet, &mut sink)?;
    let counts = reader.counts();
    if trace.cycles() == 0 {
        let name = match args.file.as_str() {
            "-" => "standard input",
            name => name,
        };
        let error = anyhow::anyhow!("no garbage collection is in {name}");
        return Err(CliError::new(Exit::Input, error).hint("GODEBUG=gctrace=1 ./program 2>gc.log"));
    }
    if let Some(mut out) = rows {
        out.flush()?;
        return Ok(Exit::Ok);
    }
    let name = |process: usize| reader.name(process);
    let mut out = output::to(args.output.as_deref())?;
    if args.json {
        writeln!(out, "{:#}", json::document(&trace, &counts, &name))?;
    } else if args.svg {
        // A picture is of one process: the one with the most cycles.
        let most = trace.processes.iter().enumerate();
        let most = most.rev().max_by_key(|(_, p)| p.cycles);
        let shown = trace.processes.iter().filter(|p| p.cycles > 0).count();
        if let Some((place, process)) = most {
            if shown > 1 && !args.quiet {
                let process = place + 1;
                anstream::eprintln!("drawn is process {process}, with the most cycles of {shown}");
            }
            let title = match name(place) {
                name if name.is_empty() => args.file.clone(),
                name => name,
            };
            out.write_all(svg::svg(process, &title).as_bytes())?;
        }
    } else {
        write!(out, "{}", text::text(&trace, &counts, &name))?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}
