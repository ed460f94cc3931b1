//! Intel's syntax, in the spelling of GNU's objdump.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

use super::{Lookup, MAX_LEN};

/// The text of the instruction that `code` begins with, and how many bytes it has.
pub fn intel_syntax(code: &[u8], pc: u64, lookup: Lookup<'_>) -> (String, usize) {
    let code = &code[..code.len().min(MAX_LEN)];
    let mut decoder = Decoder::with_ip(64, code, pc, DecoderOptions::NO_INVALID_CHECK);
    let instruction = decoder.decode();
    if instruction.is_invalid() {
        return ("(bad)".to_owned(), 1);
    }
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_memory_size_options(iced_x86::MemorySizeOptions::Always);
    options.set_branch_leading_zeros(false);
    options.set_show_branch_size(false);
    options.set_rip_relative_addresses(true);
    options.set_space_after_operand_separator(false);
    let mut text = String::new();
    formatter.format(&instruction, &mut text);
    let _ = lookup;
    (text, instruction.len())
}
