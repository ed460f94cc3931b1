//! Our own place in the queue for a CPU.

/// Raises the priority of the calling thread as far as it may.
///
/// What a goroutine does is read right after its sample, and a thread that we stopped waits for us:
/// on a busy machine both need a reader who is not kept waiting. It runs for microseconds at a time.
/// Where we may not, it runs as it is.
pub fn raise() {
    // SAFETY: setpriority takes no pointers; 0 is the calling thread.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, -20);
    }
}
