//! A real Go executable, `$GOWHY_FUZZ_BINARY`, with some of its bytes changed: each twelve bytes of
//! the input are a table, a place in it and the eight bytes that are written there. Any bytes at all would
//! hardly ever get as far as the tables.
#![no_main]

use std::sync::{Arc, OnceLock};

use gobin::{Cfi, Data, GoBin, Image, Regs};
use libfuzzer_sys::fuzz_target;

/// The file, and where its tables are: changes elsewhere change nothing.
struct Base {
    bytes: Vec<u8>,
    tables: Vec<(usize, usize)>,
}

fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let path = std::env::var_os("GOWHY_FUZZ_BINARY").expect("GOWHY_FUZZ_BINARY is set");
        let bytes = std::fs::read(path).expect("it can be read");
        let bin = GoBin::parse(Arc::new(bytes.clone())).expect("it is a Go executable");
        let mut tables = vec![(0, 0x400), (bytes.len() - 0x1000, 0x1000)];
        for name in [
            ".gopclntab",
            ".go.buildinfo",
            ".note.go.buildid",
            ".eh_frame",
            ".data",
        ] {
            if let Some((_, section)) = bin.section(name) {
                let head = &section[..section.len().min(64)];
                let at = bytes.windows(head.len()).position(|window| window == head);
                tables.push((
                    at.expect("a section is in the file"),
                    section.len().min(1 << 17),
                ));
            }
        }
        Base { bytes, tables }
    })
}

fuzz_target!(|data: &[u8]| {
    let base = base();
    let mut bytes = base.bytes.clone();
    for patch in data.chunks_exact(12).take(64) {
        let (start, length) = base.tables[patch[0] as usize % base.tables.len()];
        let place = u32::from_le_bytes([patch[1], patch[2], patch[3], 0]) as usize;
        let at = start + place % length;
        let end = bytes.len().min(at + 8);
        bytes[at..end].copy_from_slice(&patch[4..4 + (end - at)]);
    }
    let data: Data = Arc::new(bytes);
    if let Ok(image) = Image::parse(data.clone()) {
        if let Some(cfi) = Cfi::new(&image) {
            let mut regs = Regs::default();
            let _ = cfi.step(
                image.segments().first().map_or(0, |s| s.vaddr),
                &mut regs,
                &mut |_| Some(1),
            );
        }
    }
    let Ok(bin) = GoBin::parse(data) else { return };
    bin.build_id();
    bin.moduledata();
    let table = bin.pclntab();
    let mut frames = Vec::new();
    for func in table.funcs().step_by(97).take(64) {
        table.frames(func.entry + 5, &mut frames);
        table.sp_delta(&func, func.entry + 5);
        frames.clear();
    }
});
