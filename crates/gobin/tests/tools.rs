//! Positions, symbols and build info against Go's own tools, for executables
//! that need not run here.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use common::{ARM64, BIG_ENDIAN, PIE, PLAIN, SMALL, STRIPPED, STRIPPED_PIE, VERSIONS, Variant};
use gowhy_gobin::{Arch, Func, FuncId, GoBin, Image};

fn tool(name: &str, args: &[&str], path: &Path, input: String) -> Result<String> {
    let mut command = Command::new(testkit::go::tool(name)?);
    common::pipe(command.args(args).arg(path), input)
}

/// Function, file and line of some pcs of every function, as `go tool addr2line` has it.
fn check_addr2line(name: &str, version: &str, variant: Variant) -> Result<GoBin> {
    let path = common::program(name, version, variant)?;
    let bin = common::open(&path)?;
    let table = bin.pclntab();
    let pcs = common::some_pcs(&bin, 2);
    let input: String = pcs.iter().map(|pc| format!("{pc:#x}\n")).collect();
    let output = tool("addr2line", &[], &path, input)?;
    let mut lines = output.lines();
    for &pc in &pcs {
        let name = lines.next().context("a name")?;
        let place = lines.next().context("a place")?;
        let func = table.find(pc).context("no function")?;
        ensure!(func.name() == name, "{pc:#x}: {func:?} is {name}");
        // Marks of the linker's own have no positions: there the tool reads
        // whatever lies at the start of the tables.
        if name.starts_with("go:") {
            continue;
        }
        let (file, line) = table.file_line(&func, pc);
        let ours = match file {
            "?" => ":-1".to_owned(),
            _ => format!("{file}:{line}"),
        };
        ensure!(ours == place, "{pc:#x} in {name}: {ours} is {place}");
    }
    ensure!(lines.next().is_none() && pcs.len() > 2000);
    Ok(bin)
}

#[test]
fn addr2line_plain() {
    for version in VERSIONS {
        let bin = check_addr2line("frames", version, PLAIN)
            .context(version)
            .unwrap();
        assert_eq!(bin.arch(), Arch::Amd64);
        assert!(!bin.is_pie() && !bin.is_stripped() && bin.has_dwarf());
        assert!(!bin.is_cgo());
    }
}

#[test]
fn addr2line_position_independent() {
    // The tool does not know the name that the section had in Go 1.19.
    for version in &VERSIONS[1..] {
        let bin = check_addr2line("frames", version, PIE)
            .context(*version)
            .unwrap();
        assert!(bin.is_pie());
    }
}

#[test]
fn addr2line_of_other_machines() {
    for (version, variant, arch) in [
        ("1.19", ARM64, Arch::Arm64),
        ("1.23", ARM64, Arch::Arm64),
        ("1.27", ARM64, Arch::Arm64),
        ("1.19", SMALL, Arch::Other),
        ("1.27", BIG_ENDIAN, Arch::Other),
    ] {
        let bin = check_addr2line("tiny", version, variant)
            .with_context(|| format!("{version} {}", variant.0))
            .unwrap();
        assert_eq!(bin.arch(), arch);
        assert!(bin.moduledata().is_some());
    }
}

/// The compiler says twice what it inlined: to the runtime and to debuggers.
#[test]
fn inlined_calls_are_those_of_the_debug_information() {
    for (name, version, variant) in [
        ("tiny", "1.23", ARM64),
        ("tiny", "1.27", ARM64),
        ("tiny", "1.27", BIG_ENDIAN),
        ("frames", "1.25", PIE),
    ] {
        let path = common::program(name, version, variant).unwrap();
        let bin = common::open(&path).unwrap();
        let image = Image::parse(bin.data().clone()).unwrap();
        let mut checked = 0;
        for pc in common::some_pcs(&bin, 2) {
            let mut ours = Vec::new();
            bin.pclntab().frames(pc, &mut ours);
            if ours.len() > 1 {
                let ours: Vec<_> = ours.iter().map(|f| (f.func, f.file, f.line)).collect();
                let theirs = image.frames(pc);
                let theirs: Vec<_> = theirs
                    .iter()
                    .map(|f| (f.func.as_str(), f.file.trim_start_matches("./"), f.line))
                    .collect();
                assert_eq!(ours, theirs, "{version} {} {pc:#x}", variant.0);
                checked += 1;
            }
        }
        assert!(checked > 200, "{checked}");
    }
}

