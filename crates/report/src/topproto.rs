//! `-topproto`: the rows of `-top` as a profile, one location for each node.

use profile::{
    Function, FunctionIx, Line, Location, LocationIx, Profile, Samples, StrId, ValueType,
};
use rustc_hash::FxHashMap;

use crate::graph::Wanted;
use crate::measure::scale;
use crate::report::Report;

/// The heaviest nodes as a profile with the values `cum` and `flat` in the unit of the report.
pub fn top_profile(report: &Report) -> Profile {
    let trimmed = report.trimmed(Wanted::None);
    let (g, format) = (&trimmed.graph, &trimmed.format);
    let from = &report.profile;
    let mut out = Profile {
        samples: Samples::new(2),
        time_nanos: from.time_nanos,
        duration_nanos: from.duration_nanos,
        period: from.period,
        ..Default::default()
    };
    let unit = out.strings.intern(&format.to);
    for kind in ["cum", "flat"] {
        let kind = out.strings.intern(kind);
        out.sample_types.push(ValueType { kind, unit });
    }
    let kind = out.strings.intern(from.str(from.period_type.kind));
    let unit = out.strings.intern(from.str(from.period_type.unit));
    out.period_type = ValueType { kind, unit };

    let mut functions: FxHashMap<(StrId, StrId, i64), FunctionIx> = FxHashMap::default();
    for &node in &g.shown {
        let info = &g.infos[node as usize];
        let name = out.strings.intern(g.nodes.function(info));
        let filename = out.strings.intern(g.nodes.file(info));
        let next = FunctionIx(out.functions.len() as u32);
        let key = (name, filename, info.start_line);
        let function = *functions.entry(key).or_insert(next);
        if function == next {
            out.functions.push(Function {
                id: u64::from(next.0) + 1,
                name,
                filename,
                start_line: info.start_line,
                ..Default::default()
            });
        }
        let location = LocationIx(out.locations.len() as u32);
        out.locations.push(Location {
            id: u64::from(location.0) + 1,
            address: info.address,
            lines_start: out.lines.len() as u32,
            lines_len: 1,
            ..Default::default()
        });
        out.lines.push(Line {
            function: Some(function),
            line: info.line,
            column: info.column,
        });
        let value = g.value(node);
        let scaled = |v: i64| scale(v, &format.from, &format.to).0 as i64;
        let values = [scaled(value.cum_value()), scaled(value.flat_value())];
        out.samples.push(&[location], &values, &[]);
    }
    out
}
