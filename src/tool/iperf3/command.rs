//! iperf3's argument lists, one per end (iperf3(1)).

use std::time::Duration;

use super::versions::{BIND_DEVICE, CONNECT_TIMEOUT, json, knows};
use crate::domain::test::{Direction, Family, Iperf3, Protocol};
use crate::domain::unit::Bitrate;
use crate::tool::{Endpoints, decimal_seconds};

/// Milliseconds to wait for the control connection.
const CONNECT_WITHIN: &str = "5000";

/// The wait for the control connection and as long again for the exchange of results.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Socket buffer of a UDP test, in bytes. iperf3 refuses to run ("socket buffer size not set correctly") when it asks for
/// more than the kernel grants, which is twice `net.core.rmem_max` and `wmem_max` (socket(7)). 416 KiB is just that at
/// Linux' own default of 212,992 bytes, so it works on an untuned host and is twice to four times iperf3's own choice.
const UDP_BUFFER: &str = "416K";

/// The limits of `-i` (`MIN_INTERVAL` and `MAX_INTERVAL` in iperf.h).
const INTERVALS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

/// `-t` and `-O` take whole seconds only: iperf3 cuts `1.9` to `1`. So a fraction is rounded up.
pub(super) const fn whole_seconds(time: Duration) -> Duration {
    let more = if time.subsec_nanos() > 0 { 1 } else { 0 };
    Duration::from_secs(time.as_secs().saturating_add(more))
}

/// The time measured, at least one second: `-t 0` would never end.
pub(super) fn measured(test: &Iperf3) -> Duration {
    whole_seconds(test.duration).max(Duration::from_secs(1))
}

fn interval(test: &Iperf3) -> String {
    decimal_seconds(test.interval.clamp(INTERVALS.0, INTERVALS.1))
}

/// The one-off server. It listens on every address where it may, for behind a translating router the destination is not
/// its own.
pub(super) fn server(test: &Iperf3, at: &Endpoints) -> Vec<String> {
    let mut argv =
        ["iperf3", "-s", "-1", "-J", "-i", &interval(test), "-p", &at.port.to_string()].map(str::to_owned).to_vec();
    argv.extend(bound(at));
    argv
}

/// Binds the sockets to the probe's own address, where others share its network, and to its interface, where it has several
/// and the version can.
fn bound(at: &Endpoints) -> Vec<String> {
    let own = at.own.map(|own| ["-B".to_owned(), own.to_string()]);
    let interface = at.interface.as_ref().filter(|_| knows(at, BIND_DEVICE));
    let device = interface.map(|interface| ["--bind-dev".to_owned(), interface.clone()]);
    own.into_iter().chain(device).flatten().collect()
}

/// The client.
pub(super) fn client(test: &Iperf3, at: &Endpoints) -> Vec<String> {
    let mut argv: Vec<String> = vec!["iperf3".to_owned()];
    let mut add = |option: &str, value: String| argv.extend([option.to_owned(), value]);
    add("-c", at.destination.to_string());
    add("-p", at.port.to_string());
    add("-t", measured(test).as_secs().to_string());
    add("-i", interval(test));
    if !test.omit.is_zero() {
        add("-O", whole_seconds(test.omit).as_secs().to_string());
    }
    if test.streams > 1 {
        add("-P", test.streams.to_string());
    }
    if let Some(rate) = rate_per_stream(test) {
        add("-b", rate.to_string());
    }
    if let (Protocol::Tcp, Some(name)) = (test.protocol, &test.congestion_control) {
        add("-C", name.clone());
    }
    if let Some(length) = test.length {
        add("-l", length.bytes().to_string());
    }
    if let (Protocol::Tcp | Protocol::Sctp, Some(mss)) = (test.protocol, test.mss) {
        add("-M", mss.to_string());
    }
    match (test.window, test.protocol) {
        (Some(window), _) => add("-w", window.bytes().to_string()),
        (None, Protocol::Udp) => add("-w", UDP_BUFFER.to_owned()),
        (None, Protocol::Tcp | Protocol::Sctp) => {}
    }
    if let Some(dscp) = test.dscp {
        // `--dscp` came with 3.2 and was four times too small until 3.11; the whole byte is right everywhere.
        add("-S", dscp.tos().to_string());
    }
    if let Some(rate) = test.fq_rate_bits_per_second {
        add("--fq-rate", rate.bits_per_second().to_string());
    }
    if knows(at, CONNECT_TIMEOUT) {
        add("--connect-timeout", CONNECT_WITHIN.to_owned());
    }
    argv.push(json(at).to_owned());
    argv.extend(flags(test));
    argv.extend(bound(at));
    argv
}

