//! The flame graph as a reader of its SVG sees it.

use gowhy_report::flame::{Options, render};
use gowhy_report::pipeline::prepare;
use gowhy_report::source::{Finder, LocalFiles};
use gowhy_report::svg::font;
use gowhy_report::time::Utc;
use gowhy_report::{Shown, View};
use profile::{Builder, Line, Profile};
use proptest::prelude::*;
use roxmltree::{Document, Node};

/// A profile of stacks that are written root first; `a~b` is b inlined into a.
fn profile(stacks: &[(&str, i64)]) -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let file = b.intern("/usr/bin/server");
    b.mapping(profile::Mapping {
        file,
        ..profile::Mapping::default()
    });
    for (stack, value) in stacks {
        let mut locations = Vec::new();
        for location in stack.split(';') {
            let line = |name: &str| Line {
                function: Some(b.function(name, &format!("{name}.go"), 1)),
                line: name.len() as i64,
                column: 0,
            };
            let mut lines: Vec<Line> = location.split('~').map(line).collect();
            lines.reverse();
            locations.push(b.location(None, 0, &lines));
        }
        locations.reverse();
        b.sample(&locations, &[1, *value], &[]);
    }
    let p = b.profile_mut();
    p.duration_nanos = 2_000_000_000;
    b.finish()
}

fn example() -> Profile {
    profile(&[
        ("main.main;main.work~main.hot", 600_000_000),
        ("main.main;main.work;net/http.(*conn).serve", 300_000_000),
        ("main.main;runtime.mallocgc", 100_000_000),
    ])
}

fn options() -> Options {
    Options {
        sample_index: 1,
        ..Options::default()
    }
}

struct Box {
    title: String,
    text: String,
    class: String,
    italic: bool,
    x: f64,
    width: f64,
    row: f64,
    text_x: f64,
}

fn number(node: &Node<'_, '_>, attribute: &str) -> f64 {
    let text = node.attribute(attribute).expect("the attribute is there");
    text.parse().expect("the attribute is a number")
}

fn boxes(svg: &Document<'_>) -> Vec<Box> {
    let flames = svg
        .descendants()
        .find(|n| n.attribute("id") == Some("flames"));
    let rows = flames
        .expect("the boxes are there")
        .children()
        .filter(|n| n.has_tag_name("g"));
    let mut boxes = Vec::new();
    for row in rows {
        let transform = row.attribute("transform").unwrap_or_default();
        let y = transform
            .trim_start_matches("translate(0 ")
            .trim_end_matches(')');
        for g in row.children().filter(|n| n.has_tag_name("g")) {
            let child = |name: &str| g.children().find(|n| n.has_tag_name(name));
            let (title, rect) = (
                child("title"),
                child("rect").expect("a box has a rectangle"),
            );
            let text = child("text");
            boxes.push(Box {
                title: title.and_then(|t| t.text()).unwrap_or_default().to_owned(),
                text: text.and_then(|t| t.text()).unwrap_or_default().to_owned(),
                class: rect.attribute("class").unwrap_or_default().to_owned(),
                italic: text.is_some_and(|t| t.attribute("font-style") == Some("italic")),
                x: number(&rect, "x"),
                width: number(&rect, "width") + 0.5,
                row: y.parse().expect("rows have a place"),
                text_x: text.map_or(0.0, |t| number(&t, "x")),
            });
        }
    }
    boxes
}

fn titles(source: &str) -> Vec<String> {
    let svg = Document::parse(source).expect("the picture is XML");
    boxes(&svg).into_iter().map(|b| b.title).collect()
}

fn texts<'a>(svg: &'a Document<'a>) -> Vec<&'a str> {
    svg.descendants()
        .filter(|n| n.has_tag_name("text"))
        .filter_map(|n| n.text())
        .collect()
}

fn data(source: &str) -> serde_json::Value {
    let svg = Document::parse(source).expect("the picture is XML");
    let script = svg
        .descendants()
        .find(|n| n.attribute("type") == Some("application/json"));
    let text = script.and_then(|s| s.text()).expect("the data is there");
    serde_json::from_str(text).expect("the data is JSON")
}

