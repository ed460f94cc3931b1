//! Ids and string indexes as they stand in a file, until the whole message has been read.

use rustc_hash::FxHashMap;

use super::wire::Fault;
use std::borrow::Cow;
use std::mem::replace;

use crate::strings::{StrId, StringTable};

/// Squeezed ids from here on stand for an entry of [`Ids::far`].
const FAR: u32 = 1 << 31;

/// No table may have more rows than there are small ids.
pub(super) const MAX_ROWS: usize = FAR as usize;

/// Ids of 64 bits squeezed into 32: a small one becomes itself less one, which is the index of what
/// it names in almost every file; any other one is kept aside.
#[derive(Debug, Default)]
pub(super) struct Ids {
    far: Vec<u64>,
    index: FxHashMap<u64, u32>,
}

impl Ids {
    #[inline(always)]
    pub fn squeeze(&mut self, id: u64) -> u32 {
        let near = id.wrapping_sub(1);
        if near < u64::from(FAR) {
            near as u32
        } else {
            self.squeeze_far(id)
        }
    }

    #[cold]
    fn squeeze_far(&mut self, id: u64) -> u32 {
        let far = &mut self.far;
        *self.index.entry(id).or_insert_with(|| {
            far.push(id);
            // Past the last number the id names nothing, which is an error later.
            u32::try_from(far.len() - 1)
                .ok()
                .and_then(|n| n.checked_add(FAR))
                .unwrap_or(u32::MAX)
        })
    }

    /// The id that was squeezed.
    pub fn id(&self, squeezed: u32) -> u64 {
        if squeezed < FAR {
            u64::from(squeezed) + 1
        } else {
            let far = self.far.get((squeezed - FAR) as usize);
            far.copied().unwrap_or(0)
        }
    }
}

/// How many strings, and bytes of them, are put into the table at a time.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 64 << 10;

/// What an index of the file means in the table that the file's strings went into.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// How many strings the file has.
    pub count: u32,
    /// How many of them are in the table.
    known: u32,
    /// The others, one after the other, and where each ends.
    waiting: Vec<u8>,
    waiting_ends: Vec<usize>,
    /// The string of each index of the file; empty as long as that is the index itself.
    ids: Vec<StrId>,
}

impl Strings {
    /// Takes in the next string of the file.
    pub fn push(&mut self, text: &[u8], table: &mut StringTable) -> Result<(), Fault> {
        if self.count == 0 && !text.is_empty() {
            return Err(Fault::new("string_table[0] must be ''", 0));
        }
        if self.count == u32::MAX {
            return Err(Fault::new("too many strings", 0));
        }
        self.count += 1;
        self.waiting.extend_from_slice(text);
        self.waiting_ends.push(self.waiting.len());
        if self.waiting_ends.len() >= BATCH || self.waiting.len() >= BATCH_BYTES {
            self.flush(table);
        }
        Ok(())
    }

    /// Puts the strings that wait into the table; to be done after the last one.
    pub fn flush(&mut self, table: &mut StringTable) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut ends = std::mem::take(&mut self.waiting_ends);
        let mut start = 0;
        let text = |&end: &usize| String::from_utf8_lossy(&waiting[replace(&mut start, end)..end]);
        let texts: Vec<Cow<'_, str>> = ends.iter().map(text).collect();
        table.intern_all(&texts, |id| self.put(id));
        drop(texts);
        ends.clear();
        self.waiting_ends = ends;
        self.waiting = waiting;
        self.waiting.clear();
    }

    fn put(&mut self, id: StrId) {
        if !self.ids.is_empty() {
            self.ids.push(id);
        } else if id.0 != self.known {
            self.ids = (0..self.known).map(StrId).collect();
            self.ids.push(id);
        }
        self.known += 1;
    }

    pub fn append(&mut self, later: Strings) -> Result<(), Fault> {
        if self.count.checked_add(later.count).is_none() {
            return Err(Fault::new("too many strings", 0));
        }
        for i in 0..later.count {
            let id = later.get(StrId(i));
            self.put(id.expect("the index is below the count"));
            self.count += 1;
        }
        Ok(())
    }

    /// The string that an index of the file names.
    #[inline(always)]
    pub fn get(&self, index: StrId) -> Option<StrId> {
        if index.0 >= self.known {
            None
        } else if self.ids.is_empty() {
            Some(index)
        } else {
            Some(self.ids[index.0 as usize])
        }
    }
}
