//! The call graph as a picture: boxes for functions, arrows for calls.
//!
//! What it shows is what pprof's graph shows (`internal/graph/dotgraph.go`): a box's text is larger the
//! more it costs itself, its colour is stronger the more it costs with all its callees, and an arrow is
//! wider and stronger the more runs through it. The layout is ours ([`crate::layout`]).

use std::collections::BTreeSet;

use super::font;
use super::heat::{Heat, Paint};
use super::xml::{Escaped, Short};
use crate::layout::{self, Edge, Graph, Layout, Options, Point, Route, Size};

/// What to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallGraph {
    /// The title of the picture, as a rule the program's name.
    pub title: String,
    /// The lines of the box in the corner.
    pub legend: Vec<String>,
    /// Where the legend leads when clicked; empty for nowhere.
    pub legend_url: String,
    /// What shares are of.
    pub total: i64,
    /// The boxes, most important first.
    pub nodes: Vec<CallNode>,
    /// The arrows.
    pub edges: Vec<CallEdge>,
}

/// The box of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallNode {
    /// Its text: the name in parts, then the values.
    pub label_lines: Vec<String>,
    /// Shown while the pointer is over it; also what a search looks at.
    pub tooltip: String,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
    /// The boxes of its labels.
    pub nodelets: Vec<Nodelet>,
}

/// The box of a label below a function or below another label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodelet {
    /// Its text.
    pub label_lines: Vec<String>,
    /// The value of the samples that carry it, as shown.
    pub weight: String,
    /// The value includes that of callees which are not shown.
    pub dotted: bool,
    /// Boxes below this one.
    pub nodelets: Vec<Nodelet>,
}

/// The arrow of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallEdge {
    /// The caller, by index.
    pub from: usize,
    /// The callee, by index.
    pub to: usize,
    /// The value of the samples that run along it.
    pub weight: i64,
    /// That value as shown.
    pub label: String,
    /// The callee is inlined into the caller.
    pub inline: bool,
    /// There are functions between the two that are not shown.
    pub residual: bool,
    /// Shown while the pointer is over it.
    pub tooltip: String,
}

const LEGEND_FONT: f64 = 16.0;
const EDGE_FONT: f64 = 12.0;
const NODELET_FONT: f64 = 8.0;
/// From one line of text to the next, in font sizes.
const LINE: f64 = 1.2;
/// From the top of a line of text to its baseline, in font sizes.
const BASELINE: f64 = 0.95;
/// How far a nodelet's back edges are from its front.
const DEPTH: f64 = 4.0;
/// Around the whole picture.
const MARGIN: f64 = 8.0;

impl CallGraph {
    /// The picture.
    pub fn svg(&self) -> String {
        let scene = Scene::new(self);
        let layout = layout::layout(&scene.graph, &Options::default());
        scene.draw(&layout)
    }
}

/// A box to draw.
struct Block<'a> {
    lines: Vec<&'a str>,
    font: f64,
    look: Look<'a>,
}

enum Look<'a> {
    Legend,
    Function {
        number: usize,
        tooltip: &'a str,
        heat: Heat,
    },
    Label {
        weight: &'a str,
    },
}

/// An arrow to draw.
struct Arrow<'a> {
    lines: Vec<String>,
    width: f64,
    heat: Heat,
    dotted: bool,
    tooltip: &'a str,
    /// The numbers of the functions that it connects.
    ends: Option<(usize, usize)>,
}

/// Everything to draw; blocks are the boxes of the layout, arrows its edges.
struct Scene<'a> {
    call_graph: &'a CallGraph,
    graph: Graph,
    blocks: Vec<Block<'a>>,
    arrows: Vec<Arrow<'a>>,
}

