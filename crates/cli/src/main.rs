//! The `gowhy` command.
//!
//! Only here are arguments, the environment and the terminal known; what is said about a program
//! comes from the libraries as plain data.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::Command;

mod access;
mod exit;
mod explain;
mod flags;
mod http;
mod output;
mod progress;
mod roots;
mod shell;
mod show;
mod single;
mod sources;
mod tracelog;
mod verbs;
mod viewer;

use exit::{CliError, Exit};
use verbs::VERBS;

const EXAMPLES: &str = "\
Examples:
  gowhy ps                                which Go programs run here?
  gowhy cpu 4711                          where does process 4711 spend its time?
  gowhy cpu 4711 -d 30s -o flame.svg      … as a flame graph
  gowhy cpu -- ./server -port 8080        the same for a program to launch
  gowhy memstats 4711                     what is its memory used for?
  gowhy heap 4711                         … and where was it allocated?
  gowhy pprof -top cpu.pb.gz              report a saved profile
  gowhy pprof -list='main\\.handle' cpu.pb.gz  … line by line
  gowhy pprof -top -diff_base=old.pb.gz new.pb.gz  what has changed?
  gowhy test -bench . ./parser            benchmarks, with every profile taken and kept
  gowhy diff before after                 two such runs, or benchmark files, compared";

fn command() -> Command {
    let verbs = VERBS.iter().map(|verb| (verb.command)());
    Command::new("gowhy")
        .about("Why is this Go program slow, big or stuck?")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(verbs)
}

fn main() -> ExitCode {
    let exit = catch_unwind(|| run(std::env::args_os().collect()));
    let exit = match exit {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => error.report(),
        Err(_) => {
            anstream::eprintln!("error: this is a defect of gowhy; please report it");
            Exit::Internal
        }
    };
    ExitCode::from(exit.code())
}

fn run(args: Vec<OsString>) -> Result<Exit, CliError> {
    let mut command = command();
    command.build();
    let args = spell(&command, args);
    let matches = match command.try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(e) => {
            // Help and versions are no mistakes.
            let exit = if e.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            e.print()?;
            return Ok(exit);
        }
    };
    let (name, matches) = matches.subcommand().unwrap_or(("", &matches));
    let verb = VERBS.iter().find(|v| (v.command)().get_name() == name);
    let verb = verb.ok_or_else(|| CliError::usage(format!("unknown command {name}")))?;
    (verb.run)(matches)
}

/// Spells the flags of the subcommand as clap knows them.
fn spell(command: &Command, args: Vec<OsString>) -> Vec<OsString> {
    let at = args.iter().skip(1).position(|arg| {
        let name = arg.to_str().unwrap_or_default();
        command.find_subcommand(name).is_some()
    });
    let Some(at) = at.map(|at| at + 2) else {
        return args;
    };
    let verb = args[at - 1]
        .to_str()
        .and_then(|name| command.find_subcommand(name));
    let Some(verb) = verb else {
        return args;
    };
    let mut args = args;
    let rest = args.split_off(at);
    if verb.get_name() == "test" {
        args.extend(verbs::test::spell(rest));
        return args;
    }
    args.extend(flags::normalize(verb, rest));
    args
}
