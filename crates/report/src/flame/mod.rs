//! Flame graphs: the merged call tree of a profile as boxes, each as wide as its share.
//!
//! [`tree`] merges the stacks, `svg` draws them, [`palette`] has the colours and `data` what the
//! script inside the picture needs to zoom and search. Widths are sums of magnitudes, so that in a
//! comparison gains and losses do not cancel each other out; values keep their signs. Where it is known
//! what was before (`-diff_base`), each stack is as wide as the larger of both sides.

mod data;
mod frames;
pub mod palette;
mod svg;
pub mod tree;
mod wording;

use profile::Profile;

use crate::header::Description;
use crate::measure::{label, percentage, scale};
use crate::report::Report;
pub use tree::Tree;

/// What to draw and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The column of the values.
    pub sample_index: usize,
    /// What shares are of; 0 for the sum of all magnitudes.
    pub total: i64,
    /// The title; empty for the program and the kind of value.
    pub title: String,
    /// The line below it; empty for total and duration.
    pub subtitle: String,
    /// More lines, such as how complete the capture is.
    pub notes: Vec<String>,
    /// The root at the bottom and flames upwards, instead of the root at the top.
    pub upwards: bool,
    /// Boxes with a smaller share are not drawn, until they are zoomed at.
    pub min_share: f64,
    /// The width of the picture.
    pub width: f64,
    /// The picture is part of an HTML page: it is as wide as what it stands in, and its style is its
    /// own.
    pub embedded: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            sample_index: 0,
            total: 0,
            title: String::new(),
            subtitle: String::new(),
            notes: Vec::new(),
            upwards: false,
            min_share: 0.001,
            width: 1200.0,
            embedded: false,
        }
    }
}

impl Options {
    /// What a report says: its title, and what it tells about itself below it.
    pub fn of(report: &Report) -> Options {
        let description = report.description();
        let time = description.time.as_ref().map(|t| t.header());
        let filters = report.options.active_filters();
        let mut notes = description.comments;
        let facts: Vec<String> = time.into_iter().chain(filters).collect();
        if !facts.is_empty() {
            notes.push(facts.join(" · "));
        }
        Options {
            sample_index: report.measure.index,
            total: report.total,
            title: report.title(),
            notes,
            ..Options::default()
        }
    }
}

/// The most nodes that a picture keeps, drawn or not.
const MOST_NODES: usize = 16_000;

/// How much smaller than the smallest box drawn are those that can be zoomed at.
const ZOOM: f64 = 10.0;

/// The flame graph of a profile as SVG.
pub fn render(profile: &Profile, options: &Options) -> String {
    let min_share = if options.min_share.is_finite() {
        options.min_share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let all = total_weight(profile, options.sample_index);
    let least = (all as f64 * min_share / ZOOM) as u64;
    let mut tree = Tree::new(profile, options.sample_index, least);
    tree.prune(MOST_NODES);
    let sides = tree.has_sides();
    if sides {
        tree.weigh_sides();
    }
    let unit = profile.sample_types.get(options.sample_index);
    let unit = unit.map_or("", |t| profile.str(t.unit)).to_owned();
    let total = match options.total {
        0 => i64::try_from(all).unwrap_or(i64::MAX),
        total => total,
    };
    let root = &tree.nodes[0];
    let picture = svg::Picture {
        title: title(profile, options),
        lines: lines(profile, options, root, total, &unit),
        unit,
        total,
        signed: sides || tree.nodes.iter().any(is_signed),
        sides,
        upwards: options.upwards,
        embedded: options.embedded,
        min_share,
        width: if options.width.is_finite() {
            options.width.clamp(300.0, 20_000.0)
        } else {
            Options::default().width
        },
        tree: &tree,
    };
    picture.draw()
}

fn total_weight(profile: &Profile, sample_index: usize) -> u64 {
    (0..profile.samples.len())
        .filter_map(|i| profile.samples.values(i).get(sample_index))
        .fold(0u64, |sum, v| sum.saturating_add(v.unsigned_abs()))
}

fn title(profile: &Profile, options: &Options) -> String {
    if !options.title.is_empty() {
        return options.title.clone();
    }
    let file = Description::new(profile).file;
    let kind = profile.sample_types.get(options.sample_index);
    let kind = kind.map_or("", |t| profile.str(t.kind));
    match (file.as_str(), kind) {
        ("", "") => "flame graph".to_owned(),
        ("", name) | (name, "") => name.to_owned(),
        (file, kind) => format!("{file}: {kind}"),
    }
}

fn lines(
    profile: &Profile,
    options: &Options,
    root: &tree::Node,
    total: i64,
    unit: &str,
) -> Vec<String> {
    let mut lines = Vec::new();
    if !options.subtitle.is_empty() {
        lines.push(options.subtitle.clone());
    } else if root.before != 0 {
        let sides = both_sides(root.before, root.value, unit);
        lines.push(format!(
            "Change {}: {sides}",
            signed_label(root.value, unit)
        ));
    } else if is_signed(root) {
        let gains = i64::try_from((i128::from(root.weight) + i128::from(root.value)) / 2);
        let losses = i64::try_from((i128::from(root.weight) - i128::from(root.value)) / 2);
        let [gains, losses] = [gains, losses].map(|v| label(v.unwrap_or(i64::MAX), unit));
        lines.push(format!(
            "Change {} (+{gains}, -{losses})",
            signed_label(root.value, unit)
        ));
    } else {
        lines.push(total_line(profile, options, total, unit));
    }
    lines.extend(options.notes.iter().cloned());
    lines
}

fn total_line(profile: &Profile, options: &Options, total: i64, unit: &str) -> String {
    let mut line = format!("Total {}", label(total, unit));
    if scale(1, unit, "auto").1.is_empty() && !unit.is_empty() {
        line.push_str(&format!(" {unit}"));
    }
    if profile.duration_nanos > 0 {
        line.push_str(&format!(
            " in {}",
            label(profile.duration_nanos, "nanoseconds")
        ));
        if let (nanos, "ns") = scale(total, unit, "nanoseconds") {
            let share = percentage(nanos as i64, profile.duration_nanos);
            let kind = profile.sample_types.get(options.sample_index);
            let is_cpu = kind.is_some_and(|t| profile.str(t.kind) == "cpu");
            let of = if is_cpu { " of one CPU" } else { "" };
            line.push_str(&format!(" ({}{of})", share.trim()));
        }
    }
    line
}

/// Whether some of the values below a node are losses.
fn is_signed(node: &tree::Node) -> bool {
    u64::try_from(node.value) != Ok(node.weight)
}

/// Both sides of a comparison, and the change in percent where there was something before.
fn both_sides(before: i64, change: i64, unit: &str) -> String {
    let after = before.saturating_add(change);
    let mut text = format!(
        "before {}, after {}",
        label(before, unit),
        label(after, unit)
    );
    if before != 0 {
        let sign = if change < 0 { '-' } else { '+' };
        text.push_str(&format!(" ({sign}{})", percentage(change, before).trim()));
    }
    text
}

/// A value with its sign.
fn signed_label(value: i64, unit: &str) -> String {
    let text = label(value, unit);
    if value > 0 { format!("+{text}") } else { text }
}
