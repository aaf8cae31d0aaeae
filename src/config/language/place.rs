//! Defaults, sites, probes and links.

use super::{
    FAMILY_WORDS, KEYS_OF_DEFAULT_TEST, Key, Kinds, MTU, NETWORK_WORDS, Object, PLACEMENT_WORDS, TIME, Takes, may,
    needs, object,
};

pub(crate) const DEFAULTS: Object = object(
    "defaults",
    "`defaults`",
    &[
        may("test", Takes::Object(&DEFAULT_TEST), "{ duration: 10s }", "for every test that has such a key"),
        may("probe", Takes::Object(&DEFAULT_PROBE), "{ host: here }", "for every probe"),
    ],
);

pub(crate) const DEFAULT_TEST: Object = object("default-test", "`defaults.test`", KEYS_OF_DEFAULT_TEST);

pub(crate) const SITE: Object = object(
    "site",
    "a site",
    &[
        may(
            "uplink",
            Takes::OneOf(&[Takes::Rate, Takes::Object(&UPLINK)]),
            "300M",
            "rate of what its probes share towards the rest",
        ),
        may("probe", Takes::Object(&SITE_PROBE), "{ host: here }", "for every probe of the site"),
    ],
);

pub(crate) const UPLINK: Object = object(
    "uplink",
    "an uplink",
    &[needs("down", Takes::Rate, "100M", "towards the site"), needs("up", Takes::Rate, "20M", "away from the site")],
);

const HOST: Key = may("host", Takes::Name, "here", "the host that carries it");
const AT: Key = may("site", Takes::Name, "madrid", "the place where it stands");
const TAGS: Key = may("tags", Takes::Names, "[core]", "words to select it by");
const PORTS: Key = may("ports", Takes::Ports, "5201-5220", "ports that test servers may use; 5201-5220 unless said");
const INTERFACE: Key = may(
    "interface",
    Takes::Form("the name of an interface", r"[^\s/:]{1,15}"),
    "eth0",
    "tools bind to it, on a probe with several (docker, lxd, ssh, live-iso)",
);
const BEHIND_NAT: Key = may(
    "behind-nat",
    Takes::Boolean,
    "true",
    "it cannot be connected to and opens every connection itself (docker, lxd, ssh, live-iso)",
);
const NETWORK: Key = may(
    "network",
    Takes::OneOf(&[Takes::Words(&NETWORK_WORDS), Takes::Kind(&NETWORK_KINDS)]),
    "host",
    "the container's network (docker, swarm, lxd); the topology's own bridge unless said",
);
const LIMITS_KEY: Key = may(
    "limits",
    Takes::Object(&RESOURCES),
    "{ cpus: 1, memory: 128MiB }",
    "the container's share of its host (docker, swarm, lxd)",
);
const RAW_SOCKETS: Key = may(
    "raw-sockets",
    Takes::Boolean,
    "true",
    "its tools may open raw sockets, which TCP traceroute needs: root in the container, with that one capability (docker)",
);
const GATEWAY: Key = may("gateway", Takes::Ip, "192.0.2.1", "default gateway of a live image (live-iso)");
const DNS: Key = may("dns", Takes::List(&Takes::Ip), "[192.0.2.53]", "name servers of a live image (live-iso)");

pub(crate) const DEFAULT_PROBE: Object = object(
    "default-probe",
    "`defaults.probe`",
    &[HOST, AT, TAGS, PORTS, INTERFACE, BEHIND_NAT, NETWORK, LIMITS_KEY, RAW_SOCKETS, GATEWAY, DNS],
);

pub(crate) const SITE_PROBE: Object = object(
    "site-probe",
    "a site's `probe`",
    &[HOST, TAGS, PORTS, INTERFACE, BEHIND_NAT, NETWORK, LIMITS_KEY, RAW_SOCKETS, GATEWAY, DNS],
);

