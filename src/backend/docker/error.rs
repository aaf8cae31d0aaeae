//! Why an engine cannot be used: one sentence that names it, and what to do next.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::endpoint::Destination;
use super::podman;
use crate::domain::name::Name;
use crate::process::ProcessError;

/// Why the engine of a host cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("host `{host}` at {endpoint}: {fault}")]
pub struct EngineError {
    /// The host in the topology.
    pub host: Name,
    /// Where its engine is, as it was written.
    pub endpoint: String,
    /// What is wrong.
    pub fault: EngineFault,
}

impl EngineError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.fault.hint()
    }
}

/// What can be wrong with a connection to an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineFault {
    /// Neither a socket, nor ssh, nor TLS.
    #[error("`{endpoint}` is no endpoint of an engine")]
    BadEndpoint {
        /// As written.
        endpoint: String,
    },
    /// TCP without TLS.
    #[error("plain TCP is refused, for whoever reaches that port is root on that machine")]
    PlainTcp,
    /// TLS without its files.
    #[error("TLS needs the files of `tls`")]
    NoTlsFiles,
    /// No Docker context has that name.
    #[error("there is no Docker context `{name}`")]
    NoContext {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A context's file is not as the Docker CLI writes it, or of another kind of engine.
    #[error("{} is no context of Docker: {words}", path.display())]
    BadContext {
        /// Its file.
        path: PathBuf,
        /// The parser's words.
        words: String,
    },
    /// A context that trusts any server.
    #[error("the Docker context `{name}` does not verify its server")]
    UnverifiedContext {
        /// The context.
        name: String,
    },
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A certificate's file holds none.
    #[error("{} holds no certificate in PEM", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A key's file holds none.
    #[error("{} holds no private key in PEM without a passphrase", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The key and the certificate are two people's.
    #[error("the key {} is not that of the certificate {}", key.display(), cert.display())]
    OtherKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        cert: PathBuf,
    },
    /// There is no such socket.
    #[error("there is no socket {}", path.display())]
    NoSocket {
        /// The socket.
        path: PathBuf,
        /// One of another engine that is there.
        other: Option<PathBuf>,
    },
    /// The socket is another's.
    #[error("this user may not use the socket {}", path.display())]
    Forbidden {
        /// The socket.
        path: PathBuf,
    },
    /// Nobody listens at the socket of this machine.
    #[error("nobody listens at the socket {}", path.display())]
    Deserted {
        /// The socket.
        path: PathBuf,
    },
    /// Nobody listens at the port.
    #[error("nobody listens at that port")]
    Refused,
    /// The network does not lead there.
    #[error("it cannot be reached: {words}")]
    Unreachable {
        /// The system's words.
        words: String,
    },
    /// The server's certificate is from another CA.
    #[error("its certificate is not signed by the CA of {}", ca.display())]
    Untrusted {
        /// The CA's file.
        ca: PathBuf,
    },
    /// The server's certificate is another's.
    #[error("its certificate is for {}, not for {expected}", if names.is_empty() { "no name" } else { names })]
    OtherName {
        /// The names in it.
        names: String,
        /// The name in the endpoint.
        expected: String,
    },
    /// The server's certificate is no longer valid.
    #[error("its certificate was valid until {until}, and here it is {now}")]
    Expired {
        /// When it ended.
        until: DateTime<Utc>,
        /// This machine's clock.
        now: DateTime<Utc>,
    },
    /// The server's certificate is not valid yet.
    #[error("its certificate is valid from {from}, and here it is {now}")]
    Early {
        /// When it begins.
        from: DateTime<Utc>,
        /// This machine's clock.
        now: DateTime<Utc>,
    },
    /// The server does not take our certificate, and that one is no longer valid.
    #[error("it does not accept the certificate {}, which was valid until {until}; here it is {now}", cert.display())]
    ClientExpired {
        /// The certificate's file.
        cert: PathBuf,
        /// When it ended.
        until: DateTime<Utc>,
        /// This machine's clock.
        now: DateTime<Utc>,
    },
    /// The server does not take our certificate, and that one is not valid yet.
    #[error("it does not accept the certificate {}, which is valid from {from}; here it is {now}", cert.display())]
    ClientEarly {
        /// The certificate's file.
        cert: PathBuf,
        /// When it begins.
        from: DateTime<Utc>,
        /// This machine's clock.
        now: DateTime<Utc>,
    },
    /// The server does not take our certificate.
    #[error("it does not accept the certificate {}: {words}", cert.display())]
    ClientRefused {
        /// The certificate's file.
        cert: PathBuf,
        /// How it said so.
        words: String,
    },
    /// Something else in TLS.
    #[error("TLS failed: {words}")]
    Tls {
        /// The library's words.
        words: String,
    },
    /// There is no ssh, or no folder for its socket.
    #[error("ssh cannot be started: {words}")]
    NoSsh {
        /// The system's words.
        words: String,
    },
    /// ssh knows no key of the host.
    #[error("ssh does not know the key of that host")]
    UnknownHostKey {
        /// The command that asks whether it is right.
        command: String,
    },
    /// ssh knows another key of the host.
    #[error("ssh knows another key of that host: it was set up anew, or somebody else answers")]
    OtherHostKey {
        /// The command that asks whether the new one is right.
        command: String,
        /// Its name in known_hosts.
        known_as: String,
    },
    /// ssh failed.
    #[error("ssh failed: {words}")]
    Ssh {
        /// Its last words.
        words: String,
        /// The command that a user would try.
        command: String,
    },
    /// The ssh server does not lead to the engine.
    #[error("ssh works, but the socket {socket} there does not answer")]
    NoRemoteSocket {
        /// The socket there.
        socket: String,
        /// The command that goes there.
        command: String,
    },
    /// Nothing came.
    #[error("no answer within {} s", limit.as_secs_f64())]
    Silent {
        /// The time that it had.
        limit: Duration,
    },
    /// What answers is no engine.
    #[error("what answers there is no Docker engine: {words}")]
    NotAnEngine {
        /// What it said.
        words: String,
    },
    /// An engine from before what we need.
    #[error("the engine there is {product} {version} and speaks API {api}, and {least} is needed")]
    TooOld {
        /// Whose it is.
        product: &'static str,
        /// Its version.
        version: String,
        /// The newest API that it speaks.
        api: String,
        /// The oldest that serves us.
        least: &'static str,
    },
}

