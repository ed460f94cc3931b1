//! The report as text.

use std::fmt::Write as _;

use godebug::gctrace::Cycle;
use godebug::tracelog::Counts;

use super::csv::mark_ns;
use super::spread::Spread;
use super::{Cause, Process, Trace};

/// The report: what each process's collections cost, and the cycles that were kept.
pub fn text(trace: &Trace, counts: &Counts, name: &dyn Fn(usize) -> String) -> String {
    let shown = trace.processes.iter().enumerate();
    let shown: Vec<_> = shown.filter(|(_, p)| p.cycles > 0).collect();
    let mut out = String::new();
    for (place, (i, process)) in shown.iter().enumerate() {
        if shown.len() > 1 {
            let name = name(*i);
            let name = if name.is_empty() {
                ""
            } else {
                &format!(": {name}")
            };
            let gap = if place > 0 { "\n" } else { "" };
            let _ = writeln!(out, "{gap}process {}{name}", place + 1);
        }
        one(&mut out, process);
    }
    if counts.joined_lines > 0 || counts.cut_lines > 0 {
        let _ = writeln!(
            out,
            "\n{} that others had cut put together, {} left cut",
            lines(counts.joined_lines),
            counts.cut_lines
        );
    }
    out
}

fn lines(count: u64) -> String {
    match count {
        1 => "1 line".to_owned(),
        n => format!("{n} lines"),
    }
}

fn one(out: &mut String, p: &Process) {
    let mut line = |name: &str, text: String| {
        let _ = writeln!(out, "{name:<12}{text}");
    };
    let over = p.seconds().map(|s| format!(" in {}", seconds(s)));
    let often = p.frequency().map(|f| format!(", {} a second", short(f)));
    line(
        "cycles",
        format!(
            "{}{}{}",
            p.cycles,
            over.unwrap_or_default(),
            often.unwrap_or_default()
        ),
    );
    let causes = [
        (p.by_heap, "by the heap's growth"),
        (p.forced, "forced by the program"),
        (p.periodic, "after two minutes without"),
        (p.leak_checks, "to find leaked goroutines"),
    ];
    let causes = causes.iter().filter(|(n, _)| *n > 0);
    let causes: Vec<String> = causes.map(|(n, what)| format!("{n} {what}")).collect();
    line("started", causes.join(", "));
    let mut cpu = Vec::new();
    if let Some(percent) = p.latest.and_then(|c| c.cpu_percent) {
        cpu.push(format!("{percent}% of all processors since the start"));
    }
    if let Some(share) = p.cpu_share() {
        cpu.push(format!(
            "{} from the first cycle to the last",
            percent(share)
        ));
    }
    if let Some(share) = p.assist_share() {
        cpu.push(format!("assists {} of it", percent(share)));
    }
    if !cpu.is_empty() {
        line("gc cpu", cpu.join(", "));
    }
    let stopped = p.stopped_share();
    let stopped = stopped.map(|s| format!(", the world stood still {} of the time", percent(s)));
    line("pauses", spread(&p.pauses) + &stopped.unwrap_or_default());
    if p.second_pauses.count() > 0 {
        line("  sweep end", spread(&p.first_pauses));
        line("  mark end", spread(&p.second_pauses));
    }
    let live = p
        .series
        .points()
        .iter()
        .rev()
        .find_map(|point| point.live_mb);
    let live = live.map(|mb| format!(", {mb} MB live at the end"));
    // What grows within a minute tells nothing of an hour.
    let long = p.seconds().is_some_and(|s| s >= 60.0);
    let growth = p.series.growth().filter(|_| long);
    let growth = growth.map(|g| format!(" ({} MB an hour)", signed(g)));
    line(
        "heap",
        format!(
            "at most {} MB{}{}",
            p.largest_mb,
            live.unwrap_or_default(),
            growth.unwrap_or_default()
        ),
    );
    if let Some(rate) = p.allocation_rate() {
        let rate = short(rate);
        line(
            "allocated",
            format!("{} MB, {rate} MB a second", p.allocated_mb),
        );
    }
    if p.missed_goals > 0 {
        line(
            "goal missed",
            format!(
                "by {} of {}: the heap outgrew the marking",
                p.missed_goals, p.cycles
            ),
        );
    }
    if p.released_kib > 0 {
        line(
            "given back",
            format!("{} MB to the system", p.released_kib >> 10),
        );
    }
    charts(out, p);
    table(out, p);
}

