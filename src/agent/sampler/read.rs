//! Readers of the kernel's tables: text in, numbers out.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::counters::{CoreUse, InterfaceGrowth, TcpLimits, UdpGrowth};
use crate::process;

/// A core's clock ticks since boot (proc_stat(5)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cores {
    total: u64,
    idle: u64,
    softirq: u64,
    steal: u64,
}

impl Cores {
    pub(super) fn growth(&self, later: &Self) -> CoreUse {
        let total = later.total.saturating_sub(self.total);
        #[allow(clippy::cast_precision_loss)]
        let share = |from: u64, to: u64| if total == 0 { 0.0 } else { to.saturating_sub(from) as f64 / total as f64 };
        CoreUse {
            busy_ratio: if total == 0 { 0.0 } else { 1.0 - share(self.idle, later.idle) },
            softirq_ratio: share(self.softirq, later.softirq),
            steal_ratio: share(self.steal, later.steal),
        }
    }
}

/// Reads `/proc/stat`: `cpuN user nice system idle iowait irq softirq steal guest guest_nice`; guest time is in user time.
pub(super) fn cores(text: &str) -> Vec<Cores> {
    let rows = text.lines().filter(|l| l.starts_with("cpu") && !l.starts_with("cpu "));
    rows.map(|row| {
        let ticks: Vec<u64> = row.split_ascii_whitespace().skip(1).take(8).map(|n| n.parse().unwrap_or(0)).collect();
        let at = |i: usize| ticks.get(i).copied().unwrap_or(0);
        Cores { total: ticks.iter().sum(), idle: at(3) + at(4), softirq: at(6), steal: at(7) }
    })
    .collect()
}

/// Reads `/proc/net/dev`, loopback left out.
pub(super) fn interfaces(text: &str) -> BTreeMap<String, InterfaceGrowth> {
    let rows = text.lines().skip(2).filter_map(|row| row.split_once(':'));
    rows.map(|(name, numbers)| (name.trim(), numbers))
        .filter(|(name, _)| *name != "lo")
        .map(|(name, numbers)| {
            let values: Vec<u64> = numbers.split_ascii_whitespace().map(|n| n.parse().unwrap_or(0)).collect();
            let at = |i: usize| values.get(i).copied().unwrap_or(0);
            let counters = InterfaceGrowth {
                name: name.to_owned(),
                rx_bytes: at(0),
                rx_packets: at(1),
                rx_errors: at(2),
                rx_dropped: at(3),
                tx_bytes: at(8),
                tx_packets: at(9),
                tx_errors: at(10),
                tx_dropped: at(11),
                queue_dropped: None,
            };
            (name.to_owned(), counters)
        })
        .collect()
}

pub(super) fn interface_growth(before: Option<&InterfaceGrowth>, now: &InterfaceGrowth) -> InterfaceGrowth {
    let none = InterfaceGrowth::default();
    let old = before.unwrap_or(&none);
    InterfaceGrowth {
        name: now.name.clone(),
        rx_bytes: now.rx_bytes.saturating_sub(old.rx_bytes),
        rx_packets: now.rx_packets.saturating_sub(old.rx_packets),
        rx_errors: now.rx_errors.saturating_sub(old.rx_errors),
        rx_dropped: now.rx_dropped.saturating_sub(old.rx_dropped),
        tx_bytes: now.tx_bytes.saturating_sub(old.tx_bytes),
        tx_packets: now.tx_packets.saturating_sub(old.tx_packets),
        tx_errors: now.tx_errors.saturating_sub(old.tx_errors),
        tx_dropped: now.tx_dropped.saturating_sub(old.tx_dropped),
        queue_dropped: now.queue_dropped.map(|dropped| dropped.saturating_sub(old.queue_dropped.unwrap_or(0))),
    }
}

/// What each interface's queueing discipline has dropped, asked of `tc`; none where `tc` cannot tell.
pub(super) async fn queues() -> BTreeMap<String, u64> {
    let argv = ["tc", "-s", "-j", "qdisc", "show"].map(str::to_owned);
    let Ok(finished) = process::run(&argv, b"", Duration::from_secs(1)).await else { return BTreeMap::new() };
    queue_drops(&finished.stdout)
}

/// Reads `tc -s -j qdisc show`. A root counts what its children drop.
fn queue_drops(json: &[u8]) -> BTreeMap<String, u64> {
    #[derive(Deserialize)]
    struct Queue {
        dev: String,
        #[serde(default)]
        root: bool,
        #[serde(default)]
        drops: u64,
    }
    let queues: Vec<Queue> = serde_json::from_slice(json).unwrap_or_default();
    queues.into_iter().filter(|queue| queue.root).map(|queue| (queue.dev, queue.drops)).collect()
}

