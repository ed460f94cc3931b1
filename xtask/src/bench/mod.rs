//! `cargo xtask bench`: gowhy against the tools that people use today.

mod pprof;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use testkit::{Running, Variant};

use crate::measure::{Cost, cost, median};
use crate::steps::{self, cargo, flag, root, step};

/// `bench top [-rounds N] [-stacks N]`.
pub fn run(args: &[String]) -> Result<()> {
    let number = |name: &str, default: usize| {
        flag(args, name).map_or(Ok(default), |text| {
            text.parse().with_context(|| name.to_owned())
        })
    };
    match args.first().map(String::as_str) {
        Some("top") => top(number("-rounds", 5)?, number("-stacks", 1_000_000)?),
        Some("pprof") => pprof::run(args.get(1..).unwrap_or_default()),
        Some("overhead") => live("overhead", args.get(1..).unwrap_or_default()),
        _ => bail!("bench what? There are: top, pprof, overhead"),
    }
}

/// Runs a trial on live programs.
pub fn live(name: &str, args: &[String]) -> Result<()> {
    let mut command = cargo(&["run", "--release", "--quiet", "--package", "gowhy-benches"]);
    command.args(["--bin", "live", "--", name]).args(args);
    steps::run(&mut command)
}

/// Runs whose command lines differ; every round runs each once, so that they share what else the
/// machine does.
struct Contest {
    names: Vec<&'static str>,
    commands: Vec<Vec<String>>,
    costs: Vec<Vec<Cost>>,
}

impl Contest {
    fn new(contestants: Vec<(&'static str, Vec<String>)>) -> Self {
        let (names, commands): (Vec<_>, Vec<_>) = contestants.into_iter().unzip();
        let costs = vec![Vec::new(); names.len()];
        Self {
            names,
            commands,
            costs,
        }
    }

    fn run(&mut self, rounds: usize) -> Result<()> {
        for round in 0..rounds {
            for i in 0..self.commands.len() {
                let at = (i + round) % self.commands.len();
                let command: Vec<&str> = self.commands[at].iter().map(String::as_str).collect();
                self.costs[at].push(cost(&command)?);
            }
        }
        Ok(())
    }

    fn print(&self, title: &str) {
        println!("\n{title}\n");
        println!("| command | user CPU | system CPU | time | peak memory |");
        println!("|---|---|---|---|---|");
        for (name, costs) in self.names.iter().zip(&self.costs) {
            println!(
                "| {name} | {:.3} s | {:.3} s | {:.3} s | {:.1} MB |",
                median(costs, |c| c.user),
                median(costs, |c| c.system),
                median(costs, |c| c.wall),
                median(costs, |c| c.peak) / 1e6,
            );
        }
    }

    /// The median over the rounds of what `of` makes of the costs of `a` and `b` in that round.
    fn paired(&self, a: usize, b: usize, of: impl Fn(&Cost, &Cost) -> f64) -> f64 {
        let mut figures: Vec<f64> = self.costs[a]
            .iter()
            .zip(&self.costs[b])
            .map(|(a, b)| of(a, b))
            .collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn top(rounds: usize, stacks: usize) -> Result<()> {
    let gowhy = step("building gowhy", testkit::gowhy)?;
    let pprof = step("building go tool pprof", testkit::go::pprof)?;
    let (large, small) = step("making profiles", || Ok((made(stacks)?, taken()?)))?;
    let contest = |file: &Path, rounds: usize| -> Result<Contest> {
        let path = |p: &Path| p.display().to_string();
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|&word| word.to_owned())
                .collect::<Vec<_>>()
        };
        let mut contest = Contest::new(vec![
            (
                "gowhy pprof -top",
                words(&[&path(&gowhy), "pprof", "-top", &path(file)]),
            ),
            (
                "go tool pprof -top",
                words(&[&path(&pprof), "-top", &path(file)]),
            ),
            ("gzip -dc", words(&["gzip", "-dc", &path(file)])),
        ]);
        contest.run(rounds)?;
        let size = fs::metadata(file)?.len();
        contest.print(&format!(
            "{} ({} KB), medians of {rounds} rounds",
            path(file),
            size / 1000
        ));
        Ok(contest)
    };
    let of_large = contest(&large, rounds)?;
    println!(
        "\n{:.1} × less user CPU, {:.2} of the peak memory (median of paired runs); {:.2} s of user CPU above gzip -dc",
        of_large.paired(1, 0, |theirs, ours| theirs.user / ours.user),
        of_large.paired(0, 1, |ours, theirs| ours.peak / theirs.peak),
        of_large.paired(0, 2, |ours, gunzip| ours.user - gunzip.user),
    );
    let of_small = contest(&small, rounds * 8)?;
    println!(
        "\n{:.2} of the time, {:.2} of the CPU (median of paired runs)",
        of_small.paired(0, 1, |ours, theirs| ours.wall / theirs.wall),
        of_small.paired(0, 1, |ours, theirs| (ours.user + ours.system)
            / (theirs.user + theirs.system)),
    );
    Ok(())
}

/// A made-up CPU profile of so many stacks; kept for the next run.
fn made(stacks: usize) -> Result<PathBuf> {
    let dir = root().join("target/bench");
    fs::create_dir_all(&dir)?;
    let file = dir.join(format!("stacks-{stacks}.pb.gz"));
    if !file.exists() {
        let part = dir.join("part");
        let stacks = stacks.to_string();
        let mut command = cargo(&["run", "--quiet", "--release", "--package", "gowhy-benches"]);
        command
            .args(["--bin", "gen-profile", "--", "--stacks", &stacks, "-o"])
            .arg(&part);
        steps::run(&mut command)?;
        fs::rename(&part, &file)?;
    }
    Ok(file)
}

/// A profile as Go takes it of a server in five seconds, about 20 KB; kept for the next run.
fn taken() -> Result<PathBuf> {
    let dir = root().join("target/bench");
    fs::create_dir_all(&dir)?;
    let file = dir.join("server.pb.gz");
    if !file.exists() {
        let mut command = Command::new(testkit::program("httpd", "1.27", Variant::Plain)?);
        command
            .args(["-profile-for", "5s", "-for", "60s", "-cpuprofile"])
            .arg(&file);
        Running::start(command)?.wait_for("profiled")?;
    }
    Ok(file)
}
