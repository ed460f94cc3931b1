//! MemStats, and what others say of the same memory.

use crate::MemStats;

/// The memory of one program at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// What the program is: `process 4711 (server)`, a URL, a file.
    pub source: String,
    /// The version of Go it was built with; empty if not known.
    pub go_version: String,
    /// When, nanoseconds since 1970; 0 if not known.
    pub time_ns: u64,
    /// What the runtime counts.
    pub stats: MemStats,
    /// What the collector is set to, if that was read.
    pub collector: Option<Collector>,
    /// What the system says, if it was asked.
    pub consumption: Option<Consumption>,
    /// What the reader should know, a line each.
    pub notes: Vec<String>,
}

/// What the garbage collector is set to, and where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collector {
    /// GOGC in percent; `None` for off.
    pub percent: Option<u32>,
    /// GOMEMLIMIT in bytes; `None` for none.
    pub limit: Option<u64>,
    /// What the last collection found alive, in bytes.
    pub marked: u64,
    /// The heap as the pacer counts it: what is alive or was allocated since, in bytes.
    pub live: u64,
}

/// What the system says of a process's memory, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumption {
    /// In RAM.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
    /// Of that in RAM: pages of no file.
    pub anonymous: u64,
    /// Of that in RAM: pages of files, the program's code among them.
    pub file: u64,
    /// Of that in RAM: pages shared with other processes by shmem.
    pub shared: u64,
    /// In swap.
    pub swap: u64,
    /// The group of processes it is accounted to, if there is one that can be read.
    pub cgroup: Option<Cgroup>,
}

/// A control group's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cgroup {
    /// Its path.
    pub path: String,
    /// What all its processes, their page cache too, use; `None` if not known.
    pub usage: Option<u64>,
    /// The least limit of it and the groups it is in; `None` for none.
    pub limit: Option<u64>,
}
