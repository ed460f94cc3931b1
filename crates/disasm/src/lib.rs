//! Machine code as text, in Go's assembler syntax.
//!
//! [`Program`] is a file with code; [`Program::instructions`] is what `go tool objdump` and
//! `go tool pprof` print of it, to the byte (docs/pprof-differences.md has the rest). Nothing but the
//! file is needed: no objdump, no Go.
//!
//! Input is not trusted: any bytes give some text, and neither panics nor unbounded work.
#![forbid(unsafe_code)]

mod error;
mod program;
pub mod x86;

pub use error::Error;
pub use program::{Instruction, Place, Program, Symbol, Syntax};
