//! A Go executable, and where a process has it.

use std::ops::Range;

use gobin::{Arch, GoBin, GoVersion};
use rustc_hash::FxHashSet;
use target::Memory;

use crate::Error;
use crate::globals::{Globals, Image};
use crate::layout::{Dwarf, Release, Structs};
use crate::proof::Code;
use crate::runtime::{Program, Runtime};

pub(crate) struct Loaded<'a> {
    pub bin: &'a GoBin,
    pub version: &'a GoVersion,
    pub bias: u64,
}

impl Runtime {
    /// Attaches to a process that runs `bin`, loaded `bias` above the file's addresses, and whose
    /// threads have the ids `tids`, as the process sees them in its own pid namespace.
    ///
    /// The process is only read, and goes on running meanwhile.
    pub fn attach(
        mem: &dyn Memory,
        bin: &GoBin,
        bias: u64,
        tids: &[u32],
    ) -> Result<Runtime, Error> {
        if bin.arch() != Arch::Amd64 {
            return Err(Error::Machine {
                machine: bin.arch(),
            });
        }
        let version = bin.build_info().version.as_ref().ok_or(Error::NoVersion)?;
        Runtime::attach_program(mem, &Loaded { bin, version, bias }, tids)
    }
}

impl Globals {
    /// Looks in a program for the `wanted` globals (named without `runtime.`, see
    /// [`Globals::names`]): by symbol, or by the code that refers to them. An address that was found
    /// by code wants a proof before it is used.
    pub fn of(bin: &GoBin, wanted: &[&'static str]) -> Option<Globals> {
        let version = bin.build_info().version.as_ref()?;
        let loaded = Loaded {
            bin,
            version,
            bias: 0,
        };
        let release = loaded.release();
        Some(Globals::find(&loaded, release, wanted))
    }
}

impl Image for Loaded<'_> {
    fn symbol(&self, name: &str) -> Option<u64> {
        Some(self.bin.symbol(name)?.addr)
    }

    fn functions(&self, names: &[&'static str]) -> Vec<(&'static str, Range<u64>)> {
        let wanted: FxHashSet<&'static str> = names.iter().copied().collect();
        let funcs = self.bin.pclntab().funcs();
        funcs
            .filter_map(|f| Some((*wanted.get(f.name())?, f.entry..f.end)))
            .collect()
    }

    fn bytes(&self, range: Range<u64>) -> Option<&[u8]> {
        let len = range.end.checked_sub(range.start)?;
        self.bin.read(range.start, usize::try_from(len).ok()?)
    }

    fn data(&self) -> Option<Range<u64>> {
        // The system's linker orders the parts otherwise than Go's own.
        let m = self.bin.moduledata()?;
        let start = m.noptrdata.min(m.data).min(m.addr);
        Some(start..m.end.max(m.ebss).max(m.enoptrbss))
    }
}

impl Code for Loaded<'_> {
    fn is_entry(&self, pc: u64) -> bool {
        let pc = pc.wrapping_sub(self.bias);
        self.bin.pclntab().find(pc).is_some_and(|f| f.entry == pc)
    }

    fn is_code(&self, pc: u64) -> bool {
        self.bin
            .pclntab()
            .find(pc.wrapping_sub(self.bias))
            .is_some()
    }

    fn is_main(&self, pc: u64) -> bool {
        let func = self.bin.pclntab().find(pc.wrapping_sub(self.bias));
        func.is_some_and(|f| f.name() == "runtime.main")
    }
}

impl Program for Loaded<'_> {
    fn bias(&self) -> u64 {
        self.bias
    }

    fn release(&self) -> Release {
        Release {
            minor: self.version.minor,
            patch: self.version.patch,
        }
    }

    fn experiments(&self) -> Vec<&str> {
        self.version
            .experiments
            .iter()
            .map(String::as_str)
            .collect()
    }

    fn is_modified(&self) -> bool {
        self.version.devel || !self.version.suffix.is_empty()
    }

    fn dwarf(&self, structs: &[&str]) -> Option<Box<dyn Structs>> {
        Some(Box::new(Dwarf::of(self.bin, structs)?))
    }
}
