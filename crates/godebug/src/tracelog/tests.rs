//! Whole logs: prefixes, processes, cut lines, and that nothing is lost.

use proptest::prelude::*;

use super::{Counts, Item, Note, Reader};

const GC: &str = "gc 7 @0.238s 14%: 5.4+2.4+2.8 ms clock, 10+0.21/1.2/0+5.6 ms cpu, 5->6->3 MB, 6 MB goal, 0 MB stacks, 0 MB globals, 4 P";
const SCHED: &str = "SCHED 305ms: gomaxprocs=4 idleprocs=1 threads=7 spinningthreads=0 needspinning=0 idlethreads=2 runqueue=1 [ 0 3 0 0 ] schedticks=[ 3 4 3 23 ]";

#[derive(Debug, Default)]
struct Log {
    gcs: Vec<(usize, u64)>,
    scheds: Vec<(usize, Vec<u64>)>,
    notes: Vec<Note>,
    details: usize,
    other: String,
    counts: Counts,
    names: Vec<String>,
}

/// Reads a log in chunks of this size.
fn log_of(bytes: &[u8], chunk: usize) -> Log {
    let mut log = Log::default();
    let mut reader = Reader::default();
    let mut sink = |event: super::Event<'_>| match event.item {
        Item::Gc(cycle) => log.gcs.push((event.process, cycle.number)),
        Item::Sched(_, lists) => log.scheds.push((event.process, lists.queues.clone())),
        Item::Proc(_) | Item::Thread(_) | Item::Goroutine(_) => log.details += 1,
        Item::Note(note) => log.notes.push(note),
        Item::Other(text) => log.other += &String::from_utf8_lossy(text),
        Item::Cut(_) => {}
    };
    for chunk in bytes.chunks(chunk) {
        reader.feed(chunk, &mut sink);
    }
    reader.finish(&mut sink);
    log.counts = reader.counts();
    log.names = (0..2).map(|p| reader.name(p)).collect();
    assert_eq!(log.counts.bytes(), bytes.len() as u64, "nothing is lost");
    log
}

fn log(text: &str) -> Log {
    log_of(text.as_bytes(), 4096)
}

#[test]
fn every_prefix() {
    let prefixes = [
        ("", ""),
        ("2026-11-23T15:16:33.318265000Z stderr F ", ""),
        ("2026-11-23T15:16:34.544945000Z ", ""),
        ("[pod/web-6f7c9-x2x7q/app] ", "pod/web-6f7c9-x2x7q/app"),
        ("web-1  | ", "web-1"),
        ("Nov  3 15:16:39 host01 web[4711]: ", "host01 web[4711]"),
        (
            "2026-11-23T15:16:40+0000 host01 web[4711]: ",
            "host01 web[4711]",
        ),
        ("12:00 <info> ", ""),
    ];
    for (prefix, name) in prefixes {
        let read = log(&format!("{prefix}{GC}\n{prefix}hello\n{prefix}{SCHED}\n"));
        assert_eq!(read.gcs, [(0, 7)], "{prefix}");
        assert_eq!(read.scheds, [(0, vec![0, 3, 0, 0])], "{prefix}");
        assert_eq!(read.other, format!("{prefix}hello\n"));
        assert_eq!(read.names[0], name);
    }
}

#[test]
fn json_of_docker() {
    let escaped = GC.replace('>', "\\u003e");
    let end = "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T15:16:37.2Z\"}\n";
    let read = log(&format!(
        "{{\"log\":\"{escaped}{end}{{\"log\":\"{SCHED}{end}"
    ));
    assert_eq!((read.gcs.len(), read.scheds.len()), (1, 1));
    assert_eq!(read.counts.passed_bytes, 0);
}

#[test]
fn parts_of_a_line_that_kubernetes_split() {
    let (head, tail) = GC.split_at(50);
    let at = "2026-11-23T15:16:33.318265000Z stderr";
    let read = log(&format!("{at} P {head}\n{at} F {tail}\n"));
    assert_eq!(read.gcs, [(0, 7)]);
    assert_eq!(read.counts.passed_bytes, 0);
}

#[test]
fn processes_are_told_apart() {
    let gc = |number: u32, at: &str| GC.replace("gc 7 @0.238", &format!("gc {number} @{at}"));
    // By prefix.
    let read = log(&format!("a-1 | {}\nb-1 | {}\n", gc(1, "0.1"), gc(1, "0.2")));
    assert_eq!(read.gcs, [(0, 1), (1, 1)]);
    assert_eq!(read.names, ["a-1", "b-1"]);
    // By number and clock.
    let lines = [
        gc(1, "0.1"),
        gc(2, "0.2"),
        gc(1, "0.05"),
        gc(3, "0.3"),
        gc(2, "0.1"),
    ];
    let read = log(&lines.join("\n"));
    assert_eq!(read.gcs, [(0, 1), (0, 2), (1, 1), (0, 3), (1, 2)]);
}

