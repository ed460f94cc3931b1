//! What pages hold, whatever is in a profile and an address, and who gets them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use profile::{Builder, Line, Profile};
use report::options::Options;
use serde_json::Value;

mod common;
use common::{get, read, site, take};

const EVIL: &str = "evil.</script><img src=x onerror=alert(1)>\"'&";

/// main calls work and wait; work calls itself and evil.
fn small() -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let at = |b: &mut Builder, name: &str, address: u64| {
        let function = b.function(name, "/src/<main>.go", 1);
        let line = Line {
            function: Some(function),
            line: address as i64,
            column: 0,
        };
        b.location(None, address, &[line])
    };
    let main = at(&mut b, "main.main", 1);
    let work = at(&mut b, "main.work", 2);
    let wait = at(&mut b, "main.wait", 3);
    let evil = at(&mut b, EVIL, 4);
    for (stack, n) in [
        (&[main][..], 1),
        (&[wait, main], 2),
        (&[work, main], 3),
        (&[work, work, main], 4),
        (&[evil, work, work, main], 5),
        (&[evil, main], 6),
    ] {
        b.sample(stack, &[n, n * 10_000_000], &[]);
    }
    b.finish()
}

const PAGES: [&str; 5] = ["flamegraph", "graph", "top", "peek", "source"];

#[test]
fn every_page_shows_the_profile_and_its_ways_on() {
    let site = site(small(), Options::default(), None);
    for page in PAGES {
        let html = get(&site, &format!("{page}?f=main&si=cpu"));
        assert!(html.contains("main.work"), "{page}");
        // Links keep what is refined; chips take it back.
        for other in PAGES {
            assert!(
                html.contains(&format!("href=\"{other}?f=main&amp;si=cpu\"")),
                "{page}"
            );
        }
        assert!(
            html.contains("Focus <code>main</code><a href=\"?si=cpu\""),
            "{page}"
        );
        assert!(
            html.contains("<a href=\"?f=main&amp;si=samples\">samples</a>"),
            "{page}"
        );
        // Nothing is fetched from elsewhere, no script stands in the page.
        assert!(
            !html.contains("src=\"http") && !html.contains("<script>"),
            "{page}"
        );
    }
}

#[test]
fn what_the_command_line_narrows_is_said() {
    let options = Options {
        focus: "work".into(),
        ..Default::default()
    };
    let site = site(small(), options, None);
    let narrowed = "Focus <code>work</code><small>command line</small>";
    assert!(get(&site, "top").contains(narrowed));
    assert!(!get(&site, "top").contains("main.wait"));
    let html = get(&site, "top?f=wait");
    assert!(!html.contains(narrowed) && html.contains("main.wait"));
}

#[test]
fn source_has_the_code_of_its_lines() {
    let dir = tempfile::tempdir().expect("there is room");
    let site = site(read(&take(dir.path())), Options::default(), None);
    let html = get(&site, "source?f=main%5C.");
    let code = html.matches("<tr class=\"asm\" hidden>").count();
    let lines = html.matches("class=\"more\"").count();
    assert!(
        lines > 3 && code > lines,
        "{code} instructions of {lines} lines"
    );
    let calls = html.lines().filter(|l| l.contains("  CALL ")).count();
    assert!(calls > 0, "a server calls something");
}

#[test]
fn names_are_no_markup() {
    let site = site(small(), Options::default(), None);
    for page in PAGES {
        for query in [
            "",
            "?f=evil",
            "?h=<img%20src%3Dx>",
            "?f=%22><script>",
            "?p=</script>",
        ] {
            let (path, text) = (format!("/ui/{page}"), query.trim_start_matches('?'));
            let reply = site.answer(&path, text, false);
            let html = String::from_utf8(reply.body).expect("pages are text");
            assert!(
                !html.contains("<img") && !html.contains("<script>"),
                "{page}{query}: {html}"
            );
            let scripts = html.matches("<script").count();
            assert_eq!(scripts, html.matches("</script>").count(), "{page}{query}");
        }
    }
}

#[test]
fn mistakes_are_told_on_a_page() {
    let site = site(small(), Options::default(), None);
    for (address, status, message) in [
        ("top?f=(", 400, "missing closing"),
        ("top?si=nosuch", 400, "must be one of: [samples cpu]"),
        ("top?n=x", 400, "error setting config field nodecount"),
        ("peek?f=nosuch", 400, "no matches found for regexp: nosuch"),
        ("nosuch", 404, "no such page"),
        ("static/../page.js", 404, "no such file"),
    ] {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let reply = site.answer(&format!("/ui/{path}"), query, false);
        let text = String::from_utf8(reply.body).expect("it is text");
        assert_eq!(reply.status, status, "{address}");
        assert!(text.contains(message), "{address}: {text}");
    }
    let moved = |path: &str, query: &str| {
        let reply = site.answer(path, query, false);
        (reply.status, reply.location.expect("it is elsewhere"))
    };
    assert_eq!(moved("/", ""), (307, "/ui/".to_owned()));
    assert_eq!(moved("/x", "f=a"), (307, "/ui/?f=a".to_owned()));
    assert_eq!(moved("/ui/", "f=a"), (301, "flamegraph?f=a".to_owned()));
    assert_eq!(moved("/ui/flamegraph2", ""), (301, "flamegraph".to_owned()));
}

