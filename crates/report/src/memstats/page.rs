//! Everything on one page, grouped by meaning.

use std::io::{self, Write};

use ::memstats::{FIELDS, Group, Memory};

use super::say::sentences;
use super::{Mark, Paint, bytes, percent, value};

/// Columns of the names, and of the values.
const NAME: usize = 14;
const VALUE: usize = 12;
/// Size classes are shown up to this many, the largest first.
const CLASSES: usize = 10;

/// Writes the page.
pub fn write(memory: &Memory, paint: Paint<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { memory, paint, out };
    page.head()?;
    for sentence in sentences(memory) {
        writeln!(page.out, "{sentence}")?;
    }
    page.consumption()?;
    for group in Group::ALL {
        page.group(group)?;
    }
    page.classes()
}

struct Page<'a> {
    memory: &'a Memory,
    paint: Paint<'a>,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn head(&mut self) -> io::Result<()> {
        let mut head = self.memory.source.clone();
        if !self.memory.go_version.is_empty() {
            head += &format!(", {}", self.memory.go_version);
        }
        writeln!(self.out, "{}\n", (self.paint)(Mark::Heading, &head))
    }

    fn heading(&mut self, name: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", (self.paint)(Mark::Heading, name))
    }

    fn line(&mut self, name: &str, value: &str, meaning: &str) -> io::Result<()> {
        // Padded before it is marked: marks have no width.
        let value = (self.paint)(Mark::Number, &format!("{value:>VALUE$}"));
        let meaning = (self.paint)(Mark::Faint, meaning);
        writeln!(self.out, "  {name:<NAME$} {value}   {meaning}")
    }

    /// The one number that is comparable with what the system says, and what that says.
    fn consumption(&mut self) -> io::Result<()> {
        let stats = &self.memory.stats;
        self.heading("consumption")?;
        let used = bytes(stats.consumption());
        self.line("Go", &used, "at most in RAM: Sys − HeapReleased")?;
        let Some(c) = self.memory.consumption.clone() else {
            return Ok(());
        };
        if c.resident > 0 {
            let parts = format!(
                "in RAM: {} of no file, {} of files{}",
                bytes(c.anonymous),
                bytes(c.file),
                match c.shared {
                    0 => String::new(),
                    shared => format!(", {} shared", bytes(shared)),
                }
            );
            self.line("RSS", &bytes(c.resident), &parts)?;
        }
        self.line("RSS, peak", &bytes(c.peak), "the most that ever was")?;
        if c.swap > 0 {
            self.line("swap", &bytes(c.swap), "not in RAM")?;
        }
        if let Some(group) = &c.cgroup {
            let limit = match (group.limit, group.usage) {
                (Some(limit), Some(usage)) => {
                    let share = percent(usage, limit);
                    format!("{share:.0}% of its limit of {}", bytes(limit))
                }
                (Some(limit), None) => format!("limit {}", bytes(limit)),
                (None, _) => "no limit".to_owned(),
            };
            let usage = group.usage.map_or("?".to_owned(), bytes);
            let path = format!("all processes of {}; {limit}", group.path);
            self.line("control group", &usage, &path)?;
        }
        Ok(())
    }

    fn group(&mut self, group: Group) -> io::Result<()> {
        self.heading(group.name())?;
        let stats = &self.memory.stats;
        if group == Group::Collector
            && let Some(c) = self.memory.collector
        {
            let gogc = c.percent.map_or("off".to_owned(), |p| format!("{p}%"));
            let meaning = "how much the heap may grow after a collection";
            self.line("GOGC", &gogc, meaning)?;
            let limit = c.limit.map_or("none".to_owned(), bytes);
            let meaning = "what Sys − HeapReleased is to stay below";
            self.line("GOMEMLIMIT", &limit, meaning)?;
        }
        for field in FIELDS.iter().filter(|f| f.group == group) {
            let n = (field.get)(stats);
            let text = match n {
                _ if !stats.has(field.name) => "?".to_owned(),
                n if field.name == "NextGC" && n > i64::MAX as u64 => "never".to_owned(),
                n => value(n, field.unit, self.memory.time_ns),
            };
            self.line(field.name, &text, field.meaning)?;
        }
        if group == Group::Collector {
            let share = format!("{:.3}%", stats.gc_cpu_fraction * 100.0);
            let meaning = "of the CPU time since the program began";
            self.line("GCCPUFraction", &share, meaning)?;
            let pauses: Vec<String> = stats.pauses().take(5).map(super::time).collect();
            if !pauses.is_empty() {
                let meaning = format!("the last pauses; the newest first: {}", pauses.join(" "));
                self.line("PauseNs", &pauses[0], &meaning)?;
                let newest = (stats.num_gc.max(1) - 1) as usize;
                let end = stats.pause_end.get(newest % stats.pause_end.len().max(1));
                let end = end.copied().unwrap_or(0);
                let end = value(end, ::memstats::Unit::Moment, self.memory.time_ns);
                self.line("PauseEnd", &end, "when the newest of them ended")?;
            }
            for (name, on) in [("EnableGC", stats.enable_gc), ("DebugGC", stats.debug_gc)] {
                if stats.has(name) {
                    let meaning = format!("always {}", name == "EnableGC");
                    self.line(name, &on.to_string(), &meaning)?;
                }
            }
        }
        Ok(())
    }

    /// The size classes whose objects take the most.
    fn classes(&mut self) -> io::Result<()> {
        let held = |c: &::memstats::BySize| {
            let objects = c.mallocs.saturating_sub(c.frees);
            objects.saturating_mul(c.size)
        };
        let mut classes: Vec<_> = self.memory.stats.by_size.iter().collect();
        classes.retain(|c| held(c) > 0);
        classes.sort_by_key(|c| std::cmp::Reverse(held(c)));
        if classes.is_empty() {
            return Ok(());
        }
        self.heading("small objects (BySize), the classes that hold most")?;
        let all: u64 = classes.iter().map(|c| held(c)).sum();
        for class in classes.iter().take(CLASSES) {
            let objects = class.mallocs.saturating_sub(class.frees);
            let meaning = format!(
                "{:>5.1}%  {} objects, {} ever allocated",
                percent(held(class), all),
                super::count(objects),
                super::count(class.mallocs)
            );
            let name = format!("≤ {}B", class.size);
            self.line(&name, &bytes(held(class)), &meaning)?;
        }
        if let Some(left) = classes.len().checked_sub(CLASSES).filter(|n| *n > 0) {
            let text = format!("  … {left} more classes (--json has all)");
            writeln!(self.out, "{}", (self.paint)(Mark::Faint, &text))?;
        }
        Ok(())
    }
}
