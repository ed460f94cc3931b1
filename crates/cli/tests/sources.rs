//! Where `gowhy pprof` gets profiles and names from: what it says, keeps and shows is what
//! `go tool pprof` says, keeps and shows.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use profile::{Builder, Line, Mapping, Profile};
use testkit::{Running, Variant};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    /// `GET /path?query`.
    what: String,
    headers: String,
    body: String,
}

/// A server of one test's making.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers every request by what `answer` gives: the bytes from the status on.
    fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || talk(stream, &log, &*answer));
            }
        });
        Server { address, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics with it").clone()
    }
}

fn talk(mut stream: TcpStream, log: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> Vec<u8>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    loop {
        let mut what = String::new();
        reader.read_line(&mut what).expect("a request");
        let mut headers = String::new();
        while reader.read_line(&mut headers).is_ok_and(|n| n > 2) {}
        if what.starts_with("CONNECT ") {
            // We are the proxy, and play the server behind it as well.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            continue;
        }
        let lower = headers.to_ascii_lowercase();
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        let asked = Asked {
            what: what.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        log.lock()
            .expect("no test panics with it")
            .push(asked.clone());
        let _ = stream.write_all(&answer(&asked));
        let _ = stream.flush();
        return;
    }
}

fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn ok(body: &[u8]) -> Vec<u8> {
    response("200 OK", "", body)
}

/// A program to run in a folder of its own, with nothing of the user's environment.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

struct Bench {
    pprof: PathBuf,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            pprof: testkit::go::pprof().expect("pprof can be had"),
            dir: tempfile::tempdir().expect("there is room for files"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, program: &Path, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let output = Command::new(program)
            .args(args)
            .env_clear()
            .envs([("TZ", "UTC"), ("TERM", "dumb")])
            .env("HOME", self.dir.path().join("home"))
            .envs(env.iter().copied())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        ran(&output)
    }

    fn ours(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let args = [&["pprof"], args].concat();
        self.run(Path::new(env!("CARGO_BIN_EXE_gowhy")), &args, env)
    }

    fn theirs(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        self.run(&self.pprof, args, env)
    }

    /// Fails unless both print the same, on both channels, and keep files of the same names.
    fn same(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let home = self.path("home");
        let kept = || {
            let mut names: Vec<String> = fs::read_dir(home.join("pprof"))
                .into_iter()
                .flatten()
                .map(|entry| {
                    entry
                        .expect("a file")
                        .file_name()
                        .to_string_lossy()
                        .into_owned()
                })
                .collect();
            names.sort();
            let _ = fs::remove_dir_all(&home);
            names
        };
        kept();
        let theirs = self.theirs(args, env);
        let names = kept();
        let ours = self.ours(args, env);
        // pprof fetches in any order.
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&ours.err), sorted(&theirs.err), "{args:?}");
        assert_eq!(ours.out, theirs.out, "{args:?}");
        assert_eq!(ours.code == Some(0), theirs.code == Some(0), "{args:?}");
        assert_eq!(kept(), names, "{args:?}");
        ours
    }
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A small profile of a program named `app`.
fn small(count: i64) -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let file = b.intern("/bin/app");
    let mapping = b.mapping(Mapping {
        start: 0x40_0000,
        limit: 0x50_0000,
        file,
        has_functions: true,
        ..Default::default()
    });
    let stack = [("main.leaf", 0x10), ("main.main", 0x20)].map(|(name, offset)| {
        let function = b.function(name, "/src/main.go", 1);
        let line = Line {
            function: Some(function),
            line: 7,
            column: 0,
        };
        b.location(Some(mapping), 0x40_1000 + offset, &[line])
    });
    b.sample(&stack, &[count, count * 10_000_000], &[]);
    b.finish()
}

