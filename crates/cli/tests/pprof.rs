//! `gowhy pprof` prints what `go tool pprof` prints: of made-up profiles with everything that a
//! profile can hold, and of profiles that Go programs write of themselves.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use profile::{Builder, Line, LocationIx, Mapping, Profile};
use testkit::Variant;

/// Runs a program with these arguments and nothing of the user's environment.
fn run(program: &Path, before: &[&str], args: &[&OsStr], dir: &Path) -> Output {
    Command::new(program)
        .args(before)
        .args(args)
        .env_clear()
        .envs([("TZ", "UTC"), ("TERM", "dumb")])
        .env("HOME", dir)
        .env("PPROF_BINARY_PATH", "/nonexistent")
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

struct Tools {
    pprof: PathBuf,
    dir: tempfile::TempDir,
}

impl Tools {
    fn new() -> Self {
        Tools {
            pprof: testkit::go::pprof().expect("pprof can be had"),
            dir: tempfile::tempdir().expect("there is room for files"),
        }
    }

    fn save(&self, name: &str, profile: &Profile) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, profile::encode_gz(profile)).expect("there is room for files");
        path
    }

    fn compare(&self, flags: &str, sources: &[&Path]) {
        self.compare_as(&["pprof"], flags, sources);
    }

    /// Fails unless both print the same, and both succeed or both fail.
    fn compare_as(&self, verb: &[&str], flags: &str, sources: &[&Path]) {
        let gowhy = Path::new(env!("CARGO_BIN_EXE_gowhy"));
        let flags: Vec<&OsStr> = flags.split_whitespace().map(OsStr::new).collect();
        let sources = sources.iter().map(|path| path.as_os_str());
        let args: Vec<&OsStr> = flags.into_iter().chain(sources).collect();
        let ours = run(gowhy, verb, &args, self.dir.path());
        let theirs = run(&self.pprof, &[], &args, self.dir.path());
        assert_eq!(
            ours.status.success(),
            theirs.status.success(),
            "{args:?}: {} {}",
            String::from_utf8_lossy(&ours.stderr),
            String::from_utf8_lossy(&theirs.stderr),
        );
        if ours.stdout == theirs.stdout {
            return;
        }
        let (ours, theirs) = (
            String::from_utf8_lossy(&ours.stdout),
            String::from_utf8_lossy(&theirs.stdout),
        );
        let lines = ours.lines().zip(theirs.lines());
        let first = lines.clone().position(|(a, b)| a != b);
        let at = first.unwrap_or(lines.count());
        panic!(
            "{args:?}: line {}:\n  ours:   {}\n  theirs: {}",
            at + 1,
            ours.lines().nth(at).unwrap_or("(end)"),
            theirs.lines().nth(at).unwrap_or("(end)"),
        );
    }
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

const FUNCTIONS: [&str; 12] = [
    "main.main",
    "main.(*server).handle",
    "main.hash[go.shape.int]",
    "main.generic[...]",
    "encoding/json.Marshal",
    "encoding/json.(*encoder).value",
    "github.com/a/b/v2.Run",
    "github.com/a/b/v2.Run.func1",
    "runtime.mallocgc",
    "runtime.memmove",
    "type:.eq.[2]interface {}",
    "std::vec<int>::push(int)",
];

const FILES: [&str; 4] = [
    "/usr/local/go/src/runtime/malloc.go",
    "/proc/self/cwd/main.go",
    "./lib/../lib/b.go",
    "",
];

