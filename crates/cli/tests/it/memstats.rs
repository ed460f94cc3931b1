//! Memory statistics of live processes, against what the processes read of themselves.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use testkit::{Running, Variant};

use crate::gowhy::{gowhy, start};
use crate::matrix::{VARIANTS, each};

/// What gowhy reads of a process: the whole object, and Go's fields in it.
fn read(pid: &str, what: &str) -> (Value, Map<String, Value>) {
    let r = gowhy(&["memstats", pid, "--json"]);
    assert_eq!(r.code, 0, "{what}: {}", r.err);
    let whole: Value = serde_json::from_str(&r.out).expect(&r.out);
    let fields = whole["memstats"].as_object().expect("an object").clone();
    (whole, fields)
}

/// What the process read of itself since it was asked to.
fn printed(running: &mut Running) -> Map<String, Value> {
    running.send("print").expect("it listens");
    let line = running.wait_for("memstats ").expect("it answers");
    let json = line.strip_prefix("memstats ").expect("it said so");
    serde_json::from_str(json).expect(json)
}

fn ask(running: &mut Running) {
    running.send("read").expect("it listens");
    running.wait_for("read").expect("it answers");
}

fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours.as_f64(), theirs.as_f64()) {
        (Some(a), Some(b)) if !(ours.is_u64() && theirs.is_u64()) => a.to_bits() == b.to_bits(),
        _ => ours == theirs,
    }
}

fn quiet(version: &str, variant: Variant) {
    let what = format!("{version} {}", variant.name());
    let mut running = start("memory", version, variant, &[]);
    let pid = running.pid().to_string();
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        let (_, before) = read(&pid, &what);
        ask(&mut running);
        let (whole, after) = read(&pid, &what);
        let theirs = printed(&mut running);
        // The runtime may still have been giving memory back, or starting a thread.
        if before != after && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        }
        assert!(theirs.len() >= 30, "{what}: {theirs:?}");
        for (name, theirs) in &theirs {
            let ours = after.get(name).unwrap_or(&Value::Null);
            assert!(
                is_same(ours, theirs),
                "{what}: {name}: {ours}, not {theirs}"
            );
        }
        assert_eq!(after.len(), theirs.len(), "{what}");
        assert_eq!(whole["gc"]["gogc"], 100, "{what}");
        assert_eq!(whole["gc"]["gomemlimit"], Value::Null, "{what}");
        let resident = whole["process"]["rss"].as_u64().expect("it is in RAM");
        let used = whole["consumption"].as_u64().expect("a number");
        if variant == Variant::Cgo {
            // Eight megabytes are of C.
            assert!(resident > 8 << 20, "{what}: {resident}");
        }
        assert!(used > 1 << 20, "{what}: {used}");
        return;
    }
}

#[test]
fn every_field_of_every_version_and_build_is_what_go_reads() {
    each(&VARIANTS, quiet);
}

/// Counters that only grow, as they are in each object.
const GROWING: [&str; 6] = [
    "TotalAlloc",
    "Mallocs",
    "Frees",
    "NumGC",
    "NumForcedGC",
    "PauseTotalNs",
];

fn busy(version: &str, variant: Variant) {
    let what = format!("{version} {}", variant.name());
    let mut running = start("memory", version, variant, &["-busy", "2"]);
    let pid = running.pid().to_string();
    let (mut within, mut rounds) = (0, 0);
    for _ in 0..6 {
        ask(&mut running);
        let theirs_before = printed(&mut running);
        let (whole, ours) = read(&pid, &what);
        ask(&mut running);
        let theirs_after = printed(&mut running);
        // What had to be taken as it came is told.
        let torn = whole["notes"]
            .as_array()
            .is_none_or(|notes| !notes.is_empty());
        let number = |of: &Map<String, Value>, name: &str| of[name].as_u64().expect(name);
        rounds += 1;
        let holds = GROWING.iter().all(|name| {
            let (a, b) = (number(&theirs_before, name), number(&theirs_after, name));
            (a..=b).contains(&number(&ours, name))
        });
        within += u32::from(holds && !torn);
        let (sys, idle) = (number(&ours, "HeapSys"), number(&ours, "HeapIdle"));
        assert_eq!(sys, idle + number(&ours, "HeapInuse"), "{what}");
        let objects = number(&ours, "Mallocs") - number(&ours, "Frees");
        assert_eq!(number(&ours, "HeapObjects"), objects, "{what}");
    }
    assert!(within + 1 >= rounds, "{what}: {within} of {rounds}");
}

