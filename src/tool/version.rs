//! What a test asks of the versions of its tool.

use std::fmt;

/// A version as far as options depend on it: the first two or three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32, u32, u32);

impl Version {
    /// Major, minor and patch.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self(major, minor, patch)
    }

    /// The numbers at the start of a tool's own words, `3.17.1+` or `3.12`; `None` where there are none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits = |part: &str| -> Option<u32> {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse().ok()
        };
        let mut parts = text.split('.');
        let major = digits(parts.next()?)?;
        let mut more = || parts.next().and_then(digits).unwrap_or(0);
        Some(Self(major, more(), more()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        write!(f, "{major}.{minor}")?;
        if *patch > 0 { write!(f, ".{patch}") } else { Ok(()) }
    }
}

/// What a test asks for that not every version of its tool has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is, with the option that asks for it.
    pub what: &'static str,
    /// The first version that has it.
    pub since: Version,
    /// Must the server's end have it too?
    pub both_ends: bool,
}

/// An end of a run as its facts tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    /// The probe's name.
    pub probe: &'a str,
    /// Its version of the tool, where it is known.
    pub version: Option<&'a str>,
    /// Are its tools bound to one of several interfaces?
    pub bound: bool,
}

/// Why a test with these needs, and this one where it is bound to an interface, cannot be carried out between these ends. An
/// end whose version is not known is not held back.
pub(super) fn refusal(
    program: &str,
    needs: &[Need],
    binding: Option<&Need>,
    source: End<'_>,
    destination: End<'_>,
) -> Option<String> {
    let lacks = |need: &Need, end: End<'_>| {
        let (probe, has) = (end.probe, end.version?);
        (Version::read(has)? < need.since)
            .then(|| format!("{} needs {program} {} or later, {probe} has {has}", need.what, need.since))
    };
    let bound = || [source, destination].into_iter().filter(|e| e.bound).find_map(|end| lacks(binding?, end));
    let asked = needs.iter().find_map(|need| {
        let far = || if need.both_ends { lacks(need, destination) } else { None };
        lacks(need, source).or_else(far)
    });
    asked.or_else(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let read = |text| Version::read(text).unwrap();
        assert!(read("3.9") < read("3.12") && read("3.17") < read("3.17.1") && read("3.1.7") < read("3.2"));
        assert_eq!(read("3.13-mt1"), Version::new(3, 13, 0));
        assert_eq!(read("3.21+"), Version::new(3, 21, 0));
        assert_eq!(["", "x", "unknown", ".3"].map(Version::read), [None; 4]);
        assert_eq!(["3.7", "3.1.5"].map(|v| read(v).to_string()), ["3.7", "3.1.5"]);
    }

    #[test]
    fn the_end_that_lacks_something_is_named() {
        let here = Need { what: "pacing", since: Version::new(3, 1, 5), both_ends: false };
        let both = Need { what: "both ways at once (`--bidir`)", since: Version::new(3, 7, 0), both_ends: true };
        let needs = [here, both];
        let end = |probe, version| End { probe, version, bound: false };
        let ask = |a, b| refusal("iperf3", &needs, None, end("m1", a), end("m2", b));
        assert_eq!(ask(Some("3.7"), Some("3.12")), None);
        assert_eq!(ask(None, Some("nonsense")), None, "what is not known is tried");
        assert_eq!(
            ask(Some("3.6"), Some("3.7")).as_deref(),
            Some("both ways at once (`--bidir`) needs iperf3 3.7 or later, m1 has 3.6")
        );
        assert_eq!(
            ask(Some("3.12"), Some("3.1")).as_deref(),
            Some("both ways at once (`--bidir`) needs iperf3 3.7 or later, m2 has 3.1"),
            "only the client paces here"
        );
        let binding = Need { what: "an interface", since: Version::new(3, 11, 0), both_ends: false };
        let bound = End { bound: true, ..end("m2", Some("3.9")) };
        let said = refusal("iperf3", &[], Some(&binding), end("m1", Some("3.9")), bound).unwrap();
        assert_eq!(said, "an interface needs iperf3 3.11 or later, m2 has 3.9", "m1 is bound to none");
    }
}
