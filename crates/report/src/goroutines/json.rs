//! Goroutines as JSON: each stack once, a flat record for each goroutine.

use std::io::{self, Write};

use ::goroutines::StackIx;
use rustc_hash::FxHashMap;

use super::Selection;
use super::groups::{By, Group, groups};
use crate::json::writer::Writer;

/// Writes the goroutines, or with `by` their groups.
pub fn write(selection: &Selection<'_>, by: Option<&By>, out: &mut dyn Write) -> io::Result<()> {
    let all = selection.of;
    let counts = all.counts;
    let mut w = Writer::new(out);
    w.object(|w| {
        w.field("schema", "gowhy.goroutines")?;
        w.field("version", 1i64)?;
        w.field("source", &all.source)?;
        w.field("go_version", &all.go_version)?;
        w.field("time_ns", all.time_ns)?;
        w.key("read")?;
        w.object(|w| {
            w.field("complete", counts.complete)?;
            w.field("cut", counts.cut)?;
            w.field("running_without_stack", counts.running)?;
            w.field("torn", counts.torn)?;
            w.field("retried", counts.retried)?;
            w.field("dead", counts.dead)?;
            w.field("stopped", all.stopped)
        })?;
        w.array("notes", &all.notes, |w, note| w.scalar(note))?;
        let (ids, order) = stacks(selection);
        w.records("stacks", order.iter().enumerate(), |w, (id, stack)| {
            w.field("id", id)?;
            write_stack(w, selection, *stack)
        })?;
        match by {
            None => write_goroutines(w, selection, &ids),
            Some(by) => write_groups(w, selection, &groups(selection, by), &ids),
        }
    })?;
    out.write_all(b"\n")
}

/// The stacks of the selection with numbers from 0.
fn stacks(selection: &Selection<'_>) -> (FxHashMap<StackIx, usize>, Vec<StackIx>) {
    let mut ids = FxHashMap::default();
    let mut order = Vec::new();
    for g in selection.iter() {
        ids.entry(g.stack).or_insert_with(|| {
            order.push(g.stack);
            order.len() - 1
        });
    }
    (ids, order)
}

fn write_stack(w: &mut Writer<'_>, selection: &Selection<'_>, stack: StackIx) -> io::Result<()> {
    let all = selection.of;
    w.records("frames", all.stack_frames(stack), |w, s| {
        w.field("function", all.text(s.frame.func))?;
        w.field("file", all.text(s.frame.file))?;
        w.field("line", i64::from(s.frame.line))?;
        w.field("inlined", s.frame.inlined)?;
        w.field("pc", format!("{:#x}", all.call(s.call).pc).as_str())
    })
}

fn write_goroutines(
    w: &mut Writer<'_>,
    selection: &Selection<'_>,
    ids: &FxHashMap<StackIx, usize>,
) -> io::Result<()> {
    let all = selection.of;
    w.records("goroutines", selection.iter(), |w, g| {
        w.field("id", g.id)?;
        w.field("status", g.status.name())?;
        w.field("state", all.text(g.state))?;
        w.field("wait_ns", (g.wait_ns > 0).then_some(g.wait_ns))?;
        let object = (g.waits_on > 0).then(|| format!("{:#x}", g.waits_on));
        w.field("waits_on", object.as_deref())?;
        w.field("stack", ids.get(&g.stack).copied())?;
        w.field("stack_from", g.origin.name())?;
        w.field("cut", g.cut)?;
        let creator = g.created_by.and_then(|call| all.frames(call).last());
        w.field("created_by", creator.map(|f| all.text(f.func)))?;
        w.field("created_by_file", creator.map(|f| all.text(f.file)))?;
        w.field("created_by_line", creator.map(|f| i64::from(f.line)))?;
        w.field("parent", (g.parent > 0).then_some(g.parent))?;
        w.field("thread", (g.thread > 0).then_some(u64::from(g.thread)))?;
        w.field("locked", g.locked)?;
        w.field("system", g.system)?;
        w.key("labels")?;
        w.object(|w| {
            let mut labels = all.label_set(g.labels).iter();
            labels.try_for_each(|(k, v)| w.field(k, v))
        })
    })
}

fn write_groups(
    w: &mut Writer<'_>,
    selection: &Selection<'_>,
    groups: &[Group],
    ids: &FxHashMap<StackIx, usize>,
) -> io::Result<()> {
    let all = selection.of;
    w.records("groups", groups, |w, g| {
        w.field("name", &g.name)?;
        w.field("count", g.count)?;
        w.field("locked", g.locked)?;
        w.field("known_waits", g.waits.known)?;
        w.field(
            "longest_wait_ns",
            (g.waits.known > 0).then_some(g.waits.longest_ns),
        )?;
        w.field(
            "median_wait_ns",
            (g.waits.known > 0).then_some(g.waits.median_ns),
        )?;
        w.field("stack", g.stack.and_then(|s| ids.get(&s).copied()))?;
        let creator = g.created_by.and_then(|call| all.frames(call).last());
        w.field("created_by", creator.map(|f| all.text(f.func)))?;
        w.field("created_by_file", creator.map(|f| all.text(f.file)))?;
        w.field("created_by_line", creator.map(|f| i64::from(f.line)))?;
        w.records("states", &g.states, |w, (state, count)| {
            w.field("state", all.text(*state))?;
            w.field("count", *count)
        })
    })
}
