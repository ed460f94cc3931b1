//! One look at all counters.

use memstats::{BySize, Collector, MemStats};
use target::{Memory, MemoryError, Piece};

use super::goal::Pacer;
use super::layout::MemLayouts;
use crate::layout::Field;
use crate::read::{View, word_at, words};

/// The largest object of each size class. The same in all versions; see src/runtime/sizeclasses.go.
pub(super) const SIZES: [u64; 68] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
    352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792,
    2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728,
    10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672,
    32768,
];
/// So many of them are in MemStats.BySize.
const BY_SIZE: usize = 61;
/// Parts of the heap's counters.
const PARTS: usize = 3;
/// No process has more processors.
const MAX_PROCESSORS: u64 = 1 << 16;

/// Addresses in the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub memstats: u64,
    pub controller: u64,
    pub heap: u64,
    pub allp: u64,
}

/// The sum of the heap's counters, in bytes or objects. Single parts may be negative.
#[derive(Clone, Debug, Default)]
pub(super) struct Delta {
    pub committed: u64,
    pub released: u64,
    pub in_heap: u64,
    pub in_stacks: u64,
    pub in_work_bufs: u64,
    pub in_ptr_bits: u64,
    pub tiny_allocs: u64,
    pub large_alloc: u64,
    pub large_allocs: u64,
    pub large_free: u64,
    pub large_frees: u64,
    pub small_allocs: Vec<u64>,
    pub small_frees: Vec<u64>,
}

/// All counters as they were read.
#[derive(Debug)]
pub(super) struct Look {
    mstats: Vec<u8>,
    pub delta: Delta,
    /// Objects in the caches of the processors, by size class.
    cached: Vec<u64>,
    cached_tiny: u64,
    pub pacer: Pacer,
    gc_percent: i32,
    heap_live: u64,
    pub heap_in_use: u64,
    pub heap_released: u64,
    pub span_inuse: u64,
    pub span_size: u64,
    pub cache_inuse: u64,
    pub cache_size: u64,
    pub processors: usize,
    /// A span that is said to be of a size class and has slots of another size.
    pub odd_span: bool,
    /// Nothing moved meanwhile.
    pub still: bool,
}

