//! The ring of a perf event: the kernel writes at the head, we read at the tail.

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use perf_event_open_sys::bindings::perf_event_mmap_page;

use super::record::{HEADER, Record, parse, record_len};

/// A mapped ring buffer: one page of control data, then a power of two of data pages.
#[derive(Debug)]
pub struct Ring {
    base: NonNull<u8>,
    page: usize,
    data_len: usize,
    /// Records that wrap around the end are put together here.
    scratch: Vec<u8>,
}

// SAFETY: the mapping belongs to this value alone and is not tied to the thread that made it.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps a ring of `pages` data pages (a power of two) for the event `fd`.
    pub fn map(fd: &OwnedFd, pages: usize) -> std::io::Result<Ring> {
        // SAFETY: sysconf has no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let len = (pages + 1) * page;
        // SAFETY: a new shared mapping at an address of the kernel's choice touches no memory of
        // ours; the result is checked.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Ring {
            base: NonNull::new(base.cast()).expect("mmap gave an address"),
            page,
            data_len: pages * page,
            scratch: Vec::new(),
        })
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: the control page is mapped as long as `self`, the offsets are those of aligned
        // u64 fields of perf_event_mmap_page, and both sides access them atomically.
        unsafe { &*self.base.as_ptr().add(offset).cast::<AtomicU64>() }
    }

    /// Hands every record that is there to `each`, then gives their room back to the kernel.
    /// Returns how many there were.
    pub fn drain(&mut self, mut each: impl FnMut(Record<'_>)) -> usize {
        let head_at = std::mem::offset_of!(perf_event_mmap_page, data_head);
        let tail_at = std::mem::offset_of!(perf_event_mmap_page, data_tail);
        let head = self.word(head_at).load(Ordering::Acquire);
        let mut tail = self.word(tail_at).load(Ordering::Relaxed);
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut count = 0;
        while head.wrapping_sub(tail) >= HEADER as u64 {
            let header = self.copy(tail, HEADER, &mut scratch);
            let Some(len) = record_len(header).filter(|&n| n as u64 <= head.wrapping_sub(tail))
            else {
                // The ring makes no sense any more: start afresh at the head.
                each(Record::Broken);
                tail = head;
                break;
            };
            each(parse(self.copy(tail, len, &mut scratch)));
            tail = tail.wrapping_add(len as u64);
            count += 1;
        }
        self.scratch = scratch;
        fence(Ordering::SeqCst);
        self.word(tail_at).store(tail, Ordering::Release);
        count
    }

    /// The `len` bytes at ring position `at`, as one slice.
    fn copy<'a>(&'a self, at: u64, len: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let start = (at as usize) & (self.data_len - 1);
        // SAFETY: the data area is mapped as long as `self`; [start, data_len) lies in it. The
        // kernel writes only between head and tail + data_len, never where we read.
        let data =
            unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(self.page), self.data_len) };
        if start + len <= self.data_len {
            return &data[start..start + len];
        }
        scratch.clear();
        scratch.extend_from_slice(&data[start..]);
        scratch.extend_from_slice(&data[..len - (self.data_len - start)]);
        scratch
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: unmaps exactly what `map` mapped; no reference into it outlives `self`.
        unsafe {
            libc::munmap(self.base.as_ptr().cast(), self.page + self.data_len);
        }
    }
}
