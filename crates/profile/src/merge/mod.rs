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
use crate::strings::{StrId, StringTable};

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
    /// How many strings were lent.
    lent: usize,
    functions: FxHashMap<(StrId, StrId, StrId, i64), FunctionIx>,
    mappings: FxHashMap<MappingKey, MappingIx>,
    /// Half of the hash beside the index, here too.
    locations: HashTable<(u32, LocationIx)>,
    /// Half of the hash beside the index, so that growing need not look at the samples.
    samples: HashTable<(u32, u32)>,
    comments: FxHashMap<StrId, ()>,
    /// The default sample types of the profiles with the types they have: equal ones once.
    defaults: Vec<(StrId, Vec<StrId>)>,
}

/// What makes a mapping the same in two processes: size in pages, offset, build id or file.
type MappingKey = (u64, u64, StrId);

const NEW: u32 = u32::MAX;

/// How many locations are looked up at a time: they stay in the cache from step to step.
const BATCH: usize = 128;

/// A location of a source that is being looked up.
struct Probe {
    l: LocationIx,
    /// As it would be in the result, and half of its hash.
    new: Location,
    half: u32,
    /// The first of the result with this half of a hash.
    found: Option<LocationIx>,
    /// That one's lines.
    lines: std::ops::Range<usize>,
}

impl Location {
    /// Whether both are the same place, whatever lines they have.
    fn is_at(&self, other: &Location) -> bool {
        (self.address, self.mapping, self.is_folded)
            == (other.address, other.mapping, other.is_folded)
    }
}

/// What is known of one source: its indexes in the result, or [`NEW`].
struct Source<'a> {
    p: &'a Profile,
    /// Its strings are those of the result.
    own: bool,
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
            own: false,
            strings: vec![NEW; p.strings.len()],
            functions: vec![NEW; p.functions.len()],
            mappings: vec![None; p.mappings.len()],
            locations: vec![NEW; p.locations.len()],
        }
    }
}

