//! Profiles of live processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use profile::{LabelValue, Profile};
use testkit::{Running, Variant};

use crate::gowhy::{command, figure, gowhy, names, profile, start};

/// Profiles a running program for `seconds` and reads the result.
fn take(running: &Running, seconds: &str, more: &[&str]) -> Profile {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("cpu.pb.gz");
    let pid = running.pid().to_string();
    let mut args = vec!["cpu", &pid, "-d", seconds, "-proto", "-o"];
    args.push(file.to_str().expect("utf-8"));
    args.extend(more);
    let r = gowhy(&args);
    assert_eq!(r.code, 0, "{}", r.err);
    profile(&file)
}

/// Samples in which a function is anywhere on the stack, as a share of all.
fn cum(p: &Profile, function: &str) -> f64 {
    let (mut with, mut all) = (0, 0);
    for i in 0..p.samples.len() {
        let n = p.samples.values(i)[0];
        all += n;
        if names(p, i).iter().any(|name| name.contains(function)) {
            with += n;
        }
    }
    with as f64 / (all as f64).max(1.0)
}

#[test]
fn stripped_and_pie_programs_of_old_and_new_go() {
    let _alone = testkit::alone().expect("a lock");
    for (version, variant) in [
        ("1.19", Variant::Stripped),
        ("1.23", Variant::Pie),
        ("1.27", Variant::StrippedPie),
    ] {
        let running = start("cpu", version, variant, &[]);
        let p = take(&running, "2s", &["-r", "499"]);
        assert!(figure(&p, "CPU captured ") > 85.0, "{version}");
        assert!(figure(&p, "whole stacks ") >= 98.0, "{version}");
        assert!(cum(&p, "main.") > 0.9, "{version}: {}", cum(&p, "main."));
    }
}

#[test]
fn every_way_of_sampling_sees_the_same() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("cpu", "1.23", Variant::Plain, &[]);
    for via in ["cpus", "threads", "stops"] {
        let p = take(&running, "2s", &["--via", via]);
        assert!(figure(&p, "CPU captured ") > 80.0, "{via}");
        assert!(figure(&p, "whole stacks ") > 90.0, "{via}");
        assert!(cum(&p, "main.") > 0.8, "{via}");
    }
}

#[test]
fn frames_go_on_under_c() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("cgo", "1.25", Variant::Plain, &[]);
    let p = take(&running, "3s", &["-r", "299"]);
    let in_c = (0..p.samples.len()).filter(|&i| names(&p, i).contains(&"c_leaf"));
    let (mut all, mut joined) = (0, 0);
    for i in in_c {
        let n = p.samples.values(i)[0];
        all += n;
        let stack = names(&p, i);
        let at = stack.iter().position(|n| *n == "runtime.asmcgocall");
        if at.is_some_and(|at| stack.get(at + 1) == Some(&"runtime.cgocall"))
            && stack.iter().any(|n| n.starts_with("main."))
        {
            joined += n;
        }
    }
    assert!(all > 20, "{all} samples in C");
    assert!(joined * 100 >= all * 70, "{joined} of {all} reach Go");
}

#[test]
fn labels_are_on_the_samples() {
    let _alone = testkit::alone().expect("a lock");
    for version in ["1.21", "1.27"] {
        let running = start("labels", version, Variant::Stripped, &[]);
        let p = take(&running, "2s", &["-r", "499"]);
        let mut by_value: BTreeMap<&str, i64> = BTreeMap::new();
        let (mut all, mut labelled) = (0, 0);
        for i in 0..p.samples.len() {
            let n = p.samples.values(i)[0];
            if !names(&p, i).iter().any(|n| n.starts_with("main.")) {
                continue;
            }
            all += n;
            if let Some(l) = p.samples.labels(i).first() {
                labelled += n;
                if let LabelValue::Str(v) = l.value {
                    *by_value.entry(p.str(v)).or_default() += n;
                }
            }
        }
        // A task that ended before its sample was read has no labels any more: on a machine as
        // busy as one that runs all tests at once these are some.
        assert!(labelled * 100 >= all * 70, "{version}: {labelled} of {all}");
        assert!(by_value.len() > 1, "{version}: {by_value:?}");
    }
}

#[test]
fn threads_that_begin_later_are_seen() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("threads", "1.23", Variant::Plain, &["-short", "40"]);
    let p = take(&running, "3s", &[]);
    assert!(figure(&p, "CPU captured ") > 85.0);
}

