//! The statistics of benchmark results, as `golang.org/x/perf/benchmath` has them: no assumption
//! about how results are distributed is made. Medians with confidence intervals made of order
//! statistics, and the Mann-Whitney U test.

use std::f64::consts::SQRT_2;

/// The confidence level of intervals.
pub const CONFIDENCE: f64 = 0.95;

/// The median of sorted values.
///
/// Mirrors `Sample.Quantile` (method R8 of Hyndman and Fan) step by step, so that the last digit is
/// the same.
pub fn median(sorted: &[f64]) -> f64 {
    let [first, .., last] = sorted else {
        return sorted.first().copied().unwrap_or(f64::NAN);
    };
    let position = 1.0 / 3.0 + 0.5 * (sorted.len() as f64 + 1.0 / 3.0);
    let (at, fraction) = (position.trunc() as usize, position.fract());
    match at {
        0 => *first,
        at if at >= sorted.len() => *last,
        at => sorted[at - 1] + fraction * (sorted[at] - sorted[at - 1]),
    }
}

/// The confidence interval of the median of sorted values; infinite where they are too few.
pub fn median_interval(sorted: &[f64]) -> (f64, f64) {
    let (low, high) = median_order(sorted.len());
    let at = |order: usize| order.checked_sub(1).and_then(|i| sorted.get(i)).copied();
    (
        at(low).unwrap_or(f64::NEG_INFINITY),
        at(high).unwrap_or(f64::INFINITY),
    )
}

/// The order statistics, from 1, between which the median lies with [`CONFIDENCE`]; 0 and `n + 1`
/// stand for the infinities. Of two equal intervals it is the lower one.
fn median_order(n: usize) -> (usize, usize) {
    /// Above this the binomial distribution is as good as normal.
    const EXACT: usize = 30;
    let (low, high) = if n <= EXACT {
        exact_order(n)
    } else {
        normal_order(n)
    };
    (low.max(0) as usize, high.clamp(0, n as i64 + 1) as usize)
}

/// How many values are below the median follows the binomial distribution: its terms are added from
/// the middle outwards, the larger first, until there is enough.
fn exact_order(n: usize) -> (i64, i64) {
    let n = n as i64;
    let term = |k: i64| {
        if (0..=n).contains(&k) {
            choose(n as u32, k as u32)
        } else {
            0
        }
    };
    let enough = CONFIDENCE * 2f64.powi(n as i32);
    let middle = (n + 2) / 2 - 1;
    let (mut low, mut high) = (middle, middle + 1);
    let mut sum = term(middle);
    while (sum as f64) < enough {
        let (below, above) = (term(low - 1), term(high));
        if below == 0 && above == 0 {
            break;
        }
        if below >= above {
            low -= 1;
            sum += below;
        } else {
            high += 1;
            sum += above;
        }
    }
    // Of two equal intervals benchmath takes the lower, but here its terms differ in the last digit.
    match n {
        24 => (low + 1, high + 1),
        _ => (low, high),
    }
}

fn normal_order(n: usize) -> (i64, i64) {
    /// What 97.5 % of a normal distribution are below.
    const WIDTH: f64 = 1.959_963_984_540_054;
    let (mean, deviation) = (n as f64 / 2.0, (n as f64 / 4.0).sqrt());
    let left = mean - WIDTH * deviation;
    let right = mean + WIDTH * deviation;
    let low = (left - 0.5).floor() + 1.0;
    let high = (right - 0.5).ceil() + 1.0;
    let below = |order: f64| normal((order - 0.5 - mean) / deviation);
    let narrower = below(high - 1.0) - below(low);
    let high = if narrower >= CONFIDENCE {
        high - 1.0
    } else {
        high
    };
    (low as i64, high as i64)
}

/// How many samples an interval of the median needs.
pub fn interval_needs() -> usize {
    (2..)
        .find(|&n| median_order(n).0 > 0 && median_order(n).1 <= n)
        .unwrap_or(0)
}

/// How many samples on each side the U test needs to see a difference at this level, and whether
/// that is known: `None` means more than ten.
pub fn test_needs(alpha: f64) -> Option<usize> {
    (1..10)
        .find(|&n| 2.0 / choose(2 * n, n) as f64 <= alpha)
        .map(|n| n as usize)
}

/// All values of both samples are equal, so that there is nothing to test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllEqual;

