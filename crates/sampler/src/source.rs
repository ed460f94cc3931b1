//! Where samples come from: perf events, or short stops.

use std::time::{Duration, Instant, SystemTime};

use target::perf::{self, Capture, Reach, Record, Regs};
use target::{LiveMemory, Process, Stopper};

use crate::error::Error;
use crate::quality::Quality;

/// How samples are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Perf events on every CPU: the best there is, for those who may.
    PerfCpus,
    /// Perf events on every thread.
    PerfThreads,
    /// Threads stopped one at a time.
    Stops,
}

/// How to sample.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Samples for each second of CPU time.
    pub hertz: u32,
    /// `None` takes the best that is allowed.
    pub method: Option<Method>,
    /// The target is our own child.
    pub child: bool,
    /// The target has C parts, whose frames need more stack to unwind.
    pub cgo: bool,
}

/// A sample of one thread.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The thread, in our pid namespace.
    pub tid: u32,
    /// `None` for a thread that has no user part, at its very beginning or end.
    pub regs: Option<Regs>,
    /// The stack from `regs.sp` up.
    pub stack: &'a [u8],
    /// The kernel's frame-pointer chain, the leaf's pc first; empty if there is none.
    pub chain: &'a [u64],
    /// CPU time that the sample stands for.
    pub cpu: Duration,
}

/// A running source of samples of one process.
#[derive(Debug)]
pub struct Source {
    kind: Kind,
    stack_bytes: u32,
    period: Duration,
    chain: Vec<u64>,
    /// When it began, by both clocks, and the CPU time that the target had used by then.
    pub(crate) began: (Instant, SystemTime, Duration),
}

#[derive(Debug)]
enum Kind {
    Perf(Box<Capture>),
    Stops(Stopper),
}

impl Source {
    /// Begins to sample `process`. Until [`Source::take`] the samples wait in the kernel, which
    /// has room for some seconds of them.
    pub fn start(process: Process, rate: &Rate) -> Result<Source, Error> {
        // C frames need the whole way down to Go; Go frames before 1.21 make room before they
        // save anything.
        let stack_bytes = if rate.cgo { 16 << 10 } else { 8 << 10 };
        let began = || {
            let used = process.cpu_time().unwrap_or_default();
            (Instant::now(), SystemTime::now(), used)
        };
        let perf = |reach| {
            let config = perf::Config {
                rate: rate.hertz,
                stack_bytes,
                reach,
            };
            let mut capture = Capture::open(process, config)?;
            let began = began();
            capture.start()?;
            Ok((Kind::Perf(Box::new(capture)), began))
        };
        let stops = || {
            let began = began();
            let stopper = Stopper::attach(process, rate.child)?;
            Ok::<_, target::Error>((Kind::Stops(stopper), began))
        };
        let (kind, began) = match rate.method {
            Some(Method::PerfCpus) => perf(Some(Reach::Cpus))?,
            Some(Method::PerfThreads) => perf(Some(Reach::Threads))?,
            Some(Method::Stops) => stops()?,
            None => match perf(None) {
                Ok(started) => started,
                Err(e @ target::Error::NoSuchProcess { .. }) => return Err(e.into()),
                Err(e) => stops().map_err(|_| e)?,
            },
        };
        Ok(Source {
            kind,
            stack_bytes,
            period: Duration::from_nanos(1_000_000_000 / u64::from(rate.hertz.max(1))),
            chain: Vec::new(),
            began,
        })
    }

    /// How it samples.
    pub fn method(&self) -> Method {
        match &self.kind {
            Kind::Perf(c) if c.reach() == Reach::Cpus => Method::PerfCpus,
            Kind::Perf(_) => Method::PerfThreads,
            Kind::Stops(_) => Method::Stops,
        }
    }

    /// CPU time between two samples of a thread.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Waits for the next samples, at most for `limit`.
    pub fn wait(&self, limit: Duration) {
        match &self.kind {
            Kind::Perf(capture) => capture.wait(limit),
            Kind::Stops(_) => std::thread::sleep(self.period.min(limit)),
        }
    }

    /// Hands over the samples that are there. A thread that had to be stopped for its sample
    /// stands still until `each` returns.
    pub fn take(&mut self, memory: &LiveMemory, each: &mut dyn FnMut(Sample<'_>)) {
        let (chain, period) = (&mut self.chain, self.period);
        match &mut self.kind {
            Kind::Perf(capture) => capture.drain(|record| {
                if let Record::Sample(s) = record {
                    chain.clear();
                    chain.extend(s.user_chain());
                    each(Sample {
                        tid: s.tid,
                        regs: s.regs,
                        stack: s.stack,
                        chain,
                        cpu: period,
                    });
                }
            }),
            Kind::Stops(stopper) => stopper.sample(memory, self.stack_bytes as usize, |s| {
                each(Sample {
                    tid: s.tid,
                    regs: Some(s.regs),
                    stack: s.stack,
                    chain: &[],
                    cpu: s.cpu,
                });
            }),
        }
    }

    /// Writes what was lost, and what it cost the target, into `quality`.
    pub fn count(&self, quality: &mut Quality) {
        match &self.kind {
            Kind::Perf(c) => {
                quality.lost = c.lost();
                quality.broken = c.broken();
                quality.throttled = c.throttled();
                quality.missed_threads = c.missed_threads();
                quality.user_only = c.excludes_kernel();
            }
            Kind::Stops(s) => {
                quality.worst_pause = s.pauses().worst;
                quality.pauses = s.pauses().count;
            }
        }
    }
}
