//! `gowhy test` on the packages of `testbed/bench`, with real Go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::go::Go;

use crate::cpu::interrupt;
use crate::gowhy::{Run, command, profile, run};

/// A copy of the packages, so that a test can change and break them.
struct Bed {
    dir: TempDir,
    go: Go,
}

impl Bed {
    fn new(version: &str) -> Bed {
        let dir = tempfile::tempdir().expect("a directory");
        copy(&testkit::testbed().join("bench"), &dir.path().join("bench"));
        fs::write(dir.path().join("go.mod"), "module testbed\n\ngo 1.19\n").expect("written");
        let go = testkit::go::toolchain(version).expect("a toolchain");
        Bed { dir, go }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `gowhy test`, with the environment of the toolchain.
    fn command(&self, args: &[&str]) -> Command {
        let mut c = command();
        for (name, value) in self.go.command().get_envs() {
            match value {
                Some(value) => c.env(name, value),
                None => c.env_remove(name),
            };
        }
        c.env("GO", self.go.goroot.join("bin/go"));
        c.current_dir(self.path("bench")).arg("test").args(args);
        c
    }

    fn test(&self, args: &[&str]) -> Run {
        run(&mut self.command(args))
    }

    fn manifest(&self, dir: &str) -> Value {
        let text = fs::read(self.path("bench").join(dir).join("gowhy-test.json"));
        serde_json::from_slice(&text.expect("there is a manifest")).expect("JSON")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("it is there") {
        let path = entry.expect("it is there").path();
        let target = to.join(path.file_name().expect("it has a name"));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).expect("copied")),
        }
    }
}

/// The functions in a profile.
fn functions(path: &Path) -> BTreeSet<String> {
    let p = profile(path);
    p.functions
        .iter()
        .map(|f| p.str(f.name).to_owned())
        .collect()
}

#[test]
fn tests_with_every_profile_in_one_run() {
    for version in ["1.19", "1.27"] {
        let bed = Bed::new(version);
        let r = bed.test(&["-v", "-run=Count|Wait"]);
        assert_eq!(r.code, 0, "{version}: {}{}", r.out, r.err);
        assert!(r.out.contains("--- PASS: TestCountAll"), "{}", r.out);
        assert!(r.out.contains("testbed/bench.waitFor"), "{}", r.out);
        assert!(r.out.contains("kept in gowhy-test-001"), "{}", r.out);
        let dir = bed.path("bench/gowhy-test-001");
        for kind in ["cpu", "mem", "block", "mutex"] {
            profile(&dir.join(format!("{kind}.pb.gz")));
        }
        assert!(functions(&dir.join("mem.pb.gz")).contains("strings.Fields"));
        assert!(functions(&dir.join("block.pb.gz")).contains("testbed/bench.waitFor"));
        assert!(dir.join("bench.test").is_file(), "the binary is kept");
        let kept = fs::read_to_string(dir.join("output.txt")).expect("it is kept");
        assert!(r.out.starts_with(&kept), "{kept}");
        let manifest = bed.manifest("gowhy-test-001");
        assert_eq!(manifest["isolated"], false);
        let go_version = manifest["go_version"].as_str().unwrap_or_default();
        assert!(
            go_version.starts_with(&format!("go{version}")),
            "{go_version}"
        );
    }
}

