//! Asking an endpoint over HTTP: certificates, proxies, headers, time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::dial::Dial;
use super::proxy::Proxies;
use super::url::ProfileUrl;
use crate::error::Error;

/// Answers that are larger are refused.
const MAX_ANSWER: u64 = 4 << 30;
/// For connecting.
const CONNECT: Duration = Duration::from_secs(10);
/// What is given to an answer beyond the time of its capture.
const GRACE: Duration = Duration::from_secs(5);
/// For all of an answer that has begun, as long as it keeps coming.
const BODY: Duration = Duration::from_secs(600);

/// Where Linux distributions keep the certificates that the system trusts; as in Go's
/// crypto/x509/root_linux.go.
const SYSTEM_ROOTS: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How endpoints are reached.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The proxies of the environment.
    pub proxies: Proxies,
    /// Our own certificates (PEM), for servers that ask for one.
    pub tls_cert: Option<PathBuf>,
    /// The key to them (PEM).
    pub tls_key: Option<PathBuf>,
    /// The authorities (PEM) that vouch for servers, in place of the system's.
    pub tls_ca: Option<PathBuf>,
    /// The system's authorities, if they are not where they always are.
    pub system_ca: Option<PathBuf>,
    /// More headers for each request.
    pub headers: Vec<(String, String)>,
    /// How long an answer may take to begin, whatever it captures.
    pub timeout: Option<Duration>,
}

/// Asks endpoints. Threads share one.
#[derive(Debug)]
pub struct Client {
    access: Access,
    agent: ureq::Agent,
    cert: Option<ClientCert>,
    /// Read when the first server has to prove who it is.
    roots: OnceLock<RootCerts>,
}

/// An answer.
pub(crate) struct Answer {
    /// `404 Not Found`.
    pub(crate) status: String,
    pub(crate) is_ok: bool,
    /// Of net/http/pprof itself, which says in words what is wrong.
    pub(crate) is_of_pprof: bool,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Reads our own certificate.
    pub fn new(access: Access) -> Result<Client, Error> {
        let cert = match (&access.tls_cert, &access.tls_key) {
            (Some(cert), Some(key)) => Some(client_cert(cert, key)?),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Error::TlsPair {
                    given: "-tls_key",
                    missing: "-tls_cert",
                });
            }
            (Some(_), None) => {
                return Err(Error::TlsPair {
                    given: "-tls_cert",
                    missing: "-tls_key",
                });
            }
        };
        let roots = OnceLock::new();
        if let Some(ca) = &access.tls_ca {
            let bytes = std::fs::read(ca).map_err(|source| Error::Certificate {
                what: "CA specified by -tls_ca",
                path: ca.display().to_string(),
                why: crate::wording::io_error(&source),
            })?;
            let _ = roots.set(roots_of(&bytes));
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("gowhy/", env!("CARGO_PKG_VERSION")))
            .proxy(None)
            .max_idle_connections(0)
            .build()
            .into();
        Ok(Client {
            access,
            agent,
            cert,
            roots,
        })
    }

    /// Gets what is at a URL; `None` waits as long as the URL itself asks for.
    pub(crate) fn get(
        &self,
        url: &ProfileUrl,
        patience: Option<Duration>,
    ) -> Result<Answer, Error> {
        let patience = patience
            .or(self.access.timeout)
            .unwrap_or_else(|| url.patience())
            + GRACE;
        self.ask(url, None, patience)
    }

    /// Posts to a URL.
    pub(crate) fn post(&self, url: &ProfileUrl, body: &str) -> Result<Answer, Error> {
        let patience = self.access.timeout.unwrap_or_else(|| url.patience()) + GRACE;
        self.ask(url, Some(body), patience)
    }

    fn ask(
        &self,
        url: &ProfileUrl,
        post: Option<&str>,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let unreachable = |e| unreachable(url, patience, e);
        let address = url.address();
        let secure = address.starts_with("https:");
        let proxy = self
            .access
            .proxies
            .of(if secure { "https" } else { "http" }, url.host());
        let dial = match (url.socket(), proxy) {
            (Some(socket), _) => Some(Dial::Unix(PathBuf::from(socket))),
            (None, Some(proxy)) if !secure => Dial::proxy(proxy),
            _ => None,
        };
        let tunnel = proxy.filter(|_| dial.is_none()).map(ureq::Proxy::new);
        let tunnel = tunnel.transpose().map_err(unreachable)?;
        let agent = match dial {
            Some(dial) => dial.agent(self.agent.config().clone()),
            None => self.agent.clone(),
        };
        let tls = if secure {
            self.tls(url.scheme() == "https+insecure")
        } else {
            TlsConfig::default()
        };
        // One that answers byte by byte is left as well.
        let whole = if self.access.timeout.is_some() {
            patience
        } else {
            BODY.max(patience)
        };
        macro_rules! prepared {
            ($request:expr) => {{
                let mut request = $request
                    .config()
                    .proxy(tunnel)
                    .tls_config(tls)
                    .timeout_connect(Some(CONNECT.min(patience)))
                    .timeout_recv_response(Some(patience))
                    .timeout_recv_body(Some(whole))
                    .timeout_per_read(Some(patience))
                    .build();
                for (name, value) in &self.access.headers {
                    request = request.header(name, value);
                }
                request
            }};
        }
        let answer = match post {
            None => prepared!(agent.get(address)).call(),
            Some(body) => prepared!(agent.post(address))
                .header("Content-Type", "application/octet-stream")
                .send(body),
        };
        let mut answer = answer.map_err(unreachable)?;
        let header = |name| {
            answer
                .headers()
                .get(name)
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default()
        };
        let is_of_pprof =
            !header("x-go-pprof").is_empty() && header("content-type").contains("text/plain");
        let status = answer.status();
        let body = body(&mut answer, url, patience)?;
        Ok(Answer {
            status: status.to_string(),
            is_ok: status == ureq::http::StatusCode::OK,
            is_of_pprof,
            body,
        })
    }

    fn tls(&self, insecure: bool) -> TlsConfig {
        let config = TlsConfig::builder().client_cert(self.cert.clone());
        if insecure {
            return config.disable_verification(true).build();
        }
        let roots = self.roots.get_or_init(|| {
            let usual = SYSTEM_ROOTS.iter().map(Path::new);
            let bytes = match &self.access.system_ca {
                Some(path) => std::fs::read(path).ok(),
                None => usual.filter_map(|path| std::fs::read(path).ok()).next(),
            };
            // A bare container has none; then it is those that browsers know.
            bytes.map_or(RootCerts::WebPki, |bytes| roots_of(&bytes))
        });
        config.root_certs(roots.clone()).build()
    }
}

