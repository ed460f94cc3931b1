//! Instructions with VEX or EVEX.
//!
//! Go's decoder has a table of its own for them, of bits that must all match, and does not know what
//! an address relative to the next instruction is.

use iced_x86::{
    CpuidFeature, Decoder, DecoderOptions, EncodingKind, Instruction, Mnemonic, OpKind, Register,
};

use super::operand::{Memory, Operand};
use super::{Inst, ops};

/// What stands for a missing operand byte: registers, all of number 0.
const NO_OPERAND: u8 = 0xc0;

pub(super) fn decode(code: &[u8]) -> Option<Inst> {
    let opcode = match code.first()? {
        0xc5 => 2,
        0xc4 => 3,
        _ => 4,
    };
    if code.len() != opcode + 1 {
        return whole(code);
    }
    // Go's decoder goes on without what says the operands, as long as no constant follows.
    let mut longer = code.to_vec();
    longer.push(NO_OPERAND);
    let mut inst = whole(&longer)?;
    inst.len = inst.len.min(code.len());
    Some(inst)
}

fn whole(code: &[u8]) -> Option<Inst> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NO_INVALID_CHECK);
    let instruction = decoder.decode();
    let encoding = instruction.code().op_code().encoding();
    if instruction.is_invalid() || !matches!(encoding, EncodingKind::VEX | EncodingKind::EVEX) {
        return None;
    }
    let bits = Bits::of(code)?;
    if !is_known(&instruction, &bits) {
        return None;
    }
    let mut inst = Inst {
        len: instruction.len(),
        op: match instruction.mnemonic() {
            Mnemonic::Vpextrw if bits.evex && code.get(4) == Some(&0xc5) => "VPEXTRW_C5",
            Mnemonic::Vpcmpistri if bits.wide => "VPCMPISTRI64",
            mnemonic => ops::name(mnemonic),
        },
        ..Inst::default()
    };
    if matches!(
        instruction.mnemonic(),
        Mnemonic::Vzeroupper | Mnemonic::Vzeroall
    ) {
        inst.len = past_operand(code, inst.len)?;
    }
    for i in 0..instruction.op_count() {
        inst.args.extend(operand(&instruction, i));
    }
    let masked = instruction.has_op_mask();
    if masked && instruction.code().op_code().can_use_op_mask_register() {
        let place = inst.args.len().min(1);
        inst.args.insert(place, Operand::Reg(instruction.op_mask()));
    }
    let has_memory = inst.args.iter().any(|a| matches!(a, Operand::Mem(_)));
    if has_memory {
        inst.mem_bytes = instruction.memory_size().size() as u32;
    }
    inst.suffix.push_str(size(&inst, &bits));
    if bits.evex {
        extensions(&mut inst, &instruction, &bits, has_memory);
    }
    Some(inst)
}

/// What of the prefix Go's decoder goes by.
#[derive(Default)]
struct Bits {
    evex: bool,
    /// VEX.W or EVEX.W
    wide: bool,
    /// VEX.L or EVEX.L'L
    length: u8,
    /// EVEX.b
    broadcast: bool,
    /// EVEX.z
    zeroing: bool,
}

impl Bits {
    fn of(code: &[u8]) -> Option<Bits> {
        Some(match *code {
            [0xc5, b, ..] => Bits {
                length: b >> 2 & 1,
                ..Bits::default()
            },
            [0xc4, _, b, ..] => Bits {
                wide: b & 0x80 != 0,
                length: b >> 2 & 1,
                ..Bits::default()
            },
            [0x62, _, w, b, ..] => Bits {
                evex: true,
                wide: w & 0x80 != 0,
                length: b >> 5 & 3,
                broadcast: b & 0x10 != 0,
                zeroing: b & 0x80 != 0,
            },
            _ => return None,
        })
    }
}

fn is_known(instruction: &Instruction, bits: &Bits) -> bool {
    use {CpuidFeature as F, Mnemonic as M};
    let form = instruction.code().op_code();
    // Where a bit does not matter, the table has the instruction with it clear only.
    let ignores_width = form.is_wig() && instruction.mnemonic() != M::Vpcmpistri
        || matches!(
            instruction.mnemonic(),
            M::Vextractps
                | M::Vmovmskpd
                | M::Vmovmskps
                | M::Vpextrb
                | M::Vpextrw
                | M::Vpinsrb
                | M::Vpinsrw
                | M::Vpmovmskb
        );
    if ignores_width && bits.wide || form.is_lig() && bits.length != 0 {
        return false;
    }
    let unknown = |feature: &F| {
        matches!(
            feature,
            F::AMX_BF16
                | F::AMX_COMPLEX
                | F::AMX_FP16
                | F::AMX_INT8
                | F::AMX_TILE
                | F::BMI1
                | F::BMI2
                | F::CMPCCXADD
                | F::FMA4
                | F::XOP
        )
    };
    // Whatever gathers or scatters needs a mask.
    let unmasked = bits.evex && instruction.is_vsib() && !instruction.has_op_mask();
    !(unmasked || instruction.cpuid_features().iter().any(unknown))
}

