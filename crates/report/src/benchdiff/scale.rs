//! Values with at least three significant digits and a prefix, as `golang.org/x/perf/benchunit`
//! writes them.

/// How the values of a row are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    decimals: usize,
    factor: f64,
    prefix: &'static str,
}

const DECIMAL: [(i32, &str); 8] = [
    (12, "T"),
    (9, "G"),
    (6, "M"),
    (3, "k"),
    (0, ""),
    (-3, "m"),
    (-6, "µ"),
    (-9, "n"),
];
const BINARY: [(i32, &str); 5] = [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki"), (0, "")];

impl Scale {
    /// The scale in which each of the values has enough digits: that of the smallest but 0.
    pub fn common(values: impl IntoIterator<Item = f64>, binary: bool) -> Scale {
        let sizes = values.into_iter().map(f64::abs).filter(|v| *v != 0.0);
        let Some(least) = sizes.min_by(f64::total_cmp) else {
            return Scale {
                decimals: 3,
                factor: 1.0,
                prefix: "",
            };
        };
        let factors = if binary { &BINARY[..] } else { &DECIMAL[..] };
        // Thresholds are what rounds to 100.0, 10.00 and 1.000, as the numbers are written.
        let threshold = |digits: &str, exponent: i32| match binary {
            true => number(digits) * 2f64.powi(exponent),
            false => number(&format!("{digits}e{exponent}")),
        };
        let factor = |exponent: i32| threshold("1", exponent);
        for &(exponent, prefix) in factors {
            for (decimals, digits) in [(1, "99.995"), (2, "9.9995"), (3, ".99995")] {
                if least >= threshold(digits, exponent) {
                    return Scale {
                        decimals,
                        factor: factor(exponent),
                        prefix,
                    };
                }
            }
        }
        // Less than the smallest prefix can tell: more decimals.
        let (exponent, prefix) = factors[factors.len() - 1];
        let value = least / factor(exponent);
        let more = (1..8).find(|e| value >= number(&format!("9.9995e-{e}")));
        Scale {
            decimals: more.unwrap_or(8) + 2,
            factor: factor(exponent),
            prefix,
        }
    }

    /// The value as text.
    pub fn text(self, value: f64) -> String {
        let Scale {
            decimals,
            factor,
            prefix,
        } = self;
        format!("{:.decimals$}{prefix}", value / factor)
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// A number as Go's `%v` writes it: as short as it can be, with an exponent from 1e21 and below 1e-4.
pub fn shortest(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_at_least() {
        for (value, binary, expect) in [
            (0.0, false, "0.000"),
            (1.0, false, "1.000"),
            (0.99995, false, "1.000"),
            (0.99994, false, "999.9m"),
            (123_456_789.0, false, "123.5M"),
            (1.726e-6, false, "1.726µ"),
            (99.995e-9, false, "100.0n"),
            (5e-12, false, "0.005000n"),
            (3e-30, false, "0.0000000000n"),
            (1023.0, true, "1023.0"),
            (1024.0, true, "1.000Ki"),
            (1020.0 * 1024.0, true, "1020.0Ki"),
            (0.25, true, "0.2500"),
            (-2e15, false, "-2000.0T"),
        ] {
            assert_eq!(
                Scale::common([value], binary).text(value),
                expect,
                "{value}"
            );
        }
        let scale = Scale::common([0.0, 2e-6, 5.0], false);
        assert_eq!(scale.text(5.0), "5000000.000µ");
    }

    #[test]
    fn numbers_as_go_writes_them() {
        for (value, expect) in [
            (1.0, "1"),
            (0.05, "0.05"),
            (1e-5, "1e-05"),
            (1.25e300, "1.25e+300"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-0.0001, "-0.0001"),
        ] {
            assert_eq!(shortest(value), expect);
        }
    }
}
