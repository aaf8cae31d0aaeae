//! A connection to a Docker engine: one type wherever the engine is.
#![allow(clippy::disallowed_methods, reason = "an edge: it opens connections")]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker as Client};
use tokio::net::UnixStream;
use tokio::sync::OnceCell;

use super::endpoint::{Destination, Endpoint};
use super::error::{EngineError, EngineFault};
use super::podman;
use super::surroundings::Surroundings;
use super::tls::Secured;
use super::transport::{self, Renewed, Way};
use super::{alias, context};
use crate::domain::host::{DEFAULT_CONTEXT, Docker, Tls};
use crate::domain::name::Name;
use crate::process::ProcessError;

/// How long opening may take, ssh's part and all questions included.
const LIMIT: Duration = Duration::from_secs(10);

/// The oldest API that serves: that of Docker 20.10, the first with jobs of a swarm.
const LEAST_API: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };
const LEAST: &str = "API 1.41 (Docker 20.10)";

/// A connection to a Docker engine, with the API that both sides speak. The tunnel that it may need lives as long as this or a
/// clone of its client.
pub struct Engine {
    client: Client,
    remote: Option<String>,
    /// The ssh that goes there, where it is one that does, and where that finds it, asked for once.
    ssh: Option<(Vec<String>, Destination)>,
    found: OnceCell<String>,
    product: &'static str,
    version: String,
    api_version: String,
    architecture: String,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("remote", &self.remote).field("version", &self.version).finish_non_exhaustive()
    }
}

/// Where the engine of a host is.
struct Place {
    endpoint: Endpoint,
    tls: Option<Tls>,
    /// For messages.
    written: String,
    /// Nobody said which engine.
    unsaid: bool,
}

impl Engine {
    /// Connects to the engine of `host` and agrees on the API, within 10 s.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn open(host: &Name, settings: &Docker) -> Result<Self, EngineError> {
        Self::open_in(host, settings, &Surroundings::of_process()).await
    }

    /// The same in other surroundings.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn open_in(host: &Name, settings: &Docker, around: &Surroundings) -> Result<Self, EngineError> {
        let place = place(host, settings, around)?;
        let opened = tokio::time::timeout(LIMIT, Self::at(&place, around)).await;
        let opened = opened.unwrap_or(Err(EngineFault::Silent { limit: LIMIT }));
        opened.map_err(|fault| EngineError { host: host.clone(), endpoint: place.written, fault })
    }

    async fn at(place: &Place, around: &Surroundings) -> Result<Self, EngineFault> {
        let way = match &place.endpoint {
            Endpoint::Unix(path) => Way::Socket(path.clone()),
            Endpoint::Ssh(to) => Way::Tunnel(Box::new(Renewed::open(to, around).await?)),
            Endpoint::Tls { host, port } => {
                let tls = place.tls.as_ref().ok_or(EngineFault::NoTlsFiles)?;
                Way::Tls(Box::new(Secured::new(host, *port, tls, around)?))
            }
        };
        let way = Arc::new(way);
        let strange = |words: &str| EngineFault::NotAnEngine { words: words.to_owned() };
        let client = |speaking: &ClientVersion| {
            transport::client(Arc::clone(&way), speaking).map_err(|fault| strange(&fault.to_string()))
        };
        let said = match client(API_DEFAULT_VERSION)?.version().await {
            Ok(said) => said,
            Err(error) => {
                return Err(match way.fault(&error).await {
                    EngineFault::NoSocket { path, .. } if place.unsaid => {
                        EngineFault::NoSocket { path, other: listening(around).await }
                    }
                    fault => fault,
                });
            }
        };
        let product = podman::product(&said);
        let (Some(version), Some(api), Some(architecture)) = (said.version, said.api_version, said.arch) else {
            return Err(strange("it names no version"));
        };
        let theirs = number(&api).ok_or_else(|| strange(&format!("it speaks API `{api}`")))?;
        if theirs < LEAST_API {
            return Err(EngineFault::TooOld { product, version, api, least: LEAST });
        }
        // What bollard's `negotiate_version` does, without its second question: an engine starts three programs to answer it.
        let client = client(if theirs < *API_DEFAULT_VERSION { &theirs } else { API_DEFAULT_VERSION })?;
        let api_version = client.client_version().to_string();
        let remote = place.endpoint.remote().map(str::to_owned);
        let ssh = match &place.endpoint {
            Endpoint::Ssh(to) => Some((around.ssh.clone(), to.clone())),
            Endpoint::Unix(_) | Endpoint::Tls { .. } => None,
        };
        Ok(Self { client, remote, ssh, found: OnceCell::new(), product, version, api_version, architecture })
    }

    /// The client; its clones share the connection's settings. A request without an answer after 120 s fails.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The engine's architecture in Go's and Debian's words: `amd64`, `arm64`.
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// Whose it is: `Docker`, `Podman`.
    #[must_use]
    pub const fn product(&self) -> &'static str {
        self.product
    }

    /// The engine's version, such as `20.10.24`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The API that both sides speak, such as `1.41`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Host name or address in the endpoint; `None` for a socket of this machine.
    #[must_use]
    pub fn remote(&self) -> Option<&str> {
        self.remote.as_deref()
    }

    /// Host name or address at which its machine is; `None` for a socket of this one. The name in an ssh endpoint may be an alias,
    /// which only ssh's configuration knows.
    ///
    /// # Errors
    /// [`ProcessError`] where ssh does not tell.
    pub async fn host_name(&self) -> Result<Option<&str>, ProcessError> {
        let Some((ssh, to)) = &self.ssh else { return Ok(self.remote()) };
        let found = self.found.get_or_try_init(|| alias::host_name(ssh, to)).await?;
        Ok(Some(found))
    }
}

