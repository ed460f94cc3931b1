//! The profiles that the runtime keeps, read from outside, against what the process writes itself.

use std::path::Path;
use std::time::{Duration, Instant};

use profile::{LabelValue, Profile};
use testkit::{Running, Variant};

use crate::gowhy::{gowhy, profile, start};
use crate::matrix::{VARIANTS, each};

/// A sample: its stack as text, its labels, its values.
type Sample = (Vec<String>, Vec<String>, Vec<i64>);

/// All samples, sorted.
fn samples(p: &Profile) -> Vec<Sample> {
    let mut all: Vec<Sample> = (0..p.samples.len())
        .map(|i| {
            let stack = p.samples.stack(i).iter().map(|l| {
                let lines = p.lines(*l).iter().map(|line| {
                    let f = p.function(line.function.expect("a function"));
                    let (name, file) = (p.str(f.name), p.str(f.filename));
                    format!("{name} {file}:{} from {}", line.line, f.start_line)
                });
                let lines: Vec<String> = lines.collect();
                let at = p.location(*l);
                let mapping = at.mapping.map_or("", |m| p.str(p.mappings[m.ix()].file));
                format!("{:#x} of {mapping}: {}", at.address, lines.join(" < "))
            });
            let labels = p.samples.labels(i).iter().map(|label| {
                let key = p.str(label.key);
                match label.value {
                    LabelValue::Str(text) => format!("{key}={}", p.str(text)),
                    LabelValue::Num(n, unit) => format!("{key}={n}{}", p.str(unit)),
                }
            });
            (
                stack.collect(),
                labels.collect(),
                p.samples.values(i).to_vec(),
            )
        })
        .collect();
    all.sort();
    all
}

/// What a profile says beside its samples.
fn head(p: &Profile) -> Vec<String> {
    let pair = |t: &profile::ValueType| format!("{}/{}", p.str(t.kind), p.str(t.unit));
    let mut out: Vec<String> = p.sample_types.iter().map(pair).collect();
    out.push(format!("period {} {}", p.period, pair(&p.period_type)));
    out.push(format!("default {:?}", p.str(p.default_sample_type)));
    out.push(format!("comments {}", p.comments.len()));
    out.push(format!("duration {}", p.duration_nanos));
    out.push(format!("drop {:?}", p.str(p.drop_frames)));
    out
}

fn ours(pid: &str, name: &str, dir: &Path, what: &str) -> Profile {
    let file = dir.join("ours.pb.gz");
    let path = file.to_str().expect("utf-8");
    let r = gowhy(&[name, pid, "-proto", "-output", path]);
    assert_eq!(r.code, 0, "{what} {name}: {}", r.err);
    profile(&file)
}

fn theirs(running: &mut Running, name: &str, dir: &Path) -> Profile {
    let file = dir.join("theirs.pb.gz");
    let path = file.to_str().expect("utf-8");
    running
        .send(&format!("save {name} {path}"))
        .expect("it listens");
    running.wait_for("saved").expect("it answers");
    profile(&file)
}

/// The first samples that differ.
fn difference(ours: &[Sample], theirs: &[Sample]) -> String {
    let only = |a: &[Sample], b: &[Sample]| {
        let only: Vec<Sample> = a.iter().filter(|s| !b.contains(s)).cloned().collect();
        let first = only.first().map(|(stack, labels, values)| {
            (stack.iter().take(6).collect::<Vec<_>>(), labels, values)
        });
        format!("{} samples, such as {first:#?}", only.len())
    };
    let (left, right) = (only(ours, theirs), only(theirs, ours));
    format!("only gowhy has {left}\nonly Go has {right}")
}

/// Compares one profile while nothing moves.
fn same(running: &mut Running, name: &str, dir: &Path, what: &str) -> usize {
    let pid = running.pid().to_string();
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        let before = ours(&pid, name, dir, what);
        let go = theirs(running, name, dir);
        let after = ours(&pid, name, dir, what);
        // Stacks without a value are new ones, such as of whoever writes the profile.
        let split = |p: &Profile| -> (Vec<Sample>, Vec<Sample>) {
            let all = samples(p).into_iter();
            all.partition(|(_, _, values)| values.iter().any(|v| *v != 0))
        };
        let ((a, old), (b, new), (c, newest)) = (split(&before), split(&go), split(&after));
        // The runtime contends for its own locks now and then, and starts threads.
        if a != c && Instant::now() < end {
            continue;
        }
        assert_eq!(head(&after), head(&go), "{what} {name}");
        assert!(c == b, "{what} {name}: {}", difference(&c, &b));
        let within = |few: &[Sample], many: &[Sample]| few.iter().all(|s| many.contains(s));
        let grows = within(&old, &new) && within(&new, &newest);
        assert!(grows, "{what} {name}: {}", difference(&newest, &new));
        return b.len();
    }
}

