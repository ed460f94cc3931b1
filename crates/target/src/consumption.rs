//! What the kernel says of a process's memory: what of it is in RAM, and the account and limit of
//! its control group.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::Process;

/// What the kernel says of a process's memory, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumption {
    /// In RAM.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
    /// Of that in RAM: pages of no file.
    pub anonymous: u64,
    /// Of that in RAM: pages of files.
    pub file: u64,
    /// Of that in RAM: pages of shmem.
    pub shared: u64,
    /// In swap.
    pub swap: u64,
}

/// The account of a control group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cgroup {
    /// Its path.
    pub path: String,
    /// What all its processes use, in bytes, their page cache too; `None` for the root of all.
    pub usage: Option<u64>,
    /// The least limit of it and of the groups it is in, in bytes; `None` for none.
    pub limit: Option<u64>,
}

/// Where control groups are mounted.
const MOUNT: &str = "/sys/fs/cgroup";
/// Version 1 writes "no limit" as the largest number of whole pages.
const NO_LIMIT: u64 = i64::MAX as u64 - (64 << 10);

impl Process {
    /// What the kernel says of its memory; `None` if it has ended.
    pub fn consumption(self) -> Option<Consumption> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let of = |key: &str| {
            let line = text.lines().find_map(|l| l.strip_prefix(key));
            let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
            kb.unwrap_or(0) * 1024
        };
        Some(Consumption {
            resident: of("VmRSS:"),
            peak: of("VmHWM:"),
            anonymous: of("RssAnon:"),
            file: of("RssFile:"),
            shared: of("RssShmem:"),
            swap: of("VmSwap:"),
        })
    }

    /// The account of the control group that its memory is on; `None` if it cannot be seen.
    pub fn memory_cgroup(self) -> Option<Cgroup> {
        let text = fs::read_to_string(format!("/proc/{}/cgroup", self.pid())).ok()?;
        account(Path::new(MOUNT), &text)
    }
}

/// The account that the lines of `/proc/PID/cgroup` name, of the hierarchies mounted at `mount`.
fn account(mount: &Path, lines: &str) -> Option<Cgroup> {
    let paths = lines.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        Some((parts.next()?, parts.next()?))
    });
    let mut found = None;
    for (controllers, path) in paths {
        let tried = if controllers.split(',').any(|c| c == "memory") {
            version1(&mount.join("memory"), path)
        } else if controllers.is_empty() {
            let unified = mount.join("unified");
            let unified = if unified.is_dir() {
                unified
            } else {
                mount.into()
            };
            version2(&unified, path)
        } else {
            None
        };
        // Version 1 comes first where both are mounted, and then has the memory.
        found = found.or(tried);
    }
    found
}

/// The folder of a group; that of the whole hierarchy where the group's own is hidden, as it is in a
/// container that sees its own part only.
fn folder(hierarchy: &Path, path: &str) -> PathBuf {
    let own = hierarchy.join(path.trim_start_matches('/'));
    let inside = !path.split('/').any(|part| part == "..");
    if inside && own.is_dir() {
        own
    } else {
        hierarchy.into()
    }
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn version1(hierarchy: &Path, path: &str) -> Option<Cgroup> {
    let dir = folder(hierarchy, path);
    let usage = number(&dir.join("memory.usage_in_bytes"))?;
    let stat = fs::read_to_string(dir.join("memory.stat")).unwrap_or_default();
    let of_all = stat
        .lines()
        .find_map(|l| l.strip_prefix("hierarchical_memory_limit ")?.parse().ok());
    let own = number(&dir.join("memory.limit_in_bytes"));
    let limits = [of_all, own].into_iter().flatten();
    Some(Cgroup {
        path: path.to_owned(),
        usage: Some(usage),
        limit: limits.filter(|limit| *limit < NO_LIMIT).min(),
    })
}

fn version2(hierarchy: &Path, path: &str) -> Option<Cgroup> {
    let dir = folder(hierarchy, path);
    let usage = number(&dir.join("memory.current"));
    let within = dir.ancestors().take_while(|d| d.starts_with(hierarchy));
    let limit = within.filter_map(|d| number(&d.join("memory.max"))).min();
    (usage.is_some() || limit.is_some()).then(|| Cgroup {
        path: path.to_owned(),
        usage,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up hierarchy, gone with the value.
    struct Mount(PathBuf);

    impl Mount {
        fn new(name: &str, files: &[(&str, &str)]) -> Mount {
            let dir = format!("gowhy-cgroup-{name}-{}", std::process::id());
            let dir = std::env::temp_dir().join(dir);
            for (file, text) in files {
                let file = dir.join(file);
                fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
                fs::write(file, text).expect("a file");
            }
            Mount(dir)
        }
    }

    impl Drop for Mount {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn version_2_takes_the_least_limit_on_the_way_up() {
        let mount = Mount::new(
            "v2",
            &[
                ("a/memory.max", "1000\n"),
                ("a/memory.current", "900\n"),
                ("a/b/memory.max", "max\n"),
                ("a/b/memory.current", "300\n"),
            ],
        );
        let found = account(&mount.0, "0::/a/b\n").expect("an account");
        assert_eq!((found.usage, found.limit), (Some(300), Some(1000)));
        // Without a memory controller there is no account.
        assert_eq!(account(&mount.0, "0::/c\n"), None);
    }

    #[test]
    fn version_1_says_what_holds_and_hides_what_does_not() {
        let mount = Mount::new(
            "v1",
            &[
                ("memory/memory.usage_in_bytes", "77\n"),
                ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory/x/memory.usage_in_bytes", "55\n"),
                ("memory/x/memory.limit_in_bytes", "500\n"),
                (
                    "memory/x/memory.stat",
                    "cache 1\nhierarchical_memory_limit 400\n",
                ),
            ],
        );
        let lines = |path: &str| format!("5:cpu:/\n4:memory:{path}\n0::/\n");
        let found = account(&mount.0, &lines("/x")).expect("an account");
        assert_eq!((found.usage, found.limit), (Some(55), Some(400)));
        let hidden = account(&mount.0, &lines("/docker/4711")).expect("an account");
        assert_eq!((hidden.usage, hidden.limit), (Some(77), None));
    }
}
