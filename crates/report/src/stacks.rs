//! The stacks of a report with everything that a flame graph needs to be painted and turned: the data
//! behind pprof's `/ui/flamegraph`.
//!
//! Mirrors `StackSet` of pprof's `internal/report/stacks.go`. [`crate::pivot`] makes boxes of it.

use std::io::{self, Write};
use std::sync::LazyLock;

use profile::Line;
use profile::units::scale;
use regex::Regex;
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use crate::names::shorten;
use crate::options::{Granularity, Options};
use crate::paths;
use crate::report::Report;

/// All stacks.
#[derive(Clone, Debug, PartialEq)]
pub struct StackSet {
    /// The sum of all values.
    pub total: i64,
    /// What a value is multiplied by to be shown in [`StackSet::unit`].
    pub scale: f64,
    /// The kind of value.
    pub kind: String,
    /// `B`, `s`, `GCU`, or empty for plain counts.
    pub unit: String,
    /// The value of each stack, in the profile's own unit.
    pub values: Vec<i64>,
    /// The sources of all stacks, callers before callees; each stack begins with source 0.
    frames: Vec<u32>,
    /// Where each stack ends in `frames`.
    ends: Vec<usize>,
    /// The places that frames are at. The first is the root.
    pub sources: Vec<Source>,
}

/// A place in the source, as finely as the report tells places apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its name, with the line if lines are told apart.
    pub full_name: String,
    /// The file.
    pub file_name: String,
    /// The full name, with a number behind it if another source has the same.
    pub unique_name: String,
    /// Whether it is inlined into its caller.
    pub inlined: bool,
    /// Shorter and shorter names; at least one.
    pub display: Vec<String>,
    /// The sum of the stacks that end here.
    pub own: i64,
    /// A number made of the package's name.
    pub color: u32,
}

/// Changes options as flame graphs need them: nothing is too small, and functions of one name in
/// different files are told apart.
pub fn override_options(options: &mut Options) {
    options.trim = false;
    options.granularity = options.granularity.or(Some(Granularity::FileFunctions));
}

impl StackSet {
    /// The stacks of a report.
    pub fn new(report: &Report) -> Self {
        let (mut factor, unit) = scale(1, &report.unit, "default");
        let ratio = report.format().ratio;
        if ratio > 0.0 {
            factor *= ratio;
        }
        let mut sources = Sources::new(report);
        let samples = &report.profile.samples;
        let mut set = StackSet {
            total: report.total,
            scale: factor,
            kind: report.kind.clone(),
            unit: match unit {
                "default" => String::new(),
                unit => unit.to_owned(),
            },
            values: Vec::with_capacity(samples.len()),
            frames: Vec::with_capacity(samples.len() + samples.frame_count()),
            ends: Vec::with_capacity(samples.len()),
            sources: Vec::new(),
        };
        for i in 0..samples.len() {
            let value = samples.values(i)[report.measure.index];
            set.frames.push(0);
            for &location in samples.stack(i).iter().rev() {
                let lines = report.profile.lines(location);
                for (depth, line) in lines.iter().enumerate().rev() {
                    let inlined = depth + 1 != lines.len();
                    set.frames.push(sources.number(line, inlined));
                }
            }
            let leaf = set.frames.last().copied().unwrap_or(0);
            let own = &mut sources.all[leaf as usize].own;
            *own = own.wrapping_add(value);
            set.values.push(value);
            set.ends.push(set.frames.len());
        }
        set.sources = sources.all;
        set
    }

