//! `gowhy pprof -http`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::gowhy::{command, gowhy};

fn profile(dir: &std::path::Path) -> String {
    let mut b = profile::Builder::new(&[("samples", "count")]);
    let function = b.function("main.work", "main.go", 1);
    let line = profile::Line {
        function: Some(function),
        line: 2,
        column: 0,
    };
    let location = b.location(None, 1, &[line]);
    b.sample(&[location], &[5], &[]);
    let path = dir.join("p.pb.gz");
    std::fs::write(&path, profile::encode_gz(&b.finish())).expect("there is room");
    path.to_str().expect("the path is text").to_owned()
}

#[test]
fn pages_are_served_and_a_browser_is_opened() {
    let dir = tempfile::tempdir().expect("there is room");
    let path = profile(dir.path());
    let opened = dir.path().join("opened");
    let browser = dir.path().join("browser");
    let script = format!(
        "#!/bin/sh\necho \"$1\" > {}.new\nmv {0}.new {0}\n",
        opened.display()
    );
    std::fs::write(&browser, script).expect("there is room");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&browser, mode).expect("it is ours");

    let mut child = command()
        .args(["pprof", "-http=:", "-nodecount=7", &path])
        .env("BROWSER", &browser)
        .stderr(Stdio::piped())
        .spawn()
        .expect("gowhy starts");
    let mut said = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let url = said.find_map(|line| {
        let line = line.expect("it is text");
        Some(line.strip_prefix("Serving web UI on ")?.to_owned())
    });
    let url = url.expect("it says where");
    let host = url.strip_prefix("http://").expect("it is a URL");
    let mut stream = TcpStream::connect(host).expect("it listens");
    let request = format!("GET /ui/top HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("it answers");
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("main.work"),
        "{page}"
    );

    let seen = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::read_to_string(&opened).ok()
    });
    assert_eq!(seen, Some(format!("{url}\n")));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = tempfile::tempdir().expect("there is room");
    let path = profile(dir.path());
    for (args, message) in [
        (
            &["-http=:", "-top"][..],
            "-http is not compatible with an output format",
        ),
        (&["-no_browser"], "-no_browser only makes sense with -http"),
        (&["-http=8080"], "missing port in address"),
        (&["-http=localhost:x"], "invalid port number"),
    ] {
        let args: Vec<&str> = ["pprof"]
            .iter()
            .chain(args)
            .copied()
            .chain([&*path])
            .collect();
        let run = gowhy(&args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.err.contains(message), "{args:?}: {}", run.err);
    }
}
