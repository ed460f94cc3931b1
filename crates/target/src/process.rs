//! A live process as /proc shows it: its binary, its mappings, its threads, its CPU time.
//!
//! Files are opened through `/proc/PID/exe` and `/proc/PID/root`, so that a binary in a container,
//! a deleted one and one that was replaced on disk are all the one that runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::access;
use crate::error::Error;
use crate::file::MappedFile;

/// A process, by its id in our own pid namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pid: u32,
}

/// One line of `/proc/PID/maps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// First address.
    pub start: u64,
    /// First address after it.
    pub end: u64,
    /// Offset in the file.
    pub offset: u64,
    /// Readable.
    pub read: bool,
    /// Writable.
    pub write: bool,
    /// Executable.
    pub exec: bool,
    /// Device and inode, which tell two files apart whatever their names; (0, 0) without a file.
    pub file: (u64, u64),
    /// The file's path in the target's own root, a name as `[vdso]`, or nothing.
    pub path: String,
}

impl Process {
    /// The process of this id, if it is there.
    pub fn find(pid: u32) -> Result<Process, Error> {
        if fs::metadata(format!("/proc/{pid}/task")).is_ok() {
            Ok(Process { pid })
        } else {
            Err(Error::NoSuchProcess { pid })
        }
    }

    /// All processes that can be seen from here, by rising id.
    pub fn all() -> Vec<Process> {
        let mut pids: Vec<u32> = numbers(Path::new("/proc"));
        pids.sort_unstable();
        pids.into_iter().map(|pid| Process { pid }).collect()
    }

    /// Its id.
    pub fn pid(self) -> u32 {
        self.pid
    }

    /// Whether it still runs: it is there and not a zombie.
    pub fn is_running(self) -> bool {
        self.stat_fields()
            .and_then(|f| f.first().cloned())
            .is_some_and(|state| state != "Z" && state != "X")
    }

    fn path(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    pub(crate) fn error(self, action: &'static str, name: &str, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::NotFound => match Process::find(self.pid) {
                Ok(_) => Error::io(self.path(name).display().to_string(), source),
                Err(gone) => gone,
            },
            io::ErrorKind::PermissionDenied => Error::Refused {
                action,
                pid: self.pid,
                refusal: access::why_ptrace(self.pid),
            },
            _ if source.raw_os_error() == Some(libc::ESRCH) => {
                Error::NoSuchProcess { pid: self.pid }
            }
            _ => Error::io(self.path(name).display().to_string(), source),
        }
    }

    /// The path of its binary as the target sees it, and whether that file is gone.
    pub fn exe(self) -> Result<(PathBuf, bool), Error> {
        let link = fs::read_link(self.path("exe")).map_err(|e| self.error("read", "exe", e))?;
        let text = link.to_string_lossy();
        Ok(match text.strip_suffix(" (deleted)") {
            Some(path) => (PathBuf::from(path), true),
            None => (link, false),
        })
    }

    /// The bytes of the binary that runs, though its file may be deleted, replaced or in a
    /// container.
    pub fn open_exe(self) -> Result<MappedFile, Error> {
        MappedFile::open(&self.path("exe")).map_err(|e| self.error("read", "exe", e))
    }

    /// The bytes of the file behind a mapping.
    pub fn open_map(self, map: &Map) -> Result<MappedFile, Error> {
        let direct = format!("map_files/{:x}-{:x}", map.start, map.end);
        if let Ok(file) = MappedFile::open(&self.path(&direct)) {
            return Ok(file);
        }
        let name = format!("root{}", map.path);
        MappedFile::open(&self.path(&name)).map_err(|e| self.error("read", &name, e))
    }

    /// Its mappings, by rising address.
    pub fn maps(self) -> Result<Vec<Map>, Error> {
        let text =
            fs::read_to_string(self.path("maps")).map_err(|e| self.error("read", "maps", e))?;
        Ok(text.lines().filter_map(parse_map).collect())
    }

    /// The ids of its threads, rising.
    pub fn threads(self) -> Vec<u32> {
        let mut tids = numbers(&self.path("task"));
        tids.sort_unstable();
        tids
    }

    /// The short name the kernel shows.
    pub fn name(self) -> String {
        fs::read_to_string(self.path("comm"))
            .map(|s| s.trim_end().to_owned())
            .unwrap_or_default()
    }

    /// Its arguments.
    pub fn command_line(self) -> Vec<String> {
        let bytes = fs::read(self.path("cmdline")).unwrap_or_default();
        bytes
            .split(|&b| b == 0)
            .filter(|part| !part.is_empty())
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect()
    }

    /// CPU time that all its threads, ended ones too, have used: user and system.
    pub fn cpu_time(self) -> Option<Duration> {
        crate::clock::process_cpu_time(self.pid)
    }

    /// When it was started, in clock ticks since the machine was: with the pid it names a process
    /// for good, for pids are used again.
    pub fn started(self) -> Option<u64> {
        const START_TIME: usize = 19;
        self.stat_fields()?.get(START_TIME)?.parse().ok()
    }

    /// The user that it runs as.
    pub fn user(self) -> Option<u32> {
        self.status("Uid")?.split_whitespace().nth(1)?.parse().ok()
    }

    /// The process that traces it; `None` if nobody does.
    pub fn tracer(self) -> Option<u32> {
        self.status("TracerPid")?
            .parse()
            .ok()
            .filter(|&tracer| tracer != 0)
    }

    /// Its resident memory in bytes.
    pub fn resident_bytes(self) -> Option<u64> {
        let kb: u64 = self
            .status("VmRSS")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()?;
        Some(kb * 1024)
    }

    /// The process's id in its own pid namespace: other than ours in a container.
    pub fn inner_pid(self) -> Option<u32> {
        self.status("NSpid")?
            .split_whitespace()
            .last()?
            .parse()
            .ok()
    }

    /// The id of its thread `tid` in the target's own pid namespace.
    pub fn inner_tid(self, tid: u32) -> Option<u32> {
        let text = fs::read_to_string(self.path(&format!("task/{tid}/status"))).ok()?;
        let ids = text.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        ids.split_whitespace().last()?.parse().ok()
    }

    /// One field of `/proc/PID/status`.
    fn status(self, key: &str) -> Option<String> {
        let text = fs::read_to_string(self.path("status")).ok()?;
        text.lines().find_map(|line| {
            let (k, v) = line.split_once(':')?;
            (k == key).then(|| v.trim().to_owned())
        })
    }

    /// The fields of `/proc/PID/stat` from the state on: the name before them may hold anything.
    fn stat_fields(self) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.path("stat")).ok()?;
        let rest = &text[text.rfind(')')? + 1..];
        Some(rest.split_whitespace().map(str::to_owned).collect())
    }
}

