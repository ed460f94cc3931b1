//! `-callgrind`: every address and its calls, for KCachegrind.
//!
//! Mirrors `printCallgrind` of pprof's `internal/report`, with all that readers of its output may
//! have come to rely on: names stand in full once and are numbers from then on, addresses are written
//! as the distance from the node *before* where that is shorter, and a call has no count.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use crate::format::Format;
use crate::graph::order::sort_edges;
use crate::graph::{Graph, NodeIx};
use crate::measure::scale;
use crate::report::{Report, Trimmed};

/// What `-callgrind` writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Callgrind {
    /// The kind of the values.
    pub kind: String,
    /// How values are written.
    pub format: Format,
    /// Every node, in the report's order.
    pub nodes: Vec<Node>,
}

/// A position in the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The binary.
    pub object: String,
    /// Where it is.
    pub place: Place,
    /// Its own value.
    pub flat: i64,
    /// What it calls, heaviest first.
    pub calls: Vec<Call>,
}

/// Where in the source and in the binary a node is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The function. As the callee of a call it is numbered where several functions of one file
    /// share the name; callees that are left out for their value have none.
    pub function: String,
    /// The source file.
    pub file: String,
    /// The line; 0 if it is not known.
    pub line: i64,
    /// The address.
    pub address: u64,
}

/// A call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub callee: Place,
    /// The value of the samples that run along it.
    pub weight: i64,
}

impl Callgrind {
    /// All nodes and calls of a report.
    pub fn new(report: &Report) -> Self {
        let Trimmed { graph, format, .. } = report.positions();
        let names = Names::new(&graph);
        let node = |&n: &NodeIx| {
            let info = &graph.infos[n as usize];
            let calls = sort_edges(graph.edges.callees(n), &graph.nodes, &graph.infos);
            Node {
                object: graph.nodes.profile.str(info.object).to_owned(),
                place: place(&graph, n),
                flat: graph.value(n).flat_value(),
                calls: calls
                    .into_iter()
                    .map(|edge| Call {
                        callee: Place {
                            function: names.callee(&graph, edge.dest),
                            ..place(&graph, edge.dest)
                        },
                        weight: edge.weight,
                    })
                    .collect(),
            }
        };
        Callgrind {
            kind: report.kind.clone(),
            nodes: graph.shown.iter().map(node).collect(),
            format,
        }
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let value = |v: i64| scale(v, &self.format.from, &self.format.to).0 as i64;
        writeln!(out, "positions: instr line")?;
        writeln!(out, "events: {}({})", self.kind, self.format.to)?;
        let (mut objects, mut files, mut functions) = Default::default();
        let mut last: Option<&Node> = None;
        for node in &self.nodes {
            let at = &node.place;
            let same = last.is_some_and(|l| {
                l.object == node.object
                    && l.place.file == at.file
                    && l.place.function == at.function
            });
            if !same {
                writeln!(out, "\nob={}", short(&mut objects, &node.object))?;
                writeln!(out, "fl={}", short(&mut files, &at.file))?;
                writeln!(out, "fn={}", short(&mut functions, &at.function))?;
            }
            let before = last.map(|l| l.place.address);
            let position = |p: &Place| format!("{} {}", address(before, p.address), p.line);
            writeln!(out, "{} {}", position(at), value(node.flat))?;
            for Call { callee, weight } in &node.calls {
                writeln!(out, "cfl={}", short(&mut files, &callee.file))?;
                writeln!(out, "cfn={}", short(&mut functions, &callee.function))?;
                writeln!(out, "calls=0 {}", position(callee))?;
                writeln!(out, "* * {}", value(*weight))?;
            }
            last = Some(node);
        }
        Ok(())
    }
}

fn place(graph: &Graph<'_>, node: NodeIx) -> Place {
    let info = &graph.infos[node as usize];
    Place {
        function: graph.nodes.function(info).to_owned(),
        file: graph.nodes.file(info).to_owned(),
        line: info.line,
        address: info.address,
    }
}

/// The name, with a number the first time and as that number from then on.
fn short<'a>(known: &mut FxHashMap<&'a str, usize>, name: &'a str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let next = known.len() + 1;
    match *known.entry(name).or_insert(next) {
        id if id == next => format!("({id}) {name}"),
        id => format!("({id})"),
    }
}

/// The address, or how far it is from the one before where that is shorter.
fn address(before: Option<u64>, address: u64) -> String {
    let absolute = match address {
        0 => "0x0".to_owned(),
        address => format!("{address:#x}"),
    };
    let Some(before) = before else {
        return absolute;
    };
    if before == address {
        return "*".to_owned();
    }
    let relative = format!("{:+}", address.wrapping_sub(before) as i64);
    if relative.len() < absolute.len() {
        relative
    } else {
        absolute
    }
}

/// Tells functions apart that have the same name and file, because KCachegrind would merge them.
struct Names {
    /// For each shown node, its function's number among those of the same name and file, from 1, and
    /// how many those are.
    numbers: FxHashMap<NodeIx, (usize, usize)>,
}

impl Names {
    fn new(graph: &Graph<'_>) -> Self {
        // In a call tree, functions are also told apart by who called them.
        let function = |n: NodeIx| {
            let info = &graph.infos[n as usize];
            let caller = graph.edges.callers(n).next().filter(|_| graph.is_tree);
            (info.object, info.start_line, caller.map(|e| e.src))
        };
        let mut of_name: FxHashMap<_, FxHashMap<_, usize>> = FxHashMap::default();
        for &n in &graph.shown {
            let info = &graph.infos[n as usize];
            let of_name = of_name.entry((info.file, info.name)).or_default();
            let next = of_name.len() + 1;
            of_name.entry(function(n)).or_insert(next);
        }
        let number = |&n: &NodeIx| {
            let info = &graph.infos[n as usize];
            let of_name = of_name.get(&(info.file, info.name))?;
            Some((n, (*of_name.get(&function(n))?, of_name.len())))
        };
        Names {
            numbers: graph.shown.iter().filter_map(number).collect(),
        }
    }

    fn callee(&self, graph: &Graph<'_>, node: NodeIx) -> String {
        let name = || graph.nodes.function(&graph.infos[node as usize]);
        match self.numbers.get(&node) {
            None => String::new(),
            Some((_, 1)) => name().to_owned(),
            Some((number, of)) => format!("{} [{number}/{of}]", name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_as_short_as_can_be() {
        for (before, at, expect) in [
            (None, 0x1000, "0x1000"),
            (None, 0, "0x0"),
            (Some(0x1000), 0x1000, "*"),
            (Some(0x1000), 0x1010, "+16"),
            (Some(0x1000), 0xff0, "-16"),
            (Some(0x1000), 0x20_0000, "0x200000"),
            (Some(0xffff_ffff_ffff_ffff), 0, "+1"),
        ] {
            assert_eq!(address(before, at), expect);
        }
    }

    #[test]
    fn names_are_written_once() {
        let mut known = FxHashMap::default();
        let written = ["a", "", "b", "a", "b"].map(|name| short(&mut known, name));
        assert_eq!(written, ["(1) a", "", "(2) b", "(1)", "(2)"]);
    }
}
