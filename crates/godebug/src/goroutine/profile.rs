//! A dump as a profile: one sample type, `goroutine` in `count`, and what Go says of a goroutine as
//! labels: `state`, `wait_minutes` (a number), `locked`, `leaked`, `bubble`, and those that the
//! program has set.

use profile::model::{Label, LabelValue};
use profile::{Builder, Line, LocationIx, Mapping, MappingIx, Profile};

use super::artefact::full_name;
use super::{Frame, Goroutine, Item, Reader, Stack};

/// The only mapping: a dump does not say which binary a function is from.
const ALL: MappingIx = MappingIx(0);

/// Reads a dump into a profile; `None` if there is no goroutine. What the program says of why it
/// printed it, and how many lines could not be read, are comments.
pub fn profile(text: &str) -> Option<Profile> {
    let mut b = Builder::new(&[("goroutine", "count")]);
    let p = b.profile_mut();
    p.period_type = p.sample_types[0];
    p.period = 1;
    // Everything in it has its name.
    b.mapping(Mapping {
        limit: u64::MAX,
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
        has_inline_frames: true,
        ..Default::default()
    });
    let (mut count, mut damaged) = (0u64, 0u64);
    let mut comments = Vec::new();
    for item in Reader::new(text) {
        match item {
            // The stacks of threads are no goroutines.
            Item::Goroutine(g) if g.id != 0 && !g.runtime_stack => {
                count += 1;
                add(&mut b, &g);
            }
            Item::Reason(reason) => {
                let first = reason.text.lines().next().unwrap_or_default();
                comments.push(reason.kind.prefix().to_owned() + first);
            }
            Item::Damaged(_) => damaged += 1,
            _ => {}
        }
    }
    if damaged > 0 {
        comments.push(format!("{damaged} lines of stacks could not be read"));
    }
    comments.dedup();
    for comment in comments.iter().take(32) {
        let comment = b.intern(comment);
        b.profile_mut().comments.push(comment);
    }
    (count > 0).then(|| b.finish())
}

fn add(b: &mut Builder, g: &Goroutine<'_>) {
    let stack = stack(b, &g.stack);
    // In the order of files: texts before numbers, by key.
    let mut texts: Vec<(&str, String)> = vec![("state", g.state.to_owned())];
    if g.locked {
        texts.push(("locked", "to thread".to_owned()));
    }
    if g.leaked {
        texts.push(("leaked", "yes".to_owned()));
    }
    if let Some(bubble) = g.bubble {
        texts.push(("bubble", bubble.to_string()));
    }
    texts.extend(g.labels.iter().map(|(k, v)| (&**k, v.to_string())));
    texts.sort_by(|a, b| a.0.cmp(b.0));
    let mut labels: Vec<Label> = texts.iter().map(|(k, v)| b.label(k, v)).collect();
    if let Ok(minutes @ 1..) = i64::try_from(g.wait_minutes) {
        let (key, unit) = (b.intern("wait_minutes"), b.intern("minutes"));
        let value = LabelValue::Num(minutes, unit);
        labels.push(Label { key, value });
    }
    b.sample(&stack, &[1], &labels);
}

fn stack(b: &mut Builder, stack: &Stack<'_>) -> Vec<LocationIx> {
    let mut locations = Vec::new();
    let mut lines = Vec::new();
    let elided = stack.elided.map(|e| e.after);
    for (i, frame) in stack.frames.iter().enumerate() {
        if elided == Some(i) {
            if !lines.is_empty() {
                locations.push(b.location(Some(ALL), 0, &std::mem::take(&mut lines)));
            }
            locations.push(gap(b));
        }
        lines.push(line(b, frame));
        if !frame.inlined || i + 1 == stack.frames.len() {
            // Where the call returns to; the call is before it.
            let address = frame.pc.map_or(0, |pc| pc.saturating_sub(1));
            locations.push(b.location(Some(ALL), address, &lines));
            lines.clear();
        }
    }
    if elided.is_some_and(|after| after >= stack.frames.len()) {
        locations.push(gap(b));
    }
    locations
}

fn line(b: &mut Builder, frame: &Frame<'_>) -> Line {
    Line {
        function: Some(b.function(full_name(frame.func), frame.file, 0)),
        line: i64::from(frame.line),
        column: 0,
    }
}

/// What stands for the frames that Go has left out.
fn gap(b: &mut Builder) -> LocationIx {
    let function = Some(b.function("[frames elided]", "", 0));
    b.location(
        Some(ALL),
        0,
        &[Line {
            function,
            line: 0,
            column: 0,
        }],
    )
}