    /// The sources of a stack, callers before callees.
    pub fn stack(&self, i: usize) -> &[u32] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.frames[start..self.ends[i]]
    }

    /// How much memory it takes, in bytes, about.
    pub fn size(&self) -> usize {
        let source = |s: &Source| {
            let names = s.full_name.len() * 2 + s.file_name.len();
            200 + names + s.display.iter().map(|d| 24 + d.len()).sum::<usize>()
        };
        let sources: usize = self.sources.iter().map(source).sum();
        self.frames.len() * 4 + self.values.len() * 16 + sources
    }

    /// Writes the JSON that pprof's page is fed with.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        // Where each source is, in its outermost place of each stack.
        let mut places = vec![Vec::new(); self.sources.len()];
        let mut seen = vec![usize::MAX; self.sources.len()];
        for i in 0..self.values.len() {
            for (at, &source) in self.stack(i).iter().enumerate() {
                if std::mem::replace(&mut seen[source as usize], i) != i {
                    places[source as usize].push((i, at));
                }
            }
        }
        let text = |out: &mut dyn Write, text: &str| serde_json::to_writer(out, text);
        write!(out, "{{\"Total\":{},\"Scale\":{:e}", self.total, self.scale)?;
        out.write_all(b",\"Type\":")?;
        text(out, &self.kind)?;
        out.write_all(b",\"Unit\":")?;
        text(out, &self.unit)?;
        out.write_all(b",\"Stacks\":[")?;
        for (i, value) in self.values.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(out, "{comma}{{\"Value\":{value},\"Sources\":[")?;
            for (n, source) in self.stack(i).iter().enumerate() {
                let comma = if n > 0 { "," } else { "" };
                write!(out, "{comma}{source}")?;
            }
            out.write_all(b"]}")?;
        }
        out.write_all(b"],\"Sources\":[")?;
        for (i, (source, places)) in self.sources.iter().zip(&places).enumerate() {
            out.write_all(if i > 0 { b",{" } else { b"{" })?;
            for (key, value) in [
                ("FullName", &source.full_name),
                ("FileName", &source.file_name),
                ("UniqueName", &source.unique_name),
            ] {
                write!(out, "\"{key}\":")?;
                text(out, value)?;
                out.write_all(b",")?;
            }
            write!(out, "\"Inlined\":{},\"Display\":", source.inlined)?;
            serde_json::to_writer(&mut *out, &source.display)?;
            out.write_all(b",\"Places\":[")?;
            for (n, (stack, at)) in places.iter().enumerate() {
                let comma = if n > 0 { "," } else { "" };
                write!(out, "{comma}{{\"Stack\":{stack},\"Pos\":{at}}}")?;
            }
            write!(
                out,
                "],\"Self\":{},\"Color\":{}}}",
                source.own, source.color
            )?;
        }
        out.write_all(b"]}")
    }
}

/// The sources that were met.
struct Sources<'r> {
    report: &'r Report,
    all: Vec<Source>,
    /// Function (by its name and file), line, column, and whether it is inlined.
    numbers: FxHashMap<(u32, u32, i64, i64, bool), u32>,
    names: FxHashSet<String>,
    unknown: u32,
}

impl<'r> Sources<'r> {
    fn new(report: &'r Report) -> Self {
        let root = Source {
            full_name: "root".to_owned(),
            display: vec!["root".to_owned()],
            ..Default::default()
        };
        Sources {
            report,
            all: vec![root],
            numbers: FxHashMap::default(),
            names: FxHashSet::default(),
            unknown: 1,
        }
    }

    fn number(&mut self, line: &Line, inlined: bool) -> u32 {
        let profile = &self.report.profile;
        let number = self.all.len() as u32;
        let Some(function) = line.function else {
            // Nothing says that two of these are the same.
            let name = format!("?{}?", self.unknown);
            self.unknown += 1;
            self.add(&name, "", 0, line, inlined);
            return number;
        };
        let function = *profile.function(function);
        let key = (
            function.name.0,
            function.filename.0,
            line.line,
            line.column,
            inlined,
        );
        if let Some(&known) = self.numbers.get(&key) {
            return known;
        }
        self.numbers.insert(key, number);
        let (name, file) = (profile.str(function.name), profile.str(function.filename));
        self.add(name, file, function.id, line, inlined);
        number
    }

