//! The pages hold what pprof's hold, and both programs share their configurations.

use std::fs;

use profile::{Builder, Line, Mapping};
use report::options::Options;
use serde_json::Value;

mod common;
use common::{Served, get, read, site, take};

/// What feeds the flame graph on pprof's page.
fn stacks_of(page: &str) -> Value {
    let call = "stackViewer({";
    let at = page.find(call).expect("the page has a flame graph") + call.len() - 1;
    let mut values = serde_json::Deserializer::from_str(&page[at..]).into_iter();
    values
        .next()
        .expect("it has data")
        .expect("the data is JSON")
}

fn same_stacks(ours: &str, theirs: &Value, what: &str) {
    let ours: Value = serde_json::from_str(ours).expect("it is JSON");
    // 1 and 1.0 are the same.
    assert_eq!(ours["Scale"].as_f64(), theirs["Scale"].as_f64(), "{what}");
    for key in ["Total", "Type", "Unit", "Stacks"] {
        assert_eq!(ours[key], theirs[key], "{what}: {key}");
    }
    let sources = |v: &Value| v["Sources"].as_array().expect("it is a list").clone();
    let (ours, theirs) = (sources(&ours), sources(theirs));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs, "{what}");
    }
}

const ADDRESSES: &[&str] = &[
    "",
    "si=samples",
    "si=0&mean=t",
    "f=main",
    "f=main&i=mallocgc&h=json",
    "s=main%7Cruntime",
    "sf=ServeHTTP&n=3&nf=0.5",
    "tf=method&th=user",
    "prunefrom=Marshal",
    "g=functions",
    "g=files",
    "g=lines",
    "g=lines&showcolumns=t",
    "g=addresses",
    "g=lines&noinlines=t",
    "f=nosuchfunction",
    "rel=t&f=http",
];

/// A profile with everything that names and stacks may be.
fn odd() -> profile::Profile {
    let mut b = Builder::new(&[("space", "bytes"), ("n", "apples")]);
    let file = b.intern("/bin/odd");
    b.mapping(Mapping {
        start: 0x1000,
        limit: 0x9000,
        file,
        has_functions: true,
        ..Default::default()
    });
    let mapping = Some(profile::MappingIx(0));
    let mut locations = vec![b.location(mapping, 0x1001, &[])];
    for (i, (name, file)) in [
        ("net/http.(*conn).serve", "/src/a/../b/c.go"),
        ("same", "one.go"),
        ("same", "two.go"),
        ("std::vec<int>::push(int)", "vec.h"),
        ("java.util.List.add(x)", "List.java"),
        ("(anonymous namespace)::f", ""),
        ("github.com/a/b-c/v2.F[go.shape.int]", "x.go"),
        ("</script>&\"'", "<&>.go"),
        ("a.", "."),
        ("", "only/a/file.go"),
        ("é.ü", "é/ü.go"),
    ]
    .into_iter()
    .enumerate()
    {
        let outer = Line {
            function: Some(b.function(name, file, 1)),
            line: 10 * i as i64,
            column: i as i64 % 3,
        };
        let inner = Line {
            function: Some(b.function("inner", "in.go", 1)),
            line: 7,
            column: 0,
        };
        let address = 0x2000 + i as u64;
        locations.push(b.location(mapping, address, &[inner, outer]));
        locations.push(b.location(mapping, address + 0x100, &[outer]));
    }
    for i in 0..locations.len() {
        let stack: Vec<_> = (0..=i % 7)
            .map(|n| locations[(i * 5 + n * n) % locations.len()])
            .collect();
        b.sample(&stack, &[(i as i64 - 4) * 1000, i as i64], &[]);
    }
    b.sample(&[locations[3]; 4], &[5, 5], &[]);
    b.sample(&[], &[9, 9], &[]);
    b.finish()
}

#[test]
fn flame_graphs_are_fed_alike() {
    let pprof = testkit::go::pprof().expect("pprof can be had");
    let dir = tempfile::tempdir().expect("there is room");
    let odd_path = dir.path().join("odd.pb.gz");
    fs::write(&odd_path, profile::encode_gz(&odd())).expect("there is room");
    for path in [take(dir.path()), odd_path] {
        let source = path.to_str().expect("the path is text");
        for flags in [
            &[][..],
            &["-trim_path=/usr/local", "-divide_by=2", "-focus=main|same"],
        ] {
            let mut args = vec!["-http=localhost:", "-no_browser"];
            args.extend(flags);
            args.push(source);
            let theirs = Served::start(&pprof, &args, dir.path());
            let options = match flags.is_empty() {
                true => Options::default(),
                false => Options {
                    trim_path: "/usr/local".into(),
                    divide_by: 2.0,
                    focus: "main|same".into(),
                    ..Default::default()
                },
            };
            let site = site(read(&path), options, None);
            for address in ADDRESSES {
                let (status, page) = theirs.get(&format!("/ui/flamegraph?{address}"));
                let reply = site.answer("/ui/flamegraph", &format!("{address}&format=json"), false);
                assert_eq!(reply.status, status, "{address}: {page}");
                if status == 200 {
                    let ours = String::from_utf8(reply.body).expect("it is text");
                    same_stacks(&ours, &stacks_of(&page), &format!("{flags:?} {address}"));
                }
            }
        }
    }
}

