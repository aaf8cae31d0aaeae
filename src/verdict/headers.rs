//! Payload as a contract counts it: in Ethernet frames, with the headers of every packet.

use super::RunInput;
use crate::domain::measurement::{Flow, Segment, Throughput};
use crate::domain::test::{Family, Protocol, Test};

/// Ethernet's header, in bytes; preamble, gap and checksum are not counted, as in tbf.
const ETHERNET: f64 = 14.0;
/// TCP's header with timestamps, which Linux sends unless told not to (RFC 7323).
const TCP: f64 = 32.0;
/// TCP's header without them.
const TCP_BARE: f64 = 20.0;
/// SCTP's common header and that of a data chunk (RFC 9260).
const SCTP: f64 = 28.0;
const UDP: f64 = 8.0;
/// Header of a fragment in IPv6 (RFC 8200).
const FRAGMENT: f64 = 8.0;
/// The MTU where the tool does not tell it.
const MTU: f64 = 1500.0;
/// Payload of a datagram where the test does not say.
const DATAGRAM: f64 = 1448.0;

/// What a flow takes of its link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OnWire {
    /// Bytes of frames for each byte of payload.
    frames: f64,
    /// What the acknowledgements of a flow the other way take beside it, bit/s.
    acknowledgements: f64,
}

impl OnWire {
    /// Nothing but the figure itself.
    pub(super) const BARE: Self = Self { frames: 1.0, acknowledgements: 0.0 };

    /// Of a flow of `measured`; `other` goes the other way at the same time.
    pub(super) fn of(input: &RunInput<'_>, measured: &Throughput, other: Option<&Flow>) -> Self {
        let packet = Packet::of(measured.segment, input.test);
        let frames = match measured.protocol {
            Protocol::Tcp => packet.tcp(),
            Protocol::Sctp => (packet.segment + SCTP + packet.ip + ETHERNET) / packet.segment,
            Protocol::Udp => packet.udp(input.test),
        };
        let back = other.filter(|_| measured.protocol == Protocol::Tcp).map_or(0.0, |f| f.throughput_bits_per_second);
        Self { frames, acknowledgements: back * packet.acknowledgement() }
    }

    /// `payload` bit/s with headers.
    pub(super) fn frames(self, payload: f64) -> f64 {
        payload * self.frames + self.acknowledgements
    }

    /// The payload that fits into `frames` bit/s.
    pub(super) fn payload(self, frames: f64) -> f64 {
        ((frames - self.acknowledgements) / self.frames).max(0.0)
    }
}

/// Sizes of a test's packets, in bytes.
struct Packet {
    /// Header of IP.
    ip: f64,
    /// Payload of a full segment of TCP.
    segment: f64,
    /// Header of TCP.
    tcp: f64,
}

impl Packet {
    fn of(seen: Option<Segment>, test: &Test) -> Self {
        let ip = match seen.map_or_else(|| test.family(), |s| Some(s.family)) {
            Some(Family::Ipv6) => 40.0,
            _ => 20.0,
        };
        let asked = match test {
            Test::Iperf3(t) => t.mss.map(|mss| f64::from(mss) - (TCP - TCP_BARE)),
            _ => None,
        };
        let told = seen.map(|s| f64::from(s.bytes));
        let segment = told.or(asked).filter(|bytes| *bytes >= 1.0).unwrap_or(MTU - ip - TCP);
        // What fills the usual MTU without room for timestamps has none.
        let bare = (segment - (MTU - ip - TCP_BARE)).abs() < 0.5;
        Self { ip, segment, tcp: if bare { TCP_BARE } else { TCP } }
    }

    fn tcp(&self) -> f64 {
        (self.segment + self.tcp + self.ip + ETHERNET) / self.segment
    }

    /// A datagram larger than a packet goes in fragments, each of which begins at a multiple of 8 bytes.
    fn udp(&self, test: &Test) -> f64 {
        let length = match test {
            Test::Iperf3(t) => t.length,
            Test::Iperf2(t) => t.length,
            _ => None,
        };
        #[allow(clippy::cast_precision_loss, reason = "a datagram has less than 2^16 bytes")]
        let length = length.map_or(DATAGRAM, |bytes| bytes.bytes() as f64).max(1.0);
        let mtu = (self.segment + self.tcp + self.ip).max(MTU);
        let datagram = length + UDP;
        let headers = if datagram + self.ip <= mtu {
            self.ip + ETHERNET
        } else {
            let each = self.ip + if self.ip > 20.0 { FRAGMENT } else { 0.0 };
            let room = ((mtu - each) / 8.0).floor() * 8.0;
            (datagram / room).ceil() * (each + ETHERNET)
        };
        (datagram + headers) / length
    }

    /// Frames of acknowledgements for each byte of a flow: at most one for every two full segments (RFC 5681, 4.2).
    fn acknowledgement(&self) -> f64 {
        (self.tcp + self.ip + ETHERNET) / (2.0 * self.segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test::Iperf3;
    use crate::domain::unit::ByteSize;

    fn packet(family: Family, bytes: u32) -> Packet {
        Packet::of(Some(Segment { family, bytes }), &Test::Iperf3(Iperf3::plain()))
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn frames_of_tcp_are_those_of_its_segments() {
        assert!(near(packet(Family::Ipv4, 1448).tcp(), 1514.0 / 1448.0));
        assert!(near(packet(Family::Ipv6, 1428).tcp(), 1514.0 / 1428.0));
        assert!(near(packet(Family::Ipv4, 1460).tcp(), 1514.0 / 1460.0), "no room for timestamps");
        // `-6 -M 536`: 524 bytes of payload in each frame of 610.
        assert!(near(packet(Family::Ipv6, 524).tcp(), 610.0 / 524.0));
        assert!(near(packet(Family::Ipv4, 8948).tcp(), 9014.0 / 8948.0));
    }

    #[test]
    fn what_the_tool_did_not_tell_is_the_tests_own() {
        let test = |mss, family| Test::Iperf3(Iperf3 { mss, family, ..Iperf3::plain() });
        let frames = |mss, family| Packet::of(None, &test(mss, family)).tcp();
        assert!(near(frames(None, None), 1514.0 / 1448.0));
        assert!(near(frames(Some(536), None), 590.0 / 524.0));
        assert!(near(frames(None, Some(Family::Ipv6)), 1514.0 / 1428.0));
    }

    #[test]
    fn large_datagrams_go_in_fragments() {
        let frames = |family, bytes, length| {
            let test = Test::Iperf3(Iperf3 { length: Some(ByteSize::new(length)), ..Iperf3::plain() });
            packet(family, bytes).udp(&test)
        };
        assert!(near(frames(Family::Ipv4, 1448, 1448), 1490.0 / 1448.0));
        assert!(near(frames(Family::Ipv6, 1428, 1400), 1462.0 / 1400.0));
        assert!(near(frames(Family::Ipv4, 1448, 9000), (9008.0 + 7.0 * 34.0) / 9000.0));
        assert!(near(frames(Family::Ipv4, 8948, 8900), 8942.0 / 8900.0), "an MTU of 9000");
    }

    #[test]
    fn payload_and_frames_are_each_others_inverse() {
        let wire = OnWire { frames: 1514.0 / 1448.0, acknowledgements: 2e6 };
        assert!((wire.payload(wire.frames(17e6)) - 17e6).abs() < 1e-6);
        assert_eq!(wire.payload(1e6), 0.0, "the acknowledgements alone fill it");
    }
}
