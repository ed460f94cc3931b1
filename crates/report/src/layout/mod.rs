//! Layered drawings of directed graphs: where boxes stand on ranks from top to bottom, and how edges
//! run between them. Geometry only; nothing here knows what the boxes mean or draws them.
//!
//! The phases are those of Sugiyama, Tagawa and Toda as Graphviz's `dot` refines them (Gansner,
//! Koutsofios, North, Vo: "A Technique for Drawing Directed Graphs", 1993): cycles are broken
//! (`acyclic`), ranks chosen (`rank`), edges cut into links (`layered`), crossings reduced
//! (`order`), coordinates found (`position`) and routes smoothed (`spline`). Parts of the graph
//! that are not connected are laid out one by one and then packed (`pack`). The same graph always
//! gives the same drawing.

mod acyclic;
mod layered;
mod order;
mod pack;
mod position;
mod rank;
mod route;
mod simplex;
mod spline;
mod straight;

/// A place in the drawing; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left edge.
    pub x: f64,
    /// From the top edge.
    pub y: f64,
}

/// Width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Horizontally.
    pub width: f64,
    /// Vertically.
    pub height: f64,
}

/// An edge to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The box it leaves, by index.
    pub from: usize,
    /// The box it leads to; may be the same.
    pub to: usize,
    /// Heavier edges are shorter and straighter. 0 counts as 1.
    pub weight: u32,
    /// How many ranks it goes down at least. 0 counts as 1.
    pub length: u32,
    /// The room its label needs.
    pub label: Option<Size>,
    /// How long its arrowhead is.
    pub arrow: f64,
}

/// A graph to lay out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The size of each box.
    pub boxes: Vec<Size>,
    /// The edges. One that names a box which does not exist is left out.
    pub edges: Vec<Edge>,
}

/// Distances to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Between neighbouring boxes.
    pub node_gap: f64,
    /// Between ranks.
    pub rank_gap: f64,
    /// Kept free around an edge that passes by boxes.
    pub lane: f64,
    /// From an edge to its label.
    pub label_gap: f64,
    /// Between parts that are not connected.
    pub part_gap: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            node_gap: 18.0,
            rank_gap: 36.0,
            lane: 8.0,
            label_gap: 4.0,
            part_gap: 36.0,
        }
    }
}

/// How an edge runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// A chain of cubic Bézier curves: the first point, then three for each curve. It begins at the
    /// border of the box that the edge leaves and ends where the arrowhead begins. Empty if the edge
    /// was left out.
    pub path: Vec<Point>,
    /// The tip of the arrowhead, on the border of the box that the edge leads to.
    pub tip: Point,
    /// The top left corner of the label.
    pub label: Option<Point>,
    /// The edge leads upwards, because it is the lightest of a cycle.
    pub reversed: bool,
}

/// A graph laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The size of the drawing.
    pub size: Size,
    /// The centre of each box.
    pub centres: Vec<Point>,
    /// The rank of each box within its connected part.
    pub ranks: Vec<usize>,
    /// The route of each edge.
    pub routes: Vec<Route>,
}

/// Lays a graph out. Sizes that are negative or not numbers count as 0.
pub fn layout(graph: &Graph, options: &Options) -> Layout {
    let graph = &sanitized(graph);
    let mut whole = Layout {
        centres: vec![Point::default(); graph.boxes.len()],
        ranks: vec![0; graph.boxes.len()],
        routes: vec![Route::default(); graph.edges.len()],
        ..Layout::default()
    };
    let parts = pack::connected(graph);
    let drawn: Vec<Layout> = parts
        .iter()
        .map(|p| part_layout(&p.graph, options))
        .collect();
    let shapes: Vec<pack::Shape> = parts
        .iter()
        .zip(&drawn)
        .map(|(part, layout)| pack::Shape::of(&part.graph, layout))
        .collect();
    let (offsets, size) = pack::pack(&shapes, options.part_gap);
    whole.size = size;
    for ((part, layout), by) in parts.iter().zip(drawn).zip(offsets) {
        for (&v, (centre, rank)) in part
            .boxes
            .iter()
            .zip(layout.centres.iter().zip(&layout.ranks))
        {
            whole.centres[v] = centre.moved(by);
            whole.ranks[v] = *rank;
        }
        for (&e, route) in part.edges.iter().zip(layout.routes) {
            whole.routes[e] = route.moved(by);
        }
    }
    whole
}

/// Lays out a connected graph. The result may lie anywhere; its size is left at 0.
fn part_layout(graph: &Graph, options: &Options) -> Layout {
    let ends: Vec<_> = graph
        .edges
        .iter()
        .map(|e| (e.from, e.to, e.weight))
        .collect();
    let reversed = acyclic::reversed(graph.boxes.len(), &ends);
    // With labels every second rank is for them, at half the distance.
    let labelled = graph
        .edges
        .iter()
        .any(|e| e.label.is_some() && e.from != e.to);
    let rows = if labelled { 2 } else { 1 };
    let spans: Vec<rank::Span> = graph
        .edges
        .iter()
        .zip(&reversed)
        .filter(|(e, _)| e.from != e.to)
        .map(|(e, &turned)| rank::Span {
            from: if turned { e.to } else { e.from },
            to: if turned { e.from } else { e.to },
            length: e.length as usize * rows,
            weight: e.weight,
        })
        .collect();
    let ranks = rank::ranks(graph.boxes.len(), &spans);
    let edges: Vec<&Edge> = graph.edges.iter().collect();
    let beside = route::room_for_loops(graph, options);
    let mut layered = layered::build(&graph.boxes, &beside, &edges, &ranks, options);
    order::order(&mut layered);
    let places = position::place(&layered, options.rank_gap / rows as f64, options);
    let centres: Vec<Point> = (0..graph.boxes.len())
        .map(|v| {
            let (top, bottom) = places.bands[ranks[v]];
            Point {
                x: places.x[v],
                y: (top + bottom) / 2.0,
            }
        })
        .collect();
    let routes = route::routes(graph, &layered, &places, &centres, &reversed, options);
    Layout {
        size: Size::default(),
        centres,
        ranks: ranks.iter().map(|r| r / rows).collect(),
        routes,
    }
}

/// The graph with sizes and weights that can be reckoned with. Edges that lead nowhere become self
/// loops of a box that does not exist, which no part has.
fn sanitized(graph: &Graph) -> Graph {
    let length = |x: f64| {
        if x.is_finite() {
            x.clamp(0.0, 1e6)
        } else {
            0.0
        }
    };
    let size = |s: Size| Size {
        width: length(s.width),
        height: length(s.height),
    };
    Graph {
        boxes: graph.boxes.iter().map(|&s| size(s)).collect(),
        edges: graph
            .edges
            .iter()
            .map(|e| Edge {
                weight: e.weight.clamp(1, 10_000),
                length: e.length.clamp(1, 100),
                label: e.label.map(size),
                arrow: length(e.arrow),
                ..*e
            })
            .collect(),
    }
}

impl Point {
    fn moved(self, by: Point) -> Point {
        Point {
            x: self.x + by.x,
            y: self.y + by.y,
        }
    }
}

impl Route {
    fn moved(mut self, by: Point) -> Route {
        for p in self.path.iter_mut().chain(self.label.as_mut()) {
            *p = p.moved(by);
        }
        self.tip = self.tip.moved(by);
        self
    }
}
