//! The project's own commands: `cargo xtask demo`, `test`, `golden`, `differential`,
//! `bench`, `accuracy`, `soak`, `fuzz`.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what it is for"
)]

mod bench;
mod demo;
mod differential;
mod fuzz;
mod golden;
mod layouts;
mod measure;
mod steps;
mod test;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [-d 10s]            profile a slow Go server that runs without any profiling endpoint
  test                     formatting, lints and all tests
  golden [TEXT]            recorded output of go tool pprof, of the cases with that text in them
  differential [-n 2000] [-seed 1] [-keep]
                           random flags on fresh profiles, against go tool pprof; -keep: on the
                           profiles of the run before
  bench top [-rounds 5] [-stacks 1000000]
                           reading a profile, against go tool pprof
  bench pprof [-rounds 1] [-stacks 1000000] [-only TEXT]
                           every report, merges and comparisons, against go tool pprof
  bench overhead [-n=20]   what sampling costs the target, against Go's own profiler
  accuracy [PROGRAM] [VERSION] [BUILD] [-r=499]
                           CPU profiles against Go's own of the same seconds
  soak [-n=200]            kill gowhy while it samples; the target must not notice
  layouts [VERSION[+EXPERIMENT]...]
                           bring the table of the runtime's structs in line with these releases
                           of Go, or with those at which it says that something changed
  fuzz [TARGET...] [-for 60]
                           run each fuzz target for some seconds
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match command {
        "demo" => demo::run(rest),
        "test" => test::run(),
        "bench" => bench::run(rest),
        "fuzz" => fuzz::run(rest),
        "layouts" => layouts::run(rest),
        "differential" => differential::run(rest),
        "golden" => golden::run(rest),
        "accuracy" | "soak" => bench::live(command, rest),
        "measure" => measure::child(rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}
