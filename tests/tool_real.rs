//! The argument lists and the readers with the real tools, between namespaces joined by a router that passes 100 Mbit/s.

use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use iperftester::domain::measurement::{Flow, HopPath, Measurement, RoundTrip, Side, Throughput};
use iperftester::domain::test::{Direction, Iperf3, Ping, Protocol, Test, Traceroute};
use iperftester::domain::unit::{Bitrate, ByteSize};
use iperftester::tool::{self, Endpoints, Outputs, ParseError};

/// Of 100 Mbit/s on the wire, what is left for TCP's payload with time stamps (1448 of 1514 bytes).
const GOODPUT: f64 = 100e6 * 1448.0 / 1514.0;

fn run(argv: &[&str]) -> Output {
    Command::new(argv[0]).args(&argv[1..]).stdin(Stdio::null()).output().expect("it starts")
}

fn ip(line: &str) {
    let argv: Vec<&str> = std::iter::once("ip").chain(line.split_whitespace()).collect();
    let output = run(&argv);
    assert!(output.status.success(), "ip {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Source, router and destination: 10.7.1.2 and fd07:1::2 to 10.7.2.2 and fd07:2::2. They go away with the value.
struct Lab {
    name: String,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for end in ["a", "r", "b"] {
            run(&["ip", "netns", "del", &format!("{}{end}", self.name)]);
        }
    }
}

impl Lab {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let lab = Self { name: format!("tool{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)) };
        let n = &lab.name;
        for end in ["a", "r", "b"] {
            ip(&format!("netns add {n}{end}"));
            ip(&format!("-n {n}{end} link set lo up"));
            // IPv6 is up at once when no address is probed for duplicates.
            ip(&format!("netns exec {n}{end} sysctl -qw net.ipv6.conf.default.accept_dad=0"));
        }
        for (end, net) in [("a", 1), ("b", 2)] {
            ip(&format!("link add e0 netns {n}{end} type veth peer name {end}0 netns {n}r"));
            ip(&format!("-n {n}{end} addr add 10.7.{net}.2/24 dev e0"));
            ip(&format!("-n {n}{end} addr add fd07:{net}::2/64 dev e0 nodad"));
            ip(&format!("-n {n}r addr add 10.7.{net}.1/24 dev {end}0"));
            ip(&format!("-n {n}r addr add fd07:{net}::1/64 dev {end}0 nodad"));
            ip(&format!("-n {n}{end} link set e0 up"));
            ip(&format!("-n {n}r link set {end}0 up"));
            ip(&format!("-n {n}{end} route add default via 10.7.{net}.1"));
            ip(&format!("-n {n}{end} -6 route add default via fd07:{net}::1"));
            lab.router(&format!("tc qdisc add dev {end}0 root tbf rate 100mbit burst 64kb latency 50ms"));
        }
        // All hops and the destination answer traceroute, which the kernel's limit of ICMP errors would prevent.
        lab.router("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0");
        ip(&format!("netns exec {n}b sysctl -qw net.ipv4.icmp_ratelimit=0"));
        lab.wait_until_up();
        lab
    }

    /// The links need a moment to come up.
    fn wait_until_up(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        for to in ["10.7.2.2", "fd07:2::2"] {
            let ping = ["ip", "netns", "exec", &format!("{}a", self.name), "ping", "-c", "1", "-W", "0.2", to];
            while !run(&ping).status.success() {
                assert!(Instant::now() < until, "{to} is not reachable");
            }
        }
    }

    fn router(&self, line: &str) {
        ip(&format!("netns exec {}r {line}", self.name));
    }

    /// A command in a namespace, ended after half a minute at the latest.
    fn command(&self, end: &str, argv: &[String]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}{end}", self.name), "timeout", "-k", "1", "30"]).args(argv);
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn serve(&self, test: &Test, at: &Endpoints) -> Option<Child> {
        let argv = tool::of(test).server_command(at)?;
        let server = self.command("b", &argv).spawn().expect("the server starts");
        let listening = format!("sport = :{}", at.port);
        let until = Instant::now() + Duration::from_secs(10);
        let ss = ["ip", "netns", "exec", &format!("{}b", self.name), "ss", "-Hltn", &listening];
        while run(&ss).stdout.is_empty() {
            assert!(Instant::now() < until, "the server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(server)
    }

    /// Carries `test` out from the source to `to`, as an agent would.
    fn measure(&self, test: &Test, to: &str) -> (Result<Measurement, ParseError>, Finished) {
        let at = Endpoints::new(to.parse().expect("an address"), 5301);
        let server = self.serve(test, &at);
        let start = Instant::now();
        let argv = tool::of(test).client_command(&at);
        let client = self.command("a", &argv).output().expect("the client starts");
        let took = start.elapsed();
        let server = server.map(|s| s.wait_with_output().expect("the server ends").stdout);
        let outputs = Outputs {
            client: &client.stdout,
            client_errors: &client.stderr,
            exit_code: client.status.code(),
            server: server.as_deref(),
            ran_seconds: None,
        };
        (tool::of(test).parse(&outputs), Finished { client, server, took })
    }
}

struct Finished {
    client: Output,
    /// What the server wrote, for a test that has one.
    server: Option<Vec<u8>>,
    took: Duration,
}

impl Finished {
    /// The number under a JSON pointer of the client's output.
    fn number(&self, pointer: &str) -> Option<f64> {
        number(&self.client.stdout, pointer)
    }

    /// The number under a JSON pointer of the server's output.
    fn number_of_server(&self, pointer: &str) -> Option<f64> {
        number(self.server.as_deref().expect("there is a server"), pointer)
    }
}

fn number(output: &[u8], pointer: &str) -> Option<f64> {
    let json: serde_json::Value = serde_json::from_slice(output).expect("iperf3 wrote JSON");
    json.pointer(pointer)?.as_f64()
}

fn iperf3() -> Iperf3 {
    Iperf3 {
        protocol: Protocol::Tcp,
        direction: Direction::Forward,
        streams: 1,
        duration: Duration::from_secs(1),
        omit: Duration::ZERO,
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
    }
}

fn udp(rate: &str) -> Iperf3 {
    let rate = Bitrate::parse(rate).expect("a rate");
    Iperf3 { protocol: Protocol::Udp, rate_bits_per_second: Some(rate), ..iperf3() }
}

fn throughput(result: Result<Measurement, ParseError>) -> Throughput {
    match result {
        Ok(Measurement::Throughput(t)) => t,
        other => panic!("no throughput: {other:?}"),
    }
}

/// A flow that went through the shaped router; the machine may be busy, so only its upper bound is narrow.
fn assert_shaped(flow: &Flow, most: f64) {
    let rate = flow.throughput_bits_per_second;
    assert!((most * 0.3..most * 1.1).contains(&rate), "{rate} of {most}");
}

#[test]
fn tcp_forward_is_counted_by_the_receiver() {
    let (result, finished) = Lab::new().measure(&Test::Iperf3(iperf3()), "10.7.2.2");
    let measured = throughput(result);
    assert_shaped(&measured.flow, GOODPUT);
    let expected = finished.number("/end/sum_received/bits_per_second").expect("it is there");
    assert_eq!(measured.flow.throughput_bits_per_second.to_bits(), expected.to_bits());
    assert_eq!(measured.flow.intervals_from, Some(Side::Receiver));
    assert_eq!(measured.flow.intervals.len(), 2, "{:?}", measured.flow.intervals);
    assert!(measured.flow.intervals.iter().all(|i| i.retransmits.is_some()));
    assert!(measured.flow.rtt_seconds > Some(1e-5) && measured.flow.rtt_seconds < Some(1.0));
    assert!(measured.flow.congestion_window_max_bytes.is_some() && measured.flow.retransmits.is_some());
    assert_eq!(measured.notes, [""; 0]);
}

#[test]
fn tcp_reverse_has_its_round_trip_times_from_the_server() {
    let test = Iperf3 { direction: Direction::Reverse, omit: Duration::from_secs(1), ..iperf3() };
    let (result, finished) = Lab::new().measure(&Test::Iperf3(test), "fd07:2::2");
    let measured = throughput(result);
    assert_shaped(&measured.flow, GOODPUT);
    assert_eq!(measured.flow.intervals_from, Some(Side::Receiver));
    assert!(measured.flow.rtt_seconds > Some(1e-5), "{:?}", measured.flow.rtt_seconds);
    let kept: Vec<_> = measured.flow.intervals.iter().filter(|i| !i.omitted).collect();
    assert!((0.9..1.2).contains(&kept[0].start_seconds), "after the omitted second: {:?}", measured.flow.intervals);
    assert!(kept.iter().all(|i| (GOODPUT * 0.2..GOODPUT * 1.2).contains(&i.throughput_bits_per_second)), "{kept:?}");
    assert!(finished.took > Duration::from_secs(2), "omitted and measured: {:?}", finished.took);
}

#[test]
fn tcp_both_ways_with_every_option() {
    let test = Iperf3 {
        direction: Direction::Bidirectional,
        streams: 2,
        duration: Duration::from_millis(1200),
        rate_bits_per_second: Bitrate::parse("40M").ok(),
        congestion_control: Some("cubic".to_owned()),
        length: ByteSize::parse("16KiB").ok(),
        ..iperf3()
    };
    let length = tool::of(&Test::Iperf3(test.clone())).duration();
    assert_eq!(length, Duration::from_secs(2), "iperf3 takes whole seconds");
    let (result, finished) = Lab::new().measure(&Test::Iperf3(test), "10.7.2.2");
    let measured = throughput(result);
    assert_eq!(measured.streams, 2);
    for flow in [&measured.flow, measured.reverse.as_deref().expect("both ways")] {
        assert_shaped(flow, 40e6);
        assert_eq!(flow.congestion_control.as_deref(), Some("cubic"));
        assert!(flow.rtt_seconds.is_some());
        assert_eq!(flow.intervals_from, Some(Side::Receiver));
    }
    let back = finished.number("/end/sum_received_bidir_reverse/bits_per_second");
    assert_eq!(measured.reverse.map(|r| r.throughput_bits_per_second), back);
    assert!(finished.took >= length, "{:?}", finished.took);
}

#[test]
fn udp_above_the_rate_loses_what_the_router_drops() {
    let (result, finished) = Lab::new().measure(&Test::Iperf3(udp("120M")), "10.7.2.2");
    let measured = throughput(result);
    let flow = &measured.flow;
    assert_shaped(flow, 100e6 * 1448.0 / 1490.0);
    assert!(flow.loss_ratio > Some(0.05) && flow.loss_ratio < Some(0.7), "{:?}", flow.loss_ratio);
    assert_eq!(flow.loss_ratio, finished.number("/end/sum_received/lost_percent").map(|percent| percent / 100.0));
    // A kernel whose sender moves to another CPU lets a packet overtake another even here: what counts is the word of the
    // receiving iperf3, which the sending one is not told.
    let out_of_order = finished.number_of_server("/end/streams/0/udp/out_of_order").expect("told");
    assert_eq!(flow.out_of_order_packets.map(|packets| packets as f64), Some(out_of_order));
    assert!(flow.jitter_seconds > Some(0.0) && flow.jitter_seconds < Some(0.1));
    let lost: u64 = flow.intervals.iter().filter_map(|i| i.lost_packets).sum();
    assert!(lost > 0 && Some(lost) <= flow.lost_packets, "{lost} of {:?}", flow.lost_packets);
    assert_eq!(flow.intervals_from, Some(Side::Receiver));
}

#[test]
fn udp_streams_share_the_rate_each_way() {
    let test = Iperf3 { streams: 3, direction: Direction::Bidirectional, ..udp("30M") };
    let (result, finished) = Lab::new().measure(&Test::Iperf3(test), "fd07:2::2");
    let measured = throughput(result);
    for flow in [&measured.flow, measured.reverse.as_deref().expect("both ways")] {
        let sent = flow.sent_bits_per_second.expect("told");
        assert!((20e6..31e6).contains(&sent), "{sent}");
    }
    // The buffer that the argument list asks for, doubled by the kernel, or all of it that an untuned kernel grants.
    let buffer = finished.number("/start/rcvbuf_actual").expect("told");
    assert!([851_968.0, 425_984.0].contains(&buffer), "{buffer}");
}

#[test]
fn failures_say_why() {
    let lab = Lab::new();
    let at = Endpoints::new("10.7.2.2".parse().expect("an address"), 5301);
    let test = Test::Iperf3(Iperf3 { duration: Duration::from_secs(3), ..iperf3() });
    let read = |client: &Output| {
        let outputs = Outputs {
            client: &client.stdout,
            client_errors: &client.stderr,
            exit_code: client.status.code(),
            server: None,
            ran_seconds: None,
        };
        tool::of(&test).parse(&outputs).expect_err("there is no measurement")
    };
    let client = || lab.command("a", &tool::of(&test).client_command(&at));

    let refused = read(&client().output().expect("it starts"));
    assert!(refused.to_string().contains("Connection refused"), "{refused}");
    assert!(matches!(refused, ParseError::Reported { .. }));

    // The server goes away midway. Debian's 3.12 ends with exit code 0 all the same.
    let mut server = lab.serve(&test, &at).expect("iperf3 has a server");
    let running = client().spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(700));
    stop(&lab, "b");
    server.wait().expect("it was killed");
    let lost = read(&running.wait_with_output().expect("it ends"));
    assert!(matches!(lost, ParseError::Reported { .. }), "{lost}");

    // The client goes away midway: it leaves nothing.
    let mut server = lab.serve(&test, &at).expect("iperf3 has a server");
    let running = client().spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(700));
    stop(&lab, "a");
    let killed = read(&running.wait_with_output().expect("it ends"));
    assert!(matches!(killed, ParseError::Unfinished { .. }), "{killed}");
    stop(&lab, "b");
    server.wait().expect("it ends");
}

/// Kills what runs in one of the lab's own namespaces.
fn stop(lab: &Lab, end: &str) {
    let pids = run(&["ip", "netns", "pids", &format!("{}{end}", lab.name)]).stdout;
    for pid in String::from_utf8_lossy(&pids).split_whitespace() {
        // `timeout` may have ended with the tool, so that its number is gone.
        run(&["kill", "-KILL", pid]);
    }
}

fn ping() -> Ping {
    let (interval, timeout) = (Duration::from_millis(20), Duration::from_millis(500));
    Ping { count: 5, interval, timeout, size: None, family: None }
}

fn round_trip(result: Result<Measurement, ParseError>) -> RoundTrip {
    match result {
        Ok(Measurement::RoundTrip(r)) => r,
        other => panic!("no round trip: {other:?}"),
    }
}

#[test]
fn ping_counts_what_comes_back() {
    let lab = Lab::new();
    for (to, size) in [("10.7.2.2", None), ("fd07:2::2", ByteSize::parse("1400B").ok())] {
        let measured = round_trip(lab.measure(&Test::Ping(Ping { size, ..ping() }), to).0);
        assert_eq!((measured.packets, measured.received_packets, measured.loss_ratio), (5, 5, 0.0));
        assert_eq!(measured.rtts_seconds.len(), 5);
        assert!(measured.rtt_seconds > Some(1e-6) && measured.rtt_max_seconds < Some(1.0), "{measured:?}");
    }
    let small = round_trip(lab.measure(&Test::Ping(Ping { size: ByteSize::parse("8B").ok(), ..ping() }), "10.7.2.2").0);
    assert_eq!((small.received_packets, small.rtt_seconds), (5, None), "no room for a time stamp");
    lab.router("ip route add blackhole 10.7.3.0/24");
    let (result, finished) = lab.measure(&Test::Ping(ping()), "10.7.3.1");
    let lost = round_trip(result);
    assert_eq!((lost.loss_ratio, lost.rtt_seconds), (1.0, None));
    assert!(finished.took < Duration::from_secs(5), "{:?}", finished.took);
    ip(&format!("-n {}a route del default", lab.name));
    let unreachable = lab.measure(&Test::Ping(ping()), "10.7.2.2").0.expect_err("there is no route");
    assert_eq!(unreachable.to_string(), "ping reports: connect: Network is unreachable");
}

#[test]
fn traceroute_sees_the_router() {
    let lab = Lab::new();
    let test = Traceroute { max_hops: 4, queries: 2, timeout: Duration::from_millis(500), family: None };
    let path = |result: Result<Measurement, ParseError>| -> HopPath {
        match result {
            Ok(Measurement::Path(p)) => p,
            other => panic!("no path: {other:?}"),
        }
    };
    for (to, router) in [("10.7.2.2", "10.7.1.1"), ("fd07:2::2", "fd07:1::1")] {
        let seen = path(lab.measure(&Test::Traceroute(test.clone()), to).0);
        assert!(seen.reached, "{seen:?}");
        assert_eq!(seen.hops[0].addresses, [router], "{seen:?}");
        assert!(seen.hops.iter().any(|h| h.addresses == [to]), "{seen:?}");
    }
    // Dropped without a word: all four hops but the first stay silent.
    lab.router("ip route add blackhole 10.7.3.0/24");
    let (result, finished) = lab.measure(&Test::Traceroute(test.clone()), "10.7.3.1");
    let silent = path(result);
    assert!(!silent.reached, "{silent:?}");
    let tool = tool::of(&Test::Traceroute(test)).duration() + Duration::from_secs(1);
    assert!(finished.took < tool, "{:?}", finished.took);
    lab.router("nft add table ip t");
    lab.router("nft add chain ip t f { type filter hook forward priority 0 ; }");
    lab.router("nft add rule ip t f ip daddr 10.7.2.99 reject with icmp type host-unreachable");
    let test =
        Test::Traceroute(Traceroute { max_hops: 4, queries: 1, timeout: Duration::from_millis(500), family: None });
    let refused = path(lab.measure(&test, "10.7.2.99").0);
    assert!(!refused.reached && refused.hops.iter().any(|h| h.annotations == ["!H"]), "{refused:?}");
}
