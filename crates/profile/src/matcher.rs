//! Matching names against a pattern once, however often they come up.

use crate::goregex::Regexp;
use crate::model::{Line, Location, Profile};
use crate::strings::StrId;

/// A pattern and what is known of each string of one profile.
pub(crate) struct Matcher<'a> {
    regexp: &'a Regexp,
    known: Vec<Option<bool>>,
}

impl<'a> Matcher<'a> {
    pub fn new(regexp: &'a Regexp, profile: &Profile) -> Self {
        Matcher {
            regexp,
            known: vec![None; profile.strings.len()],
        }
    }

    /// Whether the pattern matches the string.
    pub fn string(&mut self, p: &Profile, id: StrId) -> bool {
        match self.known.get_mut(id.0 as usize) {
            Some(known) => *known.get_or_insert_with(|| self.regexp.is_match(p.str(id))),
            None => self.regexp.is_match(""),
        }
    }

    /// Whether it matches the name or the file of the frame's function.
    pub fn line(&mut self, p: &Profile, line: &Line) -> bool {
        line.function.is_some_and(|f| {
            let f = p.function(f);
            self.string(p, f.name) || self.string(p, f.filename)
        })
    }

    /// Whether it matches the file that the location is mapped from.
    pub fn mapping(&mut self, p: &Profile, l: &Location) -> bool {
        l.mapping
            .is_some_and(|m| self.string(p, p.mappings[m.ix()].file))
    }
}
