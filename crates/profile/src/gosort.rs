//! The order that Go's `sort.Slice` and `slices.SortFunc` leave equals in.
//!
//! Go's tools sort symbols by address alone, for one, and where several start at one address they name
//! the last of them. Which that is depends on how they sort: pattern-defeating quicksort (Orson
//! Peters, 2021), with the choices that Go's library made in it.

/// Longest stretch that is sorted by insertion.
const INSERTION: usize = 12;
/// From here on the pivot is a median of medians, and elements out of place are shifted.
const LONG: usize = 50;
/// So many elements out of place are shifted before a stretch counts as unsorted.
const SHIFTS: usize = 5;
/// Exchanges of a median of medians whose elements all fall.
const FALLING: u32 = 12;

/// The places of `keys` in ascending order.
pub fn sorted<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<usize> {
    let list: Vec<(K, usize)> = keys.zip(0..).collect();
    let limit = bit_length(list.len());
    let end = list.len();
    let mut sorter = Sorter { list };
    sorter.sort(0, end, limit);
    sorter.list.into_iter().map(|(_, place)| place).collect()
}

fn bit_length(n: usize) -> u32 {
    usize::BITS - n.leading_zeros()
}

struct Sorter<K> {
    list: Vec<(K, usize)>,
}

impl<K: Ord> Sorter<K> {
    fn less(&self, a: usize, b: usize) -> bool {
        self.list[a].0 < self.list[b].0
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.list.swap(a, b);
    }

    fn sort(&mut self, mut start: usize, mut end: usize, mut limit: u32) {
        let (mut balanced, mut partitioned) = (true, true);
        loop {
            let len = end - start;
            if len <= INSERTION {
                return self.insertion(start, end);
            }
            if limit == 0 {
                return self.heap(start, end);
            }
            if !balanced {
                self.scatter(start, end);
                limit -= 1;
            }
            let (mut pivot, exchanges) = self.pivot(start, end);
            if exchanges == FALLING {
                self.list[start..end].reverse();
                pivot = end - 1 - (pivot - start);
            }
            let ascending = exchanges == 0 || exchanges == FALLING;
            if balanced && partitioned && ascending && self.shift(start, end) {
                return;
            }
            if start > 0 && !self.less(start - 1, pivot) {
                start = self.partition_equal(start, end, pivot);
                continue;
            }
            let (middle, already) = self.partition(start, end, pivot);
            partitioned = already;
            let (left, right) = (middle - start, end - middle);
            balanced = left.min(right) >= len / 8;
            if left < right {
                self.sort(start, middle, limit);
                start = middle + 1;
            } else {
                self.sort(middle + 1, end, limit);
                end = middle;
            }
        }
    }

    fn insertion(&mut self, start: usize, end: usize) {
        for i in start + 1..end {
            for j in (start + 1..=i).rev() {
                if !self.less(j, j - 1) {
                    break;
                }
                self.swap(j, j - 1);
            }
        }
    }

    fn heap(&mut self, start: usize, end: usize) {
        let len = end - start;
        for root in (0..=(len - 1) / 2).rev() {
            self.sift(root, len, start);
        }
        for last in (0..len).rev() {
            self.swap(start, start + last);
            self.sift(0, last, start);
        }
    }

    fn sift(&mut self, mut root: usize, len: usize, start: usize) {
        loop {
            let mut child = 2 * root + 1;
            if child >= len {
                return;
            }
            if child + 1 < len && self.less(start + child, start + child + 1) {
                child += 1;
            }
            if !self.less(start + root, start + child) {
                return;
            }
            self.swap(start + root, start + child);
            root = child;
        }
    }

