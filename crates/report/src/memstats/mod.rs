//! Views of memory statistics ([`::memstats::Memory`]): a page for people, a line for each reading,
//! JSON.

pub mod json;
pub mod page;
pub mod row;
pub mod say;

use crate::measure::label;
use ::memstats::Unit;

/// How text is marked for the eye; what a terminal makes of it is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A heading.
    Heading,
    /// A number that the reader came for.
    Number,
    /// What matters less.
    Faint,
}

/// Marks a piece of text.
pub type Paint<'p> = &'p dyn Fn(Mark, &str) -> String;

/// Bytes as people read them.
pub(crate) fn bytes(n: u64) -> String {
    label(i64::try_from(n).unwrap_or(i64::MAX), "bytes")
}

/// A length of time as people read it.
pub(crate) fn time(ns: u64) -> String {
    label(i64::try_from(ns).unwrap_or(i64::MAX), "nanoseconds")
}

/// A number with its thousands apart.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// How much of `whole` a part is, in percent.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 * 100.0 / whole as f64,
    }
}

/// A value in its unit; `now_ns` is when it was read, 0 if not known.
pub(crate) fn value(n: u64, unit: Unit, now_ns: u64) -> String {
    match unit {
        Unit::Bytes => bytes(n),
        Unit::Count => count(n),
        Unit::Nanoseconds => time(n),
        Unit::Moment if n == 0 => "never".to_owned(),
        Unit::Moment if now_ns >= n => format!("{} ago", time(now_ns - n)),
        Unit::Moment => {
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            crate::time::LocalTime::new(n, &crate::time::Utc).header()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_people_read_them() {
        assert_eq!(count(1), "1");
        assert_eq!(count(1234567), "1 234 567");
        assert_eq!(value(0, Unit::Moment, 5), "never");
        assert_eq!(value(1_000_000, Unit::Moment, 3_000_000), "2ms ago");
        assert_eq!(bytes(600 << 20), "600MB");
    }
}