#[test]
fn boxes_say_name_place_value_and_shares() {
    assert_eq!(
        titles(&render(&example(), &options())),
        [
            "all\n1s, 100% of total",
            "main.main\nmain.main.go:9\n1s, 100% of total",
            "main.work\nmain.work.go:9\n900ms, 90.00% of total, 90.00% of parent",
            "runtime.mallocgc\nruntime.mallocgc.go:16\n100ms, 10.00% of total, 10.00% of parent",
            "main.hot\nmain.hot.go:8\n600ms, 60.00% of total, 66.67% of parent\ninlined",
            "net/http.(*conn).serve\nnet/http.(*conn).serve.go:22\n\
             300ms, 30.00% of total, 33.33% of parent",
        ]
    );
}

#[test]
fn widths_are_shares_and_children_stand_below_their_parents() {
    let source = render(&example(), &options());
    let svg = Document::parse(&source).expect("the picture is XML");
    let boxes = boxes(&svg);
    let room = options().width - 20.0;
    for (b, share) in boxes.iter().zip([1.0, 1.0, 0.9, 0.1, 0.6, 0.3]) {
        assert!((b.width - share * room).abs() <= 0.11, "{}", b.title);
    }
    let near = |a: f64, b: f64| (a - b).abs() <= 0.11;
    assert!(near(boxes[2].x + boxes[2].width, boxes[3].x));
    assert!(near(boxes[4].x, boxes[2].x) && near(boxes[4].x + boxes[4].width, boxes[5].x));
    let rows: Vec<f64> = boxes.iter().map(|b| b.row - boxes[0].row).collect();
    assert_eq!(rows, [0.0, 18.0, 36.0, 36.0, 54.0, 54.0]);
}

#[test]
fn flames_can_point_upwards() {
    let upwards = Options {
        upwards: true,
        ..options()
    };
    let source = render(&example(), &upwards);
    let svg = Document::parse(&source).expect("the picture is XML");
    let rows: Vec<f64> = boxes(&svg).iter().map(|b| b.row).collect();
    let steps: Vec<f64> = rows.iter().map(|r| rows[0] - r).collect();
    assert_eq!(steps, [0.0, 18.0, 36.0, 36.0, 54.0, 54.0]);
    assert_eq!(data(&source)["up"], true);
}

#[test]
fn title_and_lines_stand_above() {
    let notes = Options {
        notes: vec!["99 % captured".to_owned()],
        ..options()
    };
    let source = render(&example(), &notes);
    let svg = Document::parse(&source).expect("the picture is XML");
    let expect = [
        "server: cpu",
        "Total 1s in 2s (50.00% of one CPU)",
        "99 % captured",
    ];
    assert_eq!(texts(&svg)[..3], expect);
    let named = Options {
        title: "mine".to_owned(),
        subtitle: "below".to_owned(),
        sample_index: 0,
        ..Options::default()
    };
    let source = render(&example(), &named);
    let svg = Document::parse(&source).expect("the picture is XML");
    assert_eq!(texts(&svg)[..2], ["mine", "below"]);
    let counts = render(&example(), &Options::default());
    let svg = Document::parse(&counts).expect("the picture is XML");
    assert_eq!(texts(&svg)[..2], ["server: samples", "Total 3 count in 2s"]);
}

#[test]
fn inlined_and_runtime_frames_are_marked() {
    let source = render(&example(), &options());
    let svg = Document::parse(&source).expect("the picture is XML");
    let boxes = boxes(&svg);
    let italic: Vec<&str> = boxes
        .iter()
        .filter(|b| b.italic)
        .map(|b| b.text.as_str())
        .collect();
    assert_eq!(italic, ["main.hot"]);
    let runtime: Vec<&str> = boxes
        .iter()
        .filter(|b| b.class.starts_with("rs"))
        .map(|b| b.text.as_str())
        .collect();
    assert_eq!(runtime, ["runtime.mallocgc"]);
    let dashes = svg
        .descendants()
        .find(|n| n.attribute("class") == Some("inlined"));
    let d = dashes.and_then(|n| n.attribute("d")).unwrap_or_default();
    assert_eq!(d.matches('M').count(), 1, "{d}");
    assert!(source.contains("italic, dashed: inlined"));
    let plain = render(&profile(&[("a.b", 1)]), &options());
    assert!(!plain.contains("italic, dashed: inlined"));
}

