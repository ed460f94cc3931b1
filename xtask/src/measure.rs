//! What a command costs: user CPU, peak memory, time.
//!
//! The kernel tells the peak memory of a process's children only as the largest of all. So each
//! measured command runs under a process of its own, `xtask measure`, which tells of its only child.

use std::env;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};

/// The cost of one run.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// CPU time in user mode, seconds.
    pub user: f64,
    /// CPU time in the kernel, seconds.
    pub system: f64,
    /// Peak resident memory, bytes.
    pub peak: f64,
    /// Time from start to end, seconds.
    pub wall: f64,
}

/// Runs `command`, a program and its arguments, with its output dropped.
pub fn cost(command: &[&str]) -> Result<Cost> {
    let output = Command::new(env::current_exe()?)
        .arg("measure")
        .args(command)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{command:?} failed");
    let text = String::from_utf8(output.stdout)?;
    let numbers: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
    match numbers?[..] {
        [user, system, peak, wall] => Ok(Cost {
            user,
            system,
            peak,
            wall,
        }),
        _ => anyhow::bail!("measure printed {text:?}"),
    }
}

/// `xtask measure PROGRAM ARG...`: runs it and prints its cost.
pub fn child(args: &[String]) -> Result<()> {
    let (program, args) = args.split_first().context("measure what?")?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .status();
    let wall = start.elapsed().as_secs_f64();
    let status = status.with_context(|| program.clone())?;
    ensure!(status.success(), "{program}: {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let (user, system) = (seconds(usage.user_time()), seconds(usage.system_time()));
    println!("{user} {system} {} {wall}", usage.max_rss() * 1024);
    Ok(())
}

/// The median of one figure of several runs.
pub fn median(costs: &[Cost], figure: impl Fn(&Cost) -> f64) -> f64 {
    let mut figures: Vec<f64> = costs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
