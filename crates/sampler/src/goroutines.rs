//! All goroutines of the process: those that wait are read from memory, those that run get their
//! stack from the next sample of their thread.

use std::time::{Duration, Instant};

use gobin::FuncId;
use goroutines::{CallIx, Goroutines};
use goruntime::Snapshot;

use crate::sampler::Sampler;
use crate::source::{Method, Rate, Source};
use crate::space::Space;
use crate::threads::Threads;
use crate::unwind::{End, Start, Unwinder};

/// Threads that run are sampled so often.
const HERTZ: u32 = 2000;
/// How long a sample is waited for before the rest is looked after.
const TICK: Duration = Duration::from_millis(2);

impl Sampler {
    /// Reads all goroutines, without stopping anything. For the stacks of those that run, samples
    /// are waited for at most `patience`; where perf events are refused their threads are stopped
    /// for some microseconds each. With no patience they have no stack.
    ///
    /// Fails with the reason where the runtime cannot be read.
    pub fn goroutines(&self, patience: Duration) -> Result<Goroutines, String> {
        let Some(runtime) = self.runtime.get() else {
            let why = self.runtime_error().map(ToString::to_string);
            return Err(why.unwrap_or_else(|| "the runtime was not found".to_owned()));
        };
        let now = target::clock::monotonic_ns();
        let (bin, bias) = (self.go(), self.space.go_bias());
        let mut snapshot = Snapshot::new(runtime, &self.memory, bin, bias, now)?;
        snapshot.read().map_err(|e| e.to_string())?;
        let mut stopped = false;
        if !snapshot.running().is_empty() && !patience.is_zero() {
            snapshot.retry_running();
            if !snapshot.running().is_empty() {
                stopped = self.running_stacks(&mut snapshot, patience);
            }
        }
        let mut all = snapshot.finish();
        all.stopped = stopped;
        if let Some(assumption) = self.assumption() {
            all.notes.push(format!(
                "this Go version ({}) is newer than this gowhy, or not a release: {assumption}",
                all.go_version
            ));
        }
        for (ability, why) in runtime.capabilities().missing() {
            all.notes.push(format!("no {ability}: {why}"));
        }
        Ok(all)
    }

    /// Whether threads were stopped for it.
    fn running_stacks(&self, snapshot: &mut Snapshot<'_>, patience: Duration) -> bool {
        let rate = Rate {
            hertz: HERTZ,
            method: None,
            child: false,
            cgo: self.go().is_cgo(),
        };
        let Ok(mut source) = Source::start(self.process, &rate) else {
            return false;
        };
        let unwinder = Unwinder::new(&self.space, &self.memory);
        let mut threads = Threads::new(self.process, &self.runtime, &self.memory);
        let mut pcs = Vec::new();
        let began = Instant::now();
        while !snapshot.running().is_empty() && began.elapsed() < patience {
            source.wait(TICK);
            let mut found: Vec<(usize, Vec<u64>, bool)> = Vec::new();
            let running = snapshot.running();
            source.take(&self.memory, &mut |sample| {
                let Some(regs) = sample.regs else {
                    return;
                };
                let current = threads.current(sample.tid, &regs);
                let wanted = running
                    .iter()
                    .find(|r| current.goroutine == Some((r.addr, r.goid)));
                let Some(wanted) = wanted.filter(|r| found.iter().all(|f| f.0 != r.place)) else {
                    return;
                };
                let start = Start {
                    regs,
                    stack: sample.stack,
                    chain: sample.chain,
                    thread: current.thread,
                };
                let (end, stale) = unwinder.unwind(start, &mut pcs);
                // A stack that ends in the scheduler, or of another goroutine, is not its own.
                let ends_well = match end {
                    End::Depth => true,
                    End::Root => ends_in_goexit(&self.space, &pcs),
                    _ => false,
                };
                if ends_well && !stale {
                    found.push((wanted.place, pcs.clone(), end == End::Depth));
                }
            });
            for (place, pcs, cut) in found {
                let calls = calls_of(&self.space, snapshot, &pcs);
                snapshot.set_stack(place, &calls, cut);
            }
            snapshot.retry_running();
        }
        source.method() == Method::Stops
    }
}

/// Whether a stack is a goroutine's: those of threads end elsewhere.
pub(crate) fn ends_in_goexit(space: &Space, pcs: &[u64]) -> bool {
    let last = pcs.last().and_then(|pc| space.func(*pc));
    last.is_some_and(|f| f.id() == FuncId::Goexit)
}

/// The calls of an unwound stack: all but the first are one byte before where they return to.
pub(crate) fn calls_of(space: &Space, snapshot: &mut Snapshot<'_>, pcs: &[u64]) -> Vec<CallIx> {
    let named = pcs.iter().enumerate();
    named
        .map(|(i, &pc)| call(space, snapshot, pc, i == 0))
        .collect()
}

fn call(space: &Space, snapshot: &mut Snapshot<'_>, pc: u64, exact: bool) -> CallIx {
    let back = if exact { pc } else { pc + 1 };
    if space.is_go(pc) {
        return snapshot.call(back, exact);
    }
    let builder = snapshot.builder();
    let mut frames = Vec::new();
    if let Some(i) = space.object_at(pc)
        && let Some(image) = space.image(i)
    {
        let at = pc.wrapping_sub(space.objects()[i].bias);
        let found = image.frames(at);
        let inner = found.len().saturating_sub(1);
        for (n, f) in found.iter().enumerate() {
            frames.push(goroutines::Frame {
                func: builder.text(&f.func),
                file: builder.text(&f.file),
                line: f.line,
                start_line: 0,
                inlined: n < inner,
                wrapper: false,
            });
        }
    }
    builder.call(back, None, exact, &frames)
}
