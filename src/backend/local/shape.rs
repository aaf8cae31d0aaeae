//! What `impair` and an uplink become: queueing disciplines at the sending end, a packet filter at the receiving one.

use std::fmt::Write as _;
use std::time::Duration;

use crate::domain::unit::{Bitrate, Ratio};

/// Smallest token bucket, in bytes: with less, tbf passes only 0.7 to 0.98 of its rate (measured).
const BURST_MIN: u64 = 16_000;
/// Smallest queue, in bytes: some twenty full frames.
const QUEUE_MIN: u64 = 30_000;
/// Packets that netem holds: over 100 ms of full frames at 10 Gbit/s. Its own default, 1000, would drop them unseen.
const NETEM_PACKETS: u32 = 100_000;

/// The bucket of a shaper, in bytes: 5 ms of its rate.
const fn burst(rate: Bitrate) -> u64 {
    let bytes = rate.bits_per_second() / 8 / 200;
    if bytes < BURST_MIN { BURST_MIN } else { bytes }
}

/// The queue of a shaper, in bytes: 50 ms of its rate.
const fn queue(rate: Bitrate) -> u64 {
    let bytes = rate.bits_per_second() / 8 / 20;
    if bytes < QUEUE_MIN { QUEUE_MIN } else { bytes }
}

/// `tc` commands that shape what leaves by `device`; empty where there is nothing to shape (tc-tbf(8), tc-netem(8)). The
/// delay comes first, then the rate, so that the queue holds only what waits for the rate.
pub(super) fn egress(device: &str, rate: Option<Bitrate>, delay: Option<Duration>, jitter: Option<Duration>) -> String {
    let mut commands = String::new();
    let mut place = "root";
    if delay.is_some() || jitter.is_some() {
        let micros = |time: Option<Duration>| time.unwrap_or_default().as_micros();
        let (delay, jitter) = (micros(delay), micros(jitter));
        let _ = writeln!(
            commands,
            "qdisc add dev {device} root handle 1: netem limit {NETEM_PACKETS} delay {delay}us {jitter}us"
        );
        place = "parent 1:1";
    }
    if let Some(rate) = rate {
        let (bits, burst, queue) = (rate.bits_per_second(), burst(rate), queue(rate));
        let _ = writeln!(
            commands,
            "qdisc add dev {device} {place} handle 2: tbf rate {bits}bit burst {burst}b limit {queue}b"
        );
    }
    commands
}

/// nftables commands that drop a share of what enters by `device`, ARP excepted: a real link that loses it only delays the
/// first packet, which would be measured as the link's. `None` where nothing is to be dropped.
pub(super) fn ingress_loss(device: &str, loss: Option<Ratio>) -> Option<String> {
    const STEPS: f64 = 1e9;
    let below = (loss?.share() * STEPS).round();
    (below > 0.0).then(|| {
        format!(
            "table netdev {device}\ndelete table netdev {device}\ntable netdev {device} {{\n chain loss {{\n  \
             type filter hook ingress device \"{device}\" priority 0\n  \
             meta protocol != arp numgen random mod {STEPS} < {below} counter drop\n }}\n}}\n"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Option<Bitrate> {
        Some(Bitrate::parse(text).unwrap())
    }

    #[test]
    fn the_bucket_is_5_ms_and_the_queue_50_ms_of_the_rate_but_never_tiny() {
        assert_eq!(
            egress("up", rate("100M"), None, None),
            "qdisc add dev up root handle 2: tbf rate 100000000bit burst 62500b limit 625000b\n"
        );
        assert_eq!(
            egress("up", rate("1M"), None, None),
            "qdisc add dev up root handle 2: tbf rate 1000000bit burst 16000b limit 30000b\n"
        );
    }

    #[test]
    fn a_delay_comes_before_the_rate() {
        let ms = Duration::from_millis;
        assert_eq!(
            egress("l-1", rate("10M"), Some(ms(10)), Some(ms(2))),
            "qdisc add dev l-1 root handle 1: netem limit 100000 delay 10000us 2000us\n\
             qdisc add dev l-1 parent 1:1 handle 2: tbf rate 10000000bit burst 16000b limit 62500b\n"
        );
        assert_eq!(egress("l-1", None, None, None), "");
    }

    #[test]
    fn loss_is_a_share_of_a_thousand_million() {
        let text = ingress_loss("l-1", Ratio::new(0.001)).unwrap();
        assert!(text.contains("mod 1000000000 < 1000000 counter drop"), "{text}");
        assert_eq!(ingress_loss("l-1", Ratio::new(0.0)), None);
        assert_eq!(ingress_loss("l-1", None), None);
    }
}
