//! Writes a made-up profile: `gen-profile --stacks 1000000 -o f.pb.gz`.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::BufWriter;

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use gowhy_benches::synthetic::{Kind, synthetic};

const USAGE: &str =
    "usage: gen-profile [--stacks N] [--kind cpu|heap] [--seed N] [--level 0-9] -o FILE.pb.gz";

fn main() -> Result<()> {
    let (mut stacks, mut kind, mut seed, mut level) = (10_000, Kind::Cpu, 1, 2);
    let mut out = None;
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value = args.next().context(USAGE)?;
        match flag.as_str() {
            "--stacks" => stacks = value.parse()?,
            "--kind" if value == "cpu" => kind = Kind::Cpu,
            "--kind" if value == "heap" => kind = Kind::Heap,
            "--seed" => seed = value.parse()?,
            "--level" => level = value.parse()?,
            "-o" => out = Some(value),
            _ => bail!(USAGE),
        }
    }
    let path = out.context(USAGE)?;
    let file = BufWriter::new(File::create(&path).with_context(|| path.clone())?);
    let mut gz = GzEncoder::new(file, Compression::new(level));
    profile::proto::write(&synthetic(stacks, kind, seed), &mut gz)?;
    gz.finish()?.into_inner()?.sync_data()?;
    Ok(())
}
