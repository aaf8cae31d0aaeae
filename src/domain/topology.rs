//! The topology, resolved: complete, with every reference bound. What the user typed is `config`'s business.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::campaign::Campaign;
use super::group::Group;
use super::host::{Attachment, External, HostKind};
use super::image::Image;
use super::name::Name;
use super::port::PortRange;
use super::test::TestDefinition;
use super::unit::{Bitrate, Ratio, Seconds, seconds};

/// One lab or network under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// Name of the whole.
    pub name: Name,
    /// One sentence on its purpose.
    pub description: Option<String>,
    /// Whose it is on engines that several people use; `None` is whoever deploys it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whom and what its reports are for.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// What probes in containers are made from.
    #[serde(default, skip_serializing_if = "Image::is_default")]
    pub image: Image,
    /// Machines with a backend.
    pub hosts: BTreeMap<Name, Host>,
    /// Places that share a switch and an uplink.
    pub sites: BTreeMap<Name, Site>,
    /// Measuring points.
    pub probes: BTreeMap<Name, Probe>,
    /// Things under test.
    pub links: BTreeMap<Name, Link>,
    /// Sets of ordered pairs.
    pub groups: BTreeMap<Name, Group>,
    /// Test definitions, the built-in ones included.
    pub tests: BTreeMap<Name, TestDefinition>,
    /// Lists of tests, the built-in `auto` included.
    pub suites: BTreeMap<Name, Vec<Name>>,
    /// What is run together, with its expectations.
    pub campaigns: BTreeMap<Name, Campaign>,
}

impl Topology {
    /// The foreign servers that `probe` stands for; `None` for a probe of ours.
    #[must_use]
    pub fn external(&self, probe: &Name) -> Option<&External> {
        match &self.hosts.get(&self.probes.get(probe)?.host)?.kind {
            HostKind::External(external) => Some(external),
            _ => None,
        }
    }

    /// Can nothing connect to `probe`, which opens every connection itself?
    #[must_use]
    pub fn is_behind_nat(&self, probe: &Name) -> bool {
        self.probes.get(probe).is_some_and(|probe| probe.attachment.behind_nat)
    }
}

/// Whom and what the reports of a topology are for, printed on them as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Who bought the links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The carrier's identifier of the circuit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit_id: Option<String>,
    /// Who measures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engineer: Option<String>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Metadata {
    /// Does it say nothing?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.customer.is_none() && self.circuit_id.is_none() && self.engineer.is_none() && self.note.is_none()
    }
}

/// A machine and the backend that makes its probes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Which backend.
    #[serde(deserialize_with = "kind")]
    pub kind: HostKind,
}

/// Results of version 0.1 say `"local"`, for that kind had no settings then.
fn kind<'de, D: serde::Deserializer<'de>>(stored: D) -> Result<HostKind, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Word(Word),
        Kind(HostKind),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Local,
    }
    Ok(match Stored::deserialize(stored)? {
        Stored::Word(Word::Local) => HostKind::Local(super::host::Local::default()),
        Stored::Kind(kind) => kind,
    })
}

/// A place: its probes share one switch, its uplink is what all of them share towards the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The uplink, seen from the site; `None` for an unlimited one.
    pub uplink: Option<Uplink>,
}

/// Rates of a site's uplink, seen from the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uplink {
    /// Towards the site.
    pub down_bits_per_second: Bitrate,
    /// Away from the site.
    pub up_bits_per_second: Bitrate,
}

/// A measuring point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The host that carries it.
    pub host: Name,
    /// Its site, if any.
    pub site: Option<Name>,
    /// Words to select it by.
    pub tags: BTreeSet<Name>,
    /// Ports that test servers may be leased.
    pub ports: PortRange,
    /// How it is attached and reached, where its host's kind leaves a choice.
    #[serde(default, skip_serializing_if = "Attachment::is_default")]
    pub attachment: Attachment,
}

/// One end of a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// A whole site: the link bounds every pair across.
    Site(Name),
    /// One probe.
    Probe(Name),
}

impl End {
    /// The name of the site or probe; the two kinds share one set of names.
    #[must_use]
    pub const fn name(&self) -> &Name {
        match self {
            Self::Site(n) | Self::Probe(n) => n,
        }
    }
}

/// A value for each direction of a link between `a` and `b`, in the order of `between`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directed<T> {
    /// From the first end to the second.
    pub a_to_b: Option<T>,
    /// From the second end to the first.
    pub b_to_a: Option<T>,
}

impl<T> Default for Directed<T> {
    fn default() -> Self {
        Self { a_to_b: None, b_to_a: None }
    }
}

impl<T: Copy> Directed<T> {
    /// The same value both ways.
    #[must_use]
    pub const fn both(value: T) -> Self {
        Self { a_to_b: Some(value), b_to_a: Some(value) }
    }

    /// The value of one way: `forward` is a to b.
    #[must_use]
    pub const fn toward(&self, forward: bool) -> Option<T> {
        if forward { self.a_to_b } else { self.b_to_a }
    }
}

/// The thing under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Its two ends, `a` and `b`.
    pub between: [End; 2],
    /// What was bought.
    pub contract: Contract,
    /// What the lab does to it.
    pub impair: Impairment,
}

/// What was bought. Absent values were not agreed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Rate each way.
    pub rate_bits_per_second: Directed<Bitrate>,
    /// Round-trip time at most.
    #[serde(with = "seconds::option")]
    pub rtt_seconds: Option<Duration>,
    /// Jitter at most (RFC 3550).
    #[serde(with = "seconds::option")]
    pub jitter_seconds: Option<Duration>,
    /// Loss at most.
    pub loss_ratio: Option<Ratio>,
    /// Path MTU at least, in bytes.
    pub mtu_bytes: Option<u32>,
}

/// What the lab does to a link, each way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Impairment {
    /// Shaped to this rate.
    pub rate_bits_per_second: Directed<Bitrate>,
    /// Delayed by this, one way.
    pub delay_seconds: Directed<Seconds>,
    /// Delay varied by this, one way.
    pub jitter_seconds: Directed<Seconds>,
    /// This share dropped at random.
    pub loss_ratio: Directed<Ratio>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_stored_as_a_word_is_read() {
        let local = HostKind::Local(crate::domain::host::Local::default());
        for text in [r#"{"kind":"local"}"#, r#"{"kind":{"local":{}}}"#] {
            assert_eq!(serde_json::from_str::<Host>(text).unwrap().kind, local, "{text}");
        }
        assert!(serde_json::from_str::<Host>(r#"{"kind":"docker"}"#).is_err());
    }
}
