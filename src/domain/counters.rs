//! What an end of a run did while the tool ran: the evidence for *invalid* verdicts.

use serde::{Deserialize, Serialize};

/// Counters of one end, as growth over the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EndCounters {
    /// Time between the first and the last sample.
    pub wall_seconds: f64,
    /// Samples taken.
    pub samples: u32,
    /// Each core's use (`/proc/stat`).
    pub cores: Vec<CoreUse>,
    /// Run-queue wait of the tool's busiest thread over the wall time (`/proc/PID/task/*/schedstat`, second field).
    pub run_queue_wait_ratio: Option<f64>,
    /// CPU time of the tool's busiest thread over the wall time (first field).
    pub on_cpu_ratio: Option<f64>,
    /// Interface counters of the probe (`/proc/net/dev`).
    pub interfaces: Vec<InterfaceGrowth>,
    /// UDP counters of the probe (`/proc/net/snmp`).
    pub udp: UdpGrowth,
    /// TCP's own account of what limited it (`ss -ti`), one for each data socket seen, the last sample of each.
    pub tcp: Vec<TcpLimits>,
}

/// Use of a core as shares of the wall time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CoreUse {
    /// All but idle and I/O wait.
    pub busy_ratio: f64,
    /// Soft interrupts.
    pub softirq_ratio: f64,
    /// Taken away by the hypervisor.
    pub steal_ratio: f64,
}

/// Growth of an interface's counters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InterfaceGrowth {
    /// Its name in the probe.
    pub name: String,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Receive errors.
    pub rx_errors: u64,
    /// Received and dropped.
    pub rx_dropped: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Send errors.
    pub tx_errors: u64,
    /// Dropped by the device before sending.
    pub tx_dropped: u64,
    /// Dropped by its queueing discipline, which `tx_dropped` leaves out (the root's `drops` of `tc -s qdisc`); `None` where
    /// nobody asked, as beside a ping, or nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_dropped: Option<u64>,
}

/// Growth of the UDP counters (RFC 4113 and Linux' own).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UdpGrowth {
    /// Datagrams delivered.
    pub in_datagrams: u64,
    /// Datagrams not deliverable.
    pub in_errors: u64,
    /// Dropped for a full receive buffer.
    pub receive_buffer_errors: u64,
    /// Dropped for a full send buffer.
    pub send_buffer_errors: u64,
    /// Datagrams sent.
    pub out_datagrams: u64,
}

/// What a TCP socket says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TcpLimits {
    /// Its local address and port.
    pub local: String,
    /// Its peer.
    pub peer: String,
    /// Time with data to send.
    pub busy_seconds: Option<f64>,
    /// Of that, limited by the receiver's window.
    pub receive_window_limited_seconds: Option<f64>,
    /// Of that, limited by the send buffer.
    pub send_buffer_limited_seconds: Option<f64>,
    /// Smoothed round-trip time.
    pub rtt_seconds: Option<f64>,
    /// Rate of delivery.
    pub delivery_bits_per_second: Option<f64>,
    /// Path MTU.
    pub path_mtu_bytes: Option<u32>,
    /// Segments sent again, in all.
    pub retransmits: Option<u64>,
}
