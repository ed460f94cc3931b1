//! Keeps what was fetched: as `pprof.BINARY.TYPES.NNN.pb.gz` in the folder of such profiles.
//!
//! Mirrors fetchProfiles and setTmpDir of pprof's internal/driver/fetch.go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use profile::Profile;

/// Highest number in a name.
const MOST: usize = 9_999;

/// Saves the profile into the first of the folders that is there or can be made, and says so in the
/// words of pprof. That it cannot be kept is no failure: it can still be shown.
pub fn save(profile: &Profile, folders: &[PathBuf], say: &mut dyn FnMut(String)) {
    let made = folders.iter().find(|dir| match fs::create_dir_all(dir) {
        Ok(()) => true,
        Err(e) => {
            let why = crate::wording::io_error(&e);
            say(format!(
                "Could not use temp dir {}: mkdir: {why}",
                dir.display()
            ));
            false
        }
    });
    let Some(dir) = made else {
        say("Could not save profile: failed to identify temp dir".to_owned());
        return;
    };
    say(match write(profile, dir) {
        Ok(path) => format!("Saved profile in {}", path.display()),
        Err(e) => format!("Could not save profile: {}", crate::wording::io_error(&e)),
    });
}

fn write(profile: &Profile, dir: &Path) -> io::Result<PathBuf> {
    let (path, mut file) = create(dir, &prefix(profile))?;
    let written = file.write_all(&profile::encode_gz(profile));
    if let Err(e) = written {
        // Half a profile is worse than none.
        let _ = fs::remove_file(&path);
        return Err(e);
    }
    Ok(path)
}

/// `pprof.BINARY.TYPE.TYPE.`; what would be a path in another folder is none here.
fn prefix(profile: &Profile) -> String {
    let mut parts = vec!["pprof".to_owned()];
    let file = profile.mappings.first().map_or("", |m| profile.str(m.file));
    let base = file
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    if !base.is_empty() {
        parts.push(base.to_owned());
    }
    parts.extend(
        profile
            .sample_types
            .iter()
            .map(|t| profile.str(t.kind).to_owned()),
    );
    parts.push(String::new());
    parts.join(".").replace(['/', '\0'], "_")
}

fn create(dir: &Path, prefix: &str) -> io::Result<(PathBuf, File)> {
    for number in 1..=MOST {
        let path = dir.join(format!("{prefix}{number:03}.pb.gz"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (path, file)),
        }
    }
    let message = format!("could not create file of the form {prefix}001.pb.gz");
    Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::{Builder, Mapping};

    #[test]
    fn names_stay_in_the_folder() {
        let mut b = Builder::new(&[("samples", "count"), ("../../x", "y")]);
        let file = b.intern("/usr/bin/app");
        b.mapping(Mapping {
            file,
            ..Default::default()
        });
        assert_eq!(prefix(&b.finish()), "pprof.app.samples..._.._x.");
        assert_eq!(
            prefix(&Builder::new(&[("cpu", "ns")]).finish()),
            "pprof.cpu."
        );
    }
}
