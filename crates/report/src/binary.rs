//! The programs that a profile is of, for views that show their code.
//!
//! Mirrors `ObjTool` and `ObjFile` of pprof's `internal/plugin`. How a program is found and read is
//! the caller's business.

use std::rc::Rc;

/// Finds programs.
pub trait Binaries {
    /// Opens the program that was mapped. The error says why it cannot be, as a user reads it.
    fn open(&self, mapping: &Mapped<'_>) -> Result<Rc<dyn Binary>, String>;
}

/// A mapping of a profile, as far as it says where the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped<'a> {
    /// The program's file.
    pub file: &'a str,
    /// Its build id; empty if not known.
    pub build_id: &'a str,
    /// First address, in the process; 0 if not known.
    pub start: u64,
    /// First address after the mapping.
    pub limit: u64,
    /// Offset in the file that `start` maps.
    pub offset: u64,
}

/// A program or library that was mapped.
pub trait Binary {
    /// What is taken off an address of the profile to get the file's.
    fn bias(&self) -> u64;

    /// The symbols whose name matches, and those that cover an address of the file.
    fn symbols(&self, matches: &dyn Fn(&str) -> bool, covering: Option<u64>) -> Vec<Symbol>;

    /// The instructions from `start` up to `end` (addresses of the file).
    fn instructions(&self, start: u64, end: u64, intel: bool) -> Result<Vec<Instruction>, String>;

    /// Where in the source the code at an address of the file comes from, innermost call first; empty
    /// if the file does not say.
    fn frames(&self, addr: u64) -> Vec<Frame>;
}

/// A name for a range of addresses of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// The name, as linked.
    pub name: String,
    /// The first address.
    pub start: u64,
    /// The last address.
    pub end: u64,
}

/// An instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instruction {
    /// Its address in the file.
    pub addr: u64,
    /// Its text.
    pub text: String,
    /// The source file; empty if unknown.
    pub file: String,
    /// The line; 0 if unknown.
    pub line: i64,
}

/// A place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The function, as linked.
    pub func: String,
    /// The source file; empty if unknown.
    pub file: String,
    /// The line; 0 if unknown.
    pub line: i64,
}

/// Where no program is to be had.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBinaries;

impl Binaries for NoBinaries {
    fn open(&self, mapping: &Mapped<'_>) -> Result<Rc<dyn Binary>, String> {
        Err(format!("open {}: no such file or directory", mapping.file))
    }
}

/// The number that a pattern stands for, if it is one: an address is as good as a name.
pub fn address(pattern: &str) -> Option<u64> {
    let lower = pattern.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    // Go takes underscores between digits, and after what says the base.
    let prefixed = digits.len() < lower.len();
    let parts: Vec<&str> = digits.split('_').collect();
    let first = usize::from(prefixed && parts.len() > 1 && parts[0].is_empty());
    let misplaced = parts[first..].iter().any(|part| part.is_empty());
    let plain = parts.concat();
    let signed = plain.starts_with(['+', '-']);
    if misplaced || signed {
        return None;
    }
    u64::from_str_radix(&plain, base).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_go_writes_numbers() {
        for (text, expect) in [
            ("0x401000", Some(0x401000)),
            ("0X_40_10", Some(0x4010)),
            ("123", Some(123)),
            ("0b101", Some(5)),
            ("0o17", Some(15)),
            ("017", Some(15)),
            ("0", Some(0)),
            ("", None),
            ("0x", None),
            ("_1", None),
            ("1_", None),
            ("1__2", None),
            ("+1", None),
            ("main", None),
            ("18446744073709551616", None),
        ] {
            assert_eq!(address(text), expect, "{text}");
        }
    }
}
