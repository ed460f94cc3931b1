//! From ids and string indexes of the file to indexes of the model, with the checks of
//! google/pprof's postDecode and CheckValid.

use rustc_hash::FxHashMap;

use super::ids::{Ids, Strings};
use super::tables::{Tables, mismatch};
use crate::error::Error;
use crate::model::{FunctionIx, LabelValue, LocationIx, MappingIx, Profile, ValueType};
use crate::strings::StrId;

/// From ids to indexes.
enum Index {
    /// The ids are 1, 2, 3 … up to this one.
    InOrder(u32),
    Dense(Vec<u32>),
    Sparse(FxHashMap<u64, u32>),
}

const NONE: u32 = u32::MAX;

impl Index {
    /// The index of a table with these ids; `what` names the table if two are the same.
    fn new(ids: impl ExactSizeIterator<Item = u64> + Clone, what: &str) -> Result<Self, Error> {
        let n = ids.len();
        if ids.clone().zip(1..).all(|(id, i)| id == i) {
            return Ok(Index::InOrder(n as u32));
        }
        let twice = |id| Error::Malformed(format!("multiple {what} with same id: {id}"));
        let max = ids.clone().max().unwrap_or(0);
        if max <= 4 * n as u64 + 1024 {
            let mut dense = vec![NONE; max as usize + 1];
            for (i, id) in ids.enumerate() {
                let slot = &mut dense[id as usize];
                if *slot != NONE {
                    return Err(twice(id));
                }
                *slot = i as u32;
            }
            return Ok(Index::Dense(dense));
        }
        let mut sparse = FxHashMap::default();
        for (i, id) in ids.enumerate() {
            if sparse.insert(id, i as u32).is_some() {
                return Err(twice(id));
            }
        }
        Ok(Index::Sparse(sparse))
    }

    #[inline(always)]
    fn get(&self, id: u64) -> Option<u32> {
        match self {
            Index::InOrder(n) => (id.wrapping_sub(1) < u64::from(*n)).then(|| (id - 1) as u32),
            Index::Dense(dense) => {
                let i = dense.get(usize::try_from(id).ok()?)?;
                (*i != NONE).then_some(*i)
            }
            Index::Sparse(sparse) => sparse.get(&id).copied(),
        }
    }
}

fn text(strings: &Strings, index: &mut StrId) -> Result<(), Error> {
    match strings.get(*index) {
        Some(id) => {
            *index = id;
            Ok(())
        }
        None => Err(Error::Malformed(format!(
            "string {} of a table of {}",
            index.0, strings.count
        ))),
    }
}

fn texts(strings: &Strings, t: &mut ValueType) -> Result<(), Error> {
    text(strings, &mut t.kind)?;
    text(strings, &mut t.unit)
}

/// The profile of a message that has been read whole, without its strings.
pub(super) fn resolve(t: Tables, ids: &Ids) -> Result<Profile, Error> {
    let strings = t.strings;
    if strings.count == 0 {
        return Err(Error::Malformed("no string table".into()));
    }
    let h = t.header;
    let mut p = Profile {
        sample_types: t.sample_types,
        default_sample_type: h.default_sample_type.unwrap_or_default(),
        samples: t.samples,
        mappings: t.mappings,
        locations: t.locations,
        lines: t.lines,
        functions: t.functions,
        comments: t.comments,
        doc_url: h.doc_url.unwrap_or_default(),
        drop_frames: h.drop_frames.unwrap_or_default(),
        keep_frames: h.keep_frames.unwrap_or_default(),
        time_nanos: h.time_nanos.unwrap_or(0),
        duration_nanos: h.duration_nanos.unwrap_or(0),
        period_type: h.period_type.unwrap_or_default(),
        period: h.period.unwrap_or(0),
        strings: Default::default(),
    };
    p.samples.width = p.sample_types.len();
    for m in &mut p.mappings {
        text(&strings, &mut m.file)?;
        text(&strings, &mut m.build_id)?;
    }
    for f in &mut p.functions {
        text(&strings, &mut f.name)?;
        text(&strings, &mut f.system_name)?;
        text(&strings, &mut f.filename)?;
    }
    for st in &mut p.sample_types {
        texts(&strings, st)?;
    }
    labels(&mut p, &strings)?;
    texts(&strings, &mut p.period_type)?;
    for c in &mut p.comments {
        text(&strings, c)?;
    }
    for s in [
        &mut p.drop_frames,
        &mut p.keep_frames,
        &mut p.default_sample_type,
        &mut p.doc_url,
    ] {
        text(&strings, s)?;
    }

    if p.sample_types.is_empty() && !p.samples.is_empty() {
        return Err(Error::Malformed("missing sample type information".into()));
    }
    if let Some(width) = t.width
        && width != p.sample_types.len()
    {
        let fault = mismatch(width, p.sample_types.len(), 0);
        return Err(Error::Malformed(fault.what.into()));
    }
    let locations = Index::new(p.locations.iter().map(|l| l.id), "locations")?;
    stacks(&mut p, &locations, t.max_location, ids)?;
    let mappings = Index::new(p.mappings.iter().map(|m| m.id), "mappings")?;
    let functions = Index::new(p.functions.iter().map(|f| f.id), "functions")?;
    for l in &mut p.locations {
        // A mapping that is not there is no mapping, but a function must be there.
        l.mapping = l
            .mapping
            .and_then(|m| mappings.get(ids.id(m.0)))
            .map(MappingIx);
        let start = l.lines_start as usize;
        for line in &mut p.lines[start..start + l.lines_len as usize] {
            line.function = line
                .function
                .and_then(|f| functions.get(ids.id(f.0)))
                .map(FunctionIx);
            if line.function.is_none() {
                let id = l.id;
                let what = format!("location id: {id} has a line with nil function");
                return Err(Error::Malformed(what));
            }
        }
    }
    Ok(p)
}

fn stacks(p: &mut Profile, index: &Index, max: u32, ids: &Ids) -> Result<(), Error> {
    if let Index::InOrder(n) = index
        && (max < *n || p.samples.frames.is_empty())
    {
        return Ok(()); // A squeezed id is the index already.
    }
    for frame in &mut p.samples.frames {
        match index.get(ids.id(frame.0)) {
            Some(i) => *frame = LocationIx(i),
            None => return Err(Error::Malformed("sample has nil location".into())),
        }
    }
    Ok(())
}

fn labels(p: &mut Profile, strings: &Strings) -> Result<(), Error> {
    for label in &mut p.samples.labels {
        text(strings, &mut label.key)?;
        match &mut label.value {
            LabelValue::Str(s) | LabelValue::Num(_, s) => text(strings, s)?,
        }
    }
    Ok(())
}