/// The ways to an engine on another machine that are none of everybody's.
const WAYS: &str =
    "write `ssh://USER@HOST`, or let dockerd ask for certificates and write `tcp+tls://HOST:2376` with `tls`";

impl EngineFault {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BadEndpoint { .. } => "write `unix:///PATH`, `ssh://USER@HOST` or `tcp+tls://HOST:2376`".to_owned(),
            Self::PlainTcp => WAYS.to_owned(),
            Self::NoTlsFiles => "add `tls: { ca: ca.pem, cert: cert.pem, key: key.pem }`".to_owned(),
            Self::NoContext { known, .. } if known.is_empty() => "this user has none but `default`".to_owned(),
            Self::NoContext { known, .. } => format!("known: default, {}", known.join(", ")),
            Self::BadContext { .. } => "`docker context ls` shows which can be used".to_owned(),
            Self::UnverifiedContext { name } => {
                format!("`docker context update {name} --docker host=tcp://HOST:2376,ca=…,cert=…,key=…` lets it")
            }
            Self::File { .. } => "see that the file is there and that this user may read it".to_owned(),
            Self::NoCertificate { .. } => "it must begin with `-----BEGIN CERTIFICATE-----`".to_owned(),
            Self::NoKey { .. } => "it must begin with `-----BEGIN PRIVATE KEY-----` or the like".to_owned(),
            Self::OtherKey { .. } => "`cert` and `key` must be made together".to_owned(),
            Self::NoSocket { other: Some(other), .. } => {
                format!("another engine listens here: to use it, write `endpoint: unix://{}`", other.display())
            }
            Self::NoSocket { other: None, path } | Self::Deserted { path } if podman::owns(path) => {
                podman::START.to_owned()
            }
            Self::NoSocket { other: None, .. } | Self::Deserted { .. } => {
                "start the engine (`sudo systemctl start docker`), or write the `endpoint` where it listens".to_owned()
            }
            Self::Forbidden { path } if podman::owns(path) => podman::FORBIDDEN.to_owned(),
            Self::Forbidden { .. } => {
                "add the user to its group (`sudo usermod -aG docker $USER`) and log in again, or run \
                                       iperftester with sudo"
                    .to_owned()
            }
            Self::Refused => {
                "see that dockerd is started with `-H tcp://0.0.0.0:2376 --tlsverify`, and the port".to_owned()
            }
            Self::Unreachable { .. } => "see that the host is up, and that its name and address are right".to_owned(),
            Self::Untrusted { .. } => {
                "`tls.ca` must be the CA that signed the certificate of dockerd (`--tlscert`)".to_owned()
            }
            Self::OtherName { .. } => {
                "write an endpoint with one of its names, or make a certificate with that name (subjectAltName)"
                    .to_owned()
            }
            Self::Expired { .. } | Self::Early { .. } => {
                "see that the clock of this machine is right (`date -u`); if it is, renew the certificate of dockerd"
                    .to_owned()
            }
            Self::ClientExpired { .. } | Self::ClientEarly { .. } => {
                "see that the clock of this machine is right (`date -u`); if it is, renew that certificate".to_owned()
            }
            Self::ClientRefused { .. } => {
                "it must be signed by the CA that dockerd was started with (`--tlscacert`), for \
                                           clientAuth, and be valid by that machine's clock"
                    .to_owned()
            }
            Self::Tls { .. } => "see that dockerd is started with `--tlsverify` and speaks TLS 1.2 or 1.3".to_owned(),
            Self::NoSsh { .. } => {
                "install `openssh-client`, and see that this user may write in XDG_RUNTIME_DIR".to_owned()
            }
            Self::UnknownHostKey { command } => {
                format!("run `{command} true` once, compare the fingerprint that it shows and say yes")
            }
            Self::OtherHostKey { command, known_as } => format!(
                "ask who runs that host; if the key is right, run `ssh-keygen -R '{known_as}'`, then `{command} true`"
            ),
            Self::Ssh { command, .. } => format!(
                "`{command} true` must work without a question: a key without passphrase or in ssh-agent, the port open"
            ),
            Self::NoRemoteSocket { socket, command } => format!(
                "see that the engine runs there, that this user is in its group (docker) and that sshd allows forwarding: \
                 `{command} curl --unix-socket {socket} http://docker/version`"
            ),
            Self::Silent { .. } => {
                "see that the host is up, that no firewall is in between and that `docker info` ends \
                                    there"
                    .to_owned()
            }
            Self::NotAnEngine { .. } => {
                "see that the endpoint is that of a Docker engine or of Podman's service".to_owned()
            }
            Self::TooOld { .. } => "update it to Docker 20.10 or Podman 4.3, or later".to_owned(),
        })
    }

    /// ssh could not be started.
    pub(super) fn no_ssh(fault: &ProcessError) -> Self {
        use std::error::Error as _;
        let source = fault.source().map(|source| format!(": {source}")).unwrap_or_default();
        Self::NoSsh { words: format!("{fault}{source}") }
    }

    /// ssh has ended; `said` is its standard error.
    pub(super) fn of_ssh(said: &str, to: &Destination) -> Self {
        let command = to.command();
        if said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            return Self::OtherHostKey { command, known_as: to.known_as() };
        }
        if said.contains("Host key verification failed") {
            return Self::UnknownHostKey { command };
        }
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let words = lines.get(lines.len().saturating_sub(2)..).unwrap_or_default().join("; ");
        Self::Ssh { words: if words.is_empty() { "it said nothing".to_owned() } else { words }, command }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::docker::endpoint::Endpoint;

    fn of_ssh(said: &str) -> EngineFault {
        let Endpoint::Ssh(to) = Endpoint::parse("ssh://ops@edge:2222").unwrap() else { panic!("no ssh") };
        EngineFault::of_ssh(said, &to)
    }

    #[test]
    fn a_sentence_names_host_and_endpoint_and_says_what_to_do() {
        let host = Name::new("edge").unwrap();
        let error = EngineError { host, endpoint: "tcp://192.0.2.1:2375".to_owned(), fault: EngineFault::PlainTcp };
        assert_eq!(
            error.to_string(),
            "host `edge` at tcp://192.0.2.1:2375: plain TCP is refused, for whoever reaches that port is root on that machine"
        );
        let hint = error.hint().unwrap();
        assert!(hint.contains("`ssh://USER@HOST`") && hint.contains("`tcp+tls://HOST:2376`"), "{hint}");
    }

    #[test]
    fn what_ssh_says_is_one_sentence() {
        let unknown = of_ssh("No ED25519 host key is known for [edge]:2222.\r\nHost key verification failed.\r\n");
        assert_eq!(unknown.to_string(), "ssh does not know the key of that host");
        assert!(unknown.hint().unwrap().starts_with("run `ssh -p 2222 ops@edge true` once"));
        let changed = of_ssh("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n");
        assert!(changed.hint().unwrap().contains("`ssh-keygen -R '[edge]:2222'`"));
        let denied = of_ssh(
            "Warning: Permanently added 'edge' (ED25519).\r\nbanner\n\nops@edge: Permission denied (publickey).\r\n",
        );
        assert_eq!(denied.to_string(), "ssh failed: banner; ops@edge: Permission denied (publickey).");
        assert_eq!(of_ssh("").to_string(), "ssh failed: it said nothing");
    }
}
