//! The order in which nodes and edges are shown.
//!
//! Sorting starts from the order in which nodes first appear in the profile, so that equal rows never
//! swap places from run to run.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};

use super::edges::{Edge, Edges};
use super::gosort;
use super::nodes::{NodeInfo, NodeIx, Nodes};
use super::weigh::Value;

/// What rows are sorted by; names break ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The node's own value.
    Flat,
    /// The value of the node and everything that it calls.
    Cum,
    /// How much the node adds to a picture: nodes that only pass on what they get come last.
    Interest,
}

/// Sorts `shown` by the magnitude of the values, largest first. Equals come as Go puts them.
pub fn sort(
    shown: &mut [NodeIx],
    by: By,
    nodes: &Nodes<'_>,
    infos: &[NodeInfo],
    values: &[Value],
    edges: &Edges,
) {
    struct Key<'a> {
        score: i64,
        name: Cow<'a, str>,
        other: i64,
        node: NodeIx,
    }
    let mut keys: Vec<Key<'_>> = shown
        .iter()
        .map(|&node| {
            let value = &values[node as usize];
            let (score, other) = match by {
                By::Flat => (value.flat, value.cum),
                By::Cum => (value.cum, value.flat),
                By::Interest => (interest(node, value, edges), value.flat),
            };
            Key {
                score: score.wrapping_abs(),
                name: nodes.printable(&infos[node as usize]),
                other: other.wrapping_abs(),
                node,
            }
        })
        .collect();
    gosort::sort(&mut keys, |a, b| {
        (Reverse(a.score), &a.name, Reverse(a.other))
            .cmp(&(Reverse(b.score), &b.name, Reverse(b.other)))
            .then_with(|| spelled(nodes, infos, a.node, b.node))
            .is_lt()
    });
    for (place, key) in shown.iter_mut().zip(keys) {
        *place = key.node;
    }
}

/// pprof's last resort: the order of Go's print of the node, which shows also what the printable name
/// leaves out.
fn spelled(nodes: &Nodes<'_>, infos: &[NodeInfo], a: NodeIx, b: NodeIx) -> Ordering {
    let (a, b) = (&infos[a as usize], &infos[b as usize]);
    if a == b {
        return Ordering::Equal;
    }
    let spell = |n: &NodeInfo| {
        format!(
            "{{{}  {} {} {} {} {} {}}}",
            nodes.function(n),
            n.address,
            nodes.file(n),
            n.start_line,
            n.line,
            n.column,
            nodes.profile.str(n.object)
        )
    };
    spell(a).cmp(&spell(b))
}

/// pprof's entropy score.
fn interest(node: NodeIx, value: &Value, edges: &Edges) -> i64 {
    let score = |edges: &mut dyn Iterator<Item = &Edge>, own: i64| {
        let mut weights: Vec<i64> = edges.map(|e| e.weight).collect();
        if weights.is_empty() {
            return 1.0;
        }
        // Sums of floats depend on their order.
        weights.sort_unstable_by_key(|w| Reverse(w.unsigned_abs()));
        let total = weights
            .iter()
            .filter(|&&w| w > 0)
            .fold(own, |sum, &w| sum.wrapping_add(w));
        if total == 0 {
            return 0.0;
        }
        let part = |w: i64| {
            let share = w.wrapping_abs() as f64 / total as f64;
            -share * share.log2()
        };
        let mut sum = 0.0;
        for w in weights {
            sum += part(w);
        }
        if own > 0 {
            sum += part(own);
        }
        sum
    };
    let sum = score(&mut edges.callers(node), 0) + score(&mut edges.callees(node), value.flat);
    let scaled = sum * value.cum as f64;
    // In a comparison the weight of an edge can be 0, and its part in the sum is then not a number,
    // which Go on x86 converts to the least integer.
    let scaled = if scaled.is_nan() {
        i64::MIN
    } else {
        scaled as i64
    };
    scaled.wrapping_add(value.flat)
}

/// Sorts edges by weight, largest first, then by the names of their ends.
pub fn sort_edges<'e>(
    edges: impl Iterator<Item = &'e Edge>,
    nodes: &Nodes<'_>,
    infos: &[NodeInfo],
) -> Vec<&'e Edge> {
    let mut sorted: Vec<&Edge> = edges.collect();
    sorted.sort_by_cached_key(|e| {
        (
            Reverse(e.weight.unsigned_abs()),
            nodes.printable(&infos[e.src as usize]),
            nodes.printable(&infos[e.dest as usize]),
            Reverse(e.weight),
            e.src,
            e.dest,
        )
    });
    sorted
}

/// The places of all nodes in the order of their names; equal names share one.
#[derive(Debug)]
pub struct Ranks(Vec<u32>);

impl Ranks {
    /// Sorts the names once, for [`Ranks::sort_edges`].
    pub fn new(nodes: &Nodes<'_>, infos: &[NodeInfo]) -> Self {
        let name = |(i, info)| (nodes.printable(info), i);
        let mut names: Vec<(Cow<'_, str>, usize)> = infos.iter().enumerate().map(name).collect();
        names.sort_unstable();
        let mut ranks = vec![0; infos.len()];
        let mut rank = 0;
        for (place, (name, i)) in names.iter().enumerate() {
            if place > 0 && names[place - 1].0 != *name {
                rank += 1;
            }
            ranks[*i] = rank;
        }
        Ranks(ranks)
    }

    /// Sorts edges as [`sort_edges`] does; for many edges.
    pub fn sort_edges(&self, edges: &mut [&Edge]) {
        edges.sort_unstable_by_key(|e| {
            (
                Reverse(e.weight.unsigned_abs()),
                self.0[e.src as usize],
                self.0[e.dest as usize],
                Reverse(e.weight),
                e.src,
                e.dest,
            )
        });
    }
}