/// Where `settings` put the engine.
fn place(host: &Name, settings: &Docker, around: &Surroundings) -> Result<Place, EngineError> {
    let error = |written: &str, fault| EngineError { host: host.clone(), endpoint: written.to_owned(), fault };
    let (written, tls) = match (&settings.endpoint, settings.context.as_deref()) {
        (Some(endpoint), _) => (endpoint.clone(), settings.tls.clone()),
        (None, None | Some(DEFAULT_CONTEXT)) => {
            let (path, written) = (around.socket.clone(), format!("unix://{}", around.socket.display()));
            return Ok(Place { endpoint: Endpoint::Unix(path), tls: None, written, unsaid: true });
        }
        (None, Some(name)) => {
            let read = context::read(name, around.docker_config.as_deref());
            let context = read.map_err(|fault| error(&format!("context {name}"), fault))?;
            (context.endpoint, context.tls)
        }
    };
    let endpoint = Endpoint::parse(&written).map_err(|fault| error(&written, fault))?;
    Ok(Place { endpoint, tls, written, unsaid: false })
}

/// Do `settings` put the engine of `host` at a socket of this machine? `None` where they cannot be read, which is told where
/// it is opened.
pub(super) fn is_here(host: &Name, settings: &Docker, around: &Surroundings) -> Option<bool> {
    place(host, settings, around).ok().map(|place| place.endpoint.remote().is_none())
}

/// A socket of another engine at which somebody listens.
async fn listening(around: &Surroundings) -> Option<std::path::PathBuf> {
    for socket in &around.others {
        if UnixStream::connect(socket).await.is_ok() {
            return Some(socket.clone());
        }
    }
    None
}

