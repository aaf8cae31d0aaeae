//! iperf 2's argument lists, one per end (iperf(1)).

use std::time::Duration;

use crate::domain::test::{Direction, Iperf2, Protocol};
use crate::domain::unit::{Bitrate, ByteSize};
use crate::tool::{Endpoints, decimal_seconds};

/// What a client may take beyond its time: TCP's own connection attempts, and ten tries for a UDP server's report.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Socket buffer of a UDP test, as for iperf3: twice what an untuned Linux gives by itself, and granted there.
const UDP_BUFFER: ByteSize = ByteSize::new(416 * 1024);

/// The shortest interval worth a line of text.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// The rate of UDP without one: beyond what any sender of datagrams reaches, for without `-b` it would be 1 Mbit/s.
const UDP_UNLIMITED: &str = "10000000000";

/// What both ends are told: exact figures in bytes and bits per second, and all there is to know.
fn common(test: &Iperf2, at: &Endpoints) -> Vec<String> {
    let mut argv = ["-p", &at.port.to_string(), "-e", "-f", "b"].map(str::to_owned).to_vec();
    argv.extend(["-i".to_owned(), decimal_seconds(test.interval.max(INTERVAL_MIN))]);
    argv.extend(["-P".to_owned(), test.streams.max(1).to_string()]);
    if test.protocol == Protocol::Udp {
        argv.push("-u".to_owned());
    }
    if at.destination.is_ipv6() {
        argv.push("-V".to_owned());
    }
    let window = test.window.or((test.protocol == Protocol::Udp).then_some(UDP_BUFFER));
    if let Some(window) = window {
        argv.extend(["-w".to_owned(), window.bytes().to_string()]);
    }
    if let Some(own) = at.own {
        argv.extend(["-B".to_owned(), own.to_string()]);
    }
    if let Some(length) = test.length {
        argv.extend(["-l".to_owned(), length.bytes().to_string()]);
    }
    argv
}

/// The one-off server. With `-P` it ends after as many streams, with `-t` where none come; that time also cuts a stream off,
/// so it is longer than any client takes.
pub(super) fn server(test: &Iperf2, at: &Endpoints) -> Vec<String> {
    let mut argv = ["iperf", "-s"].map(str::to_owned).to_vec();
    argv.extend(common(test, at));
    argv.extend(["-t".to_owned(), decimal_seconds(test.duration + PATIENCE)]);
    argv
}

/// The client.
pub(super) fn client(test: &Iperf2, at: &Endpoints) -> Vec<String> {
    let mut argv = vec!["iperf".to_owned(), "-c".to_owned(), at.destination.to_string()];
    argv.extend(common(test, at));
    argv.extend(["-t".to_owned(), decimal_seconds(test.duration)]);
    // `-b` holds for each stream.
    let per_stream = |rate: Bitrate| (rate.bits_per_second() / u64::from(test.streams.max(1))).max(1).to_string();
    match (test.rate_bits_per_second, test.protocol) {
        (Some(rate), _) => argv.extend(["-b".to_owned(), per_stream(rate)]),
        (None, Protocol::Udp) => argv.extend(["-b", UDP_UNLIMITED].map(str::to_owned)),
        (None, Protocol::Tcp | Protocol::Sctp) => {}
    }
    match test.direction {
        Direction::Forward => {}
        Direction::Reverse => argv.push("-R".to_owned()),
        Direction::Bidirectional => argv.push("--full-duplex".to_owned()),
    }
    argv
}

/// Payload each way. UDP keeps its own rate whatever the path does; TCP gets no more than the path lets through.
pub(super) fn expected_bytes(test: &Iperf2, path_rate_bits_per_second: Option<u64>) -> (Option<u64>, Option<u64>) {
    let own = test.rate_bits_per_second.map(Bitrate::bits_per_second);
    let rate = match (test.protocol, own, path_rate_bits_per_second) {
        (Protocol::Udp, own, _) => own,
        (_, Some(own), Some(path)) => Some(own.min(path)),
        (_, own, path) => own.or(path),
    };
    let bytes = rate.map(|r| {
        let bits = u128::from(r).saturating_mul(test.duration.as_millis()) / 1000;
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

    fn tcp() -> Iperf2 {
        Iperf2 {
            protocol: Protocol::Tcp,
            direction: Direction::Forward,
            streams: 1,
            duration: Duration::from_secs(10),
            interval: Duration::from_secs(1),
            rate_bits_per_second: None,
            length: None,
            window: None,
            family: None,
        }
    }

    fn at(address: &str) -> Endpoints {
        Endpoints::new(address.parse().unwrap(), 5301)
    }

    #[test]
    fn tcp_of_each_direction() {
        let line = |direction| client(&Iperf2 { direction, ..tcp() }, &at("10.0.0.2")).join(" ");
        let forward = "iperf -c 10.0.0.2 -p 5301 -e -f b -i 1 -P 1 -t 10";
        assert_eq!(line(Direction::Forward), forward);
        assert_eq!(line(Direction::Reverse), format!("{forward} -R"));
        assert_eq!(line(Direction::Bidirectional), format!("{forward} --full-duplex"));
        assert_eq!(server(&tcp(), &at("10.0.0.2")).join(" "), "iperf -s -p 5301 -e -f b -i 1 -P 1 -t 20");
    }

    #[test]
    fn udp_divides_its_rate_among_the_streams_and_ipv6_is_told() {
        let rate_bits_per_second = Bitrate::parse("90M").ok();
        let test = Iperf2 {
            protocol: Protocol::Udp,
            streams: 2,
            rate_bits_per_second,
            length: Some(ByteSize::new(1448)),
            ..tcp()
        };
        assert_eq!(
            client(&test, &at("fd00::2")).join(" "),
            "iperf -c fd00::2 -p 5301 -e -f b -i 1 -P 2 -u -V -w 425984 -l 1448 -t 10 -b 45000000"
        );
        assert_eq!(expected_bytes(&test, Some(1)), (Some(112_500_000), Some(0)));
        let unlimited = Iperf2 { rate_bits_per_second: None, ..test };
        assert!(client(&unlimited, &at("10.0.0.2")).join(" ").ends_with(" -b 10000000000"));
        assert_eq!(expected_bytes(&unlimited, Some(1)), (None, Some(0)));
    }

    #[test]
    fn ends_that_share_a_network_are_bound_to_their_own_addresses() {
        let own = |text: &str| Endpoints { own: text.parse().ok(), ..at("10.0.0.2") };
        assert!(server(&tcp(), &own("10.0.0.2")).join(" ").contains(" -B 10.0.0.2 "));
        assert!(client(&tcp(), &own("10.0.0.1")).join(" ").contains(" -B 10.0.0.1 "));
    }

    #[test]
    fn tcp_is_bounded_by_the_path() {
        let both = Iperf2 { direction: Direction::Bidirectional, window: ByteSize::parse("1MiB").ok(), ..tcp() };
        assert_eq!(expected_bytes(&both, Some(8_000_000)), (Some(10_000_000), Some(10_000_000)));
        let back = Iperf2 { direction: Direction::Reverse, ..tcp() };
        assert_eq!(expected_bytes(&back, None), (Some(0), None));
        assert!(client(&both, &at("10.0.0.2")).join(" ").contains(" -w 1048576 "));
    }
}
