//! What of the runtime's profiles varies with the version.

use crate::layout::Release;

/// How a version of Go makes profiles of its buckets. Mirrors src/runtime/pprof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Stacks of waits have one address a compiled function, and what was inlined is expanded when
    /// they are written. Otherwise they have one an inlined call, as those of memory have.
    pub physical_waits: bool,
    /// Mutexes are scaled when they are written, by the rate of that moment. Otherwise they were when
    /// they were recorded.
    pub scales_mutexes: bool,
    /// Stacks of threads are written with zeros up to their greatest length.
    pub pads_thread_stacks: bool,
    /// What calls of `internal/runtime/…` are left out of heap profiles, as those of `runtime` are.
    pub hides_internal: bool,
    /// The size of objects is told though none was allocated.
    pub always_sized: bool,
}

impl Form {
    pub(crate) fn of(release: Release) -> Form {
        let minor = release.minor;
        Form {
            physical_waits: minor >= 23,
            scales_mutexes: minor <= 19,
            pads_thread_stacks: minor >= 23,
            hides_internal: minor >= 24,
            always_sized: minor >= 27,
        }
    }
}
