//! Keeps what was made lately, up to a number of bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Things by name; the one that was not used for longest goes first.
#[derive(Debug)]
pub struct Cache<T> {
    budget: usize,
    kept: Mutex<VecDeque<(String, Arc<T>, usize)>>,
}

impl<T> Cache<T> {
    /// Keeps at most `budget` bytes.
    pub fn new(budget: usize) -> Self {
        Cache {
            budget,
            kept: Mutex::default(),
        }
    }

    /// The thing of this name; if it is not there, `make` makes it. `size` says how many bytes it
    /// takes. What cannot be made is not kept.
    pub fn get_or<E>(
        &self,
        name: &str,
        size: impl Fn(&T) -> usize,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        // Not under the lock: others must not wait for it.
        let made = Arc::new(make()?);
        let bytes = size(&made) + name.len();
        if bytes <= self.budget {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|(n, ..)| n != name);
            kept.push_back((name.to_owned(), Arc::clone(&made), bytes));
            let mut sum: usize = kept.iter().map(|(.., bytes)| bytes).sum();
            while sum > self.budget {
                sum -= kept.pop_front().map_or(sum, |(.., bytes)| bytes);
            }
        }
        Ok(made)
    }

    fn find(&self, name: &str) -> Option<Arc<T>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(n, ..)| n == name)?;
        let entry = kept.remove(at)?;
        let found = Arc::clone(&entry.1);
        kept.push_back(entry);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_used_goes_first() {
        let cache = Cache::new(10);
        let get = |name: &str| {
            let mut made = false;
            let got: Result<_, ()> = cache.get_or(
                name,
                |_| 3,
                || {
                    made = true;
                    Ok(name.to_owned())
                },
            );
            assert_eq!(got.as_deref(), Ok(&name.to_owned()));
            made
        };
        assert_eq!([get("a"), get("b"), get("a")], [true, true, false]);
        assert_eq!([get("c"), get("a"), get("b")], [true, false, true]);
        assert!(cache.get_or("x", |_| 1, || Err(())).is_err());
        assert!(cache.get_or("x", |_| 1, || Ok::<_, ()>("x".into())).is_ok());
    }
}
