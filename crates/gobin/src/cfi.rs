//! One frame up from C code, by the call frame information in `.eh_frame`.
//!
//! Go functions are walked by their own tables (`PcLnTab::sp_delta`); this is
//! for libc, the vDSO and cgo. x86-64 only. Rules are cached by address, so a
//! stack seen again costs a map lookup a frame.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, EndianSlice, EvaluationResult, LittleEndian,
    Location, RegisterRule, UnwindContext, UnwindExpression, UnwindSection, Value,
};
use object::elf;
use rustc_hash::FxHashMap;

use crate::Image;
use crate::elf::Elf;

const MAX_CACHED: usize = 1 << 16;
/// More FDEs than the largest library has.
const MAX_FDES: usize = 1 << 22;
/// Steps of one DWARF expression.
const MAX_EVALUATION: u32 = 256;

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Expression = UnwindExpression<usize>;

/// The registers that survive a call, as a frame sees them. `None`: unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Regs {
    /// Instruction pointer, or return address.
    pub ip: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Frame pointer.
    pub bp: Option<u64>,
    /// rbx, which a callee keeps.
    pub rbx: Option<u64>,
    /// r12, which a callee keeps.
    pub r12: Option<u64>,
    /// r13, which a callee keeps.
    pub r13: Option<u64>,
    /// r14, which a callee keeps.
    pub r14: Option<u64>,
    /// r15, which a callee keeps.
    pub r15: Option<u64>,
}

/// DWARF numbers of the registers kept, in the order of `Rule::saved`.
const KEPT: [u16; 8] = [3, 6, 7, 12, 13, 14, 15, 16];
const SP: usize = 2;
const IP: usize = 7;

impl Regs {
    fn get(&self, number: u16) -> Option<u64> {
        match number {
            3 => self.rbx,
            6 => self.bp,
            7 => Some(self.sp),
            12 => self.r12,
            13 => self.r13,
            14 => self.r14,
            15 => self.r15,
            16 => Some(self.ip),
            _ => None,
        }
    }
}

/// How to find the caller's registers at one address.
#[derive(Debug, Clone, Copy)]
struct Rule {
    cfa: Cfa,
    saved: [Saved; 8],
    signal: bool,
}

#[derive(Debug, Clone, Copy)]
enum Cfa {
    Register(u16, i64),
    Expression(Expression),
}

#[derive(Debug, Clone, Copy)]
enum Saved {
    Same,
    Undefined,
    At(i64),
    Is(i64),
    In(u16),
    AtExpression(Expression),
    IsExpression(Expression),
}

/// The unwind table of one image.
pub struct Cfi {
    elf: Arc<Elf>,
    bases: BaseAddresses,
    /// Address, file offset, size.
    frame: (u64, usize, usize),
    header: Option<(u64, usize, usize)>,
    /// Start, end, offset in `.eh_frame`; for files without a search table.
    index: OnceLock<Vec<(u64, u64, usize)>>,
    cache: Mutex<FxHashMap<u64, Option<Rule>>>,
}

impl Cfi {
    /// `None` when the image has no call frame information.
    pub fn new(image: &Image) -> Option<Cfi> {
        let elf = image.elf.clone();
        if elf.machine != elf::EM_X86_64 || !elf.little || !elf.is_64 {
            return None;
        }
        let place = |addr: u64, size: u64| {
            let (offset, left) = elf.file_offset(addr)?;
            Some((addr, offset, left.min(usize::try_from(size).ok()?)))
        };
        let section = |name: &str| elf.section(name).and_then(|s| place(s.addr, s.size));
        let header = match elf.eh_frame_hdr {
            Some((addr, size)) => place(addr, size),
            None => section(".eh_frame_hdr"),
        };
        let mut bases = BaseAddresses::default();
        if let Some((addr, ..)) = header {
            bases = bases.set_eh_frame_hdr(addr);
        }
        if let Some(text) = elf.section(".text") {
            bases = bases.set_text(text.addr);
        }
        if let Some(got) = elf.section(".got") {
            bases = bases.set_got(got.addr);
        }
        let frame = match section(".eh_frame") {
            Some(frame) => frame,
            None => {
                let (_, offset, size) = header?;
                let bytes = elf.bytes().get(offset..offset + size)?;
                let parsed = EhFrameHdr::new(bytes, LittleEndian).parse(&bases, 8).ok()?;
                match parsed.eh_frame_ptr() {
                    gimli::Pointer::Direct(addr) => place(addr, u64::MAX)?,
                    gimli::Pointer::Indirect(_) => return None,
                }
            }
        };
        if frame.2 < 8 {
            return None;
        }
        bases = bases.set_eh_frame(frame.0);
        Some(Cfi {
            bases,
            frame,
            header,
            elf,
            index: OnceLock::new(),
            cache: Mutex::new(FxHashMap::default()),
        })
    }

