//! Campaign runs made by hand: the topology of a contract check with figures that a lab gives for it, judged by the
//! project's own `verdict`.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use iperftester::domain::campaign::Expectations;
use iperftester::domain::counters::{CoreUse, EndCounters, InterfaceGrowth, TcpLimits, UdpGrowth};
use iperftester::domain::facts::{InterfaceFacts, ProbeFacts, Router};
use iperftester::domain::host::Attachment;
use iperftester::domain::host::HostKind;
use iperftester::domain::image::Image;
use iperftester::domain::measurement::{Flow, Hop, HopPath, Interval, Measurement, RoundTrip, Side, Throughput};
use iperftester::domain::name::Name;
use iperftester::domain::port::PortRange;
use iperftester::domain::run::{CampaignRun, CampaignRunHeader, Run};
use iperftester::domain::test::{Direction, Iperf3, Ping, Protocol, Test, ToolKind, Traceroute};
use iperftester::domain::topology::Metadata;
use iperftester::domain::topology::{Contract, Directed, End, Host, Impairment, Link, Probe, Site, Topology};
use iperftester::domain::unit::{Bitrate, Ratio};
use iperftester::verdict::{Outcome, RunInput, assess};

/// A name that is known to be valid.
pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// `megabits` Mbit/s.
pub fn rate(megabits: u64) -> Bitrate {
    Bitrate::new(megabits * 1_000_000).unwrap()
}

/// Noon of a day in November 2026.
pub fn noon() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A topology without links; `probes` are (probe, site), an empty site is none.
pub fn topology(probes: &[(&str, &str)]) -> Topology {
    let sites = probes.iter().filter(|(_, s)| !s.is_empty()).map(|(_, s)| (name(s), Site::default())).collect();
    let probe = |(probe, site): &(&str, &str)| {
        let site = (!site.is_empty()).then(|| name(site));
        (
            name(probe),
            Probe {
                host: name("lab"),
                site,
                tags: [].into(),
                ports: PortRange::DEFAULT,
                attachment: Attachment::default(),
            },
        )
    };
    Topology {
        name: name("contract-check"),
        owner: None,
        description: Some("Two leased services: is each what the contract says?".to_owned()),
        hosts: [(name("lab"), Host { kind: HostKind::Local(Default::default()) })].into(),
        sites,
        probes: probes.iter().map(probe).collect(),
        links: BTreeMap::new(),
        groups: BTreeMap::new(),
        tests: BTreeMap::new(),
        suites: BTreeMap::new(),
        campaigns: BTreeMap::new(),
        metadata: Metadata::default(),
        image: Image::default(),
    }
}

/// A link between two sites.
pub fn link(a: &str, b: &str, contract: Contract) -> Link {
    Link { between: [End::Site(name(a)), End::Site(name(b))], contract, impair: Impairment::default() }
}

/// 100 Mbit/s both ways, 20 ms, 5 ms of jitter, 0.1 % of loss.
pub fn whole_contract() -> Contract {
    Contract {
        rate_bits_per_second: Directed::both(rate(100)),
        rtt_seconds: Some(Duration::from_millis(20)),
        jitter_seconds: Some(Duration::from_millis(5)),
        loss_ratio: Ratio::new(0.001),
        mtu_bytes: None,
    }
}

/// Madrid with two probes, Sevilla and Cadiz with one each; `macrolan` and the asymmetric `adsl`.
pub fn offices() -> Topology {
    let mut topology = topology(&[("m1", "madrid"), ("m2", "madrid"), ("s1", "sevilla"), ("c1", "cadiz")]);
    topology.links.insert(name("macrolan"), link("madrid", "sevilla", whole_contract()));
    let rate_bits_per_second = Directed { a_to_b: Some(rate(100)), b_to_a: Some(rate(20)) };
    topology
        .links
        .insert(name("adsl"), link("madrid", "cadiz", Contract { rate_bits_per_second, ..Contract::default() }));
    topology
}

/// A TCP test of 4 s after 1 s.
pub fn tcp(direction: Direction) -> Test {
    Test::Iperf3(Iperf3 {
        protocol: Protocol::Tcp,
        direction,
        streams: 1,
        duration: Duration::from_secs(4),
        omit: Duration::from_secs(1),
        interval: Duration::from_millis(500),
        rate_bits_per_second: None,
        congestion_control: None,
        length: None,
        mss: None,
        window: None,
        dscp: None,
        family: None,
        fq_rate_bits_per_second: None,
        zero_copy: false,
    })
}

