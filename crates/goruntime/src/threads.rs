//! A live process's threads and what they run: from a kernel thread to its M, its goroutine, its
//! stacks. Mirrors src/runtime/proc.go (allm, mcommoninit, mexit, needm).

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use target::{Memory, MemoryError};

use crate::capabilities::Ability;
use crate::labels::{self, Label};
use crate::layout::MLayout;
use crate::runtime::Runtime;
use crate::structs::{G, GAddr, M, MAddr, Stack, Status};

/// A longer list of threads is not believed; Go's own limit is 10000 unless the program raises it.
const MAX_THREADS: usize = 1 << 17;

/// All threads of the list whose head is at `allm`, newest first.
pub(crate) fn walk(mem: &dyn Memory, layout: &MLayout, allm: u64) -> Result<Vec<M>, String> {
    let read = |e: MemoryError| format!("list of threads: {e}");
    let mut next = mem.read_u64(allm).map_err(read)?;
    let mut all = Vec::new();
    while next != 0 {
        if !next.is_multiple_of(8) || all.len() >= MAX_THREADS {
            return Err("list of threads: it does not end".to_owned());
        }
        let m = M::read(mem, layout, MAddr(next)).map_err(read)?;
        next = m.alllink.map_or(0, |m| m.0);
        // A cycle comes back to a thread seen before; its first is the cheapest to tell.
        if all.first().is_some_and(|first: &M| first.addr.0 == next) {
            return Err("list of threads: it does not end".to_owned());
        }
        all.push(m);
    }
    Ok(all)
}

/// Which M each kernel thread is, as far as it was seen.
#[derive(Debug, Default)]
pub(crate) struct Threads(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_tid: FxHashMap<u32, MAddr>,
    /// The newest thread at the last walk.
    head: u64,
    /// Threads that had no kernel thread at the last walk.
    unbound: Vec<MAddr>,
    /// How often a tid was asked for in vain.
    misses: FxHashMap<u32, u32>,
}

impl Runtime {
    /// The M of a kernel thread, by its id in the program's own pid namespace. `None` for a thread
    /// that Go does not know, as those of a C library.
    pub fn m_of_tid(&self, mem: &dyn Memory, tid: u32) -> Option<MAddr> {
        Some(self.m(mem, tid)?.addr)
    }

    /// The same, with what the M holds: one read when the thread is known, a bounded walk of the
    /// list of threads when it is new.
    pub fn m(&self, mem: &dyn Memory, tid: u32) -> Option<M> {
        if !self.capabilities().has(Ability::Threads) {
            return None;
        }
        let mut known = self
            .threads
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_it = |m: MAddr| {
            self.read_m(mem, m)
                .ok()
                .filter(|m| m.procid == u64::from(tid))
        };
        if let Some(m) = known.by_tid.get(&tid) {
            if let Some(m) = is_it(*m) {
                return Some(m);
            }
            known.by_tid.remove(&tid);
        }
        let found = if mem.read_u64(self.roots().allm).ok()? != known.head {
            self.walk_threads(mem, &mut known);
            known.by_tid.get(&tid).copied()
        } else if let Some(m) = known.unbound.iter().copied().find(|m| is_it(*m).is_some()) {
            known.unbound.retain(|u| *u != m);
            known.by_tid.insert(tid, m);
            Some(m)
        } else {
            // Before Go 1.23 an M that C threads share can change its thread without any sign; to
            // look for that on each sample of each C thread would cost too much.
            let misses = known.misses.entry(tid).or_default();
            *misses = misses.saturating_add(1);
            let look_again = misses.is_power_of_two();
            if look_again {
                self.walk_threads(mem, &mut known);
            }
            known.by_tid.get(&tid).copied()
        };
        found.and_then(is_it)
    }

    /// Looks again which threads there are. Only needed to forget threads that have ended.
    pub fn refresh_threads(&self, mem: &dyn Memory) {
        let mut known = self
            .threads
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.walk_threads(mem, &mut known);
    }

    fn walk_threads(&self, mem: &dyn Memory, known: &mut Known) {
        // A walk can break when a thread ends under it; what was known before is still checked at
        // each use.
        let Ok(all) = walk(mem, &self.layouts().m, self.roots().allm) else {
            return;
        };
        known.head = all.first().map_or(0, |m| m.addr.0);
        known.by_tid.clear();
        known.unbound.clear();
        for m in &all {
            let Ok(tid) = u32::try_from(m.procid) else {
                continue;
            };
            if tid == 0 {
                known.unbound.push(m.addr);
                continue;
            }
            // Two threads of one id: the one that runs something is it, the other was left behind
            // by a C thread.
            let taken = known.by_tid.contains_key(&tid);
            if !taken || self.runs_something(mem, m) {
                known.by_tid.insert(tid, m.addr);
                known.misses.remove(&tid);
            }
        }
    }

    fn runs_something(&self, mem: &dyn Memory, m: &M) -> bool {
        self.curg(mem, m).is_some()
    }

    /// All threads, newest first.
    pub fn all_m(&self, mem: &dyn Memory) -> Vec<M> {
        if !self.capabilities().has(Ability::Threads) {
            return Vec::new();
        }
        walk(mem, &self.layouts().m, self.roots().allm).unwrap_or_default()
    }

    /// What an M holds, in one read.
    pub fn read_m(&self, mem: &dyn Memory, m: MAddr) -> Result<M, MemoryError> {
        M::read(mem, &self.layouts().m, m)
    }

    /// What a goroutine holds, in one read. What could not be proved of goroutines is zero.
    pub fn read_g(&self, mem: &dyn Memory, g: GAddr) -> Result<G, MemoryError> {
        let g = G::read(mem, &self.layouts().g, g)?;
        Ok(self.without_unproved(g))
    }

