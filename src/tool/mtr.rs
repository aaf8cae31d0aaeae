//! mtr: the routers on the path, each with its loss and round-trip time.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use super::{Endpoints, Load, Outputs, ParseError, Tool, decimal_seconds, milliseconds, silent};
use crate::domain::measurement::{Hop, HopFigures, HopPath, Measurement};
use crate::domain::test::{Mtr, ToolKind};

const TOOL: &str = "mtr";

/// How long mtr waits for answers after its last round (`-G`). Its own 5 s would be most of a short test; no path on earth
/// takes 2 s.
const GRACE: Duration = Duration::from_secs(2);

/// Payload of a query: 64 bytes (`-s`) without the IPv4 and ICMP headers.
const PAYLOAD: u64 = 36;

impl Tool for Mtr {
    fn duration(&self) -> Duration {
        self.interval.saturating_mul(self.count) + GRACE
    }

    /// Rounds grow longer on paths of many hops.
    fn patience(&self) -> Duration {
        self.interval.saturating_mul(self.count).max(Duration::from_secs(10))
    }

    fn load(&self) -> Load {
        Load::Light
    }

    /// At most: the rounds end at the destination.
    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        let bytes = u64::from(self.count).saturating_mul(u64::from(self.max_hops)) * PAYLOAD;
        (Some(bytes), Some(bytes))
    }

    fn server_command(&self, _: &Endpoints) -> Option<Vec<String>> {
        None
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        let mut argv = ["mtr", "--json", "-n", "-c"].map(str::to_owned).to_vec();
        argv.push(self.count.to_string());
        argv.extend(["-i".to_owned(), decimal_seconds(self.interval)]);
        argv.extend(["-m".to_owned(), self.max_hops.to_string()]);
        argv.extend(["-G".to_owned(), decimal_seconds(GRACE)]);
        argv.push(at.destination.to_string());
        argv
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        super::parse_raw(ToolKind::Mtr, outputs)
    }
}

#[derive(Deserialize)]
struct Document {
    report: Report,
}

#[derive(Deserialize)]
struct Report {
    mtr: Head,
    hubs: Vec<Hub>,
}

#[derive(Deserialize)]
struct Head {
    dst: String,
}

#[derive(Deserialize)]
struct Hub {
    count: Count,
    host: String,
    #[serde(rename = "Loss%")]
    loss: f64,
    #[serde(rename = "Snt")]
    sent: u32,
    #[serde(rename = "Avg")]
    mean: f64,
    #[serde(rename = "Best")]
    least: f64,
    #[serde(rename = "Wrst")]
    most: f64,
    #[serde(rename = "StDev")]
    deviation: f64,
}

/// A number; versions before 0.94 write it as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u8),
    Text(String),
}

/// The path in mtr's JSON.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<HopPath, ParseError> {
    if outputs.client.trim_ascii().is_empty() {
        return Err(silent(TOOL, outputs));
    }
    let unreadable = |message: String| ParseError::Unreadable { tool: TOOL, message };
    let document: Document = serde_json::from_slice(outputs.client).map_err(|fault| {
        if fault.is_eof() {
            ParseError::Unfinished { tool: TOOL, message: "its JSON is cut off".to_owned() }
        } else {
            unreadable(fault.to_string())
        }
    })?;
    let report = document.report;
    let mut hops: Vec<Hop> = Vec::new();
    for hub in &report.hubs {
        let ttl = match &hub.count {
            Count::Number(ttl) => Some(*ttl),
            Count::Text(text) => text.parse().ok(),
        };
        let at = hops.len() + 1;
        let ttl = ttl.filter(|t| usize::from(*t) == at).ok_or_else(|| unreadable(format!("hop {at} is missing")))?;
        hops.push(hop(ttl, hub).ok_or_else(|| unreadable(format!("hop {at} has figures that cannot be")))?);
    }
    if hops.is_empty() {
        return Err(ParseError::Unfinished { tool: TOOL, message: "it has no hops".to_owned() });
    }
    let destination: Option<IpAddr> = report.mtr.dst.parse().ok();
    let reached =
        hops.iter().any(|h| h.addresses.iter().any(|a| a.parse().ok() == destination && destination.is_some()));
    Ok(HopPath { hops, reached, mtu_bytes: None })
}