#[test]
fn lines_that_other_writers_cut() {
    let other = "2026/11/23 15:17:43 level=info msg=\"request served\"\n";
    // At every place where the runtime ends one write and begins the next.
    let writes = [
        "gc ",
        "7",
        " @",
        "0.238",
        "s ",
        "14",
        "%: ",
        "5.4",
        "+",
        "2.4",
        "+",
        "2.8",
        " ms clock, ",
        "10",
        "+",
        "0.21",
        "/",
        "1.2",
        "/",
        "0",
        "+",
        "5.6",
        " ms cpu, ",
        "5",
        "->",
        "6",
        "->",
        "3",
        " MB, ",
        "6",
        " MB goal, ",
        "0",
        " MB stacks, ",
        "0",
        " MB globals, ",
        "4",
    ];
    let places = writes.iter().scan(0, |at, write| {
        *at += write.len();
        Some(*at)
    });
    for place in places {
        let (head, tail) = GC.split_at(place);
        let read = log(&format!("{other}{head}{other}{other}{tail}\n"));
        assert_eq!(read.gcs, [(0, 7)], "{head}|{tail}");
        assert_eq!(read.counts.cut_lines, 0);
        assert_eq!(read.counts.joined_lines, 1, "{head}|{tail}");
        assert_eq!(read.other, other.repeat(3), "{head}|{tail}");
    }
    // Lines of several writers.
    let json = "{\"level\":\"info\"}\n";
    let (head, tail) = GC.split_at(19);
    let read = log(&format!("{other}{json}{head}{other}{tail}\n"));
    assert_eq!(read.other, format!("{other}{json}{other}"));
    let place = SCHED.find("0 idlethreads").unwrap_or(0);
    let (head, tail) = SCHED.split_at(place);
    let read = log(&format!("{head}{other}{tail}\n"));
    assert_eq!(read.scheds, [(0, vec![0, 3, 0, 0])]);
}

#[test]
fn twice_cut_and_never_whole() {
    let other = "level=info worker=0\n";
    let (a, rest) = GC.split_at(40);
    let (b, c) = rest.split_at(30);
    let read = log(&format!("{a}{other}{b}{other}{c}\n"));
    assert_eq!(read.gcs, [(0, 7)]);
    assert_eq!(read.other, other.repeat(2));

    let read = log(&format!("{a}{}", other.repeat(40)));
    assert_eq!((read.gcs.len(), read.counts.cut_lines), (0, 1));
    assert_eq!(read.counts.cut_bytes, 40);
}

#[test]
fn text_around_a_line() {
    let read = log(&format!("level=info{GC}level=warn\n"));
    assert_eq!(read.gcs, [(0, 7)]);
    assert_eq!(read.other, "level=infolevel=warn\n");
    let read = log("gc 5 things\nthe gc 1 @home\n");
    assert_eq!(read.gcs, []);
    assert_eq!((read.counts.cut_lines, read.counts.passed_bytes), (0, 27));
}

#[test]
fn notes_of_every_era() {
    let released = |kib| Note::Released { kib };
    let lines = [
        ("scvg3: GC forced", Note::Periodic),
        ("GC forced", Note::Periodic),
        ("scvg3: 0x2 MB released", released(2048)),
        ("scvg-1: 9 MB released", released(9216)),
        ("scvg: 3 MB released", released(3072)),
        ("forced scvg: 3 MB released", released(3072)),
        (
            "scvg: inuse: 9, idle: 9, sys: 19, released: 9, consumed: 9 (MB)",
            Note::Scavenger,
        ),
        ("scav 8 KiB work, 2792 KiB total, 68% util", released(8)),
        ("scav 3 8 KiB work, 2792 KiB total, 68% util", released(8)),
        (
            "scav 1 KiB work (bg), 0 KiB work (eager), 3224 KiB now, 69% util",
            released(1),
        ),
        (
            "pacer: sweep done at heap size 3MB; allocated 2MB during sweep; swept 547 pages at 0 pages/byte",
            Note::Pacer,
        ),
        (
            "init internal/bytealg @0.003 ms, 0 ms clock, 0 bytes, 0 allocs",
            Note::Init,
        ),
        ("scan: class 24B 1+42+0=43 objs, 5+0=5 spans", Note::Scan),
        (
            "checkfinalizers: queue: 3 finalizers + 0 cleanups",
            Note::Finalizers,
        ),
    ];
    for (line, note) in lines {
        assert_eq!(log(&format!("{line}\n")).notes, [note], "{line}");
    }
}

#[test]
fn very_long_lines_and_garbage() {
    let mut bytes = vec![b'x'; 5 << 20];
    bytes.extend_from_slice(format!("\n{GC}\n").as_bytes());
    bytes.extend((0..=255_u8).cycle().take(100_000));
    for chunk in [1 << 16, 10 << 20] {
        assert_eq!(log_of(&bytes, chunk).gcs, [(0, 7)]);
    }
}

proptest! {
    #[test]
    fn nothing_is_lost(parts in proptest::collection::vec(
        prop_oneof![
            (0..GC.len()).prop_map(|at| GC[at..].to_owned()),
            (0..GC.len()).prop_map(|at| GC[..at].to_owned()),
            (0..SCHED.len()).prop_map(|at| SCHED[..at].to_owned()),
            Just("\n".to_owned()),
            Just("2026/11/23 15:17:43 x\n".to_owned()),
            Just("2026-11-23T15:16:33.3Z stderr P ".to_owned()),
            Just("{\"log\":\"gc 1 ".to_owned()),
            Just("a | ".to_owned()),
            Just("  P0: status=1".to_owned()),
            any::<String>(),
        ], 0..40), chunk in 1_usize..200)
    {
        let bytes = parts.concat().into_bytes();
        let all = log_of(&bytes, bytes.len().max(1));
        let parted = log_of(&bytes, chunk);
        prop_assert_eq!(all.counts, parted.counts);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        log_of(&bytes, 300);
    }
}
