use super::*;
use crate::layout::Release;
use crate::runtime::Runtime;
use crate::testing::{FakeProcess, TEXT};

/// What is refused of a process that was spoilt, and why.
fn refused(spoil: impl Fn(&mut FakeProcess)) -> Vec<(Ability, String)> {
    let mut process = FakeProcess::new(Release {
        minor: 25,
        patch: 3,
    });
    spoil(&mut process);
    let word = |name| process.globals.get(name).copied();
    let roots = Roots {
        allm: process.globals["allm"],
        m0: word("m0"),
        allglen: word("allglen"),
        allgptr: word("allgptr"),
        allp: word("allp"),
        gomaxprocs: word("gomaxprocs"),
        wait_reasons: word("waitReasonStrings"),
    };
    let caps = prove(
        &process.mem,
        &process.layouts,
        &roots,
        &process,
        &process.tids(),
    );
    caps.missing().map(|(a, why)| (a, why.to_owned())).collect()
}

#[test]
fn nothing_is_refused_of_an_intact_process() {
    assert_eq!(refused(|_| ()), []);
    assert_eq!(refused(|p| p.run(1, 1)), []);
}

#[test]
fn threads_that_contradict_themselves_are_refused() {
    let check = |expect: &str, spoil: &dyn Fn(&mut FakeProcess)| {
        let refused = refused(spoil);
        assert_eq!(refused.len(), Ability::ALL.len(), "{expect}: {refused:?}");
        assert_eq!(refused[0].0, Ability::Threads);
        assert!(
            refused[0].1.contains(expect),
            "{:?} has no {expect}",
            refused[0].1
        );
    };
    check("ends at m3", &|p| p.mem.set(p.ms[0], p.layouts.m.id, 3));
    check("does not end", &|p| {
        p.mem.set(p.ms[0], p.layouts.m.alllink, p.ms[1])
    });
    check("cannot read", &|p| {
        p.mem.set(p.ms[1], p.layouts.m.alllink, 0x8)
    });
    check("does not end", &|p| {
        p.mem.set(p.ms[1], p.layouts.m.alllink, p.ms[0] + 1)
    });
    check("empty", &|p| p.set_global("allm", 0));
    check("two threads are m0", &|p| {
        p.mem.set(p.ms[1], p.layouts.m.id, 0)
    });
    check("not end at runtime.m0", &|p| {
        assert!(p.globals.insert("m0", 0x1000).is_some())
    });
    check("only 0 of 2", &|p| {
        for m in &p.ms {
            p.mem.set(*m, p.layouts.m.procid, 7);
        }
    });
    check("no g0", &|p| p.mem.set(p.ms[1], p.layouts.m.g0, 0));
    check("g0 of m1 is of another", &|p| {
        p.mem.set(p.ms[1], p.layouts.m.g0, p.gs[0])
    });
    check("gsignal of m0 is of another", &|p| {
        p.mem.set(p.ms[0], p.layouts.m.gsignal, p.gs[0] + 64)
    });
    check("current goroutine of m1 is of another", &|p| {
        p.mem.set(p.ms[1], p.layouts.m.curg, p.gs[0])
    });
    check("current goroutine of m0 has no status", &|p| {
        p.mem.set(p.gs[0], p.layouts.g.status, 5)
    });
    check("current goroutine of m0 has no stack", &|p| {
        p.mem.set(p.gs[0], p.layouts.g.stack_lo, 0)
    });
}

#[test]
fn what_contradicts_itself_is_refused_and_no_more() {
    use Ability::{AllGoroutines, Goroutines, Labels, Processors, Syscalls, WaitReasons};
    type Spoil<'a> = &'a dyn Fn(&mut FakeProcess);
    let check = |expect: &[Ability], why: &str, spoil: Spoil<'_>| {
        let mut refused = refused(spoil);
        refused.sort();
        let abilities: Vec<Ability> = refused.iter().map(|(a, _)| *a).collect();
        assert_eq!(abilities, expect, "{why}: {refused:?}");
        assert!(
            refused.iter().any(|(_, w)| w.contains(why)),
            "{refused:?} has no {why}"
        );
    };
    let all = &[Goroutines, Syscalls, Labels, AllGoroutines];
    let g = |f: fn(&Layouts) -> Option<crate::layout::Field>, value: u64| {
        move |p: &mut FakeProcess| p.mem.set(p.gs[1], f(&p.layouts), value)
    };
    check(all, "number 1", &g(|l| Some(l.g.goid), 1));
    check(all, "no number", &g(|l| Some(l.g.goid), 0));
    check(all, "no status", &g(|l| Some(l.g.status), 77));
    check(all, "no stack", &g(|l| Some(l.g.stack_hi), 8));
    check(
        all,
        "start at a function",
        &g(|l| Some(l.g.startpc), TEXT.start + 8),
    );
    check(all, "made by Go", &g(|l| l.g.gopc, 0x50));
    check(all, "does not wait", &g(|l| Some(l.g.sched_pc), TEXT.end));
    check(all, "does not wait", &g(|l| Some(l.g.sched_sp), 8));
    check(all, "runtime.main", &|p| {
        p.mem.set(p.gs[0], p.layouts.g.startpc, TEXT.start + 0x100);
    });
    check(all, "allglen", &|p| {
        assert!(p.globals.remove("allglen").is_some())
    });
    check(all, "0 goroutines", &|p| p.set_global("allglen", 0));
    check(all, "cannot read", &|p| p.set_global("allgptr", 8));
    check(&[Labels], "labels of goroutine 2", &g(|l| l.g.labels, 8));
    check(&[Syscalls], "system call", &|p| {
        p.mem.set(p.gs[1], p.layouts.g.status, 3);
        p.mem.set(p.gs[1], p.layouts.g.syscallsp, 8);
    });
    check(&[Processors], "GOMAXPROCS is 2", &|p| {
        p.set_global("gomaxprocs", 2)
    });
    check(&[WaitReasons], "no reason to wait is \"select\"", &|p| {
        p.set_wait_reasons(&["", "IO wait", "chan receive", "sleep"]);
    });
    check(&[Processors], "allp", &|p| {
        assert!(p.globals.remove("allp").is_some())
    });
}

#[test]
fn what_is_not_proved_reads_as_nothing() {
    let process = FakeProcess::new(Release {
        minor: 25,
        patch: 3,
    });
    process.mem.set(process.gs[1], process.layouts.g.labels, 8);
    let runtime = Runtime::attach_program(&process.mem, &process, &process.tids());
    let runtime = runtime.expect("threads are intact");
    assert!(!runtime.capabilities().has(Ability::Labels));
    let g = runtime
        .read_g(&process.mem, GAddr(process.gs[1]))
        .expect("it is mapped");
    assert_eq!((g.goid, g.labels), (2, 0));
}
