//! Regular expressions as Go understands them (RE2; regexp/syntax), matched by the `regex` crate.
//!
//! A pattern is parsed here by Go's rules, with Go's error texts, and written anew in a form that
//! means the same to the crate: `\d \w \s \b` are ASCII, `\Q…\E` quotes, a lone `{` is literal, and
//! nothing is special in a class but what Go knows. Groups do not capture.

mod class;

use std::ops::Range;

use class::{NOTHING, bracketed, escaped_class, escaped_rune};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Regexp {
    pattern: String,
    regex: regex::Regex,
}

/// What is wrong with a pattern, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {code}: `{expr}`")]
pub struct RegexpError {
    /// The kind of mistake.
    pub code: &'static str,
    /// The part of the pattern that has it.
    pub expr: String,
}

impl Regexp {
    /// Compiles a pattern of Go's syntax.
    pub fn new(pattern: &str) -> Result<Self, RegexpError> {
        let translated = translate(pattern)?;
        let regex = regex::RegexBuilder::new(&translated)
            .size_limit(64 << 20)
            .nest_limit(1000)
            .build()
            .map_err(|_| fault("expression too large", pattern))?;
        Ok(Regexp {
            pattern: pattern.to_owned(),
            regex,
        })
    }

    /// Whether the pattern matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Where the pattern first matches.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        self.regex.find(text).map(|m| m.range())
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

fn fault(code: &'static str, expr: &str) -> RegexpError {
    RegexpError {
        code,
        expr: expr.to_owned(),
    }
}

/// One open group, or the whole pattern.
#[derive(Default)]
struct Group {
    /// Something stands here that can be repeated.
    operand: bool,
    /// How often the innermost thing of the last operand is repeated at most.
    last: u64,
    /// … of any operand.
    most: u64,
}

impl Group {
    fn push(&mut self, copies: u64) {
        self.operand = true;
        self.last = copies;
        self.most = self.most.max(copies);
    }
}

struct Parser<'a> {
    whole: &'a str,
    /// What is left of the pattern.
    rest: &'a str,
    out: String,
    /// Flags that hold from the next operand on: a repetition after them is of the operand before.
    flags: String,
    groups: Vec<Group>,
}

/// The same pattern in the syntax of the `regex` crate.
fn translate(pattern: &str) -> Result<String, RegexpError> {
    let mut p = Parser {
        whole: pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        flags: String::new(),
        groups: vec![Group::default()],
    };
    // The pattern from the last repetition on, if the last thing was one.
    let mut last_repeat = "";
    while let Some(c) = p.rest.chars().next() {
        let before = p.rest;
        let mut repeated = false;
        match c {
            '(' if before.starts_with("(?") => p.perl_group()?,
            '(' => {
                p.rest = &before[1..];
                p.open("(?:");
            }
            '|' => {
                p.rest = &before[1..];
                p.out.push('|');
                p.top().operand = false;
            }
            ')' => p.close()?,
            '^' | '$' | '.' => {
                p.rest = &before[1..];
                p.operand(&before[..1]);
            }
            '[' => {
                let (class, rest) = bracketed(before)?;
                p.operand(&class);
                p.rest = rest;
            }
            '*' | '+' | '?' => {
                p.rest = &before[1..];
                p.repeat(before, last_repeat, None)?;
                repeated = true;
            }
            '{' => match count(before) {
                None => {
                    p.rest = &before[1..];
                    p.literal('{');
                }
                Some((range, len)) => {
                    p.rest = &before[len..];
                    let (min, max) = range.ok_or_else(|| size_fault(before, len))?;
                    if min > 1000 || max.is_some_and(|max| max > 1000 || min > max) {
                        return Err(size_fault(before, len));
                    }
                    p.repeat(before, last_repeat, Some((min, max)))?;
                    repeated = true;
                }
            },
            '\\' => p.escape()?,
            c => {
                p.rest = &before[c.len_utf8()..];
                p.literal(c);
            }
        }
        last_repeat = if repeated { before } else { "" };
    }
    if p.groups.len() > 1 {
        return Err(fault("missing closing )", pattern));
    }
    Ok(p.out)
}

fn size_fault(before: &str, len: usize) -> RegexpError {
    fault("invalid repeat count", &before[..len])
}

/// Minimum and maximum of a repetition.
type Count = (u64, Option<u64>);

/// The `{min,max}` that the text starts with and its length. Numbers that are too large are `None`.
fn count(text: &str) -> Option<(Option<Count>, usize)> {
    let inner = &text[1..text.find('}')?];
    let (min, max) = match inner.split_once(',') {
        None => (inner, Some(inner)),
        Some((min, "")) => (min, None),
        Some((min, max)) => (min, Some(max)),
    };
    let digits = |s: &str| {
        !s.is_empty()
            && s.bytes().all(|b| b.is_ascii_digit())
            && (s.len() == 1 || !s.starts_with('0'))
    };
    if !digits(min) || !max.is_none_or(digits) {
        return None;
    }
    let number = |s: &str| s.parse::<u64>().ok();
    let range = match max {
        None => number(min).map(|min| (min, None)),
        Some(max) => number(min).zip(number(max)).map(|(a, b)| (a, Some(b))),
    };
    Some((range, inner.len() + 2))
}

