//! The `gowhy` command.
#![forbid(unsafe_code)]

fn main() {}
