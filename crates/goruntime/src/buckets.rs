//! The buckets that the runtime's own profiles are made of: what was allocated, where goroutines
//! blocked, where mutexes were contended; and the stacks that threads were created at.
//!
//! Buckets are never freed and new ones go to the head of their list, so that the list can be walked
//! while the program runs. Each carries a hash of its stack and size, which is computed again here:
//! a bucket that was read wrong is not believed. Mirrors src/runtime/mprof.go.

use gobin::GoBin;
use target::{Memory, MemoryError};

use crate::globals::Globals;
use crate::layout::Structs;
use crate::read::{word_at, words};
use crate::runtime::Runtime;
use crate::threads::walk as walk_threads;

mod chain;
mod form;
mod layout;
mod since;

pub use chain::Stacks;
pub use form::Form;

use chain::Chain;
use layout::BucketLayouts;

/// A kind of bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Allocations.
    Memory,
    /// Blocking.
    Block,
    /// Contention of mutexes.
    Mutex,
}

impl Kind {
    /// The number in a bucket.
    fn typ(self) -> u64 {
        match self {
            Kind::Memory => 1,
            Kind::Block => 2,
            Kind::Mutex => 3,
        }
    }

    /// The globals with the list and the rate.
    fn globals(self) -> (&'static str, &'static str) {
        match self {
            Kind::Memory => ("mbuckets", "MemProfileRate"),
            Kind::Block => ("bbuckets", "blockprofilerate"),
            Kind::Mutex => ("xbuckets", "mutexprofilerate"),
        }
    }
}

/// Allocations of one size at one stack, as of the last garbage collection, not scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Bytes of one object.
    pub size: u64,
    /// Objects allocated.
    pub allocs: u64,
    /// Objects freed.
    pub frees: u64,
}

/// Waits at one stack.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Waits {
    /// How many; made up for those that were left out.
    pub count: f64,
    /// How long, in ticks of the CPU's clock.
    pub ticks: i64,
}

/// Records with the stack of each.
#[derive(Clone, Debug)]
pub struct Records<T> {
    /// The rate that is set now: of memory, bytes between two samples; of blocking, the ticks of a
    /// wait that is always recorded; of mutexes, one in so many. 0 is off.
    pub rate: u64,
    /// The records, newest stack first.
    pub all: Vec<T>,
    /// The stack of each, return addresses with the leaf first.
    pub stacks: Stacks,
}

/// How often what moves is read.
const TRIES: u32 = 16;
/// Slots for the cycles to come in a record of allocations.
const CYCLES: u32 = 3;
/// The depth of stacks, where the runtime does not say.
const STACK_DEPTH: usize = 128;

/// Reads the buckets of one process.
pub struct BucketReader<'a> {
    runtime: &'a Runtime,
    mem: &'a dyn Memory,
    globals: Globals,
    structs: Box<dyn Structs>,
    layouts: BucketLayouts,
    form: Form,
    bias: u64,
}

