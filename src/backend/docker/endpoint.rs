//! Where an engine is, as a topology or a Docker context writes it.

use std::path::PathBuf;

use super::error::EngineFault;
use crate::domain::host::DEFAULT_SOCKET;

/// The port of an engine with TLS (dockerd(8)).
const TLS_PORT: u16 = 2376;

/// Where an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A socket of this machine.
    Unix(PathBuf),
    /// A socket of another machine, through its ssh server.
    Ssh(Destination),
    /// A port with mutual TLS.
    Tls {
        /// Host name or address, without brackets.
        host: String,
        /// TCP port.
        port: u16,
    },
}

/// A socket behind an ssh server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// User there; `None` is what ssh's configuration says.
    pub(super) user: Option<String>,
    /// Host name, address, or a name that only ssh's configuration knows; without brackets.
    pub(super) host: String,
    /// Port; `None` is what ssh's configuration says.
    pub(super) port: Option<u16>,
    /// The engine's socket there.
    pub(super) socket: String,
}

impl Destination {
    /// The arguments by which ssh goes there. What follows `--` is never taken for an option.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (option, value) in [("-l", self.user.clone()), ("-p", self.port.map(|port| port.to_string()))] {
            arguments.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
        }
        arguments.extend(["--".to_owned(), self.host.clone()]);
        arguments
    }

    /// The command by which a user goes there.
    pub(super) fn command(&self) -> String {
        let port = self.port.map(|port| format!("-p {port} ")).unwrap_or_default();
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        format!("ssh {port}{user}{}", self.host)
    }

    /// Its name in known_hosts (sshd(8)).
    pub(super) fn known_as(&self) -> String {
        match self.port {
            Some(port) if port != 22 => format!("[{}]:{port}", self.host),
            _ => self.host.clone(),
        }
    }
}

impl Endpoint {
    /// Reads one.
    ///
    /// # Errors
    /// [`EngineFault::PlainTcp`], [`EngineFault::BadEndpoint`].
    pub(super) fn parse(text: &str) -> Result<Self, EngineFault> {
        let bad = || EngineFault::BadEndpoint { endpoint: text.to_owned() };
        let (scheme, rest) = text.split_once("://").ok_or_else(bad)?;
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.into())),
            "ssh" => {
                let (machine, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
                let (user, machine) = machine.rsplit_once('@').map_or((None, machine), |(u, m)| (Some(u), m));
                let (host, port) = host_and_port(machine).ok_or_else(bad)?;
                if user.is_some_and(|user| user.is_empty() || user.contains(':')) {
                    return Err(bad());
                }
                let socket = if matches!(path, "" | "/") { DEFAULT_SOCKET } else { path }.to_owned();
                // In `-L LOCAL:REMOTE` it would end the path.
                if socket.contains(':') {
                    return Err(bad());
                }
                Ok(Self::Ssh(Destination { user: user.map(str::to_owned), host, port, socket }))
            }
            "tcp+tls" => {
                let (host, port) = host_and_port(rest.trim_end_matches('/')).ok_or_else(bad)?;
                Ok(Self::Tls { host, port: port.unwrap_or(TLS_PORT) })
            }
            "tcp" | "http" => Err(EngineFault::PlainTcp),
            _ => Err(bad()),
        }
    }

    /// Host name or address; `None` for a socket of this machine.
    pub(super) fn remote(&self) -> Option<&str> {
        match self {
            Self::Unix(_) => None,
            Self::Ssh(Destination { host, .. }) | Self::Tls { host, .. } => Some(host),
        }
    }
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let (address, rest) = inner.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_host = !host.is_empty()
        && !host.starts_with('-')
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    // Digits alone: `parse` takes a sign too.
    let port = match port {
        None => None,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(port.parse().ok().filter(|port| *port > 0)?),
        Some(_) => return None,
    };
    is_host.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh(user: Option<&str>, host: &str, port: Option<u16>, socket: &str) -> Endpoint {
        let (user, host, socket) = (user.map(str::to_owned), host.to_owned(), socket.to_owned());
        Endpoint::Ssh(Destination { user, host, port, socket })
    }

    #[test]
    fn each_form_is_read() {
        let parse = |text| Endpoint::parse(text).unwrap();
        let tls = |host: &str, port| Endpoint::Tls { host: host.to_owned(), port };
        assert_eq!(parse("unix:///run/x.sock"), Endpoint::Unix("/run/x.sock".into()));
        assert_eq!(parse("ssh://edge"), ssh(None, "edge", None, DEFAULT_SOCKET));
        assert_eq!(parse("ssh://edge/"), ssh(None, "edge", None, DEFAULT_SOCKET));
        assert_eq!(parse("ssh://ops@edge:2222"), ssh(Some("ops"), "edge", Some(2222), DEFAULT_SOCKET));
        assert_eq!(parse("ssh://a@b@[2001:db8::1]/run/x.sock"), ssh(Some("a@b"), "2001:db8::1", None, "/run/x.sock"));
        assert_eq!(parse("tcp+tls://192.0.2.1:1234"), tls("192.0.2.1", 1234));
        assert_eq!(parse("tcp+tls://[2001:db8::1]:9"), tls("2001:db8::1", 9));
        assert_eq!(parse("tcp+tls://edge.example.net/"), tls("edge.example.net", 2376));
    }

    #[test]
    fn what_is_no_endpoint_or_no_safe_one_is_refused() {
        for text in ["tcp://192.0.2.1:2375", "http://192.0.2.1"] {
            assert!(matches!(Endpoint::parse(text), Err(EngineFault::PlainTcp)), "{text}");
        }
        let bad = [
            "",
            "edge",
            "unix://x",
            "fd://",
            "npipe:////./pipe/docker_engine",
            "ssh://",
            "ssh://@edge",
            "ssh://u:p@edge",
            "ssh://-oProxyCommand=reboot",
            "ssh://u@-F",
            "ssh://edge:0",
            "ssh://edge:+22",
            "ssh://edge:ssh",
            "ssh://edge:70000",
            "ssh://2001:db8::1",
            "ssh://[edge]",
            "ssh://a b",
            "ssh://edge/run/x:y",
            "tcp+tls://",
            "tcp+tls://edge/x",
        ];
        for text in bad {
            assert!(matches!(Endpoint::parse(text), Err(EngineFault::BadEndpoint { .. })), "{text}");
        }
    }

    #[test]
    fn ssh_gets_its_destination_behind_the_options() {
        let Endpoint::Ssh(to) = Endpoint::parse("ssh://ops@edge:2222").unwrap() else { panic!("no ssh") };
        assert_eq!(to.arguments(), ["-l", "ops", "-p", "2222", "--", "edge"]);
        assert_eq!((to.command().as_str(), to.known_as().as_str()), ("ssh -p 2222 ops@edge", "[edge]:2222"));
    }
}
