//! The clocks of the kernel: a process's CPU time, and the one that stamps perf samples.

use std::time::Duration;

/// CPU time of a process, ended threads included. `None` if there is no such process.
///
/// This is the scheduler's own figure in nanoseconds, not the clock ticks of `/proc/PID/stat`.
pub fn process_cpu_time(pid: u32) -> Option<Duration> {
    // The id of a process's CPU clock, as clock_getcpuclockid(3) makes it: ~pid << 3 | CPUCLOCK_SCHED.
    read_clock((!(pid as i32) << 3) | 2)
}

/// CPU time of one thread. `None` if there is no such thread.
pub fn thread_cpu_time(tid: u32) -> Option<Duration> {
    // As above with CPUCLOCK_PERTHREAD_MASK.
    read_clock((!(tid as i32) << 3) | 2 | 4)
}

/// Nanoseconds of CLOCK_MONOTONIC, the clock of [`crate::perf`] samples.
pub fn monotonic_ns() -> u64 {
    read_clock(libc::CLOCK_MONOTONIC).map_or(0, |d| d.as_nanos() as u64)
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
