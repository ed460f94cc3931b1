//! The Go runtime's own structs, read from outside.
#![forbid(unsafe_code)]

pub mod error;
pub mod globals;
mod goroutines;
pub mod labels;
pub mod layout;
mod program;
pub mod proof;
mod read;
mod refs;
mod runtime;
pub mod structs;
#[cfg(test)]
mod testing;
mod threads;

pub use error::Error;
pub use globals::Globals;
pub use labels::Label;
pub use layout::Layouts;
pub use proof::{Ability, Capabilities};
pub use runtime::Runtime;
pub use structs::{G, GAddr, M, MAddr, P, Regs, Stack, Status};