fn check(version: &str, variant: Variant) {
    let what = format!("{version} {}", variant.name());
    let dir = tempfile::tempdir().expect("a directory");
    let mut running = start("memory", version, variant, &[]);
    // The first profile of waits makes the runtime compute how fast its clock is.
    theirs(&mut running, "block", dir.path());
    for (name, least) in [
        ("heap", 50),
        ("allocs", 50),
        ("block", 5),
        ("mutex", 2),
        ("threadcreate", 1),
    ] {
        let count = same(&mut running, name, dir.path(), &what);
        assert!(count >= least, "{what} {name}: {count} samples");
    }
}

#[test]
fn profiles_of_every_version_and_build_are_what_go_writes() {
    each(&VARIANTS, check);
}

#[test]
fn before_any_collection_everything_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let binary = testkit::program("memory", "1.25", Variant::Stripped).expect("it builds");
    let mut command = std::process::Command::new(binary);
    command
        .args(["-collect=false", "-rate", "1"])
        .env("GOGC", "off");
    let mut running = Running::start(command).expect("it starts");
    let pid = running.pid().to_string();
    let ours = ours(&pid, "heap", dir.path(), "no collection");
    let go = theirs(&mut running, "heap", dir.path());
    // Whoever writes a profile allocates, and here all of that is told.
    let bytes = |p: &Profile| p.samples.totals();
    let (ours, go) = (bytes(&ours), bytes(&go));
    for (a, b) in ours.iter().zip(&go) {
        assert!(a <= b && *a as f64 > *b as f64 * 0.5, "{ours:?} {go:?}");
    }
}

#[test]
fn the_clock_is_known_before_the_program_asks() {
    for version in ["1.21", "1.27"] {
        let dir = tempfile::tempdir().expect("a directory");
        let mut running = start("memory", version, Variant::Stripped, &[]);
        let pid = running.pid().to_string();
        let ours = ours(&pid, "block", dir.path(), version);
        let go = theirs(&mut running, "block", dir.path());
        let (a, b) = (ours.samples.totals(), go.samples.totals());
        assert_eq!(a[0], b[0], "{version}");
        let off = (a[1] - b[1]).abs() as f64 / b[1] as f64;
        assert!(off < 0.02, "{version}: {a:?} {b:?}");
    }
}

#[test]
fn a_profile_that_is_off_says_so() {
    let running = start(
        "memory",
        "1.23",
        Variant::Plain,
        &["-block", "0", "-mutex", "0", "-rate", "0"],
    );
    let pid = running.pid().to_string();
    for name in ["block", "heap", "allocs"] {
        let r = gowhy(&[name, &pid]);
        assert_eq!(r.code, 3, "{name}: {} {}", r.out, r.err);
        assert!(r.err.contains("switched off"), "{name}: {}", r.err);
        assert!(r.err.contains("hint: "), "{name}: {}", r.err);
    }
}

#[test]
fn all_flags_of_reports_are_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let running = start("memory", "1.27", Variant::Stripped, &["-rate", "512"]);
    let pid = running.pid().to_string();
    let top = gowhy(&["heap", &pid, "-focus", "main.deep"]);
    assert!(top.out.contains("main.zeros"), "{} {}", top.out, top.err);
    assert!(top.out.contains("Type: inuse_space"), "{}", top.out);
    let top = gowhy(&["allocs", &pid, "-top"]);
    assert!(top.out.contains("Type: alloc_space"), "{}", top.out);
    let kept = dir.path().join("kept.pb.gz");
    let path = kept.to_str().expect("utf-8");
    let r = gowhy(&["heap", &pid, "-o", path]);
    assert_eq!(r.code, 0, "{}", r.err);
    let saved = gowhy(&[
        "heap",
        path,
        "-peek",
        "main.grow",
        "-sample_index=alloc_objects",
    ]);
    assert!(saved.out.contains("main.allocate"), "{}", saved.out);
}
