//! `-comments`: the free text of a profile.

use std::io::{self, Write};

use crate::report::Report;

/// The comments of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comments {
    /// In the order of the profile.
    pub comments: Vec<String>,
}

impl Comments {
    /// The comments of a report's profile.
    pub fn new(report: &Report) -> Self {
        let p = &report.profile;
        let text = |&id| p.str(id).to_owned();
        Comments {
            comments: p.comments.iter().map(text).collect(),
        }
    }

    /// Writes them, one a line.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for comment in &self.comments {
            writeln!(out, "{comment}")?;
        }
        Ok(())
    }
}
