//! Views of goroutines ([`::goroutines::Goroutines`]): groups of those that do the same, Go's own
//! text, pprof's goroutine profile, JSON.
//!
//! A view is of a [`Selection`], the goroutines that are left after the user's filters.

pub mod debug1;
pub mod debug2;
pub mod filter;
pub mod groups;
pub mod json;
pub mod place;
pub mod profile;
pub mod table;
pub mod wait;

use ::goroutines::{Goroutine, Goroutines};

/// Some of the goroutines of an artefact, in its order.
#[derive(Clone, Debug)]
pub struct Selection<'a> {
    /// The artefact.
    pub of: &'a Goroutines,
    /// Places in [`Goroutines::all`], rising.
    pub places: Vec<u32>,
}

impl<'a> Selection<'a> {
    /// All goroutines of the program; those of the runtime too where `system` is set.
    pub fn all(of: &'a Goroutines, system: bool) -> Selection<'a> {
        Selection::matching(of, |g| system || !g.system)
    }

    /// Those that `keep` keeps.
    pub fn matching(of: &'a Goroutines, mut keep: impl FnMut(&Goroutine) -> bool) -> Self {
        let places = 0_u32..;
        let kept = places.zip(&of.all).filter(|(_, g)| keep(g));
        Selection {
            of,
            places: kept.map(|(place, _)| place).collect(),
        }
    }

    /// The goroutines.
    pub fn iter(&self) -> impl Iterator<Item = &'a Goroutine> + '_ {
        self.places.iter().map(|p| &self.of.all[*p as usize])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}
