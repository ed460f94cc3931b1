//! Folded stacks: what decodes can be written, and what was written decodes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(first) = profile::folded::decode(data) else {
        return;
    };
    let again = profile::folded::encode(&first, 0);
    // Samples of nothing are left out.
    if again.is_empty() {
        return;
    }
    profile::folded::decode(again.as_bytes()).expect("what was written decodes");
});
