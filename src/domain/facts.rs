//! What a probe is: kernel, tools, interfaces; and what stands between probes. Shown in every report, for a number without
//! its instrument is worth little.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name::Name;
use super::test::ToolKind;

/// A probe's facts, as its agent tells them at hello.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeFacts {
    /// Version of its agent.
    pub agent_version: String,
    /// Kernel release.
    pub kernel: String,
    /// Operating system, from os-release.
    pub system: String,
    /// CPU cores.
    pub cpus: u32,
    /// Versions of the tools it has.
    pub tools: BTreeMap<ToolKind, String>,
    /// The kernel's default TCP congestion control.
    pub congestion_control: Option<String>,
    /// Congestion controls on offer.
    pub congestion_controls: Vec<String>,
    /// Its interfaces but loopback.
    pub interfaces: Vec<InterfaceFacts>,
    /// Is the clock held by NTP or PTP, as the kernel sees it (`adjtimex`)?
    pub clock_synchronised: Option<bool>,
}

/// An interface's facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InterfaceFacts {
    /// Its name.
    pub name: String,
    /// Its addresses with prefix length.
    pub addresses: Vec<String>,
    /// Maximum transmission unit.
    pub mtu_bytes: Option<u32>,
    /// Link speed as its driver tells it; a virtual one's is nominal.
    pub speed_bits_per_second: Option<u64>,
    /// `full` or `half`.
    pub duplex: Option<String>,
    /// Kernel driver.
    pub driver: Option<String>,
    /// Product name or PCI id, where it is hardware.
    pub product: Option<String>,
}

/// A router that the backend made, known by one of its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Router {
    /// The site that it serves; `core` for the one between all sites.
    pub name: Name,
    /// The declared link whose end has this address.
    pub link: Option<Name>,
}
