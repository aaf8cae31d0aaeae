//! Hosts: which backend makes the probes of a machine, and how a probe is attached there.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::name::Name;
use super::port::PortRange;
use super::unit::ByteSize;

/// The kinds of backend, each with its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    /// This machine.
    Local(Local),
    /// A Docker engine.
    Docker(Docker),
    /// A Docker Swarm.
    Swarm(Swarm),
    /// An LXD or Incus server.
    Lxd(Lxd),
    /// A machine with an ssh server.
    Ssh(Ssh),
    /// A machine that boots a live image made for it.
    LiveIso(LiveIso),
    /// Somebody else's iperf3 server: a destination only.
    External(External),
}

impl HostKind {
    /// Its word in the topology.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Local(_) => "local",
            Self::Docker(_) => "docker",
            Self::Swarm(_) => "swarm",
            Self::Lxd(_) => "lxd",
            Self::Ssh(_) => "ssh",
            Self::LiveIso(_) => "live-iso",
            Self::External(_) => "external",
        }
    }
}

/// This machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// How probes are kept apart; `None` is the strongest way that this machine allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
}

/// How probes on this machine are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Network namespaces of the machine (needs root).
    Namespaces,
    /// Network namespaces inside a user namespace, held by one keeper process (no root).
    UserNamespaces,
    /// Plain processes on addresses of 127.0.0.0/8: no shaping, no path of their own.
    Processes,
}

impl Isolation {
    /// Its word in the topology.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::UserNamespaces => "user-namespaces",
            Self::Processes => "processes",
        }
    }
}

/// A Docker engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Docker {
    /// `unix:///…`, `ssh://…` or `tcp+tls://…`; `None` is the machine's default socket, or that of `context`.
    pub endpoint: Option<String>,
    /// A Docker context by name, instead of an endpoint.
    pub context: Option<String>,
    /// Files for `tcp+tls`.
    pub tls: Option<Tls>,
}

/// The socket of a Docker engine, where nobody says another (dockerd(8)).
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
/// The Docker context that is no file: [`DEFAULT_SOCKET`].
pub const DEFAULT_CONTEXT: &str = "default";

/// Which engine a host of kind `docker` is, as far as the topology says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine<'t> {
    /// That at this socket of this machine.
    Socket(&'t str),
    /// That at this endpoint, through ssh or TLS.
    Remote(&'t str),
    /// That of this Docker context, wherever it is.
    Context(&'t str),
}

impl Docker {
    /// Its engine.
    #[must_use]
    pub fn engine(&self) -> Engine<'_> {
        match (self.endpoint.as_deref(), self.context.as_deref()) {
            (Some(endpoint), _) => endpoint.strip_prefix("unix://").map_or(Engine::Remote(endpoint), Engine::Socket),
            (None, None | Some(DEFAULT_CONTEXT)) => Engine::Socket(DEFAULT_SOCKET),
            (None, Some(context)) => Engine::Context(context),
        }
    }
}

/// Files of a mutual TLS connection. Only this CA is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// The CA's certificate, PEM.
    pub ca: PathBuf,
    /// The client's certificate, PEM.
    pub cert: PathBuf,
    /// The client's key, PEM.
    pub key: PathBuf,
}

/// A Docker Swarm, reached through a manager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swarm {
    /// That of a manager, as for [`Docker`].
    pub endpoint: Option<String>,
    /// Where each node's own engine is; `{name}` stands for the node's host name, `{address}` for its address in the swarm.
    /// `None` leaves only the manager's own node within reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_endpoint: Option<String>,
    /// Files for `tcp+tls`.
    pub tls: Option<Tls>,
}

/// An LXD or Incus server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lxd {
    /// `unix:///…` or `https://…`; `None` is the machine's own socket.
    pub endpoint: Option<String>,
    /// SHA-256 of the server's certificate, hexadecimal.
    pub fingerprint: Option<String>,
    /// Project; `None` is `default`.
    pub project: Option<String>,
    /// A trust token for a server that does not know us yet.
    pub token: Option<Secret>,
}

/// A machine with an ssh server. The system's ssh is used, with its configuration, known hosts and agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ssh {
    /// Host name or address.
    pub address: String,
    /// User there; `None` is what ssh's configuration says.
    pub user: Option<String>,
    /// Port; `None` is what ssh's configuration says.
    pub port: Option<u16>,
    /// Private key; `None` is what ssh's configuration says.
    pub identity: Option<PathBuf>,
}

/// A machine that boots a live image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveIso {
    /// Debian release, such as `bookworm`.
    pub release: String,
    /// Keyboard layout, such as `es`.
    pub keyboard: Option<String>,
    /// Installed on a disk instead of run from the medium.
    pub install: Option<Install>,
}

/// Installation of a live image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// Block device.
    pub disk: PathBuf,
    /// May a disk that holds something be overwritten?
    pub wipe: bool,
}

/// Somebody else's iperf3 server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// Host name or address.
    pub address: String,
    /// Ports on which its servers listen, each serving one client at a time.
    pub ports: PortRange,
}

/// Where a secret is read when it is needed. The secret itself is never part of a topology.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// From this environment variable.
    Env(String),
    /// From this file.
    File(PathBuf),
}

/// How a probe is attached and reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attachment {
    /// The address at which it is tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Host name or address at which it is controlled, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management: Option<String>,
    /// Tools bind to this interface, on a probe with several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// It cannot be connected to: it opens every connection itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub behind_nat: bool,
    /// The container's network; `None` is the topology's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// The container's share of its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<ResourceLimits>,
    /// May its tools open raw sockets?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub raw_sockets: bool,
    /// On which members or nodes of a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Default gateway of a live image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Name servers of a live image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<IpAddr>,
}

impl Attachment {
    /// Does it say nothing?
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// An address, with the length of its network's prefix where that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Bits of the network's part.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prefix_bits: Option<u8>,
}

/// A container's network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The host's own.
    Host,
    /// The topology's own bridge.
    Bridge,
    /// An address of its own on the host's LAN.
    Macvlan {
        /// Interface of the host.
        parent: String,
        /// Address with its prefix.
        address: Address,
    },
}

/// A container's share of its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Thousandths of a core.
    pub cpu_millicores: Option<u32>,
    /// Memory.
    pub memory_bytes: Option<ByteSize>,
    /// CPUs of the host that it may use, as in cpuset(7); `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_set: Option<String>,
}

/// On which members or nodes of a cluster a probe runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// One on each node, named `PROBE-NODE`.
    EachNode,
    /// One on each of these members.
    Members(Vec<Name>),
    /// This many on nodes with these labels.
    Replicas {
        /// How many.
        count: u32,
        /// Labels that a node must have, as `key=value`.
        labels: Vec<String>,
    },
}
