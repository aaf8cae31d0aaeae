//! Jobs: one test on one ordered pair, concrete.

use std::collections::BTreeSet;
use std::time::Duration;

use super::rate::{self, RateFrom};
use super::resource::{Resource, resources};
use crate::domain::campaign::Campaign;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::path::{Crossing, Path, Paths};
use crate::domain::reason::SkipReason;
use crate::domain::test::{
    Direction, Directions, Iperf2, Iperf2Definition, Iperf3, Iperf3Definition, OfferedRate, Protocol, Test,
    TestDefinition,
};
use crate::domain::topology::Topology;
use crate::domain::unit::{Bitrate, ByteSize, Ratio};
use crate::tool::{self, Load};

/// Payload of a UDP datagram where the test names none, in bytes: the frame is 1490 bytes then, below every usual MTU.
const UDP_LENGTH: ByteSize = ByteSize::new(1448);
/// UDP, IPv4 and Ethernet headers around a datagram's payload, in bytes (RFC 768, RFC 791, IEEE 802.3 without FCS, which
/// the kernel's shapers do not count either).
const UDP_HEADERS_BYTES: f64 = 8.0 + 20.0 + 14.0;

/// A piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number, from 1; the run's id.
    pub id: u32,
    /// Client and server.
    pub pair: Pair,
    /// The test's name.
    pub test: Name,
    /// What is run.
    pub specification: Test,
    /// Which repetition, from 1.
    pub repetition: u32,
    /// What it crosses.
    pub path: Path,
    /// What it occupies.
    pub resources: BTreeSet<Resource>,
    /// Alone on them, or not.
    pub load: Load,
    /// How long it takes.
    pub duration: Duration,
    /// Where its rate comes from, if other runs must tell it first.
    pub rate_from: Option<RateFrom>,
    /// What to know of how it was asked for, when reading its result.
    pub note: Option<String>,
    /// Why it cannot be run at all, known beforehand.
    pub skip: Option<SkipReason>,
}

/// What changes a campaign for one execution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Every timed test lasts this long instead.
    pub duration: Option<Duration>,
}

/// The jobs of `campaign` in the order of the file: repetitions, then pairs, then tests.
#[must_use]
pub fn jobs(topology: &Topology, campaign: &Campaign, options: Options) -> Vec<Job> {
    let pairs = topology.groups.get(&campaign.group).map(crate::domain::group::Group::pairs).unwrap_or_default();
    let all: BTreeSet<Pair> = pairs.iter().cloned().collect();
    let paths = Paths::new(topology);
    let route = |pair: Pair| Route {
        mirrored: all.contains(&pair.reversed()) && !topology.is_behind_nat(&pair.source),
        ..Route::new(topology, paths.path(&pair.source, &pair.destination), pair)
    };
    let routes: Vec<Route> = pairs.into_iter().map(route).collect();
    let mut list = Vec::new();
    for repetition in 1..=campaign.repeat {
        for route in &routes {
            for test in &campaign.tests {
                add(topology, route, test, repetition, options, &mut list);
            }
        }
    }
    rate::find_sources(&mut list);
    list
}

/// A pair with what its traffic crosses.
struct Route {
    pair: Pair,
    path: Path,
    resources: BTreeSet<Resource>,
    /// The same tests are run the other way round too, and can be.
    mirrored: bool,
}

impl Route {
    fn new(topology: &Topology, path: Path, pair: Pair) -> Self {
        let resources = resources(topology, &pair, &path);
        Self { pair, path, resources, mirrored: false }
    }
}

/// A name that an ad-hoc run asks for and the topology does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdHocFault {
    /// No such probe; the known ones.
    Probe(Name, Vec<Name>),
    /// No such test or suite; the known ones.
    Test(Name, Vec<Name>),
    /// Source and destination are the same.
    Same(Name),
}

