//! x86-64.
//!
//! Mirrors `golang.org/x/arch/x86/x86asm`, which `go tool objdump` and `go tool pprof` use: what its
//! decoder does not know is unknown here, and what it takes for something else is that here.

mod go_syntax;
mod intel;
mod legacy;
mod operand;
mod ops;

mod vex;

pub use intel::intel_syntax;
use operand::Operand;

/// No instruction is longer.
const MAX_LEN: usize = 15;

/// One instruction as Go's decoder sees it.
#[derive(Debug, Default)]
pub(crate) struct Inst {
    /// Its bytes.
    pub(crate) len: usize,
    /// Its name, as Intel's manual has it.
    pub(crate) op: &'static str,
    /// The size of what it works on, in bits, by its prefixes alone.
    pub(crate) data_size: u32,
    /// The size of what it reads or writes in memory; 0 if that is not fixed.
    pub(crate) mem_bytes: u32,
    /// Its operands in Intel's order.
    pub(crate) args: Vec<Operand>,
    /// Prefixes shown before the name: `REP; ` or `REPNE; `.
    pub(crate) repeat: &'static str,
    /// The last of the other prefixes that the text does not imply.
    pub(crate) prefix: &'static str,
    /// What follows the name: `.BCST`, `.Z` …
    pub(crate) suffix: String,
}

/// Finds the symbol that covers an address: its name and its start.
pub type Lookup<'a> = &'a dyn Fn(u64) -> Option<(&'a str, u64)>;

/// The text of the instruction that `code` begins with, and how many bytes it has. `pc` is the
/// address of the first byte. What Go's decoder does not know is one byte of `?`.
pub fn go_syntax(code: &[u8], pc: u64, lookup: Lookup<'_>) -> (String, usize) {
    let code = &code[..code.len().min(MAX_LEN)];
    let inst = match code {
        [0xc4 | 0xc5 | 0x62, ..] => vex::decode(code),
        _ => legacy::decode(code),
    };
    match inst {
        Some(inst) => (go_syntax::text(&inst, pc, lookup), inst.len),
        None => ("?".to_owned(), 1),
    }
}
