//! Profiles that are switched on from outside: what they report, and that the process is as it was
//! afterwards, however gowhy ends.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gobin::GoBin;
use profile::Profile;
use testkit::{Running, Variant};

use crate::gowhy::{command, gowhy, names, profile, start};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn send(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, "--", pid]).status();
    assert!(status.expect("kill runs").success(), "{signal} {pid}");
}

/// A word of the runtime in a program with symbols.
struct Word {
    memory: File,
    address: u64,
}

impl Word {
    fn of(running: &Running, name: &str) -> Word {
        let proc = format!("/proc/{}", running.pid());
        let bytes = fs::read(format!("{proc}/exe")).expect("the program");
        let bin = GoBin::parse(Arc::new(bytes)).expect("a Go program");
        let symbol = bin.symbol(&format!("runtime.{name}")).expect("a symbol");
        Word {
            address: symbol.addr,
            memory: File::open(format!("{proc}/mem")).expect("its memory"),
        }
    }

    fn get(&self) -> u64 {
        let mut bytes = [0; 8];
        let read = self.memory.read_exact_at(&mut bytes, self.address);
        read.expect("the word");
        u64::from_le_bytes(bytes)
    }

    /// Waits until it holds a value; how long that took.
    fn wait_for(&self, value: u64) -> Duration {
        let began = Instant::now();
        while self.get() != value {
            assert!(began.elapsed() < PATIENCE, "{} is not {value}", self.get());
            std::thread::sleep(Duration::from_millis(2));
        }
        began.elapsed()
    }
}

/// Starts gowhy in a process group of its own.
fn spawn(args: &[&str]) -> Child {
    let mut c = command();
    c.args(args).process_group(0);
    c.stdout(Stdio::piped()).stderr(Stdio::piped());
    c.spawn().expect("gowhy starts")
}

/// Waits for the end: exit code (−1 for a signal) and what was said.
fn ended(mut child: Child) -> (i32, String) {
    let status = child.wait().expect("it ends");
    let mut said = String::new();
    let mut err = child.stderr.take().expect("its standard error");
    err.read_to_string(&mut said).expect("text");
    (status.code().unwrap_or(-1), said)
}

fn threads(running: &Running) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", running.pid())).expect("it runs");
    let names = tasks.flatten().map(|t| t.file_name());
    names.map(|n| n.to_string_lossy().into_owned()).collect()
}

/// The sum of a value over the samples that have both functions.
fn sum(p: &Profile, value: usize, functions: [&str; 2]) -> i64 {
    let has = |i: &usize| {
        let names = names(p, *i);
        functions
            .iter()
            .all(|f| names.iter().any(|n| n.contains(f)))
    };
    let samples = (0..p.samples.len()).filter(has);
    samples.map(|i| p.samples.values(i)[value]).sum()
}

#[test]
fn what_is_switched_on_is_recorded_at_the_right_stacks() {
    let _alone = testkit::alone().expect("a lock");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("p.pb.gz");
    let out = file.to_str().expect("utf-8");
    for version in ["1.19", "1.21", "1.23", "1.25", "1.27"] {
        for variant in [Variant::Plain, Variant::Stripped, Variant::StrippedPie] {
            let what = format!("{version} {}", variant.name());
            let running = start("contend", version, variant, &[]);
            let pid = running.pid().to_string();
            let before = threads(&running);
            let take = |args: &[&str]| {
                let mut all = args.to_vec();
                all.extend(["-d", "1s", "-o", out]);
                let r = gowhy(&all);
                assert_eq!(r.code, 0, "{what} {args:?}: {}", r.err);
                assert!(r.err.contains("writing to process"), "{what}: {}", r.err);
                assert!(r.err.contains("is 0 again"), "{what}: {}", r.err);
                profile(&file)
            };
            let block = take(&["block", &pid, "--rate", "1"]);
            for functions in [
                ["runtime.chanrecv", "main.consume"],
                ["sync.(*WaitGroup).Wait", "main.gather"],
                ["sync.(*Mutex).Lock", "main.hold"],
            ] {
                assert!(sum(&block, 0, functions) > 0, "{what}: {functions:?}");
                assert!(sum(&block, 1, functions) > 0, "{what}: {functions:?}");
            }
            // One goroutine cannot wait for longer than there is time.
            let waited = sum(&block, 1, ["runtime.chanrecv", "main.consume"]);
            assert!(
                waited <= block.duration_nanos + 100_000_000,
                "{what}: {waited}"
            );
            let mutex = take(&["mutex", &pid, "--fraction", "1"]);
            let hold = ["sync.(*Mutex).Unlock", "main.hold"];
            assert!(sum(&mutex, 0, hold) > 0, "{what}");
            // Its linker has switched the profile off: the program does not ask for it.
            let heap = take(&["heap", &pid, "--rate", "1"]);
            let is_allocate = |i: &usize| names(&heap, *i).contains(&"main.allocate");
            let values: Vec<_> = (0..heap.samples.len())
                .filter(is_allocate)
                .map(|i| heap.samples.values(i))
                .collect();
            let is_whole = |v: &&[i64]| v[0] > 0 && v[1] == v[0] * 1024;
            assert!(values.iter().any(is_whole), "{what}: {values:?}");
            send("-USR2", &pid);
            let rates = running.wait_for("rates").expect("it tells");
            assert_eq!(rates, "rates mutex 0 memory 0", "{what}");
            let after = threads(&running);
            assert!(before.iter().all(|t| after.contains(t)), "{what}");
        }
    }
}

