//! Go's profiles that only count stacks: `goroutine`, `threadcreate` and the user's own, with
//! `debug=1`. A line for each stack: a number, `@`, return addresses.

use std::sync::LazyLock;

use regex::Regex;

use super::lines::{Lines, is_space_or_comment};
use super::symbols::{Pending, stack_of};
use super::{Fault, maps, numbers};
use crate::build::Builder;
use crate::model::Profile;

static START: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A([^\t\n\f\r ]+) profile: total [0-9]+\z").expect("the pattern is good")
});
static SAMPLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\A([0-9]+) @((?: 0x[0-9a-f]+)*)[ \t]*\z").expect("the pattern is good")
});

/// Reads a profile of counts.
pub(super) fn decode(bytes: &[u8], exact: bool) -> Result<Profile, Fault> {
    let mut lines = Lines::new(bytes);
    while lines.advance() && is_space_or_comment(lines.text()) {}
    let kind = match START.captures(lines.text()) {
        Some(c) => c[1].to_owned(),
        None => return Err(Fault::Unrecognized),
    };
    let mut b = Builder::new(&[(&kind, "count")]);
    let p = b.profile_mut();
    p.period_type = p.sample_types[0];
    p.period = 1;
    let mut pending = Pending::new(exact);
    while lines.advance() {
        let line = lines.text();
        if is_space_or_comment(line) {
            pending.comment(&mut b, line);
            continue;
        }
        if line.starts_with("---") {
            break;
        }
        let sample = SAMPLE.captures(line).and_then(|c| {
            // Go 1.19 and before write a stack without addresses, which google/pprof refuses.
            let bare = c[2].is_empty() || line.ends_with([' ', '\t']);
            (!exact || !bare).then_some(())?;
            Some((numbers::integer(&c[1])?, stack_of(&c[2], exact)?))
        });
        let Some((count, stack)) = sample else {
            return Err(Fault::corrupt("a line that is no sample", lines.at()));
        };
        pending.begin(&mut b, stack, &[count]);
    }
    pending.finish(&mut b);
    let mut p = b.finish();
    maps::sections(&mut p, &mut lines);
    Ok(p)
}