/// The jobs of a run without a campaign: `test` (a test or a suite) from `source` to `destination`.
///
/// # Errors
/// [`AdHocFault`] for a name that the topology does not have.
pub fn ad_hoc(
    topology: &Topology,
    source: &Name,
    destination: &Name,
    test: &Name,
    options: Options,
) -> Result<Vec<Job>, AdHocFault> {
    for probe in [source, destination] {
        if !topology.probes.contains_key(probe) {
            return Err(AdHocFault::Probe(probe.clone(), topology.probes.keys().cloned().collect()));
        }
    }
    if source == destination {
        return Err(AdHocFault::Same(source.clone()));
    }
    let tests = match topology.suites.get(test) {
        Some(suite) => suite.clone(),
        None if topology.tests.contains_key(test) => vec![test.clone()],
        None => {
            let known = topology.tests.keys().chain(topology.suites.keys()).cloned().collect();
            return Err(AdHocFault::Test(test.clone(), known));
        }
    };
    let pair = Pair { source: source.clone(), destination: destination.clone() };
    let route = Route::new(topology, topology.path(source, destination), pair);
    let mut list = Vec::new();
    for test in &tests {
        add(topology, &route, test, 1, options, &mut list);
    }
    rate::find_sources(&mut list);
    Ok(list)
}

fn add(topology: &Topology, route: &Route, name: &Name, repetition: u32, options: Options, list: &mut Vec<Job>) {
    let Some(definition) = topology.tests.get(name) else { return };
    let destination = &route.pair.destination;
    let unreachable = definition.tool().needs_destination() && topology.is_behind_nat(destination);
    if unreachable && route.mirrored && definition.measures_both_ways() {
        // The probe behind NAT measures this when its own turn comes.
        return;
    }
    let link = route.path.link.as_ref();
    let plain = |test: Test| vec![(test, Unset::Nothing)];
    // Of both directions, the pair the other way round measures this one's way back.
    let runs = |directions: Directions| {
        let once = route.mirrored && directions == Directions::Both;
        directions.runs().iter().copied().filter(move |d| !once || *d == Direction::Forward)
    };
    let concrete: Vec<(Test, Unset)> = match definition {
        TestDefinition::Ping(ping) => plain(Test::Ping(ping.clone())),
        TestDefinition::Traceroute(trace) => plain(Test::Traceroute(trace.clone())),
        TestDefinition::Mtr(mtr) => plain(Test::Mtr(mtr.clone())),
        TestDefinition::Tracepath(trace) => plain(Test::Tracepath(trace.clone())),
        TestDefinition::PathMtu(search) => plain(Test::PathMtu(search.clone())),
        TestDefinition::Connect(connect) => plain(Test::Connect(connect.clone())),
        TestDefinition::Iperf2(iperf2) => {
            let run = |direction| {
                let (test, unset) = iperf2_test(topology, iperf2, direction, link, options);
                (Test::Iperf2(test), unset)
            };
            runs(iperf2.directions).map(run).collect()
        }
        TestDefinition::Iperf3(iperf3) => {
            let run = |direction| {
                let (test, unset) = iperf3_test(topology, iperf3, direction, link, options);
                (Test::Iperf3(test), unset)
            };
            runs(iperf3.directions).map(run).collect()
        }
    };
    for (specification, unset) in concrete {
        let (rate_from, skip) = match unset {
            _ if unreachable => (None, Some(SkipReason::BehindNat { probe: destination.clone() })),
            Unset::Nothing => (None, None),
            Unset::Contract => (None, Some(SkipReason::NoContractedRate { test: name.clone() })),
            Unset::Tcp(share) => (Some(RateFrom { share, sources: vec![] }), None),
        };
        let tool = tool::of(&specification);
        let (load, duration) = (tool.load(), tool.duration());
        list.push(Job {
            id: u32::try_from(list.len() + 1).unwrap_or(u32::MAX),
            pair: route.pair.clone(),
            test: name.clone(),
            repetition,
            resources: route.resources.clone(),
            path: route.path.clone(),
            load,
            duration,
            specification,
            rate_from,
            note: None,
            skip,
        });
    }
}

