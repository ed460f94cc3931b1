//! From lines to items.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::{Ancestor, Frame, Goroutine, Item, Reason, ReasonKind, Stack, frame, header};

/// Reads a text and gives the items of the dumps in it, in order.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a str,
    /// How many lines were taken.
    number: usize,
    /// What is made and not yet asked for.
    ready: VecDeque<Item<'a>>,
    open: Open<'a>,
    /// Damaged lines within the open goroutine; they follow it.
    damaged: Vec<&'a str>,
}

/// What is being read.
#[derive(Debug)]
enum Open<'a> {
    Nothing,
    Reason(Reason<'a>),
    Goroutine {
        g: Box<Goroutine<'a>>,
        /// The call whose place is the next line.
        call: Option<Call<'a>>,
    },
}

#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    frame: Frame<'a>,
    line: &'a str,
    is_creator: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the start of the text.
    pub fn new(text: &'a str) -> Self {
        Reader {
            rest: text,
            number: 0,
            ready: VecDeque::new(),
            open: Open::Nothing,
            damaged: Vec::new(),
        }
    }

    fn line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.number += 1;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// Takes in one line.
    fn take(&mut self, line: &'a str) {
        if let Some(g) = header::parse(line, self.number) {
            self.close();
            let g = Box::new(g);
            self.open = Open::Goroutine { g, call: None };
            return;
        }
        match &mut self.open {
            Open::Goroutine { g, call } => {
                if line.trim().is_empty() {
                    return self.close();
                }
                if within(g, call, line, &mut self.damaged) {
                    return;
                }
                // Whatever comes after a goroutine without an empty line between.
                self.close();
            }
            Open::Reason(_) if line.trim().is_empty() => return self.close(),
            _ => {}
        }
        self.between(line);
    }

    /// Takes in a line that is not of a goroutine.
    fn between(&mut self, line: &'a str) {
        if let Some(reason) = reason(line) {
            self.close();
            self.open = Open::Reason(reason);
        } else if let Open::Reason(reason) = &mut self.open {
            let text = reason.text.to_mut();
            text.push('\n');
            text.push_str(line.strip_prefix('\t').unwrap_or(line));
        } else if let Some((name, value)) = register(line) {
            self.ready.push_back(Item::Register(name, value));
        } else if let Some(status) = exit_status(line) {
            self.ready.push_back(Item::ExitStatus(status));
        } else if !line.trim().is_empty() {
            self.ready.push_back(Item::Other(line));
        }
    }

    /// Finishes what is being read.
    fn close(&mut self) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => {}
            Open::Reason(mut reason) => {
                recovery(&mut reason);
                self.ready.push_back(Item::Reason(reason));
            }
            Open::Goroutine { mut g, mut call } => {
                unplaced(&mut g, &mut call, &mut self.damaged);
                self.ready.push_back(Item::Goroutine(g));
                let damaged = self.damaged.drain(..);
                self.ready.extend(damaged.map(Item::Damaged));
            }
        }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            match self.line() {
                Some(line) => self.take(line),
                None => {
                    self.close();
                    return self.ready.pop_front();
                }
            }
        }
    }
}

/// The stack that is being read: that of the goroutine, or of the last ancestor.
fn stack<'g, 'a>(g: &'g mut Goroutine<'a>) -> &'g mut Stack<'a> {
    match g.ancestors.last_mut() {
        Some(ancestor) => &mut ancestor.stack,
        None => &mut g.stack,
    }
}

/// Takes in a line of a goroutine; false if the goroutine ends before it.
fn within<'a>(
    g: &mut Goroutine<'a>,
    call: &mut Option<Call<'a>>,
    line: &'a str,
    damaged: &mut Vec<&'a str>,
) -> bool {
    if let Some(mut open) = call.take() {
        if frame::place(&mut open.frame, line) {
            add(g, open);
            return true;
        }
        *call = Some(open);
        unplaced(g, call, damaged);
    }
    let stack = stack(g);
    if let Some(elided) = frame::elided(line, stack.frames.len()) {
        stack.elided = Some(elided);
    } else if let Some(id) = frame::ancestor(line) {
        g.ancestors.push(Ancestor {
            id,
            ..Default::default()
        });
    } else if line.trim() == "goroutine running on other thread; stack unavailable" {
        g.unavailable = true;
    } else if let Some((frame, parent)) = frame::created_by(line) {
        if g.ancestors.is_empty() {
            g.parent = parent;
        }
        let is_creator = true;
        *call = Some(Call {
            frame,
            line,
            is_creator,
        });
    } else if stack.created_by.is_some()
        || exit_status(line).is_some()
        || line.starts_with("FAIL\t")
    {
        return false;
    } else if let Some(frame) = frame::call(line) {
        if frame.pc.is_some() {
            stack.frames.push(frame);
            return true;
        }
        let is_creator = false;
        *call = Some(Call {
            frame,
            line,
            is_creator,
        });
    } else {
        damaged.push(line);
    }
    true
}

/// Deals with a call whose place did not follow. What looks like a call stays one.
fn unplaced<'a>(g: &mut Goroutine<'a>, call: &mut Option<Call<'a>>, damaged: &mut Vec<&'a str>) {
    if let Some(open) = call.take() {
        damaged.push(open.line);
        if open.is_creator || open.frame.args.is_some() && !open.frame.func.contains(' ') {
            add(g, open);
        }
    }
}

fn add<'a>(g: &mut Goroutine<'a>, call: Call<'a>) {
    let stack = stack(g);
    if call.is_creator {
        stack.created_by = Some(call.frame);
    } else {
        stack.frames.push(call.frame);
    }
}

/// The start of a reason.
fn reason(line: &str) -> Option<Reason<'_>> {
    let text = line.trim_start_matches('\t');
    let starts = |prefix| text.strip_prefix(prefix);
    let panic = ReasonKind::Panic {
        recovered: false,
        again: false,
    };
    let (kind, text) = if let Some(text) = starts("panic: ") {
        (panic, text)
    } else if let Some(text) = starts("fatal error: ") {
        (ReasonKind::Fatal, text)
    } else if let Some(text) = starts("runtime: ") {
        (ReasonKind::Runtime, text)
    } else if is_signal(text) || text.starts_with("[signal ") {
        (ReasonKind::Signal, text)
    } else {
        return None;
    };
    let text = Cow::Borrowed(text);
    Some(Reason { kind, text })
}

/// `SIGQUIT: quit`.
fn is_signal(text: &str) -> bool {
    let name = text.split_once(": ").map_or("", |(name, _)| name);
    name.starts_with("SIG")
        && name.len() > 3
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Takes what is said of a recovery off the end of a panic's text.
fn recovery(reason: &mut Reason<'_>) {
    for (suffix, recovered, again) in [
        (" [recovered]", true, false),
        (" [recovered, repanicked]", true, true),
    ] {
        if matches!(reason.kind, ReasonKind::Panic { .. }) && reason.text.ends_with(suffix) {
            let end = reason.text.len() - suffix.len();
            reason.kind = ReasonKind::Panic { recovered, again };
            match &mut reason.text {
                Cow::Borrowed(text) => *text = &text[..end],
                Cow::Owned(text) => text.truncate(end),
            }
        }
    }
}

/// `rax    0x0`.
fn register(line: &str) -> Option<(&str, u64)> {
    let (name, value) = line.split_once(' ')?;
    let short = (2..=6).contains(&name.len());
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let value = header::hex(value.trim())?;
    (short && name.bytes().all(plain)).then_some((name, value))
}

fn exit_status(line: &str) -> Option<u32> {
    line.trim_end().strip_prefix("exit status ")?.parse().ok()
}
