//! Made-up profiles, and what of them is to be equal.
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;

use gowhy_profile::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, Samples, ValueType,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Names that come up again and again, some of them awkward.
const NAMES: [&str; 12] = [
    "main.main",
    "runtime.mallocgc",
    "main.(*T).m",
    "main.f[go.shape.func(int) string]",
    "a b;c",
    "κόσμε",
    "/src/main.go",
    "x",
    "key",
    "bytes",
    "true",
    "\u{0}\u{7f}",
];

fn name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&NAMES[..])
}

/// A name that may be empty.
fn text() -> impl Strategy<Value = &'static str> {
    prop_oneof![1 => Just(""), 5 => name()]
}

/// Integers of all sizes.
fn any_u64() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(v, shift)| v >> shift)
}

/// How a table's ids follow from the indexes.
#[derive(Clone, Copy, Debug)]
enum Ids {
    InOrder,
    Backwards,
    Gaps,
    Far,
}

impl Ids {
    fn id(self, i: usize, n: usize) -> u64 {
        let i = i as u64;
        match self {
            Ids::InOrder => i + 1,
            Ids::Backwards => n as u64 - i,
            Ids::Gaps => i * 5 + 3,
            Ids::Far => (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        }
    }
}

fn ids() -> impl Strategy<Value = Ids> {
    proptest::sample::select(vec![Ids::InOrder, Ids::Backwards, Ids::Gaps, Ids::Far])
}

/// One sample: stack, values and labels, by index.
type RawSample = (Vec<usize>, Vec<i64>, Vec<(u8, i64)>);

/// A profile with these sample types; values are below `max`.
pub fn profile_with(types: Vec<(&'static str, &'static str)>, max: i64) -> BoxedStrategy<Profile> {
    let width = types.len();
    let value = prop_oneof![2 => -5..5i64, 3 => -max..=max];
    let mappings = vec((0..4u8, any::<bool>()), 0..3);
    let functions = vec((text(), text(), text(), -3..300i64), 1..6);
    let lines = vec((0..100usize, -2..500i64, 0..3i64), 0..3);
    let locations = vec((0..100usize, any_u64(), any::<bool>(), lines), 1..7);
    let labels = vec((any::<u8>(), 1..5i64), 0..4);
    let samples = vec((vec(0..100usize, 0..6), vec(value, width), labels), 0..12);
    let tables = (mappings, functions, locations, samples);
    let header = (
        any::<i64>(),
        0..1000i64,
        text(),
        text(),
        vec(name(), 0..4),
        ids(),
    );
    (tables, header)
        .prop_map(move |((mappings, functions, locations, samples), header)| {
            let mut p = Profile::default();
            for (kind, unit) in &types {
                let kind = p.strings.intern(kind);
                let unit = p.strings.intern(unit);
                p.sample_types.push(ValueType { kind, unit });
            }
            let ids = header.5;
            for (i, &(which, moved)) in mappings.iter().enumerate() {
                // The same file may be mapped at two places.
                let start = (u64::from(which) + 1) << 24 | u64::from(moved) << 32;
                let file = p.strings.intern(&format!("/bin/prog{which}"));
                p.mappings.push(Mapping {
                    id: ids.id(i, mappings.len()),
                    start,
                    limit: start + 0x1234 + u64::from(moved),
                    offset: u64::from(which) * 4096,
                    file,
                    has_functions: which % 2 == 0,
                    has_inline_frames: which == 1,
                    ..Mapping::default()
                });
            }
            for (i, (name, system_name, filename, start_line)) in functions.iter().enumerate() {
                p.functions.push(Function {
                    id: ids.id(i, functions.len()),
                    name: p.strings.intern(name),
                    system_name: p.strings.intern(system_name),
                    filename: p.strings.intern(filename),
                    start_line: *start_line,
                });
            }
            for (i, (mapping, address, is_folded, lines)) in locations.iter().enumerate() {
                let mapping = mapping % (mappings.len() + 1);
                p.locations.push(Location {
                    id: ids.id(i, locations.len()),
                    mapping: mapping.checked_sub(1).map(|m| MappingIx(m as u32)),
                    address: *address,
                    is_folded: *is_folded,
                    lines_start: p.lines.len() as u32,
                    lines_len: lines.len() as u32,
                });
                for &(function, line, column) in lines {
                    let function = FunctionIx((function % functions.len()) as u32);
                    p.lines.push(Line {
                        function: Some(function),
                        line,
                        column,
                    });
                }
            }
            p.samples = Samples::new(width);
            for sample in &samples {
                push(&mut p, sample);
            }
            (p.time_nanos, p.duration_nanos) = (header.0, header.1);
            p.doc_url = p.strings.intern(header.2);
            p.drop_frames = p.strings.intern(header.3);
            for c in &header.4 {
                let c = p.strings.intern(c);
                p.comments.push(c);
            }
            p.period_type = p.sample_types.last().copied().unwrap_or_default();
            p.period = 10_000_000;
            p
        })
        .boxed()
}

fn push(p: &mut Profile, (stack, values, labels): &RawSample) {
    let n = p.locations.len();
    let stack: Vec<_> = stack.iter().map(|l| LocationIx((l % n) as u32)).collect();
    let mut made: Vec<Label> = Vec::new();
    for &(what, number) in labels {
        let key = p
            .strings
            .intern(["key", "bytes", "pprof::base", ""][what as usize % 4]);
        let value = match what / 4 % 3 {
            0 => LabelValue::Str(p.strings.intern(NAMES[number as usize])),
            1 => LabelValue::Num(number, p.strings.intern("bytes")),
            _ => LabelValue::Num(number, p.strings.intern("")),
        };
        made.push(Label { key, value });
    }
    p.samples.push(&stack, values, &made);
}

/// A profile of one to three sample types with values of all sizes.
pub fn any_profile() -> impl Strategy<Value = Profile> {
    let all = [("samples", "count"), ("cpu", "nanoseconds"), ("", "")];
    (1..=3usize).prop_flat_map(move |n| profile_with(all[..n].to_vec(), i64::MAX))
}

/// A profile that can be merged with others: `samples` is always there, other sample types and
/// units differ.
pub fn any_part() -> impl Strategy<Value = Profile> {
    let types = proptest::sample::select(vec![
        vec![("samples", "count"), ("cpu", "nanoseconds")],
        vec![("cpu", "seconds"), ("samples", "count")],
        vec![("samples", "count"), ("space", "kb"), ("cpu", "ms")],
        vec![("samples", "count")],
    ]);
    types.prop_flat_map(|types| {
        profile_with(types, 1000).prop_map(|mut p| {
            p.period_type = ValueType::default();
            p
        })
    })
}

fn location(p: &Profile, l: LocationIx, ids: bool) -> String {
    let at = p.location(l);
    let m = at.mapping.map(|m| &p.mappings[m.ix()]);
    let start = m.map_or(0, |m| if ids { 0 } else { m.start });
    let mut out = format!(
        "{:?} {:x} {}",
        m.map(|m| p.str(m.file)),
        at.address.wrapping_sub(start),
        at.is_folded
    );
    if ids {
        out += &format!(" id {} mapping {:?}", at.id, m.map(|m| m.id));
    }
    for line in p.lines(l) {
        let f = p.function(line.function.expect("all lines have functions"));
        let id = if ids { f.id } else { 0 };
        let names = [f.name, f.system_name, f.filename].map(|s| p.str(s));
        out += &format!(
            " [{id} {names:?} {} {} {}]",
            f.start_line, line.line, line.column
        );
    }
    out
}

/// The labels as files have them: text before numbers, by key.
fn labels(p: &Profile, i: usize) -> Vec<(bool, String, String)> {
    let mut labels: Vec<_> = p
        .samples
        .labels(i)
        .iter()
        .map(|l| match l.value {
            LabelValue::Str(s) => (false, p.str(l.key).to_owned(), p.str(s).to_owned()),
            LabelValue::Num(n, unit) => {
                let value = format!("{n} {}", p.str(unit));
                (true, p.str(l.key).to_owned(), value)
            }
        })
        .collect();
    labels.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    labels
}

fn value_type(p: &Profile, t: ValueType) -> (String, String) {
    (p.str(t.kind).to_owned(), p.str(t.unit).to_owned())
}

/// Everything that a file holds, ids and order included, as text.
pub fn dump(p: &Profile) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out += &text;
        out.push('\n');
    };
    for t in &p.sample_types {
        line(format!("type {:?}", value_type(p, *t)));
    }
    for i in 0..p.samples.len() {
        let stack = p.samples.stack(i).iter();
        let stack: Vec<u64> = stack.map(|&l| p.location(l).id).collect();
        let values = p.samples.values(i);
        line(format!("sample {stack:?} {values:?} {:?}", labels(p, i)));
    }
    for i in 0..p.locations.len() {
        line(format!(
            "location {}",
            location(p, LocationIx(i as u32), true)
        ));
    }
    for f in &p.functions {
        let names = [f.name, f.system_name, f.filename].map(|s| p.str(s));
        line(format!("function {} {names:?} {}", f.id, f.start_line));
    }
    for m in &p.mappings {
        let m = Mapping {
            file: Default::default(),
            ..m.clone()
        };
        line(format!("mapping {m:?}"));
    }
    for s in [
        p.drop_frames,
        p.keep_frames,
        p.doc_url,
        p.default_sample_type,
    ] {
        line(format!("text {:?}", p.str(s)));
    }
    for c in &p.comments {
        line(format!("comment {:?}", p.str(*c)));
    }
    let numbers = (p.time_nanos, p.duration_nanos, p.period);
    line(format!("{numbers:?} {:?}", value_type(p, p.period_type)));
    out
}

