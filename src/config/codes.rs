//! Every code that a diagnostic of the topology can carry. Codes are stable: scripts and editors may match them.

use crate::domain::diagnostic::Severity;
use Severity::{Error, Warning};

/// A kind of finding. The order is that of [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Utf16,
    NotUtf8,
    EmptyFile,
    YamlSyntax,
    TabIndentation,
    DuplicateKey,
    UnknownAlias,
    AliasBomb,
    TooDeep,
    SeveralDocuments,
    YamlTag,
    MergeKey,
    ComplexKey,
    TooLarge,
    BadInclude,
    IncludeCycle,
    IncludeClash,
    UnsetVariable,
    BadVariable,
    UnknownKey,
    MissingKey,
    WrongType,
    InvalidName,
    BadRate,
    BadDuration,
    BadSize,
    BadRatio,
    BadNumber,
    BadBoolean,
    UnknownWord,
    OutOfRange,
    BadText,
    BadPorts,
    BadAddress,
    BadDate,
    BadCron,
    UnknownTimeZone,
    PlainSecret,
    BadDirection,
    BadLimit,
    EmptyList,
    MissingKind,
    SeveralKinds,
    UnknownKind,
    UnknownHostKind,
    UnknownHost,
    UnknownSite,
    UnknownProbe,
    UnknownTag,
    UnknownEnd,
    UnknownGroup,
    UnknownTest,
    UnknownDirection,
    DuplicateDirection,
    NameUsedTwice,
    ReservedName,
    TwoEnds,
    LinkToItself,
    LinkInsideSite,
    ParallelLinks,
    EmptySelection,
    GroupWithoutPairs,
    TooFewProbes,
    CyclicSuite,
    UdpWithoutRate,
    TcpOnly,
    WholeSeconds,
    IntervalBeyondDuration,
    WarnBeyondFail,
    DaysReversed,
    KeyOfOtherKind,
    ContradictingKeys,
    AddressUsedTwice,
    PortsOverlap,
    AddressNeeded,
    NotShapeable,
    GatewayOutside,
    NoCommonFamily,
    ExternalSource,
    BudgetExceeded,
    RepeatedName,
    ShortFingerprint,
    RateWithoutContract,
    RateBeyondUplink,
    RateWithoutTcp,
    ExpectationWithoutContract,
    BehindNat,
    UncrossedLink,
    UplinkBelowContract,
    UnusedHost,
    EmptySite,
}

type Row = (Code, &'static str, Severity, &'static str);

