//! Profiles of Java programs: CPU (after the binary samples), heap and contention. Addresses are
//! names that a table at the end explains, so none is kept.

use std::sync::LazyLock;

use regex::Regex;
use rustc_hash::FxHashMap;

use super::lines::Lines;
use super::numbers::{addresses, integer, unsample};
use super::{Fault, remap};
use crate::build::Builder;
use crate::error::Error;
use crate::model::{Function, FunctionIx, Label, LabelValue, Line, Profile, ValueType};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is good")
}

static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| pattern(r"([0-9A-Za-z_ ]+)=([0-9A-Za-z_ ]+)"));
static SAMPLE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r" *([0-9]+) +([0-9]+) +@ +([ x0-9a-f]*)"));
static LOCATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[\t\n\f\r ]*0x([0-9A-Fa-f]+)[\t\n\f\r ]+(.*?)[\t\n\f\r ]*$"));
static FILE_LINE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(.*)[\t\n\f\r ]+\((.+):(-?[0-9]+)\)$"));
static PATH: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(.*)[\t\n\f\r ]+\((.*)\)$"));

/// The virtual machine takes a heap sample once in so many bytes.
const RATE: i64 = 512 << 10;

/// Reads a heap or contention profile.
pub(super) fn decode(bytes: &[u8], _exact: bool) -> Result<Profile, Fault> {
    let first = bytes.iter().position(|&b| b == b'\n');
    let first = first.ok_or(Fault::Unrecognized)?;
    let heap = match bytes[..first].trim_ascii() {
        b"--- heapz 1 ---" => true,
        b"--- contentionz 1 ---" => false,
        _ => return Err(Fault::Unrecognized),
    };
    let (p, rest) = attributes(&bytes[first + 1..], heap)?;
    let (p, rest) = samples(p, rest, heap)?;
    locations(p, rest)
}

/// The lines that end with `\n`, without white space around, and what follows each.
fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = (&[u8], String)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let end = rest.iter().position(|&b| b == b'\n')?;
        let (line, from) = (&rest[..end], rest);
        rest = &rest[end + 1..];
        Some((from, String::from_utf8_lossy(line).trim().to_owned()))
    })
}

/// What is left of `bytes` after its last line break.
fn after_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&b| b == b'\n');
    &bytes[end.map_or(0, |end| end + 1)..]
}

/// Reads `name=value` lines and returns the profile's header and what follows.
fn attributes(bytes: &[u8], heap: bool) -> Result<(Builder, &[u8]), Fault> {
    let mut types = None;
    let (mut period, mut duration, mut periodic) = (0, 0, false);
    let mut rest = after_lines(bytes);
    for (from, line) in whole_lines(bytes) {
        if line.is_empty() {
            continue;
        }
        let Some(c) = ATTRIBUTE.captures(&line) else {
            rest = from;
            break;
        };
        let (name, value) = (c[1].trim(), c[2].trim());
        let number = || {
            let what = format!("the attribute {name} is no number");
            integer(value).ok_or(Fault::Broken(Error::Malformed(what)))
        };
        match (heap, name) {
            (_, "format") if value == "java" => {}
            (true, "resolution") => {
                types = Some(
                    [("inuse_objects", "count"), ("inuse_space", value)]
                        .map(|(kind, unit)| (kind, unit.to_owned())),
                );
            }
            (false, "resolution") => {
                types = Some(
                    [("contentions", "count"), ("delay", value)]
                        .map(|(kind, unit)| (kind, unit.to_owned())),
                );
            }
            (false, "sampling period") => {
                period = number()?;
                periodic = true;
            }
            (false, "ms since reset") => duration = number()?.wrapping_mul(1_000_000),
            _ => return Err(Fault::Unrecognized),
        }
    }
    let types: Vec<_> = types.iter().flatten().map(|(k, u)| (*k, &**u)).collect();
    let mut b = Builder::new(&types);
    if periodic {
        let (kind, unit) = (b.intern("contentions"), b.intern("count"));
        b.profile_mut().period_type = ValueType { kind, unit };
    }
    let p = b.profile_mut();
    (p.period, p.duration_nanos) = (period, duration);
    Ok((b, rest))
}

