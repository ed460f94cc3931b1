//! The programs of `testbed/`, each built once for a Go version and a way to build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cache::once;
use crate::go::{self, run};

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// `go build`.
    Plain,
    /// `-ldflags "-s -w"`: neither symbol table nor DWARF.
    Stripped,
    /// `-buildmode=pie`.
    Pie,
    /// Position-independent, and neither symbol table nor DWARF.
    StrippedPie,
    /// `-gcflags "all=-N -l"`: neither optimised nor inlined.
    Unoptimised,
    /// With its C parts, linked by the system's linker; needs a C compiler.
    Cgo,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 6] = [
        Self::Plain,
        Self::Stripped,
        Self::Pie,
        Self::StrippedPie,
        Self::Unoptimised,
        Self::Cgo,
    ];

    /// The word for it in paths and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Stripped => "stripped",
            Self::Pie => "pie",
            Self::StrippedPie => "stripped-pie",
            Self::Unoptimised => "unoptimised",
            Self::Cgo => "cgo",
        }
    }

    /// The flags for `go build`.
    pub const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Cgo => &[],
            Self::Stripped => &["-ldflags=-s -w"],
            Self::Pie => &["-buildmode=pie"],
            Self::StrippedPie => &["-buildmode=pie", "-ldflags=-s -w"],
            Self::Unoptimised => &["-gcflags=all=-N -l"],
        }
    }
}

/// The folder with the Go programs.
pub fn testbed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed")
}

/// Whether there is a C compiler, which `cgo` needs; a test that goes without says so.
pub fn has_c_compiler() -> bool {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "gcc".into());
    let mut command = Command::new(compiler);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The executable of `testbed/<name>` built by Go `version` (`1.23`, or `any`); `cgo`, and
/// [`Variant::Cgo`], need a C compiler, the others are built without cgo.
pub fn program(name: &str, version: &str, variant: Variant) -> Result<PathBuf> {
    let go = if version == "any" {
        go::any()?
    } else {
        go::toolchain(version)?
    };
    let bed = testbed();
    let dir = bed.join(name);
    ensure!(dir.is_dir(), "no program {name} in testbed/");
    let cgo = name == "cgo" || variant == Variant::Cgo;
    ensure!(
        !cgo || has_c_compiler(),
        "the program {name} needs a C compiler (gcc, or $CC)"
    );
    let mut hash = Hash::default();
    hash.add(go.goroot.as_os_str().as_encoded_bytes());
    for source in sources(&bed, name)? {
        hash.add(source.as_os_str().as_encoded_bytes());
        hash.add(&fs::read(&source).with_context(|| source.display().to_string())?);
    }
    let key = format!(
        "programs/{name}-{}-{}-{:016x}",
        go.version,
        variant.name(),
        hash.0
    );
    let dir_of_program = once(&key, |_, result| {
        fs::create_dir(result)?;
        let mut command = go.command();
        command
            .current_dir(&dir)
            .env("CGO_ENABLED", if cgo { "1" } else { "0" })
            .args(["build", "-o"])
            .arg(result.join(name))
            .args(variant.flags())
            .arg(".");
        run(&mut command).map(drop)
    })?;
    // In a folder of its own, so that the process carries the program's name.
    Ok(dir_of_program.join(name))
}

/// Every file that may go into the program: its own folder, what they share, and go.mod.
fn sources(bed: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let mut files = vec![bed.join("go.mod")];
    let mut dirs = vec![bed.join(name), bed.join("bed")];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// FNV-1a: names in the cache must mean the same to every build of this crate.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        let length = (bytes.len() as u64).to_le_bytes();
        for &byte in length.iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
