//! The tree of the network simplex method: which arcs have no slack, and what it would cost to change
//! that.
//!
//! It is kept by parent pointers. Each node knows the balance of its subtree (weight of the arcs that
//! leave it less those that enter it), which is the cut value of its tree arc but for the sign, and
//! which an exchange changes only along two paths.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Arc;

const NONE: u32 = u32::MAX;

/// How many arcs that may leave the tree are compared before the best one is taken.
const SEARCH: usize = 30;

pub(super) struct SpanningTree<'a> {
    arcs: &'a [Arc],
    pub at: Vec<i64>,
    /// The arcs at node `v` are `incident[ends[v]..ends[v + 1]]`.
    incident: Vec<u32>,
    ends: Vec<u32>,
    /// The tree arcs at each node.
    tree: Vec<Vec<u32>>,
    parent: Vec<u32>,
    /// The arc to the parent.
    up: Vec<u32>,
    /// Weight leaving the subtree less weight entering it.
    balance: Vec<i64>,
    /// How many nodes the subtree has.
    size: Vec<u32>,
    mark: Vec<u32>,
    marker: u32,
    cursor: usize,
    /// Looks at nodes that are left.
    pub budget: usize,
    /// Scratch: the nodes of one side of a cut.
    side: Vec<u32>,
}

impl<'a> SpanningTree<'a> {
    pub fn new(arcs: &'a [Arc], at: Vec<i64>, budget: usize) -> Self {
        let n = at.len();
        let mut ends = vec![0u32; n + 1];
        for a in arcs {
            ends[a.tail as usize + 1] += 1;
            ends[a.head as usize + 1] += 1;
        }
        for v in 0..n {
            ends[v + 1] += ends[v];
        }
        let mut next = ends.clone();
        let mut incident = vec![0u32; 2 * arcs.len()];
        for (i, a) in arcs.iter().enumerate() {
            for v in [a.tail, a.head] {
                incident[next[v as usize] as usize] = i as u32;
                next[v as usize] += 1;
            }
        }
        SpanningTree {
            arcs,
            at,
            incident,
            ends,
            tree: vec![Vec::new(); n],
            parent: vec![NONE; n],
            up: vec![NONE; n],
            balance: vec![0; n],
            size: vec![1; n],
            mark: vec![0; n],
            marker: 0,
            cursor: 0,
            budget,
            side: Vec::new(),
        }
    }

    fn incident(&self, v: u32) -> &[u32] {
        &self.incident[self.ends[v as usize] as usize..self.ends[v as usize + 1] as usize]
    }

    fn slack(&self, arc: u32) -> i64 {
        let a = &self.arcs[arc as usize];
        self.at[a.head as usize] - self.at[a.tail as usize] - a.length
    }

    fn other_end(&self, arc: u32, v: u32) -> u32 {
        let a = &self.arcs[arc as usize];
        if a.tail == v { a.head } else { a.tail }
    }

    fn add_to_tree(&mut self, arc: u32) {
        let a = self.arcs[arc as usize];
        self.tree[a.tail as usize].push(arc);
        self.tree[a.head as usize].push(arc);
    }

    /// Grows trees of arcs without slack, and moves the smallest tree to its nearest neighbour until
    /// each connected part of the graph has one tree.
    pub fn tighten(&mut self) {
        let n = self.at.len();
        let mut group = vec![NONE; n];
        let mut members: Vec<Vec<u32>> = Vec::new();
        for v in 0..n as u32 {
            if group[v as usize] != NONE {
                continue;
            }
            let id = members.len() as u32;
            group[v as usize] = id;
            let mut found = vec![v];
            let mut next = 0;
            while let Some(&u) = found.get(next) {
                next += 1;
                for k in self.ends[u as usize]..self.ends[u as usize + 1] {
                    let arc = self.incident[k as usize];
                    let w = self.other_end(arc, u);
                    if group[w as usize] == NONE && self.slack(arc) == 0 {
                        group[w as usize] = id;
                        self.add_to_tree(arc);
                        found.push(w);
                    }
                }
            }
            members.push(found);
        }
        let mut smallest: BinaryHeap<_> = members
            .iter()
            .enumerate()
            .map(|(id, m)| Reverse((m.len(), id as u32)))
            .collect();
        while let Some(Reverse((len, id))) = smallest.pop() {
            if members[id as usize].len() != len {
                continue;
            }
            let mut nearest: Option<(i64, u32)> = None;
            for &v in &members[id as usize] {
                for &arc in self.incident(v) {
                    if group[self.other_end(arc, v) as usize] != id {
                        let s = self.slack(arc);
                        if nearest.is_none_or(|(best, _)| s < best) {
                            nearest = Some((s, arc));
                        }
                    }
                }
            }
            let Some((slack, arc)) = nearest else {
                continue;
            };
            let a = self.arcs[arc as usize];
            let (shift, to) = if group[a.tail as usize] == id {
                (slack, group[a.head as usize])
            } else {
                (-slack, group[a.tail as usize])
            };
            for &v in &members[id as usize] {
                self.at[v as usize] += shift;
            }
            self.add_to_tree(arc);
            let (mut small, mut large) = (id, to);
            if members[small as usize].len() > members[large as usize].len() {
                std::mem::swap(&mut small, &mut large);
            }
            let moved = std::mem::take(&mut members[small as usize]);
            for &v in &moved {
                group[v as usize] = large;
            }
            members[large as usize].extend(moved);
            smallest.push(Reverse((members[large as usize].len(), large)));
        }
    }

