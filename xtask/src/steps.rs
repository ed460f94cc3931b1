//! Running other programs in the workspace, with a line for each.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// The workspace's folder.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("xtask is a folder of the workspace").to_owned()
}

/// Cargo, with the arguments `args`, in the workspace.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// Runs `command` with its output shown; it must succeed.
pub fn run(command: &mut Command) -> Result<()> {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_owned();
    let status = command
        .status()
        .with_context(|| format!("run {}", name.display()))?;
    ensure!(status.success(), "{}: {status}", name.display());
    Ok(())
}

/// Does `work`, saying so before and after.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("── {what}");
    let start = Instant::now();
    let done = work().with_context(|| what.to_owned())?;
    println!("── {what}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(done)
}

/// The value after the flag `name` in `args`.
pub fn flag<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    let at = args.iter().position(|arg| arg == name)?;
    args.get(at + 1).map(String::as_str)
}
