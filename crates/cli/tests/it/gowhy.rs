//! Running the command.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use profile::Profile;
use testkit::{Running, Variant};

/// What a run of gowhy gave.
pub struct Run {
    /// Exit code; −1 for a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The command under test.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gowhy"));
    command
        .env("NO_COLOR", "1")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

/// Runs gowhy to its end.
pub fn gowhy(args: &[&str]) -> Run {
    run(command().args(args))
}

/// Runs a prepared command to its end.
pub fn run(command: &mut Command) -> Run {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("gowhy starts");
    Run {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// A testbed program that is ready.
pub fn start(name: &str, version: &str, variant: Variant, args: &[&str]) -> Running {
    let binary = testkit::program(name, version, variant).expect("the program builds");
    let mut command = Command::new(binary);
    command.args(args);
    Running::start(command).expect("the program starts")
}

/// Reads a profile that gowhy wrote.
pub fn profile(path: &Path) -> Profile {
    let bytes = std::fs::read(path).expect("gowhy wrote a profile");
    profile::read_any(&bytes).expect("it is a profile")
}

/// The names of a sample's frames, leaf first.
pub fn names(p: &Profile, sample: usize) -> Vec<&str> {
    p.samples
        .stack(sample)
        .iter()
        .flat_map(|&l| p.lines(l))
        .map(|line| line.function.map_or("?", |f| p.str(p.function(f).name)))
        .collect()
}

/// The figure before `%` that follows `before` in the profile's comment.
pub fn figure(p: &Profile, before: &str) -> f64 {
    let comment = p
        .comments
        .iter()
        .map(|&c| p.str(c))
        .find(|c| c.starts_with("gowhy:"));
    let comment = comment.expect("the profile tells its quality");
    let at = comment.find(before).expect(before) + before.len();
    let number = comment[at..].split('%').next().unwrap_or_default();
    number.trim().parse().expect("a number before %")
}
