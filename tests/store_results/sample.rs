//! Campaign runs to store.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use iperftester::domain::campaign::Metric;
use iperftester::domain::counters::{CoreUse, EndCounters, InterfaceGrowth, TcpLimits};
use iperftester::domain::facts::{InterfaceFacts, ProbeFacts, Router};
use iperftester::domain::host::Attachment;
use iperftester::domain::host::HostKind;
use iperftester::domain::image::Image;
use iperftester::domain::measurement::{Flow, Interval, Measurement, Side, Throughput};
use iperftester::domain::name::Name;
use iperftester::domain::path::{Crossing, Path};
use iperftester::domain::port::PortRange;
use iperftester::domain::run::{CampaignRunHeader, Run, RunStatus};
use iperftester::domain::test::{Direction, Iperf3, Protocol, Test, ToolKind};
use iperftester::domain::topology::Metadata;
use iperftester::domain::topology::{Host, Probe, Topology};
use iperftester::domain::verdict::{Assessment, Cause, CauseKind, Judgement, Verdict};
use iperftester::store::{Head, Kept, Recording};

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn moment(offset_ms: i64) -> DateTime<Utc> {
    let base: DateTime<Utc> = "2026-11-24T10:44:06.123456789Z".parse().unwrap();
    base + TimeDelta::milliseconds(offset_ms)
}

fn header(offset_ms: i64) -> CampaignRunHeader {
    let started = moment(offset_ms);
    CampaignRunHeader {
        id: CampaignRunHeader::id_for(&name("check"), started),
        topology: name("office"),
        campaign: name("check"),
        started,
        ended: None,
        planned_runs: 12,
        version: "0.1.0".to_owned(),
        duration_override: Some(Duration::from_millis(1300)),
        interrupted: false,
        ad_hoc: None,
    }
}

/// How the campaign run of that header begins.
pub(crate) fn head(offset_ms: i64) -> Head {
    let routers = [
        ("10.0.0.1".parse().unwrap(), Router { name: name("core"), link: None }),
        ("172.16.0.1".parse().unwrap(), Router { name: name("madrid"), link: Some(name("macrolan")) }),
    ];
    Head { header: header(offset_ms), topology: topology(), routers: routers.into() }
}

pub(crate) fn topology() -> Topology {
    let probe = |tag| Probe {
        host: name("here"),
        site: None,
        tags: BTreeSet::from([name(tag)]),
        ports: PortRange::DEFAULT,
        attachment: Attachment::default(),
    };
    Topology {
        name: name("office"),
        owner: None,
        description: Some("Zwölf Büros, ½ davon still".to_owned()),
        hosts: BTreeMap::from([(name("here"), Host { kind: HostKind::Local(Default::default()) })]),
        sites: BTreeMap::new(),
        probes: BTreeMap::from([(name("alpha"), probe("core")), (name("beta"), probe("branch"))]),
        links: BTreeMap::new(),
        groups: BTreeMap::new(),
        tests: BTreeMap::new(),
        suites: BTreeMap::new(),
        campaigns: BTreeMap::new(),
        metadata: Metadata::default(),
        image: Image::default(),
    }
}

pub(crate) fn facts() -> ProbeFacts {
    ProbeFacts {
        kernel: "6.18.0".to_owned(),
        cpus: 2,
        tools: BTreeMap::from([(ToolKind::Iperf3, "3.12".to_owned()), (ToolKind::Ping, "20221126".to_owned())]),
        interfaces: vec![InterfaceFacts { name: "eth0".to_owned(), mtu_bytes: Some(1500), ..Default::default() }],
        clock_synchronised: Some(false),
        ..Default::default()
    }
}

pub(crate) fn flow(rate: f64) -> Flow {
    let interval = |i: u32| Interval {
        start_seconds: f64::from(i) / 3.0,
        end_seconds: f64::from(i + 1) / 3.0,
        throughput_bits_per_second: rate / f64::from(i + 1),
        retransmits: (i > 0).then(|| u64::MAX - u64::from(i)),
        lost_packets: None,
        omitted: i == 0,
    };
    Flow {
        throughput_bits_per_second: rate,
        sent_bits_per_second: Some(rate * 1.01),
        received_bytes: Some(u64::MAX),
        intervals: (0..12).map(interval).collect(),
        intervals_from: Some(Side::Receiver),
        ..Default::default()
    }
}