impl Look {
    pub fn take(mem: &dyn Memory, l: &MemLayouts, at: &Places) -> Result<Look, String> {
        let said = |e: MemoryError| e.to_string();
        let list = mem.read_vec(at.allp, 16).map_err(said)?;
        let (list, len) = (word_at(&list, 0), word_at(&list, 8));
        if len == 0 || len > MAX_PROCESSORS {
            return Err(format!("{len} processors"));
        }
        let ps = mem.read_vec(list, len as usize * 8).map_err(said)?;
        let ps: Vec<u64> = words(&ps).collect();
        let before = sequence(mem, l, at, &ps)?;
        let caches = fields(mem, &ps, &[l.p.mcache])?;

        // All at once: the caches, then what they are added to.
        let mut pieces: Vec<Piece> = Vec::with_capacity(caches.len() + 3);
        pieces.extend(caches.iter().filter(|c| **c != 0).map(|cache| Piece {
            address: *cache,
            len: l.cache_size as usize,
        }));
        let with_caches = pieces.len();
        let mstats_end = l.mstats.span().end.max(l.mstats.heap_stats.size);
        pieces.push(Piece {
            address: at.memstats,
            len: mstats_end as usize,
        });
        pieces.push(Piece {
            address: at.controller,
            len: l.controller.span().end as usize,
        });
        let heap = l.heap.span();
        pieces.push(Piece {
            address: at.heap.wrapping_add(u64::from(heap.start)),
            len: (heap.end - heap.start) as usize,
        });
        let parts = read_all(mem, &pieces)?;
        let mut parts = parts.iter();
        let caches: Vec<View<'_>> = parts.by_ref().take(with_caches).map(|p| view(p)).collect();
        let next = |p: Option<&Vec<u8>>| p.cloned().ok_or("the counters could not be read");
        let mstats = next(parts.next())?;
        let controller = next(parts.next())?;
        let heap_bytes = next(parts.next())?;
        let heap = View {
            start: heap.start,
            bytes: &heap_bytes,
        };

        let mut spans: Vec<(usize, u64)> = Vec::new();
        let mut cached_tiny = 0u64;
        for cache in &caches {
            cached_tiny = cached_tiny.wrapping_add(cache.uint(l.cache.tiny_allocs));
            let alloc = bytes_of(cache.bytes, l.cache.alloc);
            spans.extend(words(alloc).enumerate().filter(|(_, span)| *span != 0));
        }
        let mut cached = vec![0u64; SIZES.len()];
        let sweepgen = heap.uint(l.heap.sweepgen) as u32;
        let (mut odd_span, mut uncached) = (false, false);
        let span = l.span.span();
        let pieces: Vec<Piece> = spans
            .iter()
            .map(|(_, address)| Piece {
                address: address.wrapping_add(u64::from(span.start)),
                len: (span.end - span.start) as usize,
            })
            .collect();
        for ((class, _), bytes) in spans.iter().zip(read_all(mem, &pieces)?) {
            let s = View {
                start: span.start,
                bytes: &bytes,
            };
            let elemsize = s.uint(l.span.elemsize);
            // The span that stands for none.
            if elemsize == 0 {
                continue;
            }
            let size_class = class / 2;
            if SIZES.get(size_class) != Some(&elemsize) || s.uint(l.span.spanclass) != *class as u64
            {
                odd_span = true;
                continue;
            }
            // One that is being exchanged has been added to the counters, or will be.
            let ahead = (s.uint(l.span.sweepgen) as u32).wrapping_sub(sweepgen);
            uncached |= ahead != 1 && ahead != 3;
            let now = s.uint(l.span.alloc_count);
            let objects = now.wrapping_sub(s.uint(l.span.alloc_count_before));
            cached[size_class] = cached[size_class].wrapping_add(objects);
        }
        let after = sequence(mem, l, at, &ps)?;
        let busy = |seq: &[u64]| seq.iter().skip(1).any(|s| s % 2 == 1);
        let still = before == after && !busy(&after) && !uncached;

        let c = view(&controller);
        let k = &l.controller;
        Ok(Look {
            delta: delta(l, &mstats),
            cached,
            cached_tiny,
            pacer: Pacer {
                percent_goal: c.uint(k.percent_goal),
                sweep_min: c.uint(k.sweep_min),
                triggered: c.uint(k.triggered),
                heap_marked: c.uint(k.heap_marked),
                heap_free: c.uint(k.heap_free),
                total_alloc: c.uint(k.total_alloc),
                total_free: c.uint(k.total_free),
                mapped_ready: c.uint(k.mapped_ready),
                memory_limit: c.uint(k.memory_limit),
                headroom_percent: l.limit_headroom,
            },
            gc_percent: c.uint(k.gc_percent) as u32 as i32,
            heap_live: c.uint(k.heap_live),
            heap_in_use: c.uint(k.heap_in_use),
            heap_released: c.uint(k.heap_released),
            span_inuse: heap.uint(l.heap.span_inuse),
            span_size: heap.uint(l.heap.span_size),
            cache_inuse: heap.uint(l.heap.cache_inuse),
            cache_size: heap.uint(l.heap.cache_size),
            processors: ps.len(),
            mstats,
            odd_span,
            still,
        })
    }

    /// A field of `memstats`.
    pub fn of_mstats(&self, field: Field) -> u64 {
        view(&self.mstats).uint(field)
    }

    /// Words of a field of `memstats`.
    pub fn array(&self, field: Field) -> Vec<u64> {
        words(bytes_of(&self.mstats, field)).collect()
    }

    /// Bytes ever allocated and freed as the counters tell, without what is in caches.
    fn totals(&self) -> (u64, u64) {
        let bytes = |counts: &[u64]| {
            let each = counts
                .iter()
                .zip(SIZES)
                .map(|(n, size)| n.wrapping_mul(size));
            each.fold(0, u64::wrapping_add)
        };
        let d = &self.delta;
        (
            d.large_alloc.wrapping_add(bytes(&d.small_allocs)),
            d.large_free.wrapping_add(bytes(&d.small_frees)),
        )
    }

