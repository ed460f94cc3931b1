//! `cargo xtask soak`: gowhy is killed with -9 at random moments while it samples, in every way it
//! knows, and the target has to run on as if nothing had been.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use target::{LiveMemory, Memory, Process};
use testkit::{Running, Variant};

/// Kills gowhy `count` times in each way, while it samples a busy server.
pub fn run(gowhy: &Path, count: u32) -> Result<()> {
    for way in ["cpus", "threads", "stops"] {
        let binary = testkit::program("httpd", "1.23", Variant::Plain)?;
        let mut command = Command::new(&binary);
        command.args(["-for", "600s"]);
        let mut running = Running::start(command)?;
        let process = Process::find(running.pid())?;
        let before = State::of(process)?;
        let rate_before = throughput(&mut running)?;
        for i in 0..count {
            kill_once(gowhy, process, way, i)?;
            before
                .compare(process)
                .with_context(|| format!("{way}, kill {i}"))?;
        }
        let rate_after = throughput(&mut running)?;
        println!(
            "{way}: killed {count} times; the target runs on, same text, not traced, work per CPU second {:.0} % of before",
            rate_after / rate_before * 100.0
        );
    }
    Ok(())
}

fn kill_once(gowhy: &Path, process: Process, way: &str, seed: u32) -> Result<()> {
    let mut child = Command::new(gowhy)
        .args([
            "cpu",
            &process.pid().to_string(),
            "-d",
            "20s",
            "-r",
            "999",
            "--via",
            way,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // From the first instruction to well into the sampling.
    let wait = Duration::from_micros(u64::from(seed.wrapping_mul(2_654_435_761) >> 8) % 250_000);
    std::thread::sleep(wait);
    ensure!(
        child.try_wait()?.is_none(),
        "gowhy ended before it was killed"
    );
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// What must not change.
struct State {
    text: Vec<(u64, Vec<u8>)>,
    threads: BTreeSet<u32>,
}

impl State {
    fn of(process: Process) -> Result<State> {
        Ok(State {
            text: text(process)?,
            threads: process.threads().into_iter().collect(),
        })
    }

    fn compare(&self, process: Process) -> Result<()> {
        ensure!(process.is_running(), "the target has ended");
        for (start, bytes) in text(process)? {
            let same = self.text.iter().any(|(s, b)| *s == start && *b == bytes);
            ensure!(same, "the text at {start:#x} has changed");
        }
        let now: BTreeSet<u32> = process.threads().into_iter().collect();
        let gone: Vec<_> = self.threads.difference(&now).collect();
        ensure!(gone.is_empty(), "threads {gone:?} are gone");
        let until = Instant::now() + Duration::from_secs(2);
        loop {
            match traced(process) {
                None => return Ok(()),
                Some(why) if Instant::now() > until => bail!("{why}"),
                Some(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

/// A thread that is traced or stands in a tracing stop, if there is one.
fn traced(process: Process) -> Option<String> {
    for tid in process.threads() {
        let path = format!("/proc/{}/task/{tid}/status", process.pid());
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        for line in text.lines() {
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            match key {
                "TracerPid" if value.trim() != "0" => {
                    return Some(format!("thread {tid} is traced by {}", value.trim()));
                }
                "State" if value.trim_start().starts_with(['t', 'T']) => {
                    return Some(format!("thread {tid} is in state {}", value.trim()));
                }
                _ => {}
            }
        }
    }
    None
}

/// The executable mappings of the main binary, as the process has them in memory.
fn text(process: Process) -> Result<Vec<(u64, Vec<u8>)>> {
    let (exe, _) = process.exe()?;
    let exe = exe.to_string_lossy().into_owned();
    let mut all = Vec::new();
    for map in process.maps()?.iter().filter(|m| m.exec && m.path == exe) {
        let memory = LiveMemory::attach(process.pid(), map.start)?;
        all.push((
            map.start,
            memory.read_vec(map.start, (map.end - map.start) as usize)?,
        ));
    }
    ensure!(!all.is_empty(), "no text");
    Ok(all)
}

/// Units of work for each second of CPU time, which other load on the machine disturbs little.
fn throughput(running: &mut Running) -> Result<f64> {
    let before = running.ops()?;
    std::thread::sleep(Duration::from_secs(3));
    let after = running.ops()?;
    let cpu = (after.cpu_ns - before.cpu_ns).max(1) as f64;
    Ok((after.ops - before.ops) as f64 * 1e9 / cpu)
}
