//! The function table: pc → function, file, line, stack depth.
//!
//! Mirrors `debug/gosym/pclntab.go` and `runtime/symtab.go` for every table
//! since Go 1.2. All pcs are the file's own addresses: the caller takes the
//! load bias off first. Inline expansion is in `inline.rs`.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::Error;
use crate::elf::Elf;
use crate::func::Func;
use crate::func_id::{self, FuncId};
use crate::functab::{FuncTable, Slot};
use crate::header::{Header, Magic};
use crate::inline::Inlining;
use crate::moduledata::ModuleData;
use crate::pc_value;
use crate::record::{Record, RecordLayout};
use crate::reloc::Relocs;
use crate::symbols::hash;

/// Longest name or path believed.
const MAX_NAME: usize = 1 << 16;
/// No pair of a pc-value table is longer.
const MAX_PAIR: usize = 10;
/// What the runtime prints for a place it does not know.
pub(crate) const UNKNOWN: (&str, u32) = ("?", 0);

/// The function table of one executable.
pub struct PcLnTab {
    pub(crate) elf: Arc<Elf>,
    pub(crate) relocs: Arc<Relocs>,
    pub(crate) header: Header,
    functions: FuncTable,
    pub(crate) layout: RecordLayout,
    pub(crate) has_flags: bool,
    /// File offset of what function data is relative to (Go 1.18 on).
    pub(crate) gofunc: Option<usize>,
    pub(crate) inlining: Option<Inlining>,
    ids: Ids,
    /// Hash of the name and place of each function, by hash.
    names: OnceLock<Vec<(u32, u32)>>,
}

enum Ids {
    Known(&'static [FuncId]),
    Learnt(OnceLock<Box<[FuncId]>>),
    /// The records do not carry any: go by name.
    ByName,
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
        let functions = FuncTable::read(&elf, &relocs, &header, module, text)?;
        let gofunc = module
            .and_then(|md| md.gofunc)
            .and_then(|addr| elf.file_offset(addr))
            .map(|(offset, _)| offset);
        let minor = minor.or_else(|| guess_minor(&elf, &header, module, &functions));
        let ids = match minor {
            Some(minor) if minor < 12 => Ids::ByName,
            Some(minor) => {
                func_id::known(minor).map_or_else(|| Ids::Learnt(OnceLock::new()), Ids::Known)
            }
            None if header.magic == Magic::Go12 => Ids::ByName,
            None => Ids::Learnt(OnceLock::new()),
        };
        Ok(PcLnTab {
            functions,
            layout: RecordLayout::of(&header, minor),
            has_flags: header.magic >= Magic::Go118 || minor == Some(17),
            inlining: Inlining::of(header.magic, minor),
            elf,
            relocs,
            header,
            gofunc,
            ids,
            names: OnceLock::new(),
        })
    }

    /// Which generation of the table this is.
    pub fn magic(&self) -> Magic {
        self.header.magic
    }

    /// Number of entries, holes included.
    pub fn len(&self) -> usize {
        self.functions.len()
    }

    /// Whether there is no function at all.
    pub fn is_empty(&self) -> bool {
        self.functions.len() == 0
    }

    /// Address of the table's header.
    pub fn addr(&self) -> u64 {
        self.header.addr
    }

    /// First address and end of all functions.
    pub fn text_range(&self) -> (u64, u64) {
        self.functions.range()
    }