    fn add(&mut self, name: &str, file: &str, id: u64, line: &Line, inlined: bool) {
        let options = &self.report.options;
        let file = paths::trim(file, &options.trim_path, &options.source_path);
        let (full_name, display, color) = match name {
            // Only files are told apart.
            "" => {
                let full = with_line(file, line);
                let display = suffixes_of_path(&full);
                (full, display, color(&dir(file)))
            }
            name => {
                let full = with_line(name, line);
                let display = suffixes_of_name(&full);
                (full, display, color(package(name)))
            }
        };
        let unique_name = match self.names.insert(full_name.clone()) {
            true => full_name.clone(),
            false => format!("{full_name}#{id}"),
        };
        self.all.push(Source {
            full_name,
            file_name: file.to_owned(),
            unique_name,
            inlined,
            display,
            own: 0,
            color,
        });
    }
}

fn with_line(name: &str, line: &Line) -> String {
    match (line.line, line.column) {
        (0, 0) => name.to_owned(),
        (line, 0) => format!("{name}:{line}"),
        (line, column) => format!("{name}:{line}:{column}"),
    }
}

/// The number that pprof derives colours from.
fn color(key: &str) -> u32 {
    const COLORS: u32 = 1 << 20;
    let hash = Sha256::digest(key.as_bytes());
    u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]) % COLORS
}

/// The name's package, as far as it has one.
fn package(name: &str) -> &str {
    static PACKAGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^((.*/)?[0-9A-Za-z_]+)(\.|::)([^/]*)$").expect("the pattern is a constant")
    });
    let found = PACKAGE.captures(name).and_then(|c| c.get(1));
    found.map_or("", |package| package.as_str())
}

fn dir(path: &str) -> String {
    let end = path.rfind('/').map_or(0, |slash| slash + 1);
    paths::clean(&path[..end])
}

/// The name and what is left of it after each of its parts.
fn suffixes_of_name(name: &str) -> Vec<String> {
    let name = shorten(name);
    let mut suffixes = vec![name.clone()];
    let mut at = 0;
    while at < name.len() {
        let rest = &name[at..];
        let (dot, colons) = (rest.find('.'), rest.find("::"));
        at += match (dot, colons) {
            (Some(dot), Some(colons)) if colons < dot => colons + 2,
            (Some(dot), _) => dot + 1,
            (None, Some(colons)) => colons + 2,
            (None, None) => break,
        };
        if at < name.len() {
            suffixes.push(name[at..].to_owned());
        }
    }
    suffixes
}

fn suffixes_of_path(path: &str) -> Vec<String> {
    if path.is_empty() {
        return vec![String::new()];
    }
    let path = paths::clean(path);
    let slashes = path.match_indices('/').map(|(at, _)| at + 1);
    let parts = slashes.filter(|&at| at < path.len());
    let parts = parts.map(|at| path[at..].to_owned()).collect::<Vec<_>>();
    std::iter::once(path.clone()).chain(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_shorter_and_shorter() {
        let check = |found: Vec<String>, expect: &[&str]| assert_eq!(found, expect);
        check(
            suffixes_of_name("net/http.(*conn).serve"),
            &["http.(*conn).serve", "(*conn).serve", "serve"],
        );
        check(suffixes_of_name("a::b.c"), &["a::b.c", "b.c", "c"]);
        check(suffixes_of_name("x."), &["x."]);
        check(
            suffixes_of_path("/a//b/c.go"),
            &["/a/b/c.go", "a/b/c.go", "b/c.go", "c.go"],
        );
        check(suffixes_of_path(""), &[""]);
    }

    #[test]
    fn packages_have_colors() {
        assert_eq!(package("net/http.(*conn).serve"), "net/http");
        assert_eq!(package("main.main"), "main");
        assert_eq!(package("a.com/b-c.F"), "");
        assert_eq!(package("noname"), "");
        // SHA-256 of nothing begins with e3b0c442.
        assert_eq!(color(""), 0x42c4_b0e3 % (1 << 20));
        assert_eq!(dir("/a/b.go"), "/a");
        assert_eq!(dir("b.go"), ".");
    }
}
