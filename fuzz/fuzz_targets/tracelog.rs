//! Logs of Go's tracers: every byte is accounted for, however the log comes in pieces.
#![no_main]

use godebug::tracelog::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let counts = |chunk: usize| {
        let mut reader = Reader::default();
        for part in data.chunks(chunk) {
            reader.feed(part, &mut |_| {});
        }
        reader.finish(&mut |_| {});
        reader.counts()
    };
    let whole = counts(data.len().max(1));
    assert_eq!(whole.bytes(), data.len() as u64);
    assert_eq!(whole, counts(7));
});
