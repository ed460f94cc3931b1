//! The Go runtime's own structs, read from outside: threads (M), goroutines (G), processors (P),
//! labels. The program is not stopped, and needs neither symbols nor debug information.
//!
//! [`Runtime::attach`] finds out which layouts the structs have ([`layout`]), where the globals are
//! ([`globals`]), and tries both on the process (`proof.rs`). What can't be proved is not given, and
//! [`Runtime::capabilities`] says why. From then on each question is one or two reads of memory.
//!
//! What is read is of the moment of the read: between two reads a thread may have gone on to
//! another goroutine. Whoever needs the two to agree reads the first again.
//!
//! ```no_run
//! # use gowhy_goruntime as goruntime;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (bin, bias): (gobin::GoBin, u64) = unimplemented!();
//! let process = target::Process::find(4711)?;
//! let mem = target::LiveMemory::attach(process.pid(), bin.pclntab().addr() + bias)?;
//! let runtime = goruntime::Runtime::attach(&mem, &bin, bias, &process.threads())?;
//! for (ability, why) in runtime.capabilities().missing() {
//!     assert!(!why.is_empty(), "no {ability}");
//! }
//! if let Some(m) = runtime.m(&mem, 4712)
//!     && let Some(g) = runtime.curg(&mem, &m)
//! {
//!     let labels = runtime.labels(&mem, g.labels).unwrap_or_default();
//!     assert!(g.goid > 0, "{labels:?}");
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod buckets;
pub mod calls;
pub mod capabilities;
pub mod error;
pub mod globals;
mod goroutines;
pub mod labels;
pub mod layout;
pub mod memstats;
mod program;
mod proof;
mod read;
mod refs;
mod runtime;
pub mod snapshot;
mod stacks;
pub mod structs;
mod symbols;
#[cfg(test)]
mod testing;
mod threads;

pub use buckets::BucketReader;
pub use capabilities::{Ability, Capabilities};
pub use error::Error;
pub use globals::Globals;
pub use labels::Label;
pub use layout::Layouts;
pub use memstats::MemStatsReader;
pub use runtime::Runtime;
pub use snapshot::Snapshot;
pub use structs::{G, GAddr, M, MAddr, P, Regs, Stack, Status};
