//! The order of the items on each rank, so that few edges cross: sweeps that put every item at the
//! median of its neighbours, exchanges of neighbours, and several starts of which the best is kept.
//!
//! A crossing counts as the product of what its two edges count, which grows slowly with their weight.

use super::layered::Layered;

/// Sweeps without a better result after which a start is given up.
const PATIENCE: usize = 8;
const SWEEPS: usize = 24;

/// Orders `g.ranks`.
pub(super) fn order(g: &mut Layered) {
    let mut o = Ordering::new(g);
    let mut best: Option<(u64, Vec<Vec<u32>>)> = None;
    for downwards in [true, false] {
        o.start(downwards);
        o.improve();
        let crossings = o.crossings();
        if best.as_ref().is_none_or(|(least, _)| crossings < *least) {
            best = Some((crossings, o.ranks.clone()));
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

/// The sum over pairs of edges that cross, of the products of what they count. `ends` are sorted by
/// upper, then lower position; `sums` is scratch for a binary indexed tree.
fn crossing_sum(ends: &[(u32, u32, u32)], sums: &mut [u64]) -> u64 {
    sums.fill(0);
    let mut all = 0;
    let mut total = 0;
    for &(_, low, counts) in ends {
        let mut up_to = 0;
        let mut i = low as usize + 1;
        while i > 0 {
            up_to += sums[i];
            i &= i - 1;
        }
        total += (all - up_to) * u64::from(counts);
        all += u64::from(counts);
        let mut i = low as usize + 1;
        while i < sums.len() {
            sums[i] += u64::from(counts);
            i += i & i.wrapping_neg();
        }
    }
    total
}

/// What the crossings count between the edges of `a` and of `b`, an item to the right of it. Both are
/// sorted by position.
fn inversions(a: &[(u32, u32)], b: &[(u32, u32)], position: &[u32]) -> u64 {
    let mut total = 0;
    let mut left_of = 0u64;
    let mut j = 0;
    for &(u, counts) in a {
        while let Some(&(w, c)) = b.get(j) {
            if position[w as usize] >= position[u as usize] {
                break;
            }
            left_of += u64::from(c);
            j += 1;
        }
        total += left_of * u64::from(counts);
    }
    total
}

/// The median position of the neighbours; of an even number, nearer to the side where they are denser.
fn median(next: &[(u32, u32)], position: &[u32]) -> Option<f64> {
    if let [(only, _)] = next {
        return Some(f64::from(position[*only as usize]));
    }
    let mut at: Vec<u32> = next.iter().map(|&(u, _)| position[u as usize]).collect();
    at.sort_unstable();
    let middle = at.len() / 2;
    match at.len() {
        0 => None,
        n if n % 2 == 1 => Some(f64::from(at[middle])),
        2 => Some(f64::from(at[0] + at[1]) / 2.0),
        n => {
            let left = f64::from(at[middle - 1] - at[0]);
            let right = f64::from(at[n - 1] - at[middle]);
            let (a, b) = (f64::from(at[middle - 1]), f64::from(at[middle]));
            if left + right == 0.0 {
                return Some((a + b) / 2.0);
            }
            Some((a * right + b * left) / (left + right))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute(ends: &[(u32, u32, u32)]) -> u64 {
        let mut total = 0;
        for (i, a) in ends.iter().enumerate() {
            for b in &ends[i + 1..] {
                if (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1) {
                    total += u64::from(a.2) * u64::from(b.2);
                }
            }
        }
        total
    }

    proptest! {
        #[test]
        fn crossings_are_counted_right(
            mut ends in prop::collection::vec((0u32..9, 0u32..9, 1u32..5), 0..40),
        ) {
            ends.sort_unstable();
            prop_assert_eq!(crossing_sum(&ends, &mut [0; 32]), brute(&ends));
        }

        #[test]
        fn inversions_are_crossings_of_two_items(
            a in prop::collection::vec(0u32..9, 0..6),
            b in prop::collection::vec(0u32..9, 0..6),
        ) {
            let position: Vec<u32> = (0..9).collect();
            let list = |of: &[u32]| {
                let mut list: Vec<(u32, u32)> = of.iter().map(|&u| (u, u + 1)).collect();
                list.sort_unstable();
                list
            };
            let mut ends: Vec<_> = list(&a).iter().map(|&(u, c)| (0, u, c)).collect();
            ends.extend(list(&b).iter().map(|&(u, c)| (1, u, c)));
            prop_assert_eq!(inversions(&list(&a), &list(&b), &position), brute(&ends));
        }
    }

    #[test]
    fn medians_lean_to_the_denser_side() {
        let position: Vec<u32> = (0..20).collect();
        let of = |at: &[u32]| {
            let next: Vec<_> = at.iter().map(|&u| (u, 1)).collect();
            median(&next, &position)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[4, 1, 9]), Some(4.0));
        assert_eq!(of(&[1, 4]), Some(2.5));
        assert_eq!(of(&[0, 1, 9, 19]), Some(1.0 + 8.0 / 11.0));
    }
}
