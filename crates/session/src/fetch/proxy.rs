//! Which proxy a request goes through.
//!
//! Mirrors golang.org/x/net/http/httpproxy, which Go programs follow.

use std::net::IpAddr;

/// What the environment says about proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `HTTP_PROXY`: for `http` URLs; empty for none.
    pub http: String,
    /// `HTTPS_PROXY`: for `https` URLs; empty for none.
    pub https: String,
    /// `NO_PROXY`: hosts, domains and networks that are asked directly.
    pub except: String,
}

impl Proxies {
    /// The proxy for `scheme://host:port`, if there is to be one. The host itself is never asked
    /// through a proxy.
    pub fn of(&self, scheme: &str, host_and_port: &str) -> Option<&str> {
        let (proxy, default_port) = match scheme {
            "http" => (&self.http, "80"),
            "https" => (&self.https, "443"),
            _ => return None,
        };
        let (host, port) = split_port(host_and_port);
        let port = port.unwrap_or(default_port);
        let host = host.to_ascii_lowercase();
        let ip: Option<IpAddr> = host.parse().ok();
        let here = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
        let excepted = || {
            let mut entries = self.except.split(',').map(str::trim);
            entries.any(|entry| matches(&entry.to_ascii_lowercase(), &host, port, ip))
        };
        (!proxy.is_empty() && !here && !excepted()).then_some(proxy)
    }
}

/// Host without brackets, and port.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match text.split_once(':') {
        // More than one colon is an address of IPv6.
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

/// Whether an entry of `NO_PROXY` stands for this host.
fn matches(entry: &str, host: &str, port: &str, ip: Option<IpAddr>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        return match (network.parse(), bits.parse(), ip) {
            (Ok(network), Ok(bits), Some(ip)) => in_network(ip, network, bits),
            _ => false,
        };
    }
    let (name, wanted) = split_port(entry);
    if name.is_empty() || wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return ip == Some(address);
    }
    if ip.is_some() {
        return false;
    }
    let name = name
        .strip_prefix('*')
        .filter(|n| n.starts_with('.'))
        .unwrap_or(name);
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|h| h.ends_with('.')),
    }
}

fn in_network(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (ip, network, width) = match (ip, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let Some(rest) = u32::checked_sub(width, bits) else {
        return false;
    };
    // Shifting by the whole width leaves nothing to compare.
    ip.checked_shr(rest) == network.checked_shr(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_chosen_as_go_does() {
        let proxies = Proxies {
            http: "p:1".into(),
            https: "q:2".into(),
            except: "a.org, .b.org,*.c.org,d.org:99,10.0.0.0/8,192.168.1.1,fd00::/8".into(),
        };
        let direct = |scheme, host| assert_eq!(proxies.of(scheme, host), None, "{host}");
        let through =
            |scheme, host, proxy| assert_eq!(proxies.of(scheme, host), Some(proxy), "{host}");
        for host in ["localhost", "localhost:6060", "127.0.0.1:1", "[::1]:1"] {
            direct("http", host);
        }
        for host in [
            "a.org",
            "x.A.org:1",
            "x.b.org",
            "x.c.org",
            "d.org:99",
            "10.1.2.3:80",
        ] {
            direct("http", host);
        }
        direct("http", "192.168.1.1");
        direct("https", "[fd00::1]:443");
        direct("ftp", "e.org");
        for host in [
            "xa.org",
            "b.org",
            "c.org",
            "d.org",
            "11.0.0.1",
            "192.168.1.2",
            "e.org",
        ] {
            through("http", host, "p:1");
        }
        through("https", "e.org:8443", "q:2");
        through("https", "[fe00::1]", "q:2");
        let none = Proxies {
            except: "*".into(),
            ..proxies.clone()
        };
        assert_eq!(none.of("http", "e.org"), None);
        let odd = Proxies {
            except: "0.0.0.0/0,1.2.3.4/99,/,:".into(),
            ..proxies.clone()
        };
        assert_eq!(odd.of("http", "8.8.8.8"), None);
        assert_eq!(odd.of("http", "e.org"), Some("p:1"));
    }
}
