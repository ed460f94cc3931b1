//! Where memory, threads and samples come from: a live process.
//!
//! The only room of the house with `unsafe` in it.
#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod memory;

pub use memory::{Memory, MemoryError};
