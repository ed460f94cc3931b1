//! From registers, a piece of stack and the kernel's frame-pointer chain to the stack of callers.
//!
//! The kernel's chain alone is not enough: it skips the caller of every function that has set up no
//! frame (leaves, prologues, assembly), and where stacks are switched it goes astray. So Go frames
//! are unwound by the tables the runtime itself uses (pcsp), C frames by .eh_frame, over the stack
//! that came with the sample; the chain continues where that stack ends. Memory is read from the
//! live process only where both end, and then it is checked that what was found is a call.
//!
//! Mirrors runtime/traceback.go and the stack switches of runtime/asm_amd64.s.

use gobin::{Func, FuncId};
use target::Memory;
use target::perf::Regs;

use crate::space::Space;

mod end;
mod go;
mod native;

pub use end::End;

/// Deeper stacks are cut at the root side.
pub const MAX_FRAMES: usize = 1024;

/// What a sample gives to unwind from.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Registers of the thread.
    pub regs: Regs,
    /// The stack from `regs.sp` up.
    pub stack: &'a [u8],
    /// The frame-pointer chain, the leaf's pc first; empty if there is none.
    pub chain: &'a [u64],
    /// What the runtime says of the thread.
    pub thread: Thread,
}

/// Where the thread's goroutine left its own stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thread {
    /// `sched` of the goroutine that the thread runs (m.curg): pc, sp and bp at which it left for
    /// the system stack. Zero if not known.
    pub sched_pc: u64,
    /// See `sched_pc`.
    pub sched_sp: u64,
    /// Bounds of that goroutine's stack.
    pub stack_lo: u64,
    /// See `stack_lo`.
    pub stack_hi: u64,
    /// Pc at which it entered its system call or C call; zero if in none.
    pub syscall_pc: u64,
    /// Stack pointer there.
    pub syscall_sp: u64,
}

/// Unwinds one thread.
pub struct Unwinder<'a> {
    space: &'a Space,
    memory: &'a dyn Memory,
}

/// Registers on the way up.
#[derive(Clone, Copy)]
struct Frame {
    pc: u64,
    sp: u64,
    bp: u64,
    /// `pc` is where the thread is, not where a call returns to.
    exact: bool,
    /// It is the sampled one, with nothing called from it.
    leaf: bool,
}

impl Frame {
    /// A frame that called another.
    fn caller(pc: u64, sp: u64, bp: u64) -> Frame {
        Frame {
            pc,
            sp,
            bp,
            exact: false,
            leaf: false,
        }
    }
}

struct Walk<'a> {
    start: Start<'a>,
    out: &'a mut Vec<u64>,
    /// The entry of the chain that was not met yet: the walk and the chain go up side by side, so
    /// that in a recursion the right one of many equal entries is found.
    next: usize,
    /// The frame at hand is the entry before `next`.
    here: bool,
    /// What [`Start::thread`] says is not of the goroutine that was sampled.
    stale: bool,
}

enum Step {
    Go(Frame),
    End(End),
}

impl<'a> Unwinder<'a> {
    /// An unwinder of the threads of one process.
    pub fn new(space: &'a Space, memory: &'a dyn Memory) -> Self {
        Unwinder { space, memory }
    }

    /// Puts the stack into `out`, leaf first: the leaf's own pc, then of each caller the pc of its
    /// call (return address − 1). Returns how the stack ended, and whether the thread has turned
    /// to another goroutine than that of [`Start::thread`].
    pub fn unwind(&self, start: Start<'_>, out: &mut Vec<u64>) -> (End, bool) {
        out.clear();
        let frame = Frame {
            pc: start.regs.ip,
            sp: start.regs.sp,
            bp: start.regs.bp,
            exact: true,
            leaf: true,
        };
        let mut walk = Walk {
            start,
            out,
            next: 0,
            here: false,
            stale: false,
        };
        let end = if self.space.is_go(frame.pc) {
            self.go(&mut walk, frame)
        } else {
            match self.native(&mut walk, frame) {
                Step::Go(frame) => self.go(&mut walk, frame),
                Step::End(end) => end,
            }
        };
        (end, walk.stale)
    }

    /// Unwinds Go frames to the end.
    fn go(&self, walk: &mut Walk<'_>, mut frame: Frame) -> End {
        loop {
            if walk.out.len() >= MAX_FRAMES {
                return End::Depth;
            }
            if !self.space.is_go(frame.pc) {
                // A callback: C called Go on this thread, below are C frames again.
                match self.native(walk, frame) {
                    Step::Go(f) => frame = f,
                    Step::End(end) => return end,
                }
                continue;
            }
            walk.meet(frame.pc);
            let Some(func) = self.func_of(frame) else {
                return End::Lost;
            };
            let lookup = self.lookup(frame, &func);
            walk.out.push(lookup);
            if let Some(end) = go::root(&func) {
                return end;
            }
            let next = match func.id() {
                FuncId::Systemstack if !on_stack(&walk.start.thread, frame.sp) => {
                    self.leave_system_stack(walk, frame.bp, &func, lookup)
                }
                FuncId::Morestack if !on_stack(&walk.start.thread, frame.sp) => {
                    // It does not return: newstack goes back to where sched points.
                    walk.out.pop();
                    self.resume(walk, &func)
                }
                _ => self.caller(walk, frame, &func, lookup),
            };
            match next {
                Step::Go(f) => frame = f,
                Step::End(end) => return end,
            }
        }
    }

    /// The function that a frame is in.
    fn func_of(&self, frame: Frame) -> Option<Func<'_>> {
        let at = self.space.func(frame.pc);
        match at {
            // A saved pc at a function's first instruction was never a call's return: it was put
            // there (systemstack_switch, goexit+1 …).
            _ if frame.exact => at,
            Some(f) if f.entry == frame.pc.wrapping_sub(self.space.go_bias()) => at,
            _ => self.space.func(frame.pc - 1),
        }
    }

    fn lookup(&self, frame: Frame, func: &Func<'_>) -> u64 {
        let entry = func.entry.wrapping_add(self.space.go_bias());
        if frame.exact || frame.pc == entry {
            frame.pc
        } else {
            frame.pc - 1
        }
    }

    fn word(&self, walk: &Walk<'_>, address: u64) -> Option<u64> {
        walk.word(address)
            .or_else(|| self.memory.read_u64(address).ok())
    }
}

impl Walk<'_> {
    /// Moves along the chain if this is its next entry.
    fn meet(&mut self, pc: u64) {
        self.here = self.start.chain.get(self.next) == Some(&pc);
        if self.here {
            self.next += 1;
        }
    }

    /// A word of the sampled stack.
    fn word(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.start.regs.sp)?).ok()?;
        let bytes = self.start.stack.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }
}

fn on_stack(thread: &Thread, sp: u64) -> bool {
    sp != 0 && (thread.stack_lo..thread.stack_hi).contains(&sp)
}
