//! What the language fills in by itself, read off the resolved topology.

use super::{Item, Origin, OriginKind, find, map};
use crate::config::fault::Spanned;
use crate::config::tree::Node;
use crate::domain::name::Name;
use crate::domain::test::{Directions, Protocol, TestDefinition};
use crate::domain::topology::Topology;
use crate::domain::unit::format_duration;

/// A value of the language's own.
pub(super) fn value(text: &str) -> Item {
    let origin = Origin { kind: OriginKind::Default, section: String::new(), file: None, line: None, variables: None };
    Item::Value(Node::Scalar(text.to_owned()), origin)
}

/// Does `defaults.test` reach this kind of test?
pub(super) const fn inherits(definition: &TestDefinition) -> bool {
    matches!(definition, TestDefinition::Iperf3(_) | TestDefinition::Iperf2(_))
}

/// The keys that a test always has a value for, with the value. Optional ones are where they were written.
pub(super) fn values(definition: &TestDefinition) -> Vec<(&'static str, String)> {
    match definition {
        TestDefinition::Iperf3(test) => {
            let base = &test.base;
            let mut values = vec![
                ("protocol", protocol(base.protocol).to_owned()),
                ("direction", direction(test.directions).to_owned()),
                ("streams", base.streams.to_string()),
                ("duration", format_duration(base.duration)),
                ("omit", format_duration(base.omit)),
                ("interval", format_duration(base.interval)),
            ];
            values.extend(base.length.map(|length| ("length", format!("{}B", length.bytes()))));
            values
        }
        TestDefinition::Iperf2(test) => {
            let base = &test.base;
            let mut values = vec![
                ("protocol", protocol(base.protocol).to_owned()),
                ("direction", direction(test.directions).to_owned()),
                ("streams", base.streams.to_string()),
                ("duration", format_duration(base.duration)),
                ("interval", format_duration(base.interval)),
            ];
            values.extend(base.length.map(|length| ("length", format!("{}B", length.bytes()))));
            values
        }
        TestDefinition::Ping(test) => vec![
            ("count", test.count.to_string()),
            ("interval", format_duration(test.interval)),
            ("timeout", format_duration(test.timeout)),
        ],
        TestDefinition::Traceroute(test) => vec![
            ("max-hops", test.max_hops.to_string()),
            ("queries", test.queries.to_string()),
            ("timeout", format_duration(test.timeout)),
        ],
        TestDefinition::Mtr(test) => vec![
            ("count", test.count.to_string()),
            ("interval", format_duration(test.interval)),
            ("max-hops", test.max_hops.to_string()),
        ],
        TestDefinition::Tracepath(test) => vec![("max-hops", test.max_hops.to_string())],
        TestDefinition::PathMtu(test) => vec![("timeout", format_duration(test.timeout))],
        TestDefinition::Connect(test) => vec![
            ("count", test.count.to_string()),
            ("interval", format_duration(test.interval)),
            ("timeout", format_duration(test.timeout)),
        ],
    }
}

const fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

const fn direction(directions: Directions) -> &'static str {
    match directions {
        Directions::Forward => "forward",
        Directions::Reverse => "reverse",
        Directions::Both => "both",
        Directions::Bidirectional => "bidirectional",
    }
}

/// What there is without being written, a line for each kind of thing.
pub(super) fn named(root: &Spanned<Node>, topology: &Topology) -> Vec<String> {
    let missing = |key: &str, names: &mut dyn Iterator<Item = &Name>| {
        let written = find(map(root), key).map(map).unwrap_or_default();
        let names: Vec<&str> = names.map(Name::as_str).filter(|name| find(written, name).is_none()).collect();
        (!names.is_empty()).then(|| format!("{key} {}", names.join(", ")))
    };
    let all = [
        missing("groups", &mut topology.groups.keys()),
        missing("tests", &mut topology.tests.keys()),
        missing("suites", &mut topology.suites.keys()),
        missing("campaigns", &mut topology.campaigns.keys()),
    ];
    all.into_iter().flatten().collect()
}
