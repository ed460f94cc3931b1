//! What Tab offers: commands, variables and their values, functions, files.

use rustyline::completion::{Completer as Complete, FilenameCompleter, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use profile::Profile;
use report::options::Slot;
use report::variables::{self, Named};
use report::view::{KINDS, Make};

use super::settings::OUTPUT;

/// More are not listed; type more letters.
const MOST: usize = 500;

/// Knows the names that can be typed.
pub struct Completer {
    /// The functions of the profile, by name.
    functions: Vec<String>,
    /// The names of its values.
    types: Vec<String>,
    files: FilenameCompleter,
}

impl Helper for Completer {}
impl Highlighter for Completer {}
impl Validator for Completer {}

impl Hinter for Completer {
    type Hint = String;
}

/// One thing that could be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    /// As it is listed.
    shown: String,
    /// What is put in.
    text: String,
}

impl Completer {
    /// Knows the functions and values of a profile.
    pub fn new(profile: &Profile) -> Self {
        let names = profile.functions.iter().map(|f| profile.str(f.name));
        let mut functions: Vec<String> = names.map(str::to_owned).collect();
        functions.sort_unstable();
        functions.dedup();
        let types = profile.sample_types.iter();
        Completer {
            functions,
            types: types.map(|t| profile.str(t.kind).to_owned()).collect(),
            files: FilenameCompleter::new(),
        }
    }

    /// Where the word at the end of the line begins, and what it could become.
    fn candidates(&self, line: &str) -> (usize, Vec<Candidate>) {
        let start = line.rfind(char::is_whitespace).map_or(0, |at| {
            at + line[at..].chars().next().map_or(1, char::len_utf8)
        });
        let word = &line[start..];
        let mut before = line[..start].split_whitespace();
        let Some(command) = before.next() else {
            return match word.split_once('=') {
                Some((name, value)) => (start + name.len() + 1, self.values(name, value)),
                None => (start, self.commands(word)),
            };
        };
        if command == "help" {
            let topics = KINDS.iter().map(|kind| kind.name).chain(variables::names());
            return (start, beginning(topics.chain([OUTPUT]), word, ""));
        }
        let bare = command.trim_end_matches(|c: char| c.is_ascii_digit());
        let Some(kind) = KINDS.iter().find(|k| k.name == command || k.name == bare) else {
            return (start, Vec::new());
        };
        let patterns = kind.name != "tags" || matches!(kind.make, Make::Matching(_));
        let (skipped, name) = match word.strip_prefix('-') {
            Some(rest) => (1, rest),
            None => (0, word),
        };
        let mut found = match patterns {
            true => self.functions(name),
            false => Vec::new(),
        };
        if skipped == 1 && "cum".starts_with(name) {
            found.insert(0, plain("cum"));
        }
        (start + skipped, found)
    }

    fn commands(&self, word: &str) -> Vec<Candidate> {
        let words = ["help", "options", "quit", "exit"];
        let commands = KINDS.iter().map(|kind| kind.name).chain(words);
        let switches = variables::names().filter(|name| is_switch(name));
        let mut found = beginning(commands.chain(switches), word, "");
        let valued = variables::names().filter(|name| !is_switch(name));
        found.extend(beginning(valued.chain([OUTPUT]), word, "="));
        let types = self.types.iter().map(String::as_str);
        found.extend(beginning(types, word, ""));
        for prefix in ["total_", "mean_"] {
            if let Some(rest) = word.strip_prefix(prefix) {
                let types = self.types.iter().filter(|t| t.starts_with(rest));
                found.extend(types.map(|t| plain(&format!("{prefix}{t}"))));
            }
        }
        found.sort_by(|a, b| a.shown.cmp(&b.shown));
        found.dedup();
        found
    }

    fn values(&self, name: &str, value: &str) -> Vec<Candidate> {
        let Some(Named::Field(field)) = variables::find(name.trim()) else {
            return Vec::new();
        };
        match field.slot {
            Slot::Bool(_) => beginning(["true", "false"].into_iter(), value, ""),
            Slot::Choice(choices) => beginning(choices.iter().map(|c| c.name), value, ""),
            _ => match field.name {
                "sample_index" => beginning(self.types.iter().map(String::as_str), value, ""),
                "unit" => beginning(["minimum", "auto"].into_iter(), value, ""),
                "focus" | "ignore" | "hide" | "show" | "show_from" | "prune_from" => {
                    self.functions(value)
                }
                _ => Vec::new(),
            },
        }
    }

