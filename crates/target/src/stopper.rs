//! Samples taken by stopping one thread at a time for some microseconds: the way that is left where
//! perf events are refused.
//!
//! A thread is seized, interrupted, read and let go within one call, so that between samples nobody
//! traces anything and signals take their usual way. SEIZE and INTERRUPT leave no pending signal
//! behind, and the kernel detaches by itself should we die: the target runs on in any case.
//!
//! Only threads that run are stopped: one that waits in a system call would see it interrupted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::time::{Duration, Instant};

use crate::access;
use crate::clock::ThreadClock;
use crate::error::Error;
use crate::memory::Memory;
use crate::perf::Regs;
use crate::priority;
use crate::process::Process;

/// How long we wait for a thread to stop before we turn to the next and come back later.
const PATIENCE: Duration = Duration::from_millis(5);

/// A sampler that stops threads.
#[derive(Debug)]
pub struct Stopper {
    process: Process,
    /// The process is our own child, whose end belongs to whoever waits for it.
    child: bool,
    clocks: HashMap<u32, Clock>,
    /// Threads told to stop that have not yet.
    pending: Vec<u32>,
    /// The longest time for which a thread stood still, and the sum and number of all.
    pauses: Pauses,
    round: u64,
}

/// The pauses we caused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pauses {
    /// The longest, from asking a thread to stop to letting it go: it stood still for that time
    /// at most.
    pub worst: Duration,
    /// All together.
    pub total: Duration,
    /// How many.
    pub count: u64,
}

#[derive(Debug)]
struct Clock {
    clock: ThreadClock,
    used: Duration,
    /// CPU time since the thread's last sample, that the next one stands for.
    credit: Duration,
    round: u64,
}

/// A thread at the moment it stood still.
#[derive(Debug)]
pub struct Stopped<'a> {
    /// The thread.
    pub tid: u32,
    /// Its registers.
    pub regs: Regs,
    /// Its stack from `regs.sp` up.
    pub stack: &'a [u8],
    /// CPU time the thread used since its last sample.
    pub cpu: Duration,
}

impl Stopper {
    /// A stopper for `process`; proves that it may stop by doing it once. `child` says that the
    /// process is our own child.
    pub fn attach(process: Process, child: bool) -> Result<Stopper, Error> {
        let mut stopper = Stopper {
            process,
            child,
            clocks: HashMap::new(),
            pending: Vec::new(),
            pauses: Pauses::default(),
            round: 0,
        };
        let tid = *process
            .threads()
            .first()
            .ok_or(Error::NoSuchProcess { pid: process.pid() })?;
        sys::seize(tid).map_err(|e| match e.raw_os_error() {
            Some(libc::ESRCH) => Error::NoSuchProcess { pid: process.pid() },
            _ => Error::Refused {
                action: "stop threads of",
                pid: process.pid(),
                refusal: access::why_ptrace(process.pid()),
            },
        })?;
        priority::raise();
        // There is no letting go of a seized thread that runs: it has to stop once.
        stopper.finish(tid, Instant::now(), |_| ());
        stopper.advance();
        Ok(stopper)
    }

    /// The pauses caused so far.
    pub fn pauses(&self) -> Pauses {
        self.pauses
    }

    /// Reads every thread's clock; returns the threads that used CPU time since the last call.
    fn advance(&mut self) -> Vec<u32> {
        self.round += 1;
        let mut active = Vec::new();
        for tid in self.process.threads() {
            let first = self.round == 1;
            let clock = match self.clocks.entry(tid) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let Some(clock) = ThreadClock::open(self.process.pid(), tid) else {
                        continue;
                    };
                    // A thread that began since the last round owes all that it used.
                    let used = if first { clock.read() } else { None };
                    new.insert(Clock {
                        clock,
                        used: used.unwrap_or_default(),
                        credit: Duration::ZERO,
                        round: 0,
                    })
                }
            };
            let Some(now) = clock.clock.read() else {
                continue;
            };
            let used = now.saturating_sub(clock.used);
            clock.used = now;
            clock.round = self.round;
            clock.credit += used;
            if !used.is_zero() {
                active.push(tid);
            }
        }
        let round = self.round;
        self.clocks.retain(|_, c| c.round == round);
        active
    }

    /// Stops each running thread in turn and hands it over while it stands: `each` must be quick.
    /// `stack_bytes` is how much of its stack is read first.
    pub fn sample(
        &mut self,
        memory: &dyn Memory,
        stack_bytes: usize,
        mut each: impl FnMut(Stopped<'_>),
    ) {
        let mut stack = vec![0; stack_bytes];
        for tid in std::mem::take(&mut self.pending) {
            self.finish(tid, Instant::now(), |_| ());
        }
        for tid in self.advance() {
            if self.pending.contains(&tid) || !is_on_cpu(self.process.pid(), tid) {
                continue;
            }
            let began = Instant::now();
            if sys::seize(tid).is_err() {
                continue;
            }
            let cpu = self.clocks.get(&tid).map_or(Duration::ZERO, |c| c.credit);
            let mut taken = false;
            self.finish(tid, began, |regs| {
                let len = readable(memory, regs.sp, &mut stack);
                let stack = &stack[..len];
                each(Stopped {
                    tid,
                    regs,
                    stack,
                    cpu,
                });
                taken = true;
            });
            if taken && let Some(clock) = self.clocks.get_mut(&tid) {
                clock.credit = Duration::ZERO;
            }
        }
    }

    /// Brings a seized thread to its stop, reads it, lets it go with whatever signal it was about
    /// to get.
    fn finish(&mut self, tid: u32, began: Instant, read: impl FnOnce(Regs)) {
        let own_child = self.child && tid == self.process.pid();
        let _ = sys::interrupt(tid);
        loop {
            match sys::wait_stop(tid, own_child) {
                sys::Wait::Stopped(signal) => {
                    if let Some(regs) = sys::registers(tid) {
                        read(regs);
                    }
                    sys::detach(tid, signal);
                    let pause = began.elapsed();
                    self.pauses.worst = self.pauses.worst.max(pause);
                    self.pauses.total += pause;
                    self.pauses.count += 1;
                    return;
                }
                sys::Wait::Gone => return,
                sys::Wait::NotYet if began.elapsed() > PATIENCE => {
                    self.pending.push(tid);
                    return;
                }
                sys::Wait::NotYet => std::thread::yield_now(),
            }
        }
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        // A thread that would not stop stays ours until it does or we end; give it a last chance.
        for tid in std::mem::take(&mut self.pending) {
            self.finish(tid, Instant::now(), |_| ());
        }
    }
}

