//! What is done to a profile once, when it is read: names are shortened, frames that the profile
//! itself calls uninteresting go.
//!
//! Mirrors `fetchProfiles` and the symbolizer's options in pprof's `internal`. Not here: filling in
//! names that are missing.

use profile::demangle::{Demangle, demangle};
use profile::{Mapping, MappingIx, Profile, prune};

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
    /// How much of a name to show.
    pub demangle: Demangle,
}

impl Default for Symbolize {
    fn default() -> Self {
        Symbolize {
            none: false,
            force: false,
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
                "" | "local" | "fastlocal" | "remote" | "demangle=default" | "default" => {}
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

/// Says which program a profile is of: `binary` replaces the main binary's file, `build_id` is taken
/// if the profile has none; either may be empty. A profile without mappings gets one.
pub fn locate(profile: &mut Profile, binary: &str, build_id: &str) {
    if profile.mappings.is_empty() {
        profile.mappings.push(Mapping {
            id: 1,
            ..Default::default()
        });
        for location in &mut profile.locations {
            location.mapping = Some(MappingIx(0));
        }
    }
    let binary = profile.strings.intern(binary);
    let build_id = profile.strings.intern(build_id);
    let main = &mut profile.mappings[0];
    if !binary.is_empty() {
        main.file = binary;
    }
    if main.build_id.is_empty() {
        main.build_id = build_id;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Builder;

    #[test]
    fn symbolize_reads_words() {
        let check = |text: &str, none, force, demangle| {
            let (mode, notices) = Symbolize::parse(text);
            let expect = Symbolize {
                none,
                force,
                demangle,
            };
            assert_eq!((mode, notices.len()), (expect, 0), "{text}");
        };
        check("", false, false, Demangle::Simple);
        check("None", true, false, Demangle::Simple);
        check("local:force", false, true, Demangle::Simple);
        check("force:demangle=full", false, true, Demangle::Full);
        check("demangle=templates", false, true, Demangle::Templates);
        check("remote:demangle=default", false, false, Demangle::Simple);
        let (mode, notices) = Symbolize::parse("what");
        assert_eq!((mode, notices.len()), (Symbolize::default(), 2));
    }

    #[test]
    fn a_profile_without_mappings_gets_one() {
        let mut b = Builder::new(&[("n", "count")]);
        b.location(None, 5, &[]);
        let mut p = b.finish();
        locate(&mut p, "/bin/x", "id");
        assert_eq!(p.str(p.mappings[0].file), "/bin/x");
        assert_eq!(p.str(p.mappings[0].build_id), "id");
        assert_eq!(p.locations[0].mapping, Some(MappingIx(0)));
        locate(&mut p, "", "other");
        assert_eq!(p.str(p.mappings[0].build_id), "id");
    }
}
