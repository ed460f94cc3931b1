//! All goroutines with their stacks, read while the program runs.
//!
//! Nothing is stopped. Goroutines are read by the thousand: their structs in the order of their
//! addresses, many a system call, then the top of each stack, then their structs again. A goroutine
//! that has run meanwhile shows it: its status, where it left its thread, the bounds of its stack or
//! the runtime's own count of its runs have changed. It is read again, and if it never keeps still
//! it is counted as torn and shown without a stack. So each stack is one that the goroutine had;
//! stacks of different goroutines are some milliseconds apart.

use gobin::GoBin;
use goroutines::{Builder, Goroutine, Goroutines, LabelsIx, StackIx, StackOrigin, Text};
use rustc_hash::FxHashMap;
use target::{Memory, MemoryError, Piece};

use crate::capabilities::Ability;
use crate::layout::layout;
use crate::read::View;
use crate::runtime::Runtime;
use crate::stacks::{Node, Stacks, Walked};
use crate::structs::{G, GAddr, Status};
use crate::symbols::{Start, Symbols};

/// So many goroutines are read at a time.
const BATCH: usize = 4096;
/// So much of each stack is read at first: room for some ten frames.
const WINDOW: usize = 1024;
/// A window that was too small grows by this factor …
const GROWTH: usize = 16;
/// … up to this size; deeper stacks are cut.
const MAX_WINDOW: usize = 64 << 20;
/// A goroutine is read at most so often.
const TRIES: usize = 6;
/// Structs that are nearer to one another are read as one piece.
const NEAR: u64 = 512;

/// Reads the goroutines of one process.
pub struct Snapshot<'a> {
    runtime: &'a Runtime,
    mem: &'a dyn Memory,
    now_ns: u64,
    out: Builder,
    stacks: Stacks<'a>,
    symbols: Symbols<'a>,
    /// The stack of each node of `stacks` that one ended at.
    named: FxHashMap<Node, StackIx>,
    labels: FxHashMap<u64, LabelsIx>,
    states: FxHashMap<(Option<Status>, u8), Text>,
    /// Those that ran, by their place in the list.
    running: Vec<Running>,
    /// Where a goroutine's entry in the queue of what it waits for has its fields, if it is known.
    queue: Option<QueueLayout>,
    reading: Reading,
}

layout! {
    /// `runtime.sudog`, a goroutine in the queue of a channel or a semaphore.
    QueueLayout of "sudog"
    required {
        /// The goroutine.
        g: "g",
        /// Its next entry, of a goroutine that waits for several things.
        waitlink: "waitlink",
        /// The channel, if it is one.
        c: "c",
        /// The semaphore's word, if it is one.
        elem: "elem",
        /// Whether it is one of the cases of a select.
        is_select: "isSelect",
    }
    optional {}
}

/// A goroutine that ran when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its place in [`Goroutines::all`].
    pub place: usize,
    /// Where it is kept.
    pub addr: GAddr,
    /// Its number.
    pub goid: u64,
    /// The kernel thread that ran it, in the program's own pid namespace; 0 if not known.
    pub tid: u32,
}

/// Room that every batch uses again.
#[derive(Default)]
struct Reading {
    order: Vec<u32>,
    pieces: Vec<Piece>,
    /// For each goroutine of the batch where its struct is in `structs`.
    places: Vec<usize>,
    structs: Vec<u8>,
    failed: Vec<usize>,
    windows: Vec<u8>,
}

/// What one look at a goroutine gave.
enum Look {
    /// There is none.
    Dead,
    /// It runs.
    Running(G),
    /// Its stack; the last says that it goes on.
    Stack(G, Node, bool),
    /// It moved, or could not be read.
    Again,
}

