//! Live Go programs of every version, built in every way: what is read of them from outside is what
//! they say of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gobin::GoBin;
use goroutines::StackOrigin;
use gowhy_goruntime::layout::Origin;
use gowhy_goruntime::{G, Runtime, Snapshot, Status};
use target::{LiveMemory, Process};
use testkit::{Running, Variant, program};

const VERSIONS: [&str; 5] = ["1.19", "1.21", "1.23", "1.25", "1.27"];
const VARIANTS: [Variant; 4] = [
    Variant::Plain,
    Variant::Stripped,
    Variant::Pie,
    Variant::StrippedPie,
];

/// A program that runs, and what is attached to it.
struct Live {
    running: Running,
    process: Process,
    bin: GoBin,
    bias: u64,
    mem: LiveMemory,
    runtime: Runtime,
}

impl Live {
    fn start(name: &str, version: &str, variant: Variant, args: &[&str]) -> Result<Live> {
        let mut command = Command::new(program(name, version, variant)?);
        command.args(["-warm", "50ms"]).args(args);
        Live::of(command)
    }

    fn of(command: Command) -> Result<Live> {
        let running = Running::start(command)?;
        let process = Process::find(running.pid())?;
        let (path, _) = process.exe()?;
        let bin = GoBin::parse(Arc::new(process.open_exe()?))?;
        let maps = process.maps()?;
        let map = maps.iter().find(|m| path.as_os_str() == m.path.as_str());
        let map = map.context("the program is not mapped")?;
        let linked = bin.segments().iter().map(|s| s.vaddr).min();
        let bias = map.start - (linked.context("no segments")? & !0xfff);
        let mem = LiveMemory::attach(process.pid(), map.start)?;
        let runtime = Runtime::attach(&mem, &bin, bias, &process.threads())?;
        Ok(Live {
            running,
            process,
            bin,
            bias,
            mem,
            runtime,
        })
    }

    /// The function that holds an address.
    fn function(&self, pc: u64) -> String {
        let func = self.bin.pclntab().find(pc.wrapping_sub(self.bias));
        func.map_or_else(String::new, |f| f.name().to_owned())
    }

    fn goroutines(&self) -> Result<Vec<G>> {
        let mut all = Vec::new();
        for g in self.runtime.all_g(&self.mem)? {
            all.push(self.runtime.read_g(&self.mem, g)?);
        }
        all.retain(|g| g.status.is_some_and(Status::is_alive));
        Ok(all)
    }
}

/// Runs a check on a program of every version and variant, and says which one failed.
fn each(name: &str, args: &[&str], variants: &[Variant], check: impl Fn(Live) -> Result<()>) {
    for version in VERSIONS {
        for variant in variants {
            Live::start(name, version, *variant, args)
                .and_then(&check)
                .unwrap_or_else(|e| panic!("{name} of Go {version}, {}: {e:#}", variant.name()));
        }
    }
}

/// Everything is proved, from the table, and every thread is known with sane stacks.
fn whole(live: &Live) -> Result<()> {
    let missing: Vec<_> = live.runtime.capabilities().missing().collect();
    ensure!(missing.is_empty(), "{missing:?}");
    ensure!(
        live.runtime.layouts().origin == Origin::Table,
        "{}",
        live.runtime.layouts().origin
    );
    let tids = live.process.threads();
    let (mut known, mut ids) = (0, BTreeSet::new());
    for tid in &tids {
        let Some(m) = live.runtime.m(&live.mem, *tid) else {
            continue;
        };
        known += 1;
        ensure!(
            m.procid == u64::from(*tid) && ids.insert(m.id),
            "thread {tid} is m{} too",
            m.id
        );
        let stacks = [
            live.runtime.g0_stack(&live.mem, &m),
            live.runtime.gsignal_stack(&live.mem, &m),
        ];
        for stack in stacks {
            let stack = stack.with_context(|| format!("a stack of m{}", m.id))?;
            ensure!(stack.hi - stack.lo <= 1 << 30, "{stack:x?} of m{}", m.id);
        }
    }
    // A thread may have begun or ended since the ids were listed.
    ensure!(
        known > 0 && known + 1 >= tids.len(),
        "{known} of {} threads",
        tids.len()
    );
    Ok(())
}

#[test]
fn threads_of_pure_go_are_all_known() {
    each("threads", &["-light", "20"], &VARIANTS, |live| {
        whole(&live)?;
        ensure!(live.process.threads().len() >= 20);
        Ok(())
    });
}

