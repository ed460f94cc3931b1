//! `cargo xtask differential`: `gowhy pprof -exact` against `go tool pprof`, under random flags.

use anyhow::Result;

use crate::steps::{self, cargo, flag};

/// `differential [-n N] [-seed S] [-keep]`: so many combinations of flags from that seed on; with
/// `-keep` on the profiles of the run before.
pub fn run(args: &[String]) -> Result<()> {
    let gowhy = steps::step("building gowhy", testkit::gowhy)?;
    let test = "random_flags_are_understood_alike";
    let mut command = cargo(&["test", "--quiet", "--package", "gowhy"]);
    command
        .args(["--test", "differential", "--", "--nocapture", test])
        .env("GOWHY_BIN", gowhy)
        .env(
            "GOWHY_DIFFERENTIAL_RUNS",
            flag(args, "-n").unwrap_or("2000"),
        )
        .env(
            "GOWHY_DIFFERENTIAL_SEED",
            flag(args, "-seed").unwrap_or("1"),
        );
    if args.iter().any(|arg| arg == "-keep") {
        command.env("GOWHY_DIFFERENTIAL_KEEP", "1");
    }
    steps::run(&mut command)
}
