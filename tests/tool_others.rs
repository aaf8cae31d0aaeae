//! iperf 2, mtr, tracepath, path-mtu and connect for real: through sessions with agents, over shaped namespaces, to the
//! stored run. Needs root, and the packages that `scripts/deps.sh test` installs.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "support/lab.rs"]
mod lab;

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use chrono::Utc;
use iperftester::domain::counters::EndCounters;
use iperftester::domain::measurement::{ConnectTimes, HopPath, Measurement, PathMtuFound, Throughput};
use iperftester::domain::run::{CampaignRun, CampaignRunHeader, Run, RunStatus};
use iperftester::domain::test::{
    Connect, Directions, Iperf2, Iperf2Definition, Mtr, OfferedRate, PathMtu, Ping, Protocol, TestDefinition, Tracepath,
};
use iperftester::domain::topology::{Directed, Impairment, Topology};
use iperftester::domain::unit::{Bitrate, ByteSize, Ratio};
use iperftester::domain::verdict::Verdict;
use iperftester::runner::{self, Order, Surroundings};
use iperftester::schedule::{self, Options};
use iperftester::store::{Head, Results};
use lab::{Build, Lab, empty, name, shaped};

/// What TCP's payload has of a full Ethernet frame, with time stamps; tbf counts the frame.
const TCP_SHARE: f64 = 1448.0 / 1514.0;

/// Two sites, a probe in each, a link between them: two routers on the way.
fn two_sites(what: &str, impair: Impairment) -> Topology {
    let mut topology = empty(what)
        .site("left", None)
        .site("right", None)
        .probe("a", "left")
        .probe("b", "right")
        .link("wan", "left", "right", impair);
    topology.links.get_mut(&name("wan")).unwrap().contract.mtu_bytes = Some(1500);
    topology
}

fn with(mut topology: Topology, tests: Vec<(&str, TestDefinition)>) -> Topology {
    topology.tests = tests.into_iter().map(|(test, definition)| (name(test), definition)).collect();
    topology.suites = [(name("everything"), topology.tests.keys().cloned().collect())].into();
    topology
}

/// Only one measures at a time on a machine.
fn alone() -> File {
    let lock = File::create(std::env::temp_dir().join("iperftester-scenarios.lock")).unwrap();
    lock.lock().unwrap();
    lock
}

/// Runs every test of `topology` from a to b, as `run` does, and reads the stored results.
async fn measure(topology: &Topology, lab: &Lab) -> CampaignRun {
    let folder = tempfile::tempdir().unwrap();
    let (results, _) = Results::open(&folder.path().join("results.db"), vec![]).await.unwrap();
    let jobs = schedule::ad_hoc(topology, &name("a"), &name("b"), &name("everything"), Options::default()).unwrap();
    let header = CampaignRunHeader {
        id: "test@now".to_owned(),
        topology: topology.name.clone(),
        campaign: name("test"),
        started: Utc::now(),
        ended: None,
        planned_runs: u32::try_from(jobs.len()).unwrap(),
        version: String::new(),
        duration_override: None,
        interrupted: false,
        ad_hoc: None,
    };
    let head = Head { header, topology: topology.clone(), routers: [].into() };
    let recording = results.begin(head).await.unwrap();
    let order = Order { topology, jobs: &jobs, expectations: None, executable: env!("CARGO_BIN_EXE_iperftester") };
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let around = Surroundings { backend: &lab.local, recording: &recording, now: Utc::now, stop, events: &|_event| {} };
    runner::run(order, around).await.unwrap();
    recording.finish(Utc::now(), false).await.unwrap();
    results.load("test@now").await.unwrap()
}

fn of<'a>(campaign: &'a CampaignRun, test: &str) -> &'a Run {
    campaign.runs.iter().find(|r| r.test.as_str() == test).unwrap()
}

fn throughput<'a>(campaign: &'a CampaignRun, test: &str) -> &'a Throughput {
    match &of(campaign, test).measurement {
        Some(Measurement::Throughput(measured)) => measured,
        other => panic!("{test}: {other:?}, {:?}", of(campaign, test).error),
    }
}

fn path<'a>(campaign: &'a CampaignRun, test: &str) -> &'a HopPath {
    match &of(campaign, test).measurement {
        Some(Measurement::Path(path)) => path,
        other => panic!("{test}: {other:?}, {:?}", of(campaign, test).error),
    }
}

