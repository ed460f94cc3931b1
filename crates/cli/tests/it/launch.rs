//! Programs that gowhy starts.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use testkit::Variant;

use crate::cpu::interrupt;
use crate::gowhy::{command, run};

#[test]
fn a_program_is_profiled_from_its_start_to_its_end() {
    let _alone = testkit::alone().expect("a lock");
    let binary = testkit::program("cpu", "1.27", Variant::Stripped).expect("it builds");
    let mut c = command();
    c.args(["cpu", "-top", "--"])
        .arg(&binary)
        .args(["-for", "2s"]);
    // Programs of the testbed end when their input closes.
    c.stdin(Stdio::piped());
    let mut child = c
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gowhy starts");
    let stdin = child.stdin.take();
    let out = child.wait_with_output().expect("it ends");
    drop(stdin);
    let text = String::from_utf8_lossy(&out.stdout);
    let err = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{err}");
    assert!(text.contains("ready"), "the program's own output: {text}");
    assert!(text.contains("main."), "{text}");
}

#[test]
fn its_exit_code_is_ours() {
    let _alone = testkit::alone().expect("a lock");
    let binary = testkit::program("cpu", "1.23", Variant::Plain).expect("it builds");
    let mut c = command();
    c.args(["cpu", "-q", "--"])
        .arg(&binary)
        .arg("-no-such-flag");
    assert_eq!(run(&mut c).code, 2);
}

#[test]
fn signals_are_passed_on() {
    let _alone = testkit::alone().expect("a lock");
    let binary = testkit::program("cpu", "1.23", Variant::Plain).expect("it builds");
    let mut c = command();
    c.args(["cpu", "-q", "--"]).arg(&binary);
    let mut child = c
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gowhy starts");
    let stdin = child.stdin.take();
    thread::sleep(Duration::from_millis(1500));
    interrupt(child.id());
    let out = child.wait_with_output().expect("it ends");
    drop(stdin);
    // The Go program dies of SIGINT.
    assert_eq!(
        out.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("main."), "{text}");
}
