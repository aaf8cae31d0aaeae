//! Tests: one kind for each tool.

use std::time::Duration;

use super::object::{Fields, Slot, kind};
use super::scalar;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults};
use crate::config::language::{
    CONNECT, CONTRACT_WORD, DIRECTIONS, DSCPS, FAMILIES, IPERF2, IPERF2_PROTOCOLS, IPERF3, MTR, PATH_MTU, PING,
    PROTOCOLS, RATES, TESTS, TRACEPATH, TRACEROUTE,
};
use crate::config::raw::{Connect, Field, Iperf2, Iperf3, Mtr, PathMtu, Ping, Test, Tracepath, Traceroute};
use crate::config::tree::Node;
use crate::domain::test::{Dscp, Family, OfferedRate};
use crate::domain::unit::{Ratio, format_duration};

pub(super) fn test(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Test> {
    let kind = kind(&TESTS, slot, Code::UnknownKind, faults)?;
    let slot = &kind.slot;
    match slot.name {
        "iperf3" => iperf3(slot, faults).map(|test| Test::Iperf3(Box::new(test))),
        "iperf2" => iperf2(slot, faults).map(|test| Test::Iperf2(Box::new(test))),
        "ping" => ping(slot, faults).map(Test::Ping),
        "traceroute" => traceroute(slot, faults).map(Test::Traceroute),
        "mtr" => mtr(slot, faults).map(Test::Mtr),
        "tracepath" => tracepath(slot, faults).map(Test::Tracepath),
        "path-mtu" => path_mtu(slot, faults).map(Test::PathMtu),
        _ => connect(slot, faults).map(Test::Connect),
    }
}

fn iperf3(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Iperf3> {
    let fields = Fields::open(&IPERF3, None, slot, faults)?;
    Some(Iperf3 {
        protocol: fields.read("protocol", scalar::word(&PROTOCOLS), faults),
        direction: fields.read("direction", scalar::word(&DIRECTIONS), faults),
        streams: fields.read("streams", scalar::number, faults),
        duration: fields.read("duration", whole_seconds, faults),
        omit: fields.read("omit", whole_seconds, faults),
        interval: fields.read("interval", scalar::time, faults),
        rate: fields.read("rate", offered_rate, faults),
        congestion_control: fields.read("congestion-control", scalar::form, faults),
        length: fields.read("length", scalar::size, faults),
        mss: fields.read("mss", scalar::number, faults),
        window: fields.read("window", scalar::size, faults),
        dscp: fields.read("dscp", dscp, faults),
        family: family(&fields, faults),
        fq_rate: fields.read("fq-rate", scalar::rate, faults),
        zero_copy: fields.read("zero-copy", scalar::boolean, faults),
    })
}

fn iperf2(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Iperf2> {
    let fields = Fields::open(&IPERF2, None, slot, faults)?;
    Some(Iperf2 {
        protocol: fields.read("protocol", scalar::word(&IPERF2_PROTOCOLS), faults),
        direction: fields.read("direction", scalar::word(&DIRECTIONS), faults),
        streams: fields.read("streams", scalar::number, faults),
        duration: fields.read("duration", whole_seconds, faults),
        interval: fields.read("interval", scalar::time, faults),
        rate: fields.read("rate", offered_rate, faults),
        length: fields.read("length", scalar::size, faults),
        window: fields.read("window", scalar::size, faults),
        family: family(&fields, faults),
    })
}

fn family(fields: &Fields<'_>, faults: &mut Faults<'_>) -> Field<Family> {
    fields.read("family", scalar::word(&FAMILIES), faults)
}

/// A time in whole seconds: iperf3 cuts a fraction off, and a duration of 0 has no end.
pub(super) fn whole_seconds(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Duration> {
    let time = scalar::time(slot, faults)?;
    if time.subsec_nanos() == 0 {
        return Some(time);
    }
    let message = format!("`{}` is {}; it takes whole seconds only", slot.name, format_duration(time));
    let fix = format!("write `{}: {}s`", slot.name, time.as_secs() + 1);
    faults.add(Fault::new(Code::WholeSeconds, slot.node.span, message).fix(fix));
    None
}

/// A rate, the word `contract`, a share of it, or a map that says what else.
fn offered_rate(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<OfferedRate> {
    if let Node::Map(_) = slot.node.value {
        let kind = kind(&RATES, slot, Code::UnknownKind, faults)?;
        return scalar::share(&kind.slot, faults).map(OfferedRate::ContractOrTcp);
    }
    let text = slot.scalar("a rate, `contract` or a share of the contract", faults)?;
    if text == CONTRACT_WORD {
        return Ratio::new(1.0).map(OfferedRate::Contract);
    }
    if text.ends_with('%') {
        return scalar::share(slot, faults).map(OfferedRate::Contract);
    }
    scalar::rate(slot, faults).map(OfferedRate::Absolute)
}

/// A code point by name or number.
fn dscp(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Dscp> {
    let digits = matches!(&slot.node.value, Node::Scalar(text) if text.starts_with(|c: char| c.is_ascii_digit()));
    let value = if digits { scalar::number(slot, faults) } else { scalar::word(&DSCPS)(slot, faults) };
    value.and_then(Dscp::new)
}

fn ping(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Ping> {
    let fields = Fields::open(&PING, None, slot, faults)?;
    Some(Ping {
        count: fields.read("count", scalar::number, faults),
        interval: fields.read("interval", scalar::time, faults),
        timeout: fields.read("timeout", scalar::time, faults),
        size: fields.read("size", scalar::size, faults),
        family: family(&fields, faults),
    })
}

fn traceroute(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Traceroute> {
    let fields = Fields::open(&TRACEROUTE, None, slot, faults)?;
    Some(Traceroute {
        max_hops: fields.read("max-hops", scalar::number, faults),
        queries: fields.read("queries", scalar::number, faults),
        timeout: fields.read("timeout", scalar::time, faults),
        family: family(&fields, faults),
    })
}

fn mtr(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Mtr> {
    let fields = Fields::open(&MTR, None, slot, faults)?;
    Some(Mtr {
        count: fields.read("count", scalar::number, faults),
        interval: fields.read("interval", scalar::time, faults),
        max_hops: fields.read("max-hops", scalar::number, faults),
        family: family(&fields, faults),
    })
}

fn tracepath(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Tracepath> {
    let fields = Fields::open(&TRACEPATH, None, slot, faults)?;
    Some(Tracepath { max_hops: fields.read("max-hops", scalar::number, faults), family: family(&fields, faults) })
}

fn path_mtu(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<PathMtu> {
    let fields = Fields::open(&PATH_MTU, None, slot, faults)?;
    Some(PathMtu {
        largest: fields.read("largest", scalar::number, faults),
        timeout: fields.read("timeout", scalar::time, faults),
        family: family(&fields, faults),
    })
}

fn connect(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Connect> {
    let fields = Fields::open(&CONNECT, None, slot, faults)?;
    Some(Connect {
        count: fields.read("count", scalar::number, faults),
        interval: fields.read("interval", scalar::time, faults),
        timeout: fields.read("timeout", scalar::time, faults),
        family: family(&fields, faults),
    })
}
