//! Lines of text, one after the other, with the current one to look at again.

use std::borrow::Cow;

/// A reader of lines; a line's end may be `\n` or `\r\n`.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    next: usize,
    start: usize,
    line: Cow<'a, str>,
    ended: bool,
}

impl<'a> Lines<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Lines {
            bytes,
            next: 0,
            start: 0,
            line: Cow::Borrowed(""),
            ended: false,
        }
    }

    /// Goes to the next line; false, with an empty line to look at, after the last one.
    pub fn advance(&mut self) -> bool {
        let rest = &self.bytes[self.next..];
        self.start = self.next;
        if rest.is_empty() {
            self.line = Cow::Borrowed("");
            self.ended = true;
            return false;
        }
        let (line, used) = match rest.iter().position(|&b| b == b'\n') {
            Some(at) => (&rest[..at], at + 1),
            None => (rest, rest.len()),
        };
        self.next += used;
        self.line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        true
    }

    /// The current line; empty before the first and after the last one.
    pub fn text(&self) -> &str {
        &self.line
    }

    /// Whether there is no current line any more.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Where the current line starts: bytes from the start.
    pub fn at(&self) -> u64 {
        self.start as u64
    }
}

/// Whether a line says nothing.
pub(super) fn is_space_or_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}