/// Go's decoder takes what follows these instructions without operands for one: the end of that.
fn past_operand(code: &[u8], end: usize) -> Option<usize> {
    let Some(modrm) = code.get(end) else {
        return Some(end);
    };
    let (mode, place) = (modrm >> 6, modrm & 7);
    let mut end = end + 1;
    let mut base = place;
    if mode != 3 && place == 4 {
        base = code.get(end)? & 7;
        end += 1;
    }
    end += match mode {
        0 if base == 5 => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    (end <= code.len()).then_some(end)
}

fn operand(instruction: &Instruction, i: u32) -> Option<Operand> {
    Some(match instruction.op_kind(i) {
        OpKind::Register => Operand::Reg(instruction.op_register(i)),
        OpKind::Immediate8 => Operand::Imm(i64::from(instruction.immediate8())),
        OpKind::Memory => {
            let base = instruction.memory_base();
            let disp = instruction.memory_displacement64();
            // Of what is relative to the next instruction, Go's decoder knows the distance only.
            let relative = base.is_ip().then_some(instruction.len() as u64);
            Operand::Mem(Memory {
                segment: Register::None,
                base: if base.is_ip() { Register::None } else { base },
                index: instruction.memory_index(),
                scale: match instruction.memory_index() {
                    Register::None => u32::from(base == Register::None),
                    _ => instruction.memory_index_scale(),
                },
                disp: disp.wrapping_sub(relative.unwrap_or(0)) as i64,
            })
        }
        _ => return None,
    })
}

/// The size at the end of the names of some conversions, where the operands do not tell.
fn size(inst: &Inst, bits: &Bits) -> &'static str {
    let is_64 = inst
        .args
        .iter()
        .any(|a| matches!(a, Operand::Reg(r) if r.is_gpr64()));
    match inst.op {
        "VCVTSI2SD" | "VCVTSI2SS" if is_64 || inst.mem_bytes == 8 => "Q",
        "VCVTSI2SD" | "VCVTSI2SS" => "L",
        "VCVTTSD2SI" | "VCVTTSS2SI" | "VCVTSD2SI" | "VCVTSS2SI" if is_64 => "Q",
        "VCVTTPD2DQ" | "VCVTTPD2UDQ" | "VCVTTPD2QQ" | "VCVTTPD2UQQ" | "VCVTPD2UDQ"
        | "VCVTPD2QQ" | "VCVTPD2UQQ" | "VCVTPD2PS"
            if bits.evex =>
        {
            ""
        }
        "VFPCLASSPD" | "VFPCLASSPS" | "VCVTTPD2DQ" | "VCVTTPD2UDQ" | "VCVTTPD2QQ"
        | "VCVTTPD2UQQ" | "VCVTPD2DQ" | "VCVTPD2UDQ" | "VCVTPD2QQ" | "VCVTPD2UQQ" | "VCVTPD2PS" => {
            ["X", "Y", "Z", ""][usize::from(bits.length & 3)]
        }
        _ => "",
    }
}

/// What EVEX adds to an instruction.
fn extensions(inst: &mut Inst, instruction: &Instruction, bits: &Bits, has_memory: bool) {
    let half = |f: &CpuidFeature| *f == CpuidFeature::AVX512_FP16;
    let half = instruction.cpuid_features().iter().any(half);
    let constant = inst.args.iter().any(|a| matches!(a, Operand::Imm(_)));
    if bits.broadcast && has_memory {
        if instruction.is_broadcast() && !(half && constant) {
            inst.suffix.push_str(".BCST");
        }
    } else if bits.broadcast {
        let form = instruction.code().op_code();
        let rounds = form.can_use_rounding_control() && !half
            || matches!(inst.op, "VCVTPS2PD" | "VCVTSS2SD");
        inst.suffix.push_str(match bits.length {
            _ if !rounds => ".SAE",
            0 => ".RN_SAE",
            1 => ".RD_SAE",
            2 => ".RU_SAE",
            _ => ".RZ_SAE",
        });
    }
    if bits.zeroing {
        inst.suffix.push_str(".Z");
    }
}