#[test]
fn threads_that_come_and_go_are_followed() {
    each(
        "threads",
        &["-short", "8", "-burn", "5ms"],
        &VARIANTS[1..2],
        |live| {
            // How often each thread was looked for, and whether it was ever found.
            let mut seen: BTreeMap<u32, (u32, bool)> = BTreeMap::new();
            let end = Instant::now() + Duration::from_secs(10);
            while seen.len() < 40 && Instant::now() < end {
                for tid in live.process.threads() {
                    let (looked, found) = seen.entry(tid).or_default();
                    *looked += 1;
                    *found |= live.runtime.m_of_tid(&live.mem, tid).is_some();
                }
            }
            // One that is being made or ends has no M.
            seen.retain(|_, (looked, _)| *looked >= 5);
            let missed = seen.values().filter(|(_, found)| !found).count();
            ensure!(seen.len() >= 12 && missed * 10 <= seen.len(), "{seen:?}");
            Ok(())
        },
    );
}

#[test]
fn labels_are_those_of_the_program() {
    let tenants = ["red", "green", "blue"];
    each("labels", &["-procs", "2"], &VARIANTS[3..], |live| {
        whole(&live)?;
        let mut seen: BTreeMap<Vec<(String, String)>, usize> = BTreeMap::new();
        let end = Instant::now() + Duration::from_secs(5);
        while seen.len() < 7 && Instant::now() < end {
            for g in live.goroutines()? {
                let before = g.labels;
                let labels = live.runtime.labels(&live.mem, before);
                // What was read while the goroutine took other labels says nothing.
                if live.runtime.read_g(&live.mem, g.addr)?.labels != before {
                    continue;
                }
                let labels = labels.with_context(|| format!("labels of goroutine {}", g.goid))?;
                *seen.entry(labels).or_default() += 1;
            }
        }
        let label = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let mut expect = BTreeSet::from([vec![]]);
        for tenant in tenants {
            expect.insert(vec![label("tenant", tenant)]);
            expect.insert(vec![label("step", "check"), label("tenant", tenant)]);
        }
        let seen: BTreeSet<_> = seen.into_keys().collect();
        ensure!(seen == expect, "{seen:?}");
        Ok(())
    });
}

#[test]
fn threads_of_cgo_are_known_and_in_c() {
    each("cgo", &["-procs", "2"], &VARIANTS, |live| {
        whole(&live)?;
        let end = Instant::now() + Duration::from_secs(5);
        let mut in_c = false;
        while !in_c && Instant::now() < end {
            for tid in live.process.threads() {
                let Some(m) = live.runtime.m(&live.mem, tid) else {
                    continue;
                };
                let Some(g) = live.runtime.curg(&live.mem, &m) else {
                    continue;
                };
                if m.ncgo > 0 && g.status == Some(Status::Syscall) && g.m == Some(m.addr) {
                    let call = live.function(g.syscall.pc);
                    in_c |= call == "runtime.cgocall" && g.stack.contains(g.syscall.sp);
                }
            }
        }
        ensure!(in_c, "no goroutine was seen in C");
        Ok(())
    });
}

#[test]
fn goroutines_are_those_of_the_programs_own_dump() {
    let variants = &VARIANTS[..2];
    for version in VERSIONS {
        for variant in variants {
            dump_agrees(version, *variant)
                .unwrap_or_else(|e| panic!("dump of Go {version}, {}: {e:#}", variant.name()));
        }
    }
}

/// A goroutine as both sides tell it: number, state, who made it.
type Told = (u64, String, String);

fn dump_agrees(version: &str, variant: Variant) -> Result<()> {
    // Threads that sleep for long, so that nothing moves between the two looks.
    let dump = tempfile()?;
    let mut command = Command::new(program("threads", version, variant)?);
    command
        .args(["-warm", "50ms", "-light", "5", "-nap", "1h"])
        .env("GOTRACEBACK", "system")
        .stderr(Stdio::from(File::create(&dump)?));
    let mut live = Live::of(command)?;
    // The first of them sleeps only after a little work.
    std::thread::sleep(Duration::from_millis(50));
    let (minor, mut ours) = (
        live.bin
            .build_info()
            .version
            .as_ref()
            .map_or(0, |v| v.minor),
        BTreeSet::new(),
    );
    for g in live.goroutines()? {
        let mut state = match g.status {
            Some(Status::Waiting) => live.runtime.wait_reason(&g).context("a reason")?.to_owned(),
            Some(status) => format!("{status:?}").to_lowercase(),
            None => anyhow::bail!("goroutine {} has no status", g.goid),
        };
        if g.lockedm.is_some() {
            state += ", locked to thread";
        }
        let mut made_by = if g.goid == 1 {
            String::new()
        } else {
            live.function(g.gopc - 1)
        };
        if minor >= 21 && !made_by.is_empty() {
            made_by += &format!(" in goroutine {}", g.parent_goid);
        }
        ours.insert((g.goid, state, made_by));
    }
    let quit = Command::new("kill")
        .args(["-QUIT", &live.running.pid().to_string()])
        .status()?;
    ensure!(quit.success());
    while live.running.exited()?.is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut text = String::new();
    File::open(&dump)?.read_to_string(&mut text)?;
    std::fs::remove_file(&dump)?;
    let theirs = read_dump(&text)?;
    ensure!(
        theirs.len() >= 6,
        "only {} goroutines in {text}",
        theirs.len()
    );
    ensure!(ours == theirs, "ours {ours:#?}\ntheirs {theirs:#?}");
    Ok(())
}

