//! Stacks of goroutines that are not running, from copies of their memory.
//!
//! Goroutines by the thousand have the same few stacks. So what is met on the way up is kept as a
//! tree: a node for each call under the calls that it made, which knows how far its frame goes. To
//! walk a stack that was met before is one look-up a call, and its place in the tree is its name.
//!
//! Frames are unwound by pcsp, the table that the runtime itself uses. Mirrors the unwinder of
//! src/runtime/traceback.go. Between a call and its caller it is checked that the caller's code can
//! have made the call: what was torn while it was read does not pass for a stack.

use gobin::{Func, FuncId, GoBin};
use rustc_hash::FxHashMap;

use crate::calls;

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node(u32);

impl Node {
    /// The root of stacks whose every call is checked.
    pub const CHECKED: Node = Node(0);
    /// The root of stacks whose calls are not.
    pub const UNCHECKED: Node = Node(1);

    /// Its place, for tables beside the tree.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// The node of the call that it made; a root's own for a leaf.
    callee: Node,
    /// Where it is, or returns to; 0 for a root.
    pc: u64,
    /// From its stack pointer to the caller's; 0 where the stack ends.
    frame: u32,
    /// `pc` is where the goroutine was, not where a call returns to.
    exact: bool,
    /// Its caller's `pc` is one that no call has left there.
    interrupts: bool,
    checked: bool,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walked {
    /// The stack is whole; its outermost call.
    Whole(Node),
    /// The copy ends before the stack; the outermost call met.
    More(Node),
    /// This is no stack.
    Lost(Node),
}

/// All stacks met so far, of one program.
pub(crate) struct Stacks<'a> {
    bin: &'a GoBin,
    /// How far the process's addresses are above the file's.
    bias: u64,
    nodes: Vec<Known>,
    callers: FxHashMap<(Node, u64), Node>,
}

/// Deeper stacks are not walked to their end: Go's own limit is 1 GB of stack, and nobody reads it.
const MAX_DEPTH: usize = 1 << 16;

impl<'a> Stacks<'a> {
    pub fn new(bin: &'a GoBin, bias: u64) -> Stacks<'a> {
        let root = |node, checked| Known {
            callee: node,
            pc: 0,
            frame: 0,
            exact: true,
            interrupts: false,
            checked,
        };
        Stacks {
            bin,
            bias,
            nodes: vec![root(Node::CHECKED, true), root(Node::UNCHECKED, false)],
            callers: FxHashMap::default(),
        }
    }

    /// Walks from `pc` and the stack pointer of which `stack` holds a copy, the words from there
    /// up. The tree is that of `root`.
    pub fn walk(&mut self, root: Node, pc: u64, stack: &[u8]) -> Walked {
        let (mut at, mut node, mut pc) = (0_usize, root, pc);
        for _ in 0..MAX_DEPTH {
            node = match self.callers.get(&(node, pc)) {
                Some(known) => *known,
                None => match self.meet(node, pc) {
                    Some(new) => new,
                    None => return Walked::Lost(node),
                },
            };
            let frame = self.nodes[node.index()].frame as usize;
            if frame == 0 {
                return Walked::Whole(node);
            }
            at += frame;
            let Some(bytes) = stack.get(at - 8..at) else {
                return Walked::More(node);
            };
            pc = bytes.try_into().map_or(0, u64::from_le_bytes);
        }
        Walked::More(node)
    }

    /// The calls of a stack, outermost first, as addresses, and whether each is exact.
    pub fn calls(&self, outermost: Node) -> impl Iterator<Item = (u64, bool)> + '_ {
        let mut node = outermost;
        std::iter::from_fn(move || {
            let known = self.nodes[node.index()];
            if node == Node::CHECKED || node == Node::UNCHECKED {
                return None;
            }
            node = known.callee;
            Some((known.pc, known.exact))
        })
    }

    fn func(&self, pc: u64) -> Option<Func<'a>> {
        self.bin.pclntab().find(pc.wrapping_sub(self.bias))
    }

    /// Adds the caller at `pc` of `callee`, if there can be one.
    fn meet(&mut self, callee: Node, pc: u64) -> Option<Node> {
        let below = self.nodes[callee.index()];
        let is_leaf = below.pc == 0;
        let func = self.func(pc)?;
        let at = pc.wrapping_sub(self.bias);
        if below.checked && !is_leaf {
            let callee = self.func(below.pc)?;
            if !calls::is_caller(self.bin, at, &func, &callee) {
                return None;
            }
        }
        let id = func.id();
        // What moves the stack pointer by hand is followed only where it is known to be where its
        // table says: at the leaf, which saved it, and in a callback from C.
        let ends =
            func.is_top_frame() || (func.is_sp_write() && !is_leaf && id != FuncId::Cgocallback);
        let frame = if ends {
            0
        } else {
            let delta = self.bin.pclntab().sp_delta(&func, at)?;
            u32::try_from(delta).ok()?.checked_add(8)?
        };
        let node = Node(u32::try_from(self.nodes.len()).ok()?);
        self.nodes.push(Known {
            callee,
            pc,
            frame,
            exact: below.interrupts || func.entry == at,
            interrupts: matches!(
                id,
                FuncId::AsyncPreempt | FuncId::Sigpanic | FuncId::DebugCall
            ),
            checked: below.checked,
        });
        self.callers.insert((callee, pc), node);
        Some(node)
    }
}
