//! `runtime.MemStats` as Go prints it: the JSON of expvar (`/debug/vars`) or of the struct itself,
//! and the comments at the end of a heap profile's text (`heap?debug=1`).
//!
//! ```text
//! # runtime.MemStats
//! # Alloc = 1234
//! # Stack = 327680 / 327680
//! # PauseNs = [12345 6789 0 …]
//! ```

use memstats::{BySize, FIELDS, MemStats};
use serde_json::{Map, Value};

/// The line that the text begins with.
const HEADING: &str = "# runtime.MemStats";
/// The name that expvar publishes them by.
const VARIABLE: &str = "memstats";
/// Fields that the text has as `# NAME = IN USE / FROM THE SYSTEM`.
const PAIRS: [(&str, &str, &str); 3] = [
    ("Stack", "StackInuse", "StackSys"),
    ("MSpan", "MSpanInuse", "MSpanSys"),
    ("MCache", "MCacheInuse", "MCacheSys"),
];
/// Fields that are no plain number.
const OTHERS: [&str; 6] = [
    "GCCPUFraction",
    "EnableGC",
    "DebugGC",
    "PauseNs",
    "PauseEnd",
    "BySize",
];
/// No ring or table of any version is longer.
const MAX_LEN: usize = 4096;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Printed {
    /// The statistics; [`MemStats::absent`] names what the text does not have.
    pub stats: MemStats,
    /// The most RAM that the process ever used, in bytes, as the text of a heap profile tells.
    pub max_rss: Option<u64>,
}

/// Reads the statistics out of JSON or the text of a heap profile; `None` where there are none.
pub fn parse(text: &str) -> Option<Printed> {
    if text.trim_start().starts_with('{') {
        let value: Value = serde_json::from_str(text).ok()?;
        let whole = value.as_object()?;
        let stats = whole.get(VARIABLE).and_then(Value::as_object);
        return of_json(stats.unwrap_or(whole));
    }
    of_text(text)
}

fn of_json(object: &Map<String, Value>) -> Option<Printed> {
    let mut read = Reader::default();
    for (name, value) in object {
        if let Some(number) = value.as_u64() {
            read.number(name, number);
        }
        match (name.as_str(), value) {
            ("GCCPUFraction", value) => read.fraction(value.as_f64()),
            ("EnableGC", Value::Bool(on)) => read.truth("EnableGC", *on),
            ("DebugGC", Value::Bool(on)) => read.truth("DebugGC", *on),
            ("PauseNs" | "PauseEnd", Value::Array(list)) => {
                read.ring(name, list.iter().filter_map(Value::as_u64));
            }
            ("BySize", Value::Array(list)) => {
                let of = |row: &Value, key| row.get(key).and_then(Value::as_u64);
                let rows = list.iter().take(MAX_LEN).map(|row| BySize {
                    size: of(row, "Size").unwrap_or(0),
                    mallocs: of(row, "Mallocs").unwrap_or(0),
                    frees: of(row, "Frees").unwrap_or(0),
                });
                read.printed.stats.by_size = rows.collect();
                read.known.push("BySize");
            }
            _ => {}
        }
    }
    read.finish()
}

fn of_text(text: &str) -> Option<Printed> {
    let mut lines = text.lines();
    lines.by_ref().find(|line| line.trim_end() == HEADING)?;
    let mut read = Reader::default();
    for line in lines {
        let Some((name, value)) = line.strip_prefix("# ").and_then(|l| l.split_once(" = ")) else {
            break;
        };
        let value = value.trim();
        if let Some((_, inuse, sys)) = PAIRS.iter().find(|(pair, _, _)| *pair == name) {
            if let Some((a, b)) = value.split_once(" / ") {
                for (name, number) in [(inuse, a), (sys, b)] {
                    if let Ok(number) = number.parse() {
                        read.number(name, number);
                    }
                }
            }
            continue;
        }
        if let Ok(number) = value.parse() {
            read.number(name, number);
        }
        match name {
            "GCCPUFraction" => read.fraction(value.parse().ok()),
            "DebugGC" | "EnableGC" => read.truth(name, value == "true"),
            "PauseNs" | "PauseEnd" => {
                let list = value.trim_start_matches('[').trim_end_matches(']');
                let numbers = list.split_whitespace().map_while(|n| n.parse().ok());
                read.ring(name, numbers);
            }
            "MaxRSS" => read.printed.max_rss = value.parse().ok(),
            _ => {}
        }
    }
    read.finish()
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    printed: Printed,
    known: Vec<&'static str>,
}

