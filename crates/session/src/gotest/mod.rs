//! `go test` with every profile taken.
//!
//! `go test` writes profiles of one package only, and kinds of profiles skew each other; so packages
//! run one after the other, and benchmarks once for each kind and once without any, whose results are
//! the ones to believe. Everything goes into a folder ([`Set`]).

mod args;
mod go;
mod run;
mod set;

pub use args::{Arguments, takes_value};
pub use go::Go;
pub use run::{Finished, Host, Request, Step, run, unused_dir};
pub use set::{Kind, MANIFEST, Manifest, Package, SCHEMA, Set, Taken, VERSION};

/// The profiler at its own work.
const PROFILER: &str = r"^runtime/pprof\.(profileWriter|StartCPUProfile|StopCPUProfile)$";

/// The same, and the testing package waiting for tests that it started. Their own goroutines begin in
/// `tRunner`, `(*B).launch` and `(*B).run1.func1`.
const WAITING: &str = concat!(
    r"^runtime/pprof\.(profileWriter|StartCPUProfile|StopCPUProfile)$",
    r"|^testing\.(\(\*T\)\.(Run|Parallel)",
    r"|\(\*B\)\.(Run|run1|doBench|RunParallel|StartTimer|StopTimer|ResetTimer)",
    r"|\(\*F\)\.Fuzz\.func[0-9.]+|(tRunner|fRunner|runTests|runExample)\.func[0-9.]+",
    r"|runFuzzTests|\(\*test(State|Context)\)\.waitParallel)$",
);

impl Kind {
    /// The flag of `go test` that names its file, without dash.
    pub fn flag(self) -> &'static str {
        match self {
            Kind::Cpu => "cpuprofile",
            Kind::Mem => "memprofile",
            Kind::Block => "blockprofile",
            Kind::Mutex => "mutexprofile",
        }
    }

    /// What of a profile says nothing about the tests: (frames to leave out, samples to leave out),
    /// regular expressions for `-hide` and `-ignore`; empty for none.
    ///
    /// Every wait ends in the runtime or in a lock, so it counts for whoever waits there.
    pub fn noise(self) -> (&'static str, &'static str) {
        match self {
            Kind::Cpu | Kind::Mem => ("", PROFILER),
            Kind::Block | Kind::Mutex => (r"^(runtime|sync|internal/sync)\.", WAITING),
        }
    }

    /// The flag for how much is recorded, and its value if the user gives none.
    ///
    /// Go's own are meant for programs that run for long: one allocation for each 512 KB leaves next
    /// to nothing of a test. Alone in its run, a profile may cost more.
    fn rate(self, alone: bool) -> Option<(&'static str, u32)> {
        match (self, alone) {
            (Kind::Cpu, _) => None,
            (Kind::Mem, true) => Some(("memprofilerate", 4096)),
            (Kind::Mem, false) => Some(("memprofilerate", 65536)),
            // Every wait; or those of 10 µs and more, and shorter ones by their share.
            (Kind::Block, true) => Some(("blockprofilerate", 1)),
            (Kind::Block, false) => Some(("blockprofilerate", 10_000)),
            (Kind::Mutex, true) => Some(("mutexprofilefraction", 1)),
            (Kind::Mutex, false) => Some(("mutexprofilefraction", 10)),
        }
    }
}
