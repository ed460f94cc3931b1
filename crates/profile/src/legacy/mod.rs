//! The formats from before profile.proto: what gperftools, Java's profiler and Go itself write or
//! wrote. Mirrors google/pprof's profile/legacy_profile.go and legacy_java_profile.go, whose rules
//! and order of recognition these are.
//!
//! Go prints the functions of each stack and the labels of each sample as comments. google/pprof
//! passes over them; we read them ([`symbols`]), unless asked to be exact.

mod contention;
mod count;
mod cpu;
mod heap;
mod java;
mod lines;
mod maps;
mod maps_index;
mod numbers;
mod remap;
mod symbols;
mod thread;

use crate::error::Error;
use crate::model::Profile;

/// Why one of the parsers gave up.
enum Fault {
    /// It is another format.
    Unrecognized,
    /// It is this format, and broken.
    Broken(Error),
}

impl Fault {
    fn corrupt(what: impl Into<String>, at: u64) -> Self {
        let what = what.into();
        Fault::Broken(Error::Corrupt { what, at })
    }
}

/// Reads a profile in one of the old formats, not gzipped; `None` if it is in none of them. `exact`
/// reads as google/pprof does, which knows no symbols in text.
pub fn decode(bytes: &[u8], exact: bool) -> Result<Option<Profile>, Error> {
    let parsers = [
        cpu::decode,
        heap::decode,
        count::decode,
        thread::decode,
        contention::decode,
        java::decode,
    ];
    for parse in parsers {
        match parse(bytes, exact) {
            Ok(mut profile) => {
                remap::frame_info(&mut profile);
                if !exact {
                    remap::say_what_is_named(&mut profile);
                }
                return Ok(Some(profile));
            }
            Err(Fault::Unrecognized) => {}
            Err(Fault::Broken(e)) => return Err(e),
        }
    }
    Ok(None)
}

/// Whether this is the start of a binary CPU profile.
pub fn is_cpu(head: &[u8]) -> bool {
    cpu::header(head).is_some()
}