impl Reader {
    fn number(&mut self, name: &str, value: u64) {
        if let Some(field) = MemStats::field(name) {
            (field.set)(&mut self.printed.stats, value);
            self.known.push(field.name);
        }
    }

    fn fraction(&mut self, value: Option<f64>) {
        if let Some(value) = value.filter(|v| v.is_finite()) {
            self.printed.stats.gc_cpu_fraction = value;
            self.known.push("GCCPUFraction");
        }
    }

    fn truth(&mut self, name: &str, on: bool) {
        let stats = &mut self.printed.stats;
        match name {
            "EnableGC" => {
                stats.enable_gc = on;
                self.known.push("EnableGC");
            }
            _ => {
                stats.debug_gc = on;
                self.known.push("DebugGC");
            }
        }
    }

    fn ring(&mut self, name: &str, numbers: impl Iterator<Item = u64>) {
        let list: Vec<u64> = numbers.take(MAX_LEN).collect();
        if name == "PauseNs" {
            self.printed.stats.pause_ns = list;
            self.known.push("PauseNs");
        } else {
            self.printed.stats.pause_end = list;
            self.known.push("PauseEnd");
        }
    }

    /// `None` if the fields that make a MemStats are not there.
    fn finish(mut self) -> Option<Printed> {
        let known = |name: &str| self.known.contains(&name);
        if !(known("Sys") && known("HeapInuse")) {
            return None;
        }
        let names = FIELDS.iter().map(|f| f.name).chain(OTHERS);
        let absent = names.filter(|name| !known(name)).collect();
        self.printed.stats.absent = absent;
        Some(self.printed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_end_of_a_heap_profile() {
        let text = "heap profile: 1: 2 [3: 4] @ heap/1048576\n1: 2 [3: 4] @ 0x1\n\n\
            # runtime.MemStats\n# Alloc = 5\n# Sys = 600\n# HeapInuse = 70\n# Stack = 8 / 9\n\
            # PauseNs = [3 2 1 0]\n# NumGC = 3\n# GCCPUFraction = 0.25\n# DebugGC = false\n\
            # MaxRSS = 4096\n";
        let Printed { stats, max_rss } = parse(text).expect("they are there");
        assert_eq!((stats.alloc, stats.sys, stats.heap_inuse), (5, 600, 70));
        assert_eq!((stats.stack_inuse, stats.stack_sys), (8, 9));
        assert_eq!(stats.pauses().collect::<Vec<_>>(), [1, 2, 3]);
        assert!((stats.gc_cpu_fraction - 0.25).abs() < 1e-9);
        assert_eq!(max_rss, Some(4096));
        assert!(stats.has("StackSys") && stats.has("DebugGC"));
        for name in ["BySize", "EnableGC", "PauseTotalNs", "NextGC"] {
            assert!(!stats.has(name), "{name}");
        }
    }

    #[test]
    fn variables_of_expvar() {
        let text = r#"{"cmdline":["x"],"memstats":{"Sys":10,"HeapInuse":3,"EnableGC":true,
            "PauseNs":[7,0],"NumGC":1,"GCCPUFraction":1e-3,
            "BySize":[{"Size":8,"Mallocs":2,"Frees":1}]}}"#;
        let stats = parse(text).expect("they are there").stats;
        let row = BySize {
            size: 8,
            mallocs: 2,
            frees: 1,
        };
        assert_eq!((stats.sys, stats.by_size.as_slice()), (10, &[row][..]));
        assert!(stats.enable_gc && stats.has("BySize") && !stats.has("Alloc"));
        assert!(parse(r#"{"memstats":{"Sys":1}}"#).is_none());
        assert!(parse(r#"{"Sys":1,"HeapInuse":1}"#).is_some());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC*", tail in "([#=\\[\\]/ 0-9A-Za-z.]|\n)*") {
            parse(&text);
            parse(&format!("{HEADING}\n{tail}"));
        }
    }
}
