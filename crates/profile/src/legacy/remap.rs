//! Putting tables in order once samples and mappings are read, as google/pprof does: only what
//! samples refer to stays, in their order; mappings are repaired, and each location gets its own.

use std::sync::LazyLock;

use regex::Regex;

use super::maps_index::First;
use crate::model::{FunctionIx, LocationIx, Mapping, MappingIx, Profile};
use crate::strings::StrId;

/// Keeps the locations that samples refer to, numbered as they first appear there.
pub(super) fn locations(p: &mut Profile) {
    let mut new = vec![u32::MAX; p.locations.len()];
    let mut kept = Vec::with_capacity(p.locations.len());
    p.samples.edit(|_, stack| {
        for l in stack.iter_mut() {
            let number = &mut new[l.ix()];
            if *number == u32::MAX {
                *number = kept.len() as u32;
                let mut location = p.locations[l.ix()];
                location.id = u64::from(*number) + 1;
                kept.push(location);
            }
            *l = LocationIx(*number);
        }
        Some(0..stack.len())
    });
    p.locations = kept;
}

/// Keeps the functions that locations refer to, numbered as they first appear there.
pub(super) fn functions(p: &mut Profile) {
    let mut new = vec![u32::MAX; p.functions.len()];
    let mut kept = Vec::with_capacity(p.functions.len());
    for l in &p.locations {
        let start = l.lines_start as usize;
        for line in &mut p.lines[start..start + l.lines_len as usize] {
            let Some(f) = &mut line.function else {
                continue;
            };
            let number = &mut new[f.ix()];
            if *number == u32::MAX {
                *number = kept.len() as u32;
                let mut function = p.functions[f.ix()];
                function.id = u64::from(*number) + 1;
                kept.push(function);
            }
            *f = FunctionIx(*number);
        }
    }
    p.functions = kept;
}

static LIBRARY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[.]so$|[.]so[._][0-9]+").expect("the pattern is good"));

/// Joins the parts of a mapping that was split, and puts the main binary first.
pub(super) fn massage(p: &mut Profile) {
    let mut joined: Vec<Mapping> = Vec::with_capacity(p.mappings.len());
    for m in std::mem::take(&mut p.mappings) {
        match joined.last_mut() {
            Some(last) if adjacent(last, &m) => {
                last.limit = m.limit;
                if !m.file.is_empty() {
                    last.file = m.file;
                }
                if !m.build_id.is_empty() {
                    last.build_id = m.build_id;
                }
            }
            _ => joined.push(m),
        }
    }
    let main = joined.iter().position(|m| {
        let file = p.str(m.file).replace("(deleted)", "");
        let file = file.trim();
        !file.is_empty() && !file.starts_with('[') && !LIBRARY.is_match(file)
    });
    if let Some(main) = main {
        joined.swap(0, main);
    }
    p.mappings = joined;
    number(&mut p.mappings);
}

/// Whether the second is the first's continuation.
fn adjacent(a: &Mapping, b: &Mapping) -> bool {
    let differ = |a: StrId, b: StrId| !a.is_empty() && !b.is_empty() && a != b;
    let end = a.offset.wrapping_add(a.limit.wrapping_sub(a.start));
    !differ(a.file, b.file)
        && !differ(a.build_id, b.build_id)
        && a.limit == b.start
        && (a.offset == 0 || b.offset == 0 || end == b.offset)
}

fn number(mappings: &mut [Mapping]) {
    for (m, id) in mappings.iter_mut().zip(1..) {
        m.id = id;
    }
}

/// Gives each location with an address the mapping that holds it: the first one that does, the
/// first one that would if it started where its file does, or one of everything.
pub(super) fn mappings(p: &mut Profile) {
    if let [first, second, ..] = &p.mappings[..]
        && p.str(first.file).starts_with("/anon_hugepage")
        && first.limit == second.start
    {
        p.mappings.remove(0);
    }
    const USUAL_START: u64 = 0x40_0000;
    if let Some(main) = p.mappings.first_mut()
        && main.start.wrapping_sub(main.offset) == USUAL_START
    {
        (main.start, main.offset) = (USUAL_START, 0);
    }
    let known = p.mappings.len();
    let mut holding = First::new(known, |i| (p.mappings[i].start, p.mappings[i].limit));
    let before = |m: &Mapping| match m.offset {
        0 => (0, 0),
        offset => (m.start.wrapping_sub(offset), m.start),
    };
    let mut gaps = First::new(known, |i| before(&p.mappings[i]));
    // Each repair costs a look at all mappings; no real file needs many.
    let mut repairs = (1usize << 24) / known.max(1);
    let mut everything = None;
    for l in &mut p.locations {
        let a = l.address;
        if l.mapping.is_some() || a == 0 {
            continue;
        }
        let found = holding.find(a).or_else(|| {
            let i = gaps.find(a)?;
            repairs = repairs.checked_sub(1)?;
            let m = &mut p.mappings[i];
            (m.start, m.offset) = (m.start.wrapping_sub(m.offset), 0);
            holding = First::new(known, |i| (p.mappings[i].start, p.mappings[i].limit));
            gaps = First::new(known, |i| before(&p.mappings[i]));
            Some(i)
        });
        let found = found.unwrap_or_else(|| {
            *everything.get_or_insert_with(|| {
                p.mappings.push(Mapping {
                    limit: u64::MAX,
                    ..Default::default()
                });
                known
            })
        });
        l.mapping = Some(MappingIx(found as u32));
    }
    number(&mut p.mappings);
}

