//! The head of a pclntab: where it is and how its parts lie.
//!
//! Mirrors `debug/gosym/pclntab.go` (`parsePclnTab`) for the four magics.

use object::elf::SHT_NOBITS;

use crate::elf::Elf;

/// The generations of the table, named after the release that began each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Magic {
    /// `0xfffffffb`: Go 1.2 to 1.15.
    Go12,
    /// `0xfffffffa`: Go 1.16 and 1.17.
    Go116,
    /// `0xfffffff0`: Go 1.18 and 1.19.
    Go118,
    /// `0xfffffff1`: Go 1.20 on.
    Go120,
}

const NAMES: [&str; 4] = [
    ".gopclntab",
    ".data.rel.ro.gopclntab",
    "__gopclntab",
    ".pclntab",
];

/// A decoded header. Offsets count from its own first byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) magic: Magic,
    pub(crate) addr: u64,
    /// File offset, and how many file-backed bytes follow.
    pub(crate) offset: usize,
    pub(crate) len: usize,
    /// Smallest instruction, as a power of two.
    pub(crate) pc_shift: u32,
    pub(crate) ptr: usize,
    pub(crate) nfunc: usize,
    /// As written; unrelocated in some files, zero since Go 1.26.
    pub(crate) text_start: u64,
    pub(crate) names: usize,
    pub(crate) cus: usize,
    pub(crate) files: usize,
    pub(crate) pctab: usize,
    pub(crate) funcs: usize,
}

impl Header {
    /// By section name, else by scanning everything that a file maps.
    pub(crate) fn find(elf: &Elf) -> Option<Header> {
        let named = elf
            .sections
            .iter()
            .filter(|s| s.kind != SHT_NOBITS && NAMES.contains(&s.name.as_str()));
        named
            .filter_map(|s| Header::at(elf, s.addr))
            .next()
            .or_else(|| Header::scan(elf))
    }

    fn scan(elf: &Elf) -> Option<Header> {
        // The four magics differ in one byte; FF FF FF (or its mirror image)
        // with two zeros is common to all, so look for those zeros' company.
        for segment in elf.segments.iter().filter(|s| s.readable) {
            let Some((offset, left)) = elf.file_offset(segment.vaddr) else {
                continue;
            };
            let bytes = &elf.bytes()[offset..offset + left];
            let needle: &[u8] = if elf.little {
                &[0xff, 0xff, 0xff, 0, 0]
            } else {
                &[0xff, 0xff, 0xff]
            };
            let shift = if elf.little { 1 } else { 0 };
            for hit in memchr::memmem::find_iter(bytes, needle) {
                let Some(at) = hit.checked_sub(shift) else {
                    continue;
                };
                let addr = segment.vaddr.wrapping_add(at as u64);
                if addr.is_multiple_of(4)
                    && let Some(header) = Header::at(elf, addr)
                    && header.is_plausible(elf)
                {
                    return Some(header);
                }
            }
        }
        None
    }

    pub(crate) fn at(elf: &Elf, addr: u64) -> Option<Header> {
        let (offset, len) = elf.file_offset(addr)?;
        let bytes = &elf.bytes()[offset..offset + len];
        let magic = match elf.u32_of(bytes, 0)? {
            0xffff_fffb => Magic::Go12,
            0xffff_fffa => Magic::Go116,
            0xffff_fff0 => Magic::Go118,
            0xffff_fff1 => Magic::Go120,
            _ => return None,
        };
        let &[0, 0, quantum @ (1 | 2 | 4), ptr @ (4 | 8)] = bytes.get(4..8)? else {
            return None;
        };
        let ptr = usize::from(ptr);
        let word = |n: usize| -> Option<u64> {
            let at = 8 + n * ptr;
            if ptr == 8 {
                elf.u64_of(bytes, at)
            } else {
                elf.u32_of(bytes, at).map(u64::from)
            }
        };
        let place = |n: usize| usize::try_from(word(n)?).ok().filter(|&o| o <= len);
        let nfunc = usize::try_from(word(0)?).ok()?;
        let mut header = Header {
            magic,
            addr,
            offset,
            len,
            pc_shift: quantum.trailing_zeros(),
            ptr,
            nfunc,
            text_start: 0,
            names: 0,
            cus: 0,
            files: 0,
            pctab: 0,
            funcs: 0,
        };
        match magic {
            Magic::Go12 => {
                // Everything is relative to the header, and the file table
                // hangs behind the function table.
                let table = nfunc.checked_mul(2)?.checked_add(1)?.checked_mul(ptr)?;
                let files_at = table.checked_add(8 + ptr)?;
                header.files = usize::try_from(elf.u32_of(bytes, files_at)?).ok()?;
            }
            Magic::Go116 => {
                header.names = place(2)?;
                header.cus = place(3)?;
                header.files = place(4)?;
                header.pctab = place(5)?;
                header.funcs = place(6)?;
            }
            Magic::Go118 | Magic::Go120 => {
                header.text_start = word(2)?;
                header.names = place(3)?;
                header.cus = place(4)?;
                header.files = place(5)?;
                header.pctab = place(6)?;
                header.funcs = place(7)?;
            }
        }
        Some(header)
    }

    /// Enough to tell a header from chance, for a hit without a section name.
    fn is_plausible(&self, elf: &Elf) -> bool {
        let ordered = self.names <= self.cus
            && self.cus <= self.files
            && self.files <= self.pctab
            && self.pctab <= self.funcs;
        let size = self.entry_size().saturating_mul(self.nfunc);
        self.ptr == elf.ptr_size()
            && self.nfunc > 0
            && self.nfunc < 1 << 24
            && size < self.len
            && (self.magic == Magic::Go12 || ordered && self.names >= 16)
    }

    /// Bytes of one functab entry.
    pub(crate) fn entry_size(&self) -> usize {
        if self.magic >= Magic::Go118 {
            8
        } else {
            2 * self.ptr
        }
    }

    /// Where the functab starts, counted from the header.
    pub(crate) fn functab(&self) -> usize {
        if self.magic == Magic::Go12 {
            8 + self.ptr
        } else {
            self.funcs
        }
    }
}
