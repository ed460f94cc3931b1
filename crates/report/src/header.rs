//! What stands above a report: which profile it is of, and how much of it is shown.

use profile::Profile;

use crate::format::Format;
use crate::measure::{label, percentage, scale};
use crate::paths;
use crate::time::LocalTime;

/// What a profile says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The main binary's file name, without directories; empty if not known.
    pub file: String,
    /// The main binary's build id; empty if not known.
    pub build_id: String,
    /// Free text. Comments that begin with `#` are not for people and left out.
    pub comments: Vec<String>,
    /// The kind of value shown.
    pub kind: String,
    /// Its unit.
    pub unit: String,
    /// Where the profile's documentation is; empty if nowhere.
    pub doc_url: String,
    /// When the capture began, if that is known.
    pub time: Option<LocalTime>,
    /// How long it took, in nanoseconds; 0 if not known.
    pub duration_nanos: i64,
    /// The sum of all values.
    pub total: i64,
}

impl Description {
    /// The description of a profile; what the report decides is filled in by it.
    pub fn new(profile: &Profile) -> Self {
        let main = profile.mappings.first();
        let text = |id| profile.str(id).to_owned();
        Description {
            file: match main.map(|m| profile.str(m.file)) {
                None | Some("") => String::new(),
                Some(path) => paths::base(path).to_owned(),
            },
            build_id: main.map(|m| text(m.build_id)).unwrap_or_default(),
            comments: profile
                .comments
                .iter()
                .map(|&c| text(c))
                .filter(|c| !c.starts_with('#'))
                .collect(),
            doc_url: text(profile.doc_url),
            duration_nanos: profile.duration_nanos,
            ..Default::default()
        }
    }

    /// As lines of text.
    pub fn lines(&self, format: &Format) -> Vec<String> {
        let mut lines = Vec::new();
        let time = self.time.as_ref().map(LocalTime::header);
        let known = |key: &str, value: &str| {
            let known = !value.is_empty();
            known.then(|| format!("{key}: {value}"))
        };
        lines.extend(known("File", &self.file));
        lines.extend(known("Build ID", &self.build_id));
        lines.extend(self.comments.iter().cloned());
        lines.extend(known("Type", &self.kind));
        lines.extend(known("Doc", &self.doc_url));
        lines.extend(known("Time", &time.unwrap_or_default()));
        if self.duration_nanos != 0 {
            let share = match scale(self.total, &self.unit, "nanoseconds") {
                (nanos, "ns") if nanos != 0.0 => {
                    format!("({})", percentage(nanos as i64, self.duration_nanos))
                }
                _ => String::new(),
            };
            let duration = label(self.duration_nanos, "nanoseconds");
            let total = format.value(self.total);
            lines.push(format!(
                "Duration: {duration}, Total samples = {total} {share}"
            ));
        }
        lines
    }
}

/// What a report of nodes says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The profile; `None` where compact labels are asked for.
    pub description: Option<Description>,
    /// The filters that are on, as `name=value`.
    pub filters: Vec<String>,
    /// The sum of the values of the nodes shown.
    pub accounted: i64,
    /// The sum of all values.
    pub total: i64,
    /// How many nodes are shown.
    pub shown: usize,
    /// How many were left when small nodes had been dropped.
    pub candidates: usize,
    /// How many small nodes were dropped.
    pub dropped_nodes: usize,
    /// What a node needs not to be dropped.
    pub node_cut: i64,
    /// How many light edges were dropped; 0 in reports that do not say.
    pub dropped_edges: usize,
    /// What an edge needs not to be dropped.
    pub edge_cut: i64,
}

impl Header {
    /// As lines of text.
    pub fn lines(&self, format: &Format) -> Vec<String> {
        let mut lines = match &self.description {
            Some(d) => d.lines(format),
            None => Vec::new(),
        };
        if !self.filters.is_empty() {
            lines.push("Active filters:".to_owned());
            lines.extend(self.filters.iter().map(|f| format!("   {}", shorten(f))));
        }
        let total = format.value(self.total);
        lines.push(format!(
            "Showing nodes accounting for {}, {} of {total} total",
            format.value(self.accounted),
            percentage(self.accounted, self.total).trim(),
        ));
        if self.total == 0 {
            return lines;
        }
        let mut dropped = |count: usize, what: &str, value: &str, cut: i64| {
            if count > 0 {
                let plural = if count == 1 { "" } else { "s" };
                let cut = format.value(cut);
                lines.push(format!("Dropped {count} {what}{plural} ({value} <= {cut})"));
            }
        };
        dropped(self.dropped_nodes, "node", "cum", self.node_cut);
        dropped(self.dropped_edges, "edge", "freq", self.edge_cut);
        if self.shown > 0 && self.shown < self.candidates {
            lines.push(format!(
                "Showing top {} nodes out of {}",
                self.shown, self.candidates
            ));
        }
        lines
    }
}

/// Cuts a long filter after 80 bytes, or before the character that straddles them.
fn shorten(filter: &str) -> String {
    if filter.len() <= 80 {
        return filter.to_owned();
    }
    let ends = filter.char_indices().map(|(at, _)| at);
    let end = ends.take_while(|&at| at <= 80).last().unwrap_or(0);
    format!("{}…", &filter[..end])
}