    /// What the runtime got from the system.
    pub fn sys(&self, l: &MemLayouts) -> u64 {
        let m = &l.mstats;
        let fields = [
            m.stacks_sys,
            m.mspan_sys,
            m.mcache_sys,
            m.buckhash_sys,
            m.gc_misc_sys,
            m.other_sys,
        ];
        let sum = fields.iter().map(|f| self.of_mstats(*f));
        let d = &self.delta;
        [d.in_stacks, d.in_work_bufs, d.in_ptr_bits]
            .into_iter()
            .chain([self.heap_in_use, self.pacer.heap_free, self.heap_released])
            .chain(sum)
            .fold(0, u64::wrapping_add)
    }

    /// What the runtime counts twice and that is not the same, if any: the checks of
    /// readmemstats_m.
    pub fn contradiction(&self) -> Option<String> {
        let d = &self.delta;
        let (alloc, free) = self.totals();
        let overhead = d.in_stacks.wrapping_add(d.in_work_bufs);
        let retained = d
            .committed
            .wrapping_sub(overhead.wrapping_add(d.in_ptr_bits));
        let both = [
            ("heap in use", self.heap_in_use, d.in_heap),
            ("heap given back", self.heap_released, d.released),
            (
                "heap kept",
                self.heap_in_use.wrapping_add(self.pacer.heap_free),
                retained,
            ),
            ("bytes allocated", self.pacer.total_alloc, alloc),
            ("bytes freed", self.pacer.total_free, free),
        ];
        let differ = both.into_iter().find(|(_, a, b)| a != b);
        differ.map(|(what, a, b)| format!("{what}: the runtime counts {a}, and elsewhere {b}"))
    }

    /// What ReadMemStats would tell.
    pub fn stats(&self, l: &MemLayouts) -> MemStats {
        let (d, m) = (&self.delta, &l.mstats);
        let (mut total_alloc, total_free) = self.totals();
        let mut mallocs = d.large_allocs.wrapping_add(d.tiny_allocs);
        let mut frees = d.large_frees.wrapping_add(d.tiny_allocs);
        mallocs = mallocs.wrapping_add(self.cached_tiny);
        frees = frees.wrapping_add(self.cached_tiny);
        let mut by_size = Vec::with_capacity(BY_SIZE);
        for (class, size) in SIZES.into_iter().enumerate() {
            let at = |counts: &[u64]| counts.get(class).copied().unwrap_or(0);
            let cached = at(&self.cached);
            total_alloc = total_alloc.wrapping_add(cached.wrapping_mul(size));
            let allocated = at(&d.small_allocs).wrapping_add(cached);
            let freed = at(&d.small_frees);
            mallocs = mallocs.wrapping_add(allocated);
            frees = frees.wrapping_add(freed);
            if class < BY_SIZE {
                by_size.push(BySize {
                    size,
                    mallocs: allocated,
                    frees: freed,
                });
            }
        }
        let alloc = total_alloc.wrapping_sub(total_free);
        let heap_idle = self.pacer.heap_free.wrapping_add(self.heap_released);
        let of = |field| self.of_mstats(field);
        MemStats {
            alloc,
            total_alloc,
            sys: self.sys(l),
            lookups: 0,
            mallocs,
            frees,
            heap_alloc: alloc,
            heap_sys: heap_idle.wrapping_add(self.heap_in_use),
            heap_idle,
            heap_inuse: self.heap_in_use,
            heap_released: self.heap_released,
            heap_objects: mallocs.wrapping_sub(frees),
            stack_inuse: d.in_stacks,
            stack_sys: d.in_stacks.wrapping_add(of(m.stacks_sys)),
            mspan_inuse: self.span_inuse,
            mspan_sys: of(m.mspan_sys),
            mcache_inuse: self.cache_inuse,
            mcache_sys: of(m.mcache_sys),
            buck_hash_sys: of(m.buckhash_sys),
            gc_sys: of(m.gc_misc_sys)
                .wrapping_add(d.in_work_bufs)
                .wrapping_add(d.in_ptr_bits),
            other_sys: of(m.other_sys),
            next_gc: self.pacer.goal(),
            last_gc: of(m.last_gc_unix),
            pause_total_ns: of(m.pause_total_ns),
            num_gc: of(m.numgc),
            num_forced_gc: of(m.numforcedgc),
            gc_cpu_fraction: f64::from_bits(of(m.gc_cpu_fraction)),
            enable_gc: true,
            debug_gc: false,
            pause_ns: self.array(m.pause_ns),
            pause_end: self.array(m.pause_end),
            by_size,
            absent: Vec::new(),
        }
    }

