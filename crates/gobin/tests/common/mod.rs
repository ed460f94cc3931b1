//! Go executables for the tests, built once and kept.
#![allow(dead_code)] // Each test file uses some.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use gowhy_gobin::{Func, GoBin};

/// One of each shape that the table has had since Go 1.18.
pub const VERSIONS: [&str; 5] = ["1.19", "1.21", "1.23", "1.25", "1.27"];

/// Ways to build: a word for it, flags, environment.
pub type Variant = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

pub const PLAIN: Variant = ("plain", &[], &[("CGO_ENABLED", "0")]);
pub const STRIPPED: Variant = ("stripped", &["-ldflags=-s -w"], &[("CGO_ENABLED", "0")]);
pub const PIE: Variant = ("pie", &["-buildmode=pie"], &[("CGO_ENABLED", "0")]);
pub const STRIPPED_PIE: Variant = (
    "stripped-pie",
    &["-buildmode=pie", "-ldflags=-s -w"],
    &[("CGO_ENABLED", "0")],
);
pub const ARM64: Variant = ("arm64", &[], &[("CGO_ENABLED", "0"), ("GOARCH", "arm64")]);
pub const BIG_ENDIAN: Variant = ("s390x", &[], &[("CGO_ENABLED", "0"), ("GOARCH", "s390x")]);
pub const SMALL: Variant = ("386", &[], &[("CGO_ENABLED", "0"), ("GOARCH", "386")]);
pub const CGO: Variant = ("cgo", &[], &[("CGO_ENABLED", "1")]);
pub const CGO_PIE: Variant = ("cgo-pie", &["-buildmode=pie"], &[("CGO_ENABLED", "1")]);

/// The executable of `tests/go/<name>`.
pub fn program(name: &str, version: &str, variant: Variant) -> Result<PathBuf> {
    let (word, flags, env) = variant;
    let go = testkit::go::toolchain(version)?;
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/go")
        .join(name);
    let mut hash = DefaultHasher::new();
    hash_dir(&dir, &mut hash)?;
    let cache = testkit::cache_dir().join("gobin");
    fs::create_dir_all(&cache)?;
    let out = cache.join(format!("{name}-{}-{word}-{:x}", go.version, hash.finish()));
    if !out.exists() {
        // Another test may build the same: rename what is complete.
        let part = out.with_extension(format!("{:?}", std::thread::current().id()));
        let mut command = go.command();
        command.current_dir(&dir).envs(env.iter().copied());
        command
            .args(["build", "-o"])
            .arg(&part)
            .args(flags)
            .arg(".");
        let output = command.output().context("run go build")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "go build {name} {word}: {said}");
        fs::rename(&part, &out)?;
    }
    Ok(out)
}

fn hash_dir(dir: &Path, hash: &mut DefaultHasher) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        path.hash(hash);
        if path.is_dir() {
            hash_dir(&path, hash)?;
        } else {
            fs::read(&path)?.hash(hash);
        }
    }
    Ok(())
}

pub fn open(path: &Path) -> Result<GoBin> {
    Ok(GoBin::parse(Arc::new(fs::read(path)?))?)
}

/// What `command` prints when given `input`.
pub fn pipe(command: &mut Command, input: String) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {:?}", command.get_program()))?;
    let mut stdin = child.stdin.take().context("stdin is piped")?;
    // Both pipes may fill: write and read at the same time.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().expect("the writer does not panic")?;
    ensure!(
        output.status.success(),
        "{:?}: {}",
        command.get_program(),
        output.status
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Some pcs of every function: its first, its last, and what lies between.
pub fn some_pcs(bin: &GoBin, each: u64) -> Vec<u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut pcs = Vec::new();
    for Func { entry, end, .. } in bin.pclntab().funcs() {
        pcs.push(entry);
        for _ in 0..each {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            pcs.push(entry + state % (end - entry).max(1));
        }
        if end > entry {
            pcs.push(end - 1);
        }
    }
    pcs.dedup();
    pcs
}