#[test]
fn a_busy_process_is_read_between_its_own_readings() {
    each(&[Variant::Stripped], busy);
}

#[test]
fn limits_of_the_collector_make_the_goal() {
    for (limit, gogc) in [("64MiB", "off"), ("24MiB", "50")] {
        let binary = testkit::program("memory", "1.25", Variant::Stripped).expect("it builds");
        let mut command = std::process::Command::new(binary);
        command.env("GOMEMLIMIT", limit).env("GOGC", gogc);
        let mut running = Running::start(command).expect("it starts");
        let pid = running.pid().to_string();
        let end = Instant::now() + Duration::from_secs(40);
        loop {
            let (_, before) = read(&pid, limit);
            ask(&mut running);
            let (whole, after) = read(&pid, limit);
            let theirs = printed(&mut running);
            if before != after && Instant::now() < end {
                continue;
            }
            assert_eq!(after["NextGC"], theirs["NextGC"], "{limit} {gogc}");
            let mib = if limit == "64MiB" { 64 } else { 24 };
            assert_eq!(whole["gc"]["gomemlimit"], mib << 20);
            let percent = if gogc == "off" {
                Value::Null
            } else {
                50.into()
            };
            assert_eq!(whole["gc"]["gogc"], percent);
            break;
        }
        let r = gowhy(&["memstats", &pid]);
        assert!(r.out.contains("GOMEMLIMIT"), "{}", r.out);
        assert_eq!(r.out.contains("GOGC is off"), gogc == "off", "{}", r.out);
    }
}

#[test]
fn what_endpoints_and_files_tell_is_shown() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().to_str().expect("utf-8");
    let _running = start("endpoint", "any", Variant::Plain, &["-dir", path]);
    let said = std::fs::read_to_string(dir.path().join("addresses")).expect("addresses");
    let address = said.lines().find_map(|line| line.strip_prefix("http "));
    let address = address.expect("an address");
    let r = gowhy(&["memstats", address, "--json"]);
    assert_eq!(r.code, 0, "{}", r.err);
    let whole: Value = serde_json::from_str(&r.out).expect(&r.out);
    assert!(
        whole["memstats"]["HeapAlloc"]
            .as_u64()
            .is_some_and(|n| n > 0)
    );
    assert_eq!(whole["memstats"].get("BySize"), None, "the text has none");
    assert!(whole["process"]["rss_peak"].as_u64().is_some_and(|n| n > 0));
}

#[test]
fn a_file_has_what_it_has() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("vars.json");
    let text = r#"{"cmdline":["x"],"memstats":{"Sys":6291456,"HeapReleased":2097152,"HeapInuse":1048576,
        "HeapAlloc":1000000,"NumGC":2,"PauseNs":[5000,7000]}}"#;
    std::fs::write(&file, text).expect("a file");
    let path = file.to_str().expect("utf-8");
    let r = gowhy(&["memstats", path]);
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(r.out.contains("2MB of 6MB Sys is idle heap"), "{}", r.out);
    assert!(r.out.contains("NextGC"), "{}", r.out);
    assert_eq!(gowhy(&["memstats", path, "--watch"]).code, 2);
    std::fs::write(&file, "{}").expect("a file");
    let r = gowhy(&["memstats", path]);
    assert_eq!(r.code, 5, "{}", r.err);
    assert!(r.err.contains("has no memory statistics") && r.err.contains("hint: "));
}

#[test]
fn lines_come_one_after_the_other() {
    let running = start("memory", "1.23", Variant::Stripped, &["-busy", "1"]);
    let pid = running.pid().to_string();
    let r = gowhy(&["memstats", &pid, "--watch", "20ms", "-n", "3", "--jsonl"]);
    assert_eq!(r.code, 0, "{}", r.err);
    let all: Vec<Value> = r
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let total = |v: &Value| v["memstats"]["TotalAlloc"].as_u64().expect("a number");
    assert_eq!(all.len(), 3);
    assert!(total(&all[2]) > total(&all[0]));
    let r = gowhy(&["memstats", &pid, "--watch", "20ms", "-n", "2"]);
    assert_eq!((r.code, r.out.lines().count()), (0, 3), "{}", r.err);
}