/// `name → (address, size)` for symbols whose name is unique.
fn nm(path: &Path) -> Result<BTreeMap<String, (u64, u64)>> {
    let output = tool("nm", &["-size"], path, String::new())?;
    let mut symbols = BTreeMap::new();
    let mut twice = Vec::new();
    for line in output.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [addr, size, _, name] = fields[..]
            && let Ok(addr) = u64::from_str_radix(addr, 16)
            && symbols
                .insert(name.to_owned(), (addr, size.parse()?))
                .is_some()
        {
            twice.push(name.to_owned());
        }
    }
    for name in twice {
        symbols.remove(&name);
    }
    Ok(symbols)
}

#[test]
fn symbols_and_moduledata() {
    for version in VERSIONS {
        for variant in [PLAIN, PIE] {
            let path = common::program("frames", version, variant).unwrap();
            let bin = common::open(&path).unwrap();
            let symbols = nm(&path).unwrap();
            assert!(symbols.len() > 1500, "{}", symbols.len());
            for (name, &(addr, size)) in &symbols {
                let symbol = bin.symbol(name).expect(name);
                assert_eq!((symbol.addr, symbol.size), (addr, size), "{name}");
            }
            assert_eq!(bin.symbol("main.nothing"), None);
            let md = bin.moduledata().unwrap();
            for (name, ours) in [
                ("runtime.firstmoduledata", md.addr),
                ("runtime.pclntab", md.pc_header),
                ("runtime.text", md.text),
                ("runtime.etext", md.etext),
                ("runtime.noptrdata", md.noptrdata),
                ("runtime.enoptrdata", md.enoptrdata),
                ("runtime.data", md.data),
                ("runtime.edata", md.edata),
                ("runtime.bss", md.bss),
                ("runtime.ebss", md.ebss),
                ("runtime.noptrbss", md.noptrbss),
                ("runtime.enoptrbss", md.enoptrbss),
                ("runtime.end", md.end),
                ("runtime.types", md.types),
                ("runtime.etypes", md.etypes),
                ("runtime.rodata", md.rodata.unwrap()),
                ("go:func.*", md.gofunc.unwrap()),
                ("go.func.*", md.gofunc.unwrap()),
            ] {
                if let Some(&(addr, _)) = symbols.get(name) {
                    assert_eq!(ours, addr, "{version} {}: {name}", variant.0);
                }
            }
            assert_eq!(md.addr, symbols["runtime.firstmoduledata"].0);
            assert_eq!(md.text, symbols["runtime.text"].0);
        }
    }
}

#[test]
fn functions_end_where_symbols_do() {
    for version in VERSIONS {
        let path = common::program("frames", version, PLAIN).unwrap();
        let bin = common::open(&path).unwrap();
        let symbols = nm(&path).unwrap();
        let mut checked = 0;
        for func in bin.pclntab().funcs() {
            // Older linkers print shorter names here than they keep in the table.
            if let Some(&(addr, size)) = symbols.get(func.name())
                && addr == func.entry
                && size > 0
                && !func.name().starts_with("go:")
            {
                assert!(func.entry + size <= func.end, "{func:?} {size}");
                let last = func.entry + size - 1;
                assert!(bin.pclntab().sp_delta(&func, last).is_some(), "{func:?}");
                checked += 1;
            }
        }
        assert!(checked > 1000, "{checked}");
    }
}

/// What is in the function table, without addresses that stripping may move.
fn shape(bin: &GoBin) -> Vec<(String, u64, FuncId, u32)> {
    let (start, _) = bin.pclntab().text_range();
    let line = |f: Func<'_>| (f.name().to_owned(), f.entry - start, f.id(), f.start_line());
    bin.pclntab().funcs().map(line).collect()
}

#[test]
fn stripping_takes_nothing() {
    for version in VERSIONS {
        for (whole, bare) in [(PLAIN, STRIPPED), (PIE, STRIPPED_PIE)] {
            let open = |v| common::open(&common::program("frames", version, v).unwrap()).unwrap();
            let (whole, bare) = (open(whole), open(bare));
            assert!(bare.is_stripped() && !bare.has_dwarf());
            assert_eq!(bare.symbol("runtime.text"), None);
            assert_eq!(shape(&whole), shape(&bare), "{version}");
            let (before, after) = (whole.pclntab(), bare.pclntab());
            let move_by = after.text_range().0.wrapping_sub(before.text_range().0);
            for pc in common::some_pcs(&whole, 1) {
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                before.frames(pc, &mut ours);
                after.frames(pc.wrapping_add(move_by), &mut theirs);
                assert_eq!(ours, theirs, "{version} {pc:#x}");
            }
        }
    }
}

