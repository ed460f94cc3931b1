//! Groups of goroutines as text, for people.

use std::io::{self, Write};

use ::goroutines::{Goroutines, Status, Text};

use super::Selection;
use super::groups::{By, Group};
use super::wait::{Waits, brief};

/// How text is marked for the eye; what a terminal makes of it is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A number that counts.
    Count,
    /// What a goroutine does or waits for.
    State,
    /// A goroutine that runs.
    Busy,
    /// A function.
    Function,
    /// What matters less.
    Faint,
}

/// Marks a piece of text.
pub type Paint<'p> = &'p dyn Fn(Mark, &str) -> String;

/// What is shown of groups.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    /// At most so many groups; 0 for all.
    pub groups: usize,
    /// The runtime's own frames too.
    pub all_frames: bool,
}

/// Writes the head line, the groups and what was left out.
pub fn write(
    selection: &Selection<'_>,
    groups: &[Group],
    by: &By,
    show: Show,
    paint: Paint<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    head(selection, groups, by, paint, out)?;
    let limit = if show.groups == 0 {
        groups.len()
    } else {
        show.groups
    };
    let shown = &groups[..groups.len().min(limit)];
    let width = shown.first().map_or(1, |g| g.count.to_string().len());
    for group in shown {
        match by {
            By::Stack => stack_group(selection.of, group, width, show, paint, out)?,
            _ => named_group(selection.of, group, width, paint, out)?,
        }
    }
    if let Some(left @ [_, ..]) = groups.get(limit..) {
        let count: usize = left.iter().map(|g| g.count).sum();
        let text = format!(
            "… {} more groups of {} goroutines (--groups 0 shows all)",
            left.len(),
            count
        );
        writeln!(out, "\n{}", paint(Mark::Faint, &text))?;
    }
    Ok(())
}

fn head(
    selection: &Selection<'_>,
    groups: &[Group],
    by: &By,
    paint: Paint<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all = selection.of;
    let n = |status| selection.iter().filter(|g| g.status == status).count();
    let total = all.all.len();
    let mut text = paint(Mark::Count, &selection.len().to_string());
    text += if selection.len() == 1 {
        " goroutine"
    } else {
        " goroutines"
    };
    let what = match by {
        By::Stack => "stack",
        _ => "group",
    };
    let plural = if groups.len() == 1 { "" } else { "s" };
    text += &format!(" in {} {what}{plural}", groups.len());
    for (status, word) in [
        (Status::Running, "running"),
        (Status::Runnable, "runnable"),
        (Status::Syscall, "in system calls"),
    ] {
        let count = n(status);
        if count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    if total > selection.len() {
        let left = format!("; {} more are not shown", total - selection.len());
        text += &paint(Mark::Faint, &left);
    }
    writeln!(out, "{text}")
}

fn stack_group(
    all: &Goroutines,
    group: &Group,
    width: usize,
    show: Show,
    paint: Paint<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = format!("{:>width$}", group.count);
    let state = group
        .states
        .first()
        .map_or("", |(state, _)| all.text(*state));
    let mark = match group.status {
        Some(Status::Running | Status::Runnable) => Mark::Busy,
        _ => Mark::State,
    };
    write!(
        out,
        "\n{}  {}",
        paint(Mark::Count, &count),
        paint(mark, state)
    )?;
    if group.waits.known > 0 {
        write!(out, "  {}", waits(group.waits, group.count))?;
    }
    if group.locked > 0 {
        write!(out, "  locked to thread")?;
    }
    if group.count == 1 {
        write!(
            out,
            "  {}",
            paint(Mark::Faint, &format!("goroutine {}", group.first))
        )?;
    }
    writeln!(out)?;
    let indent = " ".repeat(width + 2);
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut add = |s: ::goroutines::Shown<'_>| {
        let func = gobin::print_name(all.text(s.frame.func)).into_owned();
        rows.push((func, format!("{}:{}", all.text(s.frame.file), s.frame.line)));
    };
    if let Some(stack) = group.stack {
        if show.all_frames || all.shown(stack).next().is_none() {
            all.stack_frames(stack).for_each(&mut add);
        } else {
            all.shown(stack).for_each(&mut add);
        }
    }
    if rows.is_empty() {
        writeln!(
            out,
            "{indent}{}",
            paint(Mark::Faint, "(no stack: it ran while it was read)")
        )?;
    }
    let longest = rows.iter().map(|(f, _)| f.chars().count()).max();
    let column = longest.unwrap_or(0).min(MAX_COLUMN);
    for (func, file) in &rows {
        let pad = " ".repeat(column.saturating_sub(func.chars().count()));
        writeln!(
            out,
            "{indent}{}{pad}  {}",
            paint(Mark::Function, func),
            paint(Mark::Faint, file)
        )?;
    }
    let creator = group
        .created_by
        .filter(|call| show.all_frames || all.shows_creator(*call));
    if let Some(frame) = creator.and_then(|call| all.frames(call).last()) {
        let func = gobin::print_name(all.text(frame.func));
        let text = format!("created by {func}  {}:{}", all.text(frame.file), frame.line);
        writeln!(out, "{indent}{}", paint(Mark::Faint, &text))?;
    }
    Ok(())
}

/// Longer names of functions do not move the files of others.
const MAX_COLUMN: usize = 48;

fn named_group(
    all: &Goroutines,
    group: &Group,
    width: usize,
    paint: Paint<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = format!("{:>width$}", group.count);
    write!(
        out,
        "{}  {}",
        paint(Mark::Count, &count),
        paint(Mark::Function, &group.name)
    )?;
    let states = states(all, &group.states);
    if states != group.name {
        write!(out, "  {}", paint(Mark::State, &states))?;
    }
    if group.waits.known > 0 {
        write!(out, "  {}", waits(group.waits, group.count))?;
    }
    writeln!(out)
}

/// The most frequent states: `select 12, running 1`.
fn states(all: &Goroutines, states: &[(Text, usize)]) -> String {
    const MOST: usize = 3;
    if let [(one, _)] = states {
        return all.text(*one).to_owned();
    }
    let words = states.iter().take(MOST);
    let mut words: Vec<String> = words
        .map(|(state, n)| format!("{} {n}", all.text(*state)))
        .collect();
    if states.len() > MOST {
        words.push("…".to_owned());
    }
    words.join(", ")
}

/// `3m`, or of several `longest 5m, median 2m`.
fn waits(waits: Waits, count: usize) -> String {
    if count == 1 {
        return brief(waits.longest_ns);
    }
    let mut text = format!(
        "longest {}, median {}",
        brief(waits.longest_ns),
        brief(waits.median_ns)
    );
    if waits.known < count {
        text += &format!(" (of {} known)", waits.known);
    }
    text
}
