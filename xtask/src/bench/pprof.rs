//! `cargo xtask bench pprof`: reports of large profiles, against `go tool pprof` in the same run.
//!
//! Each row runs both programs and `gzip -dc` on the same input, one after the other, and compares
//! them with each other: what else the machine does changes the seconds, but hardly the ratios.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::{made, taken};
use crate::measure::{Cost, cost, median};
use crate::steps::{self, cargo, flag, root, step};

/// A row of the table.
struct Row {
    name: String,
    flags: Vec<&'static str>,
    inputs: Vec<PathBuf>,
    /// How many times less user CPU is wanted.
    goal: f64,
}

/// What a row was measured at.
struct Measured {
    ours: Cost,
    theirs: Cost,
    gunzip: Cost,
}

/// `bench pprof [-rounds N] [-stacks N] [-only TEXT]`.
pub fn run(args: &[String]) -> Result<()> {
    let number = |name: &str, default: usize| {
        flag(args, name).map_or(Ok(default), |text| {
            text.parse().with_context(|| name.to_owned())
        })
    };
    let (rounds, stacks) = (number("-rounds", 1)?, number("-stacks", 1_000_000)?);
    let only = flag(args, "-only").unwrap_or_default();
    let gowhy = step("building gowhy", testkit::gowhy)?;
    let pprof = step("building go tool pprof", testkit::go::pprof)?;
    let rows = step("making profiles", || rows(stacks))?;
    println!(
        "\n| report | gowhy, user CPU | pprof | times less | memory | pprof | share | × `gzip -dc` | goal |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let chosen = |row: &&Row| row.name.contains(only);
    for row in rows.iter().filter(chosen) {
        let mut measured = Vec::new();
        for _ in 0..rounds {
            measured.push(measure(row, &gowhy, &pprof)?);
        }
        print(row, &measured);
    }
    match "20 KB, `-top`".contains(only) {
        true => small(&gowhy, &pprof, 40 * rounds),
        false => Ok(()),
    }
}

/// Every report of a large profile, merges of many small ones, a comparison.
fn rows(stacks: usize) -> Result<Vec<Row>> {
    let large = vec![made(stacks)?];
    let size = match stacks {
        1_000_000 => "1 M stacks".to_owned(),
        n => format!("{n} stacks"),
    };
    let views: &[(&[&str], f64)] = &[
        (&["-top"], 30.0),
        (&["-top", "-lines"], 30.0),
        (&["-top", "-focus=Func19"], 30.0),
        (&["-tree"], 30.0),
        (&["-dot"], 30.0),
        (&["-peek=Func19"], 30.0),
        (&["-traces"], 10.0),
        (&["-raw"], 10.0),
        (&["-proto"], 10.0),
        (&["-callgrind"], 10.0),
    ];
    let row = |what: &str, flags: &[&'static str], inputs: &[PathBuf], goal: f64| Row {
        name: format!("{what} `{}`", flags.join(" ")),
        flags: flags.to_vec(),
        inputs: inputs.to_vec(),
        goal,
    };
    let of_view = |(flags, goal): &(&[&'static str], f64)| row(&size, flags, &large, *goal);
    let mut rows: Vec<Row> = views.iter().map(of_view).collect();
    for (count, flags, goal) in [
        (64, "-top", 30.0),
        (64, "-proto", 10.0),
        (512, "-top", 30.0),
    ] {
        let parts: Result<Vec<PathBuf>> = (1..=count).map(|seed| seeded(2000, seed)).collect();
        let what = format!("{count} profiles of 2000 stacks,");
        rows.push(row(&what, &[flags], &parts?, goal));
    }
    let both = [seeded(100_000, 2)?, seeded(100_000, 1)?];
    rows.push(row(
        "100 k stacks against 100 k,",
        // The first of the two files is the base.
        &["-top", "-diff_base"],
        &both,
        20.0,
    ));
    Ok(rows)
}

/// A made-up CPU profile of this many stacks; kept for the next run.
fn seeded(stacks: usize, seed: usize) -> Result<PathBuf> {
    let dir = root().join("target/bench");
    fs::create_dir_all(&dir)?;
    let file = dir.join(format!("stacks-{stacks}-{seed}.pb.gz"));
    if !file.exists() {
        generator()?;
        let part = dir.join("part");
        let (stacks, seed) = (stacks.to_string(), seed.to_string());
        let mut command = Command::new(root().join("target/release/gen-profile"));
        command
            .args(["--stacks", &stacks, "--seed", &seed, "-o"])
            .arg(&part);
        steps::run(&mut command)?;
        fs::rename(&part, &file)?;
    }
    Ok(file)
}

/// Builds what makes profiles up, once: there are hundreds to make.
fn generator() -> Result<()> {
    static BUILT: AtomicBool = AtomicBool::new(false);
    if !BUILT.swap(true, Ordering::Relaxed) {
        let build = [
            "build",
            "--quiet",
            "--release",
            "--package",
            "gowhy-benches",
        ];
        steps::run(cargo(&build).arg("--bins"))?;
    }
    Ok(())
}

fn measure(row: &Row, gowhy: &Path, pprof: &Path) -> Result<Measured> {
    let text = |path: &Path| path.display().to_string();
    let inputs: Vec<String> = row.inputs.iter().map(|path| text(path)).collect();
    let command = |words: &[String]| {
        let flags = row.flags.iter().map(|&flag| flag.to_owned());
        let words = words.iter().cloned().chain(flags);
        words.chain(inputs.iter().cloned()).collect::<Vec<_>>()
    };
    let run = |words: Vec<String>| cost(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let gunzip = ["gzip".to_owned(), "-dc".to_owned()];
    Ok(Measured {
        ours: run(command(&[text(gowhy), "pprof".to_owned()]))?,
        gunzip: run(gunzip.into_iter().chain(inputs.iter().cloned()).collect())?,
        theirs: run(command(&[text(pprof)]))?,
    })
}

fn print(row: &Row, measured: &[Measured]) {
    let of = |pick: fn(&Measured) -> Cost| measured.iter().map(pick).collect::<Vec<_>>();
    let user = |costs: &[Cost]| median(costs, |c| c.user);
    let (ours, theirs, gunzip) = (of(|m| m.ours), of(|m| m.theirs), of(|m| m.gunzip));
    let goal = format!("{} ×", row.goal);
    line(&row.name, user, [&ours, &theirs, &gunzip], &goal);
}

/// One line of the table: what gowhy, pprof and gzip took.
fn line(name: &str, cpu: impl Fn(&[Cost]) -> f64, costs: [&[Cost]; 3], goal: &str) {
    let [ours, theirs, gunzip] = costs;
    let time = |seconds: f64| match seconds {
        s if s >= 10.0 => format!("{s:.1} s"),
        s if s >= 0.1 => format!("{s:.2} s"),
        s => format!("{:.1} ms", s * 1e3),
    };
    let peak = |costs: &[Cost]| median(costs, |c| c.peak) / 1e6;
    println!(
        "| {name} | {} | {} | {:.1} | {:.0} MB | {:.0} MB | {:.2} | {:.1} | {goal} |",
        time(cpu(ours)),
        time(cpu(theirs)),
        cpu(theirs) / cpu(ours),
        peak(ours),
        peak(theirs),
        peak(ours) / peak(theirs),
        cpu(ours) / cpu(gunzip),
    );
}

/// A real profile of 20 KB, from start to end: all CPU, since starting a program is work of the
/// kernel, and the time.
fn small(gowhy: &Path, pprof: &Path, rounds: usize) -> Result<()> {
    let file = taken()?.display().to_string();
    let (gowhy, pprof) = (gowhy.display().to_string(), pprof.display().to_string());
    let (mut ours, mut theirs, mut gunzip) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(cost(&[&gowhy, "pprof", "-top", &file])?);
        theirs.push(cost(&[&pprof, "-top", &file])?);
        gunzip.push(cost(&["gzip", "-dc", &file])?);
    }
    let all = [&ours[..], &theirs[..], &gunzip[..]];
    let cpu = |costs: &[Cost]| median(costs, |c| c.user + c.system);
    line("20 KB, `-top`, user and system CPU", cpu, all, "1 ×");
    let wall = |costs: &[Cost]| median(costs, |c| c.wall);
    line("20 KB, `-top`, start to end", wall, all, "1 ×");
    Ok(())
}