/// Marks the mappings whose locations all have names, so that nobody looks for better ones.
pub(super) fn say_what_is_named(p: &mut Profile) {
    let mut named = vec![false; p.mappings.len()];
    let mut bare = vec![false; p.mappings.len()];
    for l in &p.locations {
        if let Some(m) = l.mapping {
            let which = if l.lines_len > 0 {
                &mut named
            } else {
                &mut bare
            };
            which[m.ix()] = true;
        }
    }
    for (i, m) in p.mappings.iter_mut().enumerate() {
        if named[i] && !bare[i] {
            m.has_functions = true;
            m.has_filenames = true;
            m.has_line_numbers = true;
            m.has_inline_frames = true;
        }
    }
}

/// The frames that are of the profiler itself.
const PROFILER: &str = r"ProfileData::Add|ProfileData::prof_handler|CpuProfiler::prof_handler|__pthread_sighandler|__restore";

/// The frames of memory allocation.
const ALLOCATION: &str = r"calloc|cfree|malloc|free|memalign|do_memalign|(__)?posix_memalign|pvalloc|valloc|realloc|tcmalloc::.*|tc_calloc|tc_cfree|tc_malloc|tc_free|tc_memalign|tc_posix_memalign|tc_pvalloc|tc_valloc|tc_realloc|tc_new|tc_delete|tc_newarray|tc_deletearray|tc_new_nothrow|tc_newarray_nothrow|malloc_zone_malloc|malloc_zone_calloc|malloc_zone_valloc|malloc_zone_realloc|malloc_zone_memalign|malloc_zone_free|runtime\..*|BaseArena::.*|(::)?do_malloc_no_errno|(::)?do_malloc_pages|(::)?do_malloc|DoSampledAllocation|MallocedMemBlock::MallocedMemBlock|_M_allocate|__builtin_(vec_)?delete|__builtin_(vec_)?new|__gnu_cxx::new_allocator::allocate|__libc_malloc|__malloc_alloc_template::allocate|allocate|cpp_alloc|operator new(\[\])?|simple_alloc::allocate";

/// Those of them that stay: they stand amid or at the root of stacks.
const ALLOCATION_KEPT: &str = r"runtime\.panic|runtime\.reflectcall|runtime\.call[0-9]*";

/// The frames of locking.
const LOCKING: &str = r"RecordLockProfileData|(base::)?RecordLockProfileData.*|(base::)?SubmitMutexProfileData.*|(base::)?SubmitSpinLockProfileData.*|(base::Mutex::)?AwaitCommon.*|(base::Mutex::)?Unlock.*|(base::Mutex::)?UnlockSlow.*|(base::Mutex::)?ReaderUnlock.*|(base::MutexLock::)?~MutexLock.*|(Mutex::)?AwaitCommon.*|(Mutex::)?Unlock.*|(Mutex::)?UnlockSlow.*|(Mutex::)?ReaderUnlock.*|(MutexLock::)?~MutexLock.*|(SpinLock::)?Unlock.*|(SpinLock::)?SlowUnlock.*|(SpinLockHolder::)?~SpinLockHolder.*";

/// Says which frames are uninteresting in a profile of this kind.
pub(super) fn frame_info(p: &mut Profile) {
    let types: Vec<&str> = p.sample_types.iter().map(|t| p.str(t.kind)).collect();
    let (drop, keep) = match types[..] {
        ["allocations", "size"]
        | ["objects", "space"]
        | ["inuse_objects", "inuse_space"]
        | ["alloc_objects", "alloc_space"]
        | [
            "alloc_objects",
            "alloc_space",
            "inuse_objects",
            "inuse_space",
        ] => (ALLOCATION, ALLOCATION_KEPT),
        ["contentions", "delay"] => (LOCKING, ""),
        _ => (PROFILER, ""),
    };
    p.drop_frames = p.strings.intern(drop);
    p.keep_frames = p.strings.intern(keep);
}
