//! The tables as text: that of `benchstat`, byte for byte.

use std::io::{self, Write};

use godebug::bench::is_binary;

use super::grid::{Align, Field, Grid};
use super::scale::Scale;
use super::{Cell, Comparison, Table, Tables, Verdict};

/// What a text says, for its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// A change for the better, or less of it.
    Better,
    /// A change for the worse, or more of it.
    Worse,
}

/// Center, interval and footnotes.
const CENTER: usize = 3;
/// Change, what the test says, and footnotes.
const CHANGE: usize = 3;

/// Where the fields of a column begin.
fn start(column: usize) -> usize {
    match column {
        0 => 1,
        later => 1 + CENTER + (later - 1) * (CENTER + CHANGE),
    }
}

/// Writes all tables; `paint` gives a text its colour.
pub fn write(
    tables: &Tables,
    out: &mut dyn Write,
    paint: &dyn Fn(Tone, &str) -> String,
) -> io::Result<()> {
    let mut before: Option<&Table> = None;
    for table in &tables.tables {
        if before.is_some() {
            writeln!(out)?;
        }
        for (i, key) in tables.keys.iter().enumerate() {
            let value = &table.config[i];
            if before.is_none_or(|before| before.config[i] != *value) {
                writeln!(out, "{key}: {value}")?;
            }
        }
        write_table(table, out, paint)?;
        before = Some(table);
    }
    Ok(())
}

fn write_table(
    table: &Table,
    out: &mut dyn Write,
    paint: &dyn Fn(Tone, &str) -> String,
) -> io::Result<()> {
    let mut grid = Grid::default();
    let mut notes = Notes::default();
    header(&mut grid, table);
    let binary = is_binary(&table.unit);
    for row in &table.rows {
        grid.row();
        grid.put(Field::new(&row.name));
        let scale = Scale::common(row.cells.iter().flatten().map(|cell| cell.center), binary);
        for (column, cell) in row.cells.iter().enumerate() {
            let Some(cell) = cell else { continue };
            grid.go_to(start(column));
            grid.put(right(scale.text(cell.center)));
            // In the margin, so that the signs are below each other and means above it.
            grid.put(Field {
                margin: " ± ",
                ..right(range(cell))
            });
            grid.put(Field::new(notes.add(&cell.warnings)));
            if let Some(comparison) = &cell.comparison {
                grid.put(Field {
                    tone: tone(comparison.verdict(cell.center, table.better)),
                    ..right(change(comparison, cell.center))
                });
                grid.put(Field::new(format!("({})", test(comparison))));
                grid.put(Field::new(notes.add(&comparison.warnings)));
            }
        }
    }
    if table.rows.len() > 1 {
        means(&mut grid, &mut notes, table, binary);
    }
    grid.write(out, paint)?;
    for (i, note) in notes.texts.iter().enumerate() {
        writeln!(out, "{} {note}", superscript(i + 1))?;
    }
    Ok(())
}

fn header(grid: &mut Grid, table: &Table) {
    let edge = start(table.columns.len() + 1);
    let end = |grid: &mut Grid| {
        grid.go_to(edge);
        grid.put(Field {
            margin: " │",
            ..Field::new("")
        });
    };
    let over = |text: &str, span: usize| Field {
        span,
        margin: " │ ",
        align: Align::Center,
        ..Field::new(text)
    };
    grid.row();
    for (column, name) in table.columns.iter().enumerate() {
        grid.go_to(start(column));
        grid.put(over(name, start(column + 1) - start(column)));
    }
    end(grid);
    grid.row();
    for column in 0..table.columns.len() {
        grid.go_to(start(column));
        grid.put(over(&table.unit, CENTER));
        if column > 0 {
            grid.put(Field {
                span: CHANGE,
                margin: "  ",
                ..Field::new("vs base")
            });
        }
        for inner in start(column) + 1..grid.column() {
            grid.keep_narrow(inner);
        }
    }
    end(grid);
}

fn means(grid: &mut Grid, notes: &mut Notes, table: &Table, binary: bool) {
    grid.row();
    grid.put(Field::new("geomean"));
    for (column, mean) in table.means.iter().enumerate() {
        if let Some(center) = mean.center {
            grid.go_to(start(column));
            grid.put(right(Scale::common([center], binary).text(center)));
        }
        if column > 0 {
            grid.go_to(start(column) + CENTER);
            grid.put(match mean.ratio {
                Some(ratio) => right(format!("{:+.2}%", (ratio - 1.0) * 100.0)),
                None => Field::new("?"),
            });
        }
        grid.go_to(start(column + 1) - 1);
        grid.put(Field::new(notes.add(&mean.warnings)));
    }
}

fn right(text: String) -> Field {
    Field {
        align: Align::Right,
        ..Field::new(text)
    }
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Better => Tone::Better,
        Verdict::Worse => Tone::Worse,
        Verdict::Same | Verdict::Differs => Tone::Plain,
    }
}

/// How far the interval reaches from the center, in percent.
fn range(cell: &Cell) -> String {
    let (low, high) = cell.interval;
    if low.is_infinite() || high.is_infinite() {
        return "∞".to_owned();
    }
    let sign = |v: f64| if v == 0.0 { 0.0 } else { v.signum() };
    if sign(low) != sign(cell.center) || sign(high) != sign(cell.center) {
        return "?".to_owned();
    }
    if cell.center == 0.0 {
        return "0%".to_owned();
    }
    let share = (high / cell.center - 1.0).max(1.0 - low / cell.center);
    format!("{:.0}%", 100.0 * share)
}

fn change(comparison: &Comparison, center: f64) -> String {
    if !comparison.significant {
        return "~".to_owned();
    }
    match comparison.change(center) {
        Some(_) if center == comparison.base => "0.00%".to_owned(),
        Some(change) => format!("{:+.2}%", change * 100.0),
        None => "?".to_owned(),
    }
}

fn test(comparison: &Comparison) -> String {
    let p = match comparison.p {
        0.0 => String::new(),
        p => format!("p={p:.3} "),
    };
    match comparison.sizes {
        (old, new) if old == new => format!("{p}n={old}"),
        (old, new) => format!("{p}n={old}+{new}"),
    }
}

/// The footnotes of a table, each text once.
#[derive(Default)]
struct Notes {
    texts: Vec<String>,
}

impl Notes {
    /// The marks of these texts.
    fn add(&mut self, texts: &[String]) -> String {
        let marks = texts.iter().map(|text| {
            let known = self.texts.iter().position(|known| known == text);
            let at = known.unwrap_or_else(|| {
                self.texts.push(text.clone());
                self.texts.len() - 1
            });
            superscript(at + 1)
        });
        marks.collect::<Vec<_>>().join(" ")
    }
}

fn superscript(number: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = number.to_string();
    digits
        .bytes()
        .map(|b| DIGITS[usize::from(b - b'0')])
        .collect()
}