/// A UDP test of 4 s at `offered` bit/s.
pub fn udp(offered: u64) -> Test {
    let Test::Iperf3(base) = tcp(Direction::Forward) else { unreachable!() };
    let rate_bits_per_second = Bitrate::new(offered);
    Test::Iperf3(Iperf3 { protocol: Protocol::Udp, omit: Duration::ZERO, rate_bits_per_second, ..base })
}

/// Ten echo requests.
pub fn ping() -> Test {
    let (interval, timeout) = (Duration::from_millis(200), Duration::from_secs(1));
    Test::Ping(Ping { count: 10, interval, timeout, size: None, family: None })
}

/// A traceroute.
pub fn traceroute() -> Test {
    Test::Traceroute(Traceroute { max_hops: 30, queries: 3, timeout: Duration::from_secs(1), family: None })
}

/// A flow of `megabits` Mbit/s with a plausible course: a fast start, then a little uneven.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn tcp_flow(megabits: f64) -> Flow {
    let bits = megabits * 1e6;
    let course = [0.62, 1.06, 1.012, 0.988, 1.004, 0.995, 1.009, 0.991, 1.003, 0.998];
    let interval = |(i, factor): (usize, &f64)| Interval {
        start_seconds: i as f64 * 0.5,
        end_seconds: (i + 1) as f64 * 0.5,
        throughput_bits_per_second: bits * factor,
        retransmits: Some(u64::from(i == 1)),
        lost_packets: None,
        omitted: i < 2,
    };
    Flow {
        throughput_bits_per_second: bits,
        sent_bits_per_second: Some(bits * 1.02),
        duration_seconds: Some(4.0),
        received_bytes: Some((bits / 2.0) as u64),
        sent_bytes: Some((bits / 1.96) as u64),
        retransmits: Some((megabits / 6.0) as u64),
        rtt_seconds: Some(0.0312),
        rtt_min_seconds: Some(0.0121),
        rtt_max_seconds: Some(0.0418),
        congestion_window_max_bytes: Some(418_000),
        congestion_control: Some("cubic".to_owned()),
        sender_cpu_ratio: Some(0.031),
        receiver_cpu_ratio: Some(0.054),
        intervals: course.iter().enumerate().map(interval).collect(),
        intervals_from: Some(Side::Receiver),
        ..Flow::default()
    }
}

/// What a TCP run brings.
pub fn tcp_measured(megabits: f64) -> Measurement {
    Measurement::Throughput(Throughput {
        protocol: Protocol::Tcp,
        streams: 1,
        flow: tcp_flow(megabits),
        reverse: None,
        tool_version: Some("3.12".to_owned()),
        notes: vec![],
        processes: None,
        segment: None,
    })
}

/// What a bidirectional TCP run brings.
pub fn both_measured(there: f64, back: f64) -> Measurement {
    let Measurement::Throughput(mut both) = tcp_measured(there) else { unreachable!() };
    both.reverse = Some(Box::new(tcp_flow(back)));
    Measurement::Throughput(both)
}

/// What a UDP run brings.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn udp_measured(megabits: f64, jitter_seconds: f64, loss_ratio: f64) -> Measurement {
    let packets = 34_000_u64;
    let course = tcp_flow(megabits).intervals.into_iter().skip(2).enumerate();
    let course = course.map(|(i, interval)| Interval {
        start_seconds: i as f64 * 0.5,
        end_seconds: (i + 1) as f64 * 0.5,
        retransmits: None,
        omitted: false,
        ..interval
    });
    Measurement::Throughput(Throughput {
        protocol: Protocol::Udp,
        streams: 1,
        processes: None,
        segment: None,
        flow: Flow {
            throughput_bits_per_second: megabits * 1e6,
            jitter_seconds: Some(jitter_seconds),
            loss_ratio: Some(loss_ratio),
            lost_packets: Some((loss_ratio * packets as f64) as u64),
            packets: Some(packets),
            out_of_order_packets: Some(0),
            intervals: course.collect(),
            ..Flow::default()
        },
        reverse: None,
        tool_version: Some("3.12".to_owned()),
        notes: vec![],
    })
}

