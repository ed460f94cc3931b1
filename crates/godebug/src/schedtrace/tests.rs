//! Lines of each era.

use super::{Goroutine, Lists, Proc, Read, Snapshot, Thread, goroutine, proc, read, thread};

fn snapshot(line: &str) -> (Snapshot, Lists) {
    let mut lists = Lists::default();
    match read(line.as_bytes(), &mut lists) {
        Read::Whole(snapshot, len) => {
            assert_eq!(len, line.len(), "{line}");
            (snapshot, lists)
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn summaries_of_every_era() {
    let head = "SCHED 1783ms: gomaxprocs=4 idleprocs=2 threads=6";
    let (s, lists) = snapshot(&format!("{head} idlethreads=2 runqueue=3 [0 0 0 1]"));
    assert_eq!((s.at_ms, s.procs, s.idle_procs, s.threads), (1783, 4, 2, 6));
    assert_eq!(
        (s.idle_threads, s.global_queue, s.spinning_threads),
        (2, 3, None)
    );
    assert_eq!(lists.queues, [0, 0, 0, 1]);

    let (s, _) = snapshot(&format!(
        "{head} spinningthreads=1 idlethreads=2 runqueue=3 [7]"
    ));
    assert_eq!(s.spinning_threads, Some(1));

    let (s, lists) = snapshot(&format!(
        "{head} spinningthreads=0 needspinning=1 idlethreads=2 runqueue=41 [ 5 2 2 10 ] schedticks=[ 244 238 226 241 ]"
    ));
    assert_eq!(s.need_spinning, Some(1));
    assert_eq!(lists.queues, [5, 2, 2, 10]);
    assert_eq!(lists.ticks, [244, 238, 226, 241]);

    for end in [
        "runqueue=0 gcwaiting=0 nmidlelocked=-1 nmspinning=1 stopwait=0 sysmonwait=0",
        "runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=true",
    ] {
        let (s, _) = snapshot(&format!("{head} idlethreads=2 {end}"));
        assert!(s.detailed);
    }
}

#[test]
fn processors_threads_and_goroutines() {
    let p = |line: &str| proc(line.as_bytes());
    assert_eq!(
        p("  P0: status=1 schedtick=89 syscalltick=5 m=0 runqsize=4/128 gfreecnt=0"),
        Some(Proc {
            id: 0,
            status: 1,
            tick: 89,
            thread: 0,
            queue: 4
        })
    );
    let none =
        p("  P3: status=0 schedtick=9 syscalltick=5 m=nil runqsize=0 gfreecnt=0 timerslen=1");
    assert_eq!(none.map(|p| p.thread), Some(-1));
    assert_eq!(p("  P3: status=0 sched"), None);

    let m = |line: &str| thread(line.as_bytes());
    assert_eq!(
        m(
            "  M0: p=0 curg=40 mallocing=0 throwing=0 gcing=0 locks=0 dying=0 helpgc=0 spinning=0 lockedg=-1"
        ),
        Some(Thread {
            id: 0,
            proc: 0,
            goroutine: 40,
            spinning: false,
            blocked: false
        })
    );
    let parked = m(
        "  M3: p=nil curg=nil mallocing=0 throwing=0 preemptoff=GC worker locks=0 dying=0 spinning=true blocked=true lockedg=nil",
    );
    assert!(parked.is_some_and(|m| m.spinning && m.blocked && m.proc == -1));

    let line = b"  G2: status=4100(force gc (idle)) m=-1 lockedm=-1";
    assert_eq!(
        goroutine(line),
        Some(Goroutine {
            id: 2,
            status: 4,
            scan: true,
            reason: b"force gc (idle)",
            thread: -1
        })
    );
}
