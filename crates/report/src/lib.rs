//! Views of a profile as plain data, and their text.
#![forbid(unsafe_code)]

pub mod graph;
pub mod measure;
pub mod options;
pub mod paths;
