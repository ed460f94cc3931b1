//! Names from the binaries on this machine.

use profile::{LocationIx, Profile};

use super::Mode;
use super::address::in_file;
use super::binary::Binary;
use super::names::Names;

/// Fills in the names of mappings that have none.
pub(super) fn symbolize(profile: &mut Profile, mode: Mode, say: &mut dyn FnMut(String)) {
    let mut locations: Vec<Vec<LocationIx>> = vec![Vec::new(); profile.mappings.len()];
    for (i, location) in profile.locations.iter().enumerate() {
        if let Some(mapping) = location.mapping {
            locations[mapping.ix()].push(LocationIx(i as u32));
        }
    }
    let mut names = Names::of(profile);
    let mut missing = false;
    for (i, locations) in locations.iter().enumerate() {
        let mapping = profile.mappings[i].clone();
        let named = mapping.has_functions || mapping.has_filenames || mapping.has_line_numbers;
        if locations.is_empty() || named && !mode.force {
            continue;
        }
        let file = profile.str(mapping.file).to_owned();
        let build_id = profile.str(mapping.build_id).to_owned();
        if file.is_empty() && i == 0 {
            say("Main binary filename not available.".to_owned());
            continue;
        }
        if file.is_empty() {
            missing = true;
            continue;
        }
        if is_no_file(&file)
            || build_id.is_empty()
                && file.to_ascii_lowercase().starts_with("http")
                && file.contains("://")
        {
            continue;
        }
        let base = file
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let name = match build_id.as_str() {
            "" => base.to_owned(),
            id => format!("{base} (build ID {id})"),
        };
        let binary = match Binary::open(&file) {
            Ok(binary) => binary,
            Err(why) => {
                say(format!("Local symbolization failed for {name}: {why}"));
                missing = true;
                continue;
            }
        };
        if !build_id.is_empty() && !binary.has_build_id(&build_id) {
            say(format!(
                "Local symbolization failed for {name}: build ID mismatch"
            ));
            continue;
        }
        for &at in locations {
            let address = profile.location(at).address;
            let frames = binary.frames(in_file(address, &mapping, binary.segments()), mode);
            if frames.is_empty() {
                continue;
            }
            let mapping = &mut profile.mappings[i];
            mapping.has_functions |= frames.iter().any(|f| !f.function.is_empty());
            mapping.has_filenames |= frames.iter().any(|f| !f.file.is_empty());
            mapping.has_line_numbers |= frames.iter().any(|f| f.line != 0);
            mapping.has_inline_frames = true;
            names.set(profile, at, &frames);
        }
    }
    if missing {
        say(
            "Some binary filenames not available. Symbolization may be incomplete.\n\
             Try setting PPROF_BINARY_PATH to the search path for local binaries."
                .to_owned(),
        );
    }
}

/// What is mapped but is no file that could be opened.
fn is_no_file(file: &str) -> bool {
    let base = file.rsplit('/').next().unwrap_or_default();
    base.starts_with('[')
        || base.starts_with("linux-vdso")
        || file.starts_with("/dev/dri/")
        || file == "//anon"
        || file.starts_with("/memfd:")
}
