//! Which rank (row) each node stands on: as near to its neighbours as the lengths of the edges allow,
//! heavy edges first.

use super::simplex::{self, Arc};

/// Looks at nodes that the search for the best ranks may take.
const BUDGET: usize = 20_000_000;

/// An edge as ranks see it: `to` stands at least `length` ranks below `from`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub from: usize,
    pub to: usize,
    pub length: usize,
    pub weight: u32,
}

/// The rank of each node, the topmost being 0. The spans must not form a cycle.
pub(super) fn ranks(nodes: usize, spans: &[Span]) -> Vec<usize> {
    let mut spans: Vec<Span> = spans.to_vec();
    spans.sort_by_key(|s| (s.from, s.to));
    let mut arcs: Vec<Arc> = Vec::new();
    for s in spans {
        match arcs.last_mut() {
            Some(a) if (a.tail as usize, a.head as usize) == (s.from, s.to) => {
                a.weight += i64::from(s.weight);
                a.length = a.length.max(s.length as i64);
            }
            _ => arcs.push(Arc {
                tail: s.from as u32,
                head: s.to as u32,
                length: s.length as i64,
                weight: i64::from(s.weight),
            }),
        }
    }
    let start = simplex::earliest(nodes, &arcs).expect("cycles were broken before");
    let at = simplex::solve(&arcs, &start, &mut { BUDGET });
    let top = at.iter().copied().min().unwrap_or(0);
    at.iter().map(|&r| (r - top) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: usize, to: usize, length: usize, weight: u32) -> Span {
        Span {
            from,
            to,
            length,
            weight,
        }
    }

    #[test]
    fn a_node_stands_beside_its_heavier_neighbour() {
        // 0 → 1 → 2 → 3, and 4 between 0 and 3.
        let chain = [span(0, 1, 1, 1), span(1, 2, 1, 1), span(2, 3, 1, 1)];
        let up = [span(0, 4, 1, 8), span(4, 3, 1, 2)];
        let down = [span(0, 4, 1, 2), span(4, 3, 1, 8)];
        assert_eq!(ranks(5, &[&chain[..], &up].concat()), [0, 1, 2, 3, 1]);
        assert_eq!(ranks(5, &[&chain[..], &down].concat()), [0, 1, 2, 3, 2]);
    }

    #[test]
    fn parallel_spans_keep_the_longest_length() {
        assert_eq!(ranks(2, &[span(0, 1, 1, 1), span(0, 1, 4, 1)]), [0, 4]);
    }
}
