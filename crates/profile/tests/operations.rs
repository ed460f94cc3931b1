//! Filters, pruning, merging and the rest on stacks small enough to see.

use gowhy_profile::demangle::{Demangle, demangle};
use gowhy_profile::filter::show_from;
use gowhy_profile::prune::{prune, prune_from, remove_uninteresting};
use gowhy_profile::scale::{normalize, scale, scale_n};
use gowhy_profile::tagroot::add_tag_frames;
use gowhy_profile::{
    Builder, DiffMode, FilterOptions, Filters, Granularity, Label, LabelUnits, LabelValue, Line,
    LocationIx, Mapping, Merger, Profile, Regexp, Rules, ValueType, aggregate, decode_reader_into,
    diff, encode, encode_gz, folded, merge,
};

/// A profile of these stacks: frames from root to leaf with `;` between locations and `>` from a
/// function to what is inlined into it; then the value, then labels `key=value` or `key=5unit`.
fn profile(stacks: &[&str]) -> Profile {
    typed(&[("samples", "count")], stacks)
}

fn typed(types: &[(&str, &str)], stacks: &[&str]) -> Profile {
    let mut b = Builder::new(types);
    for text in stacks {
        let mut words = text.split(' ');
        let frames = words.next().expect("there is a first word");
        let mut stack: Vec<LocationIx> = frames
            .split(';')
            .filter(|l| !l.is_empty())
            .map(|location| {
                let mut lines: Vec<Line> = location
                    .split('>')
                    .map(|name| Line {
                        function: Some(b.function(name, "", 0)),
                        line: 7,
                        column: 0,
                    })
                    .collect();
                lines.reverse();
                b.location(None, 0, &lines)
            })
            .collect();
        stack.reverse();
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for word in words {
            if let Some((key, value)) = word.split_once('=') {
                labels.push(label(&mut b, key, value));
            } else {
                values.push(word.parse().expect("it is a number"));
            }
        }
        b.sample(&stack, &values, &labels);
    }
    b.finish()
}

fn label(b: &mut Builder, key: &str, value: &str) -> Label {
    let digits = value
        .trim_start_matches('-')
        .trim_end_matches(char::is_alphabetic);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return b.label(key, value);
    }
    let number = value.trim_end_matches(char::is_alphabetic);
    let unit = b.intern(&value[number.len()..]);
    Label {
        key: b.intern(key),
        value: LabelValue::Num(number.parse().expect("it is a number"), unit),
    }
}

/// The stacks again, in the order of the samples.
fn stacks(p: &Profile) -> Vec<String> {
    (0..p.samples.len())
        .map(|i| {
            let stack: Vec<String> = p
                .samples
                .stack(i)
                .iter()
                .rev()
                .map(|&l| {
                    let lines = p.lines(l).iter().rev();
                    let names = lines.map(|line| {
                        p.str(p.function(line.function.expect("all have functions")).name)
                    });
                    names.collect::<Vec<_>>().join(">")
                })
                .collect();
            let mut text = stack.join(";");
            for v in p.samples.values(i) {
                text += &format!(" {v}");
            }
            for label in p.samples.labels(i) {
                text += &match label.value {
                    LabelValue::Str(s) => format!(" {}={}", p.str(label.key), p.str(s)),
                    LabelValue::Num(n, unit) => {
                        format!(" {}={n}{}", p.str(label.key), p.str(unit))
                    }
                };
            }
            text
        })
        .collect()
}

fn regexp(pattern: &str) -> Regexp {
    Regexp::new(pattern).expect("the pattern is good")
}

/// The stacks after these filters, and the warnings.
fn filtered(stacks_in: &[&str], options: FilterOptions) -> (Vec<String>, Vec<String>) {
    let mut p = profile(stacks_in);
    let filters = Filters::new(&options, &LabelUnits::of(&p)).expect("the filters are good");
    let warnings = filters.apply(&mut p);
    (stacks(&p), warnings)
}

macro_rules! options {
    ($($name:ident: $value:expr),*) => {
        FilterOptions { $($name: $value.into(),)* ..FilterOptions::default() }
    };
}

