//! Goroutines, from wherever they can be had.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use goroutines::Goroutines;
use profile::{Profile, ReadOptions};
use sampler::Sampler;
use target::Process;

use crate::error::Error;
use crate::fetch::{self, Client, ProfileUrl};

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

/// What is saved of goroutines.
#[derive(Debug)]
pub enum Saved {
    /// Each of them, from a dump or a crash.
    Goroutines(Goroutines),
    /// Only their stacks, with how many have each.
    Profile(Profile),
}

/// Reads a dump, a crash or a goroutine profile from a file.
pub fn of_file(path: &Path) -> Result<Saved, Error> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| Error::File {
        path: name.clone(),
        source,
    })?;
    decode(&bytes, &name)
}

/// The same from a stream, e.g. standard input.
pub fn of_reader(reader: &mut dyn Read, name: &str) -> Result<Saved, Error> {
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .map_err(|source| Error::File {
            path: name.to_owned(),
            source,
        })?;
    decode(&bytes, name)
}

/// The goroutines that a `/debug/pprof` endpoint prints of itself. The program stands still while it
/// does so, and cuts what is longer than 64 MB.
pub fn of_url(client: &Client, url: &ProfileUrl) -> Result<Saved, Error> {
    decode(&fetch::body(client, url)?, &url.to_string())
}

fn decode(bytes: &[u8], name: &str) -> Result<Saved, Error> {
    let options = ReadOptions::default();
    if let Ok(bytes) = profile::inflate(bytes, &options.limits) {
        let text = String::from_utf8_lossy(&bytes);
        if godebug::goroutine::is_dump(&text) {
            let all = godebug::goroutine::goroutines(&text, name);
            return Ok(Saved::Goroutines(all));
        }
    }
    crate::file::decode(bytes, name, &options).map(Saved::Profile)
}
