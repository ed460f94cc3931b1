//! What is done to a profile once, when it is read: names are shortened, frames that the profile
//! itself calls uninteresting go.
//!
//! Mirrors `fetchProfiles` and the symbolizer's options in pprof's `internal`. Not here: filling in
//! names that are missing.

use profile::demangle::{Demangle, demangle};
use profile::{Profile, prune};

use crate::error::Error;

/// What to do to a profile that has just been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Keep the frames that the profile calls uninteresting.
    pub all_frames: bool,
    /// What to do to names.
    pub symbolize: Symbolize,
    /// A comment to add; empty for none.
    pub comment: String,
}

/// What to do to names: pprof's `-symbolize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbolize {
    /// Leave names as they are.
    pub none: bool,
    /// Begin again from the linker's names.
    pub force: bool,
    /// Look for missing names in binaries on this machine.
    pub local: bool,
    /// … but not in debugging information, which takes time to read.
    pub fast: bool,
    /// Ask the program that the profile was fetched from.
    pub remote: bool,
    /// How much of a name to show.
    pub demangle: Demangle,
}

impl Default for Symbolize {
    fn default() -> Self {
        Symbolize {
            none: false,
            force: false,
            local: true,
            fast: false,
            remote: true,
            demangle: Demangle::Simple,
        }
    }
}

impl Symbolize {
    /// Reads the option, and says what of it makes no sense.
    pub fn parse(text: &str) -> (Self, Vec<String>) {
        let mut mode = Symbolize::default();
        let mut notices = Vec::new();
        for word in text.to_lowercase().split(':') {
            match word {
                "" | "demangle=default" | "default" => {}
                "local" => (mode.local, mode.remote) = (true, false),
                "fastlocal" => (mode.local, mode.fast, mode.remote) = (true, true, false),
                "remote" => (mode.local, mode.remote) = (false, true),
                "none" | "no" => {
                    mode.none = true;
                    break;
                }
                "force" => mode.force = true,
                word => {
                    mode.force = true;
                    mode.demangle = match word.strip_prefix("demangle=").unwrap_or(word) {
                        "full" => Demangle::Full,
                        "none" => Demangle::None,
                        "templates" => Demangle::Templates,
                        _ => {
                            mode.force = false;
                            notices.push(format!(
                                "ignoring unrecognized symbolization option: {text}"
                            ));
                            notices.push(
                                "expecting -symbolize=[local|fastlocal|remote|none][:force]\
                                 [:demangle=[none|full|templates|default]"
                                    .to_owned(),
                            );
                            mode.demangle
                        }
                    };
                }
            }
        }
        (mode, notices)
    }
}

/// Makes a profile that has been read, and merged if there are several, ready for reports.
pub fn import(mut profile: Profile, how: &Import) -> Result<Profile, Error> {
    if how.all_frames {
        profile.drop_frames = Default::default();
        profile.keep_frames = Default::default();
    }
    if !how.symbolize.none {
        demangle(&mut profile, how.symbolize.demangle, how.symbolize.force);
    }
    prune::remove_uninteresting(&mut profile)?;
    if !how.comment.is_empty() {
        let comment = profile.strings.intern(&how.comment);
        profile.comments.push(comment);
    }
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbolize_reads_words() {
        let check = |text: &str, expect: Symbolize| {
            let (mode, notices) = Symbolize::parse(text);
            assert_eq!((mode, notices.len()), (expect, 0), "{text}");
        };
        let mode = Symbolize::default();
        let none = Symbolize { none: true, ..mode };
        let local = Symbolize {
            remote: false,
            ..mode
        };
        let remote = Symbolize {
            local: false,
            ..mode
        };
        let forced = |demangle| Symbolize {
            force: true,
            demangle,
            ..mode
        };
        check("", mode);
        check("None", none);
        check("no:local", none);
        check(
            "local:force",
            Symbolize {
                force: true,
                ..local
            },
        );
        check(
            "fastlocal",
            Symbolize {
                fast: true,
                ..local
            },
        );
        check("force:demangle=full", forced(Demangle::Full));
        check("demangle=templates", forced(Demangle::Templates));
        check("remote:demangle=default", remote);
        let (mode, notices) = Symbolize::parse("what");
        assert_eq!((mode, notices.len()), (Symbolize::default(), 2));
    }
}
