//! Units of values and of numeric labels, as in google/pprof (internal/measurement and
//! profile.NumLabelUnits).

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use crate::model::{LabelValue, Profile};

struct Unit {
    name: &'static str,
    aliases: &'static [&'static str],
    factor: f64,
}

/// Units of one kind; the default one is used where the wanted unit is of another kind.
struct Family {
    units: &'static [Unit],
    default: (&'static str, f64),
}

const fn unit(name: &'static str, aliases: &'static [&'static str], factor: f64) -> Unit {
    Unit {
        name,
        aliases,
        factor,
    }
}

const KB: f64 = 1024.0;

static FAMILIES: [Family; 3] = [
    Family {
        units: &[
            unit("B", &["b", "byte"], 1.0),
            unit("kB", &["kb", "kbyte", "kilobyte"], KB),
            unit("MB", &["mb", "mbyte", "megabyte"], KB * KB),
            unit("GB", &["gb", "gbyte", "gigabyte"], KB * KB * KB),
            unit("TB", &["tb", "tbyte", "terabyte"], KB * KB * KB * KB),
            unit("PB", &["pb", "pbyte", "petabyte"], KB * KB * KB * KB * KB),
        ],
        default: ("B", 1.0),
    },
    Family {
        units: &[
            unit("ns", &["ns", "nanosecond"], 1.0),
            unit("us", &["μs", "us", "microsecond"], 1e3),
            unit("ms", &["ms", "millisecond"], 1e6),
            unit("s", &["s", "sec", "second"], 1e9),
            unit("hrs", &["hour", "hr"], 3600e9),
        ],
        default: ("s", 1e9),
    },
    Family {
        units: &[
            unit("n*GCU", &["nanogcu"], 1e-9),
            unit("u*GCU", &["microgcu"], 1e-6),
            unit("m*GCU", &["milligcu"], 1e-3),
            unit("GCU", &["gcu"], 1.0),
            unit("k*GCU", &["kilogcu"], 1e3),
            unit("M*GCU", &["megagcu"], 1e6),
            unit("G*GCU", &["gigagcu"], 1e9),
            unit("T*GCU", &["teragcu"], 1e12),
            unit("P*GCU", &["petagcu"], 1e15),
        ],
        default: ("GCU", 1.0),
    },
];

impl Family {
    fn find(&self, name: &str) -> Option<&Unit> {
        let lower = name.to_lowercase();
        let mut name = lower.as_str();
        if name.len() > 2 {
            name = name.strip_suffix('s').unwrap_or(name);
        }
        self.units.iter().find(|u| u.aliases.contains(&name))
    }

    /// The largest unit of which there is at least one.
    fn auto(&self, value: f64) -> (&'static str, f64) {
        let mut best = None;
        for u in self.units {
            let larger = best.is_none_or(|(_, factor)| u.factor >= factor);
            if larger && value / u.factor >= 1.0 {
                best = Some((u.name, u.factor));
            }
        }
        best.unwrap_or(self.default)
    }
}

/// A value in another unit, and that unit's name; the name is empty if it says nothing (`count`).
/// `auto` and `minimum` choose the unit by the value.
pub fn scale<'a>(value: i64, from: &str, to: &'a str) -> (f64, &'a str) {
    if value < 0 && value != i64::MIN {
        let (v, unit) = scale(-value, from, to);
        return (-v, unit);
    }
    for family in &FAMILIES {
        let Some(from) = family.find(from) else {
            continue;
        };
        let v = value as f64 * from.factor;
        let (name, factor) = if matches!(to, "minimum" | "auto") {
            family.auto(v)
        } else {
            let to = family.find(to);
            to.map_or(family.default, |u| (u.name, u.factor))
        };
        return (v / factor, name);
    }
    let unit = match to {
        "count" | "sample" | "unit" | "minimum" | "auto" => "",
        other => other,
    };
    (value as f64, unit)
}

/// [`scale`] for many values: units are looked up once.
pub fn scaler<'a>(from: &'a str, to: &'a str) -> impl Fn(i64) -> f64 + 'a {
    let auto = matches!(to, "minimum" | "auto");
    let mut families = FAMILIES.iter();
    let found = families.find_map(|family| Some((family, family.find(from)?.factor)));
    let factors = found.map(|(family, from)| {
        let to = family.find(to);
        (from, to.map_or(family.default.1, |u| u.factor))
    });
    move |value| match factors {
        Some(_) if auto => scale(value, from, to).0,
        Some((from, to)) => value as f64 * from / to,
        None => value as f64,
    }
}

/// A value in another unit as text with at most two decimals: `1.50MB`, `10ms`, `0`.
pub fn scaled_label(value: i64, from: &str, to: &str) -> String {
    let (v, unit) = scale(value, from, to);
    let text = format!("{v:.2}");
    let text = text.strip_suffix(".00").unwrap_or(&text);
    if text == "0" || text == "-0" {
        return "0".to_owned();
    }
    format!("{text}{unit}")
}

/// Whether two units measure the same thing.
pub(crate) fn same_kind(a: &str, b: &str) -> bool {
    a == b
        || FAMILIES
            .iter()
            .any(|f| f.find(a).is_some() && f.find(b).is_some())
}

/// The units of the numeric labels of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelUnits {
    /// The unit of each key: the first one found, else what the key suggests.
    pub units: BTreeMap<String, String>,
    /// Other units of a key, sorted, where there are any.
    pub ignored: BTreeMap<String, BTreeSet<String>>,
}

