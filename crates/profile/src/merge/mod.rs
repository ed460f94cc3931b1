//! Many profiles into one, as google/pprof does (profile/merge.go, internal/measurement):
//! equal samples are added up, and what no sample needs is left out.
//!
//! Profiles are added one by one and need not stay in memory. Sample types that not all of them have
//! are dropped, and values are brought to the finest unit. Where pprof goes wrong, this does what its
//! documentation says: the time is the earliest that is known, and no sample is lost.

mod header;

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::error::Error;
use crate::model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, Samples,
};
use crate::samples::sort_labels;
use crate::scale::{lost, scaled};
use crate::strings::StrId;

/// Merges profiles; the first one's order of sample types and mappings stays.
pub fn merge<'a>(profiles: impl IntoIterator<Item = &'a Profile>) -> Result<Profile, Error> {
    let mut merger = Merger::default();
    for p in profiles {
        merger.add(p)?;
    }
    merger.finish()
}

/// Leaves out what no sample needs, and adds up equal samples. Samples of nothing but 0 go; ids are
/// given out anew.
pub fn compact(p: &Profile) -> Result<Profile, Error> {
    merge([p])
}

/// Whose rules a merge or a difference follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// Those that google/pprof states.
    #[default]
    Stated,
    /// Those that its code follows: a later profile without a time clears the time, scaling drops
    /// samples whose only values are not scaled and goes through floating point, and of the columns
    /// of inlined calls only the outermost tells locations apart.
    Code,
}

/// A merge under way. Its memory is that of the result.
#[derive(Debug, Default)]
pub struct Merger {
    rules: Rules,
    out: Profile,
    added: bool,
    functions: FxHashMap<(StrId, StrId, StrId, i64), FunctionIx>,
    mappings: FxHashMap<MappingKey, MappingIx>,
    locations: HashTable<LocationIx>,
    /// Half of the hash beside the index, so that growing need not look at the samples.
    samples: HashTable<(u32, u32)>,
    comments: FxHashMap<StrId, ()>,
    /// The default sample types of the profiles with the types they have: equal ones once.
    defaults: Vec<(StrId, Vec<StrId>)>,
    lines: Vec<Line>,
}

/// What makes a mapping the same in two processes: size in pages, offset, build id or file.
type MappingKey = (u64, u64, StrId);

const NEW: u32 = u32::MAX;

/// What is known of one source: its indexes in the result, or [`NEW`].
struct Source<'a> {
    p: &'a Profile,
    strings: Vec<u32>,
    functions: Vec<u32>,
    /// And what its addresses are moved by.
    mappings: Vec<Option<(MappingIx, u64)>>,
    locations: Vec<u32>,
}

impl<'a> Source<'a> {
    fn new(p: &'a Profile) -> Self {
        Source {
            p,
            strings: vec![NEW; p.strings.len()],
            functions: vec![NEW; p.functions.len()],
            mappings: vec![None; p.mappings.len()],
            locations: vec![NEW; p.locations.len()],
        }
    }
}

/// A column of a source: its index there and what its values are multiplied by.
type Column = (usize, f64);

impl Merger {
    /// A merge by these rules; the default is by [`Rules::Stated`].
    pub fn new(rules: Rules) -> Self {
        Merger {
            rules,
            ..Default::default()
        }
    }

    /// Adds the samples of a profile.
    pub fn add(&mut self, p: &Profile) -> Result<(), Error> {
        let mut src = Source::new(p);
        let columns = self.header(&mut src)?;
        self.rows(&mut src, &columns);
        Ok(())
    }

    /// Makes the tables and the samples anew without samples of nothing but 0.
    fn rebuild(&mut self) {
        let out = &mut self.out;
        let width = out.samples.width;
        let old = Profile {
            samples: std::mem::replace(&mut out.samples, Samples::new(width)),
            mappings: std::mem::take(&mut out.mappings),
            locations: std::mem::take(&mut out.locations),
            lines: std::mem::take(&mut out.lines),
            functions: std::mem::take(&mut out.functions),
            strings: out.strings.clone(),
            ..Default::default()
        };
        self.functions.clear();
        self.mappings.clear();
        self.locations.clear();
        self.samples.clear();
        let mut src = Source::new(&old);
        src.strings = (0..old.strings.len() as u32).collect();
        let columns: Vec<Column> = (0..width).map(|c| (c, 1.0)).collect();
        self.rows(&mut src, &columns);
    }

