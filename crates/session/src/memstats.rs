//! The memory statistics of a program, from wherever they can be had.

use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use godebug::memstats::Printed;
use memstats::{Cgroup, Consumption, Memory};
use sampler::Sampler;
use target::Process;

use crate::error::Error;
use crate::fetch::{self, Client, ProfileUrl};

/// A process that is read again and again.
#[derive(Debug)]
pub struct Live {
    process: Process,
    sampler: Sampler,
}

/// Attaches to a process; nothing is stopped.
pub fn attach(process: Process) -> Result<Live, Error> {
    let sampler = Sampler::attach(process)?;
    Ok(Live { process, sampler })
}

impl Live {
    /// Reads the statistics and gives them to `take`, until it says that it has enough or the
    /// process ends.
    pub fn each(&self, take: &mut dyn FnMut(Memory) -> bool) -> Result<(), Error> {
        let process = self.process;
        let refused = |why| Error::MemStats {
            pid: process.pid(),
            why,
        };
        let reader = self.sampler.memstats(now_ns()).map_err(refused)?;
        let mut first = true;
        loop {
            let reading = match reader.read() {
                Ok(reading) => reading,
                // What ends while it is watched is no failure.
                Err(_) if !first && !process.is_running() => return Ok(()),
                Err(why) => return Err(refused(why)),
            };
            first = false;
            let mut notes = Vec::new();
            if reading.torn {
                let looks = reading.looks;
                notes.push(format!(
                    "the program changed its counters in each of {looks} looks: numbers are of slightly different moments"
                ));
            }
            if let Some(assumption) = self.sampler.assumption() {
                notes.push(assumption);
            }
            let memory = Memory {
                source: format!("process {} ({})", process.pid(), process.name()),
                go_version: self.sampler.go().build_info().go_version.clone(),
                time_ns: now_ns(),
                stats: reading.stats,
                collector: Some(reading.collector),
                consumption: consumption(process),
                notes,
            };
            if !take(memory) {
                return Ok(());
            }
        }
    }
}

/// What the system says of the process.
fn consumption(process: Process) -> Option<Consumption> {
    let said = process.consumption()?;
    let cgroup = process.memory_cgroup().map(|group| Cgroup {
        path: group.path,
        usage: group.usage,
        limit: group.limit,
    });
    Some(Consumption {
        resident: said.resident,
        peak: said.peak,
        anonymous: said.anonymous,
        file: said.file,
        shared: said.shared,
        swap: said.swap,
        cgroup,
    })
}

/// Reads a file: the JSON of `/debug/vars`, or a heap profile as text.
pub fn of_file(path: &Path) -> Result<Memory, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::file(path, source))?;
    decode(&bytes, &path.display().to_string())
}

/// The same from a stream, e.g. standard input.
pub fn of_reader(reader: &mut dyn Read, name: &str) -> Result<Memory, Error> {
    let mut bytes = Vec::new();
    let read = reader.read_to_end(&mut bytes);
    read.map_err(|source| Error::file(Path::new(name), source))?;
    decode(&bytes, name)
}

/// The URLs that tell the statistics, in the order in which they are to be asked: `/debug/vars` is
/// cheap, but not every program has it. A text with a path of its own is taken as it is.
pub fn urls(text: &str) -> Option<Vec<ProfileUrl>> {
    let url = ProfileUrl::parse_for(text, "heap")?;
    let is_bare = ProfileUrl::parse_for(text, "-").is_some_and(|other| other != url);
    let mut urls = Vec::new();
    if is_bare {
        urls.push(url.with_path("/debug/vars"));
    }
    urls.push(url.with_text());
    Some(urls)
}

/// Asks the URLs one after the other, until one answers.
pub fn of_urls(client: &Client, urls: &[ProfileUrl]) -> Result<Memory, Error> {
    let mut failure = None;
    for url in urls {
        let name = url.to_string();
        let read = fetch::body(client, url).and_then(|body| decode(&body, &name));
        match read {
            Ok(mut memory) => {
                memory.time_ns = now_ns();
                return Ok(memory);
            }
            Err(e) => failure = Some(e),
        }
    }
    Err(failure.unwrap_or_else(|| Error::NoMemStats {
        name: String::new(),
    }))
}

fn decode(bytes: &[u8], name: &str) -> Result<Memory, Error> {
    let none = || Error::NoMemStats {
        name: name.to_owned(),
    };
    let bytes =
        profile::inflate(bytes, &profile::ReadOptions::default().limits).map_err(|_| none())?;
    let text = String::from_utf8_lossy(&bytes);
    let Printed { stats, max_rss } = godebug::memstats::parse(&text).ok_or_else(none)?;
    let consumption = max_rss.map(|peak| Consumption {
        peak,
        ..Consumption::default()
    });
    Ok(Memory {
        source: name.to_owned(),
        stats,
        consumption,
        ..Memory::default()
    })
}

fn now_ns() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX))
}
