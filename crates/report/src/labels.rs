//! The labels of one sample by key, as the texts that list them need it.

use std::collections::BTreeMap;

use profile::{Label, LabelValue, Profile};

/// The values of one key, in the order of the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values<'p> {
    /// The texts.
    pub texts: Vec<&'p str>,
    /// The numbers with their units, which may be empty.
    pub numbers: Vec<(i64, &'p str)>,
}

/// The labels by key.
pub fn by_key<'p>(profile: &'p Profile, labels: &[Label]) -> BTreeMap<&'p str, Values<'p>> {
    let mut keys: BTreeMap<&str, Values<'_>> = BTreeMap::new();
    for label in labels {
        let values = keys.entry(profile.str(label.key)).or_default();
        match label.value {
            LabelValue::Str(text) => values.texts.push(profile.str(text)),
            LabelValue::Num(n, unit) => values.numbers.push((n, profile.str(unit))),
        }
    }
    keys
}
