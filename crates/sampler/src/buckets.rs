//! The profiles that the runtime keeps itself, read from its buckets and written as its own
//! `/debug/pprof` would write them at that moment. Mirrors src/runtime/pprof (pprof.go, protomem.go).

use goruntime::BucketReader;
use goruntime::buckets::{Allocations, Kind, Records, Stacks, Waits};
use profile::{Builder, Label, LabelValue, LocationIx, Profile, ValueType};
use rustc_hash::FxHashMap;

use crate::sampler::Sampler;

mod frames;
mod locations;
mod since;

pub use since::Mark;

use frames::Frames;
use locations::Locations;

/// A profile that the runtime keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Memory in use.
    Heap,
    /// The same, shown by what was ever allocated.
    Allocs,
    /// Where goroutines blocked.
    Block,
    /// Where mutexes were contended.
    Mutex,
    /// Where threads were created.
    ThreadCreate,
}

impl Kept {
    /// Its name, as in `/debug/pprof/NAME`.
    pub fn name(self) -> &'static str {
        match self {
            Kept::Heap => "heap",
            Kept::Allocs => "allocs",
            Kept::Block => "block",
            Kept::Mutex => "mutex",
            Kept::ThreadCreate => "threadcreate",
        }
    }
}

impl Kept {
    /// The type that its profile names to be shown first.
    fn default_type(self) -> &'static str {
        match self {
            Kept::Allocs => "alloc_space",
            _ => "",
        }
    }
}

/// A profile, and how it was recorded.
#[derive(Debug)]
pub struct KeptProfile {
    /// The profile, as Go writes it.
    pub profile: Profile,
    /// The rate that is set now, see [`Records::rate`]; `None` where there is none.
    pub rate: Option<u64>,
    /// How many records it is made of.
    pub records: usize,
}

impl Sampler {
    /// Reads one of the profiles that the runtime keeps; `time_ns` is the time since 1970. Nothing
    /// is stopped.
    ///
    /// Fails with the reason where it cannot be read.
    pub fn kept(&self, kept: Kept, time_ns: i64) -> Result<KeptProfile, String> {
        let runtime = self.known_runtime()?;
        let bias = self.space.go_bias();
        let reader = BucketReader::attach(runtime, &self.memory, self.go(), bias)?;
        let mut made = match kept {
            Kept::Heap | Kept::Allocs => {
                self.memory_profile(&reader, reader.memory()?, kept.default_type())
            }
            Kept::Block => self.wait_profile(&reader, Kind::Block, reader.waits(Kind::Block)?)?,
            Kept::Mutex => self.wait_profile(&reader, Kind::Mutex, reader.waits(Kind::Mutex)?)?,
            Kept::ThreadCreate => self.thread_profile(&reader)?,
        };
        made.profile.time_nanos = time_ns;
        Ok(made)
    }

    fn memory_profile(
        &self,
        reader: &BucketReader<'_>,
        records: Records<Allocations>,
        default: &str,
    ) -> KeptProfile {
        const TYPES: [(&str, &str); 4] = [
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ];
        let form = reader.form();
        let Records { rate, all, stacks } = records;
        let frames = Frames::new(self.go(), self.space.go_bias());
        let mut b = Builder::new(&TYPES);
        head(&mut b, ("space", "bytes"), rate as i64);
        b.profile_mut().default_sample_type = b.intern(default);
        let mut locations = Locations::new(&self.space, &frames, &mut b);
        for (record, stack) in all.iter().zip(stacks.iter()) {
            let mut locs =
                locations.of(&mut b, without_runtime(&frames, stack, form.hides_internal));
            if locs.is_empty() {
                locs = locations.of(&mut b, stack);
            }
            let Allocations {
                size,
                allocs,
                frees,
            } = *record;
            let (objects, space) = scaled(allocs as i64, size, rate);
            let (inuse, inuse_space) = scaled(allocs.wrapping_sub(frees) as i64, size, rate);
            let values = [objects, space, inuse, inuse_space];
            let label = Label {
                key: b.intern("bytes"),
                value: LabelValue::Num(size as i64, b.intern("")),
            };
            let labels = [label];
            let told = form.always_sized || (allocs > 0 && size > 0);
            push(&mut b, &locs, &values, &labels[..usize::from(told)]);
        }
        finish(b, locations, Some(rate), all.len())
    }

