//! Goroutines as Go itself prints them, the text of `/debug/pprof/goroutine?debug=2` and of
//! `runtime.Stack`. Mirrors goroutineheader, traceback1 and printcreatedby of
//! src/runtime/traceback.go.
//!
//! Arguments are not known: every call has `(...)`. No frame is left out of a deep stack, and none
//! of the program's goroutines for the size of the text.

use std::fmt::Write as _;
use std::io::{self, Write};

use ::goroutines::{CallIx, Goroutine, Goroutines, StackIx, StackOrigin, Status};
use rustc_hash::FxHashMap;

use super::Selection;

/// Writes the goroutines. With `all_frames` the runtime's own frames are shown too.
pub fn write(selection: &Selection<'_>, all_frames: bool, out: &mut dyn Write) -> io::Result<()> {
    let all = selection.of;
    // Of a million goroutines few have a stack of their own.
    let mut stacks: Cache<StackIx> = Cache::default();
    let mut creators: Cache<CallIx> = Cache::default();
    let mut head = String::new();
    for (i, g) in selection.iter().enumerate() {
        head.clear();
        if i > 0 {
            head.push('\n');
        }
        header(all, g, &mut head);
        out.write_all(head.as_bytes())?;
        match g.origin {
            StackOrigin::Running => {
                out.write_all(b"\tgoroutine running on other thread; stack unavailable\n")?;
            }
            StackOrigin::Torn => {
                out.write_all(b"\tgoroutine changed while it was read; stack unavailable\n")?;
            }
            _ => {
                let text = stacks.get(g.stack, || stack(all, g.stack, all_frames));
                out.write_all(text.as_bytes())?;
                if g.cut {
                    out.write_all(b"...additional frames elided...\n")?;
                }
            }
        }
        let Some(call) = g.created_by.filter(|c| all_frames || all.shows_creator(*c)) else {
            continue;
        };
        if g.id == 1 {
            continue;
        }
        let text = creators.get(call, || creator(all, call));
        let (func, place) = text.split_once('\n').unwrap_or((text, ""));
        match g.parent {
            0 => write!(out, "created by {func}\n{place}")?,
            parent => write!(out, "created by {func} in goroutine {parent}\n{place}")?,
        }
    }
    Ok(())
}

/// Texts that are made once. When they are too many to keep they are made anew.
struct Cache<K> {
    texts: FxHashMap<K, String>,
    size: usize,
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Cache {
            texts: FxHashMap::default(),
            size: 0,
        }
    }
}

/// Texts kept at a time, in bytes.
const MAX_KEPT: usize = 32 << 20;

impl<K: std::hash::Hash + Eq> Cache<K> {
    fn get(&mut self, key: K, make: impl FnOnce() -> String) -> &str {
        if self.size > MAX_KEPT {
            self.texts.clear();
            self.size = 0;
        }
        let size = &mut self.size;
        self.texts.entry(key).or_insert_with(|| {
            let text = make();
            *size += text.len();
            text
        })
    }
}

const MINUTE_NS: u64 = 60_000_000_000;

fn header(all: &Goroutines, g: &Goroutine, out: &mut String) {
    let _ = write!(out, "goroutine {} [{}", g.id, all.text(g.state));
    if g.status == Status::Leaked {
        out.push_str(" (leaked)");
    }
    let minutes = g.wait_ns / MINUTE_NS;
    if minutes >= 1 {
        let _ = write!(out, ", {minutes} minutes");
    }
    if g.locked {
        out.push_str(", locked to thread");
    }
    if g.bubble != 0 {
        let _ = write!(out, ", synctest bubble {}", g.bubble);
    }
    out.push_str("]:\n");
}

fn stack(all: &Goroutines, stack: StackIx, all_frames: bool) -> String {
    let mut text = String::new();
    let mut add = |shown: ::goroutines::Shown<'_>| {
        let name = match all.text(shown.frame.func) {
            "runtime.gopanic" => "panic",
            name => name,
        };
        let _ = write!(
            text,
            "{}(...)\n\t{}:{}",
            gobin::print_name(name),
            all.text(shown.frame.file),
            shown.frame.line
        );
        if !shown.frame.inlined {
            offset(all, shown.call, &mut text);
        }
        text.push('\n');
    };
    if all_frames {
        all.stack_frames(stack).for_each(&mut add);
    } else {
        all.shown(stack).for_each(&mut add);
    }
    text
}

/// From the function's first instruction, as Go shows it: not for the first itself.
fn offset(all: &Goroutines, call: CallIx, text: &mut String) {
    if let Some(offset) = all.call(call).offset.filter(|o| *o > 0) {
        let _ = write!(text, " +{offset:#x}");
    }
}

fn creator(all: &Goroutines, call: CallIx) -> String {
    let Some(frame) = all.frames(call).last() else {
        return String::new();
    };
    let mut text = format!(
        "{}\n\t{}:{}",
        gobin::print_name(all.text(frame.func)),
        all.text(frame.file),
        frame.line
    );
    offset(all, call, &mut text);
    text.push('\n');
    text
}
