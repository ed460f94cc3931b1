//! Logs with the lines of Go's tracers in them: of collections ([`crate::gctrace`]), the scheduler
//! ([`crate::schedtrace`]) and what else the runtime prints ([`Note`]), beside the program's own.
//!
//! [`Reader`] takes the bytes as they come and gives an [`Event`] for each line. It holds no more
//! than one line, and the beginnings of lines that other writers cut: the runtime writes a line in
//! many small pieces, and what others write at that moment gets in between. Such a line is put
//! together where its rest follows soon.
//!
//! Every byte is in a line that was understood, one that was passed on, or a cut one:
//! [`Counts`] adds up to what was read.

mod join;
mod note;
mod prefix;
mod process;
mod reader;
pub(crate) mod scan;
#[cfg(test)]
mod tests;

pub use note::Note;
pub use reader::Reader;

use crate::gctrace::Cycle;
use crate::schedtrace::{Goroutine, Lists, Proc, Snapshot, Thread};

/// What a line is.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one is alive at a time, and nothing is to be allocated for a line"
)]
pub enum Item<'a> {
    /// A collection.
    Gc(Cycle),
    /// A moment of the scheduler.
    Sched(Snapshot, &'a Lists),
    /// A processor at the moment before.
    Proc(Proc),
    /// A thread at the moment before.
    Thread(Thread),
    /// A goroutine at the moment before.
    Goroutine(Goroutine<'a>),
    /// Something else that the runtime tells.
    Note(Note),
    /// Text that is none of the tracers', with its line end if it has one.
    Other(&'a [u8]),
    /// A piece of a tracer's line whose rest is nowhere.
    Cut(&'a [u8]),
}

/// A line, or a part of one.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The process that printed it, from 0 in the order of their first lines; 0 for what is not of
    /// a tracer.
    pub process: usize,
    /// What it is.
    pub item: Item<'a>,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes of the tracers' lines, with their prefixes.
    pub parsed_bytes: u64,
    /// Bytes of other text.
    pub passed_bytes: u64,
    /// Bytes of pieces whose rest is nowhere.
    pub cut_bytes: u64,
    /// Lines of the tracers.
    pub parsed_lines: u64,
    /// Those of them that were put together again.
    pub joined_lines: u64,
    /// Pieces whose rest is nowhere.
    pub cut_lines: u64,
}

impl Counts {
    /// All bytes that were read.
    pub fn bytes(&self) -> u64 {
        self.parsed_bytes + self.passed_bytes + self.cut_bytes
    }
}
