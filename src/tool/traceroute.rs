//! traceroute of Linux: the routers on the path.

use std::net::IpAddr;
use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool, complaint, decimal_seconds, milliseconds, silent};
use crate::domain::measurement::{Hop, HopPath, Measurement};
use crate::domain::test::{ToolKind, Traceroute};

const TOOL: &str = "traceroute";

/// Where every hop answers, a trace takes a few round trips: a second covers the longest paths on earth.
const USUAL: Duration = Duration::from_secs(1);

/// Queries under way at the same time, traceroute's own `-N` (traceroute(8)).
const AT_ONCE: u32 = 16;

/// Payload of a query: a 60-byte packet without its IPv4 and UDP headers.
const PAYLOAD: u64 = 32;

impl Tool for Traceroute {
    fn duration(&self) -> Duration {
        USUAL
    }

    /// Where no hop answers, each batch of queries waits its full time.
    fn patience(&self) -> Duration {
        let queries = u32::from(self.max_hops) * u32::from(self.queries);
        self.timeout.saturating_mul(queries.div_ceil(AT_ONCE))
    }

    fn load(&self) -> Load {
        Load::Light
    }

    /// At most; the answers are ICMP errors without payload of the test.
    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        (Some(u64::from(self.max_hops) * u64::from(self.queries) * PAYLOAD), Some(0))
    }

    fn server_command(&self, _: &Endpoints) -> Option<Vec<String>> {
        None
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        let mut argv = ["traceroute", "-n", "-m"].map(str::to_owned).to_vec();
        argv.push(self.max_hops.to_string());
        argv.extend(["-q".to_owned(), self.queries.to_string()]);
        argv.extend(["-w".to_owned(), decimal_seconds(self.timeout)]);
        argv.push(at.destination.to_string());
        argv
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        super::parse_raw(ToolKind::Traceroute, outputs)
    }
}

/// The path in traceroute's text.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<HopPath, ParseError> {
    if outputs.client.trim_ascii().is_empty() {
        return Err(silent(TOOL, outputs));
    }
    let unreadable = |line: usize, message: String| ParseError::Unreadable {
        tool: TOOL,
        message: format!("line {}: {message}", line + 1),
    };
    let unfinished = |message: String| ParseError::Unfinished { tool: TOOL, message };
    let text = String::from_utf8_lossy(outputs.client);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let head = lines.next().and_then(|(_, line)| header(line));
    let (destination, max_hops) =
        head.ok_or_else(|| unreadable(0, "it does not start with `traceroute to`".to_owned()))?;
    if let Some(code) = outputs.exit_code.filter(|c| *c != 0) {
        return Err(match complaint(TOOL, outputs.client_errors) {
            Some(message) => ParseError::Reported { tool: TOOL, message },
            None => unfinished(format!("it ended with exit code {code}")),
        });
    }
    let mut hops: Vec<Hop> = Vec::new();
    let whole = text.ends_with('\n');
    let last_line = text.lines().count().saturating_sub(1);
    for (at, line) in lines {
        let cut = at == last_line && !whole;
        let read = if cut { Err(String::new()) } else { hop(line) };
        let hop = read.map_err(|m| match cut {
            true => unfinished(format!("line {} is cut off", at + 1)),
            false => unreadable(at, m),
        })?;
        if usize::from(hop.ttl) != hops.len() + 1 {
            return Err(unreadable(at, format!("hop {} where hop {} is expected", hop.ttl, hops.len() + 1)));
        }
        hops.push(hop);
    }
    let reached = hops.iter().any(|h| h.addresses.iter().any(|a| address(a) == Some(destination)));
    // A hop that says `unreachable` ends the trace as well.
    let stopped = hops.last().is_some_and(|h| h.annotations.iter().any(|a| a.starts_with('!')));
    if !reached && !stopped && hops.len() < usize::from(max_hops) {
        return Err(unfinished(format!("{} of {max_hops} hops, and the destination is not among them", hops.len())));
    }
    Ok(HopPath { hops, reached, mtu_bytes: None })
}

/// Reads `traceroute to NAME (ADDRESS), 30 hops max, …`.
fn header(line: &str) -> Option<(IpAddr, u8)> {
    let (to, rest) = line.strip_prefix("traceroute to ")?.split_once("), ")?;
    let (_, to) = to.split_once(" (")?;
    let (hops, _) = rest.split_once(" hops max")?;
    Some((address(to)?, hops.parse().ok()?))
}

/// An address, maybe with the zone of a link-local one.
fn address(text: &str) -> Option<IpAddr> {
    text.split('%').next()?.parse().ok()
}