    /// Gives every tree a root, and adds up balances and sizes.
    pub fn root_trees(&mut self) {
        let n = self.at.len();
        for a in self.arcs {
            self.balance[a.tail as usize] += a.weight;
            self.balance[a.head as usize] -= a.weight;
        }
        let mut order = Vec::with_capacity(n);
        let mut seen = vec![false; n];
        for root in 0..n {
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            let mut next = order.len();
            order.push(root as u32);
            while let Some(&v) = order.get(next) {
                next += 1;
                for &arc in &self.tree[v as usize] {
                    let w = self.other_end(arc, v);
                    if !std::mem::replace(&mut seen[w as usize], true) {
                        self.parent[w as usize] = v;
                        self.up[w as usize] = arc;
                        order.push(w);
                    }
                }
            }
        }
        for &v in order.iter().rev() {
            let p = self.parent[v as usize];
            if p != NONE {
                self.balance[p as usize] += self.balance[v as usize];
                self.size[p as usize] += self.size[v as usize];
            }
        }
    }

    /// The lower end of a tree arc that would better be longer.
    pub fn leaving(&mut self) -> Option<u32> {
        let n = self.at.len();
        let mut best: Option<(i64, u32)> = None;
        let mut found = 0;
        let mut looks = 0;
        for _ in 0..n {
            looks += 1;
            let v = self.cursor;
            self.cursor = if v + 1 == n { 0 } else { v + 1 };
            let up = self.up[v];
            if up == NONE {
                continue;
            }
            let from_below = self.arcs[up as usize].tail == v as u32;
            let cut = if from_below {
                self.balance[v]
            } else {
                -self.balance[v]
            };
            if cut < 0 {
                if best.is_none_or(|(least, _)| cut < least) {
                    best = Some((cut, v as u32));
                }
                found += 1;
                if found == SEARCH {
                    break;
                }
            }
        }
        self.budget = self.budget.saturating_sub(looks / 4);
        best.map(|(_, v)| v)
    }

    /// Collects the nodes of `v`'s subtree, or all others of its tree, whichever are fewer, in
    /// `side` and marks them. Returns whether they are those of the subtree.
    fn collect(&mut self, v: u32) -> bool {
        let mut root = v;
        while self.parent[root as usize] != NONE {
            root = self.parent[root as usize];
        }
        let below = self.size[v as usize] * 2 <= self.size[root as usize];
        self.marker += 1;
        let mut side = std::mem::take(&mut self.side);
        side.clear();
        side.push(if below { v } else { root });
        let mut next = 0;
        while let Some(&u) = side.get(next) {
            next += 1;
            self.mark[u as usize] = self.marker;
            for &arc in &self.tree[u as usize] {
                let w = self.other_end(arc, u);
                if arc != self.up[u as usize] && w != v {
                    side.push(w);
                }
            }
        }
        self.budget = self.budget.saturating_sub(side.len());
        self.side = side;
        below
    }

    /// Replaces the tree arc above `v` by the arc with the least slack that runs the other way across
    /// the cut. False if there is none.
    pub fn exchange(&mut self, v: u32) -> bool {
        let leaving = self.up[v as usize];
        let below = self.collect(v);
        // The entering arc runs into the subtree if the leaving one runs out of it.
        let into_subtree = self.arcs[leaving as usize].tail == v;
        let into_side = into_subtree == below;
        let mut best: Option<(i64, u32)> = None;
        for &u in &self.side {
            for &arc in self.incident(u) {
                let a = &self.arcs[arc as usize];
                let (inner, outer) = if into_side {
                    (a.head, a.tail)
                } else {
                    (a.tail, a.head)
                };
                if inner == u && self.mark[outer as usize] != self.marker {
                    let s = self.slack(arc);
                    if best.is_none_or(|(least, _)| s < least) {
                        best = Some((s, arc));
                    }
                }
            }
        }
        let Some((slack, entering)) = best else {
            return false;
        };
        let shift = if into_side { -slack } else { slack };
        if shift != 0 {
            for &u in &self.side {
                self.at[u as usize] += shift;
            }
        }
        let a = self.arcs[entering as usize];
        let (inside, outside) = if into_subtree {
            (a.head, a.tail)
        } else {
            (a.tail, a.head)
        };
        self.rehang(v, entering, inside, outside);
        true
    }

    /// Cuts `v`'s subtree off, roots it at `inside` and hangs it below `outside`.
    fn rehang(&mut self, v: u32, entering: u32, inside: u32, outside: u32) {
        let leaving = self.up[v as usize];
        let (balance, size) = (self.balance[v as usize], self.size[v as usize]);
        let mut u = self.parent[v as usize];
        while u != NONE {
            self.balance[u as usize] -= balance;
            self.size[u as usize] -= size;
            u = self.parent[u as usize];
        }
        u = outside;
        while u != NONE {
            self.balance[u as usize] += balance;
            self.size[u as usize] += size;
            u = self.parent[u as usize];
        }
        // On the path from `inside` to `v` parents become children: what was above is now below.
        let mut u = inside;
        let (mut parent, mut up) = (outside, entering);
        let (mut cut_balance, mut cut_size) = (0, 0);
        loop {
            let i = u as usize;
            let old = (self.parent[i], self.up[i], self.balance[i], self.size[i]);
            self.parent[i] = parent;
            self.up[i] = up;
            self.balance[i] = balance - cut_balance;
            self.size[i] = size - cut_size;
            if u == v {
                break;
            }
            (parent, up, cut_balance, cut_size) = (u, old.1, old.2, old.3);
            u = old.0;
        }
        let a = self.arcs[leaving as usize];
        for end in [a.tail, a.head] {
            self.tree[end as usize].retain(|&arc| arc != leaving);
        }
        self.add_to_tree(entering);
    }
}
