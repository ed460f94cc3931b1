//! What the user wrote to the URL that is asked.
//!
//! Mirrors adjustURL of cmd/pprof/pprof.go, with as much of net/url as that needs.

use std::time::Duration;

/// Where a CPU profile is, if the user names a host only.
const CPU_PROFILE: &str = "/debug/pprof/profile";
/// Where a program prints its goroutines.
const GOROUTINES: &str = "/debug/pprof/goroutine";
/// How long an endpoint may take to begin its answer where nobody says how long it captures.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The scheme of sockets that are files.
const UNIX: &str = "unix";

/// The URL of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileUrl {
    scheme: String,
    /// Host and port, and the user's name and password before them; the file of a socket.
    authority: String,
    /// As written, percent signs and all.
    path: String,
    /// Names and values, decoded, in the order of their names.
    query: Vec<(String, String)>,
}

impl ProfileUrl {
    /// Takes apart what may be a URL: with a scheme, or `host:port` and maybe a path, or
    /// `unix:/path/of/socket` and maybe `:/path`. `None` for what can only be meant as a file.
    pub fn parse(text: &str) -> Option<ProfileUrl> {
        let mut url = Self::split(text)?;
        if url.path.is_empty() || url.path == "/" {
            url.path = CPU_PROFILE.to_owned();
        }
        Some(url)
    }

    /// The same, for one of the profiles of `/debug/pprof` unless the text has a whole path.
    pub fn parse_for(text: &str, name: &str) -> Option<ProfileUrl> {
        let mut url = Self::split(text)?;
        if ["", "/debug/pprof"].contains(&url.path.trim_end_matches('/')) {
            url.path = format!("/debug/pprof/{name}");
        }
        Some(url)
    }

    /// The same, for the text of all goroutines, unless another form was asked for.
    pub fn parse_for_goroutines(text: &str) -> Option<ProfileUrl> {
        let mut url = Self::parse_for(text, "goroutine")?;
        let form = "debug";
        if url.path == GOROUTINES && url.query.iter().all(|(name, _)| name != form) {
            let at = url.query.partition_point(|(name, _)| name.as_str() < form);
            url.query.insert(at, (form.to_owned(), "2".to_owned()));
        }
        Some(url)
    }

    fn split(text: &str) -> Option<ProfileUrl> {
        if let Some(rest) = text.strip_prefix("unix:") {
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            let (socket, path) = match rest.find(":/") {
                Some(at) => (&rest[..at], &rest[at + 1..]),
                None => (rest, ""),
            };
            let at_host = Self::of("http", &format!("socket{path}"))?;
            return (!socket.is_empty()).then(|| ProfileUrl {
                scheme: UNIX.to_owned(),
                authority: socket.to_owned(),
                ..at_host
            });
        }
        match split_scheme(text) {
            // As to net/url: the first part of a path has no colon, so this must be host and port.
            None => {
                let first = text.split('/').next().unwrap_or_default();
                match text.strip_prefix("//") {
                    Some(rest) => Self::of("http", rest),
                    None if first.contains(':') => Self::of("http", text),
                    None => None,
                }
            }
            Some((scheme, rest)) => match rest.strip_prefix("//") {
                Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Self::of(scheme, rest),
                _ if scheme == "file" => None,
                _ => Self::of("http", text),
            },
        }
    }

    fn of(scheme: &str, rest: &str) -> Option<ProfileUrl> {
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let host = authority.rsplit('@').next().unwrap_or_default();
        let port = match host.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?.1,
            None => host.find(':').map_or("", |at| &host[at..]),
        };
        let digits = port.strip_prefix(':').unwrap_or(port);
        let valid = port.is_empty() || port.starts_with(':');
        let named = !host.is_empty() && !host.starts_with(':');
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !r#"<>"\^`{|}"#.contains(c);
        if !valid
            || !named
            || !digits.bytes().all(|b| b.is_ascii_digit())
            || !host.chars().all(plain)
        {
            return None;
        }
        let mut query: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect();
        // A stable sort: several values of one name stay in order.
        query.sort_by(|a, b| a.0.cmp(&b.0));
        Some(ProfileUrl {
            scheme: scheme.to_ascii_lowercase(),
            authority: authority.to_owned(),
            path: encode_path(path),
            query,
        })
    }

    /// Asks for a capture of so long. Of other profiles than that of the CPU it is the difference
    /// between two.
    pub fn set_seconds(&mut self, seconds: u64) {
        let value = seconds.to_string();
        self.query.retain(|(name, _)| name != "seconds");
        let at = self
            .query
            .partition_point(|(name, _)| name.as_str() < "seconds");
        self.query.insert(at, ("seconds".to_owned(), value));
    }

    /// For how long the endpoint is asked to capture, if the URL says so.
    pub fn seconds(&self) -> Option<u64> {
        let (_, value) = self.query.iter().find(|(name, _)| name == "seconds")?;
        value.parse().ok().filter(|&s: &u64| s > 0 && s < 1 << 31)
    }

    /// How long the answer may take to begin: half as long again as the capture.
    pub fn patience(&self) -> Duration {
        let capture = self.seconds().map(Duration::from_secs);
        capture.map_or(DEFAULT_TIMEOUT, |d| d + d / 2)
    }

    /// Whether it is a CPU profile, which is captured from now on and takes its time.
    pub fn is_cpu(&self) -> bool {
        self.path.ends_with(CPU_PROFILE)
    }

    /// `http`, `https`, `https+insecure` or whatever was written.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The file of the socket to ask, if it is one.
    pub fn socket(&self) -> Option<&str> {
        (self.scheme == UNIX).then_some(self.authority.as_str())
    }

    /// Host and port, without the user's name.
    pub fn host(&self) -> &str {
        self.authority.rsplit('@').next().unwrap_or_default()
    }

    /// The path, encoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same, as text where it is a profile and no other form was asked for.
    pub fn with_text(&self) -> ProfileUrl {
        let mut url = self.clone();
        let form = "debug";
        let is_profile = url.path.contains("/pprof/");
        if is_profile && url.query.iter().all(|(name, _)| name != form) {
            let at = url.query.partition_point(|(name, _)| name.as_str() < form);
            url.query.insert(at, (form.to_owned(), "1".to_owned()));
        }
        url
    }

    /// The same endpoint with another path and no query.
    pub fn with_path(&self, path: &str) -> ProfileUrl {
        ProfileUrl {
            path: path.to_owned(),
            query: Vec::new(),
            ..self.clone()
        }
    }

    /// The URL for whoever connects: certificates that are not checked are no scheme there.
    pub fn address(&self) -> String {
        let (scheme, authority) = match self.scheme.as_str() {
            "https+insecure" => ("https", self.authority.as_str()),
            UNIX => ("http", "localhost"),
            scheme => (scheme, self.authority.as_str()),
        };
        let query = self.query_text();
        format!("{scheme}://{authority}{}{query}", self.path)
    }

    fn query_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.query {
            text.push(if text.is_empty() { '?' } else { '&' });
            text += &encode(name);
            text.push('=');
            text += &encode(value);
        }
        text
    }
}

