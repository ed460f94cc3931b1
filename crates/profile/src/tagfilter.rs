//! Filters by label: `tagfocus`, `tagignore`, `tagshow`, `taghide`, as in google/pprof
//! (internal/driver/driver_focus.go).
//!
//! `KEY=` before the rest names the key. The rest is a range of numbers with an optional unit (`5`,
//! `32kb:`, `:1s`, `1mb:2mb`), which looks at numeric labels, or patterns with commas between them,
//! which look at text labels: without a key all patterns must match some `key:value`, with a key
//! any pattern any value.

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::filter::Matched;
use crate::goregex::Regexp;
use crate::matcher::Matcher;
use crate::model::{Label, LabelValue, Profile};
use crate::strings::StrId;
use crate::units::{LabelUnits, scale};

/// A filter by label, compiled.
#[derive(Clone, Debug)]
pub struct TagFilter {
    key: Option<String>,
    what: What,
    units: LabelUnits,
}

#[derive(Clone, Debug)]
enum What {
    Range(Range),
    Patterns(Vec<Regexp>),
}

/// Numbers from `low` to `high` of a unit.
#[derive(Clone, Debug)]
struct Range {
    low: f64,
    high: f64,
    unit: String,
}

impl TagFilter {
    /// Compiles a filter; none if it is empty. `name` is the option's name, for errors. `units` are
    /// the units of the profile's numeric labels.
    pub fn new(name: &str, text: &str, units: &LabelUnits) -> Result<Option<Self>, Error> {
        if text.is_empty() {
            return Ok(None);
        }
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, value),
            None => ("", text),
        };
        let bad =
            |e: &dyn std::fmt::Display| Error::Argument(format!("parsing {name} regexp: {e}"));
        let what = match range(value).map_err(|e| bad(&e))? {
            Some(range) => What::Range(range),
            None => What::Patterns(
                value
                    .split(',')
                    .map(|p| Regexp::new(p).map_err(|e| bad(&e)))
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(Some(TagFilter {
            key: (!key.is_empty()).then(|| key.to_owned()),
            what,
            units: units.clone(),
        }))
    }

    /// Whether it was understood as a range of numbers.
    pub fn is_range(&self) -> bool {
        matches!(self.what, What::Range(_))
    }
}

/// The number at the start of the text, with its sign, and the letters after it.
fn number(text: &str) -> Option<(&str, &str, &str)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let (number, rest) = text.split_at(text.len() - unsigned.len() + digits);
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (unit, rest) = rest.split_at(letters);
    Some((number, unit, rest))
}

fn range(text: &str) -> Result<Option<Range>, String> {
    let parse = |n: &str| {
        n.parse::<i64>()
            .map_err(|_| format!("number out of range: {n}"))
    };
    let (open, start) = match text.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let Some((low, low_unit, rest)) = number(start) else {
        return Ok(None);
    };
    let (value, unit) = scale(parse(low)?, low_unit, low_unit);
    let only = |low, high| {
        let unit = unit.to_owned();
        Ok(Some(Range { low, high, unit }))
    };
    match (open, rest) {
        (true, "") => only(f64::NEG_INFINITY, value),
        (false, "") => only(value, value),
        (false, ":") => only(value, f64::INFINITY),
        (true, _) => Ok(None),
        (false, _) => {
            let Some((high, high_unit, "")) = rest.strip_prefix(':').and_then(number) else {
                return Ok(None);
            };
            let (high, high_unit) = scale(parse(high)?, high_unit, unit);
            if high_unit == unit {
                only(value, high)
            } else {
                Ok(None)
            }
        }
    }
}

/// A filter on the samples of one profile, with what is known of its labels.
struct OnProfile<'a> {
    filter: &'a TagFilter,
    /// The key's id; `None` if no key is asked for. A key that the profile lacks matches nothing.
    key: Option<Option<StrId>>,
    /// For each pattern, which pairs of key and value it matches.
    pairs: Vec<FxHashMap<(StrId, StrId), bool>>,
    values: Vec<Matcher<'a>>,
}

