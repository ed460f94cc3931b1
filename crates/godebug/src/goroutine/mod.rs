//! Goroutine dumps: what `goroutine?debug=2`, `runtime.Stack`, SIGQUIT and crashes print, in every
//! version of Go since 1.0 (goroutineheader, traceback1, printpanics in src/runtime).
//!
//! ```text
//! panic: no key
//!
//! goroutine 1 gp=0xc0000061a0 m=0 mp=0x57a340 [chan receive, 5 minutes, locked to thread]:
//! main.(*T).get(...)
//!         /src/main.go:30
//! main.main()
//!         /src/main.go:58 +0x51b fp=0xc00006ef80 sp=0xc00006ed88 pc=0x48322b
//! created by main.start in goroutine 7
//!         /src/main.go:12 +0x25
//! ```
//!
//! [`Reader`] gives one [`Item`] after the other and holds no more than one goroutine; [`Dump`] is
//! all of them. Every line of the text is part of an item: those between goroutines that say
//! nothing here are [`Item::Other`], those within that cannot be read are [`Item::Damaged`].

mod artefact;
mod frame;
mod header;
mod profile;
mod reader;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use artefact::goroutines;
pub use profile::profile;
pub use reader::Reader;

/// A goroutine as it is printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Goroutine<'a> {
    /// Its number; 0 is a thread's own stack, the scheduler's.
    pub id: u64,
    /// The line of its headline, from 1.
    pub line: usize,
    /// It is headed `runtime stack:`: the stack on which the runtime crashed.
    pub runtime_stack: bool,
    /// Address of its `g`.
    pub gp: Option<u64>,
    /// Number of the `m` that it is on.
    pub m: Option<u64>,
    /// Address of that `m`.
    pub mp: Option<u64>,
    /// What it does or waits for, in Go's words: `running`, `chan receive (nil chan)`.
    pub state: &'a str,
    /// It will never run again, as the garbage collector found.
    pub leaked: bool,
    /// The garbage collector is scanning its stack.
    pub scan: bool,
    /// Nothing but others of its synctest bubble can wake it.
    pub durable: bool,
    /// For how many whole minutes it has waited; 0 for less, and if it is not told.
    pub wait_minutes: u64,
    /// It is locked to a thread.
    pub locked: bool,
    /// Number of its synctest bubble.
    pub bubble: Option<u64>,
    /// Its labels, in the order of the text.
    pub labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Its stack and what made it.
    pub stack: Stack<'a>,
    /// It runs on another thread, so that there is no stack.
    pub unavailable: bool,
    /// The goroutine that made it.
    pub parent: Option<u64>,
    /// The stacks of those that made it when they did, the nearest first (`tracebackancestors`).
    pub ancestors: Vec<Ancestor<'a>>,
}

/// A goroutine that made another one, as it was then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ancestor<'a> {
    /// Its number.
    pub id: u64,
    /// Its stack then, and what made it.
    pub stack: Stack<'a>,
}

/// The frames of a stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack<'a> {
    /// The frames, leaf first, without those that Go leaves out.
    pub frames: Vec<Frame<'a>>,
    /// Frames that are left out because there are too many.
    pub elided: Option<Elided>,
    /// The call of the `go` statement.
    pub created_by: Option<Frame<'a>>,
}

/// A gap in a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elided {
    /// How many frames are shown before it.
    pub after: usize,
    /// How many frames it has; Go before 1.21 does not say.
    pub frames: Option<u64>,
}

/// A frame as it is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The function's full name; `panic` is `runtime.gopanic`.
    pub func: &'a str,
    /// What stands between the parentheses: words of the arguments, `...` if they are not known.
    pub args: Option<&'a str>,
    /// Its code was put into that of the next frame.
    pub inlined: bool,
    /// The source file; empty if not known.
    pub file: &'a str,
    /// The line being run, or of the call; 0 if not known.
    pub line: u32,
    /// From the function's first instruction to where it returns to.
    pub offset: Option<u64>,
    /// Frame pointer.
    pub fp: Option<u64>,
    /// Stack pointer.
    pub sp: Option<u64>,
    /// Where it returns to.
    pub pc: Option<u64>,
}

/// A piece of a dump.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// A goroutine.
    Goroutine(Box<Goroutine<'a>>),
    /// Why the program prints all this: a panic, a fatal error, a signal.
    Reason(Reason<'a>),
    /// A register of the thread that got the signal, and its value.
    Register(&'a str, u64),
    /// The exit status that `go run` and `go test` tell.
    ExitStatus(u32),
    /// A line of something else.
    Other(&'a str),
    /// A line within a goroutine that says nothing that is known here.
    Damaged(&'a str),
}

/// Why a program prints its goroutines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason<'a> {
    /// What it is.
    pub kind: ReasonKind,
    /// The text after `panic: ` or the like, all its lines.
    pub text: Cow<'a, str>,
}

/// What a [`Reason`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasonKind {
    /// A panic; `recovered` if a deferred call had recovered from it, `again` if that panicked with
    /// the same value.
    Panic {
        /// `[recovered]`.
        recovered: bool,
        /// `[recovered, repanicked]`.
        again: bool,
    },
    /// `fatal error:`.
    Fatal,
    /// `SIGQUIT: quit`, `[signal SIGSEGV …]`.
    Signal,
    /// `runtime:`, what the runtime says before it gives up.
    #[default]
    Runtime,
}

/// A whole dump.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dump<'a> {
    /// Its items, in the order of the text.
    pub items: Vec<Item<'a>>,
}

impl<'a> Dump<'a> {
    /// Reads a dump out of a text that may hold other things too.
    pub fn parse(text: &'a str) -> Self {
        Dump {
            items: Reader::new(text).collect(),
        }
    }

    /// The goroutines.
    pub fn goroutines(&self) -> impl Iterator<Item = &Goroutine<'a>> {
        self.items.iter().filter_map(|item| match item {
            Item::Goroutine(g) => Some(&**g),
            _ => None,
        })
    }

    /// Why the program printed them.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason<'a>> {
        self.items.iter().filter_map(|item| match item {
            Item::Reason(reason) => Some(reason),
            _ => None,
        })
    }

    /// The lines within goroutines that could not be read.
    pub fn damaged(&self) -> impl Iterator<Item = &'a str> {
        self.items.iter().filter_map(|item| match item {
            Item::Damaged(line) => Some(*line),
            _ => None,
        })
    }
}

/// Whether a text has a goroutine in it.
pub fn is_dump(text: &str) -> bool {
    text.lines().any(|line| header::parse(line, 0).is_some())
}
