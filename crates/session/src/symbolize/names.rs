//! Functions and lines that are added to a profile.

use std::collections::HashMap;

use profile::{Function, FunctionIx, Line, LocationIx, Profile, StrId};

/// A frame as a binary or a program names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) function: String,
    pub(super) file: String,
    pub(super) line: i64,
    /// Line where the function starts; 0 if not known.
    pub(super) start_line: i64,
}

/// Adds functions, each once.
pub(super) struct Names {
    known: HashMap<(StrId, StrId, i64), FunctionIx>,
    next_id: u64,
}

impl Names {
    pub(super) fn of(profile: &Profile) -> Names {
        let highest = profile.functions.iter().map(|f| f.id).max();
        Names {
            known: HashMap::new(),
            next_id: highest.unwrap_or(0).wrapping_add(1),
        }
    }

    /// Gives the location these frames, innermost first.
    pub(super) fn set(&mut self, profile: &mut Profile, at: LocationIx, frames: &[Named]) {
        let start = profile.lines.len();
        for frame in frames {
            let function = Some(self.function(profile, frame));
            profile.lines.push(Line {
                function,
                line: frame.line,
                column: 0,
            });
        }
        let location = &mut profile.locations[at.ix()];
        location.lines_start = start as u32;
        location.lines_len = frames.len() as u32;
        location.is_folded = false;
    }

    fn function(&mut self, profile: &mut Profile, frame: &Named) -> FunctionIx {
        let name = profile.strings.intern(&frame.function);
        let filename = profile.strings.intern(&frame.file);
        let key = (name, filename, frame.start_line);
        *self.known.entry(key).or_insert_with(|| {
            let ix = FunctionIx(profile.functions.len() as u32);
            profile.functions.push(Function {
                id: self.next_id,
                name,
                system_name: name,
                filename,
                start_line: frame.start_line,
            });
            self.next_id = self.next_id.wrapping_add(1);
            ix
        })
    }
}
