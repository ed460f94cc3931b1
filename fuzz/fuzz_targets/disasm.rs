//! Machine code, and programs made of any bytes.
#![no_main]

use std::sync::Arc;

use disasm::{Program, Syntax, x86};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while !rest.is_empty() {
        let (text, len) = x86::go_syntax(rest, 0x1000, &|_| None);
        assert!(!text.is_empty() && len >= 1 && len <= rest.len());
        let (text, len) = x86::intel_syntax(rest, 0x1000, &|_| None);
        assert!(!text.is_empty() && len >= 1 && len <= rest.len());
        rest = &rest[len..];
    }
    if let Ok(program) = Program::parse(Arc::new(data.to_vec())) {
        for symbol in program.symbols().iter().take(4) {
            program.place(symbol.addr);
            let _ = program.instructions(symbol.addr, symbol.addr.saturating_add(256), Syntax::Go);
        }
    }
});
