//! Names, lines and unwinding of the test's own executable and its libc.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gowhy_gobin::{Cfi, Image, Regs};

#[inline(never)]
fn landmark(x: u32) -> u32 {
    std::hint::black_box(x) + 1 // The line after the one that `fn` is on.
}
const LANDMARK_LINE: u32 = line!() - 3;

struct Mapped {
    path: PathBuf,
    bias: u64,
}

/// The mapped file whose name holds `part`, and where it was loaded.
fn mapped(part: &str) -> Option<Mapped> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|l| {
        let fields: Vec<&str> = l.split_whitespace().collect();
        fields[2] == "00000000" && fields.get(5).is_some_and(|p| p.contains(part))
    })?;
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (start, _) = fields[0].split_once('-').unwrap();
    Some(Mapped {
        path: fields[5].into(),
        bias: u64::from_str_radix(start, 16).unwrap(),
    })
}

fn image(path: &Path) -> Image {
    Image::parse(Arc::new(std::fs::read(path).unwrap())).unwrap()
}

#[test]
fn own_function_has_name_and_line() {
    let own = std::env::current_exe().unwrap();
    let own = mapped(own.file_name().unwrap().to_str().unwrap()).unwrap();
    let image = image(&own.path);
    let addr = landmark as fn(u32) -> u32 as usize as u64 - own.bias;
    assert_eq!(landmark(1), 2);
    let (name, start) = image.symbolize(addr).unwrap();
    assert!(name.contains("landmark"), "{name}");
    assert_eq!(start, addr);
    let frames = image.frames(addr);
    let frame = frames.last().unwrap();
    assert!(frame.func.contains("landmark"), "{frames:?}");
    assert!(frame.file.ends_with("image.rs"), "{frames:?}");
    assert_eq!(frame.line, LANDMARK_LINE, "{frames:?}");
    assert!(!frame.inlined);
}

#[test]
fn at_entry_the_caller_is_on_top_of_the_stack() {
    let Some(libc) = mapped("/libc.so.6").or_else(|| mapped("/libc-2.")) else {
        return; // Linked statically, or another libc.
    };
    let image = image(&libc.path);
    let cfi = Cfi::new(&image).unwrap();
    let before = Regs {
        ip: 1,
        sp: 0x7000,
        bp: Some(6),
        rbx: Some(3),
        r12: Some(12),
        r13: Some(13),
        r14: None,
        r15: Some(15),
    };
    // Functions whose first instruction has not yet touched the stack.
    let mut checked = 0;
    for name in [
        "qsort", "malloc", "free", "printf", "read", "memcpy", "fopen", "getenv",
    ] {
        let Some(addr) = address_of(&image, name) else {
            continue;
        };
        let mut regs = before;
        let mut read = |at: u64| (at == 0x7000).then_some(0xcafe);
        cfi.step(addr, &mut regs, &mut read).expect(name);
        let expect = Regs {
            ip: 0xcafe,
            sp: 0x7008,
            ..before
        };
        assert_eq!(regs, expect, "{name}");
        checked += 1;
    }
    assert!(checked >= 5, "only {checked} functions found");
}

/// The start of a named function, by asking what covers each address.
fn address_of(image: &Image, name: &str) -> Option<u64> {
    let text = image.segments().iter().find(|s| s.executable)?;
    let mut addr = text.vaddr;
    while addr < text.vaddr + text.memsz {
        if let Some((found, start)) = image.symbolize(addr)
            && found == name
        {
            return Some(start);
        }
        addr += 16;
    }
    None
}

#[test]
fn what_is_not_elf_is_refused() {
    let error = Image::parse(Arc::new(b"#!/bin/sh".to_vec())).err();
    assert_eq!(error, Some(gowhy_gobin::Error::NotElf));
}
