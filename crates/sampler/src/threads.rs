//! What the runtime says of a thread at the moment of a sample: which goroutine it runs, where that
//! left its stack, and its labels.

use std::cell::OnceCell;

use goruntime::{G, GAddr, Runtime};
use rustc_hash::FxHashMap;
use target::perf::Regs;
use target::{LiveMemory, Process};

use crate::unwind::Thread;

/// Reads threads of one process.
#[derive(Debug)]
pub struct Threads<'a> {
    process: Process,
    /// Empty as long as the target's runtime has not been found.
    runtime: &'a OnceCell<Runtime>,
    memory: &'a LiveMemory,
    /// The target is in a pid namespace of its own, whose thread ids its runtime knows.
    namespaced: bool,
    inner: FxHashMap<u32, u32>,
}

/// One thread.
#[derive(Clone, Debug, Default)]
pub struct Current {
    /// For the unwinder.
    pub thread: Thread,
    /// Address of the label set of its goroutine; 0 for none.
    pub labels: u64,
    /// Its goroutine, by address and number.
    pub goroutine: Option<(GAddr, u64)>,
}

impl<'a> Threads<'a> {
    /// A reader; it knows nothing as long as `runtime` is empty.
    pub fn new(process: Process, runtime: &'a OnceCell<Runtime>, memory: &'a LiveMemory) -> Self {
        Threads {
            process,
            runtime,
            memory,
            namespaced: process
                .inner_pid()
                .is_some_and(|inner| inner != process.pid()),
            inner: FxHashMap::default(),
        }
    }

    /// The thread `tid`, whose registers were `regs`.
    pub fn current(&mut self, tid: u32, regs: &Regs) -> Current {
        let Some(runtime) = self.runtime.get() else {
            return Current::default();
        };
        // Go code keeps its goroutine in r14: exact for the moment of the sample, which what
        // memory says a little later is not.
        let own = runtime.g_if(self.memory, regs.r12_15[2], regs.sp);
        let m = match own.as_ref().and_then(|g| g.m) {
            Some(m) => runtime.read_m(self.memory, m).ok(),
            None => {
                let tid = self.inner_tid(tid);
                runtime.m(self.memory, tid)
            }
        };
        let is_user = |g: &G| {
            let addr = Some(g.addr);
            m.as_ref().is_none_or(|m| m.g0 != addr && m.gsignal != addr)
        };
        let g = own
            .filter(is_user)
            .or_else(|| m.as_ref().and_then(|m| runtime.curg(self.memory, m)));
        let Some(g) = g else {
            return Current::default();
        };
        Current {
            thread: Thread {
                sched_pc: g.sched.pc,
                sched_sp: g.sched.sp,
                stack_lo: g.stack.lo,
                stack_hi: g.stack.hi,
                syscall_pc: g.syscall.pc,
                syscall_sp: g.syscall.sp,
            },
            labels: g.labels,
            goroutine: Some((g.addr, g.goid)),
        }
    }

    /// The label set at an address that [`Current::labels`] gave.
    pub fn labels(&self, address: u64) -> Vec<(String, String)> {
        if address == 0 {
            return Vec::new();
        }
        self.runtime
            .get()
            .and_then(|r| r.labels(self.memory, address))
            .unwrap_or_default()
    }

    fn inner_tid(&mut self, tid: u32) -> u32 {
        if !self.namespaced {
            return tid;
        }
        let process = self.process;
        *self
            .inner
            .entry(tid)
            .or_insert_with(|| process.inner_tid(tid).unwrap_or(tid))
    }
}
