//! Where the counters lie in their structs.

use crate::Error;
use crate::layout::{Release, Structs, layout};

use super::limit_headroom;

/// The structs that are needed.
pub(super) const STRUCTS: [&str; 9] = [
    "mstats",
    "consistentHeapStats",
    "heapStatsDelta",
    "gcControllerState",
    "mheap",
    "fixalloc",
    "p",
    "mcache",
    "mspan",
];

layout! {
    /// `runtime.mstats`, the global `memstats`.
    MStatsLayout of "mstats"
    required {
        /// Counters of the heap, three times.
        heap_stats: "heapStats",
        /// See the fields of MemStats.
        stacks_sys: "stacks_sys",
        /// The same.
        mspan_sys: "mspan_sys",
        /// The same.
        mcache_sys: "mcache_sys",
        /// The same.
        buckhash_sys: "buckhash_sys",
        /// The same.
        gc_misc_sys: "gcMiscSys",
        /// The same.
        other_sys: "other_sys",
        /// The same.
        last_gc_unix: "last_gc_unix",
        /// The same.
        pause_total_ns: "pause_total_ns",
        /// The same.
        pause_ns: "pause_ns",
        /// The same.
        pause_end: "pause_end",
        /// The same.
        numgc: "numgc",
        /// The same.
        numforcedgc: "numforcedgc",
        /// The same.
        gc_cpu_fraction: "gc_cpu_fraction",
    }
    optional {}
}

layout! {
    /// `runtime.consistentHeapStats`.
    HeapStatsLayout of "consistentHeapStats"
    required {
        /// The three parts whose sum counts.
        stats: "stats",
        /// Which of them is being added to.
        gen_: "gen",
    }
    optional {}
}

layout! {
    /// `runtime.heapStatsDelta`.
    DeltaLayout of "heapStatsDelta"
    required {
        /// Bytes that may be in RAM.
        committed: "committed",
        /// Bytes given back.
        released: "released",
        /// Bytes of pages with objects.
        in_heap: "inHeap",
        /// Bytes of stacks.
        in_stacks: "inStacks",
        /// Bytes of the collector's work lists.
        in_work_bufs: "inWorkBufs",
        /// Tiny objects, which share slots.
        tiny_allocs: "tinyAllocCount",
        /// Bytes of large objects.
        large_alloc: "largeAlloc",
        /// Large objects.
        large_allocs: "largeAllocCount",
        /// Small objects by size class.
        small_allocs: "smallAllocCount",
        /// Bytes of large objects that were freed.
        large_free: "largeFree",
        /// Large objects that were freed.
        large_frees: "largeFreeCount",
        /// Small objects that were freed, by size class.
        small_frees: "smallFreeCount",
    }
    optional {
        /// Bytes of pointer maps of the heap.
        in_ptr_bits: "inPtrScalarBits",
    }
}

layout! {
    /// `runtime.gcControllerState`, the global `gcController`.
    ControllerLayout of "gcControllerState"
    required {
        /// GOGC, negative for off.
        gc_percent: "gcPercent",
        /// GOMEMLIMIT.
        memory_limit: "memoryLimit",
        /// Heap size to end at, from GOGC.
        percent_goal: "gcPercentHeapGoal",
        /// The least goal that leaves time to sweep.
        sweep_min: "sweepDistMinTrigger",
        /// Where the running collection began.
        triggered: "triggered",
        /// The heap as the pacer counts it.
        heap_live: "heapLive",
        /// What the last collection found alive.
        heap_marked: "heapMarked",
        /// Bytes of pages with objects.
        heap_in_use: "heapInUse",
        /// Bytes of pages given back.
        heap_released: "heapReleased",
        /// Bytes of other free pages.
        heap_free: "heapFree",
        /// Bytes ever allocated, but for what is in caches.
        total_alloc: "totalAlloc",
        /// Bytes ever freed.
        total_free: "totalFree",
        /// Bytes mapped and not given back.
        mapped_ready: "mappedReady",
    }
    optional {}
}

layout! {
    /// `runtime.mheap`, the global `mheap_`.
    HeapLayout of "mheap"
    required {
        /// The number of the sweep, times two.
        sweepgen: "sweepgen",
        /// Bytes of mspans in use.
        span_inuse: "spanalloc.inuse",
        /// Bytes of one.
        span_size: "spanalloc.size",
        /// Bytes of mcaches in use.
        cache_inuse: "cachealloc.inuse",
        /// Bytes of one.
        cache_size: "cachealloc.size",
    }
    optional {}
}

layout! {
    /// What is needed of `runtime.p`.
    ProcessorLayout of "p"
    required {
        /// Its cache of spans.
        mcache: "mcache",
        /// Odd while it changes the heap's counters.
        stats_seq: "statsSeq",
    }
    optional {}
}

layout! {
    /// `runtime.mcache`.
    CacheLayout of "mcache"
    required {
        /// Tiny objects not counted yet.
        tiny_allocs: "tinyAllocs",
        /// The span that objects of each class are allocated from.
        alloc: "alloc",
    }
    optional {}
}

layout! {
    /// What is needed of `runtime.mspan`.
    SpanLayout of "mspan"
    required {
        /// Its place in the sweep, and whether it is cached.
        sweepgen: "sweepgen",
        /// Objects in it.
        alloc_count: "allocCount",
        /// Its class: size class times two, plus one if without pointers.
        spanclass: "spanclass",
        /// Objects that were in it before it was cached.
        alloc_count_before: "allocCountBeforeCache",
        /// Bytes of one slot.
        elemsize: "elemsize",
    }
    optional {}
}

/// All of them, and what else varies with the version.
#[derive(Clone, Debug)]
pub(super) struct MemLayouts {
    pub mstats: MStatsLayout,
    pub heap_stats: HeapStatsLayout,
    pub delta: DeltaLayout,
    pub delta_size: u32,
    pub controller: ControllerLayout,
    pub heap: HeapLayout,
    pub p: ProcessorLayout,
    pub cache: CacheLayout,
    pub cache_size: u32,
    pub span: SpanLayout,
    pub span_size: u32,
    /// How many percent of the goal the memory limit leaves free; 0 for a fixed room.
    pub limit_headroom: u64,
}

impl MemLayouts {
    pub fn resolve(structs: &dyn Structs, release: Release) -> Result<MemLayouts, Error> {
        let size = |strukt| {
            let none = Error::NoField { strukt, field: "*" };
            structs.size(strukt).ok_or(none)
        };
        Ok(MemLayouts {
            mstats: MStatsLayout::resolve(structs)?,
            heap_stats: HeapStatsLayout::resolve(structs)?,
            delta: DeltaLayout::resolve(structs)?,
            delta_size: size("heapStatsDelta")?,
            controller: ControllerLayout::resolve(structs)?,
            heap: HeapLayout::resolve(structs)?,
            p: ProcessorLayout::resolve(structs)?,
            cache: CacheLayout::resolve(structs)?,
            cache_size: size("mcache")?,
            span: SpanLayout::resolve(structs)?,
            span_size: size("mspan")?,
            limit_headroom: limit_headroom(release),
        })
    }
}
