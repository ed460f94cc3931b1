//! profile.proto, plain or gzipped: whatever decodes has to come back the same from its encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile::Limits;
use profile::proto::decode_with;

fuzz_target!(|data: &[u8]| {
    let Ok(first) = decode_with(data, &Limits { inflated: 1 << 22 }) else {
        return;
    };
    let encoded = profile::encode(&first);
    let second = profile::decode(&encoded).expect("an encoding decodes");
    assert_eq!(
        encoded,
        profile::encode(&second),
        "decode and encode are inverse"
    );
});
