//! References of machine code to data: what tells where a global is when there are no symbols.

use std::ops::Range;

use iced_x86::{Decoder, DecoderOptions, Instruction};

/// The addresses within `data` that the instructions of `code`, which lies at `address`, refer to
/// relative to the program counter, in the order of the instructions.
pub fn data_refs(code: &[u8], address: u64, data: Range<u64>) -> Vec<u64> {
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut refs = Vec::new();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        if instruction.is_ip_rel_memory_operand() {
            let target = instruction.ip_rel_memory_address();
            if data.contains(&target) {
                refs.push(target);
            }
        }
    }
    refs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_references_in_order() {
        // lea rax,[rip+0x10]; call +0; mov [rip+0x20],rcx; cmp dword [rip-0x30],5; ret
        let code = [
            0x48, 0x8d, 0x05, 0x10, 0, 0, 0, //
            0xe8, 0, 0, 0, 0, //
            0x48, 0x89, 0x0d, 0x20, 0, 0, 0, //
            0x83, 0x3d, 0xd0, 0xff, 0xff, 0xff, 5, //
            0xc3,
        ];
        let at = 0x1000;
        assert_eq!(data_refs(&code, at, 0..u64::MAX), [0x1017, 0x1033, 0x0fea]);
        assert_eq!(data_refs(&code, at, 0x1000..0x1020), [0x1017]);
    }

    #[test]
    fn bytes_that_are_no_instructions_are_passed_over() {
        assert!(data_refs(&[0x06, 0x0f, 0xff], 0, 0..u64::MAX).is_empty());
        assert!(data_refs(&[0x48, 0x8d], 0, 0..u64::MAX).is_empty());
        assert!(data_refs(&[], 0, 0..u64::MAX).is_empty());
    }
}