fn read_dump(text: &str) -> Result<BTreeSet<Told>> {
    let mut told: BTreeSet<Told> = BTreeSet::new();
    for stack in text.split("\n\n") {
        let Some(header) = stack.lines().find_map(|l| l.strip_prefix("goroutine ")) else {
            continue;
        };
        let (number, state) = header.split_once(' ').context("a number")?;
        let goid: u64 = number.parse()?;
        let state = state.split(['[', ']']).nth(1).context("a state")?;
        let made_by = stack.lines().find_map(|l| l.strip_prefix("created by "));
        if goid != 0 {
            told.insert((goid, state.to_owned(), made_by.unwrap_or("").to_owned()));
        }
    }
    Ok(told)
}

fn tempfile() -> Result<std::path::PathBuf> {
    let dir = testkit::cache_dir().join("tmp");
    std::fs::create_dir_all(&dir)?;
    let unique = format!("dump-{}-{:?}", std::process::id(), Instant::now());
    Ok(dir.join(unique.replace(|c: char| !c.is_ascii_alphanumeric(), "-")))
}

/// Which functions can have called one of testbed/waits, and how often it is on a stack at most.
const CALLERS: [(&str, &[&str], usize); 4] = [
    ("main.churnA", &["main.churner.func1"], 1),
    ("main.churnB", &["main.churnA"], 1),
    (
        "main.churnC",
        &["main.churnA", "main.churnB", "main.churnC"],
        151,
    ),
    (
        "main.churner.func1",
        &[
            "runtime.goexit",
            "main.churner.gowrap1",
            "main.churner.func2",
        ],
        1,
    ),
];

/// A whole stack is one that the program can have.
fn can_be(names: &[&str]) -> Result<()> {
    ensure!(
        names.last() == Some(&"runtime.goexit"),
        "it ends at {:?}",
        names.last()
    );
    for (name, callers, most) in CALLERS {
        ensure!(
            names.iter().filter(|n| **n == name).count() <= most,
            "{name} too often"
        );
        for pair in names.windows(2).filter(|pair| pair[0] == name) {
            ensure!(callers.contains(&pair[1]), "{} calls {name}", pair[1]);
        }
    }
    // By way of churnB it never goes deep.
    let deep = names.iter().filter(|n| **n == "main.churnC").count();
    ensure!(
        deep <= 15 || !names.contains(&"main.churnB"),
        "{deep} calls"
    );
    Ok(())
}

#[test]
fn stacks_read_while_the_program_runs_are_whole_or_counted() {
    let _alone = testkit::alone().expect("a lock");
    for (version, variant) in [
        ("1.19", Variant::Stripped),
        ("1.23", Variant::Plain),
        ("1.27", Variant::StrippedPie),
    ] {
        let args = ["-quiet", "-churn", "6", "-many", "300"];
        let live = Live::start("waits", version, variant, &args).expect("it starts");
        churned(&live).unwrap_or_else(|e| panic!("Go {version}, {}: {e:#}", variant.name()));
    }
}

fn churned(live: &Live) -> Result<()> {
    let (mut complete, mut rest, mut retried, mut churning) = (0, 0, 0, 0);
    let mut ids = BTreeSet::new();
    let mut reads = 0;
    // How many of the short-lived ones a look meets is chance: as many looks as it takes.
    while reads < 60 || (reads < 2000 && (churning <= 100 || ids.len() <= 50)) {
        reads += 1;
        let mut snapshot = Snapshot::new(
            &live.runtime,
            &live.mem,
            &live.bin,
            live.bias,
            target::clock::monotonic_ns(),
        )
        .map_err(anyhow::Error::msg)?;
        snapshot.read()?;
        let all = snapshot.finish();
        let counts = all.counts;
        complete += counts.complete;
        rest += counts.torn + counts.cut;
        retried += counts.retried;
        let alive = counts.complete + counts.cut + counts.running + counts.torn;
        ensure!(alive == all.all.len() as u64, "{counts:?}");
        for g in all.all.iter().filter(|g| !g.system && !g.cut) {
            if !matches!(g.origin, StackOrigin::Parked | StackOrigin::Syscall) {
                continue;
            }
            let names: Vec<&str> = all
                .stack_frames(g.stack)
                .map(|s| all.text(s.frame.func))
                .collect();
            can_be(&names).with_context(|| format!("goroutine {}: {names:?}", g.id))?;
            if names.contains(&"main.churnA") {
                churning += 1;
                ids.insert(g.id);
            }
        }
    }
    // One in a hundred on a machine of its own; more where others take its processors away.
    ensure!(
        rest * 20 <= complete,
        "{complete} complete, {rest} not, {retried} read again"
    );
    ensure!(
        churning > 100 && ids.len() > 50,
        "{churning} of {} goroutines",
        ids.len()
    );
    Ok(())
}
