//! The page of `-html`: what is in it, how large it gets, and that names in profiles stay names.

use std::io;
use std::path::Path;

use gowhy_report::pipeline::prepare;
use gowhy_report::source::{Finder, SourceFiles};
use gowhy_report::time::Utc;
use gowhy_report::{Options, Shown, View};
use profile::{Builder, Line, Profile};
use serde_json::Value;

/// Source files that say which line is which.
struct Sources;

impl SourceFiles for Sources {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some(path) if path.ends_with("main.go") => {
                let lines = (1..100).map(|n| format!("line {n} of </script> <b>\n"));
                Ok(lines.collect::<String>().into_bytes())
            }
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }
}

fn page(profile: Profile, options: &Options) -> String {
    let prepared = prepare(profile, options, &View::Html, &Utc).expect("the options are right");
    let mut finder = Finder::new(&Sources, "/src", "");
    let shown = Shown::new(&prepared.report, &View::Html, &mut finder).expect("it is shown");
    let mut out = Vec::new();
    shown.write(&mut out).expect("memory takes it");
    String::from_utf8(out).expect("the page is text")
}

/// A profile of stacks that are written root first, all in one file.
fn profile(stacks: &[(&[&str], i64)], file: &str) -> Profile {
    let mut b = Builder::new(&[("cpu", "nanoseconds")]);
    for (stack, value) in stacks {
        let locations = stack.iter().rev().map(|name| {
            let function = Some(b.function(name, file, 10));
            let line = Line {
                function,
                line: 12,
                column: 0,
            };
            b.location(None, 0, &[line])
        });
        let locations: Vec<_> = locations.collect();
        b.sample(&locations, &[*value], &[]);
    }
    b.finish()
}

/// The data that the page's script reads.
fn data(page: &str) -> Value {
    let begin = "<script type=\"application/json\" id=\"data\">";
    let start = page.find(begin).expect("there is data") + begin.len();
    let end = page[start..].find("</script>").expect("it ends");
    serde_json::from_str(&page[start..start + end]).expect("it is JSON")
}

#[test]
fn it_has_a_table_calls_and_source() {
    let stacks: &[(&[&str], i64)] = &[
        (&["main.main", "main.work"], 30_000_000),
        (&["main.main", "main.idle"], 10_000_000),
    ];
    let data = data(&page(profile(stacks, "/src/main.go"), &Options::default()));
    let names = &data["names"];
    let name = |n: &Value| names[n.as_u64().unwrap_or(99) as usize].clone();

    let top = data["top"].as_array().expect("there is a table");
    let row = |r: &Value| (name(&r[0]), r[3].clone(), r[4].clone(), r[6].clone());
    let rows: Vec<_> = top.iter().map(row).collect();
    let expect = [
        ("main.work", "30ms", "75.00%", "30ms"),
        ("main.idle", "10ms", "25.00%", "10ms"),
        ("main.main", "0", "0%", "40ms"),
    ];
    for (row, (name, flat, share, cum)) in rows.iter().zip(expect) {
        assert_eq!(*row, (name.into(), flat.into(), share.into(), cum.into()));
    }
    assert_eq!(rows.len(), 3);

    let peek = data["peek"].as_array().expect("there are calls");
    let main = peek
        .iter()
        .find(|p| name(&p[0]) == "main.main")
        .expect("it is there");
    let callees = main[6][0].as_array().expect("it has callees");
    let callees: Vec<Value> = callees.iter().map(|c| name(&c[0])).collect();
    assert_eq!(callees, ["main.work", "main.idle"]);

    let source = data["source"].as_array().expect("there is source");
    let work = source
        .iter()
        .find(|s| name(&s[0]) == "main.work")
        .expect("it is there");
    let lines = work[5].as_array().expect("it was found");
    assert_eq!(lines[0][0], 10, "from the first line of the function");
    assert_eq!(lines[2][0], 12);
    assert_eq!(lines[2][1], "line 12 of </script> <b>");
    assert_eq!(
        (&lines[2][2], &lines[2][3]),
        (&"30ms".into(), &"30ms".into())
    );
}

#[test]
fn source_that_is_not_there_is_said() {
    let stacks: &[(&[&str], i64)] = &[(&["main.main"], 5)];
    let data = data(&page(profile(stacks, "/gone.go"), &Options::default()));
    let why = data["source"][0][5].as_str().expect("there is a reason");
    assert!(why.contains("open /gone.go"), "{why}");
}

