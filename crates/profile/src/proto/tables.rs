//! One message as it stands in the file: columns whose ids and string indexes are not resolved yet.

use super::ids::{Ids, MAX_ROWS, Strings};
use super::wire::{Fault, Field};
use crate::model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Mapping, MappingIx,
    Samples, ValueType,
};
use crate::strings::{StrId, StringTable};

/// The fields that a message has once.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub drop_frames: Option<StrId>,
    pub keep_frames: Option<StrId>,
    pub time_nanos: Option<i64>,
    pub duration_nanos: Option<i64>,
    pub period_type: Option<ValueType>,
    pub period: Option<i64>,
    pub default_sample_type: Option<StrId>,
    pub doc_url: Option<StrId>,
}

impl Header {
    /// Whether the field has been read already.
    pub fn has(&self, number: u64) -> bool {
        match number {
            7 => self.drop_frames.is_some(),
            8 => self.keep_frames.is_some(),
            9 => self.time_nanos.is_some(),
            10 => self.duration_nanos.is_some(),
            11 => self.period_type.is_some(),
            12 => self.period.is_some(),
            14 => self.default_sample_type.is_some(),
            15 => self.doc_url.is_some(),
            _ => false,
        }
    }
}

/// What has been read of one message. Strings are indexes of the file, and a [`LocationIx`],
/// [`MappingIx`] or [`FunctionIx`] holds a squeezed id, until the whole message is there.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub header: Header,
    pub sample_types: Vec<ValueType>,
    pub samples: Samples,
    /// How many values the first sample has; all have as many.
    pub width: Option<usize>,
    /// The largest squeezed id of a location in a sample.
    pub max_location: u32,
    pub mappings: Vec<Mapping>,
    pub locations: Vec<Location>,
    pub lines: Vec<Line>,
    pub functions: Vec<Function>,
    pub strings: Strings,
    pub comments: Vec<StrId>,
    /// Any field that a profile has was there.
    pub known: bool,
}

impl Tables {
    /// Takes in one field of the profile message.
    #[inline(always)]
    pub fn field(
        &mut self,
        field: &Field<'_>,
        ids: &mut Ids,
        table: &mut StringTable,
    ) -> Result<(), Fault> {
        if field.number == 2 {
            self.known = true;
            self.sample(field, ids)
        } else {
            self.other(field, ids, table)
        }
    }

    fn other(
        &mut self,
        field: &Field<'_>,
        ids: &mut Ids,
        table: &mut StringTable,
    ) -> Result<(), Fault> {
        let header = &mut self.header;
        match field.number {
            1 => self.sample_types.push(value_type(field)?),
            3 => self.mapping(field)?,
            4 => self.location(field, ids)?,
            5 => self.function(field)?,
            6 => self
                .strings
                .push(field.bytes()?, table)
                .map_err(|f| f.shift(field.at))?,
            7 => header.drop_frames = Some(string(field)?),
            8 => header.keep_frames = Some(string(field)?),
            9 => header.time_nanos = Some(field.int()?),
            10 => header.duration_nanos = Some(field.int()?),
            11 => header.period_type = Some(value_type(field)?),
            12 => header.period = Some(field.int()?),
            13 => {
                let mut far = false;
                field.repeated(|v| match u32::try_from(v) {
                    Ok(v) => self.comments.push(StrId(v)),
                    Err(_) => far = true,
                })?;
                if far {
                    return Err(no_such_string(field.at));
                }
            }
            14 => header.default_sample_type = Some(string(field)?),
            15 => header.doc_url = Some(string(field)?),
            _ => return Ok(()),
        }
        self.known = true;
        Ok(())
    }

