//! tracepath of iputils: the routers on the path and its MTU.

use std::net::IpAddr;
use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool, complaint, milliseconds, silent};
use crate::domain::measurement::{Hop, HopPath, Measurement};
use crate::domain::test::{ToolKind, Tracepath};

const TOOL: &str = "tracepath";

/// Where every hop answers, a trace takes a few round trips, and a second to be sure of the last.
const USUAL: Duration = Duration::from_secs(2);

/// It tries each hop three times and waits a second for each answer (tracepath(8)); both are fixed.
const PER_HOP: Duration = Duration::from_secs(3);

/// Largest payload of a query: an Ethernet packet's, without the IPv4 and UDP headers.
const PAYLOAD: u64 = 1472;

impl Tool for Tracepath {
    fn duration(&self) -> Duration {
        USUAL
    }

    fn patience(&self) -> Duration {
        PER_HOP.saturating_mul(u32::from(self.max_hops))
    }

    fn load(&self) -> Load {
        Load::Light
    }

    /// At most, on an Ethernet; the answers are ICMP errors without payload of the test.
    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        (Some(u64::from(self.max_hops) * 3 * PAYLOAD), Some(0))
    }

    fn server_command(&self, _: &Endpoints) -> Option<Vec<String>> {
        None
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        let words = ["tracepath", "-n", "-m", &self.max_hops.to_string(), &at.destination.to_string()];
        words.map(str::to_owned).to_vec()
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        super::parse_raw(ToolKind::Tracepath, outputs)
    }
}

/// The path in tracepath's text.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<HopPath, ParseError> {
    if outputs.client.trim_ascii().is_empty() {
        return Err(silent(TOOL, outputs));
    }
    let unfinished = |message: &str| ParseError::Unfinished { tool: TOOL, message: message.to_owned() };
    let text = String::from_utf8_lossy(outputs.client);
    let mut hops: Vec<Hop> = Vec::new();
    let (mut reached, mut end) = (false, None);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let unreadable =
            |message: &str| ParseError::Unreadable { tool: TOOL, message: format!("line {}: {message}", at + 1) };
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("Resume: ") {
            end = Some(rest.to_owned());
        } else if !line.starts_with("Too many hops: ") {
            // Over loopback there is no such line: the first hop is the destination itself.
            let begins = line.contains("?: [LOCALHOST]") || (line.starts_with("1:") && line.contains("reached"));
            if at == 0 && !begins {
                return Err(unreadable("it does not start with `1?: [LOCALHOST]`"));
            }
            reached |= hop(line, &mut hops).map_err(unreadable)?;
        }
    }
    let Some(end) = end.filter(|_| text.ends_with('\n')) else {
        let said = complaint(TOOL, outputs.client_errors);
        let reported = |message| ParseError::Reported { tool: TOOL, message };
        return Err(said.map_or_else(|| unfinished("its last line, `Resume`, is missing"), reported));
    };
    let mtu_bytes = end.split_whitespace().skip_while(|w| *w != "pmtu").nth(1).and_then(|m| m.parse().ok());
    if mtu_bytes.is_none() {
        return Err(unfinished("its last line has no path MTU"));
    }
    Ok(HopPath { hops, reached, mtu_bytes })
}

/// Reads ` 2:  10.0.0.1   0.019ms asymm  3 pmtu 1400` or ` 2:  no reply` into the hop of that number; true for the destination.
fn hop(line: &str, hops: &mut Vec<Hop>) -> Result<bool, &'static str> {
    let (number, rest) = line.split_once(':').ok_or("no number of a hop")?;
    let ttl: u8 = number.trim_end_matches('?').parse().map_err(|_| "no number of a hop")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    if words.first() == Some(&"[LOCALHOST]") {
        return Ok(false);
    }
    if ttl == 0 || usize::from(ttl) < hops.len() {
        return Err("a hop out of order");
    }
    // What it had no answer from it may leave out.
    while hops.len() < usize::from(ttl) {
        let ttl = u8::try_from(hops.len() + 1).map_err(|_| "too many hops")?;
        hops.push(Hop {
            ttl,
            addresses: vec![],
            rtts_seconds: vec![],
            unanswered: 0,
            figures: None,
            annotations: vec![],
        });
    }
    let Some(hop) = hops.last_mut() else { return Err("no hop") };
    let ["no", "reply"] = words[..] else { return answer(&words, hop) };
    hop.unanswered += 1;
    Ok(false)
}