impl<'a> Parser<'a> {
    fn top(&mut self) -> &mut Group {
        self.groups
            .last_mut()
            .expect("the whole pattern is a group")
    }

    fn operand(&mut self, text: &str) {
        self.out.push_str(&std::mem::take(&mut self.flags));
        self.out.push_str(text);
        self.top().push(1);
    }

    fn open(&mut self, text: &str) {
        self.out.push_str(&std::mem::take(&mut self.flags));
        self.out.push_str(text);
        self.groups.push(Group::default());
    }

    fn close(&mut self) -> Result<(), RegexpError> {
        if self.groups.len() < 2 {
            return Err(fault("unexpected )", self.whole));
        }
        let group = self.groups.pop().expect("there are two");
        self.top().push(group.most.max(1));
        self.flags.clear();
        self.out.push(')');
        self.rest = &self.rest[1..];
        Ok(())
    }

    fn literal(&mut self, c: char) {
        self.operand(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn rune(&mut self, c: u32) {
        match char::from_u32(c) {
            Some(c) => self.literal(c),
            None => {
                // Half of a surrogate pair is in no text.
                self.operand(NOTHING);
            }
        }
    }

    /// A repetition that started at `before`; `rest` is after it, but for a `?`.
    fn repeat(
        &mut self,
        before: &str,
        last_repeat: &str,
        count: Option<Count>,
    ) -> Result<(), RegexpError> {
        let operator = &before[..before.len() - self.rest.len()];
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.rest = &self.rest[1..];
        }
        let upto = |from: &str, rest: &str| from[..from.len() - rest.len()].to_owned();
        if !last_repeat.is_empty() {
            let expr = upto(last_repeat, self.rest);
            return Err(fault("invalid nested repetition operator", &expr));
        }
        let whole = upto(before, self.rest);
        if !self.top().operand {
            return Err(fault("missing argument to repetition operator", &whole));
        }
        if let Some((min, max)) = count {
            let times = max.unwrap_or(min);
            let copies = match max {
                Some(0) => 1,
                _ => self.top().last.saturating_mul(times.max(1)),
            };
            if (min >= 2 || times >= 2) && copies > 1000 {
                return Err(fault("invalid repeat count", &whole));
            }
            self.top().push(copies);
        }
        self.out.push_str(operator);
        if lazy {
            self.out.push('?');
        }
        Ok(())
    }

    /// `(?P<name>`, `(?<name>`, `(?flags)` or `(?flags:`.
    fn perl_group(&mut self) -> Result<(), RegexpError> {
        let start = self.rest;
        let name = ["(?P<", "(?<"]
            .iter()
            .find_map(|prefix| start.strip_prefix(prefix))
            .filter(|name| !name.is_empty());
        if let Some(name) = name {
            let Some(end) = name.find('>') else {
                return Err(fault("invalid named capture", start));
            };
            let after = &name[end + 1..];
            let name = &name[..end];
            let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            if name.is_empty() || !name.bytes().all(word) {
                let capture = &start[..start.len() - after.len()];
                return Err(fault("invalid named capture", capture));
            }
            self.rest = after;
            self.open("(?:");
            return Ok(());
        }
        let (mut on, mut off) = (String::new(), String::new());
        let (mut negative, mut saw_flag) = (false, false);
        let mut end = 2;
        for c in start[2..].chars() {
            end += c.len_utf8();
            match c {
                'i' | 'm' | 's' | 'U' => {
                    saw_flag = true;
                    let set = if negative { &mut off } else { &mut on };
                    if !set.contains(c) {
                        set.push(c);
                    }
                }
                '-' if !negative => {
                    negative = true;
                    saw_flag = false;
                }
                ':' | ')' if !negative || saw_flag => {
                    on.retain(|c| !off.contains(c));
                    let minus = if off.is_empty() { "" } else { "-" };
                    let flags = format!("(?{on}{minus}{off}");
                    self.rest = &start[end..];
                    if c == ':' {
                        self.open(&(flags + ":"));
                    } else if flags.len() > 2 {
                        self.flags.push_str(&flags);
                        self.flags.push(')');
                    }
                    return Ok(());
                }
                _ => break,
            }
        }
        let expr = &start[..end];
        Err(fault("invalid or unsupported Perl syntax", expr))
    }

    /// What starts with a backslash, outside of a class.
    fn escape(&mut self) -> Result<(), RegexpError> {
        let start = self.rest;
        let as_is = match start.as_bytes().get(1) {
            Some(b'A') => r"\A",
            Some(b'z') => r"\z",
            Some(b'b') => r"(?-u:\b)",
            Some(b'B') => r"(?-u:\B)",
            Some(b'C') => return Err(fault("invalid escape sequence", &start[..2])),
            Some(b'Q') => {
                let quoted = &start[2..];
                let (quoted, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
                quoted.chars().for_each(|c| self.literal(c));
                self.rest = rest;
                return Ok(());
            }
            _ => "",
        };
        if !as_is.is_empty() {
            self.operand(as_is);
            self.rest = &start[2..];
            return Ok(());
        }
        if let Some((class, rest)) = escaped_class(start)? {
            self.operand(&class);
            self.rest = rest;
            return Ok(());
        }
        let (c, rest) = escaped_rune(start)?;
        self.rest = rest;
        self.rune(c);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
