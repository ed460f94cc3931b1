//! All the events that sample one process, and their rings.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::event::{self, Sampling, Scope};
use super::record::Record;
use super::ring::Ring;
use crate::access;
use crate::clock::ThreadClock;
use crate::error::Error;
use crate::priority;
use crate::process::Process;

/// Whom the events watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One event on each CPU, read for our process only. It needs the right to watch CPUs, and
    /// gets every thread, however short or idle, in proportion.
    Cpus,
    /// One event for each thread on each CPU; new threads are told by their parent's event and
    /// get events of their own. All that an unprivileged user may have.
    Threads,
}

/// How to sample.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Samples for each second of CPU time.
    pub rate: u32,
    /// Bytes of stack with every sample.
    pub stack_bytes: u32,
    /// `None` takes the best that is allowed.
    pub reach: Option<Reach>,
}

/// The open events of a process.
#[derive(Debug)]
pub struct Capture {
    process: Process,
    reach: Reach,
    sampling: Sampling,
    /// fds whose rings are mapped, with the CPU they are on.
    rings: Vec<(OwnedFd, u32, Ring)>,
    /// The events of each thread; their records go to the ring of their CPU.
    members: HashMap<u32, Vec<OwnedFd>>,
    /// Events whose first, shortened period still runs, by id.
    phases: HashMap<u64, OwnedFd>,
    scanned: Instant,
    lost: u64,
    broken: u64,
    throttled: u64,
    missed: u64,
}

impl Capture {
    /// Opens the events of `process`, not started yet.
    pub fn open(process: Process, config: Config) -> Result<Capture, Error> {
        let pid = process.pid();
        let first = match config.reach {
            Some(reach) => reach,
            None if access::may_sample_cpus() => Reach::Cpus,
            None => Reach::Threads,
        };
        let mut result = Capture::open_as(process, config, first);
        if config.reach.is_none() && first == Reach::Cpus && result.is_err() {
            result = Capture::open_as(process, config, Reach::Threads);
        }
        result.map_err(|e| match e.raw_os_error() {
            Some(libc::EACCES | libc::EPERM) => Error::Refused {
                action: "sample",
                pid,
                refusal: access::why_perf(pid),
            },
            Some(libc::ESRCH) => Error::NoSuchProcess { pid },
            Some(libc::EMFILE) => Error::NoPerf {
                reason: "too many threads for the limit of open files (ulimit -n)".into(),
            },
            _ => Error::NoPerf {
                reason: e.to_string(),
            },
        })
    }

    fn open_as(process: Process, config: Config, reach: Reach) -> io::Result<Capture> {
        let sampling = Sampling {
            period_ns: 1_000_000_000 / u64::from(config.rate.max(1)),
            stack_bytes: config.stack_bytes,
            exclude_kernel: false,
        };
        let mut capture = Capture {
            process,
            reach,
            sampling,
            rings: Vec::new(),
            members: HashMap::new(),
            phases: HashMap::new(),
            scanned: Instant::now(),
            lost: 0,
            broken: 0,
            throttled: 0,
            missed: 0,
        };
        match reach {
            Reach::Cpus => {
                for cpu in event::online_cpus() {
                    let fd = event::open(&sampling, Scope::Cpu(cpu))?;
                    let ring = map_ring(&fd)?;
                    capture.rings.push((fd, cpu, ring));
                }
            }
            Reach::Threads => {
                raise_file_limit();
                for tid in process.threads() {
                    capture.add_thread(tid, None)?;
                }
                if capture.members.is_empty() {
                    return Err(io::Error::from_raw_os_error(libc::ESRCH));
                }
            }
        }
        Ok(capture)
    }

    /// Opens the events of one thread, and starts them if it was born during the capture, after
    /// `used` of CPU time. A thread that has just ended is no error.
    fn add_thread(&mut self, tid: u32, used: Option<Duration>) -> io::Result<()> {
        let period = self.sampling.period_ns;
        let mut fds = Vec::new();
        for cpu in event::online_cpus() {
            // Every event begins at a random place of its period: else each would need a whole
            // period of CPU time before it is seen at all, and light threads never were.
            let phase = random(u64::from(tid) << 16 | u64::from(cpu)) % period;
            let missed = used.map_or(0, |t| t.as_nanos() as u64);
            let mut sampling = self.sampling;
            // A very short phase would fire again before it can be lengthened.
            sampling.period_ns = phase.saturating_sub(missed).max(period / 20);
            let scope = Scope::Thread { tid, cpu };
            let fd = match event::open(&sampling, scope) {
                Err(e) if e.raw_os_error() == Some(libc::EACCES) && !sampling.exclude_kernel => {
                    self.sampling.exclude_kernel = true;
                    sampling.exclude_kernel = true;
                    event::open(&sampling, scope)
                }
                other => other,
            };
            let fd = match fd {
                Err(e) if e.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
                other => other?,
            };
            match self.rings.iter().find(|(_, at, _)| *at == cpu) {
                Some((ring, _, _)) => event::set_output(&fd, ring)?,
                None => {
                    let ring = map_ring(&fd)?;
                    self.rings.push((fd.try_clone()?, cpu, ring));
                }
            }
            if used.is_some() {
                event::enable(&fd)?;
            }
            self.phases.insert(event::id(&fd)?, fd.try_clone()?);
            fds.push(fd);
        }
        self.members.insert(tid, fds);
        Ok(())
    }

