//! The edges between the nodes that are kept: who calls whom, and how much of it.
//!
//! An edge over nodes that are left out is *residual*: it joins what is left on both sides.

use std::iter::repeat;

use profile::LocationIx;

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
        let mut counts = vec![(0, 0); nodes];
        for edge in &all {
            counts[edge.dest as usize].0 += 1;
            counts[edge.src as usize].1 += 1;
        }
        let mut into: Vec<Vec<u32>> = counts.iter().map(|c| Vec::with_capacity(c.0)).collect();
        let mut from: Vec<Vec<u32>> = counts.iter().map(|c| Vec::with_capacity(c.1)).collect();
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
    Dense { count: usize, cells: Vec<Packed> },
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

/// A [`Cell`] whose zeros mean that it is unused, so that the memory of those that stay so is never
/// asked for: the weight, then the stamp and above it whether a call was residual and whether one was
/// not inlined.
type Packed = [u64; 2];

const RESIDUAL: u64 = 1 << 32;
const OUTLINE: u64 = 1 << 33;

fn add_packed(cell: &mut Packed, call: &Call, weight: i64, stamp: u32) {
    let [sum, marks] = cell;
    if *marks as u32 != stamp {
        *sum = sum.wrapping_add(weight as u64);
        let residual = if call.residual { RESIDUAL } else { 0 };
        let outline = if call.inline { 0 } else { OUTLINE };
        *marks = *marks >> 32 << 32 | u64::from(stamp) | residual | outline;
    }
}

fn unpack([sum, marks]: Packed) -> Cell {
    Cell {
        weight: sum as i64,
        stamp: marks as u32,
        residual: marks & RESIDUAL != 0,
        inline: marks & OUTLINE == 0,
    }
}

const UNUSED: Cell = Cell {
    weight: 0,
    stamp: 0,
    residual: false,
    inline: true,
};

/// How many cells there may be: 32 megabytes of them.
const MOST_CELLS: usize = 2 << 20;

/// A table of edges by their ends, with the ends and the sums side by side: each call looks at one
/// place in memory, mostly.
struct Sparse {
    /// Edges at or after the slot that their ends' hash names; a power of two of them.
    slots: Vec<((u32, u32), Cell)>,
    used: usize,
    /// The last caller of each callee and their slot: callers rarely change from sample to sample.
    last: Vec<(u32, u32)>,
}

const FREE: ((u32, u32), Cell) = ((u32::MAX, u32::MAX), UNUSED);

impl Collector {
    /// For so many nodes.
    fn new(count: usize) -> Self {
        if count.saturating_mul(count) <= MOST_CELLS {
            let cells = vec![[0; 2]; count * count];
            Collector::Dense { count, cells }
        } else {
            Collector::Sparse(Sparse::new(count))
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
                    add_packed(&mut cells[src * *count + dest], call, weight, stamp);
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
                let used = cells.filter(|(_, cell)| cell[1] != 0);
                used.map(|(i, cell)| (ends(i), unpack(cell))).collect()
            }
            Collector::Sparse(sparse) => {
                let mut used = sparse.slots;
                used.retain(|(ends, _)| *ends != FREE.0);
                used.sort_unstable_by_key(|(ends, _)| *ends);
                used
            }
        }
    }
}

impl Sparse {
    fn new(count: usize) -> Self {
        Sparse {
            slots: vec![FREE; 1 << 12],
            used: 0,
            last: vec![(u32::MAX, 0); count],
        }
    }

    fn cell(&mut self, src: u32, dest: u32) -> &mut Cell {
        let last = self.last[dest as usize];
        let slot = match last.0 == src {
            true => last.1 as usize,
            false => self.find(src, dest),
        };
        &mut self.slots[slot].1
    }

    fn find(&mut self, src: u32, dest: u32) -> usize {
        let mut slot = self.slot((src, dest));
        if self.slots[slot].0 == FREE.0 {
            if self.used >= self.slots.len() / 8 * 5 {
                self.grow();
                slot = self.slot((src, dest));
            }
            self.slots[slot].0 = (src, dest);
            self.used += 1;
        }
        self.last[dest as usize] = (src, slot as u32);
        slot
    }

