//! A program that was started for a test, and is gone with it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a program may take to get warm, or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A started child that was ready at least once; killed on drop.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

/// What a program of `testbed/` says of its work so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ops {
    /// Units of work done.
    pub ops: u64,
    /// CPU time of the whole process, in nanoseconds.
    pub cpu_ns: u64,
    /// Time since the program was ready, in nanoseconds.
    pub wall_ns: u64,
}

impl Running {
    /// Starts `command` and waits for the line `ready` on its standard output.
    ///
    /// The program's standard input stays open for as long as this value lives. A program of
    /// `testbed/` ends when it closes, so that none outlives a test that is killed.
    pub fn start(mut command: Command) -> Result<Self> {
        let name = format!("{:?}", command.get_program());
        let running = Self::spawn(&mut command).with_context(|| format!("start {name}"))?;
        running
            .wait_for("ready")
            .with_context(|| format!("{name} did not get ready"))?;
        Ok(running)
    }

    fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command
            .env("TESTBED_STDIN", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child
            .stdout
            .take()
            .context("its standard output is piped")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            stdin,
            lines,
        })
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that the program prints, without its end.
    pub fn line(&self) -> Result<String> {
        self.line_within(PATIENCE)
    }

    /// Reads lines until one starts with `prefix`, and gives that one.
    pub fn wait_for(&self, prefix: &str) -> Result<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.line_within(end.saturating_duration_since(Instant::now()))?;
            if line.starts_with(prefix) {
                return Ok(line);
            }
        }
    }

    fn line_within(&self, time: Duration) -> Result<String> {
        match self.lines.recv_timeout(time) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => bail!("no line within {} s", time.as_secs()),
            Err(RecvTimeoutError::Disconnected) => bail!("it closed its standard output"),
        }
    }

    /// Sends a line to the program's standard input.
    pub fn send(&mut self, line: &str) -> Result<()> {
        let stdin = self
            .stdin
            .as_mut()
            .context("its standard input is closed")?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    /// Asks a program of `testbed/` for the work that it has done so far.
    pub fn ops(&mut self) -> Result<Ops> {
        self.send("ops")?;
        parse_ops(&self.wait_for("ops ")?)
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Closes its standard input, which ends a program of `testbed/`; gives its last lines.
    pub fn stop(mut self) -> Result<Vec<String>> {
        drop(self.stdin.take());
        let end = Instant::now() + PATIENCE;
        let mut lines = Vec::new();
        loop {
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => bail!("it did not stop"),
            }
        }
        self.child.wait()?;
        Ok(lines)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after the wait.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parse_ops(line: &str) -> Result<Ops> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |name: &str| -> Result<u64> {
        let at = words.iter().position(|word| *word == name);
        let word = at.and_then(|at| words.get(at + 1));
        let word = word.with_context(|| format!("no {name} in {line:?}"))?;
        word.parse().with_context(|| format!("{name} in {line:?}"))
    };
    Ok(Ops {
        ops: number("ops")?,
        cpu_ns: number("cpu_ns")?,
        wall_ns: number("wall_ns")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn reads_the_work_done() {
        let expect = Ops {
            ops: 12,
            cpu_ns: 34,
            wall_ns: 56,
        };
        assert_eq!(parse_ops("ops 12 cpu_ns 34 wall_ns 56").ok(), Some(expect));
        assert!(parse_ops("ops 12 cpu_ns x wall_ns 56").is_err());
        assert!(parse_ops("ops 12").is_err());
    }

    #[test]
    fn talks_to_a_child_until_it_stops() {
        let script = "echo warm; echo ready; while read x; do echo got $x; done; echo end";
        let mut running = Running::start(shell(script)).expect("the shell starts");
        running.send("a").expect("the shell reads");
        assert_eq!(running.line().expect("the shell answers"), "got a");
        assert_eq!(running.stop().expect("the shell stops"), ["end"]);
    }

    #[test]
    fn says_when_a_child_is_never_ready() {
        let error = Running::start(shell("echo no")).expect_err("it does not print ready");
        assert!(
            format!("{error:#}").contains("closed its standard output"),
            "{error:#}"
        );
    }
}
