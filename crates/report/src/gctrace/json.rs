//! The report as one JSON object.

use godebug::gctrace::Cycle;
use godebug::tracelog::Counts;
use serde_json::{Value, json};

use super::csv::mark_ns;
use super::spread::Spread;
use super::{Cause, Process, Trace};

/// The document.
pub fn document(trace: &Trace, counts: &Counts, name: &dyn Fn(usize) -> String) -> Value {
    let processes = trace.processes.iter().enumerate();
    let processes = processes.filter(|(_, p)| p.cycles > 0);
    let processes: Vec<Value> = processes.map(|(i, p)| process(p, &name(i))).collect();
    json!({
        "schema": "gowhy/gctrace",
        "version": 1,
        "processes": processes,
        "log": log(counts),
    })
}

/// What was read.
pub fn log(counts: &Counts) -> Value {
    json!({
        "parsed_bytes": counts.parsed_bytes,
        "passed_bytes": counts.passed_bytes,
        "cut_bytes": counts.cut_bytes,
        "parsed_lines": counts.parsed_lines,
        "joined_lines": counts.joined_lines,
        "cut_lines": counts.cut_lines,
    })
}

fn process(p: &Process, name: &str) -> Value {
    let cycles: Vec<Value> = p.last.iter().map(|(c, cause)| cycle(c, *cause)).collect();
    json!({
        "name": name,
        "cycles_total": p.cycles,
        "seconds": p.seconds(),
        "gc_cpu_percent_since_start": p.latest.and_then(|c| c.cpu_percent),
        "gc_cpu_share": p.cpu_share(),
        "stopped_share": p.stopped_share(),
        "cycles_per_second": p.frequency(),
        "allocated_bytes": bytes(Some(p.allocated_mb)),
        "allocated_bytes_per_second": p.allocation_rate().map(|r| r * f64::from(1 << 20)),
        "largest_heap_bytes": bytes(Some(p.largest_mb)),
        "live_growth_bytes_per_hour": p.series.growth().map(|g| g * f64::from(1 << 20)),
        "assist_share": p.assist_share(),
        "missed_goals": p.missed_goals,
        "causes": {
            "heap": p.by_heap,
            "periodic": p.periodic,
            "forced": p.forced,
            "leak_check": p.leak_checks,
        },
        "pause": spread(&p.pauses),
        "sweep_term": spread(&p.first_pauses),
        "mark_term": spread(&p.second_pauses),
        "released_bytes": p.released_kib.saturating_mul(1024),
        "cycles": cycles,
    })
}

fn spread(s: &Spread) -> Value {
    json!({
        "count": s.count(),
        "total_ns": s.sum(),
        "p50_ns": s.permille(500),
        "p95_ns": s.permille(950),
        "p99_ns": s.permille(990),
        "max_ns": s.max(),
    })
}

fn bytes(mb: Option<u64>) -> Option<u64> {
    mb.map(|mb| mb.saturating_mul(1 << 20))
}

fn cycle(c: &Cycle, cause: Cause) -> Value {
    json!({
        "number": c.number,
        "at_ms": c.at_ms,
        "cause": cause.name(),
        "gc_cpu_percent": c.cpu_percent,
        "pause_ns": c.pause_ns(),
        "sweep_term_ns": (!c.all_stopped).then(|| c.first_pause_ns()),
        "mark_term_ns": c.second_pause_ns(),
        "mark_ns": mark_ns(c),
        "cpu_assist_ns": c.cpu.map(|c| c.assist_ns),
        "cpu_background_ns": c.cpu.map(|c| c.background_ns),
        "cpu_idle_ns": c.cpu.map(|c| c.idle_ns),
        "heap_before_bytes": bytes(Some(c.heap_before_mb)),
        "heap_after_bytes": bytes(c.heap_after_mb),
        "live_bytes": bytes(c.live_mb),
        "goal_bytes": bytes(c.goal_mb),
        "stacks_bytes": bytes(c.stacks_mb),
        "globals_bytes": bytes(c.globals_mb),
        "procs": c.procs,
        "goroutines": c.goroutines,
    })
}
