//! Threads, goroutines and processors as the runtime keeps them, each read in one read.

use target::{Memory, MemoryError};

use crate::layout::{GLayout, MLayout, PLayout};
use crate::read::{View, Window};

/// Address of a `runtime.m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MAddr(pub u64);

/// Address of a `runtime.g`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GAddr(pub u64);

/// Bounds of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Lowest address.
    pub lo: u64,
    /// First address above.
    pub hi: u64,
}

impl Stack {
    /// Whether a stack pointer is in these bounds; at `hi` the stack is empty.
    pub fn contains(self, sp: u64) -> bool {
        self.lo <= sp && sp < self.hi
    }
}

/// Where execution goes on: stack pointer, program counter, frame pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regs {
    /// Stack pointer.
    pub sp: u64,
    /// Program counter.
    pub pc: u64,
    /// Frame pointer, 0 where it is not kept.
    pub bp: u64,
}

/// What a goroutine does, from `atomicstatus` without the scan bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Just made.
    Idle,
    /// In a run queue.
    Runnable,
    /// On a thread.
    Running,
    /// In a system call or in C.
    Syscall,
    /// Blocked in the runtime.
    Waiting,
    /// Not used; its other fields are of its last life.
    Dead,
    /// Its stack is being moved.
    Copystack,
    /// Stopped by the runtime.
    Preempted,
    /// Blocked for ever, as the garbage collector found.
    Leaked,
    /// Kept for a C thread that is not in Go.
    DeadExtra,
}

impl Status {
    /// The scan bit, set while the garbage collector holds the goroutine's stack.
    const SCAN: u64 = 0x1000;

    fn of(raw: u64) -> Option<Status> {
        Some(match raw & !Status::SCAN {
            0 => Status::Idle,
            1 => Status::Runnable,
            2 => Status::Running,
            3 => Status::Syscall,
            4 => Status::Waiting,
            6 => Status::Dead,
            8 => Status::Copystack,
            9 => Status::Preempted,
            10 => Status::Leaked,
            11 => Status::DeadExtra,
            _ => return None,
        })
    }

    /// Whether there is a goroutine at all.
    pub fn is_alive(self) -> bool {
        !matches!(self, Status::Idle | Status::Dead | Status::DeadExtra)
    }
}

/// A goroutine. What its version does not have is 0 or `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct G {
    /// Where it is kept.
    pub addr: GAddr,
    /// Its number, from 1.
    pub goid: u64,
    /// Bounds of its stack.
    pub stack: Stack,
    /// Where it goes on when it is scheduled; of a running one this is old.
    pub sched: Regs,
    /// Where it entered the system call it is in; `sp` is 0 when it is in none, `bp` is 0 before
    /// Go 1.23.
    pub syscall: Regs,
    /// What it does; `None` for a number that no version uses.
    pub status: Option<Status>,
    /// The thread it runs on.
    pub m: Option<MAddr>,
    /// The thread it is locked to.
    pub lockedm: Option<MAddr>,
    /// Entry of its first function.
    pub startpc: u64,
    /// Return address of the `go` statement that made it.
    pub gopc: u64,
    /// The goroutine that made it; 0 before Go 1.21.
    pub parent_goid: u64,
    /// Where its labels are, for [`crate::labels::read`]; 0 for none.
    pub labels: u64,
    /// Why it waits, an index into the reasons of this version.
    pub waitreason: u8,
    /// Since when it waits, nanoseconds of CLOCK_MONOTONIC; mostly 0.
    pub waitsince: u64,
    /// The first `sudog` it waits on, or 0.
    pub waiting: u64,
    /// How often it has stopped running, modulo 256 (`trackingSeq`): tells whether it ran between
    /// two looks.
    pub runs: u8,
}

impl G {
    pub(crate) fn read(mem: &dyn Memory, layout: &GLayout, addr: GAddr) -> Result<G, MemoryError> {
        let w = Window::read(mem, addr.0, layout.span())?;
        Ok(G::parse(w.view(), layout, addr))
    }

