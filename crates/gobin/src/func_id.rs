//! Functions that the runtime treats specially, whatever their number.
//!
//! The numbers of `internal/abi.FuncID` move between releases; the names do
//! not, so a number of an unknown release is learnt from the function bearing it.

/// A function's role for stack walking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FuncId {
    /// Nothing special.
    Normal,
    /// Made by the compiler: method wrappers, hash and equality functions.
    Wrapper,
    /// `runtime.abort`
    Abort,
    /// `runtime.asmcgocall`
    Asmcgocall,
    /// `runtime.asyncPreempt`
    AsyncPreempt,
    /// `runtime.cgocallback` (`cgocallback_gofunc` before Go 1.16)
    Cgocallback,
    /// `runtime.corostart`
    Corostart,
    /// `runtime.debugCallV2` (`V1` before Go 1.17)
    DebugCall,
    /// `runtime.gcBgMarkWorker`
    GcBgMarkWorker,
    /// `runtime.goexit`
    Goexit,
    /// `runtime.gogo`
    Gogo,
    /// `runtime.gopanic`
    Gopanic,
    /// `runtime.handleAsyncEvent`
    HandleAsyncEvent,
    /// `runtime.mcall`
    Mcall,
    /// `runtime.morestack`
    Morestack,
    /// `runtime.mstart`
    Mstart,
    /// `runtime.panicwrap`
    Panicwrap,
    /// `runtime.rt0_go`
    Rt0Go,
    /// `runtime.runfinq`, `runtime.runFinalizers` since Go 1.25
    RunFinalizers,
    /// `runtime.runCleanups`
    RunCleanups,
    /// `runtime.main`
    RuntimeMain,
    /// `runtime.sigpanic`
    Sigpanic,
    /// `runtime.systemstack`
    Systemstack,
    /// `runtime.systemstack_switch`
    SystemstackSwitch,
    /// `runtime.externalthreadhandler`
    ExternalThreadHandler,
    /// `runtime.jmpdefer`
    Jmpdefer,
}

use FuncId::*;

const NAMES: [(&str, FuncId); 28] = [
    ("abort", Abort),
    ("asmcgocall", Asmcgocall),
    ("asyncPreempt", AsyncPreempt),
    ("cgocallback", Cgocallback),
    ("cgocallback_gofunc", Cgocallback),
    ("corostart", Corostart),
    ("debugCallV1", DebugCall),
    ("debugCallV2", DebugCall),
    ("deferreturn", Wrapper),
    ("externalthreadhandler", ExternalThreadHandler),
    ("gcBgMarkWorker", GcBgMarkWorker),
    ("goexit", Goexit),
    ("gogo", Gogo),
    ("gopanic", Gopanic),
    ("handleAsyncEvent", HandleAsyncEvent),
    ("jmpdefer", Jmpdefer),
    ("main", RuntimeMain),
    ("mcall", Mcall),
    ("morestack", Morestack),
    ("mstart", Mstart),
    ("panicwrap", Panicwrap),
    ("rt0_go", Rt0Go),
    ("runCleanups", RunCleanups),
    ("runFinalizers", RunFinalizers),
    ("runfinq", RunFinalizers),
    ("sigpanic", Sigpanic),
    ("systemstack", Systemstack),
    ("systemstack_switch", SystemstackSwitch),
];

impl FuncId {
    /// By full name, as in `runtime.mcall`; only true for functions of package runtime.
    pub fn of_name(name: &str) -> FuncId {
        let Some(short) = name.strip_prefix("runtime.") else {
            return Normal;
        };
        // `deferreturn` is marked a wrapper only to keep it out of stacks.
        NAMES
            .iter()
            .find(|(n, _)| *n == short)
            .map_or(Normal, |(_, id)| *id)
    }

    /// Whether stacks end here, for releases that do not flag it.
    pub(crate) fn ends_stack(self) -> bool {
        matches!(self, Goexit | Mstart | Rt0Go | ExternalThreadHandler)
    }
}

/// The numbers of Go 1.12 to 1.27; `None` for releases whose numbers are learnt.
pub(crate) fn known(minor: u32) -> Option<&'static [FuncId]> {
    Some(match minor {
        12..=13 => &GO112,
        14..=16 => &GO114,
        17 => &GO117,
        18..=21 => &GO118,
        22..=24 => &GO122,
        25..=27 => &GO125,
        _ => return None,
    })
}

#[rustfmt::skip]
const GO112: [FuncId; 21] = [
    Normal, RuntimeMain, Goexit, Jmpdefer, Mcall, Morestack, Mstart, Rt0Go, Asmcgocall, Sigpanic,
    RunFinalizers, GcBgMarkWorker, SystemstackSwitch, Systemstack, Cgocallback, Gogo,
    ExternalThreadHandler, DebugCall, Gopanic, Panicwrap, Wrapper,
];

#[rustfmt::skip]
const GO114: [FuncId; 23] = [
    Normal, RuntimeMain, Goexit, Jmpdefer, Mcall, Morestack, Mstart, Rt0Go, Asmcgocall, Sigpanic,
    RunFinalizers, GcBgMarkWorker, SystemstackSwitch, Systemstack, Cgocallback, Gogo,
    ExternalThreadHandler, DebugCall, Gopanic, Panicwrap, HandleAsyncEvent, AsyncPreempt, Wrapper,
];

#[rustfmt::skip]
const GO117: [FuncId; 23] = [
    Normal, Abort, Asmcgocall, AsyncPreempt, Cgocallback, DebugCall, GcBgMarkWorker, Goexit, Gogo,
    Gopanic, HandleAsyncEvent, Jmpdefer, Mcall, Morestack, Mstart, Panicwrap, Rt0Go, RunFinalizers,
    RuntimeMain, Sigpanic, Systemstack, SystemstackSwitch, Wrapper,
];

#[rustfmt::skip]
const GO118: [FuncId; 22] = [
    Normal, Abort, Asmcgocall, AsyncPreempt, Cgocallback, DebugCall, GcBgMarkWorker, Goexit, Gogo,
    Gopanic, HandleAsyncEvent, Mcall, Morestack, Mstart, Panicwrap, Rt0Go, RunFinalizers,
    RuntimeMain, Sigpanic, Systemstack, SystemstackSwitch, Wrapper,
];

#[rustfmt::skip]
const GO122: [FuncId; 23] = [
    Normal, Abort, Asmcgocall, AsyncPreempt, Cgocallback, Corostart, DebugCall, GcBgMarkWorker,
    Goexit, Gogo, Gopanic, HandleAsyncEvent, Mcall, Morestack, Mstart, Panicwrap, Rt0Go,
    RunFinalizers, RuntimeMain, Sigpanic, Systemstack, SystemstackSwitch, Wrapper,
];

#[rustfmt::skip]
const GO125: [FuncId; 24] = [
    Normal, Abort, Asmcgocall, AsyncPreempt, Cgocallback, Corostart, DebugCall, GcBgMarkWorker,
    Goexit, Gogo, Gopanic, HandleAsyncEvent, Mcall, Morestack, Mstart, Panicwrap, Rt0Go,
    RuntimeMain, RunFinalizers, RunCleanups, Sigpanic, Systemstack, SystemstackSwitch, Wrapper,
];
