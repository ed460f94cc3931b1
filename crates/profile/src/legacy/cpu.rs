//! Binary CPU profiles (`cpuProfile`, `javaCPUProfile`): words of 32 or 64 bits in either byte
//! order. A header of five words, samples (count, depth, addresses), an end marker, and then the
//! memory map, or for Java the names of the addresses, as text.

use super::{Fault, java, lines::Lines, maps};
use crate::build::Builder;
use crate::model::{LocationIx, Profile};

/// How the words are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Words {
    wide: bool,
    big: bool,
}

impl Words {
    fn len(self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// The first word and what follows it; `None` if there is none.
    fn take(self, bytes: &[u8]) -> Option<(u64, &[u8])> {
        if self.wide {
            let (word, rest) = bytes.split_first_chunk::<8>()?;
            let of = [u64::from_le_bytes, u64::from_be_bytes][usize::from(self.big)];
            Some((of(*word), rest))
        } else {
            let (word, rest) = bytes.split_first_chunk::<4>()?;
            let of = [u32::from_le_bytes, u32::from_be_bytes][usize::from(self.big)];
            Some((u64::from(of(*word)), rest))
        }
    }
}

/// What a header says.
pub(super) struct Header {
    words: Words,
    java: bool,
    period_us: u64,
}

/// The header that a CPU profile starts with.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    [(false, false), (false, true), (true, false), (true, true)]
        .into_iter()
        .find_map(|(wide, big)| {
            let words = Words { wide, big };
            let mut rest = bytes;
            let mut word = || {
                let (word, after) = words.take(rest)?;
                rest = after;
                Some(word)
            };
            let (first, version, java) = (word()?, word()?, word()?);
            let (period_us, padding) = (word()?, word()?);
            let good = first == 0 && version == 3 && java <= 1 && period_us > 0 && padding == 0;
            good.then_some(Header {
                words,
                java: java == 1,
                period_us,
            })
        })
}

/// Reads a CPU profile.
pub(super) fn decode(bytes: &[u8], exact: bool) -> Result<Profile, Fault> {
    let header = header(bytes).ok_or(Fault::Unrecognized)?;
    let period = (header.period_us as i64).wrapping_mul(1000);
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let p = b.profile_mut();
    p.period = period;
    p.period_type = p.sample_types[1];
    let samples = &bytes[5 * header.words.len()..];
    let text = read_samples(&mut b, samples, &header, exact)?;
    if header.java {
        return java::locations(b.finish(), text);
    }
    let mut p = b.finish();
    for _ in 0..2 {
        drop_common_second(&mut p);
    }
    maps::attach(&mut p, &mut Lines::new(text));
    drop_double_leaf(&mut p);
    Ok(p)
}

/// Reads samples up to the end marker and returns what follows it. Addresses are return addresses,
/// which go back by one to be within the call, but for the leaf; Java's are names, not addresses.
fn read_samples<'a>(
    b: &mut Builder,
    mut bytes: &'a [u8],
    header: &Header,
    exact: bool,
) -> Result<&'a [u8], Fault> {
    let words = header.words;
    let period = b.profile_mut().period;
    let mut stack = Vec::new();
    while !bytes.is_empty() {
        let two = words
            .take(bytes)
            .and_then(|(count, rest)| Some((count, words.take(rest)?)));
        let Some((count, (depth, rest))) = two else {
            return Err(Fault::Unrecognized);
        };
        if depth > (rest.len() / 4) as u64 {
            return Err(Fault::Unrecognized);
        }
        bytes = rest;
        let cut = depth > (rest.len() / words.len()) as u64;
        if cut && !exact {
            // The file ends within this sample.
            return Ok(&[]);
        }
        stack.clear();
        let mut first = 0;
        for i in 0..depth {
            let (mut address, rest) = words.take(bytes).unwrap_or((0, &[]));
            bytes = rest;
            if i == 0 {
                first = address;
            } else if !header.java {
                address = address.wrapping_sub(1);
            }
            if count == 0 && depth == 1 && first == 0 {
                return Ok(bytes);
            }
            stack.push(b.location(None, address, &[]));
        }
        let count = count as i64;
        let values = [count, count.wrapping_mul(period)];
        b.profile_mut().samples.push(&stack, &values, &[]);
    }
    Ok(bytes)
}

/// Removes the second frame from the leaf where most samples have the same one: it is what the
/// kernel pushed for the signal handler. One sample in 32 may differ.
fn drop_common_second(p: &mut Profile) {
    let mut seen = vec![0usize; p.locations.len()];
    let all = p.samples.len();
    for i in 0..all {
        if let [_, second, ..] = p.samples.stack(i) {
            seen[second.ix()] += 1;
        }
    }
    let margin = all / 32;
    let common = seen.iter().position(|&n| n > 0 && n >= all - margin);
    if let Some(common) = common {
        let common = LocationIx(common as u32);
        p.samples
            .edit(|_, stack| Some(without_second(stack, |_, second| second == common)));
    }
}

/// Removes the second frame where it is the leaf again, as a return address: the leaf comes from
/// the signal's registers, and once more from the stack.
pub(super) fn drop_double_leaf(p: &mut Profile) {
    let addresses: Vec<u64> = p.locations.iter().map(|l| l.address).collect();
    p.samples.edit(|_, stack| {
        Some(without_second(stack, |leaf, second| {
            addresses[leaf.ix()] == addresses[second.ix()].wrapping_add(1)
        }))
    });
}

/// The stack without its second frame, if that is `unwanted`.
fn without_second(
    stack: &mut [LocationIx],
    unwanted: impl Fn(LocationIx, LocationIx) -> bool,
) -> std::ops::Range<usize> {
    let start = match *stack {
        [leaf, second, ..] if unwanted(leaf, second) => {
            stack[1] = leaf;
            1
        }
        _ => 0,
    };
    start..stack.len()
}
