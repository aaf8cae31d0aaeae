//! The language's objects and their keys, one table each: what decoding knows, what diagnostics list, and what a JSON
//! Schema is made from. A new key or kind is a row here and a field where it is decoded.

/// A key of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Without it the object means nothing.
    pub(crate) required: bool,
    /// A value as one would write it, for fixes.
    pub(crate) example: &'static str,
    /// Where the value is a map by name: one of its values.
    pub(crate) item: &'static str,
}

/// An object: a map with a fixed set of keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// What it is called in a sentence.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
}

impl Object {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }
}

const fn needs(name: &'static str, example: &'static str) -> Key {
    Key { name, required: true, example, item: "{}" }
}

const fn may(name: &'static str, example: &'static str) -> Key {
    Key { name, required: false, example, item: "{}" }
}

/// The same key, holding a map by name of such items.
const fn of(key: Key, item: &'static str) -> Key {
    Key { item, ..key }
}

pub(crate) const TOPOLOGY: Object = Object {
    what: "the topology",
    keys: &[
        needs("name", "office"),
        may("description", "what it is for"),
        // Taken out of the tree before it is decoded.
        may("include", "[sites.yaml]"),
        of(needs("hosts", "{ here: { local: {} } }"), "{ local: {} }"),
        may("defaults", "{ test: { duration: 10s } }"),
        of(may("sites", "{ madrid: { uplink: 300M } }"), "{ uplink: 300M }"),
        of(needs("probes", "{ alpha: { host: here }, beta: { host: here } }"), "{ host: here }"),
        of(may("links", "{ wan: { between: [madrid, sevilla] } }"), "{ between: [madrid, sevilla] }"),
        of(may("groups", "{ everyone: { mesh: all } }"), "{ mesh: all }"),
        of(may("tests", "{ tcp: { iperf3: {} } }"), "{ iperf3: {} }"),
        of(may("suites", "{ quick: [ping, tcp] }"), "[ping, tcp]"),
        of(may("campaigns", "{ check: { group: all, run: auto } }"), "{ group: all, run: auto }"),
    ],
};

/// Kinds of host that this build knows. Those of other builds are refused by name.
pub(crate) const HOST_KINDS: &[Key] = &[may("local", "{}")];

/// Kinds of host that the language has but this build does not.
pub(crate) const OTHER_HOST_KINDS: &[&str] = &["docker", "swarm", "lxd", "ssh", "live-iso", "external"];

pub(crate) const LOCAL: Object = Object { what: "a local host", keys: &[] };

pub(crate) const DEFAULTS: Object =
    Object { what: "`defaults`", keys: &[may("test", "{ duration: 10s }"), may("probe", "{ host: here }")] };

pub(crate) const DEFAULT_TEST: Object =
    Object { what: "`defaults.test`", keys: &[may("duration", "10s"), may("interval", "1s"), may("omit", "1s")] };

pub(crate) const DEFAULT_PROBE: Object = Object {
    what: "`defaults.probe`",
    keys: &[may("host", "here"), may("site", "madrid"), may("tags", "[core]"), may("ports", "5201-5220")],
};

pub(crate) const SITE: Object =
    Object { what: "a site", keys: &[may("uplink", "300M"), may("probe", "{ host: here }")] };

pub(crate) const SITE_PROBE: Object =
    Object { what: "a site's `probe`", keys: &[may("host", "here"), may("tags", "[core]"), may("ports", "5201-5220")] };

pub(crate) const UPLINK: Object = Object { what: "an uplink", keys: &[needs("down", "100M"), needs("up", "20M")] };

pub(crate) const PROBE: Object = Object {
    what: "a probe",
    keys: &[may("host", "here"), may("site", "madrid"), may("tags", "[core]"), may("ports", "5201-5220")],
};

pub(crate) const LINK: Object = Object {
    what: "a link",
    keys: &[needs("between", "[madrid, sevilla]"), may("contract", "{ rate: 100M }"), may("impair", "{ rate: 80M }")],
};

pub(crate) const CONTRACT: Object = Object {
    what: "a contract",
    keys: &[may("rate", "100M"), may("rtt", "20ms"), may("jitter", "5ms"), may("loss", "0.1%"), may("mtu", "1500")],
};

pub(crate) const IMPAIR: Object = Object {
    what: "an impairment",
    keys: &[may("rate", "80M"), may("delay", "10ms"), may("jitter", "2ms"), may("loss", "0.5%")],
};

/// Kinds of group; `one-way` may stand beside any of them.
pub(crate) const GROUP_KINDS: &[Key] = &[
    may("mesh", "all"),
    may("star", "{ hub: alpha, spokes: all }"),
    may("ring", "[alpha, beta, gamma]"),
    may("between", "{ from: { sites: [madrid] }, to: { sites: [sevilla] } }"),
    may("pairs", "[[alpha, beta]]"),
];

/// What may stand beside the kind of a group.
pub(crate) const GROUP_EXTRAS: &[Key] = &[may("one-way", "true")];

pub(crate) const STAR: Object =
    Object { what: "a star", keys: &[needs("hub", "alpha"), needs("spokes", "all"), may("except", "[beta]")] };

pub(crate) const BETWEEN: Object = Object {
    what: "a group between two sides",
    keys: &[needs("from", "{ sites: [madrid] }"), needs("to", "{ sites: [sevilla] }"), may("except", "[beta]")],
};

pub(crate) const SELECTOR: Object = Object {
    what: "a selection",
    keys: &[may("probes", "all"), may("tags", "[branch]"), may("sites", "[madrid]"), may("except", "[beta]")],
};

/// Kinds of test, one for each tool.
pub(crate) const TEST_KINDS: &[Key] = &[may("iperf3", "{}"), may("ping", "{}"), may("traceroute", "{}")];

pub(crate) const IPERF3: Object = Object {
    what: "an iperf3 test",
    keys: &[
        may("protocol", "tcp"),
        may("direction", "both"),
        may("streams", "4"),
        may("duration", "10s"),
        may("omit", "1s"),
        may("interval", "1s"),
        may("rate", "contract"),
        may("congestion-control", "bbr"),
        may("length", "1448B"),
    ],
};

pub(crate) const PING: Object = Object {
    what: "a ping test",
    keys: &[may("count", "10"), may("interval", "200ms"), may("timeout", "1s"), may("size", "56B")],
};

pub(crate) const TRACEROUTE: Object =
    Object { what: "a traceroute test", keys: &[may("max-hops", "30"), may("queries", "3"), may("timeout", "1s")] };

pub(crate) const CAMPAIGN: Object = Object {
    what: "a campaign",
    keys: &[
        needs("group", "all"),
        needs("run", "auto"),
        may("repeat", "3"),
        may("expect", "{ throughput: { warn: 95%, fail: 90% } }"),
    ],
};

pub(crate) const EXPECT: Object = Object {
    what: "an expectation",
    keys: &[
        may("throughput", "{ warn: 95%, fail: 90% }"),
        may("rtt", "{ fail: contract }"),
        may("jitter", "{ fail: 5ms }"),
        may("loss", "{ fail: contract }"),
    ],
};

pub(crate) const LIMITS: Object = Object { what: "a limit", keys: &[may("warn", "95%"), may("fail", "90%")] };

/// The group of all probes, which no file can define anew.
pub(crate) const ALL: &str = "all";
