//! What a test run leaves behind: a folder with profiles, results and a manifest that lists them.

use std::fs;
use std::path::{Path, PathBuf};

use godebug::bench::BenchLog;
use profile::Profile;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::file;

/// The manifest's name in the folder.
pub const MANIFEST: &str = "gowhy-test.json";
/// The name of the manifest's schema.
pub const SCHEMA: &str = "gowhy.test";
/// Its version. A new field does not change it.
pub const VERSION: u32 = 1;

/// A kind of profile that `go test` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Where CPU time is spent.
    Cpu,
    /// What was allocated.
    Mem,
    /// Where goroutines waited.
    Block,
    /// Who held the locks that others waited for.
    Mutex,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Kind; 4] = [Kind::Cpu, Kind::Mem, Kind::Block, Kind::Mutex];

    /// The word for it: that of `go test`'s flag.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Cpu => "cpu",
            Kind::Mem => "mem",
            Kind::Block => "block",
            Kind::Mutex => "mutex",
        }
    }
}

/// The manifest: what was run, and what became of it. All paths are relative to its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// [`VERSION`].
    pub version: u32,
    /// The version of Go, e.g. `go1.27.3`.
    pub go_version: String,
    /// The arguments of `go test`, as the user gave them.
    pub arguments: Vec<String>,
    /// Whether each kind of profile was taken in a run of its own.
    pub isolated: bool,
    /// Whether benchmarks ran for a time, so that how often they ran differs from run to run.
    pub timed: bool,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// The exit code of `go test`: that of the first run that failed.
    pub exit_code: i32,
    /// The packages.
    pub packages: Vec<Package>,
}

/// What there is of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its import path.
    pub import_path: String,
    /// The exit code of the first of its runs that failed, or 0.
    pub exit_code: i32,
    /// What the tests printed, without profiling if there is such a run.
    pub output: Option<PathBuf>,
    /// Whether `output` has benchmark results.
    pub has_benchmarks: bool,
    /// Whether they were measured while profiles were taken.
    pub benchmarks_profiled: bool,
    /// The test's binary.
    pub binary: Option<PathBuf>,
    /// The profiles.
    pub profiles: Vec<Taken>,
}

/// A profile that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Its kind.
    pub kind: Kind,
    /// Its file.
    pub file: PathBuf,
}

/// A folder with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The folder.
    pub dir: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Set {
    /// Opens the folder of a test run.
    pub fn open(dir: &Path) -> Result<Set, Error> {
        let path = dir.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoTestRun {
                    dir: dir.to_owned(),
                });
            }
            read => read.map_err(|e| Error::file(&path, e))?,
        };
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|e| Error::Manifest {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        if manifest.schema != SCHEMA || manifest.version != VERSION {
            let reason = format!("it is {} version {}", manifest.schema, manifest.version);
            return Err(Error::Manifest { path, reason });
        }
        Ok(Set {
            dir: dir.to_owned(),
            manifest,
        })
    }

    /// Writes the manifest.
    pub fn save(&self) -> Result<(), Error> {
        let path = self.dir.join(MANIFEST);
        let text = serde_json::to_string_pretty(&self.manifest).map_err(|e| Error::Manifest {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        fs::write(&path, text + "\n").map_err(|e| Error::file(&path, e))
    }

    /// Reads a profile.
    pub fn profile(&self, taken: &Taken) -> Result<Profile, Error> {
        file::profile(&self.dir.join(&taken.file))
    }

    /// Reads the benchmark results of all packages, one after the other.
    pub fn benchmarks(&self) -> Result<BenchLog, Error> {
        let mut all = BenchLog::default();
        for package in &self.manifest.packages {
            let Some(output) = package.output.as_ref().filter(|_| package.has_benchmarks) else {
                continue;
            };
            let path = self.dir.join(output);
            let bytes = fs::read(&path).map_err(|e| Error::file(&path, e))?;
            let log = BenchLog::parse(&bytes);
            all.records.extend(log.records);
            all.diagnostics.extend(log.diagnostics);
        }
        Ok(all)
    }
}
