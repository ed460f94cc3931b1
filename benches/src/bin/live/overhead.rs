//! `cargo xtask bench overhead`: what sampling costs the target, beside Go's own profiler.
//!
//! One CPU-bound program on one P does the same units of work throughout. Each round starts it
//! afresh under every setting, in turn; compared is CPU time for each unit of work, which other
//! load on the machine disturbs little.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::{Running, Variant};

/// How a run is watched.
#[derive(Clone, Copy)]
enum Setting {
    Nothing,
    Gowhy(u32),
    Go,
}

const SETTINGS: [(&str, Setting); 5] = [
    ("not watched", Setting::Nothing),
    ("gowhy, 99 Hz", Setting::Gowhy(99)),
    ("gowhy, 499 Hz", Setting::Gowhy(499)),
    ("gowhy, 999 Hz", Setting::Gowhy(999)),
    ("Go's runtime/pprof, 100 Hz", Setting::Go),
];

/// Measures `rounds` rounds and prints a table in Markdown.
pub fn run(gowhy: &Path, rounds: usize) -> Result<()> {
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); SETTINGS.len()];
    for round in 0..rounds {
        // The order turns, so that no setting always follows the same other.
        let mut cost = vec![0.0; SETTINGS.len()];
        for i in 0..SETTINGS.len() {
            let at = (i + round) % SETTINGS.len();
            cost[at] = cost_of_work(gowhy, SETTINGS[at].1)?;
        }
        for (all, c) in ratios.iter_mut().zip(&cost) {
            all.push(c / cost[0]);
        }
    }
    println!("| setting | CPU per unit of work, median | 95 % interval of the median | rounds |");
    println!("|---|---|---|---|");
    for ((name, _), all) in SETTINGS.iter().zip(&mut ratios).skip(1) {
        all.sort_by(f64::total_cmp);
        let (low, high) = median_interval(all);
        println!(
            "| {name} | {:.4} | {low:.4} – {high:.4} | {} |",
            all[all.len() / 2],
            all.len()
        );
    }
    Ok(())
}

/// CPU nanoseconds for each unit of work.
fn cost_of_work(gowhy: &Path, setting: Setting) -> Result<f64> {
    let binary = testkit::program("cpu", "1.23", Variant::Plain)?;
    let mut command = Command::new(binary);
    command.args(["-procs", "1"]);
    if let Setting::Go = setting {
        command.args(["-cpuprofile", "/dev/null", "-profile-for", "60s"]);
    }
    let mut running = Running::start(command)?;
    let mut watcher = match setting {
        Setting::Gowhy(rate) => Some(watch(gowhy, running.pid(), rate)?),
        _ => None,
    };
    std::thread::sleep(Duration::from_millis(300));
    let before = running.ops()?;
    std::thread::sleep(Duration::from_secs(2));
    let after = running.ops()?;
    if let Some(child) = &mut watcher {
        ensure!(child.try_wait()?.is_none(), "gowhy ended too early");
        child.kill()?;
        child.wait()?;
    }
    Ok((after.cpu_ns - before.cpu_ns) as f64 / (after.ops - before.ops).max(1) as f64)
}

fn watch(gowhy: &Path, pid: u32, rate: u32) -> Result<Child> {
    Ok(Command::new(gowhy)
        .args([
            "cpu",
            &pid.to_string(),
            "-d",
            "60s",
            "-r",
            &rate.to_string(),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?)
}

/// Order statistics that hold the median with 95 % (normal approximation of the binomial).
fn median_interval(sorted: &[f64]) -> (f64, f64) {
    let n = sorted.len() as f64;
    let half = 0.98 * n.sqrt();
    let at = |x: f64| sorted[(x.round().max(0.0) as usize).min(sorted.len() - 1)];
    (at(n / 2.0 - half - 0.5), at(n / 2.0 + half - 0.5))
}
