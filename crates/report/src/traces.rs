//! `-traces`: every sample with its labels and its whole stack.

use std::collections::BTreeMap;
use std::io::{self, Write};

use profile::LocationIx;
use rustc_hash::FxHashMap;

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

/// How many values are kept as text.
const MOST_VALUES: usize = 10_000;

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
        let profile = &self.report.profile;
        let frames = |i: usize| {
            let nodes = self.nodes.of(LocationIx(i as u32)).iter().enumerate();
            let last = nodes.len() - 1;
            let lines = nodes.map(|(depth, &n)| &lines[n as usize][usize::from(depth != last)]);
            lines.fold(String::new(), |text, line| text + line)
        };
        let frames: Vec<String> = (0..profile.locations.len()).map(frames).collect();
        drop(lines);
        let mut values: FxHashMap<i64, String> = FxHashMap::default();
        let samples = &profile.samples;
        for i in 0..samples.len() {
            let Some((leaf, callers)) = samples.stack(i).split_first() else {
                continue;
            };
            writeln!(out, "{SEPARATOR}")?;
            if !samples.labels(i).is_empty() {
                let labels = labels::by_key(profile, samples.labels(i));
                self.labels(out, &labels)?;
            }
            // The value stands where the other lines have blanks.
            let (value, by) = self.report.measure.of(samples.values(i));
            let value = divide(value, by);
            let text = || format!("{:>10}", format.value(value));
            if values.len() > MOST_VALUES {
                values.clear();
            }
            out.write_all(values.entry(value).or_insert_with(text).as_bytes())?;
            let rest = frames[leaf.ix()].get(10..).unwrap_or_default();
            out.write_all(rest.as_bytes())?;
            for &location in callers {
                out.write_all(frames[location.ix()].as_bytes())?;
            }
        }
        writeln!(out, "{SEPARATOR}")
    }

    fn labels(&self, out: &mut dyn Write, labels: &BTreeMap<&str, Values<'_>>) -> io::Result<()> {
        let mut lines: [Vec<String>; 2] = Default::default();
        for (key, values) in labels {
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
