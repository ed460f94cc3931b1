//! The function table: pc → function, file, line, stack depth.
//!
//! Mirrors `debug/gosym/pclntab.go` and `runtime/symtab.go` for every table
//! since Go 1.2. All pcs are the file's own addresses: the caller takes the
//! load bias off first. Inline expansion is in `inline.rs`.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::Error;
use crate::elf::Elf;
use crate::func_id::{self, FuncId};
use crate::header::{Header, Magic};
use crate::inline::Inlining;
use crate::moduledata::ModuleData;
use crate::pc_value;
use crate::reloc::Relocs;

const BUCKET: u32 = 256;
/// Bucket table entries; a table that claims more text is searched without.
const MAX_BUCKETS: u32 = 1 << 22;
/// More neighbours than this within a bucket are searched, not walked.
const MAX_WALK: u32 = 16;
/// Longest name or path believed.
const MAX_NAME: usize = 1 << 16;
/// What the runtime prints for a place it does not know.
pub(crate) const UNKNOWN_FILE: &str = "?";

/// The function table of one executable.
pub struct PcLnTab {
    pub(crate) elf: Arc<Elf>,
    pub(crate) relocs: Arc<Relocs>,
    pub(crate) header: Header,
    /// What the entries count from.
    text: u64,
    /// Entries, ascending, and the end of the last function.
    entries: Box<[u32]>,
    /// Offsets of the records, `NO_RECORD` for a hole.
    records: Box<[u32]>,
    /// The last function that starts at or before each multiple of `BUCKET`.
    buckets: Box<[u32]>,
    /// File offset of what function data is relative to (Go 1.18 on).
    pub(crate) gofunc: Option<usize>,
    pub(crate) inlining: Option<Inlining>,
    ids: Ids,
}

const NO_RECORD: u32 = u32::MAX;

enum Ids {
    Known(&'static [FuncId]),
    Learnt(OnceLock<Box<[FuncId]>>),
    /// The records do not carry any: go by name.
    ByName,
}

/// A function with code of its own.
#[derive(Clone, Copy)]
pub struct Func<'a> {
    tab: &'a PcLnTab,
    index: u32,
    /// First address.
    pub entry: u64,
    /// The next function's first address: padding counts as part of this one.
    pub end: u64,
    /// File offset of the record.
    pub(crate) record: usize,
}

impl PcLnTab {
    pub(crate) fn parse(
        elf: Arc<Elf>,
        relocs: Arc<Relocs>,
        header: Header,
        module: Option<&ModuleData>,
        text: Option<u64>,
        minor: Option<u32>,
    ) -> Result<PcLnTab, Error> {
        let raw = RawTable::read(&elf, &relocs, &header, module, text)?;
        let gofunc = module
            .and_then(|md| md.gofunc)
            .and_then(|addr| elf.file_offset(addr))
            .map(|(offset, _)| offset);
        let minor = minor.or_else(|| guess_minor(&elf, &header, module, &raw.records));
        let ids = match (header.magic, minor) {
            (_, Some(minor)) if func_id::known(minor).is_some() => {
                func_id::known(minor).map_or(Ids::ByName, Ids::Known)
            }
            (Magic::Go12, _) => Ids::ByName,
            _ => Ids::Learnt(OnceLock::new()),
        };
        Ok(PcLnTab {
            buckets: buckets(&raw.entries),
            inlining: Inlining::of(header.magic, minor),
            text: raw.text,
            entries: raw.entries,
            records: raw.records,
            elf,
            relocs,
            header,
            gofunc,
            ids,
        })
    }

    /// Which generation of the table this is.
    pub fn magic(&self) -> Magic {
        self.header.magic
    }

    /// Number of entries, holes included.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no function at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Address of the table's header.
    pub fn addr(&self) -> u64 {
        self.header.addr
    }

    /// First address and end of all functions.
    pub fn text_range(&self) -> (u64, u64) {
        let first = self.entries.first().copied().unwrap_or(0);
        let last = self.entries.last().copied().unwrap_or(0);
        (self.address(first), self.address(last))
    }

