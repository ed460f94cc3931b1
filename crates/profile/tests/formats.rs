//! Collapsed stacks and speedscope, in and out, and telling formats apart.

mod common;

use std::collections::BTreeMap;

use common::any_profile;
use gowhy_profile::{
    Builder, Error, LabelValue, Line, Profile, encode, encode_gz, folded, read_any, speedscope,
};
use proptest::prelude::*;

/// `main.main` calls `main.work`, into which `main.hot` is inlined; then an address without a name.
fn sample() -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let [main, work, hot] = [("main.main", 3), ("main.work", 9), ("main.hot", 20)]
        .map(|(name, line)| b.function(name, "/src/main.go", line));
    let at = |function, line| Line {
        function: Some(function),
        line,
        column: 0,
    };
    let leaf = b.location(None, 0x1000, &[at(hot, 21), at(work, 11)]);
    let root = b.location(None, 0x2000, &[at(main, 4)]);
    let other = b.location(None, 0x2008, &[at(main, 5)]);
    let unknown = b.location(None, 0x3000, &[]);
    b.sample(&[leaf, root], &[3, 30], &[]);
    b.sample(&[leaf, other], &[1, 10], &[]);
    b.sample(&[unknown, root], &[2, 20], &[]);
    b.sample(&[other], &[0, 5], &[]);
    b.finish()
}

#[test]
fn folded_stacks() {
    let text = "main.main;main.work;main.hot 4\nmain.main;0x3000 2\n";
    assert_eq!(folded::encode(&sample(), 0), text);
    let text = "main.main;main.work;main.hot 40\nmain.main;0x3000 20\nmain.main 5\n";
    assert_eq!(folded::encode(&sample(), 1), text);
    let read = folded::decode(text.as_bytes()).expect("it was written just now");
    assert_eq!(folded::encode(&read, 0), text);
    assert_eq!(read.samples.totals(), [65]);
}

#[test]
fn folded_stacks_of_others() {
    let text = "# a comment\n\nmain;a b;c\t7\r\nmain 1\nmain 2";
    let read = read_any(text.as_bytes()).expect("these are collapsed stacks");
    assert_eq!(folded::encode(&read, 0), "main;a b;c 7\nmain 3\n");
    let read = read_any(&gzip(text.as_bytes())).expect("these are, too");
    assert_eq!(read.samples.totals(), [10]);
    // The first line is longer than what the format is recognised by.
    let long = vec!["main.f"; 1000].join(";") + " 1\n";
    assert_eq!(
        read_any(long.as_bytes())
            .expect("it is one")
            .samples
            .stack(0)
            .len(),
        1000
    );
    let broken = format!("{long}main;x\n");
    let e = read_any(broken.as_bytes()).expect_err("the second line is broken");
    assert!(
        matches!(e, Error::Corrupt { at, .. } if at == long.len() as u64),
        "{e}"
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).expect("memory does not fail");
    gz.finish().expect("memory does not fail")
}

#[test]
fn not_folded_stacks() {
    for text in ["404 page not found\n", "{}"] {
        let e = read_any(text.as_bytes()).expect_err("this is another format");
        assert!(matches!(e, Error::NotAProfile), "{text}: {e}");
    }
}

#[test]
fn speedscope_back_and_forth() {
    let bytes = speedscope::encode(&sample(), "a \"title\"");
    let json: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
    assert_eq!(json["name"], "a \"title\"");
    assert_eq!(json["activeProfileIndex"], 1);
    let frames = &json["shared"]["frames"];
    assert_eq!(frames[0]["name"], "main.work");
    assert_eq!(frames[0]["file"], "/src/main.go");
    assert_eq!(frames[0]["line"], 9);
    let cpu = &json["profiles"][1];
    assert_eq!(cpu["type"], "sampled");
    assert_eq!(cpu["unit"], "nanoseconds");
    assert_eq!(cpu["endValue"], 65);
    assert_eq!(cpu["weights"], serde_json::json!([30, 10, 20, 5]));
    assert_eq!(cpu["samples"][0], serde_json::json!([2, 0, 1]));
    let read = read_any(&bytes).expect("it was written just now");
    for column in [0, 1] {
        assert_eq!(
            folded::encode(&read, column),
            folded::encode(&sample(), column)
        );
    }
    let again = read_any(&gzip(&bytes)).expect("compressed it is the same");
    assert_eq!(encode(&again), encode(&read));
}

