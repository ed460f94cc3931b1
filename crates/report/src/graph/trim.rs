//! Picks the nodes and edges that are worth showing.
//!
//! Mirrors `newTrimmedGraph` of pprof's `internal/report`. pprof rebuilds the graph after each cut;
//! since a node's values do not depend on which other nodes are kept, only edges are made anew here.

use std::borrow::Cow;

use super::edges::{Between, Edges, connect};
use super::nodes::{NodeInfo, NodeIx, Nodes, Place};
use super::order::{self, By};
use super::tags::{self, NodeTags, TagFormat};
use super::tree::Tree;
use super::weigh::{Measure, Value, Weights, weigh};

/// Which edges a view needs.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// None.
    None,
    /// Those that tell whether a node is inlined: all edges to nodes that are inlined somewhere.
    InlineMarks,
    /// Those at nodes with such a name.
    At(&'a dyn Fn(&str) -> bool),
    /// All.
    All,
}

impl std::fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Wanted::None => "None",
            Wanted::InlineMarks => "InlineMarks",
            Wanted::At(_) => "At",
            Wanted::All => "All",
        })
    }
}

/// What to show of a graph.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// The value that counts.
    pub measure: Measure,
    /// Leave out nodes with a negative value.
    pub drop_negative: bool,
    /// How many nodes to show; 0 for all.
    pub node_count: usize,
    /// Leave out nodes with less than this share of the total.
    pub node_fraction: f64,
    /// Leave out edges with less than this share of the total.
    pub edge_fraction: f64,
    /// The order of nodes by value.
    pub cum_sort: bool,
    /// The edges needed.
    pub edges: Wanted<'a>,
    /// For a picture: order by interest, count labels as nodes, leave out redundant edges.
    pub picture: Option<&'a TagFormat<'a>>,
    /// Every path has nodes of its own.
    pub call_tree: bool,
}

/// The part of a call graph that is shown.
#[derive(Debug)]
pub struct Graph<'p> {
    /// Names of what the nodes are.
    pub nodes: Nodes<'p>,
    /// What each node is. Nodes of a call tree have entries of their own.
    pub infos: Vec<NodeInfo>,
    /// What each node adds up to.
    pub values: Vec<Value>,
    /// The edges, as far as they were wanted.
    pub edges: Edges,
    /// The labels of the nodes of a picture, in the order of `shown`.
    pub tags: Vec<NodeTags>,
    /// The nodes to show, in order.
    pub shown: Vec<NodeIx>,
    /// How many were left when small nodes had been dropped.
    pub candidates: usize,
    /// How many small nodes were dropped.
    pub dropped_nodes: usize,
    /// How many light edges were dropped.
    pub dropped_edges: usize,
    /// Every path has nodes of its own.
    pub is_tree: bool,
}

impl<'p> Graph<'p> {
    /// The graph of the nodes made from a profile, trimmed.
    pub fn new(nodes: Nodes<'p>, limits: &Limits<'_>) -> Self {
        if limits.call_tree {
            Graph::tree(nodes, limits)
        } else {
            Graph::plain(nodes, limits)
        }
    }

    fn plain(nodes: Nodes<'p>, limits: &Limits<'_>) -> Self {
        let infos = nodes.infos.clone();
        let Weights { values, inlined } = weigh(&nodes, limits.measure);
        let mut g = Graph {
            values,
            edges: Edges::default(),
            tags: Vec::new(),
            shown: Vec::new(),
            candidates: 0,
            dropped_nodes: 0,
            dropped_edges: 0,
            is_tree: false,
            nodes,
            infos,
        };
        let (node_cut, edge_cut) = g.cuts(limits);
        let mut kept: Option<Vec<bool>> = None;
        let before = g.shown.len();
        if node_cut > 0 {
            g.drop_below(node_cut);
            g.dropped_nodes = before - g.shown.len();
            if g.dropped_nodes > 0 {
                kept = Some(g.set_of_shown());
            }
        }
        g.candidates = g.shown.len();

        let picture = limits.picture.is_some();
        if picture {
            g.edges = connect(&g.nodes, limits.measure, kept.as_deref(), Between::All);
        }
        g.sort(limits);
        if let Some(format) = limits.picture {
            g.tags = tags::collect(&g, limits.measure, format, None, node_cut);
        }
        if limits.node_count > 0 {
            g.trim_edges(edge_cut);
            let top = g.select(limits);
            if top != g.shown.len() {
                g.shown.truncate(top);
                g.tags.truncate(top);
                kept = Some(g.set_of_shown());
                if picture {
                    g.edges = connect(&g.nodes, limits.measure, kept.as_deref(), Between::All);
                    g.sort_with_tags(limits);
                }
            }
        }
        if !picture {
            g.connect(limits, kept.as_deref(), |n| {
                inlined[n as usize] >= edge_cut.unsigned_abs().max(1)
            });
        }
        g.dropped_edges = g.trim_edges(edge_cut);
        if picture {
            g.remove_redundant_edges();
        }
        g
    }

