//! The report of logs whose numbers are known.

use godebug::gctrace::Cycle;
use godebug::tracelog::Reader;

use super::json::document;
use super::spread::Spread;
use super::svg::svg;
use super::text::{duration, sparkline, text};
use super::{Cause, Trace};

fn trace(log: &str) -> (Trace, Reader) {
    let mut trace = Trace::new(100);
    let mut reader = Reader::default();
    let mut sink = |event: godebug::tracelog::Event<'_>| trace.add(&event);
    reader.feed(log.as_bytes(), &mut sink);
    reader.finish(&mut sink);
    (trace, reader)
}

const LOG: &str = "\
gc 1 @1.000s 2%: 1.0+10+1.0 ms clock, 2.0+1.0/2.0/0+2.0 ms cpu, 4->5->2 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 4 P
gc 2 @2.000s 3%: 2.0+10+2.0 ms clock, 4.0+10/20/10+6.0 ms cpu, 6->7->3 MB, 8 MB goal, 0 MB stacks, 0 MB globals, 4 P (forced)
gc 3 @123.000s 4%: 4.0+10+4.0 ms clock, 8.0+10/20/10+2.0 ms cpu, 9->9->3 MB, 9 MB goal, 0 MB stacks, 0 MB globals, 4 P
";

#[test]
fn numbers_of_a_log() {
    let (trace, _) = trace(LOG);
    let p = &trace.processes[0];
    assert_eq!((p.cycles, p.by_heap, p.forced, p.periodic), (3, 1, 1, 1));
    assert_eq!(p.missed_goals, 1);
    assert_eq!(p.pauses.max(), 8_000_000);
    assert_eq!(p.pauses.permille(500), 4_000_000);
    // 6-2 and 9-3 MB in 122 s.
    assert_eq!(p.allocated_mb, 10);
    let near = |value: Option<f64>, wanted: f64| {
        let value = value.expect("it is told");
        assert!((value - wanted).abs() < 1e-9, "{value} {wanted}");
    };
    near(p.allocation_rate(), 10.0 / 122.0);
    near(p.frequency(), 2.0 / 122.0);
    near(p.stopped_share(), 0.012 / 122.0);
    near(p.cpu_share(), 0.080 / 122.0 / 4.0);
    near(p.assist_share(), 21.0 / 107.0);
}

#[test]
fn what_older_versions_leave_comes_with_the_next_line() {
    let end = "MB, 9 (9-0) objects, 0/0/0 sweeps, 0(0) handoff, 0(0) steal, 0/0/0 yields";
    let log = format!("gc1(2): 1+1+1+1 us, 0 -> 4 {end}\ngc2(2): 1+1+1+1 us, 2 -> 5 {end}\n");
    let (trace, _) = trace(&log);
    let p = &trace.processes[0];
    let live: Vec<Option<u64>> = p.last.iter().map(|(c, _)| c.live_mb).collect();
    assert_eq!(live, [Some(2), None]);
    assert_eq!(p.allocated_mb, 3);
    assert_eq!(p.seconds(), None);
}

#[test]
fn text_and_json_and_svg() {
    let (trace, reader) = trace(LOG);
    let shown = text(&trace, &reader.counts(), &|p| reader.name(p));
    for part in [
        "cycles      3 in 2.03min",
        "1 by the heap's growth, 1 forced by the program, 1 after two minutes without",
        "p50 4ms, p95 8ms, p99 8ms, max 8ms",
        "at most 9 MB, 3 MB live at the end",
        "by 1 of 3",
        "live        ▆██ max 3 MB",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let json = document(&trace, &reader.counts(), &|p| reader.name(p));
    let process = &json["processes"][0];
    assert_eq!(process["pause"]["max_ns"], 8_000_000);
    assert_eq!(process["cycles"][2]["cause"], "periodic");
    assert_eq!(process["cycles"][0]["live_bytes"], 2 << 20);
    assert_eq!(json["log"]["parsed_lines"], 3);

    let picture = svg(&trace.processes[0], "a <b> & c");
    let document = roxmltree::Document::parse(&picture).expect("it is XML");
    let pauses = document
        .descendants()
        .filter(|n| n.attribute("class") == Some("pause"));
    assert_eq!(pauses.count(), 3);
}

#[test]
fn a_long_log_makes_a_small_picture() {
    let mut trace = Trace::new(5);
    for number in 1..=100_000_u64 {
        let cycle = Cycle {
            number,
            at_ms: Some(number * 10),
            clock_ns: [1000, 0, 1000, 0, 0],
            parts: 3,
            live_mb: Some(number / 1000),
            ..Cycle::default()
        };
        let item = godebug::tracelog::Item::Gc(cycle);
        trace.add(&godebug::tracelog::Event { process: 0, item });
    }
    let p = &trace.processes[0];
    assert_eq!((p.cycles, p.last.len()), (100_000, 5));
    assert_eq!(p.last[4].1, Cause::Heap);
    let points = p.series.points();
    assert!((super::series::MOST / 2..=super::series::MOST).contains(&points.len()));
    assert_eq!(points.last().and_then(|p| p.live_mb), Some(100));
    // 0.1 MB a second.
    let growth = p.series.growth().expect("it is told");
    assert!((growth - 360.0).abs() < 4.0, "{growth}");
}

#[test]
fn spreads_and_charts() {
    let mut spread = Spread::default();
    for ns in 1..=1000 {
        spread.add(ns * 1000);
    }
    assert_eq!(spread.permille(500), 500_000);
    assert_eq!(spread.permille(990), 990_000);
    assert_eq!(spread.max(), 1_000_000);
    assert_eq!(sparkline(&[0, 1, 2, 3, 4, 5, 6, 7], 60), "▁▂▃▄▅▆▇█");
    assert_eq!(sparkline(&[0, 0, 7, 0], 2), "▁█");
    let times = [
        0,
        900,
        1500,
        1_500_000,
        29_000_000,
        345_000_000,
        2_000_000_000,
    ];
    assert_eq!(
        times.map(duration),
        ["0", "900ns", "1.5µs", "1.5ms", "29ms", "345ms", "2s"]
    );
}
