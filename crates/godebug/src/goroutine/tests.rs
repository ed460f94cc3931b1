use proptest::prelude::*;

use super::*;

fn one(text: &str) -> Goroutine<'_> {
    let dump = Dump::parse(text);
    let all: Vec<_> = dump.goroutines().cloned().collect();
    assert_eq!(all.len(), 1, "{text}");
    assert_eq!(dump.damaged().count(), 0, "{text}");
    all.into_iter().next().expect("there is one")
}

#[test]
fn headlines_of_every_age() {
    let g = one("goroutine 7 [chan receive]:\n");
    assert_eq!((g.id, g.state, g.line), (7, "chan receive", 1));
    let g = one("goroutine 8 [select (no cases), 12 minutes, locked to thread]:\n");
    assert_eq!(
        (g.state, g.wait_minutes, g.locked),
        ("select (no cases)", 12, true)
    );
    let g = one("goroutine 9 gp=0xc000 m=3 mp=0x57a340 [running (scan)]:\n");
    assert_eq!((g.gp, g.m, g.mp), (Some(0xc000), Some(3), Some(0x57a340)));
    assert_eq!((g.state, g.scan), ("running", true));
    let g = one("goroutine 9 gp=0xc000 m=nil [chan receive (nil chan) (leaked)]:\n");
    assert_eq!(
        (g.state, g.leaked, g.m),
        ("chan receive (nil chan)", true, None)
    );
    let g = one("goroutine 2 [chan receive (durable), 3 minutes, synctest bubble 5]:\n");
    assert_eq!(
        (g.state, g.durable, g.bubble),
        ("chan receive", true, Some(5))
    );
    let g = one("goroutine 2 [sleep, synctest group 6]:\n");
    assert_eq!((g.state, g.bubble), ("sleep", Some(6)));
    let g = one("goroutine 2 [of a later Go, 5 hours]:\n");
    assert_eq!(g.state, "of a later Go, 5 hours");
    let g = one("goroutine 2 [sleep] {request: \"GET /x\\n\\x01\", tenant: acme}:\n");
    let labels: Vec<_> = g.labels.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(labels, [("request", "GET /x\n\u{1}"), ("tenant", "acme")]);
    for text in [
        "goroutine profile: total 3",
        "goroutine x [running]:",
        "goroutine 1 [running]",
        "goroutine 1 running:",
        "goroutine 1 [running] {a: b:",
        " goroutine 1 [running]:",
    ] {
        assert!(!is_dump(text), "{text}");
    }
}

const STACK: &str = "goroutine 5 [running]:\n\
    panic({0x561480?, 0x5742d0?})\n\
    \t/go/src/runtime/panic.go:878 +0x159 fp=0x30 sp=0x28 pc=0x478ed9\n\
    main.(*T[...]).deep(...)\n\
    \t/a dir/main.go:22\n\
    main.(*T[...]).run.func1({0x1, ...}, 0x3)\n\
    \t/a dir/main.go:31 +0x3d\n\
    ...87 frames elided...\n\
    non-Go function at pc=0x7f00\n\
    main.main()\n\
    \t/a dir/main.go:53 +0x1d0\n\
    created by main.start in goroutine 1\n\
    \t/a dir/main.go:12 +0x25\n";

#[test]
fn frames() {
    let g = one(STACK);
    let names: Vec<_> = g.stack.frames.iter().map(|f| f.func).collect();
    let wanted = [
        "panic",
        "main.(*T[...]).deep",
        "main.(*T[...]).run.func1",
        "non-Go function",
        "main.main",
    ];
    assert_eq!(names, wanted);
    let top = g.stack.frames[0];
    assert_eq!(top.args, Some("{0x561480?, 0x5742d0?}"));
    assert_eq!((top.file, top.line), ("/go/src/runtime/panic.go", 878));
    assert_eq!(
        (top.offset, top.fp, top.sp, top.pc),
        (Some(0x159), Some(0x30), Some(0x28), Some(0x478ed9))
    );
    let inlined: Vec<_> = g.stack.frames.iter().map(|f| f.inlined).collect();
    assert_eq!(inlined, [false, true, false, false, false]);
    let gap = Elided {
        after: 3,
        frames: Some(87),
    };
    assert_eq!(g.stack.elided, Some(gap));
    let by = g.stack.created_by.expect("something made it");
    assert_eq!(
        (by.func, by.line, by.offset),
        ("main.start", 12, Some(0x25))
    );
    assert_eq!(g.parent, Some(1));
}

