//! On-CPU sampling of one live process: attach, run, and a profile as Go's own profiler makes it.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gobin::GoBin;
use goruntime::Runtime;
use profile::{Builder, Profile};
use target::{LiveMemory, Process};

use crate::error::Error;
use crate::quality::Quality;
use crate::source::{Method, Sample, Source};
use crate::space::Space;
use crate::symbols::Symbols;
use crate::threads::Threads;
use crate::unwind::{Start, Unwinder};

/// How far a capture has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Time since it began.
    pub elapsed: Duration,
    /// Samples so far.
    pub samples: u64,
}

/// What a capture gave.
#[derive(Debug)]
pub struct Outcome {
    /// The profile: `samples/count` and `cpu/nanoseconds`.
    pub profile: Profile,
    /// How good it is.
    pub quality: Quality,
    /// How it was taken.
    pub method: Method,
    /// The target ended before the time was over.
    pub target_ended: bool,
}

/// A process of which everything that a sample needs has been read.
#[derive(Debug)]
pub struct Sampler {
    pub(crate) process: Process,
    pub(crate) memory: LiveMemory,
    pub(crate) space: Space,
    pub(crate) runtime: OnceCell<Runtime>,
    runtime_error: Option<goruntime::Error>,
}

/// How often the end of a capture is looked for, and `tick` is called.
const TICK: Duration = Duration::from_millis(100);

impl Sampler {
    /// Reads the binary, the libraries and the runtime of `process`. Nothing is stopped.
    pub fn attach(process: Process) -> Result<Sampler, Error> {
        let exe: gobin::Data = Arc::new(process.open_exe()?);
        let go = GoBin::parse(Arc::clone(&exe)).map_err(|source| Error::Program {
            pid: process.pid(),
            source,
        })?;
        let maps = process.maps()?;
        let probe = maps
            .iter()
            .find(|m| m.read && m.file != (0, 0))
            .ok_or(Error::NotMapped)?;
        let memory = LiveMemory::attach(process.pid(), probe.start)?;
        let space = Space::open(process, Arc::new(go), exe, &memory)?;
        let mut sampler = Sampler {
            process,
            memory,
            space,
            runtime: OnceCell::new(),
            runtime_error: None,
        };
        sampler.runtime_error = sampler.find_runtime().err();
        Ok(sampler)
    }

    /// Looks for the runtime's own structs, which a program that is just starting does not have
    /// yet.
    fn find_runtime(&self) -> Result<(), goruntime::Error> {
        if self.runtime.get().is_some() {
            return Ok(());
        }
        let tids: Vec<u32> = self
            .process
            .threads()
            .into_iter()
            .map(|tid| self.process.inner_tid(tid).unwrap_or(tid))
            .collect();
        let bias = self.space.go_bias();
        let runtime = Runtime::attach(&self.memory, self.space.go(), bias, &tids)?;
        // Nobody set it meanwhile: this is the only place, and not reentrant.
        let _ = self.runtime.set(runtime);
        Ok(())
    }

    /// The program.
    pub fn go(&self) -> &GoBin {
        self.space.go()
    }

    /// The runtime of the process, if it can be read.
    pub fn runtime(&self) -> Option<&Runtime> {
        self.runtime.get()
    }

    /// The runtime, or why it cannot be read.
    pub(crate) fn known_runtime(&self) -> Result<&Runtime, String> {
        self.runtime.get().ok_or_else(|| {
            let why = self.runtime_error().map(ToString::to_string);
            why.unwrap_or_else(|| "the runtime was not found".to_owned())
        })
    }

    /// Why the runtime cannot be read, if so: samples then have no labels, and a few stacks end
    /// at `systemstack`.
    pub fn runtime_error(&self) -> Option<&goruntime::Error> {
        self.runtime_error
            .as_ref()
            .filter(|_| self.runtime.get().is_none())
    }

    /// What was assumed because this Go version is not known: its structs are taken to be those of
    /// another, which the process has not contradicted.
    pub fn assumption(&self) -> Option<String> {
        assumption(self.runtime.get()?)
    }

