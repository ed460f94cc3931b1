//! What the user named: a process, a file, an endpoint, standard input.

use std::path::{Path, PathBuf};

use target::Process;

use crate::error::Error;

/// A target, told from its spelling alone; nothing has been opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A process id.
    Pid(u32),
    /// The name of a process.
    Name(String),
    /// An HTTP endpoint.
    Url(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Target {
    /// Reads a target as the command line has it. Digits are a pid (a file of such a name is
    /// `./123`); what is there as a file is a file; `host:port` and `scheme://` are endpoints; what
    /// is left is a process's name.
    pub fn parse(text: &str) -> Target {
        if text == "-" {
            return Target::Stdin;
        }
        if let Ok(pid) = text.parse() {
            return Target::Pid(pid);
        }
        if Path::new(text).exists() {
            return Target::File(PathBuf::from(text));
        }
        if text.contains("://") || text.starts_with("unix:") || is_host_port(text) {
            return Target::Url(text.to_owned());
        }
        if text.contains('/') || text.ends_with(".gz") || text.ends_with(".pprof") {
            // It was meant as a file; that it is missing is for the one who opens it to say.
            return Target::File(PathBuf::from(text));
        }
        Target::Name(text.to_owned())
    }
}

/// `host:port`, with a path or not.
fn is_host_port(text: &str) -> bool {
    let authority = text.split('/').next().unwrap_or_default();
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.parse::<u16>().is_ok())
}

/// The one process of this name: the name the kernel shows, or the base name of its program.
pub fn process_named(name: &str) -> Result<Process, Error> {
    let me = std::process::id();
    let found: Vec<Process> = Process::all()
        .into_iter()
        .filter(|p| p.pid() != me && is_named(*p, name))
        .collect();
    match found.as_slice() {
        [] => Err(Error::NoSuchName {
            name: name.to_owned(),
        }),
        [one] => Ok(*one),
        several => Err(Error::SeveralOfName {
            name: name.to_owned(),
            pids: several.iter().map(|p| p.pid()).collect(),
        }),
    }
}

fn is_named(process: Process, name: &str) -> bool {
    let base = |path: &Path| path.file_name().is_some_and(|f| f == name);
    process.name() == name
        || process.exe().is_ok_and(|(exe, _)| base(&exe))
        || process
            .command_line()
            .first()
            .is_some_and(|arg| base(Path::new(arg)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_by_their_spelling() {
        let check = |text: &str, expect: Target| assert_eq!(Target::parse(text), expect, "{text}");
        check("-", Target::Stdin);
        check("4711", Target::Pid(4711));
        check("localhost:6060", Target::Url("localhost:6060".into()));
        check("[::1]:80/debug", Target::Url("[::1]:80/debug".into()));
        check("unix:/x.sock", Target::Url("unix:/x.sock".into()));
        check("http://x/y", Target::Url("http://x/y".into()));
        check("no/such/file", Target::File("no/such/file".into()));
        check("cpu.pb.gz", Target::File("cpu.pb.gz".into()));
        check("Cargo.toml", Target::File("Cargo.toml".into()));
        check("etcd", Target::Name("etcd".into()));
        check("c:\\x", Target::Name("c:\\x".into()));
    }
}