/// The options without a value.
fn flags(test: &Iperf3) -> Vec<String> {
    let protocol = match test.protocol {
        Protocol::Tcp => None,
        Protocol::Udp => Some("-u"),
        Protocol::Sctp => Some("--sctp"),
    };
    let direction = match test.direction {
        Direction::Forward => None,
        Direction::Reverse => Some("-R"),
        Direction::Bidirectional => Some("--bidir"),
    };
    let family = test.family.map(|family| match family {
        Family::Ipv4 => "-4",
        Family::Ipv6 => "-6",
    });
    let zero_copy = (test.zero_copy && test.protocol == Protocol::Tcp).then_some("-Z");
    [protocol, direction, family, zero_copy].into_iter().flatten().map(str::to_owned).collect()
}

/// iperf3's `-b` holds for each stream, and 0 is without limit; UDP without `-b` would be 1 Mbit/s.
fn rate_per_stream(test: &Iperf3) -> Option<u64> {
    match (test.rate_bits_per_second, test.protocol) {
        (Some(rate), _) => Some((rate.bits_per_second() / u64::from(test.streams.max(1))).max(1)),
        (None, Protocol::Udp) => Some(0),
        (None, Protocol::Tcp | Protocol::Sctp) => None,
    }
}

/// Payload each way. UDP keeps its own rate whatever the path does; TCP gets no more than the path lets through.
pub(super) fn expected_bytes(
    test: &Iperf3,
    duration: Duration,
    path_rate_bits_per_second: Option<u64>,
) -> (Option<u64>, Option<u64>) {
    let own = test.rate_bits_per_second.map(Bitrate::bits_per_second);
    let rate = match (test.protocol, own, path_rate_bits_per_second) {
        (Protocol::Udp, Some(own), _) => Some(own),
        (_, Some(own), Some(path)) => Some(own.min(path)),
        (_, own, path) => own.or(path),
    };
    let bytes = rate.map(|r| {
        let bits = u128::from(r).saturating_mul(duration.as_millis()) / 1000;
        u64::try_from(bits / 8).unwrap_or(u64::MAX)
    });
    match test.direction {
        Direction::Forward => (bytes, Some(0)),
        Direction::Reverse => (Some(0), bytes),
        Direction::Bidirectional => (bytes, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test::Dscp;
    use crate::domain::unit::ByteSize;

    fn udp() -> Iperf3 {
        Iperf3 { protocol: Protocol::Udp, rate_bits_per_second: Some(rate("90M")), ..Iperf3::plain() }
    }

    fn rate(text: &str) -> Bitrate {
        Bitrate::parse(text).unwrap()
    }

    fn at() -> Endpoints {
        Endpoints::new("10.0.0.2".parse().unwrap(), 5301)
    }

    fn line(test: &Iperf3) -> String {
        client(test, &at()).join(" ")
    }

    #[test]
    fn plain_tcp() {
        assert_eq!(line(&Iperf3::plain()), "iperf3 -c 10.0.0.2 -p 5301 -t 10 -i 1 --connect-timeout 5000 -J");
    }

    #[test]
    fn each_option_adds_its_own_words() {
        let plain = client(&Iperf3::plain(), &at());
        let cases: [(Iperf3, &str); 8] = [
            (Iperf3 { direction: Direction::Reverse, ..Iperf3::plain() }, "-R"),
            (Iperf3 { direction: Direction::Bidirectional, ..Iperf3::plain() }, "--bidir"),
            (Iperf3 { streams: 4, ..Iperf3::plain() }, "-P 4"),
            (Iperf3 { omit: Duration::from_secs(2), ..Iperf3::plain() }, "-O 2"),
            (Iperf3 { congestion_control: Some("cubic".to_owned()), ..Iperf3::plain() }, "-C cubic"),
            (Iperf3 { rate_bits_per_second: Some(rate("20M")), ..Iperf3::plain() }, "-b 20000000"),
            (Iperf3 { length: Some(ByteSize::parse("64KiB").unwrap()), ..Iperf3::plain() }, "-l 65536"),
            (Iperf3 { protocol: Protocol::Udp, ..Iperf3::plain() }, "-b 0 -w 416K -u"),
        ];
        for (test, words) in cases {
            let added: Vec<String> = client(&test, &at()).into_iter().filter(|w| !plain.contains(w)).collect();
            assert_eq!(added.join(" "), words);
        }
    }

    #[test]
    fn every_field_has_its_option() {
        let mark = Dscp::new(46);
        let cases: [(Iperf3, &str); 10] = [
            (Iperf3 { protocol: Protocol::Sctp, ..Iperf3::plain() }, "--sctp"),
            (Iperf3 { protocol: Protocol::Sctp, mss: Some(1400), ..Iperf3::plain() }, "-M 1400 --sctp"),
            (Iperf3 { mss: Some(1200), ..Iperf3::plain() }, "-M 1200"),
            (Iperf3 { window: ByteSize::parse("2MB").ok(), ..Iperf3::plain() }, "-w 2000000"),
            (Iperf3 { dscp: mark, ..Iperf3::plain() }, "-S 184"),
            (Iperf3 { family: Some(Family::Ipv4), ..Iperf3::plain() }, "-4"),
            (Iperf3 { family: Some(Family::Ipv6), ..Iperf3::plain() }, "-6"),
            (Iperf3 { fq_rate_bits_per_second: Some(rate("25M")), ..Iperf3::plain() }, "--fq-rate 25000000"),
            (Iperf3 { zero_copy: true, ..Iperf3::plain() }, "-Z"),
            (
                Iperf3 { window: ByteSize::parse("2MB").ok(), mss: Some(9), zero_copy: true, ..udp() },
                "-b 90000000 -w 2000000 -u",
            ),
        ];
        let plain = client(&Iperf3::plain(), &at());
        for (test, words) in cases {
            let added: Vec<String> = client(&test, &at()).into_iter().filter(|w| !plain.contains(w)).collect();
            assert_eq!(added.join(" "), words);
        }
    }

    #[test]
    fn no_option_goes_to_a_version_that_does_not_know_it() {
        let at = |version: Option<&str>| Endpoints {
            interface: Some("eth1".to_owned()),
            version: version.map(str::to_owned),
            ..at()
        };
        let line = |version| client(&Iperf3::plain(), &at(version)).join(" ");
        let plain = "iperf3 -c 10.0.0.2 -p 5301 -t 10 -i 1";
        assert_eq!(line(Some("3.1.7")), format!("{plain} -J"));
        assert_eq!(line(Some("3.2")), format!("{plain} --connect-timeout 5000 -J"));
        assert_eq!(line(Some("3.11")), format!("{plain} --connect-timeout 5000 -J --bind-dev eth1"));
        assert_eq!(line(None), line(Some("3.11")), "what is not known is taken for recent");
        assert!(line(Some("3.16")).contains(" -J "));
        assert!(line(Some("3.17")).contains(" --json-stream "));
        assert!(server(&Iperf3::plain(), &at(Some("3.21"))).join(" ").ends_with("-p 5301 --bind-dev eth1"));
        assert!(server(&Iperf3::plain(), &at(Some("3.9"))).join(" ").ends_with("-p 5301"));
    }

    #[test]
    fn udp_has_its_rate_and_buffer() {
        assert_eq!(
            line(&udp()),
            "iperf3 -c 10.0.0.2 -p 5301 -t 10 -i 1 -b 90000000 -w 416K --connect-timeout 5000 -J -u"
        );
    }

    #[test]
    fn the_rate_is_shared_by_the_streams() {
        let line = |streams, text| line(&Iperf3 { streams, rate_bits_per_second: Some(rate(text)), ..udp() });
        assert!(line(4, "100M").contains("-P 4 -b 25000000 "));
        assert!(line(3, "100M").contains("-P 3 -b 33333333 "));
        assert!(line(128, "100bit/s").contains("-b 1 "), "0 would be without limit");
    }

    #[test]
    fn congestion_control_is_for_tcp_only() {
        assert!(!line(&Iperf3 { congestion_control: Some("bbr".to_owned()), ..udp() }).contains("-C"));
    }

    #[test]
    fn fractions_are_rounded_up_to_what_iperf3_takes() {
        use crate::tool::Tool as _;
        let test =
            Iperf3 { duration: Duration::from_millis(1600), omit: Duration::from_millis(100), ..Iperf3::plain() };
        assert!(line(&test).contains("-t 2 -i 1 -O 1 "));
        assert_eq!(test.duration(), Duration::from_secs(3));
        let endless = Iperf3 { duration: Duration::ZERO, ..Iperf3::plain() };
        assert!(line(&endless).contains("-t 1 "), "-t 0 never ends");
        assert_eq!(endless.duration(), Duration::from_secs(1));
    }

    #[test]
    fn the_interval_stays_within_its_limits() {
        let with = |ms| line(&Iperf3 { interval: Duration::from_millis(ms), ..Iperf3::plain() });
        assert!(with(500).contains("-i 0.5 "));
        assert!(with(1).contains("-i 0.1 "));
        assert!(with(3_600_000).contains("-i 60 "));
    }

    #[test]
    fn the_server_serves_once() {
        let test = Iperf3 { interval: Duration::from_millis(500), ..Iperf3::plain() };
        assert_eq!(server(&test, &at()).join(" "), "iperf3 -s -1 -J -i 0.5 -p 5301");
    }

    #[test]
    fn ends_that_share_a_network_are_bound_to_their_own_addresses() {
        let own = |text: &str| Endpoints { own: text.parse().ok(), ..at() };
        assert!(server(&udp(), &own("10.0.0.2")).join(" ").ends_with(" -p 5301 -B 10.0.0.2"));
        assert!(client(&udp(), &own("10.0.0.1")).join(" ").ends_with(" -J -u -B 10.0.0.1"));
    }

    #[test]
    fn ipv6_needs_no_brackets() {
        let v6 = Endpoints::new("fd99:2::2".parse().unwrap(), 5301);
        assert_eq!(client(&Iperf3::plain(), &v6)[2], "fd99:2::2");
    }

    #[test]
    fn bytes_follow_rate_direction_and_path() {
        let ten = Duration::from_secs(10);
        let path = Some(100_000_000);
        assert_eq!(expected_bytes(&Iperf3::plain(), ten, None), (None, Some(0)));
        assert_eq!(expected_bytes(&Iperf3::plain(), ten, path), (Some(125_000_000), Some(0)));
        let reverse = Iperf3 { direction: Direction::Reverse, ..udp() };
        assert_eq!(expected_bytes(&reverse, ten, None), (Some(0), Some(112_500_000)));
        let over = Iperf3 { rate_bits_per_second: Some(rate("120M")), direction: Direction::Bidirectional, ..udp() };
        assert_eq!(expected_bytes(&over, ten, path), (Some(150_000_000), Some(150_000_000)));
        let bounded = Iperf3 { protocol: Protocol::Tcp, ..over };
        assert_eq!(expected_bytes(&bounded, ten, path), (Some(125_000_000), Some(125_000_000)));
    }

    #[test]
    fn the_longest_test_does_not_overflow() {
        let test = Iperf3 { rate_bits_per_second: Some(rate("1000G")), ..udp() };
        assert_eq!(expected_bytes(&test, Duration::MAX, None).0, Some(u64::MAX));
        assert_eq!(whole_seconds(Duration::MAX), Duration::from_secs(u64::MAX));
    }
}
