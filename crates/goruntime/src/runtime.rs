//! Attaching to the runtime of a process: which layouts hold, where its globals are, what can be
//! read of it.

use target::Memory;

use crate::Error;
use crate::capabilities::{Ability, Capabilities};
use crate::globals::{Globals, Image};
use crate::goroutines::wait_reasons;
use crate::layout::{Fit, Layouts, Origin, Release, Structs, Table};
use crate::proof::{Code, Roots, prove};
use crate::threads::{Threads, walk};

/// Globals that are needed to read threads and goroutines.
pub(crate) const WANTED: [&str; 8] = [
    "allm",
    "m0",
    "allgs",
    "allglen",
    "allgptr",
    "allp",
    "gomaxprocs",
    "waitReasonStrings",
];
/// Structs that are needed for the same.
const STRUCTS: [&str; 3] = ["g", "m", "p"];

/// The runtime of one process, proved.
#[derive(Debug)]
pub struct Runtime {
    layouts: Layouts,
    roots: Roots,
    capabilities: Capabilities,
    globals: Globals,
    release: Release,
    experiments: Vec<String>,
    is_proved: bool,
    pub(crate) threads: Threads,
    pub(crate) wait_reasons: Vec<String>,
}

/// A program: its file, and its code where the process has it.
pub(crate) trait Program: Image + Code {
    /// How far the process's addresses are above the file's.
    fn bias(&self) -> u64;
    /// The version it was built with.
    fn release(&self) -> Release;
    /// The experiments it was built with, as the version names them.
    fn experiments(&self) -> Vec<&str>;
    /// Whether the version says that the toolchain is not a release as published.
    fn is_modified(&self) -> bool;
    /// Its debug information on these structs.
    fn dwarf(&self, structs: &[&str]) -> Option<Box<dyn Structs>>;
}

impl Runtime {
    pub(crate) fn attach_program(
        mem: &dyn Memory,
        program: &dyn Program,
        tids: &[u32],
    ) -> Result<Runtime, Error> {
        let globals = Globals::find(program, program.release(), &WANTED);
        let at = |name| Some(globals.get(name)?.wrapping_add(program.bias()));
        let roots = Roots {
            allm: at("allm").ok_or(Error::NoGlobal { name: "allm" })?,
            m0: at("m0"),
            // Two words beside the slice that are safe to read while it grows.
            allglen: at("allglen").or_else(|| Some(at("allgs")?.wrapping_add(8))),
            allgptr: at("allgptr").or_else(|| at("allgs")),
            allp: at("allp"),
            gomaxprocs: at("gomaxprocs"),
            wait_reasons: at("waitReasonStrings"),
        };
        if mem.read_u64(roots.allm)? == 0 {
            return Err(Error::NotStarted);
        }
        let mut best: Option<(Layouts, Capabilities)> = None;
        let mut tried: Vec<Layouts> = Vec::new();
        let mut error = None;
        for candidate in Candidate::of(program) {
            let layouts = match candidate.layouts(program) {
                Ok(Some(layouts)) => layouts,
                Ok(None) => continue,
                Err(e) => {
                    error.get_or_insert(e);
                    continue;
                }
            };
            if tried.iter().any(|t| t.same_places(&layouts)) {
                continue;
            }
            let capabilities = prove(mem, &layouts, &roots, program, tids);
            let complete = capabilities.missing().next().is_none();
            if best
                .as_ref()
                .is_none_or(|(_, b)| b.count() < capabilities.count())
            {
                best = Some((layouts.clone(), capabilities));
            }
            if complete {
                break;
            }
            tried.push(layouts);
        }
        let Some((layouts, capabilities)) = best else {
            return Err(error.unwrap_or(Error::NoVersion));
        };
        if let Some(why) = capabilities.why_not(Ability::Threads) {
            if is_starting(mem, &layouts, &roots) {
                return Err(Error::NotStarted);
            }
            return Err(Error::Unproved {
                why: why.to_owned(),
            });
        }
        let wait_reasons = match roots.wait_reasons {
            Some(at) if capabilities.has(Ability::WaitReasons) => wait_reasons(mem, at),
            _ => Ok(Vec::new()),
        };
        let of_goroutines = [Ability::Labels, Ability::Syscalls, Ability::Goroutines];
        Ok(Runtime {
            is_proved: of_goroutines.iter().all(|a| capabilities.has(*a)),
            globals,
            release: program.release(),
            experiments: program
                .experiments()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            layouts,
            roots,
            capabilities,
            threads: Threads::default(),
            wait_reasons: wait_reasons.unwrap_or_default(),
        })
    }

