//! How a request comes to an engine: one connection for each, over a socket, a tunnel or TLS.
#![allow(clippy::disallowed_methods, reason = "an edge: it opens connections")]

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard::errors::Error;
use bollard::{BollardRequest, ClientVersion, Docker};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::header::{HOST, HeaderValue};
use hyper::{Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio_rustls::rustls;

use super::endpoint::Destination;
use super::error::EngineFault;
use super::surroundings::Surroundings;
use super::tls::{self, Secured};
use super::tunnel::Tunnel;

/// Until the answer to a request begins, in seconds. Whoever sends an image through it gives it longer
/// ([`Docker::with_timeout`]).
const ANSWER_S: u64 = 120;

/// The header with the log-in at a registry.
const LOGIN: &str = "x-registry-auth";

/// The way to an engine.
pub(super) enum Way {
    /// A socket of this machine.
    Socket(PathBuf),
    /// A socket of another, and the tunnel to it.
    Tunnel(Box<Renewed>),
    /// A port with mutual TLS.
    Tls(Box<Secured>),
}

/// A tunnel that is opened again where its ssh has ended: a server that was away for a moment is there for the next request.
pub(super) struct Renewed {
    tunnel: Mutex<Tunnel>,
    to: Destination,
    around: Surroundings,
}

impl Renewed {
    /// Opens it.
    ///
    /// # Errors
    /// As [`Tunnel::open`].
    pub(super) async fn open(to: &Destination, around: &Surroundings) -> Result<Self, EngineFault> {
        let tunnel = Mutex::new(Tunnel::open(to, around).await?);
        Ok(Self { tunnel, to: to.clone(), around: around.clone() })
    }

    async fn connect(&self) -> std::io::Result<UnixStream> {
        let mut tunnel = self.tunnel.lock().await;
        if tunnel.has_ended() {
            *tunnel = Tunnel::open(&self.to, &self.around).await.map_err(std::io::Error::other)?;
        }
        let socket = tunnel.socket();
        drop(tunnel);
        UnixStream::connect(socket).await
    }

    async fn fault(&self) -> EngineFault {
        self.tunnel.lock().await.fault(&self.to).await
    }
}

/// A client whose requests go this way, in this version of the API. It and its clones keep the way open.
///
/// # Errors
/// bollard's.
pub(super) fn client(way: Arc<Way>, speaking: &ClientVersion) -> Result<Docker, Error> {
    let transport = move |request: BollardRequest| {
        let way = Arc::clone(&way);
        async move {
            match &*way {
                Way::Socket(path) => exchange(UnixStream::connect(path).await?, request).await,
                Way::Tunnel(tunnel) => exchange(tunnel.connect().await?, request).await,
                Way::Tls(secured) => exchange(secured.connect().await?, request).await,
            }
        }
    };
    // The name is what the Docker CLI sends where there is none (docker/docker, client.DummyHost).
    Docker::connect_with_custom_transport(transport, Some("http://docker"), ANSWER_S, speaking)
}

/// Sends one request over a connection of its own; what follows it (a body, the bytes of an upgraded connection) goes on in a
/// task that ends with them.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: BollardRequest,
) -> Result<Response<Incoming>, Error> {
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its error is that of the request, or of the body.
    tokio::spawn(connection.with_upgrades());
    let (mut head, body) = request.into_parts();
    head.headers.insert(HOST, HeaderValue::from_static("docker"));
    // bollard writes it in the alphabet of RFC 4648's section 4; engines read that of section 5, and take what they cannot
    // read for no log-in (docker/docker, registry.DecodeAuthConfig).
    if let Some(login) = head.headers.get_mut(LOGIN) {
        let text: Vec<u8> = login
            .as_bytes()
            .iter()
            .map(|byte| match byte {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            })
            .collect();
        *login = HeaderValue::from_bytes(&text).unwrap_or_else(|_| login.clone());
        login.set_sensitive(true);
    }
    // Of the address only the path goes to a server (RFC 9112, 3.2.1).
    if let Some(path) = head.uri.path_and_query() {
        head.uri = Uri::from(path.clone());
    }
    Ok(sender.send_request(BollardRequest::from_parts(head, body)).await?)
}

impl Way {
    /// What a failed request means.
    pub(super) async fn fault(&self, error: &Error) -> EngineFault {
        match error {
            Error::IOError { err } => self.of_connecting(err).await,
            Error::HyperResponseError { err } if err.is_parse() => EngineFault::NotAnEngine { words: err.to_string() },
            Error::HyperResponseError { err } => self.of_talking(err).await,
            other => EngineFault::NotAnEngine { words: other.to_string() },
        }
    }

    async fn of_connecting(&self, fault: &std::io::Error) -> EngineFault {
        match self {
            Self::Socket(path) => of_socket(path, fault),
            Self::Tunnel(tunnel) => tunnel.fault().await,
            Self::Tls(secured) => match within::<rustls::Error>(fault) {
                Some(error) => secured.fault(error),
                None => tls::unreachable(fault),
            },
        }
    }

    async fn of_talking(&self, fault: &hyper::Error) -> EngineFault {
        match self {
            Self::Socket(_) => EngineFault::NotAnEngine { words: words(fault) },
            Self::Tunnel(tunnel) => tunnel.fault().await,
            // With TLS 1.3 a client learns here what the server thinks of its certificate (RFC 8446, 4.4.2.4).
            Self::Tls(secured) => match within::<rustls::Error>(fault) {
                Some(error) => secured.fault(error),
                None => secured.of_client(words(fault)),
            },
        }
    }
}

fn of_socket(path: &Path, fault: &std::io::Error) -> EngineFault {
    let path = path.to_owned();
    match fault.kind() {
        ErrorKind::NotFound => EngineFault::NoSocket { path, other: None },
        ErrorKind::PermissionDenied => EngineFault::Forbidden { path },
        ErrorKind::ConnectionRefused => EngineFault::Deserted { path },
        _ => EngineFault::Unreachable { words: fault.to_string() },
    }
}

/// An error with its causes.
fn words(error: &dyn StdError) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        words = format!("{words}: {source}");
        next = source.source();
    }
    words
}

/// The error of type `T` within another; one in an [`std::io::Error`] is not its source but it itself.
fn within<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => within(inner),
        None => within(error.source()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_a_socket_has_its_sentence() {
        let told = |kind: ErrorKind| of_socket(Path::new("/run/docker.sock"), &kind.into());
        assert_eq!(told(ErrorKind::NotFound).to_string(), "there is no socket /run/docker.sock");
        let forbidden = told(ErrorKind::PermissionDenied);
        assert_eq!(forbidden.to_string(), "this user may not use the socket /run/docker.sock");
        let hint = forbidden.hint().unwrap();
        assert!(hint.contains("`sudo usermod -aG docker $USER`") && hint.contains("with sudo"), "{hint}");
        assert_eq!(told(ErrorKind::ConnectionRefused).to_string(), "nobody listens at the socket /run/docker.sock");
        assert_eq!(told(ErrorKind::TimedOut).to_string(), "it cannot be reached: timed out");
    }

    #[test]
    fn an_error_is_found_however_deep() {
        let inner = rustls::Error::AlertReceived(rustls::AlertDescription::UnknownCA);
        let outer = std::io::Error::other(std::io::Error::other(inner.clone()));
        assert_eq!(within::<rustls::Error>(&outer), Some(&inner));
        assert_eq!(within::<rustls::Error>(&std::io::Error::other("words")), None);
    }
}
