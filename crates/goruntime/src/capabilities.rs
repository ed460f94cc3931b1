//! What can be read of a process, and why the rest can't.

/// Something that can be read of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ability {
    /// The thread (M) of a kernel thread, its stacks and its current goroutine.
    Threads,
    /// A goroutine's number, status, stack and functions.
    Goroutines,
    /// Where a goroutine entered a system call.
    Syscalls,
    /// A goroutine's profiler labels.
    Labels,
    /// The list of all goroutines.
    AllGoroutines,
    /// The list of processors.
    Processors,
    /// The names of what goroutines wait for.
    WaitReasons,
}

impl Ability {
    /// All of them.
    pub const ALL: [Ability; 7] = [
        Ability::Threads,
        Ability::Goroutines,
        Ability::Syscalls,
        Ability::Labels,
        Ability::AllGoroutines,
        Ability::Processors,
        Ability::WaitReasons,
    ];
}

impl std::fmt::Display for Ability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Ability::Threads => "threads",
            Ability::Goroutines => "goroutines",
            Ability::Syscalls => "system calls",
            Ability::Labels => "labels",
            Ability::AllGoroutines => "list of goroutines",
            Ability::Processors => "processors",
            Ability::WaitReasons => "wait reasons",
        })
    }
}

/// What can be read of a process, and why the rest can't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    refused: Vec<(Ability, String)>,
}

impl Capabilities {
    /// Whether this can be read.
    pub fn has(&self, ability: Ability) -> bool {
        self.why_not(ability).is_none()
    }

    /// Why this can't be read.
    pub fn why_not(&self, ability: Ability) -> Option<&str> {
        let refused = self.refused.iter().find(|(a, _)| *a == ability);
        refused.map(|(_, why)| why.as_str())
    }

    /// Every ability, with the reason where it is missing.
    pub fn all(&self) -> impl Iterator<Item = (Ability, Option<&str>)> {
        Ability::ALL.into_iter().map(|a| (a, self.why_not(a)))
    }

    /// All that can't be read, with the reasons.
    pub fn missing(&self) -> impl Iterator<Item = (Ability, &str)> {
        self.refused.iter().map(|(a, why)| (*a, why.as_str()))
    }

    /// How many abilities there are.
    pub(crate) fn count(&self) -> usize {
        Ability::ALL.iter().filter(|a| self.has(**a)).count()
    }

    /// Notes the outcome of a proof; the first reason against an ability stays.
    pub(crate) fn note(&mut self, ability: Ability, outcome: Result<(), String>) -> bool {
        if let Err(why) = outcome
            && self.has(ability)
        {
            self.refused.push((ability, why));
        }
        self.has(ability)
    }
}
