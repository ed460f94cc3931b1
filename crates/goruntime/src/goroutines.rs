//! All goroutines of a process, and the names of what they wait for. Mirrors src/runtime/proc.go
//! (allgs) and the waitReasonStrings of src/runtime/runtime2.go.

use target::{Memory, MemoryError};

use crate::capabilities::Ability;
use crate::proof::MAX_GOROUTINES;
use crate::read::{word_at, words};
use crate::runtime::Runtime;
use crate::structs::{G, GAddr, Status};

impl Runtime {
    /// Addresses of all goroutines, dead ones too, in the order in which they were first made.
    pub fn all_g(&self, mem: &dyn Memory) -> Result<Vec<GAddr>, MemoryError> {
        let roots = self.roots();
        let (Some(len), Some(ptr)) = (roots.allglen, roots.allgptr) else {
            return Ok(Vec::new());
        };
        if !self.capabilities().has(Ability::AllGoroutines) {
            return Ok(Vec::new());
        }
        // The runtime publishes the pointer before the length.
        let len = mem.read_u64(len)?.min(MAX_GOROUTINES);
        let list = mem.read_vec(mem.read_u64(ptr)?, len as usize * 8)?;
        Ok(words(&list).map(GAddr).collect())
    }

    /// What a goroutine waits for, in the runtime's own words; `None` if it does not wait.
    pub fn wait_reason(&self, g: &G) -> Option<&str> {
        if !matches!(g.status, Some(Status::Waiting | Status::Leaked)) {
            return None;
        }
        let reason = self.wait_reasons.get(usize::from(g.waitreason))?;
        Some(reason.as_str()).filter(|r| !r.is_empty())
    }
}

/// A longer reason is none.
const MAX_REASON: u64 = 64;
/// Reasons that all versions have.
const KNOWN: [&str; 4] = ["IO wait", "select", "chan receive", "sleep"];

/// The reasons in the array of strings at `address`, by index. Where the array ends is not known,
/// but no goroutine's reason is past the end.
pub(crate) fn wait_reasons(mem: &dyn Memory, address: u64) -> Result<Vec<String>, String> {
    let mut reasons = Vec::new();
    for i in 0..=u64::from(u8::MAX) {
        let Some(reason) = reason(mem, address.wrapping_add(i * 16)) else {
            break;
        };
        reasons.push(reason);
    }
    match KNOWN.iter().find(|k| !reasons.iter().any(|r| r == *k)) {
        Some(missing) => Err(format!("no reason to wait is {missing:?}")),
        None => Ok(reasons),
    }
}

fn reason(mem: &dyn Memory, at: u64) -> Option<String> {
    let header = mem.read_vec(at, 16).ok()?;
    let (text, len) = (word_at(&header, 0), word_at(&header, 8));
    if len > MAX_REASON {
        return None;
    }
    let bytes = mem.read_vec(text, len as usize).ok()?;
    let printable = bytes.iter().all(|b| (b' '..=b'~').contains(b));
    printable.then(|| String::from_utf8_lossy(&bytes).into_owned())
}
