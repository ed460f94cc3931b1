//! Names for addresses: from the binaries on this machine, then from the program itself over HTTP.
//!
//! Mirrors Symbolize of pprof's internal/symbolizer. What is said is what pprof says.

mod address;
mod binary;
mod local;
mod names;
mod remote;

pub use remote::Origins;

use profile::Profile;

use crate::fetch::Client;

/// Where names may come from: pprof's `-symbolize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// From binaries on this machine.
    pub local: bool,
    /// Without debugging information, which takes time to read.
    pub fast: bool,
    /// From the program that the profile was fetched from.
    pub remote: bool,
    /// Anew where there are names already.
    pub force: bool,
    /// One frame for each address, as pprof has it: the function in the symbol table with the innermost
    /// line. Otherwise inlined calls are frames of their own, as in profiles that Go writes itself.
    pub one_frame: bool,
}

/// Fills in names, files and lines that are missing, and says what could not be found.
pub fn symbolize(
    profile: &mut Profile,
    mode: Mode,
    origins: &Origins,
    client: &Client,
    say: &mut dyn FnMut(String),
) {
    if mode.local {
        local::symbolize(profile, mode, say);
    }
    if mode.remote {
        remote::symbolize(profile, mode.force, origins, client, say);
    }
}
