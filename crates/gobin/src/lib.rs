//! A Go executable as bytes: address to frames.
//!
//! [`GoBin`] reads what the Go linker leaves in every ELF file, stripped or
//! not: build info, `moduledata`, and the function table ([`PcLnTab`]) with
//! its inline trees. Nothing here reads a live process; addresses are the
//! file's own, of a load bias of zero.
//!
//! Input is not trusted: damaged bytes give wrong or missing answers, and
//! neither panics nor unbounded work.
//!
//! ```no_run
//! # use gowhy_gobin as gobin;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data: gobin::Data = std::sync::Arc::new(std::fs::read("server")?);
//! let bin = gobin::GoBin::parse(data)?;
//! let mut frames = Vec::new();
//! bin.pclntab().frames(0x47a2b1, &mut frames);
//! for frame in &frames {
//!     assert!(frame.line > 0, "{} {}:{}", frame.func, frame.file, frame.line);
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod build_info;
mod cfi;
mod elf;
mod error;
mod func;
mod func_id;
mod functab;
mod gobin;
mod header;
mod image;
mod inline;
mod moduledata;
mod names;
mod notes;
mod pc_value;
mod pclntab;
mod reader;
mod record;
mod reloc;
mod symbols;
#[cfg(test)]
mod synthetic;
mod version;

use std::sync::Arc;

pub use build_info::{BuildInfo, Module};
pub use cfi::{Cfi, Regs};
pub use elf::Segment;
pub use error::Error;
pub use func::Func;
pub use func_id::FuncId;
pub use gobin::{Arch, GoBin};
pub use header::Magic;
pub use image::{Image, ImageFrame};
pub use inline::Frame;
pub use moduledata::ModuleData;
pub use names::{pprof_name, print_name};
pub use pclntab::PcLnTab;
pub use symbols::{NamedSymbol, Symbol};
pub use version::GoVersion;

/// Bytes that outlive their reader: a mapped file, a `Vec<u8>`.
pub type Data = Arc<dyn AsRef<[u8]> + Send + Sync>;
