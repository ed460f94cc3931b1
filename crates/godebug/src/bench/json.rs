//! The output of `go test -json` (`cmd/test2json`): events, whose texts make up what the test printed.

use std::borrow::Cow;

use serde::Deserialize;

#[derive(Deserialize)]
struct Event<'e> {
    #[serde(rename = "Action", borrow)]
    action: Cow<'e, str>,
    #[serde(rename = "Package", borrow, default)]
    package: Cow<'e, str>,
    #[serde(rename = "Output", borrow, default)]
    output: Cow<'e, str>,
}

/// What each package printed, in the order in which they began; `None` if these are no events.
///
/// Packages run at the same time, and a line comes in pieces: `BenchmarkX` first, its values when it
/// is done.
pub fn output(bytes: &[u8]) -> Option<Vec<String>> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let mut packages: Vec<(String, String)> = Vec::new();
    let mut events = 0usize;
    // The package of the event before is most often that of this one.
    let mut at = 0;
    for line in bytes.split(|&b| b == b'\n') {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(line) else {
            continue;
        };
        events += 1;
        if event.action != "output" {
            continue;
        }
        if packages
            .get(at)
            .is_none_or(|(name, _)| *name != event.package)
        {
            let known = packages.iter().position(|(name, _)| *name == event.package);
            at = known.unwrap_or_else(|| {
                packages.push((event.package.to_string(), String::new()));
                packages.len() - 1
            });
        }
        if let Some((_, text)) = packages.get_mut(at) {
            *text += &event.output;
        }
    }
    (events > 0).then(|| packages.into_iter().map(|(_, text)| text).collect())
}
