//! What an instruction works on.

use std::fmt::Write;

use iced_x86::Register;

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Reg(Register),
    Mem(Memory),
    /// A constant, its sign extended where Go's decoder does so.
    Imm(i64),
    /// A target, counted from the next instruction.
    Rel(i64),
}

/// A place in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) segment: Register,
    pub(crate) base: Register,
    pub(crate) index: Register,
    /// 0 where the encoding has no place for it.
    pub(crate) scale: u32,
    pub(crate) disp: i64,
}

const GENERAL: [&str; 16] = [
    "AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R14",
    "R15",
];
const BYTES: [&str; 8] = ["AL", "CL", "DL", "BL", "AH", "CH", "DH", "BH"];
const SEGMENTS: [&str; 6] = ["ES", "CS", "SS", "DS", "FS", "GS"];

/// Writes Go's name of a register, which is the same for all widths.
pub(crate) fn write_register(out: &mut String, register: Register) {
    let number = register.number();
    // AH to BH come before SPL, from which on bytes are named like the whole register.
    let byte = (register as usize).wrapping_sub(Register::AL as usize);
    let low = GENERAL.get(byte.wrapping_sub(BYTES.len() / 2));
    let numbered = [
        (register.is_xmm(), "X"),
        (register.is_ymm(), "Y"),
        (register.is_zmm(), "Z"),
        (register.is_st(), "F"),
        (register.is_mm(), "M"),
        (register.is_k(), "K"),
        (register.is_cr(), "CR"),
        (register.is_dr(), "DR"),
        (register.is_tr(), "TR"),
    ];
    if register.is_gpr8() {
        out.push_str(BYTES.get(byte).or(low).unwrap_or(&""));
    } else if register.is_gpr() {
        out.push_str(GENERAL[number & 15]);
    } else if register.is_ip() {
        out.push_str("IP");
    } else if register.is_segment_register() {
        out.push_str(SEGMENTS.get(number).unwrap_or(&""));
    } else if let Some((_, kind)) = numbered.iter().find(|(is, _)| *is) {
        // Writing to a string does not fail.
        let _ = write!(out, "{kind}{number}");
    }
}
