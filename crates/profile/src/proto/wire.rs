//! The wire format of protocol buffers: varints, tags, fields. No groups, as in google/pprof.

use std::borrow::Cow;

/// What is wrong, and how many bytes from the start of the slice that was being read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub what: Cow<'static, str>,
    pub at: usize,
}

impl Fault {
    pub fn new(what: impl Into<Cow<'static, str>>, at: usize) -> Self {
        Fault {
            what: what.into(),
            at,
        }
    }

    /// The same fault seen from a slice in which this one starts at `by`.
    pub fn shift(mut self, by: usize) -> Self {
        self.at += by;
        self
    }
}

/// Reads a varint at `*pos` and moves on. Bits over 64 are dropped.
#[inline(always)]
pub(super) fn varint(data: &[u8], pos: &mut usize) -> Result<u64, Fault> {
    match data.get(*pos) {
        Some(&b) if b < 0x80 => {
            *pos += 1;
            Ok(u64::from(b))
        }
        _ => long_varint(data, pos),
    }
}

#[inline]
fn long_varint(data: &[u8], pos: &mut usize) -> Result<u64, Fault> {
    let mut value = 0u64;
    for (i, &b) in data[*pos..].iter().take(10).enumerate() {
        value |= u64::from(b & 0x7f) << (7 * i);
        if b < 0x80 {
            *pos += i + 1;
            return Ok(value);
        }
    }
    Err(Fault::new("bad varint", *pos))
}

/// Calls `each` with every varint of a packed field.
#[inline(always)]
pub(super) fn packed(data: &[u8], mut each: impl FnMut(u64)) -> Result<(), Fault> {
    let mut pos = 0;
    // Most ids take two or three bytes. Eight bytes are looked at together as long as there are
    // eight: without a bounds check and a loop for every byte this is three times as fast.
    while let Some(word) = data.get(pos..pos + 8) {
        let word = u64::from_le_bytes(word.try_into().expect("the slice has eight bytes"));
        // The lowest bit that is set here is the top one of the varint's last byte.
        let ends = !word & 0x8080_8080_8080_8080;
        if ends as u32 == 0 {
            each(long_varint(data, &mut pos)?);
            continue;
        }
        let own = word & (ends ^ (ends - 1));
        each(own & 0x7f | own >> 1 & 0x3f80 | own >> 2 & 0x1f_c000 | own >> 3 & 0xfe0_0000);
        pos += (ends.trailing_zeros() as usize + 1) / 8;
    }
    while pos < data.len() {
        each(varint(data, &mut pos)?);
    }
    Ok(())
}

/// A field's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes: no field of a profile is of these types.
    Fixed,
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub number: u64,
    pub value: Value<'a>,
    /// Where the payload starts.
    pub at: usize,
}

impl<'a> Field<'a> {
    pub fn varint(&self) -> Result<u64, Fault> {
        match self.value {
            Value::Varint(v) => Ok(v),
            _ => Err(Fault::new("type mismatch", self.at)),
        }
    }

    pub fn int(&self) -> Result<i64, Fault> {
        self.varint().map(|v| v as i64)
    }

    pub fn bool(&self) -> Result<bool, Fault> {
        self.varint().map(|v| v != 0)
    }

    pub fn bytes(&self) -> Result<&'a [u8], Fault> {
        match self.value {
            Value::Bytes(b) => Ok(b),
            _ => Err(Fault::new("type mismatch", self.at)),
        }
    }

    /// Reads the payload as a message; `each` gets its fields.
    #[inline(always)]
    pub fn message(&self, each: impl FnMut(Field<'a>) -> Result<(), Fault>) -> Result<(), Fault> {
        message(self.bytes()?, each).map_err(|f| f.shift(self.at))
    }

    /// Reads a repeated integer: packed, or one of it.
    #[inline(always)]
    pub fn repeated(&self, mut each: impl FnMut(u64)) -> Result<(), Fault> {
        match self.value {
            Value::Varint(v) => {
                each(v);
                Ok(())
            }
            Value::Bytes(b) => packed(b, each).map_err(|f| f.shift(self.at)),
            Value::Fixed => Err(Fault::new("type mismatch", self.at)),
        }
    }
}