#[test]
fn texts_are_those_of_reports() {
    let pprof = testkit::go::pprof().expect("pprof can be had");
    let dir = tempfile::tempdir().expect("there is room");
    let path = take(dir.path());
    let source = path.to_str().expect("the path is text");
    let theirs = Served::start(
        &pprof,
        &["-http=localhost:", "-no_browser", source],
        dir.path(),
    );
    let site = site(read(&path), Options::default(), None);
    // Tags and what is escaped is each program's own.
    let text = |page: &str| {
        let start = page.find("<pre").expect("there is text");
        let end = page[start..].find("</pre>").expect("it ends") + start;
        let text = page[start..end].split_once('>').expect("a tag ends").1;
        let mut plain = text.trim().to_owned();
        for (escaped, character) in [
            ("&#43;", "+"),
            ("&#34;", "\""),
            ("&quot;", "\""),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&#39;", "'"),
            ("&amp;", "&"),
        ] {
            plain = plain.replace(escaped, character);
        }
        plain
    };
    for address in [
        "peek?f=main",
        "peek?f=runtime&si=samples",
        "peek?f=http&h=runtime",
        "peek?f=nosuchfunction",
        "disasm?f=main%5C.",
        "disasm?f=nosuchfunction",
    ] {
        let (status, page) = theirs.get(&format!("/ui/{address}"));
        let (path, query) = address.split_once('?').expect("there are parameters");
        let reply = site.answer(&format!("/ui/{path}"), query, false);
        assert_eq!(reply.status, status, "{address}");
        if status == 200 {
            let theirs = page.find("id=\"content\"").map_or(&*page, |at| &page[at..]);
            let ours = String::from_utf8(reply.body).expect("pages are text");
            let ours = &ours[ours.find("<main>").expect("there is a view")..];
            assert_eq!(text(ours), text(theirs), "{address}");
        }
    }
}

#[test]
fn configurations_are_shared() {
    let pprof = testkit::go::pprof().expect("pprof can be had");
    let dir = tempfile::tempdir().expect("there is room");
    let path = take(dir.path());
    let source = path.to_str().expect("the path is text");
    let settings = dir.path().join(".config/pprof/settings.json");
    let theirs = Served::start(
        &pprof,
        &["-http=localhost:", "-no_browser", source],
        dir.path(),
    );
    let ours = site(read(&path), Options::default(), Some(settings.clone()));

    get(
        &ours,
        "saveconfig?config=of+ours&f=main&n=7&trim=f&si=cpu&nf=0.25&g=lines",
    );
    let (status, _) = theirs.get("/ui/saveconfig?config=of%20theirs&h=gc&mean=t&sort=cum&ef=0");
    assert_eq!(status, 200);

    // Both menus lead to the same places.
    let links = |page: &str, name: &str| {
        let at = page
            .find(&format!(">{name}</a>"))
            .or_else(|| page.find(&format!("{name}\n")));
        let at = at.unwrap_or_else(|| panic!("no {name} in {page}"));
        let start = page[..at].rfind("href=\"").expect("it leads somewhere") + 6;
        let end = page[start..].find('"').expect("it ends") + start;
        let query = page[start..end].replace("&amp;", "&").replace("%20", "+");
        let mut parts: Vec<_> = query
            .trim_start_matches('?')
            .split('&')
            .map(str::to_owned)
            .collect();
        parts.sort();
        parts
    };
    let (_, their_page) = theirs.get("/ui/top?si=samples");
    let our_page = get(&ours, "top?si=samples");
    for name in ["of ours", "of theirs", "Default"] {
        assert_eq!(links(&our_page, name), links(&their_page, name), "{name}");
    }
    assert!(links(&our_page, "of ours").contains(&"nf=0.25".to_owned()));

    get(&ours, "deleteconfig?config=of%20theirs");
    let (_, page) = theirs.get("/ui/top");
    assert!(page.contains("of ours") && !page.contains("of theirs"));
}
