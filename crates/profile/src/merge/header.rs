//! What a merge makes of the parts of profiles that are not tables: sample types, period, times.

use super::{Column, Merger, Rules, Source};
use crate::error::Error;
use crate::model::ValueType;
use crate::scale::scaled;
use crate::strings::StrId;
use crate::units::{same_kind, scale};

impl Merger {
    /// Takes in what is not a table; returns where the values of the result are in the source.
    pub(super) fn header(&mut self, src: &mut Source<'_>) -> Result<Vec<Column>, Error> {
        let p = src.p;
        let kinds: Vec<StrId> = p
            .sample_types
            .iter()
            .map(|t| self.string(src, t.kind))
            .collect();
        let default = self.string(src, p.default_sample_type);
        // Nothing of a profile that does not fit may stay behind, so both are checked first.
        let columns = self.common_columns(src)?;
        self.check_period(src)?;
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
        let known = self.rules == Rules::Code || p.time_nanos != 0;
        if out.time_nanos == 0 || known && p.time_nanos < out.time_nanos {
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
    fn common_columns(&self, src: &Source<'_>) -> Result<Vec<(usize, usize)>, Error> {
        let p = src.p;
        if !self.added {
            return Ok(Vec::new());
        }
        // The same kind twice in a profile is the same kind twice in the other.
        let mut free = vec![true; p.sample_types.len()];
        let mut common = Vec::new();
        for (i, t) in self.out.sample_types.iter().enumerate() {
            let kind = self.out.str(t.kind);
            let same = |&c: &usize| free[c] && src.str(&self.out, p.sample_types[c].kind) == kind;
            let Some(c) = (0..free.len()).find(same) else {
                continue;
            };
            free[c] = false;
            common.push((i, c));
            let (a, b) = (
                self.out.str(t.unit),
                src.str(&self.out, p.sample_types[c].unit),
            );
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
            let (a, b) = (
                self.out.str(self.out.sample_types[i].unit),
                src.str(&self.out, theirs),
            );
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
            samples.map_values(|column, v| scaled(v, own_ratios[column], self.rules));
            if self.rules == Rules::Code {
                samples.zero_lost(&own_ratios);
                self.rebuild();
            }
        }
        columns
    }

    /// Whether the profile's period is of the same type. One without a type should fit all.
    fn check_period(&self, src: &Source<'_>) -> Result<(), Error> {
        let p = src.p;
        let (ours, theirs) = (self.out.period_type, p.period_type);
        let none = ValueType::default();
        let missing = match self.rules {
            Rules::Stated => ours == none || theirs == none,
            Rules::Code => !self.added || ours == none && theirs == none,
        };
        if missing {
            return Ok(());
        }
        let (a, b) = (self.out.str(ours.unit), src.str(&self.out, theirs.unit));
        let (kind, other) = (self.out.str(ours.kind), src.str(&self.out, theirs.kind));
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
            let (a, b) = (self.out.str(ours.unit), src.str(&self.out, theirs.unit));
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
    pub(super) fn default_sample_type(&self) -> StrId {
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
}
