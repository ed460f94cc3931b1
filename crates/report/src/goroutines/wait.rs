//! How long goroutines wait, for people: `1m30s`, and the longest and middle one of many.

use std::fmt::Write as _;

/// Waits of a group of goroutines; those that Go does not know are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many are known.
    pub known: usize,
    /// The longest, in nanoseconds.
    pub longest_ns: u64,
    /// The middle one, in nanoseconds.
    pub median_ns: u64,
}

impl Waits {
    /// Of waits in nanoseconds, 0 for those that are not known; the order of `waits` is lost.
    pub fn of(waits: &mut Vec<u64>) -> Waits {
        waits.retain(|w| *w > 0);
        if waits.is_empty() {
            return Waits::default();
        }
        let longest_ns = waits.iter().copied().max().unwrap_or(0);
        let middle = waits.len() / 2;
        let (_, &mut median_ns, _) = waits.select_nth_unstable(middle);
        Waits {
            known: waits.len(),
            median_ns,
            longest_ns,
        }
    }
}

/// A time of at least a second, in its two largest units.
pub fn brief(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let mut text = String::new();
    let mut rest = seconds;
    let mut left = 2;
    for (unit, length) in units {
        let n = rest / length;
        if (n > 0 || (unit == "s" && text.is_empty())) && left > 0 {
            let _ = write!(text, "{n}{unit}");
        }
        if n > 0 || !text.is_empty() {
            left -= i32::from(left > 0);
        }
        rest %= length;
    }
    if seconds == 0 && ns > 0 {
        return format!("{}ms", ns / 1_000_000);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_brief() {
        for (seconds, expect) in [
            (0, "0s"),
            (5, "5s"),
            (60, "1m"),
            (90, "1m30s"),
            (3600, "1h"),
            (3605, "1h"),
            (7260, "2h1m"),
            (90_000, "1d1h"),
        ] {
            assert_eq!(brief(seconds * 1_000_000_000), expect);
        }
        assert_eq!(brief(250_000_000), "250ms");
    }

    #[test]
    fn unknown_waits_do_not_count() {
        let waits = Waits::of(&mut vec![0, 5, 1, 0, 9]);
        let expect = Waits {
            known: 3,
            longest_ns: 9,
            median_ns: 5,
        };
        assert_eq!(waits, expect);
        assert_eq!(Waits::of(&mut vec![0]), Waits::default());
    }
}