/// What a ping with a mean of `milliseconds` brings.
pub fn ping_measured(milliseconds: f64, received: u64) -> Measurement {
    let seconds = |factor: f64| (received > 0).then_some(milliseconds * factor / 1e3);
    Measurement::RoundTrip(RoundTrip {
        packets: 10,
        received_packets: received,
        loss_ratio: (10 - received) as f64 / 10.0,
        duplicate_packets: 0,
        rtt_seconds: seconds(1.0),
        rtt_min_seconds: seconds(0.94),
        rtt_max_seconds: seconds(1.21),
        rtt_deviation_seconds: seconds(0.06),
        rtts_seconds: vec![],
    })
}

/// What a traceroute through `addresses` brings.
pub fn path_measured(addresses: &[&str]) -> Measurement {
    let hop = |(i, address): (usize, &&str)| Hop {
        ttl: u8::try_from(i + 1).unwrap(),
        addresses: if address.is_empty() { vec![] } else { vec![(*address).to_owned()] },
        rtts_seconds: if address.is_empty() { vec![] } else { vec![0.000_051, 0.000_032, 0.000_029] },
        unanswered: if address.is_empty() { 3 } else { 0 },
        annotations: vec![],
        figures: None,
    };
    Measurement::Path(HopPath { hops: addresses.iter().enumerate().map(hop).collect(), reached: true, mtu_bytes: None })
}

/// Counters of an end that waited `wait` of the time for a CPU.
pub fn counters(wait: f64) -> EndCounters {
    EndCounters {
        wall_seconds: 5.02,
        samples: 26,
        cores: vec![
            CoreUse { busy_ratio: 0.41, softirq_ratio: 0.08, steal_ratio: 0.01 },
            CoreUse { busy_ratio: 0.28, softirq_ratio: 0.03, steal_ratio: 0.0 },
        ],
        run_queue_wait_ratio: Some(wait),
        on_cpu_ratio: Some(0.043),
        interfaces: vec![InterfaceGrowth {
            name: "eth0".to_owned(),
            rx_bytes: 48_000_000,
            ..InterfaceGrowth::default()
        }],
        udp: UdpGrowth::default(),
        tcp: vec![TcpLimits {
            local: "10.0.0.1:40112".to_owned(),
            peer: "10.0.1.1:5201".to_owned(),
            busy_seconds: Some(5.0),
            send_buffer_limited_seconds: Some(0.31),
            ..TcpLimits::default()
        }],
    }
}

/// Collects runs; each is judged as the runner would judge it.
pub struct Builder {
    pub topology: Topology,
    pub expectations: Option<Expectations>,
    /// Run-queue wait at both ends of the next runs.
    pub wait: f64,
    pub repetition: u32,
    runs: Vec<Run>,
}

