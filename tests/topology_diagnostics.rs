//! Files that are no topologies: for each, every diagnostic by code, line and column, written by hand, and the
//! rendering.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use iperftester::config::{Loaded, Source, codes, load, render};
use iperftester::domain::diagnostic::Severity;

/// A file under `tests/topologies/invalid` and its diagnostics in the order of the file: code, line, column. Line 0
/// stands for the file as a whole.
type Case = (&'static str, &'static [(&'static str, usize, usize)]);

const CASES: &[Case] = &[
    ("addresses-used-twice", &[("address-used-twice", 5, 26), ("address-used-twice", 7, 26)]),
    (
        "bad-attachments",
        &[
            ("bad-address", 4, 26),
            ("bad-address", 5, 26),
            ("bad-text", 5, 50),
            ("bad-address", 6, 26),
            ("bad-boolean", 6, 52),
            ("bad-address", 7, 26),
            ("out-of-range", 7, 56),
            ("out-of-range", 7, 67),
            ("unknown-word", 8, 26),
            ("bad-number", 8, 48),
            ("bad-size", 8, 62),
            ("bad-address", 9, 62),
            ("missing-key", 10, 28),
            ("unknown-key", 10, 39),
            ("unknown-kind", 11, 28),
            ("bad-address", 12, 26),
            ("wrong-type", 12, 45),
            ("empty-list", 13, 22),
            ("bad-text", 13, 38),
            ("out-of-range", 14, 40),
            ("bad-text", 14, 52),
            ("empty-list", 15, 39),
            ("key-of-other-kind", 16, 44),
            ("unknown-word", 17, 28),
        ],
    ),
    (
        "budgets",
        &[
            ("budget-exceeded", 10, 32),
            ("budget-exceeded", 11, 25),
            ("bad-size", 11, 77),
            ("missing-key", 12, 31),
            ("bad-rate", 13, 51),
            ("out-of-range", 13, 71),
        ],
    ),
    (
        "external-sources",
        &[
            ("external-source", 5, 3),
            ("external-source", 6, 3),
            ("external-source", 7, 3),
            ("external-source", 9, 3),
            ("external-source", 10, 3),
            ("external-source", 11, 3),
        ],
    ),
    (
        "gateways",
        &[
            ("gateway-outside", 4, 49),
            ("bad-address", 5, 26),
            ("gateway-outside", 6, 26),
            ("gateway-outside", 7, 53),
            ("gateway-outside", 8, 50),
        ],
    ),
    (
        "host-settings",
        &[
            ("bad-text", 3, 28),
            ("contradicting-keys", 4, 41),
            ("missing-key", 5, 28),
            ("contradicting-keys", 6, 17),
            ("missing-key", 7, 53),
            ("missing-key", 7, 53),
            ("bad-text", 8, 25),
            ("bad-text", 8, 56),
            ("bad-text", 8, 70),
            ("missing-key", 9, 8),
            ("out-of-range", 9, 32),
            ("bad-text", 10, 24),
            ("bad-number", 10, 37),
            ("bad-text", 11, 29),
            ("bad-text", 11, 43),
            ("bad-text", 11, 67),
            ("bad-boolean", 11, 78),
            ("missing-key", 12, 8),
            ("bad-ports", 12, 27),
            ("unknown-word", 13, 28),
        ],
    ),
    (
        "image",
        &[("unknown-word", 3, 9), ("bad-text", 4, 10), ("bad-text", 5, 11), ("bad-text", 6, 13), ("unknown-key", 7, 3)],
    ),
    ("image-secrets", &[("plain-secret", 3, 11), ("plain-secret", 4, 13), ("plain-secret", 5, 53)]),
    (
        "impossible-rates",
        &[
            ("out-of-range", 3, 23),
            ("out-of-range", 6, 43),
            ("out-of-range", 8, 24),
            ("out-of-range", 9, 45),
            ("bad-ratio", 10, 45),
            ("unknown-kind", 11, 26),
            ("missing-kind", 12, 18),
            ("wrong-type", 13, 24),
        ],
    ),
    (
        "keys-of-other-kinds",
        &[
            ("key-of-other-kind", 12, 18),
            ("key-of-other-kind", 13, 18),
            ("key-of-other-kind", 13, 38),
            ("key-of-other-kind", 14, 18),
            ("key-of-other-kind", 14, 40),
            ("key-of-other-kind", 14, 55),
            ("key-of-other-kind", 15, 29),
            ("key-of-other-kind", 15, 47),
            ("key-of-other-kind", 16, 29),
            ("key-of-other-kind", 17, 18),
            ("key-of-other-kind", 17, 33),
            ("key-of-other-kind", 17, 60),
            ("key-of-other-kind", 18, 18),
            ("key-of-other-kind", 19, 18),
            ("key-of-other-kind", 19, 36),
            ("key-of-other-kind", 20, 29),
        ],
    ),
    ("towards-nat", &[("behind-nat", 14, 27), ("behind-nat", 14, 45), ("behind-nat", 15, 46), ("behind-nat", 17, 48)]),
    ("links-never-crossed", &[("uncrossed-link", 6, 3)]),
    (
        "more-dangling-references",
        &[
            ("unknown-host", 3, 22),
            ("unknown-probe", 5, 38),
            ("unknown-tag", 6, 34),
            ("unknown-test", 7, 25),
            ("unknown-test", 9, 29),
            ("unknown-group", 10, 15),
        ],
    ),
    (
        "more-tests",
        &[
            ("tcp-only", 5, 54),
            ("tcp-only", 5, 70),
            ("tcp-only", 6, 48),
            ("tcp-only", 6, 65),
            ("unknown-word", 7, 24),
            ("unknown-word", 7, 37),
            ("out-of-range", 8, 24),
            ("out-of-range", 8, 33),
            ("out-of-range", 8, 45),
            ("bad-rate", 9, 27),
            ("bad-boolean", 9, 42),
            ("unknown-word", 10, 28),
            ("unknown-key", 10, 34),
            ("udp-without-rate", 11, 28),
            ("out-of-range", 11, 41),
            ("whole-seconds", 11, 55),
            ("interval-beyond-duration", 12, 42),
            ("out-of-range", 13, 22),
            ("out-of-range", 13, 35),
            ("out-of-range", 14, 31),
            ("unknown-key", 14, 34),
            ("out-of-range", 15, 29),
            ("out-of-range", 15, 42),
            ("bad-number", 16, 26),
            ("bad-duration", 16, 41),
        ],
    ),
    (
        "more-unknown-keys",
        &[
            ("unknown-key", 2, 13),
            ("unknown-key", 2, 29),
            ("unknown-key", 4, 18),
            ("unknown-key", 5, 50),
            ("unknown-key", 6, 24),
            ("unknown-key", 7, 22),
            ("unknown-key", 9, 17),
            ("unknown-key", 10, 27),
            ("unknown-key", 10, 37),
            ("unknown-key", 12, 62),
            ("unknown-key", 12, 89),
        ],
    ),
    (
        "more-wrong-types",
        &[
            ("wrong-type", 2, 11),
            ("wrong-type", 4, 16),
            ("wrong-type", 5, 48),
            ("wrong-type", 7, 25),
            ("wrong-type", 7, 37),
            ("wrong-type", 7, 54),
            ("wrong-type", 8, 29),
            ("wrong-type", 8, 44),
            ("wrong-type", 10, 17),
            ("wrong-type", 12, 41),
            ("wrong-type", 12, 53),
        ],
    ),
    (
        "no-common-family",
        &[
            ("no-common-family", 17, 33),
            ("no-common-family", 18, 15),
            ("no-common-family", 19, 15),
            ("no-common-family", 19, 32),
        ],
    ),
    (
        "overlapping-ports",
        &[("ports-overlap", 10, 39), ("ports-overlap", 11, 3), ("ports-overlap", 13, 24), ("ports-overlap", 15, 3)],
    ),
    (
        "plain-processes",
        &[("contradicting-keys", 4, 3), ("not-shapeable", 6, 26), ("not-shapeable", 12, 44), ("not-shapeable", 12, 56)],
    ),
    ("plain-tcp", &[("bad-text", 3, 28), ("bad-text", 4, 27), ("bad-text", 5, 28)]),
    (
        "plain-secrets",
        &[
            ("plain-secret", 3, 22),
            ("bad-text", 4, 29),
            ("several-kinds", 5, 32),
            ("unknown-kind", 6, 24),
            ("wrong-type", 7, 22),
            ("missing-kind", 8, 15),
        ],
    ),
    ("rates-and-uplinks", &[("rate-beyond-uplink", 10, 28), ("rate-without-tcp", 10, 35)]),
    (
        "schedules",
        &[
            ("bad-cron", 5, 49),
            ("bad-cron", 6, 49),
            ("unknown-time-zone", 6, 74),
            ("bad-cron", 7, 49),
            ("unknown-time-zone", 7, 74),
            ("missing-key", 8, 31),
            ("unknown-time-zone", 8, 54),
            ("bad-cron", 9, 49),
            ("days-reversed", 9, 90),
            ("bad-date", 10, 77),
            ("bad-date", 10, 93),
            ("empty-list", 11, 68),
            ("missing-key", 12, 69),
            ("wrong-type", 13, 41),
            ("bad-cron", 14, 49),
            ("bad-cron", 15, 49),
        ],
    ),
    ("short-fingerprint", &[("short-fingerprint", 3, 62)]),
    ("alias-bomb", &[("alias-bomb", 6, 15)]),
    ("alias-inside-anchor", &[("unknown-alias", 5, 42)]),
    ("bad-booleans", &[("bad-boolean", 5, 28), ("bad-boolean", 6, 28), ("bad-boolean", 7, 28)]),
    (
        "bad-durations",
        &[
            ("bad-duration", 5, 31),
            ("bad-duration", 7, 42),
            ("bad-duration", 7, 54),
            ("bad-duration", 7, 84),
            ("bad-duration", 9, 26),
            ("bad-duration", 9, 40),
        ],
    ),
    (
        "bad-numbers",
        &[
            ("out-of-range", 6, 42),
            ("bad-number", 8, 27),
            ("bad-number", 9, 27),
            ("bad-number", 10, 23),
            ("bad-number", 11, 23),
            ("bad-number", 12, 31),
            ("bad-number", 13, 23),
        ],
    ),
    (
        "bad-ports",
        &[
            ("bad-ports", 5, 15),
            ("bad-ports", 6, 15),
            ("bad-ports", 7, 15),
            ("bad-ports", 8, 15),
            ("wrong-type", 9, 15),
        ],
    ),
    (
        "bad-rates",
        &[
            ("bad-rate", 8, 23),
            ("bad-rate", 9, 29),
            ("bad-rate", 9, 41),
            ("bad-rate", 11, 24),
            ("bad-rate", 12, 24),
            ("bad-ratio", 13, 24),
            ("out-of-range", 14, 24),
        ],
    ),
    ("bad-ratios", &[("bad-ratio", 6, 43), ("bad-ratio", 6, 66), ("bad-ratio", 8, 55), ("bad-ratio", 8, 64)]),
    (
        "bad-sizes",
        &[
            ("bad-size", 5, 26),
            ("bad-size", 6, 26),
            ("bad-size", 7, 22),
            ("out-of-range", 8, 26),
            ("out-of-range", 9, 51),
        ],
    ),
    ("binary", &[("not-utf-8", 1, 8)]),
    ("broken-places", &[("wrong-type", 3, 11), ("wrong-type", 4, 13), ("wrong-type", 4, 29), ("wrong-type", 5, 14)]),
    ("byte-order-mark", &[("invalid-name", 1, 7)]),
    ("colon-in-value", &[("yaml-syntax", 2, 18)]),
    ("container-addresses", &[("address-needed", 9, 3), ("address-needed", 10, 3), ("address-needed", 12, 3)]),
    (
        "container-ports",
        &[("ports-overlap", 9, 3), ("ports-overlap", 10, 47), ("ports-overlap", 12, 32), ("ports-overlap", 15, 32)],
    ),
    ("control-character", &[("yaml-syntax", 2, 14)]),
    ("crlf", &[("unknown-host", 4, 14)]),
    ("cyclic-suites", &[("cyclic-suite", 7, 7), ("cyclic-suite", 8, 7)]),
    (
        "dangling-references",
        &[
            ("unknown-host", 3, 28),
            ("unknown-site", 3, 41),
            ("unknown-host", 4, 35),
            ("unknown-host", 7, 17),
            ("unknown-site", 7, 29),
            ("unknown-end", 9, 25),
            ("unknown-probe", 11, 21),
            ("unknown-probe", 11, 42),
            ("unknown-site", 12, 24),
            ("unknown-probe", 13, 24),
            ("unknown-probe", 14, 22),
            ("unknown-test", 15, 20),
            ("unknown-group", 17, 15),
            ("unknown-test", 17, 25),
        ],
    ),
    (
        "decimal-commas",
        &[
            ("bad-number", 6, 42),
            ("bad-rate", 10, 23),
            ("bad-duration", 10, 37),
            ("bad-ratio", 10, 53),
            ("bad-rate", 11, 21),
            ("bad-duration", 11, 38),
            ("bad-rate", 13, 27),
            ("bad-size", 13, 43),
            ("bad-limit", 15, 61),
        ],
    ),
    ("deep-blocks", &[("too-deep", 65, 65)]),
    ("deep-nesting", &[("too-deep", 1, 71)]),
    ("default-interval", &[("interval-beyond-duration", 4, 45)]),
    (
        "directions",
        &[
            ("bad-direction", 8, 25),
            ("unknown-direction", 10, 15),
            ("unknown-direction", 10, 25),
            ("duplicate-direction", 11, 25),
            ("invalid-name", 12, 16),
        ],
    ),
    (
        "duplicate-keys",
        &[
            ("duplicate-key", 2, 1),
            ("duplicate-key", 5, 17),
            ("duplicate-key", 7, 3),
            ("unknown-test", 9, 25),
            ("duplicate-key", 9, 34),
        ],
    ),
    ("empty", &[("empty-file", 0, 0)]),
    (
        "empty-lists",
        &[
            ("empty-list", 5, 14),
            ("empty-list", 6, 15),
            ("empty-list", 7, 22),
            ("empty-list", 8, 14),
            ("empty-list", 9, 36),
        ],
    ),
    ("empty-maps", &[("missing-key", 2, 1), ("missing-key", 3, 1)]),
    (
        "empty-selections",
        &[
            ("empty-selection", 6, 14),
            ("empty-selection", 7, 32),
            ("group-without-pairs", 8, 3),
            ("group-without-pairs", 9, 3),
            ("group-without-pairs", 10, 3),
            ("group-without-pairs", 11, 24),
            ("group-without-pairs", 12, 3),
        ],
    ),
    ("errors-and-warnings", &[("repeated-name", 3, 35), ("unknown-site", 3, 61)]),
    ("far-apart", &[("parallel-links", 26, 22)]),
    (
        "five-faults",
        &[
            ("unknown-host", 5, 18),
            ("unknown-key", 6, 23),
            ("unknown-end", 8, 27),
            ("bad-rate", 8, 53),
            ("udp-without-rate", 10, 30),
        ],
    ),
    (
        "invalid-names",
        &[
            ("invalid-name", 1, 7),
            ("invalid-name", 2, 10),
            ("invalid-name", 4, 3),
            ("invalid-name", 5, 3),
            ("invalid-name", 5, 27),
            ("invalid-name", 6, 3),
            ("invalid-name", 7, 3),
        ],
    ),
    (
        "kinds",
        &[
            ("missing-kind", 4, 3),
            ("unknown-host-kind", 5, 8),
            ("unknown-host-kind", 6, 8),
            ("unknown-kind", 9, 8),
            ("several-kinds", 10, 19),
            ("missing-kind", 11, 3),
            ("unknown-key", 12, 19),
            ("unknown-key", 13, 19),
            ("unknown-kind", 15, 8),
            ("missing-kind", 16, 3),
            ("several-kinds", 17, 18),
        ],
    ),
    ("latin-1", &[("not-utf-8", 2, 17)]),
    (
        "limits",
        &[
            ("warn-beyond-fail", 8, 61),
            ("warn-beyond-fail", 8, 92),
            ("bad-limit", 9, 61),
            ("bad-duration", 9, 81),
            ("bad-rate", 10, 61),
            ("bad-duration", 10, 85),
        ],
    ),
    (
        "links",
        &[
            ("link-to-itself", 6, 22),
            ("two-ends", 7, 18),
            ("two-ends", 8, 18),
            ("link-inside-site", 9, 18),
            ("parallel-links", 11, 18),
        ],
    ),
    ("long-list-of-known", &[("unknown-probe", 34, 32)]),
    (
        "marked-letters",
        &[("invalid-name", 4, 3), ("invalid-name", 5, 3), ("invalid-name", 6, 3), ("invalid-name", 7, 3)],
    ),
    ("missing-everything", &[("missing-key", 1, 1), ("missing-key", 1, 1), ("missing-key", 1, 1)]),
    (
        "missing-keys",
        &[
            ("missing-key", 3, 15),
            ("missing-key", 5, 3),
            ("missing-key", 8, 3),
            ("missing-key", 9, 16),
            ("missing-key", 9, 46),
            ("missing-key", 11, 3),
            ("missing-key", 11, 3),
            ("missing-key", 12, 41),
        ],
    ),
    ("names-used-twice", &[("name-used-twice", 4, 11), ("name-used-twice", 6, 10), ("reserved-name", 7, 11)]),
    ("one-probe", &[("too-few-probes", 3, 1)]),
    (
        "one-slip-one-fault",
        &[
            ("unknown-key", 3, 1),
            ("unknown-key", 4, 1),
            ("unknown-key", 4, 22),
            ("unknown-key", 5, 1),
            ("unknown-host", 5, 28),
            ("unknown-key", 6, 24),
            ("unknown-key", 7, 19),
        ],
    ),
    ("one-way-contract", &[("rate-without-contract", 12, 27)]),
    ("only-comments", &[("empty-file", 0, 0)]),
    ("only-null", &[("empty-file", 0, 0)]),
    (
        "out-of-range",
        &[
            ("out-of-range", 4, 27),
            ("out-of-range", 6, 28),
            ("out-of-range", 6, 41),
            ("out-of-range", 7, 28),
            ("out-of-range", 7, 43),
            ("out-of-range", 8, 26),
            ("out-of-range", 8, 38),
            ("out-of-range", 8, 47),
            ("out-of-range", 9, 32),
            ("out-of-range", 9, 46),
            ("out-of-range", 9, 59),
            ("out-of-range", 11, 39),
        ],
    ),
    ("root-is-a-list", &[("wrong-type", 1, 1)]),
    ("root-is-a-word", &[("wrong-type", 1, 1)]),
    ("several-documents", &[("several-documents", 4, 1)]),
    ("stray-at-sign", &[("yaml-syntax", 1, 7)]),
    (
        "swarm",
        &[
            ("bad-text", 3, 32),
            ("bad-text", 4, 32),
            ("bad-text", 5, 32),
            ("missing-key", 6, 69),
            ("key-of-other-kind", 9, 32),
            ("key-of-other-kind", 10, 28),
            ("ports-overlap", 11, 3),
            ("ports-overlap", 12, 3),
            ("ports-overlap", 13, 3),
            ("key-of-other-kind", 14, 50),
            ("group-without-pairs", 17, 3),
        ],
    ),
    ("tab-indentation", &[("tab-indentation", 3, 1)]),
    ("tags-and-merges", &[("yaml-tag", 1, 7), ("merge-key", 5, 8), ("complex-key", 6, 3)]),
    (
        "tests",
        &[
            ("udp-without-rate", 6, 28),
            ("tcp-only", 6, 53),
            ("whole-seconds", 7, 28),
            ("whole-seconds", 7, 42),
            ("interval-beyond-duration", 8, 28),
            ("interval-beyond-duration", 9, 42),
        ],
    ),
    (
        "unshapeable",
        &[
            ("not-shapeable", 30, 55),
            ("not-shapeable", 31, 54),
            ("not-shapeable", 32, 61),
            ("not-shapeable", 33, 49),
            ("not-shapeable", 34, 56),
            ("not-shapeable", 36, 48),
            ("not-shapeable", 38, 49),
            ("not-shapeable", 39, 47),
        ],
    ),
    ("unclosed-brace", &[("yaml-syntax", 3, 1)]),
    ("unclosed-quote", &[("yaml-syntax", 2, 14)]),
    ("unknown-alias", &[("unknown-alias", 1, 7)]),
    (
        "unknown-keys-everywhere",
        &[
            ("unknown-key", 2, 1),
            ("unknown-key", 3, 24),
            ("unknown-key", 5, 11),
            ("unknown-key", 6, 3),
            ("unknown-key", 7, 15),
            ("unknown-key", 7, 54),
            ("unknown-key", 8, 25),
            ("unknown-key", 10, 25),
            ("unknown-key", 10, 60),
            ("unknown-key", 10, 81),
            ("unknown-key", 11, 32),
            ("unknown-key", 11, 54),
            ("unknown-key", 13, 18),
            ("unknown-key", 14, 16),
            ("unknown-key", 15, 22),
            ("unknown-key", 17, 31),
            ("unknown-key", 17, 53),
            ("unknown-key", 17, 82),
        ],
    ),
    ("unknown-tags", &[("unknown-tag", 6, 28), ("unknown-probe", 7, 38)]),
    ("unknown-words", &[("unknown-word", 5, 28), ("unknown-word", 6, 29), ("bad-text", 7, 38)]),
    ("utf-16", &[("utf-16", 0, 0)]),
    ("utf-16-without-mark", &[("utf-16", 0, 0)]),
    (
        "warnings",
        &[
            ("unused-host", 2, 28),
            ("empty-site", 3, 68),
            ("repeated-name", 4, 46),
            ("uplink-below-contract", 6, 43),
            ("uplink-below-contract", 6, 43),
            ("uncrossed-link", 7, 3),
            ("expectation-without-contract", 14, 81),
            ("rate-without-contract", 15, 31),
            ("expectation-without-contract", 15, 68),
        ],
    ),
    ("wide-characters", &[("invalid-name", 4, 35), ("invalid-name", 4, 38), ("invalid-name", 4, 42)]),
    (
        "wrong-types",
        &[
            ("wrong-type", 1, 7),
            ("wrong-type", 2, 14),
            ("wrong-type", 3, 13),
            ("wrong-type", 4, 8),
            ("wrong-type", 6, 17),
            ("wrong-type", 7, 6),
            ("wrong-type", 9, 17),
            ("wrong-type", 9, 30),
            ("wrong-type", 11, 24),
            ("wrong-type", 13, 23),
            ("wrong-type", 15, 53),
        ],
    ),
];

/// Codes of what takes several files, the environment or a huge file: `tests/topology_files.rs` and `topology_hostile.rs`.
const HELD_ELSEWHERE: &[&str] =
    &["too-large", "bad-include", "include-cycle", "include-clash", "unset-variable", "bad-variable"];

fn load_case(name: &str) -> (Source, Loaded) {
    let file = Path::new("tests/topologies/invalid").join(name).with_extension("yaml");
    let bytes = std::fs::read(&file).unwrap();
    let source = Source { file: format!("{name}.yaml").into(), bytes };
    let loaded = load(&source);
    (source, loaded)
}

fn found(loaded: &Loaded) -> Vec<(String, usize, usize)> {
    let place =
        |d: &iperftester::domain::diagnostic::Diagnostic| d.place.as_ref().map_or((0, 0), |p| (p.line, p.column));
    loaded.diagnostics.iter().map(|d| (d.code.clone(), place(d).0, place(d).1)).collect()
}

#[test]
fn every_fault_is_found_in_its_place_and_nothing_else() {
    let mut wrong = String::new();
    for (name, expected) in CASES {
        let (source, loaded) = load_case(name);
        let expected: Vec<_> =
            expected.iter().map(|(code, line, column)| ((*code).to_owned(), *line, *column)).collect();
        if found(&loaded) != expected {
            let rendered = render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, false);
            wrong += &format!("{name}\n expected {expected:?}\n found    {:?}\n{rendered}\n", found(&loaded));
        }
        let error = loaded.diagnostics.iter().any(|d| d.severity == Severity::Error);
        assert_eq!(loaded.topology.is_none(), error, "{name}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn renderings_are_as_stored() {
    for (name, _) in CASES {
        let (source, loaded) = load_case(name);
        insta::assert_snapshot!(*name, render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, false));
    }
}

#[test]
fn every_file_has_its_case_and_every_code_its_file() {
    let files: BTreeSet<String> = std::fs::read_dir("tests/topologies/invalid")
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let cases: BTreeSet<String> = CASES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, cases);
    let covered = CASES.iter().flat_map(|(_, faults)| faults.iter().map(|f| f.0));
    let covered: BTreeSet<&str> = covered.chain(HELD_ELSEWHERE.iter().copied()).collect();
    let known: BTreeSet<&str> = codes().map(|(code, ..)| code).collect();
    assert_eq!(covered, known);
    assert!(CASES.iter().filter(|(_, faults)| faults.len() >= 3).count() >= 10);
}

#[test]
fn a_diagnostic_is_the_same_record_as_json() {
    let (_, loaded) = load_case("five-faults");
    let json = serde_json::to_value(&loaded.diagnostics[0]).unwrap();
    assert_eq!(json["code"], "unknown-host");
    assert_eq!(json["severity"], "error");
    assert_eq!(json["place"]["line"], 5);
    assert_eq!(json["place"]["column"], 18);
    assert_eq!(json["known"], serde_json::json!(["lab"]));
    assert_eq!(json["fix"], "write `lab`");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let (source, loaded) = load_case("five-faults");
    let coloured = render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, true);
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain += before;
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(plain + rest, render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, false));
}

#[test]
fn nothing_to_say_is_nothing_rendered() {
    let source = Source { file: "t.yaml".into(), bytes: vec![] };
    assert_eq!(render(iperftester::i18n::Lang::En, &[], &source, false), "");
}

#[test]
fn five_megabytes_of_faults_are_all_found() {
    let mut text = String::from("name: huge\nhosts: { h: { local: {} } }\nprobes:\n");
    let count = 30_000;
    for probe in 0..count {
        text += &format!("  probe-{probe}: {{ host: nowhere, tags: [floor-{}], rack: {probe} }}", probe % 9);
        text += "  # a remark on where it hangs and who may touch it, as long files have them, and more of it\n";
    }
    assert!(text.len() > 4_500_000);
    let source = Source { file: "t.yaml".into(), bytes: text.into_bytes() };
    let loaded = load(&source);
    assert!(loaded.topology.is_none());
    assert_eq!(loaded.diagnostics.len(), 2 * count);
    let rendered = render(iperftester::i18n::Lang::En, &loaded.diagnostics[..2000], &source, false);
    assert!(rendered.ends_with("error: 2,000 faults in t.yaml\n"));
}
