//! Counting crossings, and where an item would have fewest of them.

/// The sum over pairs of edges that cross, of the products of what they count. `ends` are sorted by
/// upper, then lower position; `sums` is scratch for a binary indexed tree.
pub(super) fn crossing_sum(ends: &[(u32, u32, u32)], sums: &mut [u64]) -> u64 {
    sums.fill(0);
    let mut all = 0;
    let mut total = 0;
    for &(_, low, counts) in ends {
        let mut up_to = 0;
        let mut i = low as usize + 1;
        while i > 0 {
            up_to += sums[i];
            i &= i - 1;
        }
        total += (all - up_to) * u64::from(counts);
        all += u64::from(counts);
        let mut i = low as usize + 1;
        while i < sums.len() {
            sums[i] += u64::from(counts);
            i += i & i.wrapping_neg();
        }
    }
    total
}

/// What the crossings count between the edges of `a` and of `b`, an item to the right of it. Both are
/// sorted by position.
pub(super) fn inversions(a: &[(u32, u32)], b: &[(u32, u32)], position: &[u32]) -> u64 {
    let mut total = 0;
    let mut left_of = 0u64;
    let mut j = 0;
    for &(u, counts) in a {
        while let Some(&(w, c)) = b.get(j) {
            if position[w as usize] >= position[u as usize] {
                break;
            }
            left_of += u64::from(c);
            j += 1;
        }
        total += left_of * u64::from(counts);
    }
    total
}

/// The median position of the neighbours; of an even number, nearer to the side where they are denser.
pub(super) fn median(next: &[(u32, u32)], position: &[u32]) -> Option<f64> {
    if let [(only, _)] = next {
        return Some(f64::from(position[*only as usize]));
    }
    let mut at: Vec<u32> = next.iter().map(|&(u, _)| position[u as usize]).collect();
    at.sort_unstable();
    let middle = at.len() / 2;
    match at.len() {
        0 => None,
        n if n % 2 == 1 => Some(f64::from(at[middle])),
        2 => Some(f64::from(at[0] + at[1]) / 2.0),
        n => {
            let left = f64::from(at[middle - 1] - at[0]);
            let right = f64::from(at[n - 1] - at[middle]);
            let (a, b) = (f64::from(at[middle - 1]), f64::from(at[middle]));
            if left + right == 0.0 {
                return Some((a + b) / 2.0);
            }
            Some((a * right + b * left) / (left + right))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute(ends: &[(u32, u32, u32)]) -> u64 {
        let mut total = 0;
        for (i, a) in ends.iter().enumerate() {
            for b in &ends[i + 1..] {
                if (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1) {
                    total += u64::from(a.2) * u64::from(b.2);
                }
            }
        }
        total
    }

    proptest! {
        #[test]
        fn crossings_are_counted_right(
            mut ends in prop::collection::vec((0u32..9, 0u32..9, 1u32..5), 0..40),
        ) {
            ends.sort_unstable();
            prop_assert_eq!(crossing_sum(&ends, &mut [0; 32]), brute(&ends));
        }

        #[test]
        fn inversions_are_crossings_of_two_items(
            a in prop::collection::vec(0u32..9, 0..6),
            b in prop::collection::vec(0u32..9, 0..6),
        ) {
            let position: Vec<u32> = (0..9).collect();
            let list = |of: &[u32]| {
                let mut list: Vec<(u32, u32)> = of.iter().map(|&u| (u, u + 1)).collect();
                list.sort_unstable();
                list
            };
            let mut ends: Vec<_> = list(&a).iter().map(|&(u, c)| (0, u, c)).collect();
            ends.extend(list(&b).iter().map(|&(u, c)| (1, u, c)));
            prop_assert_eq!(inversions(&list(&a), &list(&b), &position), brute(&ends));
        }
    }

    #[test]
    fn medians_lean_to_the_denser_side() {
        let position: Vec<u32> = (0..20).collect();
        let of = |at: &[u32]| {
            let next: Vec<_> = at.iter().map(|&u| (u, 1)).collect();
            median(&next, &position)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[4, 1, 9]), Some(4.0));
        assert_eq!(of(&[1, 4]), Some(2.5));
        assert_eq!(of(&[0, 1, 9, 19]), Some(1.0 + 8.0 / 11.0));
    }
}