impl<'a> Scene<'a> {
    fn new(call_graph: &'a CallGraph) -> Self {
        let mut scene = Scene {
            call_graph,
            graph: Graph::default(),
            blocks: Vec::new(),
            arrows: Vec::new(),
        };
        if !call_graph.legend.is_empty() {
            let lines = call_graph
                .legend
                .iter()
                .flat_map(|l| l.lines_or_empty())
                .collect();
            scene.block(lines, LEGEND_FONT, Look::Legend);
        }
        let largest = call_graph.nodes.iter().map(|n| n.flat.unsigned_abs()).max();
        let mut blocks = Vec::with_capacity(call_graph.nodes.len());
        for (i, node) in call_graph.nodes.iter().enumerate() {
            let look = Look::Function {
                number: i + 1,
                tooltip: &node.tooltip,
                heat: Heat::of(node.cum, call_graph.total),
            };
            let font = font_size(node.flat, largest.unwrap_or(0));
            blocks.push(scene.block(split(&node.label_lines), font, look));
        }
        for (node, &block) in call_graph.nodes.iter().zip(&blocks) {
            scene.nodelets(&node.nodelets, block);
        }
        // The heaviest edges are drawn last, above the others.
        let mut edges: Vec<&CallEdge> = call_graph.edges.iter().collect();
        edges.sort_by_key(|e| e.weight.unsigned_abs());
        for edge in edges {
            if let (Some(&from), Some(&to)) = (blocks.get(edge.from), blocks.get(edge.to)) {
                scene.call(edge, from, to);
            }
        }
        scene
    }

    fn block(&mut self, lines: Vec<&'a str>, font: f64, look: Look<'a>) -> usize {
        let text = lines
            .iter()
            .map(|l| font::width(l, font))
            .fold(0.0, f64::max);
        let depth = if matches!(look, Look::Label { .. }) {
            DEPTH
        } else {
            0.0
        };
        self.graph.boxes.push(Size {
            width: (text + 2.0 * padding(font)).max(36.0) + depth,
            height: lines.len() as f64 * font * LINE + padding(font) * 1.2 + depth,
        });
        self.blocks.push(Block { lines, font, look });
        self.blocks.len() - 1
    }

    fn nodelets(&mut self, nodelets: &'a [Nodelet], above: usize) {
        for nodelet in nodelets {
            let look = Look::Label {
                weight: &nodelet.weight,
            };
            let block = self.block(split(&nodelet.label_lines), NODELET_FONT, look);
            let arrow = Arrow {
                lines: vec![nodelet.weight.clone()],
                width: 1.0,
                heat: Heat::of(0, 1),
                dotted: nodelet.dotted,
                tooltip: &nodelet.weight,
                ends: None,
            };
            self.arrow(arrow, above, block, 100, 1);
            self.nodelets(&nodelet.nodelets, block);
        }
    }

    fn call(&mut self, edge: &'a CallEdge, from: usize, to: usize) {
        let total = (self.call_graph.total as f64).abs();
        let share = if total == 0.0 {
            0.0
        } else {
            (edge.weight as f64 / total).abs().min(1.0)
        };
        let mut lines = vec![edge.label.clone()];
        if edge.inline {
            lines.push("(inline)".to_owned());
        }
        let arrow = Arrow {
            lines,
            width: 1.0 + 5.0 * share,
            heat: Heat::of(edge.weight, self.call_graph.total),
            dotted: edge.residual,
            tooltip: &edge.tooltip,
            ends: Some((edge.from + 1, edge.to + 1)),
        };
        // Children stand further down where label boxes stand between.
        let length = if self.call_graph.nodes[edge.from].nodelets.is_empty() {
            1
        } else {
            2
        };
        self.arrow(arrow, from, to, 1 + (share * 100.0) as u32, length);
    }

    fn arrow(&mut self, arrow: Arrow<'a>, from: usize, to: usize, weight: u32, length: u32) {
        let text = arrow
            .lines
            .iter()
            .map(|l| font::width(l, EDGE_FONT))
            .fold(0.0, f64::max);
        self.graph.edges.push(Edge {
            from,
            to,
            weight,
            length,
            label: Some(Size {
                width: text + 2.0,
                height: arrow.lines.len() as f64 * EDGE_FONT * LINE,
            }),
            arrow: head_length(arrow.width),
        });
        self.arrows.push(arrow);
    }

