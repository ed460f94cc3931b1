//! A line of each era.

use super::{Cycle, Read, read};

fn cycle(line: &str) -> Cycle {
    match read(line.as_bytes()) {
        Read::Whole(cycle, len) => {
            assert_eq!(len, line.len(), "{line}");
            cycle
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn collectors_that_stop_the_world() {
    let c = cycle("gc3(2): 65+45+5 ms 0 -> 0 MB 9599 -> 620 (15230-14610) objects 54 handoff");
    assert_eq!(
        (c.number, c.workers, c.pause_ns()),
        (3, Some(2), 115_000_000)
    );
    assert_eq!((c.objects, c.at_ms), (Some(620), None));

    let c = cycle(
        "gc14(2): 0+0+7 ms, 9 -> 4 MB 19025 -> 1787 (34722-32935) objects, 0(0) handoff, 7(127) steal, 16/3/0 yields",
    );
    assert_eq!((c.heap_before_mb, c.live_mb), (9, Some(4)));

    let c = cycle(
        "gc4(2): 640+2+7303+1 us, 3 -> 5 MB, 7448 (9949-2501) objects, 80/79/0 sweeps, 1(9) handoff, 3(10) steal, 16/1/0 yields",
    );
    assert_eq!(c.pause_ns(), 7_946_000);
    assert_eq!((c.live_before_mb, c.heap_before_mb), (Some(3), 5));
    assert_eq!((c.live_mb, c.goroutines), (None, None));

    let c = cycle(
        "gc4(2): 57+138+5+10 us, 0 -> 0 MB, 2162 (3084-922) objects, 9 goroutines, 56/0/0 sweeps, 0(0) handoff, 3(8) steal, 16/1/0 yields",
    );
    assert_eq!((c.goroutines, c.second_pause_ns()), (Some(9), None));
}

#[test]
fn concurrent_collectors() {
    let c = cycle(
        "gc 3 @0.244s 4%: 3.2+0.10+27+10+0.28 ms clock, 6.5+0.10+0+0.64/0.45/0.001+0.56 ms cpu, 4->5->3 MB, 6 MB goal, 4 P",
    );
    assert_eq!((c.at_ms, c.cpu_percent, c.parts), (Some(244), Some(4), 5));
    assert_eq!(c.pause_ns(), 3_480_000);
    let cpu = c.cpu.expect("it is told");
    assert_eq!(
        (cpu.scan_ns, cpu.assist_ns, cpu.idle_ns),
        (100_000, 640_000, 1000)
    );

    let c = cycle(
        "gc 3 @0.185s 21%: 13+4.7+16 ms clock, 26+0.014/0.41/0.017+33 ms cpu, 4->8->1 MB, 5 MB goal, 4 P (forced)",
    );
    assert!(c.forced && c.missed_goal());
    assert_eq!((c.pause_ns(), c.stacks_mb), (29_000_000, None));

    let c = cycle(
        "gc 25 @2.177s 11%: 4.5+180+5.4 ms clock, 9.1+0/134/0+10 ms cpu, 144->151->105 MB, 214 MB goal, 1 MB stacks, 2 MB globals, 4 P",
    );
    assert_eq!(
        (c.stacks_mb, c.globals_mb, c.procs),
        (Some(1), Some(2), Some(4))
    );
    assert_eq!((c.live_mb, c.goal_mb), (Some(105), Some(214)));
    assert!(!c.forced && !c.missed_goal());

    let c = cycle(
        "gc 4 @7.291s 0% (checking for goroutine leaks): 0.63+0.66+0.002 ms clock, 1.2+0/0.60/0.025+0.005 ms cpu, 0->0->0 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P (forced)",
    );
    assert!(c.leak_check);
    assert_eq!(c.second_pause_ns(), Some(2000));
}

#[test]
fn what_is_no_collection() {
    assert_eq!(read(b"gcc: error"), Read::No);
    assert_eq!(read(b"garbage"), Read::No);
    let read = read(b"gc 41 @0.643s 32%: level=info");
    assert_eq!(
        read,
        Read::Cut {
            end: 19,
            sure: true
        }
    );
}
