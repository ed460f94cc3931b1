//! The one string table of a profile: every name is stored once and is known by its [`StrId`].

use std::hash::BuildHasher;

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
    index: HashTable<u32>,
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
        let hash = FxBuildHasher.hash_one(s);
        let (text, ends) = (&self.text, &self.ends);
        if let Some(&i) = self.index.find(hash, |&i| slice(text, ends, i) == s) {
            return StrId(i);
        }
        let id =
            u32::try_from(self.ends.len()).expect("a string table has fewer than 2^32 strings");
        self.text.push_str(s);
        self.ends.push(self.text.len());
        let (text, ends) = (&self.text, &self.ends);
        self.index
            .insert_unique(hash, id, |&i| FxBuildHasher.hash_one(slice(text, ends, i)));
        StrId(id)
    }

    /// The id of a string that is already there.
    pub fn find(&self, s: &str) -> Option<StrId> {
        let hash = FxBuildHasher.hash_one(s);
        self.index
            .find(hash, |&i| slice(&self.text, &self.ends, i) == s)
            .map(|&i| StrId(i))
    }

    /// The string of an id that this table gave out; the empty string for any other.
    pub fn get(&self, id: StrId) -> &str {
        if (id.0 as usize) < self.ends.len() {
            slice(&self.text, &self.ends, id.0)
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
        (0..self.ends.len() as u32).map(|i| slice(&self.text, &self.ends, i))
    }
}

fn slice<'a>(text: &'a str, ends: &[usize], i: u32) -> &'a str {
    let i = i as usize;
    let start = if i == 0 { 0 } else { ends[i - 1] };
    &text[start..ends[i]]
}
