//! The programs that tests and local probes need.

use super::super::gather::Facts;
use super::super::{Check, State};
use super::check;

/// The Debian package of a program, and what is lost without it; `None` where nothing works without it.
fn about(program: &str) -> (&'static str, Option<&'static str>) {
    match program {
        "sysctl" => ("procps", None),
        "unshare" => ("util-linux", None),
        "iperf3" => ("iperf3", None),
        "ping" => ("iputils-ping", None),
        "traceroute" => ("traceroute", Some("tests of paths cannot run")),
        "iperf" => ("iperf", Some("tests by iperf2 cannot run")),
        "mtr" => ("mtr-tiny", Some("tests by mtr cannot run")),
        "tracepath" => ("iputils-tracepath", Some("tests by tracepath cannot run")),
        "nft" => ("nftables", Some("links cannot lose packets (`impair.loss`)")),
        "iptables" => ("iptables", Some("links cannot lose packets (`impair.loss`)")),
        _ => ("iproute2", None),
    }
}

/// The program that does the same.
fn counterpart(program: &str) -> Option<&'static str> {
    match program {
        "nft" => Some("iptables"),
        "iptables" => Some("nft"),
        _ => None,
    }
}

pub(super) fn program(facts: &Facts, name: &str) -> Check {
    let (package, without) = about(name);
    let found = |name| facts.programs.get(name).and_then(Option::as_deref);
    match found(name) {
        Some(said) if name == "iperf3" => iperf3(said),
        Some(said) => check(name, State::Ok, said, None),
        None if let Some(other) = counterpart(name).filter(|other| found(other).is_some()) => {
            check(name, State::Ok, format!("not found: {other} serves as well"), None)
        }
        None => {
            let state = if without.is_some() { State::Degraded } else { State::Missing };
            let detail = format!("not found: {}", without.unwrap_or("local probes cannot be made or tested"));
            check(name, state, detail, Some(&format!("sudo apt-get install -y {package}")))
        }
    }
}

/// iperf3's versions differ in what their numbers are worth (its RELNOTES.md).
pub(super) fn iperf3(said: &str) -> Check {
    let number = said.strip_prefix("iperf ").and_then(|rest| rest.split([' ', '-', '+']).next()).unwrap_or_default();
    let mut parts = number.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
        return check("iperf3", State::Degraded, format!("its version is not known: {said}"), None);
    };
    let newer = Some("sudo apt-get install -y --only-upgrade iperf3");
    let (state, note) = match (major, minor) {
        (3, 0..=6) => (State::Degraded, "no test of both directions at once before 3.7"),
        (3, 7..=15) => (State::Ok, "one thread for all streams before 3.16, and intervals only at the end before 3.17"),
        (3, 16..=17) => (State::Degraded, "a paced test takes a whole CPU in 3.16 and 3.17, so it may be invalid"),
        (3, _) => (State::Ok, "a thread per stream, intervals while it runs"),
        _ => (State::Degraded, "not iperf 3: its tests are another tool's"),
    };
    check("iperf3", state, format!("{number}: {note}"), newer.filter(|_| state != State::Ok))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traps_of_iperf3_are_known() {
        let state = |said: &str| iperf3(said).state;
        assert_eq!(state("iperf 3.12 (cJSON 1.7.15)"), State::Ok);
        assert_eq!(state("iperf 3.0.12"), State::Degraded);
        assert_eq!(state("iperf 3.16 (cJSON 1.7.15)"), State::Degraded);
        assert_eq!(state("iperf 3.17.1+"), State::Degraded);
        assert_eq!(state("iperf 3.20"), State::Ok);
        assert_eq!(state("iperf 2.1.8"), State::Degraded);
        assert_eq!(state("what?"), State::Degraded);
        assert!(iperf3("iperf 3.16").mend.is_some() && iperf3("iperf 3.12").mend.is_none());
    }
}
