//! `-list`: the source of functions with values beside the lines.
//!
//! Mirrors `printSource` of pprof's `internal/report`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::error::Error;
use crate::format::Format;
use crate::graph::{NodeInfo, Value};
use crate::measure::percentage;
use crate::report::Report;
use crate::source::Finder;

/// Lines shown before the first and after the last line with a value.
const MARGIN: i64 = 5;

/// Annotated functions.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// How values are written.
    pub format: Format,
    /// The sum of all values.
    pub total: i64,
    /// The functions, by name.
    pub functions: Vec<Function>,
}

/// A function; if the profile has several of this name, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its files, by name; none if the profile names none.
    pub files: Vec<File>,
}

/// The part of a function that is in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The file, as the profile names it.
    pub path: String,
    /// The sum of the lines' own values.
    pub flat: i64,
    /// The sum of the lines' values with everything that they call.
    pub cum: i64,
    /// The lines, or why the file cannot be read.
    pub lines: Result<Vec<Line>, String>,
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: i64,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
    /// Its text.
    pub text: String,
}

impl Listing {
    /// The functions whose name matches, with their source from `finder`.
    pub fn new(
        report: &Report,
        pattern: &str,
        matches: &dyn Fn(&str) -> bool,
        finder: &mut Finder<'_>,
    ) -> Result<Self, Error> {
        let all = report.listing();
        let g = &all.graph;
        type Node<'a> = (&'a NodeInfo, &'a Value);
        let mut functions: BTreeMap<&str, BTreeMap<&str, Vec<Node<'_>>>> = BTreeMap::new();
        for &n in &g.shown {
            let info = &g.infos[n as usize];
            let name = g.nodes.function(info);
            if !matches(name) {
                continue;
            }
            let files = functions.entry(name).or_default();
            if !info.file.is_empty() {
                let file = files.entry(g.nodes.file(info)).or_default();
                file.push((info, g.value(n)));
            }
        }
        if functions.is_empty() {
            return Err(Error::NoMatches(pattern.to_owned()));
        }
        let functions = functions.into_iter().map(|(name, files)| Function {
            name: name.to_owned(),
            files: files
                .into_iter()
                .map(|(path, nodes)| file(path, &nodes, finder))
                .collect(),
        });
        Ok(Listing {
            functions: functions.collect(),
            format: report.format(),
            total: report.total,
        })
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "Total: {}", self.format.value(self.total))?;
        for function in &self.functions {
            let name = &function.name;
            if function.files.is_empty() {
                writeln!(out, "No source information for {name}")?;
            }
            for file in &function.files {
                writeln!(
                    out,
                    "ROUTINE ======================== {name} in {}",
                    file.path
                )?;
                writeln!(
                    out,
                    "{:>10} {:>10} (flat, cum) {} of Total",
                    self.format.value(file.flat),
                    self.format.value(file.cum),
                    percentage(file.cum, self.total)
                )?;
                match &file.lines {
                    Err(e) => writeln!(out, " Error: {e}")?,
                    Ok(lines) => {
                        for line in lines {
                            writeln!(
                                out,
                                "{:>10} {:>10} {:>6}:{}",
                                self.format.value_or_dot(line.flat),
                                self.format.value_or_dot(line.cum),
                                line.number,
                                line.text
                            )?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn file(path: &str, nodes: &[(&NodeInfo, &Value)], finder: &mut Finder<'_>) -> File {
    let mut values: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let mut sum = Value::default();
    let mut first = i64::MAX;
    let mut last = i64::MIN;
    for (info, value) in nodes {
        sum.add_flat((value.flat, 0));
        sum.add_cum((value.cum, 0));
        let (flat, cum) = values.entry(info.line).or_default();
        *flat = flat.wrapping_add(value.flat);
        *cum = cum.wrapping_add(value.cum);
        let start = match info.start_line {
            0 => info.line.saturating_sub(MARGIN),
            start => start,
        };
        first = first.min(start);
        last = last.max(info.line.saturating_add(MARGIN));
    }
    // A file of which nothing is to be shown is not opened.
    let text = match first.max(1) <= last {
        true => finder.lines(path),
        false => Ok(std::rc::Rc::from([])),
    };
    let lines = text.map(|text| {
        let numbered = text.iter().zip(1i64..);
        let shown = numbered.skip_while(|(_, number)| *number < first);
        let line = |(text, number): (&String, i64)| {
            let (flat, cum) = values.get(&number).copied().unwrap_or_default();
            Line {
                number,
                flat,
                cum,
                text: text.clone(),
            }
        };
        let shown = shown.take_while(|(_, number)| *number <= last);
        shown.map(line).collect()
    });
    File {
        path: path.to_owned(),
        flat: sum.flat,
        cum: sum.cum,
        lines,
    }
}
