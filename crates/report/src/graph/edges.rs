//! The edges between the nodes that are kept: who calls whom, and how much of it.
//!
//! An edge over nodes that are left out is *residual*: it joins what is left on both sides.

use std::hash::BuildHasher;
use std::iter::repeat;

use hashbrown::HashTable;
use profile::LocationIx;
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
    /// Which of them were removed.
    gone: Vec<bool>,
    /// For each node the edges to it, the removed ones too.
    into: Vec<Vec<u32>>,
    /// For each node the edges from it, the removed ones too.
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
        Edges {
            gone: vec![false; all.len()],
            all,
            into,
            from,
        }
    }

    /// The edges to a node.
    pub fn callers(&self, node: NodeIx) -> impl Iterator<Item = &Edge> {
        self.left(self.into.get(node as usize))
    }

    /// The edges from a node.
    pub fn callees(&self, node: NodeIx) -> impl Iterator<Item = &Edge> {
        self.left(self.from.get(node as usize))
    }

    fn left(&self, list: Option<&Vec<u32>>) -> impl Iterator<Item = &Edge> {
        let list = list.map_or(&[][..], Vec::as_slice).iter();
        let left = list.filter(|&&e| !self.gone[e as usize]);
        left.map(|&e| &self.all[e as usize])
    }

    /// Removes the edges to the node for which `keep` is false, and says how many those were.
    pub fn retain_callers(&mut self, node: NodeIx, keep: impl Fn(&Edge) -> bool) -> usize {
        let mut removed = 0;
        for &e in self.into.get(node as usize).into_iter().flatten() {
            let e = e as usize;
            if !self.gone[e] && !keep(&self.all[e]) {
                self.gone[e] = true;
                removed += 1;
            }
        }
        removed
    }

    /// Takes the node out of a forest: its children become its parent's, or roots.
    pub fn splice(&mut self, node: NodeIx) {
        let parents = &self.into[node as usize];
        let parent = parents.iter().find(|&&e| !self.gone[e as usize]);
        let parent = parent.map(|&e| {
            self.gone[e as usize] = true;
            (self.all[e as usize].src, self.all[e as usize].inline)
        });
        for child in std::mem::take(&mut self.from[node as usize]) {
            match parent {
                None => self.gone[child as usize] = true,
                Some((src, inline)) => {
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

/// Adds up edges sample by sample, by the places of their ends among the nodes kept.
enum Collector {
    /// A cell for each pair of nodes: for few nodes, each looked up in one step.
    Dense { count: usize, cells: Vec<Cell> },
    /// Those that occur.
    Sparse(Sparse),
}

/// An edge in the making.
#[derive(Clone, Copy)]
struct Cell {
    weight: i64,
    /// The sample that touched it last; 0 for none.
    stamp: u32,
    residual: bool,
    inline: bool,
}

impl Cell {
    fn add(&mut self, call: &Call, weight: i64, stamp: u32) {
        if self.stamp != stamp {
            self.stamp = stamp;
            self.weight = self.weight.wrapping_add(weight);
            self.residual |= call.residual;
            self.inline &= call.inline;
        }
    }
}

/// A call in a sample, by the places of caller and callee.
#[derive(Clone, Copy)]
struct Call {
    src: u32,
    dest: u32,
    residual: bool,
    inline: bool,
}

const UNUSED: Cell = Cell {
    weight: 0,
    stamp: 0,
    residual: false,
    inline: true,
};

/// How many cells there may be: 32 megabytes of them.
const MOST_CELLS: usize = 2 << 20;

#[derive(Default)]
struct Sparse {
    ends: Vec<(u32, u32)>,
    cells: Vec<Cell>,
    /// Edges by their ends; the ends are beside the number so that looking one up reads one place.
    index: HashTable<(u64, u32)>,
    /// The last caller of each callee and their edge: callers rarely change from sample to sample.
    last: Vec<(u32, u32)>,
}

impl Collector {
    /// For so many nodes.
    fn new(count: usize) -> Self {
        if count.saturating_mul(count) <= MOST_CELLS {
            let cells = vec![UNUSED; count * count];
            Collector::Dense { count, cells }
        } else {
            Collector::Sparse(Sparse {
                last: vec![(u32::MAX, 0); count],
                ..Default::default()
            })
        }
    }

    /// Adds the calls of a sample: each edge once, as it occurs first.
    fn add(&mut self, calls: &[Call], weight: i64, stamp: u32) {
        match self {
            // The cells are far apart, but which ones comes from the calls alone, so that many can
            // be under way at once.
            Collector::Dense { count, cells } => {
                for call in calls {
                    let (src, dest) = (call.src as usize, call.dest as usize);
                    cells[src * *count + dest].add(call, weight, stamp);
                }
            }
            Collector::Sparse(sparse) => {
                for call in calls {
                    let cell = sparse.cell(call.src, call.dest);
                    cell.add(call, weight, stamp);
                }
            }
        }
    }

    /// The edges by the places of their ends.
    fn finish(self) -> Vec<((u32, u32), Cell)> {
        match self {
            Collector::Dense { count, cells } => {
                let ends = |i: usize| ((i / count) as u32, (i % count) as u32);
                let cells = cells.into_iter().enumerate();
                let used = cells.filter(|(_, cell)| cell.stamp != 0);
                used.map(|(i, cell)| (ends(i), cell)).collect()
            }
            Collector::Sparse(sparse) => sparse.ends.into_iter().zip(sparse.cells).collect(),
        }
    }
}

impl Sparse {
    fn cell(&mut self, src: u32, dest: u32) -> &mut Cell {
        let last = &mut self.last[dest as usize];
        if last.0 != src {
            let key = u64::from(src) << 32 | u64::from(dest);
            let hash = |key: u64| FxBuildHasher.hash_one(key);
            let found = self.index.find(hash(key), |(other, _)| *other == key);
            let number = match found {
                Some(&(_, number)) => number,
                None => {
                    let number = self.cells.len() as u32;
                    let entry = (key, number);
                    self.index
                        .insert_unique(hash(key), entry, |(key, _)| hash(*key));
                    self.ends.push((src, dest));
                    self.cells.push(UNUSED);
                    number
                }
            };
            *last = (src, number);
        }
        &mut self.cells[last.1 as usize]
    }
}

/// Which edges are made.
#[derive(Clone, Copy, Debug)]
pub enum Between<'a> {
    /// All.
    All,
    /// Those from or to such nodes.
    At(&'a [bool]),
    /// Those to such nodes.
    To(&'a [bool]),
}

/// What there is to know of a node.
#[derive(Clone, Copy)]
struct Mark {
    /// Its place among the nodes kept.
    place: u32,
    /// Edges from it are wanted.
    src: bool,
    /// Edges to it are wanted.
    dest: bool,
}

/// The edges between the nodes that are `kept` (`None`: all).
pub fn connect(
    nodes: &Nodes<'_>,
    measure: Measure,
    kept: Option<&[bool]>,
    between: Between<'_>,
) -> Edges {
    let mut places: Vec<NodeIx> = Vec::new();
    let mark = |node: NodeIx| {
        let kept = kept.is_none_or(|kept| kept[node as usize]);
        kept.then(|| {
            places.push(node);
            let (src, dest) = match between {
                Between::All => (true, true),
                Between::At(at) => (at[node as usize], at[node as usize]),
                Between::To(to) => (false, to[node as usize]),
            };
            Mark {
                place: places.len() as u32 - 1,
                src,
                dest,
            }
        })
    };
    let marks: Vec<Option<Mark>> = (0..nodes.len() as NodeIx).map(mark).collect();
    let count = places.len();
    let edges = walk(nodes, measure, &marks, count, |(weight, _)| weight);
    let divisors = if measure.mean {
        // The same walk finds the same edges in the same order.
        walk(nodes, measure, &marks, count, |(_, divisor)| divisor)
    } else {
        Vec::new()
    };
    let divisors = divisors.into_iter().map(|(_, cell)| cell.weight);
    let edges = edges.into_iter().zip(divisors.chain(repeat(0)));
    let edge = |(((src, dest), cell), weight_div): (((u32, u32), Cell), i64)| Edge {
        src: places[src as usize],
        dest: places[dest as usize],
        weight: cell.weight,
        weight_div,
        residual: cell.residual,
        inline: cell.inline,
    };
    Edges::new(edges.map(edge).collect(), nodes.len())
}

/// Adds up all edges that are wanted between the `count` nodes that are marked.
fn walk(
    nodes: &Nodes<'_>,
    measure: Measure,
    marks: &[Option<Mark>],
    count: usize,
    pick: impl Fn((i64, i64)) -> i64,
) -> Vec<((u32, u32), Cell)> {
    let samples = &nodes.profile.samples;
    // A location without a node that is kept is passed over quickly, and so is a sample without an
    // edge that is wanted.
    let at = |i: usize| {
        nodes
            .of(LocationIx(i as u32))
            .iter()
            .map(|&n| marks[n as usize])
    };
    let locations = 0..nodes.profile.locations.len();
    let keeps: Vec<bool> = locations
        .clone()
        .map(|i| at(i).any(|m| m.is_some()))
        .collect();
    let wants = |mark: Option<Mark>| mark.is_some_and(|m| m.src || m.dest);
    let wanted: Vec<bool> = locations.map(|i| at(i).any(wants)).collect();

    let mut edges = Collector::new(count);
    let mut calls = Vec::new();
    for i in 0..samples.len() {
        let stack = samples.stack(i);
        if !stack.iter().any(|l| wanted[l.ix()]) {
            continue;
        }
        let Some(weight) = measure.weight(samples, i) else {
            continue;
        };
        calls.clear();
        let mut residual = false;
        let mut parent: Option<Mark> = None;
        for &location in stack.iter().rev() {
            if !keeps[location.ix()] {
                residual = true;
                continue;
            }
            let frames = nodes.of(location);
            for (depth, &node) in frames.iter().enumerate().rev() {
                let Some(mark) = marks[node as usize] else {
                    residual = true;
                    continue;
                };
                if let Some(src) = parent
                    && src.place != mark.place
                    && (src.src || mark.dest)
                {
                    calls.push(Call {
                        src: src.place,
                        dest: mark.place,
                        residual,
                        inline: depth != frames.len() - 1,
                    });
                }
                parent = Some(mark);
                residual = false;
            }
        }
        edges.add(&calls, pick(weight), (i as u32).wrapping_add(1));
    }
    edges.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_nodes_give_the_same_edges() {
        let mut dense = Collector::new(30);
        let mut sparse = Collector::Sparse(Sparse {
            last: vec![(u32::MAX, 0); 30],
            ..Default::default()
        });
        let mut seed = 1u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((seed >> 33) % below) as u32
        };
        for stamp in 1..400 {
            let calls: Vec<Call> = (0..random(9))
                .map(|_| Call {
                    src: random(30),
                    dest: random(30),
                    residual: random(4) == 0,
                    inline: random(3) > 0,
                })
                .collect();
            let weight = i64::from(random(100));
            dense.add(&calls, weight, stamp);
            sparse.add(&calls, weight, stamp);
        }
        let ends = |edges: Collector| {
            let mut all: Vec<((u32, u32), Cell)> = edges.finish();
            all.sort_by_key(|(ends, _)| *ends);
            let parts = |(ends, c): (_, Cell)| (ends, c.weight, c.stamp, c.residual, c.inline);
            all.into_iter().map(parts).collect::<Vec<_>>()
        };
        assert!(matches!(dense, Collector::Dense { .. }));
        assert_eq!(ends(dense), ends(sparse));
    }
}
