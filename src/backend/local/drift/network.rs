//! Devices, addresses, routes and settings that are not as they were made. Pure.

use super::after;
use crate::backend::local::batch::Batch;
use crate::backend::local::device::Device;
use crate::backend::local::holding::Holding;
use crate::backend::local::route::Made;

/// MTU of a virtual Ethernet device or switch as the kernel makes it, in bytes (ETH_DATA_LEN of its if_ether.h).
const ETHERNET_MTU_BYTES: u32 = 1500;
/// That of the loopback device, in bytes (drivers/net/loopback.c).
const LOOPBACK_MTU_BYTES: u32 = 65_536;

/// What a command of `ip` made: a device that is up and at its switch, an address, a route.
pub(super) fn network(words: &[&str], held: &Holding) -> Option<String> {
    match words {
        ["link", "set", "dev", name, how @ ..] => {
            let Some(device) = held.devices.iter().find(|d| d.name == *name) else {
                return Some(format!("the device {name} is missing"));
            };
            if how.contains(&"up") && !device.is_up() {
                return Some(format!("the device {name} is down"));
            }
            if let Some(switch) = after(how, "master").filter(|switch| device.master.as_deref() != Some(switch)) {
                return Some(format!("the device {name} is not at the switch {switch}"));
            }
            // What only changes a setting of a device, such as a container's, did not make it.
            if !how.contains(&"up") {
                return None;
            }
            let (found, made) = (device.mtu_bytes?, mtu(device, held));
            (found != made).then(|| format!("the MTU of {name} is {found} B instead of {made} B"))
        }
        ["addr", "add", address, "dev", name, ..] => {
            let there = held.devices.iter().any(|d| d.name == *name && d.has_address(address));
            (!there).then(|| format!("the address {address} of {name} is missing"))
        }
        ["route", "add", ..] => {
            let made = Made::read(words)?;
            if held.routes.iter().any(|route| made.is(route)) {
                return None;
            }
            let (to, way) = (made.to, made.gateway.or(made.device).unwrap_or_default());
            let other = held.added.iter().map(|(_, route)| route).find(|route| made.leads_where(route));
            Some(match other {
                Some(other) => format!("the route to {to} goes by {} instead of {way}", other.way()),
                None => format!("the route to {to} by {way} is missing"),
            })
        }
        _ => None,
    }
}

/// The MTU that a device was made with. That of a switch follows the smallest of its ports (ip-link(8)).
fn mtu(device: &Device, held: &Holding) -> u32 {
    let ports = held.devices.iter().filter(|port| port.master.as_ref() == Some(&device.name));
    match ports.filter_map(|port| port.mtu_bytes).min() {
        Some(smallest) => smallest,
        None if device.name == "lo" => LOOPBACK_MTU_BYTES,
        None => ETHERNET_MTU_BYTES,
    }
}

/// A route that was added to what a batch made.
pub(super) fn routed_since(batch: &Batch, held: &Holding) -> Option<String> {
    let (_, route) = held.added.iter().find(|(device, _)| batch.devices().any(|name| name == device))?;
    Some(format!("the route to {} by {} was added", route.dst, route.way()))
}

