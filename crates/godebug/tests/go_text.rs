//! What Go prints of a process is what its profile.proto of the same moment says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use godebug::goroutine::{self, Dump};
use gowhy_godebug as godebug;
use profile::{LabelValue, Profile, ReadOptions};
use testkit::Variant;

/// Has a program of this Go version leave its profiles in a folder.
fn profiles(version: &str, dir: &Path) {
    let program = testkit::program("profiles", version, Variant::Plain).expect("it builds");
    // Of so many events one in 37 is sampled a dozen times or two, and never as often as 37 times:
    // what Go 1.19 counts cannot look like what later ones have multiplied.
    let status = Command::new(program)
        .args(["-text", "-work=1500ms", "-mutex=37", "-dir"])
        .arg(dir)
        .stdout(Stdio::null())
        .status()
        .expect("it starts");
    assert!(status.success());
}

fn read(dir: &Path, name: &str) -> Profile {
    let bytes = fs::read(dir.join(name)).expect("the program wrote it");
    profile::read_any(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The name with dots for type arguments, as text has it.
fn without_types(name: &str) -> String {
    match (name.find('['), name.rfind(']')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}[...{}", &name[..open], &name[close..])
        }
        _ => name.to_owned(),
    }
}

type Sums = BTreeMap<(Vec<String>, Vec<String>), Vec<i64>>;

fn is_runtime(name: &str) -> bool {
    name.starts_with("runtime.") || name.starts_with("internal/runtime/")
}

/// The values of each stack, as function, file's name and line from the leaf, with its labels.
/// `cut`: without the runtime's functions at the leaf, unless there are no others. Without the
/// stacks of the goroutine that writes the profile.
fn sums(p: &Profile, cut: bool) -> Sums {
    let mut sums = Sums::new();
    for i in 0..p.samples.len() {
        let lines = p.samples.stack(i).iter().flat_map(|&l| p.lines(l));
        let mut stack: Vec<(&str, String)> = lines
            .map(|line| {
                let f = p.function(line.function.expect("every frame has a name"));
                let name = p.str(f.name);
                let plain = without_types(name);
                let file = p.str(f.filename).rsplit('/').next().unwrap_or_default();
                (name, format!("{plain} {file}:{}", line.line))
            })
            .filter(|(name, _)| *name != "runtime.goexit")
            .collect();
        if stack
            .iter()
            .any(|(name, _)| name.contains("pprof.(*Profile)"))
        {
            continue;
        }
        let user = stack.iter().position(|(name, _)| !is_runtime(name));
        if cut && let Some(user) = user {
            stack.drain(..user);
        }
        let labels = p.samples.labels(i).iter().map(|label| match label.value {
            LabelValue::Str(s) => format!("{}:{}", p.str(label.key), p.str(s)),
            LabelValue::Num(n, _) => format!("{}:{n}", p.str(label.key)),
        });
        let mut labels: Vec<String> = labels.collect();
        labels.sort();
        let stack = stack.into_iter().map(|(_, text)| text).collect();
        let entry = sums.entry((stack, labels));
        let sum = entry.or_insert_with(|| vec![0; p.sample_types.len()]);
        for (sum, v) in sum.iter_mut().zip(p.samples.values(i)) {
            *sum += v;
        }
    }
    sums.retain(|_, values| values.iter().any(|&v| v != 0));
    sums
}

fn check(version: &str) {
    let dir = tempfile::tempdir().expect("there is room");
    let dir = dir.path();
    profiles(version, dir);
    for name in ["heap", "allocs", "block", "goroutine"] {
        let (text, proto) = (
            read(dir, &format!("{name}.txt")),
            read(dir, &format!("{name}.pb.gz")),
        );
        let kinds = |p: &Profile| -> Vec<String> {
            p.sample_types
                .iter()
                .map(|t| p.str(t.kind).to_owned())
                .collect()
        };
        assert_eq!(kinds(&text), kinds(&proto), "{version} {name}");
        // The text of block profiles has all functions.
        let cut = name != "block";
        let (text, proto) = (sums(&text, cut), sums(&proto, cut));
        assert!(
            proto.len() > 1,
            "{version} {name}: there is something to compare"
        );
        assert_eq!(text, proto, "{version} {name}");
    }
    // The runtime's own locks are contended between one profile and the next.
    let ours = |name| {
        let mut sums = sums(&read(dir, name), false);
        sums.retain(|(stack, _), _| stack.iter().any(|f| f.starts_with("main.")));
        sums
    };
    let proto = ours("mutex.pb.gz");
    assert!(!proto.is_empty(), "{version}: locks were contended");
    assert_eq!(ours("mutex.txt"), proto, "{version} mutex");

    let (text, proto) = (
        read(dir, "threadcreate.txt"),
        read(dir, "threadcreate.pb.gz"),
    );
    let total = |p: &Profile| p.samples.totals()[0];
    assert!(total(&text) > 0);
    // Threads may have started in between.
    assert!(total(&text) >= total(&proto), "{version} threadcreate");

    // As pprof reads it, no function is known.
    let exact = ReadOptions {
        exact: true,
        ..Default::default()
    };
    let bytes = fs::read(dir.join("goroutine.txt")).expect("it is there");
    let p = profile::read_any_with(&bytes, &exact).expect("pprof reads it, too");
    assert!(p.functions.is_empty() && !p.samples.has_labels());
    assert_eq!(total(&p), total(&read(dir, "goroutine.txt")));

    dump(version, dir);
}

/// The goroutine dump has the same stacks as the profile.
fn dump(version: &str, dir: &Path) {
    let text = fs::read_to_string(dir.join("goroutine.debug2.txt")).expect("it is there");
    let dump = Dump::parse(&text);
    assert_eq!(dump.damaged().count(), 0, "{version}: {text}");
    let wait = "main.wait".to_owned();
    let waiting = |g: &&goroutine::Goroutine<'_>| g.stack.frames[0].func == wait;
    let found: Vec<_> = dump.goroutines().filter(waiting).collect();
    assert_eq!(found.len(), 9, "{version}");
    for g in found {
        assert_eq!(g.state, "chan receive", "{version}");
        let by = g.stack.created_by.expect("main made it");
        assert_eq!(by.func, "main.main", "{version}");
        assert!(by.file.ends_with("main.go") && by.line > 0 && by.offset.is_some());
    }
    let places = |p: &Profile| -> BTreeMap<String, i64> {
        let mut places = BTreeMap::new();
        for ((stack, _), values) in sums(p, true) {
            *places.entry(stack.join(";")).or_default() += values[0];
        }
        places
    };
    let of_dump = goroutine::profile(&text).expect("there are goroutines");
    // System goroutines are in neither; the one that writes is in neither here.
    assert_eq!(
        places(&of_dump),
        places(&read(dir, "goroutine.txt")),
        "{version}"
    );
}

#[test]
fn text_and_proto_say_the_same_oldest() {
    check("1.19");
}

#[test]
fn text_and_proto_say_the_same() {
    check("1.23");
}

#[test]
fn text_and_proto_say_the_same_newest() {
    check("1.27");
}
