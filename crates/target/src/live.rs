//! The memory of a live process, read without stopping it.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::access;
use crate::error::Error;
use crate::memory::{Memory, MemoryError};

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
}
