//! The lines of `GODEBUG=schedtrace=MS`, and the P, M and G lines that `scheddetail=1` adds
//! (schedtrace in src/runtime/proc.go).
//!
//! ```text
//! SCHED 1783ms: gomaxprocs=4 idleprocs=2 threads=6 spinningthreads=0 idlethreads=2 runqueue=0 [0 0 0 1]
//!   P0: status=1 schedtick=89 syscalltick=5 m=0 runqsize=4 gfreecnt=0 timerslen=0
//!   M0: p=0 curg=40 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false lockedg=-1
//!   G1: status=4(semacquire) m=-1 lockedm=-1
//! ```

#[cfg(test)]
mod tests;

use crate::gctrace::Read;
use crate::tracelog::scan::Scan;

/// The state of the scheduler at one moment. What depends on GOMAXPROCS is in [`Lists`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// When, ms since the first of these lines.
    pub at_ms: u64,
    /// Processors that run Go code: GOMAXPROCS.
    pub procs: u64,
    /// Those of them with nothing to run.
    pub idle_procs: u64,
    /// Threads of the program.
    pub threads: u64,
    /// Threads that look for work.
    pub spinning_threads: Option<u64>,
    /// A thread is wanted that looks for work.
    pub need_spinning: Option<u64>,
    /// Threads that are parked.
    pub idle_threads: u64,
    /// Goroutines in the queue that all processors share.
    pub global_queue: u64,
    /// P, M and G lines follow, and the queues are in them.
    pub detailed: bool,
}

/// What a [`Snapshot`] tells of each processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Goroutines in the queue of each.
    pub queues: Vec<u64>,
    /// How often each scheduled, since the start.
    pub ticks: Vec<u64>,
}

/// A processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proc {
    /// Its number.
    pub id: u64,
    /// 0 idle, 1 running, 2 in a system call, 3 stopped for the collector, 4 dead.
    pub status: u64,
    /// How often it scheduled.
    pub tick: u64,
    /// The thread that it is on, or -1.
    pub thread: i64,
    /// Goroutines in its queue.
    pub queue: u64,
}

/// A thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Its number.
    pub id: u64,
    /// The processor that it has, or -1.
    pub proc: i64,
    /// The goroutine that it runs, or -1.
    pub goroutine: i64,
    /// It looks for work.
    pub spinning: bool,
    /// It is parked.
    pub blocked: bool,
}

/// A goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goroutine<'a> {
    /// Its number.
    pub id: u64,
    /// 1 runnable, 2 running, 3 in a system call, 4 waiting, 6 dead …
    pub status: u64,
    /// The garbage collector is scanning its stack.
    pub scan: bool,
    /// Why it waits. Unless it does, this is the reason for which it last did.
    pub reason: &'a [u8],
    /// The thread that it is on, or -1.
    pub thread: i64,
}

/// Reads a snapshot at the start of `text`; its lists go into `lists`.
pub(crate) fn read(text: &[u8], lists: &mut Lists) -> Read<Snapshot> {
    let mut scan = Scan::new(text);
    let mut sure = false;
    lists.queues.clear();
    lists.ticks.clear();
    match snapshot(&mut scan, lists, &mut sure) {
        Some(snapshot) => Read::Whole(snapshot, scan.at),
        None if scan.at >= 6 => Read::Cut { end: scan.at, sure },
        None => Read::No,
    }
}