/// The first setting that has another value now.
pub(super) fn set_otherwise(made: &[(&str, &str)], held: &Holding) -> Option<String> {
    made.iter().find_map(|(key, made)| {
        let found = held.settings.get(*key).filter(|found| found != made)?;
        Some(format!("the setting {key} is {found} instead of {made}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::local::batch::Program;
    use crate::backend::local::route::{Route, added};

    fn route(json: &str) -> Route {
        serde_json::from_str(json).unwrap()
    }

    fn device(json: &str) -> Device {
        serde_json::from_str(json).unwrap()
    }

    fn batch(lines: &str) -> Batch {
        Batch::new(Program::Ip, Some("iperftester.lab.west".to_owned()), lines.to_owned())
    }

    const SITE: &str = "link set dev lo up\nlink set dev core up\nroute add default via 100.64.0.5\n\
                        route add ::/0 via fd69::5 dev core\n";

    #[test]
    fn an_added_route_goes_with_the_resource_of_its_device() {
        for (json, whose, told) in [
            (r#"{"dst":"10.9.0.0/16","gateway":"100.64.0.5","dev":"core"}"#, "core", "10.9.0.0/16 by 100.64.0.5"),
            (r#"{"dst":"10.9.0.0/16","dev":"core","protocol":"static"}"#, "core", "10.9.0.0/16 by core"),
            (r#"{"dst":"10.9.0.0/16","dev":"tun0"}"#, "lo", "10.9.0.0/16 by tun0"),
            (r#"{"type":"blackhole","dst":"10.9.0.1"}"#, "lo", "10.9.0.1 by blackhole"),
            (r#"{"dst":"10.9.0.1","nexthops":[{},{}]}"#, "lo", "10.9.0.1 by several ways"),
        ] {
            let site = batch(SITE);
            let added = added(&[&site], &[route(json)]);
            assert_eq!(added.iter().map(|(device, _)| device.as_str()).collect::<Vec<_>>(), [whose], "{json}");
            let held = Holding { added, ..Holding::default() };
            assert_eq!(routed_since(&site, &held).unwrap(), format!("the route to {told} was added"));
            assert_eq!(routed_since(&batch("link set dev l-1 up\n"), &held), None, "another resource's");
        }
    }

    #[test]
    fn a_route_that_leads_another_way_is_told_with_both() {
        let site = batch(SITE);
        let routes = vec![
            route(r#"{"dst":"default","gateway":"100.64.0.6","dev":"core"}"#),
            route(r#"{"dst":"default","gateway":"fd69::5","dev":"core"}"#),
        ];
        let held = Holding { added: added(&[&site], &routes), routes, ..Holding::default() };
        let words = ["route", "add", "default", "via", "100.64.0.5"];
        let told = network(&words, &held).unwrap();
        assert_eq!(told, "the route to default goes by 100.64.0.6 instead of 100.64.0.5");
    }

    #[test]
    fn an_mtu_is_told_at_the_port_and_not_at_the_switch_that_follows_it() {
        let told = |name: &str, devices: &[&str]| {
            let held = Holding { devices: devices.iter().map(|d| device(d)).collect(), ..Holding::default() };
            network(&["link", "set", "dev", name, "up"], &held)
        };
        let lan = |mtu: u32| format!(r#"{{"ifname":"lan","flags":["UP"],"mtu":{mtu}}}"#);
        let port = |mtu: u32| format!(r#"{{"ifname":"p-1","flags":["UP"],"mtu":{mtu},"master":"lan"}}"#);
        assert_eq!(told("lan", &[&lan(1500)]), None);
        assert_eq!(told("lan", &[&lan(1400), &port(1400)]), None);
        assert_eq!(told("p-1", &[&lan(1400), &port(1400)]).unwrap(), "the MTU of p-1 is 1400 B instead of 1500 B");
        assert_eq!(told("lan", &[&lan(1400), &port(1500)]).unwrap(), "the MTU of lan is 1400 B instead of 1500 B");
        let lo = r#"{"ifname":"lo","flags":["UP"],"mtu":65536}"#;
        assert_eq!(told("lo", &[lo]), None);
        let container =
            Holding { devices: vec![device(r#"{"ifname":"eth0","flags":["UP"],"mtu":1400}"#)], ..Holding::default() };
        let bundles = ["link", "set", "dev", "eth0", "gso_max_segs", "1"];
        assert_eq!(network(&bundles, &container), None, "its engine chose the MTU");
        assert_eq!(network(&bundles, &Holding::default()).unwrap(), "the device eth0 is missing");
    }

    #[test]
    fn a_setting_is_told_with_both_values_and_one_that_is_unknown_is_not() {
        let line = "netns exec iperftester.lab.west sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0\n";
        let begin = Batch::new(Program::Ip, None, format!("netns add iperftester.lab.west\n{line}"));
        let all: Vec<_> = begin.settings().collect();
        let made = vec![("net.ipv4.ip_forward", "1"), ("net.ipv4.icmp_ratemask", "0")];
        assert_eq!(all, [("iperftester.lab.west", made.clone())]);
        let held = |forward: &str| Holding {
            settings: [("net.ipv4.ip_forward".to_owned(), forward.to_owned())].into(),
            ..Holding::default()
        };
        assert_eq!(set_otherwise(&made, &held("1")), None);
        let told = set_otherwise(&made, &held("0")).unwrap();
        assert_eq!(told, "the setting net.ipv4.ip_forward is 0 instead of 1");
    }

    #[test]
    fn all_of_it_is_told_in_spanish() {
        use crate::i18n::{Lang, sentences};
        for (told, spanish) in [
            ("the MTU of eth0 is 1400 B instead of 1500 B in w1", "la MTU de eth0 es 1400 B en vez de 1500 B en w1"),
            (
                "the setting net.ipv4.ip_forward is 0 instead of 1 in west",
                "el ajuste net.ipv4.ip_forward es 0 en vez de 1 en west",
            ),
            (
                "the route to 10.9.0.0/16 by several ways was added in west",
                "se añadió la ruta a 10.9.0.0/16 por varias vías en west",
            ),
            (
                "the route to default goes by 10.0.0.9 instead of 10.0.0.1 in free",
                "la ruta a default va por 10.0.0.9 en vez de 10.0.0.1 en free",
            ),
        ] {
            let reason = format!("it is not as it was made: {told}");
            assert_eq!(sentences::told(Lang::Es, &reason), format!("no está como se hizo: {spanish}"));
        }
    }
}
