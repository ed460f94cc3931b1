//! Stacks of all threads (gperftools' threadz): a headline for each thread, then its addresses.

use std::sync::LazyLock;

use regex::Regex;

use super::lines::{Lines, is_space_or_comment};
use super::{Fault, cpu, maps, numbers};
use crate::build::Builder;
use crate::model::Profile;

static START: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("--- threadz [0-9]+ ---").expect("the pattern is good"));
static THREAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"--- Thread ([0-9A-Fa-f]+) \(name: (.*)/([0-9]+)\) stack: ---")
        .expect("the pattern is good")
});

/// Reads the stacks of threads.
pub(super) fn decode(bytes: &[u8], exact: bool) -> Result<Profile, Fault> {
    let mut lines = Lines::new(bytes);
    while lines.advance() && is_space_or_comment(lines.text()) {}
    if START.is_match(lines.text()) {
        while lines.advance() && !maps::is_sentinel(lines.text()) && !lines.text().starts_with('-')
        {
        }
    } else if !THREAD.is_match(lines.text()) {
        return Err(Fault::Unrecognized);
    }
    let mut b = Builder::new(&[("thread", "count")]);
    let p = b.profile_mut();
    p.period_type = p.sample_types[0];
    p.period = 1;
    let is_end = |line: &str| {
        maps::is_sentinel(line) || line.trim_start().starts_with("---- no stack trace for")
    };
    while !is_end(lines.text()) {
        // google/pprof wants a memory map at the end.
        if lines.ended() && !exact {
            break;
        }
        if !THREAD.is_match(lines.text()) {
            return Err(Fault::Unrecognized);
        }
        thread(&mut b, &mut lines, exact)?;
    }
    let mut p = b.finish();
    maps::sections(&mut p, &mut lines);
    cpu::drop_double_leaf(&mut p);
    Ok(p)
}

/// Reads the stack below a headline, up to the next. A thread that is like the one before counts
/// there.
fn thread(b: &mut Builder, lines: &mut Lines<'_>, exact: bool) -> Result<(), Fault> {
    let mut stack = Vec::new();
    let mut same = false;
    while lines.advance() {
        let line = lines.text().trim();
        if line.starts_with("---") || !exact && maps::is_sentinel(line) {
            break;
        }
        if line.contains("same as previous thread") {
            same = true;
            continue;
        }
        let addresses = numbers::addresses(line);
        let large = || Fault::corrupt("an address of more than 64 bits", lines.at());
        for address in addresses.ok_or_else(large)? {
            // All but the leaf are return addresses.
            let back = u64::from(!stack.is_empty());
            stack.push(b.location(None, address.wrapping_sub(back), &[]));
        }
    }
    let samples = &mut b.profile_mut().samples;
    if !same && !stack.is_empty() {
        samples.push(&stack, &[1], &[]);
    } else if let Some(last) = samples.len().checked_sub(1) {
        let count = &mut samples.values_mut(last)[0];
        *count = count.wrapping_add(1);
    }
    Ok(())
}
