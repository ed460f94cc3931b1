//! What is to be drawn, measured: blocks are the boxes of the layout, arrows its edges.

use super::{CallEdge, CallGraph, Nodelet};
use crate::layout::{Edge, Graph, Size};
use crate::svg::font;
use crate::svg::heat::Heat;

const LEGEND_FONT: f64 = 16.0;
pub(super) const EDGE_FONT: f64 = 12.0;
const NODELET_FONT: f64 = 8.0;
/// From one line of text to the next, in font sizes.
pub(super) const LINE: f64 = 1.2;
/// How far a nodelet's back edges are from its front.
pub(super) const DEPTH: f64 = 4.0;

/// A box to draw.
pub(super) struct Block<'a> {
    pub lines: Vec<&'a str>,
    pub font: f64,
    pub look: Look<'a>,
}

pub(super) enum Look<'a> {
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
pub(super) struct Arrow<'a> {
    pub lines: Vec<String>,
    pub width: f64,
    pub heat: Heat,
    pub dotted: bool,
    pub tooltip: &'a str,
    /// The numbers of the functions that it connects.
    pub ends: Option<(usize, usize)>,
}

/// Everything to draw; blocks are the boxes of the layout, arrows its edges.
pub(super) struct Scene<'a> {
    pub call_graph: &'a CallGraph,
    pub graph: Graph,
    pub blocks: Vec<Block<'a>>,
    pub arrows: Vec<Arrow<'a>>,
}

impl<'a> Scene<'a> {
    pub fn new(call_graph: &'a CallGraph) -> Self {
        let mut scene = Scene {
            call_graph,
            graph: Graph::default(),
            blocks: Vec::new(),
            arrows: Vec::new(),
        };
        if !call_graph.legend.is_empty() {
            scene.block(split(&call_graph.legend), LEGEND_FONT, Look::Legend);
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
}

/// From 8 for nothing to 24 for the largest, by the square root of its share of the largest.
fn font_size(flat: i64, largest: u64) -> f64 {
    if largest == 0 {
        return 8.0;
    }
    let share = flat.unsigned_abs() as f64 / largest as f64;
    8.0 + (16.0 * share.sqrt()).ceil()
}

pub(super) fn padding(font: f64) -> f64 {
    5.0 + font * 0.25
}

fn head_length(width: f64) -> f64 {
    8.0 + 1.5 * width
}

/// The lines of texts; an empty text is an empty line.
fn split(texts: &[String]) -> Vec<&str> {
    texts.iter().flat_map(|t| t.split('\n')).collect()
}