impl<'a> Snapshot<'a> {
    /// Begins to read the process that `runtime` was attached to and that runs `bin`, loaded `bias`
    /// above the file's addresses. `now_ns` is CLOCK_MONOTONIC.
    ///
    /// Fails with the reason where goroutines cannot be listed or read.
    pub fn new(
        runtime: &'a Runtime,
        mem: &'a dyn Memory,
        bin: &'a GoBin,
        bias: u64,
        now_ns: u64,
    ) -> Result<Snapshot<'a>, String> {
        for ability in [Ability::AllGoroutines, Ability::Goroutines] {
            if let Some(why) = runtime.capabilities().why_not(ability) {
                return Err(format!("no {ability}: {why}"));
            }
        }
        let mut out = Builder::default();
        out.made().go_version = bin.build_info().go_version.clone();
        Ok(Snapshot {
            runtime,
            mem,
            now_ns,
            out,
            stacks: Stacks::new(bin, bias),
            symbols: Symbols::new(bin, bias),
            named: FxHashMap::default(),
            labels: FxHashMap::default(),
            states: FxHashMap::default(),
            running: Vec::new(),
            queue: runtime
                .structs(bin, &["sudog"])
                .and_then(|structs| QueueLayout::resolve(&*structs).ok()),
            reading: Reading::default(),
        })
    }

    /// Reads all goroutines. Those that run have no stack yet.
    pub fn read(&mut self) -> Result<(), MemoryError> {
        let all = self.runtime.all_g(self.mem)?;
        self.out.made().all.reserve_exact(all.len());
        for batch in all.chunks(BATCH) {
            self.batch(batch);
        }
        Ok(())
    }

    /// Those that ran and have no stack yet.
    pub fn running(&self) -> &[Running] {
        &self.running
    }

    /// The artefact so far, for texts and calls that others add.
    pub fn builder(&mut self) -> &mut Builder {
        &mut self.out
    }

    /// The call at an address of the Go program.
    pub fn call(&mut self, pc: u64, exact: bool) -> goroutines::CallIx {
        self.symbols.call(&mut self.out, pc, exact)
    }

    /// Gives a goroutine that ran the stack that its thread's registers led to.
    pub fn set_stack(&mut self, place: usize, calls: &[goroutines::CallIx], cut: bool) {
        let stack = self.out.stack(calls);
        let made = self.out.made();
        let Some(g) = made.all.get_mut(place) else {
            return;
        };
        if g.origin == StackOrigin::Running {
            g.origin = StackOrigin::Registers;
            g.stack = stack;
            g.cut = cut;
            made.counts.running -= 1;
            if cut {
                made.counts.cut += 1;
            } else {
                made.counts.complete += 1;
            }
        }
        self.running.retain(|r| r.place != place);
    }

    /// Looks again at those that ran: what does so no longer gets its stack, or is gone.
    pub fn retry_running(&mut self) {
        for running in std::mem::take(&mut self.running) {
            let looks = self.look(&[running.addr], Node::CHECKED);
            let same = |g: &G| g.goid == running.goid;
            match looks.into_iter().next() {
                Some(Look::Running(g)) if same(&g) => self.running.push(Running {
                    tid: self.tid(&g),
                    ..running
                }),
                Some(Look::Stack(g, node, cut)) if same(&g) => {
                    let counts = &mut self.out.made().counts;
                    counts.running -= 1;
                    counts.retried += 1;
                    let row = self.row(&g, Some((node, cut)));
                    self.out.made().all[running.place] = row;
                }
                Some(Look::Again) => self.running.push(running),
                // It has ended: it was running to the last.
                _ => {}
            }
        }
    }

    /// The finished artefact.
    pub fn finish(self) -> Goroutines {
        self.out.finish()
    }

    fn batch(&mut self, addrs: &[GAddr]) {
        let mut looks = self.look(addrs, Node::CHECKED);
        let mut retried = vec![false; addrs.len()];
        for again in 1..TRIES {
            let left: Vec<usize> = (0..looks.len())
                .filter(|i| matches!(looks[*i], Look::Again))
                .collect();
            if left.is_empty() {
                break;
            }
            // What does not move and yet fails the check of its calls was compiled by other rules
            // than ours.
            let root = match again == TRIES - 1 {
                true => Node::UNCHECKED,
                false => Node::CHECKED,
            };
            let addrs: Vec<GAddr> = left.iter().map(|i| addrs[*i]).collect();
            for (i, look) in left.into_iter().zip(self.look(&addrs, root)) {
                looks[i] = look;
                retried[i] = true;
            }
        }
        let objects = self.objects(&looks);
        let objects = objects.into_iter().chain(std::iter::repeat(0));
        for (((look, addr), retried), object) in
            looks.into_iter().zip(addrs).zip(retried).zip(objects)
        {
            self.out.made().counts.retried += u64::from(retried);
            match look {
                Look::Dead => self.out.made().counts.dead += 1,
                Look::Running(g) => {
                    self.running.push(Running {
                        place: self.out.so_far().all.len(),
                        addr: *addr,
                        goid: g.goid,
                        tid: self.tid(&g),
                    });
                    let row = self.row(&g, None);
                    self.out.add(row);
                }
                Look::Stack(g, node, cut) => {
                    let mut row = self.row(&g, Some((node, cut)));
                    row.waits_on = object;
                    self.out.add(row);
                }
                Look::Again => match self.runtime.read_g(self.mem, *addr) {
                    Ok(g) if g.status.is_some_and(Status::is_alive) => {
                        let mut row = self.row(&g, None);
                        row.origin = StackOrigin::Torn;
                        let counts = &mut self.out.made().counts;
                        counts.torn += 1;
                        counts.running -= 1;
                        self.out.add(row);
                    }
                    _ => self.out.made().counts.dead += 1,
                },
            }
        }
    }

    /// What each goroutine waits for, by address; 0 where that is not known, or several.
    fn objects(&mut self, looks: &[Look]) -> Vec<u64> {
        let Some(layout) = &self.queue else {
            return Vec::new();
        };
        let span = layout.span();
        let len = (span.end - span.start) as usize;
        let r = &mut self.reading;
        r.pieces.clear();
        let mut of = Vec::new();
        for (i, look) in looks.iter().enumerate() {
            if let Look::Stack(g, ..) = look
                && g.status == Some(Status::Waiting)
                && g.waiting != 0
            {
                let address = g.waiting.wrapping_add(u64::from(span.start));
                r.pieces.push(Piece { address, len });
                of.push((i, g.addr));
            }
        }
        r.structs.resize(r.pieces.len() * len, 0);
        self.mem
            .read_pieces(&r.pieces, &mut r.structs, &mut r.failed);
        let mut objects = vec![0; looks.len()];
        for (n, (i, addr)) in of.into_iter().enumerate() {
            let view = View {
                start: span.start,
                bytes: &r.structs[n * len..(n + 1) * len],
            };
            // An entry of another goroutine was left or used again meanwhile.
            let is_its = view.uint(layout.g) == addr.0 && r.failed.binary_search(&n).is_err();
            let several = view.uint(layout.is_select) != 0 && view.uint(layout.waitlink) != 0;
            if is_its && !several {
                objects[i] = match view.last_word(layout.c) {
                    0 => view.last_word(layout.elem),
                    channel => channel,
                };
            }
        }
        objects
    }

    fn tid(&self, g: &G) -> u32 {
        let m = g.m.and_then(|m| self.runtime.read_m(self.mem, m).ok());
        m.filter(|m| m.curg == Some(g.addr))
            .and_then(|m| u32::try_from(m.procid).ok())
            .unwrap_or(0)
    }

    /// Looks once at each goroutine.
    fn look(&mut self, addrs: &[GAddr], root: Node) -> Vec<Look> {
        let before = self.structs(addrs);
        let mut looks: Vec<Look> = Vec::with_capacity(addrs.len());
        for g in before {
            looks.push(match g {
                None => Look::Again,
                Some(g) => match g.status {
                    Some(Status::Running) => Look::Running(g),
                    Some(Status::Copystack) | None => Look::Again,
                    Some(status) if !status.is_alive() => Look::Dead,
                    Some(_) if g.stack.contains(start(&g).1) => Look::Stack(g, root, true),
                    Some(_) => Look::Again,
                },
            });
        }
        self.walk(&mut looks, root);
        // The second look at the structs tells which stacks are to be believed.
        let walked: Vec<usize> = (0..looks.len())
            .filter(|i| matches!(looks[*i], Look::Stack(..)))
            .collect();
        let again: Vec<GAddr> = walked.iter().map(|i| addrs[*i]).collect();
        for (i, now) in walked.into_iter().zip(self.structs(&again)) {
            if let Look::Stack(g, ..) = &looks[i]
                && now.is_none_or(|now| has_moved(g, &now))
            {
                looks[i] = Look::Again;
            }
        }
        looks
    }

    /// Reads the stacks of those that have one, with windows as large as they need.
    fn walk(&mut self, looks: &mut [Look], root: Node) {
        let mut reading = std::mem::take(&mut self.reading);
        let mut window = WINDOW;
        let mut left: Vec<usize> = (0..looks.len())
            .filter(|i| matches!(looks[*i], Look::Stack(..)))
            .collect();
        while !left.is_empty() {
            let mut more = Vec::new();
            // Large windows are read a few at a time.
            let at_once = (BATCH * WINDOW / window).max(1);
            for part in left.chunks(at_once) {
                reading.pieces.clear();
                for &i in part {
                    let (address, len) = match &looks[i] {
                        Look::Stack(g, ..) => {
                            let (_, sp) = start(g);
                            let room = g.stack.hi.saturating_sub(sp) as usize;
                            (sp, room.min(window))
                        }
                        _ => (0, 0),
                    };
                    reading.pieces.push(Piece { address, len });
                }
                let total = reading.pieces.iter().map(|p| p.len).sum();
                reading.windows.resize(total, 0);
                self.mem
                    .read_pieces(&reading.pieces, &mut reading.windows, &mut reading.failed);
                let mut failed = reading.failed.iter().copied().peekable();
                let mut at = 0;
                for (n, &i) in part.iter().enumerate() {
                    let len = reading.pieces[n].len;
                    let bytes = &reading.windows[at..at + len];
                    at += len;
                    if failed.next_if_eq(&n).is_some() {
                        looks[i] = Look::Again;
                        continue;
                    }
                    let Look::Stack(g, node, cut) = &mut looks[i] else {
                        continue;
                    };
                    let whole = g.stack.hi.saturating_sub(start(g).1) <= len as u64;
                    match self.stacks.walk(root, start(g).0, bytes) {
                        Walked::Whole(end) => (*node, *cut) = (end, false),
                        Walked::More(_) if !whole && window < MAX_WINDOW => more.push(i),
                        Walked::More(end) => (*node, *cut) = (end, true),
                        Walked::Lost(end) if root == Node::UNCHECKED => {
                            (*node, *cut) = (end, true);
                        }
                        Walked::Lost(_) => looks[i] = Look::Again,
                    }
                }
            }
            left = more;
            window *= GROWTH;
        }
        // One deep stack is no reason to keep room for many.
        if reading.windows.capacity() > 2 * BATCH * WINDOW {
            reading.windows = Vec::new();
        }
        self.reading = reading;
    }

    /// Reads the structs of goroutines, many a system call; `None` for what could not be read.
    fn structs(&mut self, addrs: &[GAddr]) -> Vec<Option<G>> {
        let layout = &self.runtime.layouts().g;
        let span = layout.span();
        let len = (span.end - span.start) as usize;
        let r = &mut self.reading;
        r.order.clear();
        r.order.extend(0..addrs.len() as u32);
        r.order.sort_unstable_by_key(|i| addrs[*i as usize]);
        r.pieces.clear();
        r.places.clear();
        r.places.resize(addrs.len(), 0);
        let mut total = 0;
        // For each goroutine, in the order of addresses, the piece that it is in.
        let mut within: Vec<u32> = Vec::with_capacity(addrs.len());
        for &i in &r.order {
            let from = addrs[i as usize].0.wrapping_add(u64::from(span.start));
            let gap = r
                .pieces
                .last()
                .map(|p| from.wrapping_sub(p.address.wrapping_add(p.len as u64)));
            match (gap, r.pieces.last_mut()) {
                (Some(gap), Some(piece)) if gap < NEAR => {
                    piece.len += gap as usize + len;
                    total += gap as usize + len;
                }
                _ => {
                    r.pieces.push(Piece { address: from, len });
                    total += len;
                }
            }
            r.places[i as usize] = total - len;
            within.push(r.pieces.len() as u32 - 1);
        }
        r.structs.resize(total, 0);
        self.mem
            .read_pieces(&r.pieces, &mut r.structs, &mut r.failed);
        let mut found: Vec<Option<G>> = (0..addrs.len()).map(|_| None).collect();
        for (&i, piece) in r.order.iter().zip(within) {
            let i = i as usize;
            if r.failed.binary_search(&(piece as usize)).is_ok() {
                // A piece may hold several, of which only one is gone.
                found[i] = self.runtime.read_g(self.mem, addrs[i]).ok();
                continue;
            }
            let place = r.places[i];
            let view = View {
                start: span.start,
                bytes: &r.structs[place..place + len],
            };
            let g = G::parse(view, layout, addrs[i]);
            found[i] = Some(self.runtime.without_unproved(g));
        }
        found
    }

    /// The row of a goroutine, counted; without a stack it is one that runs.
    fn row(&mut self, g: &G, stack: Option<(Node, bool)>) -> Goroutine {
        let state = self.state(g);
        let labels = self.labels_of(g.labels);
        // The first is made by the assembly that starts the program, which Go does not show either.
        let created_by = match g.gopc {
            0 => None,
            _ if g.goid == 1 => None,
            pc => self.symbols.creator(&mut self.out, pc),
        };
        let in_syscall = start(g) == (g.syscall.pc, g.syscall.sp);
        let (stack, origin, cut) = match stack {
            None => (StackIx::default(), StackOrigin::Running, false),
            Some((node, cut)) => {
                let origin = match in_syscall {
                    true => StackOrigin::Syscall,
                    false => StackOrigin::Parked,
                };
                (self.name(node), origin, cut)
            }
        };
        let counts = &mut self.out.made().counts;
        match (origin, cut) {
            (StackOrigin::Running, _) => counts.running += 1,
            (_, true) => counts.cut += 1,
            _ => counts.complete += 1,
        }
        let waits = matches!(g.status, Some(Status::Waiting | Status::Syscall));
        let system = match self.symbols.start(g.startpc) {
            Start::User => false,
            Start::System => true,
            Start::Serves => !self.has_user_frames(stack),
        };
        let on_thread = matches!(g.status, Some(Status::Running | Status::Syscall));
        Goroutine {
            id: g.goid,
            parent: g.parent_goid,
            wait_ns: match g.waitsince {
                since if waits && since != 0 => self.now_ns.saturating_sub(since),
                _ => 0,
            },
            waits_on: 0,
            thread: if on_thread { self.tid(g) } else { 0 },
            bubble: 0,
            stack,
            created_by,
            state,
            labels,
            status: plain(g.status),
            origin,
            system,
            locked: g.lockedm.is_some(),
            cut,
        }
    }

    fn has_user_frames(&self, stack: StackIx) -> bool {
        let made = self.out.so_far();
        made.shown(stack)
            .any(|s| !made.text(s.frame.func).starts_with("runtime."))
    }

    /// The stack that ends at a node.
    fn name(&mut self, node: Node) -> StackIx {
        if let Some(known) = self.named.get(&node) {
            return *known;
        }
        let mut calls: Vec<_> = Vec::new();
        for (pc, exact) in self.stacks.calls(node) {
            calls.push(self.symbols.call(&mut self.out, pc, exact));
        }
        calls.reverse();
        let stack = self.out.stack(&calls);
        self.named.insert(node, stack);
        stack
    }

    fn labels_of(&mut self, address: u64) -> LabelsIx {
        if address == 0 {
            return LabelsIx::default();
        }
        if let Some(known) = self.labels.get(&address) {
            return *known;
        }
        let labels = self.runtime.labels(self.mem, address).unwrap_or_default();
        let labels = self.out.labels(labels);
        self.labels.insert(address, labels);
        labels
    }

    /// What a goroutine does, in the runtime's words. Mirrors goroutineheader of
    /// src/runtime/traceback.go.
    fn state(&mut self, g: &G) -> Text {
        let reason = match g.status {
            Some(Status::Waiting | Status::Leaked) => g.waitreason,
            _ => 0,
        };
        if let Some(known) = self.states.get(&(g.status, reason)) {
            return *known;
        }
        let word = match g.status {
            Some(Status::Runnable) => "runnable",
            Some(Status::Running) => "running",
            Some(Status::Syscall) => "syscall",
            Some(Status::Waiting) => "waiting",
            Some(Status::Preempted) => "preempted",
            Some(Status::Leaked) => "leaked",
            Some(Status::Copystack) => "copystack",
            Some(Status::Idle) => "idle",
            Some(Status::Dead) => "dead",
            Some(Status::DeadExtra) => "waiting for cgo callback",
            None => "???",
        };
        let word = self.runtime.wait_reason(g).unwrap_or(word);
        let text = self.out.text(word);
        self.states.insert((g.status, reason), text);
        text
    }
}

