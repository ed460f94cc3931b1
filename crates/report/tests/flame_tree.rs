//! The merged call tree against one that is made path by path.

use std::collections::BTreeMap;

use gowhy_report::flame::Tree;
use gowhy_report::flame::tree::Inlined;
use profile::{Builder, Line, Mapping, Profile};
use proptest::prelude::*;

/// Locations as lists of function numbers, innermost first, and samples as lists of locations, leaf
/// first, with their values.
#[derive(Clone, Debug)]
struct Input {
    locations: Vec<Vec<u8>>,
    samples: Vec<(Vec<usize>, i64)>,
}

fn inputs() -> impl Strategy<Value = Input> {
    let location = prop::collection::vec(0u8..6, 0..4);
    prop::collection::vec(location, 1..8).prop_flat_map(|locations| {
        let stack = prop::collection::vec(0..locations.len(), 0..6);
        let sample = (stack, -3i64..8);
        prop::collection::vec(sample, 0..30).prop_map(move |samples| Input {
            locations: locations.clone(),
            samples,
        })
    })
}

fn name(function: u8) -> String {
    format!("pkg.f{function}")
}

fn profile(input: &Input) -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let mut locations = Vec::new();
    for (i, functions) in input.locations.iter().enumerate() {
        let lines: Vec<Line> = functions
            .iter()
            .map(|&f| Line {
                function: Some(b.function(&name(f), "f.go", 1)),
                line: i64::from(f),
                column: 0,
            })
            .collect();
        locations.push(b.location(None, 0x1000 + i as u64, &lines));
    }
    let mut p = b.finish();
    for (stack, value) in &input.samples {
        let stack: Vec<_> = stack.iter().map(|&l| locations[l]).collect();
        p.samples.push(&stack, &[1, *value], &[]);
    }
    p
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Sum {
    value: i64,
    own: i64,
    weight: u64,
    inlined: u64,
    count: u64,
}

/// What each path from the root adds up to.
fn naive(input: &Input) -> BTreeMap<Vec<String>, Sum> {
    let mut sums: BTreeMap<Vec<String>, Sum> = BTreeMap::new();
    sums.insert(Vec::new(), Sum::default());
    for (stack, value) in input.samples.iter().filter(|s| s.1 != 0) {
        let mut frames = Vec::new();
        for &l in stack.iter().rev() {
            let functions = &input.locations[l];
            for (i, &f) in functions.iter().enumerate().rev() {
                frames.push((name(f), i + 1 < functions.len()));
            }
            if functions.is_empty() {
                frames.push((format!("{:#x}", 0x1000 + l), false));
            }
        }
        for depth in 0..=frames.len() {
            let path = frames[..depth].iter().map(|f| f.0.clone()).collect();
            let sum: &mut Sum = sums.entry(path).or_default();
            sum.value += value;
            sum.weight += value.unsigned_abs();
            sum.count += 1;
            sum.inlined += u64::from(depth > 0 && frames[depth - 1].1);
            if depth == frames.len() {
                sum.own += value;
            }
        }
    }
    sums
}

fn path(tree: &Tree, mut node: usize) -> Vec<String> {
    let mut path = Vec::new();
    while node != 0 {
        let n = &tree.nodes[node];
        path.push(tree.functions[n.function as usize].name.clone());
        node = n.parent as usize;
    }
    path.reverse();
    path
}

fn check(tree: &Tree, mut expect: BTreeMap<Vec<String>, Sum>) {
    for (i, node) in tree.nodes.iter().enumerate() {
        let path = path(tree, i);
        assert_eq!(node.depth as usize, path.len());
        let sum = expect.remove(&path);
        let sum = sum.unwrap_or_else(|| panic!("{path:?} is there, and once"));
        let got = (node.value, node.own, node.weight);
        assert_eq!(got, (sum.value, sum.own, sum.weight), "{path:?}");
        let inlined = match sum.inlined {
            0 => Inlined::Never,
            n if n == sum.count => Inlined::Always,
            _ => Inlined::Partly,
        };
        assert_eq!(node.inlined, inlined, "{path:?}");
        let children = tree.children(node);
        let key = |n: &gowhy_report::flame::tree::Node| {
            let name = &tree.functions[n.function as usize].name;
            (std::cmp::Reverse(n.weight), name.clone())
        };
        assert!(children.windows(2).all(|w| key(&w[0]) < key(&w[1])));
        assert!(children.iter().all(|c| c.parent as usize == i));
        if !tree.trimmed {
            let all: u64 = children.iter().map(|c| c.weight).sum();
            assert!(all <= node.weight);
            let values: i64 = children.iter().map(|c| c.value).sum();
            assert_eq!(values + node.own, node.value);
        }
    }
    assert!(expect.is_empty(), "missing: {expect:?}");
}

