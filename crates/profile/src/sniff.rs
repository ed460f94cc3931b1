//! What an input is, by its first bytes.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::Error;
use crate::model::Profile;
use crate::proto::{self, Limits};
use crate::{folded, legacy, speedscope};

/// How many bytes from the start are looked at.
pub(crate) const HEAD: usize = 1024;

/// The title of the web page that starts with these bytes, if it is one; empty if it has none.
pub(crate) fn web_page(head: &[u8]) -> Option<String> {
    let head = &head[..head.len().min(HEAD)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    // Lower case of ASCII only, so that offsets stay the same.
    let lower = text.to_ascii_lowercase();
    let tags = [
        "!doctype", "html", "head", "body", "title", "meta", "script", "?xml", "!--", "h1", "p>",
        "center", "pre",
    ];
    let rest = lower.strip_prefix('<')?;
    if !tags.iter().any(|tag| rest.starts_with(tag)) {
        return None;
    }
    let title = lower.find("<title").and_then(|start| {
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        Some(text[start..end].split_whitespace().collect::<Vec<_>>())
    });
    Some(title.unwrap_or_default().join(" "))
}

/// Whether these bytes are text rather than a message: no control characters but white space.
pub(crate) fn is_text(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD)];
    !head.is_empty()
        && head
            .iter()
            .all(|&b| b >= 0x20 && b != 0x7f || matches!(b, b'\t' | b'\n' | b'\r'))
        && match std::str::from_utf8(head) {
            Ok(_) => true,
            Err(e) => e.error_len().is_none(), // A character is cut off at the end.
        }
}

/// How to read a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// How much to read at most.
    pub limits: Limits,
    /// Read only what google/pprof reads, and text as it does: without the functions and labels that
    /// Go prints as comments, and without the repair of what it misreads.
    pub exact: bool,
}

/// Reads a profile of any format that is known, recognised by its content: profile.proto, the
/// formats from before it, collapsed stacks, speedscope; each gzipped or not.
pub fn read_any(bytes: &[u8]) -> Result<Profile, Error> {
    read_any_with(bytes, &ReadOptions::default())
}

/// Reads a profile of any format that is known, in this way.
pub fn read_any_with(bytes: &[u8], options: &ReadOptions) -> Result<Profile, Error> {
    let limits = &options.limits;
    let mut inflated = Vec::new();
    let head = if proto::is_gzip(bytes) {
        let mut start = MultiGzDecoder::new(bytes).take(HEAD as u64);
        // What is wrong with it is found again by the decoder.
        let _ = start.read_to_end(&mut inflated);
        &inflated
    } else {
        &bytes[..bytes.len().min(HEAD)]
    };
    if !is_whole(head) {
        return proto::decode_with(bytes, limits);
    }
    let whole = inflate(bytes, limits)?;
    if whole.trim_ascii_start().starts_with(b"{") && !options.exact {
        return speedscope::decode(&whole);
    }
    if let Some(profile) = legacy::decode(&whole, options.exact)? {
        return Ok(profile);
    }
    let head = &whole[..whole.len().min(HEAD)];
    if !options.exact && is_text(head) && web_page(head).is_none() && folded::looks_like(head) {
        return folded::decode(&whole);
    }
    proto::decode_with(&whole, limits)
}

/// Whether the format is one that is read from memory as a whole: all but profile.proto.
fn is_whole(head: &[u8]) -> bool {
    is_text(head) || legacy::is_cpu(head) || head.trim_ascii_start().starts_with(b"{")
}

/// The bytes of a file that may be gzipped.
pub fn inflate<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Error> {
    let limit = limits.inflated;
    let mut out = Vec::new();
    if !proto::is_gzip(bytes) {
        return match bytes.len() as u64 > limit {
            true => Err(Error::TooLarge { limit }),
            false => Ok(Cow::Borrowed(bytes)),
        };
    }
    let mut whole = MultiGzDecoder::new(bytes).take(limit.saturating_add(1));
    if let Err(e) = whole.read_to_end(&mut out) {
        let at = out.len() as u64;
        return Err(match e.kind() {
            io::ErrorKind::UnexpectedEof => Error::Truncated { at, samples: 0 },
            _ => Error::Corrupt {
                what: format!("gzip: {e}"),
                at,
            },
        });
    }
    match out.len() as u64 > limit {
        true => Err(Error::TooLarge { limit }),
        false => Ok(Cow::Owned(out)),
    }
}