#[test]
fn comparisons_have_signs_and_other_colors() {
    let p = profile(&[
        ("main.main;a.more", 300),
        ("main.main;a.less", -100),
        ("main.gone", -500),
    ]);
    let source = render(&p, &options());
    let svg = Document::parse(&source).expect("the picture is XML");
    let got: Vec<(String, String)> = boxes(&svg).into_iter().map(|b| (b.text, b.class)).collect();
    let expect = [
        ("all -300ns", "root"),
        ("main.gone -500ns", "m4"),
        ("main.main +200ns", "p2"),
        ("a.more +300ns", "p4"),
        ("a.less -100ns", "m4"),
    ];
    let expect: Vec<_> = expect
        .iter()
        .map(|(t, c)| (t.to_string(), c.to_string()))
        .collect();
    assert_eq!(got, expect);
    assert_eq!(texts(&svg)[1], "Change -300ns (+300ns, -600ns)");
    assert_eq!(data(&source)["signed"], true);
}

#[test]
fn shares_are_of_the_total_that_is_given() {
    let half = Options {
        total: 2_000_000_000,
        ..options()
    };
    let title = &titles(&render(&example(), &half))[1];
    assert_eq!(title, "main.main\nmain.main.go:9\n1s, 50.00% of total");
}

#[test]
fn small_boxes_are_not_drawn_but_kept_for_zoom() {
    let p = profile(&[
        ("main.main;a.big", 9_950),
        ("main.main;a.small", 50),
        ("a.tiny", 1),
    ]);
    let source = render(
        &p,
        &Options {
            min_share: 0.01,
            ..options()
        },
    );
    let drawn = titles(&source).join("\n");
    assert!(drawn.contains("a.big") && !drawn.contains("a.small") && !drawn.contains("a.tiny"));
    let kept = data(&source)["fns"].to_string();
    assert!(kept.contains("a.big") && kept.contains("a.small") && !kept.contains("a.tiny"));
    assert_eq!(data(&source)["trimmed"], true);
}

#[test]
fn data_holds_the_tree_in_depth_first_order() {
    let data = data(&render(&example(), &options()));
    assert_eq!(data["scale"], 100_000_000);
    let names: Vec<&str> = data["fns"]
        .as_array()
        .expect("functions are a list")
        .iter()
        .filter_map(|f| f[0].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "main.main",
            "main.work",
            "main.hot",
            "net/http.(*conn).serve",
            "runtime.mallocgc"
        ]
    );
    let nodes = serde_json::json!([
        0, 0, 10, 0, 0, // all
        0, 0, 10, 0, 27, // main.main, line 9
        0, 1, 9, 0, 27, // main.work
        0, 2, 6, 6, 26, // main.hot, line 8, inlined
        1, 3, 3, 3, 66, // serve, beside it
        2, 4, 1, 1, 48 // mallocgc, beside main.work
    ]);
    assert_eq!(data["nodes"], nodes);
}

#[test]
fn a_large_profile_gives_a_small_file() {
    let mut stacks = Vec::new();
    for i in 0..3000u64 {
        let frame = |d: u64| format!("example.com/service/pkg{}.function{}", d % 7, (i * d) % 900);
        let stack: Vec<String> = (1..40).map(frame).collect();
        stacks.push((stack.join(";"), 10_000_000));
    }
    let stacks: Vec<(&str, i64)> = stacks.iter().map(|(s, v)| (s.as_str(), *v)).collect();
    let least = Options {
        min_share: 0.0,
        ..options()
    };
    let source = render(&profile(&stacks), &least);
    assert!(source.len() < 2_000_000, "{}", source.len());
    Document::parse(&source).expect("the picture is XML");
}

#[test]
fn nothing_is_a_picture_too() {
    for p in [profile(&[]), Profile::default(), profile(&[("a", 0)])] {
        let source = render(&p, &options());
        assert_eq!(titles(&source), ["all\n0, 0% of total"]);
    }
    let odd = Options {
        width: f64::NAN,
        min_share: f64::INFINITY,
        ..options()
    };
    Document::parse(&render(&example(), &odd)).expect("the picture is XML");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_name_gives_a_picture(
        names in prop::collection::vec("[^;~]{1,60}", 1..20),
        values in prop::collection::vec(1i64..1000, 20),
        title in any::<String>(),
    ) {
        let stacks: Vec<(String, i64)> = names
            .windows(2.min(names.len()))
            .zip(&values)
            .map(|(w, v)| (w.join(";"), *v))
            .collect();
        let stacks: Vec<(&str, i64)> = stacks.iter().map(|(s, v)| (s.as_str(), *v)).collect();
        let p = profile(&stacks);
        let options = Options { title, ..options() };
        let source = render(&p, &options);
        prop_assert_eq!(&source, &render(&p, &options));
        // The script's data must not end the script element in HTML either.
        prop_assert_eq!(source.matches("</script>").count(), 2);
        let svg = Document::parse(&source);
        prop_assert!(svg.is_ok());
        data(&source);
        for b in boxes(&svg.expect("it was parsed")) {
            let end = b.text_x + font::width(&b.text, 12.0);
            prop_assert!(b.text.is_empty() || end <= b.x + b.width, "{:?}", b.text);
        }
    }
}

