//! `-disasm`, `-weblist` and `-list` of a program are those of `go tool pprof`.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use gobin::GoBin;
use profile::{Builder, Line, Mapping, Profile};
use testkit::Variant;

/// Functions that the samples are of.
const FUNCTIONS: [&str; 5] = [
    "main.main",
    "runtime.mallocgc",
    "runtime.memmove",
    "runtime.mapassign_faststr",
    "runtime.scanobject",
];

/// A profile with a sample at every few bytes of the functions, and `main.main` as their caller.
fn sampled(path: &Path, bias: u64) -> Profile {
    let bytes = fs::read(path).expect("the program was built");
    let bin = GoBin::parse(Arc::new(bytes)).expect("it is a Go program");
    let table = bin.pclntab();
    let load = bin.segments().iter().find(|s| s.executable);
    let load = load.map_or(0, |s| s.vaddr - s.vaddr % 0x1000);
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let file = b.intern(&path.to_string_lossy());
    let mapping = b.mapping(Mapping {
        start: load.wrapping_add(bias),
        limit: load.wrapping_add(bias) + (64 << 20),
        file,
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
        has_inline_frames: true,
        ..Default::default()
    });
    let locate = |b: &mut Builder, pc: u64| {
        let mut frames = Vec::new();
        table.frames(pc, &mut frames);
        let lines = frames.iter().map(|frame| Line {
            function: Some(b.function(frame.func, frame.file, i64::from(frame.start_line))),
            line: i64::from(frame.line),
            column: 0,
        });
        let lines: Vec<Line> = lines.collect();
        b.location(Some(mapping), pc.wrapping_add(bias), &lines)
    };
    let main = table.func_by_name("main.main")[0].entry;
    let mut value = 1;
    for name in FUNCTIONS {
        for func in table.func_by_name(name) {
            for pc in (func.entry..func.end).step_by(7).take(40) {
                let (leaf, caller) = (locate(&mut b, pc), locate(&mut b, main + 1));
                value = value * 31 % 97;
                b.sample(&[leaf, caller], &[value, value * 10_000_000], &[]);
            }
        }
    }
    b.finish()
}

fn run(program: &Path, before: &[&str], args: &[OsString], dir: &Path) -> Output {
    Command::new(program)
        .args(before)
        .args(args)
        .env_clear()
        .envs([
            ("TZ", "UTC"),
            ("TERM", "dumb"),
            ("PPROF_BINARY_PATH", "/nonexistent"),
        ])
        .env("HOME", dir)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

fn compare(version: &str, variant: Variant, bias: u64, all: &[&str]) {
    let path = testkit::program("cpu", version, variant).expect("the program builds");
    let dir = tempfile::tempdir().expect("there is room for files");
    let saved = dir.path().join("cpu.pb.gz");
    fs::write(&saved, profile::encode_gz(&sampled(&path, bias))).expect("there is room for files");
    let pprof = testkit::go::pprof().expect("pprof can be had");
    for flags in all {
        let args = flags.split_whitespace().map(OsString::from);
        let args: Vec<OsString> = args
            .chain([path.clone().into(), saved.clone().into()])
            .collect();
        let ours = run(
            Path::new(env!("CARGO_BIN_EXE_gowhy")),
            &["pprof"],
            &args,
            dir.path(),
        );
        let theirs = run(&pprof, &[], &args, dir.path());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (status, their_status) = (ours.status.success(), theirs.status.success());
        assert_eq!(status, their_status, "{flags}: {}", text(&ours.stderr));
        let (ours, theirs) = (text(&ours.stdout), text(&theirs.stdout));
        for (i, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
            assert_eq!(ours, theirs, "{version} {flags}, line {}", i + 1);
        }
        assert!(
            ours == theirs && (ours.len() > 500) == status,
            "{version} {flags}"
        );
    }
}

#[test]
fn code_is_that_of_pprof() {
    let flags = [
        "-disasm=main.main",
        "-disasm=runtime[.]",
        "-disasm=memmove -cum -unit=ms",
        "-disasm=mallocgc -sample_index=samples -trim_path=/x",
        "-disasm=nosuchfunction",
        "-weblist=main[.]main -output=/dev/stdout",
        "-weblist=. -output=/dev/stdout",
        "-weblist=memmove|scan -sample_index=samples -output=/dev/stdout",
        "-weblist=nosuchfunction -output=/dev/stdout",
        "-list=main.main|mallocgc",
    ];
    compare("1.27", Variant::Plain, 0, &flags);
    compare("1.21", Variant::Plain, 0, &flags[..2]);
}

#[test]
fn code_that_was_loaded_elsewhere_is_that_of_pprof() {
    let flags = ["-disasm=.", "-weblist=main|memmove -output=/dev/stdout"];
    compare("1.27", Variant::Pie, 0x5555_5555_4000, &flags);
}

/// What pprof does not show: code of stripped programs, and of an address.
#[test]
fn a_stripped_program_and_an_address_have_code() {
    let path = testkit::program("cpu", "1.27", Variant::Stripped).expect("the program builds");
    let dir = tempfile::tempdir().expect("there is room for files");
    let saved = dir.path().join("cpu.pb.gz");
    fs::write(&saved, profile::encode_gz(&sampled(&path, 0))).expect("there is room for files");
    let bin = GoBin::parse(Arc::new(fs::read(&path).expect("the program was built")));
    let bin = bin.expect("it is a Go program");
    let entry = bin.pclntab().func_by_name("runtime.memmove")[0].entry;
    let gowhy = Path::new(env!("CARGO_BIN_EXE_gowhy"));
    for flag in [
        "-disasm=^runtime.memmove$".to_owned(),
        format!("-disasm={:#x}", entry + 9),
    ] {
        for (syntax, expect) in [
            (None, "MOVQ AX, DI"),
            (Some("-intel_syntax"), "mov rdi,rax"),
        ] {
            let mut args = vec![OsString::from(&flag)];
            args.extend(syntax.map(OsString::from));
            args.extend([path.clone().into(), saved.clone().into()]);
            let output = run(gowhy, &["pprof"], &args, dir.path());
            let text = String::from_utf8_lossy(&output.stdout);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(text.matches("ROUTINE").count(), 1, "{flag}: {text}{said}");
            assert!(text.contains("=== runtime.memmove\n"), "{flag}: {text}");
            assert!(
                text.contains(&format!("{entry:x}: {expect}")),
                "{flag}: {text}"
            );
        }
    }
}
