//! Intel's syntax, in the spelling of GNU's objdump (`-M intel`).

use std::fmt::Write;

use iced_x86::{
    Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, MemorySizeOptions, Mnemonic,
    OpCodeOperandKind, Register,
};

use super::{Lookup, MAX_LEN};

/// The text of the instruction that `code` begins with, and how many bytes it has. What no processor
/// knows is one byte of `(bad)`.
pub fn intel_syntax(code: &[u8], pc: u64, lookup: Lookup<'_>) -> (String, usize) {
    let code = &code[..code.len().min(MAX_LEN)];
    let mut decoder = Decoder::with_ip(64, code, pc, DecoderOptions::NO_INVALID_CHECK);
    let instruction = decoder.decode();
    if instruction.is_invalid() {
        return ("(bad)".to_owned(), 1);
    }
    let mut text = String::new();
    formatter(&instruction).format(&instruction, &mut text);
    spell(&mut text, &instruction);
    // Writing to a string does not fail.
    if instruction.near_branch_target() != 0 {
        let target = instruction.near_branch_target();
        let end = text.rfind(' ').unwrap_or(text.len());
        text.truncate(end);
        let _ = write!(text, " {target:x}{}", named(target, lookup));
    } else if instruction.is_ip_rel_memory_operand() {
        let place = instruction.ip_rel_memory_address();
        let _ = write!(text, "        # {place:x}{}", named(place, lookup));
    }
    (text, instruction.len())
}

fn formatter(instruction: &Instruction) -> IntelFormatter {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_uppercase_keywords(true);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_memory_size_options(MemorySizeOptions::Always);
    options.set_branch_leading_zeros(false);
    options.set_show_branch_size(false);
    options.set_rip_relative_addresses(true);
    options.set_space_after_operand_separator(false);
    options.set_always_show_scale(true);
    // A displacement of zero is shown where it has bytes of its own.
    options.set_show_zero_displacements(instruction.memory_displ_size() != 0);
    formatter
}

/// Changes what GNU spells in another way.
fn spell(text: &mut String, instruction: &Instruction) {
    let kinds = instruction.code().op_code().op_kinds();
    match instruction.mnemonic() {
        Mnemonic::Mov if kinds.get(1) == Some(&OpCodeOperandKind::imm64) => {
            text.replace_range(..3, "movabs");
        }
        Mnemonic::Sha256rnds2 => text.push_str(",xmm0"),
        _ if kinds.get(1) == Some(&OpCodeOperandKind::imm8_const_1) => {
            if let Some(end) = text.rfind("0x1") {
                text.replace_range(end.., "1");
            }
        }
        _ => {}
    }
    // A segment and a number need no brackets.
    let number = instruction.segment_prefix() != Register::None && text.contains(":[0x");
    if let Some(open) = text.find(":[0x").filter(|_| number)
        && let Some(close) = text[open..].find(']')
    {
        text.remove(open + close);
        text.remove(open + 1);
    }
}

/// The symbol that covers an address, as objdump adds it.
fn named(addr: u64, lookup: Lookup<'_>) -> String {
    match lookup(addr) {
        None => String::new(),
        Some((name, start)) if start == addr => format!(" <{name}>"),
        Some((name, start)) => format!(" <{name}+{:#x}>", addr.wrapping_sub(start)),
    }
}