#[test]
fn a_newer_release_is_read_as_far_as_it_is_alike() {
    for (version, told) in [("1.27", "go1.99.3"), ("1.25", "go1.98.5")] {
        let path = common::program("frames", version, STRIPPED_PIE).unwrap();
        let known = common::open(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let name = known.build_info().go_version.as_bytes();
        while let Some(at) = bytes.windows(name.len()).position(|w| w == name) {
            bytes[at..at + name.len()].copy_from_slice(told.as_bytes());
        }
        let newer = GoBin::parse(Arc::new(bytes)).unwrap();
        let parsed = newer.build_info().version.as_ref().unwrap();
        assert!(parsed.minor > 90 && newer.build_info().go_version == told);
        assert_eq!(newer.moduledata(), known.moduledata());
        assert_eq!(shape(&newer), shape(&known));
        for pc in common::some_pcs(&known, 0) {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            newer.pclntab().frames(pc, &mut ours);
            known.pclntab().frames(pc, &mut theirs);
            assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn build_info_is_that_of_go_version() {
    for version in VERSIONS {
        let go = testkit::go::toolchain(version).unwrap();
        for variant in [PLAIN, STRIPPED_PIE] {
            let path = common::program("frames", version, variant).unwrap();
            let bin = common::open(&path).unwrap();
            let info = bin.build_info();
            let output = go.command().args(["version", "-m"]).arg(&path).output();
            let text = String::from_utf8(output.unwrap().stdout).unwrap();
            let mut ours = format!(
                "{}: {}\n\tpath\t{}\n",
                path.display(),
                info.go_version,
                info.path
            );
            let main = info.main.as_ref().unwrap();
            ours += &format!("\tmod\t{}\t{}\t{}\n", main.path, main.version, main.sum);
            for (key, value) in &info.settings {
                let quoted = match value.contains(' ') {
                    true => format!("{value:?}"),
                    false => value.clone(),
                };
                ours += &format!("\tbuild\t{key}={quoted}\n");
            }
            assert_eq!(ours, text);
            let parsed = info.version.as_ref().unwrap();
            assert_eq!(format!("1.{}.{}", parsed.minor, parsed.patch), go.version);
            let id = go.command().args(["tool", "buildid"]).arg(&path).output();
            let id = String::from_utf8(id.unwrap().stdout).unwrap();
            assert_eq!(bin.go_build_id().unwrap(), id.trim_end());
        }
    }
}

#[test]
fn special_functions_have_their_ids() {
    for version in VERSIONS {
        for variant in [PLAIN, STRIPPED_PIE] {
            let path = common::program("frames", version, variant).unwrap();
            let bin = common::open(&path).unwrap();
            let table = bin.pclntab();
            let mut wrappers = 0;
            for func in table.funcs() {
                let by_name = FuncId::of_name(func.name());
                if func.id() == FuncId::Wrapper {
                    wrappers += 1;
                } else {
                    // An assembly function's other ABI is a wrapper of the same name.
                    let short = func.name().trim_start_matches("runtime.");
                    let local = func.name() == "gogo" && func.id() == FuncId::Gogo;
                    assert!(func.id() == by_name || local, "{version} {func:?} {short}");
                }
            }
            assert!(wrappers > 20, "{wrappers}");
            for (name, id) in [
                ("runtime.mcall", FuncId::Mcall),
                ("runtime.systemstack", FuncId::Systemstack),
                ("runtime.goexit", FuncId::Goexit),
                ("runtime.mstart", FuncId::Mstart),
                ("runtime.morestack", FuncId::Morestack),
                ("runtime.sigpanic", FuncId::Sigpanic),
                ("runtime.gcBgMarkWorker", FuncId::GcBgMarkWorker),
                ("runtime.asyncPreempt", FuncId::AsyncPreempt),
                ("runtime.main", FuncId::RuntimeMain),
            ] {
                let found = table.func_by_name(name);
                assert!(
                    found.iter().any(|f| f.id() == id),
                    "{version} {name} {found:?}"
                );
            }
            let tops = table.funcs().filter(Func::is_top_frame);
            let tops: Vec<&str> = tops.map(|f| f.name()).collect();
            assert!(tops.contains(&"runtime.goexit") && tops.contains(&"runtime.mstart"));
            assert!(!tops.contains(&"main.main"), "{tops:?}");
            let writes: Vec<Func<'_>> = table.funcs().filter(Func::is_sp_write).collect();
            assert!(writes.iter().any(|f| f.name() == "runtime.systemstack"));
            assert!(!writes.iter().any(|f| f.name().starts_with("main.")));
            let asm = table.func_by_name("runtime.mcall");
            assert!(asm.iter().any(Func::is_asm) && !table.func_by_name("main.main")[0].is_asm());
        }
    }
}