fn searched(campaign: &CampaignRun) -> &PathMtuFound {
    match &of(campaign, "mtu").measurement {
        Some(Measurement::PathMtu(found)) => found,
        other => panic!("{other:?}, {:?}", of(campaign, "mtu").error),
    }
}

fn connected(campaign: &CampaignRun) -> &ConnectTimes {
    match &of(campaign, "connect").measurement {
        Some(Measurement::Connect(times)) => times,
        other => panic!("{other:?}, {:?}", of(campaign, "connect").error),
    }
}

fn iperf2(protocol: Protocol, directions: Directions, streams: u16, rate: Option<&str>) -> TestDefinition {
    let base = Iperf2 {
        protocol,
        direction: directions.runs()[0],
        streams,
        duration: Duration::from_secs(4),
        interval: Duration::from_millis(500),
        rate_bits_per_second: None,
        length: (protocol == Protocol::Udp).then_some(ByteSize::new(1448)),
        window: None,
        family: None,
    };
    let rate = rate.map(|rate| OfferedRate::Absolute(Bitrate::parse(rate).unwrap()));
    TestDefinition::Iperf2(Iperf2Definition { base, directions, rate })
}

/// Where both ways disturb each other's start, that takes its share of four seconds.
fn longer(test: TestDefinition) -> TestDefinition {
    let TestDefinition::Iperf2(mut test) = test else { panic!("no iperf2 test") };
    test.base.duration = Duration::from_secs(10);
    TestDefinition::Iperf2(test)
}

fn search() -> TestDefinition {
    TestDefinition::PathMtu(PathMtu { largest: None, timeout: Duration::from_millis(300), family: None })
}

fn near(value: f64, expected: f64, within: f64) -> bool {
    (value / expected - 1.0).abs() <= within
}

#[tokio::test]
async fn iperf2_measures_what_the_shaper_lets_through_in_every_direction() {
    let _alone = alone();
    let topology = with(
        two_sites("iperf2", shaped("100M", "40M")),
        vec![
            ("tcp", iperf2(Protocol::Tcp, Directions::Forward, 1, None)),
            ("back", iperf2(Protocol::Tcp, Directions::Reverse, 1, None)),
            ("four", iperf2(Protocol::Tcp, Directions::Forward, 4, None)),
            ("full", longer(iperf2(Protocol::Tcp, Directions::Bidirectional, 1, None))),
            ("slow", iperf2(Protocol::Tcp, Directions::Forward, 2, Some("20M"))),
        ],
    );
    let lab = Lab::deploy(&topology).await;
    let shaped = [("tcp", 100e6), ("back", 40e6), ("four", 100e6)];
    let mut campaign = measure(&topology, &lab).await;
    // Measured again where the machine was too busy to be believed.
    for _ in 0..2 {
        let starved = |end: &Option<EndCounters>| end.as_ref().and_then(|c| c.run_queue_wait_ratio) > Some(0.1);
        if !campaign.runs.iter().any(|r| starved(&r.source_counters) || starved(&r.destination_counters)) {
            break;
        }
        campaign = measure(&topology, &lab).await;
    }
    for (test, rate) in shaped {
        let measured = throughput(&campaign, test);
        let flow = &measured.flow;
        // The first bucket of the shaper comes on top: 1.5 % over 4 s beside other work.
        let theory = rate * TCP_SHARE;
        let rate = flow.throughput_bits_per_second;
        assert!(near(rate, theory, 0.015), "{test}: {rate} is not {theory}");
        assert!(flow.received_bytes.is_some() && flow.received_bytes == flow.sent_bytes, "{test}");
        assert!(flow.retransmits.is_some() && flow.rtt_seconds.is_some(), "{test}: the sender's figures are there");
        assert!(flow.intervals.len() >= 8, "{test}: {:?}", flow.intervals);
        assert_eq!(measured.tool_version.as_deref(), Some("2.1.8"));
        assert_eq!(measured.notes, [""; 0], "{test}");
    }
    assert_eq!(throughput(&campaign, "four").streams, 4);
    let full = throughput(&campaign, "full");
    let back = full.reverse.as_ref().unwrap();
    // Each way carries the other's acknowledgements too.
    assert!(near(full.flow.throughput_bits_per_second, 100e6 * TCP_SHARE, 0.1), "{:?}", full.flow);
    assert!(near(back.throughput_bits_per_second, 40e6 * TCP_SHARE, 0.1), "{back:?}");
    let slow = throughput(&campaign, "slow").flow.throughput_bits_per_second;
    assert!(near(slow, 20e6, 0.05), "{slow}: the rate is that of both streams together");
}

