//! A table of text whose cells may span columns, laid out as `benchstat` lays out its own.

use std::io::{self, Write};

use super::Tone;

/// Where the text of a cell is in the cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// At its left.
    #[default]
    Left,
    /// In its middle.
    Center,
    /// At its right.
    Right,
}

/// What stands in one or more columns of a row.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// How many columns it has.
    pub span: usize,
    /// Its text.
    pub text: String,
    /// What stands before the text; of the width of the widest in this column.
    pub margin: &'static str,
    /// Where the text is.
    pub align: Align,
    /// Its colour.
    pub tone: Tone,
}

/// A field and where it begins.
#[derive(Debug)]
struct Cell {
    row: usize,
    column: usize,
    field: Field,
}

/// A table in the making, row by row and from left to right.
#[derive(Debug, Default)]
pub struct Grid {
    cells: Vec<Cell>,
    columns: usize,
    /// Columns that wide cells do not widen.
    narrow: Vec<usize>,
    row: usize,
    column: usize,
}

impl Field {
    /// A field of one column.
    pub fn new(text: impl Into<String>) -> Field {
        let text = text.into();
        Field {
            span: 1,
            margin: if text.is_empty() { "" } else { " " },
            text,
            ..Field::default()
        }
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.margin.trim().is_empty()
    }

    fn width(&self) -> i64 {
        width(&self.text)
    }
}

fn width(text: &str) -> i64 {
    text.chars().count() as i64
}

impl Grid {
    /// Starts a row.
    pub fn row(&mut self) {
        if !self.cells.is_empty() {
            self.row += 1;
        }
        self.column = 0;
    }

    /// Goes on at this column.
    pub fn go_to(&mut self, column: usize) {
        self.column = column;
    }

    /// Where the next cell will be.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Puts a field.
    pub fn put(&mut self, mut field: Field) {
        let (row, column) = (self.row, self.column);
        if column == 0 {
            field.margin = "";
        }
        self.column += field.span;
        self.columns = self.columns.max(self.column);
        self.cells.push(Cell { row, column, field });
    }

    /// Keeps a column as narrow as its own cells are.
    pub fn keep_narrow(&mut self, column: usize) {
        self.narrow.push(column);
    }

    /// The widths of the columns with their margins.
    fn widths(&self, margins: &[i64]) -> Vec<i64> {
        let mut widths = vec![0; self.columns];
        let mut by_span: Vec<&Cell> = self.cells.iter().collect();
        by_span.sort_by_key(|cell| cell.field.span);
        for cell in by_span {
            let mut wanted = cell.field.width() + margins[cell.column];
            let range = cell.column..cell.column + cell.field.span;
            if cell.field.span == 1 {
                widths[cell.column] = wanted.max(widths[cell.column]);
                continue;
            }
            if widths[range.clone()].iter().sum::<i64>() >= wanted {
                continue;
            }
            let (narrow, mut wide): (Vec<usize>, Vec<usize>) =
                range.partition(|column| self.narrow.contains(column));
            wanted -= narrow.iter().map(|&column| widths[column]).sum::<i64>();
            // All get the same width, but for those that are wider already.
            wide.sort_by_key(|&column| -widths[column]);
            let mut left = wide.len() as i64;
            for column in wide {
                let share = (wanted + left - 1) / left;
                widths[column] = share.max(widths[column]);
                wanted -= widths[column];
                left -= 1;
            }
        }
        widths
    }

    /// Writes the table; `paint` gives a text its colour.
    pub fn write(
        &self,
        out: &mut dyn Write,
        paint: &dyn Fn(Tone, &str) -> String,
    ) -> io::Result<()> {
        let mut margins = vec![0; self.columns];
        for cell in &self.cells {
            margins[cell.column] = margins[cell.column].max(width(cell.field.margin));
        }
        let mut offsets = vec![0];
        for width in self.widths(&margins) {
            offsets.push(offsets[offsets.len() - 1] + width);
        }
        let (mut row, mut at) = (0, 0i64);
        for cell in self.cells.iter().filter(|cell| !cell.field.is_blank()) {
            while row < cell.row {
                writeln!(out)?;
                (row, at) = (row + 1, 0);
            }
            let margin = margins[cell.column];
            let spaces = offsets[cell.column] - at;
            // Where a cell is wider than its columns, benchstat moves what follows by as much again.
            write!(out, "{}", blank(spaces))?;
            write!(
                out,
                "{}{}",
                blank(margin - width(cell.field.margin)),
                cell.field.margin
            )?;
            let room = offsets[cell.column + cell.field.span] - offsets[cell.column] - margin;
            let free = room - cell.field.width();
            let (before, after) = match cell.field.align {
                Align::Left => (0, 0),
                Align::Center => (free / 2, 0),
                Align::Right if room < 0 => (0, -room - cell.field.width()),
                Align::Right => (free.max(0), 0),
            };
            let after = after.max(0);
            write!(
                out,
                "{}{}{}",
                blank(before),
                paint(cell.field.tone, &cell.field.text),
                blank(after)
            )?;
            at += spaces + margin + before.abs() + cell.field.width() + after;
        }
        if !self.cells.is_empty() {
            writeln!(out)?;
        }
        Ok(())
    }
}

/// So many spaces, whatever the sign.
fn blank(count: i64) -> String {
    " ".repeat(count.unsigned_abs() as usize)
}
