//! Integers for the nodes of a graph so that every arc has at least its length and the weighted sum
//! of all lengths is as small as possible: the network simplex method, as Gansner, Koutsofios, North
//! and Vo use it in "A Technique for Drawing Directed Graphs" (1993), twice: for ranks and for x.

mod tree;

use tree::SpanningTree;

/// The head lies at least `length` after the tail; every unit of distance costs `weight`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    pub tail: u32,
    pub head: u32,
    pub length: i64,
    pub weight: i64,
}

/// Moves the nodes from a feasible `start` to the optimum, or as near as `budget` lasts, which counts
/// looks at nodes. The result is feasible in any case; only differences between its numbers mean
/// something.
pub(super) fn solve(arcs: &[Arc], start: &[i64], budget: &mut usize) -> Vec<i64> {
    let mut s = SpanningTree::new(arcs, start.to_vec(), *budget);
    s.tighten();
    s.root_trees();
    while s.budget > 0 {
        let Some(leaving) = s.leaving() else { break };
        if !s.exchange(leaving) {
            break;
        }
    }
    *budget = s.budget;
    // Making the first tree may have cost more than was won.
    if cost(arcs, &s.at) <= cost(arcs, start) {
        s.at
    } else {
        start.to_vec()
    }
}

fn cost(arcs: &[Arc], at: &[i64]) -> i64 {
    let length = |a: &Arc| at[a.head as usize] - at[a.tail as usize];
    arcs.iter().map(|a| a.weight * length(a)).sum()
}

/// A start for [`solve`]: every node as early as its arcs allow. `None` if the arcs form a cycle.
pub(super) fn earliest(nodes: usize, arcs: &[Arc]) -> Option<Vec<i64>> {
    let mut open = vec![0u32; nodes];
    let mut out: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for (i, a) in arcs.iter().enumerate() {
        open[a.head as usize] += 1;
        out[a.tail as usize].push(i as u32);
    }
    let mut at = vec![0i64; nodes];
    let mut ready: Vec<usize> = (0..nodes).filter(|&v| open[v] == 0).collect();
    let mut done = 0;
    while let Some(v) = ready.pop() {
        done += 1;
        for &i in &out[v] {
            let a = &arcs[i as usize];
            let h = a.head as usize;
            at[h] = at[h].max(at[v] + a.length);
            open[h] -= 1;
            if open[h] == 0 {
                ready.push(h);
            }
        }
    }
    (done == nodes).then_some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arc(tail: u32, head: u32, length: i64, weight: i64) -> Arc {
        Arc {
            tail,
            head,
            length,
            weight,
        }
    }

    /// The least cost, by trying every position up to `limit`.
    fn least_cost(nodes: usize, arcs: &[Arc], limit: i64) -> i64 {
        let mut at = vec![0; nodes];
        let mut best = i64::MAX;
        loop {
            let fits = |a: &Arc| at[a.head as usize] - at[a.tail as usize] >= a.length;
            if arcs.iter().all(fits) {
                best = best.min(cost(arcs, &at));
            }
            let Some(v) = (0..nodes).find(|&v| at[v] < limit) else {
                return best;
            };
            at[..v].fill(0);
            at[v] += 1;
        }
    }

    #[test]
    fn heavy_arcs_are_short() {
        // A node with two ways in is pulled to the heavier one.
        let arcs = [
            arc(0, 1, 1, 1),
            arc(1, 2, 1, 1),
            arc(0, 3, 1, 9),
            arc(3, 2, 1, 1),
        ];
        let at = solve(&arcs, &earliest(4, &arcs).expect("no cycle"), &mut 1000);
        assert_eq!(at[3] - at[0], 1);
        assert_eq!(at[2] - at[0], 2);
    }

    #[test]
    fn a_cycle_has_no_start() {
        assert_eq!(earliest(2, &[arc(0, 1, 1, 1), arc(1, 0, 1, 1)]), None);
    }

    proptest! {
        #[test]
        fn no_other_positions_cost_less(
            raw in prop::collection::vec((0u32..5, 0u32..5, 0i64..3, 0i64..5), 1..9),
        ) {
            let arcs: Vec<Arc> = raw
                .into_iter()
                .filter(|(a, b, ..)| a != b)
                .map(|(a, b, length, weight)| arc(a.min(b), a.max(b), length, weight))
                .collect();
            let start = earliest(5, &arcs).expect("arcs lead from lower to higher numbers");
            let at = solve(&arcs, &start, &mut 100_000);
            for a in &arcs {
                prop_assert!(at[a.head as usize] - at[a.tail as usize] >= a.length);
            }
            prop_assert_eq!(cost(&arcs, &at), least_cost(5, &arcs, 8));
        }
    }
}
