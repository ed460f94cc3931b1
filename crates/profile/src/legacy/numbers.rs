//! Numbers as Go's strconv reads them, and what is computed with them.

use std::sync::LazyLock;

use regex::Regex;

/// A number in Go's syntax: `0x`, `0o`, `0b` and a leading `0` give the base, `_` may stand between
/// digits.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, rest) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if rest.starts_with(['+', '-']) || rest.ends_with('_') || rest.contains("__") {
        return None;
    }
    let value = i128::from_str_radix(&rest.replace('_', ""), base).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

static HEX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("0x[0-9a-f]+").expect("the pattern is good"));

/// All addresses in a text; `None` if one is too large.
pub(super) fn addresses(text: &str) -> Option<Vec<u64>> {
    HEX.find_iter(text)
        .map(|m| u64::from_str_radix(&m.as_str()[2..], 16).ok())
        .collect()
}

/// A float cut to an integer as amd64 does it: what does not fit is the least integer.
pub(super) fn truncate(v: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&v) {
        v as i64
    } else {
        i64::MIN
    }
}

/// How much was allocated if these (objects, bytes) were sampled once in `rate` bytes on average
/// (google/pprof's scaleHeapSample).
pub(super) fn unsample(count: i64, size: i64, rate: i64) -> (i64, i64) {
    if count == 0 || size == 0 {
        return (0, 0);
    }
    if rate <= 1 {
        return (count, size);
    }
    let average = size as f64 / count as f64;
    let scale = 1.0 / (1.0 - (-average / rate as f64).exp());
    (
        truncate(count as f64 * scale),
        truncate(size as f64 * scale),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_go() {
        let check = |text, want| assert_eq!(integer(text), want, "{text}");
        check("12", Some(12));
        check("-0x1F", Some(-31));
        check("010", Some(8));
        check("0b11", Some(3));
        check("1_000", Some(1000));
        check("0", Some(0));
        check("08", None);
        check("", None);
        check("-", None);
        check("0x", None);
        check("--1", None);
        check("9223372036854775808", None);
        check("-9223372036854775808", Some(i64::MIN));
    }

    #[test]
    fn samples_stand_for_more() {
        assert_eq!(unsample(1, 0, 512), (0, 0));
        assert_eq!(unsample(3, 30, 1), (3, 30));
        let (count, size) = unsample(10, 5_242_880, 524_288);
        assert_eq!((count, size), (15, 8_294_114));
        assert_eq!(truncate(f64::NAN), i64::MIN);
    }
}