/// A profile with inlined calls, recursion, several binaries, labels of both kinds, code without
/// names, empty stacks and samples of 0.
fn made_up(seed: u64, heap: bool) -> Profile {
    let mut dice = Dice(seed);
    let types: &[(&str, &str)] = match heap {
        true => &[
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ],
        false => &[("samples", "count"), ("cpu", "nanoseconds")],
    };
    let mut b = Builder::new(types);
    let p = b.profile_mut();
    p.time_nanos = 1_700_000_000_123_456_789;
    p.duration_nanos = 30_000_000_000 * i64::from(!heap);
    p.period = 10_000_000;
    p.period_type = p.sample_types[types.len() - 1];
    let comment = b.intern("made up");
    b.profile_mut().comments.push(comment);

    let mappings: Vec<_> = ["/bin/app", "/lib/libc.so.6", ""]
        .iter()
        .zip(0u64..)
        .map(|(file, i)| {
            let file = b.intern(file);
            let build_id = b.intern("abcdef");
            b.mapping(Mapping {
                start: i << 20,
                limit: (i + 1) << 20,
                file,
                build_id,
                has_functions: true,
                has_filenames: true,
                has_line_numbers: true,
                has_inline_frames: true,
                ..Default::default()
            })
        })
        .collect();
    let locations: Vec<LocationIx> = (0..40)
        .map(|i| {
            let frames = dice.below(8).saturating_sub(4).min(2) + u64::from(i > 2);
            let lines: Vec<Line> = (0..frames)
                .map(|_| {
                    let name = dice.below(12);
                    // A function is in one file, as a rule.
                    let file = (name + u64::from(dice.below(10) == 0)) % 4;
                    let (name, file) = (FUNCTIONS[name as usize], FILES[file as usize]);
                    Line {
                        function: Some(b.function(name, file, 10)),
                        line: dice.below(5) as i64 + 10,
                        column: dice.below(3) as i64,
                    }
                })
                .collect();
            let mapping = *dice.pick(&mappings);
            let address = (u64::from(mapping.0) << 20) + 16 * i;
            b.location(Some(mapping), address, &lines)
        })
        .collect();
    for _ in 0..60 {
        let depth = dice.below(9);
        let stack: Vec<_> = (0..depth).map(|_| *dice.pick(&locations)).collect();
        let mut labels = Vec::new();
        if dice.below(3) == 0 {
            let value = *dice.pick(&["get", "post", "a\"b"]);
            labels.push(b.label("method", value));
        }
        if dice.below(6) == 0 {
            labels.push(b.label("user", "x"));
        }
        if heap || dice.below(4) == 0 {
            let key = b.intern(if heap { "bytes" } else { "latency" });
            let unit = b.intern(if heap { "bytes" } else { "ms" });
            let size = 16 << dice.below(14);
            let value = profile::LabelValue::Num(size, unit);
            labels.push(profile::Label { key, value });
        }
        let count = dice.below(6) as i64;
        let values: Vec<i64> = (0..types.len() as i64)
            .map(|column| match column % 2 {
                0 => count,
                _ if heap => count * (1 << dice.below(16)),
                _ => count * 10_000_000,
            })
            .collect();
        b.sample(&stack, &values, &labels);
    }
    b.finish()
}

/// Every view, option and filter at least once.
const FLAGS: &[&str] = &[
    "-top",
    "-text -cum -nodecount=7",
    "-top -lines -showcolumns",
    "-top -addresses -nodefraction=0.05",
    "-top -filefunctions -noinlines",
    "-top -compact_labels -unit=auto -divide_by=3",
    "-top -mean -sample_index=0",
    "-top -sample_index=1 -trim=false",
    "-top -focus=main -ignore=memmove",
    "-top -hide=json -relative_percentages",
    "-top -show=main|runtime",
    "-top -show_from=json",
    "-top -prune_from=Run",
    "-top -tagfocus=get -taghide=user",
    "-top -tagignore=method=post",
    "-top -tagroot=method,user -tagleaf=bytes,latency",
    "-top -focus=nosuchfunction",
    "-top -trim_path=/usr/local -lines -source_path=/x/src",
    "-tree",
    "-tree -cum -nodecount=4 -lines",
    "-tree -edgefraction=0.1 -noinlines",
    "-peek=main",
    "-peek=nosuchfunction",
    "-list=json",
    "-list=nosuchfunction",
    "-traces",
    "-traces -lines",
    "-raw",
    "-raw -symbolize=none -all_frames",
    "-tags",
    "-tags -unit=kb",
    "-comments -add_comment=more",
    "-dot",
    "-dot -nodecount=6",
    "-dot -lines -edgefraction=0.05 -nodecount=12",
    "-callgrind",
    "-callgrind -cum -focus=main -unit=us",
    "-top -sample_index=nosuchvalue",
    "-top -focus=(",
];

#[test]
fn made_up_profiles_are_shown_alike() {
    let tools = Tools::new();
    for seed in 0..2 {
        for heap in [false, true] {
            let path = tools.save("p.pb.gz", &made_up(seed, heap));
            for flags in FLAGS {
                tools.compare(flags, &[&path]);
            }
        }
    }
}

