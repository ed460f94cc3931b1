//! `-raw`: everything that a profile holds, as text.
//!
//! The counterpart of `Profile.String` in pprof's `profile` package.

use std::io::{self, Write};

use profile::{LocationIx, Profile};

use crate::labels::{self, Values};
use crate::report::Report;
use crate::time::{LocalTime, duration};

/// A profile as text.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'r> {
    profile: &'r Profile,
    time: Option<&'r LocalTime>,
}

impl<'r> Raw<'r> {
    /// The profile of a report.
    pub fn new(report: &'r Report) -> Self {
        Raw {
            profile: &report.profile,
            time: report.time.as_ref(),
        }
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let p = self.profile;
        for &comment in &p.comments {
            writeln!(out, "Comment: {}", p.str(comment))?;
        }
        if !p.doc_url.is_empty() {
            writeln!(out, "Doc: {}", p.str(p.doc_url))?;
        }
        let period = p.period_type;
        let (kind, unit) = (p.str(period.kind), p.str(period.unit));
        writeln!(out, "PeriodType: {kind} {unit}")?;
        writeln!(out, "Period: {}", p.period)?;
        if let Some(time) = self.time {
            writeln!(out, "Time: {}", time.full())?;
        }
        if p.duration_nanos != 0 {
            // Go's precision cuts the text, not the number.
            let text: String = duration(p.duration_nanos).chars().take(4).collect();
            writeln!(out, "Duration: {text}")?;
        }
        self.samples(out)?;
        self.locations(out)?;
        self.mappings(out)
    }

    fn samples(&self, out: &mut dyn Write) -> io::Result<()> {
        let p = self.profile;
        let types = p.sample_types.iter().map(|t| {
            let default = t.kind == p.default_sample_type;
            let mark = if default { "[dflt]" } else { "" };
            format!("{}/{}{mark}", p.str(t.kind), p.str(t.unit))
        });
        let types: Vec<_> = types.collect();
        writeln!(out, "Samples:\n{}", types.join(" ").trim())?;
        // Most of the text is ids, again and again.
        let ids: Vec<Word> = p.locations.iter().map(|l| Word::new(l.id)).collect();
        let mut line = Vec::new();
        for i in 0..p.samples.len() {
            line.clear();
            for value in p.samples.values(i) {
                write!(line, " {value:>10}")?;
            }
            line.extend_from_slice(b": ");
            for &location in p.samples.stack(i) {
                let id = ids[location.ix()];
                if id.is_short() {
                    id.push(&mut line);
                } else {
                    write!(line, "{} ", p.location(location).id)?;
                }
            }
            line.push(b'\n');
            out.write_all(&line)?;
            if p.samples.labels(i).is_empty() {
                continue;
            }
            let labels = labels::by_key(p, p.samples.labels(i));
            let mut texts = Vec::new();
            let mut numbers = Vec::new();
            for (key, values) in &labels {
                if !values.texts.is_empty() {
                    texts.push(format!("{key}:[{}]", values.texts.join(" ")));
                }
                if !values.numbers.is_empty() {
                    numbers.push(format!("{key}:[{}]", spell_numbers(values)));
                }
            }
            for mut line in [texts, numbers] {
                line.sort();
                if !line.is_empty() {
                    writeln!(out, "                {}", line.join(" "))?;
                }
            }
        }
        Ok(())
    }

    fn locations(&self, out: &mut dyn Write) -> io::Result<()> {
        let p = self.profile;
        writeln!(out, "Locations")?;
        for (i, l) in p.locations.iter().enumerate() {
            write!(out, "{:>6}: {:#x} ", l.id, l.address)?;
            if let Some(m) = l.mapping {
                write!(out, "M={} ", p.mappings[m.ix()].id)?;
            }
            if l.is_folded {
                write!(out, "[F] ")?;
            }
            let lines = p.lines(LocationIx(i as u32));
            for (depth, line) in lines.iter().enumerate() {
                if depth > 0 {
                    write!(out, "\n             ")?;
                }
                let Some(f) = line.function.map(|f| p.function(f)) else {
                    write!(out, "??")?;
                    continue;
                };
                write!(
                    out,
                    "{} {}:{}:{} s={}",
                    p.str(f.name),
                    p.str(f.filename),
                    line.line,
                    line.column,
                    f.start_line
                )?;
                if f.name != f.system_name {
                    write!(out, "({})", p.str(f.system_name))?;
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn mappings(&self, out: &mut dyn Write) -> io::Result<()> {
        let p = self.profile;
        writeln!(out, "Mappings")?;
        for m in &p.mappings {
            let mut has = String::new();
            for (it, mark) in [
                (m.has_functions, "[FN]"),
                (m.has_filenames, "[FL]"),
                (m.has_line_numbers, "[LN]"),
                (m.has_inline_frames, "[IN]"),
            ] {
                has.push_str(if it { mark } else { "" });
            }
            writeln!(
                out,
                "{}: {:#x}/{:#x}/{:#x} {} {} {has}",
                m.id,
                m.start,
                m.limit,
                m.offset,
                p.str(m.file),
                p.str(m.build_id),
            )?;
        }
        Ok(())
    }
}

/// A short number and a blank as text, in one register: seven bytes and, above them, how many count.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    fn new(number: u64) -> Self {
        let text = format!("{number} ");
        let mut bytes = [0; 8];
        if text.len() < 8 {
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            bytes[7] = text.len() as u8;
        }
        Word(u64::from_le_bytes(bytes))
    }

    fn is_short(self) -> bool {
        self.0 != 0
    }

    fn push(self, out: &mut Vec<u8>) {
        let bytes = self.0.to_le_bytes();
        let end = out.len() + usize::from(bytes[7]);
        out.extend_from_slice(&bytes);
        out.truncate(end);
    }
}

/// The numbers of a label; with their units if any of them has one.
fn spell_numbers(values: &Values<'_>) -> String {
    let with_units = values.numbers.iter().any(|(_, unit)| !unit.is_empty());
    let numbers = values.numbers.iter().map(|(n, unit)| {
        if with_units {
            format!("{n} {unit}")
        } else {
            n.to_string()
        }
    });
    numbers.collect::<Vec<_>>().join(" ")
}
