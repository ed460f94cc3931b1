//! The headline of a goroutine.

use std::borrow::Cow;

use super::Goroutine;

/// Reads `goroutine N [state, …] {labels}:`; `None` if the line is none.
pub(super) fn parse(line: &str, number: usize) -> Option<Goroutine<'_>> {
    let line = line.trim_end();
    if line == "runtime stack:" {
        return Some(Goroutine {
            line: number,
            runtime_stack: true,
            ..Default::default()
        });
    }
    let rest = line.strip_prefix("goroutine ")?.strip_suffix(':')?;
    let (before, rest) = rest.split_once('[')?;
    let mut words = before.split_ascii_whitespace();
    let mut g = Goroutine {
        id: words.next()?.parse().ok()?,
        line: number,
        ..Default::default()
    };
    for word in words {
        match word.split_once('=')? {
            ("gp", address) => g.gp = Some(hex(address)?),
            ("mp", address) => g.mp = Some(hex(address)?),
            ("m", "nil") => {}
            ("m", id) => g.m = Some(id.parse().ok()?),
            _ => return None,
        }
    }
    let (state, rest) = rest.split_once(']')?;
    set_state(&mut g, state);
    g.labels = labels(rest.trim_start())?;
    Some(g)
}

pub(super) fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// Takes apart what stands in brackets. What is not known stays in the state.
fn set_state<'a>(g: &mut Goroutine<'a>, text: &'a str) {
    let mut end = text.len();
    // From behind, as what is not known may hold commas.
    while let Some((head, part)) = text[..end].rsplit_once(", ") {
        let minutes = part.strip_suffix(" minutes");
        let bubble = part
            .strip_prefix("synctest bubble ")
            .or_else(|| part.strip_prefix("synctest group "));
        if let Some(n) = minutes.and_then(|n| n.parse().ok()) {
            g.wait_minutes = n;
        } else if let Some(n) = bubble.and_then(|n| n.parse().ok()) {
            g.bubble = Some(n);
        } else if part == "locked to thread" {
            g.locked = true;
        } else {
            break;
        }
        end = head.len();
    }
    let mut state = &text[..end];
    loop {
        let (flag, marker) = if state.ends_with(" (durable)") {
            (&mut g.durable, " (durable)")
        } else if state.ends_with(" (scan)") {
            (&mut g.scan, " (scan)")
        } else if state.ends_with(" (leaked)") {
            (&mut g.leaked, " (leaked)")
        } else {
            break;
        };
        *flag = true;
        state = &state[..state.len() - marker.len()];
    }
    g.state = state;
}

/// Reads `{key: value, "quoted key": "quoted value"}`; nothing at all is no labels.
fn labels(text: &str) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let mut labels = Vec::new();
    if text.is_empty() {
        return Some(labels);
    }
    let mut rest = text.strip_prefix('{')?;
    loop {
        let (key, after) = word(rest, ": ")?;
        let (value, after) = word(after, ", ").or_else(|| word(after, "}"))?;
        labels.push((key, value));
        if after.is_empty() {
            return Some(labels);
        }
        rest = after;
    }
}

/// A word, quoted or not, up to what ends it, and what follows.
fn word<'a>(text: &'a str, end: &str) -> Option<(Cow<'a, str>, &'a str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let stop = text.find([':', ',', '}']).unwrap_or(text.len());
        let (word, rest) = text.split_at(stop);
        return Some((Cow::Borrowed(word), rest.strip_prefix(end)?));
    };
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = quoted[at + 1..].strip_prefix(end)?;
                return Some((Cow::Owned(out), rest));
            }
            '\\' => {
                // The runtime's printquoted knows these, and the codes of characters.
                let code = match chars.next()?.1 {
                    'n' => u32::from('\n'),
                    'r' => u32::from('\r'),
                    't' => u32::from('\t'),
                    kind @ ('x' | 'u' | 'U') => {
                        let digits = match kind {
                            'x' => 2,
                            'u' => 4,
                            _ => 8,
                        };
                        let mut code = 0u32;
                        for _ in 0..digits {
                            let digit = chars.next()?.1.to_digit(16)?;
                            code = code.checked_mul(16)?.checked_add(digit)?;
                        }
                        code
                    }
                    c => u32::from(c),
                };
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            c => out.push(c),
        }
    }
    None
}
