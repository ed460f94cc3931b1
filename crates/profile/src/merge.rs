//! Many profiles into one, as google/pprof does (profile/merge.go, internal/measurement):
//! equal samples are added up, and what no sample needs is left out.
//!
//! Profiles are added one by one and need not stay in memory. Sample types that not all of them have
//! are dropped, and values are brought to the finest unit. Where pprof goes wrong, this does what its
//! documentation says: the time is the earliest that is known, and no sample is lost.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::error::Error;
use crate::model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, ValueType,
};
use crate::samples::sort_labels;
use crate::scale::scaled;
use crate::strings::StrId;
use crate::units::{same_kind, scale};

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

/// A merge under way. Its memory is that of the result.
#[derive(Debug, Default)]
pub struct Merger {
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

/// A column of a source: its index there and what its values are multiplied by.
type Column = (usize, f64);

impl Merger {
    /// Adds the samples of a profile.
    pub fn add(&mut self, p: &Profile) -> Result<(), Error> {
        let mut src = Source {
            p,
            strings: vec![NEW; p.strings.len()],
            functions: vec![NEW; p.functions.len()],
            mappings: vec![None; p.mappings.len()],
            locations: vec![NEW; p.locations.len()],
        };
        let columns = self.header(&mut src)?;
        if self.mappings.is_empty() && !p.mappings.is_empty() {
            // The first mapping is the main binary, so it comes first in the result too.
            self.mapping(&mut src, MappingIx(0));
        }
        let mut values = Vec::new();
        let mut stack = Vec::new();
        let mut labels = Vec::new();
        for i in 0..p.samples.len() {
            let own = p.samples.values(i);
            values.clear();
            values.extend(columns.iter().map(|&(c, ratio)| scaled(own[c], ratio)));
            if values.iter().all(|&v| v == 0) {
                continue;
            }
            stack.clear();
            for &l in p.samples.stack(i) {
                let known = src.locations[l.ix()];
                stack.push(if known == NEW {
                    self.location(&mut src, l)
                } else {
                    LocationIx(known)
                });
            }
            labels.clear();
            for label in p.samples.labels(i) {
                let key = self.string(&mut src, label.key);
                let value = match label.value {
                    LabelValue::Str(s) => LabelValue::Str(self.string(&mut src, s)),
                    LabelValue::Num(n, unit) => LabelValue::Num(n, self.string(&mut src, unit)),
                };
                labels.push(Label { key, value });
            }
            sort_labels(&self.out.strings, &mut labels);
            self.sample(&stack, &values, &labels);
        }
        Ok(())
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
        drop(self);
        merge([&out])
    }

    /// Takes in what is not a table; returns where the values of the result are in the source.
    fn header(&mut self, src: &mut Source<'_>) -> Result<Vec<Column>, Error> {
        let p = src.p;
        let kinds: Vec<StrId> = p
            .sample_types
            .iter()
            .map(|t| self.string(src, t.kind))
            .collect();
        let default = self.string(src, p.default_sample_type);
        // Nothing of a profile that does not fit may stay behind, so both are checked first.
        let columns = self.common_columns(p)?;
        self.check_period(p)?;
        let columns = self.columns(src, &columns);
        self.period(src);
        let entry = (default, kinds);
        if !self.defaults.contains(&entry) {
            self.defaults.push(entry);
        }
        for &c in &p.comments {
            let c = self.string(src, c);
            if self.comments.insert(c, ()).is_none() {
                self.out.comments.push(c);
            }
        }
        let out = &mut self.out;
        out.duration_nanos = out.duration_nanos.wrapping_add(p.duration_nanos);
        if out.time_nanos == 0 || p.time_nanos != 0 && p.time_nanos < out.time_nanos {
            out.time_nanos = p.time_nanos;
        }
        if self.out.doc_url.is_empty() {
            self.out.doc_url = self.string(src, p.doc_url);
        }
        if !self.added {
            self.out.drop_frames = self.string(src, p.drop_frames);
            self.out.keep_frames = self.string(src, p.keep_frames);
        }
        self.added = true;
        Ok(columns)
    }

    /// The sample types that the profile and the result so far have in common: the index of each in
    /// the result and in the profile.
    fn common_columns(&self, p: &Profile) -> Result<Vec<(usize, usize)>, Error> {
        if !self.added {
            return Ok(Vec::new());
        }
        // The same kind twice in a profile is the same kind twice in the other.
        let mut free = vec![true; p.sample_types.len()];
        let mut common = Vec::new();
        for (i, t) in self.out.sample_types.iter().enumerate() {
            let kind = self.out.str(t.kind);
            let same = |&c: &usize| free[c] && p.str(p.sample_types[c].kind) == kind;
            let Some(c) = (0..free.len()).find(same) else {
                continue;
            };
            free[c] = false;
            common.push((i, c));
            let (a, b) = (self.out.str(t.unit), p.str(p.sample_types[c].unit));
            if !same_kind(a, b) {
                let what = format!("sample types: incompatible types: {kind}/{a} {kind}/{b}");
                return Err(Error::Incompatible(what));
            }
        }
        if common.is_empty() {
            let what = "profiles have empty common sample type list";
            return Err(Error::Incompatible(what.into()));
        }
        Ok(common)
    }