    fn wait_profile(
        &self,
        reader: &BucketReader<'_>,
        kind: Kind,
        records: Records<Waits>,
    ) -> Result<KeptProfile, String> {
        const TYPES: [(&str, &str); 2] = [("contentions", "count"), ("delay", "nanoseconds")];
        let form = reader.form();
        let Records { rate, all, stacks } = records;
        // As Go rounds.
        let per_ns = ticks_per_second(reader)? / 1e9;
        let scale = match kind {
            Kind::Mutex if form.scales_mutexes => rate as i64,
            _ => 1,
        };
        let depth = reader.stack_depth();
        let frames = Frames::new(self.go(), self.space.go_bias());
        let mut b = Builder::new(&TYPES);
        head(&mut b, TYPES[0], 1);
        let mut locations = Locations::new(&self.space, &frames, &mut b);
        let mut order: Vec<(&Waits, &[u64])> = all.iter().zip(stacks.iter()).collect();
        order.sort_by_key(|(w, _)| std::cmp::Reverse(w.ticks));
        for (waits, stack) in order {
            let mut count = waits.count as i64;
            if count == 0 && kind == Kind::Block {
                count = 1;
            }
            let delay = waits.ticks as f64 / per_ns * scale as f64;
            let values = [count.wrapping_mul(scale), delay as i64];
            let locs = match form.physical_waits {
                true => locations.of(&mut b, &frames.expand(stack, depth)),
                false => locations.of(&mut b, stack),
            };
            push(&mut b, &locs, &values, &[]);
        }
        Ok(finish(b, locations, Some(rate), all.len()))
    }

    fn thread_profile(&self, reader: &BucketReader<'_>) -> Result<KeptProfile, String> {
        let stacks = reader.threads()?;
        let frames = Frames::new(self.go(), self.space.go_bias());
        let mut b = Builder::new(&[("threadcreate", "count")]);
        head(&mut b, ("threadcreate", "count"), 1);
        let mut locations = Locations::new(&self.space, &frames, &mut b);
        for (stack, count) in counted(&stacks) {
            let locs = locations.of(&mut b, stack);
            push(&mut b, &locs, &[count], &[]);
        }
        Ok(finish(b, locations, None, stacks.len()))
    }
}

/// Ticks in a second, as the runtime computed them or else as we do.
fn ticks_per_second(reader: &BucketReader<'_>) -> Result<f64, String> {
    match reader.ticks_per_second()? {
        Some(ticks) => Ok(ticks),
        None => Ok(target::clock::ticks_per_second().ok_or("the CPU's clock is not known")?),
    }
}

/// The unit of the period, and the period.
fn head(b: &mut Builder, (kind, unit): (&str, &str), period: i64) {
    let kind = b.intern(kind);
    let unit = b.intern(unit);
    let profile = b.profile_mut();
    profile.period_type = ValueType { kind, unit };
    profile.period = period;
}

/// Adds a sample. What Go writes as two samples stays two.
fn push(b: &mut Builder, stack: &[LocationIx], values: &[i64], labels: &[Label]) {
    b.profile_mut().samples.push(stack, values, labels);
}

fn finish(
    mut b: Builder,
    locations: Locations<'_>,
    rate: Option<u64>,
    records: usize,
) -> KeptProfile {
    locations.finish(&mut b);
    KeptProfile {
        profile: b.finish(),
        rate,
        records,
    }
}

/// The stack from the first call on that is not of the runtime; all of it if there is none.
fn without_runtime<'s>(frames: &Frames<'_>, stack: &'s [u64], internal: bool) -> &'s [u64] {
    let is_shown = |pc: &u64| {
        let name = frames.name_at(*pc);
        !name.is_some_and(|name| {
            name.starts_with("runtime.") || (internal && name.starts_with("internal/runtime/"))
        })
    };
    let first = stack.iter().position(is_shown).unwrap_or(0);
    &stack[first..]
}

/// Objects and bytes that a count of samples stands for. Mirrors scaleHeapSample.
fn scaled(count: i64, size: u64, rate: u64) -> (i64, i64) {
    if count == 0 || size == 0 {
        return (0, 0);
    }
    let bytes = count.wrapping_mul(size as i64);
    let rate = rate as i64;
    if rate <= 1 {
        return (count, bytes);
    }
    let scale = 1.0 / (1.0 - (-(size as f64) / rate as f64).exp());
    ((count as f64 * scale) as i64, (bytes as f64 * scale) as i64)
}

/// Each stack with how often it is there: the most frequent first, and of those that are as frequent
/// the one whose text comes first.
fn counted(stacks: &Stacks) -> Vec<(&[u64], i64)> {
    let mut counts: FxHashMap<&[u64], i64> = FxHashMap::default();
    for stack in stacks.iter() {
        *counts.entry(stack).or_default() += 1;
    }
    let text = |stack: &[u64]| -> String { stack.iter().map(|pc| format!(" {pc:#x}")).collect() };
    let mut all: Vec<(&[u64], i64)> = counts.into_iter().collect();
    all.sort_by_cached_key(|(stack, count)| (std::cmp::Reverse(*count), text(stack)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_for_more_than_themselves() {
        // At a size far above the rate each is sampled; far below it, one in rate / size.
        assert_eq!(scaled(3, 1 << 30, 4096), (3, 3 << 30));
        assert_eq!(scaled(2, 16, 1), (2, 32));
        assert_eq!(scaled(2, 16, 0), (2, 32));
        assert_eq!(scaled(0, 16, 512), (0, 0));
        let (objects, bytes) = scaled(10, 16, 524_288);
        assert!((327_000..328_500).contains(&objects), "{objects}");
        assert!(
            (objects * 16..objects * 16 + 16).contains(&bytes),
            "{bytes}"
        );
        // More were freed than allocated where a record was read in between.
        assert_eq!(scaled(-1, 8, 1), (-1, -8));
    }
}
