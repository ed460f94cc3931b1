//! Values as people read them: scaled to a unit, and as a share of a total.
//!
//! The tables, thresholds and formats are those of pprof's `internal/measurement`, because its text
//! is compared byte by byte. Not here: making the units of several profiles agree, which is part of
//! merging them.

pub use profile::units::{scale, scaled_label, scaler};

/// The value in the unit that suits it.
pub fn label(value: i64, unit: &str) -> String {
    scaled_label(value, unit, "auto")
}

/// How much of `total` the value is, in percent and without sign, in six columns: at least two
/// significant digits, and a plain 100 for everything that would be read as such.
pub fn percentage(value: i64, total: i64) -> String {
    let ratio = if total == 0 {
        0.0
    } else {
        (value as f64 / total as f64).abs() * 100.0
    };
    if (99.95..=100.05).contains(&ratio) {
        "  100%".to_owned()
    } else if ratio >= 1.0 {
        format!("{ratio:5.2}%")
    } else {
        format!("{:>5}%", two_digits(ratio))
    }
}

/// A number of 0 or more with two significant digits, as C's `%.2g` writes it.
fn two_digits(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{x:.1e}");
    let (digits, exponent) = scientific
        .split_once('e')
        .expect("the exponential format has an exponent");
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if !(-4..2).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    if exponent >= 0 {
        return digits.to_owned();
    }
    let zeros = "0".repeat((-exponent - 1) as usize);
    format!("0.{zeros}{}", digits.replace('.', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_scaled_to_the_unit_asked_for() {
        for (value, from, to, expect) in [
            (0, "ns", "ms", "0"),
            (1, "s", "ns", "1000000000ns"),
            (1, "s", "Nanoseconds", "1000000000ns"),
            (1_234_567, "ns", "ms", "1.23ms"),
            (10, "kilobytes", "B", "10240B"),
            (1, "bytes", "MB", "0"),
            (10_486, "bytes", "MB", "0.01MB"),
            (2176, "bytes", "kb", "2.12kB"),
            (-2176, "bytes", "kb", "-2.12kB"),
            (123, "nanoseconds", "bytes", "0"),
            (12_300_000_000, "nanoseconds", "bytes", "12.30s"),
            (5, "count", "count", "5"),
            (5, "count", "minimum", "5"),
            (5, "count", "apples", "5apples"),
            (5, "apples", "count", "5"),
            (3, "milliGCU", "auto", "3m*GCU"),
            (1, "hours", "auto", "1hrs"),
            (100, "", "", "100"),
        ] {
            assert_eq!(
                scaled_label(value, from, to),
                expect,
                "{value} {from} in {to}"
            );
        }
    }

    #[test]
    fn auto_takes_the_largest_unit_with_at_least_one() {
        for (value, unit, expect) in [
            (999, "ns", "999ns"),
            (1000, "ns", "1us"),
            (59_999_999_999, "ns", "60s"),
            (3_600_000_000_000, "ns", "1hrs"),
            (1023, "bytes", "1023B"),
            (1024, "bytes", "1kB"),
            (-1024, "bytes", "-1kB"),
            (i64::MAX, "bytes", "8192PB"),
            (i64::MIN, "bytes", "-9223372036854775808B"),
        ] {
            assert_eq!(label(value, unit), expect);
        }
    }

    #[test]
    fn percentages_keep_two_significant_digits() {
        for (value, total, expect) in [
            (0, 100, "    0%"),
            (1, 0, "    0%"),
            (100, 100, "  100%"),
            (99_949, 100_000, "99.95%"),
            (99_950, 100_000, "  100%"),
            (100_051, 100_000, "100.05%"),
            (-50, 100, "50.00%"),
            (1, 100, " 1.00%"),
            (9_999, 1_000_000, "    1%"),
            (996, 100_000, "    1%"),
            (985, 100_000, " 0.98%"),
            (5, 1000, "  0.5%"),
            (42, 1_000_000, "0.0042%"),
            (1, 1_000_000, "0.0001%"),
            (19, 100_000_000_000, "1.9e-08%"),
            (300, 100, "300.00%"),
        ] {
            assert_eq!(percentage(value, total), expect, "{value} of {total}");
        }
    }
}
