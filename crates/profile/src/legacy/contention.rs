//! Contention profiles: gperftools' `--- contentionz`, Go's `--- contention:` (block) and
//! `--- mutex:` with `debug=1`. Attributes, then a line for each stack: cycles, count, `@`, return
//! addresses.

use std::sync::LazyLock;

use regex::Regex;

use super::lines::{Lines, is_space_or_comment};
use super::symbols::{Pending, stack_of};
use super::{Fault, maps, numbers};
use crate::build::Builder;
use crate::model::Profile;

static SAMPLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([0-9]+) *([0-9]+) @([ x0-9a-f]*)").expect("the pattern is good")
});

/// Reads a contention profile.
pub(super) fn decode(bytes: &[u8], exact: bool) -> Result<Profile, Fault> {
    let mut lines = Lines::new(bytes);
    lines.advance();
    let of = |prefix| lines.text().starts_with(prefix);
    let of_go_mutex = of("--- mutex:");
    let of_go = of_go_mutex || of("--- contention:");
    if !of_go && !of("--- contentionz ") {
        return Err(Fault::Unrecognized);
    }
    let mut b = Builder::new(&[("contentions", "count"), ("delay", "nanoseconds")]);
    let p = b.profile_mut();
    p.period_type = p.sample_types[0];
    p.period = 1;
    // The other format that starts like this is Java's; Go's is told by its first line.
    let broken = |what: &str, at| match of_go {
        true => Fault::corrupt(what, at),
        false => Fault::Unrecognized,
    };
    let hertz = attributes(p, &mut lines).map_err(|what| broken(what, lines.at()))?;
    let mut pending = Pending::new(exact);
    while !lines.ended() {
        let line = lines.text().trim();
        if line.starts_with("---") {
            break;
        }
        if is_space_or_comment(line) {
            pending.comment(&mut b, line);
        } else {
            let Some(c) = SAMPLE.captures(line) else {
                return Err(broken("a line that is no sample", lines.at()));
            };
            let large = || Fault::corrupt("a number that is too large", lines.at());
            let number = |i: usize| c[i].parse::<i64>().map_err(|_| large());
            let (cycles, count) = (number(1)?, number(2)?);
            let stack = stack_of(&c[3], exact).ok_or_else(large)?;
            pending.begin(&mut b, stack, &[count, cycles]);
        }
        lines.advance();
    }
    pending.finish(&mut b);
    let mut p = b.finish();
    let mut factor = p.period;
    if !exact && of_go_mutex && is_scaled(&p) {
        factor = 1;
    }
    scale(&mut p, factor, hertz);
    maps::sections(&mut p, &mut lines);
    Ok(p)
}

/// Reads `name = value` lines up to the first sample and returns how many cycles a second has; 0
/// if nobody says.
fn attributes(p: &mut Profile, lines: &mut Lines<'_>) -> Result<i64, &'static str> {
    let mut hertz = 0;
    while lines.advance() {
        let line = lines.text().trim();
        if is_space_or_comment(line) {
            continue;
        }
        if line.starts_with("---") {
            break;
        }
        let Some((name, value)) = line.split_once('=') else {
            break;
        };
        let value = numbers::integer(value.trim()).ok_or("an attribute that is no number");
        match name.trim() {
            "cycles/second" => hertz = value?,
            "sampling period" => p.period = value?,
            "ms since reset" => p.duration_nanos = value?.wrapping_mul(1_000_000),
            "discarded samples" => {}
            _ => return Err("an attribute that is not known"),
        }
    }
    Ok(hertz)
}

/// Whether the runtime has counted each event for all that were not sampled, as it does since Go
/// 1.20; before, that is for the reader to do. google/pprof always does it. The text does not say
/// which Go wrote it; but then every count and every number of cycles is a multiple of the period.
fn is_scaled(p: &Profile) -> bool {
    let multiples = |i| p.samples.values(i).iter().all(|v| v % p.period == 0);
    p.period > 1 && (0..p.samples.len()).all(multiples)
}

/// From what was sampled once in `period` events to all of them, and from cycles to nanoseconds.
fn scale(p: &mut Profile, period: i64, hertz: i64) {
    if period <= 0 {
        return;
    }
    let gigahertz = hertz as f64 / 1e9;
    p.samples.map_values(|column, v| {
        if column == 0 {
            v.wrapping_mul(period)
        } else if hertz > 0 {
            numbers::truncate(v as f64 * period as f64 / gigahertz)
        } else {
            v
        }
    });
}
