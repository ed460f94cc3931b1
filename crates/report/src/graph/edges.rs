//! The edges between the nodes that are kept: who calls whom, and how much of it.
//!
//! An edge over nodes that are left out is *residual*: it joins what is left on both sides.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::nodes::{NodeIx, Nodes};
use super::weigh::{Measure, divide};

/// Calls from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The caller.
    pub src: NodeIx,
    /// The callee.
    pub dest: NodeIx,
    /// The value of the samples that run along it.
    pub weight: i64,
    /// What `weight` is divided by; 0 for nothing.
    pub weight_div: i64,
    /// It runs over nodes that are left out.
    pub residual: bool,
    /// In every sample the callee is inlined into the caller.
    pub inline: bool,
}

impl Edge {
    /// The weight as shown.
    pub fn weight_value(&self) -> i64 {
        divide(self.weight, self.weight_div)
    }
}

/// A set of edges, found from either end.
#[derive(Clone, Debug, Default)]
pub struct Edges {
    all: Vec<Edge>,
    /// For each node the edges to it; those that were removed are left out.
    into: Vec<Vec<u32>>,
    /// For each node the edges from it.
    from: Vec<Vec<u32>>,
}

impl Edges {
    /// The edges of a graph with `nodes` nodes.
    pub fn new(all: Vec<Edge>, nodes: usize) -> Self {
        let mut into = vec![Vec::new(); nodes];
        let mut from = vec![Vec::new(); nodes];
        for (i, edge) in all.iter().enumerate() {
            into[edge.dest as usize].push(i as u32);
            from[edge.src as usize].push(i as u32);
        }
        Edges { all, into, from }
    }

    /// The edges to a node.
    pub fn callers(&self, node: NodeIx) -> impl ExactSizeIterator<Item = &Edge> {
        let list = self.into.get(node as usize).map_or(&[][..], Vec::as_slice);
        list.iter().map(|&e| &self.all[e as usize])
    }

    /// The edges from a node.
    pub fn callees(&self, node: NodeIx) -> impl ExactSizeIterator<Item = &Edge> {
        let list = self.from.get(node as usize).map_or(&[][..], Vec::as_slice);
        list.iter().map(|&e| &self.all[e as usize])
    }

    /// Removes the edges to the node for which `keep` is false, and says how many those were.
    pub fn retain_callers(&mut self, node: NodeIx, mut keep: impl FnMut(&Edge) -> bool) -> usize {
        let Some(list) = self.into.get_mut(node as usize) else {
            return 0;
        };
        let before = list.len();
        let (all, from) = (&self.all, &mut self.from);
        list.retain(|&e| {
            let edge = &all[e as usize];
            let kept = keep(edge);
            if !kept {
                from[edge.src as usize].retain(|&other| other != e);
            }
            kept
        });
        before - list.len()
    }

    /// Takes the node out of a forest: its children become its parent's, or roots.
    pub fn splice(&mut self, node: NodeIx) {
        let children = std::mem::take(&mut self.from[node as usize]);
        let parent = self.into[node as usize].pop();
        if let Some(e) = parent {
            let src = self.all[e as usize].src as usize;
            self.from[src].retain(|&other| other != e);
        }
        for child in children {
            let dest = self.all[child as usize].dest as usize;
            match parent {
                None => self.into[dest].clear(),
                Some(e) => {
                    let (src, inline) = {
                        let e = &self.all[e as usize];
                        (e.src, e.inline)
                    };
                    let edge = &mut self.all[child as usize];
                    edge.src = src;
                    edge.residual = true;
                    edge.inline &= inline;
                    self.from[src as usize].push(child);
                }
            }
        }
    }
}

/// Adds up edges sample by sample.
#[derive(Debug, Default)]
pub struct Collector {
    all: Vec<Edge>,
    stamps: Vec<u32>,
    index: HashTable<u32>,
    /// The last edge found for each callee: callers rarely change from sample to sample.
    last: Vec<u32>,
}

