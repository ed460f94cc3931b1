//! What is fetched, and what becomes of it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::{Bench, small};
use crate::server::{Server, ok, response};

#[test]
fn what_is_fetched_is_told_kept_and_shown_alike() {
    let bench = Bench::new();
    let body = profile::encode_gz(&small(3));
    let server = Server::start(move |asked| match asked.what.as_str() {
        what if what.contains("/nosuch") => response("404 Not Found", "", b"<html>no</html>"),
        what if what.contains("/unknown") => {
            let headers = "Content-Type: text/plain; charset=utf-8\r\nX-Go-Pprof: 1\r\n";
            response("404 Not Found", headers, b"Unknown profile")
        }
        _ => ok(&body),
    });
    let at = server.address.as_str();
    let (root, port) = (
        format!("http://{at}"),
        at.rsplit(':').next().expect("a port"),
    );
    let (heap, nosuch) = (
        format!("{at}/debug/pprof/heap?gc=1&debug=0"),
        format!("{at}/nosuch"),
    );
    let (unknown, named) = (format!("{at}/unknown"), format!("localhost:{port}/x%20y/z"));
    fs::write(bench.path("file.pb.gz"), profile::encode_gz(&small(4))).expect("room");
    for args in [
        &["-top", at][..],
        &["-top", "-seconds=1", &root],
        &["-top", "-seconds=90", "-timeout=7", &heap],
        &["-top", "-seconds", "3700", &heap, at],
        &["-raw", &named],
        &["-top", at, &heap, &root],
        &["-top", at, &nosuch],
        &["-top", &unknown, at, &nosuch],
        &["-top", "file.pb.gz", at],
        &["-top", "file.pb.gz"],
        &["-top", "-base", at, &root],
        &["-top", "-diff_base", "file.pb.gz", &root],
        &["-top", "-base", at, "file.pb.gz"],
        &["-top", "-symbolize=none", "-add_comment=x", at],
    ] {
        bench.same(args, &[]);
    }
    // Each asked for the same, in whatever order.
    let mut asked: Vec<String> = server.asked().into_iter().map(|asked| asked.what).collect();
    asked.retain(|what| !what.ends_with("/debug/pprof/"));
    asked.sort();
    for pair in asked.chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }

    let folder = bench.path("kept");
    let env = [("PPROF_TMPDIR", folder.to_str().expect("a name"))];
    let first = bench.ours(&["-proto", "-o", "x", at], &env);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let second = bench.theirs(&["-top", at], &env);
    let third = bench.ours(&["-top", at], &env);
    for (ran, number) in [(first, "001"), (second, "002"), (third, "003")] {
        let name = folder.join(format!("pprof.app.samples.cpu.{number}.pb.gz"));
        let said = format!("Saved profile in {}\n", name.display());
        assert!(ran.err.contains(&said), "{}", ran.err);
        let kept = fs::read(&name).expect("it is there");
        assert_eq!(
            profile::decode(&kept).expect("a profile").samples.values(0)[0],
            3
        );
    }
}

#[test]
fn many_are_fetched_side_by_side() {
    let bench = Bench::new();
    let body = profile::encode_gz(&small(1));
    let server = Server::start(move |asked| match asked.what.as_str() {
        "GET /199" => response("404 Not Found", "", b""),
        _ => {
            thread::sleep(Duration::from_millis(500));
            ok(&body)
        }
    });
    let urls: Vec<String> = (0..200)
        .map(|i| format!("{}/{i}", server.address))
        .collect();
    let mut args = vec!["-top"];
    args.extend(urls.iter().map(String::as_str));
    let began = Instant::now();
    let ours = bench.ours(&args, &[]);
    // One after another it would be 100 s.
    assert!(began.elapsed() < Duration::from_secs(50));
    assert_eq!(ours.code, Some(0), "{}", ours.err);
    assert!(ours.out.contains("1.99s   100%  main.leaf"), "{}", ours.out);
    assert!(ours.err.contains(
        "/199: server response: 404 Not Found\nFetched 199 source profiles out of 200\n"
    ));
}

#[test]
fn headers_and_proxies() {
    let bench = Bench::new();
    let body = profile::encode_gz(&small(1));
    let server = Server::start(move |_| ok(&body));
    let header = [
        "-top",
        "-header",
        "X-Who: me",
        "-header=X-Why:",
        &server.address,
    ];
    assert_eq!(bench.ours(&header, &[]).code, Some(0));
    let got = server
        .asked()
        .pop()
        .expect("a request")
        .headers
        .to_ascii_lowercase();
    assert!(
        got.contains("x-who: me\r\n") && got.contains("x-why:"),
        "{got}"
    );
    let bad = bench.ours(&["-top", "-header", "nothing", &server.address], &[]);
    assert_eq!(bad.code, Some(2), "{}", bad.err);

    // The name cannot be resolved: only the proxy can know it.
    let proxy = format!("http://{}", server.address);
    let away = ["-top", "http://service.invalid:6060/x"];
    let through = bench.same(&away, &[("http_proxy", &proxy)]);
    assert_eq!(through.code, Some(0), "{}", through.err);
    let asked = server.asked();
    let [.., theirs, ours] = &asked[..] else {
        panic!("both asked");
    };
    assert_eq!(ours.what, "GET http://service.invalid:6060/x");
    assert_eq!(ours.what, theirs.what);
    assert!(
        ours.headers
            .to_ascii_lowercase()
            .contains("host: service.invalid:6060\r\n")
    );
    // One with a password is asked for a tunnel.
    let named = format!("http://me:word@{}", server.address);
    assert_eq!(bench.ours(&away, &[("http_proxy", &named)]).code, Some(0));
    let direct = [
        ("HTTP_PROXY", proxy.as_str()),
        ("no_proxy", "service.invalid"),
    ];
    assert_eq!(bench.ours(&away, &direct).code, Some(3));
    let before = server.asked().len();
    assert_eq!(
        bench
            .ours(&["-top", &server.address], &[("HTTP_PROXY", "127.0.0.1:1")])
            .code,
        Some(0)
    );
    assert_eq!(server.asked().len(), before + 1);
}
