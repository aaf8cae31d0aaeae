//! UDP datagrams lost at the end of a test. iperf3's receiver counts the gaps in the sequence numbers, and what is lost
//! after the last datagram that arrived leaves no gap: what was sent less what arrived tells.

use crate::domain::measurement::Flow;

/// Time, in seconds, whose datagrams may have arrived unread when a server is told that its client has ended: that word
/// takes the same way behind them.
pub(super) const UNREAD_AT_SERVER: f64 = 0.1;
/// Time, in seconds, whose datagrams may be on their way when a receiving client's own clock ends the test. 25 ms of them
/// were seen in the queue of a shaper, and the round trip comes on top.
pub(super) const UNDER_WAY_TO_CLIENT: f64 = 0.5;

/// Datagrams of `length` bytes sent and not received; `None` where the bytes do not tell.
pub(super) fn missing(flow: &Flow, received_bytes: Option<u64>, length: Option<u64>) -> Option<u64> {
    let (sent, received) = (flow.sent_bytes?, received_bytes?);
    let length = length.filter(|length| *length > 0)?;
    let missing = sent.saturating_sub(received) / length;
    Some(missing.min(flow.packets?))
}

/// Counts `missing` datagrams as lost, where they are more than iperf3's gaps and those of `under_way` seconds explain.
/// Gives the note that says so.
#[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
pub(super) fn count(flow: &mut Flow, missing: u64, under_way: f64) -> Option<String> {
    let (bytes, bits_per_second) = (flow.sent_bytes.filter(|bytes| *bytes > 0)? as f64, flow.sent_bits_per_second?);
    let packets = flow.packets.filter(|packets| *packets > 0)?;
    let told = flow.lost_packets.unwrap_or(0);
    let unexplained = missing.saturating_sub(told) as f64;
    // Packets of a second of sending, times the seconds.
    let excused = packets as f64 * bits_per_second / (bytes * 8.0) * under_way;
    if unexplained <= excused {
        return None;
    }
    settle(flow, missing, packets);
    Some(format!(
        "iperf3 itself counts {told} lost datagrams, for it sees only gaps in their numbers and those lost at the end of the \
         test leave none: the loss told is what was sent less what arrived"
    ))
}

/// Sets the loss to `lost` of `packets`.
#[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
pub(super) fn settle(flow: &mut Flow, lost: u64, packets: u64) {
    flow.lost_packets = Some(lost);
    flow.loss_ratio = Some(lost as f64 / packets as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2590 datagrams of 1448 bytes in 3 s, of which iperf3 says that `lost` were lost.
    fn flow(lost: Option<u64>) -> Flow {
        Flow {
            sent_bits_per_second: Some(2590.0 * 1448.0 * 8.0 / 3.0),
            sent_bytes: Some(2590 * 1448),
            packets: Some(2590),
            lost_packets: lost,
            loss_ratio: lost.map(|lost| lost as f64 / 2590.0),
            ..Flow::default()
        }
    }

    #[test]
    fn a_lost_end_is_loss() {
        let mut flow = flow(Some(0));
        let missing = missing(&flow, Some(970 * 1448), Some(1448)).unwrap();
        assert_eq!(missing, 1620);
        let note = count(&mut flow, missing, UNREAD_AT_SERVER).unwrap();
        assert!(note.starts_with("iperf3 itself counts 0 lost datagrams"), "{note}");
        assert_eq!((flow.lost_packets, flow.loss_ratio), (Some(1620), Some(1620.0 / 2590.0)));
    }

    #[test]
    fn what_was_under_way_at_the_end_is_not_lost() {
        // 86 datagrams are sent in 0.1 s.
        for (missing, lost) in [(20, 20), (106, 20), (107, 107)] {
            let mut flow = flow(Some(20));
            let noted = count(&mut flow, missing, UNREAD_AT_SERVER).is_some();
            assert_eq!((flow.lost_packets, noted), (Some(lost), lost > 20), "{missing}");
        }
        let mut back = flow(Some(20));
        assert_eq!(count(&mut back, 400, UNDER_WAY_TO_CLIENT), None);
    }

    #[test]
    fn duplicates_and_late_ones_bring_no_loss() {
        let sent = flow(Some(0));
        assert_eq!(missing(&sent, Some(2600 * 1448), Some(1448)), Some(0), "more came than was sent");
        // Gaps that duplicates fill in the sum of bytes stay gaps.
        let mut duplicated = flow(Some(50));
        assert_eq!(count(&mut duplicated, 10, UNREAD_AT_SERVER), None);
        assert_eq!(duplicated.lost_packets, Some(50));
    }

    #[test]
    fn without_bytes_nothing_is_said() {
        assert_eq!(missing(&flow(None), None, Some(1448)), None);
        assert_eq!(missing(&flow(None), Some(0), Some(0)), None);
        assert_eq!(count(&mut Flow::default(), 5, UNREAD_AT_SERVER), None);
    }
}
