//! `runtime._func`, the fixed part of a function's record, in one shape for
//! all releases.

use crate::header::{Header, Magic};

/// Words behind the entry, in the release that has most.
const MAX_WORDS: usize = 10;

/// The fields that are used. Absent ones are zero.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    /// Offset into the name table.
    pub(crate) name: u32,
    /// Offsets of pc-value tables; zero for none.
    pub(crate) pcsp: u32,
    pub(crate) pcfile: u32,
    pub(crate) pcln: u32,
    /// How many PCDATA offsets follow the fixed part.
    pub(crate) npcdata: u32,
    /// How many FUNCDATA words follow those.
    pub(crate) nfuncdata: u32,
    /// First entry of the function's unit in the file index (Go 1.16 on).
    pub(crate) cu: u32,
    /// Line of the `func` keyword (Go 1.20 on).
    pub(crate) start_line: u32,
    /// `runtime.funcID` (Go 1.12 on).
    pub(crate) id: u8,
    /// `runtime.funcFlag` (Go 1.17 on).
    pub(crate) flags: u8,
}

/// Where a release keeps the fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordLayout {
    /// Size of the entry, which stands first.
    first: usize,
    cu: bool,
    start_line: bool,
    /// The last word is a count, not bytes of which the last is one.
    wide_count: bool,
    /// Size of the fixed part.
    pub(crate) size: usize,
}

impl RecordLayout {
    pub(crate) fn of(header: &Header, minor: Option<u32>) -> RecordLayout {
        let first = match header.magic {
            Magic::Go12 | Magic::Go116 => header.ptr,
            Magic::Go118 | Magic::Go120 => 4,
        };
        let cu = header.magic >= Magic::Go116;
        let start_line = header.magic >= Magic::Go120;
        let words = 7 + usize::from(cu) + usize::from(start_line);
        RecordLayout {
            first,
            cu,
            start_line,
            wide_count: header.magic == Magic::Go12 && minor.is_none_or(|m| m < 12),
            size: first + 4 * words + 4,
        }
    }

    /// The record at the start of `bytes`; `None` where the file ends.
    #[inline]
    pub(crate) fn read(&self, little: bool, bytes: &[u8]) -> Option<Record> {
        let fields = bytes.get(self.first..)?;
        match fields.first_chunk() {
            Some(fields) => Some(self.decode(little, fields)),
            None => {
                // The last record: what lies behind it is not used.
                let known = fields.get(..self.size - self.first)?;
                let mut fields = [0; MAX_WORDS * 4];
                fields[..known.len()].copy_from_slice(known);
                Some(self.decode(little, &fields))
            }
        }
    }

    #[inline]
    fn decode(&self, little: bool, fields: &[u8; MAX_WORDS * 4]) -> Record {
        let raw = |n: usize| [fields[n], fields[n + 1], fields[n + 2], fields[n + 3]];
        let word = |n: usize| {
            if little {
                u32::from_le_bytes(raw(4 * n))
            } else {
                u32::from_be_bytes(raw(4 * n))
            }
        };
        let last = self.size - self.first - 4;
        let tail = raw(last.min(4 * (MAX_WORDS - 1)));
        Record {
            name: word(0),
            pcsp: word(3),
            pcfile: word(4),
            pcln: word(5),
            npcdata: word(6),
            cu: if self.cu { word(7) } else { 0 },
            start_line: if self.start_line { word(8) } else { 0 },
            id: if self.wide_count { 0 } else { tail[0] },
            flags: if self.wide_count { 0 } else { tail[1] },
            nfuncdata: match (self.wide_count, little) {
                (false, _) => u32::from(tail[3]),
                (true, true) => u32::from_le_bytes(tail),
                (true, false) => u32::from_be_bytes(tail),
            },
        }
    }
}
