//! The fields, each with its meaning.

/// What a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The whole.
    Total,
    /// Memory for objects.
    Heap,
    /// Memory for stacks.
    Stacks,
    /// What the runtime needs for itself.
    Runtime,
    /// Garbage collections.
    Collector,
    /// Numbers of objects.
    Objects,
}

impl Group {
    /// All, in the order of a report.
    pub const ALL: [Group; 6] = [
        Group::Total,
        Group::Heap,
        Group::Objects,
        Group::Stacks,
        Group::Runtime,
        Group::Collector,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Group::Total => "whole process",
            Group::Heap => "heap",
            Group::Stacks => "stacks",
            Group::Runtime => "runtime",
            Group::Collector => "garbage collector",
            Group::Objects => "objects",
        }
    }
}

/// What a field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// How many.
    Count,
    /// A length of time in nanoseconds.
    Nanoseconds,
    /// Nanoseconds since 1970; 0 for never.
    Moment,
}

/// A field that is a number.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// As Go names it.
    pub name: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// What it counts.
    pub unit: Unit,
    /// What it means.
    pub meaning: &'static str,
    /// Its value.
    pub get: fn(&MemStats) -> u64,
    /// Sets its value.
    pub set: fn(&mut MemStats, u64),
}

/// The objects of one size class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BySize {
    /// The largest object of the class, in bytes.
    pub size: u64,
    /// How many were allocated.
    pub mallocs: u64,
    /// How many were freed.
    pub frees: u64,
}

macro_rules! fields {
    ($($name:literal $member:ident $group:ident $unit:ident $meaning:literal)*) => {
        /// `runtime.MemStats`.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct MemStats {
            $(#[doc = $meaning] pub $member: u64,)*
            /// Share of the program's CPU time that went to collections, since it began.
            pub gc_cpu_fraction: f64,
            /// Always true.
            pub enable_gc: bool,
            /// Always false.
            pub debug_gc: bool,
            /// The latest 256 pauses in nanoseconds, a ring: the last is at `(num_gc + 255) % 256`.
            pub pause_ns: Vec<u64>,
            /// When they ended, nanoseconds since 1970, in the same ring.
            pub pause_end: Vec<u64>,
            /// Small objects by size class.
            pub by_size: Vec<BySize>,
            /// Fields, by Go's names, that whoever told these did not tell.
            pub absent: Vec<&'static str>,
        }

        /// Every field that is a number, in Go's order.
        pub const FIELDS: &[Field] = &[
            $(Field {
                name: $name,
                group: Group::$group,
                unit: Unit::$unit,
                meaning: $meaning,
                get: |s| s.$member,
                set: |s, value| s.$member = value,
            },)*
        ];
    };
}

fields! {
    "Alloc" alloc Heap Bytes "objects that are in use or not yet swept; the same as HeapAlloc"
    "TotalAlloc" total_alloc Objects Bytes "all objects ever allocated, freed ones too"
    "Sys" sys Total Bytes "address space that the runtime got from the system, whether in RAM or not"
    "Lookups" lookups Runtime Count "always 0"
    "Mallocs" mallocs Objects Count "objects ever allocated"
    "Frees" frees Objects Count "objects ever freed"
    "HeapAlloc" heap_alloc Heap Bytes "objects that are in use or not yet swept"
    "HeapSys" heap_sys Heap Bytes "address space of the heap: HeapInuse + HeapIdle"
    "HeapIdle" heap_idle Heap Bytes "pages without objects, given back or not"
    "HeapInuse" heap_inuse Heap Bytes "pages with objects; what exceeds HeapAlloc are gaps between them"
    "HeapReleased" heap_released Heap Bytes "idle pages that were given back to the system"
    "HeapObjects" heap_objects Objects Count "objects that are in use or not yet swept"
    "StackInuse" stack_inuse Stacks Bytes "stacks of goroutines"
    "StackSys" stack_sys Stacks Bytes "the same, and stacks of threads that the runtime made"
    "MSpanInuse" mspan_inuse Runtime Bytes "descriptions of page runs (mspan), in use"
    "MSpanSys" mspan_sys Runtime Bytes "memory for those"
    "MCacheInuse" mcache_inuse Runtime Bytes "caches of the processors (mcache), in use"
    "MCacheSys" mcache_sys Runtime Bytes "memory for those"
    "BuckHashSys" buck_hash_sys Runtime Bytes "tables of the heap, block and mutex profiles"
    "GCSys" gc_sys Runtime Bytes "what the garbage collector keeps"
    "OtherSys" other_sys Runtime Bytes "everything else of the runtime"
    "NextGC" next_gc Collector Bytes "heap size that the next collection is to end at"
    "LastGC" last_gc Collector Moment "end of the last collection"
    "PauseTotalNs" pause_total_ns Collector Nanoseconds "time that collections stopped the program, all together"
    "NumGC" num_gc Collector Count "collections that have ended"
    "NumForcedGC" num_forced_gc Collector Count "those of them that the program asked for"
}

impl MemStats {
    /// A field by Go's name.
    pub fn field(name: &str) -> Option<&'static Field> {
        FIELDS.iter().find(|f| f.name == name)
    }

    /// Whether a field, by Go's name, was told.
    pub fn has(&self, name: &str) -> bool {
        !self.absent.contains(&name)
    }

    /// What the program takes of the system's memory at most: address space that was not given
    /// back. Pages that were never touched are in it.
    pub fn consumption(&self) -> u64 {
        self.sys.saturating_sub(self.heap_released)
    }

    /// Idle pages of the heap that were not given back.
    pub fn heap_kept(&self) -> u64 {
        self.heap_idle.saturating_sub(self.heap_released)
    }

    /// What the runtime needs beside heap and stacks.
    pub fn overhead(&self) -> u64 {
        self.mspan_sys
            .saturating_add(self.mcache_sys)
            .saturating_add(self.buck_hash_sys)
            .saturating_add(self.gc_sys)
            .saturating_add(self.other_sys)
    }

    /// The latest pauses in nanoseconds, the last first.
    pub fn pauses(&self) -> impl Iterator<Item = u64> + '_ {
        let len = self.pause_ns.len() as u64;
        let known = self.num_gc.min(len);
        (0..known).filter_map(move |back| {
            let at = (self.num_gc - 1 - back).checked_rem(len)?;
            self.pause_ns.get(usize::try_from(at).ok()?).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pause_comes_first() {
        let mut stats = MemStats {
            pause_ns: vec![10, 11, 12, 13],
            num_gc: 3,
            ..MemStats::default()
        };
        assert_eq!(stats.pauses().collect::<Vec<_>>(), [12, 11, 10]);
        stats.num_gc = 6;
        assert_eq!(stats.pauses().collect::<Vec<_>>(), [11, 10, 13, 12]);
        stats.pause_ns.clear();
        assert_eq!(stats.pauses().count(), 0);
    }

    #[test]
    fn fields_are_set_and_got_by_name() {
        let mut stats = MemStats::default();
        for (i, field) in FIELDS.iter().enumerate() {
            (field.set)(&mut stats, i as u64 + 1);
        }
        for (i, field) in FIELDS.iter().enumerate() {
            assert_eq!((field.get)(&stats), i as u64 + 1, "{}", field.name);
            let named = MemStats::field(field.name).map(|f| f.name);
            assert_eq!(named, Some(field.name));
        }
        assert_eq!(stats.consumption(), 0);
    }
}