    /// A goroutine whose bytes have been read.
    pub(crate) fn parse(w: View<'_>, layout: &GLayout, addr: GAddr) -> G {
        G {
            addr,
            goid: w.uint(layout.goid),
            stack: Stack {
                lo: w.uint(layout.stack_lo),
                hi: w.uint(layout.stack_hi),
            },
            sched: Regs {
                sp: w.uint(layout.sched_sp),
                pc: w.uint(layout.sched_pc),
                bp: w.uint_opt(layout.sched_bp),
            },
            syscall: Regs {
                sp: w.uint_opt(layout.syscallsp),
                pc: w.uint_opt(layout.syscallpc),
                bp: w.uint_opt(layout.syscallbp),
            },
            status: Status::of(w.uint(layout.status)),
            m: m_addr(w.uint(layout.m)),
            lockedm: m_addr(w.uint_opt(layout.lockedm)),
            startpc: w.uint(layout.startpc),
            gopc: w.uint_opt(layout.gopc),
            parent_goid: w.uint_opt(layout.parent_goid),
            labels: w.uint_opt(layout.labels),
            waitreason: w.uint_opt(layout.waitreason) as u8,
            waitsince: w.uint_opt(layout.waitsince),
            waiting: w.uint_opt(layout.waiting),
            runs: w.uint_opt(layout.tracking_seq) as u8,
        }
    }
}

/// A thread. What its version does not have is 0 or `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct M {
    /// Where it is kept.
    pub addr: MAddr,
    /// Its number; the first thread is 0.
    pub id: i64,
    /// The goroutine whose stack is the thread's own.
    pub g0: Option<GAddr>,
    /// The goroutine whose stack signals are handled on.
    pub gsignal: Option<GAddr>,
    /// The goroutine it runs.
    pub curg: Option<GAddr>,
    /// Address of the processor it holds, or 0.
    pub p: u64,
    /// The thread's id in the program's own pid namespace; 0 while it has no thread.
    pub procid: u64,
    /// The next of the list of all threads.
    pub alllink: Option<MAddr>,
    /// Whether it runs C code.
    pub incgo: bool,
    /// How many C calls are on its stack.
    pub ncgo: i32,
    /// Non-zero while it allocates.
    pub mallocing: i32,
    /// How many runtime locks it holds.
    pub locks: i32,
    /// Whether it looks for work.
    pub spinning: bool,
    /// Stack pointer at the entry of a vDSO call, or 0.
    pub vdso_sp: u64,
    /// Program counter at the entry of a vDSO call.
    pub vdso_pc: u64,
    /// The goroutine locked to it.
    pub lockedg: Option<GAddr>,
}

impl M {
    pub(crate) fn read(mem: &dyn Memory, layout: &MLayout, addr: MAddr) -> Result<M, MemoryError> {
        let w = Window::read(mem, addr.0, layout.span())?;
        Ok(M {
            addr,
            id: w.uint(layout.id) as i64,
            g0: g_addr(w.uint(layout.g0)),
            gsignal: g_addr(w.uint(layout.gsignal)),
            curg: g_addr(w.uint(layout.curg)),
            p: w.uint_opt(layout.p),
            procid: w.uint(layout.procid),
            alllink: m_addr(w.uint(layout.alllink)),
            incgo: w.uint_opt(layout.incgo) != 0,
            ncgo: w.uint_opt(layout.ncgo) as i32,
            mallocing: w.uint_opt(layout.mallocing) as i32,
            locks: w.uint_opt(layout.locks) as i32,
            spinning: w.uint_opt(layout.spinning) != 0,
            vdso_sp: w.uint_opt(layout.vdso_sp),
            vdso_pc: w.uint_opt(layout.vdso_pc),
            lockedg: g_addr(w.uint_opt(layout.lockedg)),
        })
    }
}

/// A processor: the right to run Go code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct P {
    /// Its index in `allp`.
    pub id: i32,
    /// `_Pidle` 0, `_Prunning` 1, `_Psyscall` 2, `_Pgcstop` 3, `_Pdead` 4.
    pub status: u32,
    /// The thread that holds it.
    pub m: Option<MAddr>,
}

impl P {
    pub(crate) fn read(mem: &dyn Memory, layout: &PLayout, addr: u64) -> Result<P, MemoryError> {
        let w = Window::read(mem, addr, layout.span())?;
        Ok(P {
            id: w.uint(layout.id) as i32,
            status: w.uint(layout.status) as u32,
            m: m_addr(w.uint(layout.m)),
        })
    }
}

fn g_addr(raw: u64) -> Option<GAddr> {
    (raw != 0).then_some(GAddr(raw))
}

fn m_addr(raw: u64) -> Option<MAddr> {
    (raw != 0).then_some(MAddr(raw))
}
