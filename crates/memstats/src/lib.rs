//! `runtime.MemStats` of a Go program as plain data: of a live process, an endpoint, a file.
//!
//! [`MemStats`] has Go's own fields by Go's own meaning (src/runtime/mstats.go); [`FIELDS`] names
//! each, says what it means and what it belongs to. [`Memory`] is that with what the system and the
//! garbage collector's settings say beside it.
#![forbid(unsafe_code)]

mod fields;
mod memory;

pub use fields::{BySize, FIELDS, Field, Group, MemStats, Unit};
pub use memory::{Cgroup, Collector, Consumption, Memory};
