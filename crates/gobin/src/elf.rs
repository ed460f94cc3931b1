//! ELF headers as plain data: segments, sections, and bytes by address.
//!
//! It reads both classes and both byte orders, and treats section headers as
//! optional: a file whose section table is absent or damaged is read through
//! its program headers alone, as the kernel does.

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, ReadRef};

use crate::header::Header;
use crate::{Data, Error};

/// A loadable segment of the file (`PT_LOAD`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// First address, as linked.
    pub vaddr: u64,
    /// Bytes in memory.
    pub memsz: u64,
    /// Where the bytes start in the file.
    pub offset: u64,
    /// Bytes in the file; the rest of `memsz` is zero.
    pub filesz: u64,
    /// `vaddr` and `offset` agree in multiples of this; 0 and 1 say nothing.
    pub align: u64,
    /// Mapped readable.
    pub readable: bool,
    /// Mapped writable.
    pub writable: bool,
    /// Mapped executable.
    pub executable: bool,
}

/// A section header, its name resolved.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) kind: elf::SectionType,
    pub(crate) flags: u64,
    pub(crate) addr: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) link: u32,
}

/// The parts of an ELF file that everything else here stands on.
pub(crate) struct Elf {
    data: Data,
    pub(crate) is_64: bool,
    pub(crate) little: bool,
    pub(crate) machine: elf::Machine,
    pub(crate) kind: elf::FileType,
    pub(crate) segments: Vec<Segment>,
    pub(crate) sections: Vec<Section>,
    /// `PT_NOTE` file ranges: (offset, size).
    pub(crate) notes: Vec<(u64, u64)>,
    /// `PT_DYNAMIC` file range: (offset, size).
    pub(crate) dynamic: Option<(u64, u64)>,
    /// `PT_GNU_EH_FRAME`: (address, size).
    pub(crate) eh_frame_hdr: Option<(u64, u64)>,
    pub(crate) has_interp: bool,
}

impl Elf {
    pub(crate) fn parse(data: Data) -> Result<Elf, Error> {
        let bytes: &[u8] = (*data).as_ref();
        if !bytes.starts_with(&elf::ELFMAG) {
            return Err(Error::NotElf);
        }
        let mut out = Elf {
            data: data.clone(),
            is_64: bytes.get(4) == Some(&elf::ELFCLASS64.0),
            little: bytes.get(5) != Some(&elf::ELFDATA2MSB.0),
            machine: elf::Machine(0),
            kind: elf::FileType(0),
            segments: Vec::new(),
            sections: Vec::new(),
            notes: Vec::new(),
            dynamic: None,
            eh_frame_hdr: None,
            has_interp: false,
        };
        if out.is_64 {
            out.load::<FileHeader64<Endianness>>(bytes)?;
        } else {
            out.load::<FileHeader32<Endianness>>(bytes)?;
        }
        Ok(out)
    }

    /// A file of nothing but `data`, mapped at `vaddr`.
    #[cfg(test)]
    pub(crate) fn flat(data: Vec<u8>, vaddr: u64, is_64: bool, little: bool) -> Elf {
        let size = data.len() as u64;
        let segment = Segment {
            vaddr,
            memsz: size,
            offset: 0,
            filesz: size,
            align: 0,
            readable: true,
            writable: false,
            executable: true,
        };
        Elf {
            data: std::sync::Arc::new(data),
            is_64,
            little,
            machine: elf::EM_X86_64,
            kind: elf::ET_EXEC,
            segments: vec![segment],
            sections: Vec::new(),
            notes: Vec::new(),
            dynamic: None,
            eh_frame_hdr: None,
            has_interp: false,
        }
    }

