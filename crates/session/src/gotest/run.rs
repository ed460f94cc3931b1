//! Running the tests: which runs there are, and what each leaves in the folder.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use godebug::bench::BenchLog;

use super::go::Listed;
use super::{Arguments, Go, Kind, MANIFEST, Manifest, Package, SCHEMA, Set, Taken, VERSION};
use crate::error::Error;

/// What is to be run.
#[derive(Debug)]
pub struct Request {
    /// The `go` command.
    pub go: Go,
    /// What the user says to `go test`.
    pub words: Vec<String>,
    /// The same, taken apart.
    pub arguments: Arguments,
    /// Where everything goes; an absolute path.
    pub dir: PathBuf,
    /// Whether each kind of profile is taken in a run of its own.
    pub isolate: bool,
}

/// Who asks for a run: gets to know how it goes, and can end it.
pub trait Host {
    /// A run begins.
    fn step(&mut self, step: &Step<'_>);
    /// A process group was started that signals are to go to; 0 when it has ended.
    fn started(&mut self, group: u32);
    /// What `go test` prints.
    fn output(&mut self, bytes: &[u8]) -> std::io::Result<()>;
    /// Whether to end early.
    fn stopped(&self) -> bool;
}

/// A run that begins.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The package.
    pub package: &'a str,
    /// The profile that is taken; `None` without any, or with all.
    pub kind: Option<Kind>,
    /// The number of the run, from 1, and how many there are.
    pub run: (usize, usize),
}

/// What came of it.
#[derive(Debug)]
pub struct Finished {
    /// The folder; `None` if `go` could not even name the packages.
    pub set: Option<Set>,
    /// How `go test` ended: the first exit code other than 0.
    pub exit_code: i32,
    /// What the user should know, a line each.
    pub notes: Vec<String>,
}

/// The first of `gowhy-test-001`, `gowhy-test-002` … that is not there yet.
pub fn unused_dir(parent: &Path) -> PathBuf {
    let names = (1..).map(|number| parent.join(format!("gowhy-test-{number:03}")));
    let unused = |path: &PathBuf| !path.exists();
    names
        .take(100_000)
        .find(unused)
        .unwrap_or_else(|| parent.join("gowhy-test"))
}

/// Runs the tests.
pub fn run(request: &Request, host: &mut dyn Host) -> Result<Finished, Error> {
    let Request { go, arguments, .. } = request;
    let packages = go.list(arguments, host);
    if host.stopped() {
        return Ok(Finished {
            set: None,
            exit_code: 1,
            notes: Vec::new(),
        });
    }
    let Some(packages) = packages else {
        // It says itself what is wrong.
        let (exit_code, _) = shown(go, &arguments.words(&[], None), None, host)?;
        return Ok(Finished {
            set: None,
            exit_code,
            notes: Vec::new(),
        });
    };
    let with_tests = packages.iter().filter(|p| p.has_tests).count();
    if packages.len() > 1 {
        several_refused(arguments)?;
    }
    prepare(&request.dir)?;
    let mut runner = Runner {
        request,
        host,
        several: packages.len() > 1,
        steps: with_tests
            * if request.isolate {
                1 + Kind::ALL.len()
            } else {
                1
            },
        step: 0,
        notes: Vec::new(),
        set: Set {
            dir: request.dir.clone(),
            manifest: Manifest {
                schema: SCHEMA.to_owned(),
                version: VERSION,
                go_version: go.version.clone(),
                arguments: request.words.clone(),
                isolated: request.isolate,
                timed: arguments.timed(),
                interrupted: false,
                exit_code: 0,
                packages: Vec::new(),
            },
        },
    };
    let folders = folders(&packages);
    for (package, folder) in packages.iter().zip(&folders) {
        runner.package(package, folder)?;
        // Whatever comes, what is there so far can be found.
        runner.set.save()?;
        if runner.host.stopped() {
            break;
        }
    }
    let Runner { set, notes, .. } = runner;
    Ok(Finished {
        exit_code: set.manifest.exit_code,
        set: Some(set),
        notes,
    })
}

