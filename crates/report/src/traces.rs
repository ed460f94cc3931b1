//! `-traces`: every sample with its labels and its whole stack.

use std::io::{self, Write};

use crate::graph::{Naming, Nodes, weigh::divide};
use crate::labels::{self, Values};
use crate::measure::label;
use crate::report::Report;

/// The samples of a report that have a stack. They are read from the report as they are written: a
/// copy of all stacks would be larger than the profile.
#[derive(Clone, Debug)]
pub struct Traces<'r> {
    report: &'r Report,
    pub(crate) nodes: Nodes<'r>,
}

/// A sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace<'r> {
    /// Its number in the profile.
    pub index: usize,
    /// Its labels by key.
    pub labels: Vec<(&'r str, Values<'r>)>,
    /// Its value.
    pub value: i64,
    /// Its frames, leaf first, and whether each is inlined into the next.
    pub frames: Vec<(u32, bool)>,
}

const SEPARATOR: &str = "-----------+-------------------------------------------------------";

impl<'r> Traces<'r> {
    /// The samples of a report.
    pub fn new(report: &'r Report) -> Self {
        Traces {
            report,
            nodes: Nodes::new(&report.profile, &Naming::default()),
        }
    }

    /// All samples that have a stack.
    pub fn iter(&self) -> impl Iterator<Item = Trace<'r>> {
        let profile = &self.report.profile;
        (0..profile.samples.len()).filter_map(move |i| {
            let mut frames = Vec::new();
            for &location in profile.samples.stack(i) {
                let nodes = self.nodes.of(location);
                let inline = |(depth, &node): (usize, &u32)| (node, depth != nodes.len() - 1);
                frames.extend(nodes.iter().enumerate().map(inline));
            }
            let (value, by) = self.report.measure.of(profile.samples.values(i));
            let labels = labels::by_key(profile, profile.samples.labels(i));
            (!frames.is_empty()).then(|| Trace {
                index: i,
                labels: labels.into_iter().collect(),
                value: divide(value, by),
                frames,
            })
        })
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let format = self.report.format();
        writeln!(
            out,
            "{}",
            self.report.description().lines(&format).join("\n")
        )?;
        // Most lines are those of a few frames, again and again.
        let line = |info| {
            let name = self.nodes.printable(info);
            [
                format!("{:>10}   {name}\n", ""),
                format!("{:>10}   {name} (inline)\n", ""),
            ]
        };
        let lines: Vec<[String; 2]> = self.nodes.infos.iter().map(line).collect();
        for trace in self.iter() {
            writeln!(out, "{SEPARATOR}")?;
            self.labels(out, &trace)?;
            let line = |(frame, inlined): (u32, bool)| &lines[frame as usize][usize::from(inlined)];
            let (leaf, callers) = trace.frames.split_first().unwrap_or((&(0, false), &[]));
            // The value stands where the other lines have blanks.
            let value = format!("{:>10}", format.value(trace.value));
            let rest = line(*leaf).get(10..).unwrap_or_default();
            write!(out, "{value}{rest}")?;
            for &frame in callers {
                out.write_all(line(frame).as_bytes())?;
            }
        }
        writeln!(out, "{SEPARATOR}")
    }

    fn labels(&self, out: &mut dyn Write, trace: &Trace<'_>) -> io::Result<()> {
        let mut lines: [Vec<String>; 2] = Default::default();
        for (key, values) in &trace.labels {
            if !values.texts.is_empty() {
                lines[0].push(format!("{key:>10}:  {}\n", values.texts.join(" ")));
            }
            if !values.numbers.is_empty() {
                let unit = self.report.label_units.get(*key).map_or("", String::as_str);
                let numbers: Vec<_> = values.numbers.iter().map(|n| label(n.0, unit)).collect();
                lines[1].push(format!("{key:>10}:  {}\n", numbers.join(" ")));
            }
        }
        for lines in &mut lines {
            lines.sort();
            out.write_all(lines.concat().as_bytes())?;
        }
        Ok(())
    }
}
