//! Goroutines, from wherever they can be had.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use goroutines::Goroutines;
use sampler::Sampler;
use target::Process;

use crate::error::Error;

/// Reads the goroutines of a running process, without stopping it. For the stacks of those that run
/// at the moment, samples of their threads are waited for at most `patience`.
pub fn of_process(process: Process, patience: Duration) -> Result<Goroutines, Error> {
    let sampler = Sampler::attach(process)?;
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut all = sampler.goroutines(patience).map_err(|why| Error::Runtime {
        pid: process.pid(),
        why,
    })?;
    all.source = format!("process {} ({})", process.pid(), process.name());
    all.time_ns = time.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX));
    Ok(all)
}
