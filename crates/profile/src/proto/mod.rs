//! profile.proto, plain or gzipped: the format of runtime/pprof, `go tool pprof` and of ours.
//!
//! Written by hand, as in google/pprof (profile/proto.go, profile/encode.go), whose rules these are:
//! what is an error there is one here. Beyond it, several profiles in one file are merged, and what
//! is wrong is told with its place.
//!
//! [`decode`] reads once, in pieces: the inflated bytes are never in memory at once, and no length
//! that a file claims is believed before the bytes are there.

mod decode;
mod encode;
mod ids;
mod resolve;
mod tables;
mod wire;

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::Error;
use crate::merge::Merger;
use crate::model::Profile;
use crate::sniff;
use crate::strings::StringTable;

pub use encode::{encode, encode_gz, write, write_gz};

use decode::Decoder;

/// How much to read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a profile after decompression.
    pub inflated: u64,
}

impl Default for Limits {
    /// Four gigabytes.
    fn default() -> Self {
        Limits { inflated: 4 << 30 }
    }
}

/// Reads a profile, gzipped or plain.
pub fn decode(bytes: &[u8]) -> Result<Profile, Error> {
    decode_with(bytes, &Limits::default())
}

/// Reads a profile, gzipped or plain, within these limits.
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<Profile, Error> {
    if is_gzip(bytes) {
        return pump(
            MultiGzDecoder::new(bytes),
            limits,
            true,
            &mut Decoder::default(),
        );
    }
    if bytes.len() as u64 > limits.inflated {
        return Err(too_large(limits));
    }
    let mut decoder = Decoder::default();
    let used = match decoder.feed(bytes) {
        Ok(used) => used,
        Err(e) => return Err(explain(e, bytes, decoder.known())),
    };
    finish(&mut decoder, bytes.len() - used, bytes)
}

/// Reads a profile, gzipped or plain, to the end of `reader`.
pub fn decode_reader(reader: impl Read) -> Result<Profile, Error> {
    decode_reader_with(reader, &Limits::default())
}

/// Reads a profile, gzipped or plain, to the end of `reader`, within these limits.
pub fn decode_reader_with(reader: impl Read, limits: &Limits) -> Result<Profile, Error> {
    decode_from(reader, limits, &mut Decoder::default())
}

/// Reads a profile, gzipped or plain, to the end of `reader`, and puts its strings to those in
/// `strings`. The profile then has that table, and `strings` is empty; or, after an error and where
/// several profiles stand in one file, `strings` is as it was. For [`crate::Merger::add_own`].
pub fn decode_reader_into(reader: impl Read, strings: &mut StringTable) -> Result<Profile, Error> {
    let before = strings.len();
    let mut decoder = Decoder::default();
    decoder.table = std::mem::take(strings);
    let read = decode_from(reader, &Limits::default(), &mut decoder);
    *strings = decoder.table;
    strings.truncate(before);
    read
}

fn decode_from(
    reader: impl Read,
    limits: &Limits,
    decoder: &mut Decoder,
) -> Result<Profile, Error> {
    let mut reader = io::BufReader::with_capacity(CHUNK, reader);
    if is_gzip(reader.fill_buf()?) {
        pump(MultiGzDecoder::new(reader), limits, true, decoder)
    } else {
        pump(reader, limits, false, decoder)
    }
}

/// Whether this is the start of a gzip file.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// How much is inflated at a time: it stays in the processor's cache until it is decoded.
const CHUNK: usize = 128 << 10;

/// Reads `reader` to its end. `gzip`: its errors are those of the compressed data.
fn pump(
    mut reader: impl Read,
    limits: &Limits,
    gzip: bool,
    decoder: &mut Decoder,
) -> Result<Profile, Error> {
    let mut buf = vec![0; CHUNK];
    // How many bytes at the start of `buf` are waiting: the start of a field.
    let mut left = 0;
    let mut total = 0;
    let mut head = Vec::new();
    loop {
        if left == buf.len() {
            // The field fills the whole buffer, so as many bytes were really there.
            buf.resize(2 * left, 0);
        }
        let n = match reader.read(&mut buf[left..]) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) if gzip => return Err(inflate_error(e, decoder, total, left)),
            Err(e) => return Err(e.into()),
        };
        total += n as u64;
        if total > limits.inflated {
            return Err(too_large(limits));
        }
        if head.len() < sniff::HEAD {
            let room = sniff::HEAD - head.len();
            head.extend_from_slice(&buf[left..left + n.min(room)]);
        }
        let end = left + n;
        let used = match decoder.feed(&buf[..end]) {
            Ok(used) => used,
            Err(e) => return Err(explain(e, &head, decoder.known())),
        };
        buf.copy_within(used..end, 0);
        left = end - used;
    }
    finish(decoder, left, &head)
}

fn too_large(limits: &Limits) -> Error {
    Error::TooLarge {
        limit: limits.inflated,
    }
}

fn inflate_error(e: io::Error, decoder: &Decoder, total: u64, left: usize) -> Error {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => decoder.truncated(left),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Error::Corrupt {
            what: format!("gzip: {e}"),
            at: total,
        },
        _ => e.into(),
    }
}

fn finish(decoder: &mut Decoder, left: usize, head: &[u8]) -> Result<Profile, Error> {
    if head.is_empty() {
        return Err(Error::Empty);
    }
    let known = decoder.known();
    let mut parts = decoder.finish(left).map_err(|e| explain(e, head, known))?;
    if let ([part], table) = (&mut parts[..], &mut decoder.table) {
        part.strings = std::mem::take(table);
        return parts.pop().ok_or(Error::Empty);
    }
    let mut merger = Merger::default();
    for mut part in parts {
        part.strings = std::mem::take(&mut decoder.table);
        let added = merger.add(&part);
        decoder.table = part.strings;
        added?;
    }
    merger.finish()
}

/// Says what the input is rather than where it is wrong, if it never was a profile.
fn explain(e: Error, head: &[u8], known: bool) -> Error {
    if matches!(e, Error::TooLarge { .. } | Error::Io(_)) {
        return e;
    }
    if let Some(title) = sniff::web_page(head) {
        Error::Html { title }
    } else if !known || sniff::is_text(head) || crate::legacy::is_cpu(head) {
        Error::NotAProfile
    } else {
        e
    }
}
