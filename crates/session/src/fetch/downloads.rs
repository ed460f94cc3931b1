//! Several profiles at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;

use profile::{Profile, ReadOptions};

use super::client::Client;
use super::url::ProfileUrl;
use crate::error::Error;

/// How many are under way, or here and not taken yet: as many as pprof has.
const AT_ONCE: usize = 128;

/// Profiles that are being fetched side by side, and are taken in the order of their URLs.
#[derive(Debug)]
pub struct Downloads {
    client: Arc<Client>,
    reading: ReadOptions,
    under_way: VecDeque<JoinHandle<Result<Profile, Error>>>,
    waiting: std::vec::IntoIter<ProfileUrl>,
}

impl Downloads {
    /// Begins to fetch.
    pub fn start(client: &Arc<Client>, reading: ReadOptions, urls: Vec<ProfileUrl>) -> Downloads {
        let mut downloads = Downloads {
            client: Arc::clone(client),
            reading,
            under_way: VecDeque::new(),
            waiting: urls.into_iter(),
        };
        downloads.fill();
        downloads
    }

    /// Waits for the next profile; `None` when all have been taken.
    pub fn take(&mut self) -> Option<Result<Profile, Error>> {
        let fetched = self.under_way.pop_front()?.join();
        self.fill();
        Some(fetched.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }

    fn fill(&mut self) {
        while self.under_way.len() < AT_ONCE
            && let Some(url) = self.waiting.next()
        {
            let (client, reading) = (Arc::clone(&self.client), self.reading);
            let fetched = std::thread::spawn(move || super::profile(&client, &url, &reading));
            self.under_way.push_back(fetched);
        }
    }
}
