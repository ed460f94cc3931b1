//! Which goroutines to look at: `--with`, `--without`, `--min-wait`.
//!
//! The words are delve's (`goroutines -with KIND TEXT`), and a text without a kind is looked for in
//! every frame of the stack.

use ::goroutines::{Goroutine, Goroutines, StackIx, Status};
use rustc_hash::FxHashMap;

use super::place::{self, Place};

/// What a goroutine is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A place of it has this text in its function, file or line.
    At(Place, String),
    /// A frame of its stack has.
    Anywhere(String),
    /// It has a label of this key, with this value if one is given.
    Label(String, Option<String>),
    /// It runs.
    Running,
    /// It is in a system call or in C.
    Syscall,
    /// It is the program's, not the runtime's.
    User,
    /// It is the runtime's.
    System,
    /// It is locked to a thread.
    Locked,
    /// It does or waits for this.
    State(String),
    /// It has this number.
    Id(u64),
}

impl Condition {
    /// What there is, for help.
    pub const HELP: &'static str = "\
running, syscall, user, system, locked, state=TEXT, label=KEY[=VALUE], id=N, \
userloc=TEXT, curloc=TEXT, goloc=TEXT, startloc=TEXT, or TEXT of any frame";

    /// Reads `KIND=TEXT`, `KIND TEXT` as delve has it, or `TEXT`.
    pub fn parse(text: &str) -> Condition {
        let (kind, rest) = match text.split_once([' ', '=']) {
            Some((kind, rest)) => (kind, Some(rest.trim())),
            None => (text, None),
        };
        if let Some(rest) = rest {
            if let Some((_, place)) = Place::NAMES.iter().find(|(name, _)| *name == kind) {
                return Condition::At(*place, rest.to_owned());
            }
            match kind {
                "label" => {
                    let (key, value) = match rest.split_once('=') {
                        Some((key, value)) => (key, Some(value.to_owned())),
                        None => (rest, None),
                    };
                    return Condition::Label(key.to_owned(), value);
                }
                "state" => return Condition::State(rest.to_owned()),
                "id" => {
                    if let Ok(id) = rest.parse() {
                        return Condition::Id(id);
                    }
                }
                _ => {}
            }
        }
        match text {
            "running" => Condition::Running,
            "syscall" => Condition::Syscall,
            "user" => Condition::User,
            "system" => Condition::System,
            "locked" => Condition::Locked,
            _ => Condition::Anywhere(text.to_owned()),
        }
    }
}

/// Conditions that have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// All of these.
    pub with: Vec<Condition>,
    /// None of these.
    pub without: Vec<Condition>,
    /// Known to wait at least so long, in nanoseconds; 0 for all.
    pub min_wait_ns: u64,
    /// Those of the runtime too.
    pub system: bool,
}

impl Filter {
    /// The goroutines that it lets through.
    pub fn select<'a>(&self, all: &'a Goroutines) -> super::Selection<'a> {
        let asks_for_system = self.with.contains(&Condition::System);
        let checks = |conditions: &[Condition]| -> Vec<Check> {
            conditions.iter().cloned().map(Check::new).collect()
        };
        let (mut with, mut without) = (checks(&self.with), checks(&self.without));
        super::Selection::matching(all, |g| {
            (self.system || asks_for_system || !g.system)
                && (self.min_wait_ns == 0 || g.wait_ns >= self.min_wait_ns)
                && with.iter_mut().all(|c| c.holds(all, g))
                && !without.iter_mut().any(|c| c.holds(all, g))
        })
    }
}

/// A condition, with what it said of the stacks that it has seen.
struct Check {
    condition: Condition,
    seen: FxHashMap<StackIx, bool>,
}

impl Check {
    fn new(condition: Condition) -> Check {
        Check {
            condition,
            seen: FxHashMap::default(),
        }
    }

    fn holds(&mut self, all: &Goroutines, g: &Goroutine) -> bool {
        let at = |place: Place, text: &str| {
            let frame = place.of(all, g);
            frame.is_some_and(|f| place::name(all, f).contains(text))
        };
        match &self.condition {
            Condition::At(Place::Go, text) => at(Place::Go, text),
            Condition::At(place, text) => {
                *self.seen.entry(g.stack).or_insert_with(|| at(*place, text))
            }
            Condition::Anywhere(text) => *self.seen.entry(g.stack).or_insert_with(|| {
                let mut frames = all.stack_frames(g.stack);
                frames.any(|s| place::name(all, s.frame).contains(text.as_str()))
            }),
            Condition::Label(key, value) => all
                .label_set(g.labels)
                .iter()
                .any(|(k, v)| k == key && value.as_ref().is_none_or(|value| value == v)),
            Condition::Running => g.status == Status::Running,
            Condition::Syscall => g.status == Status::Syscall,
            Condition::User => !g.system,
            Condition::System => g.system,
            Condition::Locked => g.locked,
            Condition::State(text) => all.text(g.state).contains(text.as_str()),
            Condition::Id(id) => g.id == *id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_as_delve_writes_them_and_as_flags_do() {
        for (text, expect) in [
            ("running", Condition::Running),
            (
                "userloc main.f",
                Condition::At(Place::User, "main.f".into()),
            ),
            (
                "goloc=main.go:12",
                Condition::At(Place::Go, "main.go:12".into()),
            ),
            ("label tier", Condition::Label("tier".into(), None)),
            (
                "label=tier=gold",
                Condition::Label("tier".into(), Some("gold".into())),
            ),
            (
                "label tier=gold",
                Condition::Label("tier".into(), Some("gold".into())),
            ),
            (
                "state=chan receive",
                Condition::State("chan receive".into()),
            ),
            ("id=12", Condition::Id(12)),
            ("main.worker", Condition::Anywhere("main.worker".into())),
            ("x=y", Condition::Anywhere("x=y".into())),
        ] {
            assert_eq!(Condition::parse(text), expect, "{text}");
        }
    }
}
