//! Saved profiles.

use std::io::Read;
use std::path::Path;

use profile::Profile;

use crate::error::Error;

/// Reads a profile from a file.
pub fn profile(path: &Path) -> Result<Profile, Error> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| Error::File {
        path: name.clone(),
        source,
    })?;
    profile::read_any(&bytes).map_err(|source| Error::Profile { name, source })
}

/// Reads a profile from a stream, e.g. standard input.
pub fn profile_from(reader: &mut dyn Read, name: &str) -> Result<Profile, Error> {
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .map_err(|source| Error::File {
            path: name.to_owned(),
            source,
        })?;
    profile::read_any(&bytes).map_err(|source| Error::Profile {
        name: name.to_owned(),
        source,
    })
}