    /// Turns the registers of the frame at `addr` into those of its caller.
    ///
    /// `addr` is the image's own address: load bias taken off, and one less
    /// than a return address. `read` reads a word of the stack. `None`, and
    /// `regs` as it was, at the end of the stack or where nothing is known.
    pub fn step(
        &self,
        addr: u64,
        regs: &mut Regs,
        read: &mut dyn FnMut(u64) -> Option<u64>,
    ) -> Option<()> {
        let rule = self.rule(addr)?;
        let cfa = match rule.cfa {
            Cfa::Register(register, offset) => regs.get(register)?.wrapping_add_signed(offset),
            Cfa::Expression(e) => self.evaluate(e, None, regs, read)?,
        };
        // A call frame lies above its callee's; only a signal changes stacks.
        if cfa <= regs.sp && !rule.signal {
            return None;
        }
        let mut found = [None; KEPT.len()];
        for (i, saved) in rule.saved.iter().enumerate() {
            found[i] = match *saved {
                Saved::Same if i == SP => Some(cfa),
                Saved::Same if i == IP => None,
                Saved::Same => regs.get(KEPT[i]),
                Saved::Undefined => None,
                Saved::At(offset) => read(cfa.wrapping_add_signed(offset)),
                Saved::Is(offset) => Some(cfa.wrapping_add_signed(offset)),
                Saved::In(register) => regs.get(register),
                Saved::AtExpression(e) => {
                    let at = self.evaluate(e, Some(cfa), regs, read)?;
                    read(at)
                }
                Saved::IsExpression(e) => Some(self.evaluate(e, Some(cfa), regs, read)?),
            };
        }
        let [rbx, bp, sp, r12, r13, r14, r15, ip] = found;
        *regs = Regs {
            ip: ip.filter(|&ip| ip != 0)?,
            sp: sp?,
            bp,
            rbx,
            r12,
            r13,
            r14,
            r15,
        };
        Some(())
    }

    /// Whether the frame at `addr` is the kernel's signal trampoline, so that
    /// its caller's ip is where the thread was, and not a return address.
    pub fn is_signal_frame(&self, addr: u64) -> bool {
        self.rule(addr).is_some_and(|rule| rule.signal)
    }

    /// First address of the function that the table says `addr` is in.
    pub fn function_start(&self, addr: u64) -> Option<u64> {
        let frame = self.eh_frame()?;
        Some(self.fde(&frame, addr)?.initial_address())
    }

    fn rule(&self, addr: u64) -> Option<Rule> {
        if let Ok(cache) = self.cache.lock()
            && let Some(rule) = cache.get(&addr)
        {
            return *rule;
        }
        let rule = self.compute(addr);
        if let Ok(mut cache) = self.cache.lock() {
            if cache.len() >= MAX_CACHED {
                cache.clear();
            }
            cache.insert(addr, rule);
        }
        rule
    }

