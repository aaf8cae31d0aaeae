//! ping of iputils: round-trip time and loss.

use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool, complaint, decimal_seconds, milliseconds, silent};
use crate::domain::measurement::{Measurement, RoundTrip};
use crate::domain::test::{Ping, ToolKind};
use crate::domain::unit::ByteSize;

const TOOL: &str = "ping";

/// ping's own ICMP payload, `-s` (ping(8)).
const OWN_SIZE: u64 = 56;

impl Tool for Ping {
    fn duration(&self) -> Duration {
        self.interval.saturating_mul(self.count.saturating_sub(1))
    }

    /// Where no answer came at all, ping waits its full `-W` after the last request; otherwise two round trips (ping(8)).
    fn patience(&self) -> Duration {
        self.timeout
    }

    fn load(&self) -> Load {
        Load::Light
    }

    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        let size = self.size.map_or(OWN_SIZE, ByteSize::bytes);
        let bytes = Some(u64::from(self.count).saturating_mul(size));
        (bytes, bytes)
    }

    fn server_command(&self, _: &Endpoints) -> Option<Vec<String>> {
        None
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        let mut argv = ["ping", "-n", "-c"].map(str::to_owned).to_vec();
        argv.push(self.count.to_string());
        argv.extend(["-i".to_owned(), decimal_seconds(self.interval)]);
        argv.extend(["-W".to_owned(), decimal_seconds(self.timeout)]);
        if let Some(size) = self.size {
            argv.extend(["-s".to_owned(), size.bytes().to_string()]);
        }
        argv.push(at.destination.to_string());
        argv
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        super::parse_raw(ToolKind::Ping, outputs)
    }
}

fn unreadable(line: usize, message: &str) -> ParseError {
    ParseError::Unreadable { tool: TOOL, message: format!("line {}: {message}", line + 1) }
}

fn unfinished(message: impl Into<String>) -> ParseError {
    ParseError::Unfinished { tool: TOOL, message: message.into() }
}

/// The measurement in ping's text. That nothing came back is a measurement too, unless nothing could be sent.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<RoundTrip, ParseError> {
    if outputs.client.trim_ascii().is_empty() {
        return Err(silent(TOOL, outputs));
    }
    let text = String::from_utf8_lossy(outputs.client);
    let mut answers = Answers::default();
    let mut totals: Option<RoundTrip> = None;
    for (at, line) in text.lines().enumerate() {
        if at == 0 {
            if !line.starts_with("PING ") {
                return Err(unreadable(at, "it does not start with `PING`"));
            }
        } else if line.contains(" packets transmitted, ") {
            if totals.is_some() {
                return Err(unreadable(at, "a second summary"));
            }
            totals = Some(summary(line).ok_or_else(|| unreadable(at, "no summary of packets"))?);
        } else if let Some(times) = line.strip_prefix("rtt ").or_else(|| line.strip_prefix("round-trip ")) {
            let totals = totals.as_mut().ok_or_else(|| unreadable(at, "round-trip times before the summary"))?;
            round_trip_times(times, totals).ok_or_else(|| unreadable(at, "no four round-trip times"))?;
        } else if line.contains(" bytes from ") {
            answers.read(line).ok_or_else(|| unreadable(at, "no answer to an echo request"))?;
        }
    }
    let said = complaint(TOOL, outputs.client_errors);
    let reported = |message| ParseError::Reported { tool: TOOL, message };
    let Some(mut totals) = totals else {
        let message = "its summary is missing";
        return Err(said.map_or_else(|| unfinished(message), reported));
    };
    if totals.packets == 0 {
        return Err(said.map_or_else(|| unfinished("it sent nothing"), reported));
    }
    // A local error such as `message too long` says nothing about the path: nothing was sent on it.
    if let (0, Some(words)) = (totals.received_packets, said) {
        return Err(reported(words));
    }
    if totals.received_packets > 0 && totals.rtt_seconds.is_none() && !answers.times.is_empty() {
        return Err(unfinished("its round-trip times are missing"));
    }
    totals.rtts_seconds = answers.in_order();
    Ok(totals)
}

