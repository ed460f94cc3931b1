//! Every view as JSON: that it is JSON, and that it says what text says.

use std::io;
use std::path::Path;

use gowhy_report::options::{Granularity, Options};
use gowhy_report::pipeline::prepare;
use gowhy_report::source::{Finder, SourceFiles};
use gowhy_report::time::Utc;
use gowhy_report::{Shown, View, json};
use profile::{Builder, Label, LabelValue, Line, Mapping, Profile};
use serde_json::{Value, json};

fn example() -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    b.profile_mut().time_nanos = 1_700_000_000_500_000_000;
    b.profile_mut().duration_nanos = 5_000_000_000;
    let note = b.intern("# hidden \"note\"");
    b.profile_mut().comments.push(note);
    let file = b.intern("/bin/app");
    let app = b.mapping(Mapping {
        start: 0x400000,
        limit: 0x500000,
        file,
        ..Default::default()
    });
    let line = |function, line| Line {
        function: Some(function),
        line,
        column: 0,
    };
    let (f, g) = (
        b.function("main.f", "a.go", 1),
        b.function("main.g", "a.go", 9),
    );
    let outer = b.location(Some(app), 0x400010, &[line(f, 3)]);
    let both = b.location(Some(app), 0x400020, &[line(g, 10), line(f, 4)]);
    let key = b.intern("size");
    let unit = b.intern("bytes");
    let size = Label {
        key,
        value: LabelValue::Num(64, unit),
    };
    let path = b.label("path", "/x");
    b.sample(&[both], &[3, 300], &[path, size]);
    b.sample(&[outer], &[1, 100], &[]);
    b.finish()
}

struct Source;

impl SourceFiles for Source {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok("1\n2\n3\n4\n".into())
    }
}

fn shown(view: View, options: &Options) -> Value {
    let report = prepare(example(), options, &view, &Utc).expect("the options make sense");
    let mut finder = Finder::new(&Source, "/", "");
    let shown = Shown::new(&report.report, &view, &mut finder).expect("there is something");
    let mut out = Vec::new();
    json::write(&report.report, &shown, &mut out).expect("memory takes everything");
    assert_eq!(out.iter().filter(|b| **b == b'\n').count(), 1);
    let value: Value = serde_json::from_slice(&out).expect("it is JSON");
    assert_eq!(value["schema"], "gowhy.report");
    assert_eq!(value["version"], 1);
    value
}

#[test]
fn the_profile_says_what_it_is() {
    let options = Options {
        focus: "main".into(),
        ..Default::default()
    };
    let value = shown(View::Top, &options);
    assert_eq!(
        value["profile"],
        json!({
            "file": "app", "build_id": "", "comments": [], "doc_url": "",
            "time": "2023-11-14T22:13:20.5Z", "duration_ns": 5_000_000_000i64,
            "sample_type": "cpu", "unit": "nanoseconds", "total": 400,
        })
    );
    assert_eq!(value["filters"], json!(["focus=main"]));
}

#[test]
fn top_has_a_record_for_each_node() {
    let value = shown(View::Top, &Options::default());
    assert_eq!(value["view"], "top");
    assert_eq!(value["accounted"], 400);
    assert_eq!(value["shown_nodes"], 2);
    assert_eq!(
        value["nodes"],
        json!([
            {"name": "main.g", "function": "main.g", "flat": 300, "cum": 300, "inlined": "yes"},
            {"name": "main.f", "function": "main.f", "flat": 100, "cum": 400, "inlined": "no"},
        ])
    );
    let options = Options {
        granularity: Some(Granularity::Addresses),
        divide_by: 2.0,
        ..Default::default()
    };
    let value = shown(View::Top, &options);
    assert_eq!(
        value["nodes"][0],
        json!({
            "name": "0000000000400020 main.g a.go:10", "function": "main.g", "file": "a.go",
            "line": 10, "address": "0x400020", "flat": 150, "cum": 150, "inlined": "yes",
        })
    );
}

#[test]
fn calls_are_there_once() {
    let edge = json!([{
        "caller": "main.f", "callee": "main.g", "value": 300, "inlined": true, "residual": false,
    }]);
    for view in [View::Tree, View::Dot, View::Svg, View::Peek("g".into())] {
        let value = shown(view, &Options::default());
        assert_eq!(value["edges"], edge);
    }
    let value = shown(View::Dot, &Options::default());
    let labels = json!([{"name": "path:/x", "flat": 300, "cum": 300}]);
    assert_eq!(value["nodes"][1]["labels"], labels);
}

#[test]
fn lists_have_a_record_for_each_line() {
    let value = shown(View::List("f$".into()), &Options::default());
    assert_eq!(
        value["functions"],
        json!([{"function": "main.f", "file": "a.go", "flat": 100, "cum": 400}])
    );
    let lines = value["lines"].as_array().expect("there are lines");
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[3],
        json!({
            "function": "main.f", "file": "a.go", "line": 4, "flat": 0, "cum": 300, "source": "4",
        })
    );
}

#[test]
fn samples_have_labels_and_frames() {
    let value = shown(View::Traces, &Options::default());
    assert_eq!(
        value["samples"][0],
        json!({
            "value": 300,
            "labels": [
                {"key": "path", "text": "/x"},
                {"key": "size", "number": 64, "unit": "bytes"},
            ],
            "frames": [
                {"name": "main.g", "function": "main.g", "inlined": true},
                {"name": "main.f", "function": "main.f", "inlined": false},
            ],
        })
    );
}

#[test]
fn labels_and_comments_are_listed() {
    let value = shown(View::Tags, &Options::default());
    assert_eq!(
        value["labels"],
        json!([
            {"key": "path", "value": "/x", "amount": 300},
            {"key": "size", "value": "64B", "amount": 300},
        ])
    );
    let value = shown(View::Comments, &Options::default());
    assert_eq!(value["comments"], json!(["# hidden \"note\""]));
}

#[test]
fn raw_has_the_tables() {
    let value = shown(View::Raw, &Options::default());
    assert_eq!(
        value["samples"][1],
        json!({"values": [1, 100], "locations": [1], "labels": []})
    );
    assert_eq!(
        value["locations"][1],
        json!({
            "id": 2, "address": "0x400020", "mapping": 1,
            "lines": [{"function": 2, "line": 10}, {"function": 1, "line": 4}],
        })
    );
    assert_eq!(value["functions"][1]["name"], "main.g");
    assert_eq!(value["mappings"][0]["limit"], "0x500000");
}
