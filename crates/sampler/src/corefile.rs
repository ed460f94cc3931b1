//! A process that is gone, or went on without us: its core file, read by the same ways as a live
//! one.
//!
//! Nothing moves in a core, so what was read once holds. The stacks of goroutines that ran come from
//! the registers of their threads; where the kernel had interrupted a thread for a signal, as in every
//! crash that Go reports itself, from those that it put on the signal stack.

use std::ops::Range;
use std::sync::Arc;

use gobin::GoBin;
use goroutines::Goroutines;
use goruntime::memstats::Reading;
use goruntime::{G, Globals, MemStatsReader, Runtime, Snapshot};
use target::perf::Regs;
use target::{CoreFile, CoreMemory, Memory};

use crate::goroutines::{calls_of, ends_in_goexit};
use crate::space::Space;
use crate::unwind::{End, Start, Thread, Unwinder};

/// So much of a stack is looked at in one piece; what is above is read word by word.
const STACK: usize = 256 << 10;
/// Collections, at which waits are noted, are two minutes apart at most where they are not switched
/// off; a program without any notes no waits.
const LATER: u64 = 3_600_000_000_000;
/// No signal stack is larger.
const MAX_SIGNAL_STACK: u64 = 16 << 20;

/// A program's file, or what takes its place.
pub struct Program {
    /// The bytes of the file.
    pub data: gobin::Data,
    /// It was put together from the core itself.
    pub from_core: bool,
}

/// A core file, its program and its runtime, ready to be read.
#[derive(Debug)]
pub struct Core {
    memory: CoreMemory,
    space: Space,
    runtime: Result<Runtime, goruntime::Error>,
}

impl Core {
    /// Reads the core of a process that ran `program`. `open` gives the bytes of the libraries that
    /// it had mapped, by the path that it knew them by.
    pub fn open(
        file: Arc<CoreFile>,
        program: Program,
        open: &dyn Fn(&str) -> Option<gobin::Data>,
    ) -> Result<Core, gobin::Error> {
        let Program { data, from_core } = program;
        let go = Arc::new(GoBin::parse(Arc::clone(&data))?);
        let bias = file.bias((*data).as_ref()).unwrap_or(0);
        let mut memory = CoreMemory::new(Arc::clone(&file));
        if !from_core {
            for (start, range) in constant_parts(go.segments(), bias) {
                memory.back(start, Arc::clone(&data), range);
            }
        }
        let maps = file.maps();
        let main = file.program_base().and_then(|base| {
            let map = maps.iter().find(|m| (m.start..m.end).contains(&base));
            map.map(|m| m.file)
        });
        let open = |map: &target::Map| open(&map.path);
        // (0, 0) is no file.
        let main = main.filter(|f| *f != (0, 0)).unwrap_or((u64::MAX, 0));
        let space = Space::of(go, bias, data, &maps, main, &memory, &open);
        let tids: Vec<u32> = file.threads().iter().map(|t| t.tid).collect();
        let runtime = Runtime::attach(&memory, space.go(), bias, &tids);
        Ok(Core {
            memory,
            space,
            runtime,
        })
    }

    /// The program.
    pub fn go(&self) -> &GoBin {
        self.space.go()
    }

    /// How far the process's addresses are above the program's.
    pub fn bias(&self) -> u64 {
        self.space.go_bias()
    }

    /// What there is of its memory.
    pub fn memory(&self) -> &CoreMemory {
        &self.memory
    }

    /// The runtime of the process, or why it cannot be read.
    pub fn runtime(&self) -> Result<&Runtime, &goruntime::Error> {
        self.runtime.as_ref()
    }

    /// Reads all goroutines. How long they waited is counted to the last moment that the runtime
    /// has noted anywhere, for a core does not say when it was made by the runtime's clock.
    ///
    /// Fails with the reason where the runtime cannot be read.
    pub fn goroutines(&self) -> Result<Goroutines, String> {
        let runtime = self.runtime().map_err(ToString::to_string)?;
        let now = self.last_moment(runtime);
        let (bin, bias) = (self.go(), self.bias());
        let mut snapshot = Snapshot::new(runtime, &self.memory, bin, bias, now)?;
        snapshot.read().map_err(|e| e.to_string())?;
        let unwinder = Unwinder::new(&self.space, &self.memory);
        let mut pcs = Vec::new();
        for running in snapshot.running().to_vec() {
            let g = runtime.read_g(&self.memory, running.addr);
            let (Ok(g), Some(regs)) = (g, self.registers(running.tid)) else {
                continue;
            };
            let end = self.stack(&unwinder, &g, regs, &mut pcs);
            if end == End::Depth || end == End::Root && ends_in_goexit(&self.space, &pcs) {
                let calls = calls_of(&self.space, &mut snapshot, &pcs);
                snapshot.set_stack(running.place, &calls, end == End::Depth);
            }
        }
        let mut all = snapshot.finish();
        // A second look at what does not move was no second reading.
        all.counts.retried = 0;
        if let Some(assumption) = self.assumption() {
            all.notes.push(format!(
                "this Go version ({}) is newer than this gowhy, or not a release: {assumption}",
                all.go_version
            ));
        }
        for (ability, why) in runtime.capabilities().missing() {
            all.notes.push(format!("no {ability}: {why}"));
        }
        Ok(all)
    }

    /// Reads the counters of memory; `made_ns` is when the core was made, since 1970.
    ///
    /// Fails with the reason where they cannot be read.
    pub fn memstats(&self, made_ns: u64) -> Result<Reading, String> {
        let runtime = self.runtime().map_err(ToString::to_string)?;
        let (bin, bias) = (self.go(), self.bias());
        MemStatsReader::attach(runtime, &self.memory, bin, bias, made_ns)?.read(&self.memory)
    }

