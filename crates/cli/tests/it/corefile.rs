//! Core files: what is read of one is what is read of the process while it lives.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testkit::{CoreKind, Running, Variant, write_core};

use crate::gowhy::{Run, gowhy, start};

const VERSIONS: [&str; 5] = ["1.19", "1.21", "1.23", "1.25", "1.27"];

fn text(path: &Path) -> &str {
    path.to_str().expect("utf-8")
}

fn debug2(target: &str) -> Run {
    let r = gowhy(&["goroutine", target, "--system", "-debug=2"]);
    assert_eq!(r.code, 0, "{}", r.err);
    r
}

/// The goroutines of a process that lives and those of a core that `make` wrote meanwhile, which
/// are the same as soon as nothing moves any more.
fn same(running: &Running, core: &Path, make: impl Fn()) {
    let pid = running.pid().to_string();
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let before = debug2(&pid).out;
        make();
        let after = debug2(&pid).out;
        if before != after && Instant::now() < end {
            continue;
        }
        assert_eq!(before, after, "it does not come to rest");
        let ours = debug2(text(core));
        assert_eq!(ours.out, before, "{}", ours.err);
        assert!(before.contains("\ngoroutine "), "{before}");
        return;
    }
}

#[test]
fn goroutines_of_a_core_are_those_of_the_process() {
    let _alone = testkit::alone().expect("a lock");
    let dir = tempfile::tempdir().expect("a directory");
    let core = dir.path().join("any name");
    for version in VERSIONS {
        for variant in [Variant::Plain, Variant::StrippedPie, Variant::Cgo] {
            if variant == Variant::Cgo && !testkit::has_c_compiler() {
                continue;
            }
            let running = start("waits", version, variant, &["-warm", "300ms"]);
            same(&running, &core, || {
                write_core(running.pid(), &core, CoreKind::Usual).expect("a core");
            });
        }
    }
}

/// A program of its own folder, that can go away.
fn copied(dir: &Path, version: &str, variant: Variant) -> (PathBuf, Running) {
    let program = testkit::program("waits", version, variant).expect("the program builds");
    let copy = dir.join("waits");
    // Were the copy open for writing here, a child of another test could hold it so, and no program
    // starts that is being written.
    let cp = Command::new("cp").arg(program).arg(&copy).status();
    assert!(cp.expect("cp runs").success());
    let mut command = Command::new(&copy);
    command.args(["-warm", "300ms"]);
    (copy, Running::start(command).expect("it starts"))
}

#[test]
fn a_whole_core_needs_no_program() {
    let _alone = testkit::alone().expect("a lock");
    for version in VERSIONS {
        for variant in [Variant::Plain, Variant::Stripped, Variant::StrippedPie] {
            let dir = tempfile::tempdir().expect("a directory");
            let core = dir.path().join("core");
            let (program, running) = copied(dir.path(), version, variant);
            same(&running, &core, || {
                write_core(running.pid(), &core, CoreKind::Whole).expect("a core");
                let _ = fs::remove_file(&program);
            });
            let r = debug2(text(&core));
            assert!(
                r.err.contains("program was read from the core itself"),
                "{}",
                r.err
            );
        }
    }
}

#[test]
fn the_program_is_found_where_the_core_or_the_user_says() {
    let _alone = testkit::alone().expect("a lock");
    let dir = tempfile::tempdir().expect("a directory");
    let (core, moved) = (dir.path().join("core"), dir.path().join("moved"));
    let (program, running) = copied(dir.path(), "1.27", Variant::Stripped);
    write_core(running.pid(), &core, CoreKind::Usual).expect("a core");
    let core = text(&core);
    let explained = gowhy(&["goroutine", core, "--explain"]);
    assert_eq!(explained.code, 0, "{}", explained.err);
    assert!(
        explained
            .out
            .contains(&format!("process {}", running.pid()))
            && explained.out.contains(text(&program))
            && explained.out.contains("go1.27"),
        "{}",
        explained.out
    );
    fs::rename(&program, &moved).expect("renamed");
    let r = gowhy(&["goroutine", core]);
    assert_eq!(r.code, 5, "{}", r.err);
    assert!(r.err.contains("no such file or directory"), "{}", r.err);
    assert!(r.err.contains("--binary PROGRAM"), "{}", r.err);
    let r = gowhy(&["goroutine", core, "--binary", text(&moved)]);
    assert_eq!(r.code, 0, "{}", r.err);
    // Another program in its place is not taken, nor one that the user names.
    let other = testkit::program("waits", "1.25", Variant::Stripped).expect("the program builds");
    fs::copy(&other, &program).expect("copied");
    let r = gowhy(&["goroutine", core]);
    assert_eq!(r.code, 5, "{}", r.err);
    assert!(r.err.contains("is another program"), "{}", r.err);
    let r = gowhy(&["goroutine", core, "--binary", text(&other)]);
    assert_eq!(r.code, 2, "{}", r.err);
    assert!(r.err.contains("Go build id"), "{}", r.err);
}

