//! Where the runtime's globals are: by symbol, or in a stripped program by what small functions of
//! the runtime refer to. Which function and which of its references is data, `globals.tsv`; several
//! functions vote for each global, and more than half of them must agree.
//!
//! An address found by rules is a well-founded guess: it is right in programs built as usual, but
//! in one that is stripped and not optimised some are wrong. It wants a proof before it is used.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

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
    by_symbol: usize,
    certain: FxHashSet<&'static str>,
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
        let by_symbol = found.len();
        let mut certain = found.keys().copied().collect();
        if !left.is_empty() {
            by_rules(image, release, &left, &mut found, &mut certain);
        }
        Globals {
            found,
            by_symbol,
            certain,
        }
    }

    /// Every global that there is a rule for.
    pub fn names() -> Vec<&'static str> {
        let lines = RULES.lines().filter(|line| !line.starts_with('#'));
        let mut names: Vec<_> = lines.filter_map(|line| line.split('\t').next()).collect();
        names.dedup();
        names
    }

    /// Whether a symbol says where it is, or at least two functions do and none says otherwise.
    pub fn is_certain(&self, name: &str) -> bool {
        self.certain.contains(name)
    }

    /// How many were found by symbols; the others by the code that refers to them.
    pub fn by_symbol(&self) -> usize {
        self.by_symbol
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
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
    certain: &mut FxHashSet<&'static str>,
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
    let mut votes: Vec<(&'static str, u64, usize)> = Vec::new();
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
        let all = rules.iter().filter(|r| r.global == global).count();
        if n * 2 > all {
            found.insert(global, address);
            let is_disputed = votes.iter().any(|(g, a, _)| *g == global && *a != address);
            if n >= 2 && !is_disputed {
                certain.insert(global);
            }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use gobin::GoBin;
    use testkit::{Variant, program};

    use super::*;
    use crate::program::Loaded;
    use crate::runtime::{Program, WANTED};

    /// A program as if it was stripped.
    struct Stripped<'a>(Loaded<'a>);

    impl Image for Stripped<'_> {
        fn symbol(&self, _: &str) -> Option<u64> {
            None
        }
        fn functions(&self, names: &[&'static str]) -> Vec<(&'static str, Range<u64>)> {
            self.0.functions(names)
        }
        fn bytes(&self, range: Range<u64>) -> Option<&[u8]> {
            self.0.bytes(range)
        }
        fn data(&self) -> Option<Range<u64>> {
            self.0.data()
        }
    }

    /// Compares what rules and symbols say of a program; the globals that rules do not find.
    fn compare(
        name: &str,
        version: &str,
        variant: Variant,
        names: &[&'static str],
    ) -> Vec<&'static str> {
        let path = program(name, version, variant).expect("a program");
        let bin = GoBin::parse(Arc::new(fs::read(path).expect("its bytes"))).expect("a Go program");
        let version = bin.build_info().version.as_ref().expect("a version");
        let loaded = Loaded {
            bin: &bin,
            version,
            bias: 0,
        };
        let release = loaded.release();
        let by_symbol = Globals::find(&loaded, release, names);
        let by_rule = Globals::find(&Stripped(loaded), release, names);
        let names = names.iter().copied();
        names
            .filter(|global| match by_rule.get(global) {
                None => by_symbol.get(global).is_some(),
                found => {
                    let what = format!("{global} of {name}, {release} {}", variant.name());
                    assert_eq!(found, by_symbol.get(global), "{what}");
                    false
                }
            })
            .collect()
    }

    #[test]
    fn rules_find_what_symbols_say() {
        for version in ["1.19", "1.21", "1.23", "1.25", "1.27"] {
            for name in ["labels", "cgo"] {
                for variant in [Variant::Plain, Variant::Pie] {
                    let missing = compare(name, version, variant, &Globals::names());
                    // Two functions vote for it, and disagree in Go 1.19.
                    assert!(missing.iter().all(|m| *m == "gcsema"), "{missing:?}");
                }
            }
            // Other functions are inlined, so not all votes count.
            compare("labels", version, Variant::Unoptimised, &WANTED);
        }
    }
}
