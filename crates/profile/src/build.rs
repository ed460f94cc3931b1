//! Putting a profile together piece by piece: equal functions, locations and samples become one.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, Samples, ValueType,
};
use crate::strings::StrId;

/// A profile in the making. Ids are given out from 1 up in order of appearance.
#[derive(Debug)]
pub struct Builder {
    profile: Profile,
    functions: FxHashMap<(StrId, StrId, StrId, i64), FunctionIx>,
    locations: HashTable<LocationIx>,
    samples: HashTable<u32>,
}

impl Builder {
    /// A profile without samples whose values are of these (kind, unit) pairs.
    pub fn new(sample_types: &[(&str, &str)]) -> Self {
        let mut profile = Profile {
            samples: Samples::new(sample_types.len()),
            ..Default::default()
        };
        for (kind, unit) in sample_types {
            let kind = profile.strings.intern(kind);
            let unit = profile.strings.intern(unit);
            profile.sample_types.push(ValueType { kind, unit });
        }
        Builder {
            profile,
            functions: FxHashMap::default(),
            locations: HashTable::new(),
            samples: HashTable::new(),
        }
    }

    /// The profile as it is now, to set its header fields.
    pub fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// The string's id.
    pub fn intern(&mut self, s: &str) -> StrId {
        self.profile.strings.intern(s)
    }

    /// Adds a mapping; its `id` is set here.
    pub fn mapping(&mut self, mut mapping: Mapping) -> MappingIx {
        let ix = MappingIx(self.profile.mappings.len() as u32);
        mapping.id = u64::from(ix.0) + 1;
        self.profile.mappings.push(mapping);
        ix
    }

    /// The function of this name, file and first line.
    pub fn function(&mut self, name: &str, filename: &str, start_line: i64) -> FunctionIx {
        let name = self.profile.strings.intern(name);
        let filename = self.profile.strings.intern(filename);
        let functions = &mut self.profile.functions;
        *self
            .functions
            .entry((name, name, filename, start_line))
            .or_insert_with(|| {
                let ix = FunctionIx(functions.len() as u32);
                functions.push(Function {
                    id: u64::from(ix.0) + 1,
                    name,
                    system_name: name,
                    filename,
                    start_line,
                });
                ix
            })
    }

    /// The location of this mapping, address and frames (innermost first).
    pub fn location(
        &mut self,
        mapping: Option<MappingIx>,
        address: u64,
        lines: &[Line],
    ) -> LocationIx {
        let hash = FxBuildHasher.hash_one((mapping, address, lines));
        let p = &self.profile;
        let same = |&l: &LocationIx| {
            let at = p.location(l);
            at.mapping == mapping && at.address == address && p.lines(l) == lines
        };
        if let Some(&l) = self.locations.find(hash, same) {
            return l;
        }
        let p = &mut self.profile;
        let ix = LocationIx(p.locations.len() as u32);
        p.locations.push(Location {
            id: u64::from(ix.0) + 1,
            mapping,
            address,
            is_folded: false,
            lines_start: p.lines.len() as u32,
            lines_len: lines.len() as u32,
        });
        p.lines.extend_from_slice(lines);
        let p = &self.profile;
        self.locations.insert_unique(hash, ix, |&l| {
            let at = p.location(l);
            FxBuildHasher.hash_one((at.mapping, at.address, p.lines(l)))
        });
        ix
    }

    /// Adds the values to the sample of this stack (leaf first) and these labels.
    pub fn sample(&mut self, stack: &[LocationIx], values: &[i64], labels: &[Label]) {
        let hash = FxBuildHasher.hash_one((stack, labels));
        let samples = &mut self.profile.samples;
        let same =
            |&i: &u32| samples.stack(i as usize) == stack && samples.labels(i as usize) == labels;
        if let Some(&i) = self.samples.find(hash, same) {
            for (old, new) in samples.values_mut(i as usize).iter_mut().zip(values) {
                *old = old.wrapping_add(*new);
            }
            return;
        }
        let i = samples.len() as u32;
        samples.push(stack, values, labels);
        self.samples.insert_unique(hash, i, |&i| {
            FxBuildHasher.hash_one((samples.stack(i as usize), samples.labels(i as usize)))
        });
    }

    /// A text label.
    pub fn label(&mut self, key: &str, value: &str) -> Label {
        let key = self.profile.strings.intern(key);
        let value = LabelValue::Str(self.profile.strings.intern(value));
        Label { key, value }
    }

    /// The finished profile.
    pub fn finish(self) -> Profile {
        self.profile
    }
}
