//! Which bends of long edges stand exactly above each other.
//!
//! The bends of an edge form columns, as far as they do not cross other columns. That keeps long edges
//! straight, and leaves few coordinates to be found.

use super::layered::{Kind, Layered};

/// The column of each item, and how many columns there are. A column has up to `longest` items; one that
/// is not joined has a column of its own. The columns can be placed in agreement with the order on all
/// ranks. Those for a number are parts of those for its multiples.
pub(super) fn columns(g: &Layered, longest: usize) -> (Vec<u32>, usize) {
    let mut position = vec![0; g.items.len()];
    for rank in &g.ranks {
        for (i, &v) in rank.iter().enumerate() {
            position[v] = i;
        }
    }
    let bends = |v: usize| !matches!(g.items[v].kind, Kind::Node(_));
    // The links that may be straight, by the rank above.
    let mut candidates: Vec<Vec<Straight>> = g.ranks.iter().map(|_| Vec::new()).collect();
    for link in g.links.iter().filter(|l| bends(l.from) && bends(l.to)) {
        candidates[g.items[link.from].rank].push(Straight {
            upper: position[link.from],
            lower: position[link.to],
            weight: u64::from(link.weight),
            ends: (link.from, link.to),
        });
    }
    let mut above = vec![None; g.items.len()];
    for (mut links, below) in candidates.into_iter().zip(g.ranks.iter().skip(1)) {
        for (from, to) in uncrossed(&mut links, below.len()) {
            above[to] = Some(from);
        }
    }
    let mut column = vec![0; g.items.len()];
    // How many joined items are above each.
    let mut depth = vec![0usize; g.items.len()];
    let mut count = 0;
    for rank in &g.ranks {
        for &v in rank {
            if let Some(u) = above[v] {
                depth[v] = depth[u] + 1;
                if !depth[v].is_multiple_of(longest) {
                    column[v] = column[u];
                    continue;
                }
            }
            column[v] = count;
            count += 1;
        }
    }
    (column, count as usize)
}

struct Straight {
    upper: usize,
    lower: usize,
    weight: u64,
    ends: (usize, usize),
}

/// The heaviest set of links that do not cross each other: an increasing subsequence.
fn uncrossed(links: &mut [Straight], lower_count: usize) -> Vec<(usize, usize)> {
    links.sort_by_key(|l| l.upper);
    // A binary indexed tree of the heaviest set that ends at or before a lower position, with its last
    // link.
    let mut best: Vec<(u64, Option<usize>)> = vec![(0, None); lower_count + 1];
    let mut before = vec![None; links.len()];
    let mut heaviest = (0, None);
    for (k, link) in links.iter().enumerate() {
        let mut sum = (0, None);
        let mut i = link.lower;
        while i > 0 {
            if best[i].0 > sum.0 {
                sum = best[i];
            }
            i &= i - 1;
        }
        before[k] = sum.1;
        let with = (sum.0 + link.weight, Some(k));
        let mut i = link.lower + 1;
        while i < best.len() {
            if with.0 > best[i].0 {
                best[i] = with;
            }
            i += i & i.wrapping_neg();
        }
        if with.0 > heaviest.0 {
            heaviest = with;
        }
    }
    let mut chosen = Vec::new();
    let mut last = heaviest.1;
    while let Some(k) = last {
        chosen.push(links[k].ends);
        last = before[k];
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_heaviest_uncrossed_links_are_straight(
            lower in Just((0..7usize).collect::<Vec<_>>()).prop_shuffle(),
            weights in prop::collection::vec(1u64..9, 7),
        ) {
            let link = |i: usize| Straight {
                upper: i,
                lower: lower[i],
                weight: weights[i],
                ends: (i, lower[i]),
            };
            let mut links: Vec<_> = (0..7).map(link).collect();
            let chosen = uncrossed(&mut links, 7);
            let crossed = |a: (usize, usize), b: (usize, usize)| (a.0 < b.0) != (a.1 < b.1);
            for (k, &a) in chosen.iter().enumerate() {
                prop_assert!(chosen[..k].iter().all(|&b| !crossed(a, b)));
            }
            let sum = |set: &mut dyn Iterator<Item = usize>| set.map(|i| weights[i]).sum::<u64>();
            let weight = sum(&mut chosen.iter().map(|c| c.0));
            for set in 0u32..128 {
                let members: Vec<usize> = (0..7).filter(|i| set & (1 << i) != 0).collect();
                if members.windows(2).all(|m| lower[m[0]] < lower[m[1]]) {
                    prop_assert!(sum(&mut members.into_iter()) <= weight);
                }
            }
        }
    }
}
