//! `runtime.MemStats`, computed from the runtime's own counters while the program runs.
//!
//! ReadMemStats stops the world and flushes the processors' caches first; here the caches are added
//! instead. A look is taken as it was at one moment if no processor changed its counters meanwhile
//! (`p.statsSeq`), every cached span was cached all the time, and what the runtime counts twice
//! agrees. Otherwise it is taken again. Mirrors src/runtime/mstats.go.

use gobin::GoBin;
use memstats::{Collector, MemStats};
use target::Memory;

use crate::globals::Globals;
use crate::layout::Release;
use crate::runtime::Runtime;

mod goal;
mod layout;
mod look;
mod proof;

use layout::MemLayouts;
use look::{Look, Places};

/// How often a moment is looked for in which nothing moved.
const TRIES: u32 = 400;

/// Reads the memory statistics of one process.
#[derive(Debug)]
pub struct MemStatsReader {
    layouts: MemLayouts,
    places: Places,
}

/// Statistics of one moment.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What ReadMemStats would tell.
    pub stats: MemStats,
    /// What the collector is set to.
    pub collector: Collector,
    /// The program changed them whenever they were looked at: numbers are of slightly different
    /// moments.
    pub torn: bool,
    /// How often they were looked at.
    pub looks: u32,
}

impl MemStatsReader {
    /// Finds the counters of the process that `runtime` was attached to and that runs `bin`, loaded
    /// `bias` above the file's addresses, and proves them on it; `now_ns` is the time since 1970.
    ///
    /// Fails with the reason where they cannot be found or proved.
    pub fn attach(
        runtime: &Runtime,
        mem: &dyn Memory,
        bin: &GoBin,
        bias: u64,
        now_ns: u64,
    ) -> Result<MemStatsReader, String> {
        let structs = runtime.structs(bin, &layout::STRUCTS);
        let structs = structs.ok_or("the structs of the runtime are not known")?;
        let release = runtime.structs_of();
        let layouts = MemLayouts::resolve(&*structs, release).map_err(|e| e.to_string())?;
        let globals = Globals::of(bin, &["memstats", "gcController", "mheap_"]);
        let at = |name: &str| {
            let found = globals.as_ref().and_then(|g| g.get(name));
            let found = found.ok_or_else(|| format!("runtime.{name} was not found in the program"));
            Ok::<u64, String>(found?.wrapping_add(bias))
        };
        let places = Places {
            memstats: at("memstats")?,
            controller: at("gcController")?,
            heap: at("mheap_")?,
            allp: runtime
                .roots()
                .allp
                .ok_or("runtime.allp was not found in the program")?,
        };
        let reader = MemStatsReader { layouts, places };
        proof::prove(mem, &reader.layouts, &reader.places, now_ns)?;
        Ok(reader)
    }

    /// Takes looks until one is of one moment.
    pub fn read(&self, mem: &dyn Memory) -> Result<Reading, String> {
        let mut looks = 0;
        let mut last = None;
        while looks < TRIES {
            looks += 1;
            let look = Look::take(mem, &self.layouts, &self.places)?;
            let good = look.still && look.contradiction().is_none();
            if good || look.still || last.is_none() {
                last = Some((look, good));
            }
            if good {
                break;
            }
        }
        let (look, good) = last.ok_or("nothing was read")?;
        Ok(Reading {
            stats: look.stats(&self.layouts),
            collector: look.collector(),
            torn: !good,
            looks,
        })
    }
}

/// How many percent of its goal the memory limit leaves free; 0 for a fixed room.
fn limit_headroom(release: Release) -> u64 {
    /// Since this minor version the headroom grows with the goal.
    const GROWS_SINCE: u32 = 21;
    match release.minor >= GROWS_SINCE {
        true => 3,
        false => 0,
    }
}
