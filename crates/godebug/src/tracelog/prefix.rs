//! What collectors of logs put before each line: docker's JSON, CRI (Kubernetes), `kubectl logs`
//! with `--timestamps` and `--prefix`, docker compose, journald and syslog.

/// Where the program's own text is in a line, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix<'a> {
    /// Where the text begins.
    pub(crate) at: usize,
    /// Who printed it: a pod, a service, a process. Empty if nothing tells.
    pub(crate) who: &'a [u8],
    /// The text is the inside of a JSON string.
    pub(crate) json: bool,
    /// The line goes on in the next one of the same source.
    pub(crate) partial: bool,
}

const DOCKER: &[u8] = b"{\"log\":\"";

/// How long the name of a source may be.
const LONGEST: usize = 200;

/// Finds the prefixes of a line, up to a handful within each other.
pub(crate) fn strip(line: &[u8]) -> Prefix<'_> {
    let mut prefix = Prefix {
        at: 0,
        who: b"",
        json: false,
        partial: false,
    };
    if line.starts_with(DOCKER) {
        prefix.at = DOCKER.len();
        prefix.json = true;
        return prefix;
    }
    for _ in 0..4 {
        let rest = &line[prefix.at..];
        let Some((len, who)) = one(rest, &mut prefix.partial) else {
            break;
        };
        prefix.at += len;
        if !who.is_empty() {
            prefix.who = who;
        }
    }
    prefix
}

/// The length of one prefix, and whom it names.
fn one<'a>(text: &'a [u8], partial: &mut bool) -> Option<(usize, &'a [u8])> {
    match text.first()? {
        b'[' if text.starts_with(b"[pod/") => {
            let end = memchr::memchr(b']', &text[..text.len().min(LONGEST * 2)])?;
            (text.get(end + 1) == Some(&b' ')).then(|| (end + 2, &text[1..end]))
        }
        b'0'..=b'9' if timestamp(text) => {
            let end = memchr::memchr(b' ', &text[..text.len().min(40)])? + 1;
            let after = &text[end..];
            for stream in [b"stdout ".as_slice(), b"stderr "] {
                if let Some([flag @ (b'F' | b'P'), b' ', ..]) = after.strip_prefix(stream) {
                    *partial = *flag == b'P';
                    return Some((end + stream.len() + 2, b""));
                }
            }
            let (len, who) = syslog(after).unwrap_or_default();
            Some((end + len, who))
        }
        b'A'..=b'S' if month(text) => {
            // Nov 23 15:16:39 host prog[1]:
            let (len, who) = syslog(text.get(16..)?)?;
            Some((16 + len, who))
        }
        _ => {
            let near = &text[..text.len().min(LONGEST)];
            let bar = memchr::memchr(b'|', near)?;
            let name = near[..bar].trim_ascii_end();
            let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
            let named = !name.is_empty() && name.iter().all(plain) && name.len() < bar;
            (named && text.get(bar + 1) == Some(&b' ')).then_some((bar + 2, name))
        }
    }
}

/// `2026-11-23T15:16:33…`
fn timestamp(text: &[u8]) -> bool {
    let fits = |(b, p): (&u8, &u8)| {
        if *p == b'0' {
            b.is_ascii_digit()
        } else {
            b == p
        }
    };
    let pattern = b"0000-00-00T00:00:00";
    text.len() > pattern.len() && text.iter().zip(pattern).all(fits)
}

/// `Nov 23 15:16:39 `
fn month(text: &[u8]) -> bool {
    let Some(text) = text.get(..16) else {
        return false;
    };
    text[3] == b' ' && text[6] == b' ' && text[9] == b':' && text[12] == b':' && text[15] == b' '
}

/// `host prog[4711]: `
fn syslog(text: &[u8]) -> Option<(usize, &[u8])> {
    let near = &text[..text.len().min(LONGEST)];
    let end = memchr::memmem::find(near, b"]: ")?;
    let name = &near[..=end];
    let words = name.split(|b| *b == b' ').count();
    let open = memchr::memrchr(b'[', name)?;
    let pid = &name[open + 1..end];
    let fits = words == 2 && !pid.is_empty() && pid.iter().all(u8::is_ascii_digit);
    fits.then_some((end + 3, name))
}

/// Undoes the escapes of a JSON string into `out`, up to its closing quote. Gives whether the text
/// ended a line.
pub(crate) fn unescape(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut at = 0;
    while let Some(special) = memchr::memchr2(b'"', b'\\', &text[at..]) {
        out.extend_from_slice(&text[at..at + special]);
        at += special;
        if text[at] == b'"' {
            break;
        }
        let hex = |digits: &[u8]| {
            let digits = std::str::from_utf8(digits).ok()?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        };
        match (text.get(at + 1), text.get(at + 2..at + 6).and_then(hex)) {
            (Some(b'u'), Some(c)) => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += 6;
                continue;
            }
            (Some(b'n'), _) => out.push(b'\n'),
            (Some(b't'), _) => out.push(b'\t'),
            (Some(b'r'), _) => out.push(b'\r'),
            (Some(c), _) => out.push(*c),
            (None, _) => {}
        }
        at = (at + 2).min(text.len());
    }
    let ended = out.last() == Some(&b'\n');
    if ended {
        out.pop();
    }
    ended
}
