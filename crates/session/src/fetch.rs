//! Profiles over HTTP, as `net/http/pprof` serves them.

use std::io::Read;
use std::time::Duration;

use profile::{Profile, ReadOptions};

use crate::error::Error;
use crate::file;

/// Answers that are larger are refused.
const MAX_ANSWER: u64 = 4 << 30;
/// For connecting and for endpoints that answer at once.
const QUICK: Duration = Duration::from_secs(10);

/// The URL of a CPU profile of `duration`, from what the user wrote: without a path it is
/// `/debug/pprof/profile`, without a scheme HTTP.
pub fn cpu_profile_url(text: &str, duration: Duration) -> String {
    let mut url = endpoint_url(text, "profile");
    if !url.contains("seconds=") {
        let sep = if url.contains('?') { '&' } else { '?' };
        url += &format!("{sep}seconds={}", duration.as_secs().max(1));
    }
    url
}

/// The URL of the goroutines, from what the user wrote.
pub fn goroutine_url(text: &str) -> String {
    endpoint_url(text, "goroutine")
}

/// The URL of one of the profiles of `/debug/pprof`, unless the user wrote a whole path.
fn endpoint_url(text: &str, name: &str) -> String {
    let mut url = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    match rest
        .split_once('/')
        .map(|(_, path)| path.trim_end_matches('/'))
    {
        None => url += &format!("/debug/pprof/{name}"),
        Some("") => url += &format!("debug/pprof/{name}"),
        Some("debug/pprof") => url = format!("{}/{name}", url.trim_end_matches('/')),
        Some(_) => {}
    }
    url
}

/// Fetches and decodes a profile whose making takes `duration`.
pub fn profile(url: &str, duration: Duration) -> Result<Profile, Error> {
    profile_with(url, duration, &ReadOptions::default())
}

/// Fetches and decodes a profile whose making takes `duration`, in this way.
pub fn profile_with(
    url: &str,
    duration: Duration,
    options: &ReadOptions,
) -> Result<Profile, Error> {
    let bytes = get(url, duration + duration / 2 + QUICK)?;
    file::decode(&bytes, url, options)
}

/// The body of the answer.
pub fn get(url: &str, limit: Duration) -> Result<Vec<u8>, Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .timeout_connect(Some(QUICK))
        .http_status_as_error(false)
        .build()
        .into();
    let failed = |e: ureq::Error| match e {
        ureq::Error::Timeout(_) => Error::Timeout {
            url: url.to_owned(),
            limit,
        },
        e => Error::Unreachable {
            url: url.to_owned(),
            source: Box::new(e),
        },
    };
    let mut answer = agent.get(url).call().map_err(failed)?;
    let status = answer.status();
    let mut bytes = Vec::new();
    let read = answer
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER)
        .reader()
        .read_to_end(&mut bytes);
    if let Err(e) = read {
        return Err(match e.downcast::<ureq::Error>() {
            Ok(ureq::Error::Timeout(_)) => Error::Timeout {
                url: url.to_owned(),
                limit,
            },
            _ => Error::ClosedEarly {
                url: url.to_owned(),
                received: bytes.len(),
            },
        });
    }
    if !status.is_success() {
        let text = String::from_utf8_lossy(&bytes);
        return Err(Error::Status {
            url: url.to_owned(),
            status: status.to_string(),
            body: text
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect(),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_in_every_spelling() {
        let check = |text: &str, expect: &str| {
            assert_eq!(cpu_profile_url(text, Duration::from_secs(5)), expect);
        };
        let full = "http://h:1/debug/pprof/profile?seconds=5";
        check("h:1", full);
        check("h:1/", full);
        check("http://h:1", full);
        check("http://h:1/debug/pprof/", full);
        check("http://h:1/debug/pprof/profile", full);
        check("h:1/x/profile?seconds=9", "http://h:1/x/profile?seconds=9");
        check("https://h/x?gc=1", "https://h/x?gc=1&seconds=5");
        assert_eq!(goroutine_url("h:1"), "http://h:1/debug/pprof/goroutine");
        assert_eq!(goroutine_url("h:1/x?debug=2"), "http://h:1/x?debug=2");
    }
}
