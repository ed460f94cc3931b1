//! Profiles that a program has not switched on, switched on from outside: the word that says how
//! much the runtime records is changed in the running process, what is recorded meanwhile is
//! reported, and the word is put back.
//!
//! This is the only change that is made to a target, and only when the user asks for it. The word is
//! put back at the end, on errors and signals by [`Held`], and by a guard process ([`guard`]) when
//! we are killed.

pub mod guard;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use profile::Profile;
use sampler::{Kept, Kind, Sampler};
use target::Process;
use target::write::{self, Word};

use crate::error::Error;
use guard::{Guard, Watched};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which profile; that of threads has no rate.
    pub kept: Kept,
    /// How much to record, as Go's own functions take it: of memory a sample every so many bytes
    /// (`MemProfileRate`), of blocking one every so many nanoseconds (`SetBlockProfileRate`), of
    /// mutexes one of so many events (`SetMutexProfileFraction`).
    pub value: u64,
    /// How long.
    pub duration: Duration,
}

/// A change of a word, as it is announced before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The variable, in package runtime.
    pub word: &'static str,
    /// Where it is in the process.
    pub address: u64,
    /// What it holds.
    pub old: u64,
    /// What it will hold.
    pub new: u64,
}

/// How a word was put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// It holds the old value again.
    Done,
    /// Someone else had changed it meanwhile, so it was left alone.
    Foreign {
        /// What it holds.
        found: u64,
    },
    /// The process has ended.
    Gone,
}

/// A profile of the time that it was switched on, and what is to be said about it.
#[derive(Debug)]
pub struct Capture {
    /// The profile.
    pub profile: Profile,
    /// What was changed.
    pub change: Change,
    /// What became of the change.
    pub put_back: PutBack,
    /// How long it was switched on.
    pub elapsed: Duration,
    /// What the user should know, a line each.
    pub warnings: Vec<String>,
}

/// How often the end is looked for, and that the guard lives.
const TICK: Duration = Duration::from_millis(50);

/// Switches a profile on for some time. `announce` is called before anything is changed; `guard`
/// starts this program so that it calls [`guard::run`] with the arguments that are added to it.
pub fn of_process(
    process: Process,
    options: &Options,
    guard: Command,
    stop: &AtomicBool,
    announce: &mut dyn FnMut(&Change),
) -> Result<Capture, Error> {
    let pid = process.pid();
    let failed = |why: String| Error::Recorded { pid, why };
    let kind = options.kept.kind();
    let kind = kind.ok_or_else(|| failed("it is always recorded".to_owned()))?;
    let sampler = Sampler::attach(process)?;
    let address = sampler.rate_address(kind).map_err(failed)?;
    let word = Word::open(process, address, sampler.mapped_at());
    let word = word.map_err(|e| unwritable(pid, e))?;
    let old = word.read().map_err(|e| unwritable(pid, e))?;
    let name = kind.rate_word();
    if !is_plausible(old) {
        return Err(failed(format!(
            "runtime.{name} seems to hold {old}, which no program sets it to"
        )));
    }
    let new = match kind {
        Kind::Block => ticks_of(options.value, sampler.ticks_per_second().map_err(failed)?),
        _ => options.value,
    };
    if !is_plausible(new) {
        return Err(failed(format!("{new} is too much for runtime.{name}")));
    }
    let change = Change {
        word: name,
        address: word.address(),
        old,
        new,
    };
    let watched = Watched {
        pid,
        started: word.started(),
        inside: sampler.mapped_at(),
        change,
    };
    let _lock = guard::lock(&watched, "gowhy").ok_or(Error::RateTaken { pid })?;
    let mut held = Held {
        guard: Guard::start(guard, &watched)?,
        word,
        change,
        is_held: false,
    };
    announce(&change);
    let before = sampler.mark(kind).map_err(failed)?;
    let began_at = SystemTime::now();
    let began = Instant::now();
    held.hold().map_err(|e| unwritable(pid, e))?;
    let mut warnings = Vec::new();
    while began.elapsed() < options.duration && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(TICK.min(options.duration.saturating_sub(began.elapsed())));
        if !process.is_running() {
            break;
        }
        if !held.guard.is_alive() {
            warnings.push(
                "the process that guards the change has been killed: ended before the time was over".into(),
            );
            break;
        }
    }
    // Before the word is put back: all that was recorded was so at the rate that the user chose.
    let after = sampler.mark(kind);
    let elapsed = began.elapsed();
    let put_back = held.put_back().map_err(|e| unwritable(pid, e))?;
    let after = match after {
        Ok(after) => after,
        Err(_) if put_back == PutBack::Gone => {
            return Err(target::Error::NoSuchProcess { pid }.into());
        }
        Err(why) => return Err(failed(why)),
    };
    let made = sampler.kept_between(options.kept, &before, after, new);
    let mut profile = made.map_err(failed)?.profile;
    let nanos = |d: Duration| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX);
    profile.time_nanos = began_at.duration_since(UNIX_EPOCH).map_or(0, nanos);
    profile.duration_nanos = nanos(elapsed);
    if let Some(assumption) = sampler.assumption() {
        warnings.push(format!(
            "this Go version ({}) is newer than this gowhy, or not a release: {assumption}",
            sampler.go().build_info().go_version
        ));
    }
    Ok(Capture {
        profile,
        change,
        put_back,
        elapsed,
        warnings,
    })
}

