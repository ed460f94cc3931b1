//! Go toolchains, programs, their cores, and oracles for tests.
//!
//! A test asks for a Go program of `testbed/` built by a given Go ([`program`]), starts it
//! ([`Running`]) and looks at it; it may ask for Go's own tools to be judged by
//! ([`go::toolchain`], [`go::pprof`]). Whatever is missing is fetched once and kept in
//! [`cache_dir`]; nothing has to be installed by hand. Nothing here is about gowhy itself: a
//! crate of any level may have this one among its `dev-dependencies`.
#![forbid(unsafe_code)]

pub mod go;

mod alone;
mod binary;
mod cache;
mod corefile;
mod program;
mod running;

pub use alone::{Alone, alone};
pub use binary::gowhy;
pub use cache::cache_dir;
pub use corefile::{CoreKind, write_core};
pub use program::{Variant, has_c_compiler, program, testbed};
pub use running::{Ops, Running};