fn body(
    answer: &mut ureq::http::Response<ureq::Body>,
    url: &ProfileUrl,
    patience: Duration,
) -> Result<Vec<u8>, Error> {
    let too_large = || Error::TooLarge {
        url: url.to_string(),
        limit: MAX_ANSWER,
    };
    let length = answer.body().content_length();
    if length.is_some_and(|length| length > MAX_ANSWER) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut reader = answer.body_mut().with_config().limit(MAX_ANSWER).reader();
    match reader.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(e) => Err(match e.downcast::<ureq::Error>() {
            Ok(ureq::Error::Timeout(_)) => Error::Timeout {
                url: url.to_string(),
                limit: patience,
            },
            Ok(ureq::Error::BodyExceedsLimit(_)) => too_large(),
            _ => Error::ClosedEarly {
                url: url.to_string(),
                received: bytes.len(),
            },
        }),
    }
}

fn unreachable(url: &ProfileUrl, limit: Duration, e: ureq::Error) -> Error {
    let url = url.to_string();
    match e {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            Error::Unreachable {
                url,
                source: "no connection in time".into(),
            }
        }
        ureq::Error::Timeout(_) => Error::Timeout { url, limit },
        ureq::Error::Io(e) => Error::Unreachable {
            url,
            source: crate::wording::io_error(&e).into(),
        },
        e => Error::Unreachable {
            url,
            source: Box::new(e),
        },
    }
}

fn client_cert(cert: &Path, key: &Path) -> Result<ClientCert, Error> {
    let failed = |path: &Path, why: String| Error::Certificate {
        what: "certificate/key pair specified by -tls_cert and -tls_key",
        path: path.display().to_string(),
        why,
    };
    let read =
        |path: &Path| std::fs::read(path).map_err(|e| failed(path, crate::wording::io_error(&e)));
    let certs = certificates(&read(cert)?);
    if certs.is_empty() {
        return Err(failed(cert, "it holds no certificate".to_owned()));
    }
    let key_bytes = read(key)?;
    let key = PrivateKey::from_pem(&key_bytes).map_err(|e| failed(key, e.to_string()))?;
    Ok(ClientCert::new_with_certs(&certs, key))
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let item = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    parse_pem(pem).filter_map(item).collect()
}

fn roots_of(pem: &[u8]) -> RootCerts {
    RootCerts::new_with_certs(&certificates(pem))
}
