//! Writes one word of a live process: the only code of the house that changes a target.
//!
//! It is meant for the words that a Go program's profiling is switched with, and refuses all else:
//! a word has eight aligned bytes of the main binary's own writable data, and it is written only
//! while it holds the value that the caller knows of. The process is known by the open file of its
//! memory and by its start time, so what comes after it under the same pid is never written.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

use crate::process::{Map, Process};

/// A word could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process or its permissions.
    #[error(transparent)]
    Target(#[from] crate::Error),
    /// The address is none that may be written.
    #[error("{address:#x} is no aligned word of the program's writable data")]
    NotData {
        /// The address.
        address: u64,
    },
    /// The word holds another value than the caller knows of.
    #[error("the word holds {found}, not {expected}")]
    Changed {
        /// What it was taken to hold.
        expected: u64,
        /// What it holds.
        found: u64,
    },
    /// The process has ended, or is another program now.
    #[error("the process has ended")]
    Gone,
    /// The system refused.
    #[error("cannot write the word")]
    Io(#[source] io::Error),
}

/// A word of the data of a process's main binary.
#[derive(Debug)]
pub struct Word {
    process: Process,
    started: u64,
    memory: File,
    address: u64,
}

impl Word {
    /// The word at `address` of the binary that is mapped at `inside`.
    pub fn open(process: Process, address: u64, inside: u64) -> Result<Word, Error> {
        let started = process.started().ok_or(Error::Gone)?;
        let memory = OpenOptions::new()
            .read(true)
            .write(true)
            .open(format!("/proc/{}/mem", process.pid()))
            .map_err(|e| process.error("write", "mem", e))?;
        let maps = process.maps()?;
        if !address.is_multiple_of(8) || !is_data(&maps, address, inside) {
            return Err(Error::NotData { address });
        }
        // The pid was that of one process from before the file was opened until now.
        if process.started() != Some(started) {
            return Err(Error::Gone);
        }
        Ok(Word {
            process,
            started,
            memory,
            address,
        })
    }

    /// The start time of the process, see [`Process::started`].
    pub fn started(&self) -> u64 {
        self.started
    }

    /// Where it is.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// What it holds.
    pub fn read(&self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.memory
            .read_exact_at(&mut bytes, self.address)
            .map_err(failed)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Writes `new` if it holds `old`, and looks whether it does so afterwards.
    pub fn replace(&self, old: u64, new: u64) -> Result<(), Error> {
        if self.process.started() != Some(self.started) || !self.process.is_running() {
            return Err(Error::Gone);
        }
        self.expect(old)?;
        self.memory
            .write_all_at(&new.to_le_bytes(), self.address)
            .map_err(failed)?;
        self.expect(new)
    }

    fn expect(&self, expected: u64) -> Result<(), Error> {
        let found = self.read()?;
        if found == expected {
            Ok(())
        } else {
            Err(Error::Changed { expected, found })
        }
    }
}

/// The memory of a process that has ended reads as empty, and takes nothing.
fn failed(e: io::Error) -> Error {
    match e.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::WriteZero => Error::Gone,
        _ => Error::Io(e),
    }
}

/// Whether a word is in writable data of the file that is mapped at `inside`. What that file leaves
/// empty (.bss) follows its data without a gap, as memory of no file and no name.
fn is_data(maps: &[Map], address: u64, inside: u64) -> bool {
    let holds = |m: &Map, at: u64| m.start <= at && at < m.end;
    let Some(file) = maps.iter().find(|m| holds(m, inside)).map(|m| m.file) else {
        return false;
    };
    let Some(mut i) = maps.iter().position(|m| holds(m, address)) else {
        return false;
    };
    loop {
        let map = &maps[i];
        if !map.read || !map.write || map.exec || file == (0, 0) {
            return false;
        }
        if map.file == file {
            return true;
        }
        let follows = i > 0 && maps[i - 1].end == map.start;
        if map.file != (0, 0) || !map.path.is_empty() || !follows {
            return false;
        }
        i -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    static WORD: AtomicU64 = AtomicU64::new(0);
    static DATA: [AtomicU64; 2] = [AtomicU64::new(5), AtomicU64::new(6)];
    static CONSTANT: u64 = 7;

    fn open(address: u64) -> Result<Word, Error> {
        let us = Process::find(std::process::id()).expect("we run");
        Word::open(us, address, (&raw const CONSTANT) as u64)
    }

    #[test]
    fn a_word_of_the_programs_data_is_written_while_it_is_as_known() {
        for (word, value) in [(&WORD, 0), (&DATA[1], 6)] {
            let at = open((&raw const *word) as u64).expect("our own data");
            assert_eq!(at.read().expect("our own data"), value);
            at.replace(value, 4711).expect("it is as known");
            assert_eq!(word.load(Ordering::SeqCst), 4711);
            let refused = at.replace(value, 1);
            assert!(
                matches!(refused, Err(Error::Changed { found: 4711, .. })),
                "{refused:?}"
            );
            assert_eq!(word.load(Ordering::SeqCst), 4711);
            at.replace(4711, value).expect("it is as known");
        }
    }

    #[test]
    fn nothing_else_is_opened() {
        let on_stack = 1u64;
        let on_heap = Box::new(1u64);
        let code = open as fn(u64) -> Result<Word, Error>;
        for address in [
            (&raw const on_stack) as u64,
            (&raw const *on_heap) as u64,
            (&raw const CONSTANT) as u64,
            code as usize as u64 & !7,
            (&raw const WORD) as u64 + 4,
            8,
            u64::MAX - 7,
        ] {
            let word = open(address);
            assert!(
                matches!(word, Err(Error::NotData { .. })),
                "{address:#x}: {word:?}"
            );
        }
    }

    #[test]
    fn a_process_that_has_ended_is_gone() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        // It is the program itself only when it has been loaded, and until its loader is done, what
        // was data may become read-only.
        let is_loaded =
            |m: &Map| m.write && (m.path.ends_with("/sleep") || m.path.contains("coreutils"));
        let (word, held) = loop {
            let process = Process::find(child.id()).expect("it runs");
            let maps = process.maps().expect("maps");
            let data = maps.iter().find(|m| is_loaded(m)).map(|m| m.start);
            let word = data.and_then(|data| Word::open(process, data, data).ok());
            if let Some(found) = word.and_then(|word| word.read().ok().map(|held| (word, held))) {
                break found;
            }
        };
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        assert!(matches!(word.replace(held, held), Err(Error::Gone)));
        assert!(matches!(word.read(), Err(Error::Gone)));
    }
}
