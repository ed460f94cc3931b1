//! The commands. A new one is a file here and a line in [`VERBS`].

use clap::{ArgMatches, Command};

use crate::exit::{CliError, Exit};

mod cpu;
mod diff;
mod gctrace;
mod goroutine;
mod guard;
mod kept;
mod memstats;
mod pprof;
mod ps;
mod rate;
pub mod test;

/// A command.
pub struct Verb {
    /// Its name and arguments.
    pub command: fn() -> Command,
    /// Does it.
    pub run: fn(&ArgMatches) -> Result<Exit, CliError>,
}

/// Every command, in the order of the help.
pub const VERBS: &[Verb] = &[
    cpu::VERB,
    goroutine::VERB,
    kept::HEAP,
    kept::ALLOCS,
    kept::BLOCK,
    kept::MUTEX,
    kept::THREADCREATE,
    memstats::VERB,
    gctrace::VERB,
    ps::VERB,
    pprof::VERB,
    test::VERB,
    diff::VERB,
    guard::VERB,
];
