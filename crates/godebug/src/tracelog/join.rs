//! Puts together the lines that other writers cut.

use crate::gctrace::{self, Cycle, Read};
use crate::schedtrace::{self, Lists, Snapshot};

/// A line of those that can be cut and put together.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one is alive at a time, and nothing is to be allocated for a line"
)]
pub(crate) enum Cuttable {
    /// A collection.
    Gc(Cycle),
    /// A moment of the scheduler.
    Sched(Snapshot),
}

/// Reads such a line at the start of `text`.
pub(crate) fn read(text: &[u8], lists: &mut Lists) -> Read<Cuttable> {
    match text.first() {
        Some(b'g') => match gctrace::read(text) {
            Read::Whole(cycle, len) => Read::Whole(Cuttable::Gc(cycle), len),
            Read::Cut { end, sure } => Read::Cut { end, sure },
            Read::No => Read::No,
        },
        Some(b'S') => match schedtrace::read(text, lists) {
            Read::Whole(snapshot, len) => Read::Whole(Cuttable::Sched(snapshot), len),
            Read::Cut { end, sure } => Read::Cut { end, sure },
            Read::No => Read::No,
        },
        _ => Read::No,
    }
}

/// In so many lines the rest has to follow.
const PATIENCE: u32 = 20;
/// A rest is no longer than this.
const LONGEST: usize = 64 << 10;
/// So many bytes at the end of the piece may be the other writer's: digits that looked like ours.
const DOUBTFUL: usize = 12;

/// How lines of others often begin.
const DATES: [&[u8]; 2] = [b"2006/01/02", b"2006-01-02"];

/// The beginning of a line that was cut.
#[derive(Debug)]
pub(crate) struct Piece {
    text: Vec<u8>,
    /// How much of the text is probably ours.
    keep: usize,
    /// Bytes of the input that it stands for.
    pub(crate) held: u64,
    /// It can be nothing but a tracer's line.
    pub(crate) sure: bool,
    age: u32,
}

/// What became of a piece with the next line.
#[allow(
    clippy::large_enum_variant,
    reason = "one is alive at a time, and nothing is to be allocated for a line"
)]
pub(crate) enum Joined {
    /// It is whole; so many bytes of the line were used.
    Whole(Cuttable, usize),
    /// So many bytes of the line continue it, and it is cut again.
    More(usize),
    /// The line has nothing to do with it.
    No,
}

impl Piece {
    /// A piece that is grammatical as far as `end`; `others` tells how the lines of others begin.
    pub(crate) fn new(text: &[u8], end: usize, sure: bool, others: &[Vec<u8>]) -> Piece {
        let like = |after: &[u8], other: &[u8]| {
            after.len() >= other.len()
                && after.iter().zip(other).all(|(a, b)| class(*a) == class(*b))
        };
        let looks = |at: &usize| {
            let after = &text[*at..];
            let mut known = DATES
                .iter()
                .copied()
                .chain(others.iter().map(Vec::as_slice));
            known.any(|other| like(after, other))
        };
        let doubtful = (end.saturating_sub(DOUBTFUL)..=end).rev();
        let keep = doubtful.into_iter().find(looks).unwrap_or(end);
        Piece {
            text: text[..end].to_vec(),
            keep,
            held: 0,
            sure,
            age: 0,
        }
    }

    /// How many bytes of the text are probably ours.
    pub(crate) fn keep(&self) -> usize {
        self.keep
    }

    /// What is ours.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text[..self.keep]
    }

    /// Whether the rest will not come any more.
    pub(crate) fn grow_old(&mut self) -> bool {
        self.age += 1;
        self.age > PATIENCE
    }

    /// Tries the next line as the rest.
    pub(crate) fn join(&mut self, line: &[u8], lists: &mut Lists, buffer: &mut Vec<u8>) -> Joined {
        let line = &line[..line.len().min(LONGEST)];
        let end = self.text.len();
        let others = (end.saturating_sub(DOUBTFUL).max(4)..=end).rev();
        for keep in std::iter::once(self.keep).chain(others) {
            buffer.clear();
            buffer.extend_from_slice(&self.text[..keep.min(end)]);
            let from = buffer.len();
            buffer.extend_from_slice(line);
            match read(buffer, lists) {
                Read::Whole(whole, len) if len > from => {
                    return Joined::Whole(whole, len - from);
                }
                // The date of a line of the program's can look like numbers of ours; words cannot.
                Read::Cut { end, sure }
                    if end > from && buffer[from..end].iter().any(u8::is_ascii_alphabetic) =>
                {
                    self.text.clear();
                    self.text.extend_from_slice(&buffer[..end]);
                    self.keep = end;
                    self.sure = sure;
                    self.age = 0;
                    return Joined::More(end - from);
                }
                _ => {}
            }
        }
        Joined::No
    }
}

/// Digits are alike, and letters.
fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' | b'A'..=b'Z' => b'a',
        other => other,
    }
}