/// Where a goroutine that does not run goes on: pc and stack pointer.
fn start(g: &G) -> (u64, u64) {
    if g.syscall.sp != 0 {
        (g.syscall.pc, g.syscall.sp)
    } else {
        (g.sched.pc, g.sched.sp)
    }
}

/// Whether a goroutine has run, or its stack was moved, between two looks.
fn has_moved(before: &G, now: &G) -> bool {
    let key = |g: &G| {
        (
            g.goid,
            g.status,
            g.runs,
            g.sched,
            g.syscall,
            g.stack,
            g.waitreason,
            g.waiting,
            g.labels,
        )
    };
    key(before) != key(now)
}

fn plain(status: Option<Status>) -> goroutines::Status {
    match status {
        Some(Status::Runnable) => goroutines::Status::Runnable,
        Some(Status::Running) => goroutines::Status::Running,
        Some(Status::Syscall) => goroutines::Status::Syscall,
        Some(Status::Waiting) => goroutines::Status::Waiting,
        Some(Status::Preempted) => goroutines::Status::Preempted,
        Some(Status::Leaked) => goroutines::Status::Leaked,
        _ => goroutines::Status::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use testkit::{Variant, program};

    use super::*;
    use crate::layout::Release;
    use crate::testing::FakeProcess;

    fn go() -> GoBin {
        let path = program("labels", "1.23", Variant::Plain).expect("a program");
        let data = std::fs::read(path).expect("its bytes");
        GoBin::parse(Arc::new(data)).expect("a Go program")
    }

    fn counts(process: &FakeProcess, runtime: &Runtime, bin: &GoBin) -> Goroutines {
        let mut snapshot =
            Snapshot::new(runtime, &process.mem, bin, 0, 1 << 40).expect("all is proved");
        snapshot.read().expect("the list can be read");
        snapshot.retry_running();
        let all = snapshot.finish();
        let c = all.counts;
        let alive = c.complete + c.cut + c.running + c.torn;
        assert_eq!(alive, all.all.len() as u64, "{c:?}");
        assert_eq!(alive + c.dead, process.gs.len() as u64, "{c:?}");
        all
    }

    #[test]
    fn damaged_memory_gives_no_panic_and_nobody_is_lost() {
        let bin = go();
        let table = bin.pclntab();
        let entry = |name: &str| table.func_by_name(name).first().map_or(0, |f| f.entry);
        let pcs = [
            entry("runtime.gopark"),
            entry("runtime.main"),
            entry("main.main"),
        ];
        let config = proptest::test_runner::Config::with_cases(200);
        proptest!(config, |(
            words in proptest::collection::vec((0_usize..8, 0_usize..12, any::<u64>()), 0..24),
            near in proptest::collection::vec(0_u64..4096, 24),
            small in any::<bool>(),
        )| {
            let process = FakeProcess::new(Release { minor: 23, patch: 9 });
            let tids = process.tids();
            let runtime = Runtime::attach_program(&process.mem, &process, &tids);
            let runtime = runtime.expect("an intact process");
            let g = &runtime.layouts().g;
            let fields = [
                g.stack_lo, g.stack_hi, g.sched_sp, g.sched_pc, g.status, g.goid, g.startpc, g.m,
            ];
            for (i, (which, field, value)) in words.iter().enumerate() {
                let at = process.gs[which % process.gs.len()];
                // Some values are almost right.
                let value = match field % 3 {
                    0 if small => value % 16,
                    1 => pcs[i % pcs.len()].wrapping_add(near[i]),
                    _ => *value,
                };
                process.mem.set(at, fields[field % fields.len()], value);
            }
            counts(&process, &runtime, &bin);
        });
    }
}
