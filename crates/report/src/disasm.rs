//! `-disasm`: the code of functions with values beside the instructions.
//!
//! Mirrors `PrintAssembly` of pprof's `internal/report`.

use std::collections::HashSet;
use std::io::{self, Write};
use std::rc::Rc;

use crate::binary::{Binaries, Binary, Instruction, Mapped, Symbol, address};
use crate::error::Error;
use crate::format::Format;
use crate::graph::{Graph, NodeIx, Value};
use crate::measure::percentage;
use crate::paths;
use crate::report::Report;

/// From here on an instruction is too long for the place in its line.
const LONG: usize = 40;

/// Annotated functions.
#[derive(Clone, Debug, PartialEq)]
pub struct Assembly {
    /// How values are written.
    pub format: Format,
    /// The sum of all values.
    pub total: i64,
    /// The functions, by name.
    pub functions: Vec<Function>,
    /// Why some programs could not be read.
    pub notices: Vec<String>,
}

/// The code of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, as linked.
    pub name: String,
    /// The sum of the instructions' own values.
    pub flat: i64,
    /// The sum of the instructions' values with everything that they call.
    pub cum: i64,
    /// Its instructions.
    pub lines: Vec<Line>,
}

/// An instruction with its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its address in the file.
    pub addr: u64,
    /// Its text.
    pub text: String,
    /// The function that the profile says it is of; empty where it says nothing.
    pub function: String,
    /// The source file, without directories; empty if not known.
    pub file: String,
    /// The line; 0 if not known.
    pub line: i64,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
}

/// A symbol whose range has values.
struct Found {
    symbol: Symbol,
    binary: Rc<dyn Binary>,
    nodes: Vec<NodeIx>,
}

impl Assembly {
    /// The functions whose name or address matches. With a limit, only so many, the heaviest first.
    pub fn new(
        report: &Report,
        pattern: &str,
        matches: &dyn Fn(&str) -> bool,
        binaries: &dyn Binaries,
        limit: Option<usize>,
    ) -> Result<Self, Error> {
        let all = report.listing();
        let g = &all.graph;
        let address = address(pattern);
        let mut notices = Vec::new();
        let symbols = symbols(report, g, matches, address, binaries, &mut notices);
        let any = !symbols.is_empty();
        let mut found: Vec<Found> = symbols
            .into_iter()
            .map(|(symbol, binary)| Found {
                nodes: nodes(g, &symbol, binary.bias()),
                symbol,
                binary,
            })
            .filter(|found| !found.nodes.is_empty())
            .collect();
        if found.is_empty() {
            let message = match address {
                None => format!("no matches found for regexp {pattern}"),
                Some(a) if !any => format!("no matches found for address {a:#x}"),
                Some(a) => format!(
                    "address {a:#x} found in binary, but the corresponding symbols do not have \
                     samples in the profile"
                ),
            };
            let because = match notices.is_empty() {
                true => String::new(),
                false => format!(" ({})", notices.join("; ")),
            };
            return Err(Error::NoCode(message + &because));
        }
        found.sort_by(|a, b| {
            let key = |f: &Found| (f.symbol.name.clone(), f.symbol.start);
            let weight = |f: &Found| limit.map(|_| -sum(g, &f.nodes).flat);
            (weight(a), key(a)).cmp(&(weight(b), key(b)))
        });
        found.truncate(limit.unwrap_or(usize::MAX));
        let intel = report.options.intel_syntax;
        if intel && report.options.exact {
            let unsupported = "printing assembly in Intel syntax is not supported";
            return Err(Error::NoCode(unsupported.to_owned()));
        }
        let functions = found.into_iter().map(|found| {
            let Found {
                symbol,
                binary,
                nodes,
            } = found;
            // pprof leaves out the last byte, and with it what the last instruction is.
            let end = symbol.end.wrapping_add(u64::from(intel));
            let code = binary
                .instructions(symbol.start, end, intel)
                .map_err(Error::NoCode)?;
            let sum = sum(g, &nodes);
            Ok(Function {
                name: symbol.name,
                flat: sum.flat,
                cum: sum.cum,
                lines: annotate(g, code, nodes, binary.bias()),
            })
        });
        Ok(Assembly {
            functions: functions.collect::<Result<_, Error>>()?,
            format: report.format(),
            total: report.total,
            notices,
        })
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let value = |v| self.format.value_or_dot(v);
        writeln!(out, "Total: {}", self.format.value(self.total))?;
        for function in &self.functions {
            writeln!(out, "ROUTINE ======================== {}", function.name)?;
            writeln!(
                out,
                "{:>10} {:>10} (flat, cum) {} of Total",
                self.format.value(function.flat),
                self.format.value(function.cum),
                percentage(function.cum, self.total)
            )?;
            let mut last = ("", "", 0);
            for line in &function.lines {
                let here = (&*line.function, &*line.file, line.line);
                let place = match here == last {
                    true => String::new(),
                    false => place(line),
                };
                last = here;
                let (flat, cum) = (value(line.flat), value(line.cum));
                let (addr, text) = (line.addr, &line.text);
                if !place.is_empty() && text.len() >= LONG {
                    writeln!(out, "{:74};{place}", "")?;
                }
                write!(out, "{flat:>10} {cum:>10} {addr:>10x}: ")?;
                match place.is_empty() || text.len() >= LONG {
                    true => writeln!(out, "{text}")?,
                    false => writeln!(out, "{text:LONG$};{place}")?,
                }
            }
        }
        Ok(())
    }
}

