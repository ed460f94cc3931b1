//! Heap profiles of gperftools and Go (`heap?debug=1`), growth and fragmentation profiles: a line
//! for each stack, `objects: bytes [objects: bytes] @ addresses`, of what is in use and of all that
//! was allocated.

use std::sync::LazyLock;

use regex::Regex;

use super::lines::{Lines, is_space_or_comment};
use super::numbers::unsample;
use super::symbols::{Pending, stack_of};
use super::{Fault, maps};
use crate::build::Builder;
use crate::model::{Profile, ValueType};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is good")
}

static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"heap profile: *([0-9]+): *([0-9]+) *\[ *([0-9]+): *([0-9]+) *\] *@ *(heap[_a-z0-9]*)/?([0-9]*)",
    )
});
static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"heap profile: *([0-9]+): *([0-9]+) *\[ *([0-9]+): *([0-9]+) *\] @ (?:growth|fragmentation)z?",
    )
});
static SAMPLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(-?[0-9]+): *(-?[0-9]+) *\[ *([0-9]+): *([0-9]+) *\] @([ x0-9a-f]*)")
});

/// What the first line says.
struct Header {
    /// Samples stand for more: one is taken in so many bytes.
    sampled: bool,
    period: i64,
    has_alloc: bool,
}

fn header(line: &str) -> Option<Header> {
    if let Some(c) = HEADER.captures(line) {
        let rate: i64 = match &c[6] {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        let has_alloc = c[3] != c[1] && &c[3] != "0" || c[4] != c[2] && &c[4] != "0";
        let (sampled, period) = match &c[5] {
            "heapz_v2" | "heap_v2" => (true, rate),
            "heapprofile" => (false, 1),
            // Go writes twice its rate.
            "heap" => (true, rate / 2),
            _ => return None,
        };
        return Some(Header {
            sampled,
            period,
            has_alloc,
        });
    }
    PLAIN.is_match(line).then_some(Header {
        sampled: false,
        period: 1,
        has_alloc: false,
    })
}

/// Reads a heap profile.
pub(super) fn decode(bytes: &[u8], exact: bool) -> Result<Profile, Fault> {
    let mut lines = Lines::new(bytes);
    lines.advance();
    let header = header(lines.text()).ok_or(Fault::Unrecognized)?;
    // What was allocated comes first, so that what is in use is shown if nobody says.
    let types: &[_] = match header.has_alloc {
        true => &[
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ],
        false => &[("objects", "count"), ("space", "bytes")],
    };
    let mut b = Builder::new(types);
    let (kind, unit) = (b.intern("space"), b.intern("bytes"));
    let p = b.profile_mut();
    p.period_type = ValueType { kind, unit };
    p.period = header.period;
    let mut pending = Pending::new(exact);
    while lines.advance() {
        let line = lines.text().trim();
        if is_space_or_comment(line) {
            pending.comment(&mut b, line);
            continue;
        }
        if maps::is_sentinel(line) {
            break;
        }
        let broken = |what: &str| Fault::corrupt(what, lines.at());
        let (values, size, text) = sample(line, &header).map_err(broken)?;
        let stack =
            stack_of(text, exact).ok_or_else(|| broken("an address of more than 64 bits"))?;
        pending.begin(&mut b, stack, &values);
        pending.number(&mut b, "bytes", size);
    }
    pending.finish(&mut b);
    let mut p = b.finish();
    maps::sections(&mut p, &mut lines);
    Ok(p)
}

/// A line's values, the size of one object, and its addresses.
fn sample<'a>(line: &'a str, header: &Header) -> Result<(Vec<i64>, i64, &'a str), &'static str> {
    let c = SAMPLE.captures(line).ok_or("a line that is no sample")?;
    let group = |i| c.get(i).map_or("", |m| m.as_str());
    let mut values = Vec::new();
    let mut object = 0;
    let mut pair = |count: &str, size: &str| {
        let number = |text: &str| {
            text.parse::<i64>()
                .map_err(|_| "a number that is too large")
        };
        let (mut count, mut size) = (number(count)?, number(size)?);
        if count == 0 && size != 0 {
            return Err("bytes of no objects");
        }
        if count != 0 {
            object = size.wrapping_div(count);
            if header.sampled {
                (count, size) = unsample(count, size, header.period);
            }
        }
        values.extend([count, size]);
        Ok(())
    };
    if header.has_alloc {
        pair(group(3), group(4))?;
    }
    pair(group(1), group(2))?;
    Ok((values, object, group(5)))
}