#[tokio::test]
async fn iperf2_counts_datagrams_at_the_receiver() {
    let _alone = alone();
    let loss = Ratio::parse("2%").unwrap();
    let impair = Impairment { loss_ratio: Directed::both(loss), ..Impairment::default() };
    let topology = with(
        two_sites("iperf2udp", impair),
        vec![
            ("udp", iperf2(Protocol::Udp, Directions::Forward, 1, Some("20M"))),
            ("back", iperf2(Protocol::Udp, Directions::Reverse, 1, Some("20M"))),
            // Of several streams, 2.1.8's client at times never ends.
            ("two", iperf2(Protocol::Udp, Directions::Bidirectional, 1, Some("10M"))),
        ],
    );
    let lab = Lab::deploy(&topology).await;
    let campaign = measure(&topology, &lab).await;
    let flows = ["udp", "back", "two"].into_iter().flat_map(|test| {
        let measured = throughput(&campaign, test);
        let asked = if test == "two" { 10e6 } else { 20e6 };
        [Some(&measured.flow), measured.reverse.as_deref()].into_iter().flatten().map(move |flow| (test, asked, flow))
    });
    let mut seen = 0;
    for (test, asked, flow) in flows {
        let (lost, sent) = (flow.lost_packets.unwrap() as f64, flow.packets.unwrap() as f64);
        assert_eq!(flow.loss_ratio, Some(lost / sent), "{test}");
        // Binomial: four standard deviations around 2 %, and one packet that ends the test.
        let deviation = (0.02 * 0.98 / sent).sqrt();
        assert!((lost / sent - 0.02).abs() < 4.0 * deviation + 1.0 / sent, "{test}: {lost} of {sent}");
        assert!(near(sent * 1448.0 * 8.0 / 4.0, asked, 0.02), "{test}: {sent} datagrams");
        assert!(near(flow.throughput_bits_per_second, asked * (1.0 - lost / sent), 0.02), "{test}: {flow:?}");
        assert!(flow.jitter_seconds.is_some_and(|j| j < 0.01), "{test}");
        seen += 1;
    }
    assert_eq!(seen, 4, "two flows of the bidirectional run");
}

#[tokio::test]
async fn the_path_and_its_times_are_those_of_the_lab() {
    let _alone = alone();
    let (interval, timeout) = (Duration::from_millis(100), Duration::from_secs(1));
    let topology = with(
        two_sites("path", Impairment::default()),
        vec![
            ("rtt", TestDefinition::Ping(Ping { count: 10, interval, timeout, size: None, family: None })),
            ("connect", TestDefinition::Connect(Connect { count: 5, interval, timeout, family: None })),
            (
                "mtr",
                TestDefinition::Mtr(Mtr { count: 3, interval: Duration::from_millis(300), max_hops: 8, family: None }),
            ),
            ("mtu", search()),
            ("trace", TestDefinition::Tracepath(Tracepath { max_hops: 8, family: None })),
        ],
    );
    let lab = Lab::deploy(&topology).await;
    let campaign = measure(&topology, &lab).await;
    let times = connected(&campaign);
    assert_eq!((times.attempts, times.connected), (5, 5), "{times:?}");
    // A handshake is a round trip and two turns through this machine's kernel.
    let Some(Measurement::RoundTrip(ping)) = &of(&campaign, "rtt").measurement else { panic!("no ping") };
    let (least, rtt) = (times.connect_min_seconds.unwrap(), ping.rtt_min_seconds.unwrap());
    assert!((rtt / 2.0..rtt + 0.001).contains(&least), "{least} beside a round trip of {rtt}");
    // An oracle that shares no line with us.
    let seen = lab.say("a", &format!("traceroute -n -q 1 -m 8 {}", lab.address("b")));
    let addresses: Vec<&str> = seen.lines().skip(1).map(|l| l.split_whitespace().nth(1).unwrap()).collect();
    for test in ["mtr", "trace"] {
        let path = path(&campaign, test);
        assert!(path.reached, "{test}: {path:?}");
        let hops: Vec<&str> = path.hops.iter().filter_map(|h| h.addresses.first()).map(String::as_str).collect();
        assert_eq!(hops, addresses, "{test}");
    }
    let last = path(&campaign, "mtr").hops.last().unwrap().figures.unwrap();
    assert!((rtt / 2.0..rtt + 0.001).contains(&last.rtt_min_seconds.unwrap()), "{last:?} beside {rtt}");
    assert_eq!((last.sent_packets, last.loss_ratio), (3, 0.0));
    assert_eq!(path(&campaign, "trace").mtu_bytes, Some(1500));
    let found = searched(&campaign);
    assert_eq!((found.mtu_bytes, found.black_hole), (Some(1500), false), "{found:?}");
    assert_eq!(of(&campaign, "mtu").assessment.verdict, Verdict::Pass);
    let report = iperftester::report::terminal(iperftester::i18n::Lang::En, &campaign, 120, false);
    assert!(report.contains("path MTU 1500 B"), "{report}");
    assert!(report.contains("5 of 5 connections opened"), "{report}");
    let page = iperftester::report::html(iperftester::i18n::Lang::En, &campaign).unwrap();
    assert!(page.contains("path MTU 1500 B"), "the page shows it too");
}

