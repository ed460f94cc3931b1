//! `gowhy rate-guard`: not for people. The process that puts a word of the target back when the
//! gowhy that changed it is killed; see `session::rate::guard`.

use clap::{Arg, ArgMatches, Command, value_parser};
use session::rate::PutBack;
use session::rate::guard::{self, Ended, Watched};

use super::Verb;
use crate::exit::{CliError, Exit};

/// The command.
pub const VERB: Verb = Verb { command, run };

/// Its name.
pub const NAME: &str = "rate-guard";

fn command() -> Command {
    Command::new(NAME).hide(true).arg(
        Arg::new("numbers")
            .num_args(6)
            .required(true)
            .value_parser(value_parser!(u64)),
    )
}

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let numbers: Vec<u64> = matches
        .get_many("numbers")
        .unwrap_or_default()
        .copied()
        .collect();
    let watched = Watched::parse(&numbers);
    let watched = watched.ok_or_else(|| CliError::usage("this command is gowhy's own"))?;
    target::signals::shut_out();
    let (mut from, mut to) = (std::io::stdin().lock(), std::io::stdout().lock());
    let Watched { pid, change, .. } = watched;
    match guard::run(&watched, &mut from, &mut to) {
        Ended::Dismissed | Ended::PutBack(PutBack::Gone) => {}
        Ended::Refused => return Ok(Exit::Input),
        Ended::PutBack(PutBack::Done) => anstream::eprintln!(
            "gowhy was killed: the rate of process {pid} is {} again",
            change.old
        ),
        Ended::PutBack(PutBack::Foreign { found }) => anstream::eprintln!(
            "gowhy was killed: the rate of process {pid} is {found} by someone else's hand and was left"
        ),
    }
    Ok(Exit::Ok)
}
