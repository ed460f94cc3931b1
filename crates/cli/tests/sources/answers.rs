//! Endpoints that do not answer with a profile.

use std::thread;
use std::time::{Duration, Instant};

use crate::bench::{Bench, small};
use crate::server::{Server, ok, response};

#[test]
fn failures_end_the_command_only_if_nothing_is_left() {
    let bench = Bench::new();
    let body = profile::encode_gz(&small(1));
    let server = Server::start(move |asked| match asked.what.contains("nosuch") {
        true => response("500 Internal Server Error", "", b"oh no\n"),
        false => ok(&body),
    });
    let at = server.address.as_str();
    let nosuch = format!("{at}/nosuch");
    for (args, code) in [
        (&["-top", &nosuch][..], 3),
        (&["-top", &nosuch, "nosuchfile"], 3),
        (&["-top", "-base", &nosuch, at], 3),
    ] {
        let (ours, theirs) = (bench.ours(args, &[]), bench.theirs(args, &[]));
        assert_eq!((ours.code, theirs.code), (Some(code), Some(2)), "{args:?}");
        let last = theirs.err.trim_end().lines().last().expect("a line");
        let last = last.strip_suffix(',').unwrap_or(last);
        assert!(
            ours.err.contains(&format!("error: {last}\n")),
            "{} {}",
            ours.err,
            theirs.err
        );
        assert!(
            ours.err
                .contains("server response: 500 Internal Server Error"),
            "{}",
            ours.err
        );
        assert!(ours.out.is_empty());
    }
    assert!(
        !bench
            .path("home/pprof/pprof.app.samples.cpu.001.pb.gz")
            .exists()
    );
}

#[test]
fn answers_that_are_no_profile_are_told_apart() {
    let bench = Bench::new();
    let body = profile::encode_gz(&small(1));
    let server = Server::start(move |asked| {
        let path = asked.what.split(' ').nth(1).unwrap_or_default();
        match path.split('?').next().unwrap_or_default() {
            "/page" => ok(b"<!doctype html><html><title>Sign in</title></html>"),
            "/empty" => ok(b""),
            "/junk" => ok(b"\x00\x01\x02\x03"),
            "/cut" => {
                let mut whole = ok(&body);
                whole.truncate(whole.len() - 10);
                whole
            }
            "/huge" => b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc".to_vec(),
            "/round" => response("302 Found", "Location: /round\r\n", b""),
            "/silent" => {
                thread::sleep(Duration::from_secs(40));
                Vec::new()
            }
            "/nothttp" => b"220 mail.example.org ESMTP\r\n".to_vec(),
            "/login" => response("401 Unauthorized", "", b""),
            "/tls" => {
                let text = b"Client sent an HTTP request to an HTTPS server.\n";
                response("400 Bad Request", "", text)
            }
            "/debug/pprof/" => {
                ok(b"<html><a href='heap?debug=1'>heap</a><a href='profile'>profile</a>")
            }
            _ => response("404 Not Found", "", b"404 page not found\n"),
        }
    });
    let began = Instant::now();
    for (path, code, words, hint) in [
        ("page", 5, "this is a web page", "curl -v"),
        ("empty", 5, "", ""),
        ("junk", 5, "unrecognized profile format", ""),
        ("cut", 3, "closed the connection after", ""),
        ("huge", 3, "has more than 4 GB", ""),
        ("round", 3, "too many redirects", ""),
        ("silent", 3, "did not answer within 6s", "-timeout"),
        ("nothttp", 3, "cannot reach", ""),
        ("login", 3, "server response: 401 Unauthorized", "-header"),
        ("tls", 3, "server response: 400 Bad Request", "https://"),
        (
            "debug/pprof/nosuch",
            3,
            "404 Not Found",
            "profiles of this endpoint: heap, profile",
        ),
        (
            "debug/pprof/",
            5,
            "this is a web page",
            "name one, e.g. http://",
        ),
    ] {
        let url = format!("{}/{path}", server.address);
        let ran = bench.ours(&["-top", "-timeout=1", &url], &[]);
        assert_eq!(ran.code, Some(code), "{path}: {}", ran.err);
        assert!(
            ran.err
                .contains("error: failed to fetch any source profiles\n"),
            "{path}: {}",
            ran.err
        );
        assert!(ran.err.contains(words), "{path}: {}", ran.err);
        let hints = ran.err.split("\nhint: ").nth(1).unwrap_or_default();
        assert!(hints.contains(hint), "{path}: {}", ran.err);
        assert!(ran.out.is_empty(), "{path}");
    }
    assert!(began.elapsed() < Duration::from_secs(60));
}
