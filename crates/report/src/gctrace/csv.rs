//! The cycles as CSV: a line each, with the units in the names of the columns.

use std::io::{self, Write};

use godebug::gctrace::Cycle;

use super::Cause;

/// Writes the names of the columns.
pub fn head(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "process,cycle,at_ms,cause,gc_cpu_percent,pause_ns,sweep_term_ns,mark_term_ns,mark_ns,\
         cpu_assist_ns,cpu_background_ns,cpu_idle_ns,heap_before_mib,heap_after_mib,live_mib,\
         goal_mib,stacks_mib,globals_mib,procs,goroutines"
    )
}

/// Writes a cycle. What its line does not tell is empty.
pub fn row(out: &mut dyn Write, process: usize, cycle: &Cycle, cause: Cause) -> io::Result<()> {
    let or_empty = |value: Option<u64>| value.map(|v| v.to_string()).unwrap_or_default();
    let cpu = cycle.cpu;
    let cells = [
        process.to_string(),
        cycle.number.to_string(),
        or_empty(cycle.at_ms),
        cause.name().to_owned(),
        or_empty(cycle.cpu_percent),
        cycle.pause_ns().to_string(),
        or_empty((!cycle.all_stopped).then(|| cycle.first_pause_ns())),
        or_empty(cycle.second_pause_ns()),
        or_empty(mark_ns(cycle)),
        or_empty(cpu.map(|c| c.assist_ns)),
        or_empty(cpu.map(|c| c.background_ns)),
        or_empty(cpu.map(|c| c.idle_ns)),
        cycle.heap_before_mb.to_string(),
        or_empty(cycle.heap_after_mb),
        or_empty(cycle.live_mb),
        or_empty(cycle.goal_mb),
        or_empty(cycle.stacks_mb),
        or_empty(cycle.globals_mb),
        or_empty(cycle.procs),
        or_empty(cycle.goroutines),
    ];
    writeln!(out, "{}", cells.join(","))
}

/// The wall time of marking beside the program.
pub fn mark_ns(cycle: &Cycle) -> Option<u64> {
    let parts = cycle.clock();
    (!cycle.all_stopped && parts.len() > 2).then(|| parts[1..parts.len() - 1].iter().sum())
}
