//! The development of the heap and the pauses, as few enough points for a picture of any log.

use godebug::gctrace::Cycle;

/// No more points than this: when there are as many, each two become one.
pub const MOST: usize = 2048;

/// Some cycles in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Number of the first of them.
    pub number: u64,
    /// When the last of them began, ms since the start of the program.
    pub at_ms: Option<u64>,
    /// The largest heap when one began, MiB.
    pub before_mb: u64,
    /// The largest heap when one had marked, MiB.
    pub after_mb: u64,
    /// What the last of them left, MiB.
    pub live_mb: Option<u64>,
    /// The goal of the last of them, MiB.
    pub goal_mb: Option<u64>,
    /// The longest time for which the world was stopped, ns.
    pub pause_ns: u64,
}

/// All points.
#[derive(Clone, Debug, Default)]
pub struct Series {
    points: Vec<Point>,
    /// So many cycles are a point.
    stride: u64,
    in_last: u64,
}

impl Series {
    /// The points.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    pub(super) fn add(&mut self, cycle: &Cycle) {
        let point = Point {
            number: cycle.number,
            at_ms: cycle.at_ms,
            before_mb: cycle.heap_before_mb,
            after_mb: cycle.heap_after_mb.unwrap_or(cycle.heap_before_mb),
            live_mb: cycle.live_mb,
            goal_mb: cycle.goal_mb,
            pause_ns: cycle.pause_ns(),
        };
        let full = self.in_last >= self.stride;
        match self.points.last_mut() {
            Some(last) if !full => *last = joined(last, &point),
            _ => {
                if self.points.len() >= MOST {
                    let pairs = self.points.chunks(2);
                    self.points = pairs.map(|p| joined(&p[0], &p[p.len() - 1])).collect();
                    self.stride *= 2;
                }
                self.stride = self.stride.max(1);
                self.points.push(point);
                self.in_last = 0;
            }
        }
        self.in_last += 1;
    }

    /// What the last cycle left is known now.
    pub(super) fn left(&mut self, live_mb: Option<u64>) {
        if let Some(last) = self.points.last_mut() {
            last.live_mb = live_mb;
        }
    }

    /// How fast what is live grows, MiB an hour: the line that fits best. `None` without times, or
    /// with too few points to tell.
    pub fn growth(&self) -> Option<f64> {
        const FEWEST: usize = 8;
        let known = |p: &Point| Some((p.at_ms? as f64 / 3.6e6, p.live_mb? as f64));
        let points: Vec<(f64, f64)> = self.points.iter().filter_map(known).collect();
        if points.len() < FEWEST {
            return None;
        }
        let count = points.len() as f64;
        let mean_x = points.iter().map(|p| p.0).sum::<f64>() / count;
        let mean_y = points.iter().map(|p| p.1).sum::<f64>() / count;
        let across = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum::<f64>();
        let along = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y));
        (across > 0.0).then(|| along.sum::<f64>() / across)
    }
}

fn joined(a: &Point, b: &Point) -> Point {
    Point {
        number: a.number,
        at_ms: b.at_ms.or(a.at_ms),
        before_mb: a.before_mb.max(b.before_mb),
        after_mb: a.after_mb.max(b.after_mb),
        live_mb: b.live_mb.or(a.live_mb),
        goal_mb: b.goal_mb.or(a.goal_mb),
        pause_ns: a.pause_ns.max(b.pause_ns),
    }
}
