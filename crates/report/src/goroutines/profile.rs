//! Goroutines as pprof's goroutine profile. Mirrors writeRuntimeProfile of
//! src/runtime/pprof/pprof.go and the stacks of proto.go.

use ::goroutines::{CallIx, Goroutines, LabelsIx, PANICS, StackIx};
use profile::{Builder, Line, LocationIx, Profile};
use rustc_hash::FxHashMap;

use super::Selection;

/// The profile of `goroutine/count`: a sample for each stack and set of labels.
pub fn profile(selection: &Selection<'_>) -> Profile {
    let all = selection.of;
    let mut counts: FxHashMap<(StackIx, LabelsIx), i64> = FxHashMap::default();
    let mut order = Vec::new();
    for g in selection.iter() {
        let count = counts.entry((g.stack, g.labels)).or_insert_with(|| {
            order.push((g.stack, g.labels));
            0
        });
        *count += 1;
    }
    // Biggest first, as Go has it.
    order.sort_by_key(|key| std::cmp::Reverse(counts[key]));
    let mut builder = Builder::new(&[("goroutine", "count")]);
    let mut locations: FxHashMap<CallIx, Option<LocationIx>> = FxHashMap::default();
    for key in order {
        let mut stack: Vec<LocationIx> = Vec::new();
        let mut callee_panics = false;
        for &call in all.stack(key.0) {
            let frames = all.frames(call);
            let is_wrapper = !frames.is_empty() && frames.iter().all(|f| f.wrapper);
            let hidden = is_wrapper && !callee_panics;
            let outermost = frames.last().map_or("", |f| all.text(f.func));
            callee_panics = PANICS.contains(&outermost);
            if !hidden {
                let location = locations
                    .entry(call)
                    .or_insert_with(|| location(all, call, &mut builder));
                stack.extend(*location);
            }
        }
        let labels: Vec<_> = all
            .label_set(key.1)
            .iter()
            .map(|(k, v)| builder.label(k, v))
            .collect();
        builder.sample(&stack, &[counts[&key]], &labels);
    }
    let made = builder.profile_mut();
    made.period_type = made.sample_types[0];
    made.period = 1;
    made.time_nanos = i64::try_from(all.time_ns).unwrap_or(0);
    builder.finish()
}

/// The location of a call; none for `runtime.goexit`, which profiles leave out.
fn location(all: &Goroutines, call: CallIx, builder: &mut Builder) -> Option<LocationIx> {
    let frames = all.frames(call);
    if frames
        .first()
        .is_some_and(|f| all.text(f.func) == "runtime.goexit")
    {
        return None;
    }
    let some_real = frames.iter().any(|f| !f.wrapper);
    let lines: Vec<Line> = frames
        .iter()
        .filter(|f| !f.wrapper || !some_real)
        .map(|f| {
            let name = gobin::pprof_name(all.text(f.func));
            let start = i64::from(f.start_line);
            Line {
                function: Some(builder.function(&name, all.text(f.file), start)),
                line: i64::from(f.line),
                column: 0,
            }
        })
        .collect();
    let at = all.call(call);
    let address = if at.exact {
        at.pc
    } else {
        at.pc.saturating_sub(1)
    };
    Some(builder.location(None, address, &lines))
}
