//! What every drawing of a graph must have, whatever the graph.

use gowhy_report::layout::{Edge, Graph, Layout, Options, Point, Route, Size, layout};
use proptest::prelude::*;

fn edge(from: usize, to: usize) -> Edge {
    Edge {
        from,
        to,
        weight: 1,
        length: 1,
        label: None,
        arrow: 8.0,
    }
}

fn boxes(n: usize) -> Vec<Size> {
    vec![
        Size {
            width: 60.0,
            height: 30.0
        };
        n
    ]
}

fn graphs() -> impl Strategy<Value = Graph> {
    let size = (1.0..200.0f64, 1.0..80.0f64).prop_map(|(width, height)| Size { width, height });
    let label = prop::option::weighted(
        0.7,
        (1.0..60.0f64, 5.0..30.0f64).prop_map(|(width, height)| Size { width, height }),
    );
    prop::collection::vec(size, 1..25).prop_flat_map(move |boxes| {
        let n = boxes.len();
        let edge = (0..n, 0..n, 1u32..101, 1u32..3, label.clone()).prop_map(
            |(from, to, weight, length, label)| Edge {
                from,
                to,
                weight,
                length,
                label,
                arrow: 10.0,
            },
        );
        prop::collection::vec(edge, 0..50).prop_map(move |edges| Graph {
            boxes: boxes.clone(),
            edges,
        })
    })
}

#[derive(Clone, Copy, Debug)]
struct Rect {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Rect {
    fn overlaps(&self, other: &Rect) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn contains(&self, p: Point, inset: f64) -> bool {
        p.x > self.left + inset
            && p.x < self.right - inset
            && p.y > self.top + inset
            && p.y < self.bottom - inset
    }

