//! What must hold of the counters of any Go process, before they are believed: what the runtime
//! counts twice is the same, sizes are multiples of what they are sizes of, the last pause is where
//! the number of collections says.

use target::Memory;

use super::layout::MemLayouts;
use super::look::{Look, Places};

/// How many looks may find counters that are just being changed.
const TRIES: u32 = 2000;
/// Clocks may be set back.
const DAY_NS: u64 = 86_400_000_000_000;

/// Tries the layouts on the process.
pub(super) fn prove(
    mem: &dyn Memory,
    l: &MemLayouts,
    at: &Places,
    now_ns: u64,
) -> Result<(), String> {
    let mut why = String::new();
    for _ in 0..TRIES {
        // A process that ends, or whose structs are elsewhere.
        let look = Look::take(mem, l, at)?;
        match contradiction(&look, l, now_ns) {
            None => return Ok(()),
            Some(found) => why = found,
        }
    }
    Err(why)
}

fn contradiction(look: &Look, l: &MemLayouts, now_ns: u64) -> Option<String> {
    if look.odd_span {
        return Some("a cached span is of another size than its place says".to_owned());
    }
    let sizes = [
        ("mspan", look.span_inuse, look.span_size, l.span_size),
        ("mcache", look.cache_inuse, look.cache_size, l.cache_size),
    ];
    for (name, inuse, size, expect) in sizes {
        if size != u64::from(expect) || inuse == 0 || inuse % size != 0 {
            return Some(format!("{inuse} bytes of {name}, each of {size}"));
        }
    }
    if look.cache_inuse / look.cache_size < look.processors as u64 {
        return Some("there are fewer caches than processors".to_owned());
    }
    if let Some(why) = look.contradiction() {
        return Some(why);
    }
    let mapped = look.sys(l).wrapping_sub(look.heap_released);
    if look.pacer.mapped_ready != mapped {
        let ready = look.pacer.mapped_ready;
        return Some(format!("{ready} bytes are mapped, and the sum is {mapped}"));
    }
    collections(look, l, now_ns)
}

fn collections(look: &Look, l: &MemLayouts, now_ns: u64) -> Option<String> {
    let m = &l.mstats;
    let (all, forced) = (look.of_mstats(m.numgc), look.of_mstats(m.numforcedgc));
    if forced > all {
        return Some(format!("{forced} of {all} collections were forced"));
    }
    let fraction = f64::from_bits(look.of_mstats(m.gc_cpu_fraction));
    if !(0.0..=1.0).contains(&fraction) {
        return Some(format!("collections took {fraction} of the CPU time"));
    }
    let ends = look.array(m.pause_end);
    let last = look.of_mstats(m.last_gc_unix);
    let newest = all
        .checked_sub(1)
        .and_then(|n| ends.get((n % ends.len().max(1) as u64) as usize));
    let expect = newest.copied().unwrap_or(0);
    if last != expect || last > now_ns.saturating_add(DAY_NS) {
        return Some(format!(
            "the last collection ended at {last}, its pause at {expect}"
        ));
    }
    None
}