/// The same without a word about functions.
fn nameless(mut profile: Profile) -> Profile {
    profile.functions.clear();
    profile.lines.clear();
    for location in &mut profile.locations {
        (location.lines_start, location.lines_len) = (0, 0);
    }
    for m in &mut profile.mappings {
        (m.has_functions, m.has_filenames) = (false, false);
        (m.has_line_numbers, m.has_inline_frames) = (false, false);
    }
    profile
}

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

#[test]
fn names_come_from_the_binary_as_in_pprof() {
    let bench = Bench::new();
    for variant in [Variant::Plain, Variant::StrippedPie] {
        let program = testkit::program("cpu", "any", variant).expect("the testbed builds");
        let path = bench.path("cpu.pb.gz");
        let status = Command::new(&program)
            .args(["-for=1500ms", "-profile-for=1s", "-cpuprofile"])
            .arg(&path)
            .stdout(Stdio::null())
            .status()
            .expect("the program starts");
        assert!(status.success());
        let whole = profile::decode(&fs::read(&path).expect("written")).expect("a profile");
        let mut bare = nameless(whole);
        // pprof compares no build ids, and finds none where it looks for them.
        for i in 0..bare.mappings.len() {
            bare.mappings[i].build_id = Default::default();
        }
        fs::write(bench.path("bare.pb.gz"), profile::encode_gz(&bare)).expect("room");
        for view in ["-top", "-traces", "-tree", "-peek=main"] {
            for more in ["-functions", "-lines", "-addresses"] {
                // One frame an address, as pprof has it.
                let ours = bench.ours(&["-exact", view, more, "bare.pb.gz"], &[]);
                let theirs = bench.theirs(&[view, more, "bare.pb.gz"], &[]);
                assert_eq!(ours.out, theirs.out, "{variant:?} {view} {more}");
                assert_eq!(ours.err, theirs.err, "{variant:?} {view} {more}");
                // All frames, as Go's own profiler has them.
                let named = bench.ours(&[view, more, "bare.pb.gz"], &[]);
                let expect = bench.ours(&[view, more, "cpu.pb.gz"], &[]);
                let rows = |ran: &Ran| -> Vec<String> {
                    let all = ran.out.lines();
                    all.filter(|l| !l.starts_with("Build ID"))
                        .map(str::to_owned)
                        .collect()
                };
                assert_eq!(rows(&named), rows(&expect), "{variant:?} {view} {more}");
            }
        }
        bench.same(&["-top", "-symbolize=none", "bare.pb.gz"], &[]);
    }
}

#[test]
fn names_of_c_code_come_from_the_binary_as_in_pprof() {
    if !testkit::has_c_compiler() {
        return;
    }
    let bench = Bench::new();
    let program = testkit::program("cgo", "any", Variant::Plain).expect("the testbed builds");
    let gowhy = Path::new(env!("CARGO_BIN_EXE_gowhy"));
    let program = program.to_str().expect("a name");
    let args = [
        "cpu",
        "-r",
        "999",
        "-o",
        "cpu.pb.gz",
        "--",
        program,
        "-for=1500ms",
    ];
    let taken = bench.run(gowhy, &args, &[]);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let whole = fs::read(bench.path("cpu.pb.gz")).expect("it is there");
    let mut bare = nameless(profile::decode(&whole).expect("a profile"));
    for i in 0..bare.mappings.len() {
        bare.mappings[i].build_id = Default::default();
    }
    fs::write(bench.path("bare.pb.gz"), profile::encode_gz(&bare)).expect("room");
    for view in ["-top", "-traces", "-raw"] {
        let ours = bench.ours(&["-exact", "-lines", view, "bare.pb.gz"], &[]);
        let theirs = bench.theirs(&["-lines", view, "bare.pb.gz"], &[]);
        assert_eq!(ours.out, theirs.out, "{view}");
        assert_eq!(ours.err, theirs.err, "{view}");
    }
    // The capture names C code by symbol tables, and so do we.
    let named = bench.ours(&["-top", "bare.pb.gz"], &[]);
    let expect = bench.ours(&["-top", "cpu.pb.gz"], &[]);
    let rows = |ran: &Ran| -> Vec<String> {
        let rows = ran.out.lines().filter(|l| !l.starts_with("Build ID"));
        rows.map(str::to_owned).collect()
    };
    assert_eq!(rows(&named), rows(&expect));
}