/// A bidirectional throughput run with everything that a run can have.
pub(crate) fn run(id: u32) -> Run {
    let rate = 1e8 / 3.0 + f64::from(id);
    let counters = EndCounters {
        wall_seconds: 0.1 + 0.2,
        cores: vec![CoreUse { busy_ratio: 0.97, softirq_ratio: 0.1, steal_ratio: 0.0 }],
        run_queue_wait_ratio: Some(1.0 / 3.0),
        interfaces: vec![InterfaceGrowth { name: "eth0".to_owned(), rx_bytes: u64::MAX, ..Default::default() }],
        tcp: vec![TcpLimits { local: "10.0.0.1:5201".to_owned(), busy_seconds: Some(2.5e-7), ..Default::default() }],
        ..Default::default()
    };
    Run {
        id,
        source: name("alpha"),
        destination: name("beta"),
        test: name("tcp"),
        specification: Test::Iperf3(Iperf3 {
            protocol: Protocol::Tcp,
            direction: Direction::Bidirectional,
            streams: 4,
            duration: Duration::from_millis(4300),
            omit: Duration::from_secs(1),
            interval: Duration::from_millis(100),
            rate_bits_per_second: None,
            congestion_control: Some("bbr".to_owned()),
            length: None,
            mss: None,
            window: None,
            dscp: None,
            family: None,
            fq_rate_bits_per_second: None,
            zero_copy: false,
        }),
        repetition: 1,
        status: RunStatus::Invalid,
        started: moment(i64::from(id) * 1000),
        ended: moment(i64::from(id) * 1000 + 999),
        command: vec!["iperf3".to_owned(), "-c".to_owned(), "10.0.0.2".to_owned(), "a b\n\"c\"".to_owned()],
        server_command: Some(vec!["iperf3".to_owned(), "-s".to_owned()]),
        measurement: Some(Measurement::Throughput(Throughput {
            protocol: Protocol::Tcp,
            streams: 4,
            flow: flow(rate),
            reverse: Some(Box::new(flow(rate * 0.7))),
            tool_version: Some("3.12".to_owned()),
            notes: vec!["a note".to_owned()],
            processes: None,
            segment: None,
        })),
        assessment: Assessment {
            verdict: Verdict::Invalid,
            reason: "`alpha` had no CPU to give".into(),
            judgements: vec![Judgement {
                metric: Metric::Throughput,
                sender: name("alpha"),
                receiver: name("beta"),
                verdict: Verdict::Fail,
                reason: "too slow".into(),
                measured: Some(rate),
                contracted: Some(1e8),
                missed_limit: None,
                with_headers: None,
            }],
            causes: vec![Cause { kind: CauseKind::CpuStarved, probe: name("alpha"), value: 0.31, threshold: 0.1 }],
        },
        error: None,
        path: Path { link: Some(Crossing { link: name("macrolan"), forward: false }), uplinks: vec![name("madrid")] },
        raw: format!("{{\"run\": {id}}}\r\n\u{0}\u{feff}\u{10ffff} as it came\n\n"),
        server_raw: Some(String::new()),
        source_counters: Some(counters.clone()),
        destination_counters: Some(counters),
    }
}

/// The same with a raw output of `bytes` bytes.
pub(crate) fn bulky(id: u32, bytes: usize) -> Run {
    Run { raw: "x".repeat(bytes), ..run(id) }
}

/// Keeps runs 1 to `count` of `bytes` each; how many of them had to be rescued.
pub(crate) async fn append_all(recording: &Recording<'_>, count: u32, bytes: usize) -> u32 {
    let mut rescued = 0;
    for id in 1..=count {
        match recording.append(bulky(id, bytes)).await.unwrap() {
            Kept::Stored => {}
            Kept::Rescued(_) => rescued += 1,
        }
    }
    rescued
}
