//! Makes [`Goroutines`], each shared thing once.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::model::{Call, CallIx, Frame, Goroutine, Goroutines, LabelsIx, StackIx, Text};

/// A [`Goroutines`] in the making.
#[derive(Debug)]
pub struct Builder {
    made: Goroutines,
    texts: FxHashMap<Box<str>, Text>,
    calls: HashTable<CallIx>,
    stacks: HashTable<StackIx>,
    labels: FxHashMap<Vec<(String, String)>, LabelsIx>,
}

impl Default for Builder {
    fn default() -> Self {
        let mut builder = Builder {
            made: Goroutines::default(),
            texts: FxHashMap::default(),
            calls: HashTable::new(),
            stacks: HashTable::new(),
            labels: FxHashMap::default(),
        };
        // The defaults of the index types stand for nothing.
        builder.text("");
        builder.stack(&[]);
        builder.labels(Vec::new());
        builder
    }
}

impl Builder {
    /// The artefact, for what is not shared.
    pub fn made(&mut self) -> &mut Goroutines {
        &mut self.made
    }

    /// What was made so far.
    pub fn so_far(&self) -> &Goroutines {
        &self.made
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> Text {
        if let Some(&known) = self.texts.get(text) {
            return known;
        }
        let index = Text(index(self.made.texts.len()));
        self.made.texts.push(text.into());
        self.texts.insert(text.into(), index);
        index
    }

    /// A call; `frames` are its functions, innermost first.
    pub fn call(&mut self, pc: u64, offset: Option<u32>, exact: bool, frames: &[Frame]) -> CallIx {
        let hash = FxBuildHasher.hash_one((pc, offset, exact, frames));
        let made = &mut self.made;
        let is_it = |ix: &CallIx| {
            let call = made.call(*ix);
            (call.pc, call.offset, call.exact) == (pc, offset, exact) && made.frames(*ix) == frames
        };
        if let Some(&known) = self.calls.find(hash, is_it) {
            return known;
        }
        let start = index(made.frames.len());
        made.frames.extend_from_slice(frames);
        let new = CallIx(index(made.calls.len()));
        made.calls.push(Call {
            pc,
            offset,
            exact,
            frames: (start, index(made.frames.len())),
        });
        self.calls.insert_unique(hash, new, |ix| {
            let call = made.call(*ix);
            FxBuildHasher.hash_one((call.pc, call.offset, call.exact, made.frames(*ix)))
        });
        new
    }

    /// A stack of calls, leaf first.
    pub fn stack(&mut self, calls: &[CallIx]) -> StackIx {
        let hash = FxBuildHasher.hash_one(calls);
        let made = &mut self.made;
        if let Some(&known) = self.stacks.find(hash, |ix| made.stack(*ix) == calls) {
            return known;
        }
        let start = index(made.stack_calls.len());
        made.stack_calls.extend_from_slice(calls);
        let new = StackIx(index(made.stacks.len()));
        made.stacks.push((start, index(made.stack_calls.len())));
        self.stacks
            .insert_unique(hash, new, |ix| FxBuildHasher.hash_one(made.stack(*ix)));
        new
    }

    /// A set of labels.
    pub fn labels(&mut self, mut labels: Vec<(String, String)>) -> LabelsIx {
        labels.sort();
        if let Some(&known) = self.labels.get(&labels) {
            return known;
        }
        let new = LabelsIx(index(self.made.labels.len()));
        self.made.labels.push(labels.clone());
        self.labels.insert(labels, new);
        new
    }

    /// Adds a goroutine.
    pub fn add(&mut self, goroutine: Goroutine) {
        self.made.all.push(goroutine);
    }

    /// The finished artefact.
    pub fn finish(self) -> Goroutines {
        self.made
    }
}

/// No table grows to four billion entries: memory ends before.
fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_kept_once() {
        let mut b = Builder::default();
        let frame = |b: &mut Builder, func: &str, line| Frame {
            func: b.text(func),
            file: b.text("a.go"),
            line,
            start_line: 0,
            inlined: false,
            wrapper: false,
        };
        let (f, g) = (frame(&mut b, "main.f", 1), frame(&mut b, "main.g", 2));
        let calls = [
            b.call(16, Some(4), false, &[f, g]),
            b.call(32, None, false, &[g]),
        ];
        assert_eq!(b.call(16, Some(4), false, &[f, g]), calls[0]);
        assert_ne!(b.call(16, Some(4), true, &[f, g]), calls[0]);
        let stack = b.stack(&calls);
        assert_eq!(b.stack(&calls.clone()), stack);
        assert_ne!(b.stack(&calls[1..]), stack);
        let labels = b.labels(vec![("b".into(), "2".into()), ("a".into(), "1".into())]);
        let again = b.labels(vec![("a".into(), "1".into()), ("b".into(), "2".into())]);
        assert_eq!(labels, again);
        let made = b.finish();
        assert_eq!(made.stack(stack), calls);
        assert_eq!(made.text(made.frames(calls[0])[1].func), "main.g");
        assert_eq!(made.label_set(labels)[0].0, "a");
        assert!(made.stack(StackIx::default()).is_empty());
        assert!(made.label_set(LabelsIx::default()).is_empty());
    }
}
