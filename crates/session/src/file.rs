//! Saved profiles.

use std::io::Read;
use std::path::Path;

use godebug::goroutine;
use profile::{Profile, ReadOptions};

use crate::error::Error;

/// Reads a profile from a file.
pub fn profile(path: &Path) -> Result<Profile, Error> {
    profile_with(path, &ReadOptions::default())
}

/// Reads a profile from a file, in this way.
pub fn profile_with(path: &Path, options: &ReadOptions) -> Result<Profile, Error> {
    let name = path.display().to_string();
    // It may be larger than memory.
    if matches!(crate::corefile::is_core(path), Ok(true)) {
        return Err(Error::CoreNoProfile { path: name });
    }
    let bytes = std::fs::read(path).map_err(|source| Error::File {
        path: name.clone(),
        source,
    })?;
    decode(&bytes, &name, options)
}

/// Reads a profile from a stream, e.g. standard input.
pub fn profile_from(reader: &mut dyn Read, name: &str) -> Result<Profile, Error> {
    profile_from_with(reader, name, &ReadOptions::default())
}

/// Reads a profile from a stream, in this way.
pub fn profile_from_with(
    reader: &mut dyn Read,
    name: &str,
    options: &ReadOptions,
) -> Result<Profile, Error> {
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .map_err(|source| Error::File {
            path: name.to_owned(),
            source,
        })?;
    decode(&bytes, name, options)
}

/// Reads a profile that came from `name`, whatever its format; of a goroutine dump, the goroutines.
pub(crate) fn decode(bytes: &[u8], name: &str, options: &ReadOptions) -> Result<Profile, Error> {
    profile::read_any_with(bytes, options).or_else(|source| {
        let dump = match source {
            profile::Error::NotAProfile if !options.exact => dump(bytes, options),
            _ => None,
        };
        dump.ok_or_else(|| Error::Profile {
            name: name.to_owned(),
            source,
        })
    })
}

/// The goroutines of a dump; `None` if there are none.
fn dump(bytes: &[u8], options: &ReadOptions) -> Option<Profile> {
    let bytes = profile::inflate(bytes, &options.limits).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    goroutine::profile(&text)
}