    fn load<H: FileHeader<Endian = Endianness>>(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let header = H::parse(bytes).map_err(|_| Error::BadElf("truncated header"))?;
        let endian = header.endian().map_err(|_| Error::BadElf("byte order"))?;
        self.machine = header.e_machine(endian);
        self.kind = header.e_type(endian);
        let programs = header
            .program_headers(endian, bytes)
            .map_err(|_| Error::BadElf("program headers lie outside the file"))?;
        for program in programs {
            let offset: u64 = program.p_offset(endian).into();
            let filesz: u64 = program.p_filesz(endian).into();
            let vaddr: u64 = program.p_vaddr(endian).into();
            let flags = program.p_flags(endian);
            match program.p_type(endian) {
                elf::PT_LOAD => self.segments.push(Segment {
                    vaddr,
                    memsz: program.p_memsz(endian).into(),
                    offset,
                    filesz,
                    align: program.p_align(endian).into(),
                    readable: flags.0 & elf::PF_R.0 != 0,
                    writable: flags.0 & elf::PF_W.0 != 0,
                    executable: flags.0 & elf::PF_X.0 != 0,
                }),
                elf::PT_NOTE => self.notes.push((offset, filesz)),
                elf::PT_DYNAMIC => self.dynamic = Some((offset, filesz)),
                elf::PT_GNU_EH_FRAME => self.eh_frame_hdr = Some((vaddr, filesz)),
                elf::PT_INTERP => self.has_interp = true,
                _ => {}
            }
        }
        let Ok(sections) = header.sections(endian, bytes) else {
            return Ok(());
        };
        for section in sections.iter() {
            let name = sections.section_name(endian, section).unwrap_or_default();
            self.sections.push(Section {
                name: String::from_utf8_lossy(name).into_owned(),
                kind: section.sh_type(endian),
                flags: section.sh_flags(endian).0,
                addr: section.sh_addr(endian).into(),
                offset: section.sh_offset(endian).into(),
                size: section.sh_size(endian).into(),
                link: section.sh_link(endian),
            });
        }
        Ok(())
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        (*self.data).as_ref()
    }

    pub(crate) fn ptr_size(&self) -> usize {
        if self.is_64 { 8 } else { 4 }
    }

    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.name == name)
    }

    /// Address and bytes of a section; bytes are empty for `.bss` and the like.
    pub(crate) fn named_section(&self, name: &str) -> Option<(u64, &[u8])> {
        let section = self.section(name)?;
        Some((
            section.addr,
            self.section_bytes(section).unwrap_or_default(),
        ))
    }

    /// The bytes of a section as they stand in the file.
    pub(crate) fn section_bytes(&self, section: &Section) -> Option<&[u8]> {
        if section.kind == elf::SHT_NOBITS {
            return None;
        }
        self.bytes()
            .read_bytes_at(section.offset, section.size)
            .ok()
    }

    pub(crate) fn file_range(&self, offset: u64, size: u64) -> Option<&[u8]> {
        self.bytes().read_bytes_at(offset, size).ok()
    }

    /// The file offset of `vaddr` and how many file-backed bytes follow it.
    pub(crate) fn file_offset(&self, vaddr: u64) -> Option<(usize, usize)> {
        let len = self.bytes().len() as u64;
        self.segments.iter().find_map(|s| {
            let into = vaddr.checked_sub(s.vaddr).filter(|&i| i < s.filesz)?;
            let offset = s.offset.checked_add(into).filter(|&o| o < len)?;
            let left = (s.filesz - into).min(len - offset);
            Some((usize::try_from(offset).ok()?, usize::try_from(left).ok()?))
        })
    }

    /// `len` file-backed bytes at `vaddr`.
    pub(crate) fn read(&self, vaddr: u64, len: usize) -> Option<&[u8]> {
        let (offset, left) = self.file_offset(vaddr)?;
        if len > left {
            return None;
        }
        self.bytes().get(offset..offset.checked_add(len)?)
    }

    /// The bytes of a function table, from its header on.
    #[inline]
    pub(crate) fn table(&self, header: &Header) -> &[u8] {
        let end = header.offset.saturating_add(header.len);
        self.bytes().get(header.offset..end).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn u32_of(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        })
    }

    pub(crate) fn u64_of(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let raw = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(if self.little {
            u64::from_le_bytes(raw)
        } else {
            u64::from_be_bytes(raw)
        })
    }

    /// A word of the file's pointer size.
    pub(crate) fn word_of(&self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.is_64 {
            self.u64_of(bytes, at)
        } else {
            self.u32_of(bytes, at).map(u64::from)
        }
    }
}