    /// Exchanges some elements for others, to break what made a partition lopsided.
    fn scatter(&mut self, start: usize, end: usize) {
        let len = end - start;
        let mut random = len as u64;
        let mask = (1usize << bit_length(len)) - 1;
        let middle = start + len / 4 * 2;
        for place in middle - 1..=middle + 1 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut other = random as usize & mask;
            if other >= len {
                other -= len;
            }
            self.swap(place, start + other);
        }
    }

    /// A place in the middle by value, and how many exchanges it took to find.
    fn pivot(&self, start: usize, end: usize) -> (usize, u32) {
        let len = end - start;
        let quarter = |n| start + len / 4 * n;
        let mut exchanges = 0;
        let mut three = [quarter(1), quarter(2), quarter(3)];
        if len >= LONG {
            three = three.map(|at| self.median([at - 1, at, at + 1], &mut exchanges));
        }
        (self.median(three, &mut exchanges), exchanges)
    }

    fn median(&self, [mut a, mut b, mut c]: [usize; 3], exchanges: &mut u32) -> usize {
        let mut order = |low: &mut usize, high: &mut usize| {
            if self.less(*high, *low) {
                *exchanges += 1;
                std::mem::swap(low, high);
            }
        };
        order(&mut a, &mut b);
        order(&mut b, &mut c);
        order(&mut a, &mut b);
        b
    }

    /// Puts a few elements in their places, and says whether all are.
    fn shift(&mut self, start: usize, end: usize) -> bool {
        let mut i = start + 1;
        for _ in 0..SHIFTS {
            while i < end && !self.less(i, i - 1) {
                i += 1;
            }
            if i == end {
                return true;
            }
            if end - start < LONG {
                return false;
            }
            self.swap(i, i - 1);
            if i - start >= 2 {
                let mut j = i - 1;
                while j >= 1 && self.less(j, j - 1) {
                    self.swap(j, j - 1);
                    j -= 1;
                }
            }
            if end - i >= 2 {
                let mut j = i + 1;
                while j < end && self.less(j, j - 1) {
                    self.swap(j, j - 1);
                    j += 1;
                }
            }
        }
        false
    }

    /// Smaller elements before the pivot, the others behind it: where it is then, and whether
    /// everything was in order already.
    fn partition(&mut self, start: usize, end: usize, pivot: usize) -> (usize, bool) {
        self.swap(start, pivot);
        let (mut low, mut high) = (start + 1, end - 1);
        let mut already = true;
        loop {
            while low <= high && self.less(low, start) {
                low += 1;
            }
            while low <= high && !self.less(high, start) {
                high -= 1;
            }
            if low > high {
                break;
            }
            already = false;
            self.swap(low, high);
            low += 1;
            high -= 1;
        }
        self.swap(high, start);
        (high, already)
    }

    /// Elements equal to the pivot first, where none is smaller: where the others begin.
    fn partition_equal(&mut self, start: usize, end: usize, pivot: usize) -> usize {
        self.swap(start, pivot);
        let (mut low, mut high) = (start + 1, end - 1);
        loop {
            while low <= high && !self.less(start, low) {
                low += 1;
            }
            while low <= high && self.less(start, high) {
                high -= 1;
            }
            if low > high {
                return low;
            }
            self.swap(low, high);
            low += 1;
            high -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_place_comes_once_and_in_order(keys in prop::collection::vec(0u64..40, 0..600)) {
            let places = sorted(keys.iter().copied());
            prop_assert!(places.windows(2).all(|w| keys[w[0]] <= keys[w[1]]));
            let mut all = places;
            all.sort_unstable();
            prop_assert_eq!(all, (0..keys.len()).collect::<Vec<_>>());
        }

        #[test]
        fn patterns_are_sorted_too(len in 0usize..3000, step in 0usize..7, fall in any::<bool>()) {
            let at = |i: usize| if fall { len - i } else { i };
            let keys: Vec<u64> = (0..len).map(|i| (at(i) * step.max(1) % 1000) as u64).collect();
            let places = sorted(keys.iter().copied());
            prop_assert!(places.windows(2).all(|w| keys[w[0]] <= keys[w[1]]));
        }
    }
}
