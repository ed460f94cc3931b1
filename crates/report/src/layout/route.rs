//! How edges run between placed boxes: where they leave and arrive, and the corridor that each may use
//! on its way ([`super::spline`] draws the curve through it).

use super::layered::{Item, Kind, Layered};
use super::position::Places;
use super::spline::{self, Slab};
use super::{Graph, Options, Point, Route};

/// How far a self loop reaches out of its box.
const LOOP: f64 = 20.0;

/// Clear of boxes and labels that an edge passes.
const CLEARANCE: f64 = 5.0;

/// Between the ends of neighbouring edges at a box, if there is room.
const PORT_GAP: f64 = 12.0;

/// The room that self loops and their labels take on the right of each box.
pub(super) fn room_for_loops(graph: &Graph, options: &Options) -> Vec<f64> {
    let mut room = vec![0.0; graph.boxes.len()];
    for e in graph.edges.iter().filter(|e| e.from == e.to) {
        room[e.from] += LOOP + e.label.map_or(0.0, |l| l.width + options.label_gap);
    }
    room
}

/// The route of every edge.
pub(super) fn routes(
    graph: &Graph,
    g: &Layered,
    places: &Places,
    centres: &[Point],
    reversed: &[bool],
    options: &Options,
) -> Vec<Route> {
    let mut router = Router {
        graph,
        g,
        places,
        centres,
        options,
        position: vec![0; g.items.len()],
    };
    for rank in &g.ranks {
        for (i, &v) in rank.iter().enumerate() {
            router.position[v] = i;
        }
    }
    let ports = router.ports();
    let mut looped = vec![0.0; graph.boxes.len()];
    let mut routes = Vec::with_capacity(graph.edges.len());
    for (e, edge) in graph.edges.iter().enumerate() {
        let route = if edge.from == edge.to {
            router.self_loop(e, &mut looped[edge.from])
        } else {
            router.route(e, ports[e], reversed[e])
        };
        routes.push(route);
    }
    routes
}

struct Router<'a> {
    graph: &'a Graph,
    g: &'a Layered,
    places: &'a Places,
    centres: &'a [Point],
    options: &'a Options,
    /// The position of each item on its rank.
    position: Vec<usize>,
}

/// How far from its middle an edge meets a box whose sides are `half` away, if it comes from `distance`
/// away: straight where it can, and the nearer to the corner the farther it comes.
fn towards(distance: f64, half: f64) -> f64 {
    let straight = half * 0.6;
    if distance.abs() <= straight {
        return distance;
    }
    let bent = straight + (half - straight) * (1.0 - straight / distance.abs());
    bent.copysign(distance)
}

