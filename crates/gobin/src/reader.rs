//! A `gimli` reader over shared bytes, so that lazily parsed DWARF can own its
//! file without copying it.

use std::borrow::Cow;
use std::fmt;

use gimli::{Error, Reader, ReaderOffsetId, Result, RunTimeEndian};

use crate::Data;

/// A window on a file's bytes.
#[derive(Clone)]
pub(crate) struct DataReader {
    data: Data,
    start: usize,
    end: usize,
    endian: RunTimeEndian,
}

impl DataReader {
    pub(crate) fn new(data: Data, range: std::ops::Range<usize>, endian: RunTimeEndian) -> Self {
        let len = (*data).as_ref().len();
        DataReader {
            data,
            start: range.start.min(len),
            end: range.end.min(len).max(range.start.min(len)),
            endian,
        }
    }

    fn bytes(&self) -> &[u8] {
        (*self.data)
            .as_ref()
            .get(self.start..self.end)
            .unwrap_or_default()
    }

    fn eof(&self) -> Error {
        Error::UnexpectedEof(self.offset_id())
    }
}

impl fmt::Debug for DataReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataReader({:#x}..{:#x})", self.start, self.end)
    }
}

impl Reader for DataReader {
    type Endian = RunTimeEndian;
    type Offset = usize;

    fn endian(&self) -> RunTimeEndian {
        self.endian
    }

    fn len(&self) -> usize {
        self.end - self.start
    }

    fn empty(&mut self) {
        self.end = self.start;
    }

    fn truncate(&mut self, len: usize) -> Result<()> {
        if len > self.len() {
            return Err(self.eof());
        }
        self.end = self.start + len;
        Ok(())
    }

    fn offset_from(&self, base: &Self) -> usize {
        self.start.saturating_sub(base.start)
    }

    fn offset_id(&self) -> ReaderOffsetId {
        ReaderOffsetId(self.bytes().as_ptr() as u64)
    }

    fn lookup_offset_id(&self, id: ReaderOffsetId) -> Option<usize> {
        let into = id.0.checked_sub(self.offset_id().0)?;
        usize::try_from(into)
            .ok()
            .filter(|&into| into <= self.len())
    }

    fn find(&self, byte: u8) -> Result<usize> {
        memchr::memchr(byte, self.bytes()).ok_or_else(|| self.eof())
    }

    fn skip(&mut self, len: usize) -> Result<()> {
        if len > self.len() {
            return Err(self.eof());
        }
        self.start += len;
        Ok(())
    }

    fn split(&mut self, len: usize) -> Result<Self> {
        let mut head = self.clone();
        head.truncate(len)?;
        self.start += len;
        Ok(head)
    }

    fn to_slice(&self) -> Result<Cow<'_, [u8]>> {
        Ok(self.bytes().into())
    }

    fn to_string(&self) -> Result<Cow<'_, str>> {
        match std::str::from_utf8(self.bytes()) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(Error::BadUtf8),
        }
    }

    fn to_string_lossy(&self) -> Result<Cow<'_, str>> {
        Ok(String::from_utf8_lossy(self.bytes()))
    }

    fn read_slice(&mut self, buf: &mut [u8]) -> Result<()> {
        let Some(bytes) = self.bytes().get(..buf.len()) else {
            return Err(self.eof());
        };
        buf.copy_from_slice(bytes);
        self.start += buf.len();
        Ok(())
    }
}
