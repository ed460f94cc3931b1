//! A function with code of its own, and what its record says.

use std::fmt;

use crate::func_id::FuncId;
use crate::pclntab::PcLnTab;
use crate::record::Record;

const TOP_FRAME: u8 = 1;
const SP_WRITE: u8 = 2;
const ASM: u8 = 4;

/// A function with code of its own. Addresses are the file's.
#[derive(Clone, Copy)]
pub struct Func<'a> {
    pub(crate) tab: &'a PcLnTab,
    pub(crate) index: u32,
    /// First address.
    pub entry: u64,
    /// The next function's first address: padding counts as part of this one.
    pub end: u64,
    /// Where the record starts, counted from the table's header.
    pub(crate) record: usize,
}

impl<'a> Func<'a> {
    /// Full name, as in `net/http.(*conn).serve`.
    pub fn name(&self) -> &'a str {
        self.tab.name(self.record().name)
    }

    /// Place in the table, counted from the lowest address.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// What the runtime takes the function for.
    pub fn id(&self) -> FuncId {
        self.tab.id_of(&self.record())
    }

    /// Whether the compiler made the function, to call another.
    pub fn is_wrapper(&self) -> bool {
        self.id() == FuncId::Wrapper
    }

    /// Whether stacks end in this function.
    pub fn is_top_frame(&self) -> bool {
        match self.flags() {
            Some(flags) => flags & TOP_FRAME != 0,
            None => self.id().ends_stack(),
        }
    }

    /// Whether it sets the stack pointer in ways that `sp_delta` cannot say
    /// (known since Go 1.17).
    pub fn is_sp_write(&self) -> bool {
        self.flags().is_some_and(|flags| flags & SP_WRITE != 0)
    }

    /// Whether it is written in assembly (known since Go 1.18).
    pub fn is_asm(&self) -> bool {
        self.flags().is_some_and(|flags| flags & ASM != 0)
    }

    /// Whether it is C code that Go's own linker put in (`-linkmode=internal`):
    /// the table has its name, and nothing to walk or place it by.
    pub fn is_foreign(&self) -> bool {
        let record = self.record();
        record.pcsp == 0 && record.pcfile == 0 && record.pcln == 0
    }

    /// Line of the `func` keyword (Go 1.20 on), else zero.
    pub fn start_line(&self) -> u32 {
        line_number(self.record().start_line)
    }

    fn flags(&self) -> Option<u8> {
        self.tab.has_flags.then(|| self.record().flags)
    }

    #[inline]
    pub(crate) fn record(&self) -> Record {
        self.tab.record(self.record)
    }
}

impl fmt::Debug for Func<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:#x}..{:#x}", self.name(), self.entry, self.end)
    }
}

/// A stored line number; negative ones stand for "unknown".
pub(crate) fn line_number(stored: u32) -> u32 {
    if stored > i32::MAX as u32 { 0 } else { stored }
}
