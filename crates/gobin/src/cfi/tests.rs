//! Stepping by tables made by hand, whole and damaged.

use super::*;
use crate::elf::Section;

/// `.eh_frame` of one CIE and one FDE for 0x1000..0x1020, at 0x2000.
fn image(augmentation: &[u8], program: &[u8]) -> Image {
    const CODE: u64 = 0x1000;
    let mut cie = vec![0, 0, 0, 0, 1];
    cie.extend_from_slice(augmentation);
    cie.push(0);
    // Code factor 1, data factor -8, return address in 16, one augmentation
    // byte: pointers are absolute. CFA = rsp + 8, return address at CFA - 8.
    cie.extend_from_slice(&[1, 0x78, 16, 1, 0x00, 0x0c, 7, 8, 0x90, 1]);
    cie.resize(cie.len().next_multiple_of(4), 0);
    let mut fde = ((4 + cie.len() + 4) as u32).to_le_bytes().to_vec();
    fde.extend_from_slice(&CODE.to_le_bytes());
    fde.extend_from_slice(&0x20u64.to_le_bytes());
    fde.push(0);
    fde.extend_from_slice(program);
    fde.resize(fde.len().next_multiple_of(4), 0);
    let mut bytes = vec![0x90; 0x1000];
    for part in [&cie, &fde] {
        bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    let size = bytes.len() as u64 - 0x1000;
    bytes.extend_from_slice(&[0; 4]);
    let mut elf = Elf::flat(bytes, CODE, true, true);
    elf.sections.push(Section {
        name: ".eh_frame".to_owned(),
        kind: elf::SHT_PROGBITS,
        flags: 0,
        addr: 0x2000,
        offset: 0x1000,
        size,
        link: 0,
    });
    Image::of(elf)
}

fn stack(at: u64) -> Option<u64> {
    // Each word tells its own address.
    (0x7000..0x8000).contains(&at).then(|| at + 0xa_0000)
}

fn regs() -> Regs {
    Regs {
        ip: 0x1010,
        sp: 0x7100,
        bp: Some(0x7200),
        rbx: Some(3),
        r12: Some(12),
        r13: None,
        r14: Some(14),
        r15: Some(15),
    }
}

fn check(image: &Image, addr: u64, expect: Option<Regs>) {
    let cfi = Cfi::new(image).expect("the image has .eh_frame");
    let mut got = regs();
    let done = cfi.step(addr, &mut got, &mut stack);
    assert_eq!(done.map(|()| got), expect, "{addr:#x}");
    if expect.is_none() {
        assert_eq!(got, regs(), "{addr:#x}: registers changed");
    }
}

#[test]
fn a_prologue_step_by_step() {
    // push rbp; mov rbp, rsp; push rbx
    let image = image(
        b"zR",
        &[0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x41, 0x83, 3],
    );
    let caller = |sp: u64| Regs {
        ip: sp - 8 + 0xa_0000,
        sp,
        ..regs()
    };
    check(&image, 0x0fff, None);
    check(&image, 0x1000, Some(caller(0x7108)));
    let pushed = Regs {
        bp: Some(0x7100 + 0xa_0000),
        ..caller(0x7110)
    };
    check(&image, 0x1001, Some(pushed));
    let framed = Regs {
        bp: Some(0x7200 + 0xa_0000),
        ..caller(0x7210)
    };
    check(&image, 0x1004, Some(framed));
    let saved = Regs {
        rbx: Some(0x71f8 + 0xa_0000),
        ..framed
    };
    check(&image, 0x1005, Some(saved));
    check(&image, 0x101f, Some(saved));
    check(&image, 0x1020, None);
}

#[test]
fn a_register_that_is_not_known_ends_the_walk() {
    // CFA = r13 + 8
    check(&image(b"zR", &[0x0c, 13, 8]), 0x1000, None);
    // The return address is undefined: the outermost frame.
    check(&image(b"zR", &[0x07, 16]), 0x1000, None);
    // The caller's frame cannot lie below the callee's: CFA = rsp - 8.
    check(&image(b"zR", &[0x12, 7, 1]), 0x1000, None);
}

#[test]
fn expressions() {
    // The procedure linkage table: CFA = rsp + 8 + ((rip & 15) >= 11) << 3.
    let plt = [
        0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22,
    ];
    let caller = |sp: u64| Regs {
        ip: sp - 8 + 0xa_0000,
        sp,
        ..regs()
    };
    check(&image(b"zR", &plt), 0x1000, Some(caller(0x7108)));
    // A signal trampoline finds everything below the stack pointer's word:
    // rsp at [rsp + 160], ip at [rsp + 168].
    let signal = [
        0x0f, 4, 0x77, 0xa0, 1, 0x06, // CFA = [rsp + 160]
        0x10, 7, 3, 0x77, 0xa0, 1, // rsp
        0x10, 16, 3, 0x77, 0xa8, 1, // return address
    ];
    let image = image(b"zRS", &signal);
    let caller = Regs {
        ip: 0x7100 + 168 + 0xa_0000,
        sp: 0x7100 + 160 + 0xa_0000,
        ..regs()
    };
    check(&image, 0x1000, Some(caller));
    assert!(Cfi::new(&image).expect("as above").is_signal_frame(0x1000));
}

#[test]
fn damaged_tables_are_survived() {
    let whole = [0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6];
    let good = image(b"zR", &whole);
    let len = good.elf.bytes().len();
    for at in 0x1000..len {
        for bit in 0..8 {
            let mut bytes = good.elf.bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let mut elf = Elf::flat(bytes, 0x1000, true, true);
            elf.sections.clone_from(&good.elf.sections);
            if let Some(cfi) = Cfi::new(&Image::of(elf)) {
                for addr in [0x1000, 0x1004] {
                    let _ = cfi.step(addr, &mut regs(), &mut stack);
                }
            }
        }
    }
}
