//! `-callgrind`: every address and its calls, for KCachegrind.
//!
//! Mirrors `printCallgrind` of pprof's `internal/report`, with all that readers of its output may
//! have come to rely on: names stand in full once and are numbers from then on, addresses are written
//! as the distance from the node *before* where that is shorter, and a call has no count.

use std::io::{self, Write};

use profile::{StrId, StringTable};
use rustc_hash::FxHashMap;

use crate::format::Format;
use crate::graph::order::Ranks;
use crate::graph::{Edge, Graph, NodeIx};
use crate::measure::scaler;
use crate::report::{Report, Trimmed};

/// What `-callgrind` writes. A profile of many stacks has millions of calls, so names and places
/// stand here once.
#[derive(Clone, Debug)]
pub struct Callgrind {
    /// The kind of the values.
    pub kind: String,
    /// How values are written.
    pub format: Format,
    /// All names.
    pub names: StringTable,
    /// Where nodes are that are shown or called.
    pub places: Vec<Place>,
    /// Every node, in the report's order.
    pub nodes: Vec<Node>,
    /// The calls of all nodes, one after the other.
    pub calls: Vec<Call>,
}

/// A position in the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The binary.
    pub object: StrId,
    /// Where it is, in [`Callgrind::places`].
    pub place: u32,
    /// Its own value.
    pub flat: i64,
    /// How many of [`Callgrind::calls`] it has, heaviest first.
    pub calls: u32,
}

/// Where in the source and in the binary a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The function.
    pub function: StrId,
    /// The function as the callee of a call: numbered where several functions of one file share the
    /// name; nodes that are left out for their value have none.
    pub callee: StrId,
    /// The source file.
    pub file: StrId,
    /// The line; 0 if it is not known.
    pub line: i64,
    /// The address.
    pub address: u64,
}

/// A call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// What is called, in [`Callgrind::places`].
    pub callee: u32,
    /// The value of the samples that run along it.
    pub weight: i64,
}

impl Callgrind {
    /// All nodes and calls of a report.
    pub fn new(report: &Report) -> Self {
        let Trimmed { graph, format, .. } = report.positions();
        let (mut names, mut places) = (StringTable::default(), Places::new(&graph));
        let ranks = Ranks::new(&graph.nodes, &graph.infos);
        let mut calls = Vec::new();
        let mut edges: Vec<&Edge> = Vec::new();
        let node = |&n: &NodeIx| {
            edges.clear();
            edges.extend(graph.edges.callees(n));
            ranks.sort_edges(&mut edges);
            calls.extend(edges.iter().map(|edge| Call {
                callee: places.of(&graph, edge.dest, &mut names),
                weight: edge.weight,
            }));
            Node {
                object: names.intern(graph.nodes.profile.str(graph.infos[n as usize].object)),
                place: places.of(&graph, n, &mut names),
                flat: graph.value(n).flat_value(),
                calls: edges.len() as u32,
            }
        };
        Callgrind {
            kind: report.kind.clone(),
            nodes: graph.shown.iter().map(node).collect(),
            format,
            names,
            places: places.all,
            calls,
        }
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let scaled = scaler(&self.format.from, &self.format.to);
        let value = |v: i64| scaled(v) as i64;
        writeln!(out, "positions: instr line")?;
        writeln!(out, "events: {}({})", self.kind, self.format.to)?;
        let known = || Known::new(&self.names);
        let (mut objects, mut files, mut functions) = (known(), known(), known());
        let mut last: Option<(StrId, &Place)> = None;
        let mut calls = self.calls.iter();
        let mut text = Vec::new();
        for node in &self.nodes {
            let at = &self.places[node.place as usize];
            let same = last.is_some_and(|(object, l)| {
                (object, l.file, l.function) == (node.object, at.file, at.function)
            });
            text.clear();
            if !same {
                text.extend_from_slice(b"\nob=");
                objects.put(&mut text, node.object);
                text.extend_from_slice(b"\nfl=");
                files.put(&mut text, at.file);
                text.extend_from_slice(b"\nfn=");
                functions.put(&mut text, at.function);
                text.push(b'\n');
            }
            let before = last.map(|(_, l)| l.address);
            let position = |text: &mut Vec<u8>, p: &Place| {
                put_address(text, before, p.address);
                text.push(b' ');
                put_number(text, p.line);
            };
            position(&mut text, at);
            text.push(b' ');
            put_number(&mut text, value(node.flat));
            text.push(b'\n');
            for call in calls.by_ref().take(node.calls as usize) {
                let callee = &self.places[call.callee as usize];
                text.extend_from_slice(b"cfl=");
                files.put(&mut text, callee.file);
                text.extend_from_slice(b"\ncfn=");
                functions.put(&mut text, callee.callee);
                text.extend_from_slice(b"\ncalls=0 ");
                position(&mut text, callee);
                text.extend_from_slice(b"\n* * ");
                put_number(&mut text, value(call.weight));
                text.push(b'\n');
            }
            out.write_all(&text)?;
            last = Some((node.object, at));
        }
        Ok(())
    }
}

