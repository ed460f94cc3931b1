//! The order in which Go's `sort.Sort` leaves elements that compare equal.
//!
//! It sorts by a pattern-defeating quicksort (Orson Peters, arXiv 2106.05123) that is not stable but
//! always does the same to the same input. Nodes of a call tree may be equal in all that pprof sorts
//! them by; their numbers then are what this algorithm, with Go's pivots and limits, makes them.

/// Sorts as `sort.Sort` does with this `Less`.
pub fn sort<T>(v: &mut [T], less: impl Fn(&T, &T) -> bool) {
    let limit = bits(v.len());
    let mut sorter = Sorter { v, less };
    let end = sorter.v.len();
    sorter.quick(0, end, limit);
}

/// How many binary digits a number has.
fn bits(n: usize) -> u32 {
    usize::BITS - n.leading_zeros()
}

/// Shorter ranges are sorted by insertion.
const INSERTION: usize = 12;
/// Longer ranges take their pivot from nine elements, not from three, and are worth a repair.
const LONG: usize = 50;
/// How many pairs are put right in a range that looks sorted.
const REPAIRS: usize = 5;

struct Sorter<'v, T, F> {
    v: &'v mut [T],
    less: F,
}

impl<T, F: Fn(&T, &T) -> bool> Sorter<'_, T, F> {
    fn less(&self, i: usize, j: usize) -> bool {
        (self.less)(&self.v[i], &self.v[j])
    }

    fn quick(&mut self, mut a: usize, mut b: usize, mut limit: u32) {
        let (mut balanced, mut partitioned) = (true, true);
        loop {
            let length = b - a;
            if length <= INSERTION {
                return self.insertion(a, b);
            }
            if limit == 0 {
                return self.heap(a, b);
            }
            if !balanced {
                self.scatter(a, b);
                limit -= 1;
            }
            let (mut pivot, swaps) = self.pivot(a, b);
            let mut rising = swaps == 0;
            if swaps == 12 {
                self.v[a..b].reverse();
                pivot = (b - 1) - (pivot - a);
                rising = true;
            }
            if balanced && partitioned && rising && self.repair(a, b) {
                return;
            }
            if a > 0 && !self.less(a - 1, pivot) {
                a = self.split_equal(a, b, pivot);
                continue;
            }
            let middle;
            (middle, partitioned) = self.split(a, b, pivot);
            let (left, right) = (middle - a, b - middle);
            balanced = left.min(right) >= length / 8;
            if left < right {
                self.quick(a, middle, limit);
                a = middle + 1;
            } else {
                self.quick(middle + 1, b, limit);
                b = middle;
            }
        }
    }

    fn insertion(&mut self, a: usize, b: usize) {
        for i in a + 1..b {
            let mut j = i;
            while j > a && self.less(j, j - 1) {
                self.v.swap(j, j - 1);
                j -= 1;
            }
        }
    }

    fn heap(&mut self, a: usize, b: usize) {
        let length = b - a;
        for root in (0..=(length - 1) / 2).rev() {
            self.sift(a, root, length);
        }
        for end in (0..length).rev() {
            self.v.swap(a, a + end);
            self.sift(a, 0, end);
        }
    }

    /// Lets the element at `root` of the heap that begins at `first` sink to its place.
    fn sift(&mut self, first: usize, mut root: usize, end: usize) {
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                return;
            }
            if child + 1 < end && self.less(first + child, first + child + 1) {
                child += 1;
            }
            if !self.less(first + root, first + child) {
                return;
            }
            self.v.swap(first + root, first + child);
            root = child;
        }
    }

    /// Puts smaller elements before the pivot and the others after it. Gives its place, and whether
    /// nothing else had to move.
    fn split(&mut self, a: usize, b: usize, pivot: usize) -> (usize, bool) {
        self.v.swap(a, pivot);
        let (mut i, mut j) = (a + 1, b - 1);
        let mut moved = false;
        loop {
            while i <= j && self.less(i, a) {
                i += 1;
            }
            while i <= j && !self.less(j, a) {
                j -= 1;
            }
            if i > j {
                break;
            }
            self.v.swap(i, j);
            moved = true;
            i += 1;
            j -= 1;
        }
        self.v.swap(j, a);
        (j, !moved)
    }

    /// The same where no element is smaller than the pivot: equal ones come first.
    fn split_equal(&mut self, a: usize, b: usize, pivot: usize) -> usize {
        self.v.swap(a, pivot);
        let (mut i, mut j) = (a + 1, b - 1);
        loop {
            while i <= j && !self.less(a, i) {
                i += 1;
            }
            while i <= j && self.less(a, j) {
                j -= 1;
            }
            if i > j {
                return i;
            }
            self.v.swap(i, j);
            i += 1;
            j -= 1;
        }
    }

    /// Puts a few pairs right, and says whether that was all there was to do.
    fn repair(&mut self, a: usize, b: usize) -> bool {
        let mut i = a + 1;
        for _ in 0..REPAIRS {
            while i < b && !self.less(i, i - 1) {
                i += 1;
            }
            if i == b {
                return true;
            }
            if b - a < LONG {
                return false;
            }
            self.v.swap(i, i - 1);
            if i - a >= 2 {
                let mut j = i - 1;
                while j >= 1 && self.less(j, j - 1) {
                    self.v.swap(j, j - 1);
                    j -= 1;
                }
            }
            if b - i >= 2 {
                let mut j = i + 1;
                while j < b && self.less(j, j - 1) {
                    self.v.swap(j, j - 1);
                    j += 1;
                }
            }
        }
        false
    }

    /// Moves three elements, so that a pattern in the input does not lead to bad pivots again.
    fn scatter(&mut self, a: usize, b: usize) {
        let length = b - a;
        let mut random = length as u64;
        let mask = (1u64 << bits(length)) - 1;
        let middle = a + (length / 4) * 2;
        for at in middle - 1..=middle + 1 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut other = (random & mask) as usize;
            if other >= length {
                other -= length;
            }
            self.v.swap(at, a + other);
        }
    }

    /// The place of the pivot, and how many pairs on the way to it were in the wrong order.
    fn pivot(&self, a: usize, b: usize) -> (usize, u32) {
        let length = b - a;
        let mut swaps = 0;
        let mut at = [1, 2, 3].map(|quarter| a + length / 4 * quarter);
        if length >= LONG {
            at = at.map(|i| self.median([i - 1, i, i + 1], &mut swaps));
        }
        (self.median(at, &mut swaps), swaps)
    }

    fn median(&self, [mut a, mut b, mut c]: [usize; 3], swaps: &mut u32) -> usize {
        let mut order = |x: &mut usize, y: &mut usize| {
            if self.less(*y, *x) {
                std::mem::swap(x, y);
                *swaps += 1;
            }
        };
        order(&mut a, &mut b);
        order(&mut b, &mut c);
        order(&mut a, &mut b);
        b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn dice(n: u64, below: u64) -> Vec<u64> {
        let mut seed = 7u64;
        let roll = |_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        (0..n).map(roll).collect()
    }

    #[test]
    fn everything_gets_sorted() {
        for n in [0, 1, 2, 11, 12, 13, 49, 50, 51, 400, 3000] {
            for below in [1, 2, 10, 1 << 30] {
                let random = dice(n, below);
                let mut expect = random.clone();
                expect.sort_unstable();
                let organ: Vec<u64> = (0..n / 2).chain((0..n / 2).rev()).collect();
                for mut input in [
                    random,
                    expect.clone(),
                    expect.iter().rev().copied().collect(),
                ] {
                    sort(&mut input, |a, b| a < b);
                    assert_eq!(input, expect);
                }
                let mut sorted = organ.clone();
                sort(&mut sorted, |a, b| a < b);
                assert!(sorted.is_sorted());
            }
        }
    }

    #[test]
    fn few_bad_pivots_lead_to_a_heap() {
        let mut numbers = dice(100, 1 << 20);
        let mut sorter = Sorter {
            v: &mut numbers,
            less: |a: &u64, b: &u64| a < b,
        };
        sorter.heap(0, 100);
        assert!(numbers.is_sorted());
    }

    /// The hashes are those of what Go 1.27 made of the same numbers.
    #[test]
    fn equals_end_where_go_puts_them() {
        for (n, below, expect) in [
            (13_u64, 2, 0x4253_b4ef_d47d_5c1a_u64),
            (20, 5, 0xe71f_4b8e_7b74_fa3c),
            (40, 1, 0x02ad_50af_d60e_f814),
            (40, 20, 0x097c_78cf_b86e_3ca4),
            (60, 2, 0xe9a0_9a3e_f9e1_45ee),
            (100, 5, 0x48e9_e37e_d047_3d52),
            (1000, 2, 0x401f_3def_1503_efb8),
            (5000, 20, 0x4422_22d3_5fbc_5e32),
        ] {
            let mut seed = n;
            let roll = |i| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((seed >> 33) % below, i)
            };
            let mut numbered: Vec<(u64, u64)> = (0..n).map(roll).collect();
            sort(&mut numbered, |a, b| a.0 < b.0);
            let hash = |h: u64, (_, i): &(u64, u64)| h.wrapping_mul(31).wrapping_add(*i);
            assert_eq!(numbered.iter().fold(0, hash), expect, "{n} {below}");
        }
    }
}
