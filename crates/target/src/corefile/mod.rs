//! Core files: the memory and the threads of a process at one moment, as the kernel and `gcore`
//! write them.
//!
//! Mirrors fs/binfmt_elf.c (elf_core_dump) of Linux. Segments say what was mapped; how much of each
//! was written down is up to the writer's filter, so text and read-only data are often left out. A
//! core that was cut, by a limit or a full disk, is read as far as it goes, and what it lacks is
//! counted.

mod memory;
mod notes;
mod program;

use std::collections::HashMap;
use std::sync::Arc;

pub use memory::CoreMemory;
pub use notes::{CoreThread, FileRange, ProcessInfo, SignalInfo};
pub use program::ProgramImage;

use crate::process::Map;

/// Bytes that outlive their reader: a mapped file, a `Vec<u8>`.
pub type Data = Arc<dyn AsRef<[u8]> + Send + Sync>;

const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const ET_CORE: u16 = 4;
const EM_X86_64: u16 = 62;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
/// There are more program headers than the header can say; a section header says how many.
const PN_XNUM: u16 = 0xffff;
/// Address of the program's own program headers.
const AT_PHDR: u64 = 3;
/// Address of the vDSO.
const AT_SYSINFO_EHDR: u64 = 33;

/// Why a file is no core that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreError {
    /// It is something else.
    #[error("not a core file")]
    NotCore,
    /// It is of a machine whose programs cannot be read.
    #[error("it is of {machine}; only cores of amd64 can be read")]
    Machine {
        /// The machine, in Go's word where it has one.
        machine: String,
    },
    /// It ends before its list of segments does.
    #[error("it ends within its headers")]
    Headers,
}

/// A mapping of the process, and what the core has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreSegment {
    /// First address.
    pub start: u64,
    /// First address after it.
    pub end: u64,
    /// Readable.
    pub read: bool,
    /// Writable.
    pub write: bool,
    /// Executable.
    pub exec: bool,
    /// Where its bytes are in the core.
    offset: usize,
    /// So many are there, from `start` on.
    kept: usize,
}

/// A core file.
pub struct CoreFile {
    data: Data,
    segments: Vec<CoreSegment>,
    notes: notes::Notes,
    cut: u64,
}

impl std::fmt::Debug for CoreFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoreFile")
            .field("segments", &self.segments.len())
            .field("threads", &self.notes.threads.len())
            .finish_non_exhaustive()
    }
}

/// Whether a file that begins like this is a core, of whatever machine.
pub fn is_core(head: &[u8]) -> bool {
    let kind = match head.get(5) {
        Some(2) => head.get(16..18).map(|b| u16::from_be_bytes([b[0], b[1]])),
        _ => u16_at(head, 16),
    };
    head.starts_with(b"\x7fELF") && kind == Some(ET_CORE)
}

impl CoreFile {
    /// Reads the headers and the notes; memory is read when it is asked for.
    pub fn parse(data: Data) -> Result<CoreFile, CoreError> {
        let bytes = (*data).as_ref();
        if !is_core(bytes) {
            return Err(CoreError::NotCore);
        }
        if bytes.len() < HEADER {
            return Err(CoreError::Headers);
        }
        check_machine(bytes)?;
        let (segments, notes, cut) = load(bytes).ok_or(CoreError::Headers)?;
        Ok(CoreFile {
            data,
            segments,
            notes,
            cut,
        })
    }

    /// The mappings, by rising address.
    pub fn segments(&self) -> &[CoreSegment] {
        &self.segments
    }

    /// The threads, in the order of the core: the kernel puts the one that died first.
    pub fn threads(&self) -> &[CoreThread] {
        &self.notes.threads
    }

    /// The files that were mapped.
    pub fn files(&self) -> &[FileRange] {
        &self.notes.files
    }

    /// The process, if the core tells.
    pub fn process(&self) -> Option<&ProcessInfo> {
        self.notes.process.as_ref()
    }

    /// The signal that the process died of; none in a core of a process that went on.
    pub fn signal(&self) -> Option<SignalInfo> {
        self.notes.signal
    }

    /// How many bytes of memory were written down when the core was made, and are not in the file.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// How many bytes the file has.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether the file has no bytes; it always has a header.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The mappings as a live process shows them, with the names of the files that the core tells.
    pub fn maps(&self) -> Vec<Map> {
        let vdso = self.auxv(AT_SYSINFO_EHDR);
        // A number for each file, as the inode is one of a live process.
        let mut numbers: HashMap<&str, u64> = HashMap::new();
        for file in &self.notes.files {
            let next = numbers.len() as u64 + 1;
            numbers.entry(&file.path).or_insert(next);
        }
        let number = |path: &str| numbers.get(path).copied().unwrap_or(0);
        let map = |s: &CoreSegment| {
            let file = self.file_at(s.start);
            let is_vdso = vdso.is_some_and(|v| (s.start..s.end).contains(&v));
            Map {
                start: s.start,
                end: s.end,
                offset: file.map_or(0, |f| f.offset.wrapping_add(s.start - f.start)),
                read: s.read,
                write: s.write,
                exec: s.exec,
                file: (0, file.map_or(0, |f| number(&f.path))),
                path: match file {
                    Some(f) => f.path.clone(),
                    None if is_vdso => "[vdso]".to_owned(),
                    None => String::new(),
                },
            }
        };
        self.segments.iter().map(map).collect()
    }

