//! Frames against what the runtime itself makes of the same pcs.
//!
//! The oracle is the program: `runtime.CallersFrames`, and the function that
//! `runtime/pprof` expands inlined calls with.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use common::{PIE, PLAIN, STRIPPED, STRIPPED_PIE, VERSIONS, Variant};
use gowhy_gobin::{Frame, FuncId, GoBin, pprof_name, print_name};

/// A frame as the program prints it.
struct Said<'a> {
    pc: u64,
    rest: Vec<&'a str>,
}

fn said(line: &str) -> Result<Said<'_>> {
    let mut fields = line.split('\t');
    let pc = fields.next().context("a pc")?;
    Ok(Said {
        pc: u64::from_str_radix(pc, 16).with_context(|| line.to_owned())?,
        rest: fields.collect(),
    })
}

/// The frames at `pc` that the runtime would not hide when it expands them;
/// `keep_last`: the function that has the code is shown whatever it is.
fn visible<'a>(bin: &'a GoBin, pc: u64, keep_last: bool) -> Vec<Frame<'a>> {
    let mut frames = Vec::new();
    if bin.pclntab().frames(pc, &mut frames) == 1 {
        return frames; // Whoever has such a pc has decided to show it.
    }
    let mut callee = FuncId::Normal;
    frames.retain(|frame| {
        let hidden = frame.hides(callee) && (frame.inlined || !keep_last);
        callee = frame.id;
        !hidden
    });
    frames
}

fn check(version: &str, variant: Variant) -> Result<()> {
    let path = common::program("frames", version, variant)?;
    let bin = common::open(&path)?;
    let main = bin.pclntab().func_by_name("main.main")[0].entry;
    let mut pcs = common::some_pcs(&bin, 2);
    // The runtime takes return addresses: the one of a last byte is another function's entry.
    pcs.retain(|&pc| bin.pclntab().find(pc).is_some_and(|f| pc + 1 < f.end));
    let mut input = format!("{main:x}\n");
    for pc in &pcs {
        input.push_str(&format!("{pc:x}\n"));
    }
    let output = common::pipe(&mut Command::new(&path), input)?;
    let mut lines = output.lines().peekable();
    let first = lines.next().context("no output")?;
    let loaded = u64::from_str_radix(first.strip_prefix("main\t").context("main")?, 16)?;
    let bias = loaded - main;
    ensure!((bias != 0) == bin.is_pie());

    let first_name = bin.pclntab().funcs().next().context("a function")?.name();
    let has_start_lines = version != "1.19";
    let (mut stacks, mut inlined, mut expanded) = (0, 0, 0);
    while let Some(line) = lines.next() {
        let mut group = Vec::new();
        while let Some(next) = lines.next_if(|l| *l != "stack" && !l.starts_with("pc\t")) {
            group.push(said(next)?);
        }
        if line == "stack" {
            stacks += 1;
            // One pc of ours stands for it and its callers in the same function.
            let mut group = group.as_slice();
            while let Some(innermost) = group.first() {
                let frames = visible(&bin, innermost.pc - bias, false);
                ensure!(!frames.is_empty() && frames.len() <= group.len());
                for (frame, said) in frames.iter().zip(group) {
                    let ours = [
                        print_name(frame.func).into_owned(),
                        frame.file.to_owned(),
                        frame.line.to_string(),
                    ];
                    ensure!(ours[..] == said.rest, "{ours:?} is {:?}", said.rest);
                }
                inlined += frames.len() - 1;
                group = &group[frames.len()..];
            }
            continue;
        }
        let pc = u64::from_str_radix(line.strip_prefix("pc\t").context("pc")?, 16)? - bias;
        let frames = visible(&bin, pc, version == "1.19");
        expanded += frames.len().saturating_sub(1);
        let ours: Vec<String> = frames
            .iter()
            .map(|f| {
                let start = if has_start_lines { f.start_line } else { 0 };
                let (print, pprof) = (print_name(f.func), pprof_name(f.func));
                format!("{print} {}:{} {start} {pprof}", f.file, f.line)
            })
            .collect();
        // The runtime takes the table's first name for none.
        let named = |name: &str| if name.is_empty() { first_name } else { name }.to_owned();
        let theirs: Vec<String> = group
            .iter()
            .map(|said| {
                let [print, file, line, start, pprof] = said.rest[..] else {
                    panic!("{line}");
                };
                let (print, pprof) = (named(print), named(pprof));
                format!("{print} {file}:{line} {start} {pprof}")
            })
            .collect();
        ensure!(ours == theirs, "{pc:#x}: {ours:?} is {theirs:?}");
    }
    ensure!(
        stacks == 20 && inlined >= 40,
        "{stacks} stacks, {inlined} inlined"
    );
    ensure!(expanded > pcs.len() / 20, "{expanded} of {} pcs", pcs.len());
    Ok(())
}

fn check_all(variant: Variant) {
    for version in VERSIONS {
        check(version, variant)
            .with_context(|| format!("Go {version} {}", variant.0))
            .unwrap();
    }
}

#[test]
fn plain() {
    check_all(PLAIN);
}

#[test]
fn stripped() {
    check_all(STRIPPED);
}

#[test]
fn position_independent() {
    check_all(PIE);
}

#[test]
fn stripped_and_position_independent() {
    check_all(STRIPPED_PIE);
}
