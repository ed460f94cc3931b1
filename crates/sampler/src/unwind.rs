//! From registers, a piece of stack and the kernel's frame-pointer chain to the stack of callers.
//!
//! The kernel's chain alone is not enough: it skips the caller of every function that has set up no
//! frame (leaves, prologues, assembly), and where stacks are switched it goes astray. So Go frames
//! are unwound by the tables the runtime itself uses (pcsp), C frames by .eh_frame, over the stack
//! that came with the sample; the chain continues where that stack ends. Memory is read from the
//! live process only where both end, and then it is checked that what was found is a call.
//!
//! Mirrors runtime/traceback.go and the stack switches of runtime/asm_amd64.s.

use gobin::{Func, FuncId, Regs as CfiRegs};
use target::perf::Regs;
use target::{LiveMemory, Memory};

use crate::calls;
use crate::space::{Kind, Space};

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

/// How a stack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// At the first function of a goroutine or a thread, marked TOPFRAME (`goexit`, `mstart` …).
    Root,
    /// At `runtime.mcall`: the scheduler, on behalf of no goroutine.
    Scheduler,
    /// At the entry of a signal handler.
    Signal,
    /// At the first C function of a thread.
    Thread,
    /// After [`MAX_FRAMES`].
    Depth,
    /// In code that no file we can read describes.
    UnknownCode,
    /// At a frame whose caller could not be found in what was sampled.
    Lost,
    /// At a C frame without unwind information.
    NoUnwindInfo,
    /// On a goroutine's stack that had changed before it could be read.
    MovedOn,
}

impl End {
    /// Whether the stack has all its frames.
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            End::Root | End::Scheduler | End::Signal | End::Thread | End::Depth
        )
    }

    /// What the end is, for people.
    pub fn describe(self) -> &'static str {
        match self {
            End::Root => "at goexit, mstart or another first function",
            End::Scheduler => "at the scheduler's mcall",
            End::Signal => "at a signal handler's entry",
            End::Thread => "at a C thread's first function",
            End::Depth => "cut for depth",
            End::UnknownCode => "in code of no readable file",
            End::Lost => "caller not found",
            End::NoUnwindInfo => "C code without unwind tables",
            End::MovedOn => "the goroutine had moved on",
        }
    }
}

/// Unwinds one thread.
#[derive(Debug)]
pub struct Unwinder<'a> {
    space: &'a Space,
    memory: &'a LiveMemory,
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
}

enum Step {
    Go(Frame),
    End(End),
}

impl<'a> Unwinder<'a> {
    /// An unwinder of the threads of one process.
    pub fn new(space: &'a Space, memory: &'a LiveMemory) -> Self {
        Unwinder { space, memory }
    }

