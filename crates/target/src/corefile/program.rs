//! The program that a core is of: where it was loaded, and its file as far as memory still has it.

use super::{AT_PHDR, CoreFile, FileRange, HEADER, PROGRAM_HEADER, PT_LOAD};
use super::{u16_at, u32_at, u64_at};

/// A program's file put together again from memory. It has no sections, and its data are as they
/// were last.
#[derive(Clone, Debug)]
pub struct ProgramImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many bytes of its segments the core does not have; they are zero here.
    pub missing: u64,
}

/// A loadable segment of a program.
struct Load {
    offset: u64,
    vaddr: u64,
    size: u64,
}

impl CoreFile {
    /// The file of the program, as the process saw it.
    pub fn program(&self) -> Option<&FileRange> {
        if let Some(file) = self.auxv(AT_PHDR).and_then(|at| self.file_at(at)) {
            return Some(file);
        }
        // The kernel's short name has 15 bytes at most.
        let name = self.process().map_or("", |p| p.name.as_str());
        let is_it = |f: &&FileRange| {
            let base = f.path.rsplit('/').next().unwrap_or_default();
            !name.is_empty() && base.starts_with(name)
        };
        let files = self.files();
        files.iter().find(is_it).or_else(|| files.first())
    }

    /// Where the first byte of the program's file was in memory.
    pub fn program_base(&self) -> Option<u64> {
        if let Some(at) = self.auxv(AT_PHDR) {
            // The headers follow each other on the first page.
            return Some(at & !0xfff);
        }
        let path = &self.program()?.path;
        let mut files = self.files().iter();
        let first = files.find(|f| f.path == *path && f.offset == 0);
        first.map(|f| f.start)
    }

    /// How far the addresses of the process are above those of its program, of which `head` is the
    /// beginning of the file, with all program headers.
    pub fn bias(&self, head: &[u8]) -> Option<u64> {
        let base = self.program_base()?;
        let first = loads(head)?.into_iter().find(|l| l.offset < 0x1000)?;
        Some(base.wrapping_sub(first.vaddr & !0xfff))
    }

    /// The beginning of the program's file, if the core has it: the kernel writes it down even
    /// where it leaves out the rest.
    pub fn program_head(&self) -> Option<&[u8]> {
        let bytes = self.bytes_at(self.program_base()?);
        let bytes = bytes.get(..0x1000).unwrap_or(bytes);
        bytes.starts_with(b"\x7fELF").then_some(bytes)
    }

    /// The program's file from memory; `None` if the core does not tell where the program was, or
    /// has not even its headers.
    pub fn program_image(&self) -> Option<ProgramImage> {
        let base = self.program_base()?;
        let head = self.program_head()?;
        let loads = loads(head)?;
        let first = loads.iter().find(|l| l.offset < 0x1000)?;
        let bias = base.wrapping_sub(first.vaddr & !0xfff);
        // What was not written down cannot be put together, so no honest image is longer.
        let limit = self.len() as u64;
        let end = loads.iter().map(|l| l.offset.saturating_add(l.size)).max();
        let end = end.filter(|end| *end <= limit)?;
        let mut image = ProgramImage {
            bytes: vec![0; usize::try_from(end).ok()?],
            missing: 0,
        };
        for load in &loads {
            let from = usize::try_from(load.offset).ok()?;
            let to = from + load.size as usize;
            let mut rest = image.bytes.get_mut(from..to)?;
            let mut at = bias.wrapping_add(load.vaddr);
            while !rest.is_empty() {
                let bytes = self.bytes_at(at);
                if bytes.is_empty() {
                    // On to the next page that may be there.
                    let n = rest.len().min(0x1000 - (at & 0xfff) as usize);
                    image.missing += n as u64;
                    at = at.wrapping_add(n as u64);
                    rest = &mut rest[n..];
                    continue;
                }
                let n = rest.len().min(bytes.len());
                rest[..n].copy_from_slice(&bytes[..n]);
                at = at.wrapping_add(n as u64);
                rest = &mut rest[n..];
            }
        }
        if bias != 0 {
            unrelocate(&mut image.bytes, head, &loads, bias);
        }
        // Sections are not mapped: neither their headers nor their number mean anything.
        image.bytes.get_mut(40..48)?.fill(0);
        image.bytes.get_mut(60..64)?.fill(0);
        Some(image)
    }
}

