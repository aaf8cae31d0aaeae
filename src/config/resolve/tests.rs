//! Tests: defaults filled in, keys that contradict each other refused, the built-in ones added.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{built_in, light};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Span, Spanned};
use crate::config::raw::{self, DefaultTest, Field};
use crate::domain::name::Name;
use crate::domain::test::{
    Direction, Directions, Iperf2, Iperf2Definition, Iperf3, Iperf3Definition, OfferedRate, Protocol, TestDefinition,
};
use crate::domain::unit::{ByteSize, Ratio, format_duration};

/// Time of an iperf3 test where nothing is said: iperf3's own (iperf3(1), `-t`).
const DURATION: Duration = Duration::from_secs(10);
/// Its reporting interval (`-i`).
const INTERVAL: Duration = Duration::from_secs(1);
/// UDP payload that makes a datagram with its headers a frame of 1490 bytes, as large as a full TCP segment's payload.
const DATAGRAM: ByteSize = ByteSize::new(1448);

/// What the built-in UDP test sends of what TCP reached, where nothing was bought: enough to show loss and jitter under
/// load, not enough to make the loss itself.
const SHARE_OF_TCP: f64 = 0.8;

/// The tests of the file and the built-in ones that it does not replace.
pub(super) fn tests(raw: &raw::Topology, faults: &mut Faults<'_>) -> BTreeMap<Name, TestDefinition> {
    let defaults = &raw.default_test;
    let suite = |name: &str| raw.suites.names().any(|s| s == name);
    let mut tests: BTreeMap<Name, TestDefinition> =
        built_ins(defaults).into_iter().filter(|(name, _)| !suite(name.as_str())).collect();
    check_defaults(defaults, faults);
    for (name, test) in &raw.tests.entries {
        let resolved = match test {
            None => continue,
            Some(raw::Test::Iperf3(test)) => TestDefinition::Iperf3(iperf3(test, defaults, faults)),
            Some(raw::Test::Iperf2(test)) => TestDefinition::Iperf2(iperf2(test, defaults, faults)),
            Some(raw::Test::Ping(test)) => TestDefinition::Ping(light::ping(test)),
            Some(raw::Test::Traceroute(test)) => TestDefinition::Traceroute(light::traceroute(test)),
            Some(raw::Test::Mtr(test)) => TestDefinition::Mtr(light::mtr(test)),
            Some(raw::Test::Tracepath(test)) => TestDefinition::Tracepath(light::tracepath(test)),
            Some(raw::Test::PathMtu(test)) => TestDefinition::PathMtu(light::path_mtu(test)),
            Some(raw::Test::Connect(test)) => TestDefinition::Connect(light::connect(test)),
        };
        tests.insert(name.value.clone(), resolved);
    }
    tests
}

/// `ping`, `traceroute`, `path-mtu`, `tcp` and `udp`. UDP is sent at what was bought or, where nothing was, a little
/// below what TCP found to be there.
fn built_ins(defaults: &DefaultTest) -> [(Name, TestDefinition); 5] {
    let mut tcp = definition(&raw::Iperf3::default(), defaults);
    tcp.directions = Directions::Both;
    let mut udp = tcp.clone();
    udp.base.protocol = Protocol::Udp;
    udp.base.length = Some(DATAGRAM);
    udp.rate = Ratio::new(SHARE_OF_TCP).map(OfferedRate::ContractOrTcp);
    [
        (built_in("ping"), TestDefinition::Ping(light::ping(&raw::Ping::default()))),
        (built_in("traceroute"), TestDefinition::Traceroute(light::traceroute(&raw::Traceroute::default()))),
        (built_in("path-mtu"), TestDefinition::PathMtu(light::path_mtu(&raw::PathMtu::default()))),
        (built_in("tcp"), TestDefinition::Iperf3(tcp)),
        (built_in("udp"), TestDefinition::Iperf3(udp)),
    ]
}

/// The test with its defaults, whatever it says.
fn definition(raw: &raw::Iperf3, defaults: &DefaultTest) -> Iperf3Definition {
    let protocol = *raw.protocol.value().unwrap_or(&Protocol::Tcp);
    let length = raw.length.value().copied();
    Iperf3Definition {
        base: Iperf3 {
            protocol,
            direction: Direction::Forward,
            streams: *raw.streams.value().unwrap_or(&1),
            duration: *raw.duration.or(&defaults.duration).value().unwrap_or(&DURATION),
            omit: *raw.omit.or(&defaults.omit).value().unwrap_or(&Duration::ZERO),
            interval: *raw.interval.or(&defaults.interval).value().unwrap_or(&INTERVAL),
            rate_bits_per_second: None,
            congestion_control: raw.congestion_control.value().cloned(),
            length: if protocol == Protocol::Udp { length.or(Some(DATAGRAM)) } else { length },
            mss: raw.mss.value().copied(),
            window: raw.window.value().copied(),
            dscp: raw.dscp.value().copied(),
            family: raw.family.value().copied(),
            fq_rate_bits_per_second: raw.fq_rate.value().copied(),
            zero_copy: *raw.zero_copy.value().unwrap_or(&false),
        },
        directions: *raw.direction.value().unwrap_or(&Directions::Forward),
        rate: raw.rate.value().copied(),
    }
}