    /// What can be read, and why the rest can't.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The layouts that were proved, and where they were taken from.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// The globals that reading threads and goroutines begins at, with addresses in the file.
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// Any struct of the runtime, from where the layouts of goroutines and threads were proved to
    /// come from; `wanted` are those that are asked for. They are not proved themselves.
    pub fn structs(&self, bin: &gobin::GoBin, wanted: &[&str]) -> Option<Box<dyn Structs>> {
        let release = match &self.layouts.origin {
            Origin::Dwarf => return Some(Box::new(crate::layout::Dwarf::of(bin, wanted)?)),
            Origin::Assumed { of, .. } => *of,
            Origin::Table => self.release,
        };
        let experiments: Vec<&str> = self.experiments.iter().map(String::as_str).collect();
        Some(Box::new(Table::of(release, &experiments)?.0))
    }

    /// The release whose structs the process has, as far as is known.
    pub(crate) fn structs_of(&self) -> Release {
        match &self.layouts.origin {
            Origin::Assumed { of, .. } => *of,
            Origin::Dwarf | Origin::Table => self.release,
        }
    }

    /// Whether all that is read of goroutines was proved.
    pub(crate) fn is_proved(&self) -> bool {
        self.is_proved
    }

    pub(crate) fn roots(&self) -> &Roots {
        &self.roots
    }
}

/// Whether the first thread is the only one, and not yet at work. By then the main goroutine is
/// there, so whoever attaches later finds a whole list of goroutines.
fn is_starting(mem: &dyn Memory, layouts: &Layouts, roots: &Roots) -> bool {
    let threads = walk(mem, &layouts.m, roots.allm).unwrap_or_default();
    matches!(&threads[..], [m] if m.procid == 0 && roots.m0.is_none_or(|m0| m0 == m.addr.0))
}

/// A source of layouts to try.
enum Candidate {
    Table(Release),
    /// Another release's, although the version says otherwise.
    Other(Release),
    Dwarf,
}

impl Candidate {
    /// In the order of trust. Debug information costs the most to read, so a release that is known
    /// comes first.
    fn of(program: &dyn Program) -> Vec<Candidate> {
        let release = program.release();
        let exact = match Table::of(release, &program.experiments()) {
            Some((_, Fit::Exact)) => !program.is_modified(),
            Some((_, Fit::Nearest { .. })) => false,
            None => return vec![Candidate::Dwarf, Candidate::Table(release)],
        };
        let mut order = vec![Candidate::Table(release), Candidate::Dwarf];
        if !exact {
            order.swap(0, 1);
        }
        // A build between two releases may have the structs of either.
        let minor = release.minor.min(Table::newest().minor);
        let near = [minor, minor.saturating_sub(1), minor + 1];
        let near = &near[..if exact { 1 } else { 3 }];
        let releases = near.iter().flat_map(|minor| Table::changes_within(*minor));
        order.extend(releases.map(Candidate::Other));
        order
    }

