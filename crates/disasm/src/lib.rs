//! Machine code as text, in Go's assembler syntax.
#![forbid(unsafe_code)]

pub mod x86;