#[test]
fn binaries_are_looked_for() {
    let bench = Bench::new();
    let program = testkit::program("cpu", "any", Variant::Plain).expect("the testbed builds");
    let bytes = fs::read(&program).expect("it is there");
    let bin = gobin::GoBin::parse(Arc::new(bytes.clone())).expect("a Go program");
    let entry = bin.pclntab().func_by_name("main.main")[0].entry;
    let id = bin.build_id().or(bin.go_build_id()).expect("an id");
    let short = id.replace('/', "_");
    let mut b = Builder::new(&[("samples", "count")]);
    let file = b.intern("/nowhere/app");
    let mapping = b.mapping(Mapping {
        start: 0x40_0000,
        limit: 0x40_0000 + (32 << 20),
        file,
        ..Default::default()
    });
    let at = b.location(Some(mapping), entry + 1, &[]);
    b.sample(&[at], &[5], &[]);
    let plain = b.finish();
    fs::write(bench.path("p"), profile::encode(&plain)).expect("room");
    let mut with_id = plain.clone();
    with_id.mappings[0].build_id = with_id.strings.intern(&id);
    fs::write(bench.path("id"), profile::encode(&with_id)).expect("room");
    with_id.mappings[0].build_id = with_id.strings.intern("0123");
    fs::write(bench.path("other"), profile::encode(&with_id)).expect("room");

    // Nowhere.
    let ran = bench.same(&["-top", "p"], &[]);
    assert!(
        ran.err
            .contains("Local symbolization failed for app: open /nowhere/app: no such file")
    );
    assert!(ran.err.contains("Try setting PPROF_BINARY_PATH"));
    bench.same(&["-top", "-buildid=77", "p"], &[]);
    bench.same(&["-top", "-tools=/x", "-symbolize=fastlocal", "p"], &[]);
    // As the first of several sources.
    let binary = program.to_str().expect("a name");
    let ran = bench.same(&["-top", binary, "p"], &[]);
    assert!(
        ran.out.contains("main.main") && ran.out.starts_with("File: cpu\n"),
        "{}",
        ran.out
    );
    // By name, path and id, in folders of the environment.
    for (folder, name) in [
        ("a", "app"),
        ("b", "nowhere/app"),
        ("c", &format!("{short}/x")),
        ("d", "nowhere/app.debug"),
    ] {
        let path = bench.path(folder).join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("room");
        fs::write(path, &bytes).expect("room");
    }
    for folders in ["a", "b", "nosuch:d", "d:a"] {
        let ran = bench.same(&["-top", "p"], &[("PPROF_BINARY_PATH", folders)]);
        assert!(ran.out.contains("main.main"), "{folders}: {}", ran.out);
    }
    for folders in if short == id {
        &["a", "b", "c"][..]
    } else {
        &["a", "b"]
    } {
        let ran = bench.ours(&["-top", "id"], &[("PPROF_BINARY_PATH", folders)]);
        assert!(
            ran.out.contains("main.main"),
            "{folders}: {} {}",
            ran.out,
            ran.err
        );
    }
    let ran = bench.ours(&["-top", "other"], &[("PPROF_BINARY_PATH", "a")]);
    assert!(!ran.out.contains("main.main"), "{}", ran.out);
    let said = format!("Ignoring local file a/app: build-id mismatch (0123 != {id})\n");
    assert!(ran.err.contains(&said), "{}", ran.err);
    // And where they are by default.
    let folder = bench.path("home/pprof/binaries");
    fs::create_dir_all(&folder).expect("room");
    fs::write(folder.join("app"), &bytes).expect("room");
    assert!(bench.ours(&["-top", "p"], &[]).out.contains("main.main"));
}

