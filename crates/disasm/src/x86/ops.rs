//! Instructions by name: what Go calls them, and which of them its decoder knows.

use std::sync::OnceLock;

use iced_x86::{Code, CpuidFeature, Instruction, Mnemonic};

/// Intel's name.
pub(super) fn name(mnemonic: Mnemonic) -> &'static str {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let all = Mnemonic::values();
        all.map(|m| format!("{m:?}").to_uppercase()).collect()
    });
    names.get(mnemonic as usize).map_or("", String::as_str)
}

/// Go's name of an instruction without VEX or EVEX; `None` if its decoder does not know it.
pub(super) fn legacy(instruction: &Instruction) -> Option<&'static str> {
    if !is_known(instruction) {
        return None;
    }
    let strings = instruction.is_string_instruction();
    let mnemonic = instruction.mnemonic();
    Some(match mnemonic {
        Mnemonic::Movsd if !strings => "MOVSD_XMM",
        Mnemonic::Cmpsd if !strings => "CMPSD_XMM",
        Mnemonic::Retf => "LRET",
        Mnemonic::Wait => "FWAIT",
        Mnemonic::Int3 => "INT",
        Mnemonic::Int1 => "ICEBP",
        Mnemonic::Pcmpestri64 => "PCMPESTRI",
        Mnemonic::Pcmpestrm64 => "PCMPESTRM",
        Mnemonic::Clflushopt => "CLFLUSH",
        Mnemonic::Clwb => "XSAVEOPT",
        Mnemonic::Call if instruction.is_call_far_indirect() => "LCALL",
        Mnemonic::Jmp if instruction.is_jmp_far_indirect() => "LJMP",
        Mnemonic::Sysretq => "SYSRET",
        Mnemonic::Sysexitq => "SYSEXIT",
        mnemonic => name(mnemonic),
    })
}

/// Whether Go's decoder knows the instruction: up to a certain time, and not by its other encodings.
fn is_known(instruction: &Instruction) -> bool {
    use {Code as C, CpuidFeature as F};
    let new = |feature: &F| {
        matches!(
            feature,
            F::ADX
                | F::AESKLE
                | F::CET_IBT
                | F::CET_SS
                | F::CLDEMOTE
                | F::CLZERO
                | F::D3NOW
                | F::ENQCMD
                | F::FRED
                | F::GFNI
                | F::HRESET
                | F::INVLPGB
                | F::KL
                | F::LKGS
                | F::MCOMMIT
                | F::MONITORX
                | F::MOVDIR64B
                | F::MOVDIRI
                | F::MSRLIST
                | F::OSS
                | F::PADLOCK_ACE
                | F::PADLOCK_GMI
                | F::PADLOCK_PHE
                | F::PADLOCK_PMM
                | F::PADLOCK_RNG
                | F::PADLOCK_UNDOC
                | F::PCONFIG
                | F::PKU
                | F::PREFETCHITI
                | F::PREFETCHWT1
                | F::PTWRITE
                | F::RAO_INT
                | F::RDPID
                | F::RDPRU
                | F::RDSEED
                | F::RMPQUERY
                | F::SERIALIZE
                | F::SEV_ES
                | F::SEV_SNP
                | F::SGX1
                | F::SKINIT_or_SVM
                | F::SMAP
                | F::SMX
                | F::SVM
                | F::TDX
                | F::TSE
                | F::TSXLDTRK
                | F::UINTR
                | F::VMX
                | F::WAITPKG
                | F::WRMSRNS
        )
    };
    let other_encoding = matches!(
        instruction.code(),
        C::Extrq_xmm_imm8_imm8
            | C::Extrq_xmm_xmm
            | C::Insertq_xmm_xmm
            | C::Insertq_xmm_xmm_imm8_imm8
            | C::Fcom_st0_sti_DCD0
            | C::Fcomp_st0_sti_DCD8
            | C::Fcomp_st0_sti_DED0
            | C::Fndisi
            | C::Fneni
            | C::Fnsetpm
            | C::Fstp_sti_DFD0
            | C::Fstp_sti_DFD8
            | C::Fstpnce_sti
            | C::Fxch_st0_sti_DDC8
            | C::Fxch_st0_sti_DFC8
            | C::Prefetch_m8
            | C::Prefetchreserved3_m8
            | C::Prefetchreserved4_m8
            | C::Prefetchreserved5_m8
            | C::Prefetchreserved6_m8
            | C::Prefetchreserved7_m8
            | C::Test_rm8_imm8_F6r1
            | C::Test_rm16_imm16_F7r1
            | C::Test_rm32_imm32_F7r1
            | C::Test_rm64_imm32_F7r1
            | C::Ud0_r16_rm16
            | C::Ud0_r64_rm64
            | C::Ud1_r16_rm16
            | C::Ud1_r64_rm64
            | C::Nop_rm64
            | C::Lfence_E9
            | C::Lfence_EA
            | C::Lfence_EB
            | C::Lfence_EC
            | C::Lfence_ED
            | C::Lfence_EE
            | C::Lfence_EF
            | C::Mfence_F1
            | C::Mfence_F2
            | C::Mfence_F3
            | C::Mfence_F4
            | C::Mfence_F5
            | C::Mfence_F6
            | C::Mfence_F7
            | C::Sfence_F9
            | C::Sfence_FA
            | C::Sfence_FB
            | C::Sfence_FC
            | C::Sfence_FD
            | C::Sfence_FE
            | C::Sfence_FF
    );
    let mnemonic = instruction.mnemonic();
    !(other_encoding
        || matches!(mnemonic, Mnemonic::Sal | Mnemonic::Reservednop)
        || instruction.cpuid_features().iter().any(new))
}

/// Whether Go's text of the instruction ends in the size of what it works on.
pub(super) fn has_size(op: &str) -> bool {
    matches!(
        op,
        "ADC"
            | "ADD"
            | "AND"
            | "BSF"
            | "BSR"
            | "BT"
            | "BTC"
            | "BTR"
            | "BTS"
            | "CMP"
            | "CMPXCHG"
            | "CVTSI2SD"
            | "CVTSI2SS"
            | "CVTSD2SI"
            | "CVTSS2SI"
            | "CVTTSD2SI"
            | "CVTTSS2SI"
            | "DEC"
            | "DIV"
            | "FLDENV"
            | "FRSTOR"
            | "IDIV"
            | "IMUL"
            | "IN"
            | "INC"
            | "LEA"
            | "MOV"
            | "MOVNTI"
            | "MUL"
            | "NEG"
            | "NOP"
            | "NOT"
            | "OR"
            | "OUT"
            | "POP"
            | "POPCNT"
            | "PUSH"
            | "RCL"
            | "RCR"
            | "ROL"
            | "ROR"
            | "SAR"
            | "SBB"
            | "SHL"
            | "SHLD"
            | "SHR"
            | "SHRD"
            | "SUB"
            | "TEST"
            | "XADD"
            | "XCHG"
            | "XOR"
    )
}
