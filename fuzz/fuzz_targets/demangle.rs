//! Names: any is shown somehow, and never much longer than the limit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile::Builder;
use profile::demangle::{Demangle, demangle};

fuzz_target!(|data: &[u8]| {
    let name = String::from_utf8_lossy(data);
    let mut b = Builder::new(&[("n", "count")]);
    b.function(&name, "", 0);
    let p = b.finish();
    for mode in [
        Demangle::Simple,
        Demangle::Templates,
        Demangle::Full,
        Demangle::None,
    ] {
        let mut p = p.clone();
        demangle(&mut p, mode, true);
        assert!(mode != Demangle::None || p.str(p.functions[0].name) == name);
    }
});
