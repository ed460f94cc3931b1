//! The call graph as a picture shows it: boxes with labels, and arrows.
//!
//! This is what [`crate::dot`] writes for Graphviz and [`crate::svg::callgraph`] draws. Mirrors what
//! pprof's `internal/graph/dotgraph.go` decides.

use crate::format::Format;
use crate::graph::nodes::{Place, components};
use crate::graph::order::sort_edges;
use crate::graph::tags::{self, MAX_TAGS, NodeTags, Tag};
use crate::graph::{Edge, Graph, NodeInfo, NodeIx, Value};
use crate::header::Header;
use crate::measure::{label, percentage, scale};
use crate::names::shorten;
use crate::paths;
use crate::report::{Report, Trimmed};
use crate::svg;

/// The call graph as a picture shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallGraph {
    /// The program's name; empty if not known.
    pub title: String,
    /// What stands beside it.
    pub header: Header,
    /// How values are written.
    pub format: Format,
    /// The boxes.
    pub nodes: Vec<Node>,
    /// The arrows, heaviest first.
    pub edges: Vec<Arrow>,
    /// The arrows to nodes that have no box, as their value comes out as 0; only where pprof's
    /// mistakes are asked for.
    pub astray: Vec<Astray>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The whole name.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The lines of the name as it stands in the box.
    pub lines: Vec<String>,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
    /// Whether arrows leave it.
    pub calls: bool,
    /// The labels of its samples.
    pub tags: NodeTags,
}

/// An arrow between two boxes, by their place in [`CallGraph::nodes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The caller.
    pub src: usize,
    /// The callee.
    pub dest: usize,
    /// The value of the samples that run along it.
    pub weight: i64,
    /// There are others between the two that are not shown.
    pub residual: bool,
    /// The callee is always inlined into the caller.
    pub inline: bool,
}

/// An arrow to a node without a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Astray {
    /// How many of [`CallGraph::edges`] come before it.
    pub at: usize,
    /// The arrow, without a place that it leads to.
    pub arrow: Arrow,
    /// The node's name.
    pub callee: String,
}

/// The box of a label, below that of a node or of another label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagBox {
    /// Its number among those of its kind at the same box.
    pub number: usize,
    /// It stands for sizes, not for texts.
    pub sizes: bool,
    /// What is in it.
    pub name: String,
    /// What its samples add up to.
    pub value: i64,
    /// The value includes that of callees that are not shown.
    pub dotted: bool,
    /// The sizes beside a set of texts.
    pub inner: Vec<TagBox>,
}

impl CallGraph {
    /// The call graph of a report.
    pub fn new(report: &Report) -> Self {
        let Trimmed {
            mut graph,
            header,
            format,
        } = report.picture();
        let mut place: Vec<Option<usize>> = vec![None; graph.infos.len()];
        for (i, &n) in graph.shown.iter().enumerate() {
            place[n as usize] = Some(i);
        }
        let mut tags = std::mem::take(&mut graph.tags).into_iter();
        let g = &graph;
        let node = |&n: &NodeIx| Node {
            name: g.name(n).into_owned(),
            place: g.place(n),
            lines: box_lines(g, &g.infos[n as usize]),
            flat: g.value(n).flat_value(),
            cum: g.value(n).cum_value(),
            calls: g.edges.callees(n).next().is_some(),
            tags: tags.next().unwrap_or_default(),
        };
        let nodes = g.shown.iter().map(node).collect();
        let all = g.shown.iter().flat_map(|&n| g.edges.callees(n));
        let arrow = |e: &Edge, dest: usize| {
            Some(Arrow {
                src: place[e.src as usize]?,
                dest,
                weight: e.weight_value(),
                residual: e.residual,
                inline: e.inline,
            })
        };
        let (mut edges, mut astray) = (Vec::new(), Vec::new());
        for e in sort_edges(all, &g.nodes, &g.infos) {
            match place[e.dest as usize] {
                Some(dest) => edges.extend(arrow(e, dest)),
                None if report.options.exact => astray.extend(arrow(e, usize::MAX).map(|arrow| {
                    let callee = g.name(e.dest).into_owned();
                    let at = edges.len();
                    Astray { at, arrow, callee }
                })),
                None => {}
            }
        }
        CallGraph {
            title: report.description().file,
            edges,
            astray,
            nodes,
            header,
            format,
        }
    }

    /// The lines of the legend.
    pub fn legend(&self) -> Vec<String> {
        let mut lines = self.header.lines(&self.format);
        lines.push("\nSee https://git.io/JfYMW for how to read the graph".to_owned());
        lines
    }

    /// The lines of the values as they stand in a box, below the name.
    pub fn value_lines(&self, node: &Node) -> Vec<String> {
        let with_share = |v: i64| {
            let share = percentage(v, self.header.total);
            format!("{} ({})", self.format.value(v), share.trim())
        };
        match (node.flat, node.cum) {
            (0, 0) => vec!["0".to_owned()],
            (0, cum) => vec![format!("0 of {}", with_share(cum))],
            (flat, cum) if flat == cum => vec![with_share(flat)],
            (flat, cum) => vec![with_share(flat), format!("of {}", with_share(cum))],
        }
    }

