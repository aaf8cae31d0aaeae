//! Routes: as they were made, and as `ip` shows them. Pure.

use serde::Deserialize;

use super::batch::{Batch, Program, after};

/// Who makes routes of itself: the kernel, for addresses and on ICMP's word (rtnetlink(7)).
const OF_ITSELF: [&str; 3] = ["kernel", "redirect", "ra"];

/// A line of `ip route`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Route {
    /// Where to: a prefix, an address or `default`.
    pub(super) dst: String,
    /// By which router.
    pub(super) gateway: Option<String>,
    /// By which device.
    pub(super) dev: Option<String>,
    /// Who made it; `ip` leaves that out where it was `ip` itself.
    pub(super) protocol: Option<String>,
    /// Such as `blackhole`; `ip` leaves out the usual kind.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

impl Route {
    /// By what a route leads, for people.
    pub(super) fn way(&self) -> &str {
        let Self { gateway, dev, kind, .. } = self;
        let kind = kind.as_deref();
        kind.or(gateway.as_deref()).or(dev.as_deref()).unwrap_or("several ways")
    }
}

/// A route as it was made.
pub(super) struct Made<'a> {
    pub(super) to: &'a str,
    pub(super) gateway: Option<&'a str>,
    pub(super) device: Option<&'a str>,
}

impl<'a> Made<'a> {
    /// From the words of `ip route add`; `None` of another command.
    pub(super) fn read(words: &[&'a str]) -> Option<Self> {
        let ["route", "add", to, how @ ..] = words else { return None };
        Some(Self { to, gateway: after(how, "via"), device: after(how, "dev") })
    }

    /// Does the other lead to the same place? `ip` shows a default route and a route to one address by other words.
    pub(super) fn leads_where(&self, route: &Route) -> bool {
        let whole = if self.to == "::/0" { "default" } else { self.to };
        let one = whole.strip_suffix("/32").or_else(|| whole.strip_suffix("/128")).unwrap_or(whole);
        route.dst == one
    }

    /// Is it the other?
    pub(super) fn is(&self, route: &Route) -> bool {
        self.leads_where(route)
            && route.gateway.as_deref() == self.gateway
            && (self.device.is_none() || route.dev.as_deref() == self.device)
            && route.kind.is_none()
    }
}

/// The routes of a namespace that neither `made`, the batches of all resources there, nor the kernel made, each with the
/// device whose resource it goes with: by a device that is not ours, with the namespace itself, whose `lo` is. What leads by
/// a device that an older topology made goes with that device.
pub(super) fn added(made: &[&Batch], routes: &[Route]) -> Vec<(String, Route)> {
    let lines = made.iter().filter(|batch| batch.program == Program::Ip).flat_map(|batch| batch.lines.lines());
    let wanted: Vec<Made<'_>> = lines.filter_map(|line| Made::read(&line.split(' ').collect::<Vec<_>>())).collect();
    let known = |device: &str| made.iter().any(|batch| batch.devices().any(|name| name == device));
    let older = |device: &str| ["l-", "p-", "s-"].iter().any(|kind| device.starts_with(kind));
    routes
        .iter()
        .filter(|route| !route.protocol.as_deref().is_some_and(|by| OF_ITSELF.contains(&by)))
        .filter(|route| !wanted.iter().any(|made| made.is(route)))
        .filter_map(|route| {
            let device = match route.dev.as_deref() {
                Some(device) if known(device) => device,
                Some(device) if older(device) => return None,
                _ => "lo",
            };
            Some((device.to_owned(), route.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_the_topology_and_of_the_kernel_are_not_added() {
        let made = [
            r#"{"dst":"default","gateway":"100.64.0.5","dev":"core"}"#,
            r#"{"dst":"default","gateway":"fd69::5","dev":"core"}"#,
            r#"{"dst":"100.64.0.4/30","dev":"core","protocol":"kernel"}"#,
            r#"{"dst":"10.9.0.1","gateway":"100.64.0.9","dev":"core","protocol":"redirect"}"#,
            r#"{"dst":"10.2.0.0/20","gateway":"172.16.0.2","dev":"l-0123456789ab"}"#,
        ]
        .map(|json| serde_json::from_str::<Route>(json).unwrap());
        let lines = "link set dev lo up\nlink set dev core up\nroute add default via 100.64.0.5\n\
                     route add ::/0 via fd69::5 dev core\n";
        let site = Batch::new(Program::Ip, Some("iperftester.lab.west".to_owned()), lines.to_owned());
        assert_eq!(added(&[&site], &made), []);
    }
}
