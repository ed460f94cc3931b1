//! A record of the perf ring.
#![no_main]

use libfuzzer_sys::fuzz_target;
use target::perf::record::{Record, parse, record_len};

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let Some(length) = record_len(rest) {
        let Some((record, after)) = rest.split_at_checked(length) else {
            break;
        };
        if let Record::Sample(sample) = parse(record) {
            assert!(sample.stack.len() <= record.len());
            assert!(sample.user_chain().count() <= record.len() / 8);
        }
        rest = after;
    }
    parse(rest);
});
