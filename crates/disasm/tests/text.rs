//! The text of single instructions: what `go tool objdump` prints for these bytes.
#![allow(clippy::unwrap_used)]

use gowhy_disasm::x86::{go_syntax, intel_syntax};
use proptest::prelude::*;

const PC: u64 = 0x10_0000;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[track_caller]
fn check(hex: &str, expect: &str, len: usize) {
    let code = bytes(hex);
    let (text, size) = go_syntax(&code, PC, &|_| None);
    assert_eq!((text.as_str(), size), (expect, len), "{hex}");
}

#[test]
fn sizes_follow_memory_or_prefixes() {
    check("48 8b 05 11 22 33 44", "MOVQ 0x44332211(IP), AX", 7);
    check("88 c1", "MOVL AL, CL", 2);
    check("88 08", "MOVB CL, 0(AX)", 2);
    check("66 89 08", "MOVW CX, 0(AX)", 3);
    check("50", "PUSHQ AX", 1);
}

#[test]
fn constants_have_the_sign_that_go_sees() {
    check("48 83 c0 ff", "ADDQ $-0x1, AX", 4);
    check("b0 81", "MOVL $0x81, AL", 2);
    check("c2 00 81", "RET $0x8100", 3);
    check("66 68 00 81", "PUSHW $-0x7f00", 4);
    check(
        "48 b8 81 92 a3 b4 c5 d6 e7 f8",
        "MOVQ $0xf8e7d6c5b4a39281, AX",
        10,
    );
    check("8b 80 f0 ff ff ff", "MOVL 0xfffffff0(AX), AX", 6);
    check("8b 40 f0", "MOVL -0x10(AX), AX", 3);
}

#[test]
fn comparisons_read_from_left_to_right() {
    check("49 3b 66 10", "CMPQ SP, 0x10(R14)", 4);
    check("3c 81", "CMPL AL, $0x81", 2);
}

#[test]
fn prefixes_stand_before_the_name() {
    check("f3 48 ab", "REP; STOSQ AX, ES:0(DI)", 3);
    check("f2 ae", "REPNE; SCASB ES:0(DI), AL", 2);
    check("f3 c3", "REP; RET", 2);
    check("f0 48 0f b1 0a", "LOCK CMPXCHGQ CX, 0(DX)", 5);
    check("2e 0f 1f 44 00 00", "CS NOPL 0(AX)(AX*1)", 6);
    check("64 48 8b 04 25 f8 ff ff ff", "MOVQ FS:0xfffffff8, AX", 9);
    check("f3 90", "PAUSE", 2);
    check("90", "NOPL", 1);
}

#[test]
fn what_go_does_not_know_is_a_byte() {
    check("f3 0f 1e fa", "?", 1);
    check("0f 01 cb", "?", 1);
    check("f3 48 0f 38 f6 c0", "?", 1);
    check("c4 e2 f8 f7 c0", "?", 1);
    check("49 66 4d 8d 49 40", "?", 1);
    check("48", "?", 1);
    check("", "?", 1);
}

#[test]
fn vectors_have_their_own_rules() {
    check("c5 fd 6f 06", "VMOVDQA 0(SI), Y0", 4);
    check("c5 fe 6f 05 11 22 33 44", "VMOVDQU 0x44332211, Y0", 8);
    // The instruction after it is taken for its operand.
    check("c5 f8 77 c3", "VZEROUPPER", 4);
    check("c5 f8 77 48 89 c8", "VZEROUPPER", 5);
    check("62 f1 7d 48 6f 40 01", "VMOVDQA32 0x40(AX), Z0", 7);
    check(
        "62 f1 75 d9 fe 40 01",
        "VPADDD.BCST.Z 0x4(AX), Z1, K1, Z0",
        7,
    );
    check("c4 e1 19 2a d8", "?", 1);
    check("c4 e1 1b 2a d8", "VCVTSI2SDL AX, X12, X3", 5);
    // Cut short, it is a move between registers.
    check("62 e1 fe 48 7f", "VMOVDQU64 Z16, Z0", 5);
}

#[test]
fn addresses_are_named() {
    let lookup = |addr: u64| match addr {
        0x10_0000..0x10_0010 => Some(("main.f", 0x10_0000)),
        0x20_0000..0x20_0100 => Some(("main.table", 0x20_0000)),
        _ => None,
    };
    let text = |hex: &str| go_syntax(&bytes(hex), PC, &lookup).0;
    assert_eq!(text("e8 fb ff ff ff"), "CALL main.f(SB)");
    // Only whole functions are named, not places in them.
    assert_eq!(text("eb 02"), "JMP 0x100004");
    assert_eq!(text("48 8d 05 f9 ff 0f 00"), "LEAQ main.table(SB), AX");
    assert_eq!(text("48 8d 05 01 00 10 00"), "LEAQ main.table+8(SB), AX");
    assert_eq!(text("b8 10 00 20 00"), "MOVL $main.table+16(SB), AX");
    assert_eq!(text("48 c7 c0 10 00 20 00"), "MOVQ $0x200010, AX");
    assert_eq!(text("8b 04 25 10 00 20 00"), "MOVL 0x200010, AX");
}

#[test]
fn intel_syntax_is_spelt_as_gnu_does() {
    let lookup = |addr: u64| match addr {
        0x10_0000..0x10_0010 => Some(("main.f", 0x10_0000)),
        0x20_0000..0x20_0100 => Some(("main.table", 0x20_0000)),
        _ => None,
    };
    for (hex, expect) in [
        ("49 3b 66 10", "cmp rsp,QWORD PTR [r14+0x10]"),
        ("e8 fb ff ff ff", "call 100000 <main.f>"),
        ("eb 02", "jmp 100004 <main.f+0x4>"),
        ("66 0f 1f 44 00 00", "nop WORD PTR [rax+rax*1+0x0]"),
        ("48 8b 06", "mov rax,QWORD PTR [rsi]"),
        (
            "48 b8 81 92 a3 b4 c5 d6 e7 f8",
            "movabs rax,0xf8e7d6c5b4a39281",
        ),
        ("49 d1 e8", "shr r8,1"),
        (
            "48 8b 05 01 00 10 00",
            "mov rax,QWORD PTR [rip+0x100001]        # 200008 <main.table+0x8>",
        ),
        (
            "64 4c 8b 34 25 f8 ff ff ff",
            "mov r14,QWORD PTR fs:0xfffffffffffffff8",
        ),
        ("c5 f8 77", "vzeroupper"),
        ("06", "(bad)"),
    ] {
        assert_eq!(intel_syntax(&bytes(hex), PC, &lookup).0, expect, "{hex}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_have_a_text(code in prop::collection::vec(any::<u8>(), 0..24), pc in any::<u64>()) {
        for syntax in [go_syntax, intel_syntax] {
            let (text, len) = syntax(&code, pc, &|addr| (addr & 1 == 1).then_some(("f", addr & !7)));
            prop_assert!(!text.is_empty());
            prop_assert!(len >= 1 && len <= code.len().clamp(1, 15));
        }
    }
}