/// What stays the same whatever the order in which profiles are merged: for each stack with its
/// labels the values by sample type, without those of 0, and the header's numbers.
#[derive(Debug, PartialEq)]
pub struct Canonical {
    types: Vec<(String, String)>,
    samples: BTreeMap<String, Vec<i64>>,
    numbers: (i64, i64, i64),
    comments: Vec<String>,
}

/// The canonical form.
pub fn canonical(p: &Profile) -> Canonical {
    let mut order: Vec<usize> = (0..p.sample_types.len()).collect();
    order.sort_by_key(|&c| value_type(p, p.sample_types[c]));
    let mut samples: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for i in 0..p.samples.len() {
        let stack = p.samples.stack(i).iter();
        let stack: Vec<_> = stack.map(|&l| location(p, l, false)).collect();
        let sums = samples
            .entry(format!("{stack:?} {:?}", labels(p, i)))
            .or_insert_with(|| vec![0; order.len()]);
        for (sum, &c) in sums.iter_mut().zip(&order) {
            *sum = sum.wrapping_add(p.samples.values(i)[c]);
        }
    }
    samples.retain(|_, sums| sums.iter().any(|&v| v != 0));
    let mut comments: Vec<_> = p.comments.iter().map(|&c| p.str(c).to_owned()).collect();
    comments.sort();
    comments.dedup();
    let types = order.iter().map(|&c| value_type(p, p.sample_types[c]));
    Canonical {
        types: types.collect(),
        samples,
        numbers: (p.time_nanos, p.duration_nanos, p.period),
        comments,
    }
}
