//! One profile from one target, for the verbs that take one: `gowhy cpu`, `gowhy goroutine` …

use std::io;
use std::path::PathBuf;

use profile::{Profile, ReadOptions};
use session::binaries::Binaries;
use session::fetch::{self, ProfileUrl};
use session::file;
use session::symbolize::{Mode, Origins, symbolize};

use crate::access::{self, AccessArgs};
use crate::exit::CliError;
use crate::output::say;

/// Where a single profile is, for the verbs that take one.
pub enum Single {
    /// In a file.
    File(PathBuf),
    /// On standard input.
    Stdin,
    /// At an endpoint.
    Url(ProfileUrl),
}

/// Reads or fetches one profile, and names what has no names in it.
pub fn single(from: Single, access: &AccessArgs, quiet: bool) -> Result<Profile, CliError> {
    let client = access.client(None)?;
    let mut origins = Origins::default();
    let mut profile = match &from {
        Single::File(path) => file::profile(path)?,
        Single::Stdin => file::profile_from(&mut io::stdin().lock(), "standard input")?,
        Single::Url(url) => {
            fetch::profile(&client, url, &ReadOptions::default()).map_err(|e| match e {
                e @ session::Error::Status { .. } => {
                    CliError::from(e).context(format!("cannot fetch {url}"))
                }
                e => e.into(),
            })?
        }
    };
    let mut tell = |line: String| {
        if !quiet {
            say(&[line]);
        }
    };
    let binaries = Binaries {
        folders: access::binary_folders(),
        ..Binaries::default()
    };
    binaries.locate(&mut profile, &mut tell);
    if let Single::Url(url) = &from {
        origins.add(&mut profile, url);
    }
    let mode = Mode {
        local: true,
        fast: false,
        remote: true,
        force: false,
        one_frame: false,
    };
    symbolize(&mut profile, mode, &origins, &client, &mut tell);
    origins.forget(&mut profile);
    Ok(profile)
}

/// What a verb says of a target that looks like a URL and is none.
pub fn no_url(text: &str) -> CliError {
    CliError::usage(format!("{text} is no URL and no host:port"))
}
