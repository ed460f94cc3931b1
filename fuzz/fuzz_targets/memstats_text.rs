//! Memory statistics as JSON or text: anything is read, and what is there is named.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(printed) = godebug::memstats::parse(&text) {
        let stats = printed.stats;
        assert!(stats.has("Sys") && stats.has("HeapInuse"));
        assert!(stats.pauses().count() <= stats.pause_ns.len());
    }
});
