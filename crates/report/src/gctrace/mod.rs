//! What a log of collections (`GODEBUG=gctrace=1`) tells: how often, how long the world stood still,
//! what it cost, what starts it, and how the heap develops.
//!
//! [`Trace`] takes events as they are read. It keeps sums, and as many of the last cycles as the
//! caller wants to see; the picture of the whole is of at most [`series::MOST`] points.

pub mod csv;
pub mod json;
pub mod series;
pub mod spread;
pub mod svg;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::VecDeque;

use godebug::gctrace::Cycle;
use godebug::tracelog::{Event, Item, Note};

use series::Series;
use spread::Spread;

/// The runtime starts a collection if there was none for two minutes; its timer is not exact.
const PERIOD_MS: u64 = 119_500;

/// Why there was a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The heap had grown to what the goal allows.
    Heap,
    /// There was none for two minutes.
    Periodic,
    /// The program asked for it.
    Forced,
    /// The program looked for leaked goroutines.
    LeakCheck,
}

impl Cause {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Heap => "heap",
            Cause::Periodic => "periodic",
            Cause::Forced => "forced",
            Cause::LeakCheck => "leak check",
        }
    }
}

/// The collections of a log.
#[derive(Clone, Debug)]
pub struct Trace {
    /// By process.
    pub processes: Vec<Process>,
    keep: usize,
}

/// The collections of a process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// The last of them, with what started them.
    pub last: VecDeque<(Cycle, Cause)>,
    /// How many there were.
    pub cycles: u64,
    /// Of them, those that the heap's growth started.
    pub by_heap: u64,
    /// … that were due after two minutes.
    pub periodic: u64,
    /// … that the program asked for.
    pub forced: u64,
    /// … that looked for leaked goroutines.
    pub leak_checks: u64,
    /// Those that ended with the heap over the goal.
    pub missed_goals: u64,
    /// For how long the world was stopped.
    pub pauses: Spread,
    /// … to end the sweeping.
    pub first_pauses: Spread,
    /// … to end the marking.
    pub second_pauses: Spread,
    /// CPU time of marking by goroutines that allocate, ns.
    pub assist_ns: u64,
    /// CPU time of the collector's workers on idle processors, ns.
    pub idle_ns: u64,
    /// All CPU time but that, ns.
    pub cpu_ns: u64,
    /// What was allocated between the first and the last, MiB.
    pub allocated_mb: u64,
    /// The largest heap, MiB.
    pub largest_mb: u64,
    /// Memory that the scavenger gave back, KiB.
    pub released_kib: u64,
    /// The first.
    pub first: Option<Cycle>,
    /// The last.
    pub latest: Option<Cycle>,
    /// Their development.
    pub series: Series,
    /// CPU time of the first alone: what came before it is not in the log.
    first_cpu_ns: u64,
    due: bool,
}

impl Trace {
    /// Keeps so many of the last cycles of each process.
    pub fn new(keep: usize) -> Trace {
        Trace {
            processes: Vec::new(),
            keep,
        }
    }

    /// Takes an event. What is of no concern here is ignored.
    pub fn add(&mut self, event: &Event<'_>) {
        let keep = self.keep;
        match event.item {
            Item::Gc(cycle) => self.process(event.process).add(cycle, keep),
            Item::Note(Note::Periodic) => self.process(event.process).due = true,
            Item::Note(Note::Released { kib }) => {
                let process = self.process(event.process);
                process.released_kib = process.released_kib.saturating_add(kib);
            }
            _ => {}
        }
    }

    /// How many cycles there were, of all processes.
    pub fn cycles(&self) -> u64 {
        self.processes.iter().map(|p| p.cycles).sum()
    }

    fn process(&mut self, at: usize) -> &mut Process {
        if self.processes.len() <= at {
            self.processes.resize_with(at + 1, Process::default);
        }
        &mut self.processes[at]
    }
}

