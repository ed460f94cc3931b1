//! A file of whatever format is recognised, and everything that can be done to the profile in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile::merge::Rules;
use profile::{DiffMode, Granularity, Limits, ReadOptions};

fuzz_target!(|data: &[u8]| {
    let options = ReadOptions {
        limits: Limits { inflated: 1 << 20 },
        exact: data.len() % 2 == 0,
    };
    let Ok(first) = profile::read_any_with(data, &options) else {
        return;
    };
    for (at, (_, granularity)) in Granularity::NAMES.into_iter().enumerate() {
        let mut cut = first.clone();
        profile::aggregate(&mut cut, granularity, at % 2 == 0, at % 3 == 0);
        let _ = profile::compact(&cut);
    }
    let mut pruned = first.clone();
    let _ = profile::prune::remove_uninteresting(&mut pruned);
    let mut scaled = first.clone();
    profile::scale::scale(&mut scaled, 0.7);
    let _ = profile::merge([&first, &pruned, &scaled]);
    if let Ok(nothing) = profile::diff(
        first.clone(),
        first.clone(),
        DiffMode::Subtract,
        false,
        Rules::Stated,
    ) {
        let left = profile::compact(&nothing).expect("a profile of nothing");
        assert_eq!(left.samples.len(), 0, "a profile without itself is empty");
    }
    let _ = profile::folded::encode(&first, 0);
    let _ = profile::speedscope::encode(&first, "name");
});
