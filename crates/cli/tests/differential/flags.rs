//! Random combinations of flags and sources.

use report::view::KINDS;

use crate::profiles::Taken;

/// A command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Flags, each with its value in one word.
    pub flags: Vec<String>,
    /// What stands after them.
    pub sources: Vec<String>,
}

/// Random numbers (splitmix64): the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Views that are text, are the same each time and need no more than the profile.
const VIEWS: &[&str] = &[
    "top",
    "top",
    "top",
    "text",
    "tree",
    "peek",
    "list",
    "traces",
    "tags",
    "raw",
    "comments",
    "dot",
    "dot",
    "proto",
    "topproto",
    "callgrind",
];

/// Views that read the program too.
const OF_CODE: &[&str] = &["disasm", "weblist"];

impl Case {
    /// The combination of this seed.
    pub fn random(seed: u64, taken: &[Taken]) -> Self {
        // Neighbouring seeds are not to have anything in common.
        let mut dice = Dice(seed.wrapping_mul(0xd134_2543_de82_ef95));
        let of = &taken[dice.below(taken.len())];
        let view = view(&mut dice);
        let mut flags = vec![match view {
            "peek" | "list" | "disasm" | "weblist" => {
                // Without a pattern it is no view.
                let pattern = match pattern(&mut dice, of) {
                    empty if empty.is_empty() => "main".to_owned(),
                    pattern => pattern,
                };
                format!("-{view}={pattern}")
            }
            view => format!("-{view}"),
        }];
        let mut sources = vec![of.file.clone()];
        if OF_CODE.contains(&view) {
            sources.insert(0, of.program.clone());
        }
        let others: Vec<&Taken> = taken.iter().filter(|t| t.kind == of.kind).collect();
        let other = |dice: &mut Dice| -> String {
            let all: Vec<&Taken> = taken.iter().collect();
            let fitting = if dice.one_in(8) { &all } else { &others };
            fitting[dice.below(fitting.len())].file.clone()
        };
        while dice.one_in(4) {
            sources.push(other(&mut dice));
        }
        if dice.one_in(5) {
            let base = dice.pick(&["-base", "-diff_base"]);
            flags.push(format!("{base}={}", other(&mut dice)));
            if dice.one_in(3) {
                flags.push("-normalize".to_owned());
            }
        }
        let count = dice.below(6);
        for _ in 0..count {
            let flag = option(&mut dice, of, view);
            let name = |flag: &str| flag.split('=').next().map(str::to_owned);
            if !flags.iter().any(|other| name(other) == name(&flag)) {
                flags.push(flag);
            }
        }
        Case { flags, sources }
    }

    /// Cases with a flag or a source less.
    pub fn smaller(&self) -> impl Iterator<Item = Case> {
        let without = |list: &[String], i: usize| {
            let mut list = list.to_vec();
            list.remove(i);
            list
        };
        // The view stays: without one it is a shell.
        let flags = (1..self.flags.len()).map(move |i| Case {
            flags: without(&self.flags, i),
            sources: self.sources.clone(),
        });
        let sources = (0..self.sources.len()).map(move |i| Case {
            flags: self.flags.clone(),
            sources: without(&self.sources, i),
        });
        let enough = |case: &Case| case.sources.iter().any(|s| s.ends_with(".gz"));
        flags.chain(sources).filter(enough)
    }

    /// Whether it has a flag.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }

    /// Whether the output is gzipped.
    pub fn is_gzip(&self) -> bool {
        self.has("-proto") || self.has("-topproto")
    }
}

fn view(dice: &mut Dice) -> &'static str {
    let known = |name: &str| KINDS.iter().any(|kind| kind.name == name);
    loop {
        let views = if dice.one_in(20) { OF_CODE } else { VIEWS };
        let view = dice.pick(views);
        if known(view) {
            return view;
        }
    }
}

