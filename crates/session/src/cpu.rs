//! CPU profiles, from wherever they can be had.

use std::process::Child;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use sampler::{Method, Outcome, Progress, Rate, Sampler, Source};
use target::Process;

use crate::error::Error;
use crate::fetch::ProfileUrl;
use crate::launch::Program;

/// How to capture a CPU profile of a process.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Samples for each second of CPU time.
    pub rate: u32,
    /// How long; `None` until stopped or the process ends.
    pub duration: Option<Duration>,
    /// `None` takes the best that is allowed.
    pub method: Option<Method>,
}

/// A capture and what is to be said about it.
#[derive(Debug)]
pub struct Capture {
    /// The profile and its quality.
    pub outcome: Outcome,
    /// What the user should know, a line each.
    pub warnings: Vec<String>,
}

/// Samples a running process.
pub fn of_process(
    process: Process,
    options: &Options,
    stop: &AtomicBool,
    tick: &mut dyn FnMut(Progress),
) -> Result<Capture, Error> {
    let sampler = Sampler::attach(process)?;
    let source = Source::start(
        process,
        &Rate {
            hertz: options.rate,
            method: options.method,
            child: false,
            cgo: sampler.go().is_cgo(),
        },
    )?;
    Ok(finish(&sampler, source, options, stop, tick))
}

/// Starts a program and samples it from its first moment. `started` is called as soon as it runs.
/// The child is returned whatever became of the capture: it runs on.
pub fn of_program(
    program: &Program,
    options: &Options,
    stop: &AtomicBool,
    started: &mut dyn FnMut(Process),
    tick: &mut dyn FnMut(Progress),
) -> Result<(Child, Result<Capture, Error>), Error> {
    let child = program.start()?;
    let capture = (|| {
        let process = Process::find(child.id())?;
        started(process);
        let source = Source::start(
            process,
            &Rate {
                hertz: options.rate,
                method: options.method,
                child: true,
                cgo: program.is_cgo(),
            },
        )?;
        let sampler = attach_when_ready(process)?;
        Ok(finish(&sampler, source, options, stop, tick))
    })();
    Ok((child, capture))
}

/// The dynamic linker and the runtime need some milliseconds before there is something to read.
/// The samples of that time wait in the kernel.
fn attach_when_ready(process: Process) -> Result<Sampler, Error> {
    const PATIENCE: Duration = Duration::from_millis(300);
    let began = Instant::now();
    let mut so_far = None;
    loop {
        match Sampler::attach(process) {
            Ok(s) if s.runtime_error().is_none() => return Ok(s),
            Ok(s) => so_far = Some(s),
            // It has ended; what was read of it still names its functions.
            Err(e) if !process.is_running() => return so_far.ok_or(e.into()),
            Err(e) if began.elapsed() > PATIENCE => return so_far.ok_or(e.into()),
            Err(_) => {}
        }
        if began.elapsed() > PATIENCE
            && let Some(s) = so_far
        {
            return Ok(s);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn finish(
    sampler: &Sampler,
    source: Source,
    options: &Options,
    stop: &AtomicBool,
    tick: &mut dyn FnMut(Progress),
) -> Capture {
    let outcome = sampler.run(source, options.duration, stop, tick);
    let mut warnings = Vec::new();
    if let Some(why) = sampler.runtime_error() {
        warnings.push(format!(
            "the runtime's structs cannot be read, so samples have no labels and some stacks end early: {why}"
        ));
    }
    if let Some(assumption) = sampler.assumption() {
        warnings.push(format!(
            "this Go version ({}) is newer than this gowhy, or not a release: {assumption}",
            sampler.go().build_info().go_version
        ));
    }
    if outcome.method == Method::Stops && options.method.is_none() {
        warnings.push(
            "perf events are refused here: threads were stopped for each sample instead".into(),
        );
    }
    if outcome.target_ended && options.duration.is_some() {
        warnings.push(format!(
            "the process ended after {:.1}s",
            outcome.quality.elapsed.as_secs_f64()
        ));
    }
    let quality = &outcome.quality;
    if let Some(captured) = quality.captured()
        && captured + 3.0 * quality.chance() < 0.95
    {
        warnings.push(format!(
            "only {:.0}% of the CPU time was captured",
            captured * 100.0
        ));
    }
    const FEW: u64 = 100;
    if quality.samples < FEW && !quality.used.is_zero() {
        warnings.push(format!(
            "{} samples are few: -r 999 takes ten times as many, -d 60s more",
            quality.samples
        ));
    }
    Capture { outcome, warnings }
}

/// The URL of the CPU profile that a `/debug/pprof` endpoint takes of itself, of the length given
/// unless the text names one. `None` for what is no URL.
pub fn url(text: &str, duration: Duration) -> Option<ProfileUrl> {
    let mut url = ProfileUrl::parse_for(text, "profile")?;
    if url.seconds().is_none() {
        url.set_seconds(duration.as_secs().max(1));
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_profiles_have_a_length() {
        let check = |text: &str, expect: &str| {
            let url = url(text, Duration::from_secs(5)).map(|url| url.to_string());
            assert_eq!(url.as_deref(), Some(expect));
        };
        let full = "http://h:1/debug/pprof/profile?seconds=5";
        check("h:1", full);
        check("http://h:1/debug/pprof/", full);
        check("http://h:1/debug/pprof/profile", full);
        check("h:1/x/profile?seconds=9", "http://h:1/x/profile?seconds=9");
        check("https://h/x?gc=1", "https://h/x?gc=1&seconds=5");
    }
}