/// mtr prints the loss in percent, rounded; the share comes from the counts.
fn hop(ttl: u8, hub: &Hub) -> Option<Hop> {
    let times = [hub.mean, hub.least, hub.most, hub.deviation];
    if !times.iter().all(|t| t.is_finite() && *t >= 0.0) || !(0.0..=100.0).contains(&hub.loss) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
    let lost = (f64::from(hub.sent) * hub.loss / 100.0).round() as u32;
    let answered = lost < hub.sent;
    // By its text, so that 0.06 becomes 6e-5 and not its neighbour.
    let seconds = |time: f64| milliseconds(&time.to_string()).filter(|_| answered);
    Some(Hop {
        ttl,
        // `???` where nobody answered.
        addresses: hub.host.parse::<IpAddr>().ok().map(|_| hub.host.clone()).into_iter().collect(),
        rtts_seconds: vec![],
        unanswered: lost,
        figures: Some(HopFigures {
            sent_packets: u64::from(hub.sent),
            loss_ratio: if hub.sent == 0 { 0.0 } else { f64::from(lost) / f64::from(hub.sent) },
            rtt_seconds: seconds(hub.mean),
            rtt_min_seconds: seconds(hub.least),
            rtt_max_seconds: seconds(hub.most),
            rtt_deviation_seconds: seconds(hub.deviation),
        }),
        annotations: vec![],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hubs: &str) -> Result<HopPath, ParseError> {
        let text = format!(r#"{{"report":{{"mtr":{{"dst":"10.0.0.2"}},"hubs":[{hubs}]}}}}"#);
        parse(&Outputs { client: text.as_bytes(), ..Outputs::default() })
    }

    fn hub(count: &str, host: &str, loss: f64) -> String {
        format!(
            r#"{{"count":{count},"host":"{host}","Loss%":{loss},"Snt":3,"Last":2.0,"Avg":2.5,"Best":2.0,"Wrst":3.0,"StDev":0.5}}"#
        )
    }

    #[test]
    fn arguments_time_and_bytes() {
        let test = Mtr { count: 10, interval: Duration::from_millis(200), max_hops: 30, family: None };
        let at = Endpoints::new("10.0.0.2".parse().unwrap(), 0);
        assert_eq!(test.client_command(&at).join(" "), "mtr --json -n -c 10 -i 0.2 -m 30 -G 2 10.0.0.2");
        assert_eq!(test.server_command(&at), None);
        assert_eq!(test.duration(), Duration::from_secs(4));
        assert_eq!(test.expected_bytes(None), (Some(10_800), Some(10_800)));
    }

    #[test]
    fn a_hop_has_its_counts_and_times() {
        // Older versions write the count as a text.
        let path = read(&format!("{},{}", hub("\"1\"", "???", 100.0), hub("2", "10.0.0.2", 33.333))).unwrap();
        assert!(path.reached);
        let figures = |hop: usize| path.hops[hop].figures.unwrap();
        assert_eq!((path.hops[0].addresses.len(), figures(0).rtt_seconds, figures(0).loss_ratio), (0, None, 1.0));
        assert_eq!(path.hops[1].unanswered, 1);
        assert_eq!(figures(1).loss_ratio, 1.0 / 3.0, "of the counts, not of the rounded percentage");
        assert_eq!((figures(1).rtt_seconds, figures(1).rtt_max_seconds), (Some(0.0025), Some(0.003)));
    }

    #[test]
    fn faults_are_told() {
        let error = |hubs: &str| read(hubs).unwrap_err().to_string();
        assert_eq!(error(""), "mtr stopped before the end of the test: it has no hops");
        assert_eq!(error(&hub("2", "10.0.0.1", 0.0)), "not an output of mtr: hop 1 is missing");
        assert_eq!(error(&hub("1", "10.0.0.1", 101.0)), "not an output of mtr: hop 1 has figures that cannot be");
        let cut = parse(&Outputs { client: b"{\"report\"", ..Outputs::default() }).unwrap_err();
        assert_eq!(cut.to_string(), "mtr stopped before the end of the test: its JSON is cut off");
    }
}