    /// The function whose code holds `pc`.
    #[inline]
    pub fn find(&self, pc: u64) -> Option<Func<'_>> {
        let off = u32::try_from(pc.checked_sub(self.text)?).ok()?;
        let index = self.index_of(off)?;
        self.func_at(index)
    }

    /// All functions, by address.
    pub fn funcs(&self) -> impl Iterator<Item = Func<'_>> {
        (0..self.records.len()).filter_map(|i| self.func_at(i as u32))
    }

    /// Functions of that exact name; several, as each ABI of an assembly
    /// function may have its own.
    pub fn func_by_name(&self, name: &str) -> Vec<Func<'_>> {
        self.funcs().filter(|f| f.name() == name).collect()
    }

    /// Bytes from the caller's frame to the stack pointer at `pc`, not
    /// counting the return address.
    #[inline]
    pub fn sp_delta(&self, func: &Func<'_>, pc: u64) -> Option<i32> {
        self.value(func, func.field(4)?, pc)
    }

    /// The source position of `pc`, without regard to inlining; `("?", 0)`
    /// where the table does not say.
    pub fn file_line<'a>(&'a self, func: &Func<'a>, pc: u64) -> (&'a str, u32) {
        let place = || {
            let file = self.value(func, func.field(5)?, pc)?;
            let line = self.value(func, func.field(6)?, pc)?;
            Some((self.file(func, file)?, u32::try_from(line).ok()?))
        };
        place().unwrap_or((UNKNOWN_FILE, 0))
    }

    /// PCDATA `table` at `pc`; `None` where the function has none.
    #[inline]
    pub fn pc_data(&self, func: &Func<'_>, table: u32, pc: u64) -> Option<i32> {
        if table >= func.field(7)? {
            return None;
        }
        let at = func.record + self.fixed_size() + 4 * table as usize;
        self.value(func, self.u32_at(at)?, pc)
    }

    /// The value of the pc-value table at `offset`.
    #[inline]
    fn value(&self, func: &Func<'_>, offset: u32, pc: u64) -> Option<i32> {
        if offset == 0 {
            return None;
        }
        let target = u32::try_from(pc.checked_sub(func.entry)?).ok()?;
        let span = u32::try_from(func.end - func.entry).ok()?;
        let table = self.bytes().get(self.header.pctab + offset as usize..)?;
        pc_value::lookup(table, target, self.header.quantum, span)
    }

    /// The path that a function's file number stands for.
    pub(crate) fn file(&self, func: &Func<'_>, number: i32) -> Option<&str> {
        let number = usize::try_from(number).ok()?;
        let header = &self.header;
        let bytes = self.bytes();
        let elf = &self.elf;
        if header.magic == Magic::Go12 {
            if number == 0 {
                return None;
            }
            let at = header.files.checked_add(number.checked_mul(4)?)?;
            return string(bytes, elf.u32_of(bytes, at)? as usize);
        }
        let index = (func.field(8)? as usize).checked_add(number)?;
        let at = header.cus.checked_add(index.checked_mul(4)?)?;
        match elf.u32_of(bytes, at)? {
            u32::MAX => None,
            offset => string(bytes, header.files + offset as usize),
        }
    }

    /// The name at an offset into the name table.
    pub(crate) fn name(&self, offset: u32) -> &str {
        string(self.bytes(), self.header.names + offset as usize).unwrap_or_default()
    }

    /// The table's bytes, from the header on.
    fn bytes(&self) -> &[u8] {
        self.elf
            .bytes()
            .get(self.header.offset..self.header.offset + self.header.len)
            .unwrap_or_default()
    }

    pub(crate) fn u32_at(&self, file_offset: usize) -> Option<u32> {
        self.elf.u32_of(self.elf.bytes(), file_offset)
    }

    /// Size of a record's fixed part.
    pub(crate) fn fixed_size(&self) -> usize {
        self.id_at() + 4
    }

    /// Where a record keeps its id, flags and funcdata count.
    fn id_at(&self) -> usize {
        match self.header.magic {
            Magic::Go12 => self.header.ptr + 28,
            Magic::Go116 => self.header.ptr + 32,
            Magic::Go118 => 36,
            Magic::Go120 => 40,
        }
    }

    fn address(&self, off: u32) -> u64 {
        self.text.wrapping_add(u64::from(off))
    }

    #[inline]
    fn index_of(&self, off: u32) -> Option<u32> {
        let (&first, &last) = (self.entries.first()?, self.entries.last()?);
        if off < first || off >= last {
            return None;
        }
        let bucket = ((off - first) / BUCKET) as usize;
        let (from, to) = match self.buckets.get(bucket) {
            Some(&from) => match self.buckets.get(bucket + 1) {
                Some(&to) => (from, to),
                None => (from, self.records.len() as u32 - 1),
            },
            None => (0, self.records.len() as u32 - 1),
        };
        if to - from <= MAX_WALK {
            let mut index = from;
            while index < to && self.entries[index as usize + 1] <= off {
                index += 1;
            }
            return Some(index);
        }
        let within = &self.entries[from as usize + 1..to as usize + 1];
        Some(from + within.partition_point(|&e| e <= off) as u32)
    }

    #[inline]
    fn func_at(&self, index: u32) -> Option<Func<'_>> {
        let i = index as usize;
        let record = *self.records.get(i)?;
        if record == NO_RECORD {
            return None;
        }
        Some(Func {
            tab: self,
            index,
            entry: self.address(self.entries[i]),
            end: self.address(self.entries[i + 1]),
            record: self.header.offset + self.header.funcs + record as usize,
        })
    }

    pub(crate) fn id_of(&self, raw: u8) -> FuncId {
        let table = match &self.ids {
            Ids::Known(table) => table,
            Ids::Learnt(cell) => &cell.get_or_init(|| self.learn_ids())[..],
            Ids::ByName => &[],
        };
        table
            .get(usize::from(raw))
            .copied()
            .unwrap_or(FuncId::Normal)
    }

    fn learn_ids(&self) -> Box<[FuncId]> {
        let mut ids = vec![FuncId::Normal; 256].into_boxed_slice();
        for func in self.funcs() {
            let raw = func.raw_id();
            if raw != 0 && ids[usize::from(raw)] == FuncId::Normal {
                ids[usize::from(raw)] = FuncId::of_name(func.name());
            }
        }
        ids
    }
}

