//! `gowhy diff` on files of benchmark results and on profiles.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::gowhy::{Run, command, gowhy, run};

/// Six results of a benchmark around this many nanoseconds.
fn results(nanos: u32) -> String {
    let head = "goos: linux\npkg: example.com/p\n".to_owned();
    let lines = (0..6).map(|i| {
        let nanos = nanos + i;
        format!("BenchmarkWork-8 \t 100\t {nanos} ns/op\t 16 B/op\t {i} x/op\n")
    });
    head + &lines.collect::<String>()
}

fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, text).expect("written");
    path
}

fn diff(dir: &Path, args: &[&str]) -> Run {
    run(command().current_dir(dir).arg("diff").args(args))
}

#[test]
fn a_slower_benchmark_is_flagged_and_a_faster_one_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), "a", &results(1000));
    write(dir.path(), "b", &results(1200));
    let r = diff(dir.path(), &["a", "b", "--fail-on", "5%"]);
    assert_eq!(r.code, 1, "{}", r.err);
    assert!(r.out.contains("+19.95% (p=0.002 n=6)"), "{}", r.out);
    assert!(
        r.err.contains("1 result is significantly worse"),
        "{}",
        r.err
    );
    for args in [
        ["a", "b", "--fail-on=25%"],
        ["b", "a", "--fail-on=0"],
        ["a", "a", "--fail-on=0"],
        // At this level six results are too few.
        ["a", "b", "--alpha=0.001"],
    ] {
        assert_eq!(diff(dir.path(), &args).code, 0, "{args:?}");
    }
}

#[test]
fn json_has_what_the_tables_say() {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), "a", &results(1000));
    write(dir.path(), "b", &results(1200));
    let r = diff(dir.path(), &["A=a", "b", "--json", "--fail-on=5"]);
    assert_eq!(r.code, 1);
    let all: Value = serde_json::from_str(&r.out).expect("JSON");
    assert_eq!(
        (&all["schema"], &all["version"]),
        (&"gowhy.diff".into(), &1.into())
    );
    assert_eq!(all["regressions"], 1);
    let find = |unit: &str| {
        let rows = all["benchmarks"].as_array().expect("a list");
        rows.iter().find(|row| row["unit"] == unit).expect(unit)
    };
    let time = find("sec/op");
    assert_eq!(time["name"], "Work-8");
    assert_eq!(time["config"]["pkg"], "example.com/p");
    assert_eq!(time["verdict"], "worse");
    assert_eq!(time["old"]["n"], 6);
    assert_eq!(time["new"]["center"], 1202.5e-9);
    assert_eq!(find("B/op")["verdict"], "same");
    assert_eq!(find("x/op")["better"], Value::Null);
}

#[test]
fn results_of_go_test_json_and_of_standard_input() {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), "a", &results(1000));
    let events = results(1000).lines().fold(String::new(), |events, line| {
        let event =
            serde_json::json!({"Action": "output", "Package": "p", "Output": format!("{line}\n")});
        events + &event.to_string() + "\n"
    });
    write(dir.path(), "b", &events);
    let r = diff(dir.path(), &["a", "b"]);
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(r.out.contains("Work-8"), "{}", r.out);
    let file = fs::File::open(dir.path().join("a")).expect("it is there");
    let piped = run(command()
        .current_dir(dir.path())
        .args(["diff", "-", "b"])
        .stdin(file));
    assert_eq!(piped.code, 0, "{}", piped.err);
    let rows = |text: &str| -> Vec<Vec<String>> {
        let rows = text.lines().filter(|line| line.starts_with("Work"));
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        rows.map(words).collect()
    };
    assert_eq!(rows(&piped.out), rows(&r.out));
    assert_eq!(rows(&r.out).len(), 3, "{}", r.out);
}

#[test]
fn profiles_by_their_functions() {
    let dir = tempfile::tempdir().expect("a directory");
    write(
        dir.path(),
        "a",
        "main;same 100\nmain;slow 50\nmain;gone 7\n",
    );
    write(
        dir.path(),
        "b",
        "main;same 100\nmain;slow 150\nmain;new 3\n",
    );
    let r = diff(dir.path(), &["a", "b"]);
    assert_eq!(r.code, 0, "{}", r.err);
    let rows: Vec<Vec<&str>> = r
        .out
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert!(r.out.contains("157 → 253 (+61.1%)"), "{}", r.out);
    assert_eq!(rows[2], ["50", "150", "+100", "+200.0%", "slow"]);
    assert_eq!(rows[3], ["7", "0", "-7", "gone", "gone"]);
    assert_eq!(rows[4], ["0", "3", "+3", "new", "new"]);
    let r = diff(dir.path(), &["a", "b", "--normalize", "--json"]);
    let all: Value = serde_json::from_str(&r.out).expect("JSON");
    let profile = &all["profiles"][0];
    assert_eq!(profile["normalized"], true);
    let functions = profile["functions"].as_array().expect("a list");
    let same = functions
        .iter()
        .find(|f| f["function"] == "same")
        .expect("it changed");
    assert_eq!(same["new_flat"], 62, "100 of 253, for a total of 157");
}

#[test]
fn what_cannot_be_compared() {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), "bench", &results(1000));
    write(dir.path(), "profile", "main;f 3\n");
    write(dir.path(), "text", "Hello, world!\nThis is a letter.\n");
    fs::create_dir(dir.path().join("empty")).expect("made");
    for (args, code, says) in [
        (&["bench", "profile"][..], 2, "nothing to compare"),
        (
            &["bench", "text"],
            5,
            "neither benchmark results nor a profile",
        ),
        (&["bench", "nothing"], 3, "cannot read nothing"),
        (&["bench", "empty"], 5, "no results of gowhy test"),
        (
            &["profile", "profile", "--fail-on=1"],
            2,
            "--fail-on judges benchmark results",
        ),
        (
            &["bench", "bench", "--fail-on=x"],
            2,
            "expected a percentage",
        ),
        (&["bench"], 2, "<NEW>"),
    ] {
        let r = diff(dir.path(), args);
        assert_eq!(r.code, code, "{args:?}: {}", r.err);
        assert!(r.err.contains(says), "{args:?}: {}", r.err);
    }
    assert_eq!(gowhy(&["diff", "--help"]).code, 0);
}
