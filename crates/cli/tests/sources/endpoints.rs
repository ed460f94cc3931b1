//! Endpoints of Go programs: over HTTP, HTTPS and a socket file.

use std::fs;
use std::path::Path;
use std::process::Command;

use testkit::{Running, Variant};

use crate::bench::Bench;

/// `testbed/endpoint`, and where it listens: HTTP, HTTPS, HTTPS with client certificates.
fn endpoint(version: &str, dir: &Path) -> (Running, [String; 3]) {
    let program = testkit::program("endpoint", version, Variant::Plain).expect("it builds");
    let mut command = Command::new(program);
    command.arg("-dir").arg(dir);
    let running = Running::start(command).expect("it starts");
    let said = fs::read_to_string(dir.join("addresses")).expect("it says where it listens");
    let at = ["http", "https", "mutual"].map(|name| {
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.expect("an address").to_owned()
    });
    (running, at)
}

#[test]
fn certificates_are_checked() {
    let bench = Bench::new();
    let (_running, [http, https, mutual]) = endpoint("any", bench.dir.path());
    let heap = |scheme: &str, at: &str| format!("{scheme}://{at}/debug/pprof/heap");
    let trust = "-tls_ca=ca.pem";
    let me = ["-tls_cert=client.pem", "-tls_key=client.key"];
    for (args, scheme, at, code, words) in [
        (&[][..], "https+insecure", &https, 0, "Saved profile"),
        (&[trust], "https", &https, 0, "Saved profile"),
        (&[trust, me[0], me[1]], "https", &mutual, 0, "Saved profile"),
        (
            &[me[0], me[1]],
            "https+insecure",
            &mutual,
            0,
            "Saved profile",
        ),
        (&[], "https", &https, 3, "hint: -tls_ca=FILE"),
        (
            &[trust],
            "https",
            &mutual,
            3,
            "hint: -tls_cert=FILE -tls_key=FILE",
        ),
        (&[], "http", &https, 3, "hint: the endpoint speaks TLS"),
        (
            &[trust],
            "https",
            &http,
            3,
            "hint: the endpoint does not speak TLS",
        ),
        (
            &[me[0]],
            "https",
            &mutual,
            2,
            "-tls_cert is specified, so -tls_key must also be specified",
        ),
        (
            &[me[1]],
            "https",
            &mutual,
            2,
            "-tls_key is specified, so -tls_cert must also be specified",
        ),
        (
            &["-tls_ca=nosuch"],
            "https",
            &https,
            2,
            "could not load CA specified by -tls_ca: nosuch: no such file",
        ),
        (
            &["-tls_cert=client.key", me[1]],
            "https",
            &mutual,
            2,
            "could not load certificate/key pair",
        ),
    ] {
        let url = heap(scheme, at);
        let args = [&["-top"], args, &[url.as_str()]].concat();
        let ran = bench.ours(&args, &[]);
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
    }
    // The system's own authorities, where the environment says they are.
    let ran = bench.ours(
        &["-top", &heap("https", &https)],
        &[("SSL_CERT_FILE", "ca.pem")],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn sockets_that_are_files() {
    let bench = Bench::new();
    let (_running, _) = endpoint("any", bench.dir.path());
    let socket = bench.path("endpoint.sock");
    let heap = format!("unix:{}:/debug/pprof/heap", socket.display());
    let ran = bench.ours(&["-top", &heap], &[("http_proxy", "127.0.0.1:1")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err
            .contains(&format!("Fetching profile over HTTP from {heap}\n"))
    );
    let gowhy = Path::new(env!("CARGO_BIN_EXE_gowhy"));
    let cpu = bench.run(gowhy, &["cpu", "unix:endpoint.sock", "-d", "1s"], &[]);
    assert!(cpu.out.contains("main.sum"), "{} {}", cpu.out, cpu.err);
    let gone = bench.ours(&["-top", "unix:nosuch.sock"], &[]);
    assert_eq!(gone.code, Some(3));
    assert!(
        gone.err.contains("caused by: no such file or directory"),
        "{}",
        gone.err
    );
}

#[test]
fn endpoints_of_go_programs() {
    for version in ["1.19", "1.27"] {
        let bench = Bench::new();
        let (_running, [http, ..]) = endpoint(version, bench.dir.path());
        let gowhy = Path::new(env!("CARGO_BIN_EXE_gowhy"));
        let cpu = bench.run(gowhy, &["cpu", &http, "-d", "1s"], &[]);
        assert_eq!(cpu.code, Some(0), "{version}: {}", cpu.err);
        assert!(cpu.out.contains("main.sum"), "{version}: {}", cpu.out);
        let cpu = bench.ours(&["-top", "-seconds=1", &http], &[]);
        assert!(cpu.out.contains("main.sum"), "{version}: {}", cpu.out);
        assert!(
            cpu.err.contains("Please wait... (1s)\n"),
            "{version}: {}",
            cpu.err
        );
        for name in [
            "heap",
            "allocs",
            "goroutine",
            "mutex",
            "block",
            "threadcreate",
        ] {
            let url = format!("{http}/debug/pprof/{name}");
            let ran = bench.ours(&["-raw", &url], &[]);
            assert_eq!(ran.code, Some(0), "{version} {name}: {}", ran.err);
            assert!(ran.out.contains("Samples:"), "{version} {name}");
        }
        // Without names the program is asked for them, as it is by pprof.
        let url = format!("{http}/debug/pprof/goroutine?debug=1");
        let args = ["-traces", "-exact", "-symbolize=remote", &url];
        let ran = bench.ours(&args, &[]);
        assert!(ran.out.contains("main.main"), "{version}: {}", ran.out);
        let ran = bench.ours(&["-top", &format!("{http}/debug/pprof/nosuch")], &[]);
        assert!(
            ran.err.contains("404 Not Found - Unknown profile"),
            "{}",
            ran.err
        );
        assert!(
            ran.err
                .contains("hint: profiles of this endpoint: allocs, block, "),
            "{}",
            ran.err
        );
    }
}
