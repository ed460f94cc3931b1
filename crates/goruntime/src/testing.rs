//! Made-up processes for tests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use target::{Memory, MemoryError};

use crate::globals::Image;
use crate::layout::{Field, Layouts, Origin, Release, Structs, Table};
use crate::proof::Code;
use crate::runtime::Program;

/// Memory in pieces, with unmapped gaps between them.
pub struct FakeMemory {
    pieces: RefCell<BTreeMap<u64, Vec<u8>>>,
    next: RefCell<u64>,
}

impl Default for FakeMemory {
    fn default() -> FakeMemory {
        FakeMemory {
            pieces: RefCell::default(),
            next: RefCell::new(0x1000),
        }
    }
}

impl FakeMemory {
    /// Puts bytes somewhere.
    pub fn alloc(&self, bytes: &[u8]) -> u64 {
        let at = *self.next.borrow();
        *self.next.borrow_mut() = (at + bytes.len() as u64 + 64).next_multiple_of(64);
        self.pieces.borrow_mut().insert(at, bytes.to_vec());
        at
    }

    /// Puts words somewhere.
    pub fn alloc_words(&self, words: &[u64]) -> u64 {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        self.alloc(&bytes)
    }

    /// Writes over what was put at `at`.
    pub fn poke(&self, at: u64, bytes: &[u8]) {
        let mut pieces = self.pieces.borrow_mut();
        let (start, piece) = pieces
            .range_mut(..=at)
            .next_back()
            .expect("address is mapped");
        piece[(at - start) as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Writes a field of the struct at `at`.
    pub fn set(&self, at: u64, field: impl Into<Option<Field>>, value: u64) {
        let field = field.into().expect("the version has the field");
        let bytes = value.to_le_bytes();
        self.poke(
            at + u64::from(field.offset),
            &bytes[..(field.size as usize).min(8)],
        );
    }
}

impl Memory for FakeMemory {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        let failed = MemoryError {
            address,
            len: buf.len(),
        };
        let pieces = self.pieces.borrow();
        let (start, piece) = pieces.range(..=address).next_back().ok_or(failed)?;
        let from = (address - start) as usize;
        let end = from.checked_add(buf.len()).ok_or(failed)?;
        buf.copy_from_slice(piece.get(from..end).ok_or(failed)?);
        Ok(())
    }
}

/// Room for any struct.
const ROOM: usize = 0x4000;
/// Where code is said to be; functions begin at multiples of 0x100, `runtime.main` at the first.
pub const TEXT: Range<u64> = 0x40_0000..0x41_0000;

/// A process of a release with two threads and three goroutines; thread 0 runs goroutine 1.
pub struct FakeProcess {
    pub mem: FakeMemory,
    pub release: Release,
    pub layouts: Layouts,
    pub globals: BTreeMap<&'static str, u64>,
    pub ms: Vec<u64>,
    pub gs: Vec<u64>,
    shift: u32,
    /// Whether the program has debug information.
    pub is_described: bool,
}

/// The structs of a release in which g and m are longer.
struct Shifted(Table, u32);

impl Structs for Shifted {
    fn field(&self, strukt: &str, path: &str) -> Option<Field> {
        let mut field = self.0.field(strukt, path)?;
        if strukt != "p" && field.offset >= 16 {
            field.offset += self.1;
        }
        Some(field)
    }
    fn size(&self, strukt: &str) -> Option<u32> {
        self.0.size(strukt)
    }
}

impl Shifted {
    fn new(release: Release, shift: u32) -> Shifted {
        Shifted(Table::of(release, &[]).expect("a known release").0, shift)
    }
}

impl FakeProcess {
    pub fn new(release: Release) -> FakeProcess {
        FakeProcess::shifted(release, 0)
    }

    /// The same, with `shift` bytes more in g and m than the release has.
    pub fn shifted(release: Release, shift: u32) -> FakeProcess {
        let mem = FakeMemory::default();
        let layouts = Layouts::resolve(&Shifted::new(release, shift), release, Origin::Table);
        let layouts = layouts.expect("all fields");
        let mut process = FakeProcess {
            globals: BTreeMap::new(),
            mem,
            release,
            layouts,
            ms: Vec::new(),
            gs: Vec::new(),
            shift,
            is_described: false,
        };
        for name in ["allm", "allglen", "allgptr", "gomaxprocs"] {
            let at = process.mem.alloc_words(&[0]);
            process.globals.insert(name, at);
        }
        process.set_global("gomaxprocs", 1);
        process.add_m(100);
        process.globals.insert("m0", process.ms[0]);
        process.add_m(101);
        let p = process.mem.alloc(&[0; ROOM]);
        let list = process.mem.alloc_words(&[p]);
        let allp = process.mem.alloc_words(&[list, 1, 1]);
        process.globals.insert("allp", allp);
        process.set_wait_reasons(&["", "IO wait", "select", "chan receive", "sleep"]);
        for goid in 1..=3 {
            process.add_g(goid);
        }
        process.run(0, 0);
        process
    }