/// Code, its text, its severity and what it means in one line.
const TABLE: &[Row] = &[
    (Code::Utf16, "utf-16", Error, "the file is written in UTF-16; topologies are UTF-8"),
    (Code::NotUtf8, "not-utf-8", Error, "the file holds bytes that are no UTF-8 text"),
    (Code::EmptyFile, "empty-file", Error, "the file says nothing"),
    (Code::YamlSyntax, "yaml-syntax", Error, "the text is no YAML"),
    (Code::TabIndentation, "tab-indentation", Error, "a tab stands where YAML takes spaces only"),
    (Code::DuplicateKey, "duplicate-key", Error, "a key or name appears twice in one map"),
    (Code::UnknownAlias, "unknown-alias", Error, "a YAML alias without its anchor before it"),
    (Code::AliasBomb, "alias-bomb", Error, "YAML aliases that multiply beyond any use"),
    (Code::TooDeep, "too-deep", Error, "nested deeper than the language ever needs"),
    (Code::SeveralDocuments, "several-documents", Error, "more than one YAML document in the file"),
    (Code::YamlTag, "yaml-tag", Error, "a YAML tag; the language has none"),
    (Code::MergeKey, "merge-key", Error, "YAML's `<<`; the language has `defaults` instead"),
    (Code::ComplexKey, "complex-key", Error, "a key that is no plain word"),
    (
        Code::TooLarge,
        "too-large",
        Error,
        "more than a topology ever needs: 8 MiB a file, 32 MiB or a million values in all",
    ),
    (Code::BadInclude, "bad-include", Error, "an included file that cannot be read, or may not be"),
    (Code::IncludeCycle, "include-cycle", Error, "a file that includes itself, also by way of others"),
    (Code::IncludeClash, "include-clash", Error, "the same thing said in two files"),
    (Code::UnsetVariable, "unset-variable", Error, "a `${NAME}` that the environment does not have"),
    (Code::BadVariable, "bad-variable", Error, "a `${` that does not go on as `NAME}` or `NAME:-default}`"),
    (Code::UnknownKey, "unknown-key", Error, "a key that does not exist in this place"),
    (Code::MissingKey, "missing-key", Error, "a key without which the object means nothing"),
    (Code::WrongType, "wrong-type", Error, "a list, map or value where another of these is needed"),
    (Code::InvalidName, "invalid-name", Error, "a name with other than a-z, 0-9 and inner hyphens, or too long"),
    (Code::BadRate, "bad-rate", Error, "no rate in bits per second with its unit"),
    (Code::BadDuration, "bad-duration", Error, "no time with its unit"),
    (Code::BadSize, "bad-size", Error, "no size in bytes with its unit"),
    (Code::BadRatio, "bad-ratio", Error, "no share in percent"),
    (Code::BadNumber, "bad-number", Error, "no whole number in plain digits"),
    (Code::BadBoolean, "bad-boolean", Error, "neither `true` nor `false`"),
    (Code::UnknownWord, "unknown-word", Error, "none of the words that this key takes"),
    (Code::OutOfRange, "out-of-range", Error, "a value beyond what the tool or the network can do"),
    (Code::BadText, "bad-text", Error, "text that does not have the form that its key takes"),
    (Code::BadPorts, "bad-ports", Error, "no port and no range of ports"),
    (
        Code::BadAddress,
        "bad-address",
        Error,
        "no IP address, or one with or without the length of its prefix where the other is needed",
    ),
    (Code::BadDate, "bad-date", Error, "no day written year-month-day"),
    (Code::BadCron, "bad-cron", Error, "no five fields as in crontab(5)"),
    (Code::UnknownTimeZone, "unknown-time-zone", Error, "a time zone that is not in the IANA database"),
    (Code::PlainSecret, "plain-secret", Error, "a secret in plain text"),
    (Code::BadDirection, "bad-direction", Error, "a direction not written `a->b`"),
    (Code::BadLimit, "bad-limit", Error, "an expectation that its metric cannot have"),
    (Code::EmptyList, "empty-list", Error, "a list that must have an item and has none"),
    (Code::MissingKind, "missing-kind", Error, "a host, group or test that does not say of which kind it is"),
    (Code::SeveralKinds, "several-kinds", Error, "a host, group or test of two kinds at once"),
    (Code::UnknownKind, "unknown-kind", Error, "a kind of group or test that does not exist"),
    (Code::UnknownHostKind, "unknown-host-kind", Error, "a kind of host that does not exist"),
    (Code::UnknownHost, "unknown-host", Error, "a host that is not under `hosts`"),
    (Code::UnknownSite, "unknown-site", Error, "a site that is not under `sites`"),
    (Code::UnknownProbe, "unknown-probe", Error, "a probe that is not under `probes`"),
    (Code::UnknownTag, "unknown-tag", Error, "a tag that no probe carries"),
    (Code::UnknownEnd, "unknown-end", Error, "an end of a link that is neither site nor probe"),
    (Code::UnknownGroup, "unknown-group", Error, "a group that is not under `groups`"),
    (Code::UnknownTest, "unknown-test", Error, "neither a test nor a suite"),
    (Code::UnknownDirection, "unknown-direction", Error, "a direction between ends that the link does not have"),
    (Code::DuplicateDirection, "duplicate-direction", Error, "a direction given twice"),
    (Code::NameUsedTwice, "name-used-twice", Error, "one name for two things that share one set of names"),
    (Code::ReservedName, "reserved-name", Error, "a name that the language keeps for itself"),
    (Code::TwoEnds, "two-ends", Error, "a link that does not join exactly two ends"),
    (Code::LinkToItself, "link-to-itself", Error, "a link with the same end twice"),
    (Code::LinkInsideSite, "link-inside-site", Error, "a link between a probe and its own site"),
    (Code::ParallelLinks, "parallel-links", Error, "two links that join the same two ends"),
    (Code::EmptySelection, "empty-selection", Error, "a selection that no probe meets"),
    (Code::GroupWithoutPairs, "group-without-pairs", Error, "a group that makes no pair of probes"),
    (Code::TooFewProbes, "too-few-probes", Error, "fewer than two probes in the whole topology"),
    (Code::CyclicSuite, "cyclic-suite", Error, "a suite that contains itself"),
    (Code::UdpWithoutRate, "udp-without-rate", Error, "a UDP test that does not say how fast to send"),
    (Code::TcpOnly, "tcp-only", Error, "a key of TCP tests in a test of another protocol"),
    (Code::WholeSeconds, "whole-seconds", Error, "a time that iperf3 takes in whole seconds only"),
    (Code::IntervalBeyondDuration, "interval-beyond-duration", Error, "an interval longer than its test"),
    (Code::WarnBeyondFail, "warn-beyond-fail", Error, "a warning limit that is only met after the failing one"),
    (Code::DaysReversed, "days-reversed", Error, "a stretch of days that ends before it starts"),
    (Code::KeyOfOtherKind, "key-of-other-kind", Error, "a key that a probe on this kind of host cannot use"),
    (Code::ContradictingKeys, "contradicting-keys", Error, "two keys of which only one can hold"),
    (Code::AddressUsedTwice, "address-used-twice", Error, "one address for two probes"),
    (Code::PortsOverlap, "ports-overlap", Error, "the same ports for two probes that share an address"),
    (
        Code::AddressNeeded,
        "address-needed",
        Error,
        "a probe that others reach at its host, of which nobody says where that is",
    ),
    (Code::NotShapeable, "not-shapeable", Error, "an `impair` or `uplink` where nothing can shape"),
    (Code::GatewayOutside, "gateway-outside", Error, "a gateway that is not in the network of its probe"),
    (Code::NoCommonFamily, "no-common-family", Error, "a pair, or a test, whose ends have no address family in common"),
    (Code::ExternalSource, "external-source", Error, "an external server as the source of a pair"),
    (Code::BudgetExceeded, "budget-exceeded", Error, "a test that sends faster than its campaign may"),
    (Code::RepeatedName, "repeated-name", Warning, "a name twice in one list"),
    (Code::ShortFingerprint, "short-fingerprint", Warning, "a fingerprint that is cut off"),
    (Code::RateWithoutContract, "rate-without-contract", Warning, "a test at the contracted rate where none is agreed"),
    (Code::RateBeyondUplink, "rate-beyond-uplink", Warning, "a test that sends faster than an uplink on its way"),
    (
        Code::RateWithoutTcp,
        "rate-without-tcp",
        Warning,
        "a test that follows TCP in a campaign without a TCP test before it",
    ),
    (
        Code::ExpectationWithoutContract,
        "expectation-without-contract",
        Warning,
        "an expectation relative to a contract where none is agreed",
    ),
    (Code::BehindNat, "behind-nat", Warning, "a test towards a probe that nothing can connect to"),
    (Code::UncrossedLink, "uncrossed-link", Warning, "a link that no campaign crosses"),
    (Code::UplinkBelowContract, "uplink-below-contract", Warning, "an uplink slower than the contract behind it"),
    (Code::UnusedHost, "unused-host", Warning, "a host that carries no probe"),
    (Code::EmptySite, "empty-site", Warning, "a site without a probe"),
];

impl Code {
    /// The text that stands in diagnostics.
    pub(crate) const fn text(self) -> &'static str {
        TABLE[self as usize].1
    }

    pub(crate) const fn severity(self) -> Severity {
        TABLE[self as usize].2
    }
}

/// All codes: text, severity and meaning in one line, for documentation.
pub fn codes() -> impl Iterator<Item = (&'static str, Severity, &'static str)> {
    TABLE.iter().map(|&(_, text, severity, meaning)| (text, severity, meaning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_in_the_order_of_the_codes() {
        for (index, (code, ..)) in TABLE.iter().enumerate() {
            assert_eq!(*code as usize, index, "{code:?} is out of place");
        }
        assert_eq!(Code::EmptySite as usize, TABLE.len() - 1);
    }

    #[test]
    fn codes_are_unique_and_in_kebab_case() {
        let unique: BTreeSet<_> = codes().map(|(text, ..)| text).collect();
        assert_eq!(unique.len(), TABLE.len());
        assert!(unique.iter().all(|t| t.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))));
    }
}
