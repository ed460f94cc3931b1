//! Why the kernel refuses us: the rules that stand between two processes, asked one by one.

use std::fmt;
use std::fs;

/// The rule that keeps us from a process, and with it what its user can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The process belongs to another user.
    OtherUser {
        /// The user id of the process.
        target: u32,
        /// Ours.
        ours: u32,
    },
    /// Yama lets only a parent trace (`kernel.yama.ptrace_scope`).
    PtraceScope {
        /// The setting: 1 parents only, 2 administrators only, 3 nobody.
        scope: u8,
    },
    /// We run in a container without the capability.
    Container {
        /// The capability it needs, e.g. `SYS_PTRACE`.
        capability: &'static str,
    },
    /// `kernel.perf_event_paranoid` is too high for a user without the capability.
    PerfParanoid {
        /// The setting.
        level: i32,
    },
    /// A seccomp filter, as container engines set one, forbids the call.
    Seccomp,
    /// The process does not let itself be read (`prctl(PR_SET_DUMPABLE, 0)`, setuid).
    NotDumpable,
    /// Another process traces it already.
    Traced {
        /// The tracer's process id.
        by: u32,
    },
    /// None of the rules we know.
    Unknown,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::OtherUser { target, ours } => {
                write!(f, "it belongs to user {target} and we are user {ours}")
            }
            Refusal::PtraceScope { scope } => {
                write!(f, "kernel.yama.ptrace_scope is {scope}")
            }
            Refusal::Container { capability } => {
                write!(f, "this container lacks the capability {capability}")
            }
            Refusal::PerfParanoid { level } => {
                write!(f, "kernel.perf_event_paranoid is {level}")
            }
            Refusal::Seccomp => write!(f, "a seccomp filter forbids the call"),
            Refusal::NotDumpable => write!(f, "the process is not dumpable"),
            Refusal::Traced { by } => write!(f, "process {by} traces it already"),
            Refusal::Unknown => write!(f, "the kernel refused"),
        }
    }
}

impl Refusal {
    /// A command or a setting that lifts the rule.
    pub fn hint(&self, pid: u32) -> String {
        match self {
            Refusal::OtherUser { target, .. } => {
                format!("sudo gowhy … {pid}, or run gowhy as user {target}")
            }
            Refusal::PtraceScope { scope: 3 } => {
                "ptrace_scope 3 can be lifted by a reboot only; start the program as `gowhy cpu -- PROGRAM`".into()
            }
            Refusal::PtraceScope { .. } => format!(
                "sudo gowhy … {pid}, or: sudo sysctl kernel.yama.ptrace_scope=0"
            ),
            Refusal::Container { capability } => format!(
                "start this container with --cap-add={capability}, or run gowhy on the host"
            ),
            Refusal::PerfParanoid { .. } => {
                format!("sudo gowhy … {pid}, or: sudo sysctl kernel.perf_event_paranoid=1")
            }
            Refusal::Seccomp => {
                "start this container with --security-opt seccomp=unconfined, or run gowhy on the host"
                    .into()
            }
            Refusal::NotDumpable => format!("sudo gowhy … {pid}"),
            Refusal::Traced { by } => format!("end process {by}, a debugger of this process, first"),
            Refusal::Unknown => format!("sudo gowhy … {pid}"),
        }
    }
}

const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;

/// What a reading of `/proc/…/status` tells about a process's rights.
#[derive(Clone, Debug, Default)]
struct Rights {
    uid: u32,
    caps: u64,
    seccomp: bool,
    tracer: u32,
}

fn rights(pid: &str) -> Option<Rights> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let mut r = Rights::default();
    for line in text.lines() {
        let (key, value) = line.split_once(':')?;
        let value = value.trim();
        match key {
            "Uid" => r.uid = value.split_whitespace().nth(1)?.parse().ok()?,
            "CapEff" => r.caps = u64::from_str_radix(value, 16).ok()?,
            "Seccomp" => r.seccomp = value == "2",
            "TracerPid" => r.tracer = value.parse().ok()?,
            _ => {}
        }
    }
    Some(r)
}

fn setting(path: &str) -> Option<i32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether we seem to run in a container.
pub fn in_container() -> bool {
    fs::metadata("/.dockerenv").is_ok()
        || fs::metadata("/run/.containerenv").is_ok()
        || fs::read_to_string("/proc/1/environ").is_ok_and(|e| e.contains("container="))
        || fs::read_to_string("/proc/1/cgroup").is_ok_and(|c| c.contains("kubepods"))
}

/// Why reading or tracing process `pid` was refused.
pub fn why_ptrace(pid: u32) -> Refusal {
    let (Some(us), Some(it)) = (rights("self"), rights(&pid.to_string())) else {
        return Refusal::Unknown;
    };
    if it.tracer != 0 {
        return Refusal::Traced { by: it.tracer };
    }
    if us.caps & (1 << CAP_SYS_PTRACE) != 0 {
        return match setting("/proc/sys/kernel/yama/ptrace_scope") {
            Some(3) => Refusal::PtraceScope { scope: 3 },
            _ if us.seccomp => Refusal::Seccomp,
            _ => Refusal::Unknown,
        };
    }
    if us.uid != it.uid {
        if us.uid == 0 {
            // Root without the capability: a container or a reduced service.
            return Refusal::Container {
                capability: "SYS_PTRACE",
            };
        }
        return Refusal::OtherUser {
            target: it.uid,
            ours: us.uid,
        };
    }
    match setting("/proc/sys/kernel/yama/ptrace_scope") {
        Some(scope @ 1..=3) => Refusal::PtraceScope { scope: scope as u8 },
        _ if us.uid == 0 || in_container() => Refusal::Container {
            capability: "SYS_PTRACE",
        },
        _ if us.seccomp => Refusal::Seccomp,
        _ => Refusal::NotDumpable,
    }
}

/// Why perf events on process `pid` were refused.
pub fn why_perf(pid: u32) -> Refusal {
    let Some(us) = rights("self") else {
        return Refusal::Unknown;
    };
    if us.caps & (1 << CAP_PERFMON | 1 << CAP_SYS_ADMIN) == 0 {
        if let Some(it) = rights(&pid.to_string())
            && it.uid != us.uid
            && us.uid != 0
        {
            return Refusal::OtherUser {
                target: it.uid,
                ours: us.uid,
            };
        }
        match setting("/proc/sys/kernel/perf_event_paranoid") {
            Some(level) if level >= 3 && us.uid != 0 => return Refusal::PerfParanoid { level },
            _ => {}
        }
        if us.seccomp {
            return Refusal::Seccomp;
        }
        if us.uid == 0 || in_container() {
            return Refusal::Container {
                capability: "PERFMON",
            };
        }
    }
    if us.seccomp {
        return Refusal::Seccomp;
    }
    Refusal::Unknown
}

/// Whether we may open perf events on whole CPUs, not only on processes of our own.
pub fn may_sample_cpus() -> bool {
    let capable =
        rights("self").is_some_and(|us| us.caps & (1 << CAP_PERFMON | 1 << CAP_SYS_ADMIN) != 0);
    capable || setting("/proc/sys/kernel/perf_event_paranoid").is_some_and(|level| level <= 0)
}