/// Files that only one package can be written to.
fn several_refused(arguments: &Arguments) -> Result<(), Error> {
    let profiles = Kind::ALL.iter().map(|kind| kind.flag());
    let single = profiles
        .chain(["o", "trace"])
        .find(|flag| arguments.has(flag));
    match single {
        Some(flag) => Err(Error::TestFlag {
            flag: flag.to_owned(),
            why: "it names one file, and these are several packages".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Makes the folder; one of an earlier run is emptied of what that left.
fn prepare(dir: &Path) -> Result<(), Error> {
    let failed = |e| Error::file(dir, e);
    if dir.join(MANIFEST).exists() {
        let old = Set::open(dir)?;
        for package in &old.manifest.packages {
            let profiles = package.profiles.iter().map(|taken| &taken.file);
            let files = profiles.chain(&package.output).chain(&package.binary);
            for file in files.filter(|file| file.is_relative()) {
                // That it is gone already is no matter.
                let _ = fs::remove_file(dir.join(file));
            }
        }
        let _ = fs::remove_file(dir.join(MANIFEST));
    } else if dir.exists() && fs::read_dir(dir).map_err(failed)?.next().is_some() {
        return Err(Error::NotEmpty {
            dir: dir.to_owned(),
        });
    }
    fs::create_dir_all(dir).map_err(failed)
}

/// A folder for each package: the part of its path in which it differs from the others.
fn folders(packages: &[Listed]) -> Vec<PathBuf> {
    let split =
        |p: &Listed| -> Vec<String> { p.import_path.split('/').map(str::to_owned).collect() };
    let [first, others @ ..] = packages else {
        return Vec::new();
    };
    if others.is_empty() {
        return vec![PathBuf::new()];
    }
    let first = split(first);
    let common = others.iter().fold(first.len(), |common, p| {
        let equal = first.iter().zip(split(p)).take_while(|(a, b)| *a == b);
        common.min(equal.count())
    });
    let mut taken: Vec<PathBuf> = Vec::new();
    for package in packages {
        let path = split(package);
        // The package at the root of all others has only the last part of the common one.
        let from = if path.len() > common {
            common
        } else {
            common.saturating_sub(1)
        };
        let name = path[from..].join("-");
        let names = (1..).map(|n| match n {
            1 => PathBuf::from(&name),
            n => PathBuf::from(format!("{name}-{n}")),
        });
        let unused = names.take(taken.len() + 2).find(|n| !taken.contains(n));
        taken.push(unused.unwrap_or_default());
    }
    taken
}

struct Runner<'r> {
    request: &'r Request,
    host: &'r mut dyn Host,
    several: bool,
    steps: usize,
    step: usize,
    notes: Vec<String>,
    set: Set,
}

impl Runner<'_> {
    fn package(&mut self, package: &Listed, folder: &Path) -> Result<(), Error> {
        let request = self.request;
        let name = self.several.then_some(package.import_path.as_str());
        let base = &request.arguments;
        if !package.has_tests {
            let words = base.words(&[], name);
            let (code, _) = shown(&request.go, &words, None, self.host)?;
            self.ended(code);
            return Ok(());
        }
        fs::create_dir_all(request.dir.join(folder)).map_err(|e| Error::file(&request.dir, e))?;
        let mut made = Package {
            import_path: package.import_path.clone(),
            benchmarks_profiled: !request.isolate,
            ..Package::default()
        };
        let output = folder.join("output.txt");
        let runs: Vec<Vec<Kind>> = match request.isolate {
            true => Kind::ALL.iter().map(|&kind| vec![kind]).collect(),
            false => Vec::new(),
        };
        let shared: &[Kind] = if request.isolate { &[] } else { &Kind::ALL };

        self.announce(package, None);
        let words = base.words(&self.flags(shared, folder, &package.import_path), name);
        let kept = request.dir.join(&output);
        let (code, text) = shown(&request.go, &words, Some(&kept), self.host)?;
        made.output = Some(output);
        made.exit_code = code;
        self.ended(code);
        made.has_benchmarks = !BenchLog::parse(&text).is_empty();
        self.keep(shared, folder, &mut made);
        let built = !["[build failed]", "[setup failed]"]
            .iter()
            .any(|failure| String::from_utf8_lossy(&text).contains(failure));
        for kinds in runs.iter().filter(|_| built) {
            if self.host.stopped() {
                break;
            }
            self.announce(package, kinds.first().copied());
            let words = base.words(&self.flags(kinds, folder, &package.import_path), name);
            let log = request
                .dir
                .join(folder)
                .join(format!("{}.txt", kinds[0].name()));
            let code = hidden(&request.go, &words, &log, self.host)?;
            if code == 0 {
                // It says what the first run said.
                let _ = fs::remove_file(&log);
            } else if !self.host.stopped() {
                if made.exit_code == 0 {
                    let kind = kinds[0].name();
                    self.notes.push(format!(
                        "the run for the {kind} profile failed; what it printed is in {}",
                        log.display()
                    ));
                    made.exit_code = code;
                }
                self.ended(code);
            }
            self.keep(kinds, folder, &mut made);
        }
        self.binary(folder, &package.import_path, &mut made);
        self.set.manifest.packages.push(made);
        Ok(())
    }

    fn announce(&mut self, package: &Listed, kind: Option<Kind>) {
        self.step += 1;
        self.host.step(&Step {
            package: &package.import_path,
            kind,
            run: (self.step, self.steps),
        });
    }

    fn ended(&mut self, code: i32) {
        let manifest = &mut self.set.manifest;
        if manifest.exit_code == 0 {
            manifest.exit_code = code;
        }
        manifest.interrupted |= self.host.stopped();
    }

    /// The flags that take these profiles. What the user says of them is left as it is.
    fn flags(&self, kinds: &[Kind], folder: &Path, import_path: &str) -> Vec<String> {
        let Request {
            arguments,
            dir,
            isolate,
            ..
        } = self.request;
        let mut flags = Vec::new();
        if !kinds.is_empty() && !arguments.has("o") {
            let path = dir.join(folder).join(binary_name(import_path));
            flags.push(format!("-o={}", path.display()));
        }
        for &kind in kinds {
            let own = dir.join(folder).join(file_name(kind));
            let path = match arguments.value(kind.flag()) {
                Some(path) => path.to_owned(),
                None => own.display().to_string(),
            };
            flags.push(format!("-{}={path}", kind.flag()));
            if let Some((flag, rate)) = kind.rate(*isolate)
                && !arguments.has(flag)
            {
                flags.push(format!("-{flag}={rate}"));
            }
        }
        flags
    }

    /// Notes which of these profiles are there. One that the user wants elsewhere is copied.
    fn keep(&mut self, kinds: &[Kind], folder: &Path, made: &mut Package) {
        let Request {
            arguments, dir, go, ..
        } = self.request;
        let mut missing = Vec::new();
        for &kind in kinds {
            let file = folder.join(file_name(kind));
            let own = dir.join(&file);
            if let Some(path) = arguments.value(kind.flag()) {
                let outputs = arguments.value("outputdir").unwrap_or(".");
                let base = go.folder(arguments).join(outputs);
                if let Err(e) = fs::copy(base.join(path), &own) {
                    self.notes.push(format!("cannot copy {path}: {e}"));
                }
            }
            match fs::metadata(&own) {
                Ok(meta) if meta.len() > 0 => made.profiles.push(Taken { kind, file }),
                found => {
                    if found.is_ok() {
                        let _ = fs::remove_file(&own);
                    }
                    missing.push(kind.name());
                }
            }
        }
        if !missing.is_empty() && !self.host.stopped() {
            self.notes.push(format!(
                "{}: no {} profile: the test ended before it was written",
                made.import_path,
                missing.join(", ")
            ));
        }
    }

    fn binary(&self, folder: &Path, import_path: &str, made: &mut Package) {
        let Request {
            arguments, dir, go, ..
        } = self.request;
        let file = match arguments.value("o") {
            Some(path) => go.folder(arguments).join(path),
            None => folder.join(binary_name(import_path)),
        };
        if dir.join(&file).is_file() {
            made.binary = Some(file);
        }
    }
}

fn file_name(kind: Kind) -> String {
    format!("{}.pb.gz", kind.name())
}

/// What `go test` itself would call it.
fn binary_name(import_path: &str) -> String {
    let last = import_path.rsplit('/').next().unwrap_or(import_path);
    format!("{last}.test")
}

/// Runs `go` and shows what it prints; gives its exit code and that text, which also goes to `kept`.
fn shown(
    go: &Go,
    words: &[String],
    kept: Option<&Path>,
    host: &mut dyn Host,
) -> Result<(i32, Vec<u8>), Error> {
    let mut kept = match kept {
        Some(path) => Some((path, File::create(path).map_err(|e| Error::file(path, e))?)),
        None => None,
    };
    let mut command = go.command(words);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(no_start)?;
    host.started(child.id());
    let mut text = Vec::new();
    let mut failure = None;
    if let Some(mut stdout) = child.stdout.take() {
        let mut buffer = [0; 16 << 10];
        while let Ok(n @ 1..) = stdout.read(&mut buffer) {
            text.extend_from_slice(&buffer[..n]);
            if let Some((path, file)) = &mut kept
                && let Err(e) = file.write_all(&buffer[..n])
            {
                failure = Some(Error::file(path, e));
            }
            // A reader that went away does not end the tests.
            let _ = host.output(&buffer[..n]);
        }
    }
    let status = child.wait().map_err(no_start)?;
    host.started(0);
    match failure {
        Some(failure) => Err(failure),
        None => Ok((exit_code(status), text)),
    }
}

/// Runs `go` and puts what it prints into a file; gives its exit code.
fn hidden(go: &Go, words: &[String], log: &Path, host: &mut dyn Host) -> Result<i32, Error> {
    let failed = |e| Error::file(log, e);
    let file = File::create(log).map_err(failed)?;
    let both = file.try_clone().map_err(failed)?;
    let mut command = go.command(words);
    let mut child = command
        .stdout(file)
        .stderr(both)
        .spawn()
        .map_err(no_start)?;
    host.started(child.id());
    let status = child.wait().map_err(no_start)?;
    host.started(0);
    Ok(exit_code(status))
}

fn no_start(source: std::io::Error) -> Error {
    Error::GoFails {
        program: PathBuf::from("go"),
        reason: source.to_string(),
    }
}

/// As shells have it: of a process that a signal killed, 128 and the signal.
fn exit_code(status: std::process::ExitStatus) -> i32 {
    let signal = || status.signal().map_or(1, |signal| 128 + signal);
    status.code().unwrap_or_else(signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_folders_of_their_own() {
        let check = |paths: &[&str], expect: &[&str]| {
            let listed = paths.iter().map(|path| Listed {
                import_path: (*path).to_owned(),
                has_tests: true,
            });
            let folders = folders(&listed.collect::<Vec<_>>());
            assert_eq!(
                folders,
                expect.iter().map(PathBuf::from).collect::<Vec<_>>()
            );
        };
        check(&["a/b"], &[""]);
        check(&["m/x/y", "m/x/z/q"], &["y", "z-q"]);
        check(&["m/x", "m/x/a-b", "m/x/a/b"], &["x", "a-b", "a-b-2"]);
        check(&["fmt", "os"], &["fmt", "os"]);
    }
}