/// Reads `10 packets transmitted, 6 received, +1 duplicates, +2 errors, 40% packet loss, time 1842ms`. The printed percentage
/// is rounded, so the share comes from the counts.
fn summary(line: &str) -> Option<RoundTrip> {
    let (mut sent, mut received, mut duplicates) = (None, None, 0);
    for part in line.split(", ") {
        let mut words = part.split_whitespace();
        let (count, what) = (words.next()?, words.next().unwrap_or_default());
        match what {
            "packets" if sent.is_none() => sent = Some(count.parse::<u64>().ok()?),
            "received" => received = Some(count.parse::<u64>().ok()?),
            "duplicates" => duplicates = count.trim_start_matches('+').parse().ok()?,
            _ => {}
        }
    }
    let (sent, received) = (sent?, received?);
    #[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
    let loss_ratio = if sent == 0 { 1.0 } else { sent.saturating_sub(received) as f64 / sent as f64 };
    Some(RoundTrip {
        packets: sent,
        received_packets: received,
        loss_ratio,
        duplicate_packets: duplicates,
        rtt_seconds: None,
        rtt_min_seconds: None,
        rtt_max_seconds: None,
        rtt_deviation_seconds: None,
        rtts_seconds: vec![],
    })
}

/// Reads `min/avg/max/mdev = 0.053/0.068/0.074/0.007 ms, …`.
fn round_trip_times(text: &str, totals: &mut RoundTrip) -> Option<()> {
    let (_, values) = text.split_once(" = ")?;
    let (values, _) = values.split_once(" ms")?;
    let times: Vec<f64> = values.split('/').map(milliseconds).collect::<Option<_>>()?;
    let [min, mean, max, deviation] = times[..] else { return None };
    totals.rtt_min_seconds = Some(min);
    totals.rtt_seconds = Some(mean);
    totals.rtt_max_seconds = Some(max);
    totals.rtt_deviation_seconds = Some(deviation);
    Some(())
}

/// The answers in order of arrival, each with its unwrapped sequence number.
#[derive(Default)]
struct Answers {
    times: Vec<(u64, f64)>,
    last: u64,
}

impl Answers {
    /// Reads `64 bytes from 10.0.0.2: icmp_seq=1 ttl=63 time=0.043 ms`. A payload under 16 bytes has no `time`.
    fn read(&mut self, line: &str) -> Option<()> {
        let value = |key: &str| line.split_whitespace().find_map(|w| w.strip_prefix(key));
        let sequence: u16 = value("icmp_seq=")?.parse().ok()?;
        let time = match value("time=") {
            Some(text) => milliseconds(text)?,
            None => return Some(()),
        };
        // The number has 16 bits; the nearest to the last one is meant.
        let turn = self.last & !0xffff;
        let near = [turn.saturating_sub(0x1_0000), turn, turn + 0x1_0000].map(|t| t + u64::from(sequence));
        self.last = near.into_iter().min_by_key(|n| n.abs_diff(self.last)).unwrap_or(0);
        if !line.contains("(DUP!)") {
            self.times.push((self.last, time));
        }
        Some(())
    }