#[test]
fn several_profiles_are_merged_and_compared_alike() {
    let tools = Tools::new();
    for heap in [false, true] {
        let paths = [7, 8, 9].map(|seed| {
            let name = format!("p{seed}.pb.gz");
            tools.save(&name, &made_up(seed, heap))
        });
        let [a, b, c] = paths.each_ref().map(PathBuf::as_path);
        for flags in ["-top", "-raw", "-tree -lines", "-dot -nodecount=20"] {
            tools.compare(flags, &[a, b, c]);
            tools.compare(flags, &[a, a]);
        }
        // Not -tree, -dot and -tags: the order of 5 and -5 is left to chance in pprof.
        for flags in ["-top", "-top -lines -cum", "-raw", "-traces"] {
            for base in ["-base", "-diff_base"] {
                let flags = format!("{flags} {base}={}", b.display());
                tools.compare(&flags, &[a]);
                tools.compare(&format!("{flags} -normalize"), &[a]);
                tools.compare(&format!("{flags} -drop_negative"), &[a]);
            }
        }
    }
    let cpu = tools.save("cpu.pb.gz", &made_up(1, false));
    let heap = tools.save("heap.pb.gz", &made_up(1, true));
    tools.compare("-top", &[&cpu, &heap]);
    tools.compare("-top", &[&cpu, Path::new("nosuchfile")]);
}

/// A profile whose second value is in milliseconds or nanoseconds, of calls inlined at a column.
fn timed(unit: &str, time: i64, column: i64) -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", unit)]);
    let p = b.profile_mut();
    p.time_nanos = time;
    p.period_type = p.sample_types[1];
    let functions = ["main.a", "main.b"].map(|name| b.function(name, "main.go", 1));
    let mut columns = [column, 0].into_iter();
    let lines = functions.map(|function| Line {
        function: Some(function),
        line: 7,
        column: columns.next().unwrap_or_default(),
    });
    let both = b.location(None, 16, &lines);
    let one = b.location(None, 32, &lines[1..]);
    b.sample(&[both], &[1, 1 << 60], &[]);
    b.sample(&[one], &[5, 0], &[]);
    b.sample(&[one, both], &[3, 7], &[]);
    b.finish()
}

#[test]
fn mistakes_of_pprof_are_made_on_demand() {
    let tools = Tools::new();
    let a = tools.save("a", &timed("milliseconds", 1_700_000_000_123_456_789, 3));
    let b = tools.save("b", &timed("nanoseconds", 0, 4));
    let exact = ["pprof", "-exact"];
    for flags in ["-raw", "-raw -base=b -base=a", "-raw -base=a -base="] {
        for sources in [[&*a, &*b], [&*b, &*a]] {
            tools.compare_as(&exact, flags, &sources);
        }
    }
    let flags = format!("-raw -normalize -diff_base={}", b.display());
    tools.compare_as(&exact, &flags, &[&a]);
    // What follows the first source is a source.
    tools.compare_as(&exact, "-top a -lines", &[]);

    let (a, b) = (a.as_os_str(), b.as_os_str());
    let gowhy = |args: &[&OsStr]| {
        let program = Path::new(env!("CARGO_BIN_EXE_gowhy"));
        String::from_utf8(run(program, &["pprof"], args, tools.dir.path()).stdout)
            .expect("reports are text")
    };
    let text = gowhy(&["-raw".as_ref(), a, b]);
    assert!(text.contains("Time: 2023-11-14"), "{text}");
    assert!(text.contains("10          0: 2"), "{text}");
    // Each function is a row of its own, as pprof's key has its first line.
    let p = tools.save("p", &made_up(1, false));
    for (flag, rows) in [("-exact", 2), ("-lines=false", 1)] {
        let text = gowhy(&[
            flag.as_ref(),
            "-top".as_ref(),
            "-files".as_ref(),
            p.as_ref(),
        ]);
        let count = text.lines().filter(|l| l.ends_with("  main.go")).count();
        assert!(if rows == 1 { count == 1 } else { count > 1 }, "{text}");
    }
}