    fn on_border(&self, p: Point) -> bool {
        let inside = |a: f64, x: f64, b: f64| a - 1e-6 <= x && x <= b + 1e-6;
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        inside(self.left, p.x, self.right)
            && inside(self.top, p.y, self.bottom)
            && (near(p.x, self.left)
                || near(p.x, self.right)
                || near(p.y, self.top)
                || near(p.y, self.bottom))
    }
}

fn rects(graph: &Graph, drawn: &Layout) -> Vec<Rect> {
    let rect = |(c, s): (&Point, &Size)| Rect {
        left: c.x - s.width / 2.0,
        right: c.x + s.width / 2.0,
        top: c.y - s.height / 2.0,
        bottom: c.y + s.height / 2.0,
    };
    drawn.centres.iter().zip(&graph.boxes).map(rect).collect()
}

fn label_rects(graph: &Graph, drawn: &Layout) -> Vec<Rect> {
    let rect = |(r, e): (&Route, &Edge)| {
        let (at, size) = (r.label?, e.label?);
        Some(Rect {
            left: at.x,
            right: at.x + size.width,
            top: at.y,
            bottom: at.y + size.height,
        })
    };
    drawn
        .routes
        .iter()
        .zip(&graph.edges)
        .filter_map(rect)
        .collect()
}

/// Points all along a route.
fn points(route: &Route) -> Vec<Point> {
    let mut points = vec![route.path[0]];
    for c in route.path.windows(4).step_by(3) {
        for i in 1..=20 {
            let t = f64::from(i) / 20.0;
            let u = 1.0 - t;
            let mix = |f: fn(Point) -> f64| {
                u * u * u * f(c[0])
                    + 3.0 * u * u * t * f(c[1])
                    + 3.0 * u * t * t * f(c[2])
                    + t * t * t * f(c[3])
            };
            points.push(Point {
                x: mix(|p| p.x),
                y: mix(|p| p.y),
            });
        }
    }
    points.push(route.tip);
    points
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn boxes_and_labels_do_not_overlap(graph in graphs()) {
        let drawn = layout(&graph, &Options::default());
        let mut all = rects(&graph, &drawn);
        all.extend(label_rects(&graph, &drawn));
        let asked = graph.edges.iter().filter(|e| e.label.is_some()).count();
        prop_assert_eq!(all.len(), graph.boxes.len() + asked);
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                prop_assert!(!a.overlaps(b), "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn edges_run_from_border_to_border(graph in graphs()) {
        let drawn = layout(&graph, &Options::default());
        let rects = rects(&graph, &drawn);
        for (route, edge) in drawn.routes.iter().zip(&graph.edges) {
            prop_assert!(route.path.len() % 3 == 1 && route.path.len() > 1);
            prop_assert!(rects[edge.from].on_border(route.path[0]));
            prop_assert!(rects[edge.to].on_border(route.tip));
            for p in points(route) {
                for (v, rect) in rects.iter().enumerate() {
                    prop_assert!(!rect.contains(p, 1.0), "{:?} runs through box {}", edge, v);
                }
            }
        }
    }

    #[test]
    fn ranks_go_down_along_edges(graph in graphs()) {
        let drawn = layout(&graph, &Options::default());
        for (route, edge) in drawn.routes.iter().zip(&graph.edges) {
            let (from, to) = (drawn.ranks[edge.from], drawn.ranks[edge.to]);
            let (above, below) = if route.reversed { (to, from) } else { (from, to) };
            if edge.from != edge.to {
                prop_assert!(above + edge.length as usize <= below);
                prop_assert!(
                    drawn.centres[edge.from].y < drawn.centres[edge.to].y || route.reversed
                );
            }
        }
    }

    #[test]
    fn everything_lies_within_the_drawing(graph in graphs()) {
        let drawn = layout(&graph, &Options::default());
        let mut all = rects(&graph, &drawn);
        all.extend(label_rects(&graph, &drawn));
        for p in drawn.routes.iter().flat_map(points) {
            all.push(Rect { left: p.x, right: p.x, top: p.y, bottom: p.y });
        }
        for r in all {
            prop_assert!(r.left >= -1e-6 && r.right <= drawn.size.width + 1e-6, "{:?}", r);
            prop_assert!(r.top >= -1e-6 && r.bottom <= drawn.size.height + 1e-6, "{:?}", r);
        }
    }

    #[test]
    fn the_same_graph_gives_the_same_drawing(graph in graphs()) {
        let drawn = layout(&graph, &Options::default());
        prop_assert_eq!(drawn, layout(&graph, &Options::default()));
    }
}

#[test]
fn nothing_is_drawn_of_nothing() {
    let drawn = layout(&Graph::default(), &Options::default());
    assert_eq!(drawn, Layout::default());
}

#[test]
fn edges_to_boxes_that_do_not_exist_are_left_out() {
    let graph = Graph {
        boxes: boxes(2),
        edges: vec![edge(0, 7), edge(0, 1), edge(usize::MAX, usize::MAX)],
    };
    let drawn = layout(&graph, &Options::default());
    let lengths: Vec<usize> = drawn.routes.iter().map(|r| r.path.len()).collect();
    assert_eq!(lengths, [0, 4, 0]);
}

#[test]
fn sizes_that_are_no_numbers_count_as_nothing() {
    let odd = |x: f64| Size {
        width: x,
        height: x,
    };
    let graph = Graph {
        boxes: vec![odd(f64::NAN), odd(f64::INFINITY), odd(-5.0), odd(1e300)],
        edges: vec![edge(0, 1), edge(1, 2), edge(2, 0), edge(3, 3)],
    };
    let drawn = layout(&graph, &Options::default());
    assert!(drawn.size.width.is_finite() && drawn.size.height.is_finite());
    assert!(
        drawn
            .centres
            .iter()
            .all(|c| c.x.is_finite() && c.y.is_finite())
    );
}

#[test]
fn a_chain_is_straight() {
    let graph = Graph {
        boxes: boxes(5),
        edges: (0..4).map(|i| edge(i, i + 1)).collect(),
    };
    let drawn = layout(&graph, &Options::default());
    assert!(drawn.centres.iter().all(|c| c.x == drawn.centres[0].x));
    assert_eq!(drawn.ranks, [0, 1, 2, 3, 4]);
}

#[test]
fn heavy_edges_are_straight() {
    let mut graph = Graph {
        boxes: boxes(4),
        edges: vec![edge(0, 1), edge(0, 2), edge(0, 3)],
    };
    for heavy in 0..3 {
        for e in &mut graph.edges {
            e.weight = 1;
        }
        graph.edges[heavy].weight = 90;
        let drawn = layout(&graph, &Options::default());
        assert_eq!(
            drawn.centres[0].x,
            drawn.centres[heavy + 1].x,
            "edge {heavy}"
        );
    }
}

#[test]
fn planar_graphs_are_drawn_without_crossings() {
    // A tree whose leaves are listed in an order that would cross.
    let graph = Graph {
        boxes: boxes(7),
        edges: vec![
            edge(0, 1),
            edge(0, 2),
            edge(2, 3),
            edge(1, 4),
            edge(2, 5),
            edge(1, 6),
        ],
    };
    let drawn = layout(&graph, &Options::default());
    let x = |v: usize| drawn.centres[v].x;
    let left_first = x(1) < x(2);
    for (a, b) in [(4, 3), (4, 5), (6, 3), (6, 5)] {
        assert_eq!(x(a) < x(b), left_first);
    }
}

#[test]
fn parts_stand_beside_each_other_in_rows() {
    let graph = Graph {
        boxes: boxes(40),
        edges: (0..20).map(|i| edge(2 * i, 2 * i + 1)).collect(),
    };
    let drawn = layout(&graph, &Options::default());
    let rows: Vec<f64> = (0..20).map(|i| drawn.centres[2 * i].y).collect();
    assert!(rows.windows(2).all(|w| w[0] <= w[1]));
    assert!(
        drawn.size.width < 4.0 * drawn.size.height,
        "{:?}",
        drawn.size
    );
}