impl fmt::Debug for PcLnTab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PcLnTab")
            .field("magic", &self.header.magic)
            .field("addr", &format_args!("{:#x}", self.header.addr))
            .field("funcs", &self.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Func<'a> {
    /// Full name, as in `net/http.(*conn).serve`.
    pub fn name(&self) -> &'a str {
        self.field(1).map_or("", |offset| self.tab.name(offset))
    }

    /// Place in the table, counted from the lowest address.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// What the runtime takes the function for.
    pub fn id(&self) -> FuncId {
        match self.tab.ids {
            Ids::ByName => FuncId::of_name(self.name()),
            _ => self.tab.id_of(self.raw_id()),
        }
    }

    /// Whether the compiler made the function, to call another.
    pub fn is_wrapper(&self) -> bool {
        self.id() == FuncId::Wrapper
    }

    /// Whether stacks end in this function.
    pub fn is_top_frame(&self) -> bool {
        match self.flags() {
            Some(flags) => flags & 1 != 0,
            None => self.id().ends_stack(),
        }
    }

    /// Whether it sets the stack pointer in ways that `sp_delta` cannot say.
    pub fn is_sp_write(&self) -> bool {
        self.flags().is_some_and(|flags| flags & 2 != 0)
    }

    /// Whether it is written in assembly (known since Go 1.18).
    pub fn is_asm(&self) -> bool {
        self.flags().is_some_and(|flags| flags & 4 != 0)
    }

    /// Line of the `func` keyword (Go 1.20 on), else zero.
    pub fn start_line(&self) -> u32 {
        if self.tab.header.magic < Magic::Go120 {
            return 0;
        }
        let line = self.field(9).map_or(0, |line| line as i32);
        u32::try_from(line).unwrap_or(0)
    }

    /// The nth word of the record, the entry being number zero.
    #[inline]
    pub(crate) fn field(&self, n: usize) -> Option<u32> {
        let first = if self.tab.header.magic >= Magic::Go118 {
            4
        } else {
            self.tab.header.ptr
        };
        self.tab.u32_at(self.record + first + (n - 1) * 4)
    }

    pub(crate) fn raw_id(&self) -> u8 {
        self.tail(0)
    }

    pub(crate) fn funcdata_count(&self) -> u8 {
        self.tail(3)
    }

    /// As [`Func::funcdata_count`], for Go 1.11 and before.
    pub(crate) fn old_funcdata_count(&self) -> Option<u32> {
        self.tab.u32_at(self.record + self.tab.id_at())
    }

    fn flags(&self) -> Option<u8> {
        // Go 1.17 began to write flags; its predecessor left the byte zero.
        (self.tab.header.magic >= Magic::Go118).then(|| self.tail(1))
    }

    fn tail(&self, n: usize) -> u8 {
        let at = self.record + self.tab.id_at() + n;
        self.tab.elf.bytes().get(at).copied().unwrap_or(0)
    }
}

