//! What can go wrong between a target's name and an answer, with what the user can do about it.

use std::path::PathBuf;
use std::time::Duration;

use sampler::Kept;

/// A target could not be opened or captured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No process has this name.
    #[error("no process is named {name}")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// Several processes have this name.
    #[error("{} processes are named {name}: {}", pids.len(), list(pids))]
    SeveralOfName {
        /// The name.
        name: String,
        /// Their ids.
        pids: Vec<u32>,
    },
    /// The process, its binary or the kernel's permission.
    #[error(transparent)]
    Sampler(#[from] sampler::Error),
    /// The runtime of the process cannot be read.
    #[error("cannot read the goroutines of process {pid}: {why}")]
    Runtime {
        /// The process.
        pid: u32,
        /// What could not be proved.
        why: String,
    },
    /// A core file cannot be read.
    #[error("cannot read the core file {path}")]
    Core {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: target::CoreError,
    },
    /// A core file where a profile was asked for.
    #[error("{path} is a core file, and no profile")]
    CoreNoProfile {
        /// The file.
        path: String,
    },
    /// A core file that is packed.
    #[error("{path} is packed by {with}")]
    PackedCore {
        /// The file.
        path: String,
        /// The packer.
        with: &'static str,
    },
    /// The program of a core file is not at hand.
    #[error("the program of the core file {core} is not here ({why}), and the core {lacking}")]
    NoCoreProgram {
        /// The core.
        core: String,
        /// Why its file is not it.
        why: String,
        /// How little of it the core has.
        lacking: String,
    },
    /// The program given is not that of the core.
    #[error("{program} is not the program of the core file {core}: {why}")]
    OtherProgram {
        /// The file given.
        program: String,
        /// The core.
        core: String,
        /// What tells them apart.
        why: String,
    },
    /// The program of a core cannot be read.
    #[error("cannot read {program}, the program of the core file {core}")]
    CoreProgram {
        /// The program.
        program: String,
        /// The core.
        core: String,
        /// What is wrong with it.
        #[source]
        source: gobin::Error,
    },
    /// The runtime in a core cannot be read.
    #[error("cannot read the core file {core}: {why}")]
    CoreRuntime {
        /// The core.
        core: String,
        /// What could not be proved.
        why: String,
    },
    /// A profile that the runtime keeps cannot be read.
    #[error("cannot read the {} profile of process {pid}: {why}", kept.name())]
    Kept {
        /// The process.
        pid: u32,
        /// The profile.
        kept: Kept,
        /// What was not found or could not be proved.
        why: String,
    },
    /// A profile that the runtime does not keep, and has not kept.
    #[error("the {} profile of process {pid} is switched off: nothing has been recorded", kept.name())]
    KeptOff {
        /// The process.
        pid: u32,
        /// The profile.
        kept: Kept,
    },
    /// The memory statistics of the process cannot be read.
    #[error("cannot read the memory statistics of process {pid}: {why}")]
    MemStats {
        /// The process.
        pid: u32,
        /// What was not found or could not be proved.
        why: String,
    },
    /// A file or an answer has no memory statistics.
    #[error("{name} has no memory statistics")]
    NoMemStats {
        /// Where it came from.
        name: String,
    },
    /// What the runtime records of a process cannot be read or changed.
    #[error("cannot switch on this profile of process {pid}: {why}")]
    Recorded {
        /// The process.
        pid: u32,
        /// What could not be proved, or done.
        why: String,
    },
    /// Another gowhy has changed the same word of the process.
    #[error("another gowhy has switched on this profile of process {pid}")]
    RateTaken {
        /// The process.
        pid: u32,
    },
    /// The program to launch was not found.
    #[error("no program {program} in the PATH")]
    NoProgram {
        /// As the user wrote it.
        program: String,
    },
    /// The program to launch is none that we can read.
    #[error("cannot profile {program}")]
    BadProgram {
        /// Its file.
        program: PathBuf,
        /// Why.
        #[source]
        source: gobin::Error,
    },
    /// A file could not be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file or an answer is no profile.
    #[error("cannot read the profile {name}")]
    Profile {
        /// Where it came from.
        name: String,
        /// What is wrong with it.
        #[source]
        source: profile::Error,
    },
    /// There is no `go` command.
    #[error("no Go command {name}")]
    NoGo {
        /// The name or path that was looked for.
        name: String,
    },
    /// The `go` command does not work.
    #[error("{} does not work: {reason}", program.display())]
    GoFails {
        /// The command.
        program: PathBuf,
        /// What it says, or the system.
        reason: String,
    },
    /// A flag of `go test` that fits no profiling.
    #[error("-{flag} cannot be used here: {why}")]
    TestFlag {
        /// The flag, without dash.
        flag: String,
        /// Why not.
        why: String,
    },
    /// The folder for a test run has something else in it.
    #[error("{} is not empty, and nothing that gowhy test made", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// A folder is none of a test run.
    #[error("{} has no results of gowhy test", dir.display())]
    NoTestRun {
        /// The folder.
        dir: PathBuf,
    },
    /// The manifest of a test run cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is nothing that can be compared.
    #[error("{name} has neither benchmark results nor a profile")]
    Incomparable {
        /// The file.
        name: String,
    },
    /// The endpoint said no.
    #[error("server response: {status}{}", said(body))]
    Status {
        /// The endpoint.
        url: String,
        /// The HTTP status, e.g. `404 Not Found`.
        status: String,
        /// The answer's text, cut where it is long.
        body: String,
        /// The profiles that the endpoint has, if it was asked.
        others: Vec<String>,
    },
    /// The answer is larger than any profile.
    #[error("the answer of {url} has more than {} GB", limit >> 30)]
    TooLarge {
        /// The endpoint.
        url: String,
        /// How many bytes would have been taken.
        limit: u64,
    },
    /// A perf.data file could not be converted.
    #[error(
        "failed to convert perf.data file {path}. Try github.com/google/perf_data_converter: {why}"
    )]
    Converter {
        /// The file.
        path: String,
        /// What went wrong.
        why: String,
    },
    /// A certificate without its key, or the other way round.
    #[error("{given} is specified, so {missing} must also be specified")]
    TlsPair {
        /// The flag that is there.
        given: &'static str,
        /// The flag that is not.
        missing: &'static str,
    },
    /// A certificate of the user's cannot be read.
    #[error("could not load {what}: {path}: {why}")]
    Certificate {
        /// What it is for.
        what: &'static str,
        /// Its file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The endpoint did not answer in time.
    #[error("{url} did not answer within {}s", limit.as_secs_f64())]
    Timeout {
        /// The endpoint.
        url: String,
        /// How long we waited.
        limit: Duration,
    },
    /// The connection ended before the answer did.
    #[error("{url} closed the connection after {received} bytes of its answer")]
    ClosedEarly {
        /// The endpoint.
        url: String,
        /// What had come.
        received: usize,
    },
    /// The endpoint could not be reached.
    #[error("cannot reach {url}")]
    Unreachable {
        /// The endpoint.
        url: String,
        /// What the network said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What kind of failure it is, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The target is missing or gone.
    Missing,
    /// Permission is missing.
    Permission,
    /// The input is unreadable or unsupported.
    Input,
    /// What was asked for makes no sense.
    Usage,
}

impl From<target::Error> for Error {
    fn from(e: target::Error) -> Self {
        Error::Sampler(e.into())
    }
}

impl Error {
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Error {
        Error::File {
            path: path.display().to_string(),
            source,
        }
    }

    /// What kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            Error::NoSuchName { .. }
            | Error::SeveralOfName { .. }
            | Error::NoProgram { .. }
            | Error::NoGo { .. }
            | Error::GoFails { .. }
            | Error::Status { .. }
            | Error::Timeout { .. }
            | Error::ClosedEarly { .. }
            | Error::TooLarge { .. }
            | Error::KeptOff { .. }
            | Error::Unreachable { .. } => Class::Missing,
            Error::Sampler(sampler::Error::Target(e)) => match e {
                target::Error::NoSuchProcess { .. } | target::Error::Launch { .. } => {
                    Class::Missing
                }
                target::Error::Refused { .. } => Class::Permission,
                _ => Class::Input,
            },
            Error::Sampler(sampler::Error::NotMapped) => Class::Missing,
            Error::RateTaken { .. } => Class::Usage,
            Error::TestFlag { .. } | Error::NotEmpty { .. } => Class::Usage,
            Error::OtherProgram { .. } => Class::Usage,
            Error::TlsPair { .. } | Error::Certificate { .. } => Class::Usage,
            Error::File { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => Class::Missing,
                std::io::ErrorKind::PermissionDenied => Class::Permission,
                _ => Class::Input,
            },
            _ => Class::Input,
        }
    }

    /// A command that helps.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::NoSuchName { .. } => "gowhy ps lists the Go processes here".into(),
            Error::SeveralOfName { pids, .. } => {
                format!("name one by its pid, e.g. {}", pids.first()?)
            }
            Error::RateTaken { .. } => "wait until it has ended, then try again".into(),
            Error::NoProgram { program } => format!("gowhy cpu -- ./{program}"),
            Error::Sampler(sampler::Error::Target(target::Error::Refused {
                refusal, pid, ..
            })) => refusal.hint(*pid),
            Error::Sampler(sampler::Error::Target(target::Error::NoSuchProcess { .. })) => {
                "gowhy ps lists the Go processes here".into()
            }
            Error::Sampler(sampler::Error::Program {
                source: gobin::Error::NotGo,
                ..
            }) => "gowhy ps lists the Go processes here".into(),
            Error::KeptOff { kept, pid } => match kept {
                Kept::Block => format!(
                    "gowhy block {pid} --rate 1 switches it on for 10s, or the program can call runtime.SetBlockProfileRate(10000)"
                ),
                Kept::Mutex => format!(
                    "gowhy mutex {pid} --fraction 1 switches it on for 10s, or the program can call runtime.SetMutexProfileFraction(100)"
                ),
                // The linker does so unless something refers to the profile.
                _ => format!(
                    "gowhy {} {pid} --rate 4096 switches it on for 10s; runtime.MemProfileRate is 0 in programs without net/http/pprof or runtime/pprof: import _ \"net/http/pprof\"",
                    kept.name()
                ),
            },
            Error::NoMemStats { .. } => {
                "they are in /debug/vars (expvar), and at the end of /debug/pprof/heap?debug=1"
                    .into()
            }
            Error::BadProgram { .. } => {
                "name the Go program itself, not a script that starts it".into()
            }
            Error::CoreNoProfile { path } => {
                format!("gowhy goroutine {path}, or gowhy memstats {path}")
            }
            Error::PackedCore { with: "zstd", path } => format!("zstd -d {path}"),
            Error::PackedCore { with: "gzip", path } => format!("gunzip {path}"),
            Error::PackedCore { with, path } => format!("{with} -d {path}"),
            Error::NoCoreProgram { .. } => "--binary PROGRAM names its file".into(),
            Error::NoGo { .. } | Error::GoFails { .. } => {
                "install Go (https://go.dev/dl), or name its command: gowhy test --go /path/to/go"
                    .into()
            }
            Error::TestFlag { flag, .. } if flag == "list" || flag == "c" => {
                format!("go test -{flag} does that, and there is nothing to profile")
            }
            Error::NotEmpty { .. } => "name another one with --out".into(),
            Error::NoTestRun { dir } => format!("gowhy test --out {} -bench .", dir.display()),
            Error::Incomparable { .. } => {
                "go test -bench . -count 10 > new.txt makes a file to compare".into()
            }
            Error::Status { body, .. } if body.contains("to an HTTPS server") => {
                "the endpoint speaks TLS: https://HOST:PORT, or https+insecure://HOST:PORT".into()
            }
            Error::Status { others, .. } if !others.is_empty() => {
                format!("profiles of this endpoint: {}", others.join(", "))
            }
            Error::Status { url, status, .. } if status.starts_with("404") => {
                let host = url.split('/').nth(2).unwrap_or_default();
                format!(
                    "does the program import net/http/pprof? Without it: gowhy cpu PID, on the host of {host}"
                )
            }
            Error::Status { status, .. }
                if status.starts_with("401") || status.starts_with("403") =>
            {
                "-header 'Authorization: Bearer TOKEN', or http://USER:PASSWORD@HOST:PORT".into()
            }
            Error::Unreachable { source, .. } => return unreachable_hint(&source.to_string()),
            Error::Timeout { .. } => {
                "-seconds 5 asks for a shorter profile, -timeout 300 waits longer".into()
            }
            Error::Profile {
                source: profile::Error::Html { .. },
                name,
            } if name.ends_with("/debug/pprof/") => {
                format!("that is the list of the endpoint's profiles: name one, e.g. {name}heap")
            }
            Error::Profile {
                source: profile::Error::Html { .. },
                name,
            } => format!("a proxy or a login page answered in the program's place: curl -v {name}"),
            _ => return None,
        })
    }
}

/// What helps where there was no connection, or none that is safe.
fn unreachable_hint(why: &str) -> Option<String> {
    let hint = if why.contains("CertificateRequired") {
        "-tls_cert=FILE -tls_key=FILE say who you are"
    } else if why.contains("certificate") {
        "-tls_ca=FILE trusts the authority in a file; https+insecure://HOST:PORT trusts anyone"
    } else if why.contains("InvalidContentType") {
        "the endpoint does not speak TLS: http://HOST:PORT"
    } else if why.contains("connection refused") {
        "does the program run, and listen on that port? gowhy ps lists the Go processes here"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// What an endpoint said beside the status.
fn said(body: &str) -> String {
    match body {
        "" => String::new(),
        body => format!(" - {body}"),
    }
}

fn list(pids: &[u32]) -> String {
    let words: Vec<String> = pids.iter().map(u32::to_string).collect();
    words.join(", ")
}
