//! Go toolchains: the pinned ones, the one that the user has, and what is built with them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::cache::{cache_dir, once};

mod fetch;

/// The exact versions that tests use, oldest first: one for each minor version of Go.
pub const VERSIONS: [&str; 8] = [
    "1.19.8", "1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.26.6", "1.27.3",
];

/// A Go toolchain on this machine.
#[derive(Clone, Debug)]
pub struct Go {
    /// The toolchain's root, with `bin/go` in it.
    pub goroot: PathBuf,
    /// The version without `go` in front: `1.23.9`.
    pub version: String,
}

/// The toolchain of `version`, a minor (`1.23`) or an exact one (`1.23.9`) out of [`VERSIONS`];
/// fetched and kept where it is not there yet.
pub fn toolchain(version: &str) -> Result<Go> {
    let exact = VERSIONS.iter().find(|known| {
        **known == version
            || known
                .strip_prefix(version)
                .is_some_and(|rest| rest.starts_with('.'))
    });
    let Some(exact) = exact else {
        bail!("no pinned Go {version}: there are {}", VERSIONS.join(", "));
    };
    let dir = once(&format!("go/{exact}"), |work, result| {
        if exact.starts_with("1.19.") {
            fetch::from_debian("1.19", work, result)
        } else {
            fetch::from_pypi(exact, work, result)
        }
    });
    match dir {
        Ok(dir) => {
            let goroot = fetch::root_in(&dir)?;
            Ok(Go {
                goroot,
                version: (*exact).to_owned(),
            })
        }
        // Another patch release of the same minor version is better than no test.
        Err(e) => match on_path() {
            Some(go) if go.minor() == minor(exact) => Ok(go),
            _ => Err(e.context(format!("no Go {exact}"))),
        },
    }
}

/// The toolchain of any exact version (`1.23.12`, `1.20` for the first of its kind): a pinned one, or
/// what the newest pinned `go` fetches as a module, which there is since Go 1.20.
pub fn release(version: &str) -> Result<Go> {
    if VERSIONS.contains(&version) {
        return toolchain(version);
    }
    let modules = cache_dir().join("gomod");
    let mut command = latest()?.command();
    command
        .env("GOTOOLCHAIN", format!("go{version}"))
        .env("GOMODCACHE", &modules)
        .env_remove("GOROOT")
        .args(["env", "GOROOT", "GOVERSION"]);
    let output = run(&mut command).with_context(|| format!("fetch Go {version}"))?;
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines();
    let goroot = PathBuf::from(lines.next().unwrap_or_default());
    let found = lines.next().and_then(|line| line.strip_prefix("go"));
    ensure!(
        found.and_then(|f| f.split([' ', '-']).next()) == Some(version),
        "asked for Go {version}, got {found:?}"
    );
    Ok(Go {
        goroot,
        version: version.to_owned(),
    })
}

/// The newest pinned toolchain.
pub fn latest() -> Result<Go> {
    toolchain(VERSIONS[VERSIONS.len() - 1])
}

/// Any toolchain that builds the programs of `testbed/`: the one in `PATH`, else one that was
/// fetched before, else the newest.
pub fn any() -> Result<Go> {
    if let Some(go) = on_path() {
        return Ok(go);
    }
    let kept = VERSIONS
        .iter()
        .rev()
        .find(|v| cache_dir().join("go").join(v).exists());
    kept.map_or_else(latest, |version| toolchain(version))
}

/// The newest toolchain's `pprof`, the oracle for reports: the path of its executable.
pub fn pprof() -> Result<PathBuf> {
    tool("pprof")
}

/// The newest toolchain's `cmd/<name>` (`pprof`, `addr2line`, `nm`, …), built once.
pub fn tool(name: &str) -> Result<PathBuf> {
    let go = latest()?;
    once(&format!("tools/{name}-{}", go.version), |_, result| {
        let mut command = go.command();
        command
            .args(["build", "-o"])
            .arg(result)
            .arg(format!("cmd/{name}"));
        run(&mut command).map(drop)
    })
}

/// `benchstat`, the oracle for comparisons of benchmarks, fetched as a Go module and built once.
pub fn benchstat() -> Result<PathBuf> {
    const VERSION: &str = "v0.0.0-20260908200009-22c9c6c9d4da";
    let go = latest()?;
    once(&format!("tools/benchstat-{VERSION}"), |work, result| {
        let bin = work.join("bin");
        let mut command = go.command();
        command
            .env("GOBIN", &bin)
            .env("GOFLAGS", "-modcacherw")
            .arg("install")
            .arg(format!("golang.org/x/perf/cmd/benchstat@{VERSION}"));
        run(&mut command)?;
        fs::rename(bin.join("benchstat"), result).context("move benchstat")
    })
}

impl Go {
    /// A command that runs `go`, shielded from the user's settings; add the arguments.
    pub fn command(&self) -> Command {
        let cache = cache_dir();
        let mut command = Command::new(self.goroot.join("bin/go"));
        for name in [
            "GOOS",
            "GOARCH",
            "GOEXPERIMENT",
            "GODEBUG",
            "GOGCCFLAGS",
            "CGO_CFLAGS",
        ] {
            command.env_remove(name);
        }
        command
            .env("GOROOT", &self.goroot)
            .env("GOTOOLCHAIN", "local")
            .env("GOENV", "off")
            .env("GOWORK", "off")
            .env("GO111MODULE", "on")
            .env("GOFLAGS", "-mod=mod")
            .env("GOPATH", cache.join("gopath"))
            .env("GOCACHE", cache.join("go-build").join(&self.version))
            .stdin(Stdio::null());
        command
    }

    /// Builds the main package in `dir` into the executable `out`; `flags` go before the package
    /// (`-ldflags=-s -w`, `-buildmode=pie`).
    pub fn build(&self, dir: &Path, out: &Path, flags: &[&str]) -> Result<()> {
        let mut command = self.command();
        command
            .current_dir(dir)
            .args(["build", "-o"])
            .arg(out)
            .args(flags)
            .arg(".");
        run(&mut command).map(drop)
    }

    /// The version's second number: 23 of `1.23.9`.
    pub fn minor(&self) -> u32 {
        minor(&self.version)
    }
}

fn minor(version: &str) -> u32 {
    let digits = version.split('.').nth(1).unwrap_or_default();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(0)
}

/// The `go` in `PATH`, when it runs and is no older than the oldest pinned one.
fn on_path() -> Option<Go> {
    let output = Command::new("go")
        .args(["env", "GOROOT", "GOVERSION"])
        .env("GOTOOLCHAIN", "local")
        .current_dir(env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let goroot = fs::canonicalize(lines.next()?).ok()?;
    let version = lines.next()?.strip_prefix("go")?;
    let version = version.split_whitespace().next()?.to_owned();
    (minor(&version) >= minor(VERSIONS[0])).then_some(Go { goroot, version })
}

/// Runs `command` and gives its output; a failure carries the command and what it printed.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let output = command
        .output()
        .with_context(|| format!("run {:?}", command.get_program()))?;
    ensure!(
        output.status.success(),
        "{:?} {:?}: {}\n{}{}",
        command.get_program(),
        command.get_args().collect::<Vec<_>>(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors() {
        for (version, expect) in [("1.23.9", 23), ("1.27", 27), ("1.28rc1", 28), ("devel", 0)] {
            assert_eq!(minor(version), expect, "{version}");
        }
    }

    #[test]
    fn refuses_versions_that_are_not_pinned() {
        for version in ["1.2", "1.18", "1.23.1", ""] {
            assert!(toolchain(version).is_err(), "{version}");
        }
    }
}
