//! No view panics, whatever a profile holds: the largest and smallest numbers, names with everything
//! in them, comparisons that come out as nothing.

use std::io;
use std::path::Path;

use gowhy_report::options::{Granularity, Options, Sort};
use gowhy_report::pipeline::prepare;
use gowhy_report::source::{Finder, SourceFiles};
use gowhy_report::time::Utc;
use gowhy_report::view::Image;
use gowhy_report::{Shown, View, json};
use profile::{Builder, Label, LabelValue, Line, Mapping, Profile};
use proptest::prelude::*;

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(-1),
        Just(i64::MAX),
        Just(i64::MIN),
        any::<i64>(),
        -50i64..50,
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("main.main".to_owned()),
        Just("a::b<c>::d(e)".to_owned()),
        Just("p[...].é\"\\\n\t;x".to_owned()),
        Just("/../..//x/./y.go".to_owned()),
        ".{0,8}",
    ]
}

/// The frames of each location, the values, the labels.
type Row = (Vec<Vec<usize>>, [i64; 2], Vec<(String, i64)>);

#[derive(Clone, Debug)]
struct Made {
    unit: String,
    times: [i64; 3],
    frames: Vec<(String, String, i64, i64, u64)>,
    samples: Vec<Row>,
}

fn made() -> impl Strategy<Value = Made> {
    let frame = (name(), name(), number(), number(), any::<u64>());
    let location = prop::collection::vec(0usize..8, 0..3);
    let stack = prop::collection::vec(location, 0..5);
    let labels = prop::collection::vec((name(), number()), 0..3);
    let sample = (stack, [number(), number()], labels);
    let unit = prop_oneof![
        Just("nanoseconds".to_owned()),
        Just("bytes".to_owned()),
        Just("count".to_owned()),
        name(),
    ];
    (
        unit,
        [number(), number(), number()],
        prop::collection::vec(frame, 8),
        prop::collection::vec(sample, 0..8),
    )
        .prop_map(|(unit, times, frames, samples)| Made {
            unit,
            times,
            frames,
            samples,
        })
}

fn profile_of(made: &Made) -> Profile {
    let mut b = Builder::new(&[("n", "count"), ("v", &made.unit)]);
    let p = b.profile_mut();
    [p.time_nanos, p.duration_nanos, p.period] = made.times;
    let file = b.intern(&made.frames[0].1);
    let mapping = b.mapping(Mapping {
        file,
        limit: u64::MAX,
        ..Default::default()
    });
    for (stack, values, labels) in &made.samples {
        let stack: Vec<_> = stack
            .iter()
            .map(|frames| {
                let mut address = 0;
                let lines: Vec<Line> = frames
                    .iter()
                    .map(|&i| {
                        let (name, file, start, line, at) = &made.frames[i];
                        address = *at;
                        Line {
                            function: Some(b.function(name, file, *start)),
                            line: *line,
                            column: *start,
                        }
                    })
                    .collect();
                b.location(Some(mapping), address, &lines)
            })
            .collect();
        let labels: Vec<Label> = labels
            .iter()
            .map(|(key, n)| match n % 3 {
                0 => b.label(key, "text"),
                1 => b.label("pprof::base", "true"),
                _ => Label {
                    key: b.intern("bytes"),
                    value: LabelValue::Num(*n, b.intern(key)),
                },
            })
            .collect();
        b.sample(&stack, values, &labels);
    }
    b.finish()
}

struct Source;

impl SourceFiles for Source {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.as_os_str().len() % 2 {
            0 => Ok(b"x\n\xff\r\nlast".into()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn options() -> impl Strategy<Value = Options> {
    let granularity = prop_oneof![
        Just(None),
        Just(Some(Granularity::Files)),
        Just(Some(Granularity::Lines)),
        Just(Some(Granularity::Addresses)),
    ];
    let divide_by = prop_oneof![
        Just(1.0),
        Just(-2.0),
        Just(1e-300),
        Just(f64::NAN),
        Just(3.0)
    ];
    let fraction = prop_oneof![Just(0.0), Just(0.3), Just(-1.0), Just(f64::INFINITY)];
    let switches = any::<[bool; 6]>();
    (granularity, divide_by, fraction, switches, number(), name()).prop_map(
        |(granularity, divide_by, fraction, switches, nodecount, unit)| {
            let [call_tree, mean, drop_negative, noinlines, cum, minimum] = switches;
            Options {
                granularity,
                divide_by,
                nodefraction: fraction,
                edgefraction: fraction,
                call_tree,
                mean,
                drop_negative,
                noinlines,
                showcolumns: noinlines,
                sort: if cum { Sort::Cum } else { Sort::Flat },
                nodecount,
                unit: if minimum { "minimum".into() } else { unit },
                ..Default::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn every_view_copes(made in made(), options in options()) {
        let any = || ".".to_owned();
        for view in [
            View::Top, View::Tree, View::Peek(any()), View::List(any()), View::Traces, View::Raw,
            View::Proto, View::TopProto, View::Tags, View::Comments, View::Dot, View::Svg,
            View::Flame, View::Folded, View::Speedscope, View::Callgrind, View::Html,
            View::Image(Image::Pdf), View::Image(Image::Ps),
        ] {
            let Ok(prepared) = prepare(profile_of(&made), &options, &view, &Utc) else {
                continue;
            };
            let mut finder = Finder::new(&Source, "/a:/b", "");
            let Ok(shown) = Shown::new(&prepared.report, &view, &mut finder) else {
                continue;
            };
            let mut out = Vec::new();
            shown.write(&mut out).expect("memory takes everything");
            out.clear();
            json::write(&prepared.report, &shown, &mut out).expect("memory takes everything");
            let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&out);
            prop_assert!(parsed.is_ok(), "{view:?}: {parsed:?}");
        }
    }
}
