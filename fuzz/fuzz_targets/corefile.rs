//! A core file made of any bytes.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use target::{CoreFile, CoreMemory, Memory};

fuzz_target!(|data: &[u8]| {
    let Ok(core) = CoreFile::parse(Arc::new(data.to_vec())) else {
        return;
    };
    core.maps();
    core.program();
    core.program_image();
    core.bias(data);
    let core = Arc::new(core);
    let mut memory = CoreMemory::new(Arc::clone(&core));
    memory.back(0x1000, Arc::new(data.to_vec()), 0..data.len());
    for segment in core.segments().iter().take(16) {
        for at in [segment.start, segment.end.wrapping_sub(8), segment.end] {
            let _ = memory.read_vec(at, 64);
        }
    }
});
