//! Views of a profile as plain data, text and SVG.
#![forbid(unsafe_code)]
