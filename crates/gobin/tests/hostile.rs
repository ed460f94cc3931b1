//! Damaged executables: some answer or none, and soon.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{Arc, OnceLock};

use common::{CGO, CGO_PIE, PIE, STRIPPED};
use gowhy_gobin::{Cfi, Error, GoBin, Image, Regs};
use proptest::prelude::*;

/// A small executable of each kind, read once.
fn bytes(which: usize) -> &'static [u8] {
    static FILES: [OnceLock<Vec<u8>>; 4] = [const { OnceLock::new() }; 4];
    FILES[which].get_or_init(|| {
        let path = match which {
            0 => common::program("tiny", "1.27", STRIPPED),
            1 => common::program("tiny", "1.23", PIE),
            2 => common::program("calls", "1.25", CGO),
            _ => common::program("calls", "1.25", CGO_PIE),
        };
        std::fs::read(path.unwrap()).unwrap()
    })
}

/// Asks for everything that a reader may ask for.
fn ask(bytes: Vec<u8>) {
    let data: gowhy_gobin::Data = Arc::new(bytes);
    if let Ok(bin) = GoBin::parse(data.clone()) {
        let table = bin.pclntab();
        let (start, end) = table.text_range();
        let mut frames = Vec::new();
        for i in 0..64 {
            let pc = start.wrapping_add((end.wrapping_sub(start) / 64).wrapping_mul(i));
            frames.clear();
            table.frames(pc, &mut frames);
            if let Some(func) = table.find(pc) {
                let _ = (table.sp_delta(&func, pc), func.id(), func.is_top_frame());
                let _ = (func.name(), func.start_line(), func.is_asm());
            }
        }
        let _ = (bin.symbol("main.main"), bin.build_id(), bin.go_build_id());
        let _ = (bin.is_cgo(), bin.has_dwarf(), bin.is_stripped());
        for segment in bin.segments() {
            let _ = bin.read(segment.vaddr, 64);
        }
    }
    if let Ok(image) = Image::parse(data) {
        let cfi = Cfi::new(&image);
        let text = image.segments().iter().find(|s| s.executable).copied();
        for i in 0..16 {
            let Some(text) = text else { break };
            let addr = text.vaddr.wrapping_add((text.memsz / 16).wrapping_mul(i));
            let _ = image.symbolize(addr);
            let mut regs = Regs::default();
            let _ = cfi
                .as_ref()
                .map(|c| c.step(addr, &mut regs, &mut |a| Some(a ^ 0x55)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn flipped(
        which in 0..4usize,
        // The headers at both ends of the file, and anywhere.
        flips in prop::collection::vec(
            (prop_oneof![0.0..0.002f64, 0.995..1.0f64, 0.0..1.0f64], 0..8u32), 1..40),
    ) {
        let mut file = bytes(which).to_vec();
        for (place, bit) in flips {
            let at = (place * file.len() as f64) as usize;
            file[at] ^= 1 << bit;
        }
        ask(file);
    }

    #[test]
    fn cut_short(which in 0..4usize, keep in 0.0..1.0f64) {
        let whole = bytes(which);
        ask(whole[..(keep * whole.len() as f64) as usize].to_vec());
    }

    #[test]
    fn words_of_the_tables_replaced(
        which in 0..4usize,
        section in prop::sample::select(vec![
            ".gopclntab", ".data.rel.ro.gopclntab", ".go.buildinfo", ".go.module", ".noptrdata",
            ".rela.dyn", ".symtab", ".strtab", ".eh_frame", ".eh_frame_hdr", ".dynamic",
        ]),
        words in prop::collection::vec(
            (0..200usize, prop_oneof![
                Just(0u64), Just(u64::MAX), Just(1 << 63), Just(0xffff_fff0), any::<u64>(),
            ]), 1..8),
    ) {
        let mut file = bytes(which).to_vec();
        let bin = GoBin::parse(Arc::new(file.clone())).unwrap();
        if let Some((_, found)) = bin.section(section) {
            let start = file.windows(found.len().max(1)).position(|w| w == found).unwrap_or(0);
            for (word, value) in words {
                let at = start + 8 * word;
                if let Some(place) = file.get_mut(at..at + 8) {
                    place.copy_from_slice(&value.to_le_bytes());
                }
            }
        }
        ask(file);
    }
}

#[test]
fn what_is_not_a_go_program_is_told_apart() {
    let error = |bytes: &[u8]| GoBin::parse(Arc::new(bytes.to_vec())).map(drop);
    assert_eq!(error(b""), Err(Error::NotElf));
    assert_eq!(error(b"#!/bin/sh\n"), Err(Error::NotElf));
    assert_eq!(error(b"\x7fELF"), Err(Error::BadElf("truncated header")));
    // This test is an ELF file, and not a Go program.
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(error(&own), Err(Error::NotGo));
}

#[test]
fn section_headers_are_not_needed() {
    for which in 0..4 {
        let whole = GoBin::parse(Arc::new(bytes(which).to_vec())).unwrap();
        let mut file = bytes(which).to_vec();
        file[0x28..0x30].fill(0); // e_shoff
        file[0x3c..0x40].fill(0); // e_shnum, e_shstrndx
        let bare = GoBin::parse(Arc::new(file)).unwrap();
        assert!(bare.section(".text").is_none());
        assert_eq!(bare.build_info(), whole.build_info());
        assert_eq!(bare.moduledata(), whole.moduledata());
        assert_eq!(bare.pclntab().addr(), whole.pclntab().addr());
        assert_eq!(bare.go_build_id(), whole.go_build_id());
        for pc in common::some_pcs(&whole, 0) {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            bare.pclntab().frames(pc, &mut ours);
            whole.pclntab().frames(pc, &mut theirs);
            assert_eq!(ours, theirs);
        }
    }
}
