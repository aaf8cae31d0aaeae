//! What rates and delays of `impair` and of an uplink become: queueing disciplines at the sending end.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use crate::domain::unit::Bitrate;

/// Smallest token bucket, in bytes: with less, tbf passes only 0.7 to 0.98 of its rate (measured).
const BURST_MIN: u64 = 16_000;
/// Smallest queue, in bytes: some twenty full frames.
const QUEUE_MIN: u64 = 30_000;
/// Packets that netem holds: over 100 ms of full frames at 10 Gbit/s. Its own default, 1000, would drop them unseen.
const NETEM_PACKETS: u32 = 100_000;

/// Smallest queue behind htb, in bytes: two of the kernel's bundles of packets, which htb, unlike tbf, takes whole.
const BUNDLES: u64 = 131_072;

/// What holds a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shaper {
    /// A token bucket.
    Tbf,
    /// A hierarchy of one token bucket, where the kernel has no other.
    Htb,
}

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

/// `tc` commands that shape what leaves by `device`; empty where there is nothing to shape (tc-tbf(8), tc-htb(8),
/// tc-netem(8)). The
/// delay comes first, then the rate, so that the queue holds only what waits for the rate.
pub(super) fn egress(
    device: &str,
    rate: Option<Bitrate>,
    delay: Option<Duration>,
    jitter: Option<Duration>,
    shaper: Shaper,
) -> String {
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
        let _ = match shaper {
            Shaper::Tbf => writeln!(
                commands,
                "qdisc add dev {device} {place} handle 2: tbf rate {bits}bit burst {burst}b limit {queue}b"
            ),
            // The quantum shares between classes; there is one.
            Shaper::Htb => writeln!(
                commands,
                "qdisc add dev {device} {place} handle 2: htb default 1\n\
                 class add dev {device} parent 2: classid 2:1 htb rate {bits}bit burst {burst}b cburst {burst}b quantum 1514\n\
                 qdisc add dev {device} parent 2:1 handle 3: bfifo limit {}b",
                queue.max(BUNDLES)
            ),
        };
    }
    commands
}

/// Rate of a branch that only delays, in bits per second: more than such a device passes.
const FREE: Bitrate = match Bitrate::new(100_000_000_000) {
    Some(rate) => rate,
    None => panic!("it is no rate"),
};
/// Packets that wait to leave by a device outside all of its branches; the kernel's own number may be 2.
const DIRECT_PACKETS: u32 = 1000;

/// `tc` command that lets `device` have [`branch`]es. What is sent to nobody of these is held up by none.
pub(in crate::backend) fn trunk(device: &str) -> String {
    format!("qdisc add dev {device} root handle 1: htb default 0 direct_qlen {DIRECT_PACKETS}\n")
}

/// `tc` commands that shape what leaves by `device` towards the addresses `to` alone, as [`egress`] shapes a whole device
/// (tc-u32(8)). `number` is the branch's own, from 16 on and below 4096.
pub(in crate::backend) fn branch(
    device: &str,
    number: usize,
    to: &[IpAddr],
    rate: Option<Bitrate>,
    delay: Option<Duration>,
    jitter: Option<Duration>,
) -> String {
    let shaped = rate.unwrap_or(FREE);
    let (bits, burst, queue) = (shaped.bits_per_second(), burst(shaped), queue(shaped).max(BUNDLES));
    let mut commands = format!(
        "class add dev {device} parent 1: classid 1:{number:x} htb rate {bits}bit burst {burst}b cburst {burst}b \
         quantum 1514\n"
    );
    let mut place = format!("parent 1:{number:x} handle {number:x}:");
    if delay.is_some() || jitter.is_some() {
        let micros = |time: Option<Duration>| time.unwrap_or_default().as_micros();
        let (delay, jitter) = (micros(delay), micros(jitter));
        let _ =
            writeln!(commands, "qdisc add dev {device} {place} netem limit {NETEM_PACKETS} delay {delay}us {jitter}us");
        place = format!("parent {number:x}:1 handle {:x}:", number + 0x1000);
    }
    if rate.is_some() {
        let _ = writeln!(commands, "qdisc add dev {device} {place} bfifo limit {queue}b");
    }
    for address in to {
        let _ = match address {
            IpAddr::V4(to) => writeln!(
                commands,
                "filter add dev {device} parent 1: protocol ip prio 1 u32 match ip dst {to}/32 flowid 1:{number:x}"
            ),
            IpAddr::V6(to) => writeln!(
                commands,
                "filter add dev {device} parent 1: protocol ipv6 prio 2 u32 match ip6 dst {to}/128 flowid 1:{number:x}"
            ),
        };
    }
    commands
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
            egress("up", rate("100M"), None, None, Shaper::Tbf),
            "qdisc add dev up root handle 2: tbf rate 100000000bit burst 62500b limit 625000b\n"
        );
        assert_eq!(
            egress("up", rate("1M"), None, None, Shaper::Tbf),
            "qdisc add dev up root handle 2: tbf rate 1000000bit burst 16000b limit 30000b\n"
        );
    }

    #[test]
    fn a_delay_comes_before_the_rate() {
        let ms = Duration::from_millis;
        assert_eq!(
            egress("l-1", rate("10M"), Some(ms(10)), Some(ms(2)), Shaper::Tbf),
            "qdisc add dev l-1 root handle 1: netem limit 100000 delay 10000us 2000us\n\
             qdisc add dev l-1 parent 1:1 handle 2: tbf rate 10000000bit burst 16000b limit 62500b\n"
        );
        assert_eq!(egress("l-1", None, None, None, Shaper::Tbf), "");
    }

    #[test]
    fn htb_comes_in_the_place_of_tbf_with_the_same_bucket() {
        let ms = Duration::from_millis;
        assert_eq!(
            egress("l-1", rate("100M"), Some(ms(10)), None, Shaper::Htb),
            "qdisc add dev l-1 root handle 1: netem limit 100000 delay 10000us 0us\n\
             qdisc add dev l-1 parent 1:1 handle 2: htb default 1\n\
             class add dev l-1 parent 2: classid 2:1 htb rate 100000000bit burst 62500b cburst 62500b quantum 1514\n\
             qdisc add dev l-1 parent 2:1 handle 3: bfifo limit 625000b\n"
        );
        assert_eq!(egress("l-1", None, None, None, Shaper::Htb), "");
    }
}
