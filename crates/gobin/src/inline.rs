//! One pc → the source-level frames that the compiler folded into it.
//!
//! Mirrors `runtime/symtabinl.go` (Go 1.20 on) and `runtime/symtab.go`
//! (before). A pc's index into the function's inline tree is itself a
//! pc-value table; where a function has no tree there is one frame.

use crate::func::{Func, line_number};
use crate::func_id::FuncId;
use crate::header::Magic;
use crate::pclntab::{PcLnTab, UNKNOWN};
use crate::record::Record;

/// Deeper inlining than any compiler does is taken for damage.
const MAX_DEPTH: usize = 1024;

/// A source-level frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Full name of the function.
    pub func: &'a str,
    /// Path of the source file as the compiler wrote it; `?` when unknown.
    pub file: &'a str,
    /// Line being run or, in all but the innermost frame, of the call; zero when unknown.
    pub line: u32,
    /// Line of the `func` keyword (Go 1.20 on), else zero.
    pub start_line: u32,
    /// The function's code was put into that of the next frame.
    pub inlined: bool,
    /// Made by the compiler. The runtime hides such a frame unless it called
    /// a panic function (see [`Frame::hides`]).
    pub wrapper: bool,
    /// What the runtime takes the function for.
    pub id: FuncId,
}

impl Frame<'_> {
    /// Whether the runtime's tracebacks leave this frame out, given the id
    /// of the frame it called (`FuncId::Normal` for the innermost).
    pub fn hides(&self, callee: FuncId) -> bool {
        let panics = matches!(
            callee,
            FuncId::Gopanic | FuncId::Sigpanic | FuncId::Panicwrap
        );
        self.wrapper && !panics
    }
}

/// Where a release keeps inline trees, and their shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inlining {
    pcdata: u32,
    funcdata: u32,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `{funcID u8, _, nameOff i32, parentPc i32, startLine i32}`
    ParentPc,
    /// `{parent i16, funcID u8, _, file i32, line i32, func i32, parentPc i32}`
    Parent16,
    /// `{parent i32, file i32, line i32, func i32}`
    Parent32,
}

impl Inlining {
    pub(crate) fn of(magic: Magic, minor: Option<u32>) -> Option<Inlining> {
        let (pcdata, funcdata, shape) = match (magic, minor) {
            (Magic::Go120, _) => (2, 3, Shape::ParentPc),
            (Magic::Go116 | Magic::Go118, _) => (2, 3, Shape::Parent16),
            (Magic::Go12, Some(13..=15)) => (2, 4, Shape::Parent16),
            (Magic::Go12, Some(12)) => (1, 2, Shape::Parent16),
            (Magic::Go12, Some(9..=11)) => (1, 2, Shape::Parent32),
            // Before Go 1.9 there are no trees; of an unknown release the
            // places are not known either.
            (Magic::Go12, _) => return None,
        };
        Some(Inlining {
            pcdata,
            funcdata,
            shape,
        })
    }
}

/// One entry of an inline tree.
struct Call {
    id: u8,
    name: u32,
    start_line: u32,
    /// Go 1.20 on: where to read the next frame, as an offset from the entry.
    parent_pc: i32,
    /// Before: index of the next frame's entry, and the call's place.
    parent: i32,
    file: i32,
    line: i32,
}