/// `1.41` as numbers, which texts would compare wrongly.
fn number(api: &str) -> Option<ClientVersion> {
    let (major, minor) = api.split_once('.')?;
    Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    fn host() -> Name {
        Name::new("edge").unwrap()
    }

    /// Surroundings whose sockets are in `folder`.
    fn around(folder: &std::path::Path) -> Surroundings {
        let others = vec![folder.join("none.sock"), folder.join("podman.sock")];
        Surroundings { socket: folder.join("docker.sock"), others, ..Surroundings::of_process() }
    }

    fn at(path: &std::path::Path) -> Docker {
        Docker { endpoint: Some(format!("unix://{}", path.display())), ..Docker::default() }
    }

    /// A socket that gives every request this answer.
    fn answering(path: &std::path::Path, answer: &'static str) {
        let listener = UnixListener::bind(path).unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
    }

    fn json(body: &str) -> &'static str {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        format!("{head} {}\r\n\r\n{body}", body.len()).leak()
    }

    #[tokio::test]
    async fn a_missing_default_socket_names_the_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let around = around(folder.path());
        let missing = Engine::open_in(&host(), &Docker::default(), &around).await.unwrap_err();
        assert!(missing.to_string().contains(": there is no socket "), "{missing}");
        assert!(missing.hint().unwrap().starts_with("start the engine"));
        let _other = UnixListener::bind(folder.path().join("podman.sock")).unwrap();
        let other = Engine::open_in(&host(), &Docker::default(), &around).await.unwrap_err();
        assert!(other.hint().unwrap().ends_with("podman.sock`"), "{:?}", other.hint());
        let said = Engine::open_in(&host(), &at(&folder.path().join("docker.sock")), &around).await.unwrap_err();
        assert!(said.hint().unwrap().starts_with("start the engine"), "an endpoint that was said is not doubted");
    }

    #[tokio::test]
    async fn what_answers_must_be_an_engine_of_our_days() {
        let folder = tempfile::tempdir().unwrap();
        let cases = [
            (
                json(r#"{"Version":"19.03.15","ApiVersion":"1.40","Arch":"amd64"}"#),
                "the engine there is Docker 19.03.15 and speaks API 1.40, and API 1.41 (Docker 20.10) is needed",
            ),
            (
                json(r#"{"Version":"9","ApiVersion":"1.9","Arch":"amd64"}"#),
                "the engine there is Docker 9 and speaks API 1.9, and",
            ),
            (json("{}"), "what answers there is no Docker engine: it names no version"),
            (json("[]"), "what answers there is no Docker engine: "),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", "what answers there is no Docker engine: "),
            ("SSH-2.0-OpenSSH_9.2\r\n", "what answers there is no Docker engine: "),
            ("", "what answers there is no Docker engine: "),
        ];
        for (i, (answer, expected)) in cases.into_iter().enumerate() {
            let socket = folder.path().join(format!("{i}.sock"));
            answering(&socket, answer);
            let error = Engine::open_in(&host(), &at(&socket), &around(folder.path())).await.unwrap_err();
            assert!(error.fault.to_string().starts_with(expected), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_says_nothing_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("x.sock");
        let _silent = UnixListener::bind(&socket).unwrap();
        let error = Engine::open_in(&host(), &at(&socket), &around(folder.path())).await.unwrap_err();
        assert_eq!(error.to_string(), format!("host `edge` at unix://{}: no answer within 10 s", socket.display()));
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.sock");
        std::fs::write(&file, "").unwrap();
        let error = Engine::open_in(&host(), &at(&file), &around(folder.path())).await.unwrap_err();
        assert!(error.to_string().contains(": nobody listens at the socket "), "{error}");
    }

    #[tokio::test]
    async fn plain_tcp_and_tls_without_files_are_refused_before_anything_is_sent() {
        let around = around(std::path::Path::new("/nowhere"));
        let open = async |endpoint: &str| {
            let settings = Docker { endpoint: Some(endpoint.to_owned()), ..Docker::default() };
            Engine::open_in(&host(), &settings, &around).await.unwrap_err().fault
        };
        assert!(matches!(open("tcp://127.0.0.1:2375").await, EngineFault::PlainTcp));
        assert!(matches!(open("tcp+tls://127.0.0.1:1").await, EngineFault::NoTlsFiles));
    }
}
