//! `cargo xtask fuzz`: libFuzzer on stable Rust.
//!
//! The instrumentation comes from LLVM's own pass, which stable `rustc` can be told to run; the
//! sanitizers, which it cannot, are not needed for safe code. libFuzzer itself is C++.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use testkit::{Variant, go};

use crate::steps::{self, cargo, flag, root, step};

const INSTRUMENT: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 --cfg fuzzing";

/// `fuzz [TARGET...] [-for SECONDS]`.
pub fn run(args: &[String]) -> Result<()> {
    let seconds = flag(args, "-for").unwrap_or("60");
    let named = args.iter().take_while(|arg| !arg.starts_with('-'));
    let named: Vec<&str> = named.map(String::as_str).collect();
    ensure!(has_cpp(), "libFuzzer needs a C++ compiler (g++, or $CXX)");
    fuzz(&named, &[format!("-max_total_time={seconds}")])
}

/// Runs every target a little, with the same random numbers each time, so that a test of the same
/// code has the same end; without a C++ compiler, says so and runs none.
pub fn briefly() -> Result<()> {
    if has_cpp() {
        return fuzz(&[], &["-seed=1".to_owned(), "-runs=1000".to_owned()]);
    }
    println!("   no C++ compiler, so no libFuzzer: left out");
    Ok(())
}

fn fuzz(named: &[&str], limits: &[String]) -> Result<()> {
    let all = targets()?;
    for name in named {
        ensure!(
            all.iter().any(|known| known == name),
            "no target {name}: {}",
            all.join(", ")
        );
    }
    let dir = step("building the fuzz targets", build)?;
    let binary = testkit::program("labels", "any", Variant::Stripped)?;
    // The layouts are in debug information, which Go compresses unless it is told not to.
    let symbols = root().join("target/fuzz/labels-with-dwarf");
    let flags = ["-ldflags=-compressdwarf=false"];
    go::any()?.build(&testkit::testbed().join("labels"), &symbols, &flags)?;
    let found = root().join("target/fuzz/found/");
    fs::create_dir_all(&found)?;
    let mut failed = Vec::new();
    for name in all
        .iter()
        .filter(|name| named.is_empty() || named.contains(&name.as_str()))
    {
        let corpus = root().join("target/fuzz/corpus").join(name);
        fs::create_dir_all(&corpus)?;
        seed(name, &corpus)?;
        let mut command = Command::new(dir.join(name));
        command
            .args(limits)
            .args(["-timeout=20", "-rss_limit_mb=2048", "-max_len=65536"])
            .args(["-print_final_stats=1", "-print_pcs=0"])
            .arg(format!("-artifact_prefix={}{name}-", found.display()))
            .arg(&corpus)
            .env("GOWHY_FUZZ_BINARY", &binary)
            .env("GOWHY_FUZZ_DWARF", &symbols)
            .stdin(Stdio::null());
        let output = command.output().with_context(|| name.clone())?;
        let log = String::from_utf8_lossy(&output.stderr);
        println!("   {name:15} {}", summary(&log));
        if !output.status.success() {
            let lines: Vec<&str> = log.lines().filter(|line| !is_noise(line)).collect();
            let tail = &lines[lines.len().saturating_sub(60)..];
            println!("{}", tail.join("\n"));
            failed.push(name.as_str());
        }
    }
    ensure!(
        failed.is_empty(),
        "found in target/fuzz/found: {}",
        failed.join(", ")
    );
    Ok(())
}

/// What libFuzzer says in its last lines, in one.
fn summary(log: &str) -> String {
    let stat = |name: &str| {
        let line = log.lines().rev().find_map(|line| line.strip_prefix(name));
        line.map_or("?", str::trim).to_owned()
    };
    let covered = log.lines().rev().find_map(|line| line.split_once("cov: "));
    let covered = covered
        .and_then(|(_, rest)| rest.split(' ').next())
        .unwrap_or("?");
    format!(
        "{} runs, {covered} edges, slowest {} s, {} MB",
        stat("stat::number_of_executed_units:"),
        stat("stat::slowest_unit_time_sec:"),
        stat("stat::peak_rss_mb:"),
    )
}

fn is_noise(line: &str) -> bool {
    line.starts_with('#')
        || ["NEW_FUNC", "INFO:", "WARNING:"]
            .iter()
            .any(|w| line.trim().starts_with(w))
}

/// The names of the targets.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        names.push(
            path.file_stem()
                .context("a target has a name")?
                .display()
                .to_string(),
        );
    }
    names.sort();
    Ok(names)
}

/// Builds the targets, and gives the folder that they are in.
fn build() -> Result<PathBuf> {
    // With a triple of its own, the instrumentation stays out of build scripts.
    let output = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()?;
    let host = String::from_utf8(output.stdout)?.trim().to_owned();
    ensure!(!host.is_empty(), "rustc does not name its host");
    let out = root().join("target/fuzz");
    let mut command = cargo(&["build", "--release", "--bins", "--target", &host]);
    command
        .arg("--manifest-path")
        .arg(root().join("fuzz/Cargo.toml"))
        .arg("--target-dir")
        .arg(&out)
        .env("RUSTFLAGS", INSTRUMENT)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    steps::run(&mut command)?;
    Ok(out.join(host).join("release"))
}