#[test]
fn filters_by_name() {
    let all = ["main;a;b 1", "main;a>x>b;c 2", "main;d 4"];
    let check = |options: FilterOptions, want: &[&str]| {
        let (got, warnings) = filtered(&all, options.clone());
        assert_eq!(got, want, "{options:?}");
        assert!(warnings.is_empty(), "{options:?}: {warnings:?}");
    };
    check(options!(focus: "^b$"), &["main;a;b 1", "main;a>x>b;c 2"]);
    check(options!(ignore: "b|d"), &[]);
    check(options!(focus: "^a", ignore: "^c"), &["main;a;b 1"]);
    check(
        options!(hide: "^(a|b)$"),
        &["main 1", "main;x;c 2", "main;d 4"],
    );
    check(options!(show: "a"), &["main;a 1", "main;a 2", "main 4"]);
    check(options!(show: "^a", hide: "main"), &["a 1", "a 2"]);
    check(options!(show_from: "x"), &["x>b;c 2"]);
    check(options!(show_from: "^[bx]"), &["b 1", "x>b;c 2"]);
    check(
        options!(prune_from: "^a"),
        &["main;a 1", "main;a 2", "main;d 4"],
    );
    // What is hidden is hidden before show_from looks.
    let (got, warnings) = filtered(&all, options!(hide: "x", show_from: "x"));
    assert!(got.is_empty());
    assert_eq!(warnings, ["ShowFrom expression matched no samples"]);
}

#[test]
fn filters_match_the_mapped_file() {
    let mut p = profile(&["main;a 1", "main;b 2"]);
    let file = p.strings.intern("/bin/server");
    p.mappings.push(Mapping {
        id: 1,
        file,
        ..Mapping::default()
    });
    p.locations[1].mapping = Some(gowhy_profile::MappingIx(0));
    let apply = |options| {
        let mut p = p.clone();
        let filters = Filters::new(&options, &LabelUnits::default()).expect("they are good");
        filters.apply(&mut p);
        stacks(&p)
    };
    assert_eq!(apply(options!(focus: "server")), ["main;a 1"]);
    assert_eq!(apply(options!(hide: "server")), ["main 1", "main;b 2"]);
    assert_eq!(apply(options!(show: "server")), ["a 1"]);
    assert_eq!(apply(options!(show_from: "server")), ["a 1"]);
}

#[test]
fn what_matches_nothing_is_told() {
    let nothing = "nothing";
    let (_, warnings) = filtered(
        &["main 1"],
        options!(focus: nothing, ignore: nothing,
        hide: nothing, show: nothing, show_from: nothing, tag_focus: nothing,
        tag_ignore: nothing, tag_show: nothing, tag_hide: nothing),
    );
    let names = [
        "Focus",
        "Ignore",
        "Hide",
        "Show",
        "ShowFrom",
        "TagFocus",
        "TagIgnore",
        "TagShow",
        "TagHide",
    ];
    assert_eq!(
        warnings,
        names.map(|n| format!("{n} expression matched no samples"))
    );
}

