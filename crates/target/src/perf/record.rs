//! The records of a perf ring, decoded from bytes (`linux/perf_event.h`). Never panics: a record
//! that does not fit its own length is [`Record::Broken`].

/// The user registers we ask for, in the order in which the kernel writes them: by bit of
/// `asm/perf_regs.h` (BX 1, BP 6, SP 7, IP 8, R12 20 … R15 23).
#[cfg(target_arch = "x86_64")]
pub const USER_REGS: u64 = 1 << 1 | 1 << 6 | 1 << 7 | 1 << 8 | 0xf << 20;
/// On arm64: x19–x28 (19–28), fp 29, lr 30, sp 31, pc 32.
#[cfg(target_arch = "aarch64")]
pub const USER_REGS: u64 = 0x3fff << 19;
/// Unknown architectures sample no registers.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub const USER_REGS: u64 = 0;

/// The registers of a thread in user mode at the moment of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regs {
    /// Program counter.
    pub ip: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Frame pointer.
    pub bp: u64,
    /// rbx.
    pub bx: u64,
    /// r12 to r15; Go keeps the running goroutine in r14.
    pub r12_15: [u64; 4],
}

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// Process id in our pid namespace; 0 for the idle task.
    pub pid: u32,
    /// Thread id in our pid namespace.
    pub tid: u32,
    /// CLOCK_MONOTONIC nanoseconds.
    pub time: u64,
    /// The CPU it was taken on.
    pub cpu: u32,
    /// Id of the event that took it.
    pub event: u64,
    /// The user part of the kernel's frame-pointer chain, native words in byte form, leaf first;
    /// context markers are among them.
    pub chain: &'a [u8],
    /// User registers; `None` for a kernel thread.
    pub regs: Option<Regs>,
    /// The user stack from `regs.sp` up.
    pub stack: &'a [u8],
}

impl Sample<'_> {
    /// The user pcs of the chain, leaf first.
    pub fn user_chain(&self) -> impl Iterator<Item = u64> {
        // Values above this are PERF_CONTEXT_* markers; only user frames were asked for.
        const MARKERS: u64 = (-4095_i64) as u64;
        self.chain
            .chunks_exact(8)
            .map(|w| u64::from_ne_bytes(w.try_into().expect("chunks of 8")))
            .filter(|&pc| pc < MARKERS)
    }
}

/// A record of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// PERF_RECORD_SAMPLE.
    Sample(Sample<'a>),
    /// PERF_RECORD_LOST, PERF_RECORD_LOST_SAMPLES: how many the ring had no room for.
    Lost(u64),
    /// PERF_RECORD_THROTTLE: the kernel paused the event.
    Throttle,
    /// PERF_RECORD_FORK: a thread (or process) began.
    Fork {
        /// Process of the new thread.
        pid: u32,
        /// The new thread.
        tid: u32,
    },
    /// PERF_RECORD_EXIT: a thread ended.
    Exit {
        /// Its process.
        pid: u32,
        /// The thread.
        tid: u32,
    },
    /// PERF_RECORD_COMM after an exec: the process runs another program now.
    Exec {
        /// The process.
        pid: u32,
    },
    /// A record we did not ask for.
    Other(u32),
    /// A record whose contents do not fit its length.
    Broken,
}

const COMM: u32 = 3;
const LOST: u32 = 2;
const EXIT: u32 = 4;
const THROTTLE: u32 = 5;
const FORK: u32 = 7;
const SAMPLE: u32 = 9;
const LOST_SAMPLES: u32 = 13;
const MISC_COMM_EXEC: u16 = 1 << 13;

/// Length of a record's header: type u32, misc u16, size u16.
pub const HEADER: usize = 8;

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_ne_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_ne_bytes(self.bytes(8)?.try_into().ok()?))
    }
}

/// The length of the record that `header` begins, its header included; `None` if it cannot be one.
pub fn record_len(header: &[u8]) -> Option<usize> {
    let size = u16::from_ne_bytes(header.get(6..8)?.try_into().ok()?) as usize;
    (size >= HEADER).then_some(size)
}

/// Decodes one record, header included, as our events write them.
pub fn parse(bytes: &[u8]) -> Record<'_> {
    decode(bytes).unwrap_or(Record::Broken)
}

fn decode(bytes: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor(bytes);
    let kind = c.u32()?;
    let misc = u16::from_ne_bytes(c.bytes(2)?.try_into().ok()?);
    c.bytes(2)?;
    Some(match kind {
        SAMPLE => Record::Sample(sample(c)?),
        LOST => {
            c.u64()?;
            Record::Lost(c.u64()?)
        }
        LOST_SAMPLES => Record::Lost(c.u64()?),
        THROTTLE => Record::Throttle,
        FORK | EXIT => {
            let pid = c.u32()?;
            c.u32()?;
            let tid = c.u32()?;
            if kind == FORK {
                Record::Fork { pid, tid }
            } else {
                Record::Exit { pid, tid }
            }
        }
        COMM if misc & MISC_COMM_EXEC != 0 => Record::Exec { pid: c.u32()? },
        other => Record::Other(other),
    })
}

