//! The lines of the collectors that stopped the world for all of their work: `gc4(2): …`.

use super::Cycle;
use crate::tracelog::scan::Scan;

/// Reads from the number on. `sure` is set once it can be nothing else.
pub(super) fn cycle(scan: &mut Scan<'_>, sure: &mut bool) -> Option<Cycle> {
    let mut cycle = Cycle {
        number: scan.number()?,
        all_stopped: true,
        ..Cycle::default()
    };
    scan.text(b"(")?;
    cycle.workers = Some(scan.number()?);
    scan.text(b"): ")?;
    *sure = true;
    let mut times = [0; 5];
    loop {
        *times.get_mut(cycle.parts)? = scan.number()?;
        cycle.parts += 1;
        if !scan.has(b"+") {
            break;
        }
    }
    let unit = match scan.has(b" us, ") {
        true => 1000,
        false => {
            scan.text(b" ms")?;
            1_000_000
        }
    };
    cycle.clock_ns = times.map(|t: u64| t.saturating_mul(unit));
    match unit {
        1000 => microseconds(scan, &mut cycle)?,
        _ => milliseconds(scan, &mut cycle)?,
    }
    Some(cycle)
}

/// The heap and objects before and after.
fn milliseconds(scan: &mut Scan<'_>, cycle: &mut Cycle) -> Option<()> {
    let oldest = !scan.has(b", ");
    if oldest {
        scan.text(b" ")?;
    }
    cycle.heap_before_mb = scan.number()?;
    scan.text(b" -> ")?;
    cycle.live_mb = Some(scan.number()?);
    scan.text(b" MB ")?;
    scan.number()?;
    scan.text(b" -> ")?;
    cycle.objects = Some(scan.number()?);
    scan.text(b" (")?;
    scan.number()?;
    scan.text(b"-")?;
    scan.number()?;
    if oldest {
        scan.text(b") objects ")?;
        scan.number()?;
        return scan.text(b" handoff");
    }
    scan.text(b") objects, ")?;
    work(scan)
}

/// Sweeping goes on beside the program: the heap that is told is what was live after the cycle
/// before, and what there is now with its garbage.
fn microseconds(scan: &mut Scan<'_>, cycle: &mut Cycle) -> Option<()> {
    cycle.live_before_mb = Some(scan.number()?);
    scan.text(b" -> ")?;
    cycle.heap_before_mb = scan.number()?;
    scan.text(b" MB, ")?;
    cycle.objects = Some(scan.number()?);
    scan.text(b" (")?;
    scan.number()?;
    scan.text(b"-")?;
    scan.number()?;
    scan.text(b") objects, ")?;
    let number = scan.number()?;
    if scan.has(b" goroutines, ") {
        cycle.goroutines = Some(number);
        scan.number()?;
    }
    scan.text(b"/")?;
    scan.number()?;
    scan.text(b"/")?;
    scan.number()?;
    scan.text(b" sweeps, ")?;
    work(scan)
}

/// How the threads that marked shared the work.
fn work(scan: &mut Scan<'_>) -> Option<()> {
    for what in [b" handoff, ".as_slice(), b" steal, "] {
        scan.number()?;
        scan.text(b"(")?;
        scan.number()?;
        scan.text(b")")?;
        scan.text(what)?;
    }
    scan.number()?;
    scan.text(b"/")?;
    scan.number()?;
    scan.text(b"/")?;
    scan.number()?;
    scan.text(b" yields")
}
