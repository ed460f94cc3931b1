//! `-dot`: the call graph in the language of Graphviz.
//!
//! Mirrors pprof's `internal/graph/dotgraph.go`.

use std::io::{self, Write};

use crate::format::Format;
use crate::graph::order::sort_edges;
use crate::graph::tags::{self, MAX_TAGS, NodeTags, Tag};
use crate::graph::{
    Edge, NodeInfo, NodeIx, Value,
    nodes::{Place, components},
};
use crate::header::Header;
use crate::measure::{label, percentage, scale};
use crate::names::shorten;
use crate::paths;
use crate::report::{Report, Trimmed};

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
        let arrow = |e: &Edge| {
            Some(Arrow {
                src: place[e.src as usize]?,
                dest: place[e.dest as usize]?,
                weight: e.weight_value(),
                residual: e.residual,
                inline: e.inline,
            })
        };
        let sorted = sort_edges(all, &g.nodes, &g.infos);
        CallGraph {
            title: report.description().file,
            edges: sorted.into_iter().filter_map(arrow).collect(),
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

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let title = match self.title.as_str() {
            "" => "unnamed",
            title => title,
        };
        writeln!(out, "digraph \"{title}\" {{")?;
        writeln!(out, "node [style=filled fillcolor=\"#f8f8f8\"]")?;
        self.write_legend(out)?;
        let largest = self.nodes.iter().map(|n| n.flat.unsigned_abs()).max();
        let largest = largest.unwrap_or(0) as f64;
        let mut tagged = Vec::new();
        for (i, node) in self.nodes.iter().enumerate() {
            self.write_node(out, i + 1, node, largest)?;
            let boxes = self.tag_boxes(i + 1, node);
            out.write_all(boxes.as_bytes())?;
            tagged.push(!boxes.is_empty());
        }
        for edge in &self.edges {
            self.write_edge(out, edge, tagged[edge.src])?;
        }
        writeln!(out, "}}")
    }

    fn write_legend(&self, out: &mut dyn Write) -> io::Result<()> {
        let lines: Vec<_> = self.legend().iter().map(|l| escape(l)).collect();
        let first = &lines[0];
        write!(
            out,
            "subgraph cluster_L {{ \"{first}\" [shape=box fontsize=16"
        )?;
        write!(out, " label=\"{}\\l\"", lines.join("\\l"))?;
        if !self.title.is_empty() {
            write!(out, " tooltip=\"{}\"", self.title)?;
        }
        writeln!(out, "] }}")
    }

    fn write_node(
        &self,
        out: &mut dyn Write,
        id: usize,
        node: &Node,
        largest: f64,
    ) -> io::Result<()> {
        let total = self.header.total;
        let with_share = |v: i64| {
            let share = percentage(v, total);
            format!("{} ({})", self.format.value(v), share.trim())
        };
        let mut text: String = node.lines.iter().map(|l| escape(l) + "\\n").collect();
        match node.flat {
            0 => text.push('0'),
            flat => text.push_str(&with_share(flat)),
        }
        if node.cum != node.flat {
            text.push_str(if node.flat == 0 { " " } else { "\\n" });
            text.push_str(&format!("of {}", with_share(node.cum)));
        }
        let mut size = 8;
        if node.flat != 0 {
            let share = node.flat.unsigned_abs() as f64 / largest;
            size += (16.0 * share.sqrt()).ceil() as i64;
        }
        let name = escape(&node.name);
        let cum = self.format.value(node.cum);
        let share = node.cum as f64 / total.wrapping_abs() as f64;
        let (line, fill) = (color(share, false), color(share, true));
        writeln!(
            out,
            "N{id} [label=\"{text}\" id=\"node{id}\" fontsize={size} shape=box \
             tooltip=\"{name} ({cum})\" color=\"{line}\" fillcolor=\"{fill}\"]"
        )
    }

    /// The boxes for the labels at a node.
    fn tag_boxes(&self, id: usize, node: &Node) -> String {
        // A leaf also stands for callees that are not shown, so all of its samples count.
        let flat = node.calls;
        let sizes = |set: &str| node.tags.sizes.iter().find(|(s, _)| s == set);
        let mut boxes = String::new();
        let mut labels = node.tags.labels.clone();
        tags::sort(&mut labels, flat);
        for (i, tag) in labels.iter().take(MAX_TAGS).enumerate() {
            let value = match flat {
                true => tag.value.flat_value(),
                false => tag.value.cum_value(),
            };
            if value == 0 {
                continue;
            }
            let weight = self.format.value(value);
            boxes.push_str(&tag_box(
                &format!("N{id}"),
                &format!("N{id}_{i}"),
                &tag.name,
                &weight,
                "",
            ));
            if let Some((_, sizes)) = sizes(&tag.name) {
                boxes.push_str(&self.size_boxes(sizes, flat, &format!("N{id}_{i}")));
            }
        }
        if let Some((_, sizes)) = sizes("") {
            boxes.push_str(&self.size_boxes(sizes, flat, &format!("N{id}")));
        }
        boxes
    }

    fn size_boxes(&self, sizes: &[Tag], flat: bool, source: &str) -> String {
        let mut boxes = String::new();
        for (i, tag) in collapse(sizes, flat).iter().enumerate() {
            let (own, all) = (tag.value.flat_value(), tag.value.cum_value());
            let (value, style) = match flat || own == all {
                true => (own, ""),
                false => (all, " style=\"dotted\""),
            };
            if value != 0 {
                let weight = self.format.value(value);
                let id = format!("N{source}_{i}");
                boxes.push_str(&tag_box(source, &id, &tag.name, &weight, style));
            }
        }
        boxes
    }

    fn write_edge(&self, out: &mut dyn Write, edge: &Arrow, tagged: bool) -> io::Result<()> {
        let weight = self.format.value(edge.weight);
        let inline = if edge.inline { "\\n (inline)" } else { "" };
        let mut attributes = format!("label=\" {weight}{inline}\"");
        let total = self.header.total;
        if total != 0 {
            let share = |of: i64| {
                let share = edge.weight.wrapping_mul(of).wrapping_div(total);
                1 + share.wrapping_abs().min(of)
            };
            for (name, value) in [("weight", share(100)), ("penwidth", share(5))] {
                if value > 1 {
                    attributes.push_str(&format!(" {name}={value}"));
                }
            }
            let share = edge.weight as f64 / total.wrapping_abs() as f64;
            attributes.push_str(&format!(" color=\"{}\"", color(share, false)));
        }
        let arrow = if edge.residual { "..." } else { "->" };
        let name = |i: usize| escape(&self.nodes[i].name);
        let (src, dest) = (name(edge.src), name(edge.dest));
        let tip = format!("\"{src} {arrow} {dest} ({weight})\"");
        attributes.push_str(&format!(" tooltip={tip} labeltooltip={tip}"));
        if edge.residual {
            attributes.push_str(" style=\"dotted\"");
        }
        if tagged {
            attributes.push_str(" minlen=2");
        }
        let (from, to) = (edge.src + 1, edge.dest + 1);
        writeln!(out, "N{from} -> N{to} [{attributes}]")
    }
}

