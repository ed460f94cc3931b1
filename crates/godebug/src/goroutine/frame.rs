//! The two lines of a frame: the call, and where it is.

use super::header::hex;
use super::{Elided, Frame};

/// Reads the line of a call, `function(arguments)`; a function of C has none of the latter.
pub(super) fn call(line: &str) -> Option<Frame<'_>> {
    let line = line.trim_end();
    if line.is_empty() || line.starts_with([' ', '\t']) {
        return None;
    }
    let mut frame = Frame::default();
    if let Some(pc) = line.strip_prefix("non-Go function at pc=") {
        frame.pc = Some(hex(pc)?);
        frame.func = "non-Go function";
        return Some(frame);
    }
    match line.strip_suffix(')').and_then(|l| l.rsplit_once('(')) {
        Some((func, args)) if !func.is_empty() => (frame.func, frame.args) = (func, Some(args)),
        _ => frame.func = line,
    }
    Some(frame)
}

/// Reads the line of a place into the frame: a tab, `file:line`, `+offset` and the registers; false
/// if it is none.
pub(super) fn place<'a>(frame: &mut Frame<'a>, line: &'a str) -> bool {
    let Some(mut rest) = line.trim_end().strip_prefix('\t') else {
        return false;
    };
    let (mut offset, mut fp, mut sp, mut pc) = (None, None, None, frame.pc);
    while let Some(word) = rest.rsplit(' ').next() {
        let (slot, digits) = if let Some(digits) = word.strip_prefix('+') {
            (&mut offset, digits)
        } else if let Some(digits) = word.strip_prefix("fp=") {
            (&mut fp, digits)
        } else if let Some(digits) = word.strip_prefix("sp=") {
            (&mut sp, digits)
        } else if let Some(digits) = word.strip_prefix("pc=") {
            (&mut pc, digits)
        } else {
            break;
        };
        let Some(value) = hex(digits) else {
            break;
        };
        *slot = Some(value);
        rest = rest[..rest.len() - word.len()].trim_end_matches(' ');
    }
    if let Some((file, line)) = rest.rsplit_once(':')
        && let Ok(line) = line.parse()
    {
        (frame.file, frame.line) = (file, line);
    } else if !rest.is_empty() || pc.is_none() {
        return false;
    }
    (frame.offset, frame.fp, frame.sp, frame.pc) = (offset, fp, sp, pc);
    frame.inlined = frame.args == Some("...") && offset.is_none() && pc.is_none();
    true
}

/// Reads `...N frames elided...`, after so many frames.
pub(super) fn elided(line: &str, after: usize) -> Option<Elided> {
    let text = line.trim_end().strip_prefix("...")?;
    let count = text.strip_suffix(" frames elided...")?;
    let frames = match count {
        "additional" => None,
        digits => Some(digits.parse().ok()?),
    };
    Some(Elided { after, frames })
}

/// Reads `created by function in goroutine N`: the frame, and the goroutine since Go 1.21.
pub(super) fn created_by(line: &str) -> Option<(Frame<'_>, Option<u64>)> {
    let func = line.trim_end().strip_prefix("created by ")?;
    let (func, parent) = match func.rsplit_once(" in goroutine ") {
        Some((func, id)) => (func, Some(id.parse().ok()?)),
        None => (func, None),
    };
    let frame = Frame {
        func,
        ..Default::default()
    };
    Some((frame, parent))
}

/// Reads `[originating from goroutine N]:`.
pub(super) fn ancestor(line: &str) -> Option<u64> {
    let id = line
        .trim_end()
        .strip_prefix("[originating from goroutine ")?;
    id.strip_suffix("]:")?.parse().ok()
}
