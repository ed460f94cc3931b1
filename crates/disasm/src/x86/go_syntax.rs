//! Go's assembler syntax.
//!
//! Operands stand in the order of data flow: source first, except in comparisons.

use std::fmt::Write;

use iced_x86::Register;

use super::operand::{Memory, Operand, write_register};
use super::{Inst, Lookup, ops};

/// The text of an instruction at `pc`.
pub(super) fn text(inst: &Inst, pc: u64, lookup: Lookup<'_>) -> String {
    let mut out = String::with_capacity(32);
    out.push_str(inst.repeat);
    out.push_str(inst.prefix);
    out.push_str(inst.op);
    if ops::has_size(inst.op) {
        out.push_str(size(inst));
    }
    out.push_str(&inst.suffix);
    let backward = inst.op == "CMP";
    for i in 0..inst.args.len() {
        out.push_str(if i == 0 { " " } else { ", " });
        let at = if backward { i } else { inst.args.len() - 1 - i };
        write_operand(&mut out, inst, &inst.args[at], pc, lookup);
    }
    out
}

/// The size at the end of a name.
fn size(inst: &Inst) -> &'static str {
    let bits = match inst.args[..] {
        _ if inst.mem_bytes != 0 => inst.mem_bytes * 8,
        [Operand::Reg(register)] if register.is_gpr64() => 64,
        _ => inst.data_size,
    };
    match bits {
        8 => "B",
        16 => "W",
        32 => "L",
        64 => "Q",
        _ => "",
    }
}

/// Writing to a string does not fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => { let _ = write!($out, $($arg)*); };
}

fn write_operand(out: &mut String, inst: &Inst, operand: &Operand, pc: u64, lookup: Lookup<'_>) {
    match *operand {
        Operand::Reg(register) => write_register(out, register),
        Operand::Rel(offset) => {
            let target = pc.wrapping_add(inst.len as u64).wrapping_add(offset as u64);
            match lookup(target) {
                Some((name, start)) if start == target => {
                    put!(out, "{name}(SB)");
                }
                _ => {
                    put!(out, "{target:#x}");
                }
            }
        }
        Operand::Imm(value) => {
            let address = matches!(inst.op, "MOV" | "PUSH") && inst.data_size == 32;
            if let Some((name, start)) = lookup(value as u64).filter(|_| address) {
                put!(out, "${name}");
                if value as u64 != start {
                    put!(out, "+{}", (value as u64).wrapping_sub(start));
                }
                out.push_str("(SB)");
                return;
            }
            out.push('$');
            match i32::try_from(value) {
                Ok(value) => write_hex(out, i64::from(value)),
                Err(_) => {
                    put!(out, "{value:#x}");
                }
            }
        }
        Operand::Mem(memory) => write_memory(out, inst, &memory, pc, lookup),
    }
}

fn write_memory(out: &mut String, inst: &Inst, memory: &Memory, pc: u64, lookup: Lookup<'_>) {
    let place = address(inst, memory, pc);
    if let Some((place, (name, start))) = place.and_then(|p| Some((p, lookup(p)?))) {
        out.push_str(name);
        let offset = place.wrapping_sub(start) as i64;
        if offset != 0 {
            put!(out, "{offset:+}");
        }
        out.push_str("(SB)");
        return;
    }
    if memory.segment != Register::None {
        write_register(out, memory.segment);
        out.push(':');
    }
    match memory.disp {
        0 => out.push('0'),
        disp => write_hex(out, disp),
    }
    if memory.base != Register::None {
        out.push('(');
        write_register(out, memory.base);
        out.push(')');
    }
    if memory.index != Register::None && memory.scale != 0 {
        out.push('(');
        write_register(out, memory.index);
        put!(out, "*{})", memory.scale);
    }
}

/// The address of a memory operand that has no register but the program counter.
fn address(inst: &Inst, memory: &Memory, pc: u64) -> Option<u64> {
    if memory.segment != Register::None
        || memory.disp == 0
        || memory.index != Register::None
        || memory.scale != 0
    {
        return None;
    }
    match memory.base {
        base if base.is_ip() => {
            let next = pc.wrapping_add(inst.len as u64);
            Some(next.wrapping_add(memory.disp as u64))
        }
        Register::None => Some(memory.disp as u64),
        _ => None,
    }
}

fn write_hex(out: &mut String, value: i64) {
    let sign = if value < 0 { "-" } else { "" };
    put!(out, "{sign}{:#x}", value.unsigned_abs());
}