#[test]
fn filters_by_label() {
    let all = [
        "a 1 user=alice route=/x",
        "b 2 user=bob bytes=1024bytes",
        "c 3 bytes=32kb",
        "d 4 size=5",
        "e 5",
    ];
    let check = |focus: &str, want: &str| {
        let (got, _) = filtered(&all, options!(tag_focus: focus));
        let got: String = got.iter().map(|s| &s[..1]).collect();
        assert_eq!(got, want, "{focus}");
        let (rest, _) = filtered(&all, options!(tag_ignore: focus));
        assert_eq!(rest.len() + got.len(), 5, "{focus}");
    };
    check("alice", "a");
    check("user:", "ab");
    check("user=^b", "b");
    check("user=x,b", "b");
    check("alice,route", "a");
    check("alice,bob", "");
    check("route=alice", "");
    check("1kb", "b");
    check("bytes=1kb", "b");
    check("user=1kb", "");
    // A unit that is not known counts as any: the key `size` suggests none.
    check("1kb:", "bd");
    check(":1mb", "bc");
    // The unit of a key is the first one seen: 32kb counts as 32 bytes.
    check("2kb:1mb", "d");
    check("32bytes:33b", "c");
    check("5", "d");
    check("5size", "d");
    check("=alice", "a");
    let e = Filters::new(&options!(tag_focus: "["), &LabelUnits::default()).expect_err("bad");
    let text = "parsing tagfocus regexp: error parsing regexp: missing closing ]: `[`";
    assert_eq!(e.to_string(), text);
    let e = Filters::new(&options!(hide: "a)"), &LabelUnits::default()).expect_err("bad");
    let text = "parsing hide regexp: error parsing regexp: unexpected ): `a)`";
    assert_eq!(e.to_string(), text);
    let filters = Filters::new(&options!(tag_ignore: "k=1:"), &LabelUnits::default());
    let notes = filters.expect("it is good").notes().join("\n");
    assert_eq!(notes, "tagignore:Interpreted '1:' as range, not regexp");
}

#[test]
fn labels_are_shown_and_hidden_by_key() {
    let all = ["a 1 user=alice route=/x", "b 2", "c 3 bytes=5kb user=bob"];
    let check = |options, want: [&str; 3]| {
        let (got, warnings) = filtered(&all, options);
        assert_eq!(got, want);
        assert!(warnings.is_empty(), "{warnings:?}");
    };
    check(
        options!(tag_show: "u"),
        ["a 1 user=alice route=/x", "b 2", "c 3 user=bob"],
    );
    check(
        options!(tag_show: "^u"),
        ["a 1 user=alice", "b 2", "c 3 user=bob"],
    );
    check(
        options!(tag_hide: "^u"),
        ["a 1 route=/x", "b 2", "c 3 bytes=5kb"],
    );
    check(
        options!(tag_show: "u", tag_hide: "e$"),
        ["a 1 user=alice", "b 2", "c 3 user=bob"],
    );
}

#[test]
fn pruning() {
    // Root first here; the examples are those of google/pprof's documentation, which is leaf first.
    let check = |pattern: &str, cut: &str, from: &str| {
        let mut p = profile(&["D;B;C;B;A 1"]);
        prune(&mut p, &regexp(pattern), None);
        assert_eq!(stacks(&p), [cut], "prune {pattern}");
        let mut p = profile(&["D;B;C;B;A 1"]);
        prune_from(&mut p, &regexp(pattern));
        assert_eq!(stacks(&p), [from], "prune_from {pattern}");
    };
    check("A", "D;B;C;B 1", "D;B;C;B;A 1");
    check("B", "D 1", "D;B;C;B 1");
    // Before the first frame that stays, nothing is cut.
    check("D", "D;B;C;B;A 1", "D 1");
    let mut p = profile(&["main;x>drop(int)>in;leaf 1", "main;keep;drop 2"]);
    prune(&mut p, &regexp("^(drop|keep)$"), Some(&regexp("keep")));
    assert_eq!(stacks(&p), ["main;x 1", "main;keep 2"]);
}

#[test]
fn a_profile_names_its_own_uninteresting_frames() {
    let mut p = profile(&["main;alloc;inner 1", "main;alloc2 2"]);
    p.drop_frames = p.strings.intern("alloc.*|other");
    p.keep_frames = p.strings.intern("alloc2");
    remove_uninteresting(&mut p).expect("the patterns are good");
    assert_eq!(stacks(&p), ["main 1", "main;alloc2 2"]);
    p.drop_frames = p.strings.intern("[");
    let e = remove_uninteresting(&mut p).expect_err("this one is bad");
    assert!(e.to_string().contains("failed to compile regexp ["), "{e}");
}

#[test]
fn show_from_needs_a_match() {
    let mut p = profile(&["main;a 1"]);
    assert!(!show_from(&mut p, &regexp("zzz")));
    assert!(p.samples.is_empty());
}

