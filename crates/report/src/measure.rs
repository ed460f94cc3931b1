//! Values as people read them: scaled to a unit, and as a share of a total.
//!
//! The tables, thresholds and formats are those of pprof's `internal/measurement`, because its text
//! is compared byte by byte. Not here: making the units of several profiles agree, which is part of
//! merging them.

/// A unit, the names it goes by (lower case, without a plural `s`), and how many base units it has.
struct Unit {
    name: &'static str,
    aliases: &'static [&'static str],
    factor: f64,
}

/// Units that convert into each other.
struct Family {
    units: &'static [Unit],
    /// Shown when the unit asked for is not of this family.
    default: Unit,
}

const fn unit(name: &'static str, aliases: &'static [&'static str], factor: f64) -> Unit {
    Unit {
        name,
        aliases,
        factor,
    }
}

const FAMILIES: &[Family] = &[
    Family {
        units: &[
            unit("B", &["b", "byte"], 1.0),
            unit("kB", &["kb", "kbyte", "kilobyte"], 1024.0),
            unit("MB", &["mb", "mbyte", "megabyte"], 1_048_576.0),
            unit("GB", &["gb", "gbyte", "gigabyte"], 1_073_741_824.0),
            unit("TB", &["tb", "tbyte", "terabyte"], 1_099_511_627_776.0),
            unit("PB", &["pb", "pbyte", "petabyte"], 1_125_899_906_842_624.0),
        ],
        default: unit("B", &[], 1.0),
    },
    Family {
        units: &[
            unit("ns", &["ns", "nanosecond"], 1.0),
            unit("us", &["μs", "us", "microsecond"], 1e3),
            unit("ms", &["ms", "millisecond"], 1e6),
            unit("s", &["s", "sec", "second"], 1e9),
            unit("hrs", &["hour", "hr"], 3600e9),
        ],
        default: unit("s", &[], 1e9),
    },
    Family {
        units: &[
            unit("n*GCU", &["nanogcu"], 1e-9),
            unit("u*GCU", &["microgcu"], 1e-6),
            unit("m*GCU", &["milligcu"], 1e-3),
            unit("GCU", &["gcu"], 1.0),
            unit("k*GCU", &["kilogcu"], 1e3),
            unit("M*GCU", &["megagcu"], 1e6),
            unit("G*GCU", &["gigagcu"], 1e9),
            unit("T*GCU", &["teragcu"], 1e12),
            unit("P*GCU", &["petagcu"], 1e15),
        ],
        default: unit("GCU", &[], 1.0),
    },
];

impl Family {
    fn find(&self, name: &str) -> Option<&'static Unit> {
        let lower = name.to_lowercase();
        let singular = match lower.strip_suffix('s') {
            Some(s) if lower.len() > 2 => s,
            _ => &lower,
        };
        self.units.iter().find(|u| u.aliases.contains(&singular))
    }

    /// The largest unit of which `base` has at least one.
    fn largest(&self, base: f64) -> Option<&'static Unit> {
        self.units.iter().rev().find(|u| base / u.factor >= 1.0)
    }
}

/// Converts a value. The result's unit is empty where naming it says nothing (`count`, `sample`,
/// `unit`). `to` may be `minimum` or `auto`: the largest unit of which there is at least one. A unit
/// that `from` cannot be converted to gives the family's default unit, or `to` itself if `from` is of
/// no family.
pub fn scale<'a>(value: i64, from: &str, to: &'a str) -> (f64, &'a str) {
    // The magnitude is scaled, so that thresholds are the same for gains and losses. i64::MIN has no
    // positive twin and is scaled as it is.
    if let (true, Some(magnitude)) = (value < 0, value.checked_neg()) {
        let (v, unit) = scale(magnitude, from, to);
        return (-v, unit);
    }
    for family in FAMILIES {
        let Some(source) = family.find(from) else {
            continue;
        };
        let base = value as f64 * source.factor;
        let target = match to {
            "minimum" | "auto" => family.largest(base),
            _ => family.find(to),
        };
        let target = target.unwrap_or(&family.default);
        return (base / target.factor, target.name);
    }
    match to {
        "count" | "sample" | "unit" | "minimum" | "auto" => (value as f64, ""),
        _ => (value as f64, to),
    }
}

/// The value in the unit `to` (see [`scale`]) with at most two decimals and its unit.
pub fn scaled_label(value: i64, from: &str, to: &str) -> String {
    let (v, unit) = scale(value, from, to);
    let text = format!("{v:.2}");
    let text = text.strip_suffix(".00").unwrap_or(&text);
    if text == "0" || text == "-0" {
        return "0".to_owned();
    }
    format!("{text}{unit}")
}

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