#[test]
fn a_binary_that_was_deleted() {
    let _alone = testkit::alone().expect("a lock");
    let built = testkit::program("cpu", "1.25", Variant::Stripped).expect("it builds");
    let dir = tempfile::tempdir().expect("a directory");
    let copy = dir.path().join("gone");
    fs::copy(built, &copy).expect("copied");
    let running = Running::start(Command::new(&copy)).expect("it runs");
    fs::remove_file(&copy).expect("deleted");
    let p = take(&running, "1s", &[]);
    assert!(cum(&p, "main.") > 0.8);
    let ps = gowhy(&["ps"]);
    assert!(ps.out.contains("deleted"), "{}", ps.out);
}

#[test]
fn ps_tells_how_programs_were_built() {
    let running = start("cpu", "1.27", Variant::StrippedPie, &[]);
    let r = gowhy(&["ps", "--json"]);
    assert_eq!(r.code, 0);
    let all: serde_json::Value = serde_json::from_str(&r.out).expect("JSON");
    let rows = all["processes"].as_array().expect("a list");
    let row = rows
        .iter()
        .find(|p| p["pid"] == running.pid())
        .expect("our process");
    assert_eq!(row["go_version"], "go1.27.3");
    assert_eq!(row["stripped"], true);
    assert_eq!(row["pie"], true);
    assert_eq!(row["cgo"], false);
    assert_eq!(row["attachable"], true);
}

#[test]
fn an_interrupt_ends_early_with_what_was_collected() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("cpu", "1.23", Variant::Plain, &[]);
    let child = command()
        .args(["cpu", &running.pid().to_string(), "-d", "60s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gowhy starts");
    thread::sleep(Duration::from_millis(1500));
    interrupt(child.id());
    let out = child.wait_with_output().expect("it ends");
    assert_eq!(out.status.code(), Some(0));
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("main."), "{text}");
}

/// Sends SIGINT, as ^C does.
pub fn interrupt(pid: u32) {
    let sent = Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status();
    assert!(sent.is_ok_and(|s| s.success()));
}

#[test]
fn killed_at_any_moment_it_leaves_the_target_as_it_was() {
    let _alone = testkit::alone().expect("a lock");
    let mut running = start("cpu", "1.23", Variant::Plain, &[]);
    for via in ["cpus", "stops"] {
        for i in 0..5_u64 {
            let mut child = command()
                .args(["cpu", &running.pid().to_string(), "-r", "999", "--via", via])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("gowhy starts");
            thread::sleep(Duration::from_millis(20 + i * 37));
            child.kill().expect("it still runs");
            child.wait().expect("it is dead");
        }
    }
    thread::sleep(Duration::from_millis(300));
    for task in fs::read_dir(format!("/proc/{}/task", running.pid())).expect("it runs") {
        let status = fs::read_to_string(task.expect("a thread").path().join("status"));
        let status = status.unwrap_or_default();
        assert!(!status.contains("State:\tt"), "{status}");
        assert!(status.contains("TracerPid:\t0"), "{status}");
    }
    let before = running.ops().expect("it answers");
    thread::sleep(Duration::from_millis(300));
    let after = running.ops().expect("it answers");
    assert!(after.ops > before.ops, "it works on");
}

#[test]
fn the_profile_opens_in_gos_own_pprof() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("cpu", "1.27", Variant::Stripped, &[]);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("cpu.pb.gz");
    let path = file.to_str().expect("utf-8");
    let pid = running.pid().to_string();
    assert_eq!(
        gowhy(&["cpu", &pid, "-d", "2s", "-proto", "-o", path]).code,
        0
    );
    let theirs = pprof(&["-top", "-lines"], &file);
    assert!(theirs.contains(".go:"), "{theirs}");
    assert!(theirs.contains("(inline)"), "{theirs}");
    let ours = gowhy(&["cpu", path, "-top", "-lines"]);
    assert_eq!(ours.out, theirs);
}

fn pprof(args: &[&str], file: &Path) -> String {
    let pprof = testkit::go::pprof().expect("pprof builds");
    let out = Command::new(pprof)
        .args(args)
        .arg(file)
        .env("TZ", "UTC")
        .output()
        .expect("pprof runs");
    String::from_utf8_lossy(&out.stdout).into_owned()
}
