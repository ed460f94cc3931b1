//! Trials on live Go programs, too long for the tests: `cargo xtask accuracy`, `soak` and
//! `bench overhead` run them.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what it is for"
)]

mod accuracy;
mod overhead;
mod soak;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((what, rest)) = args.split_first() else {
        bail!("accuracy, overhead or soak?");
    };
    let count = |default: u32| -> Result<u32> {
        Ok(match rest.iter().find_map(|a| a.strip_prefix("-n=")) {
            Some(n) => n.parse()?,
            None => default,
        })
    };
    let gowhy = testkit::gowhy()?;
    match what.as_str() {
        "accuracy" => accuracy::run(rest, &gowhy),
        "overhead" => overhead::run(&gowhy, count(20)? as usize),
        "soak" => soak::run(&gowhy, count(200)?),
        other => bail!("{other}? There are: accuracy, overhead, soak"),
    }
}
