//! Benchmark results, as `go test -bench` prints them.
//!
//! The format is that of Go's proposal 14313, as `golang.org/x/perf/benchfmt` reads it: lines
//! `key: value` set the configuration of the results that follow, lines `Unit …` say something about
//! a unit, lines `BenchmarkName iterations value unit …` are results, all others are nothing. The
//! output of `go test -json` is taken as well ([`json`]).

mod json;
mod number;
mod units;

pub use units::{is_binary, tidy};

/// What a file of benchmark results says, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BenchLog {
    /// The lines that say something.
    pub records: Vec<Record>,
    /// The lines that were meant to, but are damaged.
    pub diagnostics: Vec<Diagnostic>,
}

/// A line that says something.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// From here on, the configuration has this value; an empty one takes the key away.
    Config {
        /// The key, e.g. `goos`.
        key: String,
        /// Its value.
        value: String,
    },
    /// A fact about a unit.
    Unit {
        /// The unit, in base units as those of results.
        unit: String,
        /// What is said: `better` or `assume`.
        key: String,
        /// How it is, e.g. `higher`, `exact`.
        value: String,
    },
    /// A result.
    Result(BenchResult),
}

/// One run of one benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchResult {
    /// The full name without `Benchmark`: `Encode/format=json-8`.
    pub name: String,
    /// How often the benchmarked code ran.
    pub iterations: u64,
    /// What was measured, for one iteration, in the order of the line.
    pub values: Vec<Measurement>,
}

/// A measured value.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The value, in base units.
    pub value: f64,
    /// The unit: `sec/op` where the line says `ns/op`, `B/s` where it says `MB/s`.
    pub unit: String,
    /// The unit that the line says, if it is another one.
    pub written: Option<String>,
}

/// A damaged line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl BenchLog {
    /// Reads results from text or from the output of `go test -json`.
    pub fn parse(bytes: &[u8]) -> BenchLog {
        let mut log = BenchLog::default();
        match json::output(bytes) {
            Some(texts) => texts.iter().for_each(|text| log.read(text.as_bytes())),
            None => log.read(bytes),
        }
        log
    }

    /// The results.
    pub fn results(&self) -> impl Iterator<Item = &BenchResult> {
        self.records.iter().filter_map(|record| match record {
            Record::Result(result) => Some(result),
            _ => None,
        })
    }

    /// Whether there is no result.
    pub fn is_empty(&self) -> bool {
        self.results().next().is_none()
    }

    fn read(&mut self, bytes: &[u8]) {
        for (at, line) in bytes.split(|&b| b == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(first) = line.first() else { continue };
            // A quick look, because most lines of a test's output are none of ours.
            if !matches!(first, b'B' | b'U' | b'a'..=b'z' | 0x80..) {
                continue;
            }
            let text = String::from_utf8_lossy(line);
            if let Err(message) = self.line(&text) {
                self.diagnostics.push(Diagnostic {
                    line: at + 1,
                    message,
                });
            }
        }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(rest) = line.strip_prefix("Benchmark") {
            if let Some(result) = result(rest)? {
                self.records.push(Record::Result(result));
            }
            return Ok(());
        }
        let (word, rest) = split_field(line);
        if word == "Unit" {
            return self.unit(rest);
        }
        if let Some((key, value)) = key_value(line) {
            self.records.push(Record::Config {
                key: key.to_owned(),
                value: value.to_owned(),
            });
        }
        Ok(())
    }

    fn unit(&mut self, rest: &str) -> Result<(), String> {
        let (unit, mut rest) = split_field(rest);
        if unit.is_empty() {
            return Err("missing unit".to_owned());
        }
        let (unit, _) = tidy(unit);
        let mut wrong = false;
        while !rest.is_empty() {
            let (field, after) = split_field(rest);
            rest = after;
            match field.split_once('=') {
                Some((key, value)) if !key.is_empty() => self.records.push(Record::Unit {
                    unit: unit.clone(),
                    key: key.to_owned(),
                    value: value.to_owned(),
                }),
                _ => wrong = true,
            }
        }
        match wrong {
            true => Err("expected key=value".to_owned()),
            false => Ok(()),
        }
    }
}

/// The result on a line that began with `Benchmark`; `None` for the name alone, which `-v` prints
/// before the benchmark runs.
fn result(line: &str) -> Result<Option<BenchResult>, String> {
    let (name, rest) = split_field(line);
    if rest.is_empty() && name.len() == line.len() {
        return Ok(None);
    }
    let (count, mut rest) = split_field(rest);
    if count.is_empty() {
        return Err("missing iteration count".to_owned());
    }
    let iterations = number::integer(count).map_err(|e| format!("parsing iteration count: {e}"))?;
    let mut values = Vec::new();
    while !rest.is_empty() {
        let (value, after) = split_field(rest);
        let value = number::float(value).map_err(|e| format!("parsing measurement: {e}"))?;
        let (unit, after) = split_field(after);
        if unit.is_empty() {
            return Err("missing units".to_owned());
        }
        rest = after;
        let written = unit;
        let (unit, factor) = tidy(written);
        let value = value * factor;
        if !value.is_finite() {
            return Err("parsing measurement: value out of range".to_owned());
        }
        let written = (unit != written).then(|| written.to_owned());
        values.push(Measurement {
            value,
            unit,
            written,
        });
    }
    if values.is_empty() {
        return Err("missing measurements".to_owned());
    }
    Ok(Some(BenchResult {
        name: name.to_owned(),
        iterations,
        values,
    }))
}

/// A key begins with a lower-case letter and has neither spaces nor capitals; a value is told from
/// it by spaces after the colon.
fn key_value(line: &str) -> Option<(&str, &str)> {
    if !line.starts_with(char::is_lowercase) {
        return None;
    }
    let end = line.find(|c: char| c == ':' || c.is_whitespace() || c.is_uppercase())?;
    let (key, rest) = (&line[..end], line[end..].strip_prefix(':')?);
    let value = rest.trim_start_matches([' ', '\t']);
    (rest.is_empty() || value.len() < rest.len()).then_some((key, value))
}

/// The text up to white space, and what follows that.
fn split_field(text: &str) -> (&str, &str) {
    match text.find(char::is_whitespace) {
        Some(end) => (&text[..end], text[end..].trim_start()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests;
