//! A goroutine's pprof labels in memory that holds anything at all.
#![no_main]

use goruntime::labels::read;
use goruntime::layout::LabelForm;
use libfuzzer_sys::fuzz_target;
use target::{Memory, MemoryError};

/// The input, over and over, from this address on.
const BASE: u64 = 0x40;

struct Anything<'a>(&'a [u8]);

impl Memory for Anything<'_> {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        let start = address.checked_sub(BASE).filter(|start| *start < 1 << 32);
        let start = start.ok_or(MemoryError {
            address,
            len: buf.len(),
        })?;
        for (at, byte) in buf.iter_mut().enumerate() {
            *byte = self.0[(start as usize + at) % self.0.len()];
        }
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    if data.is_empty() {
        return;
    }
    for form in [LabelForm::Map, LabelForm::List] {
        if let Some(labels) = read(&Anything(data), BASE, form) {
            assert!(labels.is_sorted());
        }
    }
});
