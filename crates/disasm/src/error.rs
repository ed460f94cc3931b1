//! Why code cannot be shown.

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no file with code.
    #[error(transparent)]
    File(#[from] gobin::Error),
    /// It is for a machine whose code cannot be read.
    #[error("code of this architecture cannot be disassembled")]
    Architecture,
    /// It has no section with code.
    #[error("text section not found")]
    NoText,
}
