//! Samples of text, with what Go says about them in comments: each frame's function and line, and
//! the labels.
//!
//! ```text
//! 7 @ 0x436270 0x405ce5 0x526684 0x461b51
//! # labels: {"user":"alice"}
//! #  0x526683  main.waiter+0x33  /src/main.go:38
//! ```
//!
//! Go leaves out `runtime.goexit` and the runtime's functions at the leaf (printStackRecord in
//! runtime/pprof), so a stack is what is printed of it.

use super::numbers;
use crate::build::Builder;
use crate::model::{Label, LabelValue, Line, LocationIx};
use crate::samples::sort_labels;

/// A frame that a comment describes.
#[derive(Debug, Default, PartialEq)]
struct Frame {
    pc: u64,
    /// Where the machine function starts: frames inlined into another have the other's.
    entry: u64,
    /// Empty if Go has no name for the address.
    function: String,
    file: String,
    line: i64,
}

/// A sample whose comments are still to come.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// As google/pprof: comments say nothing, and every address counts.
    exact: bool,
    open: bool,
    addresses: Vec<u64>,
    values: Vec<i64>,
    labels: Vec<Label>,
    frames: Vec<Frame>,
}

impl Pending {
    pub fn new(exact: bool) -> Self {
        Pending {
            exact,
            ..Default::default()
        }
    }

    /// Begins a sample; the addresses are return addresses, leaf first. The one before is done.
    pub fn begin(&mut self, b: &mut Builder, addresses: Vec<u64>, values: &[i64]) {
        self.finish(b);
        self.open = true;
        self.addresses = addresses;
        self.values.extend_from_slice(values);
    }

    /// Adds a numeric label without a unit.
    pub fn number(&mut self, b: &mut Builder, key: &str, value: i64) {
        let key = b.intern(key);
        let value = LabelValue::Num(value, Default::default());
        self.labels.push(Label { key, value });
    }

    /// Takes in a line that starts with `#`.
    pub fn comment(&mut self, b: &mut Builder, line: &str) {
        if !self.open || self.exact {
            return;
        }
        if let Some(frame) = line.strip_prefix("#\t") {
            self.frames.extend(frame_of(frame));
        } else if let Some(labels) = line.strip_prefix("# labels: ") {
            for (key, value) in labels_of(labels) {
                let label = b.label(&key, &value);
                self.labels.push(label);
            }
        }
    }

    /// Adds the sample to the profile, if there is one.
    pub fn finish(&mut self, b: &mut Builder) {
        if std::mem::take(&mut self.open) {
            let stack = self.stack(b);
            let p = b.profile_mut();
            sort_labels(&p.strings, &mut self.labels);
            p.samples.push(&stack, &self.values, &self.labels);
        }
        self.values.clear();
        self.labels.clear();
        self.frames.clear();
    }

    fn stack(&self, b: &mut Builder) -> Vec<LocationIx> {
        if self.frames.is_empty() {
            let locations = self.addresses.iter();
            return locations
                .map(|a| b.location(None, a.wrapping_sub(1), &[]))
                .collect();
        }
        let addresses = self.matched();
        let mut stack = Vec::new();
        let mut lines = Vec::new();
        let mut address = 0;
        for (i, frame) in self.frames.iter().enumerate() {
            if lines.is_empty() {
                address = addresses[i];
            }
            if frame.function.is_empty() {
                if address != 0 {
                    stack.push(b.location(None, address, &[]));
                }
                continue;
            }
            let function = Some(b.function(&frame.function, &frame.file, 0));
            lines.push(Line {
                function,
                line: frame.line,
                column: 0,
            });
            if !self.is_inlined(i) {
                stack.push(b.location(None, address, &lines));
                lines.clear();
            }
        }
        stack
    }

    /// The address of each frame: the sample's, whose return address is one more, or in older
    /// versions of Go the same; the frame's own where the sample has none such.
    fn matched(&self) -> Vec<u64> {
        let all = &self.addresses;
        let mut next = 0;
        // Only frames that do not belong there make the search long.
        let mut steps = 16 * (all.len() + self.frames.len());
        let mut find = |pc: u64| {
            let rest = all.get(next..)?;
            let rest = &rest[..rest.len().min(steps)];
            let at = rest
                .iter()
                .position(|&a| a == pc || a.wrapping_sub(1) == pc);
            steps -= at.map_or(rest.len(), |at| at + 1);
            next += at? + 1;
            Some(all[next - 1].saturating_sub(1))
        };
        let frames = self.frames.iter();
        frames.map(|f| find(f.pc).unwrap_or(f.pc)).collect()
    }

