//! Is a process listening yet? Seen in the kernel's socket tables, not guessed by a pause.

use std::time::Duration;

use crate::domain::test::Protocol;

/// How often the socket tables are looked at.
const LOOK: Duration = Duration::from_millis(1);

/// Waits until some socket of this network namespace listens on `port`. Never returns where none ever does: the caller
/// holds the deadline.
pub(super) async fn wait_for(port: u16, protocol: Protocol) {
    let (tables, state) = match protocol {
        Protocol::Udp => (["/proc/self/net/udp", "/proc/self/net/udp6"], UNCONNECTED),
        Protocol::Tcp | Protocol::Sctp => (["/proc/self/net/tcp", "/proc/self/net/tcp6"], LISTEN),
    };
    while !tables.iter().any(|table| fs_err::read_to_string(table).is_ok_and(|text| listens(&text, port, state))) {
        tokio::time::sleep(LOOK).await;
    }
}

/// TCP_LISTEN of the kernel's tcp_states.h.
const LISTEN: &str = "0A";
/// TCP_CLOSE, which a UDP socket without a peer is in.
const UNCONNECTED: &str = "07";

/// Does this table (proc_pid_net(5): local address in hex as `ADDRESS:PORT`) hold a socket on `port` in this state?
fn listens(table: &str, port: u16, state: &str) -> bool {
    let ending = format!(":{port:04X}");
    table.lines().skip(1).any(|row| {
        let mut fields = row.split_ascii_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&ending)) && fields.nth(1) == Some(state)
    })
}

#[cfg(test)]
mod tests {
    use super::{LISTEN, UNCONNECTED, listens};

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n\
        \x20  0: 00000000:1451 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n\
        \x20  1: 0100007F:1452 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0\n";

    #[test]
    fn only_a_listening_socket_on_that_port_counts() {
        assert!(listens(TABLE, 0x1451, LISTEN));
        assert!(!listens(TABLE, 0x1452, LISTEN), "established, not listening");
        assert!(!listens(TABLE, 0x1453, LISTEN));
        let udp = TABLE.replace(" 0A ", " 07 ");
        assert!(listens(&udp, 0x1451, UNCONNECTED));
        assert!(!listens(&udp, 0x1452, UNCONNECTED), "connected to another client");
    }
}
