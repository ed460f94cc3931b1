//! What can go wrong between us and a process.

use crate::access::Refusal;

/// A target could not be read, sampled or launched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no process of this id, or it has ended.
    #[error("no process {pid}")]
    NoSuchProcess {
        /// The process id that was asked for.
        pid: u32,
    },
    /// The kernel did not let us, and this is why.
    #[error("no permission to {action} process {pid}: {refusal}")]
    Refused {
        /// What was tried: `read`, `sample`, `stop`.
        action: &'static str,
        /// The process.
        pid: u32,
        /// The rule that stands in the way.
        refusal: Refusal,
    },
    /// The kernel has no event of this kind.
    #[error("perf events are not available: {reason}")]
    NoPerf {
        /// What the kernel said.
        reason: String,
    },
    /// The program could not be started.
    #[error("cannot start {program}")]
    Launch {
        /// The program as it was named.
        program: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the process, or of /proc, could not be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// An [`Error::Io`] about `path`.
    pub fn io(path: impl Into<String>, source: std::io::Error) -> Self {
        Error::Io {
            path: path.into(),
            source,
        }
    }
}