fn iperf3(raw: &raw::Iperf3, defaults: &DefaultTest, faults: &mut Faults<'_>) -> Iperf3Definition {
    let definition = definition(raw, defaults);
    if let Some(protocol) = raw.protocol.given() {
        check_protocol(protocol, raw, faults);
        check_datagrams(protocol, &raw.rate, &raw.length, faults);
    }
    check_times(&raw.interval, &raw.duration, definition.base.duration, defaults, faults);
    definition
}

fn iperf2(raw: &raw::Iperf2, defaults: &DefaultTest, faults: &mut Faults<'_>) -> Iperf2Definition {
    let protocol = *raw.protocol.value().unwrap_or(&Protocol::Tcp);
    let length = raw.length.value().copied();
    let duration = *raw.duration.or(&defaults.duration).value().unwrap_or(&DURATION);
    if let Some(protocol) = raw.protocol.given() {
        check_datagrams(protocol, &raw.rate, &raw.length, faults);
    }
    check_times(&raw.interval, &raw.duration, duration, defaults, faults);
    Iperf2Definition {
        base: Iperf2 {
            protocol,
            direction: Direction::Forward,
            streams: *raw.streams.value().unwrap_or(&1),
            duration,
            interval: *raw.interval.or(&defaults.interval).value().unwrap_or(&INTERVAL),
            rate_bits_per_second: None,
            length: if protocol == Protocol::Udp { length.or(Some(DATAGRAM)) } else { length },
            window: raw.window.value().copied(),
            family: raw.family.value().copied(),
        },
        directions: *raw.direction.value().unwrap_or(&Directions::Forward),
        rate: raw.rate.value().copied(),
    }
}

/// Keys that only some protocols have.
fn check_protocol(protocol: &Spanned<Protocol>, raw: &raw::Iperf3, faults: &mut Faults<'_>) {
    let (tcp, udp) = (protocol.value == Protocol::Tcp, protocol.value == Protocol::Udp);
    let name = if udp { "UDP" } else { "SCTP" };
    let mut refuse = |key: &str, span: Option<Span>, allowed: bool, what: &str| {
        if let Some(span) = span.filter(|_| !allowed) {
            let fault = Fault::new(Code::TcpOnly, span, format!("{name} has no {what}"));
            faults.add(fault.related(protocol.span, format!("this test is {name}")).fix(format!("remove `{key}`")));
        }
    };
    let control = raw.congestion_control.given().map(|c| c.span);
    refuse("congestion-control", control, tcp, "congestion control to choose");
    refuse("mss", raw.mss.given().map(|m| m.span), !udp, "segments");
    let zero_copy = raw.zero_copy.given().filter(|z| z.value).map(|z| z.span);
    refuse("zero-copy", zero_copy, tcp, "sending without a copy");
}

/// What UDP asks of a test.
fn check_datagrams(
    protocol: &Spanned<Protocol>,
    rate: &Field<OfferedRate>,
    length: &Field<ByteSize>,
    faults: &mut Faults<'_>,
) {
    if protocol.value != Protocol::Udp {
        return;
    }
    if rate.is_absent() {
        let fault = Fault::new(Code::UdpWithoutRate, protocol.span, "a UDP test must say at which rate it sends")
            .label("without `rate`")
            .fix("add `rate: contract`, or a rate such as `rate: 50M`");
        faults.add(fault);
    }
    // iperf3's own header takes sixteen bytes, as does iperf 2's; IPv4 carries 65507 in a datagram.
    if let Some(length) = length.given().filter(|l| !(16..=65_507).contains(&l.value.bytes())) {
        let message = format!("a datagram cannot carry {}B; it carries 16B to 65507B", length.value.bytes());
        faults.add(Fault::new(Code::OutOfRange, length.span, message).fix("write `length: 1448B`"));
    }
}

/// What is inherited on both sides is checked once, where it is written.
fn check_times(
    interval: &Field<Duration>,
    duration: &Field<Duration>,
    lasts: Duration,
    defaults: &DefaultTest,
    faults: &mut Faults<'_>,
) {
    match (interval.given(), duration.given(), defaults.interval.given()) {
        (Some(interval), _, _) => check_interval(interval, lasts, faults),
        (None, Some(duration), Some(interval)) if interval.value > duration.value => {
            let message = format!(
                "the test takes {}, less than the default interval of {}",
                format_duration(duration.value),
                format_duration(interval.value)
            );
            let fault = Fault::new(Code::IntervalBeyondDuration, duration.span, message);
            let fix = format!("add `interval: {}`", format_duration(duration.value));
            faults.add(fault.related(interval.span, "the default interval").fix(fix));
        }
        _ => {}
    }
}

fn check_defaults(defaults: &DefaultTest, faults: &mut Faults<'_>) {
    let duration = match &defaults.duration {
        Field::Absent => DURATION,
        Field::Faulty => return,
        Field::Given(duration) => duration.value,
    };
    if let Some(interval) = defaults.interval.given() {
        check_interval(interval, duration, faults);
    }
}

fn check_interval(interval: &Spanned<Duration>, duration: Duration, faults: &mut Faults<'_>) {
    if interval.value > duration {
        let (interval_text, duration) = (format_duration(interval.value), format_duration(duration));
        let message = format!("an interval of {interval_text} is longer than the test, which takes {duration}");
        let fault = Fault::new(Code::IntervalBeyondDuration, interval.span, message);
        faults.add(fault.fix(format!("write `interval: {duration}` or less")));
    }
}
