//! speedscope JSON: what decodes can be written, and what was written decodes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(first) = profile::speedscope::decode(data) else {
        return;
    };
    let again = profile::speedscope::encode(&first, "name");
    profile::speedscope::decode(&again).expect("what was written decodes");
});