/// What stands at a place of a message that may not be there whole.
pub(super) enum Next<'a> {
    /// A field, and where the next one starts.
    Field(Field<'a>, usize),
    /// The data ends before the field does.
    Cut,
}

/// The field that starts at `pos`.
#[inline(always)]
pub(super) fn next_field(data: &[u8], pos: usize) -> Result<Next<'_>, Fault> {
    let start = pos;
    let mut pos = pos;
    // A varint of ten bytes that does not end is wrong; a shorter one may go on in the next chunk.
    let cut = |fault: Fault| {
        if data.len() - fault.at < 10 {
            Ok(Next::Cut)
        } else {
            Err(fault)
        }
    };
    let tag = match varint(data, &mut pos) {
        Ok(tag) => tag,
        Err(fault) => return cut(fault),
    };
    let number = tag >> 3;
    let mut at = pos;
    let value = match tag & 7 {
        0 => match varint(data, &mut pos) {
            Ok(v) => Value::Varint(v),
            Err(fault) => return cut(fault),
        },
        2 => {
            let len = match varint(data, &mut pos) {
                Ok(len) => len,
                Err(fault) => return cut(fault),
            };
            at = pos;
            if len > (data.len() - pos) as u64 {
                return Ok(Next::Cut);
            }
            pos += len as usize;
            Value::Bytes(&data[at..pos])
        }
        fixed @ (1 | 5) => {
            let len = if fixed == 1 { 8 } else { 4 };
            if data.len() - pos < len {
                return Ok(Next::Cut);
            }
            pos += len;
            Value::Fixed
        }
        wire_type => {
            return Err(Fault::new(format!("unknown wire type: {wire_type}"), start));
        }
    };
    Ok(Next::Field(Field { number, value, at }, pos))
}

/// Calls `each` with every field of a message that is there whole.
#[inline(always)]
pub(super) fn message<'a>(
    data: &'a [u8],
    mut each: impl FnMut(Field<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut pos = 0;
    while pos < data.len() {
        match next_field(data, pos)? {
            Next::Field(field, next) => {
                each(field)?;
                pos = next;
            }
            Next::Cut => return Err(Fault::new("a field is longer than its message", pos)),
        }
    }
    Ok(())
}

/// Appends a varint.
#[inline]
pub(super) fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// How many bytes a varint takes.
#[inline]
pub(super) fn varint_len(v: u64) -> usize {
    (70 - (v | 1).leading_zeros() as usize) / 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length() {
        let mut values = vec![0, 1, u64::MAX, i64::MIN as u64];
        for shift in 0..64 {
            let v = 1u64 << shift;
            values.extend([v - 1, v, v + 1]);
        }
        let mut bytes = Vec::new();
        for &v in &values {
            let before = bytes.len();
            put_varint(&mut bytes, v);
            assert_eq!(bytes.len() - before, varint_len(v), "length of {v}");
        }
        let mut got = Vec::new();
        packed(&bytes, |v| got.push(v)).expect("they are whole");
        assert_eq!(got, values);
        let mut pos = 0;
        for &v in &values {
            assert_eq!(varint(&bytes, &mut pos), Ok(v));
        }
        assert_eq!(pos, bytes.len());
    }

    #[test]
    fn bad_varints() {
        assert!(varint(&[], &mut 0).is_err());
        assert!(varint(&[0x80], &mut 0).is_err());
        assert!(varint(&[0xff; 11], &mut 0).is_err());
        assert!(packed(&[1, 0x80], |_| ()).is_err());
        assert!(packed(&[0xff; 20], |_| ()).is_err());
    }

    #[test]
    fn a_length_beyond_the_end_is_a_cut() {
        // Field 2, claiming two gigabytes.
        let data = [0x12, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3];
        assert!(matches!(next_field(&data, 0), Ok(Next::Cut)));
        assert!(message(&data, |_| Ok(())).is_err());
        let data = [
            0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ];
        assert!(matches!(next_field(&data, 0), Ok(Next::Cut)));
    }
}