    fn compute(&self, addr: u64) -> Option<Rule> {
        let frame = self.eh_frame()?;
        let fde = self.fde(&frame, addr)?;
        let mut context: Box<UnwindContext<usize>> = Box::default();
        let row = fde
            .unwind_info_for_address(&frame, &self.bases, &mut context, addr)
            .ok()?;
        let cfa = match *row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => Cfa::Register(register.0, offset),
            CfaRule::Expression(e) => Cfa::Expression(e),
        };
        let mut saved = [Saved::Same; KEPT.len()];
        for &(register, ref rule) in row.registers() {
            // The number of the return address is the CIE's to say.
            let number = if register == fde.cie().return_address_register() {
                KEPT[IP]
            } else {
                register.0
            };
            let Some(slot) = KEPT.iter().position(|&kept| kept == number) else {
                continue;
            };
            saved[slot] = match *rule {
                RegisterRule::Undefined => Saved::Undefined,
                RegisterRule::SameValue => Saved::Same,
                RegisterRule::Offset(n) => Saved::At(n),
                RegisterRule::ValOffset(n) => Saved::Is(n),
                RegisterRule::Register(r) => Saved::In(r.0),
                RegisterRule::Expression(e) => Saved::AtExpression(e),
                RegisterRule::ValExpression(e) => Saved::IsExpression(e),
                _ => Saved::Undefined,
            };
        }
        Some(Rule {
            cfa,
            saved,
            signal: fde.is_signal_trampoline(),
        })
    }

    fn fde<'a>(
        &'a self,
        frame: &EhFrame<Slice<'a>>,
        addr: u64,
    ) -> Option<gimli::FrameDescriptionEntry<Slice<'a>>> {
        if let Some((_, offset, size)) = self.header
            && let Some(bytes) = self.elf.bytes().get(offset..offset + size)
            && let Ok(header) = EhFrameHdr::new(bytes, LittleEndian).parse(&self.bases, 8)
            && let Some(table) = header.table()
        {
            // Not `fde_for_address`: it trusts that the table points behind the section's start.
            let gimli::Pointer::Direct(at) = table.lookup(addr, &self.bases).ok()? else {
                return None;
            };
            let offset = usize::try_from(at.checked_sub(self.frame.0)?).ok()?;
            let fde = frame
                .fde_from_offset(&self.bases, offset.into(), EhFrame::cie_from_offset)
                .ok()?;
            return fde.contains(addr).then_some(fde);
        }
        let index = self.index.get_or_init(|| self.build_index(frame));
        let after = index.partition_point(|e| e.0 <= addr);
        let &(_, end, offset) = index[..after].last()?;
        if addr >= end {
            return None;
        }
        frame
            .fde_from_offset(&self.bases, offset.into(), EhFrame::cie_from_offset)
            .ok()
    }

    fn build_index(&self, frame: &EhFrame<Slice<'_>>) -> Vec<(u64, u64, usize)> {
        let mut out = Vec::new();
        let mut entries = frame.entries(&self.bases);
        while let Ok(Some(entry)) = entries.next() {
            if let gimli::CieOrFde::Fde(partial) = entry
                && let Ok(fde) = partial.parse(EhFrame::cie_from_offset)
            {
                out.push((fde.initial_address(), fde.end_address(), fde.offset()));
                if out.len() >= MAX_FDES {
                    break;
                }
            }
        }
        out.sort_unstable();
        out
    }

    fn eh_frame(&self) -> Option<EhFrame<Slice<'_>>> {
        let (_, offset, size) = self.frame;
        let bytes = self.elf.bytes().get(offset..offset.checked_add(size)?)?;
        let mut frame = EhFrame::new(bytes, LittleEndian);
        frame.set_address_size(8);
        Some(frame)
    }

    fn evaluate(
        &self,
        expression: Expression,
        cfa: Option<u64>,
        regs: &Regs,
        read: &mut dyn FnMut(u64) -> Option<u64>,
    ) -> Option<u64> {
        let frame = self.eh_frame()?;
        let encoding = gimli::Encoding {
            address_size: 8,
            format: gimli::Format::Dwarf32,
            version: 4,
        };
        let mut evaluation = expression.get(&frame).ok()?.evaluation(encoding);
        evaluation.set_max_iterations(MAX_EVALUATION);
        if let Some(cfa) = cfa {
            evaluation.set_initial_value(cfa);
        }
        let mut result = evaluation.evaluate().ok()?;
        for _ in 0..MAX_EVALUATION {
            result = match result {
                EvaluationResult::Complete => {
                    let pieces = evaluation.result();
                    return match pieces.first()?.location {
                        Location::Address { address } => Some(address),
                        Location::Value { value } => value.to_u64(u64::MAX).ok(),
                        Location::Register { register } => regs.get(register.0),
                        _ => None,
                    };
                }
                EvaluationResult::RequiresRegister { register, .. } => evaluation
                    .resume_with_register(Value::Generic(regs.get(register.0)?))
                    .ok()?,
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    let word = read(address)?;
                    let word = match size {
                        8 => word,
                        size @ 1..=7 => word & ((1 << (8 * u32::from(size))) - 1),
                        _ => return None,
                    };
                    evaluation.resume_with_memory(Value::Generic(word)).ok()?
                }
                EvaluationResult::RequiresCallFrameCfa => {
                    evaluation.resume_with_call_frame_cfa(cfa?).ok()?
                }
                _ => return None,
            };
        }
        None
    }
}

impl fmt::Debug for Cfi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cfi")
            .field("eh_frame", &format_args!("{:#x}", self.frame.0))
            .field("search_table", &self.header.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
