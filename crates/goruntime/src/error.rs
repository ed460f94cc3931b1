//! What can go wrong before anything is believed.

use crate::layout::Release;

/// Why the runtime of a program cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program is not a Go program, or of a Go that has no build information.
    #[error("the Go version of the program is not known")]
    NoVersion,
    /// Older than every release whose structs are known.
    #[error("{release} is older than any release whose structs are known")]
    TooOld {
        /// The release of the program.
        release: Release,
    },
    /// Only amd64 programs can be read.
    #[error("{machine:?} programs cannot be read, only Amd64 ones")]
    Machine {
        /// The machine the program is for.
        machine: gobin::Arch,
    },
    /// A source of layouts lacks a field.
    #[error("no field {field} in runtime.{strukt}")]
    NoField {
        /// The struct.
        strukt: &'static str,
        /// The path of the field.
        field: &'static str,
    },
    /// A global of the runtime was not found.
    #[error("runtime.{name} was not found in the program")]
    NoGlobal {
        /// The global, without `runtime.`.
        name: &'static str,
    },
    /// The process has begun, but its runtime is not ready yet: to be tried again a little later.
    #[error("the Go runtime of the process has not started yet")]
    NotStarted,
    /// No known layout fits what the process's memory holds.
    #[error("no known layout fits the process: {why}")]
    Unproved {
        /// The first contradiction of the best layout.
        why: String,
    },
    /// Memory could not be read at all.
    #[error(transparent)]
    Memory(#[from] target::MemoryError),
}
