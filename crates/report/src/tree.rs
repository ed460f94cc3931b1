//! `-tree`: each node between its callers and its callees. `-peek` is the same for few nodes.

use std::io::{self, Write};

use crate::error::Error;
use crate::format::Format;
use crate::graph::nodes::Place;
use crate::graph::order::sort_edges;
use crate::graph::{Edge, Wanted};
use crate::header::Header;
use crate::measure::percentage;
use crate::report::Report;

/// Nodes with their callers and callees.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// What stands above.
    pub header: Header,
    /// How values are written.
    pub format: Format,
    /// The nodes, heaviest first.
    pub nodes: Vec<Node>,
}

/// A node between its callers and its callees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
    /// Who calls it, heaviest first.
    pub callers: Vec<Call>,
    /// What it calls, heaviest first.
    pub callees: Vec<Call>,
}

/// The other end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it is called.
    pub name: String,
    /// The value of the samples that run through both.
    pub weight: i64,
    /// The callee is always inlined into the caller.
    pub inline: bool,
    /// There are others between the two that are not shown.
    pub residual: bool,
}

const SEPARATOR: &str = "----------------------------------------------------------+-------------";
const COLUMNS: &str = "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t ";

impl Tree {
    /// The nodes of a report.
    pub fn new(report: &Report) -> Self {
        Tree::of(report, None)
    }

    /// The nodes whose name `matches` (`-peek`).
    pub fn peek(
        report: &Report,
        pattern: &str,
        matches: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let tree = Tree::of(report, Some(matches));
        if tree.nodes.is_empty() {
            return Err(Error::NoMatches(pattern.to_owned()));
        }
        Ok(tree)
    }

    fn of(report: &Report, matches: Option<&dyn Fn(&str) -> bool>) -> Self {
        let trimmed = report.trimmed(matches.map_or(Wanted::All, Wanted::At));
        let g = &trimmed.graph;
        let mut nodes = Vec::new();
        for &node in &g.shown {
            let name = g.name(node);
            if matches.is_some_and(|m| !m(&name)) {
                continue;
            }
            let call = |edge: &Edge, end: u32| Call {
                name: g.name(end).into_owned(),
                weight: edge.weight,
                inline: edge.inline,
                residual: edge.residual,
            };
            let callers = sort_edges(g.edges.callers(node), &g.nodes, &g.infos);
            let callees = sort_edges(g.edges.callees(node), &g.nodes, &g.infos);
            nodes.push(Node {
                name: name.into_owned(),
                place: g.place(node),
                flat: g.value(node).flat_value(),
                cum: g.value(node).cum_value(),
                callers: callers.into_iter().map(|e| call(e, e.src)).collect(),
                callees: callees.into_iter().map(|e| call(e, e.dest)).collect(),
            });
        }
        Tree {
            header: trimmed.header,
            format: trimmed.format,
            nodes,
        }
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in self.header.lines(&self.format) {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "{SEPARATOR}\n{COLUMNS}")?;
        let total = self.header.total;
        let mut sum = 0i64;
        for node in &self.nodes {
            writeln!(out, "{SEPARATOR}")?;
            self.calls(out, &node.callers, node.cum)?;
            sum = sum.wrapping_add(node.flat);
            writeln!(
                out,
                "{:>10} {} {} {:>10} {}                | {}",
                self.format.value(node.flat),
                percentage(node.flat, total),
                percentage(sum, total),
                self.format.value(node.cum),
                percentage(node.cum, total),
                node.name,
            )?;
            self.calls(out, &node.callees, node.cum)?;
        }
        if self.header.shown > 0 {
            writeln!(out, "{SEPARATOR}")?;
        }
        Ok(())
    }

    fn calls(&self, out: &mut dyn Write, calls: &[Call], cum: i64) -> io::Result<()> {
        for call in calls {
            let inline = if call.inline { " (inline)" } else { "" };
            writeln!(
                out,
                "{:>50} {} |   {}{inline}",
                self.format.value(call.weight),
                percentage(call.weight, cum),
                call.name,
            )?;
        }
        Ok(())
    }
}