/// Reads the samples and returns what follows them. Their columns are in reverse order.
fn samples(mut b: Builder, bytes: &[u8], heap: bool) -> Result<(Profile, &[u8]), Fault> {
    let mut rest = after_lines(bytes);
    let mut any = false;
    for (from, line) in whole_lines(bytes) {
        if line.is_empty() {
            continue;
        }
        let Some(c) = SAMPLE.captures(&line) else {
            rest = from;
            break;
        };
        let broken = || Fault::Broken(Error::Malformed(format!("the sample {line}")));
        let stack = addresses(&c[3]).ok_or_else(broken)?;
        let stack: Vec<_> = stack
            .into_iter()
            .map(|address| b.location(None, address, &[]))
            .collect();
        let mut first = integer(&c[2]).ok_or_else(broken)?;
        let mut second = integer(&c[1]).ok_or_else(broken)?;
        let mut labels = Vec::new();
        if heap {
            let size = second.checked_div(first).ok_or_else(broken)?;
            let key = b.intern("bytes");
            let value = LabelValue::Num(size, Default::default());
            labels.push(Label { key, value });
            (first, second) = unsample(first, second, RATE);
        } else if b.profile_mut().period != 0 {
            let period = b.profile_mut().period;
            (first, second) = (first.wrapping_mul(period), second.wrapping_mul(period));
        }
        any = true;
        let p = b.profile_mut();
        p.samples.push(&stack, &[first, second], &labels);
    }
    let p = b.finish();
    if any && p.sample_types.is_empty() {
        let what = "missing sample type information";
        return Err(Fault::Broken(Error::Malformed(what.into())));
    }
    Ok((p, rest))
}

/// Reads what the addresses are, a line each: `0xADDRESS function (file:line)`.
pub(super) fn locations(mut p: Profile, bytes: &[u8]) -> Result<Profile, Fault> {
    let mut known: FxHashMap<u64, usize> = FxHashMap::default();
    for (i, l) in p.locations.iter().enumerate() {
        known.insert(l.address, i);
    }
    let mut functions: FxHashMap<String, FunctionIx> = FxHashMap::default();
    let mut lines = Lines::new(bytes);
    while lines.advance() {
        let line = lines.text().trim();
        let Some(c) = LOCATION.captures(line) else {
            continue;
        };
        let large = |_| Fault::corrupt("an address of more than 64 bits", lines.at());
        let address = u64::from_str_radix(&c[1], 16).map_err(large)?;
        let Some(&location) = known.get(&address) else {
            continue;
        };
        let (name, file, number) = place(&c[2]);
        let function = *functions.entry(name.to_owned()).or_insert_with(|| {
            let (name, filename) = (p.strings.intern(name), p.strings.intern(file));
            p.functions.push(Function {
                id: p.functions.len() as u64 + 1,
                name,
                system_name: name,
                filename,
                start_line: 0,
            });
            FunctionIx(p.functions.len() as u32 - 1)
        });
        let location = &mut p.locations[location];
        location.lines_start = p.lines.len() as u32;
        location.lines_len = 1;
        location.address = 0;
        p.lines.push(Line {
            function: Some(function),
            line: number,
            column: 0,
        });
    }
    remap::locations(&mut p);
    remap::functions(&mut p);
    remap::mappings(&mut p);
    for l in &mut p.locations {
        l.address = 0;
    }
    Ok(p)
}

/// Function, file and line of a description.
fn place(text: &str) -> (&str, &str, i64) {
    let group = |c: &regex::Captures<'_>, i| {
        let m = c.get(i).map_or(0..0, |m| m.range());
        &text[m]
    };
    if let Some(c) = FILE_LINE.captures(text) {
        let line = group(&c, 3).parse().unwrap_or(0).max(0);
        return (group(&c, 1), group(&c, 2), line);
    }
    if let Some(c) = PATH.captures(text) {
        return (group(&c, 1), base(group(&c, 2)), 0);
    }
    if text.contains("generated stub/JIT") {
        return ("STUB", "", 0);
    }
    // Of the virtual machine itself, such as `GC`.
    (text, "", 0)
}

/// The last element of a path, as Go's filepath.Base has it.
fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    match path.trim_end_matches('/') {
        "" => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}
