//! What changed between two profiles, function by function.

use std::collections::HashMap;
use std::io::{self, Write};

use profile::diff::{DiffMode, diff};
use profile::{Profile, Rules};
use serde_json::{Value, json};

use crate::benchdiff::Tone;
use crate::error::Error;
use crate::measure::label;
use crate::options::Options;
use crate::pipeline::prepare;
use crate::time::Zone;
use crate::top::{Row, Top};
use crate::view::View;

/// The difference of two profiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The value compared, e.g. `cpu`.
    pub kind: String,
    /// Its unit.
    pub unit: String,
    /// Whether the new values were scaled so that both totals are equal.
    pub normalized: bool,
    /// The sum of all old values.
    pub old_total: i64,
    /// The sum of all new ones, not scaled.
    pub new_total: i64,
    /// The functions that changed, those that changed most first.
    pub rows: Vec<Function>,
}

/// A function's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its own value before and after.
    pub flat: (i64, i64),
    /// The same with everything that it calls.
    pub cum: (i64, i64),
}

impl Change {
    /// Compares profiles. `normalized` scales the new one to the total of the old one.
    pub fn new(
        old: &Profile,
        new: &Profile,
        options: &Options,
        normalized: bool,
        zone: &dyn Zone,
    ) -> Result<Change, Error> {
        let options = Options {
            nodefraction: 0.0,
            nodecount: 0,
            ..options.clone()
        };
        let top = |profile: Profile| -> Result<_, Error> {
            let report = prepare(profile, &options, &View::Top, zone)?.report;
            let rows = Top::new(&report).rows;
            Ok((report, rows))
        };
        let (before, rows) = top(old.clone())?;
        let (after, _) = top(new.clone())?;
        let both_count = before.total != 0 && after.total != 0;
        let normalized = normalized && both_count;
        let (_, changes) = top(diff(
            new.clone(),
            old.clone(),
            DiffMode::Compare,
            normalized,
            Rules::default(),
        )?)?;
        let mut known: HashMap<&str, (i64, i64)> = HashMap::new();
        for row in &rows {
            let (flat, cum) = known.entry(&row.name).or_default();
            (*flat, *cum) = (flat.wrapping_add(row.flat), cum.wrapping_add(row.cum));
        }
        let function = |row: Row| {
            let (flat, cum) = known.get(row.name.as_str()).copied().unwrap_or_default();
            Function {
                flat: (flat, flat.wrapping_add(row.flat)),
                cum: (cum, cum.wrapping_add(row.cum)),
                name: row.name,
            }
        };
        let mut rows: Vec<Function> = changes.into_iter().map(function).collect();
        rows.retain(|row| row.flat.0 != row.flat.1 || row.cum.0 != row.cum.1);
        let size = |(old, new): (i64, i64)| new.wrapping_sub(old).unsigned_abs();
        rows.sort_by(|a, b| {
            let sizes = (size(b.flat), size(b.cum)).cmp(&(size(a.flat), size(a.cum)));
            sizes.then_with(|| a.name.cmp(&b.name))
        });
        Ok(Change {
            kind: before.kind,
            unit: before.unit,
            normalized,
            old_total: before.total,
            new_total: after.total,
            rows,
        })
    }

    /// Writes the totals and at most so many functions; `paint` gives a text its colour.
    pub fn write(
        &self,
        rows: usize,
        out: &mut dyn Write,
        paint: &dyn Fn(Tone, &str) -> String,
    ) -> io::Result<()> {
        let value = |v: i64| label(v, &self.unit);
        let totals = (self.old_total, self.new_total);
        let tone = if self.normalized {
            Tone::Plain
        } else {
            tone(totals)
        };
        writeln!(
            out,
            "{}: {} → {} {}",
            self.kind,
            value(totals.0),
            value(totals.1),
            paint(tone, &format!("({})", percent(totals)))
        )?;
        if self.normalized {
            writeln!(out, "new values are scaled to the total of the old ones")?;
        }
        let shown: Vec<&Function> = self.rows.iter().filter(|f| f.flat.0 != f.flat.1).collect();
        if shown.is_empty() {
            return writeln!(out, "no function changed");
        }
        writeln!(out, "       old        new     change")?;
        for function in shown.iter().take(rows) {
            let (old, new) = function.flat;
            let delta = new.wrapping_sub(old);
            let sign = if delta > 0 { "+" } else { "" };
            let delta = format!(
                "{:>10} {:>8}",
                format!("{sign}{}", value(delta)),
                percent((old, new))
            );
            writeln!(
                out,
                "{:>10} {:>10} {}  {}",
                value(old),
                value(new),
                paint(self::tone((old, new)), &delta),
                function.name
            )?;
        }
        match shown.len().saturating_sub(rows) {
            0 => Ok(()),
            1 => writeln!(out, "and 1 function more"),
            more => writeln!(out, "and {more} functions more"),
        }
    }

    /// As a record; docs/diff.md describes the fields.
    pub fn json(&self) -> Value {
        let functions = self.rows.iter().map(|f| {
            json!({
                "function": f.name,
                "old_flat": f.flat.0, "new_flat": f.flat.1,
                "old_cum": f.cum.0, "new_cum": f.cum.1,
            })
        });
        json!({
            "sample_type": self.kind,
            "unit": self.unit,
            "normalized": self.normalized,
            "old_total": self.old_total,
            "new_total": self.new_total,
            "functions": functions.collect::<Vec<_>>(),
        })
    }
}

fn tone((old, new): (i64, i64)) -> Tone {
    match new.cmp(&old) {
        std::cmp::Ordering::Less => Tone::Better,
        std::cmp::Ordering::Equal => Tone::Plain,
        std::cmp::Ordering::Greater => Tone::Worse,
    }
}

fn percent((old, new): (i64, i64)) -> String {
    match old {
        old if old == new => "0%".to_owned(),
        0 => "new".to_owned(),
        _ if new == 0 => "gone".to_owned(),
        old => format!("{:+.1}%", (new as f64 / old as f64 - 1.0) * 100.0),
    }
}
