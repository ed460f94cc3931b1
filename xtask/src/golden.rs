//! `cargo xtask golden`: `gowhy pprof -exact` against recorded output of `go tool pprof`.

use anyhow::Result;

use crate::steps::{self, cargo};

/// `golden [TEXT]`: runs the cases that have the text in them and tells which fail.
pub fn run(args: &[String]) -> Result<()> {
    let mut command = cargo(&["test", "--quiet", "--package", "gowhy", "--test", "golden"]);
    command
        .args(["--", "--nocapture"])
        .env("GOWHY_GOLDEN_ONLY", args.first().map_or("", String::as_str));
    steps::run(&mut command)
}
