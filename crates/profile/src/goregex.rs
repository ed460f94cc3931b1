//! Regular expressions as Go understands them (RE2; regexp/syntax), matched by the `regex` crate.
//!
//! A pattern is parsed here by Go's rules, with Go's error texts, and written anew in a form that
//! means the same to the crate: `\d \w \s \b` are ASCII, `\Q…\E` quotes, a lone `{` is literal, and
//! nothing is special in a class but what Go knows. Groups do not capture.

use std::fmt::Write as _;
use std::ops::Range;

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

/// A class that no character is in.
const NOTHING: &str = r"[^\x00-\x{10FFFF}]";

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
            '[' => p.class()?,
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

    /// A class in brackets.
    fn class(&mut self) -> Result<(), RegexpError> {
        let start = self.rest;
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
                    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower",
                    "print", "punct", "space", "upper", "word", "xdigit",
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
        self.rest = &t[1..];
        if class.len() < 3 {
            // Only halves of surrogate pairs were named.
            class.push_str(NOTHING);
        }
        class.push(']');
        self.operand(&class);
        Ok(())
    }
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
fn escaped_class(text: &str) -> Result<Option<(String, &str)>, RegexpError> {
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
    let class = format!(r"\{}{{{name}}}", if negative { 'P' } else { 'p' });
    if !name.chars().all(letter) || regex::Regex::new(&class).is_err() {
        return Err(bad(whole));
    }
    Ok(Some((class, rest)))
}

/// The character that an escape sequence stands for.
fn escaped_rune(text: &str) -> Result<(u32, &str), RegexpError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        let check = |pattern: &str, text: &str, want: Option<(usize, usize)>| {
            let regexp = Regexp::new(pattern).expect("the pattern is good");
            let got = regexp.find(text).map(|m| (m.start, m.end));
            assert_eq!(got, want, "{pattern:?} in {text:?}");
            assert_eq!(regexp.is_match(text), want.is_some());
        };
        check("", "abc", Some((0, 0)));
        check(r"main\.(f|g)$", "x main.g", Some((2, 8)));
        check(r"\Qmain.(*T)\E\.m", "main.(*T).m", Some((0, 11)));
        // Unlike the crate: classes are ASCII, and these are literal.
        check(r"^\d", "٣", None);
        check(r"^\w", "é", None);
        check(r"\bx", "éx", Some((2, 3)));
        check(r"\Bé", "éé", Some((0, 2)));
        check(r"\<foo\>", "a <foo>", Some((2, 7)));
        check("a{,2}", "a{,2}", Some((0, 5)));
        check("x{", "x{", Some((0, 2)));
        check("[[a&&b]", "&", Some((0, 1)));
        check("[^a-c[:digit:]]", "a1bz", Some((3, 4)));
        check(r"[\d-]+", "a1-2", Some((1, 4)));
        check("[]a]", "]", Some((0, 1)));
        check(r"\x{3b1}\x41\101", "αAA", Some((0, 4)));
        check("(?i)K(?-i)k", "\u{212a}k", Some((0, 4)));
        check("(?i)(?s)a.b|C", "A\nb", Some((0, 3)));
        check("(?P<n>a)(?<m>b)", "ab", Some((0, 2)));
        check("a(?i)*B", "aab", Some((0, 3)));
        check(r"[\x{d800}]|\x{dfff}", "x", None);
        check(r"\p{Greek}\PL\pN", "αα.1", Some((2, 6)));
        check("(?U)a+", "aaa", Some((0, 1)));
        check("(?m)^b$", "a\nb\nc", Some((2, 3)));
    }

    #[test]
    fn mistakes_are_told_as_go_tells_them() {
        let check = |pattern: &str, want: &str| {
            let e = Regexp::new(pattern).expect_err("the pattern is bad");
            assert_eq!(e.to_string(), format!("error parsing regexp: {want}"));
        };
        check("[", "missing closing ]: `[`");
        check("a[b", "missing closing ]: `[b`");
        check("(a", "missing closing ): `(a`");
        check("a)b", "unexpected ): `a)b`");
        check("*", "missing argument to repetition operator: `*`");
        check("a|+?", "missing argument to repetition operator: `+?`");
        check("a**", "invalid nested repetition operator: `**`");
        check("a{2}{3}?", "invalid nested repetition operator: `{2}{3}?`");
        check("a{1001}", "invalid repeat count: `{1001}`");
        check("a{3,2}", "invalid repeat count: `{3,2}`");
        check("(a{500}){3}", "invalid repeat count: `{3}`");
        check(r"a\8", r"invalid escape sequence: `\8`");
        check(r"\C", r"invalid escape sequence: `\C`");
        check(r"\x4", r"invalid escape sequence: `\x4`");
        check(r"\x{110000}", r"invalid escape sequence: `\x{110000`");
        check(r"[a\Q]", r"invalid escape sequence: `\Q`");
        check(r"a\", "trailing backslash at end of expression: ``");
        check("[z-a]", "invalid character class range: `z-a`");
        check("[[:foo:]]", "invalid character class range: `[:foo:]`");
        check(r"\p{Foo}", r"invalid character class range: `\p{Foo}`");
        check("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
        check("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`");
        check("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`");
        check("(?P<a", "invalid named capture: `(?P<a`");
    }
}