    fn draw(&self, layout: &Layout) -> String {
        let mut out = String::new();
        let width = layout.size.width + 2.0 * MARGIN;
        let height = layout.size.height + 2.0 * MARGIN;
        let title = match self.call_graph.title.as_str() {
            "" => "call graph",
            title => title,
        };
        put!(
            &mut out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}pt\" height=\"{h}pt\" \
             viewBox=\"0 0 {w} {h}\" font-family=\"{font}\">\n<title>{title}</title>\n",
            w = Short(width),
            h = Short(height),
            font = font::FAMILY,
            title = Escaped(title),
        );
        self.style(&mut out);
        put!(
            &mut out,
            "<rect class=\"page\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        );
        put!(
            &mut out,
            "<g id=\"view\"><g transform=\"translate({m} {m})\">\n",
            m = Short(MARGIN)
        );
        for (arrow, route) in self.arrows.iter().zip(&layout.routes) {
            draw_arrow(&mut out, arrow, route);
        }
        for (block, (centre, size)) in self
            .blocks
            .iter()
            .zip(layout.centres.iter().zip(&self.graph.boxes))
        {
            self.draw_block(&mut out, block, *centre, *size);
        }
        for (arrow, route) in self.arrows.iter().zip(&layout.routes) {
            draw_arrow_label(&mut out, arrow, route);
        }
        put!(
            &mut out,
            "</g></g>\n<script><![CDATA[\n{}]]></script>\n</svg>\n",
            include_str!("callgraph.js")
        );
        out
    }

    /// Colours for dark pages, of those heats that occur.
    fn style(&self, out: &mut String) {
        let mut heats: BTreeSet<Heat> = self.arrows.iter().map(|a| a.heat).collect();
        heats.extend(self.blocks.iter().filter_map(|b| match b.look {
            Look::Function { heat, .. } => Some(heat),
            _ => None,
        }));
        put!(
            out,
            "<style>\n{}@media (prefers-color-scheme:dark){{\n",
            include_str!("callgraph.css")
        );
        put!(out, "{}", include_str!("callgraph-dark.css"));
        for heat in heats {
            let class = heat.class();
            let (line, fill) = (heat.dark(Paint::Line), heat.dark(Paint::Fill));
            put!(
                out,
                ".node.{class}>rect{{stroke:{line};fill:{fill}}}\
                 .edge.{class}>path{{stroke:{line}}}.edge.{class}>polygon{{fill:{line};stroke:{line}}}\n"
            );
        }
        put!(out, "}}\n</style>\n");
    }

    fn draw_block(&self, out: &mut String, block: &Block<'_>, centre: Point, size: Size) {
        let (x, y) = (centre.x - size.width / 2.0, centre.y - size.height / 2.0);
        let frame = format!(
            "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            Short(x),
            Short(y),
            Short(size.width),
            Short(size.height)
        );
        match &block.look {
            Look::Legend => {
                let url = &self.call_graph.legend_url;
                let linked = url.starts_with("http://") || url.starts_with("https://");
                if linked {
                    put!(out, "<a href=\"{}\" target=\"_blank\">", Escaped(url));
                }
                put!(
                    out,
                    "<g class=\"legend\"><rect {frame} fill=\"#f8f8f8\" stroke=\"#000\"/>"
                );
                text(
                    out,
                    block,
                    (x + padding(block.font), "start"),
                    y,
                    size.height,
                );
                put!(out, "</g>{}\n", if linked { "</a>" } else { "" });
            }
            Look::Function {
                number,
                tooltip,
                heat,
            } => {
                put!(
                    out,
                    "<g id=\"node{number}\" class=\"node {class}\"><title>{tip}</title>\
                     <rect {frame} fill=\"{fill}\" stroke=\"{line}\"/>",
                    class = heat.class(),
                    tip = Escaped(tooltip),
                    fill = heat.light(Paint::Fill),
                    line = heat.light(Paint::Line),
                );
                text(out, block, (centre.x, "middle"), y, size.height);
                put!(out, "</g>\n");
            }
            Look::Label { weight } => {
                let (w, h) = (size.width - DEPTH, size.height - DEPTH);
                put!(
                    out,
                    "<g class=\"label\"><title>{tip}</title><path d=\"M{x} {top}l{d} -{d}h{w}v{h}l-{d} {d}\
                     h-{w}zh{w}v{h}m0 -{h}l{d} -{d}\" fill=\"#f8f8f8\" stroke=\"#000\"/>",
                    tip = Escaped(weight),
                    x = Short(x),
                    top = Short(y + DEPTH),
                    d = Short(DEPTH),
                    w = Short(w),
                    h = Short(h),
                );
                text(out, block, (x + w / 2.0, "middle"), y + DEPTH, h);
                put!(out, "</g>\n");
            }
        }
    }
}