    /// The function whose code holds `pc`.
    #[inline]
    pub fn find(&self, pc: u64) -> Option<Func<'_>> {
        self.functions.find(pc).map(|slot| self.func(slot))
    }

    /// All functions, by address.
    pub fn funcs(&self) -> impl Iterator<Item = Func<'_>> {
        (0..self.len()).filter_map(|i| Some(self.func(self.functions.slot(i as u32)?)))
    }

    /// Functions of that exact name; several, as each ABI of an assembly
    /// function may have its own.
    pub fn func_by_name(&self, name: &str) -> Vec<Func<'_>> {
        let index = self.names.get_or_init(|| {
            let hashed = self.funcs().map(|f| (hash(f.name().as_bytes()), f.index));
            let mut index: Vec<(u32, u32)> = hashed.collect();
            index.sort_unstable();
            index
        });
        let wanted = hash(name.as_bytes());
        index[index.partition_point(|e| e.0 < wanted)..]
            .iter()
            .take_while(|e| e.0 == wanted)
            .filter_map(|e| Some(self.func(self.functions.slot(e.1)?)))
            .filter(|f| f.name() == name)
            .collect()
    }

    /// Bytes from the caller's frame to the stack pointer at `pc`, not
    /// counting the return address.
    #[inline]
    pub fn sp_delta(&self, func: &Func<'_>, pc: u64) -> Option<i32> {
        self.value(self.table(), func, func.record().pcsp, pc)
    }

    /// The source position of `pc`, without regard to inlining; `("?", 0)`
    /// where the table does not say.
    pub fn file_line<'a>(&'a self, func: &Func<'a>, pc: u64) -> (&'a str, u32) {
        self.place(func, &func.record(), pc)
    }

    /// The source position of `pc` as `debug/gosym` has it, which differs where there is none: an
    /// empty file, line −1.
    pub fn raw_file_line<'a>(&'a self, func: &Func<'a>, pc: u64) -> (&'a str, i32) {
        let record = func.record();
        let value = |offset| self.value_at(self.table(), func, offset, pc).unwrap_or(-1);
        let number = usize::try_from(value(record.pcfile)).ok();
        let file = number.and_then(|number| self.file(&record, number));
        (file.unwrap_or_default(), value(record.pcln))
    }

    /// PCDATA `table` at `pc`; `None` where the function has none.
    pub fn pc_data(&self, func: &Func<'_>, table: u32, pc: u64) -> Option<i32> {
        self.pc_data_of(func, &func.record(), table, pc)
    }

    #[inline]
    pub(crate) fn pc_data_of(
        &self,
        func: &Func<'_>,
        record: &Record,
        table: u32,
        pc: u64,
    ) -> Option<i32> {
        if table >= record.npcdata {
            return None;
        }
        let bytes = self.table();
        let at = func.record + self.layout.size + 4 * table as usize;
        self.value(bytes, func, self.elf.u32_of(bytes, at)?, pc)
    }

    pub(crate) fn place<'a>(&'a self, func: &Func<'a>, record: &Record, pc: u64) -> (&'a str, u32) {
        let bytes = self.table();
        let place = || {
            let file = self.value(bytes, func, record.pcfile, pc)?;
            let line = self.value(bytes, func, record.pcln, pc)?;
            self.place_of(record, file, line)
        };
        place().unwrap_or(UNKNOWN)
    }

    /// The place that a file number and a line stand for.
    pub(crate) fn place_of(&self, record: &Record, file: i32, line: i32) -> Option<(&str, u32)> {
        let line = u32::try_from(line).ok()?;
        Some((self.file(record, usize::try_from(file).ok()?)?, line))
    }

    /// The value of the pc-value table at `offset`.
    #[inline]
    fn value(&self, bytes: &[u8], func: &Func<'_>, offset: u32, pc: u64) -> Option<i32> {
        if offset == 0 {
            return None;
        }
        self.value_at(bytes, func, offset, pc)
    }

    #[inline]
    fn value_at(&self, bytes: &[u8], func: &Func<'_>, offset: u32, pc: u64) -> Option<i32> {
        let target = u32::try_from(pc.checked_sub(func.entry)?).ok()?;
        // A table steps over its function's instructions: that bounds the
        // work on a damaged one.
        let steps = (func.end - func.entry) as usize >> self.header.pc_shift;
        let table = bytes.get(self.header.pctab.checked_add(offset as usize)?..)?;
        let longest = steps.saturating_add(2).saturating_mul(MAX_PAIR);
        let table = &table[..table.len().min(longest)];
        pc_value::lookup(table, target, self.header.pc_shift)
    }

    /// The path that a function's file number stands for.
    fn file(&self, record: &Record, number: usize) -> Option<&str> {
        let header = &self.header;
        let bytes = self.table();
        let index = match header.magic {
            Magic::Go12 if number == 0 => return None,
            Magic::Go12 => number,
            _ => (record.cu as usize).checked_add(number)?,
        };
        let (index_at, names_at) = match header.magic {
            Magic::Go12 => (header.files, 0),
            _ => (header.cus, header.files),
        };
        let at = index_at.checked_add(index.checked_mul(4)?)?;
        match self.elf.u32_of(bytes, at)? {
            u32::MAX => None,
            offset => string(bytes, names_at.checked_add(offset as usize)?),
        }
    }

    /// The name at an offset into the name table.
    pub(crate) fn name(&self, offset: u32) -> &str {
        string(
            self.table(),
            self.header.names.saturating_add(offset as usize),
        )
        .unwrap_or_default()
    }

    /// The record at an offset from the header; an empty one past the end.
    #[inline]
    pub(crate) fn record(&self, at: usize) -> Record {
        let bytes = self.table().get(at..).unwrap_or_default();
        self.layout.read(self.elf.little, bytes).unwrap_or_default()
    }

    /// The table's bytes, from the header on.
    #[inline]
    pub(crate) fn table(&self) -> &[u8] {
        self.elf.table(&self.header)
    }

    #[inline]
    fn func(&self, slot: Slot) -> Func<'_> {
        Func {
            tab: self,
            index: slot.index,
            entry: slot.entry,
            end: slot.end,
            record: self.header.funcs.saturating_add(slot.record as usize),
        }
    }

    pub(crate) fn id_of(&self, record: &Record) -> FuncId {
        match self.ids {
            Ids::ByName => FuncId::of_name(self.name(record.name)),
            _ => self.id_of_number(record.id),
        }
    }

    pub(crate) fn id_of_number(&self, number: u8) -> FuncId {
        if number == 0 {
            return FuncId::Normal;
        }
        let table = match &self.ids {
            Ids::Known(table) => table,
            Ids::Learnt(cell) => &cell.get_or_init(|| self.learn_ids())[..],
            Ids::ByName => &[],
        };
        let id = table.get(usize::from(number));
        id.copied().unwrap_or(FuncId::Normal)
    }

    fn learn_ids(&self) -> Box<[FuncId]> {
        let mut ids = vec![FuncId::Normal; 256].into_boxed_slice();
        for func in self.funcs() {
            let record = func.record();
            let id = &mut ids[usize::from(record.id)];
            if record.id != 0 && *id == FuncId::Normal {
                *id = FuncId::of_name(self.name(record.name));
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

/// Go wrote no version into stripped programs before 1.13, but it changed the
/// shape of the records: 9 stands for 1.9 to 1.11 (and 1.5 to 1.8, which lack
/// what differs), 12 for itself.
fn guess_minor(
    elf: &Elf,
    header: &Header,
    module: Option<&ModuleData>,
    functions: &FuncTable,
) -> Option<u32> {
    if header.magic != Magic::Go12 || module.is_none() {
        return None;
    }
    let layout = RecordLayout::of(header, None);
    let table = elf.table(header);
    let slots = (0..functions.len()).filter_map(|i| functions.slot(i as u32));
    let mut counts = slots.filter_map(|slot| {
        let record = layout.read(elf.little, table.get(slot.record as usize..)?)?;
        Some(record.nfuncdata)
    });
    // Read as a word, a count in the last byte is huge.
    Some(if counts.any(|count| count > 0xffff) {
        12
    } else {
        9
    })
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
