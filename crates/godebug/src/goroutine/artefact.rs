//! A dump as [`Goroutines`], the form that live processes give too.

use std::collections::HashMap;

use goroutines::{Builder, CallIx, Goroutines, StackOrigin, Status};

use super::{Frame, Goroutine, Item, Reader, Stack};

/// Reads a dump into the artefact. The stacks of threads are no goroutines and are left out; of a
/// goroutine that is printed twice, as where every thread prints its own, the one with a stack
/// counts.
pub fn goroutines(text: &str, source: &str) -> Goroutines {
    let mut b = Builder::default();
    b.made().source = source.to_owned();
    let mut at: HashMap<u64, usize> = HashMap::new();
    let (mut damaged, mut twice) = (0u64, 0u64);
    for item in Reader::new(text) {
        match item {
            Item::Goroutine(g) if g.id != 0 && !g.runtime_stack => {
                let row = row(&mut b, &g);
                match at.get(&g.id) {
                    None => {
                        at.insert(g.id, b.so_far().all.len());
                        b.add(row);
                    }
                    Some(&known) => {
                        let old = &mut b.made().all[known];
                        if old.origin == StackOrigin::Running {
                            *old = row;
                        } else {
                            twice += 1;
                        }
                    }
                }
            }
            Item::Reason(reason) => {
                let first = reason.text.lines().next().unwrap_or_default();
                let note = reason.kind.prefix().to_owned() + first;
                b.made().notes.push(note);
            }
            Item::Damaged(_) => damaged += 1,
            _ => {}
        }
    }
    let made = b.made();
    for (count, what) in [
        (damaged, "lines of stacks could not be read"),
        (
            twice,
            "goroutines were printed again later; the first counts",
        ),
    ] {
        if count > 0 {
            made.notes.push(format!("{count} {what}"));
        }
    }
    for g in &made.all {
        match g.origin {
            StackOrigin::Running => made.counts.running += 1,
            _ if g.cut => made.counts.cut += 1,
            _ => made.counts.complete += 1,
        }
    }
    b.finish()
}

impl super::ReasonKind {
    /// How such a line starts.
    pub fn prefix(self) -> &'static str {
        match self {
            super::ReasonKind::Panic { .. } => "panic: ",
            super::ReasonKind::Fatal => "fatal error: ",
            super::ReasonKind::Runtime => "runtime: ",
            super::ReasonKind::Signal => "",
        }
    }
}

fn row(b: &mut Builder, g: &Goroutine<'_>) -> goroutines::Goroutine {
    let labels = g.labels.iter();
    let labels = labels.map(|(k, v)| (k.to_string(), v.to_string()));
    let labels = b.labels(labels.collect());
    let calls = calls(b, &g.stack);
    goroutines::Goroutine {
        id: g.id,
        parent: g.parent.unwrap_or(0),
        wait_ns: g.wait_minutes.saturating_mul(60_000_000_000),
        waits_on: 0,
        thread: 0,
        bubble: u32::try_from(g.bubble.unwrap_or(0)).unwrap_or(u32::MAX),
        stack: b.stack(&calls),
        created_by: g.stack.created_by.map(|frame| call(b, &[frame])),
        state: b.text(g.state),
        labels,
        status: status(g),
        origin: match g.unavailable {
            true => StackOrigin::Running,
            false => StackOrigin::Printed,
        },
        system: is_system(g),
        locked: g.locked,
        cut: g.stack.elided.is_some(),
    }
}

fn calls(b: &mut Builder, stack: &Stack<'_>) -> Vec<CallIx> {
    let physical = stack.frames.split_inclusive(|frame| !frame.inlined);
    physical.map(|frames| call(b, frames)).collect()
}

/// One physical frame, with those that were inlined into it before it.
fn call(b: &mut Builder, frames: &[Frame<'_>]) -> CallIx {
    let rows: Vec<_> = frames
        .iter()
        .map(|f| goroutines::Frame {
            func: b.text(full_name(f.func)),
            file: b.text(f.file),
            line: f.line,
            start_line: 0,
            inlined: f.inlined,
            wrapper: false,
        })
        .collect();
    let last = frames.last().copied().unwrap_or_default();
    let offset = last.offset.and_then(|o| u32::try_from(o).ok());
    b.call(last.pc.unwrap_or(0), offset, false, &rows)
}

/// The function's own name: Go prints `panic` for the runtime's.
pub(super) fn full_name(func: &str) -> &str {
    match func {
        "panic" => "runtime.gopanic",
        func => func,
    }
}

fn status(g: &Goroutine<'_>) -> Status {
    match g.state {
        _ if g.leaked => Status::Leaked,
        "runnable" => Status::Runnable,
        "running" => Status::Running,
        "syscall" => Status::Syscall,
        "preempted" => Status::Preempted,
        "idle" | "dead" | "copystack" | "???" | "" => Status::Other,
        _ => Status::Waiting,
    }
}

/// Whether it is the runtime's: its first function is, and is none that runs what is the program's.
fn is_system(g: &Goroutine<'_>) -> bool {
    let mut roots = g.stack.frames.iter().rev().map(|f| f.func);
    let root = roots
        .find(|func| *func != "runtime.goexit")
        .unwrap_or_default();
    root.starts_with("runtime.") && root != "runtime.main"
}
