//! The file format of speedscope (<https://www.speedscope.app/file-format-schema.json>).
//!
//! Written are `sampled` profiles, one for each sample type, named `cpu/nanoseconds`; frames are
//! functions. Read are `sampled` and `evented` ones of any program: those that this module wrote
//! become sample types again; otherwise all profiles of a unit become one, and if there are several
//! profiles a label `thread` says which one a sample is from.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Deserialize;

use crate::build::Builder;
use crate::error::Error;
use crate::frames::Frames;
use crate::model::{Label, Line, LocationIx, Profile};

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";
const EXPORTER: &str = "gowhy";

/// The profile in speedscope's format; `name` is shown as the title.
pub fn encode(p: &Profile, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write(p, name, &mut out).expect("writing to memory does not fail");
    out
}

/// Writes the profile in speedscope's format; `name` is shown as the title.
pub fn write(p: &Profile, name: &str, mut out: impl Write) -> io::Result<()> {
    let frames = Frames::of(p, false);
    let mut buf = format!(r#"{{"$schema":"{SCHEMA}","exporter":"{EXPORTER}","name":"#);
    string(&mut buf, name);
    buf.push_str(",\"activeProfileIndex\":");
    integer(&mut buf, p.sample_types.len().saturating_sub(1) as i64);
    buf.push_str(",\"shared\":{\"frames\":[");
    for (i, frame) in frames.frames.iter().enumerate() {
        comma(&mut buf, i);
        buf.push_str("\n{\"name\":");
        string(&mut buf, &frame.name);
        if !frame.file.is_empty() {
            buf.push_str(",\"file\":");
            string(&mut buf, p.str(frame.file));
        }
        if frame.line != 0 {
            buf.push_str(",\"line\":");
            integer(&mut buf, frame.line);
        }
        buf.push('}');
    }
    buf.push_str("]},\"profiles\":[");
    let mut stack = Vec::new();
    for (column, t) in p.sample_types.iter().enumerate() {
        comma(&mut buf, column);
        let kept = |i: &usize| p.samples.values(*i)[column] != 0;
        let total = (0..p.samples.len())
            .filter(kept)
            .fold(0i64, |sum, i| sum.wrapping_add(p.samples.values(i)[column]));
        let unit = p.str(t.unit);
        buf.push_str("\n{\"type\":\"sampled\",\"name\":");
        string(&mut buf, &format!("{}/{unit}", p.str(t.kind)));
        buf.push_str(",\"unit\":");
        string(&mut buf, speedscope_unit(unit));
        buf.push_str(",\"startValue\":0,\"endValue\":");
        integer(&mut buf, total);
        buf.push_str(",\"samples\":[");
        for (n, i) in (0..p.samples.len()).filter(kept).enumerate() {
            comma(&mut buf, n);
            frames.stack(p.samples.stack(i), &mut stack);
            buf.push('[');
            for (depth, &frame) in stack.iter().enumerate() {
                comma(&mut buf, depth);
                integer(&mut buf, frame.into());
            }
            buf.push(']');
            drain(&mut buf, &mut out)?;
        }
        buf.push_str("],\"weights\":[");
        for (n, i) in (0..p.samples.len()).filter(kept).enumerate() {
            comma(&mut buf, n);
            integer(&mut buf, p.samples.values(i)[column]);
            drain(&mut buf, &mut out)?;
        }
        buf.push_str("]}");
    }
    buf.push_str("]}\n");
    out.write_all(buf.as_bytes())?;
    out.flush()
}

fn drain(buf: &mut String, out: &mut impl Write) -> io::Result<()> {
    if buf.len() >= 64 << 10 {
        out.write_all(buf.as_bytes())?;
        buf.clear();
    }
    Ok(())
}

fn comma(buf: &mut String, i: usize) {
    if i > 0 {
        buf.push(',');
    }
}

fn integer(buf: &mut String, v: i64) {
    use std::fmt::Write as _;
    write!(buf, "{v}").expect("writing to memory does not fail");
}

fn string(buf: &mut String, text: &str) {
    let quoted = serde_json::to_string(text).expect("any text can be written as JSON");
    buf.push_str(&quoted);
}

/// The units that speedscope knows.
fn speedscope_unit(unit: &str) -> &'static str {
    match unit {
        "ns" | "nanosecond" | "nanoseconds" => "nanoseconds",
        "us" | "microsecond" | "microseconds" => "microseconds",
        "ms" | "millisecond" | "milliseconds" => "milliseconds",
        "s" | "second" | "seconds" => "seconds",
        "byte" | "bytes" => "bytes",
        _ => "none",
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    exporter: Option<Cow<'a, str>>,
    shared: Shared<'a>,
    #[serde(borrow)]
    profiles: Vec<OneProfile<'a>>,
}

#[derive(Deserialize)]
struct Shared<'a> {
    #[serde(borrow)]
    frames: Vec<OneFrame<'a>>,
}

#[derive(Deserialize)]
struct OneFrame<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    file: Option<Cow<'a, str>>,
    line: Option<f64>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum OneProfile<'a> {
    Sampled {
        #[serde(borrow)]
        name: Cow<'a, str>,
        unit: Cow<'a, str>,
        samples: Vec<Vec<usize>>,
        weights: Vec<serde_json::Number>,
    },
    Evented {
        #[serde(borrow)]
        name: Cow<'a, str>,
        unit: Cow<'a, str>,
        events: Vec<Event>,
    },
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: EventKind,
    frame: usize,
    at: f64,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
enum EventKind {
    #[serde(rename = "O")]
    Open,
    #[serde(rename = "C")]
    Close,
}