    /// The boxes for the labels at a node, heaviest first, texts before sizes.
    pub fn tag_boxes(&self, node: &Node) -> Vec<TagBox> {
        // A leaf also stands for callees that are not shown, so all of its samples count.
        let flat = node.calls;
        let sizes = |set: &str| {
            let found = node.tags.sizes.iter().find(|(s, _)| s == set);
            found.map_or(Vec::new(), |(_, sizes)| size_boxes(sizes, flat))
        };
        let mut labels = node.tags.labels.clone();
        tags::sort(&mut labels, flat);
        let labels = labels.iter().take(MAX_TAGS).enumerate();
        let mut boxes: Vec<TagBox> = labels
            .map(|(number, tag)| TagBox {
                number,
                sizes: false,
                name: tag.name.clone(),
                value: match flat {
                    true => tag.value.flat_value(),
                    false => tag.value.cum_value(),
                },
                dotted: false,
                inner: sizes(&tag.name),
            })
            .collect();
        boxes.retain(|tag| tag.value != 0);
        boxes.extend(sizes(""));
        boxes
    }

    /// What is shown while the pointer is over an arrow.
    pub fn tip(&self, edge: &Arrow) -> String {
        self.tip_to(edge, &self.nodes[edge.dest].name)
    }

    /// The same for an arrow to `callee`, wherever it is.
    pub fn tip_to(&self, edge: &Arrow, callee: &str) -> String {
        let arrow = if edge.residual { "..." } else { "->" };
        let caller = &self.nodes[edge.src].name;
        let weight = self.format.value(edge.weight);
        format!("{caller} {arrow} {callee} ({weight})")
    }

    /// The same for the layout engine and the painter.
    pub fn picture(&self) -> svg::CallGraph {
        let nodes = self.nodes.iter().map(|node| svg::CallNode {
            label_lines: node
                .lines
                .iter()
                .cloned()
                .chain(self.value_lines(node))
                .collect(),
            tooltip: format!("{} ({})", node.name, self.format.value(node.cum)),
            flat: node.flat,
            cum: node.cum,
            nodelets: self.nodelets(&self.tag_boxes(node)),
        });
        let edges = self.edges.iter().map(|edge| svg::CallEdge {
            from: edge.src,
            to: edge.dest,
            weight: edge.weight,
            label: self.format.value(edge.weight),
            inline: edge.inline,
            residual: edge.residual,
            tooltip: self.tip(edge),
        });
        svg::CallGraph {
            title: self.title.clone(),
            legend: self.header.lines(&self.format),
            legend_url: String::new(),
            total: self.header.total,
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }

    fn nodelets(&self, boxes: &[TagBox]) -> Vec<svg::Nodelet> {
        let nodelet = |tag: &TagBox| svg::Nodelet {
            label_lines: tag.name.split("\\n").map(str::to_owned).collect(),
            weight: self.format.value(tag.value),
            dotted: tag.dotted,
            nodelets: self.nodelets(&tag.inner),
        };
        boxes.iter().map(nodelet).collect()
    }
}

fn size_boxes(sizes: &[Tag], flat: bool) -> Vec<TagBox> {
    let boxes = collapse(sizes, flat).into_iter().enumerate();
    let mut boxes: Vec<TagBox> = boxes
        .map(|(number, tag)| {
            let (own, all) = (tag.value.flat_value(), tag.value.cum_value());
            let own_only = flat || own == all;
            TagBox {
                number,
                sizes: true,
                name: tag.name,
                value: if own_only { own } else { all },
                dotted: !own_only,
                inner: Vec::new(),
            }
        })
        .collect();
    boxes.retain(|tag| tag.value != 0);
    boxes
}

/// The name as it stands in a box: short, one line for each part.
fn box_lines(g: &Graph<'_>, info: &NodeInfo) -> Vec<String> {
    // Go's ellipsis for type arguments is not a chain of parts.
    let name = shorten(g.nodes.function(info)).replace("[...]", "[…]");
    let name = name.replace("::", "\n").replace('.', "\n");
    let file = match g.nodes.file(info) {
        "" => "",
        file => paths::base(file),
    };
    let object = g.nodes.profile.str(info.object);
    let parts = components(info, &name, file, object);
    parts.join("\n").split('\n').map(str::to_owned).collect()
}

/// Sizes in at most [`MAX_TAGS`] groups: the heaviest, and to each those that are closest to it.
fn collapse(sizes: &[Tag], flat: bool) -> Vec<Tag> {
    let mut sizes = sizes.to_vec();
    tags::sort(&mut sizes, flat);
    if sizes.len() <= MAX_TAGS {
        return sizes;
    }
    let rest = sizes.split_off(MAX_TAGS);
    let mut groups: Vec<Vec<Tag>> = sizes.into_iter().map(|t| vec![t]).collect();
    for tag in rest {
        let distance = |group: &Vec<Tag>| {
            let (v, _) = scale(group[0].size, &group[0].unit, &tag.unit);
            (v - tag.size as f64).abs()
        };
        let mut nearest = 0;
        for i in 1..groups.len() {
            if distance(&groups[i]) < distance(&groups[nearest]) {
                nearest = i;
            }
        }
        groups[nearest].push(tag);
    }
    let mut merged: Vec<Tag> = groups.iter().map(|g| merge(g)).collect();
    tags::sort(&mut merged, flat);
    merged
}

fn merge(group: &[Tag]) -> Tag {
    let first = &group[0];
    let (mut least, mut most) = (first, first);
    let mut sum = Value::default();
    for tag in group {
        let size = |unit: &str| scale(tag.size, &tag.unit, unit).0 as i64;
        if size(&least.unit) < least.size {
            least = tag;
        }
        if size(&most.unit) > most.size {
            most = tag;
        }
        sum.add_flat((tag.value.flat, tag.value.flat_div));
        sum.add_cum((tag.value.cum, tag.value.cum_div));
    }
    let name = |t: &Tag| label(t.size, &t.unit);
    Tag {
        name: match group.len() {
            1 => name(first),
            _ => format!("{}..{}", name(least), name(most)),
        },
        value: Value {
            flat: sum.flat_value(),
            cum: sum.cum_value(),
            ..Default::default()
        },
        ..Default::default()
    }
}