    /// Adds samples with what they need.
    fn rows(&mut self, src: &mut Source<'_>, columns: &[Column]) {
        let p = src.p;
        if self.mappings.is_empty() && !p.mappings.is_empty() {
            // The first mapping is the main binary, so it comes first in the result too.
            self.mapping(src, MappingIx(0));
        }
        let ratios: Vec<f64> = columns.iter().map(|&(_, ratio)| ratio).collect();
        let ratios = (self.rules == Rules::Code).then_some(ratios);
        let mut values = Vec::new();
        let mut stack = Vec::new();
        let mut labels = Vec::new();
        for i in 0..p.samples.len() {
            let own = p.samples.values(i);
            values.clear();
            let scale = |&(c, ratio): &Column| scaled(own[c], ratio, self.rules);
            values.extend(columns.iter().map(scale));
            if values.iter().all(|&v| v == 0) || lost(&values, ratios.as_deref()) {
                continue;
            }
            stack.clear();
            for &l in p.samples.stack(i) {
                let known = src.locations[l.ix()];
                stack.push(if known == NEW {
                    self.location(src, l)
                } else {
                    LocationIx(known)
                });
            }
            labels.clear();
            for label in p.samples.labels(i) {
                let key = self.string(src, label.key);
                let value = match label.value {
                    LabelValue::Str(s) => LabelValue::Str(self.string(src, s)),
                    LabelValue::Num(n, unit) => LabelValue::Num(n, self.string(src, unit)),
                };
                labels.push(Label { key, value });
            }
            sort_labels(&self.out.strings, &mut labels);
            self.sample(&stack, &values, &labels);
        }
    }

    /// The result. An error if nothing was added.
    pub fn finish(mut self) -> Result<Profile, Error> {
        if !self.added {
            return Err(Error::Argument("no profiles to merge".into()));
        }
        self.out.default_sample_type = self.default_sample_type();
        let before = self.out.samples.len();
        self.out.samples.drop_zeros();
        if self.out.samples.len() == before {
            return Ok(self.out);
        }
        // What only the dropped samples needed goes as well.
        let out = std::mem::take(&mut self.out);
        let mut merger = Merger::new(self.rules);
        drop(self);
        merger.add(&out)?;
        merger.finish()
    }

    fn string(&mut self, src: &mut Source<'_>, id: StrId) -> StrId {
        let Some(known) = src.strings.get_mut(id.0 as usize) else {
            return StrId::EMPTY;
        };
        if *known == NEW {
            *known = self.out.strings.intern(src.p.str(id)).0;
        }
        StrId(*known)
    }

    fn sample(&mut self, stack: &[LocationIx], values: &[i64], labels: &[Label]) {
        let half = (FxBuildHasher.hash_one((stack, labels)) >> 32) as u32;
        // The table looks at the top and at the bottom of a hash.
        let spread = |half: u32| u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let samples = &mut self.out.samples;
        let found = self.samples.find(spread(half), |&(other, i)| {
            let i = i as usize;
            other == half && samples.stack(i) == stack && samples.labels(i) == labels
        });
        if let Some(&(_, i)) = found {
            for (sum, v) in samples.values_mut(i as usize).iter_mut().zip(values) {
                *sum = sum.wrapping_add(*v);
            }
            return;
        }
        let entry = (half, samples.len() as u32);
        samples.push(stack, values, labels);
        self.samples
            .insert_unique(spread(half), entry, |&(half, _)| spread(half));
    }

