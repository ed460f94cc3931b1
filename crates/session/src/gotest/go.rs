//! The `go` command.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Arguments, Host};
use crate::error::Error;
use crate::launch::find_in;

/// A `go` command that runs.
#[derive(Clone, Debug)]
pub struct Go {
    program: PathBuf,
    cwd: PathBuf,
    /// Its version, e.g. `go1.27.3`.
    pub version: String,
}

/// A package that `go list` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its import path.
    pub import_path: String,
    /// Whether it has test files.
    pub has_tests: bool,
}

impl Go {
    /// Finds `go`: `name` is a path or a name in the PATH given. It runs in `cwd`.
    pub fn find(name: &str, path: &str, cwd: &Path, args: &Arguments) -> Result<Go, Error> {
        let missing = || Error::NoGo {
            name: name.to_owned(),
        };
        let mut program = find_in(name, path).ok_or_else(missing)?;
        if program.is_relative() {
            program = cwd.join(program);
        }
        let mut go = Go {
            program,
            cwd: cwd.to_owned(),
            version: String::new(),
        };
        // The version of the toolchain that go.mod asks for, which may be another one.
        let mut words = vec!["env".to_owned()];
        words.extend(args.folder().map(|dir| format!("-C={dir}")));
        words.push("GOVERSION".to_owned());
        let output = go.command(&words).output();
        let output = output.map_err(|source| Error::GoFails {
            program: go.program.clone(),
            reason: source.to_string(),
        })?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || text.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().find(|line| !line.trim().is_empty());
            return Err(Error::GoFails {
                program: go.program,
                reason: said.unwrap_or("it does not say its version").to_owned(),
            });
        }
        go.version = text;
        Ok(go)
    }

    /// A command with these words, in a group of its own, so that a signal to the group reaches the
    /// tests as well. It gets no input.
    pub fn command(&self, words: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .current_dir(&self.cwd)
            .stdin(Stdio::null())
            .process_group(0);
        command
    }

    /// Where relative paths of `go test`'s flags begin.
    pub fn folder(&self, args: &Arguments) -> PathBuf {
        args.folder()
            .map_or_else(|| self.cwd.clone(), |dir| self.cwd.join(dir))
    }

    /// The packages that the arguments name; `None` if `go list` fails, which `go test` then does,
    /// too, and says why.
    pub fn list(&self, args: &Arguments, host: &mut dyn Host) -> Option<Vec<Listed>> {
        let mut words = vec!["list".to_owned()];
        words.extend(args.folder().map(|dir| format!("-C={dir}")));
        words.push("-f={{.ImportPath}} {{len .TestGoFiles}} {{len .XTestGoFiles}}".to_owned());
        words.extend(args.listing());
        words.extend(args.packages().iter().cloned());
        let mut command = self.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        // It may have to fetch modules, which takes its time.
        let child = command.spawn().ok()?;
        host.started(child.id());
        let output = child.wait_with_output();
        host.started(0);
        let output = output.ok().filter(|output| output.status.success())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let packages = text.lines().filter_map(|line| {
            let mut fields = line.rsplitn(3, ' ');
            let counts = [fields.next()?, fields.next()?];
            Some(Listed {
                has_tests: counts.iter().any(|count| *count != "0"),
                import_path: fields.next()?.to_owned(),
            })
        });
        Some(packages.collect())
    }
}