#[test]
fn goroutines_that_ran_have_the_stack_of_their_thread() {
    let _alone = testkit::alone().expect("a lock");
    let dir = tempfile::tempdir().expect("a directory");
    let core = dir.path().join("core");
    let mut on_thread = 0;
    for (version, variant) in [("1.19", Variant::Stripped), ("1.27", Variant::StrippedPie)] {
        let running = start("cpu", version, variant, &[]);
        for _ in 0..10 {
            write_core(running.pid(), &core, CoreKind::Usual).expect("a core");
            let r = gowhy(&["goroutine", text(&core), "--json"]);
            assert_eq!(r.code, 0, "{}", r.err);
            let json: serde_json::Value = serde_json::from_str(&r.out).expect("JSON");
            for g in json["goroutines"].as_array().expect("goroutines") {
                if g["stack_from"] != "registers" {
                    continue;
                }
                on_thread += 1;
                let stack = &json["stacks"][g["stack"].as_u64().expect("a stack") as usize];
                let frames = stack["frames"].as_array().expect("frames");
                let has = |name: &str| frames.iter().any(|f| f["function"] == name);
                assert!(has("main.loop") && has("runtime.goexit"), "{stack}");
            }
        }
    }
    assert!(on_thread >= 10, "only {on_thread} ran");
}

#[test]
fn statistics_of_memory_are_those_of_the_process() {
    let _alone = testkit::alone().expect("a lock");
    let dir = tempfile::tempdir().expect("a directory");
    let core = dir.path().join("core");
    for (version, variant) in [("1.19", Variant::Plain), ("1.27", Variant::StrippedPie)] {
        let running = start("waits", version, variant, &["-warm", "300ms"]);
        let stats = |target: &str| {
            let r = gowhy(&["memstats", target, "--json"]);
            assert_eq!(r.code, 0, "{}", r.err);
            let json: serde_json::Value = serde_json::from_str(&r.out).expect("JSON");
            json["memstats"].clone()
        };
        let pid = running.pid().to_string();
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let before = stats(&pid);
            write_core(running.pid(), &core, CoreKind::Usual).expect("a core");
            let after = stats(&pid);
            if before == after || Instant::now() > end {
                assert!(before["HeapAlloc"].as_u64() > Some(0), "{before}");
                assert_eq!(before, after, "it does not come to rest");
                assert_eq!(stats(text(&core)), before, "Go {version}");
                break;
            }
        }
    }
}

/// Whether the kernel puts cores beside the process.
fn kernel_writes_cores() -> bool {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}"));
    read("core_pattern").is_ok_and(|p| p.starts_with("core") && !p.contains(['/', '|', '%']))
}

fn crashed(version: &str, name: &str, dir: &Path) -> (PathBuf, PathBuf) {
    let program = testkit::program(name, version, Variant::Stripped).expect("the program builds");
    let log = dir.join("crash.log");
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c unlimited && exec \"$0\" -warm 300ms"])
        .arg(program)
        .current_dir(dir)
        .env("GOTRACEBACK", "crash")
        .stderr(File::create(&log).expect("a file"));
    let mut running = Running::start(command).expect("it starts");
    let pid = running.pid().to_string();
    let kill = Command::new("kill").args(["-ABRT", &pid]).status();
    assert!(kill.expect("kill runs").success());
    while running.exited().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let files = ["core".to_owned(), format!("core.{pid}")].map(|name| dir.join(name));
    let core = files.iter().find(|f| f.exists()).cloned();
    (core.expect("the kernel wrote a core"), log)
}

#[test]
fn cores_of_the_kernel_hold_what_the_crash_printed() {
    // Elsewhere the kernel hands cores to a program, or they have a folder of their own.
    if !kernel_writes_cores() {
        return;
    }
    let _alone = testkit::alone().expect("a lock");
    for version in VERSIONS {
        for name in ["waits", "cpu"] {
            let dir = tempfile::tempdir().expect("a directory");
            let (core, log) = crashed(version, name, dir.path());
            let read = |path: &Path| -> serde_json::Value {
                let r = gowhy(&["goroutine", text(path), "--system", "--json", "-q"]);
                assert_eq!(r.code, 0, "{}", r.err);
                serde_json::from_str(&r.out).expect("JSON")
            };
            let ids = |json: &serde_json::Value| {
                let all = json["goroutines"].as_array().expect("goroutines").iter();
                let mut ids: Vec<u64> = all.filter_map(|g| g["id"].as_u64()).collect();
                ids.retain(|id| *id != 0);
                ids.sort_unstable();
                ids.dedup();
                ids
            };
            let (ours, printed) = (read(&core), read(&log));
            assert_eq!(ids(&ours), ids(&printed), "{name} of Go {version}");
            assert!(ids(&ours).len() > 4, "{ours}");
            let without = ours["read"]["running_without_stack"].as_u64();
            assert_eq!(without, Some(0), "{name} of Go {version}: {}", ours["read"]);
            let r = gowhy(&["goroutine", text(&core)]);
            assert!(r.err.contains("ended by SIGABRT"), "{}", r.err);
        }
    }
}

