//! The call tree: every way by which a function is reached has a node of its own.
//!
//! Mirrors `newTree` of pprof's `internal/graph`.

use rustc_hash::FxHashMap;

use super::edges::{Edge, Edges};
use super::nodes::{NodeInfo, NodeIx, Nodes};
use super::weigh::{Measure, Value};

/// A forest over the nodes of a profile.
#[derive(Debug)]
pub struct Tree {
    /// What each tree node is.
    pub infos: Vec<NodeInfo>,
    /// What it adds up to.
    pub values: Vec<Value>,
    /// The edge to each node but the roots.
    pub edges: Edges,
    children: FxHashMap<(Option<NodeIx>, NodeIx), NodeIx>,
}

impl Tree {
    /// The tree of all samples.
    pub fn new(nodes: &Nodes<'_>, measure: Measure) -> Self {
        let samples = &nodes.profile.samples;
        let mut tree = Tree {
            infos: Vec::new(),
            values: Vec::new(),
            edges: Edges::default(),
            children: FxHashMap::default(),
        };
        let mut edges: Vec<Edge> = Vec::new();
        // Of the only edge to each node; a root has none.
        let mut edge_to: Vec<Option<usize>> = Vec::new();
        for i in 0..samples.len() {
            let Some(weight) = measure.weight(samples, i) else {
                continue;
            };
            let mut parent = None;
            for &location in samples.stack(i).iter().rev() {
                let frames = nodes.of(location);
                for (depth, &node) in frames.iter().enumerate().rev() {
                    let next = tree.infos.len() as NodeIx;
                    let at = *tree.children.entry((parent, node)).or_insert(next);
                    if at == next {
                        tree.infos.push(nodes.infos[node as usize]);
                        tree.values.push(Value::default());
                        edge_to.push(parent.map(|src| {
                            edges.push(Edge {
                                src,
                                dest: at,
                                weight: 0,
                                weight_div: 0,
                                residual: false,
                                inline: true,
                            });
                            edges.len() - 1
                        }));
                    }
                    tree.values[at as usize].add_cum(weight);
                    if let Some(e) = edge_to[at as usize] {
                        let edge = &mut edges[e];
                        edge.weight = edge.weight.wrapping_add(weight.0);
                        edge.weight_div = edge.weight_div.wrapping_add(weight.1);
                        edge.inline &= depth != frames.len() - 1;
                    }
                    parent = Some(at);
                }
            }
            if let Some(leaf) = parent {
                tree.values[leaf as usize].add_flat(weight);
            }
        }
        tree.edges = Edges::new(edges, tree.infos.len());
        tree
    }

    /// The nodes of a sample, root first.
    pub fn path(&self, nodes: &Nodes<'_>, sample: usize, out: &mut Vec<NodeIx>) {
        out.clear();
        let mut parent = None;
        for &location in nodes.profile.samples.stack(sample).iter().rev() {
            for &node in nodes.of(location).iter().rev() {
                let Some(&at) = self.children.get(&(parent, node)) else {
                    return;
                };
                out.push(at);
                parent = Some(at);
            }
        }
    }
}
