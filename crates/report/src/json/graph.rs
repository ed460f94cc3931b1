//! Views of nodes and edges as JSON.

use std::collections::HashSet;
use std::io;

use super::writer::Writer;
use super::{place, values};
use crate::callgraph::CallGraph;
use crate::format::Format;
use crate::graph::tags::Tag;
use crate::header::Header;
use crate::top::{Inline, Top};
use crate::tree::{Call, Tree};

fn showing(w: &mut Writer<'_>, header: &Header, format: &Format) -> io::Result<()> {
    w.field("accounted", format.reduce(header.accounted))?;
    w.field("shown_nodes", header.shown)?;
    w.field("candidate_nodes", header.candidates)?;
    w.field("dropped_nodes", header.dropped_nodes)?;
    w.field("dropped_edges", header.dropped_edges)
}

pub(super) fn top(w: &mut Writer<'_>, view: &Top) -> io::Result<()> {
    showing(w, &view.header, &view.format)?;
    w.records("nodes", &view.rows, |w, row| {
        place(w, &row.name, &row.place)?;
        values(w, &view.format, row.flat, row.cum)?;
        let inlined = match row.inline {
            Inline::No => "no",
            Inline::Partial => "partly",
            Inline::Yes => "yes",
        };
        w.field("inlined", inlined)
    })
}

pub(super) fn tree(w: &mut Writer<'_>, view: &Tree) -> io::Result<()> {
    showing(w, &view.header, &view.format)?;
    w.records("nodes", &view.nodes, |w, node| {
        place(w, &node.name, &node.place)?;
        values(w, &view.format, node.flat, node.cum)
    })?;
    // A call between two nodes that are shown stands at both of them.
    let calls = view.nodes.iter().flat_map(|node| {
        let callers = node.callers.iter().map(|c| (&c.name, &node.name, c));
        callers.chain(node.callees.iter().map(|c| (&node.name, &c.name, c)))
    });
    let mut seen = HashSet::new();
    let calls = calls.filter(|(caller, callee, _)| seen.insert((*caller, *callee)));
    w.records("edges", calls, |w, (caller, callee, call)| {
        let Call {
            weight,
            inline,
            residual,
            ..
        } = *call;
        w.field("caller", caller)?;
        w.field("callee", callee)?;
        edge(w, &view.format, weight, inline, residual)
    })
}

pub(super) fn graph(w: &mut Writer<'_>, view: &CallGraph) -> io::Result<()> {
    showing(w, &view.header, &view.format)?;
    w.records("nodes", &view.nodes, |w, node| {
        place(w, &node.name, &node.place)?;
        values(w, &view.format, node.flat, node.cum)?;
        let sizes = node.tags.sizes.iter().flat_map(|(_, tags)| tags);
        let tags = node.tags.labels.iter().chain(sizes);
        w.records("labels", tags, |w, tag: &Tag| {
            w.field("name", &tag.name)?;
            let value = &tag.value;
            values(w, &view.format, value.flat_value(), value.cum_value())
        })
    })?;
    w.records("edges", &view.edges, |w, arrow| {
        w.field("caller", &view.nodes[arrow.src].name)?;
        w.field("callee", &view.nodes[arrow.dest].name)?;
        edge(w, &view.format, arrow.weight, arrow.inline, arrow.residual)
    })
}

fn edge(
    w: &mut Writer<'_>,
    format: &Format,
    value: i64,
    inlined: bool,
    residual: bool,
) -> io::Result<()> {
    w.field("value", format.reduce(value))?;
    w.field("inlined", inlined)?;
    w.field("residual", residual)
}
