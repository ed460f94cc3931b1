//! The boxes of a flame graph that is turned around one function: its callees below, its callers
//! above, each with the part of its value that runs through the function.
//!
//! Equal callers and callees of one box are one box. What is too narrow to be seen is left out, so a
//! page is never larger than its screen, however large the profile is.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use crate::stacks::StackSet;

/// Boxes below this share of the whole width cannot be seen.
const NARROWEST: f64 = 1.0 / 5000.0;

/// The boxes around a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pivot {
    /// The width of the whole: the sum of the magnitudes of all values that run through it.
    pub width: u64,
    /// The boxes, row by row from the topmost caller.
    pub cells: Vec<Cell>,
    /// How many boxes are too narrow.
    pub hidden: usize,
}

/// A box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The source, by its number in the set.
    pub source: u32,
    /// 0 for the function itself, 1 for its callees, −1 for its callers.
    pub row: i32,
    /// Where it begins, in units of value from the left.
    pub start: u64,
    /// The sum of the values above 0.
    pub gain: u64,
    /// The sum of the values below 0, without sign.
    pub loss: u64,
    /// What of both ends here, with its sign.
    pub own: i64,
}

impl Cell {
    /// How wide it is.
    pub fn width(&self) -> u64 {
        self.gain.saturating_add(self.loss)
    }
}

/// A tree of boxes that grows away from the pivot.
#[derive(Default)]
struct Tree {
    cells: Vec<Cell>,
    children: Vec<Vec<u32>>,
    known: FxHashMap<(u32, u32), u32>,
}

/// The parent of boxes that have none.
const NONE: u32 = u32::MAX;

impl Tree {
    fn child(&mut self, parent: u32, source: u32, row: i32) -> u32 {
        let next = self.cells.len() as u32;
        let child = *self.known.entry((parent, source)).or_insert(next);
        if child == next {
            self.cells.push(Cell {
                source,
                row,
                start: 0,
                gain: 0,
                loss: 0,
                own: 0,
            });
            self.children.push(Vec::new());
            if parent != NONE {
                self.children[parent as usize].push(child);
            }
        }
        child
    }

    fn add(&mut self, cell: u32, value: i64) {
        let cell = &mut self.cells[cell as usize];
        let sum = if value < 0 {
            &mut cell.loss
        } else {
            &mut cell.gain
        };
        *sum = sum.saturating_add(value.unsigned_abs());
    }

    /// Puts the boxes below `cell` side by side, the widest first, and gives those wide enough.
    fn place(&mut self, cell: u32, narrowest: u64, out: &mut Vec<Cell>) -> usize {
        let mut hidden = 0;
        let mut open = vec![cell];
        while let Some(cell) = open.pop() {
            let mut start = self.cells[cell as usize].start;
            let mut children = std::mem::take(&mut self.children[cell as usize]);
            let key = |&c: &u32| {
                let c = self.cells[c as usize];
                (std::cmp::Reverse(c.width()), c.source)
            };
            children.sort_by_key(key);
            for child in children {
                let placed = &mut self.cells[child as usize];
                placed.start = start;
                start = start.saturating_add(placed.width());
                if placed.width() < narrowest {
                    hidden += 1;
                } else {
                    out.push(*placed);
                    open.push(child);
                }
            }
        }
        hidden
    }
}

