//! The model: rows and tables.

/// A text, in the table of the artefact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(pub(crate) u32);

/// A call, in the table of the artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallIx(pub(crate) u32);

/// A stack, in the table of the artefact; the default is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackIx(pub(crate) u32);

/// A set of labels, in the table of the artefact; the default is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelsIx(pub(crate) u32);

impl StackIx {
    /// Its place in the table, for tables beside it.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl LabelsIx {
    /// Its place in the table, for tables beside it.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A source-level frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The function's full name.
    pub func: Text,
    /// Its source file, as the compiler wrote it.
    pub file: Text,
    /// The line being run, or of the call; 0 if not known.
    pub line: u32,
    /// The line of the `func` keyword; 0 if not known.
    pub start_line: u32,
    /// Its code was put into that of the next frame.
    pub inlined: bool,
    /// Made by the compiler to call another function.
    pub wrapper: bool,
}

/// One physical frame of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The address that the call returns to, or where the goroutine is; 0 if not known.
    pub pc: u64,
    /// From the function's first instruction to `pc`; `None` if not known.
    pub offset: Option<u32>,
    /// `pc` is where the goroutine is, not where a call returns to.
    pub exact: bool,
    pub(crate) frames: (u32, u32),
}

/// What a goroutine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Ready to run.
    Runnable,
    /// On a thread, in Go.
    Running,
    /// In a system call or in C.
    Syscall,
    /// Blocked in the runtime; [`Goroutine::state`] says on what.
    Waiting,
    /// Stopped by the runtime.
    Preempted,
    /// Blocked for ever, as the garbage collector found.
    Leaked,
    /// Anything else, e.g. while its stack is moved.
    Other,
}

impl Status {
    /// The runtime's word.
    pub fn name(self) -> &'static str {
        match self {
            Status::Runnable => "runnable",
            Status::Running => "running",
            Status::Syscall => "syscall",
            Status::Waiting => "waiting",
            Status::Preempted => "preempted",
            Status::Leaked => "leaked",
            Status::Other => "other",
        }
    }
}

/// Where a goroutine's stack was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackOrigin {
    /// Its memory, where it left its thread; nothing changed while it was read.
    Parked,
    /// Its memory, where it entered its system call or C.
    Syscall,
    /// The registers of the thread that ran it.
    Registers,
    /// A text that was printed by the program itself.
    Printed,
    /// It ran, and its registers could not be had.
    Running,
    /// It changed whenever it was read.
    Torn,
}

impl StackOrigin {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            StackOrigin::Parked => "parked",
            StackOrigin::Syscall => "syscall",
            StackOrigin::Registers => "registers",
            StackOrigin::Printed => "printed",
            StackOrigin::Running => "not had: running",
            StackOrigin::Torn => "not had: torn",
        }
    }
}

/// A goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goroutine {
    /// Its number.
    pub id: u64,
    /// The goroutine that made it; 0 if not known.
    pub parent: u64,
    /// For how long it has waited, in nanoseconds, as far as Go knows; 0 if it does not.
    pub wait_ns: u64,
    /// The address of the channel, lock or the like that it waits for; 0 if not known, or several.
    pub waits_on: u64,
    /// The kernel thread that it is on; 0 for none.
    pub thread: u32,
    /// Number of its synctest bubble; 0 for none.
    pub bubble: u32,
    /// Its stack.
    pub stack: StackIx,
    /// The call that made it.
    pub created_by: Option<CallIx>,
    /// What it does or waits for, in Go's words: `running`, `chan receive`.
    pub state: Text,
    /// Its labels.
    pub labels: LabelsIx,
    /// What it does.
    pub status: Status,
    /// Where its stack was taken from.
    pub origin: StackOrigin,
    /// It belongs to the runtime, not to the program.
    pub system: bool,
    /// It is locked to a thread.
    pub locked: bool,
    /// Its stack goes deeper than was read.
    pub cut: bool,
}

/// How well the reading went. Every goroutine alive is in one of the first four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// With a whole stack that did not change while it was read.
    pub complete: u64,
    /// With a stack that goes deeper than was read.
    pub cut: u64,
    /// Running, with no stack.
    pub running: u64,
    /// That changed whenever they were read.
    pub torn: u64,
    /// Of all those, how many were read more than once.
    pub retried: u64,
    /// Slots of goroutines that have ended.
    pub dead: u64,
}

/// All goroutines of a program at one time.
#[derive(Clone, Debug, Default)]
pub struct Goroutines {
    /// What they were read from, e.g. `process 4711 (server)`.
    pub source: String,
    /// The program's Go version, e.g. `go1.23.9`; empty if not known.
    pub go_version: String,
    /// When, in nanoseconds since 1970; 0 if not known.
    pub time_ns: u64,
    /// The goroutines, in the order of the runtime or of the text.
    pub all: Vec<Goroutine>,
    /// How well the reading went.
    pub counts: Counts,
    /// Threads were stopped for it, for some microseconds each.
    pub stopped: bool,
    /// What the reader should know, a line each.
    pub notes: Vec<String>,
    pub(crate) texts: Vec<Box<str>>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) calls: Vec<Call>,
    pub(crate) stack_calls: Vec<CallIx>,
    pub(crate) stacks: Vec<(u32, u32)>,
    pub(crate) labels: Vec<Vec<(String, String)>>,
}

impl Goroutines {
    /// A text of the table.
    pub fn text(&self, text: Text) -> &str {
        self.texts.get(text.0 as usize).map_or("", |t| t)
    }

    /// A call of the table.
    pub fn call(&self, call: CallIx) -> &Call {
        &self.calls[call.0 as usize]
    }

    /// The functions of a call, innermost first.
    pub fn frames(&self, call: CallIx) -> &[Frame] {
        let (start, end) = self.call(call).frames;
        &self.frames[start as usize..end as usize]
    }

    /// The calls of a stack, leaf first.
    pub fn stack(&self, stack: StackIx) -> &[CallIx] {
        match self.stacks.get(stack.index()) {
            Some(&(start, end)) => &self.stack_calls[start as usize..end as usize],
            None => &[],
        }
    }

    /// How many different stacks there are.
    pub fn stack_count(&self) -> usize {
        self.stacks.len()
    }

    /// The labels of a set, sorted by key.
    pub fn label_set(&self, labels: LabelsIx) -> &[(String, String)] {
        self.labels.get(labels.index()).map_or(&[], |l| l)
    }

    /// How many different label sets there are.
    pub fn label_set_count(&self) -> usize {
        self.labels.len()
    }
}
