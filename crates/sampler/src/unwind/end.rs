//! How a stack ended, whole or not.

/// How a stack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// At the first function of a goroutine or a thread, marked TOPFRAME (`goexit`, `mstart` …).
    Root,
    /// At `runtime.mcall`: the scheduler, on behalf of no goroutine.
    Scheduler,
    /// At the entry of a signal handler.
    Signal,
    /// At the first C function of a thread.
    Thread,
    /// After [`MAX_FRAMES`].
    Depth,
    /// In code that no file we can read describes.
    UnknownCode,
    /// At a frame whose caller could not be found in what was sampled.
    Lost,
    /// At a C frame without unwind information.
    NoUnwindInfo,
    /// On a goroutine's stack that had changed before it could be read.
    MovedOn,
}

impl End {
    /// Whether the stack has all its frames.
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            End::Root | End::Scheduler | End::Signal | End::Thread | End::Depth
        )
    }

    /// What the end is, for people.
    pub fn describe(self) -> &'static str {
        match self {
            End::Root => "at goexit, mstart or another first function",
            End::Scheduler => "at the scheduler's mcall",
            End::Signal => "at a signal handler's entry",
            End::Thread => "at a C thread's first function",
            End::Depth => "cut for depth",
            End::UnknownCode => "in code of no readable file",
            End::Lost => "caller not found",
            End::NoUnwindInfo => "C code without unwind tables",
            End::MovedOn => "the goroutine had moved on",
        }
    }
}
