//! Relative relocations: the pointers of a position-independent file.
//!
//! The Go linker also writes the value in place; external linkers need not.
//! Only what `ld.so` would compute from the load address alone is known here.

use object::elf;

use crate::elf::Elf;

const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;

/// Addends of the relative relocations, by the address they apply to.
#[derive(Default)]
pub(crate) struct Relocs {
    sorted: Vec<(u64, u64)>,
}

impl Relocs {
    pub(crate) fn of(elf: &Elf) -> Relocs {
        let Some(kind) = relative_type(elf.machine) else {
            return Relocs::default();
        };
        let mut sorted = Vec::new();
        for table in tables(elf) {
            let word = elf.ptr_size();
            for entry in table.chunks_exact(3 * word) {
                let (Some(offset), Some(info), Some(addend)) = (
                    elf.word_of(entry, 0),
                    elf.word_of(entry, word),
                    elf.word_of(entry, 2 * word),
                ) else {
                    continue;
                };
                let this = if elf.is_64 {
                    info & 0xffff_ffff
                } else {
                    info & 0xff
                };
                if this == u64::from(kind) {
                    sorted.push((offset, addend));
                }
            }
        }
        sorted.sort_unstable();
        sorted.dedup_by_key(|e| e.0);
        Relocs { sorted }
    }

    /// The pointer at `vaddr` once loaded at bias zero.
    pub(crate) fn word(&self, elf: &Elf, vaddr: u64) -> Option<u64> {
        if let Ok(i) = self.sorted.binary_search_by_key(&vaddr, |e| e.0) {
            return Some(self.sorted[i].1);
        }
        elf.word_of(elf.read(vaddr, elf.ptr_size())?, 0)
    }

    /// Addresses whose pointer is `value`.
    pub(crate) fn pointing_to(&self, value: u64) -> impl Iterator<Item = u64> + '_ {
        self.sorted
            .iter()
            .filter(move |e| e.1 == value)
            .map(|e| e.0)
    }
}

fn tables(elf: &Elf) -> Vec<&[u8]> {
    let from_sections: Vec<&[u8]> = elf
        .sections
        .iter()
        .filter(|s| s.kind == elf::SHT_RELA && s.flags & elf::SHF_ALLOC.0 != 0)
        .filter_map(|s| elf.section_bytes(s))
        .collect();
    if !from_sections.is_empty() {
        return from_sections;
    }
    let (Some(addr), Some(size)) = (dynamic(elf, DT_RELA), dynamic(elf, DT_RELASZ)) else {
        return Vec::new();
    };
    usize::try_from(size)
        .ok()
        .and_then(|size| elf.read(addr, size))
        .into_iter()
        .collect()
}

fn dynamic(elf: &Elf, tag: u64) -> Option<u64> {
    let (offset, size) = elf.dynamic?;
    let word = elf.ptr_size();
    elf.file_range(offset, size)?
        .chunks_exact(2 * word)
        .find(|e| elf.word_of(e, 0) == Some(tag))
        .and_then(|e| elf.word_of(e, word))
}

fn relative_type(machine: elf::Machine) -> Option<u32> {
    Some(match machine {
        elf::EM_X86_64 => elf::R_X86_64_RELATIVE.0,
        elf::EM_AARCH64 => elf::R_AARCH64_RELATIVE.0,
        elf::EM_PPC64 => elf::R_PPC64_RELATIVE.0,
        elf::EM_S390 => elf::R_390_RELATIVE.0,
        elf::EM_RISCV => elf::R_RISCV_RELATIVE.0,
        elf::EM_LOONGARCH => elf::R_LARCH_RELATIVE.0,
        _ => return None,
    })
}