/// Reads the `Udp:` rows of `/proc/net/snmp`: one of names, one of numbers.
pub(super) fn udp(text: &str) -> UdpGrowth {
    let mut rows = text.lines().filter_map(|row| row.strip_prefix("Udp:"));
    let (Some(names), Some(numbers)) = (rows.next(), rows.next()) else { return UdpGrowth::default() };
    let values: BTreeMap<&str, u64> =
        names.split_ascii_whitespace().zip(numbers.split_ascii_whitespace().map(|n| n.parse().unwrap_or(0))).collect();
    let of = |name: &str| values.get(name).copied().unwrap_or(0);
    UdpGrowth {
        in_datagrams: of("InDatagrams"),
        in_errors: of("InErrors"),
        receive_buffer_errors: of("RcvbufErrors"),
        send_buffer_errors: of("SndbufErrors"),
        out_datagrams: of("OutDatagrams"),
    }
}

pub(super) fn udp_growth(before: &UdpGrowth, now: &UdpGrowth) -> UdpGrowth {
    UdpGrowth {
        in_datagrams: now.in_datagrams.saturating_sub(before.in_datagrams),
        in_errors: now.in_errors.saturating_sub(before.in_errors),
        receive_buffer_errors: now.receive_buffer_errors.saturating_sub(before.receive_buffer_errors),
        send_buffer_errors: now.send_buffer_errors.saturating_sub(before.send_buffer_errors),
        out_datagrams: now.out_datagrams.saturating_sub(before.out_datagrams),
    }
}

/// A thread's times since its start, from `/proc/PID/task/TID/schedstat`: time on a CPU, time waiting for one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ThreadTimes {
    pub(super) ran_nanoseconds: u64,
    pub(super) waited_nanoseconds: u64,
}

/// Every thread of `pid`; none where it has ended.
pub(super) fn threads(pid: u32) -> Vec<(u32, ThreadTimes)> {
    let Ok(entries) = fs_err::read_dir(format!("/proc/{pid}/task")) else { return vec![] };
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let text = fs_err::read_to_string(format!("/proc/{pid}/task/{id}/schedstat")).ok()?;
        Some((id, thread_times(&text)?))
    })
    .collect()
}

fn thread_times(text: &str) -> Option<ThreadTimes> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let ran_nanoseconds = numbers.next()?.ok()?;
    Some(ThreadTimes { ran_nanoseconds, waited_nanoseconds: numbers.next()?.ok()? })
}

/// TCP's own account of the sockets of `pid`, asked of `ss`; none where `ss` cannot tell.
pub(super) async fn sockets(pid: u32) -> Vec<TcpLimits> {
    let argv = ["ss", "-tinHp", "state", "established"].map(str::to_owned);
    let Ok(finished) = process::run(&argv, b"", Duration::from_secs(1)).await else { return vec![] };
    tcp_limits(&String::from_utf8_lossy(&finished.stdout), pid)
}

/// Reads `ss -tinHp state established`: a row of `Recv-Q Send-Q local peer users`, then an indented row of details.
fn tcp_limits(text: &str, pid: u32) -> Vec<TcpLimits> {
    let owner = format!("pid={pid},");
    let mut rows = text.lines().peekable();
    let mut found = Vec::new();
    while let Some(row) = rows.next() {
        let detail = rows.next_if(|next| next.starts_with([' ', '\t'])).unwrap_or_default();
        let fields: Vec<&str> = row.split_ascii_whitespace().collect();
        let [_, _, local, peer, ..] = fields[..] else { continue };
        if row.contains(&owner) {
            found.push(limits(local, peer, detail));
        }
    }
    found
}

/// Reads details such as `busy:2000ms rwnd_limited:12ms(0.6%) rtt:0.05/0.01 pmtu:1500 retrans:0/3 delivery_rate 95Mbps`.
fn limits(local: &str, peer: &str, detail: &str) -> TcpLimits {
    let words: Vec<&str> = detail.split_ascii_whitespace().collect();
    let value = |key: &str| words.iter().find_map(|w| w.strip_prefix(key)?.strip_prefix(':'));
    let milliseconds =
        |key: &str| value(key)?.split_once("ms").and_then(|(n, _)| n.parse::<f64>().ok()).map(|n| n / 1e3);
    let after = |key: &str| words.iter().position(|w| *w == key).and_then(|at| words.get(at + 1));
    TcpLimits {
        local: local.to_owned(),
        peer: peer.to_owned(),
        busy_seconds: milliseconds("busy"),
        receive_window_limited_seconds: milliseconds("rwnd_limited"),
        send_buffer_limited_seconds: milliseconds("sndbuf_limited"),
        rtt_seconds: value("rtt").and_then(|v| v.split('/').next()?.parse::<f64>().ok()).map(|n| n / 1e3),
        delivery_bits_per_second: after("delivery_rate").and_then(|v| v.strip_suffix("bps")).and_then(rate),
        path_mtu_bytes: value("pmtu").and_then(|v| v.parse().ok()),
        retransmits: value("retrans").and_then(|v| v.split('/').nth(1)?.parse().ok()),
    }
}

