//! The lines of the concurrent collector: `gc 25 @2.177s 11%: …`.

use super::{Cpu, Cycle};
use crate::tracelog::scan::Scan;

/// Reads from the number on. `sure` is set once it can be nothing else.
pub(super) fn cycle(scan: &mut Scan<'_>, sure: &mut bool) -> Option<Cycle> {
    let mut cycle = Cycle {
        number: scan.number()?,
        ..Cycle::default()
    };
    scan.text(b" @")?;
    cycle.at_ms = Some(scan.millionths()? / 1000);
    *sure = true;
    scan.text(b"s ")?;
    cycle.cpu_percent = Some(scan.number()?);
    scan.text(b"%")?;
    cycle.leak_check = scan.has(b" (checking for goroutine leaks)");
    scan.text(b": ")?;
    loop {
        *cycle.clock_ns.get_mut(cycle.parts)? = scan.millionths()?;
        cycle.parts += 1;
        if !scan.has(b"+") {
            break;
        }
    }
    scan.text(b" ms clock, ")?;
    let mut cpu = Cpu {
        sweep_term_ns: scan.millionths()?,
        ..Cpu::default()
    };
    scan.text(b"+")?;
    if cycle.parts == 5 {
        // The scan, and the installation of the write barriers, were phases of their own.
        cpu.scan_ns = scan.millionths()?;
        scan.text(b"+")?;
        cpu.scan_ns = cpu.scan_ns.saturating_add(scan.millionths()?);
        scan.text(b"+")?;
    }
    cpu.assist_ns = scan.millionths()?;
    scan.text(b"/")?;
    cpu.background_ns = scan.millionths()?;
    scan.text(b"/")?;
    cpu.idle_ns = scan.millionths()?;
    scan.text(b"+")?;
    cpu.mark_term_ns = scan.millionths()?;
    cycle.cpu = Some(cpu);
    scan.text(b" ms cpu, ")?;
    cycle.heap_before_mb = scan.number()?;
    scan.text(b"->")?;
    cycle.heap_after_mb = Some(scan.number()?);
    scan.text(b"->")?;
    cycle.live_mb = Some(scan.number()?);
    scan.text(b" MB, ")?;
    cycle.goal_mb = Some(scan.number()?);
    scan.text(b" MB goal, ")?;
    let mut number = scan.number()?;
    if scan.has(b" MB stacks, ") {
        cycle.stacks_mb = Some(number);
        cycle.globals_mb = Some(scan.number()?);
        scan.text(b" MB globals, ")?;
        number = scan.number()?;
    }
    cycle.procs = Some(number);
    scan.text(b" P")?;
    cycle.forced = scan.has(b" (forced)");
    Some(cycle)
}