    /// What the collector is set to.
    pub fn collector(&self) -> Collector {
        let none = i64::MAX as u64;
        Collector {
            percent: u32::try_from(self.gc_percent).ok(),
            limit: Some(self.pacer.memory_limit).filter(|limit| *limit != none),
            marked: self.pacer.heap_marked,
            live: self.heap_live,
        }
    }
}

fn view(bytes: &[u8]) -> View<'_> {
    View { start: 0, bytes }
}

/// The bytes of a field of a struct; none if the struct is too short.
fn bytes_of(bytes: &[u8], field: Field) -> &[u8] {
    let from = field.offset as usize;
    let range = from..from + field.size as usize;
    bytes.get(range).unwrap_or_default()
}

/// The sum of the parts.
fn delta(l: &MemLayouts, mstats: &[u8]) -> Delta {
    let whole = bytes_of(mstats, l.mstats.heap_stats);
    let stats = bytes_of(whole, l.heap_stats.stats);
    let size = (l.delta_size as usize).max(1);
    let parts: Vec<&[u8]> = stats.chunks_exact(size).take(PARTS).collect();
    let one = |field: Field| {
        let each = parts.iter().map(|part| view(part).uint(field));
        each.fold(0, u64::wrapping_add)
    };
    let many = |field: Field| {
        let mut sums = vec![0u64; SIZES.len()];
        for part in &parts {
            for (sum, n) in sums.iter_mut().zip(words(bytes_of(part, field))) {
                *sum = sum.wrapping_add(n);
            }
        }
        sums
    };
    let d = &l.delta;
    Delta {
        committed: one(d.committed),
        released: one(d.released),
        in_heap: one(d.in_heap),
        in_stacks: one(d.in_stacks),
        in_work_bufs: one(d.in_work_bufs),
        in_ptr_bits: d.in_ptr_bits.map_or(0, one),
        tiny_allocs: one(d.tiny_allocs),
        large_alloc: one(d.large_alloc),
        large_allocs: one(d.large_allocs),
        large_free: one(d.large_free),
        large_frees: one(d.large_frees),
        small_allocs: many(d.small_allocs),
        small_frees: many(d.small_frees),
    }
}

/// What changes when counters do: which part is added to, and for each processor how often it
/// began or ended to do so.
fn sequence(mem: &dyn Memory, l: &MemLayouts, at: &Places, ps: &[u64]) -> Result<Vec<u64>, String> {
    let offset = l.mstats.heap_stats.offset + l.heap_stats.gen_.offset;
    let part = mem.read_u32(at.memstats.wrapping_add(u64::from(offset)));
    let part = part.map_err(|e| e.to_string())?;
    let mut all = vec![u64::from(part)];
    all.extend(fields(mem, ps, &[l.p.stats_seq])?);
    Ok(all)
}

/// Fields of many structs, those of the first struct first.
fn fields(mem: &dyn Memory, structs: &[u64], fields: &[Field]) -> Result<Vec<u64>, String> {
    let mut pieces = Vec::with_capacity(structs.len() * fields.len());
    for address in structs {
        pieces.extend(fields.iter().map(|f| Piece {
            address: address.wrapping_add(u64::from(f.offset)),
            len: (f.size as usize).min(8),
        }));
    }
    let words = read_all(mem, &pieces)?.into_iter().map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(&bytes);
        u64::from_le_bytes(word)
    });
    Ok(words.collect())
}

/// Reads pieces, all of them or none.
fn read_all(mem: &dyn Memory, pieces: &[Piece]) -> Result<Vec<Vec<u8>>, String> {
    let len = pieces.iter().map(|p| p.len).sum();
    let mut buf = vec![0; len];
    let mut failed = Vec::new();
    mem.read_pieces(pieces, &mut buf, &mut failed);
    if let Some(piece) = failed.first().and_then(|i| pieces.get(*i)) {
        let (address, len) = (piece.address, piece.len);
        return Err(MemoryError { address, len }.to_string());
    }
    let mut rest = &buf[..];
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let (part, after) = rest.split_at(piece.len);
        parts.push(part.to_vec());
        rest = after;
    }
    Ok(parts)
}
