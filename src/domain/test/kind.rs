//! The tools that carry tests out.

use serde::{Deserialize, Serialize};

/// The tools that a probe's agent knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolKind {
    /// ESnet's iperf3.
    Iperf3,
    /// iputils' ping.
    Ping,
    /// The Linux traceroute.
    Traceroute,
    /// iperf 2.
    Iperf2,
    /// Matt's traceroute.
    Mtr,
    /// iputils' tracepath.
    Tracepath,
    /// A search of the path MTU by echo requests that may not be fragmented, with iputils' ping.
    PathMtu,
    /// Times of TCP connections, by iperftester itself.
    Connect,
}

impl ToolKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Iperf3,
        Self::Ping,
        Self::Traceroute,
        Self::Iperf2,
        Self::Mtr,
        Self::Tracepath,
        Self::PathMtu,
        Self::Connect,
    ];

    /// Its word in the topology.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Ping => "ping",
            Self::Traceroute => "traceroute",
            Self::Iperf2 => "iperf2",
            Self::Mtr => "mtr",
            Self::Tracepath => "tracepath",
            Self::PathMtu => "path-mtu",
            Self::Connect => "connect",
        }
    }

    /// The program that carries it out.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Ping | Self::PathMtu => "ping",
            Self::Traceroute => "traceroute",
            Self::Iperf2 => "iperf",
            Self::Mtr => "mtr",
            Self::Tracepath => "tracepath",
            Self::Connect => "iperftester",
        }
    }

    /// Does it come to nothing where the destination itself cannot be reached? A path shows how far one gets.
    #[must_use]
    pub const fn needs_destination(self) -> bool {
        !matches!(self, Self::Traceroute | Self::Mtr | Self::Tracepath)
    }

    /// The package of Debian and Ubuntu that has the program.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Ping | Self::PathMtu => "iputils-ping",
            Self::Traceroute => "traceroute",
            Self::Iperf2 => "iperf",
            Self::Mtr => "mtr-tiny",
            Self::Tracepath => "iputils-tracepath",
            Self::Connect => "iperftester",
        }
    }
}

impl std::fmt::Display for ToolKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}
