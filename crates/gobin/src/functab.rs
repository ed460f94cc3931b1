//! The sorted list of functions, in one shape for all releases, and its index.
//!
//! Mirrors `findfunc` of `runtime/symtab.go`, with an index of its own instead
//! of the linker's: that one is found through `moduledata` only.

use crate::Error;
use crate::elf::Elf;
use crate::header::{Header, Magic};
use crate::moduledata::ModuleData;
use crate::reloc::Relocs;

const BUCKET: u32 = 256;
/// Buckets for each function; a table that claims longer ones is searched without.
const MAX_BUCKETS: usize = 64;
/// So many functions behind a bucket's first are compared at once.
const WINDOW: usize = 8;
const NO_RECORD: u32 = u32::MAX;

/// Entries by address, and where their records are.
pub(crate) struct FuncTable {
    /// What entries count from.
    text: u64,
    /// Entries, ascending, the end of the last function, and room for a window.
    entries: Box<[u32]>,
    /// Offsets of the records, `NO_RECORD` for a hole.
    records: Box<[u32]>,
    /// The last function that starts at or before each multiple of `BUCKET`.
    buckets: Box<[u32]>,
}

/// One line of the table.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) index: u32,
    pub(crate) entry: u64,
    pub(crate) end: u64,
    /// Counted from where records count.
    pub(crate) record: u32,
}

