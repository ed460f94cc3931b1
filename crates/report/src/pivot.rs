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
    /// How many boxes are too narrow; what is above or below those is not counted.
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

/// A box and the stacks that run through it, each with the place where it does.
struct Open {
    cell: Cell,
    stacks: Vec<(usize, usize)>,
}

/// Which way boxes are added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Callees, below.
    Down,
    /// Callers, above.
    Up,
}

/// The stacks by the source at their places: a box for each, the widest first. What ends there is
/// counted as its own.
fn boxes(
    set: &StackSet,
    stacks: impl Iterator<Item = (usize, usize)>,
    row: i32,
    own: bool,
) -> Vec<Open> {
    let mut numbers: FxHashMap<u32, usize> = FxHashMap::default();
    let mut boxes: Vec<Open> = Vec::new();
    for (i, at) in stacks {
        let (stack, value) = (set.stack(i), set.values[i]);
        let number = *numbers.entry(stack[at]).or_insert_with(|| {
            boxes.push(Open {
                cell: Cell {
                    source: stack[at],
                    row,
                    start: 0,
                    gain: 0,
                    loss: 0,
                    own: 0,
                },
                stacks: Vec::new(),
            });
            boxes.len() - 1
        });
        let open = &mut boxes[number];
        let cell = &mut open.cell;
        let sum = if value < 0 {
            &mut cell.loss
        } else {
            &mut cell.gain
        };
        *sum = sum.saturating_add(value.unsigned_abs());
        if own && at + 1 == stack.len() {
            cell.own = cell.own.wrapping_add(value);
        }
        open.stacks.push((i, at));
    }
    boxes.sort_by_key(|b| (std::cmp::Reverse(b.cell.width()), b.cell.source));
    boxes
}

impl Pivot {
    /// The boxes around the sources of these unique names, or all from the root if there are none.
    pub fn new(set: &StackSet, names: &[&str]) -> Self {
        let mut wanted: Vec<bool> = { set.sources.iter() }
            .map(|source| names.contains(&source.unique_name.as_str()))
            .collect();
        if let Some(root) = wanted.first_mut() {
            *root = names.is_empty();
        }
        let through = (0..set.values.len()).filter_map(|i| {
            // Of several, as in recursion, the outermost.
            let at = set.stack(i).iter().position(|&s| wanted[s as usize])?;
            Some((i, at))
        });
        let pivots = boxes(set, through, 0, true);
        let widths = pivots.iter().map(|b| b.cell.width());
        let width = widths.fold(0, u64::saturating_add);
        let mut pivot = Pivot {
            width,
            cells: Vec::new(),
            hidden: 0,
        };
        let mut start = 0;
        for mut open in pivots {
            open.cell.start = start;
            start = start.saturating_add(open.cell.width());
            pivot.cells.push(open.cell);
            pivot.grow(set, &open, Way::Up);
            pivot.grow(set, &open, Way::Down);
        }
        pivot.cells.sort_by_key(|c| (c.row, c.start));
        pivot
    }

    /// Adds what is above or below a box, as far as it can be seen.
    fn grow(&mut self, set: &StackSet, from: &Open, way: Way) {
        let narrowest = ((self.width as f64 * NARROWEST) as u64).max(1);
        let add = |pivot: &mut Pivot, open: &Open| -> Vec<Open> {
            let next = |&(i, at): &(usize, usize)| match way {
                Way::Down => (at + 1 < set.stack(i).len()).then_some((i, at + 1)),
                // The root says nothing.
                Way::Up => at.checked_sub(1).filter(|&at| at > 0).map(|at| (i, at)),
            };
            let (row, own) = match way {
                Way::Down => (open.cell.row + 1, true),
                Way::Up => (open.cell.row - 1, false),
            };
            let mut found = boxes(set, open.stacks.iter().filter_map(next), row, own);
            let mut start = open.cell.start;
            for child in &mut found {
                child.cell.start = start;
                start = start.saturating_add(child.cell.width());
            }
            let all = found.len();
            found.retain(|child| child.cell.width() >= narrowest);
            pivot.hidden += all - found.len();
            pivot.cells.extend(found.iter().map(|child| child.cell));
            found
        };
        let mut open = add(self, from);
        while let Some(next) = open.pop() {
            open.extend(add(self, &next));
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
