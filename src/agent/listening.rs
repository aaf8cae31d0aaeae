//! Is a process listening yet? Seen in the kernel's socket tables, not guessed by a pause.

use std::time::Duration;

/// How often the socket tables are looked at.
const LOOK: Duration = Duration::from_millis(1);

/// Waits until some socket of this network namespace listens on TCP `port`. Never returns where none ever does: the caller
/// holds the deadline.
pub(super) async fn wait_for(port: u16) {
    while !["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .any(|table| fs_err::read_to_string(table).is_ok_and(|text| listens(&text, port)))
    {
        tokio::time::sleep(LOOK).await;
    }
}

/// Does this table (proc_pid_net(5): local address in hex as `ADDRESS:PORT`, state `0A` is LISTEN) hold a listener on `port`?
fn listens(table: &str, port: u16) -> bool {
    let ending = format!(":{port:04X}");
    table.lines().skip(1).any(|row| {
        let mut fields = row.split_ascii_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&ending)) && fields.nth(1) == Some("0A")
    })
}

#[cfg(test)]
mod tests {
    use super::listens;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n\
        \x20  0: 00000000:1451 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n\
        \x20  1: 0100007F:1452 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0\n";

    #[test]
    fn only_a_listening_socket_on_that_port_counts() {
        assert!(listens(TABLE, 0x1451));
        assert!(!listens(TABLE, 0x1452), "established, not listening");
        assert!(!listens(TABLE, 0x1453));
    }
}
