//! Groups, selectors and campaigns.

use super::{ALL, Kinds, Metric, Object, Takes, may, needs, object};

/// `all`, names, or criteria.
const SELECTION: Takes = Takes::OneOf(&[Takes::Words(&[ALL]), Takes::SomeNames, Takes::Object(&SELECTOR)]);

pub(crate) const GROUPS: Kinds = Kinds {
    id: "group",
    what: "group",
    kinds: &[
        may("mesh", SELECTION, "all", "every probe with every other"),
        may("star", Takes::Object(&STAR), "{ hub: alpha, spokes: all }", "a hub with each of its spokes"),
        may("ring", SELECTION, "[alpha, beta, gamma]", "each with its next, the last with the first"),
        may(
            "between",
            Takes::Object(&BETWEEN),
            "{ from: { sites: [madrid] }, to: { sites: [sevilla] } }",
            "each probe of one side with each of the other",
        ),
        may("pairs", Takes::List(&Takes::TwoNames), "[[alpha, beta]]", "the pairs as listed"),
    ],
    extras: &[may("one-way", Takes::Boolean, "true", "only in the written order; both ways unless said")],
};

const EXCEPT: super::Key = may("except", Takes::SomeNames, "[beta]", "but not these probes");

pub(crate) const STAR: Object = object(
    "star",
    "a star",
    &[
        needs("hub", Takes::Name, "alpha", "the probe in the middle"),
        needs("spokes", SELECTION, "all", "the others"),
        EXCEPT,
    ],
);

pub(crate) const BETWEEN: Object = object(
    "between",
    "a group between two sides",
    &[
        needs("from", SELECTION, "{ sites: [madrid] }", "one side"),
        needs("to", SELECTION, "{ sites: [sevilla] }", "the other side"),
        EXCEPT,
    ],
);

pub(crate) const SELECTOR: Object = object(
    "selector",
    "a selection",
    &[
        may(
            "probes",
            Takes::OneOf(&[Takes::Words(&[ALL]), Takes::SomeNames]),
            "all",
            "from these; from all unless said",
        ),
        may("tags", Takes::SomeNames, "[branch]", "those with any of these tags"),
        may("sites", Takes::SomeNames, "[madrid]", "those at any of these sites"),
        EXCEPT,
    ],
);

pub(crate) const CAMPAIGN: Object = object(
    "campaign",
    "a campaign",
    &[
        needs("group", Takes::Name, "all", "the group that it crosses"),
        needs("run", Takes::SomeNames, "auto", "a test, a suite, or a list of them"),
        may(
            "repeat",
            Takes::Number { least: 1, most: 1_000_000 },
            "3",
            "how many times the whole is run; once unless said",
        ),
        may(
            "expect",
            Takes::Object(&EXPECT),
            "{ throughput: { warn: 95%, fail: 90% } }",
            "when to warn and to fail; the usual limits of the contract unless said",
        ),
        may(
            "schedule",
            Takes::Object(&SCHEDULE),
            "{ cron: \"0 3 * * *\", time-zone: Europe/Madrid }",
            "when it is run by itself",
        ),
        may("budget", Takes::Object(&BUDGET), "{ bytes-per-day: 50GB, max-rate: 500M }", "what it may send"),
    ],
);

pub(crate) const EXPECT: Object = object(
    "expect",
    "an expectation",
    &[
        may("throughput", Takes::Object(&LIMITS_OF_THROUGHPUT), "{ warn: 95%, fail: 90% }", "lower bounds"),
        may("rtt", Takes::Object(&LIMITS_OF_RTT), "{ fail: contract }", "upper bounds of the mean round-trip time"),
        may("jitter", Takes::Object(&LIMITS_OF_JITTER), "{ fail: 5ms }", "upper bounds"),
        may(
            "loss",
            Takes::Object(&LIMITS_OF_LOSS),
            "{ fail: contract }",
            "upper bounds; a share is one of the packets",
        ),
        may("mtu", Takes::Object(&LIMITS_OF_MTU), "{ fail: contract }", "lower bounds of the path MTU, in bytes"),
    ],
);

const LIMITS_OF_THROUGHPUT: Object =
    limits("throughput-limits", &[limit("warn", Metric::Throughput), limit("fail", Metric::Throughput)]);
const LIMITS_OF_RTT: Object = limits("rtt-limits", &[limit("warn", Metric::Rtt), limit("fail", Metric::Rtt)]);
const LIMITS_OF_JITTER: Object =
    limits("jitter-limits", &[limit("warn", Metric::Jitter), limit("fail", Metric::Jitter)]);
const LIMITS_OF_LOSS: Object = limits("loss-limits", &[limit("warn", Metric::Loss), limit("fail", Metric::Loss)]);
const LIMITS_OF_MTU: Object = limits("mtu-limits", &[limit("warn", Metric::Mtu), limit("fail", Metric::Mtu)]);

const fn limits(id: &'static str, keys: &'static [super::Key]) -> Object {
    Object { id, what: "a limit", keys, some: true }
}

const fn limit(name: &'static str, metric: Metric) -> super::Key {
    let example = match metric {
        Metric::Throughput => "90%",
        Metric::Rtt | Metric::Jitter => "20ms",
        Metric::Loss => "1%",
        Metric::Mtu => "1500",
    };
    may(name, Takes::Limit(metric), example, "an absolute value, a percentage of the contract, or `contract`")
}

/// The limits of a metric.
pub(crate) const fn limits_of(metric: Metric) -> &'static Object {
    match metric {
        Metric::Throughput => &LIMITS_OF_THROUGHPUT,
        Metric::Rtt => &LIMITS_OF_RTT,
        Metric::Jitter => &LIMITS_OF_JITTER,
        Metric::Loss => &LIMITS_OF_LOSS,
        Metric::Mtu => &LIMITS_OF_MTU,
    }
}

pub(crate) const SCHEDULE: Object = object(
    "schedule",
    "a schedule",
    &[
        needs(
            "cron",
            Takes::Form("five fields as in crontab(5)", r"\S+(\s+\S+){4}"),
            "\"0 3 * * *\"",
            "minute, hour, day of the month, month, day of the week, as in crontab(5)",
        ),
        may(
            "time-zone",
            Takes::Form("a time zone of the IANA database", "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*"),
            "Europe/Madrid",
            "time zone of the IANA database; UTC unless said",
        ),
        may("skip", Takes::List(&Takes::Object(&DAYS)), "[{ from: 2026-12-24, to: 2026-12-26 }]", "days without a run"),
    ],
);

pub(crate) const DAYS: Object = object(
    "days",
    "a stretch of days",
    &[
        needs("from", Takes::Date, "2026-12-24", "first day"),
        needs("to", Takes::Date, "2026-12-26", "last day, included"),
    ],
);

pub(crate) const BUDGET: Object = Object {
    some: true,
    ..object(
        "budget",
        "a budget",
        &[
            may(
                "bytes-per-day",
                Takes::Size { least: 1, most: u64::MAX },
                "50GB",
                "payload of all its runs in a day, both directions counted",
            ),
            may("max-rate", Takes::Rate, "500M", "rate that no test may exceed"),
        ],
    )
};
