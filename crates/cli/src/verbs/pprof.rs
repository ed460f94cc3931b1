//! `gowhy pprof`: reports of saved profiles, with the flags and the text of `go tool pprof`.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::Verb;
use crate::exit::{CliError, Exit};
use crate::flags::ReportArgs;
use crate::http::{HttpArgs, serve};
use crate::output::{Syntax, render};
use crate::shell;
use crate::sources::{SourceArgs, load};

/// The command.
pub const VERB: Verb = Verb { command, run };

const EXAMPLES: &str = "\
Flags are taken as Go takes them: -top, --top, -focus=re, -focus re.

Examples:
  gowhy pprof -top cpu.pb.gz
  gowhy pprof -list='main\\.handle' cpu.pb.gz
  gowhy pprof -http=: cpu.pb.gz
  gowhy pprof -top -diff_base=before.pb.gz after.pb.gz
  gowhy pprof -dot -focus=json -o graph.dot cpu1.pb.gz cpu2.pb.gz";

fn command() -> Command {
    let command = SourceArgs::augment_args(Command::new("pprof"));
    let command = HttpArgs::augment_args(command);
    ReportArgs::augment_args(command)
        .about("Report on saved profiles, as go tool pprof does")
        .after_help(EXAMPLES)
}

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let wrong = |e: clap::Error| CliError::usage(e.to_string());
    let sources = SourceArgs::from_arg_matches(matches).map_err(wrong)?;
    let ReportArgs(mut choice) = ReportArgs::from_arg_matches(matches).map_err(wrong)?;
    let http = HttpArgs::from_arg_matches(matches).map_err(wrong)?;
    let address = http.address(choice.view.is_some())?;
    choice.options.exact = sources.exact;
    if sources.sources.is_empty() {
        anstream::eprintln!("{}", command().render_usage());
        let none = CliError::usage("no profile source specified");
        return Err(none.hint("gowhy pprof --help"));
    }
    let profile = load(&sources, choice.options.normalize)?;
    if let Some(address) = address {
        return serve(profile, &choice, &address, !http.no_browser);
    }
    // Whoever asks for JSON is a program, and no program talks to a shell.
    if choice.view.is_none() && choice.syntax == Syntax::Text {
        return shell::run(profile, &choice);
    }
    render(profile, &choice)?;
    Ok(Exit::Ok)
}