    fn in_order(mut self) -> Vec<f64> {
        self.times.sort_by_key(|(sequence, _)| *sequence);
        self.times.into_iter().map(|(_, time)| time).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Ping {
        Ping {
            count: 10,
            interval: Duration::from_millis(200),
            timeout: Duration::from_secs(1),
            size: None,
            family: None,
        }
    }

    fn read(text: &str, errors: &str) -> Result<RoundTrip, ParseError> {
        parse(&Outputs { client: text.as_bytes(), client_errors: errors.as_bytes(), ..Outputs::default() })
    }

    fn line(test: &Ping, to: &str) -> String {
        test.client_command(&Endpoints::new(to.parse().unwrap(), 0)).join(" ")
    }

    #[test]
    fn arguments() {
        assert_eq!(line(&test(), "10.0.0.2"), "ping -n -c 10 -i 0.2 -W 1 10.0.0.2");
        let sized = Ping { size: ByteSize::parse("1448B").ok(), timeout: Duration::from_millis(500), ..test() };
        assert_eq!(line(&sized, "fd99::2"), "ping -n -c 10 -i 0.2 -W 0.5 -s 1448 fd99::2");
        assert_eq!(test().server_command(&Endpoints::new("::1".parse().unwrap(), 0)), None);
    }

    #[test]
    fn time_and_bytes() {
        assert_eq!(test().duration(), Duration::from_millis(1800));
        assert_eq!(Ping { count: 0, ..test() }.duration(), Duration::ZERO);
        assert_eq!(test().expected_bytes(None), (Some(560), Some(560)));
    }

    #[test]
    fn answers_are_sorted_without_duplicates() {
        let text = "PING x (1.1.1.1) 56(84) bytes of data.\n\
            64 bytes from 1.1.1.1: icmp_seq=2 ttl=63 time=2.00 ms\n\
            64 bytes from 1.1.1.1: icmp_seq=1 ttl=63 time=1004 ms\n\
            64 bytes from 1.1.1.1: icmp_seq=1 ttl=63 time=1005 ms (DUP!)\n\n\
            --- x ping statistics ---\n\
            3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 1000ms\n\
            rtt min/avg/max/mdev = 2.000/503.000/1004.000/501.000 ms, pipe 2\n";
        let measured = read(text, "").unwrap();
        assert_eq!(measured.rtts_seconds, [1.004, 0.002]);
        assert_eq!((measured.packets, measured.received_packets, measured.duplicate_packets), (3, 2, 1));
        assert_eq!(measured.loss_ratio, 1.0 / 3.0);
        assert_eq!(measured.rtt_seconds, Some(0.503));
    }

    #[test]
    fn sequence_numbers_go_on_after_65535() {
        let mut answers = Answers::default();
        for sequence in [65_534_u16, 65_535, 1, 0] {
            // A ping that was read from its start gets here in steps below 32768.
            answers.last = answers.last.max(65_000);
            answers.read(&format!("64 bytes from x: icmp_seq={sequence} ttl=1 time={sequence} ms")).unwrap();
        }
        assert_eq!(answers.in_order(), [65.534, 65.535, 0.0, 0.001]);
    }

    #[test]
    fn no_answer_at_all_is_a_measurement() {
        let text = "PING x (1.1.1.1) 56(84) bytes of data.\n\n--- x ping statistics ---\n\
            3 packets transmitted, 0 received, 100% packet loss, time 406ms\n\n";
        let measured = read(text, "").unwrap();
        assert_eq!((measured.loss_ratio, measured.rtt_seconds), (1.0, None));
        let warned = read(text, "ping: Warning: source address might be selected on another device\n");
        assert_eq!(warned, Ok(measured));
        let local = read(text, "ping: sendmsg: Network is unreachable\n");
        let message = "sendmsg: Network is unreachable".to_owned();
        assert_eq!(local, Err(ParseError::Reported { tool: "ping", message }));
    }

    #[test]
    fn answers_without_time_are_counted() {
        let text = "PING x (1.1.1.1) 8(36) bytes of data.\n16 bytes from 1.1.1.1: icmp_seq=1 ttl=64\n\n\
            --- x ping statistics ---\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\n\n";
        let measured = read(text, "").unwrap();
        assert_eq!((measured.received_packets, measured.rtt_seconds, measured.rtts_seconds.len()), (1, None, 0));
    }

    #[test]
    fn faults_name_their_line() {
        let error = |text: &str| read(text, "").unwrap_err().to_string();
        assert_eq!(error("hello\n"), "not an output of ping: line 1: it does not start with `PING`");
        assert_eq!(
            error("PING x\n64 bytes from 1.1.1.1: icmp_seq=1 ttl=63 time=nan ms\n"),
            "not an output of ping: line 2: no answer to an echo request"
        );
        assert_eq!(error("PING x\n"), "ping stopped before the end of the test: its summary is missing");
        assert_eq!(
            error("PING x\n0 packets transmitted, 0 received, time 0ms\n"),
            "ping stopped before the end of the test: it sent nothing"
        );
    }
}