#[test]
fn benchmarks_apart_from_profiles_and_what_a_change_does_to_them() {
    let _alone = testkit::alone().expect("a lock");
    let bed = Bed::new("1.27");
    let bench = [
        "-run=^$",
        "-bench=Count/words=1000",
        "-benchtime=10x",
        "-count=6",
    ];
    let mut args = bench.to_vec();
    args.extend(["--out", "before", "--json"]);
    let r = bed.test(&args);
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(
        r.err.contains("[5/5] testbed/bench: mutex profile"),
        "{}",
        r.err
    );
    assert_eq!(
        r.err.matches("ok  \ttestbed/bench").count(),
        1,
        "one run is shown: {}",
        r.err
    );
    let all: Value = serde_json::from_str(&r.out).expect("JSON");
    assert_eq!(all["schema"], "gowhy.test");
    assert_eq!(
        (&all["isolated"], &all["timed"]),
        (&true.into(), &false.into())
    );
    let package = &all["packages"][0];
    assert_eq!(package["benchmarks_profiled"], false);
    let results = package["benchmarks"].as_array().expect("a list");
    let times = results.iter().filter(|r| r["unit"] == "sec/op");
    assert_eq!(times.count(), 6);
    let allocs = results
        .iter()
        .find(|r| r["unit"] == "allocs/op")
        .expect("it reports them");
    assert!(allocs["value"].as_f64() > Some(0.0) && allocs["iterations"] == 10);
    let mem = package["profiles"].as_array().expect("a list");
    let mem = mem
        .iter()
        .find(|p| p["kind"] == "mem")
        .expect("it is there");
    assert_eq!(mem["functions"][0]["function"], "strings.Fields");
    assert_eq!(mem["sample_type"], "alloc_space");

    let mut args = bench.to_vec();
    args.extend(["-tags=slow", "--out=after", "-q"]);
    assert_eq!(bed.test(&args).code, 0);
    let diff = |args: &[&str]| {
        let mut c = command();
        run(c.current_dir(bed.path("bench")).arg("diff").args(args))
    };
    // The slow one does twenty times as much: no machine is so busy that this is not seen.
    let r = diff(&["before", "after", "--fail-on=10%"]);
    assert_eq!(r.code, 1, "{}{}", r.out, r.err);
    assert!(r.out.contains("Count/words=1000"), "{}", r.out);
    assert!(r.out.contains("testbed/bench.split"), "{}", r.out);
    for kind in ["cpu, cpu", "mem, alloc_space"] {
        assert!(
            r.out.contains(&format!("testbed/bench {kind}: ")),
            "{}",
            r.out
        );
    }
    let r = diff(&["before", "before", "--fail-on=0"]);
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(r.out.contains("no function changed"), "{}", r.out);
    let r = diff(&["before/output.txt", "after/output.txt", "--fail-on=10%"]);
    assert_eq!(r.code, 1, "{}", r.err);
    let r = diff(&["before/mem.pb.gz", "after"]);
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(r.out.contains("alloc_space"), "{}", r.out);
}

#[test]
fn several_packages_one_after_the_other() {
    let bed = Bed::new("1.27");
    let r = bed.test(&["-run=Count|Nothing", "./...", "--out=d"]);
    assert_eq!(r.code, 0, "{}{}", r.out, r.err);
    assert!(
        r.out.contains("testbed/bench/notests\t[no test files]"),
        "{}",
        r.out
    );
    for dir in ["bench", "other"] {
        profile(&bed.path("bench/d").join(dir).join("mem.pb.gz"));
    }
    let manifest = bed.manifest("d");
    let paths = manifest["packages"].as_array().expect("a list");
    let paths: Vec<_> = paths.iter().map(|p| &p["import_path"]).collect();
    assert_eq!(paths, ["testbed/bench", "testbed/bench/other"]);
    for flag in ["-cpuprofile=x", "-o=x"] {
        let r = bed.test(&["./...", flag, "--out=e"]);
        assert_eq!(r.code, 2, "{}", r.err);
        assert!(r.err.contains("several packages"), "{}", r.err);
    }
}

