//! The graph agrees with one made the slow and obvious way, sample by sample with sets.

use std::collections::{BTreeMap, BTreeSet};

use gowhy_report::graph::{Graph, Limits, Measure, Naming, Nodes, Wanted};
use profile::{Builder, Line, Profile};
use proptest::prelude::*;

/// A profile of functions `f0`, `f1` …: each stack is a list of locations (leaf first), each location
/// a list of functions (innermost first).
fn profile_of(stacks: &[(Vec<Vec<u8>>, [i64; 2])]) -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    for (i, (stack, values)) in stacks.iter().enumerate() {
        let locations: Vec<_> = stack
            .iter()
            .map(|frames| {
                let lines: Vec<Line> = frames
                    .iter()
                    .map(|f| Line {
                        function: Some(b.function(&format!("f{f}"), "", 1)),
                        line: 0,
                        column: 0,
                    })
                    .collect();
                b.location(None, 0, &lines)
            })
            .collect();
        // Labels keep samples of equal stacks apart.
        let label = b.label("i", &i.to_string());
        b.sample(&locations, values, &[label]);
    }
    b.finish()
}

fn stacks() -> impl Strategy<Value = Vec<(Vec<Vec<u8>>, [i64; 2])>> {
    let location = prop::collection::vec(0u8..7, 1..3);
    let stack = prop::collection::vec(location, 0..6);
    prop::collection::vec((stack, [-2i64..5, -20i64..50]), 0..12)
}

type Edge = (i64, bool, bool);

/// Names to (flat, cum), and caller and callee to (weight, residual, inline).
#[derive(Debug, Default, PartialEq)]
struct Obvious {
    nodes: BTreeMap<String, (i64, i64)>,
    edges: BTreeMap<(String, String), Edge>,
}

fn obvious(stacks: &[(Vec<Vec<u8>>, [i64; 2])], kept: Option<&BTreeSet<String>>) -> Obvious {
    let mut out = Obvious::default();
    for (stack, [_, weight]) in stacks {
        if *weight == 0 {
            continue;
        }
        let (mut nodes, mut edges) = (BTreeSet::new(), BTreeSet::new());
        let (mut parent, mut residual) = (None::<String>, false);
        for frames in stack.iter().rev() {
            for (depth, f) in frames.iter().enumerate().rev() {
                let name = format!("f{f}");
                if kept.is_some_and(|k| !k.contains(&name)) {
                    residual = true;
                    continue;
                }
                if nodes.insert(name.clone()) {
                    out.nodes.entry(name.clone()).or_default().1 += weight;
                }
                if let Some(parent) = parent.filter(|p| *p != name)
                    && edges.insert((parent.clone(), name.clone()))
                {
                    let edge = out.edges.entry((parent, name.clone()));
                    let edge = edge.or_insert((0, false, true));
                    edge.0 += weight;
                    edge.1 |= residual;
                    edge.2 &= depth != frames.len() - 1;
                }
                parent = Some(name);
                residual = false;
            }
        }
        if let (Some(leaf), false) = (parent, residual) {
            out.nodes.entry(leaf).or_default().0 += weight;
        }
    }
    out
}

const LIMITS: Limits<'_> = Limits {
    measure: Measure {
        index: 1,
        mean: false,
    },
    drop_negative: false,
    node_count: 0,
    node_fraction: 0.0,
    edge_fraction: 0.0,
    cum_sort: false,
    edges: Wanted::All,
    picture: None,
    call_tree: false,
};

fn seen(g: &Graph<'_>) -> Obvious {
    let mut out = Obvious::default();
    for &n in &g.shown {
        let v = g.value(n);
        out.nodes.insert(g.name(n).into_owned(), (v.flat, v.cum));
        for e in g.edges.callers(n) {
            let ends = (g.name(e.src).into_owned(), g.name(n).into_owned());
            out.edges.insert(ends, (e.weight, e.residual, e.inline));
        }
    }
    out
}