    fn layouts(&self, program: &dyn Program) -> Result<Option<Layouts>, Error> {
        let experiments = program.experiments();
        let release = program.release();
        Ok(Some(match *self {
            Candidate::Table(release) => Layouts::of_release(release, &experiments)?,
            Candidate::Other(other) => {
                let mut layouts = Layouts::of_release(other, &experiments)?;
                let why = format!("the structs are not those of {release}");
                layouts.origin = Origin::Assumed { of: other, why };
                layouts
            }
            Candidate::Dwarf => match program.dwarf(&STRUCTS) {
                Some(dwarf) => Layouts::resolve(&*dwarf, release, Origin::Dwarf)?,
                None => return Ok(None),
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeProcess;

    fn release(minor: u32, patch: u32) -> Release {
        Release { minor, patch }
    }

    fn attach(process: &FakeProcess) -> Result<Runtime, Error> {
        Runtime::attach_program(&process.mem, process, &process.tids())
    }

    #[test]
    fn attaches_to_every_known_release() {
        for minor in 19..=Table::newest().minor {
            for release in Table::changes_within(minor) {
                let runtime = attach(&FakeProcess::new(release)).expect("an intact process");
                let missing: Vec<_> = runtime.capabilities().missing().collect();
                assert_eq!(missing, [], "{release}");
                assert_eq!(runtime.layouts().origin, Origin::Table, "{release}");
            }
        }
    }

    #[test]
    fn a_wrong_patch_level_is_found_out() {
        // What says go1.24.3 has the structs of go1.24.6.
        let mut process = FakeProcess::new(release(24, 6));
        process.release = release(24, 3);
        let runtime = attach(&process).expect("another patch level fits");
        assert_eq!(runtime.layouts().m, process.layouts.m);
        assert!(matches!(runtime.layouts().origin, Origin::Assumed { .. }));
        assert!(runtime.capabilities().missing().next().is_none());
    }

    #[test]
    fn a_release_that_is_too_new_is_assumed_to_be_as_the_newest() {
        let newest = Table::newest();
        let mut process = FakeProcess::new(newest);
        process.release = release(newest.minor + 3, 1);
        let runtime = attach(&process).expect("the newest fits");
        let Origin::Assumed { of, .. } = &runtime.layouts().origin else {
            panic!("assumed, not {}", runtime.layouts().origin);
        };
        assert_eq!(*of, newest);
        process.release = release(18, 0);
        assert!(matches!(attach(&process), Err(Error::TooOld { .. })));
    }

    #[test]
    fn debug_information_describes_what_no_table_has() {
        // A release with words more in m and g than the one that was published.
        let mut process = FakeProcess::shifted(release(25, 0), 24);
        assert!(matches!(attach(&process), Err(Error::Unproved { .. })));
        process.is_described = true;
        let runtime = attach(&process).expect("debug information fits");
        assert_eq!(runtime.layouts().origin, Origin::Dwarf);
        assert_eq!(runtime.layouts().g, process.layouts.g);
        assert!(runtime.capabilities().missing().next().is_none());
    }

    #[test]
    fn a_runtime_that_starts_is_told_from_one_that_is_not_known() {
        let mut process = FakeProcess::new(release(26, 0));
        process.mem.set(process.ms[0], process.layouts.m.procid, 0);
        assert!(attach(&process).is_ok());
        process.mem.set(process.ms[1], process.layouts.m.procid, 7);
        assert!(matches!(attach(&process), Err(Error::Unproved { .. })));
        process.set_global("allm", process.ms[0]);
        assert!(matches!(attach(&process), Err(Error::NotStarted)));
        process.set_global("allm", 0);
        assert!(matches!(attach(&process), Err(Error::NotStarted)));
        process.globals.remove("allm");
        assert!(matches!(attach(&process), Err(Error::NoGlobal { .. })));
    }

    #[test]
    fn without_the_list_of_threads_there_is_nothing() {
        let mut process = FakeProcess::new(release(23, 0));
        process.globals.remove("allm");
        assert!(matches!(
            attach(&process),
            Err(Error::NoGlobal { name: "allm" })
        ));
    }
}
