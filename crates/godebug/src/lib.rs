//! The text that Go prints, as data.
//!
//! Each format is a module. All take bytes and give what they could read, with diagnostics; none
//! fails, because such text is mixed with what the program itself prints.
#![forbid(unsafe_code)]

pub mod bench;
pub mod gctrace;
pub mod goroutine;
pub mod memstats;
pub mod schedtrace;
pub mod tracelog;
