//! Goroutines as `/debug/pprof/goroutine?debug=1` prints them: stacks with their counts. Mirrors
//! printCountProfile and printStackRecord of src/runtime/pprof/pprof.go.
//!
//! Addresses are those of the machine's calls: Go has one for each inlined call too.

use std::fmt::Write as _;
use std::io::{self, Write};

use ::goroutines::{Goroutines, LabelsIx, PANICS, StackIx};
use rustc_hash::FxHashMap;

use super::Selection;

/// Writes the stacks, the most frequent first.
pub fn write(selection: &Selection<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all = selection.of;
    let mut counts: FxHashMap<(StackIx, LabelsIx), usize> = FxHashMap::default();
    for g in selection.iter() {
        *counts.entry((g.stack, g.labels)).or_default() += 1;
    }
    let mut keys = Vec::with_capacity(counts.len());
    for (key, count) in counts {
        keys.push((std::cmp::Reverse(count), head(all, key.0, key.1)?, key.0));
    }
    keys.sort_unstable();
    writeln!(out, "goroutine profile: total {}", selection.len())?;
    for (count, head, of) in keys {
        writeln!(out, "{} {head}", count.0)?;
        stack(all, of, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The addresses of a stack and its labels, by which Go sorts stacks that are equally frequent.
fn head(all: &Goroutines, stack: StackIx, labels: LabelsIx) -> io::Result<String> {
    let mut text = "@".to_owned();
    for &call in all.stack(stack) {
        let _ = write!(text, " {:#x}", all.call(call).pc);
    }
    let labels = all.label_set(labels);
    if labels.is_empty() {
        return Ok(text);
    }
    let mut pairs = Vec::with_capacity(labels.len());
    for (k, v) in labels {
        pairs.push(format!("{}:{}", quoted(k)?, quoted(v)?));
    }
    let _ = write!(text, "\n# labels: {{{}}}", pairs.join(", "));
    Ok(text)
}

fn quoted(text: &str) -> io::Result<String> {
    serde_json::to_string(text).map_err(io::Error::other)
}

/// The frames of a stack; the runtime's own at its beginning are left out, unless there are no
/// others.
fn stack(all: &Goroutines, stack: StackIx, out: &mut dyn Write) -> io::Result<()> {
    let is_runtime =
        |name: &str| name.starts_with("runtime.") || name.starts_with("internal/runtime/");
    let name = |f: &::goroutines::Frame| all.text(f.func);
    let is_exit = |name: &str| name == "runtime.goexit";
    let mut frames = all.stack_frames(stack);
    let only_runtime = frames.all(|s| is_runtime(name(s.frame)));
    let mut show = only_runtime;
    let mut callee = "";
    let mut rows = Vec::new();
    for s in all.stack_frames(stack) {
        let hidden = s.frame.wrapper && !PANICS.contains(&callee);
        callee = name(s.frame);
        if hidden {
            continue;
        }
        show |= !is_runtime(name(s.frame));
        if !show || is_exit(name(s.frame)) {
            continue;
        }
        let call = all.call(s.call);
        let back = u64::from(!call.exact);
        let offset = call.offset.map_or(0, |o| u64::from(o).saturating_sub(back));
        rows.push([
            format!("{:#x}", call.pc.saturating_sub(back)),
            format!("{}+{offset:#x}", gobin::print_name(name(s.frame))),
            format!("{}:{}", all.text(s.frame.file), s.frame.line),
        ]);
    }
    // As text/tabwriter aligns it: with tabs, to the longest of each column.
    let longest = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
    let widths = [0, 1].map(|column| (longest(column).unwrap_or(0) + 1).next_multiple_of(8));
    for row in &rows {
        write!(out, "#")?;
        out.write_all(b"\t")?;
        for (cell, width) in row.iter().zip(widths) {
            let tabs = (width - cell.chars().count()).div_ceil(8);
            write!(out, "{cell}{}", "\t".repeat(tabs))?;
        }
        writeln!(out, "{}", row[2])?;
    }
    Ok(())
}