/// Whether the word may hold this. No program counts in more than terabytes or hours.
fn is_plausible(value: u64) -> bool {
    value < 1 << 44
}

/// What the word of blocking is to hold. Mirrors SetBlockProfileRate of src/runtime/mprof.go: it
/// counts in ticks, and one is every event.
fn ticks_of(ns: u64, ticks_per_second: f64) -> u64 {
    match ns {
        0 | 1 => ns,
        _ => ((ns as f64 * ticks_per_second / 1e9) as u64).max(1),
    }
}

fn unwritable(pid: u32, e: write::Error) -> Error {
    match e {
        write::Error::Target(e) => e.into(),
        write::Error::Gone => target::Error::NoSuchProcess { pid }.into(),
        e => Error::Recorded {
            pid,
            why: e.to_string(),
        },
    }
}

/// A word that is changed until this is dropped.
struct Held {
    word: Word,
    guard: Guard,
    change: Change,
    is_held: bool,
}

impl Held {
    fn hold(&mut self) -> Result<(), write::Error> {
        // If it cannot be read back, it may have been written.
        self.is_held = true;
        self.word.replace(self.change.old, self.change.new)
    }

    fn put_back(&mut self) -> Result<PutBack, write::Error> {
        let done = put_back(&self.word, &self.change)?;
        self.is_held = false;
        self.guard.dismiss();
        Ok(done)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Where we cannot, the guard tries when it sees that we have ended.
        if self.is_held {
            let _ = self.put_back();
        } else {
            self.guard.dismiss();
        }
    }
}

/// Puts a word back, unless someone else has changed it.
fn put_back(word: &Word, change: &Change) -> Result<PutBack, write::Error> {
    match word.replace(change.new, change.old) {
        Ok(()) => Ok(PutBack::Done),
        Err(write::Error::Changed { found, .. }) if found == change.old => Ok(PutBack::Done),
        Err(write::Error::Changed { found, .. }) => Ok(PutBack::Foreign { found }),
        Err(write::Error::Gone) => Ok(PutBack::Gone),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_rates_are_ticks() {
        assert_eq!(ticks_of(0, 2.5e9), 0);
        assert_eq!(ticks_of(1, 2.5e9), 1);
        assert_eq!(ticks_of(2, 2.5e9), 5);
        assert_eq!(ticks_of(2, 1e6), 1);
        assert_eq!(ticks_of(1_000_000, 2.5e9), 2_500_000);
    }
}
