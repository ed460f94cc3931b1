//! Writing: the bytes are those of google/pprof's Write for the same profile: the order of fields,
//! what is packed, and the order in which strings get their numbers.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

use super::wire::{put_varint, varint_len};
use crate::model::{Label, LabelValue, Profile, ValueType};
use crate::samples::sort_labels;
use crate::strings::StrId;

/// The profile as profile.proto, not compressed.
pub fn encode(profile: &Profile) -> Vec<u8> {
    let mut out = Vec::new();
    write(profile, &mut out).expect("writing to memory does not fail");
    out
}

/// The profile as profile.proto, gzipped.
pub fn encode_gz(profile: &Profile) -> Vec<u8> {
    let mut out = Vec::new();
    write_gz(profile, &mut out).expect("writing to memory does not fail");
    out
}

/// Writes the profile as profile.proto, gzipped.
pub fn write_gz(profile: &Profile, out: impl Write) -> io::Result<()> {
    let mut gz = GzBuilder::new().write(out, Compression::new(LEVEL));
    write(profile, &mut gz)?;
    gz.finish()?.flush()
}

/// The level of compression: 2 takes half of the time of 6; files are three percent larger.
const LEVEL: u32 = 2;

/// Bytes are handed on when there are this many.
const CHUNK: usize = 64 << 10;

/// Writes the profile as profile.proto, not compressed.
pub fn write(profile: &Profile, mut out: impl Write) -> io::Result<()> {
    let mut w = Writer {
        profile,
        buf: Vec::with_capacity(CHUNK + 4096),
        part: Vec::new(),
        ids: profile.locations.iter().map(|l| packed(l.id)).collect(),
        stack: Vec::new(),
        numbers: vec![0; profile.strings.len()],
        order: vec![StrId::EMPTY],
    };
    for &t in &profile.sample_types {
        w.value_type(1, t);
    }
    let mut labels = Vec::new();
    for i in 0..profile.samples.len() {
        w.sample(i, &mut labels);
        w.drain(&mut out)?;
    }
    for i in 0..profile.mappings.len() {
        w.mapping(i);
        w.drain(&mut out)?;
    }
    // Strings get their numbers before the table is written, in the order of the fields.
    for i in 0..profile.locations.len() {
        w.location(i);
        w.drain(&mut out)?;
    }
    for i in 0..profile.functions.len() {
        w.function(i);
        w.drain(&mut out)?;
    }
    w.rest(&mut out)?;
    out.write_all(&w.buf)?;
    out.flush()
}

struct Writer<'a> {
    profile: &'a Profile,
    buf: Vec<u8>,
    /// The message that is being put together.
    part: Vec<u8>,
    /// The ids of the locations as varints; see [`packed`].
    ids: Vec<u32>,
    /// A stack as varints.
    stack: Vec<u8>,
    /// The number in the file of each string; 0 if it has none yet.
    numbers: Vec<u32>,
    /// The strings by their numbers in the file.
    order: Vec<StrId>,
}