impl Process {
    fn add(&mut self, cycle: Cycle, keep: usize) {
        let cause = self.cause(&cycle);
        self.cycles += 1;
        match cause {
            Cause::Heap => self.by_heap += 1,
            Cause::Periodic => self.periodic += 1,
            Cause::Forced => self.forced += 1,
            Cause::LeakCheck => self.leak_checks += 1,
        }
        self.missed_goals += u64::from(cycle.missed_goal());
        self.pauses.add(cycle.pause_ns());
        self.first_pauses.add(cycle.first_pause_ns());
        if let Some(ns) = cycle.second_pause_ns() {
            self.second_pauses.add(ns);
        }
        let cpu = cycle.cpu.unwrap_or_default();
        self.assist_ns = self.assist_ns.saturating_add(cpu.assist_ns);
        self.idle_ns = self.idle_ns.saturating_add(cpu.idle_ns);
        let busy = cpu.total_ns().saturating_sub(cpu.idle_ns);
        self.cpu_ns = self.cpu_ns.saturating_add(busy);
        let top = cycle.heap_after_mb.unwrap_or(0).max(cycle.heap_before_mb);
        self.largest_mb = self.largest_mb.max(top);
        match &mut self.latest {
            None => {
                self.first = Some(cycle);
                self.first_cpu_ns = busy;
            }
            Some(before) => {
                // Some versions tell of a cycle what it left only with the next one.
                if before.live_mb.is_none() {
                    before.live_mb = cycle.live_before_mb;
                    self.series.left(cycle.live_before_mb);
                    if let Some((last, _)) = self.last.back_mut() {
                        last.live_mb = cycle.live_before_mb;
                    }
                }
                let left = before.live_mb.unwrap_or(cycle.heap_before_mb);
                let new = cycle.heap_before_mb.saturating_sub(left);
                self.allocated_mb = self.allocated_mb.saturating_add(new);
            }
        }
        self.series.add(&cycle);
        self.latest = Some(cycle);
        if keep > 0 {
            if self.last.len() >= keep {
                self.last.pop_front();
            }
            self.last.push_back((cycle, cause));
        }
    }

    fn cause(&mut self, cycle: &Cycle) -> Cause {
        let due = std::mem::take(&mut self.due);
        let before = self.latest.and_then(|c| c.at_ms);
        let waited = match (before, cycle.at_ms) {
            (Some(before), Some(now)) => now.saturating_sub(before) >= PERIOD_MS,
            _ => false,
        };
        match cycle {
            c if c.leak_check => Cause::LeakCheck,
            c if c.forced => Cause::Forced,
            _ if due || waited => Cause::Periodic,
            _ => Cause::Heap,
        }
    }

    /// From the first cycle to the last, seconds; `None` where the lines do not tell, or it is one.
    pub fn seconds(&self) -> Option<f64> {
        let first = self.first?.at_ms?;
        let last = self.latest?.at_ms?;
        let ms = last.checked_sub(first).filter(|ms| *ms > 0)?;
        Some(ms as f64 / 1000.0)
    }

    /// Cycles a second.
    pub fn frequency(&self) -> Option<f64> {
        Some((self.cycles - 1) as f64 / self.seconds()?)
    }

    /// Allocation, MiB a second.
    pub fn allocation_rate(&self) -> Option<f64> {
        Some(self.allocated_mb as f64 / self.seconds()?)
    }

    /// Share of the time for which the world was stopped, from the first cycle to the last.
    pub fn stopped_share(&self) -> Option<f64> {
        let first = self.first?.pause_ns();
        let ns = self.pauses.sum().saturating_sub(first);
        Some(ns as f64 / 1e9 / self.seconds()?)
    }

    /// Share of all processors' time that went into collections, from the first cycle to the last;
    /// without what ran on processors that had nothing else to do.
    pub fn cpu_share(&self) -> Option<f64> {
        let procs = self.latest?.procs.filter(|p| *p > 0)?;
        let ns = self.cpu_ns.saturating_sub(self.first_cpu_ns);
        Some(ns as f64 / 1e9 / self.seconds()? / procs as f64)
    }

    /// Share of the collector's CPU time that goroutines had to give because they allocated.
    pub fn assist_share(&self) -> Option<f64> {
        let all = self.cpu_ns.saturating_add(self.idle_ns);
        (all > 0).then(|| self.assist_ns as f64 / all as f64)
    }
}
