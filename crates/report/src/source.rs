//! Finding the source files that a profile names.
//!
//! The names come from the machine that built the program, so they are looked for below the
//! directories of a search path and all directories above those.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::binary::{Binaries, NoBinaries};
use crate::lookup::Roots;
use crate::paths;

/// Where source files are read from.
pub trait SourceFiles {
    /// The contents of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalFiles;

impl SourceFiles for LocalFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

/// The lines of a file, or why it cannot be read.
pub type Lines = Result<Rc<[String]>, String>;

/// Finds source files and remembers them; finds the programs that were built from them.
pub struct Finder<'f> {
    files: &'f dyn SourceFiles,
    binaries: &'f dyn Binaries,
    search: String,
    trim: String,
    roots: Roots,
    known: HashMap<String, Lines>,
}

impl std::fmt::Debug for Finder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finder")
            .field("search", &self.search)
            .field("trim", &self.trim)
            .finish_non_exhaustive()
    }
}

impl<'f> Finder<'f> {
    /// Looks in the directories `search` and cuts the prefixes `trim` (both `:`-separated).
    pub fn new(files: &'f dyn SourceFiles, search: &str, trim: &str) -> Self {
        Finder {
            files,
            binaries: &NoBinaries,
            search: search.to_owned(),
            trim: trim.to_owned(),
            roots: Roots::default(),
            known: HashMap::new(),
        }
    }

    /// The same, with programs.
    pub fn with_binaries(self, binaries: &'f dyn Binaries) -> Self {
        Finder { binaries, ..self }
    }

    /// The same, with folders to look into for what is not where the profile says.
    pub fn with_roots(self, roots: Roots) -> Self {
        Finder { roots, ..self }
    }

    /// Where the programs come from.
    pub fn binaries(&self) -> &'f dyn Binaries {
        self.binaries
    }

    /// The lines of the file that the profile calls `path`.
    pub fn lines(&mut self, path: &str) -> Lines {
        if let Some(lines) = self.known.get(path) {
            return lines.clone();
        }
        let lines = self.open(path).map(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            text.lines().map(str::to_owned).collect()
        });
        self.known.insert(path.to_owned(), lines.clone());
        lines
    }

    fn open(&self, path: &str) -> Result<Vec<u8>, String> {
        self.open_as_named(path).or_else(|failure| {
            let mut elsewhere = self.roots.candidates(path).into_iter();
            elsewhere
                .find_map(|candidate| self.files.read(&candidate).ok())
                .ok_or(failure)
        })
    }

    fn open_as_named(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = paths::trim(path, &self.trim, &self.search);
        if path.starts_with('/') {
            let read = self.files.read(Path::new(path));
            return read.map_err(|e| format!("open {path}: {}", reason(&e)));
        }
        for dir in paths::list(&self.search) {
            for dir in Path::new(dir).ancestors() {
                let candidate: PathBuf = dir.join(path);
                if let Ok(bytes) = self.files.read(&candidate) {
                    return Ok(bytes);
                }
            }
        }
        Err(format!(
            "could not find file {path} on path {}",
            self.search
        ))
    }
}

/// The cause in the words of the system, as Go gives it.
fn reason(e: &io::Error) -> String {
    let text = e.to_string().to_lowercase();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake(&'static [&'static str]);

    impl SourceFiles for Fake {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            let path = path.to_str().expect("the paths here are text");
            match self.0.contains(&path) {
                true => Ok(format!("{path}\r\nsecond").into_bytes()),
                false => Err(io::Error::from_raw_os_error(2)),
            }
        }
    }

    #[test]
    fn files_are_found_upwards_from_the_search_path() {
        let files = Fake(&["/home/me/src/a/b.go", "/abs/c.go", "/work/proj/x/y.go"]);
        for (path, search, trim, expect) in [
            (
                "a/b.go",
                "/none:/home/me/src/deep/er",
                "",
                Ok("/home/me/src/a/b.go"),
            ),
            ("/abs/c.go", "/home", "", Ok("/abs/c.go")),
            (
                "/build/proj/x/y.go",
                "/work/proj",
                "",
                Ok("/work/proj/x/y.go"),
            ),
            (
                "/build/x/y.go",
                "/work/proj",
                "/build",
                Ok("/work/proj/x/y.go"),
            ),
            (
                "/abs/d.go",
                "/home",
                "",
                Err("open /abs/d.go: no such file or directory"),
            ),
            (
                "a/d.go",
                "/home",
                "",
                Err("could not find file a/d.go on path /home"),
            ),
        ] {
            let lines = Finder::new(&files, search, trim).lines(path);
            match expect {
                Ok(at) => assert_eq!(lines.as_deref(), Ok(&[at.to_owned(), "second".into()][..])),
                Err(e) => assert_eq!(lines, Err(e.to_owned())),
            }
        }
    }
}
