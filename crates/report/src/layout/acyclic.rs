//! Which edges to turn round so that no cycle is left.
//!
//! Edges are added one by one, heaviest first, to an order of the nodes that is repaired as needed
//! (Pearce and Kelly, "A Dynamic Topological Sort Algorithm", 2006). An edge that would close a cycle
//! of heavier ones is turned round, so a cycle is always cut at its lightest edge.

/// For each edge whether it is turned round. Self loops are not.
pub(super) fn reversed(nodes: usize, edges: &[(usize, usize, u32)]) -> Vec<bool> {
    let start = start_order(nodes, edges);
    let mut order: Vec<usize> = (0..edges.len())
        .filter(|&e| edges[e].0 != edges[e].1)
        .collect();
    // Of equal weights the one that leads onwards from where the graph is entered goes first.
    order.sort_by_key(|&e| {
        let (from, to, weight) = edges[e];
        (std::cmp::Reverse(weight), start[from] > start[to], e)
    });
    let mut topo = Topology {
        position: start,
        out: vec![Vec::new(); nodes],
        inn: vec![Vec::new(); nodes],
    };
    let mut reversed = vec![false; edges.len()];
    for e in order {
        let (from, to, _) = edges[e];
        reversed[e] = !topo.add(from, to);
    }
    reversed
}

/// Positions by reverse postorder of a depth-first walk that begins at nodes without callers.
fn start_order(nodes: usize, edges: &[(usize, usize, u32)]) -> Vec<usize> {
    let mut out = vec![Vec::new(); nodes];
    let mut entered = vec![false; nodes];
    for &(from, to, _) in edges.iter().filter(|e| e.0 != e.1) {
        out[from].push(to);
        entered[to] = true;
    }
    let roots = (0..nodes).filter(|&v| !entered[v]);
    let mut position = vec![usize::MAX; nodes];
    let mut seen = vec![false; nodes];
    let mut left = nodes;
    for root in roots.chain(0..nodes) {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((v, next)) = path.last_mut() {
            if let Some(&w) = out[*v].get(*next) {
                *next += 1;
                if !std::mem::replace(&mut seen[w], true) {
                    path.push((w, 0));
                }
            } else {
                left -= 1;
                position[*v] = left;
                path.pop();
            }
        }
    }
    position
}

/// The edges so far and positions of the nodes that agree with them.
struct Topology {
    position: Vec<usize>,
    out: Vec<Vec<usize>>,
    inn: Vec<Vec<usize>>,
}

impl Topology {
    /// Adds the edge unless it closes a cycle; returns whether it was added.
    fn add(&mut self, from: usize, to: usize) -> bool {
        if self.position[from] > self.position[to] {
            let low = self.position[to];
            let high = self.position[from];
            let after = self.reach(to, &self.out, |p| p <= high);
            if after.contains(&from) {
                return false;
            }
            let before = self.reach(from, &self.inn, |p| p >= low);
            self.reorder(before, after);
        }
        self.out[from].push(to);
        self.inn[to].push(from);
        true
    }

    fn reach(&self, v: usize, next: &[Vec<usize>], within: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut found = vec![v];
        let mut seen = rustc_hash::FxHashSet::from_iter([v]);
        let mut i = 0;
        while let Some(&u) = found.get(i) {
            i += 1;
            for &w in &next[u] {
                if within(self.position[w]) && seen.insert(w) {
                    found.push(w);
                }
            }
        }
        found
    }

    /// Puts all of `before` in front of all of `after` on the positions that they have together.
    fn reorder(&mut self, mut before: Vec<usize>, mut after: Vec<usize>) {
        before.sort_by_key(|&v| self.position[v]);
        after.sort_by_key(|&v| self.position[v]);
        before.append(&mut after);
        let mut places: Vec<usize> = before.iter().map(|&v| self.position[v]).collect();
        places.sort_unstable();
        for (v, place) in before.into_iter().zip(places) {
            self.position[v] = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cycle_is_cut_at_its_lightest_edge() {
        let edges = [(0, 1, 5), (1, 2, 1), (2, 0, 9)];
        assert_eq!(reversed(3, &edges), [false, true, false]);
    }

    #[test]
    fn of_equal_edges_the_one_back_to_the_entry_is_turned() {
        let edges = [(2, 1, 3), (1, 2, 3), (0, 1, 1)];
        assert_eq!(reversed(3, &edges), [true, false, false]);
    }

    #[test]
    fn a_self_loop_stays() {
        assert_eq!(reversed(1, &[(0, 0, 1)]), [false]);
    }

    proptest! {
        #[test]
        fn the_rest_has_no_cycle_and_no_edge_is_turned_in_vain(
            edges in prop::collection::vec((0usize..8, 0usize..8, 1u32..5), 0..30),
        ) {
            let turned = reversed(8, &edges);
            // Depth-first reachability over the edges that were kept.
            let kept: Vec<_> = (0..edges.len()).filter(|&e| !turned[e]).collect();
            let reaches = |a: usize, b: usize| {
                let mut seen = [false; 8];
                let mut todo = vec![a];
                while let Some(v) = todo.pop() {
                    if std::mem::replace(&mut seen[v], true) {
                        continue;
                    }
                    todo.extend(kept.iter().filter(|&&e| edges[e].0 == v).map(|&e| edges[e].1));
                }
                seen[b]
            };
            for (e, &(from, to, _)) in edges.iter().enumerate() {
                if from != to {
                    // A kept edge has no way back; a turned one would close a cycle.
                    prop_assert_eq!(reaches(to, from), turned[e]);
                }
            }
        }
    }
}
