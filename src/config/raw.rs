//! The topology as written: optional fields, unbound names, every value with its place.

use std::net::IpAddr;
use std::time::Duration;

use super::fault::{Span, Spanned};
use crate::domain::campaign::{Days, Metric};
use crate::domain::host::{Address, HostKind, Network, Placement};
use crate::domain::image;
use crate::domain::name::Name;
use crate::domain::port::PortRange;
use crate::domain::test::{Directions, Dscp, Family, OfferedRate, Protocol};
use crate::domain::topology::Metadata;
use crate::domain::unit::{Bitrate, ByteSize, Ratio};

/// A key's value. What is faulty has been reported, so that nothing is concluded from its absence.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Field<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// It is there, but its value is no `T`.
    Faulty,
    /// As written.
    Given(Spanned<T>),
}

impl<T> Field<T> {
    pub(crate) const fn given(&self) -> Option<&Spanned<T>> {
        match self {
            Self::Given(spanned) => Some(spanned),
            Self::Absent | Self::Faulty => None,
        }
    }

    pub(crate) const fn value(&self) -> Option<&T> {
        match self {
            Self::Given(spanned) => Some(&spanned.value),
            Self::Absent | Self::Faulty => None,
        }
    }

    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// This one, or `farther` where it is absent.
    pub(crate) const fn or<'a>(&'a self, farther: &'a Self) -> &'a Self {
        if self.is_absent() { farther } else { self }
    }
}

/// A map by name, in the order of the file.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pub(crate) entries: Vec<(Spanned<Name>, T)>,
    /// Entries without a valid name, already reported.
    pub(crate) refused: usize,
    /// The key that holds the map.
    pub(crate) key: Option<Span>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { entries: vec![], refused: 0, key: None }
    }
}

impl<T> Named<T> {
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.entries.iter().map(|(name, _)| name.value.as_str())
    }
}

impl Named<Option<Test>> {
    /// The rate that is written at a test.
    pub(crate) fn rate_of(&self, test: &Name) -> Option<&Spanned<OfferedRate>> {
        match self.entries.iter().find(|(name, _)| name.value == *test) {
            Some((_, Some(Test::Iperf3(written)))) => written.rate.given(),
            Some((_, Some(Test::Iperf2(written)))) => written.rate.given(),
            _ => None,
        }
    }
}

/// A list of names.
pub(crate) type Names = Vec<Spanned<Name>>;

#[derive(Debug, Default)]
pub(crate) struct Topology {
    pub(crate) name: Field<Name>,
    pub(crate) description: Field<String>,
    pub(crate) owner: Field<String>,
    pub(crate) metadata: Metadata,
    pub(crate) image: Image,
    pub(crate) hosts: Named<Option<HostKind>>,
    pub(crate) default_test: DefaultTest,
    pub(crate) default_probe: Probe,
    pub(crate) sites: Named<Site>,
    pub(crate) probes: Named<Probe>,
    pub(crate) links: Named<Link>,
    pub(crate) groups: Named<Group>,
    pub(crate) tests: Named<Option<Test>>,
    pub(crate) suites: Named<Field<Names>>,
    pub(crate) campaigns: Named<Campaign>,
}

#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) base: Field<image::Base>,
    pub(crate) suite: Field<String>,
    pub(crate) mirror: Field<String>,
    pub(crate) registry: Field<String>,
}

#[derive(Debug, Default)]
pub(crate) struct DefaultTest {
    pub(crate) duration: Field<Duration>,
    pub(crate) interval: Field<Duration>,
    pub(crate) omit: Field<Duration>,
}

#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) uplink: Field<Uplink>,
    pub(crate) probe: Probe,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Uplink {
    pub(crate) down: Bitrate,
    pub(crate) up: Bitrate,
}

#[derive(Debug, Default)]
pub(crate) struct Probe {
    pub(crate) host: Field<Name>,
    pub(crate) site: Field<Name>,
    pub(crate) tags: Field<Names>,
    pub(crate) ports: Field<PortRange>,
    pub(crate) address: Field<Address>,
    pub(crate) management: Field<String>,
    pub(crate) interface: Field<String>,
    pub(crate) behind_nat: Field<bool>,
    pub(crate) network: Field<Network>,
    /// In thousandths of a core.
    pub(crate) cpus: Field<u32>,
    pub(crate) memory: Field<ByteSize>,
    pub(crate) cpu_set: Field<String>,
    pub(crate) raw_sockets: Field<bool>,
    pub(crate) placement: Field<Placement>,
    pub(crate) gateway: Field<IpAddr>,
    pub(crate) dns: Field<Vec<IpAddr>>,
    /// The keys that are there.
    pub(crate) written: Vec<(&'static str, Span)>,
}

impl Probe {
    /// Says nothing.
    pub(crate) const NOTHING: Self = Self {
        host: Field::Absent,
        site: Field::Absent,
        tags: Field::Absent,
        ports: Field::Absent,
        address: Field::Absent,
        management: Field::Absent,
        interface: Field::Absent,
        behind_nat: Field::Absent,
        network: Field::Absent,
        cpus: Field::Absent,
        memory: Field::Absent,
        cpu_set: Field::Absent,
        raw_sockets: Field::Absent,
        placement: Field::Absent,
        gateway: Field::Absent,
        dns: Field::Absent,
        written: vec![],
    };