    #[inline(always)]
    fn sample(&mut self, field: &Field<'_>, ids: &mut Ids) -> Result<(), Fault> {
        let samples = &mut self.samples;
        let values_start = samples.values.len();
        let labels_start = samples.labels.len();
        let mut max = self.max_location;
        field.message(|f| {
            match f.number {
                1 => f.repeated(|id| {
                    let id = ids.squeeze(id);
                    max = max.max(id);
                    samples.frames.push(LocationIx(id));
                })?,
                2 => f.repeated(|v| samples.values.push(v as i64))?,
                3 => samples.labels.extend(label(&f)?),
                _ => {}
            }
            Ok(())
        })?;
        self.max_location = max;
        samples.frame_ends.push(samples.frames.len());
        if samples.labels.len() > labels_start || !samples.label_ends.is_empty() {
            let before = samples.frame_ends.len() - 1;
            samples.label_ends.resize(before, labels_start);
            samples.label_ends.push(samples.labels.len());
        }
        let width = samples.values.len() - values_start;
        if *self.width.get_or_insert(width) != width {
            let types = self.sample_types.len();
            return Err(mismatch(width, types, field.at));
        }
        Ok(())
    }

    fn mapping(&mut self, field: &Field<'_>) -> Result<(), Fault> {
        let mut m = Mapping::default();
        field.message(|f| {
            match f.number {
                1 => m.id = f.varint()?,
                2 => m.start = f.varint()?,
                3 => m.limit = f.varint()?,
                4 => m.offset = f.varint()?,
                5 => m.file = string(&f)?,
                6 => m.build_id = string(&f)?,
                7 => m.has_functions = f.bool()?,
                8 => m.has_filenames = f.bool()?,
                9 => m.has_line_numbers = f.bool()?,
                10 => m.has_inline_frames = f.bool()?,
                _ => {}
            }
            Ok(())
        })?;
        room(self.mappings.len(), m.id, "mapping", field.at)?;
        self.mappings.push(m);
        Ok(())
    }

    fn location(&mut self, field: &Field<'_>, ids: &mut Ids) -> Result<(), Fault> {
        let mut l = Location {
            lines_start: self.lines.len() as u32,
            ..Default::default()
        };
        let lines = &mut self.lines;
        field.message(|f| {
            match f.number {
                1 => l.id = f.varint()?,
                2 => {
                    l.mapping = match f.varint()? {
                        0 => None,
                        id => Some(MappingIx(ids.squeeze(id))),
                    }
                }
                3 => l.address = f.varint()?,
                4 => lines.push(line(&f, ids)?),
                5 => l.is_folded = f.bool()?,
                _ => {}
            }
            Ok(())
        })?;
        room(self.locations.len(), l.id, "location", field.at)?;
        if u32::try_from(lines.len()).is_err() {
            return Err(Fault::new("too many lines", field.at));
        }
        l.lines_len = lines.len() as u32 - l.lines_start;
        self.locations.push(l);
        Ok(())
    }

    fn function(&mut self, field: &Field<'_>) -> Result<(), Fault> {
        let mut fun = Function::default();
        field.message(|f| {
            match f.number {
                1 => fun.id = f.varint()?,
                2 => fun.name = string(&f)?,
                3 => fun.system_name = string(&f)?,
                4 => fun.filename = string(&f)?,
                5 => fun.start_line = f.int()?,
                _ => {}
            }
            Ok(())
        })?;
        room(self.functions.len(), fun.id, "function", field.at)?;
        self.functions.push(fun);
        Ok(())
    }

    /// Adds what was taken for the start of another message but belongs to this one.
    pub fn append(&mut self, later: Tables) -> Result<(), Fault> {
        let (h, l) = (&mut self.header, later.header);
        h.drop_frames = l.drop_frames.or(h.drop_frames);
        h.keep_frames = l.keep_frames.or(h.keep_frames);
        h.time_nanos = l.time_nanos.or(h.time_nanos);
        h.duration_nanos = l.duration_nanos.or(h.duration_nanos);
        h.period_type = l.period_type.or(h.period_type);
        h.period = l.period.or(h.period);
        h.default_sample_type = l.default_sample_type.or(h.default_sample_type);
        h.doc_url = l.doc_url.or(h.doc_url);
        if let (Some(a), Some(b)) = (self.width, later.width)
            && a != b
        {
            return Err(mismatch(b, self.sample_types.len(), 0));
        }
        self.width = self.width.or(later.width);
        self.max_location = self.max_location.max(later.max_location);
        let first_line = self.lines.len() as u32;
        append(&mut self.lines, later.lines);
        if u32::try_from(self.lines.len()).is_err() {
            return Err(Fault::new("too many lines", 0));
        }
        let mut locations = later.locations;
        for l in &mut locations {
            l.lines_start += first_line;
        }
        append(&mut self.locations, locations);
        append(&mut self.sample_types, later.sample_types);
        append(&mut self.mappings, later.mappings);
        append(&mut self.functions, later.functions);
        append(&mut self.comments, later.comments);
        append_samples(&mut self.samples, later.samples);
        self.strings.append(later.strings)?;
        self.known |= later.known;
        Ok(())
    }
}

