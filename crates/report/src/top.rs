//! `-top`: one row for each node, heaviest first.

use std::io::{self, Write};

use crate::format::Format;
use crate::graph::Wanted;
use crate::graph::nodes::Place;
use crate::header::Header;
use crate::measure::percentage;
use crate::report::Report;

/// The heaviest nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Top {
    /// What stands above.
    pub header: Header,
    /// How values are written.
    pub format: Format,
    /// The nodes, heaviest first.
    pub rows: Vec<Row>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Whether it is inlined where it is called.
    pub inline: Inline,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
}

/// Whether a function is inlined where it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Nowhere.
    No,
    /// Somewhere.
    Partial,
    /// Everywhere.
    Yes,
}

impl Top {
    /// The rows of a report.
    pub fn new(report: &Report) -> Self {
        let trimmed = report.trimmed(Wanted::InlineMarks);
        let g = &trimmed.graph;
        let row = |&node: &u32| {
            let calls = g.edges.callers(node).count();
            let inlined = g.edges.callers(node).filter(|e| e.inline).count();
            Row {
                name: g.name(node).into_owned(),
                place: g.place(node),
                inline: match inlined {
                    0 => Inline::No,
                    n if n == calls => Inline::Yes,
                    _ => Inline::Partial,
                },
                flat: g.value(node).flat_value(),
                cum: g.value(node).cum_value(),
            }
        };
        let rows = g.shown.iter().map(row).collect();
        Top {
            header: trimmed.header,
            format: trimmed.format,
            rows,
        }
    }

    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in self.header.lines(&self.format) {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "      flat  flat%   sum%        cum   cum%")?;
        let total = self.header.total;
        let mut sum = 0i64;
        for row in &self.rows {
            sum = sum.wrapping_add(row.flat);
            let inline = match row.inline {
                Inline::No => "",
                Inline::Partial => " (partial-inline)",
                Inline::Yes => " (inline)",
            };
            writeln!(
                out,
                "{:>10} {} {} {:>10} {}  {}{inline}",
                self.format.value(row.flat),
                percentage(row.flat, total),
                percentage(sum, total),
                self.format.value(row.cum),
                percentage(row.cum, total),
                row.name,
            )?;
        }
        Ok(())
    }
}