#[test]
fn hostile_names_stay_names() {
    const HOSTILE: [&str; 8] = [
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "<!--<script>",
        "]]></style><style>",
        "'; alert(1) //",
        "\u{2028}\u{0}\u{202e}&lt;b&gt;",
        "</svg></section></main>",
        "${alert(1)}`",
    ];
    let plain: Vec<(Vec<&str>, i64)> = (0..8)
        .map(|i| (vec!["a", ["b", "c", "d", "e", "f", "g", "h", "i"][i]], 9))
        .collect();
    let hostile: Vec<(Vec<&str>, i64)> = HOSTILE.iter().map(|h| (vec!["a", h], 9)).collect();
    let make = |stacks: &[(Vec<&str>, i64)], file: &str| {
        let stacks: Vec<(&[&str], i64)> = stacks.iter().map(|(s, v)| (&s[..], *v)).collect();
        let mut p = profile(&stacks, file);
        let comment = p.strings.intern(stacks[0].0[1]);
        p.comments.push(comment);
        p
    };
    let benign = page(make(&plain, "main.go"), &Options::default());
    let hostile = page(make(&hostile, "</script><i>/main.go"), &Options::default());
    for markup in [
        "<script", "</script", "<style", "</style", "<svg", "</svg", "<section", "<!--", "]]>",
    ] {
        let count = |page: &str| page.matches(markup).count();
        assert_eq!(count(&hostile), count(&benign), "{markup}");
    }
    assert!(!hostile.contains("<img"));
    assert!(!hostile.contains("<i>"));
    let data = data(&hostile);
    let names = data["names"].as_array().expect("there are names");
    for name in HOSTILE {
        assert!(names.iter().any(|n| n == name), "{name}");
    }
}

#[test]
fn nothing_is_fetched() {
    let stacks: &[(&[&str], i64)] = &[(&["main.main"], 5)];
    let page = page(profile(stacks, "main.go"), &Options::default());
    assert!(page.contains("default-src 'none'"));
    for outside in [
        " src=",
        "@import",
        "url(",
        "<link",
        "fetch(",
        "XMLHttpRequest",
        "import(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    let known = ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"];
    for at in page.match_indices("http").map(|(at, _)| at) {
        let rest = &page[at..];
        let is_known = known.iter().any(|k| rest.starts_with(k)) || rest.starts_with("http-equiv");
        assert!(is_known, "{}", &rest[..40.min(rest.len())]);
    }
}

#[test]
fn a_large_profile_gives_a_page_with_bounds() {
    let mut b = Builder::new(&[("cpu", "nanoseconds")]);
    let mut seed = 1u64;
    let mut below = |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % n
    };
    let locations: Vec<_> = (0..6000)
        .map(|i| {
            let name = format!(
                "example.com/some/module/package{}.(*Type{i}).Method",
                i % 90
            );
            let line = Line {
                function: Some(b.function(&name, "/src/main.go", 1)),
                line: 1 + i % 99,
                column: 0,
            };
            b.location(None, 0, &[line])
        })
        .collect();
    for _ in 0..20_000 {
        let depth = 5 + below(20);
        let stack: Vec<_> = (0..depth)
            .map(|_| locations[below(6000) as usize])
            .collect();
        b.sample(&stack, &[1 + below(1000) as i64], &[]);
    }
    let page = page(b.finish(), &Options::default());
    assert!(page.len() < 6 << 20, "{} bytes", page.len());
    let data = data(&page);
    assert_eq!(data["functions"], 6000);
    assert_eq!(data["top"].as_array().map(Vec::len), Some(1000));
}

#[test]
fn the_same_profile_gives_the_same_page() {
    let stacks: &[(&[&str], i64)] = &[(&["a", "b"], 5), (&["a", "c"], -5), (&["d"], 1)];
    let one = page(profile(stacks, "main.go"), &Options::default());
    assert_eq!(one, page(profile(stacks, "main.go"), &Options::default()));
    assert!(data(&one)["signed"] == true, "losses have signs");
}

#[test]
fn a_profile_of_nothing_is_a_page() {
    let one = page(profile(&[], "main.go"), &Options::default());
    assert_eq!(data(&one)["top"].as_array().map(Vec::len), Some(0));
}