#[test]
fn a_report_gives_title_total_and_filters() {
    let mut p = example();
    let comment = p.strings.intern("99 % of the CPU time captured");
    p.comments.push(comment);
    let options = gowhy_report::Options {
        focus: "work".to_owned(),
        ..gowhy_report::Options::default()
    };
    let prepared = prepare(p, &options, &View::Flame, &Utc).expect("the options are right");
    let mut out = Vec::new();
    let files = LocalFiles;
    let mut finder = Finder::new(&files, "", "");
    let shown = Shown::new(&prepared.report, &View::Flame, &mut finder).expect("it is shown");
    shown.write(&mut out).expect("memory takes it");
    let source = String::from_utf8(out).expect("the picture is text");
    let svg = Document::parse(&source).expect("the picture is XML");
    let above = [
        "server: cpu",
        "Total 1s in 2s (50.00% of one CPU)",
        "99 % of the CPU time captured",
        "focus=work",
    ];
    assert_eq!(texts(&svg)[..4], above);
    let titles = titles(&source);
    assert_eq!(titles[0], "all\n900ms, 90.00% of total");
    assert_eq!(titles[3].lines().nth(1), Some("main.hot.go:8"));
}

/// The comparison of two profiles, as `-diff_base` makes it.
fn compared(before: &[(&str, i64)], after: &[(&str, i64)]) -> Profile {
    let mode = profile::diff::DiffMode::Compare;
    let (after, before) = (profile(after), profile(before));
    profile::diff::diff(after, before, mode, false, profile::merge::Rules::Stated)
        .expect("they fit")
}

#[test]
fn a_comparison_shows_both_sides_and_is_as_wide_as_the_larger() {
    const S: i64 = 1_000_000_000;
    let p = compared(
        &[("main;same", 4 * S), ("main;less", 3 * S), ("main;gone", S)],
        &[("main;same", 4 * S), ("main;less", S), ("main;new", 2 * S)],
    );
    // As in reports, percentages are of the base.
    let options = Options {
        total: 8 * S,
        ..options()
    };
    let source = render(&p, &options);
    let svg = Document::parse(&source).expect("the picture is XML");
    let boxes = boxes(&svg);
    let find = |name: &str| {
        let named = |b: &&Box| b.title.lines().next() == Some(name);
        boxes.iter().find(named).expect(name)
    };
    // 4 + 3 + 1 + 2, in 1180 pixels.
    for (name, width, sides, change) in [
        ("same", 4.0, "before 4s, after 4s (+0%)", "0, 0% of total"),
        (
            "less",
            3.0,
            "before 3s, after 1s (-66.67%)",
            "-2s, 25.00% of total",
        ),
        (
            "gone",
            1.0,
            "before 1s, after 0 (-100%)",
            "-1s, 12.50% of total",
        ),
        ("new", 2.0, "before 0, after 2s", "+2s, 25.00% of total"),
        (
            "main",
            10.0,
            "before 8s, after 7s (-12.50%)",
            "-1s, 12.50% of total",
        ),
    ] {
        let found = find(name);
        assert!(
            (found.width - width * 118.0).abs() < 1.0,
            "{name}: {}",
            found.width
        );
        let lines: Vec<&str> = found.title.lines().collect();
        assert_eq!(lines[lines.len() - 2..], [sides, change], "{name}");
    }
    assert_eq!(find("same").class, "z", "what did not change has no colour");
    assert_eq!(find("gone").class, "m4");
    assert_eq!(find("new").class, "p4");
    let expect = "Change -1s: before 8s, after 7s (-12.50%)";
    assert!(texts(&svg).contains(&expect), "{:?}", texts(&svg));
}