#[test]
fn a_flame_graph_turns_around_a_function() {
    let site = site(small(), Options::default(), None);
    let tree = |query: &str| -> Vec<(String, i64, u64, i64)> {
        let text = get(&site, &format!("flamegraph?si=samples&format=tree{query}"));
        let data: Value = serde_json::from_str(&text).expect("it is JSON");
        let cells = data["cells"].as_array().expect("there are boxes").iter();
        cells
            .map(|cell| {
                let n = |i: usize| cell[i].as_i64().expect("it is a number");
                let name = &data["sources"][n(0) as usize]["name"];
                let name = name.as_str().expect("it is a name");
                (name.to_owned(), n(1), n(3) as u64, n(5))
            })
            .collect()
    };
    let all = tree("");
    assert_eq!(all[0], ("root".to_owned(), 0, 21, 0));
    assert_eq!(all[1], ("main.main".to_owned(), 1, 21, 1));
    let work = tree("&p=main.work");
    let box_of = |name: &str, row: i64, value: u64, own: i64| (name.to_owned(), row, value, own);
    assert_eq!(
        work,
        [
            // Callers have no value of their own here.
            box_of("main.main", -1, 12, 0),
            box_of("main.work", 0, 12, 3),
            box_of("main.work", 1, 9, 4),
            box_of(EVIL, 2, 5, 5),
        ]
    );
    let both = tree(&format!(
        "&p=main.wait&p={}",
        "evil.%3C/script%3E%3Cimg%20src=x%20onerror=alert(1)%3E%22%27%26"
    ));
    let pivots: Vec<_> = both.iter().filter(|b| b.1 == 0).map(|b| b.2).collect();
    assert_eq!(pivots, [11, 2]);
    assert!(tree("&p=nosuch").is_empty());
}

#[test]
fn boxes_too_narrow_to_be_seen_are_not_sent() {
    let mut b = Builder::new(&[("n", "count")]);
    for i in 0..30_000u64 {
        let function = b.function(&format!("f{i}"), "f.go", 1);
        let line = Line {
            function: Some(function),
            line: 1,
            column: 0,
        };
        let location = b.location(None, i + 1, &[line]);
        b.sample(&[location], &[if i == 0 { 30_000 } else { 1 }], &[]);
    }
    let site = site(b.finish(), Options::default(), None);
    let text = get(&site, "flamegraph?format=tree");
    assert!(text.len() < 2000, "{} bytes", text.len());
    let data: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(data["hidden"], 29_999);
    assert_eq!(data["width"], 59_999);
}

/// Serves a site and gives its port.
fn serve() -> u16 {
    let dir = tempfile::tempdir().expect("there is room").keep();
    let site = site(small(), Options::default(), Some(dir.join("settings.json")));
    let listener = TcpListener::bind("localhost:0").expect("there are ports");
    let port = listener.local_addr().expect("it has one").port();
    std::thread::spawn(move || gowhy_web::serve(site, listener, true));
    port
}

fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("localhost", port)).expect("it listens");
    let request = format!("{request}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn only_this_machine_is_answered_under_its_own_name() {
    let port = serve();
    let status = |request: &str| {
        let answer = ask(port, request);
        answer
            .split(' ')
            .nth(1)
            .expect("there is a status")
            .to_owned()
    };
    let page = "GET /ui/top HTTP/1.1\r\n";
    for host in ["localhost", "localhost:80", "127.0.0.1:1234", "[::1]:1"] {
        assert_eq!(status(&format!("{page}Host: {host}\r\n")), "200", "{host}");
    }
    for host in ["evil.example", "localhost.evil.example:80", "10.0.0.1", ""] {
        assert_eq!(status(&format!("{page}Host: {host}\r\n")), "403", "{host}");
    }
    assert_eq!(
        status("POST /ui/top HTTP/1.1\r\nHost: localhost\r\n"),
        "405"
    );

    // Pages of other sites may link here, but not change what is saved.
    let save = "GET /ui/saveconfig?config=x HTTP/1.1\r\nHost: localhost\r\n";
    assert_eq!(
        status(&format!("{save}Sec-Fetch-Site: cross-site\r\n")),
        "403"
    );
    assert_eq!(
        status(&format!("{save}Sec-Fetch-Site: same-site\r\n")),
        "403"
    );
    assert_eq!(
        status(&format!("{save}Sec-Fetch-Site: same-origin\r\n")),
        "200"
    );
    assert_eq!(status(save), "200");
}

#[test]
fn answers_say_what_they_are() {
    let port = serve();
    let download = ask(port, "HEAD /ui/download HTTP/1.1\r\nHost: localhost\r\n").to_lowercase();
    assert!(download.contains("content-type: application/vnd.google.protobuf+gzip\r\n"));
    assert!(download.contains("content-disposition: attachment;filename=profile.pb.gz\r\n"));
    let page = ask(port, "GET /ui/top HTTP/1.1\r\nHost: localhost\r\n");
    let (head, body) = page.split_once("\r\n\r\n").expect("a head ends");
    assert!(head.contains("script-src 'self'") && head.contains("frame-ancestors 'none'"));
    assert!(body.ends_with("</html>\n"));
}

#[test]
fn requests_are_answered_side_by_side() {
    let port = serve();
    // One that says nothing keeps nobody waiting.
    let silent = TcpStream::connect(("localhost", port)).expect("it listens");
    let asked = (0..16).map(|i| {
        std::thread::spawn(move || {
            let page = PAGES[i % PAGES.len()];
            let request = format!("GET /ui/{page}?x={i} HTTP/1.1\r\nHost: localhost\r\n");
            ask(port, &request).contains("main.work")
        })
    });
    let asked: Vec<_> = asked.collect();
    assert!(
        asked
            .into_iter()
            .all(|thread| thread.join().expect("it ends"))
    );
    drop(silent);
}
