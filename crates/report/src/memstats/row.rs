//! One line for each reading, to watch a program.

use std::io::{self, Write};

use ::memstats::{Memory, Unit};

use super::{bytes, count, time};

/// The columns: their heads, and how wide they are.
const COLUMNS: [(&str, usize); 10] = [
    ("heap", 10),
    ("next GC", 10),
    ("objects", 12),
    ("in use", 10),
    ("Sys−given back", 15),
    ("RSS", 10),
    ("allocated/s", 12),
    ("GCs", 8),
    ("pauses", 10),
    ("last GC", 14),
];

/// Writes the heads of the columns.
pub fn head(out: &mut dyn Write) -> io::Result<()> {
    line(COLUMNS.map(|(name, _)| name.to_owned()), out)
}

/// Writes a reading. Rates and numbers of collections are since the one `before`, if there was one.
pub fn write(memory: &Memory, before: Option<&Memory>, out: &mut dyn Write) -> io::Result<()> {
    let s = &memory.stats;
    let resident = memory.consumption.as_ref().map(|c| c.resident);
    let (mut rate, mut collections, mut pauses) = (String::from("-"), s.num_gc, s.pause_total_ns);
    if let Some(before) = before {
        let b = &before.stats;
        let elapsed = memory.time_ns.saturating_sub(before.time_ns).max(1);
        let allocated = s.total_alloc.saturating_sub(b.total_alloc);
        rate = bytes((allocated as f64 * 1e9 / elapsed as f64) as u64);
        collections = s.num_gc.saturating_sub(b.num_gc);
        pauses = s.pause_total_ns.saturating_sub(b.pause_total_ns);
    }
    let next = match s.next_gc {
        n if n > i64::MAX as u64 => "never".to_owned(),
        n => bytes(n),
    };
    let cells = [
        bytes(s.heap_alloc),
        next,
        count(s.heap_objects),
        bytes(s.heap_inuse),
        bytes(s.consumption()),
        resident.map_or("-".to_owned(), bytes),
        rate,
        count(collections),
        time(pauses),
        super::value(s.last_gc, Unit::Moment, memory.time_ns),
    ];
    line(cells, out)
}

fn line(cells: [String; COLUMNS.len()], out: &mut dyn Write) -> io::Result<()> {
    let padded = cells.iter().zip(COLUMNS).map(|(cell, (_, width))| {
        let pad = width.saturating_sub(cell.chars().count());
        format!("{}{cell}", " ".repeat(pad))
    });
    let text: Vec<String> = padded.collect();
    writeln!(out, "{}", text.join(" "))
}
