//! The picture of a call graph as a reader of its SVG sees it.

use gowhy_report::svg::{CallEdge, CallGraph, CallNode, Nodelet, font};
use proptest::prelude::*;
use roxmltree::{Document, Node};

fn node(name: &str, flat: i64, cum: i64) -> CallNode {
    CallNode {
        label_lines: name.split('.').map(str::to_owned).collect(),
        tooltip: format!("{name} ({cum})"),
        flat,
        cum,
        nodelets: Vec::new(),
    }
}

fn edge(from: usize, to: usize, weight: i64) -> CallEdge {
    CallEdge {
        from,
        to,
        weight,
        label: weight.to_string(),
        tooltip: format!("{from} -> {to} ({weight})"),
        ..CallEdge::default()
    }
}

fn example() -> CallGraph {
    let mut graph = CallGraph {
        title: "server".to_owned(),
        legend: vec!["File: server".to_owned(), "Type: cpu".to_owned()],
        legend_url: String::new(),
        total: 100,
        nodes: vec![
            node("main.main", 0, 100),
            node("main.handle", 25, 90),
            node("runtime.mallocgc", 65, 65),
        ],
        edges: vec![edge(0, 1, 90), edge(1, 2, 65), edge(2, 1, 1), edge(2, 2, 5)],
    };
    graph.nodes[1].nodelets = vec![Nodelet {
        label_lines: vec!["path:/order".to_owned()],
        weight: "20".to_owned(),
        dotted: true,
        nodelets: vec![Nodelet {
            label_lines: vec!["64B".to_owned()],
            weight: "7".to_owned(),
            ..Nodelet::default()
        }],
    }];
    graph
}

fn of_class<'a>(svg: &'a Document<'a>, class: &'a str) -> Vec<Node<'a, 'a>> {
    let has = move |n: &Node<'_, '_>| {
        let classes = n.attribute("class").unwrap_or_default();
        classes.split(' ').any(|c| c == class)
    };
    svg.descendants().filter(has).collect()
}

fn child<'a>(node: &Node<'a, 'a>, name: &str) -> Node<'a, 'a> {
    let mut all = node.descendants();
    all.find(|n| n.has_tag_name(name))
        .expect("the element is there")
}

fn number(node: &Node<'_, '_>, attribute: &str) -> f64 {
    let text = node.attribute(attribute).expect("the attribute is there");
    text.parse().expect("the attribute is a number")
}

fn text(node: &Node<'_, '_>) -> String {
    let tspans = node.descendants().filter(|n| n.has_tag_name("tspan"));
    let lines: Vec<&str> = tspans.filter_map(|n| n.text()).collect();
    lines.join("|")
}

fn title(node: &Node<'_, '_>) -> String {
    child(node, "title").text().unwrap_or_default().to_owned()
}

#[test]
fn boxes_arrows_and_labels_are_there() {
    let source = example().svg();
    let svg = Document::parse(&source).expect("the picture is XML");
    let nodes = of_class(&svg, "node");
    let texts: Vec<String> = nodes.iter().map(text).collect();
    assert_eq!(texts, ["main|main", "main|handle", "runtime|mallocgc"]);
    assert_eq!(title(&nodes[1]), "main.handle (90)");
    assert_eq!(text(&of_class(&svg, "legend")[0]), "File: server|Type: cpu");
    let labels: Vec<String> = of_class(&svg, "label").iter().map(text).collect();
    assert_eq!(labels, ["path:/order", "64B"]);
    let mut edges: Vec<String> = of_class(&svg, "edge").iter().map(title).collect();
    edges.sort();
    let expect = [
        "0 -> 1 (90)",
        "1 -> 2 (65)",
        "2 -> 1 (1)",
        "2 -> 2 (5)",
        "20",
        "7",
    ];
    assert_eq!(edges, expect);
    let mut values: Vec<String> = of_class(&svg, "value").iter().map(text).collect();
    values.sort();
    assert_eq!(values, ["1", "20", "5", "65", "7", "90"]);
}

#[test]
fn font_follows_flat_and_color_follows_cum() {
    let source = example().svg();
    let svg = Document::parse(&source).expect("the picture is XML");
    let nodes = of_class(&svg, "node");
    let font = |i: usize| number(&child(&nodes[i], "text"), "font-size");
    // 8 + ceil(16 × sqrt(flat / 65)).
    assert_eq!([font(0), font(1), font(2)], [8.0, 18.0, 24.0]);
    let fill = |i: usize| {
        child(&nodes[i], "rect")
            .attribute("fill")
            .map(str::to_owned)
    };
    assert_eq!(fill(0).as_deref(), Some("#edd5d5"));
    assert_ne!(fill(1), fill(2));
}

