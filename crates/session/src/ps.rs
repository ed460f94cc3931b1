//! The Go processes of this machine, and what can be had from each.

use std::path::PathBuf;
use std::sync::Arc;

use gobin::GoBin;
use target::{LiveMemory, Process};

use crate::explain::{self, Explanation};

/// A running Go program.
#[derive(Clone, Debug)]
pub struct GoProcess {
    /// Its id.
    pub pid: u32,
    /// Its arguments, the program first.
    pub command: Vec<String>,
    /// The binary as the process sees it.
    pub exe: PathBuf,
    /// The binary was deleted or replaced since the process began.
    pub exe_deleted: bool,
    /// E.g. `go1.23.9`.
    pub go_version: String,
    /// Import path of its main package; empty if not known.
    pub path: String,
    /// Without symbol table.
    pub stripped: bool,
    /// Position-independent.
    pub pie: bool,
    /// With C parts.
    pub cgo: bool,
    /// `net/http/pprof` is linked in.
    pub pprof: bool,
    /// It runs in a pid namespace of its own: a container.
    pub container: bool,
    /// How many threads it has.
    pub threads: usize,
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// Why it cannot be attached to; `None` if it can.
    pub refusal: Option<String>,
    /// What can be read of its runtime, if it can be attached to.
    pub runtime: Option<Explanation>,
}

/// All Go processes that can be seen, by rising pid. Processes whose binary cannot be read (those of
/// other users, mostly) are counted, not shown.
pub fn list() -> (Vec<GoProcess>, usize) {
    let me = std::process::id();
    let mut unreadable = 0;
    let mut found = Vec::new();
    for process in Process::all() {
        if process.pid() == me {
            continue;
        }
        match look(process) {
            Look::Go(p) => found.push(*p),
            Look::Other => {}
            Look::Unreadable => unreadable += 1,
        }
    }
    (found, unreadable)
}

enum Look {
    Go(Box<GoProcess>),
    Other,
    Unreadable,
}

fn look(process: Process) -> Look {
    let Ok((exe, exe_deleted)) = process.exe() else {
        // A kernel thread has no arguments and no binary, and is nothing to miss.
        return match process.command_line().is_empty() {
            true => Look::Other,
            false => Look::Unreadable,
        };
    };
    let Ok(file) = process.open_exe() else {
        return Look::Unreadable;
    };
    let Ok(go) = GoBin::parse(Arc::new(file)) else {
        return Look::Other;
    };
    let info = go.build_info();
    let refusal = attachable(process).err();
    let runtime = match refusal {
        None => explain::of_process(process).ok(),
        Some(_) => None,
    };
    Look::Go(Box::new(GoProcess {
        runtime,
        pid: process.pid(),
        command: process.command_line(),
        exe,
        exe_deleted,
        go_version: info.go_version.clone(),
        path: info.path.clone(),
        stripped: go.is_stripped(),
        pie: go.is_pie(),
        cgo: go.is_cgo(),
        pprof: !go.pclntab().func_by_name("net/http/pprof.Index").is_empty(),
        container: process
            .inner_pid()
            .is_some_and(|inner| inner != process.pid()),
        threads: process.threads().len(),
        resident_bytes: process.resident_bytes().unwrap_or(0),
        refusal,
    }))
}

fn attachable(process: Process) -> Result<(), String> {
    let maps = process.maps().map_err(|e| e.to_string())?;
    let probe = maps.iter().find(|m| m.read && m.file != (0, 0));
    let start = probe.ok_or("its memory is not mapped")?.start;
    LiveMemory::attach(process.pid(), start).map_err(|e| match e {
        target::Error::Refused { refusal, .. } => refusal.to_string(),
        other => other.to_string(),
    })?;
    Ok(())
}
