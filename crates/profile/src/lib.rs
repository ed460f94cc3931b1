//! The profile model, its codecs, and what can be done with a profile.
//!
//! A [`Profile`] is a set of tables that refer to each other by index ([`model`]) over one string
//! table ([`strings`]).
#![forbid(unsafe_code)]

pub mod build;
pub mod model;
pub mod strings;

pub use build::Builder;
pub use model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, Samples, ValueType,
};
pub use strings::{StrId, StringTable};