    pub fn set_global(&self, name: &str, value: u64) {
        self.mem.poke(self.globals[name], &value.to_le_bytes());
    }

    pub fn set_wait_reasons(&mut self, reasons: &[&str]) {
        let words: Vec<u64> = reasons
            .iter()
            .flat_map(|r| [self.mem.alloc(r.as_bytes()), r.len() as u64])
            .collect();
        let at = self.mem.alloc_words(&words);
        self.globals.insert("waitReasonStrings", at);
    }

    fn raw_g(&self, m: u64) -> u64 {
        let g = self.mem.alloc(&[0; ROOM]);
        let stack = self.mem.alloc(&[0; 0x800]);
        self.mem.set(g, self.layouts.g.stack_lo, stack);
        self.mem.set(g, self.layouts.g.stack_hi, stack + 0x800);
        self.mem.set(g, self.layouts.g.m, m);
        g
    }

    /// A new thread at the head of the list.
    pub fn add_m(&mut self, procid: u64) -> u64 {
        let l = &self.layouts.m;
        let m = self.mem.alloc(&[0; ROOM]);
        self.mem.set(m, l.id, self.ms.len() as u64);
        self.mem.set(m, l.procid, procid);
        self.mem.set(m, l.g0, self.raw_g(m));
        self.mem.set(m, l.gsignal, self.raw_g(m));
        self.mem
            .set(m, l.alllink, self.ms.last().copied().unwrap_or(0));
        self.set_global("allm", m);
        self.ms.push(m);
        m
    }

    /// A new waiting goroutine.
    pub fn add_g(&mut self, goid: u64) -> u64 {
        let g = self.raw_g(0);
        let l = &self.layouts.g;
        let stack = self.mem.read_u64(g).expect("g is mapped");
        self.mem.set(g, l.gopc, TEXT.start + 0x123);
        for (field, value) in [
            (l.goid, goid),
            (l.status, 4),
            (l.startpc, TEXT.start + (goid - 1) * 0x100),
            (l.sched_pc, TEXT.start + 0x456),
            (l.sched_sp, stack + 0x700),
        ] {
            self.mem.set(g, field, value);
        }
        self.gs.push(g);
        let list = self.mem.alloc_words(&self.gs);
        self.set_global("allgptr", list);
        self.set_global("allglen", self.gs.len() as u64);
        g
    }

    /// Makes a thread run a goroutine.
    pub fn run(&self, m: usize, g: usize) {
        self.mem.set(self.ms[m], self.layouts.m.curg, self.gs[g]);
        self.mem.set(self.gs[g], self.layouts.g.m, self.ms[m]);
        self.mem.set(self.gs[g], self.layouts.g.status, 2);
    }

    pub fn tids(&self) -> Vec<u32> {
        (100..100 + self.ms.len() as u32).collect()
    }
}

impl Image for FakeProcess {
    fn symbol(&self, name: &str) -> Option<u64> {
        self.globals.get(name.strip_prefix("runtime.")?).copied()
    }
    fn functions(&self, _: &[&'static str]) -> Vec<(&'static str, Range<u64>)> {
        Vec::new()
    }
    fn bytes(&self, _: Range<u64>) -> Option<&[u8]> {
        None
    }
    fn data(&self) -> Option<Range<u64>> {
        None
    }
}

impl Code for FakeProcess {
    fn is_entry(&self, pc: u64) -> bool {
        self.is_code(pc) && pc.is_multiple_of(0x100)
    }
    fn is_code(&self, pc: u64) -> bool {
        TEXT.contains(&pc)
    }
    fn is_main(&self, pc: u64) -> bool {
        pc == TEXT.start
    }
}

impl Program for FakeProcess {
    fn bias(&self) -> u64 {
        0
    }
    fn release(&self) -> Release {
        self.release
    }
    fn experiments(&self) -> Vec<&str> {
        Vec::new()
    }
    fn is_modified(&self) -> bool {
        false
    }
    fn dwarf(&self, _: &[&str]) -> Option<Box<dyn Structs>> {
        self.is_described
            .then(|| Box::new(Shifted::new(self.release, self.shift)) as Box<dyn Structs>)
    }
}
