//! The folder where toolchains and built programs are kept between runs.
//!
//! Several tests, in several processes, ask for the same thing at the same time. One of them makes
//! it in a temporary folder, under a lock, and renames it into place; so what is there is whole.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// `$GOWHY_CACHE`, or `gowhy` in `$XDG_CACHE_HOME`, or in `~/.cache`, or in the temporary folder.
pub fn cache_dir() -> PathBuf {
    let of = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    of("GOWHY_CACHE").unwrap_or_else(|| {
        of("XDG_CACHE_HOME")
            .or_else(|| of("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(env::temp_dir)
            .join("gowhy")
    })
}

/// The path of `name` (relative, with slashes) in the cache; `make` makes it where it is not.
///
/// `make` gets an empty folder to work in and a path in it to leave its result at.
pub(crate) fn once(name: &str, make: impl FnOnce(&Path, &Path) -> Result<()>) -> Result<PathBuf> {
    let cache = cache_dir();
    let done = cache.join(name);
    if done.exists() {
        return Ok(done);
    }
    let flat = name.replace('/', "-");
    let locks = create(cache.join("locks"))?;
    let lock_path = locks.join(&flat);
    let lock = File::create(&lock_path).with_context(|| lock_path.display().to_string())?;
    lock.lock()
        .with_context(|| format!("lock {}", lock_path.display()))?;
    if done.exists() {
        return Ok(done);
    }
    // The lock is ours, so a folder of this name is what a killed process left behind.
    let work = cache.join("tmp").join(&flat);
    remove(&work)?;
    create(work.clone())?;
    let result = work.join("result");
    let made = make(&work, &result).and_then(|()| {
        create(
            done.parent()
                .context("a name in the cache has a parent")?
                .to_owned(),
        )?;
        fs::rename(&result, &done).with_context(|| format!("rename to {}", done.display()))
    });
    remove(&work)?;
    made.with_context(|| format!("make {name}"))?;
    Ok(done)
}

fn create(dir: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
    Ok(dir)
}

fn remove(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("remove {}", dir.display()))?;
    }
    Ok(())
}
