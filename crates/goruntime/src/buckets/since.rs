//! What was recorded between two readings, and where the words are that say how much is.

use super::{Allocations, BucketReader, CYCLES, Kind, Records, Stacks, Waits};

impl Kind {
    /// The variable, in package runtime, that says how much is recorded.
    pub fn rate_word(self) -> &'static str {
        self.globals().1
    }
}

impl BucketReader<'_> {
    /// Where the word is in the process that says how much is recorded, proved well enough to write
    /// to it: its symbol says so, or several functions of the runtime do and none contradicts.
    pub fn rate_address(&self, kind: Kind) -> Result<u64, String> {
        let name = kind.rate_word();
        let at = self.at(name)?;
        if !self.globals.is_certain(name) {
            return Err(format!("the address of runtime.{name} cannot be proved"));
        }
        Ok(at)
    }

    /// All that was allocated and freed up to now, collected or not: of what was allocated since the
    /// last garbage collection nothing was freed yet.
    pub fn memory_so_far(&self) -> Result<Records<Allocations>, String> {
        let (chain, _) = self.settled_memory()?;
        let all = chain.records().zip(chain.sizes()).map(|(record, size)| {
            let slots = std::iter::once(None).chain((0..CYCLES).map(Some));
            let (mut allocs, mut frees) = (0u64, 0u64);
            for slot in slots {
                let (a, f) = self.layouts.cycle(record, slot);
                (allocs, frees) = (allocs.wrapping_add(a), frees.wrapping_add(f));
            }
            Allocations {
                size,
                allocs,
                frees,
            }
        });
        Ok(Records {
            rate: self.rate(Kind::Memory)?,
            all: all.collect(),
            stacks: chain.stacks,
        })
    }
}

impl Records<Allocations> {
    /// What was recorded since an earlier reading.
    ///
    /// Objects that were sampled before and freed meanwhile cannot be told from later ones of the
    /// same stack; they count as freed of these, as far as there are any.
    pub fn since(self, before: &Records<Allocations>) -> Records<Allocations> {
        difference(self, before, |now, old| {
            let allocs = now.allocs.saturating_sub(old.allocs);
            let frees = now.frees.saturating_sub(old.frees).min(allocs);
            (allocs > 0).then_some(Allocations {
                allocs,
                frees,
                ..*now
            })
        })
    }
}

impl Records<Waits> {
    /// What was recorded since an earlier reading.
    pub fn since(self, before: &Records<Waits>) -> Records<Waits> {
        difference(self, before, |now, old| {
            let count = now.count - old.count;
            (count > 0.0).then(|| Waits {
                count,
                ticks: now.ticks.saturating_sub(old.ticks).max(0),
            })
        })
    }
}

/// Buckets are never freed and new ones go to the head, so the end of the later list is the earlier
/// one.
fn difference<T: Default>(
    after: Records<T>,
    before: &Records<T>,
    change: impl Fn(&T, &T) -> Option<T>,
) -> Records<T> {
    let new = after.all.len().saturating_sub(before.all.len());
    let none = T::default();
    let mut stacks = Stacks::default();
    let mut all = Vec::new();
    for (i, (record, stack)) in after.all.iter().zip(after.stacks.iter()).enumerate() {
        let old = i.checked_sub(new).and_then(|i| before.all.get(i));
        if let Some(record) = change(record, old.unwrap_or(&none)) {
            all.push(record);
            stacks.push(stack);
        }
    }
    Records {
        rate: after.rate,
        all,
        stacks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records<T>(all: Vec<T>, pcs: &[u64]) -> Records<T> {
        let mut stacks = Stacks::default();
        for pc in pcs {
            stacks.push(&[*pc]);
        }
        Records {
            rate: 1,
            all,
            stacks,
        }
    }

    #[test]
    fn what_is_new_is_at_the_head() {
        let waits = |count, ticks| Waits { count, ticks };
        let before = records(vec![waits(2.0, 20), waits(5.0, 50)], &[7, 9]);
        let after = vec![waits(1.0, 4), waits(3.5, 21), waits(5.0, 50)];
        let since = records(after, &[3, 7, 9]).since(&before);
        assert_eq!(since.all, [waits(1.0, 4), waits(1.5, 1)]);
        let stacks: Vec<&[u64]> = since.stacks.iter().collect();
        assert_eq!(stacks, [[3], [7]]);
    }

    #[test]
    fn no_more_is_freed_than_was_allocated_meanwhile() {
        let of = |allocs, frees| Allocations {
            size: 8,
            allocs,
            frees,
        };
        let before = records(vec![of(10, 2), of(4, 4)], &[7, 9]);
        let since = records(vec![of(12, 9), of(4, 4)], &[7, 9]).since(&before);
        assert_eq!(since.all, [of(2, 2)]);
    }
}
