//! Writes JSON piece by piece, so that a large view is never in memory as text.

use std::io::{self, Write};

/// A JSON document in the making.
pub struct Writer<'o> {
    out: &'o mut dyn Write,
    /// Something stands before the next item of the object or array that is open.
    comma: bool,
}

/// A value without parts.
pub enum Scalar<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Int(i64),
    /// A number without sign.
    Count(u64),
    /// A number with a point; what is none is written as nothing.
    Real(f64),
    /// A truth.
    Bool(bool),
    /// Nothing.
    Null,
}

impl<'a> From<&'a str> for Scalar<'a> {
    fn from(text: &'a str) -> Self {
        Scalar::Text(text)
    }
}

impl<'a> From<&'a String> for Scalar<'a> {
    fn from(text: &'a String) -> Self {
        Scalar::Text(text)
    }
}

impl From<i64> for Scalar<'_> {
    fn from(n: i64) -> Self {
        Scalar::Int(n)
    }
}

impl From<u64> for Scalar<'_> {
    fn from(n: u64) -> Self {
        Scalar::Count(n)
    }
}

impl From<usize> for Scalar<'_> {
    fn from(n: usize) -> Self {
        Scalar::Count(n as u64)
    }
}

impl From<f64> for Scalar<'_> {
    fn from(n: f64) -> Self {
        Scalar::Real(n)
    }
}

impl From<bool> for Scalar<'_> {
    fn from(yes: bool) -> Self {
        Scalar::Bool(yes)
    }
}

impl<'a, T: Into<Scalar<'a>>> From<Option<T>> for Scalar<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Scalar::Null, Into::into)
    }
}

impl<'o> Writer<'o> {
    /// An empty document.
    pub fn new(out: &'o mut dyn Write) -> Self {
        Writer { out, comma: false }
    }

    /// Writes an object; `fields` writes its fields.
    pub fn object(&mut self, fields: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        self.separate()?;
        self.out.write_all(b"{")?;
        self.comma = false;
        fields(self)?;
        self.out.write_all(b"}")?;
        self.comma = true;
        Ok(())
    }

    /// Writes a field that is an array; `item` writes one item.
    pub fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.key(name)?;
        self.out.write_all(b"[")?;
        self.comma = false;
        for i in items {
            item(self, i)?;
        }
        self.out.write_all(b"]")?;
        self.comma = true;
        Ok(())
    }

    /// Writes a field that is an array of objects; `fields` writes the fields of one.
    pub fn records<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fields: impl FnMut(&mut Self, T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.array(name, items, |w, item| w.object(|w| fields(w, item)))
    }

    /// Writes a field.
    pub fn field<'a>(&mut self, name: &str, value: impl Into<Scalar<'a>>) -> io::Result<()> {
        self.key(name)?;
        self.scalar(value)
    }

    /// Writes a field that is left out when it says nothing: an empty text, 0, or null.
    pub fn known<'a>(&mut self, name: &str, value: impl Into<Scalar<'a>>) -> io::Result<()> {
        match value.into() {
            Scalar::Text("") | Scalar::Int(0) | Scalar::Count(0) | Scalar::Null => Ok(()),
            value => self.field(name, value),
        }
    }

    /// Writes the name of a field whose value comes next.
    pub fn key(&mut self, name: &str) -> io::Result<()> {
        self.scalar(name)?;
        self.out.write_all(b":")?;
        self.comma = false;
        Ok(())
    }

    /// Writes a value without parts.
    pub fn scalar<'a>(&mut self, value: impl Into<Scalar<'a>>) -> io::Result<()> {
        self.separate()?;
        match value.into() {
            Scalar::Text(text) => serde_json::to_writer(&mut *self.out, text)?,
            Scalar::Int(n) => write!(self.out, "{n}")?,
            Scalar::Count(n) => write!(self.out, "{n}")?,
            Scalar::Real(n) if n.is_finite() => write!(self.out, "{n}")?,
            Scalar::Real(_) => self.out.write_all(b"null")?,
            Scalar::Bool(yes) => write!(self.out, "{yes}")?,
            Scalar::Null => self.out.write_all(b"null")?,
        }
        self.comma = true;
        Ok(())
    }

    fn separate(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.comma) {
            self.out.write_all(b",")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_json() {
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        let written = w.object(|w| {
            w.field("text", "a\"\n\u{1}é")?;
            w.known("left_out", 0i64)?;
            w.known("left_out", "")?;
            w.array("numbers", [1i64, -2], |w, n| w.scalar(n))?;
            w.array("none", [0i64; 0], |w, n| w.scalar(n))?;
            w.records("records", [true, false], |w, yes| {
                w.field("yes", yes)?;
                w.field("nothing", None::<&str>)
            })?;
            w.key("inner")?;
            w.object(|w| w.field("max", u64::MAX))?;
            w.field("last", Some(3usize))
        });
        written.expect("memory takes everything");
        let value: serde_json::Value = serde_json::from_slice(&out).expect("it is JSON");
        let expect = serde_json::json!({
            "text": "a\"\n\u{1}é", "numbers": [1, -2], "none": [],
            "records": [{"yes": true, "nothing": null}, {"yes": false, "nothing": null}],
            "inner": {"max": u64::MAX}, "last": 3,
        });
        assert_eq!(value, expect);
    }
}