fn has_cpp() -> bool {
    let compiler = env::var_os("CXX").unwrap_or_else(|| "g++".into());
    let mut command = Command::new(compiler);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Puts something sensible into an empty corpus.
fn seed(name: &str, corpus: &Path) -> Result<()> {
    if fs::read_dir(corpus)?.next().is_some() {
        return Ok(());
    }
    match name {
        "profile_proto" | "profile_any" => {
            // A real one, of Go's own making.
            let file = corpus.join("cpu.pb.gz");
            let mut command = Command::new(testkit::program("labels", "any", Variant::Plain)?);
            command
                .args(["-for", "700ms", "-profile-for", "500ms", "-cpuprofile"])
                .arg(&file);
            steps::run(command.stdin(Stdio::null()).stdout(Stdio::null()))?;
            let plain = Command::new("gzip").arg("-dc").arg(&file).output()?;
            fs::write(corpus.join("cpu.pb"), plain.stdout)?;
        }
        "folded" => fs::write(corpus.join("folded"), "main.main;main.f 3\nmain.main 1\n")?,
        "bench" => fs::write(corpus.join("bench"), BENCH)?,
        "goroutine_dump" => fs::write(corpus.join("dump"), DUMP)?,
        "memstats_text" => {
            fs::write(corpus.join("text"), MEMSTATS)?;
            fs::write(corpus.join("json"), MEMSTATS_JSON)?;
        }
        "demangle" => {
            fs::write(
                corpus.join("cpp"),
                "_ZNSt6vectorIiSaIiEE9push_backERKi.part.0",
            )?;
            fs::write(
                corpus.join("rust"),
                "_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE",
            )?;
            fs::write(corpus.join("old"), "_ZN4core3ptr4drop17h0123456789abcdefE")?;
        }
        "speedscope" => fs::write(corpus.join("speedscope"), SPEEDSCOPE)?,
        "filters" => fs::write(corpus.join("filters"), "ma?in\\.\\(\\*T\n^json\n\\w+$\n")?,
        "corefile" => {
            // Headers, notes and the first memory of a real one.
            let program = testkit::program("labels", "any", Variant::Stripped)?;
            let running = testkit::Running::start(Command::new(program))?;
            let whole = root().join("target/fuzz/core");
            testkit::write_core(running.pid(), &whole, testkit::CoreKind::Whole)?;
            let head = fs::read(&whole)?;
            fs::remove_file(&whole)?;
            fs::write(corpus.join("head"), &head[..head.len().min(32768)])?;
        }
        "gobin" => {
            // Headers and the first tables; whole executables are for gobin_patched.
            let head = fs::read(go::any()?.goroot.join("bin/go"))?;
            fs::write(corpus.join("head"), &head[..head.len().min(4096)])?;
        }
        _ => {}
    }
    Ok(())
}

const MEMSTATS: &str = "# runtime.MemStats\n# Sys = 600\n# HeapInuse = 70\n# Stack = 8 / 9\n\
# PauseNs = [3 2 1 0]\n# NumGC = 3\n# GCCPUFraction = 0.25\n# DebugGC = false\n# MaxRSS = 4096\n";

const MEMSTATS_JSON: &str = "{\"memstats\":{\"Sys\":10,\"HeapInuse\":3,\"NumGC\":1,\"PauseNs\":[7,0],\
\"BySize\":[{\"Size\":8,\"Mallocs\":2,\"Frees\":1}]}}";

const BENCH: &str = "goos: linux\npkg: a/b\nUnit B/op better=lower assume=exact\n\
BenchmarkA/x=1-8 \t 100\t 12.5 ns/op\t 0x1.8p3 MB/s\t 16 B/op\nPASS\n";

const DUMP: &str = "panic: no [recovered]\n\tpanic: x\n[signal SIGSEGV: code=0x1]\n\n\
goroutine 1 gp=0x5 m=0 mp=0x6 [select (no cases), 5 minutes, locked to thread]:\n\
main.(*T[...]).f(...)\n\t/a.go:1\nmain.main({0x1?, ...})\n\t/a.go:2 +0x1 fp=0x1 sp=0x2 pc=0x3\n\
...3 frames elided...\ncreated by main.g in goroutine 7\n\t/a.go:3 +0x5\n\
[originating from goroutine 7]:\nmain.g(...)\n\t/a.go:4 +0x1\n\n\
goroutine 2 [sleep (leaked), synctest bubble 3] {a: \"b c\"}:\nnon-Go function at pc=0x1\n\n\
rax 0x1\nexit status 2\n";

const SPEEDSCOPE: &str = r#"{"$schema":"https://www.speedscope.app/file-format-schema.json",
"shared":{"frames":[{"name":"main.main","file":"main.go","line":3},{"name":"main.f"}]},
"profiles":[{"type":"sampled","name":"cpu","unit":"nanoseconds","startValue":0,"endValue":30,
"samples":[[0,1],[0]],"weights":[10,20]}]}"#;
