//! Memory statistics as JSON: Go's fields by Go's names, and beside them what others say.

use std::io::{self, Write};

use ::memstats::{FIELDS, Memory};

use crate::json::writer::Writer;

/// Writes one object, on one line.
pub fn write(memory: &Memory, out: &mut dyn Write) -> io::Result<()> {
    let mut w = Writer::new(out);
    w.object(|w| {
        w.field("schema", "gowhy.memstats")?;
        w.field("version", 1i64)?;
        w.field("source", &memory.source)?;
        w.field(
            "go_version",
            Some(&memory.go_version).filter(|v| !v.is_empty()),
        )?;
        w.field("time_ns", Some(memory.time_ns).filter(|t| *t > 0))?;
        w.field("consumption", memory.stats.consumption())?;
        w.key("memstats")?;
        w.object(|w| stats(memory, w))?;
        if let Some(c) = memory.collector {
            w.key("gc")?;
            w.object(|w| {
                w.field("gogc", c.percent.map(u64::from))?;
                w.field("gomemlimit", c.limit)?;
                w.field("heap_marked", c.marked)?;
                w.field("heap_live", c.live)
            })?;
        }
        if let Some(c) = &memory.consumption {
            w.key("process")?;
            w.object(|w| {
                w.field("rss", Some(c.resident).filter(|r| *r > 0))?;
                w.field("rss_peak", c.peak)?;
                w.field("rss_anonymous", c.anonymous)?;
                w.field("rss_file", c.file)?;
                w.field("rss_shared", c.shared)?;
                w.field("swap", c.swap)
            })?;
            if let Some(group) = &c.cgroup {
                w.key("cgroup")?;
                w.object(|w| {
                    w.field("path", &group.path)?;
                    w.field("usage", group.usage)?;
                    w.field("limit", group.limit)
                })?;
            }
        }
        w.array("notes", &memory.notes, |w, note| w.scalar(note))
    })?;
    out.write_all(b"\n")
}

fn stats(memory: &Memory, w: &mut Writer<'_>) -> io::Result<()> {
    let s = &memory.stats;
    for field in FIELDS.iter().filter(|f| s.has(f.name)) {
        w.field(field.name, (field.get)(s))?;
    }
    if s.has("GCCPUFraction") {
        w.field("GCCPUFraction", s.gc_cpu_fraction)?;
    }
    for (name, on) in [("EnableGC", s.enable_gc), ("DebugGC", s.debug_gc)] {
        if s.has(name) {
            w.field(name, on)?;
        }
    }
    for (name, list) in [("PauseNs", &s.pause_ns), ("PauseEnd", &s.pause_end)] {
        if s.has(name) {
            w.array(name, list, |w, n| w.scalar(*n))?;
        }
    }
    if s.has("BySize") {
        w.records("BySize", &s.by_size, |w, class| {
            w.field("Size", class.size)?;
            w.field("Mallocs", class.mallocs)?;
            w.field("Frees", class.frees)
        })?;
    }
    Ok(())
}
