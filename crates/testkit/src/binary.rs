//! The `gowhy` binary, as a user has it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

/// The optimised `gowhy`, built if need be; `$GOWHY_BIN` names another.
///
/// What tests say of overhead and of captured CPU time holds for this one only.
pub fn gowhy() -> Result<PathBuf> {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = env::var_os("GOWHY_BIN").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    if let Some(path) = PATH.get() {
        return Ok(path.clone());
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--package", "gowhy"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stderr(Stdio::inherit())
        .output()
        .context("run cargo")?;
    ensure!(output.status.success(), "gowhy does not build");
    // One JSON object a line; a whole parser is not worth its place among every crate's tests.
    let path = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_once("\"executable\":\"")?.1.split_once('"'))
        .map(|(path, _)| PathBuf::from(path))
        .find(|path| path.file_name().is_some_and(|name| name == "gowhy"))
        .context("cargo names no executable")?;
    Ok(PATH.get_or_init(|| path).clone())
}