    /// Takes up threads that began and lets go of those that ended.
    fn rescan(&mut self) {
        self.scanned = Instant::now();
        let tids = self.process.threads();
        self.members
            .retain(|tid, _| tids.binary_search(tid).is_ok());
        for tid in tids {
            if !self.members.contains_key(&tid) {
                let used = ThreadClock::open(self.process.pid(), tid).and_then(|c| c.read());
                let used = used.unwrap_or_default();
                if self.add_thread(tid, Some(used)).is_err() {
                    self.missed += 1;
                }
            }
        }
    }

    /// Starts sampling, to be drained by this thread, whose priority it raises.
    pub fn start(&mut self) -> Result<(), Error> {
        let failed = |e: io::Error| Error::NoPerf {
            reason: e.to_string(),
        };
        priority::raise();
        match self.reach {
            Reach::Cpus => {
                for (fd, _, _) in &self.rings {
                    event::enable(fd).map_err(failed)?;
                }
            }
            Reach::Threads => {
                for fd in self.members.values().flatten() {
                    event::enable(fd).map_err(failed)?;
                }
                self.rescan();
            }
        }
        Ok(())
    }

    /// Whom the events watch.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether time in the kernel is left out, as for unprivileged users.
    pub fn excludes_kernel(&self) -> bool {
        self.sampling.exclude_kernel
    }

    /// Nanoseconds of CPU time that one sample stands for.
    pub fn period_ns(&self) -> u64 {
        self.sampling.period_ns
    }

    /// How many records the kernel had no room for.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// How many records made no sense.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// How often the kernel throttled an event.
    pub fn throttled(&self) -> u64 {
        self.throttled
    }

    /// How many new threads could not be sampled.
    pub fn missed_threads(&self) -> u64 {
        self.missed
    }

    /// Waits until there are records, or for `timeout`.
    pub fn wait(&self, timeout: Duration) {
        let mut fds: Vec<libc::pollfd> = self
            .rings
            .iter()
            .map(|(fd, _, _)| libc::pollfd {
                fd: fd.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            })
            .collect();
        let ms = timeout.as_millis().min(60_000) as i32;
        // SAFETY: `fds` is a valid array of the length given.
        unsafe {
            libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, ms);
        }
        // An event whose thread ended polls as hung up for ever; do not spin on it.
        if fds.iter().all(|f| f.revents & libc::POLLIN == 0) && fds.iter().any(|f| f.revents != 0) {
            std::thread::sleep(timeout.min(Duration::from_millis(5)));
        }
    }

    /// Hands over every record of our process that is there: samples, forks, exits, execs.
    pub fn drain(&mut self, mut each: impl FnMut(Record<'_>)) {
        let pid = self.process.pid();
        let (mut lost, mut broken, mut throttled) = (0, 0, 0);
        let period = self.sampling.period_ns;
        let phases = &self.phases;
        let mut seen = Vec::new();
        let mut born = false;
        for (_, _, ring) in &mut self.rings {
            ring.drain(|record| match record {
                Record::Sample(sample) => {
                    if sample.pid != pid {
                        return;
                    }
                    if phases.contains_key(&sample.event) {
                        // Only the first sample of the shortened period counts.
                        if seen.contains(&sample.event) {
                            return;
                        }
                        seen.push(sample.event);
                    }
                    each(record);
                }
                Record::Lost(n) => lost += n,
                Record::Broken => broken += 1,
                Record::Throttle => throttled += 1,
                Record::Fork { pid: p, .. } if p == pid => {
                    born = true;
                    each(record);
                }
                Record::Exit { pid: p, .. } | Record::Exec { pid: p } if p == pid => each(record),
                _ => {}
            });
        }
        for id in seen {
            if let Some(fd) = self.phases.remove(&id) {
                // The thread may have ended; then there is nothing to change.
                let _ = event::set_period(&fd, period);
            }
        }
        if self.reach == Reach::Threads
            && (born || self.scanned.elapsed() > Duration::from_millis(100))
        {
            self.rescan();
        }
        self.lost += lost;
        self.broken += broken;
        self.throttled += throttled;
    }
}

/// The largest ring that the limit of locked memory allows, from 2 MiB down.
fn map_ring(fd: &OwnedFd) -> io::Result<Ring> {
    let mut pages = 512;
    loop {
        match Ring::map(fd, pages) {
            Err(e) if pages > 8 && matches!(e.raw_os_error(), Some(libc::EPERM | libc::ENOMEM)) => {
                pages /= 2;
            }
            other => return other,
        }
    }
}

/// Many threads on many CPUs need many fds; the soft limit is ours to raise.
fn raise_file_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid rlimit to fill and then to read.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

/// A number spread evenly over u64 (splitmix64); phases need no better randomness.
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