#[test]
fn a_crash() {
    let text = "2026/11/23 log line\n\
        panic: first [recovered]\n\
        \tpanic: second\n\
        \tline [recovered, repanicked]\n\
        [signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x49c72c]\n\
        \n\
        runtime stack:\n\
        runtime.throw({0x49f7c9?, 0x2?})\n\
        \t/go/panic.go:1243 +0x48\n\
        \n\
        goroutine 1 [running]:\n\
        \tgoroutine running on other thread; stack unavailable\n\
        created by runtime.gcenable\n\
        \t/go/mgc.go:214 +0x66\n\
        [originating from goroutine 3]:\n\
        runtime.main(...)\n\
        \t/go/proc.go:218 +0x185\n\
        ...additional frames elided...\n\
        created by main.x\n\
        \t/x.go:1 +0x1\n\
        \n\
        rax    0x10\n\
        rflags 0x206\n\
        exit status 2\n";
    let dump = Dump::parse(text);
    let reasons: Vec<_> = dump.reasons().map(|r| (r.kind, &*r.text)).collect();
    let panic = |recovered, again| ReasonKind::Panic { recovered, again };
    let signal = "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x49c72c]";
    let wanted = [
        (panic(true, false), "first"),
        (panic(true, true), "second\nline"),
        (ReasonKind::Signal, signal),
    ];
    assert_eq!(reasons, wanted);
    let all: Vec<_> = dump.goroutines().collect();
    assert!(all[0].runtime_stack && all[0].stack.frames.len() == 1);
    let g = all[1];
    assert!(g.unavailable && g.stack.frames.is_empty());
    assert_eq!(g.stack.created_by.map(|f| f.func), Some("runtime.gcenable"));
    let ancestor = &g.ancestors[0];
    assert_eq!((ancestor.id, ancestor.stack.frames.len()), (3, 1));
    assert_eq!(
        ancestor.stack.elided,
        Some(Elided {
            after: 1,
            frames: None
        })
    );
    assert!(!ancestor.stack.frames[0].inlined, "it has an offset");
    assert_eq!(ancestor.stack.created_by.map(|f| f.func), Some("main.x"));
    let rest: Vec<_> = dump.items[6..].to_vec();
    let wanted = [
        Item::Register("rax", 16),
        Item::Register("rflags", 0x206),
        Item::ExitStatus(2),
    ];
    assert_eq!(rest, wanted);
    assert_eq!(dump.items[0], Item::Other("2026/11/23 log line"));
}

#[test]
fn torn_lines_are_told() {
    let text = "goroutine 1 [running]:\n\
        main.a(0x1)\n\
        2026/11/23 a log line (of another)\n\
        \t/x.go:1 +0x1\n\
        main.b()\n\
        \t/x.go:2 +0x1\n";
    let dump = Dump::parse(text);
    let g = dump.goroutines().next().expect("there is one");
    let frames: Vec<_> = g.stack.frames.iter().map(|f| (f.func, f.line)).collect();
    assert_eq!(frames[0], ("main.a", 0));
    assert_eq!(frames.last(), Some(&("main.b", 2)));
    assert!(dump.damaged().count() > 0);
}

#[test]
fn what_follows_a_goroutine_is_not_its_own() {
    let text = STACK.to_owned() + "FAIL\tcrash\t1.0s\nFAIL\nexit status 1\n";
    let dump = Dump::parse(&text);
    let wanted = [
        Item::Other("FAIL\tcrash\t1.0s"),
        Item::Other("FAIL"),
        Item::ExitStatus(1),
    ];
    assert_eq!(dump.items[1..], wanted);
}

#[test]
fn as_a_profile() {
    let text = format!(
        "panic: no\n\n{STACK}\n{STACK}\ngoroutine 0 [idle]:\nmain.c()\n\t/c.go:1 +0x1\n\n\
         goroutine 9 [sleep, 4 minutes, locked to thread] {{user: a}}:\nmain.f()\n\t/f.go:2 +0x1\n"
    );
    let p = profile(&text).expect("there are goroutines");
    assert_eq!(p.samples.len(), 2, "equal ones are one sample");
    assert_eq!(
        (p.samples.values(0), p.samples.values(1)),
        (&[2][..], &[1][..])
    );
    let names = |i: usize| -> Vec<&str> {
        let stack = p.samples.stack(i).iter();
        let lines = stack.flat_map(|&l| p.lines(l));
        lines
            .map(|l| p.str(p.function(l.function.expect("it has one")).name))
            .collect()
    };
    let wanted = [
        "runtime.gopanic",
        "main.(*T[...]).deep",
        "main.(*T[...]).run.func1",
        "[frames elided]",
        "non-Go function",
        "main.main",
    ];
    assert_eq!(names(0), wanted);
    assert_eq!(
        p.samples.stack(0).len(),
        5,
        "what is inlined is in its caller's location"
    );
    let labels: Vec<String> = p
        .samples
        .labels(1)
        .iter()
        .map(|l| match l.value {
            ::profile::LabelValue::Str(s) => format!("{}={}", p.str(l.key), p.str(s)),
            ::profile::LabelValue::Num(n, unit) => format!("{}={n} {}", p.str(l.key), p.str(unit)),
        })
        .collect();
    assert_eq!(
        labels,
        [
            "locked=to thread",
            "state=sleep",
            "user=a",
            "wait_minutes=4 minutes"
        ]
    );
    assert_eq!(
        p.comments.iter().map(|&c| p.str(c)).collect::<Vec<_>>(),
        ["panic: no"]
    );
    assert!(profile("panic: no\n").is_none());
}

