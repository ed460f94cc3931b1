//! The memory that a core has, with what it left out taken from the files that were mapped there.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{CoreFile, Data};
use crate::memory::{Memory, MemoryError};

/// Memory of a core file.
pub struct CoreMemory {
    core: Arc<CoreFile>,
    backings: Vec<Backing>,
}

/// A piece of a file that was mapped read-only.
struct Backing {
    start: u64,
    data: Data,
    range: Range<usize>,
}

impl fmt::Debug for CoreMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoreMemory")
            .field("core", &self.core)
            .finish_non_exhaustive()
    }
}

impl CoreMemory {
    /// What the core itself has.
    pub fn new(core: Arc<CoreFile>) -> CoreMemory {
        CoreMemory {
            core,
            backings: Vec::new(),
        }
    }

    /// The core.
    pub fn core(&self) -> &Arc<CoreFile> {
        &self.core
    }

    /// Says that the bytes `range` of a file were at `start`. They are used where the core has
    /// none, and the process could not write.
    pub fn back(&mut self, start: u64, data: Data, range: Range<usize>) {
        let len = (*data).as_ref().len();
        let range = range.start.min(len)..range.end.min(len);
        self.backings.push(Backing { start, data, range });
    }

    /// What there is from an address on, up to some border; empty for nothing.
    pub fn bytes_at(&self, address: u64) -> &[u8] {
        let own = self.core.bytes_at(address);
        if !own.is_empty() {
            return own;
        }
        let segment = self.core.segment_at(address);
        if segment.is_some_and(|s| s.write) {
            return &[];
        }
        let found = self.backings.iter().find_map(|b| {
            let into = usize::try_from(address.checked_sub(b.start)?).ok()?;
            let bytes = (*b.data).as_ref().get(b.range.clone())?.get(into..)?;
            (!bytes.is_empty()).then_some(bytes)
        });
        let found = found.unwrap_or_default();
        // The segment after it may be one that the core has.
        let left = match segment {
            Some(s) => s.end - address,
            None => {
                let after = self.core.segments.partition_point(|s| s.start <= address);
                let next = self.core.segments.get(after);
                next.map_or(u64::MAX, |s| s.start - address)
            }
        };
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        found.get(..left).unwrap_or(found)
    }
}

impl Memory for CoreMemory {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        let len = buf.len();
        let failed = MemoryError { address, len };
        let mut done = 0;
        while done < len {
            let at = address.checked_add(done as u64).ok_or(failed)?;
            let bytes = self.bytes_at(at);
            let n = bytes.len().min(len - done);
            if n == 0 {
                return Err(failed);
            }
            buf[done..done + n].copy_from_slice(&bytes[..n]);
            done += n;
        }
        Ok(())
    }
}
