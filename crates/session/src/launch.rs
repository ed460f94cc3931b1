//! Programs that we start ourselves.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;

use gobin::GoBin;

use crate::error::Error;

/// A program that was found and read, not started yet.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    words: Vec<String>,
    cgo: bool,
}

impl Program {
    /// Finds the program of a command line, in the PATH given if it has no slash, and makes sure
    /// that it is a Go program.
    pub fn find(words: &[String], path: &str) -> Result<Program, Error> {
        let name = words.first().map_or("", String::as_str);
        let file = find_in(name, path).ok_or_else(|| Error::NoProgram {
            program: name.to_owned(),
        })?;
        let data = target::MappedFile::open(&file).map_err(|source| Error::File {
            path: file.display().to_string(),
            source,
        })?;
        let go = GoBin::parse(Arc::new(data)).map_err(|source| Error::BadProgram {
            program: file.clone(),
            source,
        })?;
        Ok(Program {
            cgo: go.is_cgo(),
            path: file,
            words: words.to_vec(),
        })
    }

    /// Whether it has C parts.
    pub fn is_cgo(&self) -> bool {
        self.cgo
    }

    /// Starts it with our own input, output and environment.
    pub fn start(&self) -> Result<Child, Error> {
        Command::new(&self.path)
            .arg0(&self.words[0])
            .args(&self.words[1..])
            .spawn()
            .map_err(|source| {
                target::Error::Launch {
                    program: self.words[0].clone(),
                    source,
                }
                .into()
            })
    }
}

/// The file of a program: in the PATH given if its name has no slash.
pub(crate) fn find_in(name: &str, path: &str) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|p| p.is_file());
    }
    path.split(':')
        .map(|dir| Path::new(if dir.is_empty() { "." } else { dir }).join(name))
        .find(|p| p.is_file())
}
