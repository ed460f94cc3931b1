//! Splits a graph into its connected parts, and puts the drawings of the parts side by side.
//!
//! Parts are placed by outline, not by bounding box: one may reach below another.

use super::{Edge, Graph, Layout, Point, Size};

/// A connected part and which boxes and edges of the whole it has.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub graph: Graph,
    pub boxes: Vec<usize>,
    pub edges: Vec<usize>,
}

/// The connected parts, in the order of their first boxes.
pub(super) fn connected(graph: &Graph) -> Vec<Part> {
    let n = graph.boxes.len();
    let inside = |e: &&Edge| e.from < n && e.to < n;
    let mut near = vec![Vec::new(); n];
    for e in graph.edges.iter().filter(inside) {
        near[e.from].push(e.to);
        near[e.to].push(e.from);
    }
    let mut part_of = vec![usize::MAX; n];
    let mut parts = 0;
    for root in 0..n {
        if part_of[root] != usize::MAX {
            continue;
        }
        let mut todo = vec![root];
        while let Some(v) = todo.pop() {
            if part_of[v] == usize::MAX {
                part_of[v] = parts;
                todo.extend(&near[v]);
            }
        }
        parts += 1;
    }
    let mut result: Vec<Part> = std::iter::repeat_with(Part::default).take(parts).collect();
    let mut number = vec![0; n];
    for v in 0..n {
        let part = &mut result[part_of[v]];
        number[v] = part.boxes.len();
        part.boxes.push(v);
        part.graph.boxes.push(graph.boxes[v]);
    }
    for (ix, e) in graph.edges.iter().enumerate().filter(|(_, e)| inside(e)) {
        let part = &mut result[part_of[e.from]];
        part.edges.push(ix);
        part.graph.edges.push(Edge {
            from: number[e.from],
            to: number[e.to],
            ..*e
        });
    }
    result
}

/// Outlines are kept for strips of this height.
const STRIP: f64 = 8.0;

/// The outline of a part: its horizontal extent in each strip from its top edge down.
#[derive(Debug)]
pub(super) struct Shape {
    origin: Point,
    size: Size,
    strips: Vec<Option<(f64, f64)>>,
}

impl Shape {
    /// The outline of boxes, edges and labels.
    pub fn of(graph: &Graph, layout: &Layout) -> Shape {
        let mut rects: Vec<(Point, Point)> = Vec::new();
        for (c, s) in layout.centres.iter().zip(&graph.boxes) {
            let (w, h) = (s.width / 2.0, s.height / 2.0);
            rects.push((
                Point {
                    x: c.x - w,
                    y: c.y - h,
                },
                Point {
                    x: c.x + w,
                    y: c.y + h,
                },
            ));
        }
        for (route, edge) in layout.routes.iter().zip(&graph.edges) {
            // A curve stays within the hull of its control points.
            for curve in route.path.windows(4).step_by(3) {
                rects.push(hull(curve));
            }
            if let Some(last) = route.path.last() {
                rects.push(hull(&[*last, route.tip]));
            }
            if let (Some(at), Some(size)) = (route.label, edge.label) {
                let end = Point {
                    x: at.x + size.width,
                    y: at.y + size.height,
                };
                rects.push((at, end));
            }
        }
        let all = hull(&rects.iter().flat_map(|r| [r.0, r.1]).collect::<Vec<_>>());
        let size = Size {
            width: all.1.x - all.0.x,
            height: all.1.y - all.0.y,
        };
        let mut strips = vec![None; (size.height / STRIP) as usize + 1];
        for (low, high) in rects {
            let first = ((low.y - all.0.y) / STRIP) as usize;
            let last = ((high.y - all.0.y) / STRIP) as usize;
            let (left, right) = (low.x - all.0.x, high.x - all.0.x);
            for strip in strips.iter_mut().take(last + 1).skip(first) {
                let (l, r) = strip.unwrap_or((left, right));
                *strip = Some((left.min(l), right.max(r)));
            }
        }
        Shape {
            origin: all.0,
            size,
            strips,
        }
    }
}

/// The smallest rectangle around the points.
fn hull(points: &[Point]) -> (Point, Point) {
    let mut points = points.iter();
    let first = points.next().copied().unwrap_or_default();
    points.fold((first, first), |(low, high), p| {
        (
            Point {
                x: low.x.min(p.x),
                y: low.y.min(p.y),
            },
            Point {
                x: high.x.max(p.x),
                y: high.y.max(p.y),
            },
        )
    })
}

/// How far to move each part, and how large the whole is. The parts stand in rows, in order.
pub(super) fn pack(shapes: &[Shape], gap: f64) -> (Vec<Point>, Size) {
    let area: f64 = shapes
        .iter()
        .map(|s| (s.size.width + gap) * (s.size.height + gap))
        .sum();
    let widest = shapes.iter().map(|s| s.size.width).fold(0.0, f64::max);
    let limit = f64::max(widest, 1.8 * area.sqrt());
    let mut size = Size::default();
    let mut moves = Vec::with_capacity(shapes.len());
    let mut row_top = 0.0;
    // What the row occupies up to, by strip.
    let mut row: Vec<f64> = Vec::new();
    for shape in shapes {
        let mut x = beside(&row, shape, gap);
        if x + shape.size.width > limit && !row.is_empty() {
            row.clear();
            row_top = size.height + gap;
            x = 0.0;
        }
        moves.push(Point {
            x: x - shape.origin.x,
            y: row_top - shape.origin.y,
        });
        row.resize(row.len().max(shape.strips.len()), f64::NEG_INFINITY);
        for (end, strip) in row.iter_mut().zip(&shape.strips) {
            if let Some((_, right)) = strip {
                *end = end.max(x + right);
            }
        }
        size.width = size.width.max(x + shape.size.width);
        size.height = size.height.max(row_top + shape.size.height);
    }
    (moves, size)
}

/// How far to the left a shape can stand in a row.
fn beside(row: &[f64], shape: &Shape, gap: f64) -> f64 {
    let mut x = 0.0f64;
    // The gap is kept above and below as well.
    let reach = (gap / STRIP).ceil() as usize;
    for (s, strip) in shape.strips.iter().enumerate() {
        if let Some((left, _)) = strip {
            let near = &row[s.saturating_sub(reach).min(row.len())..row.len().min(s + reach + 1)];
            x = near.iter().fold(x, |x, end| x.max(end + gap - left));
        }
    }
    x
}
