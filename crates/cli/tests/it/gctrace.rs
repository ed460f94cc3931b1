//! `gowhy gctrace` on what a real program prints.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use testkit::Variant;

/// What a program prints whose collections are traced, among lines of its own.
fn log() -> Vec<u8> {
    let program = testkit::program("alloc", "any", Variant::Plain).expect("it builds");
    let output = Command::new(program)
        .args(["-for", "500ms"])
        .env("GODEBUG", "gctrace=1")
        .output()
        .expect("it starts");
    [b"hello\n".as_slice(), &output.stderr].concat()
}

fn gowhy(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gowhy"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut pipe = child.stdin.take().expect("it is piped");
    // One that ends at once reads nothing.
    let _ = pipe.write_all(stdin);
    drop(pipe);
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_pipe_is_reported_and_the_rest_passed_on() {
    let log = log();
    let cycles = log.split(|b| *b == b'\n').filter(|l| l.starts_with(b"gc "));
    let cycles = cycles.count();
    assert!(cycles > 0);

    let text = gowhy(&["gctrace", "-"], &log);
    assert!(text.status.success());
    assert_eq!(String::from_utf8_lossy(&text.stderr), "hello\n");
    let shown = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(
        shown.starts_with(&format!("cycles      {cycles}")),
        "{shown}"
    );

    let json = gowhy(&["gctrace", "-", "--json", "--all", "-q"], &log);
    assert_eq!(json.stderr, b"");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    let process = &json["processes"][0];
    assert_eq!(process["cycles_total"], cycles);
    assert_eq!(process["cycles"].as_array().map(Vec::len), Some(cycles));
    assert_eq!(json["log"]["passed_bytes"], 6);

    let csv = gowhy(&["gctrace", "-", "-csv", "-q"], &log);
    let csv = String::from_utf8_lossy(&csv.stdout).into_owned();
    assert_eq!(csv.lines().count(), cycles + 1);
}

#[test]
fn a_log_without_collections_is_an_error() {
    let output = gowhy(&["gctrace", "-", "-q"], b"nothing here\n");
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: no garbage collection"), "{said}");
    assert!(said.contains("hint: GODEBUG=gctrace=1"), "{said}");

    let output = gowhy(&["gctrace", "/nowhere/gc.log"], b"");
    assert_eq!(output.status.code(), Some(3));
}