    /// Whether a frame was inlined into the next one: frames of one machine function up to the one
    /// that bears its name, which is that of the last of them.
    fn is_inlined(&self, i: usize) -> bool {
        let frame = &self.frames[i];
        let same = |f: &&Frame| f.entry == frame.entry && !f.function.is_empty();
        // A machine function's frames are few; a long run is recursion.
        let run = self.frames[i..].iter().take(64).take_while(same);
        run.last()
            .is_some_and(|last| last.function != frame.function)
    }
}

/// The frame of a comment without its `#`: the address, `function+offset`, `file:line`.
fn frame_of(text: &str) -> Option<Frame> {
    let mut columns = text.split('\t').filter(|column| !column.is_empty());
    let hex = |text: &str| u64::from_str_radix(text.trim_end().strip_prefix("0x")?, 16).ok();
    let pc = hex(columns.next()?)?;
    let mut frame = Frame {
        pc,
        ..Default::default()
    };
    if let Some((function, offset)) = columns.next().and_then(|c| c.rsplit_once('+')) {
        frame.function = function.to_owned();
        frame.entry = pc.wrapping_sub(hex(offset)?);
    }
    if let Some(place) = columns.next() {
        let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
        frame.file = file.to_owned();
        frame.line = line.trim_end().parse().unwrap_or(0);
    }
    Some(frame)
}

/// The pairs in `{"key":"value", …}`, whose texts are quoted as in Go; as many as are whole.
fn labels_of(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches('{');
    while let Some((key, after)) = quoted(rest)
        && let Some((value, after)) = after.strip_prefix(':').and_then(quoted)
    {
        pairs.push((key, value));
        rest = after.trim_start_matches([',', ' ']);
    }
    pairs
}

/// A quoted text at the start, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => return Some((String::from_utf8_lossy(&bytes).into_owned(), rest)),
            '\\' => rest = escaped(rest, &mut bytes)?,
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Takes one escape of Go's after the backslash.
fn escaped<'a>(text: &'a str, out: &mut Vec<u8>) -> Option<&'a str> {
    let c = text.chars().next()?;
    let rest = &text[c.len_utf8()..];
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => {
            let byte = match c {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                '\\' | '"' | '\'' => c as u8,
                _ => return None,
            };
            out.push(byte);
            return Some(rest);
        }
    };
    let number = u32::from_str_radix(rest.get(..digits)?, 16).ok()?;
    match u8::try_from(number) {
        Ok(byte) if c == 'x' => out.push(byte),
        _ => out.extend_from_slice(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes()),
    }
    Some(&rest[digits..])
}

/// The addresses after an `@`, for a sample; `None` if one is too large.
pub(super) fn stack_of(text: &str, exact: bool) -> Option<Vec<u64>> {
    let mut addresses = numbers::addresses(text)?;
    if !exact {
        // Some versions of Go fill a stack up with zeros.
        addresses.retain(|&a| a != 0);
    }
    Some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames() {
        let line = "0x6c4990\truntime/pprof.(*T[...]).a+b+0xb0\t\t/a b/c:d.go:848";
        let frame = frame_of(line).expect("it is a frame");
        assert_eq!(frame.function, "runtime/pprof.(*T[...]).a+b");
        assert_eq!((frame.pc, frame.entry), (0x6c4990, 0x6c48e0));
        assert_eq!((frame.file.as_str(), frame.line), ("/a b/c:d.go", 848));
        assert_eq!(frame_of("0x0"), Some(Frame::default()));
        assert_eq!(frame_of("\tx"), None);
    }

    #[test]
    fn labels() {
        let got = labels_of(r#"{"a":"1", "b \"c\"":"\u00e4\x41\n", "cut":"#);
        let want = [("a", "1"), ("b \"c\"", "äA\n")];
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(labels_of("{}"), []);
    }
}
