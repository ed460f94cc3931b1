//! Go frames: the caller by pcsp, by the kernel's chain, and across the switches between a
//! goroutine's stack and the thread's.

use gobin::{Func, FuncId};
use goruntime::calls;

use super::{End, Frame, Step, Unwinder, Walk, on_stack};

impl Unwinder<'_> {
    /// The caller of a Go function by its pcsp table, over the sampled stack, then the chain, then
    /// live memory.
    pub(super) fn caller(
        &self,
        walk: &Walk<'_>,
        frame: Frame,
        func: &Func<'_>,
        lookup: u64,
    ) -> Step {
        let delta = self
            .space
            .go()
            .pclntab()
            .sp_delta(func, lookup.wrapping_sub(self.space.go_bias()));
        let Some(delta) = delta.filter(|&d| d >= 0) else {
            return self.by_chain(walk).map_or(Step::End(End::Lost), Step::Go);
        };
        let cfa = frame.sp.wrapping_add(delta as u64).wrapping_add(8);
        let framed = delta > 0 && frame.bp == cfa.wrapping_sub(16);
        let sampled = walk.word(cfa.wrapping_sub(8));
        let (pc, live) = match sampled {
            Some(pc) => (pc, false),
            None => {
                if (framed || !frame.leaf)
                    && let Some(mut f) = self.by_chain(walk)
                {
                    // The table still tells how far up the stack we are, for when the chain ends.
                    if frame.sp != 0 {
                        f.sp = cfa;
                    }
                    return Step::Go(f);
                }
                match self.memory.read_u64(cfa.wrapping_sub(8)) {
                    Ok(pc) => (pc, true),
                    Err(_) => return Step::End(End::Lost),
                }
            }
        };
        if pc == 0 {
            return Step::End(End::Lost);
        }
        if func.is_sp_write() && frame.leaf && !self.is_caller(pc, func) {
            // The leaf moves the stack pointer by hand, where its table cannot follow.
            return self.by_chain(walk).map_or(Step::End(End::Lost), Step::Go);
        }
        if live && !self.is_caller(pc, func) {
            return self
                .by_chain(walk)
                .map_or(Step::End(End::MovedOn), Step::Go);
        }
        let saved = cfa.wrapping_sub(16);
        let bp = if framed || (delta > 0 && !frame.leaf) {
            walk.word(saved)
                .or_else(|| self.memory.read_u64(saved).ok())
                .unwrap_or(frame.bp)
        } else {
            frame.bp
        };
        let mut next = Frame::caller(pc, cfa, bp);
        // These were not called: the pc that they return to is the one that was interrupted.
        next.exact = matches!(
            func.id(),
            FuncId::AsyncPreempt | FuncId::Sigpanic | FuncId::DebugCall
        );
        Step::Go(next)
    }

    /// The caller by the kernel's chain: the entry after the one for this frame. The stack pointer
    /// is not known from there on; only the chain can go on.
    pub(super) fn by_chain(&self, walk: &Walk<'_>) -> Option<Frame> {
        let pc = *walk.start.chain.get(walk.next).filter(|_| walk.here)?;
        (self.space.is_go(pc) || self.space.object_at(pc).is_some())
            .then_some(Frame::caller(pc, 0, 0))
    }

    /// From `systemstack` on the thread's system stack to its caller on the goroutine's stack.
    pub(super) fn leave_system_stack(
        &self,
        walk: &mut Walk<'_>,
        bp: u64,
        func: &Func<'_>,
        lookup: u64,
    ) -> Step {
        // The frame pointer is still that of the goroutine that was sampled: on another's stack it
        // tells that the thread has turned to that one before it was read.
        let thread = walk.start.thread;
        walk.stale |= bp != 0 && thread.stack_hi != 0 && !on_stack(&thread, bp);
        let bias = self.space.go_bias();
        let delta = self
            .space
            .go()
            .pclntab()
            .sp_delta(func, lookup.wrapping_sub(bias))
            .unwrap_or(0);
        if delta > 0
            && let Step::Go(f) = self.chain_caller(walk, func, End::Lost)
        {
            // It saves the frame pointer, which leads the chain to the goroutine's stack.
            return Step::Go(f);
        }
        if walk.stale || thread.sched_sp == 0 {
            return self.chain_caller(walk, func, End::Lost);
        }
        let cfa = thread
            .sched_sp
            .wrapping_add(delta.max(0) as u64)
            .wrapping_add(8);
        match self.memory.read_u64(cfa.wrapping_sub(8)) {
            Ok(pc) if self.is_caller(pc, func) => {
                let caller = Frame::caller(pc, cfa, 0);
                // Where systemstack saves no frame pointer, the chain has lost just this caller
                // and goes on with the next: take it from there, it is older but not stale.
                if delta == 0
                    && let Some(next) = self.by_chain(walk)
                    && let Some(f) = self.func_of(caller)
                    && self.is_caller(next.pc, &f)
                {
                    walk.out.push(self.lookup(caller, &f));
                    return match root(&f) {
                        Some(end) => Step::End(end),
                        None => Step::Go(next),
                    };
                }
                Step::Go(caller)
            }
            _ => self.chain_caller(walk, func, End::MovedOn),
        }
    }

    /// The caller of `func` by the chain, if it is one; else the stack ends as `end`.
    pub(super) fn chain_caller(&self, walk: &Walk<'_>, func: &Func<'_>, end: End) -> Step {
        match self.by_chain(walk).filter(|f| self.is_caller(f.pc, func)) {
            Some(f) => Step::Go(f),
            None => Step::End(end),
        }
    }

    /// Where the goroutine left its stack, as `sched` says.
    pub(super) fn resume(&self, walk: &Walk<'_>, morestack: &Func<'_>) -> Step {
        let thread = &walk.start.thread;
        if thread.sched_sp == 0 {
            return Step::End(End::Lost);
        }
        if !self.is_caller(thread.sched_pc, morestack) {
            return Step::End(End::MovedOn);
        }
        Step::Go(Frame::caller(thread.sched_pc, thread.sched_sp, 0))
    }

    /// Whether `pc` is where `callee` returns to, as far as the instruction before it tells.
    pub(super) fn is_caller(&self, pc: u64, callee: &Func<'_>) -> bool {
        let Some(caller) = self.space.func(pc).filter(|_| self.space.is_go(pc)) else {
            return false;
        };
        let at = pc.wrapping_sub(self.space.go_bias());
        calls::is_caller(self.space.go(), at, &caller, callee)
    }
}

/// What the kernel calls when it delivers a signal, and returns to.
const SIGNAL_ENTRIES: [&str; 4] = [
    "runtime.sigtramp",
    "runtime.cgoSigtramp",
    "runtime.sigreturn",
    "runtime.sigreturn__sigaction",
];

/// Whether nothing of interest comes above this function.
pub(super) fn root(func: &Func<'_>) -> Option<End> {
    match func.id() {
        FuncId::Mcall | FuncId::Gogo => Some(End::Scheduler),
        // A goroutine's registers on their way into the processor.
        _ if func.is_asm() && func.name() == "gogo" => Some(End::Scheduler),
        _ if func.is_asm() && SIGNAL_ENTRIES.contains(&func.name()) => Some(End::Signal),
        _ if func.is_top_frame() => Some(End::Root),
        _ => None,
    }
}
