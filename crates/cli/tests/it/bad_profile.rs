//! Saved profiles that are none, or no more.

use std::fs;

use profile::Builder;

use crate::gowhy::{Run, gowhy};

fn small_profile() -> Vec<u8> {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    for i in 0..50 {
        let function = b.function(&format!("main.f{i}"), "main.go", 1);
        let line = profile::Line {
            function: Some(function),
            line: 2,
            column: 0,
        };
        let location = b.location(None, 0x1000 + i, &[line]);
        b.sample(&[location], &[1, 10], &[]);
    }
    profile::encode(&b.finish())
}

fn top(bytes: &[u8]) -> Run {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("p");
    fs::write(&file, bytes).expect("written");
    gowhy(&["cpu", file.to_str().expect("utf-8"), "-top"])
}

#[track_caller]
fn check(bytes: &[u8], expect: &str) {
    let r = top(bytes);
    assert_eq!(r.code, 5, "{}", r.err);
    assert!(r.err.starts_with("error: "), "{}", r.err);
    assert!(r.err.contains(expect), "{}", r.err);
    assert_eq!(r.out, "");
}

#[test]
fn empty() {
    check(b"", "empty");
}

#[test]
fn a_web_page() {
    check(b"<!DOCTYPE html><html><title>Sign in</title>", "web page");
}

#[test]
fn cut_off() {
    let bytes = small_profile();
    check(&bytes[..bytes.len() * 2 / 3], "cut off");
}

#[test]
fn cut_off_gzip() {
    let plain = profile::decode(&small_profile()).expect("it is whole");
    let bytes = profile::encode_gz(&plain);
    check(&bytes[..bytes.len() / 2], "cut off");
}

#[test]
fn flipped_bits_are_never_a_panic() {
    let bytes = small_profile();
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x40;
        let r = top(&flipped);
        assert!(
            r.code == 0 || r.code == 5,
            "byte {at}: {} {}",
            r.code,
            r.err
        );
    }
}

#[test]
fn a_field_that_claims_two_gigabytes() {
    // Field 6, the string table, of 2 GiB length.
    check(&[0x32, 0xff, 0xff, 0xff, 0xff, 0x07, b'x'], "");
}

#[test]
fn no_such_file() {
    let r = gowhy(&["cpu", "no/such/file.pb.gz"]);
    assert_eq!(r.code, 3);
    assert!(r.err.contains("no/such/file.pb.gz"), "{}", r.err);
}

#[test]
fn a_good_one_is_shown() {
    let r = top(&small_profile());
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(r.out.contains("main.f7"), "{}", r.out);
}
