//! Connections that are not simply to the URL's host: through a socket file, or to a proxy that is told
//! the whole URL, as HTTP has it for what is not encrypted.
//!
//! For encrypted ones ureq asks proxies for a tunnel itself, as Go does too. Many proxies grant that for
//! port 443 only, so it is no way for `http` URLs.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// What to connect to in the host's place.
#[derive(Clone, Debug)]
pub(super) enum Dial {
    /// A socket file.
    Unix(PathBuf),
    /// A proxy: host and port.
    Proxy(String),
}

impl Dial {
    /// The proxy of this name, if it is one that takes whole URLs and asks for no password.
    pub(super) fn proxy(name: &str) -> Option<Dial> {
        let rest = match name.split_once("://") {
            Some((scheme, rest)) => scheme.eq_ignore_ascii_case("http").then_some(rest)?,
            None => name,
        };
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || host.contains('@') {
            return None;
        }
        let after_address = host.rsplit(']').next().unwrap_or_default();
        Some(Dial::Proxy(match after_address.contains(':') {
            true => host.to_owned(),
            false => format!("{host}:80"),
        }))
    }

    /// An agent whose every connection goes there.
    pub(super) fn agent(self, config: Config) -> ureq::Agent {
        ureq::Agent::with_parts(config, self, Unresolved)
    }

    fn open(&self, timeout: Option<Duration>) -> io::Result<Stream> {
        let address = match self {
            Dial::Unix(path) => return UnixStream::connect(path).map(Stream::Unix),
            Dial::Proxy(address) => address,
        };
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for address in address.to_socket_addrs()? {
            let opened = match timeout {
                Some(timeout) => TcpStream::connect_timeout(&address, timeout),
                None => TcpStream::connect(address),
            };
            match opened {
                Ok(stream) => return Ok(Stream::Tcp(stream)),
                Err(e) => failure = e,
            }
        }
        Err(failure)
    }
}

impl Connector for Dial {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        if details.needs_tls() {
            // A redirection, from what is open to what is not.
            return Err(Error::TlsRequired);
        }
        let told = match self {
            Dial::Unix(_) => String::new(),
            Dial::Proxy(_) => {
                let host = details.uri.authority().map_or("", |host| host.as_str());
                // Name and password go into a header.
                let host = host.rsplit('@').next().unwrap_or_default();
                format!("http://{host}")
            }
        };
        let timeout = details.timeout.not_zero().map(|timeout| *timeout);
        let stream = self.open(timeout)?;
        let config = details.config;
        let sizes = (config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Connection {
            stream,
            told,
            buffers: LazyBuffers::new(sizes.0, sizes.1),
        }))
    }
}

/// Nothing has to be looked up.
#[derive(Debug)]
struct Unresolved;

impl Resolver for Unresolved {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        Ok(addresses)
    }
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn write_all(&mut self, bytes: &[u8], timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Unix(stream) => {
                stream.set_write_timeout(timeout)?;
                stream.write_all(bytes)
            }
            Stream::Tcp(stream) => {
                stream.set_write_timeout(timeout)?;
                stream.write_all(bytes)
            }
        }
    }

    fn read(&mut self, into: &mut [u8], timeout: Option<Duration>) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => {
                stream.set_read_timeout(timeout)?;
                stream.read(into)
            }
            Stream::Tcp(stream) => {
                stream.set_read_timeout(timeout)?;
                stream.read(into)
            }
        }
    }
}

/// One connection, for one request.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    /// What stands before the path in the first line; empty for nothing, or when it has been sent.
    told: String,
    buffers: LazyBuffers,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        let wait = timeout.not_zero().map(|timeout| *timeout);
        let output = &self.buffers.output()[..amount];
        let sent = match output.iter().position(|&b| b == b' ') {
            Some(space) if !self.told.is_empty() => {
                let (method, rest) = output.split_at(space + 1);
                let told = std::mem::take(&mut self.told);
                let whole = [method, told.as_bytes(), rest].concat();
                self.stream.write_all(&whole, wait)
            }
            _ => self.stream.write_all(output, wait),
        };
        sent.map_err(|e| failed(e, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let wait = timeout.not_zero().map(|timeout| *timeout);
        let input = self.buffers.input_append_buf();
        let amount = loop {
            match self.stream.read(input, wait) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(|e| failed(e, timeout))?,
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // It is not used again.
        false
    }
}

fn failed(e: io::Error, timeout: NextTimeout) -> Error {
    match e.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => e.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_that_take_whole_urls() {
        let proxy = |name| match Dial::proxy(name) {
            Some(Dial::Proxy(address)) => Some(address),
            _ => None,
        };
        for (name, expect) in [
            ("p:3128", Some("p:3128")),
            ("http://p", Some("p:80")),
            ("HTTP://p:1/", Some("p:1")),
            ("[::1]", Some("[::1]:80")),
            ("[::1]:5", Some("[::1]:5")),
            ("https://p:1", None),
            ("socks5://p:1", None),
            ("http://user:word@p:1", None),
            ("", None),
        ] {
            assert_eq!(proxy(name).as_deref(), expect, "{name}");
        }
    }
}
