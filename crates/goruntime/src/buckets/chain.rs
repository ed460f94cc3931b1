//! A list of buckets.

use target::Memory;

use super::layout::BucketLayout;
use crate::read::{View, words};

/// Stacks, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stacks {
    pcs: Vec<u64>,
    ends: Vec<usize>,
}

impl Stacks {
    pub(crate) fn push(&mut self, pcs: &[u64]) {
        self.pcs.extend_from_slice(pcs);
        self.ends.push(self.pcs.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Each of them: return addresses, leaf first.
    pub fn iter(&self) -> impl Iterator<Item = &[u64]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let bounds = starts.zip(&self.ends);
        bounds.map(|(start, end)| &self.pcs[start..*end])
    }
}

/// No process has more buckets.
const MAX_BUCKETS: usize = 1 << 24;
/// No stack is deeper: debug.profstackdepth is at most 1024, and a few frames are skipped.
const MAX_DEPTH: u64 = 1100;
/// Most stacks are not deeper, and read with their bucket.
const USUAL_DEPTH: usize = 32;

/// Buckets as they were read.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub stacks: Stacks,
    sizes: Vec<u64>,
    records: Vec<u8>,
    record: usize,
}

impl Chain {
    /// Walks the list that begins at `head`, of buckets of kind `typ` with so long a record.
    ///
    /// Fails with the reason where a bucket is none.
    pub fn read(
        mem: &dyn Memory,
        (layout, header): &(BucketLayout, u32),
        head: u64,
        typ: u64,
        record: u32,
    ) -> Result<Chain, String> {
        let (header, record) = (*header as usize, record as usize);
        let mut chain = Chain {
            record,
            ..Chain::default()
        };
        let mut buf = vec![0; header + USUAL_DEPTH * 8 + record];
        let mut pcs = Vec::new();
        let mut at = head;
        while at != 0 {
            if chain.sizes.len() == MAX_BUCKETS {
                return Err("the list of buckets has no end".to_owned());
            }
            // At the end of what is mapped there may be less than a usual bucket.
            let usual = header + USUAL_DEPTH * 8 + record;
            buf.resize(usual, 0);
            if mem.read(at, &mut buf).is_err() {
                buf.truncate(header);
                mem.read(at, &mut buf).map_err(|e| e.to_string())?;
            }
            let of = |field| {
                View {
                    start: 0,
                    bytes: &buf,
                }
                .uint(field)
            };
            let (kind, depth, size) = (of(layout.typ), of(layout.nstk), of(layout.size));
            let (hash, next) = (of(layout.hash), of(layout.allnext));
            if kind != typ || depth > MAX_DEPTH {
                let what = format!("a bucket of kind {kind} with {depth} frames");
                return Err(format!("{what} in the list of kind {typ}"));
            }
            let stack = header + depth as usize * 8;
            if buf.len() < stack + record {
                buf.resize(stack + record, 0);
                mem.read(at, &mut buf).map_err(|e| e.to_string())?;
            }
            pcs.clear();
            pcs.extend(words(&buf[header..stack]));
            if hash_of(&pcs, size) != hash {
                return Err("the hash of a bucket is not that of its stack".to_owned());
            }
            chain.stacks.push(&pcs);
            chain.sizes.push(size);
            chain.records.extend_from_slice(&buf[stack..stack + record]);
            at = next;
        }
        Ok(chain)
    }

    /// The records, in the order of the list.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.records.chunks_exact(self.record.max(1))
    }

    /// The sizes of objects, in the same order.
    pub fn sizes(&self) -> impl Iterator<Item = u64> {
        self.sizes.iter().copied()
    }
}

/// The hash that stkbucket makes.
fn hash_of(pcs: &[u64], size: u64) -> u64 {
    let mix = |h: u64, word: u64| {
        let h = h.wrapping_add(word);
        let h = h.wrapping_add(h << 10);
        h ^ (h >> 6)
    };
    let h = pcs.iter().fold(0, |h, pc| mix(h, *pc));
    let h = mix_size(h, size);
    let h = h.wrapping_add(h << 3);
    h ^ (h >> 11)
}

/// The size goes in like an address.
fn mix_size(h: u64, size: u64) -> u64 {
    let h = h.wrapping_add(size);
    let h = h.wrapping_add(h << 10);
    h ^ (h >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Release, Table};
    use crate::testing::FakeMemory;

    const RECORD: u32 = 16;

    fn layout() -> (BucketLayout, u32) {
        let release = Release {
            minor: 25,
            patch: 0,
        };
        let (table, _) = Table::of(release, &[]).expect("a known release");
        (BucketLayout::resolve(&table).expect("all fields"), 48)
    }

    /// A bucket whose list goes on at `next`.
    fn bucket(mem: &FakeMemory, next: u64, pcs: &[u64], size: u64, record: u64) -> u64 {
        let hash = hash_of(pcs, size);
        let mut words = vec![0, next, 2, hash, size, pcs.len() as u64];
        words.extend(pcs);
        words.extend([record, record + 1]);
        mem.alloc_words(&words)
    }

    #[test]
    fn a_list_is_walked_to_its_end() {
        let mem = FakeMemory::default();
        let deep: Vec<u64> = (0..200).map(|i| 0x40_0000 + i).collect();
        let last = bucket(&mem, 0, &deep, 0, 70);
        let first = bucket(&mem, last, &[0x40_1000, 0x40_2000], 48, 5);
        let chain = Chain::read(&mem, &layout(), first, 2, RECORD).expect("a list");
        let stacks: Vec<&[u64]> = chain.stacks.iter().collect();
        assert_eq!(stacks, [&[0x40_1000, 0x40_2000][..], &deep[..]]);
        assert_eq!(chain.sizes().collect::<Vec<_>>(), [48, 0]);
        let records: Vec<u64> = chain.records().flat_map(|r| words(r).next()).collect();
        assert_eq!(records, [5, 70]);
    }

    #[test]
    fn what_is_no_bucket_is_not_believed() {
        let mem = FakeMemory::default();
        let good = bucket(&mem, 0, &[0x40_1000], 0, 1);
        let read = |head| Chain::read(&mem, &layout(), head, 2, RECORD);
        assert!(read(good).is_ok());
        assert!(read(0).is_ok_and(|c| c.stacks.is_empty()));
        // A stack that has changed, another kind, a depth that nothing has, memory that is not there.
        mem.poke(good + 48, &7u64.to_le_bytes());
        assert!(read(good).is_err_and(|why| why.contains("hash")));
        let other = bucket(&mem, 0, &[0x40_1000], 0, 1);
        mem.poke(other + 16, &3u64.to_le_bytes());
        assert!(read(other).is_err_and(|why| why.contains("kind 3")));
        mem.poke(other + 40, &u64::MAX.to_le_bytes());
        assert!(read(other).is_err());
        assert!(read(0x7fff_0000).is_err());
        // A ring.
        let ring = bucket(&mem, 0, &[0x40_1000], 0, 1);
        mem.poke(ring + 8, &ring.to_le_bytes());
        let bad_hash = ring + 24;
        mem.poke(bad_hash, &0u64.to_le_bytes());
        assert!(read(ring).is_err());
    }
}
