//! Opens any target and captures from it: the engine's one public face.
//!
//! [`Target::parse`] tells what the user named; the module of the artefact ([`cpu`], [`file`],
//! [`ps`]) gets it from there.
#![forbid(unsafe_code)]

pub mod binaries;
pub mod compare;
pub mod corefile;
pub mod cpu;
mod error;
pub mod explain;
pub mod fetch;
pub mod file;
pub mod goroutines;
pub mod gotest;
pub mod heap;
mod launch;
pub mod memstats;
mod name;
pub mod perf_data;
pub mod programs;
pub mod ps;
pub mod rate;
pub mod saved;
pub mod symbolize;
pub mod tracelog;
mod wording;

pub use error::{Class, Error};
pub use launch::Program;
pub use name::{Target, process_named};
pub use sampler::{End, Kept, Method, Outcome, Progress, Quality};
pub use target::Process;
