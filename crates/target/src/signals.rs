//! Signals to gowhy itself: ^C ends a capture early, and what is meant for a launched program is
//! passed on to it.

use std::time::Duration;

/// The signals that are waited for: those that end a program or speak to it.
const PASSED_ON: [i32; 6] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its number.
    pub number: i32,
    /// It came from the terminal, which sends it to our children as well.
    pub from_terminal: bool,
}

impl Signal {
    /// Whether it asks to end: INT, TERM, HUP or QUIT.
    pub fn asks_to_end(self) -> bool {
        !matches!(self.number, libc::SIGUSR1 | libc::SIGUSR2)
    }

    /// Whether it is SIGINT.
    pub fn is_interrupt(self) -> bool {
        self.number == libc::SIGINT
    }
}

/// Which signals are held back for [`Signals::wait`].
#[derive(Debug)]
pub struct Signals {
    set: libc::sigset_t,
}

impl Signals {
    /// Holds back the signals that end gowhy, in this thread and those it starts from now on. With
    /// `for_child` also those that a launched program may expect. Programs started by
    /// [`std::process::Command`] get a clear mask.
    pub fn hold(for_child: bool) -> Signals {
        let count = if for_child { PASSED_ON.len() } else { 2 };
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset initialises the set before anything reads it; the signals are valid.
        let set = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            let mut set = set.assume_init();
            for &signal in &PASSED_ON[..count] {
                libc::sigaddset(&raw mut set, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            set
        };
        Signals { set }
    }

    /// The next signal, however long it takes; `None` only if waiting is not possible.
    pub fn wait_long(&self) -> Option<Signal> {
        (0..u32::MAX).find_map(|_| self.wait(Duration::from_secs(3600)))
    }

    /// Lets the signals have their usual effect again, on this thread: as long as it lives, one
    /// that comes ends gowhy.
    pub fn release(self) -> ! {
        // SAFETY: the set was filled by `hold`.
        unsafe {
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const self.set, std::ptr::null_mut());
        }
        loop {
            std::thread::park();
        }
    }

    /// The next signal, if one comes within `limit`.
    pub fn wait(&self, limit: Duration) -> Option<Signal> {
        let timeout = libc::timespec {
            tv_sec: limit.as_secs() as libc::time_t,
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: all three point to valid values of their types for the length of the call.
        let number = unsafe {
            libc::sigtimedwait(&raw const self.set, info.as_mut_ptr(), &raw const timeout)
        };
        if number <= 0 {
            return None;
        }
        // SAFETY: sigtimedwait filled it.
        let code = unsafe { info.assume_init() }.si_code;
        const SI_KERNEL: i32 = 128;
        Some(Signal {
            number,
            from_terminal: code == SI_KERNEL,
        })
    }
}

/// Makes this process one that nothing ends but SIGKILL, in a session of its own: neither a
/// terminal's ^C or hang-up, nor a signal to the group that it was started in.
pub fn shut_out() {
    // It fails only where the process leads a group already, which is as good.
    let _ = nix::unistd::setsid();
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set before anything reads it.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Sends a signal to a process. That it is gone already is no matter.
pub fn send(pid: u32, signal: Signal) {
    // SAFETY: kill takes no pointers.
    unsafe {
        libc::kill(pid as libc::pid_t, signal.number);
    }
}

/// Sends a signal to all processes of a group. That they are gone already is no matter.
pub fn send_group(group: u32, signal: Signal) {
    // SAFETY: kill takes no pointers.
    unsafe {
        libc::kill(-(group as libc::pid_t), signal.number);
    }
}

/// Ends all processes of a group at once.
pub fn kill_group(group: u32) {
    // SAFETY: kill takes no pointers.
    unsafe {
        libc::kill(-(group as libc::pid_t), libc::SIGKILL);
    }
}
