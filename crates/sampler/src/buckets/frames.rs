//! The frames that return addresses stand for. Mirrors runtime.CallersFrames and its relatives in
//! src/runtime/symtab.go and symtabinl.go.

use gobin::{FuncId, GoBin};

/// One frame: what an address in a stack stands for if each inlined call has one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// The address of the call.
    pub pc: u64,
    /// Entry of the compiled function; 0 for what is no Go code.
    pub entry: u64,
    /// It was inlined into its caller.
    pub inlined: bool,
    pub name: &'a str,
    pub file: &'a str,
    pub line: u32,
    pub start_line: u32,
}

/// Looks addresses up in one program.
pub(super) struct Frames<'a> {
    bin: &'a GoBin,
    bias: u64,
}

impl<'a> Frames<'a> {
    pub fn new(bin: &'a GoBin, bias: u64) -> Frames<'a> {
        Frames { bin, bias }
    }

    /// The innermost frame of a return address.
    pub fn of(&self, addr: u64) -> Frame<'a> {
        let table = self.bin.pclntab();
        let at = addr.wrapping_sub(self.bias);
        let mut found = Vec::new();
        let entry = table.find(at).map(|func| {
            table.frames_of(&func, call_of(at, func.entry), &mut found);
            func.entry
        });
        match (entry, found.first()) {
            (Some(entry), Some(f)) => Frame {
                pc: call_of(at, entry).wrapping_add(self.bias),
                entry: entry.wrapping_add(self.bias),
                inlined: f.inlined,
                name: f.func,
                file: f.file,
                line: f.line,
                start_line: f.start_line,
            },
            _ => Frame {
                pc: addr.wrapping_sub(1),
                entry: 0,
                inlined: false,
                name: "",
                file: "",
                line: 0,
                start_line: 0,
            },
        }
    }

    /// The function at an address, as runtime.FuncForPC names it.
    pub fn name_at(&self, addr: u64) -> Option<&'a str> {
        let mut found = Vec::new();
        let table = self.bin.pclntab();
        table.frames(addr.wrapping_sub(self.bias), &mut found);
        found.first().map(|f| f.func)
    }

    /// A stack of compiled calls as one of inlined calls, at most `depth` of them. What is in it as
    /// an inlined call already stays.
    pub fn expand(&self, stack: &[u64], depth: usize) -> Vec<u64> {
        let mut out = Vec::with_capacity(stack.len() * 2);
        let table = self.bin.pclntab();
        let mut rest = stack.iter().copied();
        let mut next = None;
        let mut found = Vec::new();
        while out.len() < depth {
            let Some(addr) = next.take().or_else(|| rest.next()) else {
                break;
            };
            let at = addr.wrapping_sub(self.bias);
            let Some(func) = table.find(at) else {
                continue;
            };
            let call = call_of(at, func.entry);
            out.push(call.wrapping_add(self.bias).wrapping_add(1));
            let outer: Vec<u64> = table.inlined_calls(&func, call);
            if outer.is_empty() {
                continue;
            }
            found.clear();
            table.frames_of(&func, call, &mut found);
            let callee = found.first().map_or(FuncId::Normal, |f| f.id);
            let following = rest.clone().next();
            let to_come = outer.iter().zip(found.iter().skip(1));
            for (pc, frame) in to_come {
                let back = pc.wrapping_add(self.bias).wrapping_add(1);
                match following {
                    Some(following) if following != back => {}
                    _ => break,
                }
                if !frame.hides(callee) {
                    next = Some(back);
                    break;
                }
            }
        }
        if out.is_empty() {
            // What has no Go frame at all has one that is nothing.
            out.push(1);
        }
        out
    }

    /// The stack with what its last call was inlined into: a stack that was cut may end in between.
    pub fn expand_last(&self, stack: &[u64]) -> Vec<u64> {
        let mut out = stack.to_vec();
        let Some(last) = stack.last() else {
            return out;
        };
        let call = last.wrapping_sub(self.bias).wrapping_sub(1);
        let table = self.bin.pclntab();
        let Some(func) = table.find(call) else {
            return out;
        };
        let outer = table.inlined_calls(&func, call);
        if outer.is_empty() {
            return out;
        }
        let mut found = Vec::new();
        table.frames_of(&func, call, &mut found);
        out.pop();
        let mut callee = FuncId::Normal;
        let pcs = std::iter::once(call).chain(outer);
        for (pc, frame) in pcs.zip(&found) {
            if !frame.hides(callee) {
                out.push(pc.wrapping_add(self.bias).wrapping_add(1));
            }
            callee = frame.id;
        }
        out
    }
}

/// The call that returns to `at`; a stack may also have the entry of a function.
fn call_of(at: u64, entry: u64) -> u64 {
    match at > entry {
        true => at - 1,
        false => at,
    }
}
