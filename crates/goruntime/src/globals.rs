//! Where the runtime's globals are: by symbol, or in a stripped program by what small functions of
//! the runtime refer to. Which function and which of its references is data, `globals.tsv`; several
//! functions vote for each global.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::layout::{Release, steps_of};
use crate::refs::data_refs;

const RULES: &str = include_str!("globals.tsv");

/// What is asked of a program's file; addresses are those of the file.
pub(crate) trait Image {
    /// Address of a symbol.
    fn symbol(&self, name: &str) -> Option<u64>;
    /// Where the code of each of these functions is; in any order, several of one name as they come.
    fn functions(&self, names: &[&'static str]) -> Vec<(&'static str, Range<u64>)>;
    /// Bytes of the file that are at these addresses.
    fn bytes(&self, range: Range<u64>) -> Option<&[u8]>;
    /// Where Go's data is.
    fn data(&self) -> Option<Range<u64>>;
}

/// Addresses in the file of those globals that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Globals {
    found: FxHashMap<&'static str, u64>,
}

impl Globals {
    /// Looks for the `wanted` globals (named without `runtime.`).
    pub(crate) fn find(image: &dyn Image, release: Release, wanted: &[&'static str]) -> Globals {
        let mut found = FxHashMap::default();
        let mut left = Vec::new();
        for name in wanted {
            match image.symbol(&format!("runtime.{name}")) {
                Some(address) => {
                    found.insert(*name, address);
                }
                None => left.push(*name),
            }
        }
        if !left.is_empty() {
            by_rules(image, release, &left, &mut found);
        }
        Globals { found }
    }

    /// Address in the file.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.found.get(name).copied()
    }
}

struct Rule {
    global: &'static str,
    function: &'static str,
    index: i32,
    offset: u64,
}

/// The rules that hold for a release and a set of globals.
fn rules(release: Release, wanted: &[&str]) -> Vec<Rule> {
    let lines = RULES.lines().filter(|line| !line.starts_with('#'));
    let rules = lines.filter_map(|line| {
        let mut columns = line.split('\t');
        let (global, function) = (columns.next()?, columns.next()?);
        let (index, steps) = (columns.next()?, columns.next()?);
        let holds = wanted.contains(&global);
        let (_, offset) = steps_of(steps).take_while(|(r, _)| *r <= release).last()?;
        (holds && offset != "-").then_some(Rule {
            global,
            function,
            index: index.parse().ok()?,
            offset: offset.parse().ok()?,
        })
    });
    rules.collect()
}

fn by_rules(
    image: &dyn Image,
    release: Release,
    wanted: &[&str],
    found: &mut FxHashMap<&'static str, u64>,
) {
    let Some(data) = image.data() else {
        return;
    };
    let rules = rules(release, wanted);
    let mut names: Vec<&'static str> = rules.iter().map(|r| r.function).collect();
    names.sort_unstable();
    names.dedup();
    // A function and the wrapper that adapts its calling convention have one name; the wrapper
    // refers to nothing.
    let mut refs: FxHashMap<&str, Vec<u64>> = FxHashMap::default();
    for (name, range) in image.functions(&names) {
        let Some(code) = image.bytes(range.clone()) else {
            continue;
        };
        let found = data_refs(code, range.start, data.clone());
        let known = refs.entry(name).or_default();
        if found.len() > known.len() {
            *known = found;
        }
    }
    let mut votes: Vec<(&'static str, u64, u32)> = Vec::new();
    for rule in &rules {
        let Some(address) = refs
            .get(rule.function)
            .and_then(|refs| nth(refs, rule.index))
        else {
            continue;
        };
        let address = address.wrapping_sub(rule.offset);
        match votes
            .iter_mut()
            .find(|(g, a, _)| *g == rule.global && *a == address)
        {
            Some((_, _, n)) => *n += 1,
            None => votes.push((rule.global, address, 1)),
        }
    }
    for &(global, address, n) in &votes {
        let all: u32 = votes.iter().filter(|v| v.0 == global).map(|v| v.2).sum();
        if n * 2 > all {
            found.insert(global, address);
        }
    }
}

fn nth(refs: &[u64], index: i32) -> Option<u64> {
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => refs.len().checked_sub(index.unsigned_abs() as usize)?,
    };
    refs.get(index).copied()
}