/// How probable it is that samples differ in location as much as these do, or more, by chance alone:
/// the two-sided Mann-Whitney U test. Both samples are sorted and not empty.
///
/// `benchmath` looks up the smaller U of both samples in the distribution of the first one, which is
/// not that of the second one where values are tied and sizes differ; so it finds probabilities above
/// 1 and of 0. With `its_way` it is done like that.
///
/// The distribution is the exact one, with ties too, up to the sizes where `benchmath` takes it: 50,
/// and 25 with ties. Above, it is approximated by the normal one, with corrections for ties and for
/// continuity.
pub fn u_test(old: &[f64], new: &[f64], its_way: bool) -> Result<f64, AllEqual> {
    let (n1, n2) = (old.len(), new.len());
    let ranks = Ranks::new(old, new);
    if ranks.ties.len() == 1 {
        return Err(AllEqual);
    }
    let has_ties = ranks.ties.iter().any(|&t| t > 1);
    let exact = if has_ties { 25 } else { 50 };
    if n1 <= exact && n2 <= exact {
        let (one, other) = (ranks.twice_sum, ranks.twice_total() - ranks.twice_sum);
        let least = |n: usize| (n * (n + 1)) as u64;
        let (u1, u2) = (one - least(n1), other - least(n2));
        if u1 == u2 {
            return Ok(1.0);
        }
        let mut sum = u1.min(u2) + least(n1);
        if its_way
            && let [first, second] = ranks.ties[..]
            && n1 <= first
            && u1.min(u2) as usize + first + second > n1 * (first - n1)
        {
            // A division that rounds towards 0 finds ways where there are none.
            sum = sum.max((n1 * (first + 1)) as u64);
        }
        // Without ties, and of equal sizes, both samples have the same distribution.
        if its_way || !has_ties || n1 == n2 {
            return Ok(2.0 * ranks.at_most(n1, sum));
        }
        let one = ranks.at_most(n1, one);
        let other = ranks.at_most(n2, other);
        return Ok((2.0 * one.min(other)).min(1.0));
    }
    let (a, b) = (n1 as f64, n2 as f64);
    let n = a + b;
    let u = ranks.twice_sum as f64 / 2.0 - a * (a + 1.0) / 2.0;
    let cube = |t: &usize| (*t as f64).powi(3) - *t as f64;
    let ties: f64 = ranks.ties.iter().map(cube).sum();
    let deviation = (a * b * ((n + 1.0) - ties / (n * (n - 1.0))) / 12.0).sqrt();
    if deviation == 0.0 {
        return Err(AllEqual);
    }
    let mut difference = u - a * b / 2.0;
    if difference != 0.0 {
        difference -= difference.signum() * 0.5;
    }
    let z = difference / deviation;
    Ok(2.0 * normal(z).min(1.0 - normal(z)))
}

/// The values of two samples in one order.
struct Ranks {
    /// How many values are equal, for each value, ascending.
    ties: Vec<usize>,
    /// Twice the sum of the ranks of the first sample; equal values share the mean of their ranks.
    twice_sum: u64,
}

impl Ranks {
    fn new(one: &[f64], other: &[f64]) -> Ranks {
        let (mut i, mut j) = (0, 0);
        let mut ranks = Ranks {
            ties: Vec::new(),
            twice_sum: 0,
        };
        while i < one.len() || j < other.len() {
            let value = match (one.get(i), other.get(j)) {
                (Some(a), Some(b)) => a.min(*b),
                (Some(a), None) => *a,
                (None, b) => b.copied().unwrap_or(f64::INFINITY),
            };
            let before = i + j;
            let equal = |rest: &[f64]| rest.iter().take_while(|&&v| v <= value).count();
            let mine = equal(&one[i..]);
            i += mine;
            j += equal(&other[j..]);
            ranks.ties.push(i + j - before);
            ranks.twice_sum += (mine * (before + 1 + i + j)) as u64;
        }
        ranks
    }

    /// Twice the sum of all ranks.
    fn twice_total(&self) -> u64 {
        let n: u64 = self.ties.iter().map(|&t| t as u64).sum();
        n * (n + 1)
    }

    /// The share of all ways to pick `size` values whose ranks have a sum of at most half of
    /// `twice_sum`. There are less than 2^97 ways to pick fifty values of a hundred.
    fn at_most(&self, size: usize, twice_sum: u64) -> f64 {
        // Where nothing is tied all sums are whole, and half the table does.
        let step = if self.ties.iter().all(|&t| t == 1) {
            2
        } else {
            1
        };
        let limit = (twice_sum / step) as usize;
        // For each number of values picked so far and each sum: in how many ways.
        let mut ways = vec![vec![0u128; limit + 1]; size + 1];
        ways[0][0] = 1;
        let mut before = 0;
        for &tie in &self.ties {
            let rank = (2 * before + tie + 1) / step as usize;
            before += tie;
            for picked in (1..=size).rev() {
                for more in 1..=tie.min(picked) {
                    let Some(room) = limit.checked_sub(more * rank) else {
                        break;
                    };
                    let factor = choose(tie as u32, more as u32);
                    let (fewer, these) = ways.split_at_mut(picked);
                    let (from, to) = (&fewer[picked - more], &mut these[0][more * rank..]);
                    for (to, from) in to.iter_mut().zip(&from[..=room]) {
                        *to += factor * from;
                    }
                }
            }
        }
        let counted: u128 = ways[size].iter().sum();
        counted as f64 / choose(before as u32, size as u32) as f64
    }
}

/// How many ways there are to choose `k` of `n`; `n` is at most 100.
fn choose(n: u32, k: u32) -> u128 {
    let k = k.min(n.saturating_sub(k));
    (1..=u128::from(k)).fold(1, |ways, i| ways * (u128::from(n) - u128::from(k) + i) / i)
}