impl OneProfile<'_> {
    fn name(&self) -> &str {
        match self {
            OneProfile::Sampled { name, .. } | OneProfile::Evented { name, .. } => name,
        }
    }

    fn unit(&self) -> &str {
        match self {
            OneProfile::Sampled { unit, .. } | OneProfile::Evented { unit, .. } => unit,
        }
    }
}

/// Reads a file of speedscope's format.
pub fn decode(bytes: &[u8]) -> Result<Profile, Error> {
    let file: File<'_> = serde_json::from_slice(bytes).map_err(|e| broken(bytes, &e))?;
    let ours = file.exporter.as_deref() == Some(EXPORTER);
    // The sample type of each profile: its name and unit, and what a value is multiplied by.
    let types: Vec<(&str, &str, f64)> = file
        .profiles
        .iter()
        .map(|one| match one.name().rsplit_once('/') {
            Some((kind, unit)) if ours => (kind, unit, 1.0),
            _ => match one.unit() {
                "nanoseconds" => ("time", "nanoseconds", 1.0),
                "microseconds" => ("time", "nanoseconds", 1e3),
                "milliseconds" => ("time", "nanoseconds", 1e6),
                "seconds" => ("time", "nanoseconds", 1e9),
                "bytes" => ("space", "bytes", 1.0),
                _ => ("samples", "count", 1.0),
            },
        })
        .collect();
    let mut columns: Vec<(&str, &str)> = Vec::new();
    let mut column_of = Vec::with_capacity(types.len());
    for &(kind, unit, _) in &types {
        let known = columns.iter().position(|&c| c == (kind, unit));
        column_of.push(known.unwrap_or(columns.len()));
        if known.is_none() {
            columns.push((kind, unit));
        }
    }
    let mut b = Builder::new(&columns);
    let locations: Vec<LocationIx> = file
        .shared
        .frames
        .iter()
        .map(|frame| {
            let file = frame.file.as_deref().unwrap_or("");
            let function = b.function(&frame.name, file, frame.line.unwrap_or(0.0) as i64);
            let line = Line {
                function: Some(function),
                line: 0,
                column: 0,
            };
            b.location(None, 0, &[line])
        })
        .collect();
    let with_threads = !ours && file.profiles.len() > 1;
    for (i, one) in file.profiles.iter().enumerate() {
        let label = with_threads.then(|| b.label("thread", one.name()));
        let mut into = Column {
            locations: &locations,
            values: vec![0; columns.len()],
            column: column_of[i],
            factor: types[i].2,
            label: label.as_slice(),
            stack: Vec::new(),
        };
        match one {
            OneProfile::Sampled {
                samples, weights, ..
            } => {
                if samples.len() != weights.len() {
                    let (s, w) = (samples.len(), weights.len());
                    let what = format!("mismatch: {s} samples vs. {w} weights");
                    return Err(Error::Malformed(what));
                }
                for (stack, weight) in samples.iter().zip(weights) {
                    into.sample(&mut b, stack, weight)?;
                }
            }
            OneProfile::Evented { events, .. } => into.events(&mut b, events)?,
        }
    }
    Ok(b.finish())
}

fn broken(bytes: &[u8], e: &serde_json::Error) -> Error {
    if e.is_eof() {
        return Error::Truncated {
            at: bytes.len() as u64,
            samples: 0,
        };
    }
    let says_so = |word: &[u8]| bytes.windows(word.len()).any(|w| w == word);
    if e.is_data() && !says_so(b"speedscope") && !says_so(b"\"profiles\"") {
        return Error::NotAProfile; // Another program's JSON.
    }
    let line_start = bytes
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'\n')
        .map(|(i, _)| i + 1)
        .nth(e.line().wrapping_sub(2));
    Error::Corrupt {
        what: format!("speedscope: {e}"),
        at: (line_start.unwrap_or(0) + e.column().saturating_sub(1)) as u64,
    }
}

/// Where the samples of one profile go.
struct Column<'a> {
    locations: &'a [LocationIx],
    values: Vec<i64>,
    column: usize,
    factor: f64,
    label: &'a [Label],
    stack: Vec<LocationIx>,
}

impl Column<'_> {
    fn sample(
        &mut self,
        b: &mut Builder,
        frames: &[usize],
        weight: &serde_json::Number,
    ) -> Result<(), Error> {
        let value = match weight.as_i64() {
            Some(v) if self.factor == 1.0 => v,
            _ => (weight.as_f64().unwrap_or(0.0) * self.factor).round() as i64,
        };
        self.stack.clear();
        for &frame in frames.iter().rev() {
            let l = self.locations.get(frame).ok_or_else(|| no_frame(frame))?;
            self.stack.push(*l);
        }
        self.add(b, value);
        Ok(())
    }

    fn add(&mut self, b: &mut Builder, value: i64) {
        self.values[self.column] = value;
        b.sample(&self.stack, &self.values, self.label);
    }

    /// The time between two events belongs to the stack that is open then.
    fn events(&mut self, b: &mut Builder, events: &[Event]) -> Result<(), Error> {
        let mut open: Vec<LocationIx> = Vec::new();
        let mut since = 0.0;
        for event in events {
            let frame = event.frame;
            let l = *self.locations.get(frame).ok_or_else(|| no_frame(frame))?;
            let value = ((event.at - since) * self.factor).round() as i64;
            if value != 0 && !open.is_empty() {
                self.stack.clear();
                self.stack.extend(open.iter().rev());
                self.add(b, value);
            }
            since = event.at;
            if event.kind == EventKind::Open {
                open.push(l);
            } else if open.pop() != Some(l) {
                let what = format!("frame {frame} is closed while another one is open");
                return Err(Error::Malformed(what));
            }
        }
        Ok(())
    }
}

fn no_frame(frame: usize) -> Error {
    Error::Malformed(format!("there is no frame {frame}"))
}
