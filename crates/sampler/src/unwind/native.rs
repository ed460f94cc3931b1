//! C frames, by .eh_frame: the program's own, libraries', the vDSO's. Below them is Go again, on the
//! goroutine's stack.

use gobin::{FuncId, Regs as CfiRegs};

use super::{End, Frame, MAX_FRAMES, Step, Unwinder, Walk, on_stack};
use crate::space::Kind;

impl Unwinder<'_> {
    /// Unwinds C frames until Go is reached.
    pub(super) fn native(&self, walk: &mut Walk<'_>, frame: Frame) -> Step {
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
    pub(super) fn begins_thread(&self, object: usize, pc: u64) -> bool {
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
    pub(super) fn around_c(&self, walk: &mut Walk<'_>, first: usize, end: End) -> Step {
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
    pub(super) fn leave_c(&self, walk: &mut Walk<'_>, frame: Frame) -> Step {
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
    pub(super) fn is_c_function(&self, pc: Option<&u64>, entry: u64) -> bool {
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
    pub(super) fn leave_vdso(&self, walk: &mut Walk<'_>, frame: Frame) -> Step {
        // The caller switched to the system stack with its frame pointer in place.
        let by_bp = [8, 0].map(|d| self.word(walk, frame.bp.wrapping_add(d)));
        if let ([Some(pc), Some(bp)], Some(func)) = (by_bp, self.func_of(frame))
            && self.is_caller(pc, &func)
        {
            return Step::Go(Frame::caller(pc, frame.bp.wrapping_add(16), bp));
        }
        self.by_chain(walk).map_or(Step::End(End::Lost), Step::Go)
    }
}
