//! The one string table of a profile: every name is stored once and is known by its [`StrId`].

use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Index of a string in a [`StringTable`]; `StrId::EMPTY` is the empty string in every table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StrId(pub u32);

impl StrId {
    /// The empty string.
    pub const EMPTY: StrId = StrId(0);

    /// Whether this is the empty string.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Interned strings, back to back in one buffer. The ids are those written to profile.proto.
#[derive(Clone, Debug)]
pub struct StringTable {
    text: String,
    /// End of string `i` in `text`; it starts where string `i - 1` ends.
    ends: Vec<usize>,
    /// The hash of each string and its number.
    index: HashTable<(u64, u32)>,
}

impl Default for StringTable {
    fn default() -> Self {
        let mut table = StringTable {
            text: String::new(),
            ends: Vec::new(),
            index: HashTable::new(),
        };
        table.intern("");
        table
    }
}

impl StringTable {
    /// The string's id, adding it if it is new.
    pub fn intern(&mut self, s: &str) -> StrId {
        self.intern_hashed(s, FxBuildHasher.hash_one(s))
    }

    /// The ids of many strings, in their order. It goes step by step: what each step waits for does
    /// not depend on what it finds for the others, so that many wait at the same time.
    pub(crate) fn intern_all<S: AsRef<str>>(&mut self, texts: &[S], mut put: impl FnMut(StrId)) {
        let hash = |text: &S| FxBuildHasher.hash_one(text.as_ref());
        let hashes: Vec<u64> = texts.iter().map(hash).collect();
        let first = |&hash: &u64| self.index.find(hash, |e| e.0 == hash).map(|e| e.1);
        let found: Vec<Option<u32>> = hashes.iter().map(first).collect();
        let place = |&id: &Option<u32>| id.map_or(0..0, |id| range(&self.ends, id));
        let places: Vec<Range<usize>> = found.iter().map(place).collect();
        for (i, text) in texts.iter().enumerate() {
            let text = text.as_ref();
            let known = &self.text.as_bytes()[places[i].clone()];
            put(match found[i] {
                Some(id) if known == text.as_bytes() => StrId(id),
                // New, or another one has the same hash.
                _ => self.intern_hashed(text, hashes[i]),
            });
        }
    }

    fn intern_hashed(&mut self, s: &str, hash: u64) -> StrId {
        if let Some(id) = self.lookup(hash, s) {
            return id;
        }
        let id =
            u32::try_from(self.ends.len()).expect("a string table has fewer than 2^32 strings");
        self.text.push_str(s);
        self.ends.push(self.text.len());
        self.index
            .insert_unique(hash, (hash, id), |&(hash, _)| hash);
        StrId(id)
    }

    /// Forgets all but the first `len` strings.
    pub(crate) fn truncate(&mut self, len: usize) {
        for id in len.max(1)..self.ends.len() {
            let hash = FxBuildHasher.hash_one(&self.text[range(&self.ends, id as u32)]);
            if let Ok(entry) = self.index.find_entry(hash, |&(_, i)| i as usize == id) {
                entry.remove();
            }
        }
        if len.max(1) < self.ends.len() {
            self.ends.truncate(len.max(1));
            self.text.truncate(self.ends[self.ends.len() - 1]);
        }
    }

    /// The id of a string that is already there.
    pub fn find(&self, s: &str) -> Option<StrId> {
        self.lookup(FxBuildHasher.hash_one(s), s)
    }

    fn lookup(&self, hash: u64, s: &str) -> Option<StrId> {
        let same = |&(other, i): &(u64, u32)| {
            other == hash && self.text.as_bytes()[range(&self.ends, i)] == *s.as_bytes()
        };
        let found = self.index.find(hash, same);
        found.map(|&(_, i)| StrId(i))
    }

    /// The string of an id that this table gave out; the empty string for any other.
    pub fn get(&self, id: StrId) -> &str {
        if (id.0 as usize) < self.ends.len() {
            &self.text[range(&self.ends, id.0)]
        } else {
            ""
        }
    }

    /// How many distinct strings there are, the empty one included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never true: the empty string is always there.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// All strings in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|i| &self.text[range(&self.ends, i)])
    }
}

/// Where string `i` stands in the text.
fn range(ends: &[usize], i: u32) -> Range<usize> {
    let i = i as usize;
    let start = if i == 0 { 0 } else { ends[i - 1] };
    start..ends[i]
}