proptest! {
    #[test]
    fn the_whole_graph_is_the_obvious_one(stacks in stacks()) {
        let p = profile_of(&stacks);
        let g = Graph::new(Nodes::new(&p, &Naming::default()), &LIMITS);
        let mut expect = obvious(&stacks, None);
        expect.nodes.retain(|_, v| *v != (0, 0));
        let shown = |name: &String| expect.nodes.contains_key(name);
        expect.edges.retain(|(_, dest), _| shown(dest));
        prop_assert_eq!(seen(&g), expect);
    }

    #[test]
    fn cutting_nodes_is_building_the_graph_without_them(stacks in stacks(), count in 1usize..5) {
        let p = profile_of(&stacks);
        let limits = Limits { node_count: count, ..LIMITS };
        let g = Graph::new(Nodes::new(&p, &Naming::default()), &limits);
        let whole = Graph::new(Nodes::new(&p, &Naming::default()), &LIMITS);
        prop_assert_eq!(g.shown.len(), count.min(whole.shown.len()));
        prop_assert_eq!(&g.shown[..], &whole.shown[..g.shown.len()]);
        if g.shown.len() < whole.shown.len() {
            let kept = g.shown.iter().map(|&n| g.name(n).into_owned()).collect();
            prop_assert_eq!(seen(&g), obvious(&stacks, Some(&kept)));
        }
    }

    #[test]
    fn flat_values_sum_to_the_total(stacks in stacks()) {
        let p = profile_of(&stacks);
        let g = Graph::new(Nodes::new(&p, &Naming::default()), &LIMITS);
        let rooted = stacks.iter().filter(|(stack, _)| !stack.is_empty());
        prop_assert_eq!(g.flat_total(), rooted.map(|(_, v)| v[1]).sum::<i64>());
    }

    #[test]
    fn a_call_tree_adds_up_to_the_graph(stacks in stacks()) {
        let p = profile_of(&stacks);
        let limits = Limits { call_tree: true, ..LIMITS };
        let tree = Graph::new(Nodes::new(&p, &Naming::default()), &limits);
        let plain = Graph::new(Nodes::new(&p, &Naming::default()), &LIMITS);
        let flats = |g: &Graph<'_>| {
            let mut sums = BTreeMap::<String, i64>::new();
            for &n in &g.shown {
                *sums.entry(g.name(n).into_owned()).or_default() += g.value(n).flat;
            }
            sums.retain(|_, v| *v != 0);
            sums
        };
        prop_assert_eq!(flats(&tree), flats(&plain));
        for &n in &tree.shown {
            prop_assert!(tree.edges.callers(n).count() <= 1);
            for e in tree.edges.callers(n) {
                prop_assert_eq!(e.weight, tree.value(n).cum);
            }
        }
    }

    #[test]
    fn trimming_a_tree_keeps_its_shape(stacks in stacks(), count in 1usize..6) {
        let p = profile_of(&stacks);
        let limits = Limits { call_tree: true, node_count: count, ..LIMITS };
        let g = Graph::new(Nodes::new(&p, &Naming::default()), &limits);
        for &n in &g.shown {
            prop_assert!(g.edges.callers(n).count() <= 1);
            for e in g.edges.callers(n) {
                prop_assert!(g.edges.callees(e.src).any(|back| back == e));
            }
        }
    }
}

#[test]
fn inline_marks_come_without_the_other_edges() {
    // main calls a and b; b is inlined into a in one stack and called in another.
    let stacks = [
        (vec![vec![2, 1], vec![0]], [1, 10]),
        (vec![vec![2], vec![0]], [1, 10]),
        (vec![vec![3, 1], vec![0]], [1, 10]),
    ];
    let p = profile_of(&stacks);
    let limits = Limits {
        edges: Wanted::InlineMarks,
        ..LIMITS
    };
    let g = Graph::new(Nodes::new(&p, &Naming::default()), &limits);
    let marks: Vec<_> = g
        .shown
        .iter()
        .map(|&n| {
            let inline = g.edges.callers(n).filter(|e| e.inline).count();
            (
                g.name(n).into_owned(),
                inline,
                g.edges.callers(n).count() - inline,
            )
        })
        .collect();
    let expect = [("f2", 1, 1), ("f3", 1, 0), ("f0", 0, 0), ("f1", 0, 0)];
    assert_eq!(
        marks,
        expect.map(|(name, inline, called)| (name.to_owned(), inline, called))
    );
}
