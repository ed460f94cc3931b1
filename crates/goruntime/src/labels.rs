//! The profiler labels of a goroutine. Mirrors runtime/pprof/label.go and, for the maps of Go 1.23
//! and before, src/runtime/map.go.
//!
//! A label set is never changed once it is made, but its memory may be used again when no goroutine
//! holds it any more: keep the result of a read, not the address, for longer than the program can
//! run a garbage collection.

use target::Memory;

use crate::layout::LabelForm;
use crate::read::{word_at, words};

/// More labels than this on one goroutine are not believed.
const MAX_LABELS: u64 = 1 << 12;
/// A longer key or value is not believed.
const MAX_STRING: u64 = 1 << 16;
/// Bytes of all keys and values of one goroutine.
const MAX_BYTES: u64 = 1 << 20;

/// One pair.
pub type Label = (String, String);

/// The labels at `address`, which a goroutine's `labels` field holds, sorted by key. No labels at
/// address 0; `None` if what is there is not a label set.
pub fn read(mem: &dyn Memory, address: u64, form: LabelForm) -> Option<Vec<Label>> {
    if address == 0 {
        return Some(Vec::new());
    }
    let pairs = match form {
        LabelForm::List => list(mem, address)?,
        LabelForm::Map => map(mem, address)?,
    };
    let mut left = MAX_BYTES;
    let mut labels = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let key = string(mem, pair.key, &mut left)?;
        let value = string(mem, pair.value, &mut left)?;
        labels.push((key, value));
    }
    labels.sort();
    Some(labels)
}

/// Pointer and length of a Go string.
type Text = (u64, u64);

struct Pair {
    key: Text,
    value: Text,
}