impl LabelUnits {
    /// Finds the units of the labels of all samples.
    pub fn of(profile: &Profile) -> Self {
        let mut seen = Vec::new();
        let mut known = FxHashSet::default();
        for label in &profile.samples.labels {
            if let LabelValue::Num(_, unit) = label.value {
                let pair = (label.key, unit);
                if known.insert(pair) {
                    seen.push(pair);
                }
            }
        }
        let mut found = LabelUnits::default();
        for &(key, unit) in seen.iter().filter(|(_, unit)| !unit.is_empty()) {
            let (key, unit) = (profile.str(key), profile.str(unit));
            match found.units.get(key) {
                None => {
                    found.units.insert(key.to_owned(), unit.to_owned());
                }
                Some(first) if first != unit => {
                    let others = found.ignored.entry(key.to_owned()).or_default();
                    others.insert(unit.to_owned());
                }
                Some(_) => {}
            }
        }
        for (key, _) in seen {
            let key = profile.str(key);
            found.units.entry(key.to_owned()).or_insert_with(|| {
                match key {
                    "alignment" | "request" => "bytes",
                    other => other,
                }
                .to_owned()
            });
        }
        found
    }

    /// The unit of a key; empty if no numeric label has it.
    pub fn get(&self, key: &str) -> &str {
        self.units.get(key).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling() {
        let check = |value, from, to, want| {
            assert_eq!(
                scaled_label(value, from, to),
                want,
                "{value} {from} to {to}"
            );
            assert_eq!(scaler(from, to)(value), scale(value, from, to).0);
        };
        check(0, "bytes", "auto", "0");
        check(1536, "bytes", "auto", "1.50kB");
        check(-1536, "bytes", "auto", "-1.50kB");
        check(1 << 20, "b", "kb", "1024kB");
        check(10_000_000, "nanoseconds", "auto", "10ms");
        check(3_600_000_000_000, "ns", "minimum", "1hrs");
        check(5, "s", "bytes", "5s");
        check(7, "count", "auto", "7");
        check(7, "widgets", "gadgets", "7gadgets");
        check(2, "GCUs", "auto", "2GCU");
        check(i64::MIN, "ns", "s", "-9223372036.85s");
        check(1, "bytes", "MB", "0");
    }
}
