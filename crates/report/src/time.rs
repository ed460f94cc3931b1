//! Moments and durations as Go writes them.
//!
//! The time zone is the caller's to know: a library reads no environment.

/// A time zone.
pub trait Zone {
    /// Seconds east of UTC and the zone's abbreviation, at a moment in seconds since the Unix epoch.
    fn at(&self, unix_seconds: i64) -> (i32, String);
}

/// Coordinated universal time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utc;

impl Zone for Utc {
    fn at(&self, _: i64) -> (i32, String) {
        (0, "UTC".to_owned())
    }
}

/// A moment and how it is read at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Nanoseconds since the Unix epoch.
    pub nanos: i64,
    /// Seconds east of UTC.
    pub offset: i32,
    /// The zone's abbreviation.
    pub zone: String,
}

impl LocalTime {
    /// The moment, as it is read in `zone`.
    pub fn new(nanos: i64, zone: &dyn Zone) -> Self {
        let (offset, name) = zone.at(nanos.div_euclid(NANOS));
        LocalTime {
            nanos,
            offset,
            zone: name,
        }
    }

    /// As in the header of a report: `2006-01-02 15:04:05 MST`.
    pub fn header(&self) -> String {
        format!("{} {}", self.civil(), self.zone)
    }

    /// As Go prints a time: `2006-01-02 15:04:05.999999999 -0700 MST`.
    pub fn full(&self) -> String {
        let fraction = fraction(self.nanos.rem_euclid(NANOS) as u64, 9);
        let minutes = self.offset.abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        let (h, m) = (minutes / 60, minutes % 60);
        format!(
            "{}{fraction} {sign}{h:02}{m:02} {}",
            self.civil(),
            self.zone
        )
    }

    /// In UTC, as in RFC 3339.
    pub fn rfc3339(&self) -> String {
        let utc = LocalTime::new(self.nanos, &Utc);
        let fraction = fraction(self.nanos.rem_euclid(NANOS) as u64, 9);
        format!("{}{fraction}Z", utc.civil().replace(' ', "T"))
    }

    /// Date and time of day.
    fn civil(&self) -> String {
        let seconds = self.nanos.div_euclid(NANOS) + i64::from(self.offset);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date(days);
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02}")
    }
}

const NANOS: i64 = 1_000_000_000;

/// Year, month and day of a day counted from the Unix epoch, in the proleptic Gregorian calendar.
fn date(days: i64) -> (i64, i64, i64) {
    // Years are counted from March, so that the leap day is the last of them; eras have 400 years.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, day)
}

/// `.5` for 500 of three digits; nothing for 0.
fn fraction(value: u64, digits: usize) -> String {
    if value == 0 {
        return String::new();
    }
    let text = format!("{value:0digits$}");
    format!(".{}", text.trim_end_matches('0'))
}

/// A duration in nanoseconds, as Go prints it: `1h2m3.5s`.
pub fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs();
    let text = match n {
        0 => return "0s".to_owned(),
        1..1_000 => format!("{n}ns"),
        1_000..1_000_000 => format!("{}{}µs", n / 1_000, fraction(n % 1_000, 3)),
        1_000_000..1_000_000_000 => {
            format!("{}{}ms", n / 1_000_000, fraction(n % 1_000_000, 6))
        }
        _ => {
            let (s, rest) = (n / 1_000_000_000, n % 1_000_000_000);
            let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
            let seconds = format!("{s}{}s", fraction(rest, 9));
            match (h, m) {
                (0, 0) => seconds,
                (0, m) => format!("{m}m{seconds}"),
                (h, m) => format!("{h}h{m}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(i32, &'static str);

    impl Zone for Fixed {
        fn at(&self, _: i64) -> (i32, String) {
            (self.0, self.1.to_owned())
        }
    }

    #[test]
    fn moments_read_as_in_go() {
        for (nanos, offset, zone, header, full) in [
            (
                0,
                0,
                "UTC",
                "1970-01-01 00:00:00 UTC",
                "1970-01-01 00:00:00 +0000 UTC",
            ),
            (
                1_709_164_800_500_000_000,
                0,
                "UTC",
                "2024-02-29 00:00:00 UTC",
                "2024-02-29 00:00:00.5 +0000 UTC",
            ),
            (
                1_709_164_800_000_000_001,
                -5 * 3600,
                "EST",
                "2024-02-28 19:00:00 EST",
                "2024-02-28 19:00:00.000000001 -0500 EST",
            ),
            (
                951_782_400_000_000_000,
                19_800,
                "IST",
                "2000-02-29 05:30:00 IST",
                "2000-02-29 05:30:00 +0530 IST",
            ),
            (
                -1,
                0,
                "UTC",
                "1969-12-31 23:59:59 UTC",
                "1969-12-31 23:59:59.999999999 +0000 UTC",
            ),
            (
                4_102_444_799_000_000_000,
                0,
                "UTC",
                "2099-12-31 23:59:59 UTC",
                "2099-12-31 23:59:59 +0000 UTC",
            ),
        ] {
            let t = LocalTime::new(nanos, &Fixed(offset, zone));
            assert_eq!(t.header(), header);
            assert_eq!(t.full(), full);
        }
        let t = LocalTime::new(1_709_164_800_500_000_000, &Fixed(3600, "CET"));
        assert_eq!(t.rfc3339(), "2024-02-29T00:00:00.5Z");
    }

    #[test]
    fn durations_read_as_in_go() {
        for (nanos, expect) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (3_600_000_000_000, "1h0m0s"),
            (-500_000_000, "-500ms"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(duration(nanos), expect);
        }
    }
}