impl Source<'_> {
    /// A string of the source.
    fn str<'b>(&'b self, out: &'b Profile, id: StrId) -> &'b str {
        match self.own {
            true => out.str(id),
            false => self.p.str(id),
        }
    }

    /// A line whose function is known, as it is in the result.
    fn line(&self, line: &Line) -> Line {
        let function = line.function.map(|f| FunctionIx(self.functions[f.ix()]));
        Line { function, ..*line }
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

    /// The strings of the result, to be given back with [`Merger::add_own`] or
    /// [`Merger::give_back`]. A profile that is read into them ([`crate::proto::decode_reader_into`])
    /// is added in half of the time, as no string has to be found again.
    pub fn lend(&mut self) -> StringTable {
        self.lent = self.out.strings.len();
        std::mem::take(&mut self.out.strings)
    }

    /// Takes back what was lent.
    pub fn give_back(&mut self, lent: StringTable) {
        self.out.strings = lent;
    }

    /// Adds the samples of a profile that may have been read into what was lent; `left` is what is
    /// left of that.
    pub fn add_own(&mut self, mut p: Profile, left: StringTable) -> Result<(), Error> {
        if left.len() >= self.lent && self.added {
            self.give_back(left);
            return self.add(&p);
        }
        if p.strings.len() < self.lent {
            return Err(Error::Argument("the strings of the merge are lost".into()));
        }
        self.out.strings = std::mem::take(&mut p.strings);
        let mut src = Source::new(&p);
        src.own = true;
        src.strings = (0..self.out.strings.len() as u32).collect();
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
        self.recall(src);
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

    /// Finds what of the source is in the result already, table by table. Each look-up waits for
    /// memory; in a row, many of them wait at the same time.
    fn recall(&mut self, src: &mut Source<'_>) {
        if self.out.locations.is_empty() {
            return;
        }
        let p = src.p;
        let known = |table: &[u32], i: u32| match table.get(i as usize) {
            None | Some(&NEW) => None,
            Some(&known) => Some(StrId(known)),
        };
        for (place, text) in src.strings.iter_mut().zip(p.strings.iter()) {
            if *place == NEW {
                *place = self.out.strings.find(text).map_or(NEW, |id| id.0);
            }
        }
        for (place, f) in src.functions.iter_mut().zip(&p.functions) {
            let string = |id: StrId| known(&src.strings, id.0);
            if let (Some(name), Some(system), Some(file)) =
                (string(f.name), string(f.system_name), string(f.filename))
                && let Some(at) = self.functions.get(&(name, system, file, f.start_line))
            {
                *place = at.0;
            }
        }
        for i in 0..p.mappings.len() {
            if src.mappings[i].is_none()
                && let Some(name) = known(&src.strings, mapping_name(&p.mappings[i]).0)
                && let Some(&at) = self.mappings.get(&mapping_key(&p.mappings[i], name))
            {
                let moved = self.out.mappings[at.ix()].start;
                src.mappings[i] = Some((at, moved.wrapping_sub(p.mappings[i].start)));
            }
        }
        let mut probes = Vec::with_capacity(BATCH);
        for start in (0..p.locations.len()).step_by(BATCH) {
            let end = p.locations.len().min(start + BATCH);
            self.recall_locations(src, start..end, &mut probes);
        }
    }

    /// Finds locations step by step: what each step waits for does not depend on what it finds for
    /// the others.
    fn recall_locations(
        &self,
        src: &mut Source<'_>,
        range: std::ops::Range<usize>,
        probes: &mut Vec<Probe>,
    ) {
        let p = src.p;
        probes.clear();
        for i in range {
            let l = LocationIx(i as u32);
            let mapped = match p.location(l).mapping {
                None => true,
                Some(m) => src.mappings[m.ix()].is_some(),
            };
            let function = |line: &Line| line.function.is_none_or(|f| src.functions[f.ix()] != NEW);
            if mapped && p.lines(l).iter().all(function) {
                let (new, half) = moved(src, l);
                probes.push(Probe {
                    l,
                    new,
                    half,
                    found: None,
                    lines: 0..0,
                });
            }
        }
        for probe in probes.iter_mut() {
            let half = probe.half;
            let found = self.locations.find(spread(half), |e| e.0 == half);
            probe.found = found.map(|&(_, at)| at);
        }
        probes.retain(|probe| probe.found.is_some());
        for probe in probes.iter_mut() {
            let known = probe.found.map(|at| self.out.location(at));
            let known = known.filter(|known| known.is_at(&probe.new));
            if let Some(known) = known {
                let start = known.lines_start as usize;
                probe.lines = start..start + known.lines_len as usize;
            } else {
                probe.found = None;
            }
        }
        for probe in probes.iter() {
            let lines = &self.out.lines[probe.lines.clone()];
            let same = |_: &LocationIx| self.same_lines(lines, src, p.lines(probe.l));
            // Another one may have the same half of a hash.
            let found = probe
                .found
                .filter(same)
                .or_else(|| self.find_location(src, probe.l, &probe.new, probe.half));
            if let Some(at) = found {
                src.locations[probe.l.ix()] = at.0;
            }
        }
    }

    fn sample(&mut self, stack: &[LocationIx], values: &[i64], labels: &[Label]) {
        let half = (FxBuildHasher.hash_one((stack, labels)) >> 32) as u32;
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
        if let Some(m) = src.p.location(l).mapping {
            self.mapping(src, m);
        }
        for line in src.p.lines(l) {
            if let Some(f) = line.function {
                self.function(src, f);
            }
        }
        let (mut new, half) = moved(src, l);
        let at = self.find_location(src, l, &new, half).unwrap_or_else(|| {
            let out = &mut self.out;
            let at = LocationIx(out.locations.len() as u32);
            new.id = u64::from(at.0) + 1;
            new.lines_start = out.lines.len() as u32;
            let lines = src.p.lines(l).iter();
            out.lines.extend(lines.map(|line| src.line(line)));
            out.locations.push(new);
            self.locations
                .insert_unique(spread(half), (half, at), |&(half, _)| spread(half));
            at
        });
        src.locations[l.ix()] = at.0;
        at
    }

    /// The location of the result that is this one of the source, moved to `new`.
    fn find_location(
        &self,
        src: &Source<'_>,
        l: LocationIx,
        new: &Location,
        half: u32,
    ) -> Option<LocationIx> {
        let found = self.locations.find(spread(half), |&(other, at)| {
            let known = self.out.location(at);
            other == half
                && known.is_at(new)
                && self.same_lines(self.out.lines(at), src, src.p.lines(l))
        });
        found.map(|&(_, at)| at)
    }

    fn same_lines(&self, known: &[Line], src: &Source<'_>, lines: &[Line]) -> bool {
        let last = lines.len().wrapping_sub(1);
        known.len() == lines.len()
            && known
                .iter()
                .zip(lines)
                .enumerate()
                .all(|(i, (known, line))| {
                    let line = src.line(line);
                    let column =
                        self.rules == Rules::Code && i != last || known.column == line.column;
                    (known.function, known.line) == (line.function, line.line) && column
                })
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
        let out = &mut self.out.mappings;
        let at = *self
            .mappings
            .entry(mapping_key(from, name))
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

/// The build id, else the file.
fn mapping_name(m: &Mapping) -> StrId {
    if m.build_id.is_empty() {
        m.file
    } else {
        m.build_id
    }
}

/// What is to be the same; `name` is the result's.
fn mapping_key(m: &Mapping, name: StrId) -> MappingKey {
    let size = m.limit.wrapping_sub(m.start).wrapping_add(0xfff) & !0xfff;
    (size, m.offset, name)
}

/// A location as it is in the result, but for its id and lines, and half of its hash. Its mapping
/// and its functions are known.
fn moved(src: &Source<'_>, l: LocationIx) -> (Location, u32) {
    let from = *src.p.location(l);
    let (mapping, by) = from.mapping.and_then(|m| src.mappings[m.ix()]).unzip();
    let new = Location {
        mapping,
        address: from.address.wrapping_add(by.unwrap_or(0)),
        ..from
    };
    // An address says it all; where there are none, lines are what is left.
    let hash = match new.address {
        0 => {
            let first = src.p.lines(l).first().map(|line| src.line(line));
            let first = first.map(|line| (line.function, line.line));
            FxBuildHasher.hash_one((mapping, first))
        }
        address => FxBuildHasher.hash_one((address, mapping)),
    };
    (new, (hash >> 32) as u32)
}

/// A hash of a half: tables look at the top and at the bottom of one.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