    /// Puts the stack into `out`, leaf first: the leaf's own pc, then of each caller the pc of its
    /// call (return address − 1).
    pub fn unwind(&self, start: Start<'_>, out: &mut Vec<u64>) -> End {
        out.clear();
        let mut frame = Frame {
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
        };
        if !self.space.is_go(frame.pc) {
            match self.native(&mut walk, frame) {
                Step::Go(f) => frame = f,
                Step::End(end) => return end,
            }
        }
        self.go(&mut walk, frame)
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
            if let Some(end) = root(&func) {
                return end;
            }
            let next = match func.id() {
                FuncId::Systemstack if !on_stack(&walk.start.thread, frame.sp) => {
                    self.leave_system_stack(walk, &func, lookup)
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

    /// The caller of a Go function by its pcsp table, over the sampled stack, then the chain, then
    /// live memory.
    fn caller(&self, walk: &Walk<'_>, frame: Frame, func: &Func<'_>, lookup: u64) -> Step {
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
    fn by_chain(&self, walk: &Walk<'_>) -> Option<Frame> {
        let pc = *walk.start.chain.get(walk.next).filter(|_| walk.here)?;
        (self.space.is_go(pc) || self.space.object_at(pc).is_some())
            .then_some(Frame::caller(pc, 0, 0))
    }

    /// From `systemstack` on the thread's system stack to its caller on the goroutine's stack.
    fn leave_system_stack(&self, walk: &mut Walk<'_>, func: &Func<'_>, lookup: u64) -> Step {
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
        let thread = &walk.start.thread;
        if thread.sched_sp == 0 {
            return self.by_chain(walk).map_or(Step::End(End::Lost), Step::Go);
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
    fn chain_caller(&self, walk: &Walk<'_>, func: &Func<'_>, end: End) -> Step {
        match self.by_chain(walk).filter(|f| self.is_caller(f.pc, func)) {
            Some(f) => Step::Go(f),
            None => Step::End(end),
        }
    }

    /// Where the goroutine left its stack, as `sched` says.
    fn resume(&self, walk: &Walk<'_>, morestack: &Func<'_>) -> Step {
        let thread = &walk.start.thread;
        if thread.sched_sp == 0 {
            return Step::End(End::Lost);
        }
        if !self.is_caller(thread.sched_pc, morestack) {
            return Step::End(End::MovedOn);
        }
        Step::Go(Frame::caller(thread.sched_pc, thread.sched_sp, 0))
    }

    /// Unwinds C frames until Go is reached.
    fn native(&self, walk: &mut Walk<'_>, frame: Frame) -> Step {
        let first = walk.out.len();
        let r = walk.start.regs;
        let mut regs = CfiRegs {
            ip: frame.pc,
            sp: frame.sp,
            bp: Some(frame.bp),
            ..Default::default()
        };
        if frame.exact {
            regs.rbx = Some(r.bx);
            [regs.r12, regs.r13, regs.r14, regs.r15] = r.r12_15.map(Some);
        }
        let mut exact = frame.exact;
        let mut vdso = false;
        loop {
            if walk.out.len() >= MAX_FRAMES {
                return Step::End(End::Depth);
            }
            if self.space.is_go(regs.ip) {
                let at = Frame::caller(regs.ip, regs.sp, regs.bp.unwrap_or(0));
                return if vdso {
                    walk.meet(at.pc);
                    walk.out.truncate(first);
                    self.leave_vdso(walk, at)
                } else {
                    self.leave_c(walk, at)
                };
            }
            walk.meet(regs.ip);
            let lookup = if exact {
                regs.ip
            } else {
                regs.ip.wrapping_sub(1)
            };
            let Some(object) = self.space.object_at(lookup) else {
                return self.around_c(walk, first, End::UnknownCode);
            };
            walk.out.push(lookup);
            vdso |= matches!(self.space.objects()[object].kind, Kind::Vdso);
            let Some(cfi) = self.space.cfi(object) else {
                return self.around_c(walk, first, End::NoUnwindInfo);
            };
            let bias = self.space.objects()[object].bias;
            let mut inside = regs;
            inside.ip = regs.ip.wrapping_sub(bias);
            let stepped = cfi.step(lookup.wrapping_sub(bias), &mut inside, &mut |a| {
                walk.word(a).or_else(|| self.memory.read_u64(a).ok())
            });
            match stepped {
                None if self.begins_thread(object, lookup) => return Step::End(End::Thread),
                Some(()) if inside.sp > regs.sp || exact => regs = inside,
                _ => return self.around_c(walk, first, End::NoUnwindInfo),
            }
            exact = false;
        }
    }

    /// Whether the C library starts threads, or the program, in the function at `pc`.
    fn begins_thread(&self, object: usize, pc: u64) -> bool {
        const FIRST: [&str; 6] = [
            "_start",
            "__clone",
            "clone",
            "__clone3",
            "clone3",
            "start_thread",
        ];
        let at = pc.wrapping_sub(self.space.objects()[object].bias);
        self.space
            .image(object)
            .and_then(|image| image.symbolize(at))
            .is_some_and(|(name, _)| FIRST.contains(&name))
    }

    /// C could not be unwound: take the goroutine's frames from where it entered C, if it is
    /// known to be there.
    fn around_c(&self, walk: &mut Walk<'_>, first: usize, end: End) -> Step {
        let thread = &walk.start.thread;
        if first > 0 || thread.syscall_sp == 0 || !self.space.is_go(thread.syscall_pc) {
            // The chain may still know a Go caller: the vDSO and libraries with frame pointers.
            return Step::End(end);
        }
        // Only the leaf is sure; the C frames between it and Go are not.
        walk.out.truncate(1);
        Step::Go(Frame::caller(thread.syscall_pc, thread.syscall_sp, 0))
    }

    /// From `asmcgocall`, which called C on the system stack, to its caller on the goroutine's
    /// stack. It has kept the goroutine and the depth of its stack beside its arguments.
    fn leave_c(&self, walk: &mut Walk<'_>, frame: Frame) -> Step {
        let Some(func) = self.func_of(frame) else {
            return Step::End(End::Lost);
        };
        if func.id() != FuncId::Asmcgocall || on_stack(&walk.start.thread, frame.sp) {
            return Step::Go(frame);
        }
        let thread = walk.start.thread;
        let lookup = self.lookup(frame, &func);
        let delta = self
            .space
            .go()
            .pclntab()
            .sp_delta(&func, lookup.wrapping_sub(self.space.go_bias()))
            .unwrap_or(0)
            .max(0) as u64;
        // Depth at 0(SP) with the goroutine above it, or at 40(SP) and 48(SP), by version.
        for (depth_at, g_at) in [(0, 8), (40, 48)] {
            let (Some(depth), Some(g)) = (
                self.word(walk, frame.sp + depth_at),
                self.word(walk, frame.sp + g_at),
            ) else {
                continue;
            };
            let Ok(hi) = self.memory.read_u64(g.wrapping_add(8)) else {
                continue;
            };
            if depth == 0
                || depth > 1 << 30
                || hi < depth
                || (thread.stack_hi != 0 && hi != thread.stack_hi)
            {
                continue;
            }
            let sp = hi - depth;
            let (Ok(pc), Ok(callee)) = (
                self.memory.read_u64(sp + delta),
                // Its first argument: the C function.
                self.memory.read_u64(sp + delta + 8),
            ) else {
                continue;
            };
            if self.is_caller(pc, &func) && self.is_c_function(walk.out.last(), callee) {
                walk.out.push(lookup);
                return Step::Go(Frame::caller(pc, sp + delta + 8, 0));
            }
        }
        walk.out.push(lookup);
        Step::End(End::MovedOn)
    }

    /// Whether `pc`, the outermost C frame, is in the function that begins at `entry`: if not, the
    /// goroutine has left that C function and calls another by now.
    fn is_c_function(&self, pc: Option<&u64>, entry: u64) -> bool {
        let Some((&pc, object)) = pc.and_then(|pc| Some((pc, self.space.object_at(*pc)?))) else {
            return false;
        };
        let bias = self.space.objects()[object].bias;
        self.space
            .cfi(object)
            .and_then(|cfi| cfi.function_start(pc.wrapping_sub(bias)))
            .is_some_and(|start| start.wrapping_add(bias) == entry)
    }

    /// From the assembly function that called the vDSO to its caller. As in Go's own profiles
    /// neither of the two is shown: the time belongs to who asked for it.
    fn leave_vdso(&self, walk: &mut Walk<'_>, frame: Frame) -> Step {
        // The caller switched to the system stack with its frame pointer in place.
        let by_bp = [8, 0].map(|d| self.word(walk, frame.bp.wrapping_add(d)));
        if let ([Some(pc), Some(bp)], Some(func)) = (by_bp, self.func_of(frame))
            && self.is_caller(pc, &func)
        {
            return Step::Go(Frame::caller(pc, frame.bp.wrapping_add(16), bp));
        }
        self.by_chain(walk).map_or(Step::End(End::Lost), Step::Go)
    }

    fn word(&self, walk: &Walk<'_>, address: u64) -> Option<u64> {
        walk.word(address)
            .or_else(|| self.memory.read_u64(address).ok())
    }

    /// Whether `pc` is where `callee` returns to, as far as the instruction before it tells.
    fn is_caller(&self, pc: u64, callee: &Func<'_>) -> bool {
        let Some(caller) = self.space.func(pc).filter(|_| self.space.is_go(pc)) else {
            return false;
        };
        // Return addresses that no call has left there: the first of a goroutine, those of
        // injected calls, and that under a callback from C.
        match (callee.id(), caller.id()) {
            (_, FuncId::Goexit)
            | (FuncId::AsyncPreempt | FuncId::Sigpanic | FuncId::DebugCall, _)
            | (FuncId::Cgocallback, FuncId::SystemstackSwitch) => return true,
            _ => {}
        }
        let go = self.space.go();
        let at = pc.wrapping_sub(self.space.go_bias());
        if callee.id() == FuncId::SystemstackSwitch {
            // It stands for whoever left the goroutine's stack.
            return calls::call_before(go, at).is_some();
        }
        calls::returns_from(go, at, callee)
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

/// What the kernel calls when it delivers a signal, and returns to.
const SIGNAL_ENTRIES: [&str; 4] = [
    "runtime.sigtramp",
    "runtime.cgoSigtramp",
    "runtime.sigreturn",
    "runtime.sigreturn__sigaction",
];

/// Whether nothing of interest comes above this function.
fn root(func: &Func<'_>) -> Option<End> {
    match func.id() {
        FuncId::Mcall | FuncId::Gogo => Some(End::Scheduler),
        // A goroutine's registers on their way into the processor.
        _ if func.is_asm() && func.name() == "gogo" => Some(End::Scheduler),
        _ if func.is_asm() && SIGNAL_ENTRIES.contains(&func.name()) => Some(End::Signal),
        _ if func.is_top_frame() => Some(End::Root),
        _ => None,
    }
}

fn on_stack(thread: &Thread, sp: u64) -> bool {
    sp != 0 && (thread.stack_lo..thread.stack_hi).contains(&sp)
}