impl<'a> BucketReader<'a> {
    /// Finds what is needed in the program that `runtime` was attached to.
    ///
    /// Fails with the reason where the structs are not known.
    pub fn attach(
        runtime: &'a Runtime,
        mem: &'a dyn Memory,
        bin: &GoBin,
        bias: u64,
    ) -> Result<BucketReader<'a>, String> {
        /// What is looked for.
        const WANTED: [&str; 9] = [
            "mbuckets",
            "bbuckets",
            "xbuckets",
            "MemProfileRate",
            "blockprofilerate",
            "mutexprofilerate",
            "mProfCycle",
            "ticks",
            "debug",
        ];
        let structs = runtime.structs(bin, &layout::STRUCTS);
        let structs = structs.ok_or("the structs of the runtime are not known")?;
        Ok(BucketReader {
            runtime,
            mem,
            globals: Globals::of(bin, &WANTED).ok_or("the Go version is not known")?,
            layouts: BucketLayouts::resolve(&*structs).map_err(|e| e.to_string())?,
            structs,
            form: Form::of(runtime.structs_of()),
            bias,
        })
    }

    /// What of the profiles varies with the version.
    pub fn form(&self) -> Form {
        self.form
    }

    fn at(&self, name: &str) -> Result<u64, String> {
        let found = self.globals.get(name);
        let found = found.ok_or_else(|| format!("runtime.{name} was not found in the program"))?;
        Ok(found.wrapping_add(self.bias))
    }

    /// The rate that is set now, see [`Records::rate`].
    pub fn rate(&self, kind: Kind) -> Result<u64, String> {
        self.word(self.at(kind.globals().1)?)
    }

    fn word(&self, at: u64) -> Result<u64, String> {
        self.mem.read_u64(at).map_err(said)
    }

    fn chain(&self, kind: Kind, record: u32) -> Result<Chain, String> {
        let head = self.word(self.at(kind.globals().0)?)?;
        Chain::read(self.mem, &self.layouts.bucket, head, kind.typ(), record)
    }

    /// The buckets of memory and the profile's cycle, read while that did not change: in a new one
    /// the collector moves counts from one slot of a record to another.
    fn settled_memory(&self) -> Result<(Chain, u32), String> {
        let cycle_at = self.at("mProfCycle")?;
        let cycle = || self.mem.read_u32(cycle_at).map_err(said);
        let mut before = cycle()?;
        let mut chain = self.chain(Kind::Memory, self.layouts.memory_size)?;
        for _ in 0..TRIES {
            let after = cycle()?;
            if after == before {
                break;
            }
            before = after;
            chain = self.chain(Kind::Memory, self.layouts.memory_size)?;
        }
        Ok((chain, before))
    }

    /// What was allocated and freed up to the last garbage collection but one: what MemProfile
    /// gives. Before there was any, what was up to now.
    pub fn memory(&self) -> Result<Records<Allocations>, String> {
        let (chain, cycle) = self.settled_memory()?;
        // The slot of the present cycle is empty once it was flushed, so it can always be added.
        let slot = (cycle >> 1) % CYCLES;
        let sum = |record: &[u8], slots: &[u32]| {
            let mut all = self.layouts.cycle(record, None);
            for slot in slots {
                let (allocs, frees) = self.layouts.cycle(record, Some(*slot));
                all = (all.0.wrapping_add(allocs), all.1.wrapping_add(frees));
            }
            all
        };
        let mut counts: Vec<(u64, u64)> = chain.records().map(|r| sum(r, &[slot])).collect();
        if counts.iter().all(|c| *c == (0, 0)) {
            counts = chain.records().map(|r| sum(r, &[0, 1, 2])).collect();
        }
        let all = counts.into_iter().zip(chain.sizes());
        let all = all.map(|((allocs, frees), size)| Allocations {
            size,
            allocs,
            frees,
        });
        Ok(Records {
            rate: self.rate(Kind::Memory)?,
            all: all.collect(),
            stacks: chain.stacks,
        })
    }

    /// Where goroutines blocked, or where mutexes were contended.
    pub fn waits(&self, kind: Kind) -> Result<Records<Waits>, String> {
        let chain = self.chain(kind, self.layouts.block_size)?;
        let l = self.layouts.block;
        let all = chain.records().map(|record| Waits {
            count: f64::from_bits(word_at(record, l.0 as usize)),
            ticks: word_at(record, l.1 as usize) as i64,
        });
        let all: Vec<Waits> = all.collect();
        if let Some(odd) = all.iter().find(|w| !(0.0..1e18).contains(&w.count)) {
            return Err(format!("a stack waited {} times", odd.count));
        }
        Ok(Records {
            rate: self.rate(kind)?,
            all,
            stacks: chain.stacks,
        })
    }

    /// The stacks that threads were created at, as far as they were recorded: of each thread one,
    /// the newest first. What is beyond the stack's end is 0 where the version writes it so.
    pub fn threads(&self) -> Result<Stacks, String> {
        let layouts = self.runtime.layouts();
        let threads = walk_threads(self.mem, &layouts.m, self.runtime.roots().allm)?;
        let field = self.layouts.createstack;
        let mut stacks = Stacks::default();
        for m in threads {
            let at = m.addr.0.wrapping_add(u64::from(field.offset));
            let bytes = self.mem.read_vec(at, field.size as usize).map_err(said)?;
            let pcs: Vec<u64> = words(&bytes).collect();
            let end = match self.form.pads_thread_stacks {
                true => pcs.len(),
                false => pcs.iter().position(|pc| *pc == 0).unwrap_or(pcs.len()),
            };
            stacks.push(&pcs[..end]);
        }
        Ok(stacks)
    }

    /// How many ticks the CPU's clock makes in a second, as the runtime computed it for its own
    /// profiles; `None` if it has not.
    pub fn ticks_per_second(&self) -> Result<Option<f64>, String> {
        let field = self.layouts.ticks_val;
        // Programs that never record waits may be linked without.
        let Ok(at) = self.at("ticks") else {
            return Ok(None);
        };
        let ticks = self.word(at.wrapping_add(u64::from(field.offset)))?;
        // A clock of less than 1 MHz or more than 100 GHz is none.
        let sane = (1_000_000..100_000_000_000).contains(&ticks);
        Ok(sane.then_some(ticks as f64))
    }

    /// The deepest stack that the runtime's profiles write.
    pub fn stack_depth(&self) -> usize {
        let field = self.structs.field("debug", "profstackdepth");
        let depth = field.and_then(|f| {
            let at = self.at("debug").ok()?;
            self.mem.read_u32(at.wrapping_add(u64::from(f.offset))).ok()
        });
        /// No version allows more.
        const MOST: u32 = 1024;
        let depth = depth.filter(|d| (1..=MOST).contains(d));
        depth.map_or(STACK_DEPTH, |d| d as usize)
    }
}

impl std::fmt::Debug for BucketReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BucketReader")
            .field("layouts", &self.layouts)
            .finish_non_exhaustive()
    }
}

fn said(e: MemoryError) -> String {
    e.to_string()
}
