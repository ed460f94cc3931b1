//! Addresses of a program as calls of [`goroutines::Goroutines`].

use gobin::{FuncId, GoBin};
use goroutines::{Builder, CallIx, Frame};
use rustc_hash::FxHashMap;

/// Names addresses, each once.
pub(crate) struct Symbols<'a> {
    bin: &'a GoBin,
    bias: u64,
    calls: FxHashMap<(u64, bool), CallIx>,
    creators: FxHashMap<u64, Option<CallIx>>,
    starts: FxHashMap<u64, Start>,
    frames: Vec<gobin::Frame<'a>>,
}

/// What a goroutine's first function tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// It is the program's.
    User,
    /// It is the runtime's.
    System,
    /// It is the runtime's, unless it runs a function of the program.
    Serves,
}

impl<'a> Symbols<'a> {
    pub fn new(bin: &'a GoBin, bias: u64) -> Symbols<'a> {
        Symbols {
            bin,
            bias,
            calls: FxHashMap::default(),
            creators: FxHashMap::default(),
            starts: FxHashMap::default(),
            frames: Vec::new(),
        }
    }

    /// The call at `pc`, with what was inlined into it.
    pub fn call(&mut self, out: &mut Builder, pc: u64, exact: bool) -> CallIx {
        if let Some(known) = self.calls.get(&(pc, exact)) {
            return *known;
        }
        let at = pc.wrapping_sub(self.bias);
        let table = self.bin.pclntab();
        let lookup = if exact { at } else { at.wrapping_sub(1) };
        self.frames.clear();
        table.frames(lookup, &mut self.frames);
        let frames: Vec<Frame> = self
            .frames
            .iter()
            .map(|f| Frame {
                func: out.text(f.func),
                file: out.text(f.file),
                line: f.line,
                start_line: f.start_line,
                inlined: f.inlined,
                wrapper: f.wrapper,
            })
            .collect();
        let func = table.find(lookup);
        let offset = func.and_then(|f| u32::try_from(at.wrapping_sub(f.entry)).ok());
        let call = out.call(pc, offset, exact, &frames);
        self.calls.insert((pc, exact), call);
        call
    }

    /// The `go` statement that returns to `pc`: the function as it is compiled, inlined calls aside,
    /// as the runtime prints it.
    pub fn creator(&mut self, out: &mut Builder, pc: u64) -> Option<CallIx> {
        if let Some(known) = self.creators.get(&pc) {
            return *known;
        }
        let at = pc.wrapping_sub(self.bias);
        let table = self.bin.pclntab();
        let call = table.find(at).map(|func| {
            let exact = at == func.entry;
            let (file, line) = table.file_line(&func, if exact { at } else { at - 1 });
            let frame = Frame {
                func: out.text(func.name()),
                file: out.text(file),
                line,
                start_line: func.start_line(),
                inlined: false,
                wrapper: func.is_wrapper(),
            };
            let offset = u32::try_from(at - func.entry).ok();
            out.call(pc, offset, exact, &[frame])
        });
        self.creators.insert(pc, call);
        call
    }

    /// Whose a goroutine is that begins at `pc`. Mirrors isSystemGoroutine of
    /// src/runtime/traceback.go.
    pub fn start(&mut self, pc: u64) -> Start {
        let (bin, bias) = (self.bin, self.bias);
        *self.starts.entry(pc).or_insert_with(|| {
            let Some(func) = bin.pclntab().find(pc.wrapping_sub(bias)) else {
                return Start::User;
            };
            match func.name() {
                "runtime.runfinq" | "runtime.runFinalizers" | "runtime.runCleanups" => {
                    Start::Serves
                }
                "runtime.corostart" => Start::User,
                name if name.starts_with("runtime.")
                    && !matches!(func.id(), FuncId::RuntimeMain | FuncId::HandleAsyncEvent) =>
                {
                    Start::System
                }
                _ => Start::User,
            }
        })
    }
}