fn string(mem: &dyn Memory, (address, len): Text, left: &mut u64) -> Option<String> {
    if len == 0 {
        return Some(String::new());
    }
    if len > MAX_STRING {
        return None;
    }
    *left = left.checked_sub(len)?;
    let bytes = mem.read_vec(address, len as usize).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `struct { list []struct { key, value string } }`.
fn list(mem: &dyn Memory, address: u64) -> Option<Vec<Pair>> {
    let header = mem.read_vec(address, 24).ok()?;
    let (data, len, cap) = (
        word_at(&header, 0),
        word_at(&header, 8),
        word_at(&header, 16),
    );
    if len > cap || len > MAX_LABELS {
        return None;
    }
    if len == 0 {
        return Some(Vec::new());
    }
    let bytes = mem.read_vec(data, len as usize * 32).ok()?;
    let pairs = bytes.chunks_exact(32).map(|pair| Pair {
        key: (word_at(pair, 0), word_at(pair, 8)),
        value: (word_at(pair, 16), word_at(pair, 24)),
    });
    Some(pairs.collect())
}

const SLOTS: usize = 8;
/// Hashes below this mark slots that are empty or moved away.
const MIN_TOP_HASH: u8 = 5;
const KEYS: usize = 8;
const VALUES: usize = KEYS + SLOTS * 16;
const OVERFLOW: usize = VALUES + SLOTS * 16;
const BUCKET: usize = OVERFLOW + 8;
/// The map grows to as many buckets as it has, to be rid of overflow buckets.
const SAME_SIZE_GROW: u8 = 8;

/// A pointer to a `map[string]string`, which is a pointer to an `hmap`.
fn map(mem: &dyn Memory, address: u64) -> Option<Vec<Pair>> {
    let hmap = mem.read_u64(address).ok()?;
    if hmap == 0 {
        return Some(Vec::new());
    }
    let header = mem.read_vec(hmap, 48).ok()?;
    let count = word_at(&header, 0);
    let (flags, log2_buckets) = (header[8], u32::from(header[9]));
    let (buckets, old) = (word_at(&header, 16), word_at(&header, 24));
    let n = 1_u64.checked_shl(log2_buckets)?;
    if count > MAX_LABELS || n > MAX_LABELS {
        return None;
    }
    let mut pairs = Vec::new();
    if count == 0 {
        return Some(pairs);
    }
    array(mem, buckets, n, count, &mut pairs)?;
    // While a map grows, an entry is in the old buckets until it is moved.
    if old != 0 && (pairs.len() as u64) < count {
        let old_n = if flags & SAME_SIZE_GROW != 0 {
            n
        } else {
            (n / 2).max(1)
        };
        array(mem, old, old_n, count, &mut pairs)?;
    }
    (pairs.len() as u64 == count).then_some(pairs)
}

/// Adds the pairs of `n` buckets and the buckets that these overflow to.
fn array(mem: &dyn Memory, buckets: u64, n: u64, count: u64, pairs: &mut Vec<Pair>) -> Option<()> {
    let bytes = mem.read_vec(buckets, n as usize * BUCKET).ok()?;
    let mut overflows = MAX_LABELS;
    for bucket in bytes.chunks_exact(BUCKET) {
        let mut next = slots(bucket, pairs);
        while next != 0 {
            overflows = overflows.checked_sub(1)?;
            let bucket = mem.read_vec(next, BUCKET).ok()?;
            next = slots(&bucket, pairs);
        }
        if pairs.len() as u64 > count {
            return None;
        }
    }
    Some(())
}

/// Adds the pairs of one bucket; the bucket that it overflows to.
fn slots(bucket: &[u8], pairs: &mut Vec<Pair>) -> u64 {
    let text = |at: usize| {
        let mut pair = words(&bucket[at..at + 16]);
        (pair.next().unwrap_or(0), pair.next().unwrap_or(0))
    };
    for (slot, top_hash) in bucket[..SLOTS].iter().enumerate() {
        if *top_hash >= MIN_TOP_HASH {
            pairs.push(Pair {
                key: text(KEYS + slot * 16),
                value: text(VALUES + slot * 16),
            });
        }
    }
    word_at(bucket, OVERFLOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMemory;

    fn pairs(labels: &[(&str, &str)]) -> Vec<Label> {
        labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    /// Puts a string somewhere and gives its pointer and length.
    fn text(mem: &FakeMemory, s: &str) -> [u64; 2] {
        [mem.alloc(s.as_bytes()), s.len() as u64]
    }

    fn a_list(mem: &FakeMemory, labels: &[(&str, &str)]) -> u64 {
        let words: Vec<u64> = labels
            .iter()
            .flat_map(|(k, v)| [text(mem, k), text(mem, v)].concat())
            .collect();
        let data = mem.alloc_words(&words);
        mem.alloc_words(&[data, labels.len() as u64, labels.len() as u64])
    }

    fn a_bucket(mem: &FakeMemory, top: u8, labels: &[(&str, &str)], overflow: u64) -> Vec<u8> {
        let mut bucket = vec![0; BUCKET];
        for (slot, (k, v)) in labels.iter().enumerate() {
            bucket[slot] = top;
            for (at, word) in [(KEYS, text(mem, k)), (VALUES, text(mem, v))] {
                let bytes: Vec<u8> = word.iter().flat_map(|w| w.to_le_bytes()).collect();
                bucket[at + slot * 16..][..16].copy_from_slice(&bytes);
            }
        }
        bucket[OVERFLOW..].copy_from_slice(&overflow.to_le_bytes());
        bucket
    }

    fn a_map(mem: &FakeMemory, count: u64, b: u8, flags: u8, buckets: &[u8], old: &[u8]) -> u64 {
        let buckets = mem.alloc(buckets);
        let old = if old.is_empty() { 0 } else { mem.alloc(old) };
        let bits = u64::from(flags) | u64::from(b) << 8;
        let hmap = mem.alloc_words(&[count, bits, buckets, old, 0, 0]);
        mem.alloc_words(&[hmap])
    }

    #[test]
    fn no_labels() {
        let mem = FakeMemory::default();
        for form in [LabelForm::List, LabelForm::Map] {
            assert_eq!(read(&mem, 0, form), Some(vec![]));
        }
        let nil_map = mem.alloc_words(&[0]);
        assert_eq!(read(&mem, nil_map, LabelForm::Map), Some(vec![]));
        let empty = a_list(&mem, &[]);
        assert_eq!(read(&mem, empty, LabelForm::List), Some(vec![]));
    }

    #[test]
    fn a_list_of_labels() {
        let mem = FakeMemory::default();
        let at = a_list(
            &mem,
            &[("handler", "/a"), ("tenant", ""), ("user", "bj\u{f6}rn")],
        );
        let expect = pairs(&[("handler", "/a"), ("tenant", ""), ("user", "bj\u{f6}rn")]);
        assert_eq!(read(&mem, at, LabelForm::List), Some(expect));
    }

    #[test]
    fn a_map_with_overflow_buckets() {
        let mem = FakeMemory::default();
        let over = mem.alloc(&a_bucket(&mem, 200, &[("b", "2")], 0));
        let buckets = a_bucket(&mem, MIN_TOP_HASH, &[("c", "3"), ("a", "1")], over);
        let at = a_map(&mem, 3, 0, 0, &buckets, &[]);
        assert_eq!(
            read(&mem, at, LabelForm::Map),
            Some(pairs(&[("a", "1"), ("b", "2"), ("c", "3")]))
        );
    }

    #[test]
    fn a_map_that_grows() {
        let mem = FakeMemory::default();
        let moved = a_bucket(&mem, 2, &[("a", "gone")], 0);
        let stays = a_bucket(&mem, 99, &[("b", "2")], 0);
        let new = [
            a_bucket(&mem, 7, &[("a", "1")], 0),
            a_bucket(&mem, 0, &[], 0),
        ];
        let mut new = new.concat();
        let at = a_map(&mem, 2, 1, 0, &new, &stays);
        assert_eq!(
            read(&mem, at, LabelForm::Map),
            Some(pairs(&[("a", "1"), ("b", "2")]))
        );
        new = [new, vec![0; 2 * BUCKET]].concat();
        let old = [moved, stays].concat();
        let at = a_map(&mem, 2, 2, 0, &new, &old);
        assert_eq!(
            read(&mem, at, LabelForm::Map),
            Some(pairs(&[("a", "1"), ("b", "2")]))
        );
        let at = a_map(&mem, 2, 1, SAME_SIZE_GROW, &new, &old);
        assert_eq!(
            read(&mem, at, LabelForm::Map),
            Some(pairs(&[("a", "1"), ("b", "2")]))
        );
    }

    #[test]
    fn what_is_no_label_set() {
        let mem = FakeMemory::default();
        let string = text(&mem, "x");
        let check = |at: u64, form| assert_eq!(read(&mem, at, form), None);
        for form in [LabelForm::List, LabelForm::Map] {
            check(0x10, form);
            check(mem.alloc_words(&[8, 8, 8]), form);
            check(mem.alloc_words(&[u64::MAX; 6]), form);
        }
        // More than its capacity, too many, too long.
        check(mem.alloc_words(&[string[0], 2, 1]), LabelForm::List);
        check(
            mem.alloc_words(&[string[0], 1 << 40, 1 << 40]),
            LabelForm::List,
        );
        let long = mem.alloc_words(&[string[0], 1 << 40, string[0], 1]);
        check(mem.alloc_words(&[long, 1, 1]), LabelForm::List);
        // A count that is not the number of entries; an overflow bucket that is its own.
        let bucket = a_bucket(&mem, 9, &[("a", "1")], 0);
        check(a_map(&mem, 5, 0, 0, &bucket, &[]), LabelForm::Map);
        let cycle = mem.alloc(&vec![0; BUCKET]);
        mem.poke(cycle, &a_bucket(&mem, 0, &[], cycle));
        check(
            a_map(&mem, 1, 0, 0, &a_bucket(&mem, 0, &[], cycle), &[]),
            LabelForm::Map,
        );
    }

    proptest::proptest! {
        #[test]
        fn garbage_never_panics(words in proptest::collection::vec(0_u64..0x3000, 1..64)) {
            let mem = FakeMemory::default();
            let at = mem.alloc_words(&words);
            for form in [LabelForm::List, LabelForm::Map] {
                let _ = read(&mem, at, form);
                let _ = read(&mem, at + 8, form);
            }
        }
    }
}