fn option(dice: &mut Dice, of: &Taken, view: &str) -> String {
    let tree_or_dot = ["dot", "callgrind"].contains(&view);
    match dice.below(32) {
        0 => dice.pick(&["-cum", "-flat"]).to_owned(),
        1 | 2 => {
            // The rows of -files come in any order.
            let files: &[&str] = if view == "top" { &["-files"] } else { &[] };
            let others = [
                "-functions",
                "-filefunctions",
                "-lines",
                "-addresses",
                "-lines",
            ];
            let all: Vec<&str> = others.iter().chain(files).copied().collect();
            dice.pick(&all).to_owned()
        }
        3 | 4 => format!(
            "-nodecount={}",
            dice.pick(&["0", "1", "3", "5", "10", "20", "60", "500"])
        ),
        5 => format!("-nodefraction={}", dice.pick(&["0", "0.01", "0.05", "0.2"])),
        6 => format!("-edgefraction={}", dice.pick(&["0", "0.01", "0.05", "0.3"])),
        7 => "-trim=false".to_owned(),
        8 | 9 => format!("-focus={}", pattern(dice, of)),
        10 | 11 => format!("-ignore={}", pattern(dice, of)),
        12 => format!("-hide={}", pattern(dice, of)),
        13 => format!("-show={}", pattern(dice, of)),
        14 => format!("-show_from={}", pattern(dice, of)),
        15 => format!("-prune_from={}", pattern(dice, of)),
        16 => format!("-tagfocus={}", tag(dice, of)),
        17 => format!("-tagignore={}", tag(dice, of)),
        18 => format!("-tagshow={}", key(dice, of)),
        19 => format!("-taghide={}", key(dice, of)),
        20 => format!("-tagroot={}", keys(dice, of)),
        21 => format!("-tagleaf={}", keys(dice, of)),
        22 => "-noinlines".to_owned(),
        23 => "-showcolumns".to_owned(),
        24 => {
            let units = [
                "auto", "minimum", "ms", "s", "us", "kb", "MB", "bytes", "count", "xyz",
            ];
            format!("-unit={}", dice.pick(&units))
        }
        25 => "-compact_labels".to_owned(),
        26 => match dice.below(3) {
            0 => format!("-sample_index={}", dice.below(5)),
            _ => format!("-sample_index={}", of.types[dice.below(of.types.len())]),
        },
        27 => dice
            .pick(&[
                "-mean",
                "-relative_percentages",
                "-drop_negative",
                "-all_frames",
            ])
            .to_owned(),
        28 => format!(
            "-divide_by={}",
            dice.pick(&["2", "3", "0.5", "1000", "7.3"])
        ),
        29 if tree_or_dot => "-call_tree".to_owned(),
        29 => format!("-add_comment={}", dice.pick(&["a comment", "#hidden", "é"])),
        30 => format!(
            "-trim_path={}",
            dice.pick(&["/usr/lib", "/lib/go", "runtime", "/a:/usr"])
        ),
        _ => {
            let flags = [
                "-inuse_space",
                "-inuse_objects",
                "-alloc_space",
                "-alloc_objects",
                "-total_delay",
                "-contentions",
                "-mean_delay",
                "-symbolize=none",
                "-symbolize=demangle=none",
            ];
            dice.pick(&flags).to_owned()
        }
    }
}

/// A pattern that matches some functions, as a rule.
fn pattern(dice: &mut Dice, of: &Taken) -> String {
    let name = |dice: &mut Dice| -> String {
        if of.functions.is_empty() {
            return "main".to_owned();
        }
        of.functions[dice.below(of.functions.len())].clone()
    };
    let escaped = |name: &str| -> String {
        let special = |c: char| r"\.+*?()|[]{}^$".contains(c);
        let slash = |c: char| if special(c) { Some('\\') } else { None };
        name.chars()
            .flat_map(|c| slash(c).into_iter().chain([c]))
            .collect()
    };
    match dice.below(12) {
        0 | 1 => escaped(&name(dice)),
        2 => format!("^{}$", escaped(&name(dice))),
        3 | 4 => {
            let name = name(dice);
            let package = name.split('.').next().unwrap_or_default();
            escaped(package)
        }
        5 => format!("{}|{}", escaped(&name(dice)), escaped(&name(dice))),
        6 => {
            let name: Vec<char> = name(dice).chars().collect();
            let start = dice.below(name.len());
            let part: String = name[start..].iter().take(1 + dice.below(5)).collect();
            escaped(&part)
        }
        7 => dice
            .pick(&[
                "main", "runtime", r"\.go$", "json", "^main", "profiles", "malloc",
            ])
            .to_owned(),
        8 => dice
            .pick(&[
                "(?i)MAIN",
                "func[0-9]",
                r"\(\*",
                ".",
                "",
                r"[[:upper:]]\w+$",
                "nosuch",
            ])
            .to_owned(),
        // As people forget it: the dot and the star mean something.
        9 | 10 => name(dice),
        _ => dice
            .pick(&[
                "(", "[a", "*", "a**", r"\8", r"\", "a{2000}", "(?z)", ")", "x{2,1}", "[z-a]",
            ])
            .to_owned(),
    }
}

/// A filter of labels.
fn tag(dice: &mut Dice, of: &Taken) -> String {
    let (key, value) = match of.labels.len() {
        0 => ("worker".to_owned(), "1".to_owned()),
        n => of.labels[dice.below(n)].clone(),
    };
    match dice.below(9) {
        0 => value,
        1 => format!("{key}={value}"),
        2 => format!("{key}:{value}"),
        3 => format!("{key}=.*,{value}"),
        4 => dice
            .pick(&[
                "1kb:",
                ":64",
                "16b:1kb",
                "bytes=32:",
                "bytes=:128b",
                "8",
                "1s:",
            ])
            .to_owned(),
        5 => key,
        6 => dice
            .pick(&[
                "slow",
                "slow,1",
                "kind=fast,slow",
                "[",
                "nosuch",
                "fast|slow",
            ])
            .to_owned(),
        7 => format!("{key}=[{value}]"),
        _ => format!("^{value}$"),
    }
}

fn key(dice: &mut Dice, of: &Taken) -> String {
    match of.labels.len() {
        n if n > 0 && !dice.one_in(4) => of.labels[dice.below(n)].0.clone(),
        _ => dice
            .pick(&["kind", "wor", "bytes", "^k", "nosuch", "(", "."])
            .to_owned(),
    }
}

fn keys(dice: &mut Dice, of: &Taken) -> String {
    let first = key(dice, of);
    match dice.below(3) {
        0 => format!("{first},{}", key(dice, of)),
        1 => format!(",{first},"),
        _ => first,
    }
}
