//! Kinds of test, one for each tool, with the tool's own bounds.

use std::time::Duration;

use super::place::FAMILY;
use super::{
    DIRECTION_WORDS, DSCP_WORDS, HOUR, IPERF2_PROTOCOL_WORDS, Key, Kinds, Object, PROTOCOL_WORDS, Takes, may, millis,
    object,
};

pub(crate) const TESTS: Kinds = Kinds {
    id: "test",
    what: "test",
    kinds: &[
        may("iperf3", Takes::Object(&IPERF3), "{}", "throughput, loss and jitter, by ESnet's iperf3"),
        may("ping", Takes::Object(&PING), "{}", "round-trip time and loss"),
        may("traceroute", Takes::Object(&TRACEROUTE), "{}", "the path"),
        may("iperf2", Takes::Object(&IPERF2), "{}", "throughput, loss and jitter, by iperf 2"),
        may("mtr", Takes::Object(&MTR), "{}", "the path with loss and round-trip time of each hop"),
        may("tracepath", Takes::Object(&TRACEPATH), "{}", "the path with its MTU"),
        may("path-mtu", Takes::Object(&PATH_MTU), "{}", "the path MTU, by echo requests that may not be fragmented"),
        may("connect", Takes::Object(&CONNECT), "{}", "time to open a TCP connection"),
    ],
    extras: &[],
};

// iperf3(1): `-t` in whole seconds, from one to a day; `-i` a tenth of a second to a minute; `-O` at most ten minutes.
const DURATION: Key = may(
    "duration",
    millis(1000, Duration::from_secs(24 * 3600)),
    "10s",
    "time measured, in whole seconds; 10s unless said",
);
const INTERVAL: Key =
    may("interval", millis(100, Duration::from_secs(60)), "1s", "length of an interval of its course; 1s unless said");
const OMIT: Key = may(
    "omit",
    millis(0, Duration::from_secs(600)),
    "1s",
    "slow start that is left out of the result, in whole seconds; nothing unless said",
);

pub(super) const KEYS_OF_DEFAULT_TEST: &[Key] = &[DURATION, INTERVAL, OMIT];

const DIRECTION: Key = may(
    "direction",
    Takes::Words(&DIRECTION_WORDS),
    "both",
    "where the data flows, seen from the source; `both` is two runs, `bidirectional` one; `forward` unless said",
);
const STREAMS: Key = may("streams", Takes::Number { least: 1, most: 128 }, "4", "parallel streams; 1 unless said");
const RATE: Key = may(
    "rate",
    Takes::OneOf(&[Takes::Rate, Takes::Words(&[CONTRACT_WORD]), Takes::Share, Takes::Kind(&RATES)]),
    "contract",
    "rate over all streams: absolute, the word `contract`, a share of the contract, or a map; as fast as it goes \
     unless said, which UDP must",
);
// From one byte to iperf3's largest block, 1 MiB.
const LENGTH: Key = may(
    "length",
    Takes::Size { least: 1, most: 1_048_576 },
    "1448B",
    "payload of a datagram, or size of a write; for UDP 1448B unless said",
);
// iperf3's largest socket buffer, 512 MiB (MAX_TCP_BUFFER).
const WINDOW: Key = may("window", Takes::Size { least: 1024, most: 512 << 20 }, "4MiB", "socket buffer at both ends");

/// The word for the contracted value.
pub(crate) const CONTRACT_WORD: &str = "contract";

pub(crate) const RATES: Kinds = Kinds {
    id: "rate",
    what: "rate",
    kinds: &[may(
        "contract-else-tcp",
        Takes::Share,
        "80%",
        "the contracted rate and, where none was agreed, this share of what TCP reached before, the same way in the \
         same campaign run",
    )],
    extras: &[],
};