    /// What was assumed because this Go version is not known: see [`crate::Sampler::assumption`].
    pub fn assumption(&self) -> Option<String> {
        crate::sampler::assumption(self.runtime().ok()?)
    }

    fn registers(&self, tid: u32) -> Option<Regs> {
        let mut threads = self.memory.core().threads().iter();
        threads.find(|t| t.tid == tid).map(|t| t.regs)
    }

    fn last_moment(&self, runtime: &Runtime) -> u64 {
        let all = runtime.all_g(&self.memory).unwrap_or_default();
        let since = |g| {
            let g = runtime.read_g(&self.memory, g);
            g.map_or(0, |g: G| g.waitsince)
        };
        let proved = all.into_iter().map(since).max().unwrap_or(0);
        // Not proved itself, so it is believed only where it says little else.
        let polled = self.last_poll(runtime).unwrap_or(0);
        match polled.checked_sub(proved) {
            Some(later) if later < LATER => polled,
            _ => proved,
        }
    }

    /// When the network was last polled, as the scheduler notes it for its monitor; 0 while a thread
    /// waits for it.
    fn last_poll(&self, runtime: &Runtime) -> Option<u64> {
        let sched = Globals::of(self.go(), &["sched"])?.get("sched")?;
        let structs = runtime.structs(self.go(), &["schedt"])?;
        let field = structs.field("schedt", "lastpoll")?;
        let at = sched.wrapping_add(self.bias());
        let at = at.wrapping_add(u64::from(field.offset));
        self.memory.read_u64(at).ok()
    }

    /// The stack of a goroutine from the registers of its thread.
    fn stack(&self, unwinder: &Unwinder<'_>, g: &G, regs: Regs, pcs: &mut Vec<u64>) -> End {
        let thread = Thread {
            sched_pc: g.sched.pc,
            sched_sp: g.sched.sp,
            stack_lo: g.stack.lo,
            stack_hi: g.stack.hi,
            syscall_pc: g.syscall.pc,
            syscall_sp: g.syscall.sp,
        };
        let unwind = |regs: Regs, pcs: &mut Vec<u64>| {
            let stack = self.piece(regs.sp);
            let start = Start {
                regs,
                stack: &stack,
                chain: &[],
                thread,
            };
            unwinder.unwind(start, pcs).0
        };
        match self.interrupted(regs.sp) {
            Some(before) => unwind(before, pcs),
            None => unwind(regs, pcs),
        }
    }

    /// The stack from `sp` up, as far as there is any.
    fn piece(&self, sp: u64) -> Vec<u8> {
        let mut piece = Vec::new();
        while piece.len() < STACK {
            let at = sp.wrapping_add(piece.len() as u64);
            let bytes = self.memory.bytes_at(at);
            if bytes.is_empty() {
                break;
            }
            let room = bytes.len().min(STACK - piece.len());
            piece.extend_from_slice(&bytes[..room]);
        }
        piece
    }

    /// The registers that the kernel has put on the signal stack that `sp` is on, if it is on one: the
    /// uppermost ones, of what the first of the signals interrupted. Mirrors struct ucontext of Linux
    /// for amd64.
    fn interrupted(&self, sp: u64) -> Option<Regs> {
        /// What code that is not the kernel's runs with.
        const USER_CS: u64 = 0x33;
        let piece = self.piece(sp);
        let word = |at: usize| -> Option<u64> {
            let bytes = piece.get(at..at.checked_add(8)?)?;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        };
        let mut found = None;
        for at in (0..piece.len().saturating_sub(200)).step_by(8) {
            // uc_link, then the stack that the signal is handled on.
            let (link, base, size) = (word(at + 8)?, word(at + 16)?, word(at + 32)?);
            let is_here = |base: u64| (base..base.saturating_add(size)).contains(&sp);
            if link != 0 || size == 0 || size > MAX_SIGNAL_STACK || !is_here(base) {
                continue;
            }
            let reg = |n: usize| word(at + 40 + 8 * n);
            if reg(18)? & 0xffff != USER_CS || self.space.object_at(reg(16)?).is_none() {
                continue;
            }
            found = Some(Regs {
                ip: reg(16)?,
                sp: reg(15)?,
                bp: reg(10)?,
                bx: reg(11)?,
                r12_15: [reg(4)?, reg(5)?, reg(6)?, reg(7)?],
            });
        }
        found
    }
}

/// Where the parts of a program that it cannot write to are in memory, and in the file.
fn constant_parts(
    segments: &[gobin::Segment],
    bias: u64,
) -> impl Iterator<Item = (u64, Range<usize>)> + '_ {
    let constant = segments.iter().filter(|s| !s.writable);
    constant.filter_map(move |s| {
        let from = usize::try_from(s.offset).ok()?;
        let to = usize::try_from(s.offset.checked_add(s.filesz)?).ok()?;
        Some((bias.wrapping_add(s.vaddr), from..to))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_writes_to_is_not_taken_from_its_file() {
        let segment = |vaddr, writable| gobin::Segment {
            vaddr,
            memsz: 0x20,
            offset: 0x100,
            filesz: 0x10,
            align: 0,
            readable: true,
            writable,
            executable: false,
        };
        let segments = [segment(0x1000, false), segment(0x2000, true)];
        let parts: Vec<_> = constant_parts(&segments, 0x10_0000).collect();
        assert_eq!(parts, [(0x10_1000, 0x100..0x110)]);
    }
}
