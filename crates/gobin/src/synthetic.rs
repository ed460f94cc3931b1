//! Function tables made by hand, for the layouts, byte orders and word sizes
//! that no toolchain at hand writes.
//!
//! They follow what `debug/gosym` and the runtimes of the releases document:
//! one function with another inlined into it, a hole, and `runtime.goexit`.

mod build;

use std::sync::Arc;

use crate::elf::Elf;
use crate::header::{Header, Magic};
use crate::moduledata::ModuleData;
use crate::pclntab::PcLnTab;
use crate::reloc::Relocs;
use crate::{Error, FuncId};
use build::{BASE, END, Form, GOEXIT, HOLE, TEXT, build, era};

fn parse(form: Form, bytes: Vec<u8>, gofunc: usize) -> Result<PcLnTab, Error> {
    let elf = Arc::new(Elf::flat(bytes, BASE, form.ptr == 8, form.little));
    let header = Header::at(&elf, BASE).ok_or(Error::NotGo)?;
    let module = ModuleData {
        text: TEXT,
        gofunc: (form.magic >= Magic::Go118).then_some(BASE + gofunc as u64),
        ..ModuleData::default()
    };
    PcLnTab::parse(
        elf,
        Arc::new(Relocs::default()),
        header,
        Some(&module),
        Some(TEXT),
        form.minor,
    )
}

fn forms() -> Vec<Form> {
    let eras = [
        (Magic::Go12, Some(2)),
        (Magic::Go12, Some(9)),
        (Magic::Go12, Some(12)),
        (Magic::Go12, Some(15)),
        (Magic::Go116, Some(16)),
        (Magic::Go116, Some(17)),
        (Magic::Go118, Some(19)),
        (Magic::Go120, Some(20)),
        (Magic::Go120, Some(24)),
        // Releases that are not known yet, or not named.
        (Magic::Go120, Some(99)),
        (Magic::Go120, None),
    ];
    let mut forms = Vec::new();
    for (magic, minor) in eras {
        for (ptr, little) in [(8, true), (8, false), (4, true), (4, false)] {
            forms.push(Form {
                magic,
                minor,
                ptr,
                little,
            });
        }
    }
    forms
}

#[test]
fn every_layout_reads_alike() {
    for form in forms() {
        let (bytes, gofunc) = build(form);
        let table = parse(form, bytes, gofunc).expect("a whole table");
        assert_eq!(table.magic(), form.magic);
        assert_eq!(table.text_range(), (TEXT, END));

        for (pc, name) in [
            (TEXT - 1, None),
            (TEXT, Some("main.main")),
            (HOLE - 1, Some("main.main")),
            (HOLE, None),
            (GOEXIT - 1, None),
            (GOEXIT, Some("runtime.goexit")),
            (END, None),
        ] {
            assert_eq!(table.find(pc).map(|f| f.name()), name, "{form:?} {pc:#x}");
        }
        assert_eq!(table.funcs().count(), 2);

        let main = table.find(TEXT).expect("as above");
        assert_eq!((main.entry, main.end), (TEXT, HOLE));
        assert_eq!(table.sp_delta(&main, TEXT + 3), Some(0));
        assert_eq!(table.sp_delta(&main, TEXT + 4), Some(24));
        assert_eq!(table.file_line(&main, TEXT), ("/src/a.go", 10), "{form:?}");
        assert_eq!(table.file_line(&main, TEXT + 0x2f), ("/src/b.go", 5));
        assert_eq!(table.file_line(&main, TEXT + 0x30), ("/src/a.go", 12));
        let modern = form.magic == Magic::Go120;
        assert_eq!(main.start_line(), if modern { 9 } else { 0 });

        let goexit = table.find(GOEXIT).expect("as above");
        assert_eq!(table.file_line(&goexit, GOEXIT), ("?", 0));
        assert_eq!(goexit.id(), FuncId::Goexit, "{form:?}");
        assert!(goexit.is_top_frame(), "{form:?}");
        let flagged = form.magic >= Magic::Go118 || form.minor == Some(17);
        assert!(flagged || !main.is_top_frame(), "{form:?}");
    }
}

#[test]
fn inlined_calls_of_every_layout() {
    for form in forms() {
        let (bytes, gofunc) = build(form);
        let table = parse(form, bytes, gofunc).expect("a whole table");
        let frames = |pc| {
            let mut frames = Vec::new();
            let count = table.frames(pc, &mut frames);
            assert_eq!(count, frames.len());
            let of = |f: &crate::Frame<'_>| {
                format!(
                    "{} {}:{} {} {}",
                    f.func, f.file, f.line, f.start_line, f.inlined
                )
            };
            frames.iter().map(of).collect::<Vec<_>>()
        };
        let modern = form.magic == Magic::Go120;
        let (start, inlined_start) = if modern { (9, 4) } else { (0, 0) };
        let plain = |line: u32| vec![format!("main.main /src/a.go:{line} {start} false")];
        assert_eq!(frames(TEXT + 0x0f), plain(10), "{form:?}");
        assert_eq!(frames(TEXT + 0x30), plain(12), "{form:?}");
        let inside = match era(form).tree_entry {
            None => vec![format!("main.main /src/b.go:5 {start} false")],
            Some(_) => {
                // The place of the call: read at the parent's pc, or stored.
                let call = if modern { 10 } else { 11 };
                vec![
                    format!("main.inlined /src/b.go:5 {inlined_start} true"),
                    format!("main.main /src/a.go:{call} {start} false"),
                ]
            }
        };
        assert_eq!(frames(TEXT + 0x10), inside, "{form:?}");
        assert_eq!(frames(HOLE), Vec::<String>::new());
    }
}

#[test]
fn the_release_of_an_unnamed_old_table_is_told() {
    for (named, like) in [(10, 9), (12, 12)] {
        for (ptr, little) in [(8, true), (8, false), (4, true)] {
            let form = Form {
                magic: Magic::Go12,
                minor: Some(named),
                ptr,
                little,
            };
            let (bytes, gofunc) = build(form);
            let unnamed = Form {
                minor: None,
                ..form
            };
            let table = parse(unnamed, bytes, gofunc).expect("a whole table");
            let mut frames = Vec::new();
            assert_eq!(
                table.frames(TEXT + 0x10, &mut frames),
                2,
                "as of Go 1.{like}"
            );
            assert_eq!(frames[0].func, "main.inlined");
        }
    }
}

#[test]
fn cut_and_flipped_tables() {
    let extremes = forms().into_iter().filter(|f| (f.ptr == 8) == f.little);
    for form in extremes {
        let (whole, gofunc) = build(form);
        let ask = |bytes: Vec<u8>| {
            let Ok(table) = parse(form, bytes, gofunc) else {
                return;
            };
            let mut frames = Vec::new();
            for pc in [TEXT, TEXT + 0x20, HOLE, GOEXIT, END - 1] {
                table.frames(pc, &mut frames);
                if let Some(func) = table.find(pc) {
                    let _ = (table.sp_delta(&func, pc), func.id(), func.is_top_frame());
                }
            }
        };
        for len in 0..whole.len() {
            ask(whole[..len].to_vec());
        }
        for at in 0..whole.len() {
            for bit in [0x01, 0x80] {
                let mut bytes = whole.clone();
                bytes[at] ^= bit;
                ask(bytes);
            }
        }
    }
}
