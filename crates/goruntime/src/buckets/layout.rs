//! Where the fields of buckets lie.

use crate::Error;
use crate::layout::{Field, Structs, layout};
use crate::read::word_at;

/// The structs that are needed.
pub(super) const STRUCTS: [&str; 7] = [
    "bucket",
    "memRecord",
    "memRecordCycle",
    "blockRecord",
    "ticksType",
    "m",
    "debug",
];

layout! {
    /// `runtime.bucket`; the stack and the record follow it.
    BucketLayout of "bucket"
    required {
        /// The next of all buckets of its kind.
        allnext: "allnext",
        /// Its kind.
        typ: "typ",
        /// A hash of stack and size.
        hash: "hash",
        /// Bytes of an object.
        size: "size",
        /// How deep the stack is.
        nstk: "nstk",
    }
    optional {}
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct BucketLayouts {
    pub bucket: (BucketLayout, u32),
    pub memory_size: u32,
    active: Field,
    future: Field,
    cycle_size: u32,
    allocs: Field,
    frees: Field,
    /// Offsets of count and cycles.
    pub block: (u32, u32),
    pub block_size: u32,
    pub createstack: Field,
    pub ticks_val: Field,
}

impl BucketLayouts {
    pub fn resolve(structs: &dyn Structs) -> Result<BucketLayouts, Error> {
        let field = |strukt, field| {
            let found = structs.field(strukt, field);
            found.ok_or(Error::NoField { strukt, field })
        };
        let size = |strukt| {
            let none = Error::NoField { strukt, field: "*" };
            structs.size(strukt).ok_or(none)
        };
        Ok(BucketLayouts {
            bucket: (BucketLayout::resolve(structs)?, size("bucket")?),
            memory_size: size("memRecord")?,
            active: field("memRecord", "active")?,
            future: field("memRecord", "future")?,
            cycle_size: size("memRecordCycle")?,
            allocs: field("memRecordCycle", "allocs")?,
            frees: field("memRecordCycle", "frees")?,
            block: (
                field("blockRecord", "count")?.offset,
                field("blockRecord", "cycles")?.offset,
            ),
            block_size: size("blockRecord")?,
            createstack: field("m", "createstack")?,
            ticks_val: field("ticksType", "val")?,
        })
    }

    /// Allocations and frees of a record: of the past, or of a slot for a cycle to come.
    pub fn cycle(&self, record: &[u8], slot: Option<u32>) -> (u64, u64) {
        let from = match slot {
            None => self.active.offset,
            Some(slot) => self.future.offset + slot * self.cycle_size,
        };
        let word = |field: Field| word_at(record, (from + field.offset) as usize);
        (word(self.allocs), word(self.frees))
    }
}
