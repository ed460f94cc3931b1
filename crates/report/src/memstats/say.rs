//! What the numbers mean, in sentences.

use ::memstats::{MemStats, Memory};

use super::{bytes, count, percent, time};

/// Shares below this are not worth a sentence, in percent.
const SMALL: f64 = 5.0;
/// Neither are sizes below this.
const FEW: u64 = 1 << 20;
/// From here on a limit is near, in percent.
const NEAR: f64 = 90.0;
/// Pages with objects that are so empty have gaps worth a word, in percent.
const GAPS: f64 = 25.0;
/// Collections that take so much of the CPU are worth a word, in percent.
const BUSY: f64 = 5.0;

/// The sentences, what matters most first.
pub fn sentences(memory: &Memory) -> Vec<String> {
    let mut out = Vec::new();
    limits(memory, &mut out);
    idle(&memory.stats, &mut out);
    elsewhere(memory, &mut out);
    collector(memory, &mut out);
    out
}

/// How near the limits are.
fn limits(memory: &Memory, out: &mut Vec<String>) {
    let used = memory.stats.consumption();
    let limit = memory.collector.and_then(|c| c.limit);
    if let Some(limit) = limit.filter(|limit| percent(used, *limit) >= NEAR) {
        out.push(format!(
            "{} is {:.0}% of GOMEMLIMIT ({}): the collector runs as often as it must to stay below.",
            bytes(used),
            percent(used, limit),
            bytes(limit)
        ));
    }
    let group = memory.consumption.as_ref().and_then(|c| c.cgroup.as_ref());
    let Some((group, most)) = group.and_then(|g| Some((g, g.limit?))) else {
        return;
    };
    if let Some(usage) = group.usage.filter(|u| percent(*u, most) >= NEAR) {
        out.push(format!(
            "The control group uses {} of {}; beyond that the kernel kills.",
            bytes(usage),
            bytes(most)
        ));
    }
    match limit {
        Some(limit) if limit > most => out.push(format!(
            "GOMEMLIMIT ({}) is above the limit of the control group ({}), so it does not help.",
            bytes(limit),
            bytes(most)
        )),
        None if memory.collector.is_some() => out.push(format!(
            "The control group is limited to {}, and there is no GOMEMLIMIT that would make the collector heed it.",
            bytes(most)
        )),
        _ => {}
    }
}

/// What of the memory is not used.
fn idle(s: &MemStats, out: &mut Vec<String>) {
    let worth = |n: u64, of: u64| n >= FEW && percent(n, of) >= SMALL;
    if worth(s.heap_released, s.sys) {
        out.push(format!(
            "{} of {} Sys is idle heap that was given back.",
            bytes(s.heap_released),
            bytes(s.sys)
        ));
    }
    if worth(s.heap_kept(), s.consumption()) {
        out.push(format!(
            "{} is idle heap that was not given back yet: room for the next allocations.",
            bytes(s.heap_kept())
        ));
    }
    let gaps = s.heap_inuse.saturating_sub(s.heap_alloc);
    if s.has("HeapAlloc") && gaps >= FEW && percent(gaps, s.heap_inuse) >= GAPS {
        out.push(format!(
            "{} of the heap's pages in use ({:.0}%) are gaps between objects.",
            bytes(gaps),
            percent(gaps, s.heap_inuse)
        ));
    }
    if worth(s.stack_inuse, s.consumption()) {
        out.push(format!(
            "{} are stacks of goroutines.",
            bytes(s.stack_inuse)
        ));
    }
}

/// What is in RAM beside Go's own.
fn elsewhere(memory: &Memory, out: &mut Vec<String>) {
    let Some(c) = memory.consumption.as_ref().filter(|c| c.resident > 0) else {
        return;
    };
    let go = memory.stats.consumption();
    let beside = c.anonymous.saturating_sub(go);
    if beside >= FEW && percent(beside, c.resident) >= SMALL {
        out.push(format!(
            "At least {} in RAM are not of the Go runtime: C code, or memory that the program maps itself.",
            bytes(beside)
        ));
    }
    if c.swap >= FEW {
        out.push(format!("{} are swapped out.", bytes(c.swap)));
    }
}

/// What the garbage collector does.
fn collector(memory: &Memory, out: &mut Vec<String>) {
    let s = &memory.stats;
    if let Some(c) = memory.collector {
        match (c.percent, c.limit) {
            (None, None) => out.push(
                "The collector is off: GOGC is off, and there is no GOMEMLIMIT.".to_owned(),
            ),
            (None, Some(limit)) => out.push(format!(
                "GOGC is off: there is no collection before GOMEMLIMIT ({}) is near.",
                bytes(limit)
            )),
            (Some(_), _) if s.next_gc > 0 => out.push(format!(
                "The next collection is to end at {} of heap; it is {} now, and the last one found {} alive.",
                bytes(s.next_gc),
                bytes(s.heap_alloc),
                bytes(c.marked)
            )),
            _ => {}
        }
    }
    if s.num_gc > 0 && s.has("PauseNs") {
        let last = s.pauses().next().unwrap_or(0);
        let worst = s.pauses().max().unwrap_or(0);
        let known = s.pauses().count() as u64;
        out.push(format!(
            "{} collections; the last stopped the program for {}, the worst of the last {known} for {}.",
            count(s.num_gc),
            time(last),
            time(worst)
        ));
    }
    let share = s.gc_cpu_fraction * 100.0;
    if share >= BUSY {
        out.push(format!(
            "Collections took {share:.1}% of the CPU time that the program could have had."
        ));
    }
}

#[cfg(test)]
mod tests {
    use ::memstats::{Cgroup, Collector, Consumption};

    use super::*;

    const MB: u64 = 1 << 20;

    fn memory() -> Memory {
        Memory {
            stats: MemStats {
                sys: 600 * MB,
                heap_alloc: 90 * MB,
                heap_inuse: 100 * MB,
                heap_idle: 420 * MB,
                heap_released: 412 * MB,
                next_gc: 120 * MB,
                ..MemStats::default()
            },
            collector: Some(Collector {
                percent: Some(100),
                limit: None,
                marked: 60 * MB,
                live: 90 * MB,
            }),
            ..Memory::default()
        }
    }

    fn says(memory: &Memory, part: &str) -> bool {
        sentences(memory).iter().any(|s| s.contains(part))
    }

    #[test]
    fn idle_memory_is_named() {
        let m = memory();
        assert!(says(
            &m,
            "412MB of 600MB Sys is idle heap that was given back."
        ));
        assert!(!says(&m, "not given back yet"), "8 of 188 MB are few");
        assert!(says(&m, "to end at 120MB of heap; it is 90MB now"));
        assert!(!says(&m, "gaps") && !says(&m, "GOMEMLIMIT"));
    }

    #[test]
    fn limits_are_held_against_one_another() {
        let mut m = memory();
        m.consumption = Some(Consumption {
            resident: 300 * MB,
            anonymous: 290 * MB,
            cgroup: Some(Cgroup {
                path: "/x".to_owned(),
                usage: Some(480 * MB),
                limit: Some(512 * MB),
            }),
            ..Consumption::default()
        });
        assert!(says(&m, "uses 480MB of 512MB"));
        assert!(says(&m, "there is no GOMEMLIMIT"));
        assert!(says(&m, "At least 102MB in RAM"));
        m.collector = Some(Collector {
            percent: None,
            limit: Some(1024 * MB),
            ..Collector::default()
        });
        assert!(says(&m, "above the limit of the control group"));
        assert!(says(
            &m,
            "GOGC is off: there is no collection before GOMEMLIMIT (1GB)"
        ));
    }
}
