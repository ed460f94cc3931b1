//! The Go runtime's own structs, read from outside.
#![forbid(unsafe_code)]