/// The places of nodes, made when they are first asked for.
struct Places<'g> {
    all: Vec<Place>,
    /// For each node the number of its place, or [`Places::NEW`].
    of_node: Vec<u32>,
    names: Names,
    /// Names by number and count, as they were written: of the same function again and again.
    callees: FxHashMap<(&'g str, usize, usize), StrId>,
}

impl<'g> Places<'g> {
    const NEW: u32 = u32::MAX;

    fn new(graph: &Graph<'g>) -> Self {
        Places {
            all: Vec::new(),
            of_node: vec![Self::NEW; graph.infos.len()],
            names: Names::new(graph),
            callees: FxHashMap::default(),
        }
    }

    fn of(&mut self, graph: &Graph<'g>, node: NodeIx, names: &mut StringTable) -> u32 {
        let known = self.of_node[node as usize];
        if known != Self::NEW {
            return known;
        }
        let info = &graph.infos[node as usize];
        let function = graph.nodes.function(info);
        let callee = match self.names.numbers.get(&node) {
            None => StrId::EMPTY,
            Some((_, 1)) => names.intern(function),
            Some(&(number, of)) => *self
                .callees
                .entry((function, number, of))
                .or_insert_with(|| names.intern(&format!("{function} [{number}/{of}]"))),
        };
        let place = self.all.len() as u32;
        self.all.push(Place {
            function: names.intern(function),
            callee,
            file: names.intern(graph.nodes.file(info)),
            line: info.line,
            address: info.address,
        });
        self.of_node[node as usize] = place;
        place
    }
}

/// The names written so far.
struct Known<'a> {
    names: &'a StringTable,
    /// The number of each name; 0 if it has not been written.
    numbers: Vec<u32>,
    count: u32,
}

impl<'a> Known<'a> {
    fn new(names: &'a StringTable) -> Self {
        Known {
            names,
            numbers: vec![0; names.len()],
            count: 0,
        }
    }

    /// The name, with a number the first time and as that number from then on.
    fn put(&mut self, text: &mut Vec<u8>, name: StrId) {
        if name.is_empty() {
            return;
        }
        let number = &mut self.numbers[name.0 as usize];
        let new = *number == 0;
        if new {
            self.count += 1;
            *number = self.count;
        }
        text.push(b'(');
        put_number(text, i64::from(*number));
        text.push(b')');
        if new {
            text.push(b' ');
            text.extend_from_slice(self.names.get(name).as_bytes());
        }
    }
}

fn put_number(text: &mut Vec<u8>, n: i64) {
    text.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

/// The address, or how far it is from the one before where that is shorter.
fn put_address(text: &mut Vec<u8>, before: Option<u64>, address: u64) {
    if before == Some(address) {
        text.push(b'*');
        return;
    }
    // "0x" and a digit for each half of a byte.
    let digits = (67 - (address | 1).leading_zeros()) as usize / 4;
    if let Some(before) = before {
        let distance = address.wrapping_sub(before) as i64;
        let mut buffer = itoa::Buffer::new();
        let distance = buffer.format(distance).as_bytes();
        let sign: &[u8] = if distance[0] == b'-' { b"" } else { b"+" };
        if sign.len() + distance.len() < 2 + digits {
            text.extend_from_slice(sign);
            text.extend_from_slice(distance);
            return;
        }
    }
    text.extend_from_slice(b"0x");
    let digit = |i: usize| b"0123456789abcdef"[(address >> (4 * i) & 15) as usize];
    text.extend((0..digits).rev().map(digit));
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
            let mut text = Vec::new();
            put_address(&mut text, before, at);
            assert_eq!(String::from_utf8_lossy(&text), expect);
        }
    }

    #[test]
    fn names_are_written_once() {
        let mut names = StringTable::default();
        let ids = ["a", "", "b", "a", "b"].map(|name| names.intern(name));
        let mut known = Known::new(&names);
        let written = ids.map(|id| {
            let mut text = Vec::new();
            known.put(&mut text, id);
            String::from_utf8_lossy(&text).into_owned()
        });
        assert_eq!(written, ["(1) a", "", "(2) b", "(1)", "(2)"]);
    }
}