#[test]
fn profiles_of_go_programs_are_shown_alike() {
    let tools = Tools::new();
    let program = testkit::program("httpd", "any", Variant::Plain).expect("the testbed builds");
    let path = tools.dir.path().join("cpu.pb.gz");
    let status = Command::new(program)
        .args(["-for=1500ms", "-labels", "-profile-for=1s", "-cpuprofile"])
        .arg(&path)
        .stdout(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success());
    for flags in FLAGS {
        tools.compare(flags, &[&path]);
    }
}

fn gowhy(args: &[&str], dir: &Path) -> Output {
    let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
    let program = Path::new(env!("CARGO_BIN_EXE_gowhy"));
    run(program, &["pprof"], &args, dir)
}

#[test]
fn reports_go_where_they_are_sent() {
    let dir = tempfile::tempdir().expect("there is room for files");
    let path = dir.path().join("p.pb.gz");
    fs::write(&path, profile::encode_gz(&made_up(1, false))).expect("there is room");
    let expect = gowhy(&["-top", "p.pb.gz"], dir.path());

    for args in [
        &["-top", "p.pb.gz", "-o", "out"][..],
        &["--output=out", "--top", "p.pb.gz"],
    ] {
        let output = gowhy(args, dir.path());
        assert!(output.status.success() && output.stdout.is_empty());
        assert_eq!(output.stderr, b"Generating report in out\n");
        let written = fs::read(dir.path().join("out")).expect("it is there");
        assert_eq!(written, expect.stdout);
    }

    let piped = Command::new(env!("CARGO_BIN_EXE_gowhy"))
        .args(["pprof", "-top", "-", "-o", "-"])
        .env("TZ", "UTC")
        .stdin(fs::File::open(&path).expect("it is there"))
        .output()
        .expect("it starts");
    assert_eq!(piped.stdout, expect.stdout);

    let proto = gowhy(&["-proto", "p.pb.gz"], dir.path());
    profile::decode(&proto.stdout).expect("a pipe takes binary data");
}

#[test]
fn call_trees_of_go_programs_are_drawn_alike() {
    let tools = Tools::new();
    let mut dice = Dice(5);
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let locations: Vec<LocationIx> = (0..9)
        .map(|i| {
            let name = format!("main.f{}", i / 2);
            let function = Some(b.function(&name, "/src/main.go", 1));
            let line = Line {
                function,
                line: 10 + i,
                column: 0,
            };
            b.location(None, 0x1000 + 8 * i as u64, &[line])
        })
        .collect();
    // Every node of the tree has a value of its own, because pprof leaves the order of equals to chance.
    for i in 0..40 {
        let depth = 1 + dice.below(7);
        let stack: Vec<_> = (0..depth).map(|_| *dice.pick(&locations)).collect();
        for start in 0..stack.len() {
            let value = 1_000_000 + dice.below(1 << 30) as i64 + i;
            b.sample(&stack[start..], &[1, value], &[]);
        }
    }
    let path = tools.save("p.pb.gz", &b.finish());
    for flags in [
        "-dot -call_tree -unit=ns",
        "-dot -call_tree -nodecount=25",
        "-callgrind -call_tree",
    ] {
        tools.compare(flags, &[&path]);
    }
}

