//! The formats from before profile.proto, each by a start that is its own: what decodes is whole and
//! can be written and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;

const STARTS: [&[u8]; 14] = [
    b"",
    b"\0\0\0\0\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0",
    b"\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x01\0\0\0\0",
    b"\0\0\0\0\x03\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0",
    b"\0\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    b"heap profile: 1: 2 [3: 4] @ heap/1048576\n",
    b"heap profile: 1: 2 [1: 2] @ heapprofile\n",
    b"goroutine profile: total 3\n1 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/x.go:1\n",
    b"--- mutex:\ncycles/second=100\nsampling period=3\n1 3 @ 0x1\n",
    b"--- contentionz 1 ---\nformat = java\nresolution = ms\n",
    b"--- heapz 1 ---\nformat = java\nresolution = bytes\n1 2 @ 0x1\n",
    b"--- threadz 1 ---\n\n--- Thread 1 (name: a/1) stack: ---\n 0x5\n",
    b"x profile: total 1\n1 @ 0x401000\n--- Memory map: ---\n400000-500000 r-xp 1000 1:1 1 /bin/x\n",
    b"x profile: total 1\n--- Memory map: ---\na=b$c\n",
];

fuzz_target!(|data: &[u8]| {
    let Some((&pick, rest)) = data.split_first() else {
        return;
    };
    let start = STARTS[usize::from(pick >> 1) % STARTS.len()];
    let bytes = [start, rest].concat();
    let Ok(Some(p)) = profile::legacy::decode(&bytes, pick & 1 == 1) else {
        return;
    };
    for i in 0..p.samples.len() {
        assert_eq!(p.samples.values(i).len(), p.sample_types.len());
        for &location in p.samples.stack(i) {
            for line in p.lines(location) {
                let function = line.function.expect("every line has a function");
                let _ = p.str(p.function(function).name);
            }
            let mapping = p.location(location).mapping;
            assert!(mapping.is_none_or(|m| m.ix() < p.mappings.len()));
        }
    }
    let again = profile::decode(&profile::encode(&p)).expect("what was written decodes");
    assert_eq!(again.samples.totals(), p.samples.totals());
    assert_eq!(again.samples.len(), p.samples.len());
});
