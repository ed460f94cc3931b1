//! Where memory, threads and samples come from: a live process, or a core file.
//! [`write`] is the only code that changes one.
//!
//! The only room of the house with `unsafe` in it.
#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod access;
pub mod clock;
pub mod consumption;
pub mod corefile;
pub mod error;
pub mod file;
pub mod live;
pub mod memory;
pub mod perf;
mod priority;
pub mod process;
pub mod signals;
pub mod stopper;
pub mod write;

pub use corefile::{CoreError, CoreFile, CoreMemory};
pub use error::Error;
pub use file::MappedFile;
pub use live::LiveMemory;
pub use memory::{Memory, MemoryError, Piece};
pub use process::{Map, Process};
pub use stopper::{Pauses, Stopped, Stopper};
