//! The profile model, its codecs, and what can be done with a profile.
//!
//! A [`Profile`] is a set of tables that refer to each other by index ([`model`]) over one string
//! table ([`strings`]). [`proto`], [`folded`] and [`speedscope`] read and write it, [`legacy`] reads
//! what was written before; [`read_any`] tells them apart.
#![forbid(unsafe_code)]

pub mod build;
pub mod demangle;
pub mod diff;
pub mod error;
pub mod filter;
pub mod folded;
mod frames;
pub mod goregex;
pub mod gosort;
pub mod granularity;
pub mod legacy;
mod matcher;
pub mod merge;
pub mod model;
pub mod proto;
pub mod prune;
mod samples;
pub mod scale;
mod sniff;
pub mod speedscope;
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
pub use merge::{Merger, Rules, compact, merge};
pub use model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Profile, Samples, ValueType,
};
pub use proto::{Limits, decode, decode_reader, decode_reader_into, encode, encode_gz};
pub use sniff::{ReadOptions, inflate, read_any, read_any_with};
pub use strings::{StrId, StringTable};
pub use units::LabelUnits;
