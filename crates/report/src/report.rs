//! A profile that is ready to be shown: filtered, its value chosen, its total known.

use std::collections::BTreeMap;

use profile::{Profile, Regexp};

use crate::format::Format;
use crate::graph::tags::TagFormat;
use crate::graph::{Graph, Limits, Measure, Naming, Nodes, Value, Wanted};
use crate::header::{Description, Header};
use crate::options::{Options, Sort};
use crate::time::LocalTime;

/// What all views are made from; [`crate::pipeline::prepare`] makes it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The profile, with the filters applied and at the granularity wanted.
    pub profile: Profile,
    /// The options, as the view overrides them.
    pub options: Options,
    /// The value that counts.
    pub measure: Measure,
    /// Its name, with `mean_` before it where it is a mean.
    pub kind: String,
    /// Its unit.
    pub unit: String,
    /// The sum of all values; percentages are of this.
    pub total: i64,
    /// When the capture began, if that is known.
    pub time: Option<LocalTime>,
    /// The units of numeric labels, by key.
    pub label_units: BTreeMap<String, String>,
    /// The view's pattern, if it has one.
    pub pattern: Option<Regexp>,
}

/// The part of the graph that a view shows, and how its values are written.
#[derive(Debug)]
pub struct Trimmed<'p> {
    /// The nodes and edges.
    pub graph: Graph<'p>,
    /// What stands above it.
    pub header: Header,
    /// How values are written.
    pub format: Format,
}

impl Report {
    /// How values are written as long as no unit is picked.
    pub fn format(&self) -> Format {
        Format {
            ratio: 1.0 / self.options.divide_by,
            from: self.unit.clone(),
            to: self.options.unit.clone(),
        }
    }

    /// The program and the value.
    pub fn title(&self) -> String {
        match self.description().file.as_str() {
            "" => self.kind.clone(),
            file => format!("{file}: {}", self.kind),
        }
    }

    /// What the profile says about itself.
    pub fn description(&self) -> Description {
        Description {
            kind: self.kind.clone(),
            unit: self.unit.clone(),
            time: self.time.clone(),
            total: self.total,
            ..Description::new(&self.profile)
        }
    }

    /// The shown part of the graph with the edges wanted.
    pub fn trimmed(&self, edges: Wanted<'_>) -> Trimmed<'_> {
        self.graph(edges, None, Naming::default(), false)
    }

    /// The shown part of the graph for a picture: with all edges and labels.
    pub fn picture(&self) -> Trimmed<'_> {
        let size_unit = self.label_units.get("bytes").map_or("", String::as_str);
        let tags = TagFormat {
            size_unit,
            output_unit: &self.options.unit,
        };
        self.graph(
            Wanted::All,
            Some(&tags),
            Naming::default(),
            self.options.call_tree,
        )
    }

    /// All nodes, told apart as listings need it, without edges.
    pub fn listing(&self) -> Trimmed<'_> {
        let naming = Naming {
            objects: true,
            ..Default::default()
        };
        self.graph(Wanted::None, None, naming, false)
    }

    /// All nodes with all edges, told apart as listings need it. Values are to be whole numbers.
    pub fn positions(&self) -> Trimmed<'_> {
        let naming = Naming {
            objects: true,
            ..Default::default()
        };
        let all = self.graph(Wanted::All, None, naming, self.options.call_tree);
        Trimmed {
            format: self.settled(&all.graph, true),
            ..all
        }
    }

    /// How values are written beside the values of a graph.
    fn settled(&self, graph: &Graph<'_>, whole: bool) -> Format {
        let mut format = self.format();
        let least = |v: &Value| match v.flat_value() {
            0 => v.cum_value(),
            flat => flat,
        };
        let shown = graph.shown.iter().map(|&n| least(graph.value(n)));
        format.settle(shown, self.total, whole);
        format
    }

    fn graph<'a>(
        &'a self,
        edges: Wanted<'_>,
        picture: Option<&TagFormat<'_>>,
        naming: Naming<'a>,
        call_tree: bool,
    ) -> Trimmed<'a> {
        let options = &self.options;
        let naming = Naming {
            trim: Some((&options.trim_path, &options.source_path)),
            exact: options.exact,
            ..naming
        };
        let limits = Limits {
            measure: self.measure,
            drop_negative: options.drop_negative,
            node_count: usize::try_from(options.nodecount).unwrap_or(0),
            node_fraction: options.nodefraction,
            edge_fraction: options.edgefraction,
            cum_sort: options.sort == Sort::Cum,
            edges,
            picture,
            call_tree,
        };
        let graph = Graph::new(Nodes::new(&self.profile, &naming), &limits);

        let format = self.settled(&graph, false);
        let cut = |fraction: f64| ((self.total as f64 * fraction) as i64).wrapping_abs();
        let full = picture.is_some() || !options.compact_labels;
        let header = Header {
            description: full.then(|| self.description()),
            filters: options.active_filters(),
            accounted: graph.flat_total(),
            total: self.total,
            shown: graph.shown.len(),
            candidates: graph.candidates,
            dropped_nodes: graph.dropped_nodes,
            node_cut: cut(options.nodefraction),
            dropped_edges: if picture.is_some() {
                graph.dropped_edges
            } else {
                0
            },
            edge_cut: cut(options.edgefraction),
        };
        Trimmed {
            graph,
            header,
            format,
        }
    }
}