fn snapshot(scan: &mut Scan<'_>, lists: &mut Lists, sure: &mut bool) -> Option<Snapshot> {
    scan.text(b"SCHED ")?;
    let mut snapshot = Snapshot {
        at_ms: scan.number()?,
        ..Snapshot::default()
    };
    scan.text(b"ms: ")?;
    *sure = true;
    snapshot.procs = scan.field(b"gomaxprocs=")?;
    snapshot.idle_procs = scan.field(b" idleprocs=")?;
    snapshot.threads = scan.field(b" threads=")?;
    if scan.has(b" spinningthreads=") {
        snapshot.spinning_threads = Some(scan.number()?);
    }
    if scan.has(b" needspinning=") {
        snapshot.need_spinning = Some(scan.number()?);
    }
    snapshot.idle_threads = scan.field(b" idlethreads=")?;
    snapshot.global_queue = scan.field(b" runqueue=")?;
    if scan.has(b" gcwaiting=") {
        scan.truth()?;
        scan.text(b" nmidlelocked=")?;
        scan.signed()?;
        if scan.has(b" nmspinning=") {
            snapshot.spinning_threads = Some(scan.number()?);
        }
        scan.text(b" stopwait=")?;
        scan.signed()?;
        scan.text(b" sysmonwait=")?;
        scan.truth()?;
        snapshot.detailed = true;
        return Some(snapshot);
    }
    scan.text(b" ")?;
    list(scan, &mut lists.queues)?;
    if scan.has(b" schedticks=") {
        list(scan, &mut lists.ticks)?;
    }
    Some(snapshot)
}

/// `[0 4 1]`, or with spaces inside of the brackets.
fn list(scan: &mut Scan<'_>, into: &mut Vec<u64>) -> Option<()> {
    scan.text(b"[")?;
    loop {
        scan.has(b" ");
        if scan.has(b"]") {
            return Some(());
        }
        into.push(scan.number()?);
    }
}

/// Reads the line of a processor: `  P0: status=1 …`.
pub(crate) fn proc(text: &[u8]) -> Option<Proc> {
    let mut scan = Scan::new(text);
    let mut proc = Proc {
        id: scan.field(b"  P")?,
        status: scan.field(b": status=")?,
        tick: scan.field(b" schedtick=")?,
        ..Proc::default()
    };
    scan.field(b" syscalltick=")?;
    scan.text(b" m=")?;
    proc.thread = scan.signed()?;
    proc.queue = scan.field(b" runqsize=")?;
    if scan.has(b"/") {
        scan.number()?;
    }
    scan.text(b" gfreecnt=")?;
    scan.signed()?;
    if scan.has(b" timerslen=") {
        scan.number()?;
    }
    scan.rest().is_empty().then_some(proc)
}

/// Reads the line of a thread: `  M0: p=0 …`.
pub(crate) fn thread(text: &[u8]) -> Option<Thread> {
    let mut scan = Scan::new(text);
    let id = scan.field(b"  M")?;
    scan.text(b": p=")?;
    let mut thread = Thread {
        id,
        proc: scan.signed()?,
        ..Thread::default()
    };
    scan.text(b" curg=")?;
    thread.goroutine = scan.signed()?;
    scan.text(b" mallocing=")?;
    scan.signed()?;
    scan.text(b" throwing=")?;
    scan.signed()?;
    if scan.has(b" gcing=") {
        scan.signed()?;
        scan.text(b" locks=")?;
    } else {
        scan.text(b" preemptoff=")?;
        scan.until(b" locks=")?;
    }
    scan.signed()?;
    scan.text(b" dying=")?;
    scan.signed()?;
    if scan.has(b" helpgc=") {
        scan.signed()?;
    }
    scan.text(b" spinning=")?;
    thread.spinning = scan.truth()?;
    if scan.has(b" blocked=") {
        thread.blocked = scan.truth()?;
    }
    scan.text(b" lockedg=")?;
    scan.signed()?;
    scan.rest().is_empty().then_some(thread)
}

/// Reads the line of a goroutine: `  G1: status=4(semacquire) m=-1 lockedm=-1`.
pub(crate) fn goroutine(text: &[u8]) -> Option<Goroutine<'_>> {
    const SCAN: u64 = 0x1000;
    let mut scan = Scan::new(text);
    let id = scan.field(b"  G")?;
    let status = scan.field(b": status=")?;
    scan.text(b"(")?;
    // The reason may have parentheses of its own.
    let reason = scan.until(b") m=")?;
    let thread = scan.signed()?;
    scan.text(b" lockedm=")?;
    scan.signed()?;
    scan.rest().is_empty().then_some(Goroutine {
        id,
        status: status & !SCAN,
        scan: status & SCAN != 0,
        reason,
        thread,
    })
}
