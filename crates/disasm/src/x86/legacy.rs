//! Instructions without VEX or EVEX.

use iced_x86::{
    ConstantOffsets, Decoder, DecoderOptions, EncodingKind, Instruction, MandatoryPrefix, Mnemonic,
    OpKind, Register,
};

use super::operand::{Memory, Operand};
use super::{Inst, ops};

const OPTIONS: u32 = DecoderOptions::NO_INVALID_CHECK | DecoderOptions::NO_WBNOINVD;

/// The prefixes of an instruction, in their order.
struct Prefixes<'a> {
    bytes: &'a [u8],
    rex: u8,
}

fn is_prefix(byte: u8) -> bool {
    matches!(
        byte,
        0xf0 | 0xf2 | 0xf3 | 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0x66 | 0x67
    )
}

impl<'a> Prefixes<'a> {
    fn of(code: &'a [u8]) -> Prefixes<'a> {
        let count = code.iter().take_while(|b| is_prefix(**b)).count();
        let (bytes, rest) = code.split_at(count);
        let rex = rest.first().filter(|b| **b & 0xf0 == 0x40);
        Prefixes {
            bytes,
            rex: rex.copied().unwrap_or(0),
        }
    }

    fn len(&self) -> usize {
        self.bytes.len() + usize::from(self.rex != 0)
    }

    fn last(&self, of: &[u8]) -> Option<usize> {
        self.bytes.iter().rposition(|b| of.contains(b))
    }

    fn data_size(&self) -> u32 {
        match self.last(&[0x66]) {
            _ if self.rex & 8 != 0 => 64,
            Some(_) => 16,
            None => 32,
        }
    }

    /// The segment that strings are read from.
    fn source(&self) -> Register {
        match self.segment() {
            Register::None => Register::DS,
            segment => segment,
        }
    }

    /// The segment that an override picks.
    fn segment(&self) -> Register {
        match self.last(&[0x64, 0x65]).map(|at| self.bytes[at]) {
            Some(0x64) => Register::FS,
            Some(_) => Register::GS,
            None => Register::None,
        }
    }
}

pub(super) fn decode(code: &[u8]) -> Option<Inst> {
    let prefixes = Prefixes::of(code);
    // What has no meaning in 64-bit mode after prefixes: VEX, EVEX, and other prefixes after REX.
    match *code.get(prefixes.len())? {
        0xc4 | 0xc5 | 0x62 | 0x40..=0x4f => return None,
        first if prefixes.rex != 0 && is_prefix(first) => return None,
        _ => {}
    }
    let mut decoder = Decoder::with_ip(64, code, 0, OPTIONS);
    let instruction = decoder.decode();
    if instruction.is_invalid() || instruction.code().op_code().encoding() != EncodingKind::Legacy {
        return None;
    }
    let offsets = decoder.get_constant_offsets(&instruction);
    let op = ops::legacy(&instruction)?;
    let mut inst = Inst {
        len: instruction.len(),
        op,
        data_size: prefixes.data_size(),
        ..Inst::default()
    };
    for i in 0..instruction.op_count() {
        let operand = operand(&instruction, i, code, &offsets, &prefixes)?;
        inst.args.push(operand);
    }
    let has_memory = inst.args.iter().any(|a| matches!(a, Operand::Mem(_)));
    if has_memory && !matches!(op, "LEA" | "FLDENV" | "FRSTOR") {
        inst.mem_bytes = instruction.memory_size().size() as u32;
    }
    match instruction.mnemonic() {
        Mnemonic::Int3 => inst.args.push(Operand::Imm(3)),
        Mnemonic::Xlatb => {
            if let Some(Operand::Mem(memory)) = inst.args.first_mut() {
                memory.segment = prefixes.source();
                memory.index = Register::None;
            }
        }
        Mnemonic::Pblendvb | Mnemonic::Blendvps | Mnemonic::Blendvpd | Mnemonic::Sha256rnds2 => {
            inst.args.push(Operand::Reg(Register::XMM0));
        }
        Mnemonic::Fcom | Mnemonic::Fcomp | Mnemonic::Fucom | Mnemonic::Fucomp | Mnemonic::Fxch
            if inst.args.len() == 2 =>
        {
            inst.args.remove(0);
        }
        Mnemonic::Maskmovq | Mnemonic::Maskmovdqu => {
            inst.args.retain(|a| matches!(a, Operand::Reg(_)))
        }
        _ => {}
    }
    shown_prefixes(&mut inst, &instruction, &prefixes);
    Some(inst)
}

/// What of the prefixes the text shows beside the name.
fn shown_prefixes(inst: &mut Inst, instruction: &Instruction, prefixes: &Prefixes<'_>) {
    // That of a string's destination cannot be overridden.
    let has_memory = inst
        .args
        .iter()
        .any(|a| matches!(a, Operand::Mem(memory) if memory.segment != Register::ES));
    let mandatory = instruction.code().op_code().mandatory_prefix();
    let repeat = prefixes.last(&[0xf2, 0xf3]);
    let segment = prefixes.last(&[0x64, 0x65]);
    let hint = prefixes.last(&[0x2e, 0x3e]);
    let takes_hint = instruction.is_jcc_short_or_near()
        || instruction.is_jcx_short()
        || instruction.is_loop()
        || instruction.is_loopcc();
    for (at, byte) in prefixes.bytes.iter().enumerate() {
        let implied = match byte {
            0xf2 | 0xf3 => {
                let wanted = [MandatoryPrefix::PF2, MandatoryPrefix::PF3];
                Some(at) == repeat && wanted.contains(&mandatory)
            }
            0x64 | 0x65 => Some(at) == segment && has_memory,
            _ => false,
        };
        if implied {
            continue;
        }
        let hinted = takes_hint && Some(at) == hint;
        match byte {
            0xf2 => inst.repeat = "REPNE; ",
            0xf3 => inst.repeat = "REP; ",
            0x26 => inst.prefix = "ES ",
            0x2e => inst.prefix = if hinted { "PN " } else { "CS " },
            0x36 => inst.prefix = "SS ",
            0x3e => inst.prefix = if hinted { "PT " } else { "DS " },
            0x64 => inst.prefix = "FS ",
            0x65 => inst.prefix = "GS ",
            0xf0 => inst.prefix = "LOCK ",
            // Sizes are not shown, but hide the prefixes before them.
            _ => inst.prefix = "",
        }
    }
}

fn operand(
    instruction: &Instruction,
    i: u32,
    code: &[u8],
    offsets: &ConstantOffsets,
    prefixes: &Prefixes<'_>,
) -> Option<Operand> {
    use OpKind as K;
    let string = |base, segment| {
        Operand::Mem(Memory {
            segment,
            base,
            ..Memory::default()
        })
    };
    let source = prefixes.source();
    Some(match instruction.op_kind(i) {
        K::Register => Operand::Reg(instruction.op_register(i)),
        K::NearBranch16 | K::NearBranch32 | K::NearBranch64 => {
            let (at, size) = (offsets.immediate_offset(), offsets.immediate_size());
            Operand::Rel(signed(code, at, size)?)
        }
        K::Immediate8 => Operand::Imm(i64::from(instruction.immediate8())),
        K::Immediate8_2nd => Operand::Imm(i64::from(instruction.immediate8_2nd())),
        K::Immediate16 => Operand::Imm(match instruction.mnemonic() {
            Mnemonic::Ret | Mnemonic::Retf | Mnemonic::Enter => {
                i64::from(instruction.immediate16())
            }
            _ => i64::from(instruction.immediate16() as i16),
        }),
        K::Immediate32 => Operand::Imm(i64::from(instruction.immediate32() as i32)),
        K::Immediate64 => Operand::Imm(instruction.immediate64() as i64),
        K::Immediate8to16 => Operand::Imm(i64::from(instruction.immediate8to16())),
        K::Immediate8to32 => Operand::Imm(i64::from(instruction.immediate8to32())),
        K::Immediate8to64 => Operand::Imm(instruction.immediate8to64()),
        K::Immediate32to64 => Operand::Imm(instruction.immediate32to64()),
        K::MemorySegESI | K::MemorySegRSI | K::MemorySegSI => string(Register::RSI, source),
        K::MemorySegEDI | K::MemorySegRDI | K::MemorySegDI => string(Register::RDI, source),
        K::MemoryESDI | K::MemoryESEDI | K::MemoryESRDI => string(Register::RDI, Register::ES),
        K::Memory => Operand::Mem(Memory {
            segment: prefixes.segment(),
            base: instruction.memory_base(),
            index: instruction.memory_index(),
            scale: scale(code, instruction, prefixes),
            disp: displacement(code, offsets)?,
        }),
        _ => return None,
    })
}

/// The scale, also where there is no index to scale: all that counts is that there is a place for it.
fn scale(code: &[u8], instruction: &Instruction, _prefixes: &Prefixes<'_>) -> u32 {
    let _ = code;
    match instruction.memory_index() {
        Register::None => u32::from(instruction.memory_base() == Register::None),
        _ => instruction.memory_index_scale(),
    }
}

/// Go's decoder extends the sign of a byte, but not that of 32 bits.
fn displacement(code: &[u8], offsets: &ConstantOffsets) -> Option<i64> {
    let (at, size) = (offsets.displacement_offset(), offsets.displacement_size());
    Some(match size {
        0 => 0,
        1 => signed(code, at, 1)?,
        4 => i64::from(signed(code, at, 4)? as u32),
        _ => signed(code, at, size)?,
    })
}

/// The little-endian number of `size` bytes.
fn signed(code: &[u8], at: usize, size: usize) -> Option<i64> {
    let bytes = code.get(at..at.checked_add(size)?)?;
    let negative = bytes.last().is_some_and(|b| *b >= 0x80);
    let mut all = if negative { [0xff; 8] } else { [0; 8] };
    all.get_mut(..size)?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(all))
}
