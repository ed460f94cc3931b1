//! Benchmark results side by side, judged as `benchstat` judges them.
//!
//! Results that differ in configuration (`pkg`, `goos` …) or in unit are in tables of their own;
//! within one, each benchmark is a row and each input a column, and the first column is what the
//! others are compared with. Mirrors `golang.org/x/perf/cmd/benchstat` with its default flags; what
//! is different is listed in docs/diff.md.

mod grid;
mod json;
mod scale;
pub mod stats;
mod text;

use std::cmp::Ordering;
use std::collections::HashMap;

use godebug::bench::{BenchLog, Record};

pub use json::rows as json_rows;
pub use text::{Tone, write};

/// The level below which a difference is not taken for chance.
pub const ALPHA: f64 = 0.05;

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The level below which a difference is not taken for chance.
    pub alpha: f64,
    /// Make the mistakes of `benchstat` too, for the same text in every case: a value of 0 keeps the
    /// unit that was written, so that `0 ns/op` is in another table than `1 ns/op`; for that of the
    /// test see [`stats::u_test`].
    pub exact: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            alpha: ALPHA,
            exact: false,
        }
    }
}

/// Results under the name of their column.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The column's name, as a rule the file's.
    pub label: &'a str,
    /// What was read.
    pub log: &'a BenchLog,
}

/// All comparisons.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// The keys of the configuration, in order of appearance.
    pub keys: Vec<String>,
    /// The tables: by configuration, then units as they appear.
    pub tables: Vec<Table>,
}

/// The results of one configuration and one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The values of [`Tables::keys`]; empty where a key is not set.
    pub config: Vec<String>,
    /// The unit, e.g. `sec/op`.
    pub unit: String,
    /// Which values of this unit are better.
    pub better: Option<Better>,
    /// The names of the columns that have results here.
    pub columns: Vec<String>,
    /// The benchmarks.
    pub rows: Vec<Row>,
    /// The geometric means, one a column.
    pub means: Vec<Mean>,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The higher ones.
    Higher,
    /// The lower ones.
    Lower,
}

/// A benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its full name.
    pub name: String,
    /// Its results in each column.
    pub cells: Vec<Option<Cell>>,
}

/// The results of one benchmark in one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What was measured, ascending.
    pub values: Vec<f64>,
    /// The median; where values are exact, the most frequent one.
    pub center: f64,
    /// The confidence interval of the median; infinite if there are too few values.
    pub interval: (f64, f64),
    /// What is to be said about them.
    pub warnings: Vec<String>,
    /// The comparison with the first column, if that has this benchmark.
    pub comparison: Option<Comparison>,
}

/// Whether two samples differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How probable it is that the difference is chance; 0 where values are exact.
    pub p: f64,
    /// How many values there are in each.
    pub sizes: (usize, usize),
    /// Whether that is improbable enough.
    pub significant: bool,
    /// The center of the first column.
    pub base: f64,
    /// What is to be said about it.
    pub warnings: Vec<String>,
}

/// What a significant difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is none.
    Same,
    /// The later one is better.
    Better,
    /// The later one is worse.
    Worse,
    /// They differ; which values are better is not known for this unit.
    Differs,
}

/// The geometric means of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mean {
    /// Of the centers, if all are above 0.
    pub center: Option<f64>,
    /// Of the ratios to the first column, if all are above 0.
    pub ratio: Option<f64>,
    /// What is to be said about them.
    pub warnings: Vec<String>,
}

