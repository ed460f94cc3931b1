//! HTTP around a site.
//!
//! A site on this machine's own address answers only requests from here that name it so: else any page
//! of the web could make a browser read the profile, by having its own name lead to this machine.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use crate::reply::Reply;
use crate::site::Site;

/// How many pages are made at a time: each works on its own copy of the profile.
const AT_ONCE: usize = 4;
/// How long a connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where to listen: `host:port`, each of which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; `localhost` if none is given.
    pub host: String,
    /// 0 for any that is free.
    pub port: u16,
}

impl Address {
    /// Reads `host:port`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("could not split http address: address {text}: {why}");
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| wrong("missing port in address"))?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return Err(wrong("too many colons in address"));
        }
        let host = bare.unwrap_or(host);
        let port = match port {
            "" => 0,
            port => port
                .parse()
                .map_err(|_| format!("invalid port number: {port:?}"))?,
        };
        Ok(Address {
            host: if host.is_empty() { "localhost" } else { host }.to_owned(),
            port,
        })
    }

    /// Whether only this machine can get there.
    pub fn is_local(&self) -> bool {
        is_local(&self.host)
    }

    /// A listener there.
    pub fn listen(&self) -> io::Result<TcpListener> {
        TcpListener::bind((self.host.as_str(), self.port))
    }
}

fn is_local(host: &str) -> bool {
    let ip = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Answers requests until the process ends.
pub fn serve(site: Site, listener: TcpListener, local: bool) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        // Call trees are deep.
        .thread_stack_size(16 << 20)
        .build()?;
    let server = Arc::new(Server {
        site,
        local,
        free: Semaphore::new(AT_ONCE),
    });
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(_) => {
                    // Too many open files, as a rule: it passes.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let server = Arc::clone(&server);
                    async move { Ok::<_, std::convert::Infallible>(server.answer(request, from).await) }
                });
                // What goes wrong on a connection is the browser's to tell.
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(PATIENCE)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

struct Server {
    site: Site,
    local: bool,
    free: Semaphore,
}

impl Server {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        from: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let head = request.method() == Method::HEAD;
        if let Some(refused) = self.refuse(&request, from) {
            return response(refused, head);
        }
        let foreign = is_foreign(request.headers());
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let free = self.free.acquire().await;
        let server = Arc::clone(&self);
        let made =
            tokio::task::spawn_blocking(move || server.site.answer(&path, &query, foreign)).await;
        drop(free);
        let defect = |_| Reply::error(500, "this is a defect of gowhy; please report it");
        response(made.unwrap_or_else(defect), head)
    }

    fn refuse(&self, request: &Request<Incoming>, from: SocketAddr) -> Option<Reply> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Some(Reply::error(405, "pages are only read"));
        }
        if self.local {
            let named = request.headers().get(header::HOST);
            let named = named
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default();
            if !is_local(without_port(named)) || !from.ip().to_canonical().is_loopback() {
                return Some(Reply::error(403, "permission denied"));
            }
        }
        None
    }
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

/// Whether a page of another site made the browser ask.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    !matches!(site, None | Some(b"same-origin" | b"none"))
}

fn response(reply: Reply, head: bool) -> Response<Full<Bytes>> {
    // Nothing from elsewhere, no scripts and styles but our files, in no frame.
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                          img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                          form-action 'none'; frame-ancestors 'none'";
    let length = reply.body.len();
    let body = if head { Vec::new() } else { reply.body };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, reply.kind);
    set(header::CONTENT_LENGTH, &length.to_string());
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-cache");
    if let Some(location) = &reply.location {
        set(header::LOCATION, location);
    }
    if let Some(file) = reply.file {
        let disposition = format!("attachment;filename={file}");
        set(header::CONTENT_DISPOSITION, &disposition);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port() {
        let check = |text: &str, expect: Result<(&str, u16), &str>| {
            let address = Address::parse(text);
            let got = address.as_ref().map(|a| (a.host.as_str(), a.port));
            assert_eq!(got.map_err(String::as_str), expect, "{text}");
        };
        check("localhost:8080", Ok(("localhost", 8080)));
        check(":", Ok(("localhost", 0)));
        check(":6060", Ok(("localhost", 6060)));
        check("[::1]:80", Ok(("::1", 80)));
        check("0.0.0.0:", Ok(("0.0.0.0", 0)));
        check(
            "8080",
            Err("could not split http address: address 8080: missing port in address"),
        );
        check(
            "::1:80",
            Err("could not split http address: address ::1:80: too many colons in address"),
        );
        check("a:http", Err("invalid port number: \"http\""));
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for (host, expect) in [
            ("localhost:1", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8080", true),
            ("127.9.9.9", true),
            ("[::1]:8080", true),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("0.0.0.0", false),
            ("", false),
        ] {
            assert_eq!(is_local(without_port(host)), expect, "{host}");
        }
    }
}
