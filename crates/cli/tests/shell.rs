//! The shell of `gowhy pprof` answers as that of `go tool pprof`, and beyond it: lines are completed,
//! edited and remembered, reports are piped.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use testkit::Variant;

const GOWHY: &str = env!("CARGO_BIN_EXE_gowhy");

/// Profiles that a Go program takes of itself.
struct Profiles {
    dir: tempfile::TempDir,
    all: Vec<PathBuf>,
}

impl Profiles {
    fn take() -> Self {
        let dir = tempfile::tempdir().expect("there is room for files");
        let program = testkit::program("httpd", "any", Variant::Plain).expect("the testbed builds");
        let cpu = dir.path().join("cpu.pb.gz");
        let status = Command::new(program)
            .args(["-for=1500ms", "-labels", "-profile-for=1s", "-cpuprofile"])
            .arg(&cpu)
            .stdout(Stdio::null())
            .status()
            .expect("the program starts");
        assert!(status.success());
        // The same stacks with four values, as a heap profile has them.
        let heap = dir.path().join("heap.pb.gz");
        let taken = fs::read(&cpu).expect("it was written");
        let taken = profile::decode(&taken).expect("Go writes profiles");
        let types = [
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ];
        let four = as_heap(&taken, &types);
        fs::write(&heap, profile::encode_gz(&four)).expect("there is room");
        Profiles {
            dir,
            all: vec![cpu, heap],
        }
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// The functions of a profile as one stack each, with values of several kinds.
fn as_heap(taken: &profile::Profile, types: &[(&str, &str)]) -> profile::Profile {
    let mut b = profile::Builder::new(types);
    for (i, function) in taken.functions.iter().enumerate().take(60) {
        let name = taken.str(function.name);
        let file = taken.str(function.filename);
        let function = b.function(name, file, function.start_line);
        let line = profile::Line {
            function: Some(function),
            line: 10 + i as i64,
            column: 0,
        };
        let location = b.location(None, 0x1000 + i as u64, &[line]);
        let n = i as i64;
        // The value that is shown first is 0: the greeting has to say so.
        b.sample(&[location], &[n + 1, (n + 1) * 4096, n % 3, 0], &[]);
    }
    b.finish()
}

/// Runs a session to its end.
fn session(program: &Path, args: &[&str], input: &str, dir: &Path) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .env_clear()
        .envs([("TZ", "UTC"), ("TERM", "dumb"), ("PATH", "/usr/bin:/bin")])
        .env("HOME", dir)
        .env("PPROF_BINARY_PATH", "/nonexistent")
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // A shell that has ended reads no more.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer ends");
    output
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// What people type, and what they mistype. Not `svg` and the like, which need Graphviz in pprof.
const LINES: &[&str] = &[
    "top",
    "top5",
    "top 7 main",
    "top runtime -gc -cum",
    "text 3 --cum",
    "top10 nosuchfunction",
    "top (",
    "tree 4",
    "tree main -lines",
    "peek main",
    "peek",
    "peek nosuchfunction",
    "list nosuchfunction",
    "traces main",
    "tags",
    "tags method -user",
    "comments",
    "raw",
    "dot 5",
    "nodecount=4",
    "nodecount=-1",
    "nodecount=x",
    "nodecount",
    "nodecount 7",
    "nodefraction=0.1 //: much",
    "edgefraction=1e-2",
    "focus=main",
    "focus",
    "ignore= gc ",
    "hide=http",
    "show_from=main",
    "tagfocus=method",
    "mean",
    "mean=no",
    "mean=perhaps",
    "trim=f",
    "trim",
    "unit=ms",
    "unit=auto",
    "sort=cum",
    "sort=up",
    "granularity=lines",
    "granularity=files",
    "granularity=what",
    "granularity=",
    "lines",
    "cum",
    "flat=true",
    "cum=t",
    "addresses=1",
    "functions=yes",
    "noinlines",
    "call_tree=y",
    "compact_labels=false",
    "relative_percentages=1",
    "divide_by=2",
    "divide_by=0",
    "drop_negative",
    "sample_index=0",
    "sample_index=1",
    "sample_index=7",
    "sample_index=inuse_objects",
    "sample_index=",
    "cpu",
    "samples",
    "total_cpu",
    "mean_cpu",
    "alloc_space",
    "mean_alloc_space",
    "total_inuse_objects",
    "total_",
    ":",
    " : ",
    "o",
    "options",
    "help",
    "help top",
    "help nodecount",
    "help me",
    "nosuchcommand",
    "nosuchcommand9",
    "7",
    "=",
    "top=3",
    "  ",
    "",
    "top >out.txt",
    "top > out.txt main",
    "top >",
    "tree | cat",
    "output=kept.txt",
    "output=",
    "raw >raw.txt",
];

#[test]
fn sessions_are_answered_alike() {
    let profiles = Profiles::take();
    let pprof = testkit::go::pprof().expect("pprof can be had");
    let mut dice = Dice(1);
    for round in 0..24 {
        let path = &profiles.all[round % profiles.all.len()];
        let path = path.to_str().expect("the path is text");
        let mut input = String::new();
        for _ in 0..30 {
            input += LINES[dice.below(LINES.len())];
            input += "\n";
        }
        // With and without an end of the last line, and with words after the end.
        input += ["q\n", "top", "exit\nnosuch\n"][round % 3];
        let flags: &[&str] = [
            &[][..],
            &["-lines", "-nodecount=3"],
            &["-sample_index=0", "-focus=main"],
        ][round % 3];
        let made = |program: &Path, before: &[&str]| {
            let args: Vec<&str> = before.iter().chain(flags).copied().chain([path]).collect();
            let output = session(program, &args, &input, profiles.dir());
            let mut files = Vec::new();
            for name in ["out.txt", "kept.txt", "raw.txt"] {
                let file = profiles.dir().join(name);
                files.push(fs::read(&file).ok());
                let _ = fs::remove_file(&file);
            }
            (output, files)
        };
        let (theirs, their_files) = made(&pprof, &[]);
        let (ours, our_files) = made(Path::new(GOWHY), &["pprof", "-exact"]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&ours.stdout), text(&theirs.stdout), "{input}");
        assert_eq!(our_files, their_files, "{input}");
        assert_eq!(ours.status.code(), theirs.status.code(), "{input}");
        // What is said beside the reports, but for help, whose words are ours.
        if !input.contains("help") {
            let said = |output: &Output| {
                let text = text(&output.stderr);
                let begin = text.find("Type:").expect("there is a greeting");
                text[begin..].to_owned()
            };
            assert_eq!(said(&ours), said(&theirs), "{input}");
        }
    }
}

fn gowhy(args: &[&str], input: &str, dir: &Path) -> (String, String) {
    let args: Vec<&str> = ["pprof"].iter().chain(args).copied().collect();
    let output = session(Path::new(GOWHY), &args, input, dir);
    assert_eq!(output.status.code(), Some(0));
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    (text(output.stdout), text(output.stderr))
}

#[test]
fn beyond_pprof() {
    let profiles = Profiles::take();
    let cpu = profiles.all[0].to_str().expect("the path is text");
    let dir = profiles.dir();
    let ask = |input: &str| gowhy(&[cpu], input, dir).0.replace("(pprof) ", "");

    // A value's name alone is a switch.
    let lines = ask("lines\ncum\ntop 5");
    assert_eq!(lines, ask("granularity=lines\nsort=cum\ntop 5"));
    assert_ne!(lines, ask("top 5"));
    assert_eq!(ask("lines\nlines=no\ntop"), ask("top"));

    // A report can be handed to a command, which may not want all of it.
    let top = ask("top");
    assert_eq!(ask("top | cat"), top);
    assert_eq!(
        ask("raw | head -1 | tr a-z A-Z"),
        "PERIODTYPE: CPU NANOSECONDS\n"
    );
    let counted = ask("proto | gunzip | wc -c");
    assert!(
        counted.trim().parse::<u64>().is_ok_and(|n| n > 1000),
        "{counted}"
    );

    // Binary formats do not go where reports are read.
    let (out, err) = gowhy(&[cpu], "proto\n", dir);
    assert_eq!(out, "(pprof) (pprof) ");
    assert!(
        err.ends_with("Generating report in profile001.pb.gz\n"),
        "{err}"
    );
    let kept = fs::read(dir.join("profile001.pb.gz")).expect("it is there");
    profile::decode(&kept).expect("it is a profile");

    // Nothing that goes wrong ends the shell.
    let (out, err) = gowhy(&[cpu], "top >/no/such/dir\nlist (\ntop3\n", dir);
    assert!(out.contains("Showing top 3 nodes"), "{out}");
    assert!(
        err.contains("cannot write /no/such/dir") && err.contains("list") | err.contains("regexp")
    );
}

/// gowhy at a terminal.
struct Terminal {
    child: Child,
    typed: fs::File,
    shown: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn start(profile: &Path, state: &Path) -> Self {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let ours = openpt(flags).expect("there are terminals");
        grantpt(&ours)
            .and_then(|()| unlockpt(&ours))
            .expect("it is ours");
        let name = ptsname(&ours, Vec::new()).expect("it has a name");
        let theirs = || {
            let path = name.to_str().expect("the name is text");
            let file = fs::OpenOptions::new().read(true).write(true).open(path);
            file.expect("it can be opened")
        };
        let child = Command::new(GOWHY)
            .arg("pprof")
            .arg(profile)
            .env_clear()
            .envs([("TZ", "UTC"), ("TERM", "xterm"), ("PATH", "/usr/bin:/bin")])
            .env("XDG_STATE_HOME", state)
            .stdin(theirs())
            .stdout(theirs())
            .stderr(theirs())
            .spawn()
            .expect("gowhy starts");
        let typed = fs::File::from(ours);
        let mut reader = typed.try_clone().expect("it can be read, too");
        let (send, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n) = reader.read(&mut bytes) {
                if send.send(bytes[..n].to_vec()).is_err() || n == 0 {
                    break;
                }
            }
        });
        Terminal {
            child,
            typed,
            shown,
            seen: String::new(),
        }
    }

    fn type_in(&mut self, text: &str) {
        self.typed.write_all(text.as_bytes()).expect("it reads");
    }

    /// Waits until something is shown, and forgets all up to it.
    fn wait_for(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("no {text:?} but {:?}", self.seen),
            }
        }
    }

    /// Types ^D at the next prompt. Before it is there, the terminal would take the end for itself.
    fn end(mut self) {
        self.wait_for("(pprof) ");
        self.type_in("\x04");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_are_completed_and_remembered() {
    let profiles = Profiles::take();
    let state = profiles.dir().join("state");
    let mut terminal = Terminal::start(&profiles.all[0], &state);
    terminal.wait_for("Entering interactive mode");
    terminal.wait_for("(pprof) ");
    // One meaning is put in, several are listed.
    terminal.type_in("nodec\t3\r");
    terminal.wait_for("nodecount=");
    terminal.wait_for("\n");
    terminal.wait_for("(pprof) ");
    terminal.type_in("sho\t");
    terminal.wait_for("show_from=");
    // ^C gives the line up.
    terminal.wait_for("(pprof) ");
    terminal.type_in("\x03");
    terminal.wait_for("\n");
    terminal.wait_for("(pprof) ");
    terminal.type_in("top\r");
    terminal.wait_for("Showing top 3 nodes");
    terminal.end();

    let mut terminal = Terminal::start(&profiles.all[0], &state);
    terminal.wait_for("(pprof) ");
    terminal.type_in("\x1b[A\x1b[A\r");
    terminal.wait_for("nodecount=3");
    terminal.wait_for("(pprof) ");
    terminal.type_in("options\r");
    terminal.wait_for("nodecount                 = 3");
    terminal.end();
}

#[test]
fn an_interrupt_ends_a_report_and_not_the_shell() {
    let profiles = Profiles::take();
    let mut terminal = Terminal::start(&profiles.all[0], &profiles.dir().join("state"));
    terminal.wait_for("(pprof) ");
    // The report waits for a command that does not read it.
    terminal.type_in("raw | echo reading; trap '' INT; sleep 2\r");
    terminal.wait_for("reading");
    let pid = i32::try_from(terminal.child.id()).expect("pids are small");
    let pid = rustix::process::Pid::from_raw(pid).expect("it runs");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    terminal.wait_for("(pprof) ");
    terminal.type_in("top2\r");
    terminal.wait_for("Showing top 2 nodes");
    terminal.end();
}
