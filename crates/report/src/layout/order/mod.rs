//! The order of the items on each rank, so that few edges cross: sweeps that put every item at the
//! median of its neighbours, exchanges of neighbours, and several starts of which the best is kept.
//!
//! A crossing counts as the product of what its two edges count, which grows slowly with their weight.

mod crossing;

use super::layered::Layered;
use crossing::{crossing_sum, inversions, median};

/// Sweeps without a better result after which a start is given up.
const PATIENCE: usize = 8;
const SWEEPS: usize = 24;

/// How many items all random starts may have together, and how many such starts there are at most.
const RANDOM_ITEMS: usize = 6000;
const MOST_RANDOM: usize = 8;

/// Orders `g.ranks`.
pub(super) fn order(g: &mut Layered) {
    let mut o = Ordering::new(g);
    let mut best: Option<(u64, Vec<Vec<u32>>)> = None;
    let more = (RANDOM_ITEMS / g.items.len().max(1)).min(MOST_RANDOM);
    let mut random = 1;
    for start in 0..2 + more {
        match start {
            0 => o.start(true),
            1 => o.start(false),
            _ => o.shuffle(&mut random),
        }
        o.improve();
        let crossings = o.crossings();
        if best.as_ref().is_none_or(|(least, _)| crossings < *least) {
            best = Some((crossings, o.ranks.clone()));
        }
        if crossings == 0 {
            break;
        }
    }
    if let Some((_, ranks)) = best {
        g.ranks = ranks
            .into_iter()
            .map(|rank| rank.into_iter().map(|v| v as usize).collect())
            .collect();
    }
}

struct Ordering {
    ranks: Vec<Vec<u32>>,
    /// The position of each item on its rank.
    position: Vec<u32>,
    /// The neighbours of each item on the rank above, and what the edge to them counts.
    above: Vec<Vec<(u32, u32)>>,
    below: Vec<Vec<(u32, u32)>>,
    /// Crossings that all exchanges may look at before they stop.
    effort: u64,
    sums: Vec<u64>,
}

impl Ordering {
    fn new(g: &Layered) -> Self {
        let n = g.items.len();
        let mut above = vec![Vec::new(); n];
        let mut below = vec![Vec::new(); n];
        for link in &g.links {
            let counts = link.weight.max(1).ilog2() + 1;
            below[link.from].push((link.to as u32, counts));
            above[link.to].push((link.from as u32, counts));
        }
        let ranks: Vec<Vec<u32>> = g
            .ranks
            .iter()
            .map(|rank| rank.iter().map(|&v| v as u32).collect())
            .collect();
        let widest = ranks.iter().map(Vec::len).max().unwrap_or(0);
        Ordering {
            ranks,
            position: vec![0; n],
            above,
            below,
            effort: 100_000_000,
            sums: vec![0; widest.next_power_of_two() * 2],
        }
    }

    /// Orders the items as a walk meets them that goes down (or up) from the ends of the graph.
    fn start(&mut self, downwards: bool) {
        let n = self.position.len();
        let mut seen = vec![false; n];
        let mut found: Vec<u32> = Vec::with_capacity(n);
        let roots: Vec<u32> = if downwards {
            self.ranks.concat()
        } else {
            self.ranks.iter().rev().flatten().copied().collect()
        };
        let mut roots: Vec<u32> = roots;
        roots.sort_by_key(|&v| !self.next(downwards, !downwards)[v as usize].is_empty());
        for root in roots {
            if std::mem::replace(&mut seen[root as usize], true) {
                continue;
            }
            let mut next = found.len();
            found.push(root);
            while let Some(&v) = found.get(next) {
                next += 1;
                for &(w, _) in &self.next(downwards, downwards)[v as usize] {
                    if !std::mem::replace(&mut seen[w as usize], true) {
                        found.push(w);
                    }
                }
            }
        }
        let mut rank_of = vec![0; n];
        for (r, rank) in self.ranks.iter_mut().enumerate() {
            for &v in rank.iter() {
                rank_of[v as usize] = r;
            }
            rank.clear();
        }
        for v in found {
            self.ranks[rank_of[v as usize]].push(v);
        }
        for r in 0..self.ranks.len() {
            self.number(r);
        }
    }