    /// The functions with `part` in their names, as regular expressions that match them.
    fn functions(&self, part: &str) -> Vec<Candidate> {
        let mut found = Vec::new();
        for name in &self.functions {
            let text = as_pattern(name);
            if name.contains(part) || text.contains(part) {
                let shown = name.clone();
                found.push(Candidate { shown, text });
            }
            if found.len() == MOST {
                break;
            }
        }
        // What all have in common is put in at once. It must not replace what was typed by less.
        let common = common_beginning(&found);
        if found.len() > 1 && !common.contains(part) {
            for candidate in &mut found {
                part.clone_into(&mut candidate.text);
            }
        }
        found
    }
}

impl Complete for Completer {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let line = &line[..pos];
        if let Some(at) = line.rfind('>')
            && !line[at + 1..].trim_start().contains(char::is_whitespace)
            && line.split_whitespace().count() > 1
        {
            let start = pos - line[at + 1..].trim_start().len();
            let (from, files) = self.files.complete(&line[start..], pos - start, context)?;
            return Ok((start + from, files));
        }
        let (start, found) = self.candidates(line);
        let pairs = found.into_iter().map(|c| Pair {
            display: c.shown,
            replacement: c.text,
        });
        Ok((start, pairs.collect()))
    }
}

fn is_switch(name: &str) -> bool {
    match variables::find(name) {
        Some(Named::Field(field)) => matches!(field.slot, Slot::Bool(_)),
        Some(Named::Choice(..)) => true,
        None => false,
    }
}

fn plain(name: &str) -> Candidate {
    Candidate {
        shown: name.to_owned(),
        text: name.to_owned(),
    }
}

fn beginning<'n>(names: impl Iterator<Item = &'n str>, word: &str, end: &str) -> Vec<Candidate> {
    let lower = word.to_lowercase();
    { names }
        .filter(|name| name.starts_with(&lower))
        .map(|name| plain(&format!("{name}{end}")))
        .collect()
}

/// A regular expression of one word for a name. A dot matches itself well enough.
fn as_pattern(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            c if c.is_whitespace() => pattern.push('.'),
            '(' | ')' | '[' | ']' | '{' | '}' | '*' | '+' | '?' | '|' | '^' | '$' | '\\' => {
                pattern.push('\\');
                pattern.push(c);
            }
            c => pattern.push(c),
        }
    }
    pattern
}

fn common_beginning(candidates: &[Candidate]) -> &str {
    let Some((first, rest)) = candidates.split_first() else {
        return "";
    };
    let mut end = first.text.len();
    for other in rest {
        let same = { first.text.char_indices() }.zip(other.text.chars());
        let differs = { same }.find(|((_, a), b)| a != b);
        let shorter = differs.map_or(other.text.len(), |((at, _), _)| at);
        end = end.min(shorter);
    }
    first.text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Builder;

    fn completer() -> Completer {
        let mut b = Builder::new(&[("alloc_space", "bytes"), ("inuse_space", "bytes")]);
        for name in ["main.(*T).Run", "main.main", "net.Run", "runtime.main"] {
            b.function(name, "f.go", 1);
        }
        Completer::new(&b.finish())
    }

    fn check(line: &str, start: usize, expect: &[&str]) {
        let (at, found) = completer().candidates(line);
        let texts: Vec<_> = found.iter().map(|c| c.text.as_str()).collect();
        assert_eq!((at, &texts[..]), (start, expect), "{line:?}");
    }

    #[test]
    fn names_and_values_are_completed() {
        check("pee", 0, &["peek"]);
        check("node", 0, &["nodecount=", "nodefraction="]);
        check("call_", 0, &["call_tree"]);
        check("mean_al", 0, &["mean_alloc_space"]);
        check("inuse", 0, &["inuse_space"]);
        check("sort=", 5, &["cum", "flat"]);
        check("trim=f", 5, &["false"]);
        check("sample_index=i", 13, &["inuse_space"]);
        check("help sho", 5, &["show", "show_from", "showcolumns"]);
        check("nosuch x", 7, &[]);
        check("tags ma", 5, &[]);
    }

    #[test]
    fn functions_are_completed_from_any_part() {
        check("list T", 5, &["main.\\(\\*T\\).Run"]);
        check("top10 -net", 7, &["net.Run"]);
        check("top -cu", 5, &["cum"]);
        // Both are offered, and what was typed stays.
        check("peek Run", 5, &["Run", "Run"]);
        check("peek main.", 5, &["main.\\(\\*T\\).Run", "main.main"]);
        check("focus=run", 6, &["runtime.main"]);
        check("list main.\\(", 5, &["main.\\(\\*T\\).Run"]);
    }
}
