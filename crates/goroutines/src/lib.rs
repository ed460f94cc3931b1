//! The goroutines of a Go program as plain data: of a live process, a dump, a crash.
//!
//! [`Goroutines`] has a row for each goroutine ([`Goroutine`], some 64 bytes) and tables of what
//! many of them share: stacks, calls, texts, label sets. So a million goroutines with a dozen
//! stacks are small. A [`Builder`] makes it; each reader (of memory, of text) has one.
//!
//! A stack is a list of calls, leaf first; a [`Call`] is one physical frame with the functions that
//! were inlined into it, innermost first. What of it Go's own tracebacks show is told by
//! [`Goroutines::shown`].
#![forbid(unsafe_code)]

mod builder;
mod model;
mod show;

pub use builder::Builder;
pub use model::{
    Call, CallIx, Counts, Frame, Goroutine, Goroutines, LabelsIx, StackIx, StackOrigin, Status,
    Text,
};
pub use show::{PANICS, Shown, is_exported_runtime};
