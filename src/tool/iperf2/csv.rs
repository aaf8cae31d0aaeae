//! iperf 2's CSV (`-y C`): time, sender's address and port, receiver's address and port, stream, interval, bytes, bits per
//! second; of UDP also jitter in milliseconds, lost, all, percent lost, out of order.

use super::report::{Counted, Report, Row, count, number, span};
use super::{unfinished, unreadable};
use crate::domain::test::Protocol;
use crate::tool::{ParseError, milliseconds};

/// Fields of a row of TCP.
pub(super) const FIELDS: usize = 9;
/// Fields of a row of UDP.
const UDP_FIELDS: usize = 14;

/// Reads a client's or a server's CSV. The port of iperf's server is the lower one: Linux gives clients ports from 32768.
pub(super) fn read(text: &str, is_server: bool) -> Result<Report, ParseError> {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    if !text.ends_with('\n') {
        return Err(unfinished(format!("line {} is cut off", rows.len())));
    }
    let ports = rows.iter().flat_map(|r| [r.get(2), r.get(4)]).flatten().filter_map(|p| p.parse::<u16>().ok());
    let server = ports.filter(|p| *p > 0).min();
    let udp = rows.iter().any(|r| r.len() == UDP_FIELDS);
    let mut report =
        Report { protocol: Some(if udp { Protocol::Udp } else { Protocol::Tcp }), is_server, ..Report::default() };
    for (at, fields) in rows.iter().enumerate() {
        let row = row(fields, server, is_server).ok_or_else(|| unreadable(at, "no row of iperf's CSV"))?;
        report.rows.push(row);
    }
    // What a UDP sender writes looks like a receiver's figures without loss, but for its last row.
    let told: Vec<String> =
        report.rows.iter().filter(|r| udp && r.packets.is_none()).map(|r| r.stream.clone()).collect();
    for row in report.rows.iter_mut().filter(|r| told.contains(&r.stream)) {
        row.counted = Counted::Sending;
        (row.jitter, row.lost, row.packets, row.out_of_order) = (None, None, None, None);
    }
    Ok(report)
}

fn row(fields: &[&str], server: Option<u16>, is_server: bool) -> Option<Row> {
    if fields.len() != FIELDS && fields.len() != UDP_FIELDS {
        return None;
    }
    let sender_port: u16 = fields[2].parse().ok()?;
    let back = Some(sender_port) == server;
    let received = back != is_server || fields.len() == UDP_FIELDS;
    let counted = if received { Counted::Receiving } else { Counted::Sending };
    let stream = format!("{}{} {} {}", if back { "*" } else { "" }, fields[5], fields[2], fields[4]);
    let (bytes, rate) = (number(fields[7])?, number(fields[8])?);
    let mut row = Row::new(stream, counted, exact(span(fields[6])?, bytes, rate), bytes, rate);
    if let [jitter, lost, packets, _, out_of_order] = fields[FIELDS..] {
        row.jitter = Some(milliseconds(jitter)?);
        row.lost = Some(count(lost)?);
        // -1 where the sender knows nothing of what arrived.
        row.packets = if packets == "-1" { None } else { Some(packets.parse().ok()?) };
        row.out_of_order = Some(out_of_order.parse().ok()?);
    }
    Some(row)
}

/// The time is printed in tenths of a second; the rate was counted from the exact one.
fn exact((start, end): (f64, f64), bytes: f64, rate: f64) -> (f64, f64) {
    let counted = start + bytes * 8.0 / rate;
    let off = (counted - end).abs();
    if off > 1e-4 && off < 0.06 { (start, counted) } else { (start, end) }
}
