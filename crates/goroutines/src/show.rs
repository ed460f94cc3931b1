//! Which frames Go's own tracebacks show. Mirrors showfuncinfo, isExportedRuntime and
//! elideWrapperCalling of src/runtime/traceback.go.

use crate::model::{CallIx, Frame, Goroutines, StackIx};

/// A frame of a stack, with the call that it is of.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The call.
    pub call: CallIx,
    /// The frame.
    pub frame: &'a Frame,
}

impl Goroutines {
    /// All frames of a stack, leaf first.
    pub fn stack_frames(&self, stack: StackIx) -> impl Iterator<Item = Shown<'_>> {
        self.stack(stack).iter().flat_map(|&call| {
            let frames = self.frames(call).iter();
            frames.map(move |frame| Shown { call, frame })
        })
    }

    /// The frames of a stack that a traceback shows by default, leaf first: those of the program,
    /// not the runtime's own nor wrappers that the compiler made.
    pub fn shown(&self, stack: StackIx) -> impl Iterator<Item = Shown<'_>> {
        let mut first = true;
        let mut callee_panics = false;
        self.stack_frames(stack).filter(move |shown| {
            let name = self.text(shown.frame.func);
            let hidden_wrapper = shown.frame.wrapper && !callee_panics;
            let innermost = std::mem::take(&mut first);
            callee_panics = PANICS.contains(&name);
            if hidden_wrapper {
                return false;
            }
            match name {
                "runtime.gopanic" => !innermost,
                "runtime.runFinalizers" | "runtime.runCleanups" => true,
                _ => self.is_shown_name(name),
            }
        })
    }

    /// Whether a function of this name is shown, as far as its name tells.
    fn is_shown_name(&self, name: &str) -> bool {
        name.contains('.') && (!name.starts_with("runtime.") || is_exported_runtime(name))
    }

    /// Whether a traceback shows the call that made a goroutine.
    pub fn shows_creator(&self, call: CallIx) -> bool {
        let frame = self.frames(call).last();
        frame.is_some_and(|f| self.is_shown_name(self.text(f.func)))
    }
}

/// A wrapper that the compiler made is shown where it calls one of these.
pub const PANICS: [&str; 3] = ["runtime.gopanic", "runtime.sigpanic", "runtime.panicwrap"];

/// Whether this is a function of package runtime that programs can call: an exported function, or
/// an exported method of an exported type.
pub fn is_exported_runtime(name: &str) -> bool {
    let Some(name) = name.strip_prefix("runtime.") else {
        return false;
    };
    let is_upper = |s: &str| s.starts_with(|c: char| c.is_ascii_uppercase());
    match name.rsplit_once('.') {
        None => is_upper(name),
        Some((receiver, method)) => {
            let pointer = receiver
                .strip_prefix("(*")
                .and_then(|r| r.strip_suffix(')'));
            is_upper(method) && is_upper(pointer.unwrap_or(receiver))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Builder;

    fn shown(names: &[&str], wrappers: &[&str]) -> Vec<String> {
        let mut b = Builder::default();
        let calls: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let frame = Frame {
                    func: b.text(name),
                    file: b.text("x.go"),
                    line: 1,
                    start_line: 0,
                    inlined: false,
                    wrapper: wrappers.contains(name),
                };
                b.call(i as u64, None, false, &[frame])
            })
            .collect();
        let stack = b.stack(&calls);
        let made = b.finish();
        let names = made
            .shown(stack)
            .map(|s| made.text(s.frame.func).to_owned());
        names.collect()
    }

    #[test]
    fn the_runtimes_own_frames_are_hidden() {
        let stack = [
            "runtime.gopark",
            "runtime.chanrecv",
            "main.f",
            "runtime.goexit",
        ];
        assert_eq!(shown(&stack, &[]), ["main.f"]);
        assert_eq!(
            shown(&["runtime.Gosched", "memmove", "main.f"], &[]),
            ["runtime.Gosched", "main.f"]
        );
        assert_eq!(shown(&["runtime.gopanic", "main.f"], &[]), ["main.f"]);
        assert_eq!(
            shown(&["main.d", "runtime.gopanic", "main.f"], &[]),
            ["main.d", "runtime.gopanic", "main.f"]
        );
    }

    #[test]
    fn wrappers_are_hidden_unless_they_panic() {
        let stack = ["main.T.M", "main.(*T).M", "main.main"];
        assert_eq!(shown(&stack, &["main.(*T).M"]), ["main.T.M", "main.main"]);
        let stack = ["main.d", "runtime.panicwrap", "main.(*T).M"];
        assert_eq!(shown(&stack, &["main.(*T).M"]), ["main.d", "main.(*T).M"]);
    }

    #[test]
    fn exported_names_of_the_runtime() {
        for (name, expect) in [
            ("runtime.GC", true),
            ("runtime.gcStart", false),
            ("runtime.(*Func).Entry", true),
            ("runtime.(*mheap).Entry", false),
            ("runtime.Frames.next", false),
            ("main.X", false),
        ] {
            assert_eq!(is_exported_runtime(name), expect, "{name}");
        }
    }
}