impl std::fmt::Display for ProfileUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let query = self.query_text();
        let (before, after) = match self.scheme.as_str() {
            UNIX => (":", ":"),
            _ => ("://", ""),
        };
        let (scheme, authority, path) = (&self.scheme, &self.authority, &self.path);
        write!(f, "{scheme}{before}{authority}{after}{path}{query}")
    }
}

/// The scheme and what follows its colon, if the text starts with one.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (starts && scheme.chars().all(fits)).then_some((scheme, rest))
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |b: &u8| char::from(*b).to_digit(16);
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => hex(high).zip(hex(low)),
            _ => None,
        };
        rest = match escaped {
            Some((high, low)) => {
                out.push((high * 16 + low) as u8);
                &after[2..]
            }
            None => {
                out.push(if byte == b'+' { b' ' } else { byte });
                after
            }
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => {
                out.push(char::from(byte));
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// A path as HTTP takes it: what cannot stand in one is encoded, the rest stays.
fn encode_path(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if !br#"<>"\^`{|}"#.contains(&byte) => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<String> {
        ProfileUrl::parse(text).map(|url| url.to_string())
    }

    #[test]
    fn urls_in_every_spelling() {
        let check = |text: &str, expect: &str| assert_eq!(url(text).as_deref(), Some(expect));
        let cpu = "http://h:1/debug/pprof/profile";
        for text in [
            "h:1",
            "h:1/",
            "http://h:1",
            "http://h:1/",
            "//h:1",
            "HTTP://h:1#x",
        ] {
            check(text, cpu);
        }
        check("h:1/x/heap?b=2&a=1", "http://h:1/x/heap?a=1&b=2");
        check("h:1?gc=1", "http://h:1/debug/pprof/profile?gc=1");
        check("my_host:80/x", "http://my_host:80/x");
        check("10.0.0.1:80/x", "http://10.0.0.1:80/x");
        check("[::1]:80/x", "http://[::1]:80/x");
        check("https+insecure://h/x", "https+insecure://h/x");
        check(
            "http://u:p%40@h/a b?q=%26+c",
            "http://u:p%40@h/a%20b?q=%26+c",
        );
        let insecure = ProfileUrl::parse("https+insecure://u:p%40@h/x").expect("a URL");
        assert_eq!(insecure.address(), "https://u:p%40@h/x");
        assert_eq!(insecure.host(), "h");
    }

    #[test]
    fn one_of_the_profiles_is_asked_for() {
        let url = |text| ProfileUrl::parse_for(text, "heap").map(|url| url.to_string());
        let heap = Some("http://h:1/debug/pprof/heap".to_owned());
        for text in ["h:1", "h:1/", "http://h:1/debug/pprof", "h:1/debug/pprof/"] {
            assert_eq!(url(text), heap);
        }
        assert_eq!(
            url("h:1/x?debug=2").as_deref(),
            Some("http://h:1/x?debug=2")
        );
    }

    #[test]
    fn what_is_meant_as_a_file() {
        for text in [
            "cpu.pb.gz",
            "/tmp/a:b",
            "a/b:1",
            "c:\\x",
            "file:///x",
            "mem_2023-11-02_03:55:24",
            "",
            ":80",
            "h:x",
        ] {
            assert_eq!(url(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_go_into_the_query_and_set_the_patience() {
        let mut url = ProfileUrl::parse("h:1/x?z=1&a=2").expect("a URL");
        assert_eq!(url.patience(), Duration::from_secs(60));
        url.set_seconds(10);
        url.set_seconds(20);
        assert_eq!(url.to_string(), "http://h:1/x?a=2&seconds=20&z=1");
        assert_eq!(url.patience(), Duration::from_secs(30));
    }
}
