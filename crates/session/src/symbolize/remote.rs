//! Names from the program that was asked for the profile.
//!
//! Mirrors pprof's internal/symbolz: addresses are posted to `symbol` (Go, gperftools) or `symbolz`
//! beside the profile, which answers with a line `0xADDRESS name` for each.

use std::collections::HashMap;

use profile::{LocationIx, MappingIx, Profile};

use super::names::{Named, Names};
use crate::error::Error;
use crate::fetch::{self, Client, ProfileUrl};

/// Where the mappings of fetched profiles come from.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// By build id, or by file.
    known: HashMap<String, Vec<Origin>>,
    /// What stands for the file of mappings that have neither, until [`Origins::forget`].
    in_place: Vec<String>,
}

#[derive(Clone, Debug)]
struct Origin {
    url: ProfileUrl,
    /// Where the mapping starts in that program; merging moves it.
    start: u64,
}

impl Origins {
    /// Remembers where a profile was fetched from. Its mappings without a name get the URL for one,
    /// which keeps those of different programs apart.
    pub fn add(&mut self, profile: &mut Profile, url: &ProfileUrl) {
        let text = url.to_string();
        for i in 0..profile.mappings.len() {
            let m = &profile.mappings[i];
            let key = match (profile.str(m.build_id), profile.str(m.file)) {
                ("", "") => {
                    self.in_place.push(text.clone());
                    let file = profile.strings.intern(&text);
                    profile.mappings[i].file = file;
                    text.clone()
                }
                ("", file) => file.to_owned(),
                (build_id, _) => build_id.to_owned(),
            };
            self.known.entry(key).or_default().push(Origin {
                url: url.clone(),
                start: profile.mappings[i].start,
            });
        }
    }

    /// Whether any profile was fetched.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes the URLs away again that stood for files.
    pub fn forget(&self, profile: &mut Profile) {
        for i in 0..profile.mappings.len() {
            let m = &profile.mappings[i];
            let file = profile.str(m.file);
            if m.build_id.is_empty() && self.in_place.iter().any(|url| url == file) {
                profile.mappings[i].file = Default::default();
            }
        }
    }

    fn of(&self, profile: &Profile, mapping: MappingIx) -> Vec<Origin> {
        let m = &profile.mappings[mapping.ix()];
        let keys = [profile.str(m.file), profile.str(m.build_id)];
        let keys = keys.into_iter().filter(|key| !key.is_empty());
        let found = keys.filter_map(|key| self.known.get(key));
        found.flatten().cloned().collect()
    }
}

/// Fills in the names of mappings that have none.
pub(super) fn symbolize(
    profile: &mut Profile,
    force: bool,
    origins: &Origins,
    client: &Client,
    say: &mut dyn FnMut(String),
) {
    let mut names = Names::of(profile);
    for i in 0..profile.mappings.len() {
        if profile.mappings[i].has_functions && !force {
            continue;
        }
        let mapping = MappingIx(i as u32);
        let Some(origin) = origins.of(profile, mapping).into_iter().next() else {
            continue;
        };
        let service = service(&origin.url);
        match ask(profile, mapping, &origin, &service, client) {
            Ok(found) => {
                for (at, function) in found {
                    let named = Named {
                        function,
                        ..Named::default()
                    };
                    names.set(profile, at, &[named]);
                }
                profile.mappings[i].has_functions = true;
            }
            // pprof gives up here; what has names is shown all the same.
            Err(e) => say(format!("http post {service}: {e}")),
        }
    }
}

/// Where the program names its addresses.
fn service(url: &ProfileUrl) -> ProfileUrl {
    const OF_GPERFTOOLS: [&str; 5] = [
        "/pprof/heap",
        "/pprof/growth",
        "/pprof/profile",
        "/pprof/pmuprofile",
        "/pprof/contention",
    ];
    let path = url.path();
    let known =
        path.contains("/debug/pprof/") || OF_GPERFTOOLS.iter().any(|end| path.ends_with(end));
    let folder = path
        .trim_end_matches('/')
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let name = if known { "symbol" } else { "symbolz" };
    url.with_path(&format!("{folder}/{name}"))
}

fn ask(
    profile: &Profile,
    mapping: MappingIx,
    origin: &Origin,
    service: &ProfileUrl,
    client: &Client,
) -> Result<Vec<(LocationIx, String)>, Error> {
    let moved = origin
        .start
        .wrapping_sub(profile.mappings[mapping.ix()].start);
    let all = (0..profile.locations.len() as u32).map(LocationIx);
    let unnamed: Vec<LocationIx> = all
        .filter(|&at| {
            let location = profile.location(at);
            location.mapping == Some(mapping) && location.address != 0 && location.lines_len == 0
        })
        .collect();
    if unnamed.is_empty() {
        return Ok(Vec::new());
    }
    let there = |at: &LocationIx| profile.location(*at).address.wrapping_add(moved);
    let question: Vec<String> = unnamed
        .iter()
        .map(|at| format!("{:#x}", there(at)))
        .collect();
    let answer = fetch::post(client, service, &question.join("+"))?;
    let names = answers(&String::from_utf8_lossy(&answer));
    let named = unnamed
        .iter()
        .filter_map(|at| Some((*at, names.get(&there(at))?.clone())));
    Ok(named.collect())
}

/// The names of an answer, by address. The last line is whole only if it ends.
fn answers(text: &str) -> HashMap<u64, String> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().filter_map(answer).collect()
}

fn answer(line: &str) -> Option<(u64, String)> {
    let digits = &line[line.find("0x")? + 2..];
    let end = digits.find(|c: char| !c.is_ascii_hexdigit())?;
    let address = u64::from_str_radix(&digits[..end], 16).ok()?;
    let rest = &digits[end..];
    let name = rest.trim_start();
    (name.len() < rest.len()).then(|| (address, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_asked_for_beside_the_profile() {
        for (url, expect) in [
            ("h:1", "http://h:1/debug/pprof/symbol"),
            (
                "h:1/a/debug/pprof/heap?gc=1",
                "http://h:1/a/debug/pprof/symbol",
            ),
            ("h:1/pprof/growth", "http://h:1/pprof/symbol"),
            (
                "https+insecure://h:1/profilez",
                "https+insecure://h:1/symbolz",
            ),
            ("h:1/x/y", "http://h:1/x/symbolz"),
        ] {
            let url = ProfileUrl::parse(url).expect("a URL");
            assert_eq!(service(&url).to_string(), expect);
        }
    }

    #[test]
    fn answers_are_lines() {
        let text = "num_symbols: 1\n0x10 main.main\n x 0xff\tmain.(*T).f g\n0x20\n0xzz a\n0x30 cut";
        let mut found: Vec<_> = answers(text).into_iter().collect();
        found.sort();
        let expect = [
            (0x10, "main.main".to_owned()),
            (0xff, "main.(*T).f g".to_owned()),
        ];
        assert_eq!(found, expect);
    }
}
