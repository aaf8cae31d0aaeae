//! The network of simulated hosts: a switch in a namespace of its own, for a bridge in the root namespace would pass through
//! this machine's firewall, and a leg by which this machine reaches them.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::machine::{Machine, must};

/// The switch is a machine on which nothing runs.
pub(super) struct Network {
    switch: Machine,
    /// The third byte of its addresses.
    number: u8,
}

impl Network {
    /// A network that no other test has.
    pub(super) fn new() -> Self {
        let switch = Machine::new();
        must(&mut switch.ip(&["link", "add", "switch", "type", "bridge"]));
        must(&mut switch.ip(&["link", "set", "switch", "up"]));
        // The device of the leg reserves the number.
        let first = std::process::id() % 250;
        let tried = (first..250).chain(0..first).filter_map(|number| u8::try_from(number).ok());
        let reserved = tried.into_iter().find(|number| {
            let mut link = Command::new("ip");
            link.args(["link", "add", &leg(*number), "type", "veth", "peer", "name", "leg", "netns", &switch.name]);
            link.stderr(Stdio::null()).status().unwrap().success()
        });
        let network = Self { switch, number: reserved.expect("a free number") };
        network.plug("leg");
        let leg = leg(network.number);
        let address = format!("{}/24", network.address(254));
        must(Command::new("ip").args(["address", "add", &address, "dev", &leg]));
        must(Command::new("ip").args(["link", "set", &leg, "up"]));
        network
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        self.switch.folder()
    }

    /// The address of a host; 254 is this machine.
    pub(super) fn address(&self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 203, self.number, host)
    }

    /// Connects a machine as this host, by its device `eth0`.
    pub(super) fn join(&self, machine: &Machine, host: u8) {
        let port = format!("host{host}");
        let peer = ["link", "add", "eth0", "type", "veth", "peer", "name", &port, "netns", &self.switch.name];
        must(&mut machine.ip(&peer));
        self.plug(&port);
        must(&mut machine.ip(&["address", "add", &format!("{}/24", self.address(host)), "dev", "eth0"]));
        must(&mut machine.ip(&["link", "set", "eth0", "up"]));
    }

    fn plug(&self, port: &str) {
        must(&mut self.switch.ip(&["link", "set", port, "master", "switch", "up"]));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "del", &leg(self.number)]).stderr(Stdio::null()).status();
    }
}

fn leg(number: u8) -> String {
    format!("engines{number}")
}
