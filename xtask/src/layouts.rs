//! `cargo xtask layouts`: the table of the runtime's structs, from what real compilers say.
//!
//! For each release a program is built, and its debug information compared with the table: rows that
//! differ get a step. Without arguments that is done for every release at which the table says that
//! a struct changed, the one before it, and the newest and oldest of each minor version, with the
//! experiments that move something; it fetches some gigabytes and takes hours. A new release is one
//! argument.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use testkit::go;

use crate::steps::{cargo, root, step};

const TABLE: &str = "crates/goruntime/src/layout/layouts.tsv";
/// Go 1.19 comes from a distribution, in one version; older steps of its rows stay as they are.
const OLDEST: (u32, u32) = (20, 0);

/// A release and an experiment.
type Build = (String, Option<String>);

pub fn run(args: &[String]) -> Result<()> {
    let table = fs::read_to_string(root().join(TABLE))?;
    let builds: Vec<Build> = match args {
        [] => boundaries(&table),
        given => given.iter().map(|arg| parse(arg)).collect(),
    };
    for (version, experiment) in builds {
        let name = match &experiment {
            Some(experiment) => format!("Go {version} with {experiment}"),
            None => format!("Go {version}"),
        };
        step(&name, || one(&version, experiment.as_deref()))?;
    }
    Ok(())
}

fn parse(arg: &str) -> Build {
    match arg.split_once('+') {
        Some((version, experiment)) => (version.to_owned(), Some(experiment.to_owned())),
        None => (arg.to_owned(), None),
    }
}

/// Builds a program and writes the table that is in line with it.
fn one(version: &str, experiment: Option<&str>) -> Result<()> {
    let go = go::release(version)?;
    let dir = root().join("target").join("layouts");
    fs::create_dir_all(&dir)?;
    let program = dir.join("httpd");
    let mut command = go.command();
    if let Some(experiment) = experiment {
        command.env("GOEXPERIMENT", experiment);
    }
    command
        .current_dir(root().join("testbed/httpd"))
        .env("CGO_ENABLED", "0")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".");
    ensure!(command.status()?.success(), "go build failed");
    let mut compare = cargo(&[
        "run",
        "--quiet",
        "-p",
        "gowhy-goruntime",
        "--example",
        "layouts",
        "--",
    ]);
    let output = compare.arg(&program).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the comparison failed");
    let path = root().join(TABLE);
    let before = fs::read(&path)?;
    if before != output.stdout {
        fs::write(&path, output.stdout).context("write the table")?;
    }
    Ok(())
}

/// The releases that show every step of the table: those at which something changes, those before,
/// and the ends of each minor version; then the experiments.
fn boundaries(table: &str) -> Vec<Build> {
    let mut releases: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut experiments: BTreeSet<(u32, u32, String)> = BTreeSet::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, steps)) = line.split_once('\t') else {
            continue;
        };
        if name == "neutral" {
            continue;
        }
        for step in steps.split(' ') {
            let release = number(step.split('=').next().unwrap_or_default());
            let Some((minor, patch)) = release else {
                continue;
            };
            if let Some((_, experiment)) = name.split_once('@') {
                experiments.insert((minor, patch, experiment.to_owned()));
                continue;
            }
            releases.insert((minor, 0));
            releases.insert((minor, patch));
            releases.insert((minor, patch.saturating_sub(1)));
        }
    }
    let releases = releases.into_iter().filter(|release| *release >= OLDEST);
    let plain = releases.map(|(minor, patch)| (name(minor, patch), None));
    let with = experiments
        .into_iter()
        .map(|(minor, patch, e)| (name(minor, patch), Some(e)));
    plain.chain(with).collect()
}

/// `1.23.4`, or `1.23`.
fn number(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.strip_prefix("1.")?.split('.');
    let minor = parts.next()?.parse().ok()?;
    let patch = parts.next().map_or(Some(0), |p| p.parse().ok())?;
    Some((minor, patch))
}

/// How Go names a release: the first of a minor version has a zero since Go 1.21.
fn name(minor: u32, patch: u32) -> String {
    match (minor, patch) {
        (..=20, 0) => format!("1.{minor}"),
        _ => format!("1.{minor}.{patch}"),
    }
}