/// Undoes what the loader has done to the data of a position-independent program: its pointers, and
/// with some C libraries the addresses of its dynamic section, become those of the file again.
fn unrelocate(image: &mut [u8], head: &[u8], loads: &[Load], bias: u64) -> Option<()> {
    const PT_DYNAMIC: u32 = 2;
    const DT_RELA: u64 = 7;
    const DT_RELASZ: u64 = 8;
    const R_X86_64_RELATIVE: u64 = 8;
    const RELA: usize = 24;
    let place = |vaddr: u64| {
        let load = loads
            .iter()
            .find(|l| vaddr.checked_sub(l.vaddr).is_some_and(|into| into < l.size))?;
        usize::try_from(load.offset + (vaddr - load.vaddr)).ok()
    };
    let mut headers = program_headers(head)?.iter();
    let dynamic = headers.find(|h| u32_at(&h[..], 0) == Some(PT_DYNAMIC))?;
    let (at, size) = (u64_at(dynamic, 8)?, u64_at(dynamic, 32)?);
    let (at, size) = (usize::try_from(at).ok()?, usize::try_from(size).ok()?);
    let (mut table, mut len) = (None, 0);
    for entry in (at..at.checked_add(size)?.min(image.len())).step_by(16) {
        let (tag, mut value) = (u64_at(image, entry)?, u64_at(image, entry + 8)?);
        let linked = value.wrapping_sub(bias);
        if place(value).is_none() && place(linked).is_some() {
            image
                .get_mut(entry + 8..entry + 16)?
                .copy_from_slice(&linked.to_le_bytes());
            value = linked;
        }
        match tag {
            0 => break,
            DT_RELA => table = place(value),
            DT_RELASZ => len = usize::try_from(value).ok()?,
            _ => {}
        }
    }
    let table = table?;
    let end = table.checked_add(len)?.min(image.len());
    for entry in (table..end.saturating_sub(RELA - 1)).step_by(RELA) {
        let (to, kind) = (u64_at(image, entry)?, u64_at(image, entry + 8)?);
        let addend: [u8; 8] = image.get(entry + 16..entry + RELA)?.try_into().ok()?;
        if kind & 0xffff_ffff == R_X86_64_RELATIVE
            && let Some(to) = place(to)
            && let Some(word) = image.get_mut(to..to.saturating_add(8))
        {
            word.copy_from_slice(&addend);
        }
    }
    Some(())
}

/// The program headers of an amd64 ELF file that begins with `head`.
fn program_headers(head: &[u8]) -> Option<&[[u8; PROGRAM_HEADER]]> {
    if !head.starts_with(b"\x7fELF\x02\x01") || head.len() < HEADER {
        return None;
    }
    let at = usize::try_from(u64_at(head, 32)?).ok()?;
    let count = u16_at(head, 56)? as usize;
    let table = head.get(at..)?.get(..count * PROGRAM_HEADER)?;
    Some(table.as_chunks::<PROGRAM_HEADER>().0)
}

/// The loadable segments of an amd64 ELF file that begins with `head`.
fn loads(head: &[u8]) -> Option<Vec<Load>> {
    let headers = program_headers(head)?.iter();
    let loads = headers.filter(|h| u32_at(&h[..], 0) == Some(PT_LOAD));
    let load = |header: &[u8; PROGRAM_HEADER]| {
        Some(Load {
            offset: u64_at(header, 8)?,
            vaddr: u64_at(header, 16)?,
            size: u64_at(header, 32)?,
        })
    };
    loads.map(load).collect()
}