    /// Drops the sample types that are not common and brings the others to the finer unit.
    fn columns(&mut self, src: &mut Source<'_>, common: &[(usize, usize)]) -> Vec<Column> {
        let p = src.p;
        if !self.added {
            for t in &p.sample_types {
                let kind = self.string(src, t.kind);
                let unit = self.string(src, t.unit);
                self.out.sample_types.push(ValueType { kind, unit });
            }
            self.out.samples.width = p.sample_types.len();
            return (0..p.sample_types.len()).map(|c| (c, 1.0)).collect();
        }
        if common.len() < self.out.sample_types.len() {
            let kept: Vec<usize> = common.iter().map(|&(i, _)| i).collect();
            self.out.samples.choose_columns(&kept);
            self.out.sample_types = kept.iter().map(|&i| self.out.sample_types[i]).collect();
        }
        let mut columns = Vec::with_capacity(common.len());
        let mut own_ratios = vec![1.0; common.len()];
        for (i, &(_, c)) in common.iter().enumerate() {
            let theirs = p.sample_types[c].unit;
            let (a, b) = (self.out.str(self.out.sample_types[i].unit), p.str(theirs));
            let (mut ratio, _) = scale(1, b, a);
            if ratio < 1.0 {
                ratio = 1.0;
                own_ratios[i] = scale(1, a, b).0;
                self.out.sample_types[i].unit = self.string(src, theirs);
            }
            columns.push((c, ratio));
        }
        if own_ratios.iter().any(|&r| r != 1.0) {
            let samples = &mut self.out.samples;
            samples.map_values(|column, v| scaled(v, own_ratios[column]));
        }
        columns
    }

    /// Whether the profile's period is of the same type. One without a type fits all.
    fn check_period(&self, p: &Profile) -> Result<(), Error> {
        let (ours, theirs) = (self.out.period_type, p.period_type);
        if ours == ValueType::default() || theirs == ValueType::default() {
            return Ok(());
        }
        let (a, b) = (self.out.str(ours.unit), p.str(theirs.unit));
        let (kind, other) = (self.out.str(ours.kind), p.str(theirs.kind));
        let singular = |kind: &'_ str| kind.strip_suffix('s').unwrap_or(kind).to_owned();
        if singular(kind) != singular(other) || !same_kind(a, b) {
            let what = format!("period type: incompatible types: {kind}/{a} {other}/{b}");
            return Err(Error::Incompatible(what));
        }
        Ok(())
    }

    /// The period of the result is the longest one, in the finest unit.
    fn period(&mut self, src: &mut Source<'_>) {
        let p = src.p;
        let (ours, theirs) = (self.out.period_type, p.period_type);
        let (mut own, mut period) = (self.out.period, p.period);
        if ours == ValueType::default() {
            let kind = self.string(src, theirs.kind);
            let unit = self.string(src, theirs.unit);
            self.out.period_type = ValueType { kind, unit };
        } else if theirs != ValueType::default() {
            let (a, b) = (self.out.str(ours.unit), p.str(theirs.unit));
            if scale(1, b, a).0 < 1.0 {
                own = scale(own, a, b).0 as i64;
                self.out.period_type.unit = self.string(src, theirs.unit);
            } else {
                period = scale(period, b, a).0 as i64;
            }
        }
        self.out.period = own.max(period);
    }

    /// The first one that a profile names. One whose sample types had to be changed names the first
    /// type if its own is gone.
    fn default_sample_type(&self) -> StrId {
        let types: Vec<StrId> = self.out.sample_types.iter().map(|t| t.kind).collect();
        self.defaults
            .iter()
            .map(|(default, kinds)| {
                if *kinds == types || types.contains(default) {
                    *default
                } else {
                    types.first().copied().unwrap_or_default()
                }
            })
            .find(|default| !default.is_empty())
            .unwrap_or_default()
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
        let key = |l: &Location, lines: &[Line]| {
            FxBuildHasher.hash_one((l.address, l.mapping, l.is_folded, lines))
        };
        let out = &mut self.out;
        let hash = key(&new, &lines);
        let found = self.locations.find(hash, |&at| {
            let l = out.location(at);
            (l.address, l.mapping, l.is_folded) == (new.address, new.mapping, new.is_folded)
                && out.lines(at) == lines
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