/// Whether the thread runs or is ready to.
fn is_on_cpu(pid: u32, tid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat"))
        .ok()
        .and_then(|s| s.rfind(") ").and_then(|i| s.as_bytes().get(i + 2).copied()))
        == Some(b'R')
}

/// Reads up from `sp` as much as there is, up to `buf`'s length.
fn readable(memory: &dyn Memory, sp: u64, buf: &mut [u8]) -> usize {
    let mut len = buf.len();
    loop {
        if memory.read(sp, &mut buf[..len]).is_ok() {
            return len;
        }
        // The stack ends before: try up to the page border below.
        let end = (sp + len as u64 - 1) & !4095;
        len = end.saturating_sub(sp) as usize;
        if len < 8 || end <= sp {
            return 0;
        }
    }
}

/// The system calls.
mod sys {
    use super::Regs;
    use std::io;

    pub fn seize(tid: u32) -> io::Result<()> {
        request(libc::PTRACE_SEIZE, tid, 0)
    }

    pub fn interrupt(tid: u32) -> io::Result<()> {
        request(libc::PTRACE_INTERRUPT, tid, 0)
    }

    /// Lets the thread go; `signal` is delivered to it if not 0.
    pub fn detach(tid: u32, signal: i32) {
        let _ = request(libc::PTRACE_DETACH, tid, signal as usize);
    }

    fn request(what: libc::c_uint, tid: u32, data: usize) -> io::Result<()> {
        // SAFETY: none of these requests makes the kernel write to our memory.
        let rc = unsafe { libc::ptrace(what, tid as libc::pid_t, 0_usize, data) };
        if rc < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    pub enum Wait {
        /// It stands; the signal that it was about to get, or 0.
        Stopped(i32),
        NotYet,
        Gone,
    }

    /// Looks whether the thread has stopped. The end of our own child is left for others to see;
    /// a thread's end must be taken, or it stays a zombie.
    pub fn wait_stop(tid: u32, own_child: bool) -> Wait {
        let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
        let mut flags = libc::WSTOPPED | libc::WNOHANG | libc::__WALL;
        if !own_child {
            flags |= libc::WEXITED;
        }
        // SAFETY: `info` is a valid siginfo_t to fill.
        let rc = unsafe { libc::waitid(libc::P_PID, tid, info.as_mut_ptr(), flags) };
        if rc < 0 {
            return match io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR) => Wait::NotYet,
                _ => Wait::Gone,
            };
        }
        // SAFETY: it was zeroed, and waitid filled it or left it so; si_pid and si_status are
        // valid for what waitid writes.
        let (pid, code, status) = unsafe {
            let info = info.assume_init();
            (info.si_pid(), info.si_code, info.si_status())
        };
        if pid == 0 {
            return Wait::NotYet;
        }
        match code {
            libc::CLD_TRAPPED | libc::CLD_STOPPED => {
                // PTRACE_EVENT_STOP, the stop we asked for, has the event in the high byte.
                let event = status >> 8;
                Wait::Stopped(if event == 0 { status & 0xff } else { 0 })
            }
            _ => Wait::Gone,
        }
    }

    #[cfg(target_arch = "x86_64")]
    pub fn registers(tid: u32) -> Option<Regs> {
        let mut regs = std::mem::MaybeUninit::<libc::user_regs_struct>::zeroed();
        // SAFETY: PTRACE_GETREGS fills a user_regs_struct, which `regs` is.
        let rc = unsafe {
            libc::ptrace(
                libc::PTRACE_GETREGS,
                tid as libc::pid_t,
                0_usize,
                regs.as_mut_ptr(),
            )
        };
        if rc < 0 {
            return None;
        }
        // SAFETY: the kernel filled it; all bit patterns are valid.
        let r = unsafe { regs.assume_init() };
        Some(Regs {
            ip: r.rip,
            sp: r.rsp,
            bp: r.rbp,
            bx: r.rbx,
            r12_15: [r.r12, r.r13, r.r14, r.r15],
        })
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub fn registers(_tid: u32) -> Option<Regs> {
        None
    }
}
