//! Whole programs against `go tool objdump`, line by line.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use gowhy_disasm::{Program, Syntax};
use testkit::Variant;

/// Address, place and text of each instruction, and the headings, as the tool prints them.
fn theirs(path: &Path, only: &str) -> Result<Vec<String>> {
    let output = Command::new(testkit::go::tool("objdump")?)
        .args(["-s", only])
        .arg(path)
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let lines = text.lines().map(str::trim_end).filter(|l| !l.is_empty());
    let columns = lines.map(|line| {
        let columns = line.split('\t').map(str::trim);
        let columns: Vec<&str> = columns.filter(|c| !c.is_empty()).collect();
        columns.join(" | ")
    });
    Ok(columns.collect())
}

/// The same of ours.
fn ours(path: &Path, only: &[&str]) -> Result<Vec<String>> {
    let bytes = std::fs::read(path)?;
    let program = Program::parse(Arc::new(bytes.clone()))?;
    let file_of = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut out = Vec::new();
    for symbol in program.symbols() {
        let sections = ["runtime.text", "runtime.etext", "text", "etext"];
        let wanted = only.is_empty() || only.iter().any(|o| symbol.name.starts_with(o));
        if !symbol.is_code || !wanted || sections.contains(&&*symbol.name) {
            continue;
        }
        let end = symbol.addr + symbol.size;
        let code = program.instructions(symbol.addr, end, Syntax::Go)?;
        let file = code.first().map_or("", |first| &first.file);
        if symbol.size > 0 {
            out.push(
                format!("TEXT {}(SB) {file}", symbol.name)
                    .trim_end()
                    .to_owned(),
            );
        }
        let mut at = symbol.addr;
        for instruction in code {
            ensure!(instruction.addr == at, "a gap at {at:#x}");
            at += instruction.len as u64;
            let (file, line) = (file_of(&instruction.file), instruction.line);
            out.push(format!(
                "{file}:{line} | {:#x} | {}",
                instruction.addr, instruction.text
            ));
        }
        ensure!(at == end, "{} ends at {at:#x}", symbol.name);
    }
    Ok(out)
}

fn compare(name: &str, version: &str, variant: Variant, only: &[&str]) -> Result<usize> {
    let path = testkit::program(name, version, variant)?;
    let pattern = match only {
        [] => String::new(),
        only => format!("^({})", only.join("|").replace('.', "[.]")),
    };
    let ours = ours(&path, only)?;
    // The bytes of an instruction are the third of its columns.
    let without_bytes = |line: String| {
        let columns: Vec<&str> = line.split(" | ").collect();
        match columns[..] {
            [place, addr, _, text] => format!("{place} | {addr} | {text}"),
            _ => line,
        }
    };
    let theirs: Vec<String> = theirs(&path, &pattern)?
        .into_iter()
        .map(without_bytes)
        .filter(|l| !l.starts_with("TEXT") || !is_empty(&path, l).unwrap_or(false))
        .collect();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        ensure!(ours == theirs, "{name} {version}: {ours:?} is {theirs:?}");
    }
    ensure!(
        ours.len() == theirs.len(),
        "{} of {}",
        ours.len(),
        theirs.len()
    );
    Ok(ours.len())
}

/// Whether the tool's heading is that of a symbol without a size.
fn is_empty(path: &Path, heading: &str) -> Result<bool> {
    type Sizes = BTreeMap<String, u64>;
    thread_local! {
        static KNOWN: std::cell::RefCell<BTreeMap<std::path::PathBuf, Sizes>> = Default::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if !known.contains_key(path) {
            let program = Program::parse(Arc::new(std::fs::read(path)?))?;
            let sizes = program
                .symbols()
                .iter()
                .map(|s| (s.name.to_string(), s.size));
            known.insert(path.to_owned(), sizes.collect());
        }
        let name = heading.strip_prefix("TEXT ").context("a heading")?;
        let name = name.split("(SB)").next().unwrap_or_default();
        Ok(known[path].get(name) == Some(&0))
    })
}

#[test]
fn all_code_of_a_program_is_that_of_objdump() {
    let lines = compare("cpu", "1.27", Variant::Plain, &[]).unwrap();
    assert!(lines > 200_000, "{lines}");
}

#[test]
fn position_independent_code_is_that_of_objdump() {
    let lines = compare("cpu", "1.23", Variant::Pie, &["runtime.", "main.", "math"]).unwrap();
    assert!(lines > 50_000, "{lines}");
}

#[test]
fn code_of_c_and_of_old_releases_is_that_of_objdump() {
    if !testkit::has_c_compiler() {
        return;
    }
    for version in ["1.19", "1.25"] {
        let lines = compare("cgo", version, Variant::Plain, &[]).unwrap();
        assert!(lines > 100_000, "{lines}");
    }
}

/// What the linker strips is in the runtime's own table.
#[test]
fn a_stripped_program_has_names_and_places() {
    let open = |variant| {
        let path = testkit::program("cpu", "1.27", variant).unwrap();
        Program::parse(Arc::new(std::fs::read(path).unwrap())).unwrap()
    };
    let (whole, stripped) = (open(Variant::Plain), open(Variant::Stripped));
    let code = |program: &Program, name: &str| {
        let symbol = program.symbols().iter().find(|s| &*s.name == name).unwrap();
        let end = symbol.addr + symbol.size;
        let code = program.instructions(symbol.addr, end, Syntax::Go).unwrap();
        let shown = |i: gowhy_disasm::Instruction| {
            // Where a call leads differs by where things are.
            let op = i.text.split(' ').next().unwrap_or_default().to_owned();
            (i.line, op)
        };
        code.into_iter().map(shown).collect::<Vec<_>>()
    };
    for name in ["main.main", "runtime.mallocgc", "runtime.memmove"] {
        let (whole, stripped) = (code(&whole, name), code(&stripped, name));
        assert!(whole.len() > 5, "{name}");
        // Padding counts as part of a function where only its start is known.
        assert_eq!(stripped[..whole.len()], whole, "{name}");
    }
}
