//! From a profile to a report: what is done to it, in pprof's order.
//!
//! Labels become frames before the filters look at them; the total is that of the whole profile, so
//! it is taken before the filters, unless percentages are to be relative; what is finer than the
//! granularity is blanked last, because filters look at it. Mirrors `generateRawReport` of pprof's
//! `internal/driver`.

use profile::{
    FilterOptions, Filters, Granularity, LabelUnits, LabelValue, Profile, Regexp, aggregate,
    tagroot,
};

use crate::error::Error;
use crate::graph::tags::BASE_LABEL;
use crate::graph::{Measure, weigh::divide};
use crate::options::Options;
use crate::report::Report;
use crate::sample_type;
use crate::time::{LocalTime, Zone};
use crate::view::View;

/// A report and what there is to say about how it came about.
#[derive(Debug)]
pub struct Prepared {
    /// The report.
    pub report: Report,
    /// Warnings for the user, such as filters that matched nothing.
    pub notices: Vec<String>,
}

/// Makes the report that `view` needs.
pub fn prepare(
    profile: Profile,
    options: &Options,
    view: &View,
    zone: &dyn Zone,
) -> Result<Prepared, Error> {
    let mut notices = Vec::new();
    let report = prepare_telling(profile, options, view, zone, &mut notices)?;
    Ok(Prepared { report, notices })
}

/// The same, with what there is to say put into `notices` even where no report can be made.
pub fn prepare_telling(
    mut profile: Profile,
    options: &Options,
    view: &View,
    zone: &dyn Zone,
    notices: &mut Vec<String>,
) -> Result<Report, Error> {
    let units = LabelUnits::of(&profile);
    for (key, others) in &units.ignored {
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        notices.push(format!(
            "For tag {key} used unit {}, also encountered unit(s) {}",
            units.get(key),
            others.join(", ")
        ));
    }

    let mut options = options.clone();
    view.override_options(&mut options);
    add_tag_frames(&mut profile, &options, notices);

    let filters = Filters::new(&filter_options(&options), &units);
    let relative = options.relative_percentages;
    if relative {
        filter(&mut profile, filters.as_ref(), notices)?;
    }
    let index = sample_type::find(&profile, &options.sample_index)?;
    let measure = Measure {
        index,
        mean: options.mean,
    };
    if options.divide_by == 0.0 {
        return Err(Error::ZeroDivisor);
    }
    let pattern = view.pattern().map(|pattern| {
        Regexp::new(pattern)
            .map_err(|e| Error::Pattern(format!("parsing argument regexp {pattern}: {e}")))
    });
    let pattern = pattern.transpose()?;
    let total = total(&profile, measure);
    if !relative {
        filter(&mut profile, filters.as_ref(), notices)?;
    }
    let usual = match view {
        View::Html => Granularity::Addresses,
        _ => Granularity::Functions,
    };
    let granularity = options.granularity.unwrap_or(usual);
    aggregate(
        &mut profile,
        granularity,
        options.noinlines,
        options.showcolumns,
    );

    let whole = [View::Proto, View::Folded, View::Speedscope, View::Flame];
    if whole.contains(view) {
        let ratio = 1.0 / options.divide_by;
        divide_all(&mut profile, ratio);
    }

    let value = profile.sample_types[index];
    let kind = profile.str(value.kind);
    Ok(Report {
        measure,
        kind: if options.mean {
            format!("mean_{kind}")
        } else {
            kind.to_owned()
        },
        unit: profile.str(value.unit).to_owned(),
        total,
        time: match profile.time_nanos {
            0 => None,
            nanos => Some(LocalTime::new(nanos, zone)),
        },
        label_units: units.units,
        pattern,
        options,
        profile,
    })
}

/// Multiplies all values and cuts them to whole numbers.
pub(crate) fn divide_all(profile: &mut Profile, ratio: f64) {
    if ratio > 0.0 && ratio != 1.0 {
        let samples = &mut profile.samples;
        samples.map_values(|_, value| (value as f64 * ratio) as i64);
    }
}

fn filter_options(options: &Options) -> FilterOptions {
    let o = options.clone();
    FilterOptions {
        focus: o.focus,
        ignore: o.ignore,
        hide: o.hide,
        show: o.show,
        show_from: o.show_from,
        tag_focus: o.tagfocus,
        tag_ignore: o.tagignore,
        tag_show: o.tagshow,
        tag_hide: o.taghide,
        prune_from: o.prune_from,
    }
}

fn filter(
    profile: &mut Profile,
    filters: Result<&Filters, &profile::Error>,
    notices: &mut Vec<String>,
) -> Result<(), Error> {
    let filters = filters.map_err(|e| Error::Pattern(e.to_string()))?;
    notices.extend(filters.notes().iter().cloned());
    notices.extend(filters.apply(profile));
    Ok(())
}

fn add_tag_frames(profile: &mut Profile, options: &Options, notices: &mut Vec<String>) {
    let (roots, leaves) = (keys(&options.tagroot), keys(&options.tagleaf));
    let found = tagroot::add_tag_frames(profile, &roots, &leaves, &options.unit);
    for (asked, found, name) in [
        (&options.tagroot, found.root, "TagRoot"),
        (&options.tagleaf, found.leaf, "TagLeaf"),
    ] {
        if !asked.is_empty() && !found {
            notices.push(format!("{name} expression matched no samples"));
        }
    }
}

/// The label keys of a comma-separated list.
fn keys(list: &str) -> Vec<&str> {
    list.split(',').filter(|key| !key.is_empty()).collect()
}

/// The sum of the magnitudes of all values. In a comparison it is that of the base.
fn total(profile: &Profile, measure: Measure) -> i64 {
    let samples = &profile.samples;
    let base = profile.strings.find(BASE_LABEL);
    let base = base.zip(profile.strings.find("true"));
    let is_base = |i: usize| {
        base.is_some_and(|(key, yes)| {
            let mut labels = samples.labels(i).iter();
            labels.any(|l| l.key == key && l.value == LabelValue::Str(yes))
        })
    };
    let (mut all, mut of_base) = ((0i64, 0i64), (0i64, 0i64));
    for i in 0..samples.len() {
        let (value, by) = measure.of(samples.values(i));
        let add = |sum: &mut (i64, i64)| {
            sum.0 = sum.0.wrapping_add(value.wrapping_abs());
            sum.1 = sum.1.wrapping_add(by);
        };
        add(&mut all);
        if is_base(i) {
            add(&mut of_base);
        }
    }
    let (sum, by) = if of_base.0 > 0 { of_base } else { all };
    divide(sum, by)
}