/// What of a test's rate is not known yet.
enum Unset {
    /// Nothing.
    Nothing,
    /// It follows a contract that is not there.
    Contract,
    /// It is this share of what TCP will reach.
    Tcp(Ratio),
}

/// The concrete test, and what of its rate is missing.
fn iperf2_test(
    topology: &Topology,
    definition: &Iperf2Definition,
    direction: Direction,
    link: Option<&Crossing>,
    options: Options,
) -> (Iperf2, Unset) {
    let mut test = Iperf2 { direction, ..definition.base.clone() };
    if test.protocol == Protocol::Udp {
        test.length.get_or_insert(UDP_LENGTH);
    }
    if let Some(duration) = options.duration {
        test.duration = duration;
        test.interval = test.interval.min(duration);
    }
    let agreed = contracted(topology, direction, link);
    let (rate, unset) = offered(definition.rate, agreed, test.protocol, test.length);
    test.rate_bits_per_second = rate;
    (test, unset)
}

/// As [`iperf2_test`], of iperf3.
fn iperf3_test(
    topology: &Topology,
    definition: &Iperf3Definition,
    direction: Direction,
    link: Option<&Crossing>,
    options: Options,
) -> (Iperf3, Unset) {
    let mut test = Iperf3 { direction, ..definition.base.clone() };
    if test.protocol == Protocol::Udp {
        test.length.get_or_insert(UDP_LENGTH);
    }
    if let Some(duration) = options.duration {
        test.duration = duration;
        // A shortened test keeps no more of its omitted start than it has time itself.
        test.omit = test.omit.min(duration);
        test.interval = test.interval.min(duration);
    }
    let agreed = contracted(topology, direction, link);
    let (rate, unset) = offered(definition.rate, agreed, test.protocol, test.length);
    test.rate_bits_per_second = rate;
    (test, unset)
}

/// The payload rate asked of the sender where `agreed` was contracted, and what of it is missing.
fn offered(
    rate: Option<OfferedRate>,
    agreed: Option<Bitrate>,
    protocol: Protocol,
    length: Option<ByteSize>,
) -> (Option<Bitrate>, Unset) {
    let of = |agreed: Bitrate, share: f64| {
        let frames = agreed.scale(share);
        let rate = if protocol == Protocol::Udp { payload_for_frames(frames, length) } else { frames };
        (Some(rate), Unset::Nothing)
    };
    match (rate, agreed) {
        (None, _) => (None, Unset::Nothing),
        (Some(OfferedRate::Absolute(rate)), _) => (Some(rate), Unset::Nothing),
        (Some(OfferedRate::Contract(share)), Some(agreed)) => of(agreed, share.share()),
        (Some(OfferedRate::ContractOrTcp(_)), Some(agreed)) => of(agreed, 1.0),
        (Some(OfferedRate::Contract(_)), None) => (None, Unset::Contract),
        (Some(OfferedRate::ContractOrTcp(share)), None) => (None, Unset::Tcp(share)),
    }
}

/// The contracted rate of the data's direction; of both, the lower one.
fn contracted(topology: &Topology, direction: Direction, link: Option<&Crossing>) -> Option<Bitrate> {
    let there = topology.agreed(link).and_then(|a| a.rate);
    let back = || {
        let reversed = link.map(|l| Crossing { link: l.link.clone(), forward: !l.forward });
        topology.agreed(reversed.as_ref()).and_then(|a| a.rate)
    };
    match direction {
        Direction::Forward => there,
        Direction::Reverse => back(),
        Direction::Bidirectional => there.into_iter().chain(back()).min(),
    }
}

/// The UDP payload rate whose Ethernet frames add up to `frames`: rate × length / (length + 42).
fn payload_for_frames(frames: Bitrate, length: Option<ByteSize>) -> Bitrate {
    #[allow(clippy::cast_precision_loss)]
    let payload = length.unwrap_or(UDP_LENGTH).bytes().max(1) as f64;
    frames.scale(payload / (payload + UDP_HEADERS_BYTES))
}