    fn tree(nodes: Nodes<'p>, limits: &Limits<'_>) -> Self {
        let mut tree = Tree::new(&nodes, limits.measure);
        let mut g = Graph {
            nodes,
            infos: std::mem::take(&mut tree.infos),
            values: std::mem::take(&mut tree.values),
            edges: std::mem::take(&mut tree.edges),
            tags: Vec::new(),
            shown: Vec::new(),
            candidates: 0,
            dropped_nodes: 0,
            dropped_edges: 0,
            is_tree: true,
        };
        let (node_cut, edge_cut) = g.cuts(limits);
        let before = g.shown.clone();
        if node_cut > 0 {
            g.drop_below(node_cut);
            g.dropped_nodes = before.len() - g.shown.len();
            g.splice_hidden(&before);
        }
        g.candidates = g.shown.len();
        g.sort(limits);
        if let Some(format) = limits.picture {
            g.tags = tags::collect(&g, limits.measure, format, Some(&tree), node_cut);
        }
        if limits.node_count > 0 {
            g.trim_edges(edge_cut);
            let top = g.select(limits);
            if top != g.shown.len() {
                let before = g.shown.clone();
                g.shown.truncate(top);
                g.tags.truncate(top);
                g.splice_hidden(&before);
                g.sort_with_tags(limits);
            }
        }
        g.dropped_edges = g.trim_edges(edge_cut);
        g
    }