/// Reads ` 2  * name (10.0.0.1)  0.064 ms !X 10.0.0.2  0.012 ms`.
fn hop(line: &str) -> Result<Hop, String> {
    let mut words = line.split_whitespace().peekable();
    let ttl = words.next().and_then(|w| w.parse().ok()).ok_or("it does not start with the number of a hop")?;
    let mut hop =
        Hop { ttl, addresses: vec![], rtts_seconds: vec![], unanswered: 0, figures: None, annotations: vec![] };
    let mut seen = |address: &str| {
        if !hop.addresses.iter().any(|a| a == address) {
            hop.addresses.push(address.to_owned());
        }
    };
    while let Some(word) = words.next() {
        let named = words.peek().and_then(|w| w.strip_prefix('(')?.strip_suffix(')')).filter(|a| address(a).is_some());
        if word == "*" {
            hop.unanswered += 1;
        } else if let Some(inner) = named {
            seen(inner);
            words.next();
        } else if words.peek() == Some(&"ms") {
            hop.rtts_seconds.push(milliseconds(word).ok_or_else(|| format!("`{word}` is no time"))?);
            words.next();
        } else if word.starts_with('!') || word.starts_with("F=") {
            hop.annotations.push(word.to_owned());
        } else if address(word).is_some() {
            seen(word);
        } else {
            return Err(format!("`{word}` is nothing that a hop has"));
        }
    }
    if hop.unanswered == 0 && hop.rtts_seconds.is_empty() {
        return Err("a hop without answers and without `*`".to_owned());
    }
    Ok(hop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Traceroute {
        Traceroute { max_hops: 30, queries: 3, timeout: Duration::from_secs(2), family: None }
    }

    fn read(text: &str) -> Result<HopPath, ParseError> {
        parse(&Outputs { client: text.as_bytes(), exit_code: Some(0), ..Outputs::default() })
    }

    fn after_header(lines: &str) -> Result<HopPath, ParseError> {
        read(&format!("traceroute to x (10.9.9.9), 4 hops max, 60 byte packets\n{lines}"))
    }

    #[test]
    fn arguments_time_and_bytes() {
        let at = Endpoints::new("10.0.0.2".parse().unwrap(), 0);
        assert_eq!(test().client_command(&at).join(" "), "traceroute -n -m 30 -q 3 -w 2 10.0.0.2");
        assert_eq!(test().server_command(&at), None);
        assert_eq!(test().patience(), Duration::from_secs(12), "90 queries in 6 batches");
        assert_eq!(test().expected_bytes(None), (Some(2880), Some(0)));
    }

    #[test]
    fn a_hop_holds_what_its_line_says() {
        let path =
            after_header(" 1  gw (10.0.0.1)  0.5 ms !X 10.0.0.3  1.25 ms F=1400 *\n 2  10.9.9.9  2 ms  3 ms  4 ms\n")
                .unwrap();
        let first = &path.hops[0];
        assert_eq!(first.addresses, ["10.0.0.1", "10.0.0.3"]);
        assert_eq!(first.rtts_seconds, [0.0005, 0.00125]);
        assert_eq!((first.unanswered, first.ttl), (1, 1));
        assert_eq!(first.annotations, ["!X", "F=1400"]);
        assert!(path.reached);
    }

    #[test]
    fn an_unreachable_hop_ends_the_trace() {
        let path = after_header(" 1  10.0.0.1  0.5 ms  0.5 ms  0.5 ms\n 2  10.0.0.2  0.5 ms !H * *\n").unwrap();
        assert_eq!((path.reached, path.hops.len()), (false, 2));
    }

    #[test]
    fn link_local_addresses_keep_their_zone() {
        let text = "traceroute to fe80::2 (fe80::2), 30 hops max, 80 byte packets\n 1  fe80::2%eth0  0.1 ms\n";
        let path = read(text).unwrap();
        assert_eq!((path.reached, path.hops[0].addresses[0].as_str()), (true, "fe80::2%eth0"));
    }

    #[test]
    fn faults_name_their_line() {
        let error = |lines| after_header(lines).unwrap_err().to_string();
        assert_eq!(
            error(" 1  *\n 2  *\n"),
            "traceroute stopped before the end of the test: 2 of 4 hops, and the destination is not among them"
        );
        assert_eq!(
            error(" 1  * *\n 2  10.9.9.9  0.1 m"),
            "traceroute stopped before the end of the test: line 3 is cut off"
        );
        assert_eq!(error(" 1  *\n 3  *\n"), "not an output of traceroute: line 3: hop 3 where hop 2 is expected");
        assert_eq!(error(" 1  wat\n"), "not an output of traceroute: line 2: `wat` is nothing that a hop has");
        assert_eq!(error(" 1  10.0.0.1  nan ms\n"), "not an output of traceroute: line 2: `nan` is no time");
        assert_eq!(error(" 1\n"), "not an output of traceroute: line 2: a hop without answers and without `*`");
        assert_eq!(
            error("300  *\n"),
            "not an output of traceroute: line 2: it does not start with the number of a hop"
        );
        assert_eq!(
            read("hello\n").unwrap_err().to_string(),
            "not an output of traceroute: line 1: it does not start with `traceroute to`"
        );
    }
}
