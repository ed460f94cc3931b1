//! Units of measurements, as `golang.org/x/perf/benchunit` takes them apart.

/// The base unit of a unit, and what values are multiplied by to be in it: nanoseconds become
/// seconds and megabytes bytes, so that prefixes can be put before them. Below a slash they stay.
pub fn tidy(unit: &str) -> (String, f64) {
    match unit {
        "ns/op" => return ("sec/op".to_owned(), 1e-9),
        "MB/s" => return ("B/s".to_owned(), 1e6),
        _ => {}
    }
    let mut factor = 1.0;
    let mut tidied = String::with_capacity(unit.len());
    for part in parts(unit) {
        tidied += match part.text {
            "ns" if !part.below => {
                factor /= 1e9;
                "sec"
            }
            "MB" if !part.below => {
                factor *= 1e6;
                "B"
            }
            other => other,
        };
    }
    (tidied, factor)
}

/// Whether values of this unit take binary prefixes: it counts bytes.
pub fn is_binary(unit: &str) -> bool {
    parts(unit).any(|part| !part.below && matches!(part.text, "B" | "MB" | "bytes"))
}

/// A word of a unit, or a separator.
struct Part<'u> {
    text: &'u str,
    below: bool,
}

fn parts(unit: &str) -> impl Iterator<Item = Part<'_>> {
    let separates = |c: char| matches!(c, '*' | '/' | '-') || c.is_whitespace();
    let mut below = false;
    let mut rest = unit;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = if separates(first) {
            match first {
                '*' => below = false,
                '/' => below = true,
                _ => {}
            }
            first.len_utf8()
        } else {
            rest.find(separates).unwrap_or(rest.len())
        };
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Part { text, below })
    })
}