    /// Takes samples from `source` for `duration`, or until `stop` is set or the target ends.
    /// `tick` is called several times a second.
    pub fn run(
        &self,
        mut source: Source,
        duration: Option<Duration>,
        stop: &AtomicBool,
        tick: &mut dyn FnMut(Progress),
    ) -> Outcome {
        let mut take = Take::new(self, source.period());
        let (began, began_at, cpu_before) = source.began;
        let mut cpu_after = cpu_before;
        let mut target_ended = false;
        let mut ticked = Instant::now();
        loop {
            let elapsed = began.elapsed();
            let over = duration.is_some_and(|d| elapsed >= d);
            if over || stop.load(Ordering::Relaxed) {
                break;
            }
            source.wait(duration.map_or(TICK, |d| d - elapsed).min(TICK));
            source.take(&self.memory, &mut |s| take.sample(s));
            match self.process.cpu_time() {
                Some(now) if self.process.is_running() => cpu_after = now,
                now => {
                    cpu_after = cpu_after.max(now.unwrap_or_default());
                    target_ended = true;
                    break;
                }
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                if self.runtime.get().is_none() && began.elapsed() < 20 * TICK {
                    let _ = self.find_runtime();
                }
                tick(Progress {
                    elapsed: began.elapsed(),
                    samples: take.quality.samples,
                });
            }
        }
        source.take(&self.memory, &mut |s| take.sample(s));
        if let Some(now) = self.process.cpu_time() {
            cpu_after = cpu_after.max(now);
        }
        source.count(&mut take.quality);
        take.quality.elapsed = began.elapsed();
        take.quality.used = cpu_after.saturating_sub(cpu_before);
        let (profile, quality) = take.finish(began_at);
        Outcome {
            profile,
            quality,
            method: source.method(),
            target_ended,
        }
    }
}

/// What was assumed of a runtime whose version is not known.
pub(crate) fn assumption(runtime: &Runtime) -> Option<String> {
    match &runtime.layouts().origin {
        goruntime::layout::Origin::Assumed { of, why } => Some(format!("read as {of}: {why}")),
        _ => None,
    }
}

/// The samples as they become a profile.
struct Take<'a> {
    builder: Builder,
    symbols: Symbols<'a>,
    unwinder: Unwinder<'a>,
    threads: Threads<'a>,
    quality: Quality,
    period: Duration,
    pcs: Vec<u64>,
}

impl<'a> Take<'a> {
    fn new(sampler: &'a Sampler, period: Duration) -> Self {
        let mut builder = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
        let space = &sampler.space;
        Take {
            symbols: Symbols::new(space, &mut builder),
            builder,
            unwinder: Unwinder::new(space, &sampler.memory),
            threads: Threads::new(sampler.process, &sampler.runtime, &sampler.memory),
            quality: Quality::default(),
            period,
            pcs: Vec::new(),
        }
    }

    fn sample(&mut self, sample: Sample<'_>) {
        let values = self.count(sample.cpu);
        let Some(regs) = sample.regs else {
            self.quality.kernel_only += 1;
            let stack = self
                .symbols
                .pseudo(&mut self.builder, "runtime._ExternalCode");
            self.builder.sample(&stack, &values, &[]);
            return;
        };
        let current = self.threads.current(sample.tid, &regs);
        let start = Start {
            regs,
            stack: sample.stack,
            chain: sample.chain,
            thread: current.thread,
        };
        let (end, stale) = self.unwinder.unwind(start, &mut self.pcs);
        // No label is better than another goroutine's.
        let labels = if stale { 0 } else { current.labels };
        *self.quality.ends.entry(end).or_default() += 1;
        let labels: Vec<_> = self
            .threads
            .labels(labels)
            .iter()
            .map(|(k, v)| self.builder.label(k, v))
            .collect();
        if self.pcs.is_empty() {
            let stack = self
                .symbols
                .pseudo(&mut self.builder, "runtime._ExternalCode");
            self.builder.sample(&stack, &values, &labels);
        } else {
            let stack = self.symbols.stack(&mut self.builder, &self.pcs);
            self.builder.sample(stack, &values, &labels);
        }
    }

    fn count(&mut self, cpu: Duration) -> [i64; 2] {
        self.quality.samples += 1;
        self.quality.sampled += cpu;
        [1, i64::try_from(cpu.as_nanos()).unwrap_or(i64::MAX)]
    }

    fn finish(mut self, began: SystemTime) -> (Profile, Quality) {
        let comment = self
            .builder
            .intern(&format!("gowhy: {}", self.quality.summary()));
        let p = self.builder.profile_mut();
        p.comments.push(comment);
        p.period_type = p.sample_types[1];
        p.period = i64::try_from(self.period.as_nanos()).unwrap_or(i64::MAX);
        p.duration_nanos = i64::try_from(self.quality.elapsed.as_nanos()).unwrap_or(i64::MAX);
        p.time_nanos = began
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|d| i64::try_from(d.as_nanos()).ok())
            .unwrap_or(0);
        (self.builder.finish(), self.quality)
    }
}