#[tokio::test]
async fn a_link_that_carries_less_than_its_contract_is_found_even_where_it_is_silent() {
    let _alone = alone();
    let tests = vec![("mtu", search()), ("trace", TestDefinition::Tracepath(Tracepath { max_hops: 8, family: None }))];
    let topology = with(two_sites("narrow", Impairment::default()), tests);
    let lab = Lab::deploy(&topology).await;
    let route: serde_json::Value =
        serde_json::from_str(&lab.say("left", &format!("ip -j route get {}", lab.address("b")))).unwrap();
    let device = route[0]["dev"].as_str().unwrap();
    lab.say("left", &format!("ip link set dev {device} mtu 1400"));
    let campaign = measure(&topology, &lab).await;
    let found = searched(&campaign);
    assert_eq!((found.mtu_bytes, found.black_hole), (Some(1400), false), "{found:?}");
    assert_eq!(path(&campaign, "trace").mtu_bytes, Some(1400));
    let run = of(&campaign, "mtu");
    assert_eq!(run.assessment.verdict, Verdict::Fail);
    assert_eq!(
        iperftester::verdict::account(iperftester::i18n::Lang::En, &run.assessment),
        "a path MTU of 1400 B is below the contracted 1500 B"
    );
    let report = iperftester::report::terminal(iperftester::i18n::Lang::En, &campaign, 120, false);
    assert!(report.contains("left → right carries packets of 1400 B of the contracted 1500 B"), "{report}");

    // The router says nothing any more, and what was learnt is forgotten.
    let mute =
        "table ip mute { chain out { type filter hook output priority 0; icmp type destination-unreachable drop; }; }";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), mute).unwrap();
    lab.say("left", &format!("nft -f {}", file.path().display()));
    lab.say("a", "ip route flush cache");
    let campaign = measure(&topology, &lab).await;
    let found = searched(&campaign);
    assert_eq!((found.mtu_bytes, found.black_hole), (Some(1400), true), "{found:?}");
    assert!(
        iperftester::verdict::account(iperftester::i18n::Lang::En, &of(&campaign, "mtu").assessment)
            .contains("vanish without a word")
    );
}

#[tokio::test]
async fn what_ends_early_is_no_measurement() {
    let _alone = alone();
    let topology = with(
        two_sites("early", shaped("50M", "50M")),
        vec![("tcp", iperf2(Protocol::Tcp, Directions::Forward, 1, None))],
    );
    let lab = Lab::deploy(&topology).await;
    let place = lab.local.namespace(&name("b"));
    // iperf's server dies in the middle, which iperf's client ends with exit code 0.
    let killer = std::thread::spawn(move || {
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(50));
            let pids = Command::new("ip").args(["netns", "pids", &place]).output().unwrap().stdout;
            let pids = String::from_utf8(pids).unwrap();
            let serving = pids.split_whitespace().find(|pid| {
                std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"iperf\0-s"))
            });
            if let Some(pid) = serving {
                std::thread::sleep(Duration::from_millis(1500));
                return Command::new("kill").args(["-9", pid]).status().unwrap().success();
            }
        }
        false
    });
    let campaign = measure(&topology, &lab).await;
    assert!(killer.join().unwrap(), "the server was there to be killed");
    let run = of(&campaign, "tcp");
    assert_eq!((run.status, &run.measurement), (RunStatus::Failed, &None), "{run:?}");
    assert!(run.error.as_ref().unwrap().contains("iperf"), "{:?}", run.error);
}
