//! Generators of what the benchmarks measure.
#![forbid(unsafe_code)]

pub mod synthetic;
