//! Smooth curves through a corridor that leads downwards.
//!
//! The shortest way through the corridor is a line with corners; it is smoothed by cubic Bézier
//! curves, with long handles where there is room and short ones where there is not.

use super::Point;

/// A piece of a corridor: what lies between `left` and `right` is free from `top` to `bottom`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slab {
    pub top: f64,
    pub bottom: f64,
    pub left: f64,
    pub right: f64,
}

/// How far a curve may leave its corridor.
const TOLERANCE: f64 = 0.5;

/// A curve from `start` down to `end`. The slabs lie below each other without gaps, and each shares
/// some x with the next.
pub(super) fn smooth(start: Point, end: Point, slabs: &[Slab]) -> Vec<Point> {
    let line = shortest(start, end, slabs);
    let mut path = vec![start];
    let down = Point { x: 0.0, y: 1.0 };
    let first = direction(line[0], line[1]);
    let last = direction(line[line.len() - 2], line[line.len() - 1]);
    fit(
        &line,
        between(first, down),
        between(last, down),
        slabs,
        &mut path,
    );
    path
}

/// The shortest way, as the corners of a line.
fn shortest(start: Point, end: Point, slabs: &[Slab]) -> Vec<Point> {
    // Gates between the slabs: y, and the free interval there.
    let mut gates: Vec<(f64, f64, f64)> = Vec::with_capacity(slabs.len());
    for pair in slabs.windows(2) {
        let (left, right) = (
            pair[0].left.max(pair[1].left),
            pair[0].right.min(pair[1].right),
        );
        match gates.last_mut() {
            Some(g) if pair[1].top - g.0 < 1e-6 => *g = (g.0, g.1.max(left), g.2.min(right)),
            _ if pair[1].top > start.y && pair[1].top < end.y => {
                gates.push((pair[1].top, left, right));
            }
            _ => {}
        }
    }
    gates.push((end.y, end.x, end.x));
    let mut line = vec![start];
    let mut next = 0;
    while next < gates.len() {
        let from = line[line.len() - 1];
        // The directions (dx by dy) in which all gates so far are passed, and which gates bound them.
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        let (mut low_at, mut high_at) = (next, next);
        let mut turn = None;
        for (k, &(y, left, right)) in gates.iter().enumerate().skip(next) {
            let dy = (y - from.y).max(1e-6);
            let (l, h) = ((left - from.x) / dy, (right - from.x) / dy);
            if l > high {
                turn = Some((high_at, gates[high_at].2));
                break;
            }
            if h < low {
                turn = Some((low_at, gates[low_at].1));
                break;
            }
            if l > low {
                (low, low_at) = (l, k);
            }
            if h < high {
                (high, high_at) = (h, k);
            }
        }
        let (gate, x) = turn.unwrap_or((gates.len() - 1, end.x));
        line.push(Point {
            x,
            y: gates[gate].0,
        });
        next = gate + 1;
    }
    line
}

/// Appends curves from the first to the last corner that leave and arrive in the given directions.
fn fit(line: &[Point], leave: Point, arrive: Point, slabs: &[Slab], path: &mut Vec<Point>) {
    let (a, b) = (line[0], line[line.len() - 1]);
    let length: f64 = line.windows(2).map(|p| distance(p[0], p[1])).sum();
    for reach in [0.45, 0.33, 0.22, 0.12, 0.05] {
        let curve = [
            a,
            along(a, leave, length * reach),
            along(b, arrive, -length * reach),
            b,
        ];
        if stays_within(&curve, slabs) {
            path.extend(&curve[1..]);
            return;
        }
    }
    if line.len() == 2 {
        path.extend([
            along(a, direction(a, b), length / 3.0),
            along(a, direction(a, b), length / 1.5),
            b,
        ]);
        return;
    }
    let split = farthest(line);
    let through = between(
        direction(line[split - 1], line[split]),
        direction(line[split], line[split + 1]),
    );
    fit(&line[..=split], leave, through, slabs, path);
    fit(&line[split..], through, arrive, slabs, path);
}

/// The corner that lies farthest from the straight line between the ends.
fn farthest(line: &[Point]) -> usize {
    let (a, d) = (line[0], direction(line[0], line[line.len() - 1]));
    let off = |p: Point| ((p.x - a.x) * d.y - (p.y - a.y) * d.x).abs();
    (1..line.len() - 1)
        .max_by(|&i, &j| off(line[i]).total_cmp(&off(line[j])))
        .expect("a line that is split has a corner")
}

fn stays_within(curve: &[Point; 4], slabs: &[Slab]) -> bool {
    let first = slabs.partition_point(|s| s.bottom < curve[0].y);
    let last = slabs.partition_point(|s| s.top <= curve[3].y);
    let slabs = &slabs[first.min(last)..last];
    let steps = 12 + 4 * slabs.len();
    (1..steps).all(|i| {
        let p = at(curve, i as f64 / steps as f64);
        let here = slabs.partition_point(|s| s.bottom < p.y);
        p.y >= curve[0].y - TOLERANCE
            && p.y <= curve[3].y + TOLERANCE
            && slabs
                .get(here)
                .is_none_or(|s| p.x >= s.left - TOLERANCE && p.x <= s.right + TOLERANCE)
    })
}

/// The point of a curve at `t` from 0 to 1.
pub(super) fn at(c: &[Point; 4], t: f64) -> Point {
    let u = 1.0 - t;
    let (a, b, d, e) = (u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t);
    Point {
        x: a * c[0].x + b * c[1].x + d * c[2].x + e * c[3].x,
        y: a * c[0].y + b * c[1].y + d * c[2].y + e * c[3].y,
    }
}

/// Cuts the end of a chain of curves off where it comes closer to its last point than `length`.
pub(super) fn cut_end(path: &mut Vec<Point>, length: f64) {
    let Some(&tip) = path.last() else { return };
    while path.len() > 4 && distance(path[path.len() - 4], tip) <= length {
        path.truncate(path.len() - 3);
    }
    let n = path.len();
    let Some(curve) = path.last_chunk::<4>().copied() else {
        return;
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..30 {
        let t = (low + high) / 2.0;
        if distance(at(&curve, t), tip) > length {
            low = t;
        } else {
            high = t;
        }
    }
    // The part of the curve up to t, by de Casteljau's construction.
    let t = low;
    let mix = |p: Point, q: Point| Point {
        x: p.x + (q.x - p.x) * t,
        y: p.y + (q.y - p.y) * t,
    };
    let (ab, bc, cd) = (
        mix(curve[0], curve[1]),
        mix(curve[1], curve[2]),
        mix(curve[2], curve[3]),
    );
    path[n - 3] = ab;
    path[n - 2] = mix(ab, bc);
    path[n - 1] = mix(mix(ab, bc), mix(bc, cd));
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

fn direction(a: Point, b: Point) -> Point {
    let d = distance(a, b);
    if d < 1e-9 {
        return Point { x: 0.0, y: 1.0 };
    }
    Point {
        x: (b.x - a.x) / d,
        y: (b.y - a.y) / d,
    }
}

fn between(a: Point, b: Point) -> Point {
    direction(
        Point::default(),
        Point {
            x: a.x + b.x,
            y: a.y + b.y,
        },
    )
}

fn along(a: Point, direction: Point, length: f64) -> Point {
    Point {
        x: a.x + direction.x * length,
        y: a.y + direction.y * length,
    }
}
