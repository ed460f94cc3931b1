//! The profile model, its codecs, and what can be done with a profile.
//!
//! A [`Profile`] is a set of tables that refer to each other by index ([`model`]) over one string
//! table ([`strings`]). [`proto`] reads and writes it.
#![forbid(unsafe_code)]

pub mod build;
pub mod demangle;
pub mod diff;
pub mod error;
pub mod filter;
pub mod goregex;
pub mod granularity;
mod matcher;
pub mod merge;
pub mod model;
pub mod proto;
pub mod prune;
mod samples;
pub mod scale;
mod sniff;
pub mod strings;
pub mod tagfilter;
pub mod tagroot;
pub mod units;

pub use build::Builder;
pub use diff::{DiffMode, diff};
pub use error::Error;
pub use filter::{FilterOptions, Filters};
pub use goregex::{Regexp, RegexpError};
pub use granularity::{Granularity, aggregate};
pub use merge::{Merger, compact, merge};
pub use model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, Samples, ValueType,
};
pub use proto::{Limits, decode, decode_reader, encode, encode_gz};
pub use strings::{StrId, StringTable};
pub use units::LabelUnits;
