//! The profile model, its codecs, and what can be done with a profile.
//!
//! A [`Profile`] is a set of tables that refer to each other by index ([`model`]) over one string
//! table ([`strings`]). [`proto`] reads and writes it.
#![forbid(unsafe_code)]

pub mod build;
pub mod error;
pub mod model;
pub mod proto;
mod sniff;
pub mod strings;

pub use build::Builder;
pub use error::Error;
pub use model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, Samples, ValueType,
};
pub use proto::{Limits, decode, decode_reader, encode, encode_gz};
pub use strings::{StrId, StringTable};