/// sample_type IDENTIFIER | TID | TIME | CPU | CALLCHAIN | REGS_USER | STACK_USER, in the kernel's
/// order. IP is left out: the user registers have it.
fn sample(mut c: Cursor<'_>) -> Option<Sample<'_>> {
    let event = c.u64()?;
    let pid = c.u32()?;
    let tid = c.u32()?;
    let time = c.u64()?;
    let cpu = c.u32()?;
    c.u32()?;
    let frames = c.u64()?;
    let chain = c.bytes(usize::try_from(frames).ok()?.checked_mul(8)?)?;
    const ABI_NONE: u64 = 0;
    let mut regs = None;
    if c.u64()? != ABI_NONE {
        let mut word = [0; 64];
        let n = USER_REGS.count_ones() as usize;
        for w in word.iter_mut().take(n) {
            *w = c.u64()?;
        }
        regs = Some(regs_of(&word));
    }
    let mut stack: &[u8] = &[];
    let size = usize::try_from(c.u64()?).ok()?;
    if size > 0 {
        let dump = c.bytes(size)?;
        let written = usize::try_from(c.u64()?).ok()?;
        stack = dump.get(..written)?;
    }
    Some(Sample {
        pid,
        tid,
        time,
        cpu,
        event,
        chain,
        regs,
        stack,
    })
}

#[cfg(not(target_arch = "aarch64"))]
fn regs_of(word: &[u64; 64]) -> Regs {
    Regs {
        bx: word[0],
        bp: word[1],
        sp: word[2],
        ip: word[3],
        r12_15: [word[4], word[5], word[6], word[7]],
    }
}

#[cfg(target_arch = "aarch64")]
fn regs_of(word: &[u64; 64]) -> Regs {
    Regs {
        ip: word[13],
        sp: word[12],
        bp: word[10],
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u32, misc: u16, body: &[u64]) -> Vec<u8> {
        let mut b = kind.to_ne_bytes().to_vec();
        b.extend(misc.to_ne_bytes());
        b.extend(((HEADER + body.len() * 8) as u16).to_ne_bytes());
        b.extend(body.iter().flat_map(|w| w.to_ne_bytes()));
        b
    }

    fn pair(low: u32, high: u32) -> u64 {
        u64::from(high) << 32 | u64::from(low)
    }

    #[test]
    fn a_sample_with_chain_registers_and_stack() {
        let bytes = record(
            SAMPLE,
            0,
            &[
                7,
                pair(10, 11),
                5_000,
                pair(1, 0),
                3,
                (-512_i64) as u64,
                0x401000,
                0x402000,
                2,
                1,
                2,
                3,
                4,
                12,
                13,
                14,
                15,
                24,
                0xaa,
                0xbb,
                0xcc,
                16,
            ],
        );
        let Record::Sample(s) = parse(&bytes) else {
            panic!("not a sample")
        };
        assert_eq!(
            (s.event, s.pid, s.tid, s.time, s.cpu),
            (7, 10, 11, 5_000, 1)
        );
        assert_eq!(s.user_chain().collect::<Vec<_>>(), [0x401000, 0x402000]);
        let regs = s.regs.expect("registers");
        assert_eq!((regs.bx, regs.bp, regs.sp, regs.ip), (1, 2, 3, 4));
        assert_eq!(regs.r12_15, [12, 13, 14, 15]);
        assert_eq!(s.stack.len(), 16);
    }

    #[test]
    fn a_kernel_thread_has_neither_registers_nor_stack() {
        let bytes = record(SAMPLE, 0, &[7, pair(0, 0), 1, 0, 0, 0, 0]);
        let Record::Sample(s) = parse(&bytes) else {
            panic!("not a sample")
        };
        assert_eq!((s.regs, s.stack.len()), (None, 0));
    }

    #[test]
    fn the_other_records() {
        assert_eq!(parse(&record(LOST, 0, &[1, 9])), Record::Lost(9));
        assert_eq!(parse(&record(LOST_SAMPLES, 0, &[4])), Record::Lost(4));
        let fork = record(FORK, 0, &[pair(1, 1), pair(5, 1), 0]);
        assert_eq!(parse(&fork), Record::Fork { pid: 1, tid: 5 });
        let exec = record(COMM, MISC_COMM_EXEC, &[pair(3, 3), 0]);
        assert_eq!(parse(&exec), Record::Exec { pid: 3 });
        assert_eq!(parse(&record(99, 0, &[])), Record::Other(99));
    }

    #[test]
    fn every_cut_of_a_sample_is_broken_and_not_a_panic() {
        let bytes = record(SAMPLE, 0, &[7, 0, 0, 0, u64::MAX, 1, 2]);
        for n in 0..=bytes.len() {
            assert_eq!(parse(&bytes[..n]), Record::Broken);
        }
    }
}
