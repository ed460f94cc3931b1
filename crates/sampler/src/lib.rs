//! Samples of a live process into a profile.
//!
//! [`Sampler::attach`] reads all there is to know of the target; [`Sampler::run`] takes samples,
//! each of which is unwound ([`unwind`]) and named ([`symbols`]) as it comes.
#![forbid(unsafe_code)]

mod buckets;
mod corefile;
mod error;
mod goroutines;
mod memstats;
mod quality;
mod sampler;
mod source;
mod space;
mod symbols;
mod threads;
mod unwind;

pub use buckets::{Kept, KeptProfile, Mark};
pub use corefile::{Core, Program};
pub use error::Error;
pub use goruntime::buckets::Kind;
pub use goruntime::calls;
pub use memstats::MemStats;
pub use quality::Quality;
pub use sampler::{Outcome, Progress, Sampler};
pub use source::{Method, Rate, Source};
pub use unwind::End;
