//! Goroutines of live processes, against what the processes print of themselves.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use testkit::{Running, Variant};

use crate::gowhy::{gowhy, start};

/// A goroutine of a text: its header from the state on, and its frames as they are printed, without
/// arguments.
type Dump = BTreeMap<u64, (String, Vec<String>)>;

/// Reads `debug=2`. Arguments are cut, and what Go leaves out of deep stacks is a frame of its own.
fn parse(text: &str) -> Dump {
    let mut all = Dump::new();
    for block in text.split("\n\n").filter(|b| !b.trim().is_empty()) {
        let mut lines = block.trim_matches('\n').lines();
        let header = lines.next().expect("a header");
        let words = header.strip_prefix("goroutine ").expect(header);
        let (id, state) = words.split_once(' ').expect(header);
        let frames = lines.map(without_arguments).collect();
        all.insert(id.parse().expect(header), (state.to_owned(), frames));
    }
    all
}

fn without_arguments(line: &str) -> String {
    if line.starts_with(['\t', '.']) || line.starts_with("created by ") {
        return line.to_owned();
    }
    // The last pair of parentheses; receivers have some too, and arguments may nest braces only.
    match line.rfind('(') {
        Some(at) if line.ends_with(')') => format!("{}(...)", &line[..at]),
        _ => line.to_owned(),
    }
}

/// Whether a stack is the same, as far as Go prints it.
fn same_stack(ours: &[String], theirs: &[String]) -> bool {
    // Of a deep stack Go leaves out frames in the middle, or before who created it; the oldest
    // versions do not say that they do.
    const DEEP: usize = 190;
    let elided = theirs.iter().position(|line| line.starts_with("..."));
    let creator = theirs
        .iter()
        .position(|line| line.starts_with("created by "));
    let (top, rest) = match (elided, creator) {
        (Some(at), _) => (&theirs[..at], &theirs[at + 1..]),
        (None, Some(at)) if at > DEEP && ours.len() > theirs.len() => theirs.split_at(at),
        _ => return ours == theirs,
    };
    ours.len() >= top.len() + rest.len() && ours.starts_with(top) && ours.ends_with(rest)
}

/// Waits until a text that another process writes is whole.
fn dump(running: &Running, file: &std::path::Path) -> Dump {
    let kill = Command::new("kill")
        .args(["-USR2", &running.pid().to_string()])
        .status();
    assert!(kill.expect("kill runs").success());
    running.wait_for("dumped").expect("it dumps");
    parse(&fs::read_to_string(file).expect("a dump"))
}

fn check(version: &str, variant: Variant) {
    let what = format!("{version} {}", variant.name());
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("dump.txt");
    let args = ["-dump", file.to_str().expect("utf-8"), "-warm", "300ms"];
    let running = start("waits", version, variant, &args);
    let pid = running.pid().to_string();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let before = dump(&running, &file);
        let r = gowhy(&["goroutine", &pid, "-debug=2"]);
        assert_eq!(r.code, 0, "{what}: {}", r.err);
        let ours = parse(&r.out);
        let theirs = dump(&running, &file);
        // Something may still have been on its way to where it waits.
        if before != theirs && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        }
        let numbers = |dump: &Dump| dump.keys().copied().collect::<Vec<_>>();
        assert_eq!(numbers(&ours), numbers(&theirs), "{what}");
        let mut states = std::collections::BTreeSet::new();
        for (id, (state, frames)) in &theirs {
            // The one that writes the dump runs while it does so.
            if state.starts_with("[running") {
                continue;
            }
            states.insert(state.as_str());
            let (our_state, our_frames) = &ours[id];
            assert_eq!(our_state, state, "{what}: goroutine {id}");
            assert!(
                same_stack(our_frames, frames),
                "{what}: goroutine {id}\n{our_frames:#?}\n{frames:#?}"
            );
        }
        assert!(states.len() >= 10, "{what}: {states:?}");
        assert!(r.err.contains("nothing was stopped"), "{what}: {}", r.err);
        return;
    }
}

#[test]
fn goroutines_of_every_version_and_build_are_what_go_prints() {
    let _alone = testkit::alone().expect("a lock");
    for version in ["1.19", "1.21", "1.23", "1.25", "1.27"] {
        for variant in [
            Variant::Plain,
            Variant::Stripped,
            Variant::StrippedPie,
            Variant::Cgo,
        ] {
            if variant != Variant::Cgo || testkit::has_c_compiler() {
                check(version, variant);
            }
        }
    }
}

