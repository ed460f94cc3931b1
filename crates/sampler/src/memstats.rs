//! The memory statistics of the process.

use goruntime::MemStatsReader;
use goruntime::memstats::Reading;

use crate::sampler::Sampler;

/// A process whose counters of memory were found and proved.
#[derive(Debug)]
pub struct MemStats<'a> {
    sampler: &'a Sampler,
    reader: MemStatsReader,
}

impl Sampler {
    /// Looks for the counters of memory; `now_ns` is the time since 1970. Nothing is stopped.
    ///
    /// Fails with the reason where they cannot be read.
    pub fn memstats(&self, now_ns: u64) -> Result<MemStats<'_>, String> {
        let runtime = self.known_runtime()?;
        let bias = self.space.go_bias();
        let reader = MemStatsReader::attach(runtime, &self.memory, self.go(), bias, now_ns)?;
        Ok(MemStats {
            sampler: self,
            reader,
        })
    }
}

impl MemStats<'_> {
    /// Reads them as they are now.
    pub fn read(&self) -> Result<Reading, String> {
        self.reader.read(&self.sampler.memory)
    }
}
