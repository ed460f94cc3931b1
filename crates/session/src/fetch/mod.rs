//! Profiles over HTTP, as `net/http/pprof` serves them.

mod client;
mod dial;
mod downloads;
mod index;
mod proxy;
mod url;

pub use client::{Access, Client};
pub use downloads::Downloads;
pub use proxy::Proxies;
pub use url::ProfileUrl;

use client::Answer;
use profile::{Profile, ReadOptions};

use crate::error::Error;
use crate::file;

/// Fetches and decodes a profile.
pub fn profile(client: &Client, url: &ProfileUrl, options: &ReadOptions) -> Result<Profile, Error> {
    file::decode(&body(client, url)?, &url.to_string(), options)
}

/// Fetches what an endpoint of `/debug/pprof` answers.
pub(crate) fn body(client: &Client, url: &ProfileUrl) -> Result<Vec<u8>, Error> {
    let answer = client.get(url, None)?;
    if !answer.is_ok {
        let others = match answer.status.starts_with("404") {
            true => index::profiles(client, url),
            false => Vec::new(),
        };
        return Err(refusal(url, &answer, others));
    }
    Ok(answer.body)
}

/// Posts to a URL, and gives the answer's body.
pub(crate) fn post(client: &Client, url: &ProfileUrl, body: &str) -> Result<Vec<u8>, Error> {
    let answer = client.post(url, body)?;
    match answer.is_ok {
        true => Ok(answer.body),
        false => Err(refusal(url, &answer, Vec::new())),
    }
}

fn refusal(url: &ProfileUrl, answer: &Answer, others: Vec<String>) -> Error {
    let text = String::from_utf8_lossy(&answer.body);
    // What other servers answer is often a page, and the status says as much.
    let is_page = text.trim_start().starts_with('<');
    let lines = match answer.is_of_pprof {
        true => text.trim_end(),
        false if is_page => "",
        false => text.lines().next().unwrap_or_default(),
    };
    Error::Status {
        url: url.to_string(),
        status: answer.status.clone(),
        body: lines.chars().take(500).collect(),
        others,
    }
}