#[test]
fn running_goroutines_have_the_stack_of_their_thread() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("cpu", "1.27", Variant::Stripped, &[]);
    let pid = running.pid().to_string();
    let args = ["goroutine", &pid, "--json", "--patience", "2s"];
    let r = gowhy(&args);
    assert_eq!(r.code, 0, "{}", r.err);
    let json: serde_json::Value = serde_json::from_str(&r.out).expect("JSON");
    let all = json["goroutines"].as_array().expect("goroutines");
    let on_thread = all.iter().filter(|g| g["stack_from"] == "registers");
    for g in on_thread.clone() {
        let stack = &json["stacks"][g["stack"].as_u64().expect("a stack") as usize];
        let frames = stack["frames"].as_array().expect("frames");
        let last = frames.last().expect("a frame");
        assert_eq!(last["function"], "runtime.goexit", "{g}");
        assert!(frames.len() > 1 && g["thread"].as_u64() > Some(0), "{g}");
    }
    assert!(on_thread.count() > 0, "{}", r.err);
}

#[test]
fn groups_filters_and_profiles_count_alike() {
    let running = start(
        "waits",
        "1.27",
        Variant::Plain,
        &["-quiet", "-many", "1000"],
    );
    let pid = running.pid().to_string();
    let out = |args: &[&str]| {
        let mut all = vec!["goroutine", &pid, "-q"];
        all.extend(args);
        let r = gowhy(&all);
        assert_eq!(r.code, 0, "{}", r.err);
        r.out
    };
    let by_state = out(&["--group", "state", "--with", "main.climb"]);
    for state in [
        "chan receive",
        "select",
        "sync.Cond.Wait",
        "sleep",
        "sync.WaitGroup.Wait",
    ] {
        assert!(by_state.contains(&format!("200  {state}\n")), "{by_state}");
    }
    let by_creator = out(&["--group", "creator"]);
    assert!(by_creator.contains("1000  main.startMany "), "{by_creator}");
    // Each fifth waits for something of its own, but who sleeps or selects among several.
    let by_object = out(&["--group", "object", "--with", "goloc main.startMany"]);
    let objects = |state: &str| {
        let is_it = |l: &&str| l.starts_with("200  0x") && l.ends_with(state);
        by_object.lines().filter(is_it).count()
    };
    for state in ["chan receive", "sync.WaitGroup.Wait", "sync.Cond.Wait"] {
        assert_eq!(objects(state), 1, "{by_object}");
    }
    let selected = out(&["--with", "state=select", "--with", "goloc main.startMany"]);
    assert!(selected.contains("\n200  select\n"), "{selected}");
    assert!(!selected.contains("chan receive"), "{selected}");
    let without = out(&["--without", "userloc time.Sleep", "--group", "function"]);
    assert!(!without.contains("time.Sleep"), "{without}");
    // As a profile.
    let top = out(&["-top", "-nodefraction=0", "-nodecount=100"]);
    let climb = top.lines().find(|l| l.contains("main.climb")).expect(&top);
    assert!(climb.contains("1000 "), "{climb}");
    let text = out(&["-debug=1"]);
    assert!(text.starts_with("goroutine profile: total "), "{text}");
    assert!(text.contains("\n200 @ 0x"), "{text}");
    // As data.
    let json: serde_json::Value = serde_json::from_str(&out(&["--json"])).expect("JSON");
    let waiting = json["goroutines"].as_array().expect("goroutines").iter();
    let waiting = waiting.filter(|g| g["created_by"] == "main.startMany");
    assert_eq!(waiting.count(), 1000);
    assert_eq!(json["schema"], "gowhy.goroutines");
    assert_eq!(json["read"]["torn"], 0);
}

#[test]
fn a_dump_shows_as_the_process_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("dump.txt");
    let path = file.to_str().expect("utf-8");
    let args = ["-dump", path, "-quiet", "-many", "50", "-warm", "300ms"];
    let running = start("waits", "1.27", Variant::Stripped, &args);
    dump(&running, &file);
    let pid = running.pid().to_string();
    let of = |target: &str, more: &[&str]| {
        let mut args = vec!["goroutine", target, "-q", "--without", "main.dumper"];
        args.extend(more);
        let r = gowhy(&args);
        assert_eq!(r.code, 0, "{}", r.err);
        r.out
    };
    for view in [
        &["--group", "state"][..],
        &["--group", "creator"],
        &["--group", "userloc"],
        &["--group", "stack", "--groups", "0"],
        &["-debug=2"],
    ] {
        // What is hidden in one is not there in the other.
        let strip = |text: String| {
            let text = text
                .lines()
                .map(|l| l.split("; ").next().unwrap_or(l).to_owned());
            text.collect::<Vec<_>>()
        };
        let (live, saved) = (of(&pid, view), of(path, view));
        assert_eq!(strip(live), strip(saved), "{view:?}");
    }
}

