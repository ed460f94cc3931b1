//! ELF symbols by name.
//!
//! The index holds hashes and places, not names: a big binary has some hundred
//! thousand symbols, and a caller asks for a few dozen.

use std::hash::Hasher;

use object::elf;
use rustc_hash::FxHasher;

use crate::elf::Elf;

/// Where a symbol lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// Address, as linked.
    pub addr: u64,
    /// Bytes; zero when the file does not say.
    pub size: u64,
}

/// One entry of a symbol table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) addr: u64,
    pub(crate) size: u64,
    /// `STT_*`.
    pub(crate) kind: u8,
    /// `STB_*`.
    pub(crate) binding: u8,
    /// `st_shndx`.
    pub(crate) section: u16,
}

/// The raw entries of one symbol table and its strings.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    elf: &'a Elf,
    entries: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Table<'a> {
    /// The first section of type `kind` (`SHT_SYMTAB`, `SHT_DYNSYM`).
    pub(crate) fn of(elf: &'a Elf, kind: elf::SectionType) -> Option<Table<'a>> {
        let section = elf.sections.iter().find(|s| s.kind == kind)?;
        let strings = elf.sections.get(usize::try_from(section.link).ok()?)?;
        Some(Table {
            elf,
            entries: elf.section_bytes(section)?,
            strings: elf.section_bytes(strings)?,
        })
    }

    fn entry_size(&self) -> usize {
        if self.elf.is_64 { 24 } else { 16 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() / self.entry_size()
    }

    pub(crate) fn get(&self, index: usize) -> Option<Entry<'a>> {
        let elf = self.elf;
        let size = self.entry_size();
        let start = index.checked_mul(size)?;
        let raw = self.entries.get(start..start.checked_add(size)?)?;
        let name_at = usize::try_from(elf.u32_of(raw, 0)?).ok()?;
        let name = self.strings.get(name_at..)?;
        let name = &name[..name.iter().position(|&b| b == 0)?];
        let (info_at, shndx_at, value_at) = if elf.is_64 { (4, 6, 8) } else { (12, 14, 4) };
        let shndx = raw.get(shndx_at..shndx_at + 2)?.try_into().ok()?;
        Some(Entry {
            name,
            addr: elf.word_of(raw, value_at)?,
            size: elf.word_of(raw, value_at + elf.ptr_size())?,
            kind: raw[info_at] & 15,
            binding: raw[info_at] >> 4,
            section: if elf.little {
                u16::from_le_bytes(shndx)
            } else {
                u16::from_be_bytes(shndx)
            },
        })
    }
}

/// Hash → place, for the symbols that are defined in this file.
#[derive(Default)]
pub(crate) struct SymbolIndex {
    /// Sorted by hash; the top bit of the place says "dynamic table".
    sorted: Vec<(u32, u32)>,
}

const DYNAMIC: u32 = 1 << 31;

impl SymbolIndex {
    pub(crate) fn of(elf: &Elf) -> SymbolIndex {
        let mut sorted = Vec::new();
        for (kind, mark) in [(elf::SHT_SYMTAB, 0), (elf::SHT_DYNSYM, DYNAMIC)] {
            let Some(table) = Table::of(elf, kind) else {
                continue;
            };
            for i in 0..table.len().min(DYNAMIC as usize - 1) {
                if let Some(entry) = table.get(i)
                    && entry.section != elf::SHN_UNDEF.0
                    && !entry.name.is_empty()
                {
                    sorted.push((hash(entry.name), i as u32 | mark));
                }
            }
        }
        sorted.sort_unstable();
        SymbolIndex { sorted }
    }

    pub(crate) fn find(&self, elf: &Elf, name: &str) -> Option<Symbol> {
        let hash = hash(name.as_bytes());
        let start = self.sorted.partition_point(|e| e.0 < hash);
        self.sorted[start..]
            .iter()
            .take_while(|e| e.0 == hash)
            .find_map(|&(_, place)| {
                let kind = if place & DYNAMIC != 0 {
                    elf::SHT_DYNSYM
                } else {
                    elf::SHT_SYMTAB
                };
                let entry = Table::of(elf, kind)?.get((place & !DYNAMIC) as usize)?;
                (entry.name == name.as_bytes()).then_some(Symbol {
                    addr: entry.addr,
                    size: entry.size,
                })
            })
    }
}

/// For indexes of names: equal names have equal hashes.
pub(crate) fn hash(name: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    let h = hasher.finish();
    (h >> 32) as u32 ^ h as u32
}

/// A symbol of the static table, with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedSymbol<'a> {
    /// Its name; what is valid UTF-8 of it.
    pub name: &'a str,
    /// Address, as linked.
    pub addr: u64,
    /// Bytes; zero when the file does not say.
    pub size: u64,
    /// Whether it lies in code.
    pub is_code: bool,
}

/// All symbols of the static table, in its order.
pub(crate) fn all(elf: &Elf) -> Vec<NamedSymbol<'_>> {
    let Some(table) = Table::of(elf, elf::SHT_SYMTAB) else {
        return Vec::new();
    };
    let memory = elf::SHF_ALLOC.0 | elf::SHF_WRITE.0 | elf::SHF_EXECINSTR.0;
    let code = elf::SHF_ALLOC.0 | elf::SHF_EXECINSTR.0;
    // The first entry stands for none.
    let entries = (1..table.len()).filter_map(|i| table.get(i));
    let symbols = entries.map(|entry| {
        let section = elf.sections.get(usize::from(entry.section));
        NamedSymbol {
            name: match std::str::from_utf8(entry.name) {
                Ok(name) => name,
                Err(e) => std::str::from_utf8(&entry.name[..e.valid_up_to()]).unwrap_or_default(),
            },
            addr: entry.addr,
            size: entry.size,
            is_code: entry.section != elf::SHN_UNDEF.0
                && section.is_some_and(|s| s.flags & memory == code),
        }
    });
    symbols.collect()
}