fn append<T>(to: &mut Vec<T>, mut more: Vec<T>) {
    if to.is_empty() {
        *to = more;
    } else {
        to.append(&mut more);
    }
}

fn append_samples(to: &mut Samples, mut more: Samples) {
    if to.is_empty() {
        *to = more;
        return;
    }
    let (frames, labels) = (to.frames.len(), to.labels.len());
    if !to.label_ends.is_empty() || !more.label_ends.is_empty() {
        to.label_ends.resize(to.frame_ends.len(), labels);
        more.label_ends
            .resize(more.frame_ends.len(), more.labels.len());
        to.label_ends
            .extend(more.label_ends.iter().map(|end| end + labels));
    }
    to.frame_ends
        .extend(more.frame_ends.iter().map(|end| end + frames));
    to.frames.append(&mut more.frames);
    to.values.append(&mut more.values);
    to.labels.append(&mut more.labels);
}

/// The text of google/pprof's CheckValid for a sample with the wrong number of values.
pub(super) fn mismatch(values: usize, types: usize, at: usize) -> Fault {
    let what = format!("mismatch: sample has {values} values vs. {types} types");
    Fault::new(what, at)
}

/// Whether one more entry with this id may be added to a table of `len` entries.
fn room(len: usize, id: u64, name: &str, at: usize) -> Result<(), Fault> {
    if id == 0 {
        let what = format!("found {name} with reserved ID=0");
        return Err(Fault::new(what, at));
    }
    if len >= MAX_ROWS {
        return Err(Fault::new(format!("too many {name}s"), at));
    }
    Ok(())
}

fn no_such_string(at: usize) -> Fault {
    Fault::new("the index of a string is outside of the string table", at)
}

fn string(field: &Field<'_>) -> Result<StrId, Fault> {
    match u32::try_from(field.varint()?) {
        Ok(v) => Ok(StrId(v)),
        Err(_) => Err(no_such_string(field.at)),
    }
}

fn value_type(field: &Field<'_>) -> Result<ValueType, Fault> {
    let mut t = ValueType::default();
    field.message(|f| {
        match f.number {
            1 => t.kind = string(&f)?,
            2 => t.unit = string(&f)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(t)
}

fn line(field: &Field<'_>, ids: &mut Ids) -> Result<Line, Fault> {
    let mut l = Line {
        function: None,
        line: 0,
        column: 0,
    };
    field.message(|f| {
        match f.number {
            1 => {
                l.function = match f.varint()? {
                    0 => None,
                    id => Some(FunctionIx(ids.squeeze(id))),
                }
            }
            2 => l.line = f.int()?,
            3 => l.column = f.int()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(l)
}

/// A label; none if it has neither a text nor a number nor a unit, as in google/pprof.
fn label(field: &Field<'_>) -> Result<Option<Label>, Fault> {
    let (mut key, mut text, mut num, mut unit) = (StrId::EMPTY, StrId::EMPTY, 0, StrId::EMPTY);
    field.message(|f| {
        match f.number {
            1 => key = string(&f)?,
            2 => text = string(&f)?,
            3 => num = f.int()?,
            4 => unit = string(&f)?,
            _ => {}
        }
        Ok(())
    })?;
    let value = if !text.is_empty() {
        LabelValue::Str(text)
    } else if num != 0 || !unit.is_empty() {
        LabelValue::Num(num, unit)
    } else {
        return Ok(None);
    };
    Ok(Some(Label { key, value }))
}
