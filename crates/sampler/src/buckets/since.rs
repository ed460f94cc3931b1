//! What the runtime recorded between two moments.

use goruntime::BucketReader;
use goruntime::buckets::{Allocations, Kind, Records, Waits};

use super::{Kept, KeptProfile};
use crate::sampler::Sampler;

/// All that the runtime had recorded for a profile at a moment.
#[derive(Debug)]
pub enum Mark {
    /// Allocations.
    Memory(Records<Allocations>),
    /// Waits.
    Waits(Records<Waits>),
}

impl Kept {
    /// The buckets that it is made of; `None` where it is made of none.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Kept::Heap | Kept::Allocs => Some(Kind::Memory),
            Kept::Block => Some(Kind::Block),
            Kept::Mutex => Some(Kind::Mutex),
            Kept::ThreadCreate => None,
        }
    }
}

impl Sampler {
    fn reader(&self) -> Result<BucketReader<'_>, String> {
        let bias = self.space.go_bias();
        BucketReader::attach(self.known_runtime()?, &self.memory, self.go(), bias)
    }

    /// Where the word is in the process that says how much is recorded, see
    /// [`BucketReader::rate_address`].
    pub fn rate_address(&self, kind: Kind) -> Result<u64, String> {
        self.reader()?.rate_address(kind)
    }

    /// How many ticks of the CPU's clock the runtime counts in a second.
    pub fn ticks_per_second(&self) -> Result<f64, String> {
        super::ticks_per_second(&self.reader()?)
    }

    /// An address that the program's file is mapped at.
    pub fn mapped_at(&self) -> u64 {
        let table = self.go().pclntab().addr();
        table.wrapping_add(self.space.go_bias())
    }

    /// Reads all that has been recorded so far.
    pub fn mark(&self, kind: Kind) -> Result<Mark, String> {
        let reader = self.reader()?;
        Ok(match kind {
            Kind::Memory => Mark::Memory(reader.memory_so_far()?),
            Kind::Block | Kind::Mutex => Mark::Waits(reader.waits(kind)?),
        })
    }

    /// What was recorded between two marks of a profile, at a rate that held all the time.
    pub fn kept_between(
        &self,
        kept: Kept,
        before: &Mark,
        after: Mark,
        rate: u64,
    ) -> Result<KeptProfile, String> {
        let reader = self.reader()?;
        match (before, after, kept.kind()) {
            (Mark::Memory(before), Mark::Memory(after), _) => {
                let mut records = after.since(before);
                records.rate = rate;
                Ok(self.memory_profile(&reader, records, kept.default_type()))
            }
            (Mark::Waits(before), Mark::Waits(after), Some(kind)) => {
                let mut records = after.since(before);
                records.rate = rate;
                self.wait_profile(&reader, kind, records)
            }
            _ => Err("the two readings are of different profiles".to_owned()),
        }
    }
}