pub(crate) const PROBE: Object = object(
    "probe",
    "a probe",
    &[
        HOST,
        AT,
        TAGS,
        PORTS,
        may(
            "address",
            Takes::Address,
            "192.0.2.7",
            "address at which it is tested (docker, lxd, ssh, live-iso; there with its prefix)",
        ),
        may(
            "management",
            Takes::Form("a host name or an address", r"[A-Za-z0-9_.:-]{1,253}"),
            "probe.example.net",
            "where it is controlled, if elsewhere (ssh, live-iso)",
        ),
        INTERFACE,
        BEHIND_NAT,
        NETWORK,
        LIMITS_KEY,
        RAW_SOCKETS,
        may(
            "placement",
            Takes::OneOf(&[Takes::Words(&PLACEMENT_WORDS), Takes::Kind(&PLACEMENT_KINDS)]),
            "each-node",
            "on which nodes of a cluster: `each-node` or `replicas` (swarm), `members` (lxd)",
        ),
        GATEWAY,
        DNS,
    ],
);

pub(crate) const NETWORK_KINDS: Kinds = Kinds {
    id: "network",
    what: "network",
    kinds: &[may(
        "macvlan",
        Takes::Object(&MACVLAN),
        "{ parent: eth1, address: 192.0.2.41/24 }",
        "an address of its own on the host's LAN",
    )],
    extras: &[],
};

pub(crate) const MACVLAN: Object = object(
    "macvlan",
    "a macvlan network",
    &[
        needs("parent", Takes::Form("the name of an interface", r"[^\s/:]{1,15}"), "eth1", "interface of the host"),
        needs("address", Takes::AddressWithPrefix, "192.0.2.41/24", "the probe's address there"),
    ],
);

pub(crate) const RESOURCES: Object = object(
    "resources",
    "`limits`",
    &[
        may("cpus", Takes::Thousandths { least: 10, most: 1_024_000 }, "1", "cores, parts of one too"),
        may(
            "memory",
            // Docker's least (docker run, `--memory`) to 16 TiB.
            Takes::Size { least: 6 << 20, most: 16 << 40 },
            "128MiB",
            "memory",
        ),
        may(
            "cpu-set",
            Takes::Form("a list of CPUs", r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?){0,63}"),
            "2-3",
            "these CPUs of the host alone, for high rates (docker, lxd)",
        ),
    ],
);

pub(crate) const PLACEMENT_KINDS: Kinds = Kinds {
    id: "placement",
    what: "placement",
    kinds: &[
        may("members", Takes::SomeNames, "[a, b]", "one on each of these members of an LXD cluster"),
        may("replicas", Takes::Number { least: 1, most: 1000 }, "3", "this many on nodes of a swarm"),
    ],
    extras: &[may(
        "labels",
        Takes::List(&Takes::Form("a label `key=value`", r"[^=\s]+=\S+")),
        "[zone=north]",
        "beside `replicas`: labels that such a node must have",
    )],
};

pub(crate) const LINK: Object = object(
    "link",
    "a link",
    &[
        needs("between", Takes::TwoNames, "[madrid, sevilla]", "its two ends, each a site or a probe"),
        may("contract", Takes::Object(&CONTRACT), "{ rate: 100M }", "what was bought"),
        may("impair", Takes::Object(&IMPAIR), "{ rate: 80M }", "what the lab does to it"),
    ],
);

pub(crate) const CONTRACT: Object = object(
    "contract",
    "a contract",
    &[
        may("rate", Takes::Directed(&Takes::Rate), "100M", "rate at least, in Ethernet frames"),
        may("rtt", TIME, "20ms", "round-trip time at most"),
        may("jitter", TIME, "5ms", "jitter at most (RFC 3550)"),
        may("loss", Takes::Ratio, "0.1%", "packets lost at most"),
        // The least that IPv4 lets a path have (RFC 791) and the most that its length field can say.
        may("mtu", MTU, "1500", "path MTU at least, in bytes"),
    ],
);

pub(crate) const IMPAIR: Object = object(
    "impairment",
    "an impairment",
    &[
        may("rate", Takes::Directed(&Takes::Rate), "80M", "shaped to this rate"),
        may("delay", Takes::Directed(&TIME), "10ms", "delayed by this, each way"),
        may("jitter", Takes::Directed(&TIME), "2ms", "delay varied by this, each way"),
        may("loss", Takes::Directed(&Takes::Ratio), "0.5%", "this share dropped at random, each way"),
    ],
);

/// An address family, where a test may be bound to one.
pub(super) const FAMILY: Key =
    may("family", Takes::Words(&FAMILY_WORDS), "ipv6", "only this; unless said what both ends have, IPv4 first");
