//! One echo request of ping that may not be fragmented, and what became of it.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::measurement::MtuOutcome;
use crate::tool::{complaint, decimal_seconds};

/// IPv4 and ICMP headers, in bytes (RFC 791 without options, RFC 792).
const IPV4_HEADERS: u32 = 20 + 8;
/// IPv6 and ICMPv6 headers, in bytes (RFC 8200, RFC 4443).
const IPV6_HEADERS: u32 = 40 + 8;

/// ping's argument list for an IP packet of `size` bytes that may not be fragmented.
#[must_use]
pub fn echo(to: IpAddr, size: u32, timeout: Duration) -> Vec<String> {
    let payload = size.saturating_sub(if to.is_ipv6() { IPV6_HEADERS } else { IPV4_HEADERS });
    let mut argv = ["ping", "-n", "-M", "do", "-c", "1", "-W"].map(str::to_owned).to_vec();
    argv.extend([decimal_seconds(timeout), "-s".to_owned(), payload.to_string(), to.to_string()]);
    argv
}

/// What became of the request, in what ping left behind.
///
/// # Errors
/// ping's own words, where it could not send at all.
pub fn outcome(output: &[u8], errors: &[u8]) -> Result<MtuOutcome, String> {
    let (text, said) = (String::from_utf8_lossy(output), String::from_utf8_lossy(errors));
    if text.contains(" 1 received") {
        return Ok(MtuOutcome::Answered);
    }
    // `Frag needed and DF set (mtu = 1400)`, `Packet too big: mtu=1400`, `local error: message too long, mtu: 1400`.
    let refusals = ["Frag needed", "Packet too big", "essage too long"];
    let refused = |line: &&str| refusals.iter().any(|r| line.contains(r));
    if let Some(line) = text.lines().chain(said.lines()).find(refused) {
        return Ok(MtuOutcome::TooLarge(named(line)));
    }
    match complaint("ping", errors) {
        Some(words) => Err(words),
        None if text.contains(" packets transmitted") => Ok(MtuOutcome::Silent),
        None => Err("ping wrote nothing".to_owned()),
    }
}

/// The MTU that a message names. Old routers name none, or 0 (RFC 1191, section 4).
fn named(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("mtu")?;
    let digits = rest.trim_start_matches([' ', '=', ':']);
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|mtu| *mtu > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_its_headers() {
        let line = |to: &str| echo(to.parse().unwrap(), 1500, Duration::from_secs(1)).join(" ");
        assert_eq!(line("10.0.0.2"), "ping -n -M do -c 1 -W 1 -s 1472 10.0.0.2");
        assert_eq!(line("fd00::2"), "ping -n -M do -c 1 -W 1 -s 1452 fd00::2");
    }

    #[test]
    fn every_wording_of_a_refusal_is_known() {
        let summary = "\n--- x ping statistics ---\n1 packets transmitted, 0 received, +1 errors, 100% packet loss\n";
        let heard = |line: &str| outcome(format!("PING x\n{line}\n{summary}").as_bytes(), b"");
        let large = |mtu| Ok(MtuOutcome::TooLarge(mtu));
        assert_eq!(heard("From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1400)"), large(Some(1400)));
        assert_eq!(heard("From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 0)"), large(None));
        assert_eq!(heard("From fd00::1 icmp_seq=1 Packet too big: mtu=1280"), large(Some(1280)));
        assert_eq!(heard("From 10.0.0.1 icmp_seq=1 Destination Host Unreachable"), Ok(MtuOutcome::Silent));
        let local = |words: &str| outcome(format!("PING x\n{summary}").as_bytes(), words.as_bytes());
        assert_eq!(local("ping: local error: message too long, mtu=1500\n"), large(Some(1500)));
        assert_eq!(local("ping: local error: message too long, mtu: 1400\n"), large(Some(1400)));
        assert_eq!(local("ping: sendmsg: Message too long\n"), large(None));
        assert_eq!(local(""), Ok(MtuOutcome::Silent));
    }

    #[test]
    fn answers_and_faults() {
        let answered = b"PING x\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\n";
        assert_eq!(outcome(answered, b""), Ok(MtuOutcome::Answered));
        let unreachable = outcome(b"", b"ping: connect: Network is unreachable\n");
        assert_eq!(unreachable, Err("connect: Network is unreachable".to_owned()));
        assert_eq!(outcome(b"", b""), Err("ping wrote nothing".to_owned()));
    }
}
