//! An executable made of any bytes.
#![no_main]

use std::sync::Arc;

use gobin::{Data, GoBin, Image};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let data: Data = Arc::new(data.to_vec());
    if let Ok(image) = Image::parse(data.clone()) {
        for segment in image.segments().iter().take(4) {
            image.symbolize(segment.vaddr);
            image.frames(segment.vaddr);
        }
    }
    if let Ok(bin) = GoBin::parse(data) {
        let mut frames = Vec::new();
        bin.pclntab()
            .frames(bin.pclntab().text_range().0, &mut frames);
    }
});
