//! `runtime.firstmoduledata` as the linker left it in the file.
//!
//! The values are those of a load bias of zero. What varies between releases
//! is a table of words, mirroring `runtime/symtab.go`; an unknown release is
//! matched against the known shapes, newest first.

use crate::elf::Elf;
use crate::header::{Header, Magic};
use crate::reloc::Relocs;

/// The static part of the runtime's module record. Addresses, as linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModuleData {
    /// Where the record itself lies.
    pub addr: u64,
    /// Address of the pclntab header.
    pub pc_header: u64,
    /// First function entry.
    pub minpc: u64,
    /// End of the last function.
    pub maxpc: u64,
    /// Start of Go text.
    pub text: u64,
    /// End of Go text.
    pub etext: u64,
    /// Initialised data without pointers.
    pub noptrdata: u64,
    /// End of it.
    pub enoptrdata: u64,
    /// Initialised data with pointers.
    pub data: u64,
    /// End of it.
    pub edata: u64,
    /// Zeroed data with pointers.
    pub bss: u64,
    /// End of it.
    pub ebss: u64,
    /// Zeroed data without pointers.
    pub noptrbss: u64,
    /// End of it.
    pub enoptrbss: u64,
    /// End of all Go data.
    pub end: u64,
    /// Start of type descriptors.
    pub types: u64,
    /// End of type descriptors.
    pub etypes: u64,
    /// Start of read-only data (Go 1.18 on).
    pub rodata: Option<u64>,
    /// What function data is relative to (Go 1.18 on).
    pub gofunc: Option<u64>,
    /// `textsectmap`: address and number of entries; one entry but for huge programs.
    pub(crate) text_sections: (u64, usize),
}

/// Word indices that vary.
struct Shape {
    minor: u32,
    end: u64,
    types: u64,
    etypes: u64,
    rodata: Option<u64>,
    gofunc: Option<u64>,
    textsectmap: u64,
}

const fn shape(minor: u32, end: u64, etypes: u64, gofunc: u64, textsectmap: u64) -> Shape {
    Shape {
        minor,
        end,
        types: end + 3,
        etypes,
        rodata: Some(gofunc - 1),
        gofunc: Some(gofunc),
        textsectmap,
    }
}

/// `minor` is the first release with the shape; newest first.
const SHAPES: [Shape; 5] = [
    shape(27, 34, 39, 43, 45),
    shape(26, 34, 38, 40, 42),
    shape(20, 34, 38, 40, 41),
    shape(18, 32, 36, 38, 39),
    Shape {
        minor: 16,
        end: 32,
        types: 35,
        etypes: 36,
        rodata: None,
        gofunc: None,
        textsectmap: 37,
    },
];

/// Words before `findfunctab`: seven slices since Go 1.16, three before.
const PREFIX: u64 = 19;
const OLD_PREFIX: u64 = 9;

impl ModuleData {
    pub(crate) fn find(
        elf: &Elf,
        relocs: &Relocs,
        header: &Header,
        minor: Option<u32>,
    ) -> Option<ModuleData> {
        candidates(elf, relocs, header)
            .find_map(|addr| ModuleData::at(elf, relocs, header, minor, addr))
    }

    fn at(
        elf: &Elf,
        relocs: &Relocs,
        header: &Header,
        minor: Option<u32>,
        addr: u64,
    ) -> Option<ModuleData> {
        let size = header.ptr as u64;
        let word = |n: u64| relocs.word(elf, addr.checked_add(n.checked_mul(size)?)?);
        let prefix = if header.magic == Magic::Go12 {
            if word(1)? != word(2)? || word(3)? != header.addr.checked_add(8 + size)? {
                return None;
            }
            OLD_PREFIX
        } else {
            if word(1)? != header.addr.checked_add(header.names as u64)? {
                return None;
            }
            PREFIX
        };
        let mut md = ModuleData {
            addr,
            pc_header: word(0)?,
            minpc: word(prefix + 1)?,
            maxpc: word(prefix + 2)?,
            text: word(prefix + 3)?,
            etext: word(prefix + 4)?,
            noptrdata: word(prefix + 5)?,
            enoptrdata: word(prefix + 6)?,
            data: word(prefix + 7)?,
            edata: word(prefix + 8)?,
            bss: word(prefix + 9)?,
            ebss: word(prefix + 10)?,
            noptrbss: word(prefix + 11)?,
            enoptrbss: word(prefix + 12)?,
            ..ModuleData::default()
        };
        if md.pc_header != header.addr || md.minpc > md.maxpc || md.text > md.etext {
            return None;
        }
        if header.magic == Magic::Go12 {
            md.end = word(prefix + 13)?;
            // Go 1.7 put the types behind two GC masks.
            md.types = word(prefix + 16).unwrap_or(0);
            md.etypes = word(prefix + 17).unwrap_or(0);
            return Some(md);
        }
        let fits = |s: &&Shape| match header.magic {
            Magic::Go12 => false,
            Magic::Go116 => s.minor == 16,
            Magic::Go118 => s.minor == 18,
            Magic::Go120 => s.minor >= 20,
        };
        let known = minor.and_then(|m| SHAPES.iter().filter(fits).find(|s| s.minor <= m));
        let shape = known
            .into_iter()
            .chain(SHAPES.iter().filter(fits))
            .find(|s| s.holds(elf, &word))?;
        md.end = word(shape.end)?;
        md.types = word(shape.types)?;
        md.etypes = word(shape.etypes)?;
        md.rodata = shape.rodata.and_then(word);
        md.gofunc = shape.gofunc.and_then(word);
        let sections = usize::try_from(word(shape.textsectmap + 1)?).ok()?;
        md.text_sections = (word(shape.textsectmap)?, sections);
        Some(md)
    }
}

impl Shape {
    fn holds(&self, elf: &Elf, word: &impl Fn(u64) -> Option<u64>) -> bool {
        let check = || {
            let len = word(self.textsectmap + 1)?;
            let slice = len == word(self.textsectmap + 2)? && len < 1 << 16;
            let types = word(self.types)? <= word(self.etypes)?;
            let gofunc = match self.gofunc {
                Some(at) => elf.file_offset(word(at)?).is_some(),
                None => true,
            };
            Some(slice && types && gofunc)
        };
        check() == Some(true)
    }
}

/// Addresses at which a word points to the pclntab header.
fn candidates<'a>(
    elf: &'a Elf,
    relocs: &'a Relocs,
    header: &'a Header,
) -> impl Iterator<Item = u64> + 'a {
    let section = elf.section(".go.module").map(|s| s.addr);
    let mut needle = if elf.little {
        header.addr.to_le_bytes().to_vec()
    } else {
        header.addr.to_be_bytes().to_vec()
    };
    if header.ptr == 4 {
        needle = if elf.little {
            needle[..4].to_vec()
        } else {
            needle[4..].to_vec()
        };
    }
    let scanned = elf
        .segments
        .iter()
        .filter(|s| !s.executable)
        .flat_map(move |s| {
            let bytes = elf.file_offset(s.vaddr).map_or(&[][..], |(offset, left)| {
                &elf.bytes()[offset..offset + left]
            });
            let vaddr = s.vaddr;
            let hits: Vec<u64> = memchr::memmem::find_iter(bytes, &needle)
                .map(|hit| vaddr.wrapping_add(hit as u64))
                .filter(|addr| addr % header.ptr as u64 == 0)
                .collect();
            hits
        });
    section
        .into_iter()
        .chain(relocs.pointing_to(header.addr))
        .chain(scanned)
}
