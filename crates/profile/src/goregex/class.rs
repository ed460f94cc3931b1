//! Character classes and escape sequences.

use std::fmt::Write as _;

use super::{RegexpError, fault};

/// A class that no character is in.
pub(super) const NOTHING: &str = r"[^\x00-\x{10FFFF}]";

/// The class in brackets that `start` starts with, and what stands after it.
pub(super) fn bracketed(start: &str) -> Result<(String, &str), RegexpError> {
    let missing = || fault("missing closing ]", start);
    let mut t = &start[1..];
    let mut class = String::from("[");
    if let Some(rest) = t.strip_prefix('^') {
        class.push('^');
        t = rest;
    }
    let mut first = true;
    while first || !t.starts_with(']') {
        first = false;
        if let Some(name) = t.strip_prefix("[:")
            && let Some(end) = name.find(":]")
        {
            let whole = &t[..end + 4];
            let name = &name[..end];
            let known = [
                "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
                "punct", "space", "upper", "word", "xdigit",
            ];
            if !known.contains(&name.strip_prefix('^').unwrap_or(name)) {
                return Err(fault("invalid character class range", whole));
            }
            class.push_str(whole);
            t = &t[whole.len()..];
            continue;
        }
        if let Some((inner, rest)) = escaped_class(t)? {
            class.push_str(&inner);
            t = rest;
            continue;
        }
        let range = t;
        let (lo, rest) = class_rune(t).unwrap_or_else(|| Err(missing()))?;
        t = rest;
        let mut hi = lo;
        if let Some(rest) = t.strip_prefix('-')
            && !rest.is_empty()
            && !rest.starts_with(']')
        {
            let (c, rest) = class_rune(rest).unwrap_or_else(|| Err(missing()))?;
            (hi, t) = (c, rest);
            if hi < lo {
                let expr = &range[..range.len() - t.len()];
                return Err(fault("invalid character class range", expr));
            }
        }
        put_range(&mut class, lo, hi);
    }
    if class.len() < 3 {
        // Only halves of surrogate pairs were named.
        class.push_str(NOTHING);
    }
    class.push(']');
    Ok((class, &t[1..]))
}

/// Adds a range to a class, less the surrogates, which are in no text.
fn put_range(out: &mut String, lo: u32, hi: u32) {
    for (lo, hi) in [(lo, hi.min(0xd7ff)), (lo.max(0xe000), hi)] {
        if lo <= hi {
            write!(out, r"\x{{{lo:X}}}-\x{{{hi:X}}}").expect("writing to a string does not fail");
        }
    }
}

/// A character of a class; `None` if the pattern ends.
fn class_rune(text: &str) -> Option<Result<(u32, &str), RegexpError>> {
    let c = text.chars().next()?;
    Some(if c == '\\' {
        escaped_rune(text)
    } else {
        Ok((c.into(), &text[c.len_utf8()..]))
    })
}

/// `\d`, `\pL`, `\p{Greek}` and the like, if the text starts with one of them.
pub(super) fn escaped_class(text: &str) -> Result<Option<(String, &str)>, RegexpError> {
    let mut chars = text.chars();
    if chars.next() != Some('\\') {
        return Ok(None);
    }
    let perl = match chars.next() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('s') => r"[\t\n\x0C\r ]",
        Some('S') => r"[^\t\n\x0C\r ]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('p' | 'P') => return unicode_class(text),
        _ => return Ok(None),
    };
    Ok(Some((perl.to_owned(), &text[2..])))
}

fn unicode_class(text: &str) -> Result<Option<(String, &str)>, RegexpError> {
    let bad = |expr| fault("invalid character class range", expr);
    let c = text[2..].chars().next().ok_or_else(|| bad(text))?;
    let (name, len) = if c == '{' {
        let end = text.find('}').ok_or_else(|| bad(text))?;
        (&text[3..end], end + 1)
    } else {
        (&text[2..2 + c.len_utf8()], 2 + c.len_utf8())
    };
    let (whole, rest) = text.split_at(len);
    let mut negative = text.starts_with(r"\P");
    let mut name = name;
    if let Some(n) = name.strip_prefix('^') {
        negative = !negative;
        name = n;
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ');
    if !name.chars().all(letter) {
        return Err(bad(whole));
    }
    // Categories and scripts are known to Go, other properties are not.
    let sign = if negative { 'P' } else { 'p' };
    let classes = ["gc", "sc"].map(|of| format!(r"\{sign}{{{of}={name}}}"));
    let mut known = classes.into_iter().filter(|c| regex::Regex::new(c).is_ok());
    known
        .next()
        .map_or_else(|| Err(bad(whole)), |class| Ok(Some((class, rest))))
}

/// The character that an escape sequence stands for.
pub(super) fn escaped_rune(text: &str) -> Result<(u32, &str), RegexpError> {
    let rest = &text[1..];
    let Some(c) = rest.chars().next() else {
        return Err(fault("trailing backslash at end of expression", ""));
    };
    let mut rest = &rest[c.len_utf8()..];
    let octal = |rest: &str| {
        rest.as_bytes()
            .first()
            .filter(|b| matches!(b, b'0'..=b'7'))
            .copied()
    };
    let simple = match c {
        '0' => None,
        '1'..='7' if octal(rest).is_some() => None,
        'x' => return hex(text, rest),
        'a' => Some(7),
        'f' => Some(12),
        'n' => Some(10),
        'r' => Some(13),
        't' => Some(9),
        'v' => Some(11),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c as u32),
        _ => {
            let expr = &text[..text.len() - rest.len()];
            return Err(fault("invalid escape sequence", expr));
        }
    };
    if let Some(c) = simple {
        return Ok((c, rest));
    }
    let mut value = c as u32 - '0' as u32;
    for _ in 1..3 {
        let Some(digit) = octal(rest) else { break };
        value = value * 8 + u32::from(digit - b'0');
        rest = &rest[1..];
    }
    Ok((value, rest))
}

/// `\x7F` or `\x{10FFFF}`; `rest` is what stands after the `x`.
fn hex<'a>(text: &'a str, rest: &'a str) -> Result<(u32, &'a str), RegexpError> {
    let bad = |rest: &str| {
        let expr = &text[..text.len() - rest.len()];
        fault("invalid escape sequence", expr)
    };
    let mut chars = rest.chars();
    let Some(first) = chars.next() else {
        return Err(bad(rest));
    };
    if first != '{' {
        let second = chars.next().and_then(|c| c.to_digit(16));
        let rest = chars.as_str();
        let value = first.to_digit(16).zip(second).map(|(x, y)| x * 16 + y);
        return value.map(|value| (value, rest)).ok_or_else(|| bad(rest));
    }
    let (mut value, mut digits) = (0u32, 0);
    loop {
        let Some(c) = chars.next() else {
            return Err(bad(chars.as_str()));
        };
        if c == '}' {
            break;
        }
        let digit = c.to_digit(16).ok_or_else(|| bad(chars.as_str()))?;
        value = value * 16 + digit;
        digits += 1;
        if value > 0x10_ffff {
            return Err(bad(chars.as_str()));
        }
    }
    if digits == 0 {
        return Err(bad(chars.as_str()));
    }
    Ok((value, chars.as_str()))
}
