//! One profile less another, as `go tool pprof -base` and `-diff_base` do.

use crate::error::Error;
use crate::merge::{Merger, Rules};
use crate::model::{Label, LabelValue, Profile};
use crate::scale::{normalize, scale_n};

/// How the base stands in the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffMode {
    /// Its samples are subtracted from the equal ones (`-base`): for profiles that go on counting.
    Subtract,
    /// Its samples stay apart, with the label `pprof::base` (`-diff_base`): percentages are of its
    /// total.
    Compare,
}

/// The label of the samples of the base.
pub const BASE_LABEL: (&str, &str) = ("pprof::base", "true");

/// `source` less `base`. `normalized`: the source is first scaled to the total of the base.
pub fn diff(
    mut source: Profile,
    mut base: Profile,
    mode: DiffMode,
    normalized: bool,
    rules: Rules,
) -> Result<Profile, Error> {
    if mode == DiffMode::Compare {
        label_all(&mut base);
    }
    if normalized {
        normalize(&mut source, &base, rules)?;
    }
    let ratios = vec![-1.0; base.samples.width()];
    scale_n(&mut base, &ratios, rules)?;
    let mut merger = Merger::new(rules);
    merger.add(&source)?;
    drop(source);
    merger.add(&base)?;
    merger.finish()
}

/// Puts the label of the base on all samples, in place of any that they have.
fn label_all(p: &mut Profile) {
    let key = p.strings.intern(BASE_LABEL.0);
    let value = LabelValue::Str(p.strings.intern(BASE_LABEL.1));
    let old = std::mem::take(&mut p.samples);
    let mut new = crate::Samples::new(old.width());
    new.reserve(old.len(), old.frame_count());
    let mut labels = Vec::new();
    for i in 0..old.len() {
        labels.clear();
        let kept = |l: &&Label| l.key != key || !matches!(l.value, LabelValue::Str(_));
        labels.extend(old.labels(i).iter().filter(kept).copied());
        labels.push(Label { key, value });
        new.push(old.stack(i), old.values(i), &labels);
    }
    p.samples = new;
}
