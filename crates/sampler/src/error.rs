//! What can go wrong in sampling.

/// A process could not be sampled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process itself.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// Its binary.
    #[error("cannot read the program of process {pid}")]
    Program {
        /// The process.
        pid: u32,
        /// What is wrong with the binary.
        #[source]
        source: gobin::Error,
    },
    /// The binary is not among the mappings: the process is being started or has ended.
    #[error("the program is not mapped in the process")]
    NotMapped,
}
