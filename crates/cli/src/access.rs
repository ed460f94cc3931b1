//! How endpoints are reached, and where files are: flags and the environment, for what knows neither.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use session::fetch::{Access, Client, Proxies};

use crate::exit::CliError;

/// Flags for every verb that asks endpoints.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Endpoints")]
pub struct AccessArgs {
    /// TLS client certificate file for fetching profile and symbols
    #[arg(long = "tls_cert", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// TLS private key file for fetching profile and symbols
    #[arg(long = "tls_key", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// TLS CA certs file for fetching profile and symbols
    #[arg(long = "tls_ca", value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// A header for each request, e.g. 'Authorization: Bearer TOKEN'; may be given again
    #[arg(long, value_name = "NAME: VALUE", value_parser = parse_header)]
    header: Vec<(String, String)>,
}

impl AccessArgs {
    /// What asks endpoints as these flags and the environment say. `timeout` is how long an answer may
    /// take to begin, if the user knows better than its URL.
    pub fn client(&self, timeout: Option<Duration>) -> Result<Arc<Client>, CliError> {
        let given = |path: &Option<PathBuf>| path.clone().filter(|p| !p.as_os_str().is_empty());
        let client = Client::new(Access {
            proxies: proxies(),
            tls_cert: given(&self.tls_cert),
            tls_key: given(&self.tls_key),
            tls_ca: given(&self.tls_ca),
            system_ca: set("SSL_CERT_FILE"),
            headers: self.header.clone(),
            timeout,
        })?;
        Ok(Arc::new(client))
    }
}

/// `NAME: VALUE`, of characters that HTTP takes.
fn parse_header(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("{text:?} is no header; write e.g. 'Authorization: Bearer TOKEN'");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let value = value.trim();
    let of_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let of_value = |b: u8| b == b'\t' || (b' '..=b'~').contains(&b);
    if name.is_empty() || !name.bytes().all(of_name) || !value.bytes().all(of_value) {
        return Err(wrong());
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn proxies() -> Proxies {
    let any = |names: [&str; 2]| {
        let found = names
            .iter()
            .find_map(|name| env::var(name).ok().filter(|v| !v.is_empty()));
        found.unwrap_or_default()
    };
    Proxies {
        // In a CGI program, HTTP_PROXY is a header that anyone may send.
        http: match set("REQUEST_METHOD") {
            Some(_) => String::new(),
            None => any(["HTTP_PROXY", "http_proxy"]),
        },
        https: any(["HTTPS_PROXY", "https_proxy"]),
        except: any(["NO_PROXY", "no_proxy"]),
    }
}

/// A variable that is set, and not to nothing.
fn set(name: &str) -> Option<PathBuf> {
    let value = env::var_os(name).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

/// Where profiles that were fetched are kept, the first that can be used.
pub fn profile_folders() -> Vec<PathBuf> {
    let own = set("HOME").map(|home| home.join("pprof"));
    let named = set("PPROF_TMPDIR").into_iter();
    named.chain(own).chain([temporary_folder()]).collect()
}

/// Where files may be put for a moment.
pub fn temporary_folder() -> PathBuf {
    env::temp_dir()
}

/// Where binaries are looked for.
pub fn binary_folders() -> Vec<PathBuf> {
    match set("PPROF_BINARY_PATH") {
        Some(path) => env::split_paths(&path).collect(),
        None => {
            let home = set("HOME").unwrap_or_default();
            vec![home.join(Path::new("pprof/binaries"))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_names_and_values() {
        let header = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(parse_header("X-A: b: c "), header("X-A", "b: c"));
        assert_eq!(parse_header("a:"), header("a", ""));
        for bad in ["", "x", ": y", "a b: c", "a: b\nc: d", "a: \u{e9}"] {
            assert!(parse_header(bad).is_err(), "{bad:?}");
        }
    }
}
