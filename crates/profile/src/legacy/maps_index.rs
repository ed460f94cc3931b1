//! Which of many ranges, that may overlap, is the first to hold an address.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Ranges cut into parts that do not overlap.
pub(super) struct First {
    /// Where each part starts, and the first range that holds it.
    parts: Vec<(u64, Option<usize>)>,
}

impl First {
    /// Takes `n` ranges (start, limit).
    pub fn new(n: usize, range: impl Fn(usize) -> (u64, u64)) -> Self {
        let mut starts: Vec<usize> = (0..n).filter(|&i| range(i).0 < range(i).1).collect();
        starts.sort_by_key(|&i| range(i).0);
        let mut cuts: Vec<u64> = starts
            .iter()
            .flat_map(|&i| [range(i).0, range(i).1])
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut starts = starts.into_iter().peekable();
        let mut open = BinaryHeap::new();
        let mut parts = Vec::with_capacity(cuts.len());
        for at in cuts {
            while let Some(i) = starts.next_if(|&i| range(i).0 <= at) {
                open.push(Reverse(i));
            }
            while open.peek().is_some_and(|&Reverse(i)| range(i).1 <= at) {
                open.pop();
            }
            parts.push((at, open.peek().map(|&Reverse(i)| i)));
        }
        First { parts }
    }

    /// The first range that holds the address.
    pub fn find(&self, address: u64) -> Option<usize> {
        let after = self.parts.partition_point(|&(start, _)| start <= address);
        self.parts.get(after.checked_sub(1)?)?.1
    }
}

#[cfg(test)]
mod tests {
    use super::First;

    #[test]
    fn the_first_range_counts() {
        let ranges = [(50, 60), (10, 100), (55, 70), (90, 80), (200, u64::MAX)];
        let first = First::new(ranges.len(), |i| ranges[i]);
        for address in 0..300 {
            let held = |&(start, limit): &(u64, u64)| start <= address && address < limit;
            assert_eq!(
                first.find(address),
                ranges.iter().position(held),
                "{address}"
            );
        }
        assert_eq!(First::new(0, |_| (0, 1)).find(0), None);
    }
}
