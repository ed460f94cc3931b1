//! Pictures as SVG: what is common to them, and one module for each.
//!
//! Every picture is one file without references to others. It is complete as a static image; a small
//! script inside adds zoom and search where scripts may run, and style rules give it a dark variant.

/// Appends formatted text to a string.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {
        std::fmt::Write::write_fmt(&mut *$out, format_args!($($format)*))
            .expect("a string takes any text")
    };
}
pub(crate) use put;

pub mod callgraph;
pub mod font;
pub mod heat;
pub mod xml;

pub use callgraph::{CallEdge, CallGraph, CallNode, Nodelet};