impl PcLnTab {
    /// Appends the frames at `pc`, innermost first, and says how many.
    ///
    /// `pc` is used as it is: for a return address, pass one less.
    pub fn frames<'a>(&'a self, pc: u64, out: &mut Vec<Frame<'a>>) -> usize {
        match self.find(pc) {
            Some(func) => self.frames_of(&func, pc, out),
            None => 0,
        }
    }

    /// As [`PcLnTab::frames`], for a function already found.
    pub fn frames_of<'a>(&'a self, func: &Func<'a>, pc: u64, out: &mut Vec<Frame<'a>>) -> usize {
        let before = out.len();
        let record = func.record();
        let mut place = self.place(func, &record, pc);
        if let Some((inlining, tree)) = self.tree(func, &record) {
            let index_at = |pc| self.pc_data_of(func, &record, inlining.pcdata, pc);
            let mut index = index_at(pc).unwrap_or(-1);
            while index >= 0 && out.len() - before < MAX_DEPTH {
                let Some(call) = self.call(inlining.shape, tree, index) else {
                    break;
                };
                let id = self.id_of_number(call.id);
                out.push(Frame {
                    func: self.name(call.name),
                    file: place.0,
                    line: place.1,
                    start_line: line_number(call.start_line),
                    inlined: true,
                    wrapper: id == FuncId::Wrapper,
                    id,
                });
                if inlining.shape == Shape::ParentPc {
                    let pc = func.entry.wrapping_add_signed(i64::from(call.parent_pc));
                    place = self.place(func, &record, pc);
                    index = index_at(pc).unwrap_or(-1);
                } else {
                    let known = self.place_of(&record, call.file, call.line);
                    place = known.unwrap_or(UNKNOWN);
                    index = call.parent;
                }
            }
        }
        let id = self.id_of(&record);
        out.push(Frame {
            func: self.name(record.name),
            file: place.0,
            line: place.1,
            start_line: line_number(record.start_line),
            inlined: false,
            wrapper: id == FuncId::Wrapper,
            id,
        });
        out.len() - before
    }

    /// The calls that the code at `pc` was inlined by, innermost first: the addresses that stand for
    /// them in stacks with an address for each inlined call. None where nothing was inlined.
    pub fn inlined_calls(&self, func: &Func<'_>, pc: u64) -> Vec<u64> {
        let mut out = Vec::new();
        let record = func.record();
        let Some((inlining, tree)) = self.tree(func, &record) else {
            return out;
        };
        if inlining.shape == Shape::Parent32 {
            return out;
        }
        let mut pc = pc;
        while out.len() < MAX_DEPTH {
            let index = self.pc_data_of(func, &record, inlining.pcdata, pc);
            let call = index.and_then(|index| self.call(inlining.shape, tree, index));
            let Some(call) = call else {
                break;
            };
            pc = func.entry.wrapping_add_signed(i64::from(call.parent_pc));
            out.push(pc);
        }
        out
    }

    /// The layout and file offset of a function's inline tree.
    #[inline]
    fn tree(&self, func: &Func<'_>, record: &Record) -> Option<(Inlining, usize)> {
        let inlining = self.inlining?;
        if inlining.funcdata >= record.nfuncdata {
            return None;
        }
        let index = inlining.funcdata as usize;
        let pcdata = (record.npcdata as usize).checked_mul(4)?;
        let data = (func.record + self.layout.size).checked_add(pcdata)?;
        if self.header.magic >= Magic::Go118 {
            let at = data.checked_add(4 * index)?;
            return match self.elf.u32_of(self.table(), at)? {
                u32::MAX => None,
                offset => Some((inlining, self.gofunc?.checked_add(offset as usize)?)),
            };
        }
        // Pointers, aligned as such.
        let ptr = self.header.ptr as u64;
        let at = self.header.addr.checked_add(data as u64)?;
        let at = at
            .checked_next_multiple_of(ptr)?
            .checked_add(index as u64 * ptr)?;
        let tree = self.relocs.word(&self.elf, at)?;
        let (offset, _) = self.elf.file_offset(tree)?;
        Some((inlining, offset))
    }

    fn call(&self, shape: Shape, tree: usize, index: i32) -> Option<Call> {
        let index = usize::try_from(index).ok()?;
        let size = match shape {
            Shape::ParentPc | Shape::Parent32 => 16,
            Shape::Parent16 => 20,
        };
        let at = tree.checked_add(index.checked_mul(size)?)?;
        let bytes = self.elf.bytes().get(at..at.checked_add(size)?)?;
        let word = |n: usize| self.elf.u32_of(bytes, 4 * n);
        Some(match shape {
            Shape::ParentPc => Call {
                id: bytes[0],
                name: word(1)?,
                parent_pc: word(2)? as i32,
                start_line: word(3)?,
                parent: -1,
                file: -1,
                line: -1,
            },
            Shape::Parent32 => Call {
                id: 0,
                parent: word(0)? as i32,
                file: word(1)? as i32,
                line: word(2)? as i32,
                name: word(3)?,
                parent_pc: -1,
                start_line: 0,
            },
            Shape::Parent16 => {
                let raw = [bytes[0], bytes[1]];
                let parent = if self.elf.little {
                    i16::from_le_bytes(raw)
                } else {
                    i16::from_be_bytes(raw)
                };
                Call {
                    id: bytes[2],
                    parent: i32::from(parent),
                    file: word(1)? as i32,
                    line: word(2)? as i32,
                    name: word(3)?,
                    parent_pc: word(4)? as i32,
                    start_line: 0,
                }
            }
        })
    }
}
