//! Tests: one kind for each tool, with the tool's own bounds.

use std::time::Duration;

use super::object::{Fields, Slot, kind};
use super::scalar::{self, duration_in, number_in, size_in};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted};
use crate::config::language::{IPERF3, PING, TEST_KINDS, TRACEROUTE};
use crate::config::raw::{Iperf3, Ping, Test, Traceroute};
use crate::domain::test::{Directions, OfferedRate, Protocol};
use crate::domain::unit::{Ratio, format_duration};

const HOUR: Duration = Duration::from_secs(3600);
const PROTOCOLS: &[(&str, Protocol)] = &[("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];
const DIRECTIONS: &[(&str, Directions)] = &[
    ("forward", Directions::Forward),
    ("reverse", Directions::Reverse),
    ("both", Directions::Both),
    ("bidirectional", Directions::Bidirectional),
];

pub(super) fn test(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Test> {
    let kind = kind("test", slot, TEST_KINDS, &[], Code::UnknownKind, faults)?;
    match kind.slot.name {
        "iperf3" => iperf3(&kind.slot, faults).map(|test| Test::Iperf3(Box::new(test))),
        "ping" => ping(&kind.slot, faults).map(Test::Ping),
        _ => traceroute(&kind.slot, faults).map(Test::Traceroute),
    }
}

fn iperf3(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Iperf3> {
    let fields = Fields::open(&IPERF3, None, slot, faults)?;
    Some(Iperf3 {
        protocol: fields.read("protocol", scalar::word(PROTOCOLS), faults),
        direction: fields.read("direction", scalar::word(DIRECTIONS), faults),
        streams: fields.read("streams", number_in(1..=128), faults),
        duration: fields.read("duration", duration, faults),
        omit: fields.read("omit", omit, faults),
        interval: fields.read("interval", interval, faults),
        rate: fields.read("rate", offered_rate, faults),
        congestion_control: fields.read("congestion-control", congestion_control, faults),
        // From one byte to iperf3's largest block, 1 MiB.
        length: fields.read("length", size_in(1..=1_048_576), faults),
    })
}

/// iperf3's `-t`: whole seconds, from one to a day.
pub(super) fn duration(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Duration> {
    whole_seconds(duration_in(Duration::from_secs(1)..=24 * HOUR)(slot, faults)?, slot, faults)
}

/// iperf3's `-O`: whole seconds, at most ten minutes.
pub(super) fn omit(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Duration> {
    whole_seconds(duration_in(Duration::ZERO..=Duration::from_secs(600))(slot, faults)?, slot, faults)
}

/// iperf3's `-i`: a tenth of a second to a minute.
pub(super) fn interval(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Duration> {
    duration_in(Duration::from_millis(100)..=Duration::from_secs(60))(slot, faults)
}

/// iperf3 cuts a fraction off, and a duration of 0 has no end.
fn whole_seconds(time: Duration, slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Duration> {
    if time.subsec_nanos() == 0 {
        return Some(time);
    }
    let message = format!("`{}` is {}; iperf3 takes whole seconds only", slot.name, format_duration(time));
    let fix = format!("write `{}: {}s`", slot.name, time.as_secs() + 1);
    faults.add(Fault::new(Code::WholeSeconds, slot.node.span, message).fix(fix));
    None
}

/// A rate, the word `contract`, or a share of it.
fn offered_rate(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<OfferedRate> {
    let text = slot.scalar("a rate, `contract` or a share of the contract", faults)?;
    if text == "contract" {
        return Ratio::new(1.0).map(OfferedRate::Contract);
    }
    if !text.ends_with('%') {
        return scalar::rate(slot, faults).map(OfferedRate::Absolute);
    }
    let ratio = scalar::ratio(slot, faults)?;
    if ratio.share() > 0.0 {
        return Some(OfferedRate::Contract(ratio));
    }
    let fault = Fault::new(Code::OutOfRange, slot.node.span, "a rate of 0% sends nothing");
    faults.add(fault.fix("write `rate: contract`"));
    None
}

/// The name of a kernel module: `cubic`, `bbr`, `dctcp`…
fn congestion_control(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let text = slot.scalar("the name of a congestion control", faults)?;
    // TCP_CA_NAME_MAX of the kernel is 16 with the closing zero.
    let valid = (1..16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if valid {
        return Some(text.to_owned());
    }
    let message = format!("{} is no name of a congestion control", Quoted(text));
    let fault = Fault::new(Code::UnknownWord, slot.node.span, message);
    faults.add(fault.fix(format!("for example `{}`", slot.written())));
    None
}

fn ping(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Ping> {
    let fields = Fields::open(&PING, None, slot, faults)?;
    Some(Ping {
        count: fields.read("count", number_in(1..=1_000_000), faults),
        // Below 2 ms ping refuses or floods.
        interval: fields.read("interval", duration_in(Duration::from_millis(2)..=HOUR), faults),
        timeout: fields.read("timeout", duration_in(Duration::from_millis(1)..=HOUR), faults),
        // An IPv4 packet without its header and ICMP's eight bytes.
        size: fields.read("size", size_in(0..=65_507), faults),
    })
}

fn traceroute(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Traceroute> {
    let fields = Fields::open(&TRACEROUTE, None, slot, faults)?;
    Some(Traceroute {
        max_hops: fields.read("max-hops", number_in(1..=255), faults),
        queries: fields.read("queries", number_in(1..=10), faults),
        timeout: fields.read("timeout", duration_in(Duration::from_millis(1)..=HOUR), faults),
    })
}
