//! Mutual TLS to an engine. Only the CA that the topology names is trusted: no root of the system, no default of the process.
#![allow(clippy::disallowed_methods, reason = "an edge: certificates are files, and engines are in the network")]

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::net::sockopt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};

use super::error::EngineFault;
use super::surroundings::Surroundings;
use super::validity::validity;
use crate::domain::host::Tls;

/// A peer that is silent so long is asked whether it is there.
const IDLE: Duration = Duration::from_secs(15);

/// How often it is asked, this long after each other.
const QUESTIONS: u32 = 3;
const BETWEEN: Duration = Duration::from_secs(5);

/// After this long without a sign of what was sent, the connection is given up; in milliseconds.
const UNSENT_MS: u32 = 30_000;

/// The way to one engine.
pub(super) struct Secured {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
    files: Tls,
    chain: Vec<CertificateDer<'static>>,
}

impl Secured {
    /// Reads the files. Connects to nobody yet.
    ///
    /// # Errors
    /// [`EngineFault::File`], [`EngineFault::NoCertificate`], [`EngineFault::NoKey`], [`EngineFault::OtherKey`],
    /// [`EngineFault::BadEndpoint`], [`EngineFault::Tls`].
    pub(super) fn new(host: &str, port: u16, tls: &Tls, around: &Surroundings) -> Result<Self, EngineFault> {
        let files = Tls { ca: around.file(&tls.ca), cert: around.file(&tls.cert), key: around.file(&tls.key) };
        let bad = |_| EngineFault::BadEndpoint { endpoint: host.to_owned() };
        let name = ServerName::try_from(host.to_owned()).map_err(bad)?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.ca)? {
            roots.add(certificate).map_err(|_| EngineFault::NoCertificate { path: files.ca.clone() })?;
        }
        let chain = certificates(&files.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?);
        let key = key.map_err(|_| EngineFault::NoKey { path: files.key.clone() })?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map(|builder| builder.with_root_certificates(roots))
            .and_then(|builder| builder.with_client_auth_cert(chain.clone(), key))
            .map_err(|fault| match fault {
                Error::InconsistentKeys(_) => {
                    EngineFault::OtherKey { key: files.key.clone(), cert: files.cert.clone() }
                }
                Error::InvalidCertificate(_) => EngineFault::NoCertificate { path: files.cert.clone() },
                // What the provider says of a key that it cannot use.
                Error::General(_) => EngineFault::NoKey { path: files.key.clone() },
                other => EngineFault::Tls { words: other.to_string() },
            })?;
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { host: host.to_owned(), port, name, connector, files, chain })
    }

    /// A connection, both ends proven.
    ///
    /// # Errors
    /// The system's; a [`tokio_rustls::rustls::Error`] is within.
    pub(super) async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        // A host that vanished says nothing, and a container may be silent for hours.
        sockopt::set_socket_keepalive(&stream, true)?;
        sockopt::set_tcp_keepidle(&stream, IDLE)?;
        sockopt::set_tcp_keepintvl(&stream, BETWEEN)?;
        sockopt::set_tcp_keepcnt(&stream, QUESTIONS)?;
        sockopt::set_tcp_user_timeout(&stream, UNSENT_MS)?;
        self.connector.connect(self.name.clone(), stream).await
    }

    /// What TLS says, as a sentence.
    pub(super) fn fault(&self, error: &Error) -> EngineFault {
        match error {
            Error::InvalidCertificate(reason) => self.of_server(reason),
            Error::AlertReceived(_) => self.of_client(error.to_string()),
            other => EngineFault::Tls { words: other.to_string() },
        }
    }

    /// The server ended the connection once it had seen our certificate; or said so.
    pub(super) fn of_client(&self, words: String) -> EngineFault {
        let (cert, now) = (self.files.cert.clone(), moment(UnixTime::now()));
        // The file is here, and says itself whether that is why.
        match self.chain.first().and_then(|own| validity(own)) {
            Some([_, until]) if until < now => return EngineFault::ClientExpired { cert, until, now },
            Some([from, _]) if now < from => return EngineFault::ClientEarly { cert, from, now },
            _ => {}
        }
        EngineFault::ClientRefused { cert, words }
    }

    fn of_server(&self, reason: &CertificateError) -> EngineFault {
        match reason {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                EngineFault::Untrusted { ca: self.files.ca.clone() }
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                EngineFault::OtherName { names: names(presented), expected: self.host.clone() }
            }
            CertificateError::ExpiredContext { time, not_after } => {
                EngineFault::Expired { until: moment(*not_after), now: moment(*time) }
            }
            CertificateError::NotValidYetContext { time, not_before } => {
                EngineFault::Early { from: moment(*not_before), now: moment(*time) }
            }
            other => EngineFault::Tls { words: Error::InvalidCertificate(other.clone()).to_string() },
        }
    }
}

/// What a connection without an answer of TLS means.
pub(super) fn unreachable(fault: &std::io::Error) -> EngineFault {
    match fault.kind() {
        ErrorKind::ConnectionRefused => EngineFault::Refused,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            EngineFault::Tls { words: fault.to_string() }
        }
        _ => EngineFault::Unreachable { words: fault.to_string() },
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read(path: &Path) -> Result<Vec<u8>, EngineFault> {
    std::fs::read(path).map_err(|source| EngineFault::File { path: path.to_owned(), source })
}

/// The certificates of a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, EngineFault> {
    let bytes = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(|| EngineFault::NoCertificate { path: path.to_owned() })
}

fn moment(time: UnixTime) -> DateTime<Utc> {
    let seconds = i64::try_from(time.as_secs()).ok();
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Names of a certificate without what the library puts around them: `DnsName("a")`, `IpAddress(192.0.2.1)`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inside = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
        inside.trim_matches('"').to_owned()
    };
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}