impl Router<'_> {
    /// The x where each edge leaves its upper box and arrives at its lower one: as near as possible to
    /// where it comes from, in order, and apart from each other.
    fn ports(&self) -> Vec<(f64, f64)> {
        let mut ports = vec![(0.0, 0.0); self.graph.edges.len()];
        let mut bottom: Vec<Vec<(f64, usize)>> = vec![Vec::new(); self.graph.boxes.len()];
        let mut top = bottom.clone();
        for (e, chain) in self.g.chains.iter().enumerate() {
            if let [first, second, ..] = chain[..] {
                bottom[first].push((self.places.x[second], e));
                top[chain[chain.len() - 1]].push((self.places.x[chain[chain.len() - 2]], e));
            }
        }
        for v in 0..self.graph.boxes.len() {
            for (e, x) in self.spread(v, &mut bottom[v]) {
                ports[e].0 = x;
            }
            for (e, x) in self.spread(v, &mut top[v]) {
                ports[e].1 = x;
            }
        }
        ports
    }

    /// Spreads ends along a border of box `v`.
    fn spread(&self, v: usize, ends: &mut [(f64, usize)]) -> Vec<(usize, f64)> {
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let half = self.graph.boxes[v].width / 2.0;
        let inset = f64::min(PORT_GAP, half / 2.0);
        let (low, high) = (
            self.centres[v].x - half + inset,
            self.centres[v].x + half - inset,
        );
        let gap = match ends.len() {
            0 | 1 => 0.0,
            n => f64::min(PORT_GAP, (high - low) / (n - 1) as f64),
        };
        let middle = self.centres[v].x;
        let mut xs: Vec<f64> = ends
            .iter()
            .map(|end| middle + towards(end.0 - middle, half - inset))
            .collect();
        for i in 1..xs.len() {
            xs[i] = xs[i].max(xs[i - 1] + gap);
        }
        let mut limit = high;
        for x in xs.iter_mut().rev() {
            *x = x.min(limit);
            limit = *x - gap;
        }
        ends.iter().zip(xs).map(|(end, x)| (end.1, x)).collect()
    }

    fn route(&self, e: usize, port: (f64, f64), reversed: bool) -> Route {
        let chain = &self.g.chains[e];
        let (Some(&first), Some(&last)) = (chain.first(), chain.last()) else {
            return Route::default();
        };
        let start = Point {
            x: port.0,
            y: self.centres[first].y + self.g.items[first].height / 2.0,
        };
        let end = Point {
            x: port.1,
            y: self.centres[last].y - self.g.items[last].height / 2.0,
        };
        let mut slabs = Vec::new();
        let mut label = None;
        for &v in chain {
            let item = &self.g.items[v];
            let (mut top, mut bottom) = self.places.bands[item.rank];
            if v == first {
                top = start.y;
            } else {
                let above = slabs.last().map_or(start.y, |s: &Slab| s.bottom);
                slabs.push(Slab {
                    top: above,
                    bottom: top,
                    left: f64::NEG_INFINITY,
                    right: f64::INFINITY,
                });
            }
            if v == last {
                bottom = end.y;
            }
            self.pass(v, top, bottom, &mut slabs);
            if item.kind == Kind::Label {
                let (top, bottom) = self.places.bands[item.rank];
                label = Some(Point {
                    x: self.places.x[v] + self.options.label_gap,
                    y: (top + bottom - item.height) / 2.0,
                });
            }
        }
        let mut path = spline::smooth(start, end, &slabs);
        let mut tip = end;
        if reversed {
            path.reverse();
            tip = start;
        }
        spline::cut_end(
            &mut path,
            self.graph.edges[e].arrow.min((end.y - start.y) / 2.0),
        );
        Route {
            path,
            tip,
            label,
            reversed,
        }
    }

    /// The free way past what stands beside item `v` on its rank, from `top` to `bottom`.
    fn pass(&self, v: usize, top: f64, bottom: f64, slabs: &mut Vec<Slab>) {
        let item = &self.g.items[v];
        let x = self.places.x[v];
        let rank = &self.g.ranks[item.rank];
        let at = self.position[v];
        let lefts = self.obstacles(rank[..at].iter().rev());
        let rights = self.obstacles(rank[at + 1..].iter());
        let mut cuts = vec![top, bottom];
        for o in lefts.iter().chain(&rights) {
            cuts.extend([o.top, o.bottom].iter().filter(|&&y| y > top && y < bottom));
        }
        cuts.sort_by(f64::total_cmp);
        for pair in cuts.windows(2) {
            let (top, bottom) = (pair[0], pair[1]);
            let covers = |o: &&Slab| o.top < bottom && o.bottom > top;
            let mut left = lefts
                .iter()
                .filter(covers)
                .map(|o| o.right)
                .fold(f64::NEG_INFINITY, f64::max);
            let mut right = rights
                .iter()
                .filter(covers)
                .map(|o| o.left)
                .fold(f64::INFINITY, f64::min);
            if item.kind == Kind::Label {
                // The edge stays beside its label.
                left = left.max(x - 6.0);
                right = right.min(x + 1.0);
            }
            // A lane is kept free for the edge even where clearances overlap.
            slabs.push(Slab {
                top,
                bottom,
                left: left.min(x),
                right: right.max(x),
            });
        }
    }

    /// The room that other items of a rank claim, nearest first, as far as no nearer one hides them. All
    /// items stand in the middle of their rank, so what hides is what is higher.
    fn obstacles<'v>(&self, items: impl Iterator<Item = &'v usize>) -> Vec<Slab> {
        let mut highest = 0.0;
        let mut obstacles = Vec::new();
        for &w in items {
            let Item {
                kind,
                rank,
                left,
                right,
                height,
            } = self.g.items[w];
            if kind == Kind::Bend || height <= highest {
                continue;
            }
            highest = height;
            let (top, bottom) = self.places.bands[rank];
            let (x, middle) = (self.places.x[w], (top + bottom) / 2.0);
            let node = matches!(kind, Kind::Node(_));
            obstacles.push(Slab {
                top: middle - height / 2.0,
                bottom: middle + height / 2.0,
                left: if node { x - left - CLEARANCE } else { x },
                right: x + right + if node { CLEARANCE } else { CLEARANCE / 2.0 },
            });
        }
        obstacles
    }

    /// A loop on the right side of its box, beside those that are already there.
    fn self_loop(&self, e: usize, used: &mut f64) -> Route {
        let edge = &self.graph.edges[e];
        let (size, centre) = (self.graph.boxes[edge.from], self.centres[edge.from]);
        let border = centre.x + size.width / 2.0;
        let (quarter, out) = (size.height / 4.0, *used + LOOP * 0.75);
        let start = Point {
            x: border,
            y: centre.y - quarter,
        };
        let tip = Point {
            x: border,
            y: centre.y + quarter,
        };
        // A cubic curve reaches three quarters of the way to its handles.
        let far = border + out / 0.75;
        let mut path = vec![
            start,
            Point {
                x: far,
                y: start.y - quarter / 2.0,
            },
            Point {
                x: far,
                y: tip.y + quarter / 2.0,
            },
            tip,
        ];
        spline::cut_end(&mut path, edge.arrow.min(LOOP / 2.0));
        *used += LOOP;
        let label = edge.label.map(|l| {
            let x = border + *used;
            *used += l.width + self.options.label_gap;
            Point {
                x,
                y: centre.y - l.height / 2.0,
            }
        });
        Route {
            path,
            tip,
            label,
            reversed: false,
        }
    }
}
