//! Collapsed stacks, as flame-graph tools read and write them: a line for each stack, frames from
//! root to leaf with `;` between them, a space, and a number.
//!
//! Only one sample type fits, and of a frame only its function's name.

use std::hash::BuildHasher;
use std::io::{self, Write};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::build::Builder;
use crate::error::Error;
use crate::frames::Frames;
use crate::model::{Line, LocationIx, Profile};

/// The profile's values of one sample type (by index) as collapsed stacks.
pub fn encode(p: &Profile, sample_type: usize) -> String {
    let mut out = Vec::new();
    write(p, sample_type, &mut out).expect("writing to memory does not fail");
    String::from_utf8(out).expect("names and numbers are text")
}

/// Writes the values of one sample type (by index) as collapsed stacks: equal stacks once, in the
/// order of the samples, without those of 0. A `;` in a name becomes `:`.
pub fn write(p: &Profile, sample_type: usize, mut out: impl Write) -> io::Result<()> {
    let frames = Frames::of(p, true);
    let names: Vec<String> = frames
        .frames
        .iter()
        .map(|f| f.name.replace(';', ":").replace(['\n', '\r'], " "))
        .collect();
    // The stacks one after the other, where each ends, and what it adds up to.
    let (mut all, mut ends, mut sums) = (Vec::new(), Vec::new(), Vec::<i64>::new());
    let mut table: HashTable<usize> = HashTable::new();
    let mut stack = Vec::new();
    for i in 0..p.samples.len() {
        let Some(&v) = p.samples.values(i).get(sample_type) else {
            continue;
        };
        frames.stack(p.samples.stack(i), &mut stack);
        let hash = FxBuildHasher.hash_one(&stack);
        if let Some(&same) = table.find(hash, |&s| part(&all, &ends, s) == stack) {
            sums[same] = sums[same].wrapping_add(v);
            continue;
        }
        let new = sums.len();
        all.extend_from_slice(&stack);
        ends.push(all.len());
        sums.push(v);
        table.insert_unique(hash, new, |&s| FxBuildHasher.hash_one(part(&all, &ends, s)));
    }
    let mut line = String::new();
    for (s, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum != 0) {
        line.clear();
        if part(&all, &ends, s).is_empty() {
            line.push_str("<unknown>");
        }
        for (depth, &frame) in part(&all, &ends, s).iter().enumerate() {
            if depth > 0 {
                line.push(';');
            }
            line.push_str(&names[frame as usize]);
        }
        writeln!(out, "{line} {sum}")?;
    }
    out.flush()
}

fn part<'a>(all: &'a [u32], ends: &[usize], i: usize) -> &'a [u32] {
    let start = i.checked_sub(1).map_or(0, |before| ends[before]);
    &all[start..ends[i]]
}

/// Reads collapsed stacks. Empty lines and those that start with `#` are left out. The samples
/// count `samples` in `count`.
pub fn decode(bytes: &[u8]) -> Result<Profile, Error> {
    let text = String::from_utf8_lossy(bytes);
    let mut b = Builder::new(&[("samples", "count")]);
    let mut stack: Vec<LocationIx> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len() as u64;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((frames, value)) = parse(line) else {
            if b.profile_mut().samples.is_empty() {
                return Err(Error::NotAProfile);
            }
            return Err(Error::Corrupt {
                what: "a line without a number at its end".into(),
                at: start,
            });
        };
        stack.clear();
        for name in frames.split(';').rev() {
            let function = b.function(name, "", 0);
            let line = Line {
                function: Some(function),
                line: 0,
                column: 0,
            };
            stack.push(b.location(None, 0, &[line]));
        }
        b.sample(&stack, &[value], &[]);
    }
    if b.profile_mut().samples.is_empty() {
        return Err(Error::Empty);
    }
    Ok(b.finish())
}

/// The frames and the number of a line.
fn parse(line: &str) -> Option<(&str, i64)> {
    let (frames, value) = line.rsplit_once([' ', '\t'])?;
    let value = value.parse().ok()?;
    let frames = frames.trim_end();
    (!frames.is_empty()).then_some((frames, value))
}

/// Whether the lines that are whole are those of stacks.
pub(crate) fn looks_like(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let cut = head.len() >= crate::sniff::HEAD;
    let mut lines = text
        .split_inclusive('\n')
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            let whole = line.ends_with('\n') || !cut;
            parse(line.trim()).is_some() || !whole && line.contains(';')
        })
}