fn numbers(dir: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .collect()
}

fn parse_map(line: &str) -> Option<Map> {
    let mut rest = line;
    let mut field = || {
        rest = rest.trim_start();
        let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = tail;
        word
    };
    let (start, end) = field().split_once('-')?;
    let flags = field().as_bytes();
    let offset = u64::from_str_radix(field(), 16).ok()?;
    let (major, minor) = field().split_once(':')?;
    let inode = field().parse().ok()?;
    let device =
        u64::from_str_radix(major, 16).ok()? << 32 | u64::from_str_radix(minor, 16).ok()?;
    let path = rest.trim_start();
    Some(Map {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        offset,
        read: flags.first() == Some(&b'r'),
        write: flags.get(1) == Some(&b'w'),
        exec: flags.get(2) == Some(&b'x'),
        file: if inode == 0 { (0, 0) } else { (device, inode) },
        path: path.strip_suffix(" (deleted)").unwrap_or(path).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_lines_of_every_kind() {
        let m = parse_map("00400000-0061e000 r-xp 00001000 fe:00 262401   /srv/my app (deleted)")
            .expect("a mapping");
        assert_eq!((m.start, m.end, m.offset), (0x400000, 0x61e000, 0x1000));
        assert_eq!(m.path, "/srv/my app");
        assert_eq!(m.file, (0xfe << 32, 262401));
        assert!(m.read && m.exec && !m.write);
        let anonymous =
            parse_map("c000000000-c000400000 rw-p 00000000 00:00 0 ").expect("a mapping");
        assert_eq!((anonymous.file, anonymous.path.as_str()), ((0, 0), ""));
        let vdso = parse_map("7ffd1b9f2000-7ffd1b9f4000 r-xp 00000000 00:00 0      [vdso]");
        assert_eq!(vdso.expect("a mapping").path, "[vdso]");
        assert_eq!(parse_map("nonsense"), None);
    }

    #[test]
    fn this_process_is_found_and_no_other_of_a_free_id() {
        let me = Process::find(std::process::id()).expect("we run");
        assert!(me.is_running());
        assert!(me.threads().contains(&std::process::id()));
        assert!(
            me.maps()
                .expect("our own maps")
                .iter()
                .any(|m| m.path == "[stack]")
        );
        assert!(me.cpu_time().expect("our own clock") > Duration::ZERO);
        assert!(matches!(
            Process::find(u32::MAX - 1),
            Err(Error::NoSuchProcess { .. })
        ));
    }
}
