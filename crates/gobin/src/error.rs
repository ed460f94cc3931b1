//! What can be wrong with the bytes.

/// Why a file could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not start an ELF file.
    #[error("not an ELF file")]
    NotElf,
    /// An ELF file whose headers point outside of it.
    #[error("malformed ELF file: {0}")]
    BadElf(&'static str),
    /// An ELF file that the Go linker did not write.
    #[error("not a Go program")]
    NotGo,
    /// A Go program without a function table that can be used.
    #[error("no usable Go function table: {0}")]
    BadPclntab(&'static str),
}
