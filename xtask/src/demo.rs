//! `cargo xtask demo`: a Go server with known faults, and what gowhy says about it.

use std::process::Command;

use anyhow::{Context, Result};
use testkit::{Running, Variant, go};

use crate::steps::{self, flag, root, step};

const PROFILE: &str = "demo.pb.gz";
const FLAME: &str = "demo-flame.svg";

/// Builds everything that is needed, attaches to the server and shows what was found.
///
/// `args`: `-d 10s`, for how long.
pub fn run(args: &[String]) -> Result<()> {
    let seconds = flag(args, "-d").unwrap_or("10s");
    let gowhy = step("building gowhy", testkit::gowhy)?;
    let binary = gowhy
        .strip_prefix(root())
        .unwrap_or(&gowhy)
        .display()
        .to_string();
    let go = step("looking for a Go toolchain, or fetching one", go::any)?;
    println!("   Go {} in {}", go.version, go.goroot.display());
    let what = "building testbed/slowserver, stripped (-ldflags \"-s -w\")";
    let server = step(what, || {
        testkit::program("slowserver", "any", Variant::Stripped)
    })?;
    let mut command = Command::new(&server);
    command.args(["-for", "10m"]);
    let running = Running::start(command)?;
    let pid = running.pid().to_string();
    println!("   it runs as process {pid}, with load on it and no profiling endpoint\n");

    println!("$ gowhy cpu {pid} -d {seconds} -o {PROFILE}");
    let gowhy = || {
        let mut command = Command::new(&gowhy);
        command.current_dir(root());
        command
    };
    steps::run(gowhy().args(["cpu", &pid, "-d", seconds, "-o", PROFILE]))?;
    println!("\n$ gowhy cpu {PROFILE} -flame -o {FLAME}");
    steps::run(gowhy().args(["cpu", PROFILE, "-flame", "-o", FLAME]))?;
    running.stop().context("stop the server")?;

    println!(
        "
The server never knew: no restart, no profiling endpoint, no symbols. It is stopped now.
  {FLAME}   open it in a browser; click to zoom, search for a function
  {PROFILE}       {binary} cpu {PROFILE} -peek editDistance
                   go tool pprof -http=: {PROFILE}
What is wrong with the server is written in testbed/slowserver/README.md."
    );
    Ok(())
}
