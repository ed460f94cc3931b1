//! Views of single samples as JSON.

use std::io;

use profile::{Label, LabelValue, LocationIx, Profile};

use super::writer::Writer;
use super::{address, place};
use crate::format::Format;
use crate::traces::Traces;

pub(super) fn traces(w: &mut Writer<'_>, view: &Traces<'_>, format: &Format) -> io::Result<()> {
    let nodes = &view.nodes;
    let places: Vec<_> = nodes
        .infos
        .iter()
        .map(|info| (nodes.printable(info), nodes.place(info)))
        .collect();
    let profile = nodes.profile;
    w.records("samples", view.iter(), |w, trace| {
        w.field("value", format.reduce(trace.value))?;
        labels(w, profile, profile.samples.labels(trace.index))?;
        w.records("frames", trace.frames, |w, (frame, inlined)| {
            let (name, at) = &places[frame as usize];
            place(w, name, at)?;
            w.field("inlined", inlined)
        })
    })
}

fn labels(w: &mut Writer<'_>, profile: &Profile, labels: &[Label]) -> io::Result<()> {
    w.records("labels", labels, |w, label| {
        w.field("key", profile.str(label.key))?;
        match label.value {
            LabelValue::Str(text) => w.field("text", profile.str(text)),
            LabelValue::Num(n, unit) => {
                w.field("number", n)?;
                w.known("unit", profile.str(unit))
            }
        }
    })
}

/// The tables of profile.proto; what they refer to each other by is the id.
pub(super) fn raw(w: &mut Writer<'_>, p: &Profile) -> io::Result<()> {
    w.field("period", p.period)?;
    w.field("period_type", p.str(p.period_type.kind))?;
    w.field("period_unit", p.str(p.period_type.unit))?;
    w.field("default_sample_type", p.str(p.default_sample_type))?;
    w.records("sample_types", &p.sample_types, |w, t| {
        w.field("type", p.str(t.kind))?;
        w.field("unit", p.str(t.unit))
    })?;
    w.records("samples", 0..p.samples.len(), |w, i| {
        w.array("values", p.samples.values(i), |w, v| w.scalar(*v))?;
        let stack = p.samples.stack(i).iter();
        w.array("locations", stack, |w, l| w.scalar(p.location(*l).id))?;
        labels(w, p, p.samples.labels(i))
    })?;
    let locations = p.locations.iter().zip(0u32..);
    w.records("locations", locations, |w, (l, i)| {
        w.field("id", l.id)?;
        address(w, "address", l.address)?;
        let mapping = l.mapping.map(|m| p.mappings[m.ix()].id);
        w.known("mapping", mapping)?;
        w.records("lines", p.lines(LocationIx(i)), |w, line| {
            let function = line.function.map(|f| p.function(f).id);
            w.known("function", function)?;
            w.known("line", line.line)?;
            w.known("column", line.column)
        })
    })?;
    w.records("functions", &p.functions, |w, f| {
        w.field("id", f.id)?;
        w.field("name", p.str(f.name))?;
        w.field("system_name", p.str(f.system_name))?;
        w.field("file", p.str(f.filename))?;
        w.known("start_line", f.start_line)
    })?;
    w.records("mappings", &p.mappings, |w, m| {
        w.field("id", m.id)?;
        address(w, "start", m.start)?;
        address(w, "limit", m.limit)?;
        address(w, "offset", m.offset)?;
        w.field("file", p.str(m.file))?;
        w.field("build_id", p.str(m.build_id))?;
        w.field("has_functions", m.has_functions)?;
        w.field("has_filenames", m.has_filenames)?;
        w.field("has_line_numbers", m.has_line_numbers)?;
        w.field("has_inline_frames", m.has_inline_frames)
    })
}