/// Compares inputs.
pub fn compare(inputs: &[Input<'_>], options: &Options) -> Tables {
    let mut collected = Collected::default();
    for (column, input) in inputs.iter().enumerate() {
        collected.add(column, input.log, options.exact);
    }
    let mut order: Vec<usize> = (0..collected.groups.len()).collect();
    let keys = collected.keys.len();
    order.sort_by(|&a, &b| collected.groups[a].order(&collected.groups[b], keys));
    let groups = order.into_iter().map(|at| {
        let group = &collected.groups[at];
        let better = collected.better(&group.unit);
        let exact = collected.fact(&group.unit, "assume") == Some("exact");
        group.table(&collected, inputs, exact, better, options)
    });
    Tables {
        tables: groups.collect(),
        keys: collected.keys.clone(),
    }
}

/// The values as they are read.
#[derive(Default)]
struct Collected {
    keys: Vec<String>,
    names: Vec<String>,
    name_ids: HashMap<String, usize>,
    facts: Vec<(String, String, String)>,
    groups: Vec<Group>,
    group_ids: HashMap<(Vec<String>, String), usize>,
}

/// The values of one table.
struct Group {
    config: Vec<String>,
    unit: String,
    /// When a result with this unit first came.
    unit_order: usize,
    cells: HashMap<(usize, usize), Vec<f64>>,
}

impl Collected {
    fn add(&mut self, column: usize, log: &BenchLog, exact: bool) {
        let mut config: Vec<(&str, &str)> = Vec::new();
        for record in &log.records {
            match record {
                Record::Config { key, value } => {
                    let known = config.iter().position(|(k, _)| k == key);
                    match (known, value.is_empty()) {
                        (Some(at), false) => config[at].1 = value,
                        // The last one takes its place, which is the order that benchstat has.
                        (Some(at), true) => drop(config.swap_remove(at)),
                        (None, false) => config.push((key, value)),
                        (None, true) => {}
                    }
                }
                Record::Unit { unit, key, value } => {
                    if self.fact(unit, key).is_none() {
                        let fact = (unit.clone(), key.clone(), value.clone());
                        self.facts.push(fact);
                    }
                }
                Record::Result(result) => {
                    let config = self.project(&config);
                    let row = self.name(&result.name);
                    for m in &result.values {
                        let written = m.written.as_ref().filter(|_| exact && m.value == 0.0);
                        let group = self.group(&config, written.unwrap_or(&m.unit));
                        let cell = group.cells.entry((row, column));
                        cell.or_default().push(m.value);
                    }
                }
            }
        }
    }

    /// The values of all keys that were seen so far, without empty ones at the end.
    fn project(&mut self, config: &[(&str, &str)]) -> Vec<String> {
        for (key, _) in config {
            if !self.keys.iter().any(|known| known == key) {
                self.keys.push((*key).to_owned());
            }
        }
        let value = |key: &String| {
            let found = config.iter().find(|(k, _)| k == key);
            found.map_or_else(String::new, |(_, value)| (*value).to_owned())
        };
        let mut values: Vec<String> = self.keys.iter().map(value).collect();
        let length = values
            .iter()
            .rposition(|v| !v.is_empty())
            .map_or(0, |at| at + 1);
        values.truncate(length);
        values
    }

    fn name(&mut self, name: &str) -> usize {
        if let Some(&id) = self.name_ids.get(name) {
            return id;
        }
        let id = self.names.len();
        self.names.push(name.to_owned());
        self.name_ids.insert(name.to_owned(), id);
        id
    }

    fn group(&mut self, config: &[String], unit: &str) -> &mut Group {
        let key = (config.to_vec(), unit.to_owned());
        let next = self.groups.len();
        let id = *self.group_ids.entry(key).or_insert(next);
        if id == next {
            let same = self.groups.iter().find(|group| group.unit == unit);
            let unit_order = same.map_or(next, |group| group.unit_order);
            self.groups.push(Group {
                config: config.to_vec(),
                unit: unit.to_owned(),
                unit_order,
                cells: HashMap::new(),
            });
        }
        &mut self.groups[id]
    }

    fn fact(&self, unit: &str, key: &str) -> Option<&str> {
        let found = self.facts.iter().find(|(u, k, _)| u == unit && k == key);
        found.map(|(_, _, value)| value.as_str())
    }

    fn better(&self, unit: &str) -> Option<Better> {
        match (self.fact(unit, "better"), unit) {
            (Some("higher"), _) => Some(Better::Higher),
            (Some("lower"), _) => Some(Better::Lower),
            (Some(_), _) => None,
            (None, "B/s") => Some(Better::Higher),
            (None, "sec/op" | "B/op" | "allocs/op") => Some(Better::Lower),
            (None, _) => None,
        }
    }
}

impl Group {
    /// By the texts of the configuration, key by key, then by unit as they appeared.
    fn order(&self, other: &Group, keys: usize) -> Ordering {
        let value = |group: &Group, key: usize| group.config.get(key).cloned().unwrap_or_default();
        let config = (0..keys).map(|key| value(self, key).cmp(&value(other, key)));
        let config = config.fold(Ordering::Equal, Ordering::then);
        config.then(self.unit_order.cmp(&other.unit_order))
    }

    fn table(
        &self,
        all: &Collected,
        inputs: &[Input<'_>],
        exact: bool,
        better: Option<Better>,
        options: &Options,
    ) -> Table {
        let sorted = |pick: fn(&(usize, usize)) -> usize| {
            let mut ids: Vec<usize> = self.cells.keys().map(pick).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let (rows, columns) = (sorted(|key| key.0), sorted(|key| key.1));
        let cells = |row: usize| -> Vec<Option<Cell>> {
            let found = columns.iter().map(|&column| self.cells.get(&(row, column)));
            let mut cells: Vec<_> = found.map(|v| v.map(|v| Cell::new(v, exact))).collect();
            let (first, later) = cells.split_at_mut(1);
            if let Some(base) = &first[0] {
                for cell in later.iter_mut().flatten() {
                    cell.comparison = Some(Comparison::new(base, cell, exact, options));
                }
            }
            cells
        };
        let rows: Vec<Row> = rows
            .iter()
            .map(|&row| Row {
                name: all.names[row].clone(),
                cells: cells(row),
            })
            .collect();
        let mut config = self.config.clone();
        config.resize(all.keys.len(), String::new());
        Table {
            config,
            unit: self.unit.clone(),
            better,
            means: (0..columns.len())
                .map(|column| Mean::new(&rows, column))
                .collect(),
            columns: columns
                .iter()
                .map(|&c| inputs[c].label.to_owned())
                .collect(),
            rows,
        }
    }
}

impl Cell {
    fn new(values: &[f64], exact: bool) -> Cell {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let (least, most) = (values[0], values[values.len() - 1]);
        let mut warnings = Vec::new();
        let (center, interval) = if exact {
            if least != most {
                let (least, most) = (scale::shortest(least), scale::shortest(most));
                warnings.push(format!(
                    "exact distribution expected, but values range from {least} to {most}"
                ));
            }
            (most_frequent(&values), (least, most))
        } else {
            (stats::median(&values), stats::median_interval(&values))
        };
        if interval.0.is_infinite() || interval.1.is_infinite() {
            warnings.push(format!(
                "need >= {} samples for confidence interval at level {}",
                stats::interval_needs(),
                stats::CONFIDENCE
            ));
        }
        Cell {
            values,
            center,
            interval,
            warnings,
            comparison: None,
        }
    }
}

/// The first of the most frequent of sorted values.
fn most_frequent(sorted: &[f64]) -> f64 {
    let runs = sorted.chunk_by(|a, b| a == b);
    let longest = runs.fold(&sorted[..0], |best, run| {
        if run.len() > best.len() { run } else { best }
    });
    longest[0]
}

impl Comparison {
    fn new(old: &Cell, new: &Cell, exact: bool, options: &Options) -> Comparison {
        let alpha = options.alpha;
        let sizes = (old.values.len(), new.values.len());
        let mut warnings = Vec::new();
        let p = match exact {
            true => 0.0,
            false => {
                let p = stats::u_test(&old.values, &new.values, options.exact);
                p.unwrap_or_else(|_| {
                    warnings.push("all samples are equal".to_owned());
                    1.0
                })
            }
        };
        let significant = exact || p <= alpha;
        if !significant && warnings.is_empty() {
            let needs = stats::test_needs(alpha);
            let enough = needs.unwrap_or(10);
            if sizes.0 < enough && sizes.1 < enough {
                let op = if needs.is_some() { ">=" } else { ">" };
                let alpha = scale::shortest(alpha);
                warnings.push(format!(
                    "need {op} {enough} samples to detect a difference at alpha level {alpha}"
                ));
            }
        }
        Comparison {
            p,
            sizes,
            significant,
            base: old.center,
            warnings,
        }
    }

    /// How much the center changed, as a share of the base: 0.5 for half as much again. `None` where
    /// the base is 0 and the center is not.
    pub fn change(&self, center: f64) -> Option<f64> {
        if center == self.base {
            return Some(0.0);
        }
        (self.base != 0.0).then(|| center / self.base - 1.0)
    }

    /// What the difference is.
    pub fn verdict(&self, center: f64, better: Option<Better>) -> Verdict {
        if !self.significant || center == self.base {
            return Verdict::Same;
        }
        match better {
            None => Verdict::Differs,
            Some(better) if (better == Better::Higher) == (center > self.base) => Verdict::Better,
            Some(_) => Verdict::Worse,
        }
    }
}

impl Mean {
    /// The mean of ratios, not the ratio of means, so that it says something where benchmarks are
    /// missing on one side.
    fn new(rows: &[Row], column: usize) -> Mean {
        let cells = || rows.iter().filter_map(|row| row.cells[column].as_ref());
        let centers: Vec<f64> = cells().map(|cell| cell.center).collect();
        let base = rows.iter().filter(|row| row.cells[0].is_some()).count();
        let compared =
            cells().filter_map(|cell| Some((cell.center, cell.comparison.as_ref()?.base)));
        let ratios: Vec<Option<f64>> = compared
            .map(|(center, base)| match base {
                base if center == base => Some(1.0),
                0.0 => None,
                base => Some(center / base),
            })
            .collect();
        let mut mean = Mean {
            center: stats::geomean(&centers),
            ..Mean::default()
        };
        if column > 0 && base != ratios.len() {
            let text = "benchmark set differs from baseline; geomeans may not be comparable";
            mean.warnings.push(text.to_owned());
        }
        if mean.center.is_none() {
            let text = "summaries must be >0 to compute geomean";
            mean.warnings.push(text.to_owned());
        }
        let all: Option<Vec<f64>> = ratios.into_iter().collect();
        if let (true, Some(ratios)) = (column > 0, all) {
            mean.ratio = stats::geomean(&ratios);
            if mean.ratio.is_none() {
                let text = "ratios must be >0 to compute geomean";
                mean.warnings.push(text.to_owned());
            }
        }
        mean
    }
}

impl Tables {
    /// The worst of all significant changes for the worse, as a share of the base (0.5 for half as
    /// much again; infinite where the base was 0), and how many are above `threshold`.
    pub fn regressions(&self, threshold: f64) -> (usize, f64) {
        let (mut count, mut worst) = (0, 0.0f64);
        for table in &self.tables {
            for cell in table.rows.iter().flat_map(|row| row.cells.iter().flatten()) {
                let Some(comparison) = &cell.comparison else {
                    continue;
                };
                if comparison.verdict(cell.center, table.better) != Verdict::Worse {
                    continue;
                }
                let size = comparison
                    .change(cell.center)
                    .map_or(f64::INFINITY, f64::abs);
                worst = worst.max(size);
                count += usize::from(size > threshold);
            }
        }
        (count, worst)
    }
}
