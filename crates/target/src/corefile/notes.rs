//! What a core tells beside memory: threads with their registers, mapped files, the auxiliary
//! vector, the process and the signal that ended it.
//!
//! Mirrors struct elf_prstatus, elf_prpsinfo and fill_files_note of Linux for amd64.

use super::{u16_at, u32_at, u64_at};
use crate::perf::Regs;

const NT_PRSTATUS: u32 = 1;
const NT_PRPSINFO: u32 = 3;
const NT_AUXV: u32 = 6;
const NT_FILE: u32 = 0x4649_4c45;
const NT_SIGINFO: u32 = 0x5349_4749;

/// Where the registers are in elf_prstatus.
const REGISTERS: usize = 112;

/// A thread of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreThread {
    /// Its id, in the pid namespace of whoever wrote the core: the process's own for the kernel.
    pub tid: u32,
    /// Its registers.
    pub regs: Regs,
}

/// A piece of a file that was mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRange {
    /// First address.
    pub start: u64,
    /// First address after it.
    pub end: u64,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Its path, as the process saw it.
    pub path: String,
}

/// The process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Its id.
    pub pid: u32,
    /// Its short name.
    pub name: String,
    /// The beginning of its command line.
    pub arguments: String,
}

/// A signal that ended the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    /// Its number.
    pub number: i32,
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    pub threads: Vec<CoreThread>,
    pub files: Vec<FileRange>,
    pub auxv: Vec<(u64, u64)>,
    pub process: Option<ProcessInfo>,
    pub signal: Option<SignalInfo>,
}

impl Notes {
    /// Reads the notes of one segment, as far as they are whole.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while let Some(note) = Note::first_of(bytes) {
            bytes = note.rest;
            if note.owner != b"CORE" {
                continue;
            }
            let desc = note.desc;
            match note.kind {
                NT_PRSTATUS => {
                    self.threads.extend(thread(desc));
                    self.signal = self.signal.or_else(|| current_signal(desc));
                }
                NT_PRPSINFO => self.process = self.process.take().or_else(|| process(desc)),
                NT_FILE => self.files.extend(files(desc).unwrap_or_default()),
                NT_AUXV => {
                    let (words, _) = desc.as_chunks::<8>();
                    let word = |w: &[u8; 8]| u64::from_le_bytes(*w);
                    let (pairs, _) = words.as_chunks::<2>();
                    self.auxv
                        .extend(pairs.iter().map(|[k, v]| (word(k), word(v))));
                }
                NT_SIGINFO => {
                    let number = u32_at(desc, 0).map(|n| n as i32).filter(|n| *n > 0);
                    self.signal = number.map(|number| SignalInfo { number }).or(self.signal);
                }
                _ => {}
            }
        }
    }
}

/// One note.
struct Note<'a> {
    owner: &'a [u8],
    kind: u32,
    desc: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
}

impl Note<'_> {
    fn first_of(bytes: &[u8]) -> Option<Note<'_>> {
        let name_len = u32_at(bytes, 0)? as usize;
        let desc_len = u32_at(bytes, 4)? as usize;
        let name = bytes.get(12..12_usize.checked_add(name_len)?)?;
        let at = 12_usize.checked_add(name_len.checked_next_multiple_of(4)?)?;
        let end = at.checked_add(desc_len)?;
        let rest = bytes.get(end.checked_next_multiple_of(4)?..);
        Some(Note {
            owner: name.strip_suffix(b"\0").unwrap_or(name),
            kind: u32_at(bytes, 8)?,
            desc: bytes.get(at..end)?,
            rest: rest.unwrap_or_default(),
        })
    }
}

fn thread(desc: &[u8]) -> Option<CoreThread> {
    let tid = u32_at(desc, 32)?;
    // The order of user_regs_struct.
    let reg = |n: usize| u64_at(desc, REGISTERS + 8 * n);
    Some(CoreThread {
        tid,
        regs: Regs {
            ip: reg(16)?,
            sp: reg(19)?,
            bp: reg(4)?,
            bx: reg(5)?,
            r12_15: [reg(3)?, reg(2)?, reg(1)?, reg(0)?],
        },
    })
}

fn process(desc: &[u8]) -> Option<ProcessInfo> {
    let text = |from: usize, len: usize| -> Option<String> {
        let bytes = desc.get(from..from + len)?;
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(len);
        let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
        Some(text.trim_end().to_owned())
    };
    Some(ProcessInfo {
        pid: u32_at(desc, 24)?,
        name: text(40, 16)?,
        arguments: text(56, 80)?,
    })
}

fn files(desc: &[u8]) -> Option<Vec<FileRange>> {
    const ENTRY: usize = 24;
    let count = usize::try_from(u64_at(desc, 0)?).ok()?;
    let page = u64_at(desc, 8)?;
    let entries = desc.get(16..)?.get(..count.checked_mul(ENTRY)?)?;
    let (entries, _) = entries.as_chunks::<ENTRY>();
    let names = desc[16 + count * ENTRY..].split(|b| *b == 0);
    let file = |(entry, name): (&[u8; ENTRY], &[u8])| {
        Some(FileRange {
            start: u64_at(entry, 0)?,
            end: u64_at(entry, 8)?,
            offset: u64_at(entry, 16)?.saturating_mul(page),
            path: String::from_utf8_lossy(name).into_owned(),
        })
    };
    Some(entries.iter().zip(names).filter_map(file).collect())
}

/// The signal that `elf_prstatus` names, where there is no siginfo.
fn current_signal(desc: &[u8]) -> Option<SignalInfo> {
    let number = i32::from(u16_at(desc, 12)?);
    (number > 0).then_some(SignalInfo { number })
}
