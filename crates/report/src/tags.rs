//! `-tags`: for each label key, how much of the total has which value.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rustc_hash::FxHashMap;

use profile::{Label, LabelValue, StrId};

use crate::format::Format;
use crate::measure::{percentage, scaled_label};
use crate::report::Report;

/// The labels of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Tags {
    /// How values are written.
    pub format: Format,
    /// The sum of all values.
    pub total: i64,
    /// The keys, in alphabetical order.
    pub keys: Vec<Key>,
}

/// A label key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub key: String,
    /// What the samples that have it add up to.
    pub total: i64,
    /// Its values and what each adds up to, heaviest first.
    pub values: Vec<(String, i64)>,
}

impl Tags {
    /// The labels of a report's profile.
    pub fn new(report: &Report) -> Self {
        let p = &report.profile;
        // Labels repeat from sample to sample, so the distinct ones are added up before their texts
        // are made. Units do not tell numbers apart: the key has one for all.
        let mut sums: FxHashMap<Label, i64> = FxHashMap::default();
        for i in 0..p.samples.len() {
            let (value, _) = report.measure.of(p.samples.values(i));
            for label in p.samples.labels(i) {
                let value_of = match label.value {
                    LabelValue::Num(n, _) => LabelValue::Num(n, StrId::EMPTY),
                    text => text,
                };
                let distinct = Label {
                    key: label.key,
                    value: value_of,
                };
                let sum = sums.entry(distinct).or_default();
                *sum = sum.wrapping_add(value);
            }
        }
        let mut keys: BTreeMap<&str, BTreeMap<String, i64>> = BTreeMap::new();
        for (label, value) in sums {
            let key = p.str(label.key);
            let name = match label.value {
                LabelValue::Str(text) => p.str(text).to_owned(),
                LabelValue::Num(n, _) => {
                    let unit = report.label_units.get(key).map_or("", String::as_str);
                    scaled_label(n, unit, &report.options.unit)
                }
            };
            let sum = keys.entry(key).or_default().entry(name).or_default();
            *sum = sum.wrapping_add(value);
        }
        let keys = keys.into_iter().map(|(key, values)| {
            let mut values: Vec<_> = values.into_iter().collect();
            values.sort_by(|a, b| (b.1.unsigned_abs(), &a.0).cmp(&(a.1.unsigned_abs(), &b.0)));
            Key {
                key: key.to_owned(),
                total: values.iter().map(|v| v.1).fold(0, i64::wrapping_add),
                values,
            }
        });
        Tags {
            format: report.format(),
            total: report.total,
            keys: keys.collect(),
        }
    }

    /// Writes pprof's text: right-aligned columns, key by key.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let share = |value: i64| match self.total {
            1.. => format!(" ({})", percentage(value, self.total)),
            _ => String::new(),
        };
        for key in &self.keys {
            let head = format!("{}:", key.key);
            let total = self.format.value(key.total);
            let of = self.format.value(self.total);
            writeln!(out, " {head} Total {total} of {of}{}", share(key.total))?;
            let value = |v: i64| format!("{}{}:", self.format.value(v), share(v));
            let cells: Vec<_> = key.values.iter().map(|(_, v)| value(*v)).collect();
            let width = cells.iter().map(|c| c.chars().count()).max().unwrap_or(0);
            let margin = head.chars().count() + 1;
            for (cell, (name, _)) in cells.iter().zip(&key.values) {
                writeln!(out, "{:margin$} {cell:>width$} {name}", "")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
