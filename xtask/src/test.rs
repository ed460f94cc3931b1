//! `cargo xtask test`: everything that has to hold before a change lands.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use testkit::go;

use crate::fuzz;
use crate::steps::{self, cargo, root, step};

/// Checks formatting and lints, fetches what the tests need, and runs them all.
pub fn run() -> Result<()> {
    step("formatting", || {
        steps::run(&mut cargo(&["fmt", "--all", "--check"]))
    })?;
    step("lints", || {
        let args = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        steps::run(&mut cargo(&args))
    })?;
    step("Go toolchains", || {
        for version in go::VERSIONS {
            let go = go::toolchain(version)?;
            println!("   Go {} in {}", go.version, go.goroot.display());
        }
        Ok(())
    })?;
    let gowhy = step("building gowhy", testkit::gowhy)?;
    step("building go tool pprof", go::pprof)?;
    step("each fuzz target, briefly", fuzz::briefly)?;
    if env::var_os("GOWHY_PPROF_GOLDEN").is_none()
        && !root().join("../shared/pprof-golden/cases.tsv").exists()
    {
        println!(
            "── NO GOLDEN FOLDER: recorded output of go tool pprof is not compared \
             (set GOWHY_PPROF_GOLDEN)"
        );
    }
    step("tests", || {
        let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
        let mut child = command
            .env("GOWHY_BIN", &gowhy)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child
            .stdout
            .take()
            .context("its standard output is piped")?;
        let mut counts = [0; 3];
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            add(&mut counts, &line);
        }
        let status = child.wait()?;
        let [passed, failed, ignored] = counts;
        println!("\n{passed} passed, {failed} failed, {ignored} skipped");
        ensure!(status.success(), "tests failed");
        ensure!(passed > 0, "no test ran");
        Ok(())
    })
}

/// Adds the numbers of a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
fn add(counts: &mut [u64; 3], line: &str) {
    let Some(result) = line.strip_prefix("test result: ") else {
        return;
    };
    let words: Vec<&str> = result.split_whitespace().collect();
    for (count, name) in counts.iter_mut().zip(["passed;", "failed;", "ignored;"]) {
        let at = words.iter().position(|word| *word == name);
        let number = at.and_then(|at| words.get(at.checked_sub(1)?)?.parse::<u64>().ok());
        *count += number.unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::add;

    #[test]
    fn counts_results() {
        let mut counts = [0; 3];
        let lines = [
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "test a ... ok",
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ];
        for line in lines {
            add(&mut counts, line);
        }
        assert_eq!(counts, [12, 2, 1]);
    }
}