/// Writes the lines of a block, in the middle of its height.
fn text(out: &mut String, block: &Block<'_>, (x, anchor): (f64, &str), top: f64, height: f64) {
    let size = block.font;
    let first = top + (height - block.lines.len() as f64 * size * LINE) / 2.0;
    put!(
        out,
        "<text font-size=\"{}\" text-anchor=\"{anchor}\">",
        Short(size)
    );
    for (i, line) in block.lines.iter().enumerate() {
        if line.is_empty() {
            continue;
        }
        // Fonts with other widths are pressed into the box.
        put!(
            out,
            "<tspan x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</tspan>",
            Short(x),
            Short(first + (i as f64 * LINE + BASELINE) * size),
            Short(font::width(line, size)),
            Escaped(line),
        );
    }
    put!(out, "</text>");
}

fn draw_arrow(out: &mut String, arrow: &Arrow<'_>, route: &Route) {
    let [first, rest @ ..] = &route.path[..] else {
        return;
    };
    let Some(&base) = rest.last() else { return };
    let color = match arrow.ends {
        Some(_) => arrow.heat.light(Paint::Line).to_string(),
        None => "#000".to_owned(),
    };
    put!(out, "<g class=\"edge {}\"", arrow.heat.class());
    if let Some((from, to)) = arrow.ends {
        put!(out, " data-from=\"{from}\" data-to=\"{to}\"");
    }
    put!(
        out,
        "><title>{}</title><path d=\"M{} {}C",
        Escaped(arrow.tooltip),
        Short(first.x),
        Short(first.y)
    );
    for (i, p) in rest.iter().enumerate() {
        let space = if i == 0 { "" } else { " " };
        put!(out, "{space}{} {}", Short(p.x), Short(p.y));
    }
    put!(
        out,
        "\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{}\"",
        Short(arrow.width)
    );
    if arrow.dotted {
        put!(
            out,
            " stroke-dasharray=\"{w} {g}\"",
            w = Short(arrow.width),
            g = Short(3.0 + arrow.width)
        );
    }
    let (dx, dy) = (route.tip.x - base.x, route.tip.y - base.y);
    let length = dx.hypot(dy).max(1e-6);
    let half = head_half_width(arrow.width) / length;
    put!(
        out,
        "/><polygon points=\"{},{} {},{} {},{}\" fill=\"{color}\" stroke=\"{color}\"/></g>\n",
        Short(route.tip.x),
        Short(route.tip.y),
        Short(base.x - dy * half),
        Short(base.y + dx * half),
        Short(base.x + dy * half),
        Short(base.y - dx * half),
    );
}

fn draw_arrow_label(out: &mut String, arrow: &Arrow<'_>, route: &Route) {
    let Some(at) = route.label else { return };
    put!(
        out,
        "<text class=\"value\" font-size=\"{}\"",
        Short(EDGE_FONT)
    );
    if let Some((from, to)) = arrow.ends {
        put!(out, " data-from=\"{from}\" data-to=\"{to}\"");
    }
    put!(out, "><title>{}</title>", Escaped(arrow.tooltip));
    for (i, line) in arrow.lines.iter().enumerate() {
        let y = at.y + (i as f64 * LINE + BASELINE) * EDGE_FONT;
        put!(
            out,
            "<tspan x=\"{}\" y=\"{}\">{}</tspan>",
            Short(at.x),
            Short(y),
            Escaped(line)
        );
    }
    put!(out, "</text>\n");
}

/// From 8 for nothing to 24 for the largest, by the square root of its share of the largest.
fn font_size(flat: i64, largest: u64) -> f64 {
    if largest == 0 {
        return 8.0;
    }
    let share = flat.unsigned_abs() as f64 / largest as f64;
    8.0 + (16.0 * share.sqrt()).ceil()
}

fn padding(font: f64) -> f64 {
    5.0 + font * 0.25
}

fn head_length(width: f64) -> f64 {
    8.0 + 1.5 * width
}

fn head_half_width(width: f64) -> f64 {
    2.6 + 0.9 * width
}

trait Lines {
    /// The lines of a text; one empty line if it is empty.
    fn lines_or_empty(&self) -> Vec<&str>;
}

impl Lines for String {
    fn lines_or_empty(&self) -> Vec<&str> {
        self.split('\n').collect()
    }
}

fn split(lines: &[String]) -> Vec<&str> {
    lines.iter().flat_map(|l| l.lines_or_empty()).collect()
}