#[test]
fn however_gowhy_ends_the_word_is_put_back() {
    let _alone = testkit::alone().expect("a lock");
    // `cargo test` with GOWHY_KILLS=100 takes some minutes.
    let kills = std::env::var("GOWHY_KILLS")
        .ok()
        .and_then(|n| n.parse().ok());
    let running = start("contend", "1.27", Variant::Plain, &[]);
    let pid = running.pid().to_string();
    let word = Word::of(&running, "blockprofilerate");
    let before = threads(&running);
    let mut worst = Duration::ZERO;
    for _ in 0..kills.unwrap_or(10) {
        let child = spawn(&["block", &pid, "--rate", "1", "-d", "1m"]);
        word.wait_for(1);
        // All of its process group.
        send("-KILL", &format!("-{}", child.id()));
        worst = worst.max(word.wait_for(0));
        let (code, said) = ended(child);
        assert_eq!(code, -1, "{said}");
        assert!(said.contains("is 0 again"), "{said}");
    }
    assert!(
        kills.is_none() || worst < Duration::from_secs(1),
        "{worst:?}"
    );
    for signal in ["-INT", "-TERM"] {
        let child = spawn(&["block", &pid, "--rate", "1", "-d", "1m"]);
        word.wait_for(1);
        send(signal, &format!("-{}", child.id()));
        let (code, said) = ended(child);
        assert_eq!(code, 0, "{signal}: {said}");
        assert_eq!(word.get(), 0, "{signal}: {said}");
    }
    let after = threads(&running);
    assert!(before.iter().all(|t| after.contains(t)));
    running.stop().expect("it lives, and ends when told");
}

#[test]
fn a_guard_that_is_killed_ends_the_recording() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("contend", "1.27", Variant::Plain, &[]);
    let pid = running.pid().to_string();
    let word = Word::of(&running, "blockprofilerate");
    let child = spawn(&["block", &pid, "--rate", "1", "-d", "1m"]);
    word.wait_for(1);
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let guard = fs::read_to_string(children).expect("its children");
    send("-KILL", guard.trim());
    let (code, said) = ended(child);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("guards the change has been killed"), "{said}");
    assert_eq!(word.get(), 0);
}

#[test]
fn what_someone_else_has_changed_meanwhile_is_left() {
    let _alone = testkit::alone().expect("a lock");
    for killed in [false, true] {
        let running = start("contend", "1.23", Variant::Plain, &[]);
        let pid = running.pid().to_string();
        let word = Word::of(&running, "mutexprofilerate");
        let child = spawn(&["mutex", &pid, "--fraction", "3", "-d", "1m"]);
        word.wait_for(3);
        send("-HUP", &pid);
        word.wait_for(7);
        let signal = if killed { "-KILL" } else { "-INT" };
        send(signal, &child.id().to_string());
        let (_, said) = ended(child);
        assert!(said.contains("someone else"), "{said}");
        assert_eq!(word.get(), 7);
    }
}

#[test]
fn a_second_gowhy_is_refused() {
    let _alone = testkit::alone().expect("a lock");
    let running = start("contend", "1.27", Variant::Plain, &[]);
    let pid = running.pid().to_string();
    let word = Word::of(&running, "blockprofilerate");
    let child = spawn(&["block", &pid, "--rate", "1", "-d", "1m"]);
    word.wait_for(1);
    let second = gowhy(&["block", &pid, "--rate", "5", "-d", "1s"]);
    assert_eq!(second.code, 2, "{}", second.err);
    assert!(second.err.contains("another gowhy"), "{}", second.err);
    assert!(!second.err.contains("writing"), "{}", second.err);
    assert_eq!(word.get(), 1);
    send("-INT", &child.id().to_string());
    assert_eq!(ended(child).0, 0);
    assert_eq!(word.get(), 0);
}

#[test]
fn nothing_is_changed_unless_asked_for() {
    let _alone = testkit::alone().expect("a lock");
    let mut running = start("contend", "1.27", Variant::Plain, &[]);
    let pid = running.pid().to_string();
    for verb in ["block", "mutex", "heap"] {
        let r = gowhy(&[verb, &pid]);
        assert!(!r.err.contains("writing"), "{}", r.err);
        if verb == "heap" {
            // Its linker switches the profile off, but the runtime's start is recorded.
            assert_eq!(r.code, 0, "{}", r.err);
        } else {
            assert_eq!(r.code, 3, "{}", r.err);
            let hint = format!("hint: gowhy {verb} {pid} --");
            assert!(r.err.contains(&hint), "{}", r.err);
        }
        let r = gowhy(&[verb, &pid, "-d", "1s"]);
        assert_eq!(r.code, 2, "{}", r.err);
    }
    let r = gowhy(&["block", "p.pb.gz", "--rate", "1"]);
    assert_eq!(r.code, 2, "{}", r.err);
    // A process that ends meanwhile.
    let word = Word::of(&running, "blockprofilerate");
    let child = spawn(&["block", &pid, "--rate", "1", "-d", "1m"]);
    word.wait_for(1);
    send("-KILL", &pid);
    while running.exited().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let (code, said) = ended(child);
    assert_eq!(code, 3, "{said}");
}