    fn location(&mut self, src: &mut Source<'_>, l: LocationIx) -> LocationIx {
        let from = *src.p.location(l);
        let mapped = from.mapping.map(|m| self.mapping(src, m));
        let (mapping, moved) = mapped.unzip();
        let mut lines = std::mem::take(&mut self.lines);
        lines.clear();
        for line in src.p.lines(l) {
            let function = line.function.map(|f| self.function(src, f));
            lines.push(Line { function, ..*line });
        }
        let mut new = Location {
            id: 0,
            mapping,
            address: from.address.wrapping_add(moved.unwrap_or(0)),
            is_folded: from.is_folded,
            lines_start: self.out.lines.len() as u32,
            lines_len: lines.len() as u32,
        };
        let rules = self.rules;
        let key = |l: &Location, lines: &[Line]| match rules {
            Rules::Stated => FxBuildHasher.hash_one((l.address, l.mapping, l.is_folded, lines)),
            Rules::Code => FxBuildHasher.hash_one((l.address, l.mapping, l.is_folded)),
        };
        let out = &mut self.out;
        let hash = key(&new, &lines);
        let found = self.locations.find(hash, |&at| {
            let l = out.location(at);
            (l.address, l.mapping, l.is_folded) == (new.address, new.mapping, new.is_folded)
                && same_lines(out.lines(at), &lines, rules)
        });
        let at = if let Some(&at) = found {
            at
        } else {
            let at = LocationIx(out.locations.len() as u32);
            new.id = u64::from(at.0) + 1;
            out.locations.push(new);
            out.lines.extend_from_slice(&lines);
            let rehash = |&l: &LocationIx| key(out.location(l), out.lines(l));
            self.locations.insert_unique(hash, at, rehash);
            at
        };
        self.lines = lines;
        src.locations[l.ix()] = at.0;
        at
    }

    fn mapping(&mut self, src: &mut Source<'_>, m: MappingIx) -> (MappingIx, u64) {
        if let Some(known) = src.mappings[m.ix()] {
            return known;
        }
        let from = &src.p.mappings[m.ix()];
        let (file, build_id) = (from.file, from.build_id);
        let file = self.string(src, file);
        let build_id = self.string(src, build_id);
        let name = if build_id.is_empty() { file } else { build_id };
        let size = from.limit.wrapping_sub(from.start).wrapping_add(0xfff) & !0xfff;
        let out = &mut self.out.mappings;
        let at = *self
            .mappings
            .entry((size, from.offset, name))
            .or_insert_with(|| {
                let at = MappingIx(out.len() as u32);
                out.push(Mapping {
                    id: u64::from(at.0) + 1,
                    file,
                    build_id,
                    ..from.clone()
                });
                at
            });
        let known = (at, out[at.ix()].start.wrapping_sub(from.start));
        src.mappings[m.ix()] = Some(known);
        known
    }

    fn function(&mut self, src: &mut Source<'_>, f: FunctionIx) -> FunctionIx {
        let known = src.functions[f.ix()];
        if known != NEW {
            return FunctionIx(known);
        }
        let from = *src.p.function(f);
        let name = self.string(src, from.name);
        let system_name = self.string(src, from.system_name);
        let filename = self.string(src, from.filename);
        let out = &mut self.out.functions;
        let at = *self
            .functions
            .entry((name, system_name, filename, from.start_line))
            .or_insert_with(|| {
                let at = FunctionIx(out.len() as u32);
                out.push(Function {
                    id: u64::from(at.0) + 1,
                    name,
                    system_name,
                    filename,
                    start_line: from.start_line,
                });
                at
            });
        src.functions[f.ix()] = at.0;
        at
    }
}

/// Whether two locations have the same lines.
fn same_lines(a: &[Line], b: &[Line], rules: Rules) -> bool {
    match (rules, a.split_last(), b.split_last()) {
        (Rules::Code, Some((a_last, a)), Some((b_last, b))) => {
            let key = |l: &Line| (l.function, l.line);
            a_last == b_last && a.iter().map(key).eq(b.iter().map(key))
        }
        _ => a == b,
    }
}