    /// Puts the items in an order by chance, which is the same chance every time.
    fn shuffle(&mut self, random: &mut u32) {
        for r in 0..self.ranks.len() {
            for i in (1..self.ranks[r].len()).rev() {
                *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                self.ranks[r].swap(i, (*random >> 8) as usize % (i + 1));
            }
            self.number(r);
        }
    }

    fn next(&self, downwards: bool, along: bool) -> &[Vec<(u32, u32)>] {
        if downwards == along {
            &self.below
        } else {
            &self.above
        }
    }

    fn number(&mut self, r: usize) {
        for (i, &v) in self.ranks[r].iter().enumerate() {
            self.position[v as usize] = i as u32;
        }
    }

    fn improve(&mut self) {
        self.exchange(false);
        let mut least = self.crossings();
        let mut best = self.ranks.clone();
        let mut patience = PATIENCE;
        for sweep in 0..SWEEPS {
            if least == 0 || patience == 0 {
                break;
            }
            patience -= 1;
            let turn = sweep % 4 >= 2;
            if sweep % 2 == 0 {
                for r in 1..self.ranks.len() {
                    self.sort_by_medians(r, true, turn);
                }
            } else {
                for r in (0..self.ranks.len().saturating_sub(1)).rev() {
                    self.sort_by_medians(r, false, turn);
                }
            }
            self.exchange(turn);
            let crossings = self.crossings();
            if crossings < least {
                // Small gains late are not worth the time.
                if crossings * 1000 < least * 995 {
                    patience = PATIENCE;
                }
                least = crossings;
                best.clone_from(&self.ranks);
            }
        }
        self.ranks = best;
        for r in 0..self.ranks.len() {
            self.number(r);
        }
    }

    /// Sorts a rank by the medians of its neighbours above (or below). Items without neighbours there
    /// keep their places. `turn`: items with equal medians change sides.
    fn sort_by_medians(&mut self, r: usize, from_above: bool, turn: bool) {
        let next = if from_above { &self.above } else { &self.below };
        let mut places = Vec::new();
        let mut moving: Vec<(f64, u32)> = Vec::new();
        for (place, &v) in self.ranks[r].iter().enumerate() {
            if let Some(m) = median(&next[v as usize], &self.position) {
                places.push(place);
                moving.push((m, v));
            }
        }
        if turn {
            moving.reverse();
        }
        moving.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (place, (_, v)) in places.into_iter().zip(moving) {
            self.ranks[r][place] = v;
        }
        self.number(r);
    }

    /// Exchanges neighbours as long as that removes crossings. `turn`: also where it changes nothing,
    /// which may open a way for others.
    fn exchange(&mut self, turn: bool) {
        self.sort_neighbours();
        let mut open = vec![true; self.ranks.len()];
        let mut turn = turn;
        while open.iter().any(|&o| o) && self.effort > 0 {
            for r in 0..self.ranks.len() {
                if !std::mem::replace(&mut open[r], false) {
                    continue;
                }
                let (mut moved, mut better) = (false, false);
                for i in 1..self.ranks[r].len() {
                    let (v, w) = (self.ranks[r][i - 1], self.ranks[r][i]);
                    let (now, then) = self.pair(v, w);
                    if then < now || (turn && then == now && now > 0) {
                        self.ranks[r].swap(i - 1, i);
                        self.position[v as usize] = i as u32;
                        self.position[w as usize] = i as u32 - 1;
                        moved = true;
                        better |= then < now;
                    }
                }
                if moved {
                    self.resort_near(r);
                }
                if better {
                    for near in [r.wrapping_sub(1), r, r + 1] {
                        if let Some(o) = open.get_mut(near) {
                            *o = true;
                        }
                    }
                }
            }
            turn = false;
        }
    }