fn answer(words: &[&str], hop: &mut Hop) -> Result<bool, &'static str> {
    // A name may stand before the address: `gw (10.0.0.1)`.
    let (who, rest) = match words {
        [_, inner, rest @ ..] if inner.starts_with('(') => (inner.trim_matches(['(', ')']), rest),
        [who, rest @ ..] => (*who, rest),
        [] => return Err("a hop without an answer and without `no reply`"),
    };
    if who.split('%').next().and_then(|a| a.parse::<IpAddr>().ok()).is_none() {
        return Err("no address of a hop");
    }
    let time = rest.first().and_then(|t| t.strip_suffix("ms")).and_then(milliseconds).ok_or("no time of a hop")?;
    // The router whose next link is too narrow speaks; it is the hop before.
    if let Some(at) = rest.iter().position(|w| *w == "pmtu") {
        let mtu = rest.get(at + 1).ok_or("no path MTU")?;
        hop.annotations.push(format!("pmtu {mtu} from {who}"));
        return Ok(false);
    }
    if !hop.addresses.iter().any(|a| a == who) {
        hop.addresses.push(who.to_owned());
    }
    hop.rtts_seconds.push(time);
    hop.annotations.extend(rest.iter().filter(|w| w.starts_with('!')).map(|w| (*w).to_owned()));
    Ok(rest.contains(&"reached"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<HopPath, ParseError> {
        let text = format!(" 1?: [LOCALHOST]                      pmtu 1500\n{lines}");
        parse(&Outputs { client: text.as_bytes(), ..Outputs::default() })
    }

    #[test]
    fn over_loopback_the_first_hop_is_the_destination() {
        let text = b" 1:  127.0.0.1     0.058ms reached\n     Resume: pmtu 65535 hops 1 back 1 \n";
        let path = parse(&Outputs { client: text, ..Outputs::default() }).unwrap();
        assert_eq!((path.reached, path.mtu_bytes, path.hops.len()), (true, Some(65_535), 1));
    }

    #[test]
    fn arguments_and_time() {
        let test = Tracepath { max_hops: 30, family: None };
        let at = Endpoints::new("fd00::2".parse().unwrap(), 0);
        assert_eq!(test.client_command(&at).join(" "), "tracepath -n -m 30 fd00::2");
        assert_eq!(test.server_command(&at), None);
        assert_eq!(test.patience(), Duration::from_secs(90));
    }

    #[test]
    fn the_router_before_a_narrow_link_is_no_hop_behind_it() {
        let path = read(
            " 1:  gw (10.0.0.1)   0.072ms asymm  2 \n 2:  10.0.0.1   0.019ms pmtu 1400\n 2:  no reply\n\
             \x20 2:  10.0.1.2   0.5ms reached\n     Resume: pmtu 1400 hops 2 back 2 \n",
        )
        .unwrap();
        assert!(path.reached);
        assert_eq!(path.mtu_bytes, Some(1400));
        assert_eq!(path.hops[0].addresses, ["10.0.0.1"]);
        assert_eq!((&path.hops[1].addresses[..], path.hops[1].unanswered), (&["10.0.1.2".to_owned()][..], 1));
        assert_eq!(path.hops[1].annotations, ["pmtu 1400 from 10.0.0.1"]);
        assert_eq!(path.hops[1].rtts_seconds, [0.0005]);
    }

    #[test]
    fn a_path_that_is_not_reached_is_a_measurement() {
        let path = read(
            " 1:  no reply\n 3:  10.0.0.1   3063.995ms !H\n     Too many hops: pmtu 1500\n     Resume: pmtu 1500 \n",
        )
        .unwrap();
        assert_eq!((path.reached, path.hops.len()), (false, 3));
        assert_eq!((path.hops[0].unanswered, &path.hops[2].annotations[..]), (1, &["!H".to_owned()][..]));
    }

    #[test]
    fn faults_name_their_line() {
        let error = |lines: &str| read(lines).unwrap_err().to_string();
        let missing = "tracepath stopped before the end of the test: its last line, `Resume`, is missing";
        assert_eq!(error(" 1:  no reply\n"), missing);
        assert_eq!(error("     Resume: pmtu 1500 "), missing);
        assert_eq!(error(" 1:  10.0.0.1  nanms\n"), "not an output of tracepath: line 2: no time of a hop");
        assert_eq!(error(" 1:  wat\n"), "not an output of tracepath: line 2: no address of a hop");
        assert_eq!(error(" 2:  no reply\n 1:  no reply\n"), "not an output of tracepath: line 3: a hop out of order");
        let other = parse(&Outputs { client: b"hello\n", ..Outputs::default() }).unwrap_err();
        assert_eq!(other.to_string(), "not an output of tracepath: line 1: it does not start with `1?: [LOCALHOST]`");
    }
}