#[test]
fn cores_of_gcore_are_read_where_there_is_one() {
    let gcore = Command::new("gcore").stderr(Stdio::null()).output();
    if gcore.is_err() {
        return;
    }
    let _alone = testkit::alone().expect("a lock");
    let dir = tempfile::tempdir().expect("a directory");
    let running = start("waits", "1.25", Variant::StrippedPie, &["-warm", "300ms"]);
    let pid = running.pid().to_string();
    same(&running, &dir.path().join(format!("g.{pid}")), || {
        let mut gcore = Command::new("gcore");
        gcore.current_dir(dir.path()).args(["-o", "g", &pid]);
        let made = gcore.output().expect("gcore runs");
        assert!(made.status.success(), "{made:?}");
    });
}

/// The next of a row of numbers that look random.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn cut_and_damaged_cores_are_read_as_far_as_they_go() {
    let _alone = testkit::alone().expect("a lock");
    let dir = tempfile::tempdir().expect("a directory");
    let core = dir.path().join("core");
    let running = start("waits", "1.27", Variant::Stripped, &["-warm", "300ms"]);
    write_core(running.pid(), &core, CoreKind::Usual).expect("a core");
    let whole = fs::metadata(&core).expect("a core").len();
    let mut state = 0x2545_f491_4f6c_dd1d;
    let mut file = File::options().read(true).write(true).open(&core);
    let file = file.as_mut().expect("a core");
    // Damage within the headers, the notes and some of the memory behind them, one place at a time.
    for _ in 0..40 {
        let at = next(&mut state) % (next(&mut state) % (1 << 20) + 64);
        let mut was = [0; 8];
        file.seek(SeekFrom::Start(at)).expect("a place");
        file.read_exact(&mut was).expect("bytes");
        let damage = next(&mut state).to_le_bytes();
        file.seek(SeekFrom::Start(at)).expect("a place");
        file.write_all(&damage).expect("written");
        let r = gowhy(&["goroutine", text(&core)]);
        assert!([0, 5].contains(&r.code), "{} at {at}: {}", r.code, r.err);
        file.seek(SeekFrom::Start(at)).expect("a place");
        file.write_all(&was).expect("written");
    }
    assert_eq!(gowhy(&["goroutine", text(&core)]).code, 0);
    // Shorter and shorter.
    let mut len = whole;
    for _ in 0..12 {
        len -= next(&mut state) % (len / 3).max(1) + 1;
        file.set_len(len).expect("cut");
        let r = gowhy(&["goroutine", text(&core)]);
        assert!([0, 5].contains(&r.code), "{} at {len}: {}", r.code, r.err);
        let tells = r.err.contains("cut") || r.err.contains("within its headers");
        assert!(tells || r.code == 5, "{len}: {}", r.err);
    }
}

#[test]
fn pipes_are_read_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let pipe = dir.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let dump = "goroutine 7 [select]:\nmain.main()\n\t/a.go:1 +0x1\n";
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, dump)
    });
    let r = gowhy(&["goroutine", text(&pipe)]);
    assert!(writer.join().expect("it ends").is_ok());
    assert_eq!(r.code, 0, "{}", r.err);
    assert!(r.out.contains("main.main"), "{}", r.out);
}

#[test]
fn what_cannot_be_read_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("core.1");
    let mut elf = vec![0; 64];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    (elf[16], elf[18]) = (4, 183);
    let check = |bytes: &[u8], expect: &[&str]| {
        fs::write(&file, bytes).expect("written");
        let r = gowhy(&["goroutine", text(&file)]);
        assert_eq!(r.code, 5, "{}", r.err);
        for part in expect {
            assert!(r.err.contains(part), "{part}: {}", r.err);
        }
    };
    check(&elf, &["it is of arm64; only cores of amd64"]);
    let gzip = {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&elf).expect("packed");
        packer.finish().expect("packed")
    };
    check(&gzip, &["packed by gzip", "hint: gunzip "]);
    check(
        b"\x28\xb5\x2f\xfd\0\0",
        &["packed by zstd", "hint: zstd -d "],
    );
    fs::write(&file, &elf).expect("written");
    for verb in [&["pprof", "-top"][..], &["cpu"]] {
        let r = gowhy(&[verb, &[text(&file)]].concat());
        assert!(r.code > 0, "{verb:?}");
        let hint = format!("hint: gowhy goroutine {}", text(&file));
        assert!(
            r.err.contains("is a core file, and no profile"),
            "{}",
            r.err
        );
        assert!(r.err.contains(&hint), "{}", r.err);
    }
    elf[18] = 62;
    elf[32] = 64;
    elf[56] = 9;
    check(&elf, &["it ends within its headers"]);
}