    /// The same goroutine with zeros for what could not be proved of goroutines.
    pub(crate) fn without_unproved(&self, mut g: G) -> G {
        if self.is_proved() {
            return g;
        }
        if !self.capabilities().has(Ability::Labels) {
            g.labels = 0;
        }
        if !self.capabilities().has(Ability::Syscalls) {
            g.syscall = Default::default();
        }
        if !self.capabilities().has(Ability::Goroutines) {
            g.goid = 0;
            g.startpc = 0;
            g.gopc = 0;
            g.parent_goid = 0;
            g.sched = Default::default();
        }
        g
    }

    /// The goroutine at `addr`, an address from an unsure place as a register, if there is one and
    /// `sp` is on its stack.
    pub fn g_if(&self, mem: &dyn Memory, addr: u64, sp: u64) -> Option<G> {
        if addr == 0 || !addr.is_multiple_of(8) {
            return None;
        }
        let g = self.read_g(mem, GAddr(addr)).ok()?;
        (g.stack.contains(sp) && g.status.is_some_and(Status::is_alive)).then_some(g)
    }

    /// The goroutine that an M runs; none while the M is kept for a C thread that is not in Go.
    pub fn curg(&self, mem: &dyn Memory, m: &M) -> Option<G> {
        let g = self.read_g(mem, m.curg?).ok()?;
        g.status.is_some_and(Status::is_alive).then_some(g)
    }

    /// Bounds of the thread's own stack; of a thread that C made they are a guess of the runtime.
    pub fn g0_stack(&self, mem: &dyn Memory, m: &M) -> Option<Stack> {
        self.stack(mem, m.g0?)
    }

    /// Bounds of the stack that signals are handled on.
    pub fn gsignal_stack(&self, mem: &dyn Memory, m: &M) -> Option<Stack> {
        self.stack(mem, m.gsignal?)
    }

    fn stack(&self, mem: &dyn Memory, g: GAddr) -> Option<Stack> {
        let g = self.read_g(mem, g).ok()?;
        (g.stack.lo < g.stack.hi).then_some(g.stack)
    }

    /// The labels at the address that [`G::labels`] holds, sorted by key; none at 0, `None` if
    /// there is no label set.
    pub fn labels(&self, mem: &dyn Memory, address: u64) -> Option<Vec<Label>> {
        labels::read(mem, address, self.layouts().labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Release;
    use crate::testing::FakeProcess;

    fn attached() -> (FakeProcess, Runtime) {
        let process = FakeProcess::new(Release {
            minor: 22,
            patch: 1,
        });
        let runtime = Runtime::attach_program(&process.mem, &process, &process.tids());
        (process, runtime.expect("an intact process"))
    }

    #[test]
    fn threads_are_found_by_their_kernel_id() {
        let (mut process, runtime) = attached();
        let check = |process: &FakeProcess, tid: u32, expect: Option<usize>| {
            let m = runtime.m(&process.mem, tid);
            assert_eq!(
                m.as_ref().map(|m| m.addr.0),
                expect.map(|i| process.ms[i]),
                "thread {tid}"
            );
            assert!(m.is_none_or(|m| m.procid == u64::from(tid)));
        };
        check(&process, 100, Some(0));
        check(&process, 101, Some(1));
        check(&process, 102, None);
        // A thread that starts later.
        process.add_m(102);
        check(&process, 102, Some(2));
        // One that is in the list before it has a kernel thread.
        process.add_m(0);
        check(&process, 103, None);
        process
            .mem
            .set(process.ms[3], process.layouts.m.procid, 103);
        check(&process, 103, Some(3));
        // One that goes over to another kernel thread.
        process
            .mem
            .set(process.ms[3], process.layouts.m.procid, 104);
        check(&process, 103, None);
        check(&process, 104, Some(3));
    }

    #[test]
    fn of_two_threads_with_one_id_the_running_one_is_it() {
        for runs in [0, 1] {
            let (process, runtime) = attached();
            process
                .mem
                .set(process.ms[0], process.layouts.m.procid, 100);
            process
                .mem
                .set(process.ms[1], process.layouts.m.procid, 100);
            process.mem.set(process.gs[0], process.layouts.g.status, 6);
            process.run(1 - runs, 1);
            process.mem.set(process.gs[1], process.layouts.g.status, 6);
            process.run(runs, 2);
            assert_eq!(
                runtime.m_of_tid(&process.mem, 100),
                Some(MAddr(process.ms[runs]))
            );
        }
    }

    #[test]
    fn from_thread_to_goroutine() {
        let (process, runtime) = attached();
        let m = runtime.m(&process.mem, 100).expect("thread 100");
        let g = runtime.curg(&process.mem, &m).expect("it runs a goroutine");
        assert_eq!(
            (g.goid, g.status, g.m),
            (1, Some(Status::Running), Some(m.addr))
        );
        let sp = g.stack.lo + 8;
        assert_eq!(runtime.g_if(&process.mem, g.addr.0, sp), Some(g.clone()));
        assert_eq!(runtime.g_if(&process.mem, g.addr.0, g.stack.hi), None);
        assert_eq!(runtime.g_if(&process.mem, g.addr.0 + 4, sp), None);
        assert_eq!(runtime.g_if(&process.mem, 8, sp), None);
        let (g0, gsignal) = (
            runtime.g0_stack(&process.mem, &m),
            runtime.gsignal_stack(&process.mem, &m),
        );
        assert!(g0.is_some() && gsignal.is_some() && g0 != gsignal && g0 != Some(g.stack));
    }
}
