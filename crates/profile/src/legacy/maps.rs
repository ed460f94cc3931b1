//! The memory map at the end of a profile: lines as in `/proc/self/maps` or the shorter ones of
//! other tools (parseProcMapsFromScanner).

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::{lines::Lines, remap};
use crate::model::{Mapping, Profile};

/// After replacing, a line is cut to this; a `$name` in the value of another may double it.
const MAX_LINE: usize = 64 << 10;
/// More names than this are not replaced.
const MAX_NAMES: usize = 64;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is good")
}

const RANGE: &str = r"^[\t\n\f\r ]*(?:0x)?([0-9A-Fa-f]+)[\t\n\f\r \-]?[\t\n\f\r ]*(?:0x)?([0-9A-Fa-f]+):?(?:[\t\n\f\r ]+([-rwxp]+))?";
const WORD: &str = r"(?:[\t\n\f\r ]+([^\t\n\f\r ]+))?";
const HEX: &str = r"(?:[\t\n\f\r ]+([0-9A-Fa-f]+))?";

/// As the kernel writes them: range, permissions, offset, device, inode, file.
static KERNEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"{RANGE}{HEX}[\t\n\f\r ]+[0-9A-Fa-f]+:[0-9A-Fa-f]+[\t\n\f\r ]+[0-9]+{WORD}"
    ))
});
/// Range, permissions, file, `(@offset)`, build id.
static BRIEF: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"{RANGE}{WORD}(?:[\t\n\f\r ]+\(@([0-9A-Fa-f]+)\))?{HEX}"
    ))
});
/// What a logging library puts in front of a line.
static LOG: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[^\[\]]+:[0-9]+\][\t\n\f\r ]"));

/// Whether a memory map starts after this line.
pub(super) fn is_sentinel(line: &str) -> bool {
    line.contains("--- Memory map: ---") || line.contains("MAPPED_LIBRARIES:")
}

/// Passes over other sections and reads the memory map, if there is one.
pub(super) fn sections(p: &mut Profile, lines: &mut Lines<'_>) {
    while !is_sentinel(lines.text()) && lines.advance() {}
    attach(p, lines);
}

/// Reads the memory map that follows, and says of each location to which mapping it belongs.
pub(super) fn attach(p: &mut Profile, lines: &mut Lines<'_>) {
    let mut names: Vec<(String, String)> = Vec::new();
    while lines.advance() {
        let line = LOG.replace(lines.text(), "");
        let line = replace(&line, &names);
        match mapping(p, &line) {
            Some(Some(mapping)) => p.mappings.push(mapping),
            Some(None) => {}
            None => {
                if let Some((name, value)) = line.split_once('=')
                    && names.len() < MAX_NAMES
                {
                    let name = format!("${}", name.trim());
                    names.push((name, value.trim().to_owned()));
                }
            }
        }
    }
    remap::massage(p);
    remap::locations(p);
    remap::functions(p);
    remap::mappings(p);
}

/// The line with the values of names; of several that fit, the first counts.
fn replace<'a>(line: &'a str, names: &[(String, String)]) -> Cow<'a, str> {
    if names.is_empty() || !line.contains('$') {
        return Cow::Borrowed(line);
    }
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = names.iter().find(|(name, _)| rest.starts_with(&**name));
        let (text, len) = found.map_or(("$", 1), |(name, value)| (&**value, name.len()));
        if out.len() + text.len() > MAX_LINE {
            break;
        }
        out.push_str(text);
        rest = &rest[len..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The mapping of a line: `None` if the line is none, `Some(None)` if it holds no code.
fn mapping(p: &mut Profile, line: &str) -> Option<Option<Mapping>> {
    let (c, [file, offset, build_id]) = match KERNEL.captures(line) {
        Some(c) => (c, [5, 4, 6]),
        None => (BRIEF.captures(line)?, [4, 5, 6]),
    };
    let group = |i: usize| c.get(i).map_or("", |m| m.as_str());
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let permissions = group(3);
    if !permissions.is_empty() && !permissions.contains('x') {
        return Some(None);
    }
    let offset = match group(offset) {
        "" => 0,
        digits => hex(digits)?,
    };
    Some(Some(Mapping {
        start: hex(group(1))?,
        limit: hex(group(2))?,
        offset,
        file: p.strings.intern(group(file)),
        build_id: p.strings.intern(group(build_id)),
        ..Default::default()
    }))
}