/// Runs `testbed/waits` with another version written into it, and reads it.
fn forged(version: &str) -> (crate::gowhy::Run, Dump) {
    let dir = tempfile::tempdir().expect("a directory");
    let binary = testkit::program("waits", "1.27", Variant::Stripped).expect("a program");
    let mut bytes = fs::read(binary).expect("its bytes");
    let real = b"go1.27.3";
    assert_eq!(real.len(), version.len());
    let at: Vec<usize> = (0..bytes.len() - real.len())
        .filter(|at| bytes[*at..].starts_with(real))
        .collect();
    assert!(!at.is_empty(), "the version is in the program");
    for at in at {
        bytes[at..at + real.len()].copy_from_slice(version.as_bytes());
    }
    let forged = dir.path().join("waits");
    fs::write(&forged, bytes).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&forged, mode).expect("a mode");
    let file = dir.path().join("dump.txt");
    let mut command = Command::new(&forged);
    command.args(["-dump", file.to_str().expect("utf-8"), "-warm", "300ms"]);
    let running = Running::start(command).expect("it starts");
    let theirs = dump(&running, &file);
    let r = gowhy(&["goroutine", &running.pid().to_string(), "-debug=2"]);
    (r, theirs)
}

#[test]
fn a_version_that_is_not_the_real_one_gives_no_wrong_goroutine() {
    // Newer than any known, and older ones of other layouts.
    for version in ["go1.99.3", "go1.24.3", "go1.22.3", "go1.19.3"] {
        let (r, theirs) = forged(version);
        if r.code != 0 {
            assert_eq!(r.code, 5, "{version}: {}", r.err);
            assert!(r.err.starts_with("error: "), "{version}: {}", r.err);
            continue;
        }
        assert!(r.err.contains("warning: "), "{version}: {}", r.err);
        let ours = parse(&r.out);
        for (id, (state, frames)) in &theirs {
            if state.starts_with("[running") {
                continue;
            }
            let (our_state, our_frames) = ours.get(id).expect("no goroutine is missing");
            assert!(
                same_stack(our_frames, frames),
                "{version}: {our_frames:#?}\n{frames:#?}"
            );
            // Labels and reasons may be missing, but not be wrong.
            assert!(
                our_state == state || our_state == "[waiting]:",
                "{version}: {our_state} is {state}"
            );
        }
    }
}

#[test]
fn what_can_be_read_is_explained() {
    let running = start("waits", "1.27", Variant::StrippedPie, &["-quiet"]);
    let pid = running.pid().to_string();
    let r = gowhy(&["goroutine", &pid, "--explain"]);
    assert_eq!(r.code, 0, "{}", r.err);
    for line in [
        "  globals found by     code that refers to them\n",
        "  layouts from         table of releases\n",
        "  wait reasons         yes\n",
    ] {
        assert!(r.out.contains(line), "{}", r.out);
    }
}

/// Stacks of a text with `debug=1`, without addresses, and how often each is there.
fn stacks(text: &str) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for block in text.split("\n\n").filter(|b| b.contains(" @ ")) {
        let from = block.find(" @ ").expect("a stack");
        let count = block[..from].lines().last().expect("a count");
        let mut key = String::new();
        for line in block[from..].lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').filter(|c| !c.is_empty()).collect();
            match cells[..] {
                ["#", _, function, place] => {
                    let name = function.split('+').next().expect("a name");
                    key += &format!("{name} {place}\n");
                }
                _ => key += line,
            }
        }
        *all.entry(key).or_default() += count.parse::<u64>().expect("a number");
    }
    // The one that dumps runs then; and Go cuts deep stacks.
    all.retain(|key, _| !key.contains("main.dumper") && !key.contains("main.deep"));
    all
}

#[test]
fn profiles_of_goroutines_are_those_of_go() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("dump");
    let path = file.to_str().expect("utf-8");
    for version in ["1.19", "1.23", "1.27"] {
        let args = ["-dump", path, "-warm", "500ms", "-many", "50"];
        let running = start("waits", version, Variant::Stripped, &args);
        let pid = running.pid().to_string();
        dump(&running, &file);
        let r = gowhy(&["goroutine", &pid, "-q", "-debug=1"]);
        let theirs = fs::read_to_string(format!("{path}.1")).expect("a text");
        let (ours, theirs) = (stacks(&r.out), stacks(&theirs));
        let differ: Vec<_> = ours
            .iter()
            .filter(|(k, n)| theirs.get(*k) != Some(n))
            .collect();
        assert!(ours == theirs, "{version}: {differ:#?}");
        let view = ["-traces", "-ignore=main.(dumper|deep)"];
        let ours = gowhy(&[&["goroutine", &pid, "-q"][..], &view].concat());
        let theirs = gowhy(&[&["pprof"][..], &view, &[&format!("{path}.pb.gz")]].concat());
        // The first lines tell when and of which file the profile is.
        let traces = |out: &str| -> BTreeMap<String, usize> {
            let mut all = BTreeMap::new();
            let separator = "-----------+-----";
            for trace in out.split(separator).skip(1) {
                *all.entry(trace.trim_matches(['-', '\n']).to_owned())
                    .or_default() += 1;
            }
            all
        };
        assert_eq!(
            traces(&ours.out),
            traces(&theirs.out),
            "{version}: {}",
            ours.err
        );
    }
}
