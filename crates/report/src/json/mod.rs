//! Every view as JSON: one object with `schema`, `version`, what the profile says about itself, and
//! flat records. docs/json.md describes the fields.
//!
//! Values are whole numbers in the profile's own unit (`profile.unit`), whatever unit text would
//! show. What is not known or not told apart is left out of a record.

mod code;
mod graph;
mod samples;
pub(crate) mod writer;

use std::io::{self, Write};

use crate::error::Error;
use crate::format::Format;
use crate::graph::nodes::Place;
use crate::list::Listing;
use crate::report::Report;
use crate::show::Shown;
use crate::tags::Tags;

use writer::Writer;

/// The version of the schema. A new field does not change it.
pub const VERSION: u64 = 1;

/// Writes a view as one line of JSON.
pub fn write(report: &Report, shown: &Shown<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut w = Writer::new(&mut *out);
    w.object(|w| {
        w.field("schema", "gowhy.report")?;
        w.field("version", VERSION)?;
        w.field("view", name(shown))?;
        about(w, report)?;
        let filters = report.options.active_filters();
        w.array("filters", &filters, |w, filter| w.scalar(filter))?;
        match shown {
            Shown::Top(view) => graph::top(w, view),
            Shown::Tree(view) => graph::tree(w, view),
            Shown::Dot(view) | Shown::Svg(view) | Shown::Image(view, _) => graph::graph(w, view),
            Shown::List(view) => list(w, view),
            Shown::Disasm(view) => code::disasm(w, view),
            Shown::Weblist(view) => code::weblist(w, view),
            Shown::Traces(view) => samples::traces(w, view, &report.format()),
            Shown::Tags(view) => tags(w, view),
            Shown::Comments(view) => {
                let comments = &view.comments;
                w.array("comments", comments, |w, comment| w.scalar(comment))
            }
            Shown::Raw(_)
            | Shown::Callgrind(_)
            | Shown::Proto(_)
            | Shown::Flame(_)
            | Shown::Html(_)
            | Shown::Folded(_)
            | Shown::Speedscope(_) => samples::raw(w, &report.profile),
            Shown::TopProto(profile) => samples::raw(w, profile),
        }
    })?;
    writeln!(out)?;
    Ok(())
}

fn name(shown: &Shown<'_>) -> &'static str {
    match shown {
        Shown::Top(_) => "top",
        Shown::Tree(_) => "tree",
        Shown::Dot(_) | Shown::Svg(_) | Shown::Image(..) => "graph",
        Shown::List(_) => "list",
        Shown::Disasm(_) => "disasm",
        Shown::Weblist(_) => "weblist",
        Shown::Traces(_) => "traces",
        Shown::Tags(_) => "tags",
        Shown::Comments(_) => "comments",
        Shown::Raw(_) | Shown::Proto(_) | Shown::TopProto(_) => "raw",
        Shown::Flame(_)
        | Shown::Html(_)
        | Shown::Folded(_)
        | Shown::Speedscope(_)
        | Shown::Callgrind(_) => "raw",
    }
}

fn about(w: &mut Writer<'_>, report: &Report) -> io::Result<()> {
    let d = report.description();
    let time = d.time.as_ref().map(|t| t.rfc3339());
    w.key("profile")?;
    w.object(|w| {
        w.field("file", &d.file)?;
        w.field("build_id", &d.build_id)?;
        w.array("comments", &d.comments, |w, comment| w.scalar(comment))?;
        w.field("doc_url", &d.doc_url)?;
        w.field("time", time.as_ref())?;
        w.field("duration_ns", d.duration_nanos)?;
        w.field("sample_type", &d.kind)?;
        w.field("unit", &d.unit)?;
        w.field("total", report.format().reduce(d.total))
    })
}

/// The fields that say where a node or a frame is.
fn place(w: &mut Writer<'_>, name: &str, place: &Place) -> io::Result<()> {
    w.field("name", name)?;
    w.known("function", &place.function)?;
    w.known("file", &place.file)?;
    w.known("line", place.line)?;
    w.known("column", place.column)?;
    if place.address != 0 {
        address(w, "address", place.address)?;
    }
    Ok(())
}

fn address(w: &mut Writer<'_>, name: &str, address: u64) -> io::Result<()> {
    w.field(name, &format!("{address:#x}"))
}

fn values(w: &mut Writer<'_>, format: &Format, flat: i64, cum: i64) -> io::Result<()> {
    w.field("flat", format.reduce(flat))?;
    w.field("cum", format.reduce(cum))
}

fn list(w: &mut Writer<'_>, view: &Listing) -> io::Result<()> {
    let files = || {
        let functions = view.functions.iter();
        functions.flat_map(|f| f.files.iter().map(move |file| (&f.name, file)))
    };
    w.records("functions", files(), |w, (function, file)| {
        w.field("function", function)?;
        w.field("file", &file.path)?;
        values(w, &view.format, file.flat, file.cum)?;
        w.known("error", file.lines.as_ref().err())
    })?;
    let lines = files().flat_map(|(function, file)| {
        let lines = file.lines.iter().flatten();
        lines.map(move |line| (function, file, line))
    });
    w.records("lines", lines, |w, (function, file, line)| {
        w.field("function", function)?;
        w.field("file", &file.path)?;
        w.field("line", line.number)?;
        values(w, &view.format, line.flat, line.cum)?;
        w.field("source", &line.text)
    })
}

fn tags(w: &mut Writer<'_>, view: &Tags) -> io::Result<()> {
    let keys = view.keys.iter();
    let rows = keys.flat_map(|key| key.values.iter().map(move |value| (&key.key, value)));
    w.records("labels", rows, |w, (key, (value, amount))| {
        w.field("key", key)?;
        w.field("value", value)?;
        w.field("amount", view.format.reduce(*amount))
    })
}