#[test]
fn granularity() {
    let mut b = Builder::new(&[("samples", "count")]);
    let f = b.function("f", "f.go", 1);
    let g = b.function("g", "g.go", 2);
    let at = |function, line| Line {
        function: Some(function),
        line,
        column: 4,
    };
    let l = b.location(None, 0x10, &[at(f, 5), at(g, 6)]);
    b.sample(&[l], &[1], &[]);
    let p = b.finish();
    let check = |granularity: &str, no_inlines, columns, want: &str| {
        let mut p = p.clone();
        let g: Granularity = granularity.parse().expect("it is one");
        aggregate(&mut p, g, no_inlines, columns);
        let lines = p.lines(LocationIx(0)).iter().map(|line| {
            let f = p.function(line.function.expect("it has one"));
            let (name, file) = (p.str(f.name), p.str(f.filename));
            format!(" {name}|{file}|{}|{}", line.line, line.column)
        });
        let got = format!("{:x}", p.locations[0].address) + &lines.collect::<String>();
        assert_eq!(got, want, "{granularity}");
    };
    check("functions", false, false, "0 f||0|0 g||0|0");
    check("filefunctions", false, true, "0 f|f.go|0|0 g|g.go|0|0");
    check("files", true, false, "0 |g.go|0|0");
    check("lines", false, false, "0 f|f.go|5|0 g|g.go|6|0");
    check("lines", true, true, "0 g|g.go|6|4");
    check("addresses", false, false, "10 f|f.go|5|4 g|g.go|6|4");
    check("addresses", true, false, "10 g|g.go|6|0");
    assert!("pages".parse::<Granularity>().is_err());
}

