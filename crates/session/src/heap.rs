//! The profiles that the runtime keeps itself (heap, allocs, block, mutex, threadcreate), of a
//! process. Endpoints and files have them as any other profile.

use std::time::{SystemTime, UNIX_EPOCH};

use profile::Profile;
use sampler::{Kept, Sampler};
use target::Process;

use crate::error::Error;
use crate::fetch::ProfileUrl;

/// A profile, and what is to be said about it.
#[derive(Debug)]
pub struct Reading {
    /// The profile, as the process's own `/debug/pprof` would write it.
    pub profile: Profile,
    /// How many records it is made of.
    pub records: usize,
    /// What the user should know, a line each.
    pub warnings: Vec<String>,
}

/// Reads one of the profiles of a process. Nothing is stopped or switched on: what the program does
/// not record is not there, and that is an error if nothing is.
pub fn of_process(process: Process, kept: Kept) -> Result<Reading, Error> {
    let sampler = Sampler::attach(process)?;
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    let time_ns = time.map_or(0, |t| i64::try_from(t.as_nanos()).unwrap_or(i64::MAX));
    let read = sampler.kept(kept, time_ns).map_err(|why| Error::Kept {
        pid: process.pid(),
        kept,
        why,
    })?;
    let mut warnings = Vec::new();
    if read.rate == Some(0) {
        if read.records == 0 {
            let pid = process.pid();
            return Err(Error::KeptOff { pid, kept });
        }
        warnings.push(format!(
            "the {} profile is switched off now: this is what was recorded before",
            kept.name()
        ));
    } else if read.records == 0 {
        warnings.push("nothing has been recorded yet".to_owned());
    }
    if let Some(assumption) = sampler.assumption() {
        warnings.push(format!(
            "this Go version ({}) is newer than this gowhy, or not a release: {assumption}",
            sampler.go().build_info().go_version
        ));
    }
    Ok(Reading {
        profile: read.profile,
        records: read.records,
        warnings,
    })
}

/// The URL of the profile at a `/debug/pprof` endpoint. `None` for what is no URL.
pub fn url(text: &str, kept: Kept) -> Option<ProfileUrl> {
    ProfileUrl::parse_for(text, kept.name())
}
