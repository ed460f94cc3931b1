//! Drawings as files: PNG, GIF, PDF and PostScript.
//!
//! A [`Drawing`] is a list of shapes and lines of text, in points from the top left corner. Text is
//! written in one embedded font, so that a picture is the same on every machine, also on one without
//! fonts. The same drawing always gives the same bytes.
#![forbid(unsafe_code)]

pub mod drawing;
pub mod font;
pub mod gif;
pub mod pdf;
pub mod pixels;
pub mod png;
pub mod ps;

pub use drawing::{Color, Drawing, Item, Segment, Shape, Stroke, Text};

/// Why a drawing could not be painted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It has no size, or none that can be painted.
    #[error("the picture has no size")]
    NoSize,
    /// The encoder failed.
    #[error("cannot encode the picture: {0}")]
    Encode(String),
}