proptest! {
    #[test]
    fn every_path_is_a_node(input in inputs()) {
        let tree = Tree::new(&profile(&input), 1, 0);
        prop_assert!(!tree.trimmed);
        check(&tree, naive(&input));
    }

    #[test]
    fn light_nodes_are_left_out(input in inputs(), least in 1u64..20) {
        let tree = Tree::new(&profile(&input), 1, least);
        let mut expect = naive(&input);
        let before = expect.len();
        expect.retain(|path, sum| path.is_empty() || sum.weight >= least);
        prop_assert_eq!(tree.trimmed, expect.len() < before);
        check(&tree, expect);
    }

    #[test]
    fn pruning_keeps_the_heaviest(input in inputs(), most in 1usize..12) {
        let mut tree = Tree::new(&profile(&input), 1, 0);
        let all = tree.nodes.len();
        tree.prune(most);
        prop_assert!(tree.nodes.len() <= most.max(1));
        prop_assert_eq!(tree.trimmed, all > most);
        let lightest = tree.nodes.iter().skip(1).map(|n| n.weight).min();
        let mut expect = naive(&input);
        if all > most {
            let cut = lightest.unwrap_or(u64::MAX);
            expect.retain(|path, sum| path.is_empty() || sum.weight >= cut);
        }
        check(&tree, expect);
    }
}

#[test]
fn lines_are_known_where_all_samples_agree() {
    let mut b = Builder::new(&[("samples", "count")]);
    let (main, leaf) = (
        b.function("main.main", "main.go", 1),
        b.function("main.leaf", "leaf.go", 1),
    );
    let mut at = |function, line| {
        let line = Line {
            function: Some(function),
            line,
            column: 0,
        };
        b.location(None, 0x1000 + line.line as u64, &[line])
    };
    let (main7, main9, leaf3) = (at(main, 7), at(main, 9), at(leaf, 3));
    b.sample(&[leaf3, main7], &[1], &[]);
    b.sample(&[leaf3, main9], &[1], &[]);
    let tree = Tree::new(&b.finish(), 0, 0);
    let line = |name: &str| {
        let is = |n: &&gowhy_report::flame::tree::Node| {
            n.depth > 0 && tree.functions[n.function as usize].name == name
        };
        tree.nodes.iter().find(is).map(|n| n.line)
    };
    assert_eq!(line("main.main"), Some(0));
    assert_eq!(line("main.leaf"), Some(3));
    let files: Vec<&str> = tree.functions.iter().map(|f| f.file.as_str()).collect();
    assert_eq!(files, ["main.go", "leaf.go"]);
}

#[test]
fn functions_of_one_name_are_one_and_nameless_code_is_its_binary() {
    let mut b = Builder::new(&[("samples", "count")]);
    let file = b.intern("/usr/lib/libc.so.6");
    let mapping = b.mapping(Mapping {
        file,
        ..Mapping::default()
    });
    let functions = [
        b.function("f", "", 1),
        b.function("f", "b.go", 1),
        b.function("", "", 0),
        b.function("", "", 0),
        b.function("", "/src/c.go", 0),
    ];
    for (i, f) in functions.into_iter().enumerate() {
        let line = Line {
            function: Some(f),
            line: 1,
            column: 0,
        };
        let mapping = (i == 2).then_some(mapping);
        let l = b.location(mapping, 0x10 + i as u64, &[line]);
        b.sample(&[l], &[1 + i as i64], &[]);
    }
    let bare = [
        b.location(Some(mapping), 0x99, &[]),
        b.location(None, 0, &[]),
    ];
    for l in bare {
        b.sample(&[l], &[1], &[]);
    }
    let tree = Tree::new(&b.finish(), 0, 0);
    let names: Vec<String> = (1..tree.nodes.len())
        .map(|n| path(&tree, n).concat())
        .collect();
    assert_eq!(names, ["c.go", "0x13", "[libc.so.6]", "f", "<unknown>"]);
    let weights: Vec<u64> = tree.nodes.iter().map(|n| n.weight).collect();
    assert_eq!(weights, [17, 5, 4, 4, 3, 1]);
    assert_eq!(tree.functions[0].file, "b.go");
}

#[test]
fn a_column_that_does_not_exist_gives_the_root_alone() {
    let p = Builder::new(&[("samples", "count")]).finish();
    assert_eq!(Tree::new(&p, 3, 0).nodes.len(), 1);
}

#[test]
fn sums_do_not_overflow() {
    let mut b = Builder::new(&[("x", "count")]);
    let f = b.function("f", "", 0);
    let line = Line {
        function: Some(f),
        line: 0,
        column: 0,
    };
    let l = b.location(None, 1, &[line]);
    let mut p = b.finish();
    for value in [i64::MAX, i64::MAX, i64::MIN, i64::MAX] {
        p.samples.push(&[l], &[value], &[]);
    }
    let tree = Tree::new(&p, 0, 0);
    assert_eq!(tree.nodes[1].weight, u64::MAX);
}