/// The function and the place in the source, as far as they are known.
fn place(line: &Line) -> String {
    let mut out = String::new();
    if !line.function.is_empty() {
        out.push_str(&line.function);
        out.push(' ');
    }
    if !line.file.is_empty() {
        out.push_str(&line.file);
        if line.line != 0 {
            out.push_str(&format!(":{}", line.line));
        }
    }
    out
}

/// The symbols that match, of programs with values that match, or that cover the address.
fn symbols(
    report: &Report,
    g: &Graph<'_>,
    matches: &dyn Fn(&str) -> bool,
    address: Option<u64>,
    binaries: &dyn Binaries,
    notices: &mut Vec<String>,
) -> Vec<(Symbol, Rc<dyn Binary>)> {
    let profile = &report.profile;
    let mut matching = HashSet::new();
    for &n in &g.shown {
        let info = &g.infos[n as usize];
        // pprof asks only for the name with the address before it, so that ^ matches nothing.
        let by_name = || !report.options.exact && matches(g.nodes.function(info));
        if !info.object.is_empty() && (matches(&g.nodes.printable(info)) || by_name()) {
            matching.insert(info.object);
        }
    }
    let mut out = Vec::new();
    for mapping in &profile.mappings {
        let within = |a: u64| mapping.start <= a && a <= mapping.limit;
        if !matching.contains(&mapping.file) && !address.is_some_and(within) {
            continue;
        }
        let mapped = Mapped {
            file: profile.str(mapping.file),
            build_id: profile.str(mapping.build_id),
            start: mapping.start,
            limit: mapping.limit,
            offset: mapping.offset,
        };
        match binaries.open(&mapped) {
            Err(e) => notices.push(e),
            Ok(binary) => {
                let covering = address.filter(|a| *a != 0);
                let covering = covering.map(|a| a.wrapping_sub(binary.bias()));
                let mut symbols = binary.symbols(matches, covering);
                // pprof wants the name to match the address too.
                symbols.retain(|s| !report.options.exact || matches(&s.name));
                out.extend(symbols.into_iter().map(|s| (s, Rc::clone(&binary))));
            }
        }
    }
    out
}

/// The nodes whose address is in the symbol's range, by address.
fn nodes(g: &Graph<'_>, symbol: &Symbol, bias: u64) -> Vec<NodeIx> {
    let range = symbol.start..symbol.end;
    let at = |n: &NodeIx| g.infos[*n as usize].address;
    let shown = g.shown.iter().copied();
    let mut nodes: Vec<_> = shown
        .filter(|n| range.contains(&at(n).wrapping_sub(bias)))
        .collect();
    nodes.sort_by_key(at);
    nodes
}

fn sum(g: &Graph<'_>, nodes: &[NodeIx]) -> Value {
    let mut sum = Value::default();
    for &n in nodes {
        let value = g.value(n);
        sum.add_flat((value.flat, value.flat_div));
        sum.add_cum((value.cum, value.cum_div));
    }
    sum
}

/// Instructions with what was sampled from each up to the next: a sample may be of the middle.
fn annotate(g: &Graph<'_>, code: Vec<Instruction>, nodes: Vec<NodeIx>, bias: u64) -> Vec<Line> {
    let starts: Vec<u64> = code.iter().map(|i| i.addr).collect();
    let mut nodes = nodes.into_iter().peekable();
    let lines = code.into_iter().enumerate().map(|(i, instruction)| {
        let mut line = Line {
            addr: instruction.addr,
            text: instruction.text,
            line: instruction.line,
            file: base(&instruction.file),
            ..Line::default()
        };
        let next = starts.get(i + 1).copied().unwrap_or(u64::MAX);
        let mut value = Value::default();
        let before = |n: &NodeIx| g.infos[*n as usize].address.wrapping_sub(bias) < next;
        while let Some(n) = nodes.next_if(before) {
            let (info, of_node) = (&g.infos[n as usize], g.value(n));
            value.add_flat((of_node.flat, of_node.flat_div));
            value.add_cum((of_node.cum, of_node.cum_div));
            if line.file.is_empty() {
                line.file = base(g.nodes.file(info));
            }
            if line.line == 0 {
                line.line = info.line;
            }
            if line.function.is_empty() {
                g.nodes.function(info).clone_into(&mut line.function);
            }
        }
        line.flat = value.flat_value();
        line.cum = value.cum_value();
        line
    });
    lines.collect()
}

/// The file without directories; empty if there is none.
fn base(path: &str) -> String {
    match path {
        "" => String::new(),
        path => paths::base(path).to_owned(),
    }
}
