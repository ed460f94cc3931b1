//! Reading: bytes come in pieces, whole fields go into the tables.
//!
//! The protocol allows messages to stand one after the other, and so do files made with `cat`. The
//! bytes do not say where one ends: a new one is taken to begin where, after a string table, the
//! fields of a profile start again and then another string table does.

use super::ids::Ids;
use super::resolve::resolve;
use super::tables::Tables;
use super::wire::{Fault, Field, Next, Value, next_field};
use crate::error::Error;
use crate::model::Profile;
use crate::strings::StringTable;

/// Takes bytes in, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The message that is being read.
    tables: Tables,
    /// The fields before `tables`, if it is not yet known whether `tables` is another message.
    held: Option<Tables>,
    done: Vec<Profile>,
    done_samples: usize,
    in_strings: bool,
    ids: Ids,
    /// The strings of all messages.
    pub table: StringTable,
    /// How many bytes have been taken in.
    at: u64,
}

impl Decoder {
    /// Takes in the whole fields that `data` starts with and returns how many bytes they have.
    pub fn feed(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut pos = 0;
        while pos < data.len() {
            match next_field(data, pos) {
                Ok(Next::Field(field, next)) => {
                    if field.number != 2 || self.tables.strings.count > 0 {
                        self.boundary(&field)?;
                    }
                    self.tables
                        .field(&field, &mut self.ids, &mut self.table)
                        .map_err(|fault| self.corrupt(fault))?;
                    pos = next;
                }
                Ok(Next::Cut) => break,
                Err(fault) => return Err(self.corrupt(fault)),
            }
        }
        self.at += pos as u64;
        Ok(pos)
    }

    /// The profiles without their strings, after the last byte. `left` bytes of it were not a whole
    /// field.
    pub fn finish(&mut self, left: usize) -> Result<Vec<Profile>, Error> {
        if left > 0 {
            return Err(self.truncated(left));
        }
        self.tables.strings.flush(&mut self.table);
        if self.held.is_some() {
            self.join()?;
        }
        if !self.tables.known && self.done.is_empty() {
            return Err(Error::NotAProfile);
        }
        let tables = std::mem::take(&mut self.tables);
        self.done.push(resolve(tables, &self.ids)?);
        Ok(std::mem::take(&mut self.done))
    }

    /// The error of an input that ends `left` bytes after the last whole field.
    pub fn truncated(&self, left: usize) -> Error {
        Error::Truncated {
            at: self.at + left as u64,
            samples: self.samples(),
        }
    }

    /// Whether anything that has been read looks like a profile.
    pub fn known(&self) -> bool {
        self.tables.known || self.held.is_some() || !self.done.is_empty()
    }

    /// How many samples have been read whole.
    fn samples(&self) -> usize {
        let held = self.held.as_ref().map_or(0, |t| t.samples.len());
        self.done_samples + held + self.tables.samples.len()
    }

    /// Finds out whether another message starts with this field or was started before it.
    fn boundary(&mut self, field: &Field<'_>) -> Result<(), Error> {
        if field.number != 6 {
            if self.in_strings {
                self.in_strings = false;
                self.tables.strings.flush(&mut self.table);
            }
            let t = &self.tables;
            let again = matches!(field.number, 1..=5) || t.header.has(field.number);
            if t.strings.count > 0 && again {
                self.held = Some(std::mem::take(&mut self.tables));
            }
            return Ok(());
        }
        if !self.in_strings && self.held.is_some() {
            if field.value == Value::Bytes(b"") {
                let whole = self.held.take().expect("it was there just now");
                self.done_samples += whole.samples.len();
                self.done.push(resolve(whole, &self.ids)?);
            } else {
                self.join()?;
            }
        }
        self.in_strings = true;
        Ok(())
    }

    /// What was held and what came after it are one message.
    fn join(&mut self) -> Result<(), Error> {
        if let Some(held) = self.held.take() {
            let later = std::mem::replace(&mut self.tables, held);
            self.tables
                .append(later)
                .map_err(|fault| Error::Malformed(fault.what.into()))?;
        }
        Ok(())
    }

    fn corrupt(&self, fault: Fault) -> Error {
        Error::Corrupt {
            what: fault.what.into(),
            at: self.at + fault.at as u64,
        }
    }
}
