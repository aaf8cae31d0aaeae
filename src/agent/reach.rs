//! The preflight's two questions: does ICMP echo come back, can the control port be connected to?

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use super::ports::{self, Leases};
use crate::process;
use crate::protocol::Reply;

/// A container on its host's network has its host's setting, which some distributions leave at nobody.
const MAY_NOT_PING: &str = "the probe's user may not send any there; run `sudo sysctl -w \
                            net.ipv4.ping_group_range='0 2147483647'` on its host";

/// Accepts and drops connections on a leased port until aborted.
pub(super) async fn listen(job: u64, leases: Leases, replies: UnboundedSender<Reply>) {
    let opened = leases.take().and_then(|lease| {
        let listener = ports::bind(lease.port()).and_then(|listener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        });
        Ok((lease, listener.map_err(|fault| fault.to_string())?))
    });
    match opened {
        Ok((lease, listener)) => {
            let _ = replies.send(Reply::Ready { job, port: lease.port(), command: vec![] });
            loop {
                // A failed accept concerns one caller only, who sees it himself. Out of descriptors, it must not spin.
                if listener.accept().await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
        Err(reason) => {
            let _ = replies.send(Reply::Refused { job, reason });
        }
    }
}

/// Tries ICMP and, where there is a port, TCP at the same time.
pub(super) async fn reach(
    job: u64,
    address: IpAddr,
    port: Option<u16>,
    limit: Duration,
    replies: UnboundedSender<Reply>,
) {
    let tcp = async {
        match port {
            Some(port) => tcp(address, port, limit).await,
            None => None,
        }
    };
    let (icmp_fault, tcp_fault) = tokio::join!(icmp(address, limit), tcp);
    let is_denied = icmp_fault.as_ref().is_some_and(|fault| fault.ends_with(MAY_NOT_PING));
    let _ = replies.send(Reply::Reached { job, icmp_fault, tcp_fault, is_denied });
}

async fn tcp(address: IpAddr, port: u16, limit: Duration) -> Option<String> {
    match timeout(limit, TcpStream::connect((address, port))).await {
        Ok(Ok(_)) => None,
        Ok(Err(fault)) => Some(format!("TCP port {port} of {address}: {fault}")),
        Err(_) => Some(format!("TCP port {port} of {address}: no answer within {} s", limit.as_secs_f64())),
    }
}

async fn icmp(address: IpAddr, limit: Duration) -> Option<String> {
    let wait = limit.as_secs_f64().to_string();
    let words = ["ping", "-n", "-q", "-c", "2", "-i", "0.2", "-W", &wait, &address.to_string()];
    let argv: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    match process::run(&argv, b"", limit + Duration::from_secs(2)).await {
        Ok(finished) if finished.status.success() => None,
        Ok(finished) if finished.complaint().is_empty() => {
            Some(format!("ICMP echo to {address}: no answer within {wait} s"))
        }
        Ok(finished) => Some(format!("ICMP echo to {address}: {}", told(finished.complaint()))),
        Err(fault) => Some(format!("ICMP echo to {address}: {fault}")),
    }
}

/// What ping complained of, with what mends it where this user may open no socket of its kinds (icmp(7)).
fn told(complaint: String) -> String {
    let denied = ["socket: Operation not permitted", "missing cap_net_raw"];
    if denied.iter().any(|words| complaint.contains(words)) { MAY_NOT_PING.to_owned() } else { complaint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_ping_is_told_what_to_set() {
        let iputils = "ping: socktype: SOCK_RAW\nping: socket: Operation not permitted\n\
                       ping: => missing cap_net_raw+p capability or setuid?";
        for said in [iputils, "ping: socket: Operation not permitted"] {
            assert_eq!(told(said.to_owned()), MAY_NOT_PING);
        }
        assert_eq!(told("ping: connect: Network is unreachable".to_owned()), "ping: connect: Network is unreachable");
    }
}
