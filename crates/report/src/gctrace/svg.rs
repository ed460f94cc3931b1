//! A timeline of the heap and the pauses as SVG, for light and dark.

use std::fmt::Write as _;

use super::Process;
use super::series::Point;
use super::text::duration;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
/// Top and height of the heap's chart and of the pauses'.
const HEAP: (f64, f64) = (60.0, 260.0);
const PAUSES: (f64, f64) = (370.0, 110.0);
const HEIGHT: f64 = 520.0;

const STYLE: &str = "\
svg{background:#fff;color:#1f2328;font:12px system-ui,sans-serif}\
text{fill:currentColor}.grid{stroke:#d0d7de;stroke-width:1}.muted{fill:#59636e}\
.fill{fill:#0969da;opacity:.12}.after{stroke:#0969da}.before{stroke:#8250df}\
.live{stroke:#1a7f37}.goal{stroke:#9a6700;stroke-dasharray:4 3}.pause{stroke:#cf222e}\
path{fill:none;stroke-width:1.5}path.fill{stroke:none}\
@media(prefers-color-scheme:dark){svg{background:#0d1117;color:#e6edf3}\
.grid{stroke:#3d444d}.muted{fill:#9198a1}.fill{fill:#4493f8}.after{stroke:#4493f8}\
.before{stroke:#ab7df8}.live{stroke:#3fb950}.goal{stroke:#d29922}.pause{stroke:#f85149}}";

/// The picture of one process.
pub fn svg(process: &Process, title: &str) -> String {
    let points = process.series.points();
    let timed = points.iter().all(|p| p.at_ms.is_some());
    let at = |p: &Point| match timed {
        true => p.at_ms.unwrap_or(0) as f64,
        false => p.number as f64,
    };
    let first = points.first().map_or(0.0, at);
    let last = points.last().map_or(1.0, at);
    let span = (last - first).max(1.0);
    let x = |p: &Point| LEFT + (at(p) - first) / span * (WIDTH - LEFT - RIGHT);

    let heaps = points
        .iter()
        .flat_map(|p| [p.before_mb, p.after_mb, p.goal_mb.unwrap_or(0)]);
    let top_mb = nice(heaps.max().unwrap_or(0).max(1));
    let pauses = points.iter().map(|p| p.pause_ns);
    let top_ns = nice(pauses.max().unwrap_or(0).max(1));
    let heap_y = |mb: u64| HEAP.0 + HEAP.1 * (1.0 - mb as f64 / top_mb as f64);
    let floor = PAUSES.0 + PAUSES.1;
    let pause_y = |ns: u64| floor - PAUSES.1 * ns as f64 / top_ns as f64;

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">\n<style>{STYLE}</style>\n"
    );
    let title = escaped(title);
    let _ = writeln!(out, "<title>{title}</title>");
    text(
        &mut out,
        LEFT,
        22.0,
        "start",
        "",
        &format!("Heap and pauses of {} collections: {title}", process.cycles),
    );
    for step in 0..=4 {
        let mb = top_mb * step / 4;
        grid(&mut out, heap_y(mb), &format!("{mb} MB"));
    }
    for step in 0..=2 {
        let ns = top_ns * step / 2;
        grid(&mut out, pause_y(ns), &duration(ns));
    }
    for step in 0..=6_u32 {
        let share = f64::from(step) / 6.0;
        let value = first + span * share;
        let label = match timed {
            true => format!("{:.3} s", value / 1000.0),
            false => format!("{value:.0}"),
        };
        let at = LEFT + share * (WIDTH - LEFT - RIGHT);
        let anchor = match step {
            0 => "start",
            6 => "end",
            _ => "middle",
        };
        text(&mut out, at, floor + 18.0, anchor, "muted", &label);
    }
    let mut curve = |class: &str, value: &dyn Fn(&Point) -> Option<u64>| {
        let known = points
            .iter()
            .filter_map(|p| Some((x(p), heap_y(value(p)?))));
        let path = path(known);
        if !path.is_empty() {
            let _ = writeln!(out, "<path class=\"{class}\" d=\"{path}\"/>");
        }
        !path.is_empty()
    };
    let curves = [
        ("goal", curve("goal", &|p| p.goal_mb)),
        ("before", curve("before", &|p| Some(p.before_mb))),
        ("after", curve("after", &|p| Some(p.after_mb))),
        ("live", curve("live", &|p| p.live_mb)),
    ];
    let mut at = LEFT;
    for (name, _) in curves.iter().filter(|(_, there)| *there) {
        let label = match *name {
            "goal" => "goal",
            "before" => "heap when the collection began",
            "after" => "heap when it had marked",
            _ => "live after it",
        };
        let _ = writeln!(out, "<path class=\"{name}\" d=\"M{at:.1} 40h18\"/>");
        text(&mut out, at + 23.0, 44.0, "start", "muted", label);
        at += 45.0 + 6.4 * label.len() as f64;
    }
    for p in points {
        let _ = writeln!(
            out,
            "<path class=\"pause\" d=\"M{:.1} {floor:.1}V{:.1}\"><title>GC {}: {}</title></path>",
            x(p),
            pause_y(p.pause_ns),
            p.number,
            duration(p.pause_ns)
        );
    }
    text(
        &mut out,
        LEFT,
        PAUSES.0 - 10.0,
        "start",
        "muted",
        "the world stood still for",
    );
    out.push_str("</svg>\n");
    out
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        let _ = write!(path, "{command}{x:.1} {y:.1}");
    }
    path
}

fn grid(out: &mut String, y: f64, label: &str) {
    let _ = writeln!(
        out,
        "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/>",
        WIDTH - RIGHT
    );
    text(out, LEFT - 8.0, y + 4.0, "end", "muted", label);
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, class: &str, what: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{what}</text>"
    );
}

/// The next of 2, 4, 8 or 12 times a power of ten: a quarter of it is a whole number.
fn nice(value: u64) -> u64 {
    let unit = 10_u64.pow(value.checked_ilog10().unwrap_or(0));
    let steps = [2, 4, 8, 12];
    let fits = steps.into_iter().find(|s| unit.saturating_mul(*s) >= value);
    unit.saturating_mul(fits.unwrap_or(12)).max(4)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