    /// The crossings between the edges of two neighbours as they are, and exchanged.
    fn pair(&mut self, v: u32, w: u32) -> (u64, u64) {
        let (mut now, mut then) = (0, 0);
        for next in [&self.above, &self.below] {
            let (a, b) = (&next[v as usize], &next[w as usize]);
            now += inversions(a, b, &self.position);
            then += inversions(b, a, &self.position);
            self.effort = self.effort.saturating_sub((a.len() + b.len()) as u64);
        }
        (now, then)
    }

    fn sort_neighbours(&mut self) {
        for next in [&mut self.above, &mut self.below] {
            for list in next.iter_mut() {
                list.sort_by_key(|&(u, _)| self.position[u as usize]);
            }
        }
    }

    /// The lists that name items of rank `r` stay in the order of that rank.
    fn resort_near(&mut self, r: usize) {
        let near = [(r.wrapping_sub(1), true), (r + 1, false)];
        for (rank, below) in near {
            let Some(items) = self.ranks.get(rank) else {
                continue;
            };
            let lists = if below {
                &mut self.below
            } else {
                &mut self.above
            };
            for &v in items {
                lists[v as usize].sort_by_key(|&(u, _)| self.position[u as usize]);
            }
        }
    }

    /// What all crossings count together.
    fn crossings(&mut self) -> u64 {
        let mut total = 0;
        let mut ends: Vec<(u32, u32, u32)> = Vec::new();
        for rank in &self.ranks {
            ends.clear();
            for (i, &v) in rank.iter().enumerate() {
                for &(w, counts) in &self.below[v as usize] {
                    ends.push((i as u32, self.position[w as usize], counts));
                }
            }
            ends.sort_unstable();
            total += crossing_sum(&ends, &mut self.sums);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::layered::{Item, Kind, Link};

    /// Two ranks of four items with these links.
    fn two_ranks(links: &[(usize, usize)]) -> Layered {
        let item = |v: usize| Item {
            kind: Kind::Node(v),
            rank: v / 4,
            left: 1.0,
            right: 1.0,
            height: 1.0,
        };
        Layered {
            items: (0..8).map(item).collect(),
            links: links
                .iter()
                .map(|&(from, to)| Link {
                    from,
                    to: to + 4,
                    weight: 1,
                })
                .collect(),
            chains: Vec::new(),
            ranks: vec![(0..4).collect(), (4..8).collect()],
        }
    }

    fn crossings(g: &Layered) -> u64 {
        let mut o = Ordering::new(g);
        (0..2).for_each(|r| o.number(r));
        o.crossings()
    }

    fn permutations(of: &[usize]) -> Vec<Vec<usize>> {
        if of.is_empty() {
            return vec![Vec::new()];
        }
        let with_first = |i: usize| {
            let mut rest = of.to_vec();
            let first = rest.remove(i);
            let tails = permutations(&rest).into_iter();
            tails.map(move |tail| [vec![first], tail].concat())
        };
        (0..of.len()).flat_map(with_first).collect()
    }

    #[test]
    fn orders_are_nearly_the_best_there_are() {
        let (mut found, mut best) = (0, 0);
        let mut state = 1u32;
        for _ in 0..60 {
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as usize % 4
            };
            let links: Vec<_> = (0..10).map(|_| (random(), random())).collect();
            let mut g = two_ranks(&links);
            order(&mut g);
            found += crossings(&g);
            let tops = permutations(&[0, 1, 2, 3]);
            let bottoms = permutations(&[4, 5, 6, 7]);
            let pairs = tops
                .iter()
                .flat_map(|t| bottoms.iter().map(move |b| (t, b)));
            best += pairs
                .map(|(t, b)| {
                    g.ranks = vec![t.clone(), b.clone()];
                    crossings(&g)
                })
                .min()
                .unwrap_or(0);
        }
        assert!(best > 100, "the graphs are not all easy: {best}");
        assert!(
            found * 100 <= best * 102,
            "{found} crossings, {best} would do"
        );
    }
}