/// A program that copies the file it is given, and says so.
fn fake_viewer(dir: &Path, name: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join(name);
    let copy = dir.join("seen");
    let script = format!(
        "#!/bin/sh\nfor last; do :; done\necho \"$@\" > {0}.args\n/bin/cp \"$last\" {0}\necho printed\n",
        copy.display()
    );
    fs::write(&path, script).expect("there is room");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

#[test]
fn viewers_are_given_a_file() {
    let dir = tempfile::tempdir().expect("there is room for files");
    let dir = dir.path();
    fs::write(dir.join("p"), profile::encode(&made_up(1, false))).expect("there is room");
    let browser = fake_viewer(dir, "browser");
    fake_viewer(dir, "kcachegrind");
    fake_viewer(dir, "chromium");
    let show = |args: &[&str], browser: &str, path: &Path| {
        Command::new(env!("CARGO_BIN_EXE_gowhy"))
            .arg("pprof")
            .args(args)
            .arg("p")
            .env_clear()
            .env("TMPDIR", dir)
            .env("PATH", path)
            .env("BROWSER", browser)
            .current_dir(dir)
            .stdin(Stdio::null())
            .output()
            .expect("it starts")
    };
    let nowhere = dir.join("nowhere");
    let chosen = format!("{} --new-window", browser.display());
    for (flag, as_file, browser, path) in [
        ("-web", "-svg", chosen.as_str(), nowhere.as_path()),
        ("-web", "-svg", "nosuchbrowser", dir),
        ("-web", "-svg", "", dir),
        ("-kcachegrind", "-callgrind", "", dir),
    ] {
        let output = show(&[flag], browser, path);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{flag} {browser}: {text}");
        assert!(
            output.stdout.is_empty(),
            "{flag}: what it prints is not ours"
        );
        let seen = fs::read(dir.join("seen")).expect("the viewer copied it");
        fs::remove_file(dir.join("seen")).expect("it is there");
        assert!(seen == gowhy(&[as_file, "p"], dir).stdout, "{flag}");
        let args = fs::read_to_string(dir.join("seen.args")).expect("the viewer said it");
        assert_eq!(
            args.starts_with("--new-window "),
            browser == chosen,
            "{args}"
        );
    }

    fake_viewer(dir, "evince");
    fake_viewer(dir, "gv");
    for (flag, magic) in [("-evince", &b"%PDF-"[..]), ("-gv", b"%!PS-")] {
        assert!(show(&[flag], "", dir).status.success(), "{flag}");
        let seen = fs::read(dir.join("seen")).expect("the viewer copied it");
        assert!(seen.starts_with(magic), "{flag}");
    }

    let output = show(&["-web"], "", &nowhere);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("no web browser is found"), "{text}");
    assert!(text.contains("hint: run with -svg -output FILE"), "{text}");
    let output = show(&["-eog", "-output=kept.svg"], "", &nowhere);
    assert!(output.status.success(), "a file needs no viewer");
    assert!(dir.join("kept.svg").exists());
}

#[test]
fn pictures_are_made_in_every_format() {
    let dir = tempfile::tempdir().expect("there is room for files");
    let dir = dir.path();
    fs::write(dir.join("p"), profile::encode(&made_up(1, true))).expect("there is room");
    for (flag, magic) in [
        ("-png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("-gif", b"GIF89a"),
        ("-pdf", b"%PDF-"),
        ("-ps", b"%!PS-"),
        ("-svg", b"<svg "),
    ] {
        let output = gowhy(&[flag, "-nodecount=10", "p"], dir);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{flag}: {text}");
        assert!(output.stdout.starts_with(magic), "{flag}");
        assert!(
            output.stdout.len() > 3000,
            "{flag}: {}",
            output.stdout.len()
        );
    }
}

#[test]
fn failures_have_their_codes() {
    let dir = tempfile::tempdir().expect("there is room for files");
    let dir = dir.path();
    fs::write(dir.join("p"), profile::encode(&made_up(1, false))).expect("there is room");
    fs::write(dir.join("junk"), b"\x00\x01\x02\x03junk").expect("there is room");
    for (args, code, stderr) in [
        (&["-nosuchflag", "p"][..], 2, "--nosuchflag"),
        (&[], 2, "no profile source specified"),
        (&["-top", "-tree", "p"], 2, "at most one output format"),
        (&["-top", "-focus=[", "p"], 2, "missing closing ]: `[`"),
        (
            &["-top", "-sample_index=x", "p"],
            2,
            "must be one of: [samples cpu]",
        ),
        (&["-list=nosuch", "p"], 2, "hint: run with -top"),
        (&["-base=p", "-diff_base=p", "p"], 2, "cannot both"),
        (&["-normalize", "p"], 2, "must have base profile"),
        (&["nosuchfile"], 3, "cannot read nosuchfile"),
        (&["junk"], 5, "unrecognized profile format"),
        (
            &["-top", "-o", "no/such/dir", "p"],
            2,
            "cannot write no/such/dir",
        ),
    ] {
        let output = gowhy(args, dir);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.contains(stderr), "{args:?}: {text}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    assert!(!dir.join("no").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = tempfile::tempdir().expect("there is room for files");
    let path = dir.path().join("p");
    fs::write(&path, profile::encode(&made_up(1, false))).expect("there is room");
    let mut child = Command::new(env!("CARGO_BIN_EXE_gowhy"))
        .args(["pprof", "-traces"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