impl Collector {
    /// For a graph with `nodes` nodes.
    pub fn new(nodes: usize) -> Self {
        Collector {
            last: vec![u32::MAX; nodes],
            ..Default::default()
        }
    }

    /// Adds a call, unless this sample has already made it.
    pub fn add(&mut self, stamp: u32, call: Edge) {
        let e = self.find(call.src, call.dest);
        let e = e as usize;
        if self.stamps[e] == stamp {
            return;
        }
        self.stamps[e] = stamp;
        let edge = &mut self.all[e];
        edge.weight = edge.weight.wrapping_add(call.weight);
        edge.weight_div = edge.weight_div.wrapping_add(call.weight_div);
        edge.residual |= call.residual;
        edge.inline &= call.inline;
    }

    fn find(&mut self, src: NodeIx, dest: NodeIx) -> u32 {
        let last = self.last[dest as usize];
        if let Some(edge) = self.all.get(last as usize)
            && edge.src == src
        {
            return last;
        }
        let hash = |src: NodeIx, dest: NodeIx| FxBuildHasher.hash_one((src, dest));
        let all = &self.all;
        let same = |&e: &u32| all[e as usize].src == src && all[e as usize].dest == dest;
        let next = self.all.len() as u32;
        let e = match self.index.find(hash(src, dest), same) {
            Some(&e) => e,
            None => {
                self.index.insert_unique(hash(src, dest), next, |&e| {
                    hash(all[e as usize].src, all[e as usize].dest)
                });
                self.all.push(Edge {
                    src,
                    dest,
                    weight: 0,
                    weight_div: 0,
                    residual: false,
                    inline: true,
                });
                self.stamps.push(0);
                next
            }
        };
        self.last[dest as usize] = e;
        e
    }

    /// The edges added.
    pub fn finish(self) -> Vec<Edge> {
        self.all
    }
}

/// The edges between the nodes that are `kept` (`None`: all), as far as they are `wanted`: called
/// with the caller and the callee.
pub fn connect(
    nodes: &Nodes<'_>,
    measure: Measure,
    kept: Option<&[bool]>,
    wanted: Option<(&[bool], &[bool])>,
) -> Edges {
    let samples = &nodes.profile.samples;
    let keeps = |node: NodeIx| kept.is_none_or(|k| k[node as usize]);
    // A sample none of whose nodes is an end of a wanted edge needs no second look.
    let relevant: Option<Vec<bool>> = wanted.map(|(src, dest)| {
        let hit = |&node: &NodeIx| src[node as usize] || dest[node as usize];
        (0..nodes.profile.locations.len())
            .map(|i| nodes.of(profile::LocationIx(i as u32)).iter().any(hit))
            .collect()
    });
    let mut edges = Collector::new(nodes.len());
    for i in 0..samples.len() {
        let Some((weight, weight_div)) = measure.weight(samples, i) else {
            continue;
        };
        let stack = samples.stack(i);
        if relevant
            .as_ref()
            .is_some_and(|r| !stack.iter().any(|l| r[l.ix()]))
        {
            continue;
        }
        let mut parent: Option<NodeIx> = None;
        let mut residual = false;
        for &location in stack.iter().rev() {
            let frames = nodes.of(location);
            for (depth, &node) in frames.iter().enumerate().rev() {
                if !keeps(node) {
                    residual = true;
                    continue;
                }
                if let Some(src) = parent
                    && src != node
                    && wanted.is_none_or(|(s, d)| s[src as usize] || d[node as usize])
                {
                    edges.add(
                        i as u32 + 1,
                        Edge {
                            src,
                            dest: node,
                            weight,
                            weight_div,
                            residual,
                            inline: depth != frames.len() - 1,
                        },
                    );
                }
                parent = Some(node);
                residual = false;
            }
        }
    }
    Edges::new(edges.finish(), nodes.len())
}
