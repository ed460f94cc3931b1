//! Which process of a log a line is of: its prefix tells, and where several share one, the number of
//! the collection and the clock, which only grow.

use super::prefix::Prefix;

/// So many sources and processes are told apart; what comes then counts as of the last.
const MOST: usize = 1024;

/// Those who print into the log.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    /// Who they are, by prefix.
    pub(crate) sources: Vec<Vec<u8>>,
    all: Vec<Process>,
    last: usize,
}

#[derive(Debug)]
struct Process {
    source: usize,
    number: Option<u64>,
    gc_ms: u64,
    sched_ms: Option<u64>,
}

impl Processes {
    /// The number of a source.
    pub(crate) fn source(&mut self, prefix: &Prefix<'_>) -> usize {
        if let Some(known) = self.sources.get(self.last).filter(|s| *s == prefix.who) {
            debug_assert_eq!(known, prefix.who);
            return self.last;
        }
        self.last = match self.sources.iter().position(|s| s == prefix.who) {
            Some(at) => at,
            None if self.sources.len() < MOST => {
                self.sources.push(prefix.who.to_vec());
                self.sources.len() - 1
            }
            None => MOST - 1,
        };
        self.last
    }

    /// The process of a collection.
    pub(crate) fn of_gc(&mut self, source: usize, number: u64, at_ms: Option<u64>) -> usize {
        let at_ms = at_ms.unwrap_or(u64::MAX);
        let fits = |p: &Process| {
            p.source == source
                && p.number.is_none_or(|n| number >= n)
                && (at_ms >= p.gc_ms || p.gc_ms == u64::MAX)
        };
        let next = |p: &Process| fits(p) && p.number.is_some_and(|n| n + 1 == number);
        let found = self.all.iter().rposition(next);
        // The first collection is that of a process which has none yet; a gap is one in the log.
        let found = found.or_else(|| match number {
            1 => self.all.iter().rposition(|p| fits(p) && p.number.is_none()),
            _ => self.all.iter().rposition(fits),
        });
        let place = found.unwrap_or_else(|| self.add(source));
        if let Some(process) = self.all.get_mut(place) {
            process.number = Some(number);
            process.gc_ms = at_ms;
        }
        place
    }

    /// The process of a snapshot of the scheduler.
    pub(crate) fn of_sched(&mut self, source: usize, at_ms: u64) -> usize {
        let fits = |p: &Process| {
            p.source == source
                && match p.sched_ms {
                    // The first line of a process says 0.
                    Some(before) => at_ms > before,
                    None => true,
                }
        };
        let found = self.all.iter().rposition(fits);
        let place = found.unwrap_or_else(|| self.add(source));
        if let Some(process) = self.all.get_mut(place) {
            process.sched_ms = Some(at_ms);
        }
        place
    }

    /// The process of a line that tells nothing about it: the last of its source.
    pub(crate) fn of_other(&mut self, source: usize) -> usize {
        let found = self.all.iter().rposition(|p| p.source == source);
        found.unwrap_or_else(|| self.add(source))
    }

    /// The name of a process's source.
    pub(crate) fn name(&self, process: usize) -> &[u8] {
        let source = self.all.get(process).map_or(0, |p| p.source);
        self.sources.get(source).map_or(b"", |s| s.as_slice())
    }

    fn add(&mut self, source: usize) -> usize {
        if self.all.len() < MOST {
            self.all.push(Process {
                source,
                number: None,
                gc_ms: 0,
                sched_ms: None,
            });
        }
        self.all.len() - 1
    }
}