#[test]
fn arrows_are_wider_the_more_runs_through_them() {
    let source = example().svg();
    let svg = Document::parse(&source).expect("the picture is XML");
    for (tip, width) in [("0 -> 1 (90)", 5.5), ("2 -> 2 (5)", 1.3), ("20", 1.0)] {
        let edges = of_class(&svg, "edge");
        let edge = edges
            .iter()
            .find(|e| title(e) == tip)
            .expect("the arrow is there");
        assert_eq!(number(&child(edge, "path"), "stroke-width"), width, "{tip}");
    }
}

#[test]
fn inlined_and_residual_arrows_are_marked() {
    let mut graph = example();
    graph.edges[0].inline = true;
    graph.edges[1].residual = true;
    let source = graph.svg();
    let svg = Document::parse(&source).expect("the picture is XML");
    let dashed = |tip: &str| {
        let edges = of_class(&svg, "edge");
        let edge = edges
            .iter()
            .find(|e| title(e) == tip)
            .expect("the arrow is there");
        child(edge, "path").attribute("stroke-dasharray").is_some()
    };
    assert!(dashed("1 -> 2 (65)") && dashed("20"));
    assert!(!dashed("0 -> 1 (90)") && !dashed("7"));
    let values: Vec<String> = of_class(&svg, "value").iter().map(text).collect();
    assert!(values.contains(&"90|(inline)".to_owned()));
}

#[test]
fn text_stays_within_its_box() {
    let mut graph = example();
    graph.nodes.push(node(
        "W.WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW.世界",
        3,
        3,
    ));
    let source = graph.svg();
    let svg = Document::parse(&source).expect("the picture is XML");
    let boxes = [of_class(&svg, "node"), of_class(&svg, "legend")].concat();
    for g in boxes {
        let (rect, text) = (child(&g, "rect"), child(&g, "text"));
        let (left, top) = (number(&rect, "x"), number(&rect, "y"));
        let (right, bottom) = (left + number(&rect, "width"), top + number(&rect, "height"));
        let size = number(&text, "font-size");
        for line in text.children().filter(|n| n.has_tag_name("tspan")) {
            let (x, y) = (number(&line, "x"), number(&line, "y"));
            let width = font::width(line.text().unwrap_or_default(), size);
            assert!((number(&line, "textLength") - width).abs() <= 0.05);
            let start = match text.attribute("text-anchor") {
                Some("middle") => x - width / 2.0,
                _ => x,
            };
            assert!(start >= left && start + width <= right, "{:?}", line.text());
            assert!(
                y - 0.8 * size >= top && y + 0.25 * size <= bottom,
                "{:?}",
                line.text()
            );
        }
    }
}

#[test]
fn losses_are_drawn_too() {
    let graph = CallGraph {
        total: 100,
        nodes: vec![
            node("a", -60, -60),
            node("b", 30, 40),
            node("c", i64::MIN, i64::MIN),
        ],
        edges: vec![edge(0, 1, -60), edge(1, 2, i64::MIN)],
        ..CallGraph::default()
    };
    let source = graph.svg();
    let svg = Document::parse(&source).expect("the picture is XML");
    assert_eq!(of_class(&svg, "m24").len(), 2);
    assert_eq!(of_class(&svg, "m40").len(), 2);
}

#[test]
fn only_web_addresses_are_links() {
    for (url, links) in [
        ("https://go.dev/x?a=1&b=2", 1),
        ("javascript:alert(1)", 0),
        ("", 0),
    ] {
        let graph = CallGraph {
            legend_url: url.to_owned(),
            ..example()
        };
        let source = graph.svg();
        let svg = Document::parse(&source).expect("the picture is XML");
        let a: Vec<_> = svg.descendants().filter(|n| n.has_tag_name("a")).collect();
        assert_eq!(a.len(), links, "{url}");
        assert!(a.iter().all(|a| a.attribute("href") == Some(url)));
    }
}

#[test]
fn an_empty_graph_has_its_legend() {
    let graph = CallGraph {
        legend: vec!["File: x".to_owned()],
        ..CallGraph::default()
    };
    let source = graph.svg();
    let svg = Document::parse(&source).expect("the picture is XML");
    assert_eq!(text(&of_class(&svg, "legend")[0]), "File: x");
    Document::parse(&CallGraph::default().svg()).expect("nothing is a picture too");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_gives_a_picture(texts in prop::collection::vec(any::<String>(), 5)) {
        let mut graph = example();
        graph.title.clone_from(&texts[0]);
        graph.legend.push(texts[1].clone());
        graph.nodes[0].label_lines = vec![texts[2].clone()];
        graph.nodes[0].tooltip.clone_from(&texts[3]);
        graph.edges[0].label.clone_from(&texts[4]);
        let source = graph.svg();
        prop_assert!(Document::parse(&source).is_ok());
        prop_assert_eq!(source, graph.svg());
    }
}
