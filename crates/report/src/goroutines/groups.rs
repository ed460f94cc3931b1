//! Goroutines that do the same: how many, for how long they wait, who made them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ::goroutines::{CallIx, Goroutine, Goroutines, StackIx, Status, Text};
use rustc_hash::FxHashMap;

use super::Selection;
use super::place::{self, Place};
use super::wait::Waits;

/// What goroutines are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Stack, state and creator.
    Stack,
    /// The function that they are in; the runtime's own aside.
    Function,
    /// What they do or wait for.
    State,
    /// The `go` statement that made them.
    Creator,
    /// The channel, lock or the like that they wait for.
    Object,
    /// The value of a label.
    Label(String),
    /// A place in the source, by delve's names.
    Place(Place),
    /// Whether they run.
    Running,
    /// Whether they are the program's or the runtime's.
    User,
}

impl By {
    /// What there is, for help.
    pub const HELP: &'static str = "stack, function, state, creator, object, label=KEY, userloc, curloc, goloc, startloc, running, user";

    /// Reads one.
    pub fn parse(text: &str) -> Result<By, String> {
        if let Some((_, place)) = Place::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(By::Place(*place));
        }
        Ok(match text {
            "stack" => By::Stack,
            "function" | "func" => By::Function,
            "state" => By::State,
            "creator" => By::Creator,
            "object" => By::Object,
            "running" => By::Running,
            "user" => By::User,
            _ => match text.split_once([' ', '=', ':']) {
                Some(("label", key)) if !key.is_empty() => By::Label(key.to_owned()),
                _ => return Err(format!("{text:?} is none of {}", By::HELP)),
            },
        })
    }
}

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    /// What its goroutines have in common, for people; of groups by stack nothing.
    pub name: String,
    /// How many they are.
    pub count: usize,
    /// How many of them are locked to a thread.
    pub locked: usize,
    /// How long they wait.
    pub waits: Waits,
    /// What they do or wait for, and how many each; the most frequent first.
    pub states: Vec<(Text, usize)>,
    /// Their stack, if they have one in common.
    pub stack: Option<StackIx>,
    /// Who made them, if it is the same for all.
    pub created_by: Option<CallIx>,
    /// The least of their numbers.
    pub first: u64,
    /// Their status, if they have one in common.
    pub status: Option<Status>,
}

/// Makes the groups, the biggest first.
pub fn groups(selection: &Selection<'_>, by: &By) -> Vec<Group> {
    let all = selection.of;
    match by {
        By::Stack => collect(
            selection,
            |g| (g.stack, g.state, g.created_by, g.origin),
            |_| String::new(),
        ),
        By::State => collect(selection, |g| g.state, |g| all.text(g.state).to_owned()),
        By::Creator => collect(
            selection,
            |g| g.created_by,
            |g| {
                let frame = g.created_by.and_then(|call| all.frames(call).last());
                frame.map_or_else(|| "the runtime".to_owned(), |f| place::name(all, f))
            },
        ),
        By::Object => collect(
            selection,
            |g| g.waits_on,
            |g| match g.waits_on {
                0 => "none, several or not known".to_owned(),
                object => format!("{object:#x}"),
            },
        ),
        By::Label(key) => {
            let value = |g: &Goroutine| {
                let mut labels = all.label_set(g.labels).iter();
                labels.find(|(k, _)| k == key).map(|(_, v)| v.as_str())
            };
            collect(selection, value, |g| match value(g) {
                Some(value) => format!("{key}={value}"),
                None => format!("no {key}"),
            })
        }
        By::Running => collect(
            selection,
            |g| g.status == Status::Running,
            |g| match g.status {
                Status::Running => "running".to_owned(),
                _ => "not running".to_owned(),
            },
        ),
        By::User => collect(
            selection,
            |g| g.system,
            |g| {
                if g.system {
                    "the runtime"
                } else {
                    "the program"
                }
                .to_owned()
            },
        ),
        By::Function => by_place(selection, Place::User, |all, f| {
            gobin::print_name(all.text(f.func)).into_owned()
        }),
        By::Place(place) => by_place(selection, *place, place::name),
    }
}

fn by_place(
    selection: &Selection<'_>,
    place: Place,
    name: impl Fn(&Goroutines, &::goroutines::Frame) -> String,
) -> Vec<Group> {
    let all = selection.of;
    let named = |g: &Goroutine| match place.of(all, g) {
        Some(frame) => name(all, frame),
        None => format!("({})", g.origin.name()),
    };
    // Names are made once for each stack; many a stack may have one name.
    let mut names: FxHashMap<(StackIx, Option<CallIx>), u32> = FxHashMap::default();
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    let mut name_id = |g: &Goroutine| {
        let of_creator = (place == Place::Go).then_some(g.created_by).flatten();
        *names.entry((g.stack, of_creator)).or_insert_with(|| {
            let next = ids.len() as u32;
            *ids.entry(named(g)).or_insert(next)
        })
    };
    let keys: Vec<u32> = selection.iter().map(&mut name_id).collect();
    let mut keys = keys.into_iter();
    collect(selection, |_| keys.next().unwrap_or(0), named)
}

/// What is known of a group in the making.
struct Making {
    group: Group,
    waits: Vec<u64>,
    states: FxHashMap<Text, usize>,
    creator: Option<CallIx>,
}

fn collect<K: std::hash::Hash + Eq>(
    selection: &Selection<'_>,
    mut key: impl FnMut(&Goroutine) -> K,
    name: impl Fn(&Goroutine) -> String,
) -> Vec<Group> {
    let all = selection.of;
    let mut places: FxHashMap<K, usize> = FxHashMap::default();
    let mut making: Vec<Making> = Vec::new();
    for g in selection.iter() {
        let place = *places.entry(key(g)).or_insert_with(|| {
            making.push(Making {
                group: Group {
                    name: name(g),
                    count: 0,
                    locked: 0,
                    waits: Waits::default(),
                    states: Vec::new(),
                    stack: Some(g.stack),
                    created_by: g.created_by,
                    first: g.id,
                    status: Some(g.status),
                },
                waits: Vec::new(),
                states: FxHashMap::default(),
                creator: g.created_by,
            });
            making.len() - 1
        });
        let Making {
            group,
            waits,
            states,
            creator,
        } = &mut making[place];
        group.count += 1;
        group.locked += usize::from(g.locked);
        group.first = group.first.min(g.id);
        if g.wait_ns > 0 {
            waits.push(g.wait_ns);
        }
        *states.entry(g.state).or_default() += 1;
        if group.stack != Some(g.stack) {
            group.stack = None;
        }
        if *creator != g.created_by {
            group.created_by = None;
        }
        if group.status != Some(g.status) {
            group.status = None;
        }
    }
    let finish = |mut m: Making| {
        m.group.waits = Waits::of(&mut m.waits);
        m.group.states = m.states.into_iter().collect();
        let order = |(state, n): &(Text, usize)| (Reverse(*n), all.text(*state));
        m.group.states.sort_by(|a, b| order(a).cmp(&order(b)));
        m.group
    };
    let mut groups: Vec<Group> = making.into_iter().map(finish).collect();
    groups.sort_by(|a, b| {
        (Reverse(a.count), &a.name, a.first).cmp(&(Reverse(b.count), &b.name, b.first))
    });
    groups
}