#[test]
fn names_come_from_the_program_as_in_pprof() {
    let bench = Bench::new();
    let names = |asked: &Asked| {
        let body = asked.body.split('+');
        let lines: Vec<String> = body.map(|at| format!("{at} main.f{at}\n")).collect();
        ok(format!("num_symbols: 1\n{}", lines.concat()).as_bytes())
    };
    let mut bare = nameless(small(1));
    let body = profile::encode_gz(&bare);
    bare.mappings[0].file = Default::default();
    bare.mappings[0].start += 0x1000;
    for location in &mut bare.locations {
        location.address += 0x1000;
    }
    let moved = profile::encode_gz(&bare);
    bare.mappings.clear();
    for location in &mut bare.locations {
        location.mapping = None;
    }
    let unmapped = profile::encode_gz(&bare);
    let server = Server::start(move |asked| match asked.what.as_str() {
        "POST /debug/pprof/symbol" | "POST /x/symbolz" => names(asked),
        what if what.starts_with("POST") => response("404 Not Found", "", b""),
        what if what.contains("/moved") => ok(&moved),
        what if what.contains("/unmapped") => ok(&unmapped),
        _ => ok(&body),
    });
    let at = server.address.as_str();
    let url = |path: &str| format!("{at}{path}");
    let (go, other) = (url("/debug/pprof/profile"), url("/x/profilez"));
    let (moved, unmapped) = (url("/debug/pprof/moved"), url("/debug/pprof/unmapped"));
    for args in [
        &["-traces", at][..],
        &["-traces", &other],
        &["-raw", "-symbolize=remote", &go],
        &["-raw", "-symbolize=local", &go],
        &["-traces", &go, &moved],
        &["-raw", &unmapped],
        &["-raw", "-symbolize=remote:force", &moved, &moved],
        &["-traces", "-symbolize=none", at],
    ] {
        bench.same(args, &[]);
    }
    let asked = server
        .asked()
        .into_iter()
        .find(|asked| asked.what.starts_with("POST"));
    assert_eq!(
        asked.expect("names were asked for").body,
        "0x401010+0x401020"
    );
    // Without an answer, addresses are shown.
    let ran = bench.ours(&["-traces", "-addresses", &url("/y/z")], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err
            .contains("/y/symbolz: server response: 404 Not Found\n"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("0000000000401010"), "{}", ran.out);
}

#[test]
fn perf_data_is_converted_by_the_tool_for_it() {
    let bench = Bench::new();
    fs::write(bench.path("perf.data"), b"PERFILE2 and more").expect("room");
    let failed = bench.ours(&["-top", "perf.data"], &[("PATH", "/nonexistent")]);
    assert_eq!(failed.code, Some(5), "{}", failed.err);
    assert!(
        failed
            .err
            .contains("Try github.com/google/perf_data_converter"),
        "{}",
        failed.err
    );
    fs::write(bench.path("good"), profile::encode(&small(2))).expect("room");
    let tool = bench.path("bin/perf_to_profile");
    fs::create_dir(bench.path("bin")).expect("room");
    // As it is called: -i FILE -o FILE -f.
    let script = "#!/bin/sh\n[ \"$1 $2 $3 $5\" = '-i perf.data -o -f' ] && exec cp good \"$4\"\n";
    fs::write(&tool, script).expect("room");
    Command::new("chmod")
        .arg("+x")
        .arg(&tool)
        .status()
        .expect("chmod is everywhere");
    let path = format!("{}:/usr/bin:/bin", bench.path("bin").display());
    let ran = bench.same(&["-top", "perf.data"], &[("PATH", &path)]);
    assert!(ran.out.contains("main.leaf"), "{}", ran.out);
    assert!(
        ran.err.contains("Converting perf.data to a profile.proto"),
        "{}",
        ran.err
    );
}