/// What a run brings, owned.
#[allow(clippy::large_enum_variant, reason = "made one at a time")]
pub enum Result {
    Measured(Measurement),
    Failed(&'static str),
    Skipped(&'static str),
}

impl Builder {
    pub fn new(topology: Topology) -> Self {
        Self { topology, expectations: None, wait: 0.02, repetition: 1, runs: vec![] }
    }

    /// Adds a run of `specification`, named `test`, from `source` to `destination`.
    pub fn run(
        &mut self,
        source: &str,
        destination: &str,
        test: &str,
        specification: Test,
        result: Result,
    ) -> &mut Self {
        let (source, destination) = (name(source), name(destination));
        let skipped = matches!(result, Result::Skipped(_));
        let (measurement, error) = match result {
            Result::Measured(m) => (Some(m), None),
            Result::Failed(e) | Result::Skipped(e) => (None, Some(e.to_owned())),
        };
        let server = matches!(specification, Test::Iperf3(_)) && !skipped;
        let source_counters = (!skipped).then(|| counters(self.wait));
        let destination_counters = server.then(|| counters(0.01));
        let (fault, why) = (error.clone().unwrap_or_default().into(), error.clone().unwrap_or_default().into());
        let outcome = match (&measurement, &error) {
            (Some(m), _) => Outcome::Measured(m),
            (None, _) if skipped => Outcome::Skipped(&why),
            (None, _) => Outcome::Failed(&fault),
        };
        let (status, assessment) = assess(&RunInput {
            source: &source,
            destination: &destination,
            test: &specification,
            outcome,
            topology: &self.topology,
            expectations: self.expectations.as_ref(),
            source_counters: source_counters.as_ref(),
            destination_counters: destination_counters.as_ref(),
        });
        let id = u32::try_from(self.runs.len() + 1).unwrap();
        let started = noon() + TimeDelta::seconds(6 * i64::from(id));
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let command = match &specification {
            Test::Iperf3(t) => {
                let reverse = match t.direction {
                    Direction::Forward => "",
                    Direction::Reverse => " -R",
                    Direction::Bidirectional => " --bidir",
                };
                let udp = if t.protocol == Protocol::Udp { " -u" } else { "" };
                words(&format!("iperf3 -c {} -p 5201 -J -t 4 -O 1 -i 0.5{udp}{reverse}", address(&destination)))
            }
            Test::Ping(_) => words(&format!("ping -n -c 10 -i 0.2 -W 1 {}", address(&destination))),
            Test::Traceroute(_) => words(&format!("traceroute -n -m 30 -q 3 -w 1 {}", address(&destination))),
            other => words(&format!("{} {}", other.tool().program(), address(&destination))),
        };
        self.runs.push(Run {
            id,
            path: self.topology.path(&source, &destination),
            source,
            destination,
            test: name(test),
            specification,
            repetition: self.repetition,
            status,
            started,
            ended: started + TimeDelta::milliseconds(5_140),
            command: if skipped { vec![] } else { command },
            server_command: server.then(|| words("iperf3 -s -1 -J -p 5201")),
            raw: if measurement.is_some() { "{\n\t\"end\": {}\n}\n".to_owned() } else { String::new() },
            server_raw: server.then(|| "{}\n".to_owned()),
            measurement,
            assessment,
            error,
            source_counters,
            destination_counters,
        });
        self
    }

    /// The suite ping, traceroute, TCP and UDP from `source` to `destination`.
    pub fn suite(&mut self, source: &str, destination: &str, megabits: f64, milliseconds: f64, loss: f64) -> &mut Self {
        let to = address(&name(destination));
        let ping_result = Result::Measured(ping_measured(milliseconds, 10));
        self.run(source, destination, "rtt", ping(), ping_result);
        let hops = Result::Measured(path_measured(&["10.0.9.1", "172.16.0.2", "", to.as_str()]));
        self.run(source, destination, "path", traceroute(), hops);
        self.run(source, destination, "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(megabits)));
        let offered = self.contracted(source, destination).map_or(100_000_000, |r| (r * 0.9718) as u64);
        let received = (offered as f64 * (1.0 - loss)) / 1e6;
        let datagrams = Result::Measured(udp_measured(received, 0.000_08, loss));
        self.run(source, destination, "udp", udp(offered), datagrams)
    }

    fn contracted(&self, source: &str, destination: &str) -> Option<f64> {
        let link = self.topology.path(&name(source), &name(destination)).link;
        self.topology.agreed(link.as_ref())?.rate.map(Bitrate::as_f64)
    }

    /// The campaign run with all runs so far.
    pub fn finish(self) -> CampaignRun {
        let last = self.runs.last().map_or_else(noon, |r| r.ended);
        CampaignRun {
            header: CampaignRunHeader {
                id: "check@20261124T120000.000Z".to_owned(),
                topology: self.topology.name.clone(),
                campaign: name("check"),
                started: noon(),
                ended: Some(last),
                planned_runs: u32::try_from(self.runs.len()).unwrap(),
                version: "0.1.0".to_owned(),
                duration_override: None,
                interrupted: false,
                ad_hoc: None,
            },
            routers: [
                ("10.0.9.1".parse().unwrap(), Router { name: name("madrid"), link: None }),
                ("172.16.0.2".parse().unwrap(), Router { name: name("sevilla"), link: Some(name("macrolan")) }),
            ]
            .into(),
            facts: self.topology.probes.keys().map(|p| (p.clone(), facts(p))).collect(),
            topology: self.topology,
            runs: self.runs,
        }
    }
}

/// An address for a probe, the same for the same name.
pub fn address(probe: &Name) -> String {
    let sum = probe.as_str().bytes().fold(7_u32, |sum, b| (sum * 31 + u32::from(b)) % 60_000);
    format!("10.80.{}.{}", sum / 250, sum % 250 + 1)
}

fn facts(probe: &Name) -> ProbeFacts {
    ProbeFacts {
        agent_version: "0.1.0".to_owned(),
        kernel: "6.18.0".to_owned(),
        system: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        cpus: 2,
        tools: [(ToolKind::Iperf3, "3.12"), (ToolKind::Ping, "20221126"), (ToolKind::Traceroute, "2.1.2")]
            .map(|(tool, version)| (tool, version.to_owned()))
            .into(),
        congestion_control: Some("cubic".to_owned()),
        congestion_controls: vec!["reno".to_owned(), "cubic".to_owned()],
        interfaces: vec![InterfaceFacts {
            name: "eth0".to_owned(),
            addresses: vec![format!("{}/24", address(probe)), "fe80::40cd:1bff:fe67:3d0b/64".to_owned()],
            mtu_bytes: Some(1500),
            speed_bits_per_second: Some(10_000_000_000),
            duplex: Some("full".to_owned()),
            driver: Some("veth".to_owned()),
            product: None,
        }],
        clock_synchronised: Some(true),
    }
}

/// Two probes, no contract: the smallest that there is.
pub fn smallest() -> CampaignRun {
    let mut builder = Builder::new(topology(&[("alpha", ""), ("beta", "")]));
    builder.topology.description = None;
    builder.run("alpha", "beta", "rtt", ping(), Result::Measured(ping_measured(0.045, 10)));
    builder.run("alpha", "beta", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(9_412.0)));
    builder.finish()
}

/// The contract check of the offices: `macrolan` delivers 80 of 100 Mbit/s, `adsl` is as contracted.
pub fn contract_check() -> CampaignRun {
    let mut builder = Builder::new(offices());
    for (from, to, megabits, rtt, loss) in [
        ("m1", "m2", 9_310.0, 0.043, 0.0),
        ("m2", "m1", 9_402.0, 0.041, 0.0),
        ("m1", "s1", 76.2, 12.3, 0.198),
        ("s1", "m1", 76.4, 12.4, 0.197),
        ("m2", "s1", 76.1, 12.3, 0.199),
        ("s1", "m2", 76.3, 12.2, 0.198),
        ("m1", "c1", 95.6, 24.1, 0.0),
        ("c1", "m1", 19.1, 24.3, 0.0),
        ("m2", "c1", 95.5, 24.0, 0.0),
        ("c1", "m2", 19.1, 24.2, 0.0),
        ("s1", "c1", 19.0, 36.0, 0.0),
        ("c1", "s1", 19.1, 36.1, 0.0),
    ] {
        builder.suite(from, to, megabits, rtt, loss);
    }
    builder.finish()
}

/// Every contract kept.
pub fn all_met() -> CampaignRun {
    let mut builder = Builder::new(offices());
    for (from, to, megabits) in [("m1", "s1", 95.6), ("s1", "m1", 95.5), ("m1", "c1", 95.6), ("c1", "m1", 19.1)] {
        builder.suite(from, to, megabits, 12.3, 0.0);
    }
    builder.finish()
}

/// A run of every status and verdict, three repetitions of one test, a bidirectional and a reverse run, cut short.
pub fn everything() -> CampaignRun {
    let mut builder = Builder::new(offices());
    builder.suite("m1", "s1", 76.2, 23.4, 0.12);
    builder.suite("s1", "m1", 95.6, 12.4, 0.0);
    for (repetition, megabits) in [(1, 95.1), (2, 93.2), (3, 95.4)] {
        builder.repetition = repetition;
        builder.run("m2", "s1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(megabits)));
    }
    builder.repetition = 1;
    builder.run("m1", "c1", "back", tcp(Direction::Reverse), Result::Measured(tcp_measured(19.1)));
    builder.run("m2", "c1", "duplex", tcp(Direction::Bidirectional), Result::Measured(both_measured(92.0, 18.9)));
    builder.wait = 0.42;
    builder.run("m1", "c1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(41.7)));
    builder.run("s1", "c1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(312.0)));
    builder.wait = 0.02;
    let refused = "iperf3 reports: unable to connect to server: Connection refused";
    builder.run("c1", "s1", "tcp", tcp(Direction::Forward), Result::Failed(refused));
    builder.run("c1", "s1", "udp", udp(97_180_000), Result::Failed(refused));
    builder.run("c1", "m1", "tcp", tcp(Direction::Forward), Result::Skipped("m1 does not answer c1 (ICMP echo)"));
    builder.run("m1", "m2", "rtt", ping(), Result::Measured(ping_measured(0.04, 10)));
    let mut run = builder.finish();
    run.header.duration_override = Some(Duration::from_secs(2));
    run.header.interrupted = true;
    run.header.planned_runs = 40;
    run
}

/// A full mesh of 50 probes in ten sites: 2,450 runs.
pub fn large() -> CampaignRun {
    let names: Vec<(String, String)> = (0..50).map(|i| (format!("p{i:02}"), format!("site-{}", i / 5))).collect();
    let probes: Vec<(&str, &str)> = names.iter().map(|(p, s)| (p.as_str(), s.as_str())).collect();
    let mut builder = Builder::new(topology(&probes));
    for i in 0..9 {
        let (a, b) = (format!("site-{i}"), format!("site-{}", i + 1));
        builder.topology.links.insert(name(&format!("line-{i}")), link(&a, &b, whole_contract()));
    }
    for (i, (from, _)) in probes.iter().enumerate() {
        for (j, (to, _)) in probes.iter().enumerate().filter(|(j, _)| *j != i) {
            if (i * 7 + j) % 31 == 0 {
                let refused = "iperf3 reports: unable to connect to server: Connection refused";
                builder.run(from, to, "tcp", tcp(Direction::Forward), Result::Failed(refused));
                continue;
            }
            let megabits = if i / 5 == 3 && j / 5 == 4 { 74.5 } else { 95.0 + ((i * 13 + j * 5) % 10) as f64 / 10.0 };
            builder.run(from, to, "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(megabits)));
        }
    }
    builder.finish()
}

/// A mesh of `probes` probes in sites of five: a ping, a traceroute, TCP and UDP for each ordered pair, up to `runs` runs, each
/// with a raw output as long as iperf3's of ten seconds. Some pairs fail, some miss their contract.
pub fn mesh(probes: usize, runs: usize) -> CampaignRun {
    let names: Vec<(String, String)> = (0..probes).map(|i| (format!("p{i:03}"), format!("site-{}", i / 5))).collect();
    let names: Vec<(&str, &str)> = names.iter().map(|(p, s)| (p.as_str(), s.as_str())).collect();
    let mut builder = Builder::new(topology(&names));
    for i in 0..probes / 5 {
        for j in 0..i {
            let (a, b) = (format!("site-{i}"), format!("site-{j}"));
            builder.topology.links.insert(name(&format!("line-{i}-{j}")), link(&a, &b, whole_contract()));
        }
    }
    let pairs: Vec<(usize, usize)> = (0..probes).flat_map(|i| (0..probes).map(move |j| (i, j))).collect();
    let pairs: Vec<(usize, usize)> = pairs.into_iter().filter(|(i, j)| i != j).collect();
    let each = (runs / pairs.len()).max(1);
    for (i, j) in pairs {
        let (from, to) = (names[i].0, names[j].0);
        if builder.runs.len() >= runs {
            break;
        }
        if (i * 7 + j) % 97 == 0 {
            let refused = "iperf3 reports: unable to connect to server: Connection refused";
            builder.run(from, to, "tcp", tcp(Direction::Forward), Result::Failed(refused));
            continue;
        }
        let megabits = if (i * 3 + j) % 41 == 0 { 74.5 } else { 95.0 + ((i * 13 + j * 5) % 10) as f64 / 10.0 };
        if each >= 4 {
            builder.suite(from, to, megabits, 12.3, 0.0);
        } else {
            builder.run(from, to, "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(megabits)));
        }
    }
    while builder.runs.len() < runs {
        builder.repetition += 1;
        builder.run(names[0].0, names[5].0, "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(95.6)));
    }
    let line = "\t\t\"socket\":\t5,\t\"bytes\":\t11927552,\t\"bits_per_second\":\t95412345.678\n";
    for run in &mut builder.runs {
        let length = if matches!(run.specification, Test::Iperf3(_)) { 90 } else { 12 };
        run.raw = line.repeat(length);
        run.server_raw = run.server_raw.as_ref().map(|_| line.repeat(length));
    }
    builder.finish()
}
