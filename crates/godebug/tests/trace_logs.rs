//! What real versions of Go print is read, all of it.
//!
//! A folder of logs of more versions, with a folder a version, is no part of the project:
//! `$GOWHY_TRACE_LOGS` names it, or it is `shared/trace-logs` beside the checkout.

use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::MultiGzDecoder;
use godebug::tracelog::{Counts, Item, Reader};
use gowhy_godebug as godebug;
use testkit::Variant;

#[derive(Debug, Default)]
struct Log {
    gcs: Vec<u64>,
    scheds: u64,
    details: u64,
    other: Vec<u8>,
    counts: Counts,
}

fn read(bytes: &[u8]) -> Log {
    let mut log = Log::default();
    let mut reader = Reader::default();
    let mut sink = |event: godebug::tracelog::Event<'_>| match event.item {
        Item::Gc(cycle) => log.gcs.push(cycle.number),
        Item::Sched(..) => log.scheds += 1,
        Item::Proc(_) | Item::Thread(_) | Item::Goroutine(_) => log.details += 1,
        Item::Other(text) => log.other.extend_from_slice(text),
        Item::Note(_) | Item::Cut(_) => {}
    };
    for chunk in bytes.chunks(1000) {
        reader.feed(chunk, &mut sink);
    }
    reader.finish(&mut sink);
    log.counts = reader.counts();
    assert_eq!(log.counts.bytes(), bytes.len() as u64, "nothing is lost");
    log
}

#[test]
fn what_go_prints() {
    for version in ["1.19", "1.23", "1.27"] {
        let program = testkit::program("alloc", version, Variant::Plain).expect("it builds");
        for (godebug, detailed) in [
            ("gctrace=1,schedtrace=50", false),
            ("gctrace=1,schedtrace=50,scheddetail=1", true),
        ] {
            let output = Command::new(&program)
                .args(["-for", "600ms"])
                .env("GODEBUG", godebug)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .output()
                .expect("it starts");
            let log = read(&output.stderr);
            let numbers: Vec<u64> = (1..=log.gcs.len() as u64).collect();
            assert!(!numbers.is_empty(), "{version}");
            assert_eq!(log.gcs, numbers, "{version}");
            assert!(log.scheds > 1, "{version}: {}", log.scheds);
            assert_eq!(log.details > 0, detailed, "{version}");
            let other = String::from_utf8_lossy(&log.other);
            // The program may end in the middle of a line.
            let begun = |line: &str| line.starts_with(&*other) || other.starts_with(line);
            let at_its_end = !other.contains('\n') && ["gc ", "SCHED "].into_iter().any(begun);
            assert!(at_its_end, "{version}: {other:?} went to standard error");
        }
    }
}

fn folder() -> Option<PathBuf> {
    if let Some(dir) = env::var_os("GOWHY_TRACE_LOGS").filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside = checkout.join("../shared/trace-logs");
    beside.join("README.md").exists().then_some(beside)
}

#[test]
fn logs_of_every_version() {
    let Some(folder) = folder() else {
        return;
    };
    let mut cycles = 0;
    let mut cut = 0;
    let mut tracers_text = Vec::new();
    for version in fs::read_dir(&folder).expect("it is a folder").flatten() {
        let Ok(files) = fs::read_dir(version.path()) else {
            continue;
        };
        for file in files.flatten() {
            let path = file.path();
            let name = path.to_string_lossy().into_owned();
            if !name.contains(".log") {
                continue;
            }
            let mut bytes = fs::read(&path).expect("it can be read");
            if name.ends_with(".gz") {
                let mut text = Vec::new();
                let unpacked = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text);
                unpacked.expect("it is whole");
                bytes = text;
            }
            let log = read(&bytes);
            cycles += log.gcs.len();
            cut += log.counts.cut_lines;
            // What was passed on has no whole line of a tracer in it.
            for line in String::from_utf8_lossy(&log.other).lines() {
                let marks = [
                    " ms clock",
                    " MB goal",
                    "SCHED ",
                    "idleprocs=",
                    "schedtick=",
                ];
                if marks.iter().any(|mark| line.contains(mark)) {
                    tracers_text.push(format!("{name}: {line}"));
                }
            }
        }
    }
    assert!(cycles > 1000, "{cycles}");
    assert!(cut < 20, "{cut} lines could not be put together");
    assert!(tracers_text.is_empty(), "{tracers_text:#?}");
}