    /// Where the edge is, or belongs.
    fn slot(&self, ends: (u32, u32)) -> usize {
        let key = u64::from(ends.0) << 32 | u64::from(ends.1);
        let hash = (key ^ key >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> 32) as usize & mask;
        while self.slots[slot].0 != ends && self.slots[slot].0 != FREE.0 {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[cold]
    fn grow(&mut self) {
        let double = vec![FREE; self.slots.len() * 2];
        for (ends, cell) in std::mem::replace(&mut self.slots, double) {
            if ends != FREE.0 {
                let slot = self.slot(ends);
                self.slots[slot] = (ends, cell);
            }
        }
        self.last.fill((u32::MAX, 0));
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

/// What there is to know of a location or of a step in a stack, in four bytes, so that the table of
/// all locations stays in the cache: the place of the only node that is kept, or one of these.
mod code {
    /// None of its nodes is kept.
    pub const NONE: u32 = u32::MAX >> 2;
    /// More than one node.
    pub const SEVERAL: u32 = NONE - 1;
    /// The bits of the place.
    pub const PLACE: u32 = NONE;
    /// Between a step and the one before it, nodes are left out.
    pub const RESIDUAL: u32 = 1 << 31;
    /// A step that is inlined into the one before it.
    pub const INLINE: u32 = 1 << 30;
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
    let at = |i: usize| {
        nodes
            .of(LocationIx(i as u32))
            .iter()
            .map(|&n| marks[n as usize])
    };
    // Most locations are one node: what there is to know of it is found in one step.
    let locations = 0..nodes.profile.locations.len();
    let single = |i: usize| {
        let mut all = at(i);
        match (all.next().flatten(), all.next()) {
            (Some(mark), None) => mark.place,
            (None, None) => code::NONE,
            _ if at(i).all(|m| m.is_none()) => code::NONE,
            _ => code::SEVERAL,
        }
    };
    let singles: Vec<u32> = locations.clone().map(single).collect();
    // Where not all edges are wanted, a sample without one that is is passed over quickly.
    let all = marks.iter().flatten().all(|m| m.src && m.dest);
    let wants = |mark: Option<Mark>| mark.is_some_and(|m| m.src || m.dest);
    let (mut wanted, mut kept) = (Vec::new(), Vec::new());
    if !all {
        wanted.extend(locations.map(|i| at(i).any(wants)));
        kept.extend(marks.iter().flatten().copied());
    }

    let mut edges = Collector::new(count);
    let mut calls = Vec::new();
    let mut steps = Vec::new();
    for i in 0..samples.len() {
        let stack = samples.stack(i);
        if !all && !stack.iter().any(|l| wanted[l.ix()]) {
            continue;
        }
        let Some(weight) = measure.weight(samples, i) else {
            continue;
        };
        let n = climb(nodes, marks, &singles, stack, &mut steps);
        calls.clear();
        for pair in steps[..n].windows(2) {
            let (src, dest) = (pair[0] & code::PLACE, pair[1] & code::PLACE);
            if src != dest && (all || kept[src as usize].src || kept[dest as usize].dest) {
                calls.push(Call {
                    src,
                    dest,
                    residual: pair[1] & code::RESIDUAL != 0,
                    inline: pair[1] & code::INLINE != 0,
                });
            }
        }
        edges.add(&calls, pick(weight), (i as u32).wrapping_add(1));
    }
    edges.finish()
}

/// The nodes kept of a stack, from its root on, at the start of `steps`; how many those are.
///
/// Whether a location is kept cannot be foretold, so that a jump for it would often go wrong: each
/// is written, and the next one over it if it was not kept.
fn climb(
    nodes: &Nodes<'_>,
    marks: &[Option<Mark>],
    singles: &[u32],
    stack: &[LocationIx],
    steps: &mut Vec<u32>,
) -> usize {
    if steps.len() < stack.len() {
        steps.resize(stack.len(), 0);
    }
    let (mut n, mut residual) = (0, 0);
    for &location in stack.iter().rev() {
        let single = singles[location.ix()];
        if single == code::SEVERAL {
            let frames = nodes.of(location);
            let room = n + frames.len() + stack.len();
            if steps.len() < room {
                steps.resize(room, 0);
            }
            for (depth, &node) in frames.iter().enumerate().rev() {
                match marks[node as usize] {
                    None => residual = code::RESIDUAL,
                    Some(mark) => {
                        let inlined = depth != frames.len() - 1;
                        let inline = if inlined { code::INLINE } else { 0 };
                        steps[n] = mark.place | residual | inline;
                        n += 1;
                        residual = 0;
                    }
                }
            }
            continue;
        }
        steps[n] = single | residual;
        let kept = single != code::NONE;
        n += usize::from(kept);
        residual = if kept { 0 } else { code::RESIDUAL };
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_nodes_give_the_same_edges() {
        let mut dense = Collector::new(30);
        let mut sparse = Collector::Sparse(Sparse::new(30));
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