    /// Is there, but unreadable.
    pub(crate) fn faulty() -> Self {
        Self { host: Field::Faulty, site: Field::Faulty, tags: Field::Faulty, ports: Field::Faulty, ..Self::NOTHING }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) between: Field<[Spanned<Name>; 2]>,
    pub(crate) contract: Contract,
    pub(crate) impair: Impair,
}

/// One value for both directions, or one for each.
#[derive(Debug, Clone)]
pub(crate) enum Directed<T> {
    Both(T),
    Each(Vec<(Spanned<Way>, T)>),
}

/// A direction as written: from, to.
pub(crate) type Way = (Name, Name);

#[derive(Debug, Default)]
pub(crate) struct Contract {
    pub(crate) rate: Field<Directed<Bitrate>>,
    pub(crate) rtt: Field<Duration>,
    pub(crate) jitter: Field<Duration>,
    pub(crate) loss: Field<Ratio>,
    pub(crate) mtu: Field<u32>,
}

#[derive(Debug, Default)]
pub(crate) struct Impair {
    pub(crate) rate: Field<Directed<Bitrate>>,
    pub(crate) delay: Field<Directed<Duration>>,
    pub(crate) jitter: Field<Directed<Duration>>,
    pub(crate) loss: Field<Directed<Ratio>>,
}

#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) shape: Option<Shape>,
    pub(crate) one_way: Field<bool>,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Mesh(Selector),
    Star { hub: Field<Name>, spokes: Selector, except: Field<Names> },
    Ring(Selector),
    Between { from: Selector, to: Selector, except: Field<Names> },
    Pairs(Vec<Spanned<[Spanned<Name>; 2]>>),
}

/// Which probes: those of `base` that meet every criterion, but `except`.
#[derive(Debug)]
pub(crate) struct Selector {
    /// All of it.
    pub(crate) span: Span,
    pub(crate) base: Base,
    pub(crate) tags: Field<Names>,
    pub(crate) sites: Field<Names>,
    pub(crate) except: Field<Names>,
}

#[derive(Debug)]
pub(crate) enum Base {
    /// `all`, or nothing but criteria.
    All,
    These(Names),
    /// Already reported.
    Faulty,
}

#[derive(Debug)]
pub(crate) enum Test {
    Iperf3(Box<Iperf3>),
    Iperf2(Box<Iperf2>),
    Ping(Ping),
    Traceroute(Traceroute),
    Mtr(Mtr),
    Tracepath(Tracepath),
    PathMtu(PathMtu),
    Connect(Connect),
}

#[derive(Debug, Default)]
pub(crate) struct Iperf3 {
    pub(crate) protocol: Field<Protocol>,
    pub(crate) direction: Field<Directions>,
    pub(crate) streams: Field<u16>,
    pub(crate) duration: Field<Duration>,
    pub(crate) omit: Field<Duration>,
    pub(crate) interval: Field<Duration>,
    pub(crate) rate: Field<OfferedRate>,
    pub(crate) congestion_control: Field<String>,
    pub(crate) length: Field<ByteSize>,
    pub(crate) mss: Field<u16>,
    pub(crate) window: Field<ByteSize>,
    pub(crate) dscp: Field<Dscp>,
    pub(crate) family: Field<Family>,
    pub(crate) fq_rate: Field<Bitrate>,
    pub(crate) zero_copy: Field<bool>,
}

#[derive(Debug, Default)]
pub(crate) struct Iperf2 {
    pub(crate) protocol: Field<Protocol>,
    pub(crate) direction: Field<Directions>,
    pub(crate) streams: Field<u16>,
    pub(crate) duration: Field<Duration>,
    pub(crate) interval: Field<Duration>,
    pub(crate) rate: Field<OfferedRate>,
    pub(crate) length: Field<ByteSize>,
    pub(crate) window: Field<ByteSize>,
    pub(crate) family: Field<Family>,
}

#[derive(Debug, Default)]
pub(crate) struct Ping {
    pub(crate) count: Field<u32>,
    pub(crate) interval: Field<Duration>,
    pub(crate) timeout: Field<Duration>,
    pub(crate) size: Field<ByteSize>,
    pub(crate) family: Field<Family>,
}

#[derive(Debug, Default)]
pub(crate) struct Traceroute {
    pub(crate) max_hops: Field<u8>,
    pub(crate) queries: Field<u8>,
    pub(crate) timeout: Field<Duration>,
    pub(crate) family: Field<Family>,
}

#[derive(Debug, Default)]
pub(crate) struct Mtr {
    pub(crate) count: Field<u32>,
    pub(crate) interval: Field<Duration>,
    pub(crate) max_hops: Field<u8>,
    pub(crate) family: Field<Family>,
}

#[derive(Debug, Default)]
pub(crate) struct Tracepath {
    pub(crate) max_hops: Field<u8>,
    pub(crate) family: Field<Family>,
}

#[derive(Debug, Default)]
pub(crate) struct PathMtu {
    pub(crate) largest: Field<u32>,
    pub(crate) timeout: Field<Duration>,
    pub(crate) family: Field<Family>,
}

#[derive(Debug, Default)]
pub(crate) struct Connect {
    pub(crate) count: Field<u32>,
    pub(crate) interval: Field<Duration>,
    pub(crate) timeout: Field<Duration>,
    pub(crate) family: Field<Family>,
}

#[derive(Debug, Default)]
pub(crate) struct Campaign {
    pub(crate) group: Field<Name>,
    pub(crate) run: Field<Names>,
    pub(crate) repeat: Field<u32>,
    pub(crate) expect: Vec<(Metric, Limits)>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) bytes_per_day: Field<ByteSize>,
    pub(crate) max_rate: Field<Bitrate>,
}

#[derive(Debug, Default)]
pub(crate) struct Schedule {
    pub(crate) cron: Field<String>,
    pub(crate) time_zone: Field<String>,
    pub(crate) skip: Field<Vec<Days>>,
}

#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) warn: Field<crate::domain::campaign::Limit>,
    pub(crate) fail: Field<crate::domain::campaign::Limit>,
}