impl<'a> OnProfile<'a> {
    fn new(filter: &'a TagFilter, p: &Profile) -> Self {
        let patterns: &[Regexp] = match &filter.what {
            What::Range(_) => &[],
            What::Patterns(patterns) => patterns,
        };
        OnProfile {
            filter,
            key: filter.key.as_ref().map(|key| p.strings.find(key)),
            pairs: vec![FxHashMap::default(); patterns.len()],
            values: patterns.iter().map(|r| Matcher::new(r, p)).collect(),
        }
    }

    fn matches(&mut self, p: &Profile, labels: &[Label]) -> bool {
        match &self.filter.what {
            What::Range(range) => labels.iter().any(|label| {
                let LabelValue::Num(v, _) = label.value else {
                    return false;
                };
                if self.key.is_some_and(|key| key != Some(label.key)) {
                    return false;
                }
                let unit = self.filter.units.get(p.str(label.key));
                let (v, unit) = scale(v, unit, &range.unit);
                unit == range.unit && v >= range.low && v <= range.high
            }),
            What::Patterns(patterns) => {
                let texts = labels.iter().filter_map(|label| match label.value {
                    LabelValue::Str(value) => Some((label.key, value)),
                    LabelValue::Num(..) => None,
                });
                if let Some(key) = self.key {
                    let mut values = texts.filter(|(k, _)| Some(*k) == key);
                    let any = &mut self.values;
                    return values.any(|(_, v)| any.iter_mut().any(|m| m.string(p, v)));
                }
                let mut each = patterns.iter().zip(&mut self.pairs);
                each.all(|(pattern, known)| {
                    texts.clone().any(|(key, value)| {
                        *known.entry((key, value)).or_insert_with(|| {
                            pattern.is_match(&format!("{}:{}", p.str(key), p.str(value)))
                        })
                    })
                })
            }
        }
    }
}

/// Keeps the samples that `focus` matches and `ignore` does not.
pub fn filter_samples_by_tag(
    p: &mut Profile,
    focus: Option<&TagFilter>,
    ignore: Option<&TagFilter>,
) -> Matched {
    let mut matched = Matched::default();
    if focus.or(ignore).is_none() {
        matched.focus = !p.samples.is_empty();
        return matched;
    }
    let mut focus = focus.map(|f| OnProfile::new(f, p));
    let mut ignore = ignore.map(|f| OnProfile::new(f, p));
    let mut keep = Vec::with_capacity(p.samples.len());
    for i in 0..p.samples.len() {
        let labels = p.samples.labels(i);
        let focused = focus.as_mut().is_none_or(|f| f.matches(p, labels));
        let ignored = ignore.as_mut().is_some_and(|f| f.matches(p, labels));
        matched.focus |= focused;
        matched.ignore |= ignored;
        keep.push(focused && !ignored);
    }
    p.samples.edit(|i, stack| keep[i].then_some(0..stack.len()));
    matched
}

/// Keeps the labels whose keys `show` matches and `hide` does not.
pub fn filter_tags(p: &mut Profile, show: Option<&Regexp>, hide: Option<&Regexp>) -> Matched {
    let mut matched = Matched::default();
    if show.or(hide).is_none() {
        matched.show = p.samples.has_labels();
        return matched;
    }
    let mut show = show.map(|r| Matcher::new(r, p));
    let mut hide = hide.map(|r| Matcher::new(r, p));
    let mut samples = std::mem::take(&mut p.samples);
    samples.retain_labels(|label| {
        let shown = show.as_mut().is_none_or(|m| m.string(p, label.key));
        let hidden = hide.as_mut().is_some_and(|m| m.string(p, label.key));
        matched.show |= shown;
        matched.hide |= hidden;
        shown && !hidden
    });
    p.samples = samples;
    matched
}