#[test]
fn labels_as_frames() {
    let all = [
        "main;a 1 user=bob bytes=2048bytes",
        "main 2",
        "main 4 user=x user=y",
    ];
    let mut p = profile(&all);
    let found = add_tag_frames(&mut p, &["user", "none"], &["bytes"], "kb");
    assert!(found.root && found.leaf);
    let want = ["bob;;main;a;2kB 1", ";;main; 2", "x,y;;main; 4"];
    let got: Vec<String> = stacks(&p)
        .iter()
        .map(|s| s.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(got, want);
    let mut p = profile(&all);
    let found = add_tag_frames(&mut p, &["none"], &[], "auto");
    assert!(!found.root && !found.leaf);
}

#[test]
fn units_of_labels() {
    let p = profile(&[
        "a 1 bytes=5kb",
        "b 1 bytes=5mb request=1",
        "c 1 bytes=3b lag=7 x=y",
    ]);
    let units = LabelUnits::of(&p);
    assert_eq!(units.get("bytes"), "kb");
    assert_eq!(units.get("request"), "bytes");
    assert_eq!(units.get("lag"), "lag");
    assert_eq!(units.get("x"), "");
    let ignored: Vec<_> = units.ignored.iter().collect();
    assert_eq!(format!("{ignored:?}"), r#"[("bytes", {"b", "mb"})]"#);
}

#[test]
fn merging_scales_to_the_finest_unit() {
    let seconds = typed(&[("wall", "count"), ("cpu", "s")], &["a 1 2", "b 0 0"]);
    let millis = typed(&[("cpu", "ms"), ("extra", "count")], &["a 1500 1", "c 7 1"]);
    let both = merge([&seconds, &millis]).expect("they fit");
    assert_eq!(stacks(&both), ["a 3500", "c 7"]);
    let other_way = merge([&millis, &seconds]).expect("they fit");
    assert_eq!(stacks(&other_way), ["a 3500", "c 7"]);
    let t = both.sample_types[0];
    assert_eq!((both.str(t.kind), both.str(t.unit)), ("cpu", "ms"));
    assert_eq!(both.str(both.default_sample_type), "cpu");
    let bytes = typed(&[("cpu", "bytes")], &["a 1"]);
    let e = merge([&seconds, &bytes]).expect_err("they do not");
    assert_eq!(
        e.to_string(),
        "sample types: incompatible types: cpu/s cpu/bytes"
    );
    let e = merge([&profile(&["a 1"]), &seconds]).expect_err("they do not");
    assert_eq!(e.to_string(), "profiles have empty common sample type list");
    assert!(merge([]).is_err());
}

#[test]
fn headers_of_a_merge() {
    let make = |time, duration, period, comment: &str| {
        let mut p = profile(&["a 1"]);
        (p.time_nanos, p.duration_nanos, p.period) = (time, duration, period);
        let comment = p.strings.intern(comment);
        p.comments.push(comment);
        p
    };
    let parts = [
        make(50, 1, 10, "x"),
        make(20, 2, 30, "y"),
        make(0, 4, 20, "x"),
    ];
    let merged = merge(&parts).expect("they fit");
    // A time that is not known does not count, wherever it stands.
    assert_eq!(merged.time_nanos, 20);
    assert_eq!(merged.duration_nanos, 7);
    assert_eq!(merged.period, 30);
    let comments: Vec<_> = merged.comments.iter().map(|&c| merged.str(c)).collect();
    assert_eq!(comments, ["x", "y"]);
    assert_eq!(stacks(&merged), ["a 3"]);
}

#[test]
fn periods_of_different_types_do_not_merge() {
    let make = |kind: &str, unit: &str, period| {
        let mut p = profile(&["a 1"]);
        let (kind, unit) = (p.strings.intern(kind), p.strings.intern(unit));
        p.period_type = ValueType { kind, unit };
        p.period = period;
        p
    };
    let (ms, ns) = (make("cpu", "ms", 10), make("cpu", "ns", 20_000_000));
    for parts in [[&ms, &ns], [&ns, &ms]] {
        let merged = merge(parts).expect("they fit");
        assert_eq!(merged.str(merged.period_type.unit), "ns");
        assert_eq!(merged.period, 20_000_000);
    }
    let e = merge([&ms, &make("space", "bytes", 1)]).expect_err("they do not");
    let text = "period type: incompatible types: cpu/ms space/bytes";
    assert_eq!(e.to_string(), text);
}

#[test]
fn the_same_code_at_another_address_is_the_same() {
    let make = |start: u64| {
        let mut p = profile(&["main;a 1"]);
        let file = p.strings.intern("/bin/server");
        p.mappings.push(Mapping {
            id: 1,
            start,
            limit: start + 0x1800,
            file,
            ..Mapping::default()
        });
        for (i, l) in p.locations.iter_mut().enumerate() {
            l.mapping = Some(gowhy_profile::MappingIx(0));
            l.address = start + 16 * i as u64;
        }
        p
    };
    let merged = merge([&make(0x1000), &make(0x7f00_0000)]).expect("they fit");
    assert_eq!(stacks(&merged), ["main;a 2"]);
    assert_eq!(merged.mappings.len(), 1);
    assert_eq!(merged.locations[0].address, 0x1010);
}

#[test]
fn scaling_loses_no_sample() {
    let types = [("samples", "count"), ("cpu", "ns")];
    let samples = ["a 1 0", "b 0 3", "c 0 1", "d 3 -3"];
    let mut p = typed(&types, &samples);
    scale_n(&mut p, &[1.0, 0.5], Rules::Stated).expect("there are two ratios");
    assert_eq!(stacks(&p), ["a 1 0", "b 0 2", "c 0 1", "d 3 -2"]);
    let mut as_pprof = typed(&types, &samples);
    scale_n(&mut as_pprof, &[1.0, 0.5], Rules::Code).expect("there are two ratios");
    assert_eq!(stacks(&as_pprof), ["b 0 2", "c 0 1", "d 3 -2"]);
    scale(&mut p, 0.3);
    assert_eq!(stacks(&p), ["b 0 1", "d 1 -1"]);
    let e = scale_n(&mut p, &[1.0], Rules::Stated).expect_err("there is one");
    assert_eq!(e.to_string(), "mismatched scale ratios, got 1, want 2");
}

#[test]
fn a_merge_lends_its_strings() {
    let parts = [
        profile(&["a;b 1 k=x", "c 2"]),
        profile(&["b;a 3 k=x", "d>e 4 n=5kb"]),
        profile(&["c 5", "f;b 6 u=w"]),
    ];
    let want = merge(&parts).expect("they fit");
    let mut merger = Merger::default();
    merger.add(&parts[0]).expect("it fits");
    for part in &parts[1..] {
        let mut strings = merger.lend();
        let before = strings.len();
        let junk = &encode(part)[1..];
        let e = decode_reader_into(junk, &mut strings).expect_err("it is cut");
        assert_eq!(strings.len(), before, "{e}");
        let bytes = encode_gz(part);
        let p = decode_reader_into(&bytes[..], &mut strings).expect("it is whole");
        merger.add_own(p, strings).expect("it fits");
    }
    // Two in one file do not share.
    let mut strings = merger.lend();
    let twice = [encode(&parts[2]), encode(&parts[2])].concat();
    let p = decode_reader_into(&twice[..], &mut strings).expect("they are whole");
    merger.add_own(p, strings).expect("it fits");
    // Something else may come in between.
    let strings = merger.lend();
    merger.add_own(parts[0].clone(), strings).expect("it fits");
    let got = merger.finish().expect("there are some");
    let all = [&want, &parts[2], &parts[2], &parts[0]];
    let want = merge(all).expect("they fit");
    assert_eq!(encode(&got), encode(&want));
}

#[test]
fn normalizing() {
    let mut p = profile(&["a 10", "b 30"]);
    normalize(&mut p, &profile(&["x 20"]), Rules::Stated).expect("they fit");
    assert_eq!(stacks(&p), ["a 5", "b 15"]);
    let other = typed(&[("cpu", "ns")], &[]);
    let e = normalize(&mut p, &other, Rules::Stated).expect_err("they do not");
    let text = "incompatible sample types [samples/count] and [cpu/ns]";
    assert_eq!(e.to_string(), text);
}

#[test]
fn differences() {
    let after = profile(&["a 10", "b 5", "c 1 user=x"]);
    let before = profile(&["a 4", "b 5", "d 2"]);
    let check = |mode, normalized, want: &[&str]| {
        let d = diff(
            after.clone(),
            before.clone(),
            mode,
            normalized,
            Rules::Stated,
        )
        .expect("they fit");
        assert_eq!(stacks(&d), want);
    };
    check(DiffMode::Subtract, false, &["a 6", "c 1 user=x", "d -2"]);
    let base = [
        "a 10",
        "b 5",
        "c 1 user=x",
        "a -4 pprof::base=true",
        "b -5 pprof::base=true",
        "d -2 pprof::base=true",
    ];
    check(DiffMode::Compare, false, &base);
    check(
        DiffMode::Subtract,
        true,
        &["a 3", "b -2", "c 1 user=x", "d -2"],
    );
}

#[test]
fn compacting_keeps_what_is_needed() {
    let mut p = profile(&["main;a 1", "main;b 2"]);
    p.samples.retain(|samples, i| samples.values(i)[0] == 2);
    let small = gowhy_profile::compact(&p).expect("it fits itself");
    assert_eq!(stacks(&small), ["main;b 2"]);
    assert_eq!(small.functions.len(), 2);
    assert!(small.strings.find("a").is_none());
    assert_eq!(folded::encode(&small, 0), "main;b 2\n");
}

#[test]
fn demangling_touches_only_names_of_the_linker() {
    let check = |name: &str, system_name: &str, mode, force, want: &str| {
        let mut p = profile(&["x 1"]);
        p.functions[0].name = p.strings.intern(name);
        p.functions[0].system_name = p.strings.intern(system_name);
        demangle(&mut p, mode, force);
        assert_eq!(p.str(p.functions[0].name), want);
    };
    let name = "a::f<int>(char)";
    check(name, name, Demangle::Simple, false, "a::f");
    check(name, name, Demangle::Templates, false, "a::f<int>");
    check(name, name, Demangle::Full, false, name);
    check(name, name, Demangle::None, false, name);
    check("nice", name, Demangle::Simple, false, "nice");
    check("nice", name, Demangle::Simple, true, "a::f");
    check("nice", name, Demangle::None, true, name);
    check("", name, Demangle::Simple, false, "a::f");
}
