//! How good a capture is: what was seen of the target's CPU time, and how whole the stacks are.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::unwind::End;

/// The figures that are printed with every profile.
#[derive(Clone, Debug, Default)]
pub struct Quality {
    /// Samples taken of the target.
    pub samples: u64,
    /// CPU time that the samples stand for.
    pub sampled: Duration,
    /// CPU time that the target used meanwhile, by its own clock.
    pub used: Duration,
    /// Length of the capture.
    pub elapsed: Duration,
    /// How the stacks ended.
    pub ends: BTreeMap<End, u64>,
    /// Samples that came with no user registers: a thread that is being made or unmade.
    pub kernel_only: u64,
    /// Records for which the kernel had no room.
    pub lost: u64,
    /// Records that made no sense.
    pub broken: u64,
    /// How often the kernel throttled the sampling.
    pub throttled: u64,
    /// Threads that could not be sampled.
    pub missed_threads: u64,
    /// Time in the kernel is left out.
    pub user_only: bool,
    /// The longest time for which one of the target's threads can have been stopped; zero if none
    /// was.
    pub worst_pause: Duration,
    /// How often a thread was stopped.
    pub pauses: u64,
}

impl Quality {
    /// Sampled CPU time as a share of the used: 1 is all. `None` if the target used none.
    pub fn captured(&self) -> Option<f64> {
        (!self.used.is_zero()).then(|| self.sampled.as_secs_f64() / self.used.as_secs_f64())
    }

    /// How far chance alone moves [`Quality::captured`], as a share: one standard error of a count.
    pub fn chance(&self) -> f64 {
        1.0 / (self.samples.max(1) as f64).sqrt()
    }

    /// Whole stacks as a share of all. `None` without samples.
    pub fn whole(&self) -> Option<f64> {
        let all: u64 = self.ends.values().sum();
        let whole: u64 = self
            .ends
            .iter()
            .filter(|(end, _)| end.is_whole())
            .map(|(_, n)| n)
            .sum();
        (all > 0).then(|| whole as f64 / all as f64)
    }

    /// One line for people.
    pub fn summary(&self) -> String {
        let mut text = match self.captured() {
            Some(c) => format!(
                "CPU captured {:.1}% ±{:.1}% of {:.2}s",
                c * 100.0,
                self.chance() * 100.0,
                self.used.as_secs_f64()
            ),
            None => "the process used no CPU time".to_owned(),
        };
        if let Some(whole) = self.whole() {
            text += &format!(", whole stacks {:.1}%", floor_percent(whole));
        }
        for (n, what) in [
            (self.lost, "samples lost"),
            (self.broken, "records broken"),
            (self.throttled, "times throttled"),
            (self.missed_threads, "threads missed"),
            (self.kernel_only, "samples without a stack"),
        ] {
            if n > 0 {
                text += &format!(", {n} {what}");
            }
        }
        if self.user_only {
            text += ", time in the kernel left out";
        }
        if self.pauses > 0 {
            text += &format!(
                ", longest pause of a thread at most {:.2}ms",
                self.worst_pause.as_secs_f64() * 1e3
            );
        } else {
            text += ", no pause";
        }
        text
    }
}

/// A share in percent, rounded down to a tenth: what is not quite all never reads as 100.
fn floor_percent(share: f64) -> f64 {
    (share * 1000.0).floor() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_people() {
        let mut q = Quality {
            samples: 100,
            sampled: Duration::from_millis(990),
            used: Duration::from_secs(1),
            ..Default::default()
        };
        q.ends.insert(End::Root, 998);
        q.ends.insert(End::MovedOn, 1);
        assert_eq!(
            q.summary(),
            "CPU captured 99.0% ±10.0% of 1.00s, whole stacks 99.8%, no pause"
        );
        q.ends.clear();
        q.lost = 3;
        q.user_only = true;
        q.pauses = 2;
        q.worst_pause = Duration::from_micros(1500);
        q.used = Duration::ZERO;
        assert_eq!(
            q.summary(),
            "the process used no CPU time, 3 samples lost, time in the kernel left out, \
             longest pause of a thread at most 1.50ms"
        );
    }

    #[test]
    fn what_is_not_all_never_reads_as_all() {
        assert_eq!(floor_percent(0.99999), 99.9);
        assert_eq!(floor_percent(1.0), 100.0);
    }
}