#[test]
fn a_failure_is_passed_on_and_what_is_there_is_kept() {
    let bed = Bed::new("1.27");
    let r = run(bed.command(&["--out=fail"]).env("BENCH_OUTCOME", "fail"));
    assert_eq!(r.code, 1, "{}", r.err);
    assert!(r.out.contains("--- FAIL: TestOutcome"), "{}", r.out);
    profile(&bed.path("bench/fail/cpu.pb.gz"));
    assert_eq!(bed.manifest("fail")["exit_code"], 1);

    let r = run(bed.command(&["--out=panic"]).env("BENCH_OUTCOME", "panic"));
    assert_eq!(r.code, 1);
    assert!(
        r.err
            .contains("no cpu, mem, block, mutex profile: the test ended before"),
        "{}",
        r.err
    );
    assert_eq!(
        bed.manifest("panic")["packages"][0]["profiles"],
        serde_json::json!([])
    );

    fs::write(
        bed.path("bench/broken_test.go"),
        "package bench\n\nfunc {\n",
    )
    .expect("written");
    let r = bed.test(&["-bench=.", "--out=broken"]);
    assert_eq!(r.code, 1, "{}", r.err);
    assert!(r.out.contains("[setup failed]"), "{}{}", r.out, r.err);
    assert!(
        r.err.contains("broken_test.go"),
        "the compiler's own words: {}",
        r.err
    );
    let r = bed.test(&["./nowhere", "--out=nowhere"]);
    assert_eq!(r.code, 1, "{}", r.err);
    assert!(!bed.path("bench/nowhere").exists());
}

#[test]
fn an_interrupt_ends_the_tests_and_keeps_what_is_there() {
    let bed = Bed::new("1.27");
    let child = bed
        .command(&["-v", "--out=d"])
        .env("BENCH_OUTCOME", "hang")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gowhy starts");
    let output = bed.path("bench/d/output.txt");
    let began = Instant::now();
    let hangs = || fs::read_to_string(&output).is_ok_and(|t| t.contains("RUN   TestOutcome"));
    while !hangs() {
        assert!(began.elapsed() < Duration::from_secs(120), "the test hangs");
        thread::sleep(Duration::from_millis(50));
    }
    interrupt(child.id());
    let out = child.wait_with_output().expect("it ends");
    assert_eq!(
        out.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("--- PASS: TestWait"), "{text}");
    assert_eq!(bed.manifest("d")["interrupted"], true);
    // Nothing of it runs on.
    let binary = bed.path("bench/d/bench.test");
    let running = fs::read_dir("/proc")
        .expect("there is one")
        .flatten()
        .any(|process| fs::read_link(process.path().join("exe")).is_ok_and(|exe| exe == binary));
    assert!(!running);
}

#[test]
fn the_users_own_profiles_rates_and_binary() {
    let bed = Bed::new("1.27");
    let r = bed.test(&[
        "-cpuprofile",
        "mine.prof",
        "-test.memprofilerate=1",
        "-o=mine.test",
        "--out=d",
        "-run=Count$",
        "--isolate",
    ]);
    assert_eq!(r.code, 0, "{}", r.err);
    profile(&bed.path("bench/mine.prof"));
    profile(&bed.path("bench/d/cpu.pb.gz"));
    assert!(bed.path("bench/mine.test").is_file());
    let mem = profile(&bed.path("bench/d/mem.pb.gz"));
    assert_eq!(mem.period, 1);
}

#[test]
fn command_lines_that_make_no_sense() {
    let bed = Bed::new("1.27");
    for (args, code, says) in [
        (&["-c"][..], 2, "-c cannot be used here"),
        (&["-bench=.", "-list=."], 2, "-list cannot be used here"),
        (&["--go=/no/such/go"], 3, "no Go command /no/such/go"),
        (&["--go=true"], 3, "does not work"),
        (&["--out=."], 2, "is not empty"),
        (&["--rows=many"], 2, "invalid value"),
    ] {
        let r = bed.test(args);
        assert_eq!(r.code, code, "{args:?}: {}", r.err);
        assert!(r.err.contains(says), "{args:?}: {}", r.err);
    }
    let r = run(bed
        .command(&[])
        .env("PATH", "/nonexistent")
        .env_remove("GO"));
    assert_eq!(r.code, 3);
    assert!(r.err.contains("hint: install Go"), "{}", r.err);
    let r = bed.test(&["--help"]);
    assert_eq!(r.code, 0);
    assert!(r.out.contains("GO TEST ARGUMENTS"), "{}", r.out);
}
