//! Leases of ports from the probe's range.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::net;

use crate::domain::port::PortRange;

/// Connections that wait to be taken, as std has it.
const BACKLOG: i32 = 128;

/// The ports of one session.
#[derive(Debug, Clone)]
pub(super) struct Leases {
    range: PortRange,
    taken: Arc<Mutex<BTreeSet<u16>>>,
}

/// A leased port, given back when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    port: u16,
    taken: Arc<Mutex<BTreeSet<u16>>>,
    /// Held as long as the lease.
    _claim: UnixDatagram,
}

/// Claims `port` among all agents of this network namespace: several may share it, as plain processes of one machine do, and a
/// server binds its port only some time after the agent chose it. An abstract socket (unix(7)) is gone with its process.
fn claim(port: u16) -> std::io::Result<UnixDatagram> {
    UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(format!("iperftester-port-{port}"))?)
}

impl Leases {
    pub(super) fn new(range: PortRange) -> Self {
        Self { range, taken: Arc::default() }
    }

    /// A port that neither this session nor anybody else on the probe uses, or why there is none.
    pub(super) fn take(&self) -> Result<Lease, String> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let free = (self.range.first()..=self.range.last()).find_map(|port| {
            let claim = (!taken.contains(&port)).then(|| claim(port).ok()).flatten()?;
            bind(port).is_ok().then_some((port, claim))
        });
        let Some((port, claim)) = free else {
            let (first, last) = (self.range.first(), self.range.last());
            return Err(format!("every port of {first}-{last} is in use on this probe: widen its `ports`"));
        };
        taken.insert(port);
        Ok(Lease { port, taken: self.taken.clone(), _claim: claim })
    }
}

/// Listens on `port` at all addresses of both families, or of IPv4 alone where the kernel has no IPv6.
///
/// # Errors
/// The system's, such as that somebody else listens there.
pub fn bind(port: u16) -> std::io::Result<TcpListener> {
    both_families(port).or_else(|fault| match fault.kind() {
        std::io::ErrorKind::AddrInUse => Err(fault),
        _ => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)),
    })
}

/// An IPv6 socket that takes IPv4 as well, whatever `net.ipv6.bindv6only` says (ipv6(7)).
fn both_families(port: u16) -> std::io::Result<TcpListener> {
    let socket = net::socket_with(net::AddressFamily::INET6, net::SocketType::STREAM, net::SocketFlags::CLOEXEC, None)?;
    net::sockopt::set_ipv6_v6only(&socket, false)?;
    net::sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, &SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0))?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

impl Lease {
    pub(super) const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_passed_over_and_a_dropped_lease_comes_back() {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        let first = listener.local_addr().unwrap().port();
        if first > u16::MAX - 2 {
            return;
        }
        let leases = Leases::new(PortRange::new(first, first + 2).unwrap());
        let lease = leases.take().unwrap();
        assert_ne!(lease.port(), first);
        let port = lease.port();
        drop(lease);
        assert_eq!(leases.take().unwrap().port(), port);
        let held = leases.take().unwrap();
        let another = Leases::new(PortRange::new(first, first + 2).unwrap());
        assert_ne!(another.take().unwrap().port(), held.port(), "an agent beside this one has another");
        let only = Leases::new(PortRange::new(first, first).unwrap());
        assert!(only.take().unwrap_err().contains("widen its `ports`"));
    }
}
