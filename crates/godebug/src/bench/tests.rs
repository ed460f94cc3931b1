use super::*;

fn values(result: &BenchResult) -> Vec<(f64, &str)> {
    let values = result.values.iter();
    values.map(|m| (m.value, m.unit.as_str())).collect()
}

#[test]
fn results_and_what_is_said_about_them() {
    let log = BenchLog::parse(
        b"goos: linux\npkg: example.com/a/b\nUnit widgets better=higher assume=exact\n\
        BenchmarkA/x=1-8   \t  100\t  12.5 ns/op\t 2.00 MB/s\t 16 B/op\t 3 widgets\n\
        BenchmarkA\n\
        --- BENCH: BenchmarkA\n    a_test.go:3: pkg: not this\n\
        PASS\nok  \texample.com/a/b\t1.2s\npkg:\n",
    );
    assert_eq!(log.diagnostics, []);
    let results: Vec<_> = log.results().collect();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].name, "A/x=1-8");
    assert_eq!(results[0].iterations, 100);
    let expect = [
        (12.5 * 1e-9, "sec/op"),
        (2e6, "B/s"),
        (16.0, "B/op"),
        (3.0, "widgets"),
    ];
    assert_eq!(values(results[0]), expect);
    let config = |key: &str, value: &str| Record::Config {
        key: key.into(),
        value: value.into(),
    };
    let unit = |key: &str, value: &str| Record::Unit {
        unit: "widgets".into(),
        key: key.into(),
        value: value.into(),
    };
    assert_eq!(
        log.records[..4],
        [
            config("goos", "linux"),
            config("pkg", "example.com/a/b"),
            unit("better", "higher"),
            unit("assume", "exact"),
        ]
    );
    assert_eq!(log.records[5..], [config("pkg", "")]);
}

#[test]
fn damaged_lines_are_told() {
    let log = BenchLog::parse(
        b"BenchmarkA \nBenchmarkA x 1 ns/op\nBenchmarkA 1\nBenchmarkA 1 y ns/op\n\
        BenchmarkA 1 2\nBenchmarkA 99999999999999999999 1 ns/op\nBenchmarkA 1 NaN ns/op\n\
        Unit\nUnit u x\nBenchmarkOk 1 2 ns/op\nBenchmarkA 1 1e999 ns/op\nBenchmark\xff 1 2 ns/op\n",
    );
    let lines: Vec<_> = log.diagnostics.iter().map(|d| d.line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
    assert_eq!(log.diagnostics[0].message, "missing iteration count");
    assert_eq!(
        log.diagnostics[1].message,
        "parsing iteration count: invalid syntax"
    );
    assert_eq!(log.results().count(), 2);
}

#[test]
fn numbers_in_every_notation() {
    for (text, expect) in [
        ("1", 1.0),
        ("+1.5e3", 1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("0x1.8p1", 3.0),
        ("-0X10P-4", -1.0),
    ] {
        assert_eq!(number::float(text), Ok(expect), "{text}");
    }
    for text in ["", "inf", "nan", "1_0", "0x1", "0xp1", "1e", "--1", "e5"] {
        assert!(number::float(text).is_err(), "{text}");
    }
}

#[test]
fn units_become_base_units() {
    for (unit, expect, factor, binary) in [
        ("ns/op", "sec/op", 1e-9, false),
        ("MB/s", "B/s", 1e6, true),
        ("B/op", "B/op", 1.0, true),
        ("ns/GC", "sec/GC", 1e-9, false),
        ("p99-ns", "p99-sec", 1e-9, false),
        ("ops/ns", "ops/ns", 1.0, false),
        ("x/MB*MB", "x/MB*B", 1e6, true),
        ("transactions", "transactions", 1.0, false),
        ("bytes/op", "bytes/op", 1.0, true),
    ] {
        assert_eq!(tidy(unit), (expect.to_owned(), factor), "{unit}");
        assert_eq!(is_binary(unit), binary, "{unit}");
    }
}

#[test]
fn events_of_packages_at_the_same_time() {
    let event = |package: &str, output: &str| {
        serde_json::json!({"Time": "2026-01-02T03:04:05Z", "Action": "output",
            "Package": package, "Output": output})
        .to_string()
    };
    let lines = [
        r#"{"Action":"start","Package":"a"}"#.to_owned(),
        event("a", "pkg: a\n"),
        event("b", "pkg: b\n"),
        event("a", "BenchmarkX-8 \t"),
        event("b", "BenchmarkY-8 \t"),
        "# a line of the compiler".to_owned(),
        event("a", "  10\t 5 ns/op\n"),
        event("b", "  20\t 6 ns/op\n"),
    ];
    let log = BenchLog::parse(lines.join("\n").as_bytes());
    assert_eq!(log.diagnostics, []);
    let names: Vec<_> = log
        .results()
        .map(|r| (r.name.as_str(), r.iterations))
        .collect();
    assert_eq!(names, [("X-8", 10), ("Y-8", 20)]);
    let first = &log.records[0];
    assert!(
        matches!(first, Record::Config { value, .. } if value == "a"),
        "{first:?}"
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>) {
        let log = BenchLog::parse(&bytes);
        proptest::prop_assert!(log.records.len() <= bytes.len());
    }

    #[test]
    fn lines_like_results_are_taken(lines in "(Benchmark[A-Z]{0,2}[ \t0-9.e+xp-]{0,12}(ns/op|MB/s)?\r?\n|Unit [a-z]* [a-z=]*\n|\\{\"Action\":\"[a-z]*\"\\}\n){0,20}") {
        let log = BenchLog::parse(lines.as_bytes());
        for value in log.results().flat_map(|r| &r.values) {
            proptest::prop_assert!(value.value.is_finite());
        }
    }
}
