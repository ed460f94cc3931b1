//! What is proved on the process before it is believed.
//!
//! A layout that is off by a word gives numbers, not errors. So each layout is tried against what
//! must hold in any Go process: the list of threads ends at the first one, every thread's own
//! goroutine points back to it, thread ids are threads of the process, goroutines begin where
//! functions begin, no two have one number. The process runs meanwhile: what changed between two
//! reads is read again, and only what contradicts itself while nothing moves counts.

use std::collections::HashSet;

use target::Memory;

use crate::capabilities::{Ability, Capabilities};
use crate::goroutines::wait_reasons;
use crate::labels;
use crate::layout::Layouts;
use crate::structs::{G, GAddr, M, MAddr, P, Stack, Status};
use crate::threads::walk;

/// What proofs ask of the program's code; addresses are those of the process.
pub(crate) trait Code {
    /// Whether a function begins here.
    fn is_entry(&self, pc: u64) -> bool;
    /// Whether this is in a Go function.
    fn is_code(&self, pc: u64) -> bool;
    /// Whether this is in `runtime.main`.
    fn is_main(&self, pc: u64) -> bool;
}

/// Addresses in the process of the globals that proofs begin at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roots {
    pub allm: u64,
    pub m0: Option<u64>,
    pub allglen: Option<u64>,
    pub allgptr: Option<u64>,
    pub allp: Option<u64>,
    pub gomaxprocs: Option<u64>,
    pub wait_reasons: Option<u64>,
}

/// How often something that moves is read.
const TRIES: u32 = 16;
/// How many contradictions in a row, with nothing moving, refute a layout.
const CONTRADICTIONS: u32 = 4;
/// So many threads and goroutines are looked at.
const SAMPLE: usize = 128;
/// No goroutine's stack is bigger.
const MAX_STACK: u64 = 1 << 32;
/// No process has more goroutines: their stacks alone would take a quarter of a terabyte.
pub(crate) const MAX_GOROUTINES: u64 = 1 << 27;
/// No process has more processors.
const MAX_PROCESSORS: u64 = 1 << 16;

/// Tries `layouts` on the process whose threads have the ids `tids`.
pub(crate) fn prove(
    mem: &dyn Memory,
    layouts: &Layouts,
    roots: &Roots,
    code: &dyn Code,
    tids: &[u32],
) -> Capabilities {
    let mut caps = Capabilities::default();
    let prover = Prover {
        mem,
        layouts,
        roots,
        code,
        tids,
    };
    if !caps.note(Ability::Threads, prover.threads()) {
        for ability in Ability::ALL {
            caps.note(ability, Err("the threads could not be proved".to_owned()));
        }
        return caps;
    }
    match prover.goroutines() {
        Ok(sample) => {
            caps.note(Ability::Syscalls, prover.syscalls(&sample));
            caps.note(Ability::Labels, prover.labels(&sample));
        }
        Err((ability, why)) => {
            caps.note(ability, Err(why.clone()));
            if ability == Ability::Goroutines {
                caps.note(Ability::AllGoroutines, Err(why));
            }
            // Without a list of goroutines the fields of none can be tried.
            let why = "no goroutines to prove it on";
            caps.note(Ability::Goroutines, Err(why.to_owned()));
            caps.note(Ability::Syscalls, Err(why.to_owned()));
            caps.note(Ability::Labels, Err(why.to_owned()));
        }
    }
    caps.note(Ability::Processors, prover.processors());
    caps.note(Ability::WaitReasons, prover.wait_reasons());
    caps
}

struct Prover<'a> {
    mem: &'a dyn Memory,
    layouts: &'a Layouts,
    roots: &'a Roots,
    code: &'a dyn Code,
    tids: &'a [u32],
}

/// What one look at something that moves can say.
enum Look {
    Holds,
    Moved,
    Contradicts(String),
}

/// Looks until it holds; fails on contradictions in a row, and lets pass what moved all the time.
fn look(mut once: impl FnMut() -> Look) -> Result<(), String> {
    let mut contradictions = 0;
    for _ in 0..TRIES {
        match once() {
            Look::Holds => return Ok(()),
            Look::Moved => contradictions = 0,
            Look::Contradicts(why) => {
                contradictions += 1;
                if contradictions == CONTRADICTIONS {
                    return Err(why);
                }
            }
        }
    }
    Ok(())
}