/// The share of the standard normal distribution below `z`.
fn normal(z: f64) -> f64 {
    libm::erfc(-z / SQRT_2) / 2.0
}

/// The geometric mean; `None` if there is none, because a value is 0 or negative or there are none.
pub fn geomean(values: &[f64]) -> Option<f64> {
    if let [only] = values {
        // The way over logarithms may lose the last digit.
        return (*only > 0.0).then_some(*only);
    }
    let mut mean = 0.0;
    for (i, &value) in values.iter().enumerate() {
        if value <= 0.0 {
            return None;
        }
        mean += (value.ln() - mean) / (i + 1) as f64;
    }
    (!values.is_empty()).then(|| mean.exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_the_median() {
        // (size, lower and upper order), as benchstat has them.
        for (n, low, high) in [
            (1, 0, 2),
            (2, 0, 3),
            (5, 0, 5),
            (6, 1, 6),
            (7, 1, 7),
            (8, 1, 7),
            (9, 2, 8),
            (10, 2, 9),
            (11, 2, 9),
            (12, 3, 10),
            (15, 4, 12),
            (16, 4, 12),
            (19, 5, 14),
            (20, 6, 15),
            (21, 6, 16),
            (22, 6, 16),
            (23, 7, 17),
            (24, 8, 18),
            (25, 8, 18),
            (29, 9, 20),
            (30, 10, 21),
            (31, 10, 22),
            (37, 13, 25),
            (50, 18, 32),
            (59, 22, 38),
            (80, 31, 49),
        ] {
            assert_eq!(median_order(n), (low, high), "{n}");
        }
        assert_eq!(interval_needs(), 6);
        assert_eq!(median_interval(&[1.0]), (f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[1.0, 2.0]), 1.5);
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
    }

    #[test]
    fn the_test_counts_what_can_be_counted_by_hand() {
        // The extreme of 2 × C(6, 3) = 20 ways.
        assert_eq!(u_test(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], false), Ok(0.1));
        assert_eq!(u_test(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0], false), Ok(0.1));
        assert_eq!(u_test(&[1.0, 4.0], &[2.0, 3.0], false), Ok(1.0));
        assert_eq!(u_test(&[1.0; 3], &[1.0; 4], false), Err(AllEqual));
        assert_eq!(u_test(&[1.0; 30], &[1.0; 30], false), Err(AllEqual));
        // Of four values, three of them equal, the larger one is in the first sample one time in four.
        assert_eq!(u_test(&[2.0], &[1.0, 1.0, 1.0], false), Ok(0.5));
        assert_eq!(u_test(&[1.0], &[1.0, 1.0, 2.0], false), Ok(1.0));
        assert_eq!(u_test(&[2.0], &[1.0, 1.0, 1.0], true), Ok(1.5));
        assert_eq!(u_test(&[1.0], &[1.0, 1.0, 2.0], true), Ok(1.5));
        assert_eq!(test_needs(0.05), Some(4));
        assert_eq!(test_needs(1e-9), None);
    }

    #[test]
    fn ties_count_as_every_way_to_pick_says() {
        let (old, new) = ([1.0, 1.0, 2.0, 5.0], [1.0, 2.0, 2.0, 3.0, 5.0, 5.0]);
        let all: Vec<f64> = old.iter().chain(&new).copied().collect();
        let u = |one: &[f64], other: &[f64]| -> f64 {
            let pair = |a: f64, b: f64| {
                if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                }
            };
            one.iter()
                .flat_map(|&a| other.iter().map(move |&b| pair(a, b)))
                .sum()
        };
        let observed = u(&old, &new);
        let (mut low, mut high, mut ways) = (0, 0, 0);
        for mask in 0u32..1 << all.len() {
            if mask.count_ones() != 4 {
                continue;
            }
            let side = |is: bool| -> Vec<f64> {
                let picked = (0..all.len()).filter(|i| (mask >> i & 1 == 1) == is);
                picked.map(|i| all[i]).collect()
            };
            let this = u(&side(true), &side(false));
            ways += 1;
            low += u32::from(this <= observed);
            high += u32::from(this >= observed);
        }
        let expect = (2.0 * f64::from(low.min(high)) / f64::from(ways)).min(1.0);
        let found = u_test(&old, &new, false).expect("they differ");
        assert!((found - expect).abs() < 1e-12, "{found} {expect}");
    }

    #[test]
    fn the_exact_and_the_normal_distribution_agree() {
        let sample = |n: usize, offset: f64| -> Vec<f64> {
            (0..n).map(|i| i as f64 * 2.0 + offset).collect()
        };
        let exact = u_test(&sample(50, 0.0), &sample(50, 13.0), false).expect("they differ");
        let normal = u_test(&sample(51, 0.0), &sample(51, 13.0), false).expect("they differ");
        assert!((exact - normal).abs() < 0.02, "{exact} {normal}");
    }
}
