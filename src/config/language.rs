//! The language's objects and their keys, one table each: what decoding knows, what diagnostics list, and what the JSON
//! Schema and the reference are made from. A new key or kind is a row here and a field where it is decoded.

mod campaign;
mod host;
mod place;
mod test;
mod words;

use std::time::Duration;

pub(crate) use campaign::*;
pub(crate) use host::*;
pub(crate) use place::*;
pub(crate) use test::*;
pub(crate) use words::*;

/// A key of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Without it the object means nothing.
    pub(crate) required: bool,
    /// What its value is.
    pub(crate) takes: Takes,
    /// A value as one would write it, for fixes.
    pub(crate) example: &'static str,
    /// Where the value is a map by name: one of its values.
    pub(crate) item: &'static str,
    /// What it means, in one line.
    pub(crate) about: &'static str,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// Any single value.
    Text,
    /// Text of a certain form: what it is, and a regular expression (ECMA 262) for the whole of it.
    Form(&'static str, &'static str),
    /// One name.
    Name,
    /// A name or a list of names that may be empty.
    Names,
    /// A name or a list of at least one.
    SomeNames,
    /// Two names.
    TwoNames,
    /// A rate up to [`MOST_RATE`].
    Rate,
    /// A share in percent.
    Ratio,
    /// A share in percent that is not zero.
    Share,
    /// A time, both ends included.
    Time { least: Duration, most: Duration },
    /// A size in bytes, both ends included.
    Size { least: u64, most: u64 },
    /// A whole number, both ends included.
    Number { least: u64, most: u64 },
    /// A decimal number, both ends included, in thousandths.
    Thousandths { least: u32, most: u32 },
    /// `true` or `false`.
    Boolean,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// A port or a range of ports.
    Ports,
    /// An IP address, with the length of its prefix or without.
    Address,
    /// An IP address with the length of its prefix.
    AddressWithPrefix,
    /// An IP address.
    Ip,
    /// A day.
    Date,
    /// A limit of an expectation.
    Limit(Metric),
    /// A map with a fixed set of keys.
    Object(&'static Object),
    /// A map with one key that says what the thing is.
    Kind(&'static Kinds),
    /// A map by name.
    Map(&'static Takes),
    /// A list of at least one.
    List(&'static Takes),
    /// One value, or one for each direction of a link.
    Directed(&'static Takes),
    /// Any one of these.
    OneOf(&'static [Takes]),
}

impl Takes {
    /// What a single value of it may be: each of several, the item of a list or map, the value of a direction.
    pub(crate) fn parts(self) -> impl Iterator<Item = Self> {
        let (one, several): (Option<Self>, &'static [Self]) = match self {
            Self::OneOf(several) => (None, several),
            Self::Map(inner) | Self::List(inner) | Self::Directed(inner) => (Some(*inner), &[]),
            own => (Some(own), &[]),
        };
        one.into_iter().chain(several.iter().copied())
    }
}

/// An object: a map with a fixed set of keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its name in the schema and the reference.
    pub(crate) id: &'static str,
    /// What it is called in a sentence.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
    /// Must one key be there, whichever?
    pub(crate) some: bool,
}

impl Object {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }
}

/// Things of several kinds: the one key under a thing says of which it is.
#[derive(Debug)]
pub(crate) struct Kinds {
    /// Their name in the schema and the reference.
    pub(crate) id: &'static str,
    /// What such a thing is called in a sentence.
    pub(crate) what: &'static str,
    pub(crate) kinds: &'static [Key],
    /// Keys that may stand beside the kind.
    pub(crate) extras: &'static [Key],
}

/// Fastest rate that can be written, in bits per second: above any interface (IEEE 802.3dj has 1.6 Tbit/s).
pub(crate) const MOST_RATE: u64 = 10_000_000_000_000;
/// Longest time that can be written.
pub(crate) const MOST_TIME: Duration = Duration::from_secs(366 * 24 * HOUR_SECONDS);
const HOUR_SECONDS: u64 = 3600;
const HOUR: Duration = Duration::from_secs(HOUR_SECONDS);

/// Any time.
/// Path MTUs: the least that IPv4 lets a path have (RFC 791) and the most that its length field can say.
pub(crate) const MTU: Takes = Takes::Number { least: 68, most: 65_535 };
pub(crate) const TIME: Takes = Takes::Time { least: Duration::ZERO, most: MOST_TIME };

const fn needs(name: &'static str, takes: Takes, example: &'static str, about: &'static str) -> Key {
    Key { name, required: true, takes, example, item: "{}", about }
}

const fn may(name: &'static str, takes: Takes, example: &'static str, about: &'static str) -> Key {
    Key { name, required: false, takes, example, item: "{}", about }
}

/// The same key, holding a map by name of such items.
const fn of(key: Key, item: &'static str) -> Key {
    Key { item, ..key }
}

const fn object(id: &'static str, what: &'static str, keys: &'static [Key]) -> Object {
    Object { id, what, keys, some: false }
}

/// From milliseconds to milliseconds.
const fn millis(least: u64, most: Duration) -> Takes {
    Takes::Time { least: Duration::from_millis(least), most }
}

/// The group of all probes, which no file can define anew.
pub(crate) const ALL: &str = "all";

pub(crate) const TOPOLOGY: Object = object(
    "topology",
    "the topology",
    &[
        needs("name", Takes::Name, "office", "name of the whole"),
        may("description", Takes::Text, "what it is for", "one sentence on its purpose"),
        may("owner", Takes::Text, "netops", "whose it is on engines that several people use (docker, swarm)"),
        // Taken out of the tree before it is decoded.
        may(
            "include",
            Takes::OneOf(&[Takes::Text, Takes::List(&Takes::Text)]),
            "[sites.yaml]",
            "other files, whose maps are put together with these",
        ),
        may("metadata", Takes::Object(&METADATA), "{ customer: ACME }", "whom and what the reports are for"),
        may(
            "image",
            Takes::Object(&IMAGE),
            "{ base: small }",
            "what probes in containers are made from (docker, swarm)",
        ),
        of(
            needs("hosts", Takes::Map(&Takes::Kind(&HOSTS)), "{ here: { local: {} } }", "machines that carry probes"),
            "{ local: {} }",
        ),
        may(
            "defaults",
            Takes::Object(&DEFAULTS),
            "{ test: { duration: 10s } }",
            "what holds where a test or a probe says nothing",
        ),
        of(
            may(
                "sites",
                Takes::Map(&Takes::Object(&SITE)),
                "{ madrid: { uplink: 300M } }",
                "places whose probes share a switch and an uplink",
            ),
            "{ uplink: 300M }",
        ),
        of(
            needs(
                "probes",
                Takes::Map(&Takes::Object(&PROBE)),
                "{ alpha: { host: here }, beta: { host: here } }",
                "points that measure",
            ),
            "{ host: here }",
        ),
        of(
            may(
                "links",
                Takes::Map(&Takes::Object(&LINK)),
                "{ wan: { between: [madrid, sevilla] } }",
                "what is under test",
            ),
            "{ between: [madrid, sevilla] }",
        ),
        of(
            may(
                "groups",
                Takes::Map(&Takes::Kind(&GROUPS)),
                "{ everyone: { mesh: all } }",
                "which probes are paired; `all`, a mesh of everything, is built in",
            ),
            "{ mesh: all }",
        ),
        of(
            may(
                "tests",
                Takes::Map(&Takes::Kind(&TESTS)),
                "{ tcp: { iperf3: {} } }",
                "tools with their settings; `ping`, `traceroute`, `path-mtu`, `tcp` and `udp` are built in",
            ),
            "{ iperf3: {} }",
        ),
        of(
            may(
                "suites",
                Takes::Map(&Takes::SomeNames),
                "{ quick: [ping, tcp] }",
                "lists of tests and suites under a name; `auto` is built in",
            ),
            "[ping, tcp]",
        ),
        of(
            may(
                "campaigns",
                Takes::Map(&Takes::Object(&CAMPAIGN)),
                "{ check: { group: all, run: auto } }",
                "what is run together; without any there is one, `auto`, over `all`",
            ),
            "{ group: all, run: auto }",
        ),
    ],
);

pub(crate) const METADATA: Object = object(
    "metadata",
    "`metadata`",
    &[
        may("customer", Takes::Text, "ACME", "who bought the links"),
        may("circuit-id", Takes::Text, "MAD-0042", "the carrier's identifier of the circuit"),
        may("engineer", Takes::Text, "J. García", "who measures"),
        may("note", Takes::Text, "after the upgrade", "anything else"),
    ],
);
