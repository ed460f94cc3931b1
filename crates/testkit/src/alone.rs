//! Tests that measure, one at a time.

use std::fs::{self, File};

use anyhow::{Context, Result};

use crate::cache::cache_dir;

/// Holds off every other test that measures, in all processes, until it is dropped.
#[derive(Debug)]
#[must_use = "others wait only as long as it lives"]
pub struct Alone {
    _lock: File,
}

/// Waits until no other test measures: those that load the machine and look at shares of time would
/// disturb each other.
pub fn alone() -> Result<Alone> {
    let dir = cache_dir().join("locks");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let lock = File::create(dir.join("alone"))?;
    lock.lock().context("lock")?;
    Ok(Alone { _lock: lock })
}
