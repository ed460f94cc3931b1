//! The clocks of the kernel: a process's CPU time, and the one that stamps perf samples.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// CPU time of a process, ended threads included. `None` if there is no such process.
///
/// This is the scheduler's own figure in nanoseconds, not the clock ticks of `/proc/PID/stat`.
pub fn process_cpu_time(pid: u32) -> Option<Duration> {
    // The id of a process's CPU clock, as clock_getcpuclockid(3) makes it: ~pid << 3 | CPUCLOCK_SCHED.
    read_clock((!(pid as i32) << 3) | 2)
}

/// CPU time of threads of another process, which have no clock that we could ask.
///
/// The scheduler's figure, brought up to date at its ticks and when the thread leaves a CPU.
#[derive(Debug)]
pub struct ThreadClock {
    schedstat: File,
}

impl ThreadClock {
    /// The clock of thread `tid` of process `pid`; `None` if it has ended.
    pub fn open(pid: u32, tid: u32) -> Option<ThreadClock> {
        let schedstat = File::open(format!("/proc/{pid}/task/{tid}/schedstat")).ok()?;
        Some(ThreadClock { schedstat })
    }

    /// CPU time used so far; `None` if the thread has ended.
    pub fn read(&self) -> Option<Duration> {
        let mut buf = [0; 64];
        let n = self.schedstat.read_at(&mut buf, 0).ok()?;
        let text = std::str::from_utf8(&buf[..n]).ok()?;
        let ns = text.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(ns))
    }
}

/// Nanoseconds of CLOCK_MONOTONIC, the clock of [`crate::perf`] samples.
pub fn monotonic_ns() -> u64 {
    read_clock(libc::CLOCK_MONOTONIC).map_or(0, |d| d.as_nanos() as u64)
}

/// How many ticks the CPU's own clock makes in a second; `None` where it has none that programs can
/// read. Takes some milliseconds.
pub fn ticks_per_second() -> Option<f64> {
    const LONG: Duration = Duration::from_millis(20);
    let (ticks, time) = (ticks()?, monotonic_ns());
    std::thread::sleep(LONG);
    let (ticks, time) = (self::ticks()?.checked_sub(ticks)?, monotonic_ns() - time);
    (time > 0).then(|| ticks as f64 * 1e9 / time as f64)
}

#[cfg(target_arch = "x86_64")]
fn ticks() -> Option<u64> {
    // SAFETY: every x86-64 CPU has this counter, and reading it touches no memory.
    Some(unsafe { core::arch::x86_64::_rdtsc() })
}

#[cfg(not(target_arch = "x86_64"))]
fn ticks() -> Option<u64> {
    None
}

fn read_clock(id: libc::clockid_t) -> Option<Duration> {
    let mut ts = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `ts` is a valid timespec for the kernel to fill; any clock id may be asked for.
    let rc = unsafe { libc::clock_gettime(id, &raw mut ts) };
    (rc == 0).then(|| Duration::new(ts.tv_sec as u64, ts.tv_nsec as u32))
}
