//! Tests: defaults filled in, keys that contradict each other refused, the built-in ones added.

use std::collections::BTreeMap;
use std::time::Duration;

use super::built_in;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Spanned};
use crate::config::raw::{self, DefaultTest, Field};
use crate::domain::name::Name;
use crate::domain::test::{
    Direction, Directions, Iperf3, Iperf3Definition, OfferedRate, Ping, Protocol, TestDefinition, Traceroute,
};
use crate::domain::unit::{ByteSize, Ratio, format_duration};

/// Time of an iperf3 test where nothing is said: iperf3's own (iperf3(1), `-t`).
const DURATION: Duration = Duration::from_secs(10);
/// Its reporting interval (`-i`).
const INTERVAL: Duration = Duration::from_secs(1);
/// UDP payload that makes a datagram with its headers a frame of 1490 bytes, as large as a full TCP segment's payload.
const DATAGRAM: ByteSize = ByteSize::new(1448);

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
            Some(raw::Test::Ping(test)) => TestDefinition::Ping(ping(test)),
            Some(raw::Test::Traceroute(test)) => TestDefinition::Traceroute(traceroute(test)),
        };
        tests.insert(name.value.clone(), resolved);
    }
    tests
}

/// `ping`, `traceroute`, `tcp` and `udp`.
fn built_ins(defaults: &DefaultTest) -> [(Name, TestDefinition); 4] {
    let tcp = definition(&raw::Iperf3::default(), defaults);
    let mut udp = tcp.clone();
    udp.base.protocol = Protocol::Udp;
    udp.base.length = Some(DATAGRAM);
    udp.rate = Ratio::new(1.0).map(OfferedRate::Contract);
    [
        (built_in("ping"), TestDefinition::Ping(ping(&raw::Ping::default()))),
        (built_in("traceroute"), TestDefinition::Traceroute(traceroute(&raw::Traceroute::default()))),
        (built_in("tcp"), TestDefinition::Iperf3(tcp)),
        (built_in("udp"), TestDefinition::Iperf3(udp)),
    ]
}

fn ping(raw: &raw::Ping) -> Ping {
    Ping {
        count: *raw.count.value().unwrap_or(&10),
        interval: *raw.interval.value().unwrap_or(&Duration::from_millis(200)),
        timeout: *raw.timeout.value().unwrap_or(&Duration::from_secs(1)),
        size: raw.size.value().copied(),
        family: None,
    }
}

fn traceroute(raw: &raw::Traceroute) -> Traceroute {
    Traceroute {
        max_hops: *raw.max_hops.value().unwrap_or(&30),
        queries: *raw.queries.value().unwrap_or(&3),
        timeout: *raw.timeout.value().unwrap_or(&Duration::from_secs(1)),
        family: None,
    }
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
            mss: None,
            window: None,
            dscp: None,
            family: None,
            fq_rate_bits_per_second: None,
            zero_copy: false,
        },
        directions: *raw.direction.value().unwrap_or(&Directions::Forward),
        rate: raw.rate.value().copied(),
    }
}

fn iperf3(raw: &raw::Iperf3, defaults: &DefaultTest, faults: &mut Faults<'_>) -> Iperf3Definition {
    let definition = definition(raw, defaults);
    if let Some(protocol) = raw.protocol.given().filter(|p| p.value == Protocol::Udp) {
        if raw.rate.is_absent() {
            let fault = Fault::new(Code::UdpWithoutRate, protocol.span, "a UDP test must say at which rate it sends")
                .label("without `rate`")
                .fix("add `rate: contract`, or a rate such as `rate: 50M`");
            faults.add(fault);
        }
        if let Some(control) = raw.congestion_control.given() {
            let fault = Fault::new(Code::TcpOnly, control.span, "UDP has no congestion control");
            faults.add(fault.related(protocol.span, "this test is UDP").fix("remove `congestion-control`"));
        }
        // iperf3's own header takes sixteen bytes; IPv4 carries 65507 in a datagram.
        if let Some(length) = raw.length.given().filter(|l| !(16..=65_507).contains(&l.value.bytes())) {
            let message = format!("a datagram cannot carry {}B; it carries 16B to 65507B", length.value.bytes());
            faults.add(Fault::new(Code::OutOfRange, length.span, message).fix("write `length: 1448B`"));
        }
    }
    // What is inherited on both sides is checked once, where it is written.
    match (raw.interval.given(), raw.duration.given(), defaults.interval.given()) {
        (Some(interval), _, _) => check_interval(interval, definition.base.duration, faults),
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
    definition
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
