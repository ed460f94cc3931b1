//! Processes that are not there, not Go, not ours, or not for long.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use testkit::{Running, Variant};

use crate::gowhy::{command, gowhy, names, profile, run, start};

#[test]
fn no_such_pid() {
    let r = gowhy(&["cpu", "4194305"]);
    assert_eq!(r.code, 3);
    assert!(r.err.starts_with("error: no process 4194305"), "{}", r.err);
    assert!(r.err.contains("hint: gowhy ps"), "{}", r.err);
}

#[test]
fn no_such_name() {
    let r = gowhy(&["cpu", "surely-nobody-runs-this"]);
    assert_eq!(r.code, 3);
    assert!(
        r.err
            .contains("no process is named surely-nobody-runs-this"),
        "{}",
        r.err
    );
}

#[test]
fn not_a_go_program() {
    let mut sleep = Command::new("sleep").arg("60").spawn().expect("sleep");
    let r = gowhy(&["cpu", &sleep.id().to_string()]);
    sleep.kill().expect("it runs on");
    sleep.wait().expect("it ends");
    assert_eq!(r.code, 5);
    assert!(r.err.contains("caused by: not a Go program"), "{}", r.err);
}

#[test]
fn a_program_to_launch_that_is_none() {
    let r = gowhy(&["cpu", "--", "surely-no-program"]);
    assert_eq!(r.code, 3);
    let r = gowhy(&["cpu", "--", "sleep", "1"]);
    assert_eq!(r.code, 5);
    assert!(r.err.contains("not a Go program"), "{}", r.err);
}

#[test]
fn another_users_process() {
    if !nix_root() {
        // Only root can become another user to be refused.
        return;
    }
    let running = start("cpu", "1.23", Variant::Plain, &[]);
    let dir = tempfile::tempdir().expect("a directory");
    let copy = dir.path().join("gowhy");
    fs::copy(env!("CARGO_BIN_EXE_gowhy"), &copy).expect("copied");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("readable");
    let mut c = Command::new(copy);
    c.args(["cpu", &running.pid().to_string(), "-d", "1s"])
        .uid(65534)
        .gid(65534);
    let r = run(&mut c);
    assert_eq!(r.code, 4, "{}", r.err);
    assert!(
        r.err.contains("it belongs to user 0 and we are user 65534"),
        "{}",
        r.err
    );
    assert!(r.err.contains("hint: sudo gowhy"), "{}", r.err);
}

fn nix_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|m| {
        use std::os::unix::fs::MetadataExt;
        m.uid() == 0
    })
}

#[test]
fn a_process_that_ends_under_the_capture() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("cpu.pb.gz");
    let running = start("cpu", "1.23", Variant::Plain, &["-for", "2s"]);
    let r = gowhy(&[
        "cpu",
        &running.pid().to_string(),
        "-d",
        "60s",
        "-proto",
        "-o",
        file.to_str().expect("utf-8"),
    ]);
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(
        r.err.contains("warning: the process ended after"),
        "{}",
        r.err
    );
    let p = profile(&file);
    assert!(p.samples.len() > 3, "what was collected is there");
}

#[test]
fn a_go_version_newer_than_known() {
    let built = testkit::program("cpu", "1.27", Variant::Plain).expect("it builds");
    let bytes = fs::read(built).expect("a binary");
    let forged = replace(&bytes, b"go1.27.3", b"go1.99.3");
    let dir = tempfile::tempdir().expect("a directory");
    let binary = dir.path().join("future");
    fs::write(&binary, forged).expect("written");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).expect("runnable");
    let running = Running::start(Command::new(&binary)).expect("it runs");
    let file = dir.path().join("cpu.pb.gz");
    let r = gowhy(&[
        "cpu",
        &running.pid().to_string(),
        "-d",
        "1s",
        "-proto",
        "-o",
        file.to_str().expect("utf-8"),
    ]);
    assert_eq!(r.code, 0, "{}", r.err);
    let p = profile(&file);
    let found = (0..p.samples.len()).any(|i| names(&p, i).iter().any(|n| n.starts_with("main.")));
    assert!(found, "its own functions are in the profile");
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut count = 0;
    for i in 0..out.len().saturating_sub(from.len()) {
        if &out[i..i + from.len()] == from {
            out[i..i + to.len()].copy_from_slice(to);
            count += 1;
        }
    }
    assert!(count > 0, "the version is in the binary");
    out
}

#[test]
fn wrong_flags() {
    for args in [
        &["cpu"][..],
        &["cpu", "1", "-d", "soon"],
        &["cpu", "1", "-r", "0"],
        &["nonsense"],
    ] {
        let r = run(command().args(args).stdout(Stdio::piped()));
        assert_eq!(r.code, 2, "{args:?}: {}", r.err);
    }
}
