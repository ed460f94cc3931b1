//! Two sides of a comparison: profiles, benchmark results, or folders of test runs with both.

use std::path::Path;

use godebug::bench::BenchLog;
use profile::Profile;

use crate::error::Error;
use crate::gotest::{Kind, Set};

/// One side.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Benchmark results; empty if there are none.
    pub benchmarks: BenchLog,
    /// Profiles.
    pub profiles: Vec<Known>,
    /// Whether benchmarks ran for a time rather than a number of times while the profiles were
    /// taken, so that their totals say nothing.
    pub timed: bool,
}

/// A profile and what is known of it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The package it is of; empty if that is not known.
    pub package: String,
    /// Its kind, if it was taken by a test run.
    pub kind: Option<Kind>,
    /// The profile.
    pub profile: Profile,
}

/// Opens a side: a folder of a test run, the output of benchmarks, or a profile, by its content.
pub fn open(path: &Path) -> Result<Side, Error> {
    if path.is_dir() {
        return of_set(&Set::open(path)?);
    }
    let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
    read(&bytes, &path.display().to_string())
}

/// The same for what was read already.
pub fn read(bytes: &[u8], name: &str) -> Result<Side, Error> {
    let benchmarks = BenchLog::parse(bytes);
    if !benchmarks.is_empty() {
        return Ok(Side {
            benchmarks,
            ..Side::default()
        });
    }
    let profile = profile::read_any(bytes).map_err(|source| match source {
        profile::Error::NotAProfile => Error::Incomparable {
            name: name.to_owned(),
        },
        source => Error::Profile {
            name: name.to_owned(),
            source,
        },
    })?;
    Ok(Side {
        profiles: vec![Known {
            package: String::new(),
            kind: None,
            profile,
        }],
        ..Side::default()
    })
}

fn of_set(set: &Set) -> Result<Side, Error> {
    let mut side = Side {
        benchmarks: set.benchmarks()?,
        timed: set.manifest.timed,
        ..Side::default()
    };
    for package in &set.manifest.packages {
        for taken in &package.profiles {
            side.profiles.push(Known {
                package: package.import_path.clone(),
                kind: Some(taken.kind),
                profile: set.profile(taken)?,
            });
        }
    }
    Ok(side)
}

/// The profiles of both sides that are of the same package and kind. A profile of its own is compared
/// with whatever counts the same.
pub fn pairs<'s>(old: &'s Side, new: &'s Side) -> Vec<(&'s Known, &'s Known)> {
    let single = |side: &Side| side.profiles.len() == 1 && side.profiles[0].kind.is_none();
    let loose = single(old) || single(new);
    let same = |a: &Known, b: &Known| match loose {
        true => types(&a.profile) == types(&b.profile),
        false => a.package == b.package && a.kind == b.kind,
    };
    let both_single = single(old) && single(new);
    let pair = |a: &'s Known| {
        // Two profiles that the user names are compared even if that turns out impossible.
        let found = new.profiles.iter().find(|b| both_single || same(a, b));
        Some((a, found?))
    };
    old.profiles.iter().filter_map(pair).collect()
}

fn types(profile: &Profile) -> Vec<(&str, &str)> {
    let types = profile.sample_types.iter();
    types
        .map(|t| (profile.str(t.kind), profile.str(t.unit)))
        .collect()
}