pub(crate) const IPERF3: Object = object(
    "iperf3",
    "an iperf3 test",
    &[
        may("protocol", Takes::Words(&PROTOCOL_WORDS), "tcp", "`tcp` unless said"),
        DIRECTION,
        STREAMS,
        DURATION,
        OMIT,
        INTERVAL,
        RATE,
        may(
            "congestion-control",
            // TCP_CA_NAME_MAX of the kernel is 16 with the closing zero.
            Takes::Form("the name of a congestion control", "[A-Za-z0-9_]{1,15}"),
            "bbr",
            "of TCP; the kernel's default unless said",
        ),
        LENGTH,
        // The kernel's least (TCP_MIN_MSS) to iperf3's most (MAX_MSS).
        may("mss", Takes::Number { least: 88, most: 9216 }, "1400", "maximum segment size of TCP or SCTP, in bytes"),
        WINDOW,
        may(
            "dscp",
            Takes::OneOf(&[Takes::Words(&DSCP_WORDS), Takes::Number { least: 0, most: 63 }]),
            "ef",
            "mark of every packet, by name or number",
        ),
        FAMILY,
        may("fq-rate", Takes::Rate, "100M", "pacing of each stream by the kernel's fair queue"),
        may("zero-copy", Takes::Boolean, "true", "sent without a copy, by sendfile(2); TCP only"),
    ],
);

pub(crate) const IPERF2: Object = object(
    "iperf2",
    "an iperf2 test",
    &[
        may("protocol", Takes::Words(&IPERF2_PROTOCOL_WORDS), "tcp", "`tcp` unless said"),
        DIRECTION,
        STREAMS,
        DURATION,
        INTERVAL,
        RATE,
        LENGTH,
        WINDOW,
        FAMILY,
    ],
);

const MAX_HOPS: Key =
    may("max-hops", Takes::Number { least: 1, most: 255 }, "30", "hops after which it gives up; 30 unless said");
const COUNT_MOST: u64 = 1_000_000;

pub(crate) const PING: Object = object(
    "ping",
    "a ping test",
    &[
        may("count", Takes::Number { least: 1, most: COUNT_MOST }, "10", "echo requests; 10 unless said"),
        // Below 2 ms ping refuses or floods.
        may("interval", millis(2, HOUR), "200ms", "time between them; 200ms unless said"),
        may("timeout", millis(1, HOUR), "1s", "wait for the last answer; 1s unless said"),
        // An IPv4 packet without its header and ICMP's eight bytes.
        may("size", Takes::Size { least: 0, most: 65_507 }, "56B", "payload; ping's own 56B unless said"),
        FAMILY,
    ],
);

pub(crate) const TRACEROUTE: Object = object(
    "traceroute",
    "a traceroute test",
    &[
        MAX_HOPS,
        may("queries", Takes::Number { least: 1, most: 10 }, "3", "queries for each hop; 3 unless said"),
        may("timeout", millis(1, HOUR), "1s", "wait for an answer; 1s unless said"),
        FAMILY,
    ],
);

pub(crate) const MTR: Object = object(
    "mtr",
    "an mtr test",
    &[
        may("count", Takes::Number { least: 1, most: COUNT_MOST }, "10", "rounds; 10 unless said"),
        // mtr(8): below a second `-i` is root's, which the agent is wherever probes have namespaces.
        may("interval", millis(100, HOUR), "1s", "time between them; 1s unless said"),
        MAX_HOPS,
        FAMILY,
    ],
);

pub(crate) const TRACEPATH: Object = object("tracepath", "a tracepath test", &[MAX_HOPS, FAMILY]);

pub(crate) const PATH_MTU: Object = object(
    "path-mtu",
    "a path-mtu test",
    &[
        may(
            "largest",
            Takes::Number { least: 68, most: 65_535 },
            "9000",
            "largest IP packet tried, in bytes; the MTU of the probe's interface unless said",
        ),
        may("timeout", millis(1, HOUR), "1s", "wait for each answer; 1s unless said"),
        FAMILY,
    ],
);

pub(crate) const CONNECT: Object = object(
    "connect",
    "a connect test",
    &[
        may("count", Takes::Number { least: 1, most: COUNT_MOST }, "10", "connections; 10 unless said"),
        may("interval", millis(1, HOUR), "200ms", "time between them; 200ms unless said"),
        may("timeout", millis(1, HOUR), "1s", "wait for each; 1s unless said"),
        FAMILY,
    ],
);