impl FuncTable {
    pub(crate) fn read(
        elf: &Elf,
        relocs: &Relocs,
        header: &Header,
        module: Option<&ModuleData>,
        text: Option<u64>,
    ) -> Result<FuncTable, Error> {
        const TRUNCATED: Error = Error::BadPclntab("truncated");
        const DISORDER: Error = Error::BadPclntab("entries are not in order");
        let raw = Raw::new(elf, header)?;
        let count = header.nfunc;
        let absolute = header.magic < Magic::Go118;
        let sections = TextSections::read(elf, relocs, header, module);
        let entry = |i: usize| -> Option<u64> {
            match raw.word(2 * i)? {
                // A position-independent file may say it in a relocation only.
                0 if absolute => relocs.word(elf, raw.addr(2 * i)),
                value if absolute => Some(value),
                value => Some(sections.map(value)),
            }
        };
        let text = match absolute {
            true => entry(0).ok_or(TRUNCATED)?,
            false => text.ok_or(Error::BadPclntab("start of text unknown"))?,
        };
        let mut entries = Vec::with_capacity(count + 1 + WINDOW);
        let mut records = Vec::with_capacity(count);
        for i in 0..=count {
            let value = entry(i).ok_or(TRUNCATED)?;
            let off = if absolute {
                value.checked_sub(text).ok_or(DISORDER)?
            } else {
                value
            };
            let off = u32::try_from(off).map_err(|_| Error::BadPclntab("text is too large"))?;
            if entries.last().is_some_and(|&last| last > off) {
                return Err(DISORDER);
            }
            entries.push(off);
            if i < count {
                // A gap between text sections has all bits set here.
                let record = raw.word(2 * i + 1).ok_or(TRUNCATED)?;
                records.push(u32::try_from(record).unwrap_or(NO_RECORD));
            }
        }
        let buckets = buckets(&entries);
        entries.resize(count + 1 + WINDOW, u32::MAX);
        Ok(FuncTable {
            text,
            buckets,
            entries: entries.into(),
            records: records.into(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// First address and end of all functions.
    pub(crate) fn range(&self) -> (u64, u64) {
        let (first, last) = self.bounds();
        (self.address(first), self.address(last))
    }

    fn bounds(&self) -> (u32, u32) {
        let last = self.entries.get(self.records.len());
        let first = self.entries.first();
        (first.copied().unwrap_or(0), last.copied().unwrap_or(0))
    }

    #[inline]
    pub(crate) fn find(&self, pc: u64) -> Option<Slot> {
        let off = u32::try_from(pc.checked_sub(self.text)?).ok()?;
        self.slot(self.index_of(off)?)
    }

    #[inline]
    pub(crate) fn slot(&self, index: u32) -> Option<Slot> {
        let i = index as usize;
        let record = *self.records.get(i)?;
        if record == NO_RECORD {
            return None;
        }
        Some(Slot {
            index,
            entry: self.address(self.entries[i]),
            end: self.address(self.entries[i + 1]),
            record,
        })
    }

    fn address(&self, off: u32) -> u64 {
        self.text.wrapping_add(u64::from(off))
    }

    #[inline]
    fn index_of(&self, off: u32) -> Option<u32> {
        let (first, last) = self.bounds();
        if off < first || off >= last {
            return None;
        }
        let bucket = ((off - first) / BUCKET) as usize;
        let from = self.buckets.get(bucket).copied().unwrap_or(0) as usize;
        // No branch for each: where a function ends in a bucket is anyone's guess.
        let window: &[u32; WINDOW] = self.entries.get(from + 1..)?.first_chunk()?;
        let mut past: usize = window.iter().map(|&entry| usize::from(entry <= off)).sum();
        if past == WINDOW {
            let rest = &self.entries[from + 1 + WINDOW..=self.records.len()];
            past += rest.partition_point(|&entry| entry <= off);
        }
        Some((from + past) as u32)
    }
}

/// The table's words as they stand in the file.
struct Raw<'a> {
    elf: &'a Elf,
    bytes: &'a [u8],
    addr: u64,
    size: usize,
}

impl<'a> Raw<'a> {
    fn new(elf: &'a Elf, header: &Header) -> Result<Raw<'a>, Error> {
        const TOO_MANY: Error = Error::BadPclntab("more functions than the file has room for");
        let size = header.entry_size() / 2;
        let words = header.nfunc.checked_mul(2).and_then(|n| n.checked_add(1));
        let table = words
            .and_then(|n| n.checked_mul(size))
            .and_then(|n| n.checked_add(header.functab()))
            .and_then(|end| elf.table(header).get(header.functab()..end));
        match table {
            Some(bytes) if header.nfunc > 0 && header.nfunc < NO_RECORD as usize => Ok(Raw {
                elf,
                bytes,
                addr: header.addr + header.functab() as u64,
                size,
            }),
            _ => Err(TOO_MANY),
        }
    }

    fn word(&self, n: usize) -> Option<u64> {
        let at = n * self.size;
        if self.size == 4 {
            self.elf.u32_of(self.bytes, at).map(u64::from)
        } else {
            self.elf.u64_of(self.bytes, at)
        }
    }

    fn addr(&self, n: usize) -> u64 {
        self.addr + (n * self.size) as u64
    }
}

/// Programs too large for one text section have the entries of each relative
/// to where the linker thought it would go (`moduledata.textAddr`).
struct TextSections {
    text: u64,
    /// Start and end before the move, and address after it.
    moved: Vec<(u64, u64, u64)>,
}

impl TextSections {
    fn read(elf: &Elf, relocs: &Relocs, header: &Header, module: Option<&ModuleData>) -> Self {
        let mut out = TextSections {
            text: module.map_or(0, |md| md.text),
            moved: Vec::new(),
        };
        let Some((addr, count)) = module.map(|md| md.text_sections) else {
            return out;
        };
        if count > 1 {
            let word = |n: u64| relocs.word(elf, addr.checked_add(n * header.ptr as u64)?);
            for i in 0..count as u64 {
                let (Some(start), Some(end), Some(base)) =
                    (word(3 * i), word(3 * i + 1), word(3 * i + 2))
                else {
                    break;
                };
                out.moved.push((start, end, base));
            }
        }
        out
    }

    fn map(&self, off: u64) -> u64 {
        let last = self.moved.len().saturating_sub(1);
        self.moved
            .iter()
            .enumerate()
            .find(|(i, (start, end, _))| off >= *start && (off < *end || *i == last && off == *end))
            .map_or(off, |(_, (start, _, base))| {
                (off - start).wrapping_add(*base).wrapping_sub(self.text)
            })
    }
}

fn buckets(entries: &[u32]) -> Box<[u32]> {
    let (Some(&first), Some(&last)) = (entries.first(), entries.last()) else {
        return Box::default();
    };
    let count = (last - first) / BUCKET + 1;
    if count as usize / MAX_BUCKETS > entries.len() {
        return Box::default();
    }
    let mut out = Vec::with_capacity(count as usize);
    let mut index = 0usize;
    for bucket in 0..count {
        let start = first + bucket * BUCKET;
        while index + 2 < entries.len() && entries[index + 1] <= start {
            index += 1;
        }
        out.push(index as u32);
    }
    out.into()
}