/// `95.6M`, `1.2G`, `800`, as ss prints rates.
fn rate(text: &str) -> Option<f64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1e3),
        b'M' => (&text[..text.len() - 1], 1e6),
        b'G' => (&text[..text.len() - 1], 1e9),
        b'T' => (&text[..text.len() - 1], 1e12),
        _ => (text, 1.0),
    };
    digits.parse::<f64>().ok().map(|n| n * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_is_busy_when_neither_idle_nor_waiting_for_a_disk() {
        let before = cores("cpu  1 1 1 1\ncpu0 100 0 100 700 100 0 0 0 0 0\n");
        let after = cores("cpu  1 1 1 1\ncpu0 150 0 120 710 110 0 5 5 0 0\n");
        let used = before[0].growth(&after[0]);
        assert!((used.busy_ratio - 0.8).abs() < 1e-9, "{used:?}");
        assert!((used.softirq_ratio - 0.05).abs() < 1e-9);
        assert!((used.steal_ratio - 0.05).abs() < 1e-9);
    }

    #[test]
    fn interface_and_udp_counters_are_read_by_their_columns() {
        let dev = "Inter-|   Receive |  Transmit\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n\
                   \x20 eth0: 10 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\n";
        let found = interfaces(dev);
        assert_eq!(found.len(), 1);
        let eth0 = &found["eth0"];
        assert_eq!((eth0.rx_bytes, eth0.rx_dropped, eth0.tx_bytes, eth0.tx_dropped), (10, 4, 50, 8));
        let snmp = "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 1 2 3 4 5 6\n";
        let counted = udp(snmp);
        assert_eq!((counted.in_datagrams, counted.receive_buffer_errors, counted.out_datagrams), (1, 5, 4));
    }

    #[test]
    fn a_queue_has_dropped_what_its_root_says() {
        let json = br#"[{"kind":"noqueue","handle":"0:","dev":"lo","root":true,"refcnt":2,"options":{},"drops":0},
            {"kind":"mq","handle":"8001:","dev":"eth0","root":true,"bytes":9,"packets":4,"drops":7,"requeues":1},
            {"kind":"fq_codel","handle":"0:","dev":"eth0","parent":"8001:1","drops":7},
            {"kind":"clsact","handle":"ffff:","dev":"eth0","parent":"ffff:fff1","drops":3}]"#;
        assert_eq!(queue_drops(json), BTreeMap::from([("lo".to_owned(), 0), ("eth0".to_owned(), 7)]));
        assert_eq!(queue_drops(b"Error: no JSON"), BTreeMap::new());
        let before = InterfaceGrowth { queue_dropped: Some(5), ..InterfaceGrowth::default() };
        let now = InterfaceGrowth { queue_dropped: Some(12), ..InterfaceGrowth::default() };
        assert_eq!(interface_growth(Some(&before), &now).queue_dropped, Some(7));
        // A discipline that came in between began to count at nothing.
        assert_eq!(interface_growth(Some(&now), &before).queue_dropped, Some(0));
        assert_eq!(interface_growth(None, &now).queue_dropped, Some(12));
        assert_eq!(interface_growth(Some(&before), &InterfaceGrowth::default()).queue_dropped, None);
    }

    #[test]
    fn the_limits_of_a_socket_come_from_ss() {
        let text = "0 999 10.0.0.1:4711 10.0.0.2:5201 users:((\"iperf3\",pid=42,fd=5))\n\t bbr wscale:7,7 rto:201 \
                    rtt:0.05/0.01 pmtu:1500 retrans:1/13 busy:2000ms rwnd_limited:12ms(0.6%) delivery_rate 95.6Mbps\n\
                    0 0 10.0.0.1:1 10.0.0.2:2 users:((\"other\",pid=43,fd=5))\n\t cubic rtt:1/1\n";
        let found = tcp_limits(text, 42);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].receive_window_limited_seconds, Some(0.012));
        assert_eq!(found[0].busy_seconds, Some(2.0));
        assert_eq!(found[0].retransmits, Some(13));
        assert_eq!(found[0].path_mtu_bytes, Some(1500));
        assert!((found[0].delivery_bits_per_second.unwrap() - 95.6e6).abs() < 1.0);
        assert!((found[0].rtt_seconds.unwrap() - 5e-5).abs() < 1e-12);
    }

    #[test]
    fn this_very_thread_has_run() {
        let mine = threads(std::process::id());
        assert!(!mine.is_empty());
    }
}