#[test]
fn speedscope_of_others() {
    let json = r#"{"$schema":"x","shared":{"frames":[{"name":"a"},{"name":"b","line":2.0}]},"profiles":[
        {"type":"evented","name":"one","unit":"milliseconds","startValue":0,"endValue":4,"events":[
            {"type":"O","frame":0,"at":0.5},{"type":"O","frame":1,"at":1},
            {"type":"C","frame":1,"at":2.5},{"type":"C","frame":0,"at":3}]},
        {"type":"sampled","name":"two","unit":"seconds","startValue":0,"endValue":1,
         "samples":[[0]],"weights":[0.25]}]}"#;
    let p = read_any(json.as_bytes()).expect("it is a good file");
    assert_eq!(folded::encode(&p, 0), "a 251000000\na;b 1500000\n");
    let t = p.sample_types[0];
    assert_eq!((p.str(t.kind), p.str(t.unit)), ("time", "nanoseconds"));
    let threads: Vec<&str> = (0..p.samples.len())
        .map(|i| match p.samples.labels(i) {
            [label] => match label.value {
                LabelValue::Str(s) => p.str(s),
                LabelValue::Num(..) => "a number",
            },
            _ => "not one label",
        })
        .collect();
    assert_eq!(threads, ["one", "one", "two"]);
}

#[test]
fn broken_speedscope() {
    let bytes = speedscope::encode(&sample(), "x");
    let e = read_any(&bytes[..bytes.len() - 9]).expect_err("the end is missing");
    assert!(matches!(e, Error::Truncated { .. }), "{e}");
    let check = |profile: &str, want: &str| {
        let json = format!(
            r#"{{"shared":{{"frames":[{{"name":"a"}},{{"name":"b"}}]}},"profiles":[{profile}]}}"#
        );
        let e = read_any(json.as_bytes()).expect_err("it is broken");
        assert!(e.to_string().contains(want), "{e}");
    };
    check(
        r#"{"type":"sampled","name":"x","unit":"none","samples":[[7]],"weights":[1]}"#,
        "there is no frame 7",
    );
    check(
        r#"{"type":"sampled","name":"x","unit":"none","samples":[[0]],"weights":[]}"#,
        "1 samples vs. 0 weights",
    );
    check(
        r#"{"type":"evented","name":"x","unit":"none","events":[
            {"type":"O","frame":0,"at":0},{"type":"C","frame":1,"at":1}]}"#,
        "frame 1 is closed while another one is open",
    );
    check(r#"{"type":"other"}"#, "unknown variant `other`");
}

#[test]
fn protobuf_is_recognised() {
    for bytes in [encode(&sample()), encode_gz(&sample())] {
        let p = read_any(&bytes).expect("it was written just now");
        assert_eq!(encode(&p), encode(&sample()));
    }
    assert!(matches!(read_any(b""), Err(Error::Empty)));
    assert!(matches!(
        read_any(b"<html><body>x"),
        Err(Error::Html { .. })
    ));
    let page = gzip(b"<!doctype html><title>Login</title>");
    assert!(matches!(read_any(&page), Err(Error::Html { title }) if title == "Login"));
}

/// The values of each stack of names, as the collapsed text has them.
fn stacks(text: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let (stack, v) = line.rsplit_once(' ').expect("each line has a number");
        let sum = sums.entry(stack.trim().to_owned()).or_insert(0i64);
        *sum = sum.wrapping_add(v.parse().expect("it is a number"));
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn folded_stacks_add_up(p in any_profile()) {
        let text = folded::encode(&p, 0);
        let sum = stacks(&text).values().fold(0i64, |a, b| a.wrapping_add(*b));
        prop_assert_eq!(sum, p.samples.totals()[0]);
        if !text.is_empty() {
            let read = folded::decode(text.as_bytes()).expect("it was written just now");
            prop_assert_eq!(stacks(&folded::encode(&read, 0)), stacks(&text));
        }
    }

    #[test]
    fn speedscope_keeps_stacks_and_values(p in any_profile()) {
        let read = speedscope::decode(&speedscope::encode(&p, "x")).expect("it was written just now");
        prop_assert_eq!(read.samples.width(), p.samples.width());
        for column in 0..p.samples.width() {
            prop_assert_eq!(
                stacks(&folded::encode(&read, column)),
                stacks(&folded::encode(&p, column))
            );
        }
    }
}
