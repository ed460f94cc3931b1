//! Opening cpu-clock events.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use perf_event_open_sys as sys;
use sys::bindings as b;

use super::record::USER_REGS;

/// How an event samples.
#[derive(Clone, Copy, Debug)]
pub struct Sampling {
    /// Nanoseconds of the clock between two samples.
    pub period_ns: u64,
    /// Bytes of user stack that every sample carries; a multiple of 8, below 64 KiB.
    pub stack_bytes: u32,
    /// Leave out time in the kernel (all that an unprivileged user may have).
    pub exclude_kernel: bool,
}

/// What an event watches.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// One thread, while it runs on this CPU.
    Thread {
        /// The thread.
        tid: u32,
        /// The CPU.
        cpu: u32,
    },
    /// Whatever runs on this CPU.
    Cpu(u32),
}

/// Opens a cpu-clock event, disabled. Its fd is closed on exec.
pub fn open(sampling: &Sampling, scope: Scope) -> io::Result<OwnedFd> {
    let mut attr = b::perf_event_attr {
        type_: b::PERF_TYPE_SOFTWARE,
        size: std::mem::size_of::<b::perf_event_attr>() as u32,
        config: b::PERF_COUNT_SW_CPU_CLOCK as u64,
        sample_type: (b::PERF_SAMPLE_IDENTIFIER
            | b::PERF_SAMPLE_TID
            | b::PERF_SAMPLE_TIME
            | b::PERF_SAMPLE_CPU
            | b::PERF_SAMPLE_CALLCHAIN
            | b::PERF_SAMPLE_REGS_USER
            | b::PERF_SAMPLE_STACK_USER) as u64,
        sample_regs_user: USER_REGS,
        sample_stack_user: sampling.stack_bytes,
        clockid: libc::CLOCK_MONOTONIC,
        ..Default::default()
    };
    attr.__bindgen_anon_1.sample_period = sampling.period_ns;
    // Every record wakes the reader: goroutines are read while the sample is fresh, and a new
    // thread is heard of at once.
    attr.__bindgen_anon_2.wakeup_watermark = 1;
    attr.set_watermark(1);
    attr.set_disabled(1);
    attr.set_exclude_kernel(u64::from(sampling.exclude_kernel));
    attr.set_exclude_hv(1);
    attr.set_exclude_callchain_kernel(1);
    attr.set_use_clockid(1);
    attr.set_sample_id_all(1);
    attr.set_exclude_idle(1);
    if let Scope::Thread { .. } = scope {
        attr.set_task(1);
        attr.set_comm(1);
        attr.set_comm_exec(1);
    }
    let (pid, cpu) = match scope {
        Scope::Thread { tid, cpu } => (tid as i32, cpu as i32),
        Scope::Cpu(cpu) => (-1, cpu as i32),
    };
    // SAFETY: `attr` is a fully initialised perf_event_attr of the size that it names.
    let fd = unsafe {
        sys::perf_event_open(
            &raw mut attr,
            pid,
            cpu,
            -1,
            b::PERF_FLAG_FD_CLOEXEC as libc::c_ulong,
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this fd; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Starts the event.
pub fn enable(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: the ioctl takes no pointer.
    check(unsafe { sys::ioctls::ENABLE(fd.as_raw_fd(), 0) })
}

/// Sends the records of `fd` to the ring of `ring`, which must be on the same CPU.
pub fn set_output(fd: &OwnedFd, ring: &OwnedFd) -> io::Result<()> {
    // SAFETY: the ioctl takes another fd, no pointer.
    check(unsafe { sys::ioctls::SET_OUTPUT(fd.as_raw_fd(), ring.as_raw_fd()) })
}

/// Changes the period; the clock until the next sample starts anew.
pub fn set_period(fd: &OwnedFd, period_ns: u64) -> io::Result<()> {
    let mut period = period_ns;
    // SAFETY: the kernel reads one u64 behind the pointer, which is valid.
    check(unsafe { sys::ioctls::PERIOD(fd.as_raw_fd(), &raw mut period as _) })
}

/// The id that the samples of this event carry.
pub fn id(fd: &OwnedFd) -> io::Result<u64> {
    let mut id = 0;
    // SAFETY: the kernel writes one u64 behind the pointer, which is valid.
    check(unsafe { sys::ioctls::ID(fd.as_raw_fd(), &raw mut id) })?;
    Ok(id)
}

fn check(rc: i32) -> io::Result<()> {
    if rc < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// The CPUs that are online.
pub fn online_cpus() -> Vec<u32> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let mut cpus = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) {
            cpus.extend(first..=last.min(first.saturating_add(65_535)));
        }
    }
    if cpus.is_empty() {
        cpus.push(0);
    }
    cpus
}
