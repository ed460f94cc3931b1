//! Goroutine dumps: any text is read, and each of its goroutines is in every form of the result.
#![no_main]

use godebug::goroutine::{self, Dump};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let dump = Dump::parse(&text);
    let count = dump
        .goroutines()
        .filter(|g| g.id != 0 && !g.runtime_stack)
        .count();
    let total = goroutine::profile(&text).map_or(0, |p| p.samples.totals()[0]);
    assert_eq!(total, count as i64);
    let made = goroutine::goroutines(&text, "");
    assert!(made.all.len() <= count && made.all.is_empty() == (count == 0));
    assert_eq!(
        dump.goroutines().next().is_some(),
        goroutine::is_dump(&text)
    );
});