fn tag_box(source: &str, id: &str, name: &str, weight: &str, style: &str) -> String {
    format!(
        "{id} [label = \"{name}\" id=\"{id}\" fontsize=8 shape=box3d tooltip=\"{weight}\"]\n\
         {source} -> {id} [label=\" {weight}\" weight=100 tooltip=\"{weight}\" \
         labeltooltip=\"{weight}\"{style}]\n"
    )
}

/// The name as it stands in a box: short, one line for each part.
fn box_lines(g: &crate::graph::Graph<'_>, info: &NodeInfo) -> Vec<String> {
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

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\l")
}

/// Green for -1, grey for 0, red for 1, with most of the change near 0.
fn color(score: f64, background: bool) -> String {
    let (saturation, value) = if background { (0.1, 0.93) } else { (1.0, 0.7) };
    let score = score.clamp(-1.0, 1.0);
    let saturation = if score.abs() < 0.2 {
        saturation * score.abs() / 0.2
    } else {
        saturation
    };
    let score = if score == 0.0 {
        0.0
    } else {
        score.abs().powf(0.3).copysign(score)
    };
    let (r, g) = if score < 0.0 {
        (value * (1.0 + saturation * score), value)
    } else {
        (value, value * (1.0 - saturation * score))
    };
    let b = value * (1.0 - saturation);
    let byte = |c: f64| (c * 255.0) as u8;
    format!("#{:02x}{:02x}{:02x}", byte(r), byte(g), byte(b))
}
