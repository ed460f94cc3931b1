//! The lines of `GODEBUG=gctrace=1`, and of `GOGCTRACE=1` before that, of every version of Go (gc in
//! src/runtime/mgc0.c, gcMarkTermination in src/runtime/mgc.go).
//!
//! ```text
//! gc4(2): 640+2+7303+1 us, 0 -> 0 MB, 7448 (9949-2501) objects, 80/79/0 sweeps, …
//! gc 25 @2.177s 11%: 4.5+180+5.4 ms clock, 9.1+0/134/0+10 ms cpu, 144->151->105 MB, 214 MB goal, …
//! ```
//!
//! Sizes are in mebibytes, cut off and not rounded, as Go prints them; times have two significant
//! digits since Go's concurrent collector. A line does not tell its version: its shape does.

mod concurrent;
mod stopped;
#[cfg(test)]
mod tests;

use crate::tracelog::scan::Scan;

/// What the processors spent on a collection, by its parts, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// Stopped, to end the sweeping of the cycle before.
    pub sweep_term_ns: u64,
    /// The scan of stacks and globals and the start of write barriers, where they are told apart.
    pub scan_ns: u64,
    /// Marking by goroutines that allocate.
    pub assist_ns: u64,
    /// Marking by the collector's own workers.
    pub background_ns: u64,
    /// Marking by processors that had nothing else to do.
    pub idle_ns: u64,
    /// Stopped, to end the marking.
    pub mark_term_ns: u64,
}

impl Cpu {
    /// All of it.
    pub fn total_ns(&self) -> u64 {
        let parts = [
            self.sweep_term_ns,
            self.scan_ns,
            self.assist_ns,
            self.background_ns,
            self.idle_ns,
            self.mark_term_ns,
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}

/// A collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    /// Its number, from 1.
    pub number: u64,
    /// When it began, ms since the start of the program; old versions do not tell.
    pub at_ms: Option<u64>,
    /// Share of all CPU time since the start that went into collections.
    pub cpu_percent: Option<u64>,
    /// Wall time of its parts, ns, in the order of the line: the first `parts` of these.
    pub clock_ns: [u64; 5],
    /// How many parts the line tells.
    pub parts: usize,
    /// All parts stopped the world: the collectors before the concurrent one.
    pub all_stopped: bool,
    /// CPU time of its parts; old versions do not tell.
    pub cpu: Option<Cpu>,
    /// Heap when it began.
    pub heap_before_mb: u64,
    /// Heap when it had marked, with what was allocated meanwhile.
    pub heap_after_mb: Option<u64>,
    /// What of the heap is live after it.
    pub live_mb: Option<u64>,
    /// What was live after the cycle before, where the line tells that and not its own.
    pub live_before_mb: Option<u64>,
    /// Heap at which it wanted to be done.
    pub goal_mb: Option<u64>,
    /// Stacks to scan.
    pub stacks_mb: Option<u64>,
    /// Globals to scan.
    pub globals_mb: Option<u64>,
    /// GOMAXPROCS.
    pub procs: Option<u64>,
    /// Threads that marked in parallel, in old versions.
    pub workers: Option<u64>,
    /// Objects in the heap, with garbage where the version cannot tell.
    pub objects: Option<u64>,
    /// Goroutines.
    pub goroutines: Option<u64>,
    /// The program asked for it: runtime.GC, debug.FreeOSMemory.
    pub forced: bool,
    /// It looked for leaked goroutines.
    pub leak_check: bool,
}

impl Cycle {
    /// Wall time of its parts, ns.
    pub fn clock(&self) -> &[u64] {
        &self.clock_ns[..self.parts.min(5)]
    }

    /// The first stop of the world, which ends the sweeping; of old versions the only one.
    pub fn first_pause_ns(&self) -> u64 {
        match self.all_stopped {
            true => self.clock().iter().copied().fold(0, u64::saturating_add),
            false => self.clock_ns[0],
        }
    }

    /// The second stop of the world, which ends the marking.
    pub fn second_pause_ns(&self) -> Option<u64> {
        match self.all_stopped {
            true => None,
            false => self.clock().last().copied(),
        }
    }

    /// For how long the world was stopped.
    pub fn pause_ns(&self) -> u64 {
        self.first_pause_ns()
            .saturating_add(self.second_pause_ns().unwrap_or(0))
    }

    /// The heap grew over the goal before the marking was done.
    pub fn missed_goal(&self) -> bool {
        matches!((self.heap_after_mb, self.goal_mb), (Some(end), Some(goal)) if end > goal)
    }
}

/// How a text that begins like a collection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read<T> {
    /// It is one, so many bytes long.
    Whole(T, usize),
    /// It is one as far as this, and was cut there; `sure` where it cannot be anything else.
    Cut { end: usize, sure: bool },
    /// It is something else.
    No,
}

/// Reads a collection at the start of `text`.
pub(crate) fn read(text: &[u8]) -> Read<Cycle> {
    let mut scan = Scan::new(text);
    if !scan.has(b"gc") {
        return Read::No;
    }
    let mut sure = false;
    let cycle = match text.get(2) {
        Some(b' ') => {
            scan.at += 1;
            concurrent::cycle(&mut scan, &mut sure)
        }
        Some(b'0'..=b'9') => stopped::cycle(&mut scan, &mut sure),
        _ => return Read::No,
    };
    match cycle {
        Some(cycle) => Read::Whole(cycle, scan.at),
        None if scan.at > 3 || scan.at == text.len() => Read::Cut { end: scan.at, sure },
        None => Read::No,
    }
}