impl Writer<'_> {
    fn drain(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.buf.len() >= CHUNK {
            out.write_all(&self.buf)?;
            self.buf.clear();
        }
        Ok(())
    }

    /// The number of a string in the file.
    fn string(&mut self, id: StrId) -> u64 {
        // An id of another table is the empty string, as in `StringTable::get`.
        let Some(number) = self.numbers.get_mut(id.0 as usize) else {
            return 0;
        };
        if *number == 0 && !id.is_empty() {
            *number = self.order.len() as u32;
            self.order.push(id);
        }
        u64::from(*number)
    }

    /// Writes the message that was put together.
    fn message(&mut self, number: u32) {
        put_varint(&mut self.buf, u64::from(number << 3 | 2));
        put_varint(&mut self.buf, self.part.len() as u64);
        self.buf.extend_from_slice(&self.part);
        self.part.clear();
    }

    fn value_type(&mut self, number: u32, t: ValueType) {
        let (kind, unit) = (self.string(t.kind), self.string(t.unit));
        optional(&mut self.part, 1, kind);
        optional(&mut self.part, 2, unit);
        self.message(number);
    }

    fn sample(&mut self, i: usize, labels: &mut Vec<Label>) {
        let samples = &self.profile.samples;
        let stack = samples.stack(i);
        let locations = &self.profile.locations;
        if stack.len() > 2 {
            self.stack.clear();
            for &l in stack {
                let bytes = self.ids[l.ix()].to_le_bytes();
                if bytes[3] == 0 {
                    put_varint(&mut self.stack, locations[l.ix()].id);
                    continue;
                }
                let end = self.stack.len() + usize::from(bytes[3]);
                self.stack.extend_from_slice(&bytes);
                self.stack.truncate(end);
            }
            put_varint(&mut self.part, 1 << 3 | 2);
            put_varint(&mut self.part, self.stack.len() as u64);
            self.part.extend_from_slice(&self.stack);
        } else {
            let ids = stack.iter().map(|l| locations[l.ix()].id);
            repeated(&mut self.part, 1, ids);
        }
        let values = samples.values(i).iter();
        repeated(&mut self.part, 2, values.map(|&v| v as u64));
        labels.clear();
        labels.extend_from_slice(samples.labels(i));
        sort_labels(&self.profile.strings, labels);
        for label in labels.iter() {
            let key = self.string(label.key);
            let (text, num, unit) = match label.value {
                LabelValue::Str(s) => (self.string(s), 0, 0),
                LabelValue::Num(n, unit) => (0, n as u64, self.string(unit)),
            };
            let fields = [(1, key), (2, text), (3, num), (4, unit)];
            let len = fields
                .iter()
                .filter(|(_, v)| *v != 0)
                .map(|(_, v)| 1 + varint_len(*v))
                .sum::<usize>();
            put_varint(&mut self.part, 3 << 3 | 2);
            put_varint(&mut self.part, len as u64);
            for (number, v) in fields {
                optional(&mut self.part, number, v);
            }
        }
        self.message(2);
    }

    fn mapping(&mut self, i: usize) {
        let m = &self.profile.mappings[i];
        let (file, build_id) = (self.string(m.file), self.string(m.build_id));
        let fields = [
            m.id,
            m.start,
            m.limit,
            m.offset,
            file,
            build_id,
            m.has_functions.into(),
            m.has_filenames.into(),
            m.has_line_numbers.into(),
            m.has_inline_frames.into(),
        ];
        for (number, v) in (1..).zip(fields) {
            optional(&mut self.part, number, v);
        }
        self.message(3);
    }

    fn location(&mut self, i: usize) {
        let p = self.profile;
        let l = &p.locations[i];
        let mapping = l.mapping.map_or(0, |m| p.mappings[m.ix()].id);
        for (number, v) in (1..).zip([l.id, mapping, l.address]) {
            optional(&mut self.part, number, v);
        }
        let start = l.lines_start as usize;
        for line in &p.lines[start..start + l.lines_len as usize] {
            let function = line.function.map_or(0, |f| p.functions[f.ix()].id);
            let fields = [function, line.line as u64, line.column as u64];
            let len = fields
                .iter()
                .filter(|v| **v != 0)
                .map(|v| 1 + varint_len(*v))
                .sum::<usize>();
            put_varint(&mut self.part, 4 << 3 | 2);
            put_varint(&mut self.part, len as u64);
            for (number, v) in (1..).zip(fields) {
                optional(&mut self.part, number, v);
            }
        }
        optional(&mut self.part, 5, l.is_folded.into());
        self.message(4);
    }

    fn function(&mut self, i: usize) {
        let f = self.profile.functions[i];
        let fields = [
            f.id,
            self.string(f.name),
            self.string(f.system_name),
            self.string(f.filename),
            f.start_line as u64,
        ];
        for (number, v) in (1..).zip(fields) {
            optional(&mut self.part, number, v);
        }
        self.message(5);
    }

    /// The string table and the fields after it.
    fn rest(&mut self, out: &mut impl Write) -> io::Result<()> {
        let p = self.profile;
        let drop_frames = self.string(p.drop_frames);
        let keep_frames = self.string(p.keep_frames);
        let period_kind = self.string(p.period_type.kind);
        let period_unit = self.string(p.period_type.unit);
        let comments: Vec<u64> = p.comments.iter().map(|&c| self.string(c)).collect();
        let default_sample_type = self.string(p.default_sample_type);
        let doc_url = self.string(p.doc_url);
        for i in 0..self.order.len() {
            let text = p.str(self.order[i]).as_bytes();
            put_varint(&mut self.buf, 6 << 3 | 2);
            put_varint(&mut self.buf, text.len() as u64);
            self.buf.extend_from_slice(text);
            self.drain(out)?;
        }
        optional(&mut self.buf, 7, drop_frames);
        optional(&mut self.buf, 8, keep_frames);
        optional(&mut self.buf, 9, p.time_nanos as u64);
        optional(&mut self.buf, 10, p.duration_nanos as u64);
        if period_kind != 0 || period_unit != 0 {
            self.value_type(11, p.period_type);
        }
        optional(&mut self.buf, 12, p.period as u64);
        repeated(&mut self.buf, 13, comments.into_iter());
        // This one is written even if it is 0.
        put_varint(&mut self.buf, 14 << 3);
        put_varint(&mut self.buf, default_sample_type);
        optional(&mut self.buf, 15, doc_url);
        Ok(())
    }
}

/// A varint of at most three bytes, and above them how many they are; 0 for a longer one.
fn packed(id: u64) -> u32 {
    let mut bytes = Vec::with_capacity(10);
    put_varint(&mut bytes, id);
    let len = bytes.len();
    if len > 3 {
        return 0;
    }
    bytes.resize(3, 0);
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], len as u8])
}

fn optional(out: &mut Vec<u8>, number: u32, v: u64) {
    if v != 0 {
        put_varint(out, u64::from(number << 3));
        put_varint(out, v);
    }
}

/// More than two integers are packed.
fn repeated(out: &mut Vec<u8>, number: u32, values: impl ExactSizeIterator<Item = u64> + Clone) {
    if values.len() > 2 {
        let len = values.clone().map(varint_len).sum::<usize>();
        put_varint(out, u64::from(number << 3 | 2));
        put_varint(out, len as u64);
        for v in values {
            put_varint(out, v);
        }
    } else {
        for v in values {
            put_varint(out, u64::from(number << 3));
            put_varint(out, v);
        }
    }
}