    /// The mapping of a file that holds an address.
    pub fn file_at(&self, address: u64) -> Option<&FileRange> {
        let after = self.notes.files.partition_point(|f| f.start <= address);
        let found = self.notes.files[..after].last()?;
        (address < found.end).then_some(found)
    }

    fn auxv(&self, key: u64) -> Option<u64> {
        let found = self.notes.auxv.iter().find(|(k, _)| *k == key);
        found.map(|(_, value)| *value).filter(|v| *v != 0)
    }

    fn bytes(&self) -> &[u8] {
        (*self.data).as_ref()
    }

    /// The segment that holds an address.
    fn segment_at(&self, address: u64) -> Option<&CoreSegment> {
        let after = self.segments.partition_point(|s| s.start <= address);
        let found = self.segments[..after].last()?;
        (address < found.end).then_some(found)
    }

    /// What the core has from an address on, up to the end of the segment; empty for nothing.
    pub fn bytes_at(&self, address: u64) -> &[u8] {
        let Some(s) = self.segment_at(address) else {
            return &[];
        };
        let into = usize::try_from(address - s.start).unwrap_or(usize::MAX);
        let kept = self.bytes().get(s.offset..).unwrap_or_default();
        let kept = kept.get(..s.kept).unwrap_or(kept);
        kept.get(into..).unwrap_or_default()
    }
}

/// Only little-endian amd64 goes on.
fn check_machine(bytes: &[u8]) -> Result<(), CoreError> {
    let little = bytes[5] != 2;
    let machine = match little {
        true => u16::from_le_bytes([bytes[18], bytes[19]]),
        false => u16::from_be_bytes([bytes[18], bytes[19]]),
    };
    let name = match (machine, bytes[4]) {
        (EM_X86_64, 2) if little => return Ok(()),
        (EM_X86_64, 1) => "amd64 with 32-bit pointers",
        (3, _) => "386",
        (40, _) => "arm",
        (183, _) => "arm64",
        (8, _) => "mips",
        (21, _) => "ppc64",
        (22, _) => "s390x",
        (243, _) => "riscv64",
        (258, _) => "loong64",
        _ => "",
    };
    let machine = match name {
        "" => format!("machine {machine}"),
        name => name.to_owned(),
    };
    Err(CoreError::Machine { machine })
}

type Loaded = (Vec<CoreSegment>, notes::Notes, u64);

/// `None` if the program headers are not whole.
fn load(bytes: &[u8]) -> Option<Loaded> {
    let at = usize::try_from(u64_at(bytes, 32)?).ok()?;
    let mut count = u16_at(bytes, 56)? as usize;
    if count == PN_XNUM as usize {
        let section = usize::try_from(u64_at(bytes, 40)?).ok()?;
        count = u32_at(bytes, section.checked_add(44)?)? as usize;
    }
    let table = bytes.get(at..)?.get(..count.checked_mul(PROGRAM_HEADER)?)?;
    let (headers, _) = table.as_chunks::<PROGRAM_HEADER>();
    let mut segments = Vec::new();
    let mut notes = notes::Notes::default();
    let mut cut = 0_u64;
    for header in headers {
        let word = |at| u64_at(header, at);
        let (kind, flags) = (u32_at(header, 0)?, u32_at(header, 4)?);
        let (offset, start) = (word(8)?, word(16)?);
        let (file_size, size) = (word(32)?, word(40)?);
        let there = (bytes.len() as u64).saturating_sub(offset);
        let kept = file_size.min(there);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        match kind {
            PT_LOAD => {
                cut = cut.saturating_add(file_size - kept);
                let size = size.max(file_size);
                segments.push(CoreSegment {
                    start,
                    end: start.saturating_add(size),
                    read: flags & 4 != 0,
                    write: flags & 2 != 0,
                    exec: flags & 1 != 0,
                    offset: from,
                    kept: kept as usize,
                });
            }
            PT_NOTE => {
                let body = bytes.get(from..).unwrap_or_default();
                notes.read(body.get(..kept as usize).unwrap_or(body));
            }
            _ => {}
        }
    }
    segments.sort_by_key(|s| s.start);
    notes.files.sort_by_key(|f| f.start);
    Some((segments, notes, cut))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let raw = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(u16::from_le_bytes(raw))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_le_bytes(raw))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let raw = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(u64::from_le_bytes(raw))
}

#[cfg(test)]
mod tests;
