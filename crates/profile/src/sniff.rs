//! What an input is, by its first bytes.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::Error;
use crate::model::Profile;
use crate::proto::{self, Limits};
use crate::{folded, speedscope};

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

/// Reads a profile of any format that is known, recognised by its content: profile.proto, collapsed
/// stacks, speedscope; each gzipped or not.
pub fn read_any(bytes: &[u8]) -> Result<Profile, Error> {
    read_any_with(bytes, &Limits::default())
}

/// Reads a profile of any format that is known, within these limits.
pub fn read_any_with(bytes: &[u8], limits: &Limits) -> Result<Profile, Error> {
    let mut inflated = Vec::new();
    let head = if proto::is_gzip(bytes) {
        let mut start = MultiGzDecoder::new(bytes).take(HEAD as u64);
        // What is wrong with it is found again by the decoder.
        let _ = start.read_to_end(&mut inflated);
        &inflated
    } else {
        &bytes[..bytes.len().min(HEAD)]
    };
    let Some(decode) = text_format(head) else {
        return proto::decode_with(bytes, limits);
    };
    if !proto::is_gzip(bytes) {
        return decode(bytes);
    }
    inflated.clear();
    let mut whole = MultiGzDecoder::new(bytes).take(limits.inflated.saturating_add(1));
    if let Err(e) = whole.read_to_end(&mut inflated) {
        let at = inflated.len() as u64;
        return Err(match e.kind() {
            io::ErrorKind::UnexpectedEof => Error::Truncated { at, samples: 0 },
            _ => Error::Corrupt {
                what: format!("gzip: {e}"),
                at,
            },
        });
    }
    if inflated.len() as u64 > limits.inflated {
        let limit = limits.inflated;
        return Err(Error::TooLarge { limit });
    }
    decode(&inflated)
}

type Decode = fn(&[u8]) -> Result<Profile, Error>;

/// The decoder of a format that is text.
fn text_format(head: &[u8]) -> Option<Decode> {
    if head.trim_ascii_start().starts_with(b"{") {
        Some(speedscope::decode)
    } else if is_text(head) && web_page(head).is_none() && folded::looks_like(head) {
        Some(folded::decode)
    } else {
        None
    }
}
