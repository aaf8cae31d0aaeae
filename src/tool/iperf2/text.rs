//! iperf 2's text, enhanced (`-e`) or not.

use super::report::{Counted, Report, Row, count, number, span};
use super::{unfinished, unreadable};
use crate::domain::test::Protocol;
use crate::tool::{ParseError, milliseconds};

/// Reads a client's or server's text.
pub(super) fn read(text: &str) -> Result<Report, ParseError> {
    let mut reader = Reader::default();
    let whole = text.ends_with('\n');
    let last = text.lines().count().saturating_sub(1);
    for (at, line) in text.lines().enumerate() {
        if at == last && !whole {
            return Err(unfinished(format!("line {} is cut off", at + 1)));
        }
        reader.line(at, line)?;
    }
    if reader.report.protocol.is_none() {
        return Err(unreadable(0, "neither iperf's text nor its CSV"));
    }
    Ok(Report { streams: Some(reader.opened), ..reader.report })
}

#[derive(Default)]
struct Reader {
    report: Report,
    opened: usize,
    /// Streams of a server that send (`-R` of its client).
    reversed: Vec<String>,
    /// The stream whose server's report follows.
    reported: Option<String>,
}

impl Reader {
    fn line(&mut self, at: usize, line: &str) -> Result<(), ParseError> {
        if let Some(rest) =
            line.strip_prefix("Client connecting to ").or_else(|| line.strip_prefix("Server listening on "))
        {
            self.report.is_server = line.starts_with("Server");
            let udp = rest.contains("UDP port ");
            self.report.protocol = Some(if udp { Protocol::Udp } else { Protocol::Tcp });
            return Ok(());
        }
        if line.starts_with("Bounce-back test") {
            return Err(unreadable(at, "a bounce-back test is no measurement of throughput"));
        }
        let Some((stream, rest)) = line.strip_prefix('[').and_then(|l| l.split_once(']')) else { return Ok(()) };
        let (stream, rest) = (stream.trim(), rest.trim());
        // Sums over streams and over both directions are made here, the same way for every version.
        if !stream.trim_start_matches('*').starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(());
        }
        if rest.starts_with("local ") {
            self.opened += usize::from(rest.contains(" connected with "));
            if rest.contains("(reverse)") {
                self.reversed.push(stream.to_owned());
            }
            let peer = rest.split_once("(peer ").and_then(|(_, r)| r.split_once(')')).map(|(v, _)| v.to_owned());
            self.report.version = self.report.version.take().or(peer);
        } else if rest == "Server Report:" {
            self.reported = Some(stream.to_owned());
        } else if let Some(sent) = rest.strip_prefix("Sent ").and_then(|r| r.strip_suffix(" datagrams")) {
            let sent = sent.parse().map_err(|_| unreadable(at, "no number of datagrams"))?;
            self.report.sent.push((stream.to_owned(), sent));
        } else if let Some((times, figures)) = rest.split_once(" sec ") {
            self.figures(stream, times.trim(), figures).map_err(|message| unreadable(at, message))?;
        }
        Ok(())
    }

    fn figures(&mut self, stream: &str, times: &str, figures: &str) -> Result<(), &'static str> {
        let words: Vec<&str> = figures.split_whitespace().collect();
        if let Some(late) = figures.trim().strip_suffix(" datagrams received out-of-order") {
            let late = late.parse().map_err(|_| "no number of datagrams")?;
            if let Some(row) = self.report.rows.iter_mut().rfind(|r| r.stream == stream) {
                row.out_of_order = Some(late);
            }
            return Ok(());
        }
        // A histogram follows the row that it belongs to.
        if words.first().is_some_and(|w| w.contains("PDF:")) {
            return Ok(());
        }
        let [amount, unit, rate, rate_unit, rest @ ..] = &words[..] else { return Err("no transfer and bandwidth") };
        let span = span(times).ok_or("no interval of time")?;
        let bytes = scaled(amount, unit, "Bytes", 1024.0).ok_or("no transfer")?;
        let bits = scaled(rate, rate_unit, "bits/sec", 1000.0).ok_or("no bandwidth")?;
        self.report.rounded |= *unit != "Bytes";
        let mut row = Row::new(stream.to_owned(), self.counted(stream, rest), span, bytes, bits);
        match row.counted {
            Counted::Sending => sending(rest, &mut row),
            Counted::Receiving | Counted::Reported => receiving(rest, &mut row)?,
        }
        if row.counted == Counted::Reported {
            self.reported = None;
        }
        self.report.rows.push(row);
        Ok(())
    }

    /// The enhanced text tells by its columns which end counted; the plain one by the star of what flows back.
    fn counted(&self, stream: &str, rest: &[&str]) -> Counted {
        if self.reported.as_deref() == Some(stream) && rest.get(1) == Some(&"ms") {
            return Counted::Reported;
        }
        match rest.first() {
            Some(_) if rest.get(1) == Some(&"ms") => Counted::Receiving,
            Some(writes) if writes.split_once('/').is_some_and(|(w, e)| number(w).and(number(e)).is_some()) => {
                Counted::Sending
            }
            Some(_) => Counted::Receiving,
            None => {
                let back = stream.starts_with('*') || self.reversed.iter().any(|s| s == stream);
                if back == self.report.is_server { Counted::Sending } else { Counted::Receiving }
            }
        }
    }
}

/// `1.25 GBytes`, `25034812 Bytes`, `10.7 Gbits/sec`: iperf counts bytes in powers of 1024 and bits in powers of 1000.
fn scaled(amount: &str, unit: &str, base: &str, step: f64) -> Option<f64> {
    let power = match unit.strip_suffix(base)? {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    number(amount).map(|n| n * step.powi(power)).filter(|n| n.is_finite())
}

/// `191/0  0  86K/3972(277) us  3014`: writes and errors, retransmits, congestion window, round-trip time. UDP has `8635/0
/// 4318 pps`.
fn sending(rest: &[&str], row: &mut Row) {
    if rest.get(2) == Some(&"pps") {
        return;
    }
    row.retransmits = rest.get(1).and_then(|w| w.parse().ok());
    let Some((window, rtt)) = rest.get(2).and_then(|w| w.split_once('/')) else { return };
    let kilobytes: Option<u64> = window.strip_suffix('K').and_then(|w| w.parse().ok());
    row.window = kilobytes.and_then(|k| k.checked_mul(1024)).filter(|w| *w > 0);
    let micros = rtt.split('(').next().and_then(|r| r.parse::<u32>().ok());
    row.rtt = micros.filter(|m| *m > 0).map(|m| f64::from(m) / 1e6);
}

/// `0.108 ms 1334/9646 (14%) …`: jitter, lost and all datagrams. Of TCP nothing is needed.
fn receiving(rest: &[&str], row: &mut Row) -> Result<(), &'static str> {
    let [jitter, "ms", counts, percent, ..] = rest else { return Ok(()) };
    if !percent.starts_with('(') {
        return Ok(());
    }
    row.jitter = Some(milliseconds(jitter).ok_or("no jitter")?);
    let (lost, all) = counts.split_once('/').ok_or("no counts of datagrams")?;
    row.lost = Some(count(lost).ok_or("no count of lost datagrams")?);
    row.packets = Some(all.parse().map_err(|_| "no count of datagrams")?);
    Ok(())
}