/// How the live heap, the heap and the pauses developed.
fn charts(out: &mut String, p: &Process) {
    const WIDTH: usize = 60;
    let points = p.series.points();
    if points.len() < 2 {
        return;
    }
    out.push('\n');
    let of = |value: &dyn Fn(&super::series::Point) -> u64| -> Vec<u64> {
        points.iter().map(value).collect()
    };
    let rows = [
        ("live", of(&|p| p.live_mb.unwrap_or(0)), false),
        ("heap", of(&|p| p.after_mb), false),
        ("pause", of(&|p| p.pause_ns), true),
    ];
    for (name, values, time) in rows {
        let max = values.iter().copied().max().unwrap_or(0);
        let max_text = if time {
            duration(max)
        } else {
            format!("{max} MB")
        };
        let line = sparkline(&values, WIDTH);
        let _ = writeln!(out, "{name:<12}{line} max {max_text}");
    }
}

/// A chart of a line's height, at most `width` wide; each step is the largest of its values.
pub fn sparkline(values: &[u64], width: usize) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let max = values.iter().copied().max().unwrap_or(0).max(1);
    let width = width.min(values.len());
    let step = |i: usize| {
        let from = i * values.len() / width;
        let to = ((i + 1) * values.len() / width).max(from + 1);
        let value = values[from..to].iter().copied().max().unwrap_or(0);
        STEPS[(value as f64 / max as f64 * 7.0).round() as usize]
    };
    (0..width).map(step).collect()
}

fn table(out: &mut String, p: &Process) {
    if p.last.is_empty() {
        return;
    }
    let names = [
        "GC", "AT", "GC CPU", "PAUSE", "MARK", "ASSIST", "BEFORE", "AFTER", "LIVE", "GOAL",
    ];
    let mut rows: Vec<[String; 10]> = vec![names.map(String::from)];
    let mut notes = vec![String::new()];
    for (c, cause) in &p.last {
        rows.push(row(c));
        let mut note = Vec::new();
        if *cause != Cause::Heap {
            note.push(cause.name());
        }
        if c.missed_goal() {
            note.push("goal missed");
        }
        notes.push(note.join(", "));
    }
    // What no line tells has no column.
    let told = |col: usize| rows[1..].iter().any(|r| !r[col].is_empty());
    let shown: Vec<usize> = (0..names.len()).filter(|col| told(*col)).collect();
    let width = |col: usize| rows.iter().map(|r| r[col].chars().count()).max();
    let widths: Vec<usize> = shown.iter().map(|c| width(*c).unwrap_or(0)).collect();
    out.push('\n');
    for (row, note) in rows.iter().zip(&notes) {
        let mut line = String::new();
        for (col, width) in shown.iter().zip(&widths) {
            let pad = width - row[*col].chars().count();
            let _ = write!(line, "{}{}  ", " ".repeat(pad), row[*col]);
        }
        line += note;
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn row(c: &Cycle) -> [String; 10] {
    let mb = |mb: Option<u64>| mb.map(|mb| format!("{mb} MB")).unwrap_or_default();
    let time = |ns: Option<u64>| ns.map(duration).unwrap_or_default();
    [
        c.number.to_string(),
        c.at_ms
            .map(|ms| seconds(ms as f64 / 1000.0))
            .unwrap_or_default(),
        c.cpu_percent.map(|p| format!("{p}%")).unwrap_or_default(),
        duration(c.pause_ns()),
        time(mark_ns(c)),
        time(c.cpu.map(|c| c.assist_ns)),
        mb(Some(c.heap_before_mb)),
        mb(c.heap_after_mb),
        mb(c.live_mb),
        mb(c.goal_mb),
    ]
}

fn spread(s: &Spread) -> String {
    format!(
        "p50 {}, p95 {}, p99 {}, max {}",
        duration(s.permille(500)),
        duration(s.permille(950)),
        duration(s.permille(990)),
        duration(s.max())
    )
}

/// A time with three significant digits.
pub fn duration(ns: u64) -> String {
    match ns {
        0 => "0".to_owned(),
        1..1000 => format!("{ns}ns"),
        1000..999_500 => format!("{}µs", short(ns as f64 / 1e3)),
        999_500..999_500_000 => format!("{}ms", short(ns as f64 / 1e6)),
        _ => format!("{}s", short(ns as f64 / 1e9)),
    }
}

/// A number with up to three significant digits, without zeros at the end.
pub fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn signed(value: f64) -> String {
    let text = short(value);
    if value > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}

/// A share as percent.
pub fn percent(share: f64) -> String {
    format!("{}%", short(share * 100.0))
}

fn seconds(s: f64) -> String {
    match s {
        s if s >= 7200.0 => format!("{}h", short(s / 3600.0)),
        s if s >= 120.0 => format!("{}min", short(s / 60.0)),
        s => format!("{s:.3}s"),
    }
}
