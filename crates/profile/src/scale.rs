//! Multiplying the values of samples, as google/pprof does (Scale, ScaleN, Normalize), but, unless
//! asked for, for its loss of samples whose only value other than 0 is one that is not scaled.

use crate::error::Error;
use crate::merge::Rules;
use crate::model::{Profile, Samples};

/// Two to the 63rd.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// A value times a ratio, rounded to the nearest; exact for whole ratios.
pub(crate) fn scaled(v: i64, ratio: f64, rules: Rules) -> i64 {
    if rules == Rules::Code {
        return match (v as f64 * ratio).round() {
            _ if ratio == 1.0 => v,
            // What does not fit is the smallest number, on amd64.
            far if !(-LIMIT..LIMIT).contains(&far) => i64::MIN,
            near => near as i64,
        };
    }
    // Whole numbers up to here are exact in floating point.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if ratio == -1.0 {
        // What is subtracted and what it is subtracted from add up to 0, whatever the value.
        return v.wrapping_neg();
    }
    if ratio.fract() == 0.0 && ratio.abs() <= EXACT {
        v.saturating_mul(ratio as i64)
    } else {
        (v as f64 * ratio).round() as i64
    }
}

/// Whether pprof loses a sample with these values: it keeps those only that have, after scaling, a
/// value other than 0 in a column whose ratio is not 1.
pub(crate) fn lost(values: &[i64], ratios: Option<&[f64]>) -> bool {
    let Some(ratios) = ratios.filter(|ratios| ratios.iter().any(|&r| r != 1.0)) else {
        return false;
    };
    let mut scaled = values.iter().zip(ratios).filter(|(_, r)| **r != 1.0);
    scaled.all(|(v, _)| *v == 0)
}

impl Samples {
    /// Makes the samples that pprof loses samples of nothing but 0.
    pub(crate) fn zero_lost(&mut self, ratios: &[f64]) {
        for i in 0..self.len() {
            if lost(self.values(i), Some(ratios)) {
                self.values_mut(i).fill(0);
            }
        }
    }
}

/// Multiplies all values and drops the samples that are then 0. A ratio of 1 changes nothing.
pub fn scale(p: &mut Profile, ratio: f64) {
    let ratios = vec![ratio; p.samples.width()];
    scale_n(p, &ratios, Rules::Stated).expect("there is a ratio for each sample type");
}

/// Multiplies the values of each sample type by its ratio and drops the samples that are then 0.
/// Ratios of 1 change nothing.
pub fn scale_n(p: &mut Profile, ratios: &[f64], rules: Rules) -> Result<(), Error> {
    let width = p.samples.width();
    if ratios.len() != width {
        return Err(Error::Argument(format!(
            "mismatched scale ratios, got {}, want {width}",
            ratios.len()
        )));
    }
    if ratios.iter().all(|&r| r == 1.0) {
        return Ok(());
    }
    p.samples
        .map_values(|column, v| scaled(v, ratios[column], rules));
    if rules == Rules::Code {
        p.samples.zero_lost(ratios);
    }
    p.samples.drop_zeros();
    Ok(())
}

/// Scales each sample type so that its total becomes that of `base`. A total of 0 stays 0. Both
/// must have the same sample types and the same type of period.
pub fn normalize(p: &mut Profile, base: &Profile, rules: Rules) -> Result<(), Error> {
    same_types(p, base)?;
    let ratios: Vec<f64> = base
        .samples
        .totals()
        .into_iter()
        .zip(p.samples.totals())
        .map(|(base, own)| match own {
            0 => 0.0,
            own => base as f64 / own as f64,
        })
        .collect();
    scale_n(p, &ratios, rules)
}

fn same_types(p: &Profile, base: &Profile) -> Result<(), Error> {
    let name = |p: &Profile, t: crate::ValueType| format!("{}/{}", p.str(t.kind), p.str(t.unit));
    let (a, b) = (name(p, p.period_type), name(base, base.period_type));
    if a != b {
        let what = format!("incompatible period types {a} and {b}");
        return Err(Error::Incompatible(what));
    }
    let names = |p: &Profile| -> Vec<String> {
        let types = p.sample_types.iter();
        types.map(|&t| name(p, t)).collect()
    };
    let (a, b) = (names(p), names(base));
    if a != b {
        let (a, b) = (a.join(" "), b.join(" "));
        let what = format!("incompatible sample types [{a}] and [{b}]");
        return Err(Error::Incompatible(what));
    }
    Ok(())
}
