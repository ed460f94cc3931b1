//! Profiles as a large service makes them, but made up: a random call graph, deep stacks, inlined
//! frames, labels. The same arguments give the same profile everywhere.

use profile::{Builder, Label, LabelValue, Line, LocationIx, Mapping, Profile};

/// How many functions the made-up program has.
const FUNCTIONS: usize = 20_000;

/// How many functions each of them can call.
const CALLEES: usize = 20;

/// What is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two values, as in a CPU profile; every fifth sample has a label.
    Cpu,
    /// Four values and a numeric label, as in a heap profile.
    Heap,
}

/// A small generator of numbers (splitmix64): the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// Below `n`; small numbers are more frequent.
    fn skewed(&mut self, n: usize) -> usize {
        let u = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((u.powi(4) * n as f64) as usize).min(n - 1)
    }
}

/// A profile of so many different stacks, about 35 frames deep.
pub fn synthetic(stacks: usize, kind: Kind, seed: u64) -> Profile {
    let mut random = Random(seed);
    let mut b = match kind {
        Kind::Cpu => Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]),
        Kind::Heap => Builder::new(&[
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ]),
    };
    // All profiles are of one program, so that they can be merged.
    let sites = program(&mut b, &mut Random(20_000));
    let handlers: Vec<Label> = (0..64)
        .map(|i| b.label("handler", &format!("/api/v1/resource{i}")))
        .collect();
    let bytes = b.intern("bytes");

    let mut p = b.finish();
    p.samples.reserve(stacks, stacks * 36);
    let mut stack = Vec::new();
    for i in 0..stacks {
        let depth = 10 + random.below(26) + random.below(26);
        stack.clear();
        let mut at = random.below(8);
        for _ in 0..depth {
            let (callee, site) = sites[at][random.skewed(CALLEES)];
            stack.push(site);
            at = callee;
        }
        stack.reverse();
        let n = 1 + random.skewed(40) as i64;
        match kind {
            Kind::Cpu => {
                let label = handlers[random.skewed(handlers.len())];
                let labels: &[Label] = if i % 5 == 0 { &[label] } else { &[] };
                p.samples.push(&stack, &[n, n * 10_000_000], labels);
            }
            Kind::Heap => {
                let size = 16 << random.below(12);
                let label = Label {
                    key: bytes,
                    value: LabelValue::Num(size, bytes),
                };
                let live = if i % 3 == 0 { n } else { 0 };
                let values = [n, n * size, live, live * size];
                p.samples.push(&stack, &values, &[label]);
            }
        }
    }
    header(&mut p, kind);
    // As in a real profile, only what was seen is in the tables.
    profile::compact(&p).expect("one profile fits itself")
}

/// Makes the functions and, for each, the functions that it calls and where.
fn program(b: &mut Builder, random: &mut Random) -> Vec<Vec<(usize, LocationIx)>> {
    let mapping = b.mapping(Mapping {
        start: 0x40_0000,
        limit: 0x400_0000,
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
        has_inline_frames: true,
        ..Mapping::default()
    });
    let file = b.intern("/usr/local/bin/service");
    b.profile_mut().mappings[mapping.ix()].file = file;
    let functions: Vec<_> = (0..FUNCTIONS)
        .map(|i| {
            let package = format!("example.com/service/internal/pkg{}", i % 400);
            let name = match i % 3 {
                0 => format!("{package}.(*Type{}).Method{i}", i % 97),
                1 => format!("{package}.Func{i}"),
                _ => format!("{package}.Func{i}.func1"),
            };
            let path = format!("/src/service/internal/pkg{}/file{}.go", i % 400, i % 1200);
            b.function(&name, &path, 10 + (i % 900) as i64)
        })
        .collect();
    let mut sites = Vec::with_capacity(FUNCTIONS);
    let mut address = 0x40_1000;
    for (i, &function) in functions.iter().enumerate() {
        // A function has fewer places that call than functions that it calls through them.
        let places: Vec<LocationIx> = (0..3 + i % 2)
            .map(|place| {
                address += 16 + random.below(200) as u64;
                let line = |function, line| Line {
                    function: Some(function),
                    line,
                    column: 0,
                };
                let own = line(function, 12 + (i % 900 + place * 3) as i64);
                if random.below(6) == 0 {
                    let inlined = functions[random.below(FUNCTIONS)];
                    let inlined = line(inlined, 1 + random.below(900) as i64);
                    b.location(Some(mapping), address, &[inlined, own])
                } else {
                    b.location(Some(mapping), address, &[own])
                }
            })
            .collect();
        sites.push(
            (0..CALLEES)
                .map(|_| (random.skewed(FUNCTIONS), places[random.below(places.len())]))
                .collect(),
        );
    }
    sites
}

fn header(p: &mut Profile, kind: Kind) {
    let (name, unit, period) = match kind {
        Kind::Cpu => ("cpu", "nanoseconds", 10_000_000),
        Kind::Heap => ("space", "bytes", 524_288),
    };
    p.period_type.kind = p.strings.intern(name);
    p.period_type.unit = p.strings.intern(unit);
    p.period = period;
    p.time_nanos = 1_700_000_000_000_000_000;
    p.duration_nanos = 30_000_000_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_every_time() {
        let bytes = |seed| profile::encode(&synthetic(200, Kind::Cpu, seed));
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
        let heap = synthetic(200, Kind::Heap, 1);
        assert_eq!(heap.samples.len(), 200);
        assert_eq!(heap.samples.width(), 4);
    }

    #[test]
    fn stacks_are_deep_and_differ() {
        let p = synthetic(1000, Kind::Cpu, 1);
        let mean = p.samples.frame_count() / 1000;
        assert!((30..40).contains(&mean), "{mean} frames");
        assert_eq!(p.samples.len(), 1000);
    }
}
