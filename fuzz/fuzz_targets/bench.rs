//! Benchmark results: any bytes are taken, and no value is one that cannot be compared.
#![no_main]

use godebug::bench::BenchLog;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let log = BenchLog::parse(data);
    assert!(log.records.len() + log.diagnostics.len() <= data.len());
    for result in log.results() {
        assert!(!result.values.is_empty());
        assert!(result.values.iter().all(|m| m.value.is_finite()));
    }
});