    /// The node's printable name.
    pub fn name(&self, node: NodeIx) -> Cow<'p, str> {
        self.nodes.printable(&self.infos[node as usize])
    }

    /// Where the node is.
    pub fn place(&self, node: NodeIx) -> Place {
        self.nodes.place(&self.infos[node as usize])
    }

    /// What the node adds up to.
    pub fn value(&self, node: NodeIx) -> &Value {
        &self.values[node as usize]
    }

    /// The sum of the shown nodes' own values.
    pub fn flat_total(&self) -> i64 {
        let flat = |&n: &NodeIx| self.value(n).flat_value();
        self.shown.iter().map(flat).fold(0, i64::wrapping_add)
    }

    /// Fills `shown` with everything that is worth a row, and says where small nodes and light edges
    /// begin.
    fn cuts(&mut self, limits: &Limits<'_>) -> (i64, i64) {
        let hides = |v: &Value| v.is_zero() || (limits.drop_negative && v.is_negative());
        self.shown = (0..self.values.len() as NodeIx)
            .filter(|&n| !hides(&self.values[n as usize]))
            .collect();
        let flat = |&n: &NodeIx| self.values[n as usize].flat;
        let total = self.shown.iter().map(flat).fold(0, i64::wrapping_add);
        let share = |f: f64| ((total as f64 * f) as i64).wrapping_abs();
        (share(limits.node_fraction), share(limits.edge_fraction))
    }

    fn drop_below(&mut self, cut: i64) {
        let values = &self.values;
        self.shown
            .retain(|&n| values[n as usize].cum.wrapping_abs() >= cut);
    }

    fn set_of_shown(&self) -> Vec<bool> {
        let mut set = vec![false; self.values.len()];
        for &n in &self.shown {
            set[n as usize] = true;
        }
        set
    }

    fn splice_hidden(&mut self, before: &[NodeIx]) {
        let kept = self.set_of_shown();
        for &n in before.iter().filter(|&&n| !kept[n as usize]) {
            self.edges.splice(n);
        }
    }

    fn sort(&mut self, limits: &Limits<'_>) {
        let by = match (limits.picture, limits.cum_sort) {
            (Some(_), _) => By::Interest,
            (None, true) => By::Cum,
            (None, false) => By::Flat,
        };
        let mut shown = std::mem::take(&mut self.shown);
        order::sort(
            &mut shown,
            by,
            &self.nodes,
            &self.infos,
            &self.values,
            &self.edges,
        );
        self.shown = shown;
    }

    fn sort_with_tags(&mut self, limits: &Limits<'_>) {
        let before = self.shown.clone();
        let mut tags = std::mem::take(&mut self.tags);
        self.sort(limits);
        if tags.len() == before.len() {
            let mut by_node: Vec<(NodeIx, NodeTags)> = before.into_iter().zip(tags).collect();
            by_node.sort_by_key(|(n, _)| *n);
            tags = self
                .shown
                .iter()
                .map(|n| {
                    let at = by_node.binary_search_by_key(n, |(n, _)| *n);
                    at.map(|i| std::mem::take(&mut by_node[i].1))
                        .unwrap_or_default()
                })
                .collect();
            self.tags = tags;
        }
    }

    /// How many of the nodes fit into the limit. In a picture the labels of a node take room too.
    fn select(&self, limits: &Limits<'_>) -> usize {
        let mut count = limits.node_count;
        if limits.picture.is_some() {
            let mut room = 0;
            for (i, tags) in self.tags.iter().enumerate() {
                room += tags.flat_count().min(tags::MAX_TAGS) + 1;
                if room >= count {
                    count = i + 1;
                    break;
                }
            }
        }
        count.min(self.shown.len())
    }

    /// Makes the edges wanted. `inlined` says which nodes may have an inlined call that is heavy
    /// enough to stay.
    fn connect(
        &mut self,
        limits: &Limits<'_>,
        kept: Option<&[bool]>,
        inlined: impl Fn(NodeIx) -> bool,
    ) {
        let connect = |between| connect(&self.nodes, limits.measure, kept, between);
        let set = |wanted: &dyn Fn(NodeIx) -> bool| {
            let mut set = vec![false; self.nodes.len()];
            for &n in &self.shown {
                set[n as usize] = wanted(n);
            }
            set
        };
        self.edges = match limits.edges {
            Wanted::None => return,
            Wanted::All => connect(Between::All),
            Wanted::InlineMarks => {
                let to = set(&inlined);
                if !to.contains(&true) {
                    return;
                }
                connect(Between::To(&to))
            }
            Wanted::At(matches) => connect(Between::At(&set(&|n| matches(&self.name(n))))),
        };
    }

    fn trim_edges(&mut self, cut: i64) -> usize {
        let (shown, edges) = (&self.shown, &mut self.edges);
        shown
            .iter()
            .map(|&n| edges.retain_callers(n, |e| e.weight.wrapping_abs() >= cut))
            .sum()
    }

    /// Leaves out residual edges whose ends are joined in another way too.
    fn remove_redundant_edges(&mut self) {
        let mut seen = vec![0u32; self.infos.len()];
        let mut search = 0;
        for place in (0..self.shown.len()).rev() {
            let node = self.shown[place];
            let sorted: Vec<(NodeIx, bool)> =
                order::sort_edges(self.edges.callers(node), &self.nodes, &self.infos)
                    .into_iter()
                    .map(|e| (e.src, e.residual))
                    .collect();
            for &(src, residual) in sorted.iter().rev() {
                // An edge heavier than one that stays would be missed.
                if !residual {
                    break;
                }
                search += 1;
                if self.reaches(src, node, &mut seen, search) {
                    self.edges.retain_callers(node, |e| e.src != src);
                }
            }
        }
    }

    /// Whether a path leads from `src` to `dest` beside the edge that joins them. Nodes that the
    /// search has seen are marked with its number.
    fn reaches(&self, src: NodeIx, dest: NodeIx, seen: &mut [u32], search: u32) -> bool {
        seen[dest as usize] = search;
        let mut queue = vec![dest];
        while let Some(node) = queue.pop() {
            for edge in self.edges.callers(node) {
                let direct = edge.src == src && edge.dest == dest;
                if direct || seen[edge.src as usize] == search {
                    continue;
                }
                if edge.src == src {
                    return true;
                }
                seen[edge.src as usize] = search;
                queue.push(edge.src);
            }
        }
        false
    }
}
