//! The C parts of Go programs: names, lines, inlined calls, unwinding.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::Command;
use std::sync::Arc;

use common::{CGO, CGO_PIE, PLAIN, STRIPPED};
use gowhy_gobin::{Cfi, GoBin, Image, ImageFrame, Regs};

/// Where `int c_folded` calls Go, and where `c_middle` calls that.
const FOLDED_LINE: u32 = 6;
const MIDDLE_LINE: u32 = 12;

fn open(version: &str, variant: common::Variant) -> (GoBin, Image) {
    let path = common::program("calls", version, variant).unwrap();
    let said = Command::new(&path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stderr).trim(), "12");
    let data: gowhy_gobin::Data = Arc::new(std::fs::read(path).unwrap());
    (
        GoBin::parse(data.clone()).unwrap(),
        Image::parse(data).unwrap(),
    )
}

#[test]
fn c_functions_have_names_and_lines() {
    for version in ["1.19", "1.23", "1.27"] {
        for variant in [CGO, CGO_PIE] {
            let (bin, image) = open(version, variant);
            assert!(bin.is_cgo(), "{version}");
            for name in [
                "c_outer",
                "c_middle",
                "x_cgo_init",
                "main.main",
                "crosscall2",
            ] {
                let symbol = bin.symbol(name).expect(name);
                assert_eq!(image.symbolize(symbol.addr), Some((name, symbol.addr)));
                let last = symbol.addr + symbol.size - 1;
                assert_eq!(image.symbolize(last), Some((name, symbol.addr)));
            }
            let middle = bin.symbol("c_middle").unwrap();
            assert!(bin.pclntab().find(middle.addr).is_none());
            let stacks = (middle.addr..middle.addr + middle.size).map(|a| image.frames(a));
            let call = stacks
                .filter(|frames| frames.len() == 2)
                .find(|frames| frames[0].line == FOLDED_LINE)
                .expect("a call through the inlined function");
            for (frame, (name, line, inlined)) in call.iter().zip([
                ("c_folded", FOLDED_LINE, true),
                ("c_middle", MIDDLE_LINE, false),
            ]) {
                assert_eq!(frame.func, name, "{version}");
                assert!(frame.file.ends_with("calls/calls.c"), "{}", frame.file);
                assert_eq!((frame.line, frame.inlined), (line, inlined));
            }
        }
    }
}

#[test]
fn without_debug_information_names_stay() {
    let (bin, image) = open("1.27", ("cgo-w", &["-ldflags=-w"], &[("CGO_ENABLED", "1")]));
    let middle = bin.symbol("c_middle").unwrap();
    let expect = ImageFrame {
        func: "c_middle".to_owned(),
        file: String::new(),
        line: 0,
        inlined: false,
    };
    assert_eq!(image.frames(middle.addr + 1), [expect]);
    assert_eq!(image.frames(0), []);
}

#[test]
fn c_frames_are_stepped_over() {
    for version in ["1.19", "1.27"] {
        for variant in [CGO, CGO_PIE] {
            let (bin, image) = open(version, variant);
            let cfi = Cfi::new(&image).unwrap();
            let outer = bin.symbol("c_outer").unwrap();
            assert_eq!(cfi.function_start(outer.addr + 1), Some(outer.addr));
            let before = Regs {
                ip: outer.addr,
                sp: 0x7000,
                bp: Some(6),
                ..Regs::default()
            };
            let mut regs = before;
            cfi.step(outer.addr, &mut regs, &mut |at| Some(at ^ 0xf_0000))
                .unwrap();
            assert_eq!((regs.ip, regs.sp, regs.bp), (0xf_7000, 0x7008, Some(6)));
            // Deep in the function that has a frame of 160 bytes and more.
            let middle = bin.symbol("c_middle").unwrap();
            let deepest = (middle.addr..middle.addr + middle.size)
                .filter_map(|addr| {
                    let mut regs = before;
                    cfi.step(addr, &mut regs, &mut |at| Some(at ^ 0xf_0000))?;
                    Some(regs.sp - before.sp)
                })
                .max();
            assert!(deepest.unwrap() >= 160, "{deepest:?}");
            // Go's own code has no such table.
            let main = bin.pclntab().func_by_name("main.main")[0].entry;
            assert_eq!(cfi.function_start(main), None);
        }
    }
}

#[test]
fn linked_by_go_itself() {
    let internal = ("cgo-internal", &["-ldflags=-linkmode=internal"][..], CGO.2);
    for version in ["1.19", "1.27"] {
        let (bin, image) = open(version, internal);
        assert!(bin.is_cgo());
        let middle = bin.symbol("c_middle").unwrap();
        let func = bin.pclntab().find(middle.addr + 1).unwrap();
        assert_eq!((func.name(), func.entry), ("c_middle", middle.addr));
        assert!(func.is_foreign());
        assert_eq!(bin.pclntab().sp_delta(&func, middle.addr), None);
        let main = bin.pclntab().func_by_name("main.main")[0];
        assert!(!main.is_foreign());
        assert_eq!(
            image.symbolize(middle.addr),
            Some(("c_middle", middle.addr))
        );
    }
}

#[test]
fn programs_without_c() {
    for variant in [PLAIN, STRIPPED] {
        let path = common::program("tiny", "1.27", variant).unwrap();
        assert!(!common::open(&path).unwrap().is_cgo());
    }
}
