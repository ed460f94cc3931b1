//! Struct layouts from the debug information of a real Go executable, `$GOWHY_FUZZ_DWARF`, with
//! some of its bytes changed: each twelve bytes of the input are a section, a place near one of the
//! structs and the eight bytes that are written there.
#![no_main]

use std::sync::{Arc, OnceLock};

use gobin::GoBin;
use goruntime::layout::{Dwarf, Structs};
use libfuzzer_sys::fuzz_target;

const WANTED: [&str; 4] = ["g", "m", "p", "schedt"];

struct Base {
    info: Vec<u8>,
    abbrev: Vec<u8>,
    /// Where the wanted structs are described.
    places: Vec<usize>,
}

fn base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let path = std::env::var_os("GOWHY_FUZZ_DWARF").expect("GOWHY_FUZZ_DWARF is set");
        let bytes = std::fs::read(path).expect("it can be read");
        let bin = GoBin::parse(Arc::new(bytes)).expect("it is a Go executable");
        let section = |name| {
            bin.section(name)
                .expect("it has debug information")
                .1
                .to_vec()
        };
        let (info, abbrev) = (section(".debug_info"), section(".debug_abbrev"));
        assert!(
            Dwarf::read(&info, &abbrev, &WANTED).size("g").is_some(),
            "it describes a g"
        );
        let mut places = Vec::new();
        for name in WANTED {
            let name = format!("runtime.{name}\0").into_bytes();
            let found = info
                .windows(name.len())
                .enumerate()
                .filter(|(_, window)| *window == name);
            places.extend(found.map(|(at, _)| at));
        }
        Base {
            info,
            abbrev,
            places,
        }
    })
}

fuzz_target!(|data: &[u8]| {
    let base = base();
    let (mut info, mut abbrev) = (base.info.clone(), base.abbrev.clone());
    for patch in data.chunks_exact(12).take(64) {
        let place = u16::from_le_bytes([patch[2], patch[3]]) as usize;
        let (section, at) = match patch[0] % 4 {
            0 => (&mut abbrev, place),
            1 => (&mut info, place % 64),
            _ => (
                &mut info,
                base.places[patch[1] as usize % base.places.len()] + place % 0x800,
            ),
        };
        let at = at % section.len();
        let end = section.len().min(at + 8);
        section[at..end].copy_from_slice(&patch[4..4 + (end - at)]);
    }
    let read = Dwarf::read(&info, &abbrev, &WANTED);
    read.field("g", "goid");
    read.field("m", "curg");
});
