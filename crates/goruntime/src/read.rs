//! Reading many fields of one struct in one go.

use std::ops::Range;

use target::{Memory, MemoryError};

use crate::layout::Field;

/// The bytes of a struct that hold the fields of a layout.
pub(crate) struct Window {
    start: u32,
    bytes: Vec<u8>,
}

/// The same, of bytes that someone else holds.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The offset within the struct of the first of the bytes.
    pub start: u32,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl Window {
    /// Reads `span` of the struct at `address` in one read.
    pub fn read(mem: &dyn Memory, address: u64, span: Range<u32>) -> Result<Window, MemoryError> {
        let len = span.end.saturating_sub(span.start) as usize;
        let from = address.checked_add(u64::from(span.start));
        let from = from.ok_or(MemoryError { address, len })?;
        Ok(Window {
            start: span.start,
            bytes: mem.read_vec(from, len)?,
        })
    }

    /// The bytes to look at.
    pub fn view(&self) -> View<'_> {
        View {
            start: self.start,
            bytes: &self.bytes,
        }
    }

    /// See [`View::uint`].
    pub fn uint(&self, field: Field) -> u64 {
        self.view().uint(field)
    }

    /// See [`View::uint_opt`].
    pub fn uint_opt(&self, field: Option<Field>) -> u64 {
        self.view().uint_opt(field)
    }
}

impl View<'_> {
    /// An unsigned little-endian integer of the field's own size; longer fields give their first
    /// eight bytes, and a field outside the span 0.
    pub fn uint(&self, field: Field) -> u64 {
        let from = field.offset.wrapping_sub(self.start) as usize;
        let len = (field.size as usize).min(8);
        let bytes = from
            .checked_add(len)
            .and_then(|end| self.bytes.get(from..end));
        let mut word = [0; 8];
        if let Some(bytes) = bytes {
            word[..len].copy_from_slice(bytes);
        }
        u64::from_le_bytes(word)
    }

    /// The same, 0 for a field that the version does not have.
    pub fn uint_opt(&self, field: Option<Field>) -> u64 {
        field.map_or(0, |f| self.uint(f))
    }

    /// The last word of a field: of a pointer that the garbage collector can be told to overlook
    /// (`maybeTraceablePtr`, Go 1.26 on) the one that is always set.
    pub fn last_word(&self, field: Field) -> u64 {
        self.uint(Field {
            offset: field.offset + field.size.saturating_sub(8),
            size: field.size.min(8),
        })
    }
}

/// Little-endian words of a byte string.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().map(|w| u64::from_le_bytes(*w))
}

/// The little-endian word at `at`, or 0 past the end.
pub(crate) fn word_at(bytes: &[u8], at: usize) -> u64 {
    at.checked_add(8)
        .and_then(|end| bytes.get(at..end))
        .and_then(|b| b.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}