impl Pivot {
    /// The boxes around the sources of these unique names, or all from the root if there are none.
    pub fn new(set: &StackSet, names: &[&str]) -> Self {
        let numbered = set.sources.iter().zip(0u32..);
        let mut wanted = vec![false; set.sources.len()];
        for (source, number) in numbered {
            wanted[number as usize] = number > 0 && names.contains(&source.unique_name.as_str());
        }
        if let Some(root) = wanted.first_mut() {
            *root = names.is_empty();
        }
        let (mut below, mut above) = (Tree::default(), Tree::default());
        for (i, &value) in set.values.iter().enumerate() {
            let stack = set.stack(i);
            // Of several, as in recursion, the outermost.
            let Some(at) = stack.iter().position(|&s| wanted[s as usize]) else {
                continue;
            };
            let mut cell = NONE;
            for (row, &source) in (0..).zip(&stack[at..]) {
                cell = below.child(cell, source, row);
                below.add(cell, value);
            }
            let own = &mut below.cells[cell as usize].own;
            *own = own.wrapping_add(value);
            let mut cell = NONE;
            // The root says nothing.
            let callers = stack[..=at].iter().rev().filter(|&&s| s != 0 || at == 0);
            for (row, &source) in (0..).zip(callers) {
                cell = above.child(cell, source, -row);
                above.add(cell, value);
            }
        }
        let mut first: Vec<u32> = (0..below.cells.len() as u32)
            .filter(|&c| below.cells[c as usize].row == 0)
            .collect();
        first.sort_by_key(|&c| {
            let cell = below.cells[c as usize];
            (std::cmp::Reverse(cell.width()), cell.source)
        });
        let sum = first.iter().map(|&c| below.cells[c as usize].width());
        let width = sum.fold(0, u64::saturating_add);
        let narrowest = ((width as f64 * NARROWEST) as u64).max(1);
        let mut cells = Vec::new();
        let mut hidden = 0;
        let mut start = 0;
        for cell in first {
            let pivot = &mut below.cells[cell as usize];
            pivot.start = start;
            let pivot = *pivot;
            cells.push(pivot);
            hidden += below.place(cell, narrowest, &mut cells);
            if let Some(&caller) = above.known.get(&(NONE, pivot.source)) {
                above.cells[caller as usize].start = start;
                hidden += above.place(caller, narrowest, &mut cells);
            }
            start = start.saturating_add(pivot.width());
        }
        cells.sort_by_key(|c| (c.row, c.start));
        Pivot {
            width,
            cells,
            hidden,
        }
    }

    /// Writes what a page needs to paint the boxes: the sources that occur, and the boxes as arrays of
    /// source, row, start, gain, loss and own value.
    pub fn write_json(&self, set: &StackSet, out: &mut dyn Write) -> io::Result<()> {
        let mut numbers: FxHashMap<u32, usize> = FxHashMap::default();
        let mut used = Vec::new();
        for cell in &self.cells {
            numbers.entry(cell.source).or_insert_with(|| {
                used.push(cell.source);
                used.len() - 1
            });
        }
        let text = |out: &mut dyn Write, text: &str| serde_json::to_writer(out, text);
        write!(
            out,
            "{{\"total\":{},\"scale\":{:e},\"width\":{},\"hidden\":{}",
            set.total, set.scale, self.width, self.hidden
        )?;
        out.write_all(b",\"type\":")?;
        text(out, &set.kind)?;
        out.write_all(b",\"unit\":")?;
        text(out, &set.unit)?;
        out.write_all(b",\"sources\":[")?;
        for (i, &number) in used.iter().enumerate() {
            let source = &set.sources[number as usize];
            out.write_all(if i > 0 { b",{" } else { b"{" })?;
            for (key, value) in [
                ("name", &source.full_name),
                ("file", &source.file_name),
                ("unique", &source.unique_name),
            ] {
                write!(out, "\"{key}\":")?;
                text(out, value)?;
                out.write_all(b",")?;
            }
            write!(out, "\"inlined\":{},\"display\":", source.inlined)?;
            serde_json::to_writer(&mut *out, &source.display)?;
            write!(out, ",\"self\":{},\"color\":{}}}", source.own, source.color)?;
        }
        out.write_all(b"],\"cells\":[")?;
        for (i, c) in self.cells.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let source = numbers[&c.source];
            write!(
                out,
                "{comma}[{source},{},{},{},{},{}]",
                c.row, c.start, c.gain, c.loss, c.own
            )?;
        }
        out.write_all(b"]}")
    }
}