impl fmt::Debug for Func<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:#x}..{:#x}", self.name(), self.entry, self.end)
    }
}

/// The function table in one shape for all releases.
struct RawTable {
    text: u64,
    entries: Box<[u32]>,
    records: Box<[u32]>,
}

impl RawTable {
    fn read(
        elf: &Elf,
        relocs: &Relocs,
        header: &Header,
        module: Option<&ModuleData>,
        text: Option<u64>,
    ) -> Result<RawTable, Error> {
        let bytes = &elf.bytes()[header.offset..header.offset + header.len];
        let count = header.nfunc;
        let size = header.entry_size();
        let fits = count
            .checked_mul(size)
            .and_then(|n| n.checked_add(header.functab() + size / 2))
            .is_some_and(|end| end <= header.len);
        if !fits || count == 0 || count >= NO_RECORD as usize {
            return Err(Error::BadPclntab(
                "more functions than the file has room for",
            ));
        }
        let sections = TextSections::read(elf, relocs, header, module);
        let half = |n: usize| -> Option<u64> {
            let at = header.functab() + n * (size / 2);
            if size == 8 {
                elf.u32_of(bytes, at).map(u64::from)
            } else {
                elf.u64_of(bytes, at)
            }
        };
        let absolute = header.magic < Magic::Go118;
        let entry = |i: usize| -> Option<u64> {
            match half(2 * i)? {
                // A position-independent file may say it in a relocation only.
                0 if absolute => {
                    relocs.word(elf, header.addr + (header.functab() + i * size) as u64)
                }
                value if absolute => Some(value),
                value => Some(sections.map(value)),
            }
        };
        const BAD: Error = Error::BadPclntab("truncated");
        let text = match absolute {
            true => entry(0).ok_or(BAD)?,
            false => text.ok_or(Error::BadPclntab("start of text unknown"))?,
        };
        let mut entries = Vec::with_capacity(count + 1);
        let mut records = Vec::with_capacity(count);
        for i in 0..=count {
            let value = entry(i).ok_or(BAD)?;
            let off = if absolute {
                value
                    .checked_sub(text)
                    .ok_or(Error::BadPclntab("entries are not in order"))?
            } else {
                value
            };
            let off = u32::try_from(off).map_err(|_| Error::BadPclntab("text is too large"))?;
            if entries.last().is_some_and(|&last| last > off) {
                return Err(Error::BadPclntab("entries are not in order"));
            }
            entries.push(off);
            if i < count {
                // A gap between text sections has all bits set here.
                let record = half(2 * i + 1).ok_or(BAD)?;
                let record = u32::try_from(record).unwrap_or(NO_RECORD);
                records.push(record);
            }
        }
        Ok(RawTable {
            text,
            entries: entries.into(),
            records: records.into(),
        })
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

/// Go wrote no version into stripped programs before 1.13, but it changed the
/// shape of the records: 9 stands for 1.9 to 1.11 (and 1.5 to 1.8, which lack
/// what differs), 12 for itself.
fn guess_minor(
    elf: &Elf,
    header: &Header,
    module: Option<&ModuleData>,
    records: &[u32],
) -> Option<u32> {
    if header.magic != Magic::Go12 || module.is_none() {
        return None;
    }
    let is_byte = records.iter().filter(|&&record| {
        let at = header.offset + record as usize + header.ptr + 28;
        elf.u32_of(elf.bytes(), at)
            .is_some_and(|word| word > 0xffff)
    });
    Some(if is_byte.count() > 0 { 12 } else { 9 })
}

fn buckets(entries: &[u32]) -> Box<[u32]> {
    let (Some(&first), Some(&last)) = (entries.first(), entries.last()) else {
        return Box::default();
    };
    let count = (last - first) / BUCKET + 1;
    if count > MAX_BUCKETS {
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

/// A C string; what is valid UTF-8 of it.
fn string(bytes: &[u8], at: usize) -> Option<&str> {
    let rest = bytes.get(at..)?;
    let rest = &rest[..rest.len().min(MAX_NAME)];
    let text = &rest[..memchr::memchr(0, rest)?];
    Some(match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
    })
}
