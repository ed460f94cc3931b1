//! Generators and benchmarks.
#![forbid(unsafe_code)]
