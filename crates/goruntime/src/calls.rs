//! Whether a return address can be one: the instruction before it has to be a call of the callee.

use gobin::{Func, FuncId, GoBin};

/// Whether the instruction that ends at `pc` is a call that can end up in `callee`: a direct call
/// of it, a direct call of another function which jumps to it, or an indirect one. Addresses are
/// those of the file, whose bytes are looked at: text does not change.
pub fn returns_from(go: &GoBin, pc: u64, callee: &Func<'_>) -> bool {
    match call_before(go, pc) {
        // Duff's devices are entered in their middle. Else it may be an ABI wrapper or an assembly
        // function that jumps on to the callee, as systemstack does on the system stack.
        Some(Call::Direct(target)) => {
            (callee.entry..callee.end).contains(&target)
                || go.pclntab().find(target).is_some_and(|f| {
                    f.entry == target && (f.id() == FuncId::Systemstack || jumps_to(go, &f, callee))
                })
        }
        Some(Call::Indirect) => true,
        None => false,
    }
}

/// Whether `pc` can be where `callee`, a function on the stack, returns to in `caller`, as far as the
/// instruction before it tells. `pc` is an address of the file.
pub fn is_caller(go: &GoBin, pc: u64, caller: &Func<'_>, callee: &Func<'_>) -> bool {
    // Return addresses that no call has left there: the first of a goroutine, those of injected
    // calls, and that under a callback from C.
    match (callee.id(), caller.id()) {
        (_, FuncId::Goexit)
        | (FuncId::AsyncPreempt | FuncId::Sigpanic | FuncId::DebugCall, _)
        | (FuncId::Cgocallback, FuncId::SystemstackSwitch) => true,
        // It stands for whoever left the goroutine's stack.
        (FuncId::SystemstackSwitch, _) => call_before(go, pc).is_some(),
        _ => returns_from(go, pc, callee),
    }
}

/// A call instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// To this address.
    Direct(u64),
    /// Through a register or memory.
    Indirect,
}

/// The call instruction that ends just before `pc`. An encoding that only looks like one cannot be
/// told apart, since x86 instructions cannot be decoded backwards.
pub fn call_before(go: &GoBin, pc: u64) -> Option<Call> {
    let code = go.read(pc.checked_sub(8)?, 8)?;
    if code[3] == 0xe8 {
        let rel = i32::from_le_bytes([code[4], code[5], code[6], code[7]]);
        let target = pc.wrapping_add(rel as i64 as u64);
        if go
            .segments()
            .iter()
            .any(|s| s.executable && (s.vaddr..s.vaddr.saturating_add(s.memsz)).contains(&target))
        {
            return Some(Call::Direct(target));
        }
    }
    // FF /2 with a register, [reg], [reg+disp8], [reg+disp32], each with or without SIB byte.
    for len in 2..=7 {
        let op = &code[8 - len..];
        if op[0] != 0xff || op[1] >> 3 & 7 != 2 {
            continue;
        }
        let (mode, rm) = (op[1] >> 6, op[1] & 7);
        let sib = usize::from(mode != 3 && rm == 4);
        let disp = match mode {
            0 if rm == 5 => 4,
            0 if sib == 1 && op.get(2).is_some_and(|s| s & 7 == 5) => 4,
            1 => 1,
            2 => 4,
            _ => 0,
        };
        if len == 2 + sib + disp {
            return Some(Call::Indirect);
        }
    }
    None
}

/// Whether `from` has a jump to `to`'s first instruction.
fn jumps_to(go: &GoBin, from: &Func<'_>, to: &Func<'_>) -> bool {
    let len = from.end.saturating_sub(from.entry).min(4096) as usize;
    let Some(code) = go.read(from.entry, len) else {
        return false;
    };
    (0..len.saturating_sub(4)).any(|i| {
        let near = |skip: usize| {
            let rel = i32::from_le_bytes(code[i + skip..i + skip + 4].try_into().unwrap_or([0; 4]));
            from.entry
                .wrapping_add((i + skip + 4) as u64)
                .wrapping_add(rel as i64 as u64)
        };
        match code[i] {
            0xe9 | 0xe8 => near(1) == to.entry,
            0x0f if code[i + 1] & 0xf0 == 0x80 && i + 6 <= len => near(2) == to.entry,
            _ => false,
        }
    })
}