impl Prover<'_> {
    fn g(&self, addr: GAddr) -> Result<G, String> {
        G::read(self.mem, &self.layouts.g, addr).map_err(|e| e.to_string())
    }

    fn threads(&self) -> Result<(), String> {
        // Threads that end meanwhile can break the walk, and their memory is used again.
        let once = || {
            let list = self.thread_list()?;
            sample(&list).try_for_each(|m| self.thread(m))
        };
        (0..CONTRADICTIONS)
            .try_fold(String::new(), |_, _| once().err())
            .map_or(Ok(()), Err)
    }

    fn thread_list(&self) -> Result<Vec<M>, String> {
        let ms = walk(self.mem, &self.layouts.m, self.roots.allm)?;
        let last = ms.last().ok_or("the list of threads is empty")?;
        if last.id != 0 {
            return Err(format!(
                "the list of threads ends at m{}, not at m0",
                last.id
            ));
        }
        if let Some(m0) = self.roots.m0
            && last.addr != MAddr(m0)
        {
            return Err("the list of threads does not end at runtime.m0".to_owned());
        }
        let mut ids = HashSet::new();
        if let Some(twice) = ms.iter().find(|m| m.id < 0 || !ids.insert(m.id)) {
            return Err(format!("two threads are m{}", twice.id));
        }
        // Threads come and go between the caller's list and ours, so not all ids need agree.
        let bound = ms.iter().filter(|m| m.procid != 0);
        let known = bound
            .clone()
            .filter(|m| self.tids.iter().any(|t| u64::from(*t) == m.procid));
        let (bound, known) = (bound.count(), known.count());
        if known == 0 || known * 2 < bound {
            return Err(format!(
                "only {known} of {bound} threads are threads of the process"
            ));
        }
        Ok(ms)
    }

    /// One thread: its own goroutines and the one it runs point back to it.
    fn thread(&self, m: &M) -> Result<(), String> {
        let id = m.id;
        let g0 = m.g0.ok_or_else(|| format!("m{id} has no g0"))?;
        for (name, g) in [("g0", Some(g0)), ("gsignal", m.gsignal)] {
            let Some(addr) = g else {
                continue;
            };
            look(|| match self.g(addr) {
                Ok(g) if g.m != Some(m.addr) => {
                    Look::Contradicts(format!("{name} of m{id} is of another thread"))
                }
                // A thread that C is about to start has no bounds yet, or only a size.
                Ok(g) if g.stack.lo != 0 && g.stack.hi <= g.stack.lo => {
                    Look::Contradicts(format!("{name} of m{id} has no stack"))
                }
                Ok(_) => Look::Holds,
                Err(why) => Look::Contradicts(format!("{name} of m{id}: {why}")),
            })?;
        }
        let curg = || {
            M::read(self.mem, &self.layouts.m, m.addr)
                .ok()
                .and_then(|m| m.curg)
        };
        look(|| {
            let Some(addr) = curg() else {
                return Look::Holds;
            };
            let g = self.g(addr);
            if curg() != Some(addr) {
                return Look::Moved;
            }
            match g {
                Err(why) => Look::Contradicts(format!("current goroutine of m{id}: {why}")),
                Ok(g) if g.m != Some(m.addr) => Look::Contradicts(format!(
                    "the current goroutine of m{id} is of another thread"
                )),
                Ok(g) if g.status.is_none() => {
                    Look::Contradicts(format!("the current goroutine of m{id} has no status"))
                }
                Ok(g) if !is_stack(g.stack) => {
                    Look::Contradicts(format!("the current goroutine of m{id} has no stack"))
                }
                Ok(_) => Look::Holds,
            }
        })
    }

    /// A sample of all goroutines that hold what must hold.
    fn goroutines(&self) -> Result<Vec<GAddr>, (Ability, String)> {
        let list = |why: &str| (Ability::AllGoroutines, why.to_owned());
        let len = self
            .roots
            .allglen
            .ok_or_else(|| list("runtime.allglen was not found"))?;
        let ptr = self
            .roots
            .allgptr
            .ok_or_else(|| list("runtime.allgptr was not found"))?;
        // The runtime publishes the pointer before the length.
        let word = |at| self.mem.read_u64(at).map_err(|e| list(&e.to_string()));
        let (len, ptr) = (word(len)?, word(ptr)?);
        if len == 0 || len > MAX_GOROUTINES {
            return Err(list(&format!("{len} goroutines")));
        }
        let picks: Vec<u64> = sample(&(0..len.min(1 << 20)).collect::<Vec<_>>())
            .copied()
            .collect();
        let mut addrs = Vec::with_capacity(picks.len());
        for i in picks {
            addrs.push(GAddr(word(ptr.wrapping_add(i * 8))?));
        }
        let mut distinct = addrs.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() != addrs.len() || addrs.iter().any(|g| g.0 == 0 || !g.0.is_multiple_of(8))
        {
            return Err(list("the list of goroutines is none"));
        }
        self.numbers(&addrs)
            .map_err(|why| (Ability::Goroutines, why))?;
        for g in &addrs {
            look(|| self.goroutine(*g)).map_err(|why| (Ability::Goroutines, why))?;
        }
        Ok(addrs)
    }

    fn numbers(&self, addrs: &[GAddr]) -> Result<(), String> {
        look(|| {
            let mut seen = HashSet::new();
            for addr in addrs {
                match self.g(*addr) {
                    Ok(g) if g.status.is_some_and(Status::is_alive) && !seen.insert(g.goid) => {
                        return Look::Contradicts(format!("two goroutines are number {}", g.goid));
                    }
                    Ok(_) => {}
                    Err(why) => return Look::Contradicts(why),
                }
            }
            Look::Holds
        })
    }

    fn goroutine(&self, addr: GAddr) -> Look {
        let g = match self.g(addr) {
            Ok(g) => g,
            Err(why) => return Look::Contradicts(why),
        };
        let goid = g.goid;
        let Some(status) = g.status else {
            return Look::Contradicts(format!("goroutine {goid} has no status"));
        };
        if !status.is_alive() {
            return Look::Holds;
        }
        let fault = if goid == 0 {
            "has no number"
        } else if !is_stack(g.stack) {
            "has no stack"
        } else if g.startpc != 0 && !self.code.is_entry(g.startpc) {
            "does not start at a function"
        } else if goid == 1 && !self.code.is_main(g.startpc) {
            "does not start at runtime.main"
        } else if g.gopc != 0 && !self.code.is_code(g.gopc) {
            "was not made by Go code"
        } else if matches!(status, Status::Waiting | Status::Runnable | Status::Leaked)
            && !(self.code.is_code(g.sched.pc) && g.stack.contains(g.sched.sp))
        {
            "does not wait in Go code on its stack"
        } else {
            return Look::Holds;
        };
        self.unless_moved(&g, fault)
    }

    /// A contradiction, unless the goroutine went on meanwhile.
    fn unless_moved(&self, seen: &G, fault: &str) -> Look {
        match self.g(seen.addr) {
            Ok(now) if now == *seen => {
                Look::Contradicts(format!("goroutine {} {fault}", seen.goid))
            }
            Ok(_) => Look::Moved,
            Err(why) => Look::Contradicts(why),
        }
    }

    fn syscalls(&self, addrs: &[GAddr]) -> Result<(), String> {
        let g = &self.layouts.g;
        if g.syscallsp.is_none() || g.syscallpc.is_none() {
            return Err("runtime.g has no syscallsp or syscallpc".to_owned());
        }
        for addr in addrs {
            look(|| match self.g(*addr) {
                Ok(g) if g.status != Some(Status::Syscall) || g.syscall.sp == 0 => Look::Holds,
                Ok(g) if self.code.is_code(g.syscall.pc) && g.stack.contains(g.syscall.sp) => {
                    Look::Holds
                }
                Ok(g) => self.unless_moved(
                    &g,
                    "did not enter its system call from Go code on its stack",
                ),
                Err(why) => Look::Contradicts(why),
            })?;
        }
        Ok(())
    }

    fn labels(&self, addrs: &[GAddr]) -> Result<(), String> {
        if self.layouts.g.labels.is_none() {
            return Err("runtime.g has no labels".to_owned());
        }
        for addr in addrs {
            look(|| match self.g(*addr) {
                Ok(g) if !g.status.is_some_and(Status::is_alive) => Look::Holds,
                Ok(g) if labels::read(self.mem, g.labels, self.layouts.labels).is_some() => {
                    Look::Holds
                }
                Ok(g) => match self.g(g.addr) {
                    Ok(now) if now.labels == g.labels && now.goid == g.goid => {
                        Look::Contradicts(format!("the labels of goroutine {} are none", g.goid))
                    }
                    _ => Look::Moved,
                },
                Err(why) => Look::Contradicts(why),
            })?;
        }
        Ok(())
    }

    fn wait_reasons(&self) -> Result<(), String> {
        let at = self.roots.wait_reasons;
        let at = at.ok_or("runtime.waitReasonStrings was not found")?;
        if self.layouts.g.waitreason.is_none() {
            return Err("runtime.g has no waitreason".to_owned());
        }
        wait_reasons(self.mem, at).map(drop)
    }

    fn processors(&self) -> Result<(), String> {
        let allp = self.roots.allp.ok_or("runtime.allp was not found")?;
        let word = |at| self.mem.read_u64(at).map_err(|e| e.to_string());
        let (ptr, len) = (word(allp)?, word(allp.wrapping_add(8))?);
        if len == 0 || len > MAX_PROCESSORS {
            return Err(format!("{len} processors"));
        }
        if let Some(gomaxprocs) = self.roots.gomaxprocs {
            let n = self.mem.read_u32(gomaxprocs).map_err(|e| e.to_string())?;
            if u64::from(n) != len {
                return Err(format!("{len} processors, but GOMAXPROCS is {n}"));
            }
        }
        for i in 0..len {
            let addr = word(ptr.wrapping_add(i * 8))?;
            let p = P::read(self.mem, &self.layouts.p, addr).map_err(|e| e.to_string())?;
            if p.id as u64 != i || p.status > 4 {
                return Err(format!(
                    "processor {i} is number {} in state {}",
                    p.id, p.status
                ));
            }
        }
        Ok(())
    }
}

/// The first, the last and some between.
fn sample<T>(all: &[T]) -> impl Iterator<Item = &T> {
    let step = all.len().div_ceil(SAMPLE).max(1);
    let last = if all.len() % step == 1 % step {
        None
    } else {
        all.last()
    };
    all.iter().step_by(step).chain(last)
}

fn is_stack(stack: Stack) -> bool {
    stack.lo != 0 && stack.lo < stack.hi && stack.hi - stack.lo <= MAX_STACK
}

#[cfg(test)]
mod tests;
