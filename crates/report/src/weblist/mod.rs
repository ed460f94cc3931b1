//! `-weblist`: source with values beside the lines and the code of each line, as a web page.
//!
//! Mirrors `MakeWebList` of pprof's `internal/report`. What is collected is in [`collect`], what a
//! page looks like in [`html`].

mod collect;
mod html;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::error::Error;
use crate::format::Format;
use crate::report::Report;
use crate::source::Finder;

use collect::{Collected, File};

/// Lines of a function with fewer lines between them are shown together.
const NEAR: i64 = 20;
/// Lines shown around those with code.
const MARGIN: i64 = 5;

/// Annotated functions.
#[derive(Clone, Debug, PartialEq)]
pub struct WebList {
    /// How values are written.
    pub format: Format,
    /// The sum of all values.
    pub total: i64,
    /// What the profile says about itself.
    pub legend: Vec<String>,
    /// The functions: by file, then by line.
    pub functions: Vec<Function>,
    /// Why some programs could not be read.
    pub notices: Vec<String>,
}

/// Lines of a file that belong to one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The file.
    pub file: String,
    /// The sum of the instructions' own values.
    pub flat: i64,
    /// The sum of the instructions' values with everything that they call.
    pub cum: i64,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number; 0 stands for code of no known line.
    pub number: i64,
    /// Its text.
    pub text: String,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
    /// Its code, by how it came about.
    pub code: Vec<Code>,
}

/// An instruction of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its address in the file.
    pub addr: u64,
    /// Its text; empty for an address whose program could not be read.
    pub text: String,
    /// The source file that it is from, which is another where calls were inlined.
    pub file: String,
    /// The line in that.
    pub line: i64,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
    /// It does not follow the one before it in memory.
    pub apart: bool,
    /// The calls inlined into the line that lead to it, outermost first.
    pub calls: Vec<Call>,
}

/// A call that was inlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The file that it leads to.
    pub file: String,
    /// The line in that.
    pub line: i64,
    /// The text of that line; empty if it cannot be read.
    pub text: String,
}

/// What stands in place of lines that are not there.
const UNKNOWN_LINE: &str = "<instructions with unknown line numbers>";
const PAST_END: &str = "???";

/// Consecutive lines of one function.
struct Range {
    name: String,
    begin: i64,
    end: i64,
    flat: i64,
    cum: i64,
}

impl WebList {
    /// The functions whose name, file, program or address matches the report's pattern. With a limit,
    /// only so many files, the heaviest first.
    pub fn new(
        report: &Report,
        finder: &mut Finder<'_>,
        limit: Option<usize>,
    ) -> Result<Self, Error> {
        let collected = Collected::new(report, finder.binaries());
        if !collected.any {
            let pattern = report.pattern.as_ref();
            let pattern = pattern.map_or("", |p| p.as_str());
            return Err(Error::NoMatches(pattern.to_owned()));
        }
        let mut files: Vec<(&String, &File)> = collected.files.iter().collect();
        if let Some(limit) = limit {
            files.sort_by_key(|(_, file)| std::cmp::Reverse(collected.flat(file)));
            files.truncate(limit);
        }
        let mut functions = Vec::new();
        for (path, file) in files {
            for range in ranges(&collected, file) {
                if range.cum != 0 {
                    functions.push(function(&collected, path, file, range, finder));
                }
            }
        }
        let format = report.format();
        Ok(WebList {
            legend: report.description().lines(&format),
            total: report.total,
            format,
            functions,
            notices: collected.notices,
        })
    }

    /// Writes pprof's page.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        html::write(self, out)
    }
}

/// The stretches of lines to show of a file.
fn ranges(collected: &Collected, file: &File) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for (&line, of_line) in &file.lines {
        let name = collected.pretty.get(&of_line.func);
        let name = name.unwrap_or(&of_line.func);
        let mut range = Range {
            name: name.clone(),
            begin: line,
            end: line.saturating_add(1),
            flat: 0,
            cum: 0,
        };
        for code in &of_line.code {
            let instruction = collected.instruction(code.addr);
            range.flat = range.flat.wrapping_add(instruction.flat);
            range.cum = range.cum.wrapping_add(instruction.cum);
        }
        match ranges.last_mut() {
            Some(last) if line.saturating_sub(last.end) < NEAR && last.name == range.name => {
                last.end = range.end;
                last.flat = last.flat.wrapping_add(range.flat);
                last.cum = last.cum.wrapping_add(range.cum);
            }
            _ => ranges.push(range),
        }
    }
    for i in 0..ranges.len() {
        if i == 0 {
            // Line 0 stands for what is of no known line.
            if ranges[i].begin > MARGIN {
                ranges[i].begin -= MARGIN;
            } else if ranges[i].begin > 1 {
                ranges[i].begin = 1;
            }
        } else {
            let gap = ranges[i].begin.saturating_sub(ranges[i - 1].end);
            let half = (gap / 2).min(MARGIN);
            ranges[i - 1].end += half;
            ranges[i].begin -= half;
        }
    }
    if let Some(last) = ranges.last_mut() {
        last.end = last.end.saturating_add(MARGIN);
    }
    ranges
}

fn function(
    collected: &Collected,
    path: &str,
    file: &File,
    range: Range,
    finder: &mut Finder<'_>,
) -> Function {
    // Lines behind the end of the file are shown only where they have code.
    let source = finder.lines(path).ok();
    let text = |number: i64| -> Option<String> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        source.as_ref()?.get(at).cloned()
    };
    let end = source.as_ref().map_or(0, |lines| lines.len() as i64);
    let mut numbers: Vec<i64> = (range.begin.max(1)..range.end.min(end + 1)).collect();
    numbers.extend(file.lines.range(range.begin..range.end).map(|(n, _)| *n));
    numbers.sort_unstable();
    numbers.dedup();
    let mut lines = Vec::with_capacity(numbers.len());
    for number in numbers {
        let missing = match number {
            0 => UNKNOWN_LINE,
            _ => PAST_END,
        };
        let text = text(number).unwrap_or_else(|| missing.to_owned());
        let mut line = Line {
            number,
            text,
            flat: 0,
            cum: 0,
            code: Vec::new(),
        };
        let of_line = file.lines.get(&number);
        let mut next = None;
        for code in of_line.iter().flat_map(|l| &l.code) {
            let instruction = collected.instruction(code.addr);
            line.flat = line.flat.wrapping_add(instruction.flat);
            line.cum = line.cum.wrapping_add(instruction.cum);
            line.code.push(Code {
                addr: instruction.addr,
                text: instruction.text.clone(),
                file: instruction.file.clone(),
                line: instruction.line,
                flat: instruction.flat,
                cum: instruction.cum,
                apart: next != Some(code.addr),
                calls: calls(&code.calls, finder),
            });
            next = code.addr.checked_add(instruction.len);
        }
        lines.push(line);
    }
    Function {
        name: range.name,
        file: path.to_owned(),
        flat: range.flat,
        cum: range.cum,
        lines,
    }
}

fn calls(calls: &[(String, i64)], finder: &mut Finder<'_>) -> Vec<Call> {
    let call = |(file, line): &(String, i64)| {
        let at = line.checked_sub(1).and_then(|n| usize::try_from(n).ok());
        let lines = finder.lines(file).ok();
        let text = at.zip(lines).and_then(|(at, l)| l.get(at).cloned());
        Call {
            file: file.clone(),
            line: *line,
            text: text.unwrap_or_default(),
        }
    };
    calls.iter().map(call).collect()
}

/// Lines by number.
type Lines = BTreeMap<i64, collect::OfLine>;