#[test]
fn as_the_artefact() {
    let text = "goroutine 3 [running]:\n\tgoroutine running on other thread; stack unavailable\n\n\
        goroutine 4 [IO wait, 2 minutes, synctest bubble 8]:\nmain.in(...)\n\t/f.go:2\n\
        main.f()\n\t/f.go:5 +0x9\ncreated by main.g in goroutine 3\n\t/f.go:7 +0x1\n\n-----\n\n\
        goroutine 3 [running]:\nmain.h()\n\t/f.go:3 +0x1\n";
    let made = goroutines(text, "a file");
    let [first, second] = made.all[..] else {
        panic!("there are two: {:?}", made.all);
    };
    assert_eq!(made.stack(first.stack).len(), 1, "the stack came later");
    assert_eq!(made.counts.complete, 2);
    assert_eq!((second.id, second.parent, second.bubble), (4, 3, 8));
    assert_eq!(
        (made.text(second.state), second.wait_ns),
        ("IO wait", 120_000_000_000)
    );
    let [call] = made.stack(second.stack) else {
        panic!("one physical frame");
    };
    assert_eq!(made.call(*call).offset, Some(9));
    let frames = made.frames(*call);
    assert_eq!(
        frames.iter().map(|f| f.inlined).collect::<Vec<_>>(),
        [true, false]
    );
}

/// How many lines of a text the items stand for.
fn lines(dump: &Dump<'_>) -> usize {
    let frame = |f: &Frame<'_>| 1 + usize::from(!f.file.is_empty());
    let stack = |s: &Stack<'_>| {
        s.frames.iter().map(frame).sum::<usize>()
            + usize::from(s.elided.is_some())
            + s.created_by.as_ref().map_or(0, frame)
    };
    dump.items
        .iter()
        .map(|item| match item {
            Item::Goroutine(g) => {
                let ancestors = g.ancestors.iter().map(|a| 1 + stack(&a.stack));
                1 + stack(&g.stack) + usize::from(g.unavailable) + ancestors.sum::<usize>()
            }
            Item::Reason(reason) => reason.text.split('\n').count(),
            _ => 1,
        })
        .sum()
}

proptest! {
    #[test]
    fn every_line_is_told_of(picks in proptest::collection::vec(0usize..20, 0..60)) {
        let of = [
            "goroutine 1 [running]:", "goroutine 2 [sleep, 4 minutes] {a: b}:", "main.f(0x1)",
            "\t/x.go:5 +0x3", "\t/x.go:5", "main.g(...)", "created by main.h in goroutine 9",
            "panic: a", "\tpanic: b [recovered]", "rax 0x5", "exit status 2", "x y z", "",
            "[originating from goroutine 4]:", "fatal error: c", "SIGQUIT: quit", "PC=0x5 m=0",
            "goroutine 0 [idle]:", "FAIL\tx\t1s", "non-Go function at pc=0x5",
        ];
        let text: Vec<&str> = picks.iter().map(|&i| of[i]).collect();
        let text = text.join("\n");
        let dump = Dump::parse(&text);
        let full = text.lines().filter(|l| !l.trim().is_empty()).count();
        // Of an elided gap or a creator only the last counts, and a call without a place is told
        // twice: as what it is, and as damaged.
        let damaged = dump.damaged().count();
        let creators = text.lines().filter(|l| l.starts_with("created by")).count();
        prop_assert!(lines(&dump) + 2 * creators >= full, "{} of {full}: {text}", lines(&dump));
        prop_assert!(lines(&dump) <= full + damaged);
        let _ = profile(&text);
        let _ = goroutines(&text, "");
    }

    #[test]
    fn nothing_panics(text in "(goroutine |[0-9]|\\[|\\]|:|\n|\t|created by |\\(|\\)|\\.\\.\\.|\"|\\{|\\\\|, |pc=0x|é){0,60}") {
        let _ = Dump::parse(&text);
        let _ = profile(&text);
        let _ = goroutines(&text, "");
    }
}
