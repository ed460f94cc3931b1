//! The memory of a live process, read without stopping it.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::access;
use crate::error::Error;
use crate::memory::{Memory, MemoryError, Piece};

/// Reads a process's memory by process_vm_readv, which needs no stop and leaves no trace.
#[derive(Debug)]
pub struct LiveMemory {
    pid: i32,
    /// `/proc/PID/mem`, for kernels or filters that refuse process_vm_readv.
    fallback: Option<File>,
}

impl LiveMemory {
    /// A reader of process `pid`, proved by reading a byte at `probe`, an address that is mapped.
    pub fn attach(pid: u32, probe: u64) -> Result<LiveMemory, Error> {
        let mut memory = LiveMemory {
            pid: pid as i32,
            fallback: None,
        };
        let mut byte = [0];
        if memory.read(probe, &mut byte).is_ok() {
            return Ok(memory);
        }
        memory.fallback = File::open(format!("/proc/{pid}/mem")).ok();
        if memory.fallback.is_some() && memory.read(probe, &mut byte).is_ok() {
            return Ok(memory);
        }
        crate::process::Process::find(pid)?;
        Err(Error::Refused {
            action: "read",
            pid,
            refusal: access::why_ptrace(pid),
        })
    }
}

impl Memory for LiveMemory {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        let len = buf.len();
        let failed = MemoryError { address, len };
        if let Some(file) = &self.fallback {
            return file.read_exact_at(buf, address).map_err(|_| failed);
        }
        let remote = libc::iovec {
            iov_base: address as usize as *mut libc::c_void,
            iov_len: len,
        };
        let local = libc::iovec {
            iov_base: buf.as_mut_ptr().cast(),
            iov_len: len,
        };
        // SAFETY: `local` describes exactly `buf`, which we hold exclusively; `remote` is only an
        // address in the other process, checked by the kernel.
        let n = unsafe {
            libc::process_vm_readv(self.pid, &raw const local, 1, &raw const remote, 1, 0)
        };
        if n == len as isize {
            Ok(())
        } else {
            Err(failed)
        }
    }

    fn read_pieces(&self, pieces: &[Piece], buf: &mut [u8], failed: &mut Vec<usize>) {
        failed.clear();
        if self.fallback.is_some() {
            let mut rest = buf;
            for (i, piece) in pieces.iter().enumerate() {
                let Some((part, after)) = rest.split_at_mut_checked(piece.len) else {
                    failed.extend(i..pieces.len());
                    return;
                };
                if self.read(piece.address, part).is_err() {
                    failed.push(i);
                }
                rest = after;
            }
            return;
        }
        let mut remote = Vec::with_capacity(MAX_PIECES.min(pieces.len()));
        let (mut next, mut at) = (0, 0);
        while next < pieces.len() {
            remote.clear();
            let mut len = 0;
            for piece in pieces[next..].iter().take(MAX_PIECES) {
                if buf.len() - at - len < piece.len {
                    break;
                }
                len += piece.len;
                remote.push(libc::iovec {
                    iov_base: piece.address as usize as *mut libc::c_void,
                    iov_len: piece.len,
                });
            }
            if remote.is_empty() {
                failed.extend(next..pieces.len());
                return;
            }
            let read = read_vectored(self.pid, &remote, &mut buf[at..at + len]);
            // The kernel stops at the first piece that it cannot read to its end.
            let mut done = 0;
            let whole = pieces[next..next + remote.len()]
                .iter()
                .take_while(|piece| {
                    let fits = done + piece.len <= read;
                    done += if fits { piece.len } else { 0 };
                    fits
                });
            let whole = whole.count();
            next += whole;
            at += done;
            if whole < remote.len() {
                failed.push(next);
                at += pieces[next].len;
                next += 1;
            }
        }
    }
}

/// The kernel takes no more pieces a call (UIO_MAXIOV).
const MAX_PIECES: usize = 1024;

/// Reads the `remote` pieces one after the other into `buf`, which has room for all; how many bytes
/// there were before one could not be read.
fn read_vectored(pid: i32, remote: &[libc::iovec], buf: &mut [u8]) -> usize {
    let local = libc::iovec {
        iov_base: buf.as_mut_ptr().cast(),
        iov_len: buf.len(),
    };
    // SAFETY: `local` describes exactly `buf`, which we hold exclusively, and the kernel writes no
    // further than its end; `remote` holds only addresses in the other process, which the kernel
    // checks.
    let n = unsafe {
        libc::process_vm_readv(
            pid,
            &raw const local,
            1,
            remote.as_ptr(),
            remote.len() as libc::c_ulong,
            0,
        )
    };
    usize::try_from(n).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_memory_and_fails_on_what_is_not_mapped() {
        let word = 0x1122_3344_5566_7788_u64;
        let address = (&raw const word) as u64;
        let memory = LiveMemory::attach(std::process::id(), address).expect("our own memory");
        assert_eq!(memory.read_u64(address), Ok(word));
        assert_eq!(memory.read_u32(address), Ok(0x5566_7788));
        assert!(memory.read_u64(8).is_err());
    }

    #[test]
    fn reads_many_pieces_around_those_that_are_not_mapped() {
        let words: Vec<u64> = (0..5000).collect();
        let address = words.as_ptr() as u64;
        let live = LiveMemory::attach(std::process::id(), address).expect("our own memory");
        let file = File::open("/proc/self/mem").expect("our own memory");
        let by_file = LiveMemory {
            pid: live.pid,
            fallback: Some(file),
        };
        let holes = [0, 1, 1023, 1024, 3000, 4999];
        let piece = |i: usize| Piece {
            address: if holes.contains(&i) {
                8
            } else {
                address + 8 * i as u64
            },
            len: 8,
        };
        let pieces: Vec<Piece> = (0..5000).map(piece).collect();
        for memory in [live, by_file] {
            let (mut buf, mut failed) = (vec![0; 8 * 5000], Vec::new());
            memory.read_pieces(&pieces, &mut buf, &mut failed);
            assert_eq!(failed, holes);
            for (i, word) in buf.chunks_exact(8).enumerate() {
                if !holes.contains(&i) {
                    assert_eq!(word, (i as u64).to_le_bytes(), "piece {i}");
                }
            }
            // Too little room.
            memory.read_pieces(&pieces[2..], &mut buf[..20], &mut failed);
            assert_eq!(failed, (2..4998).collect::<Vec<_>>());
        }
    }
}
