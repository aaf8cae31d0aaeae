//! What `ip -j link show` tells about the namespaces of a topology. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Deserialize;

use super::layout::{CORE, Layout, link_device, read_label};
use crate::plan::{Observed, ResourceId, SpecHash};

/// Stands before a device's name in the identity of a link that was left without its own; no name can start so.
pub(super) const NAMELESS: char = '@';

/// A network device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Device {
    /// Its name.
    #[serde(rename = "ifname")]
    pub(super) name: String,
    /// Its alias.
    #[serde(rename = "ifalias")]
    pub(super) alias: Option<String>,
    /// Number of the namespace in which its other end is, where that is another one.
    link_netnsid: Option<i32>,
    /// The switch that it is at.
    pub(super) master: Option<String>,
    #[serde(default)]
    flags: Vec<String>,
    /// Kind of its queueing discipline at the root.
    qdisc: Option<String>,
    /// Longest packet that it takes, in bytes.
    #[serde(rename = "mtu")]
    pub(super) mtu_bytes: Option<u32>,
    #[serde(default)]
    /// Its addresses, in the output of `ip address` only.
    pub(super) addr_info: Vec<Address>,
}

/// An address of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Address {
    local: String,
    prefixlen: u8,
}

impl Device {
    /// Is its other end in another namespace?
    pub(super) const fn leads_elsewhere(&self) -> bool {
        self.link_netnsid.is_some()
    }

    /// Was it set up?
    pub(super) fn is_up(&self) -> bool {
        self.flags.iter().any(|flag| flag == "UP")
    }

    /// Has it this address, such as `10.0.0.2/20`?
    pub(super) fn has_address(&self, address: &str) -> bool {
        self.addr_info.iter().any(|a| format!("{}/{}", a.local, a.prefixlen) == address)
    }

    /// Has it this address, whatever its network?
    pub(super) fn is_at(&self, address: IpAddr) -> bool {
        self.addr_info.iter().any(|a| a.local.parse() == Ok(address))
    }

    /// The queueing discipline that somebody gave it: virtual devices have none of their own.
    pub(super) fn shaper(&self) -> Option<&str> {
        self.qdisc.as_deref().filter(|kind| !["noqueue", "noop"].contains(kind))
    }
}

/// Reads the output of `ip -j link show`; `None` where it is none.
pub(super) fn read(json: &[u8]) -> Option<Vec<Device>> {
    serde_json::from_slice(json).ok()
}

/// What is there of a topology.
pub(super) struct Survey {
    /// The resources, each after what it stands on.
    pub(super) resources: Vec<Observed>,
    /// The namespaces (with `prefix`) in which each device of a link is.
    pub(super) places: BTreeMap<String, BTreeSet<String>>,
}

/// What a namespace holds, from its label, else from what the topology would make of it, else from its switch.
fn kind(name: &str, label: Option<&str>, devices: &[Device], layout: &Layout) -> &'static str {
    let has = |id: String| layout.resources.iter().any(|r| r.desired.id.0 == id);
    match label {
        Some("site") => "site",
        Some("probe") => "probe",
        _ if has(format!("site/{name}")) => "site",
        _ if has(format!("probe/{name}")) => "probe",
        _ if devices.iter().any(|d| d.name == "lan") => "site",
        _ => "probe",
    }
}

/// Makes resources of the namespaces found, each with its devices (`None` where it did not answer).
pub(super) fn survey<'a>(
    namespaces: impl Iterator<Item = (&'a str, Option<&'a [Device]>)>,
    layout: &Layout,
    prefix: &str,
) -> Survey {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut links: BTreeMap<String, Vec<Option<&str>>> = BTreeMap::new();
    let (mut core, mut sites, mut probes) = (vec![], vec![], vec![]);
    for (name, devices) in namespaces {
        let devices = devices.unwrap_or_default();
        let label = devices.iter().find(|d| d.name == "lo").and_then(|d| read_label(d.alias.as_deref()?));
        let (what, hash) = label.unzip();
        let found = |into: &mut Vec<Observed>, id| {
            into.push(Observed { id: ResourceId(id), hash: hash.clone(), drift: None, theirs: None });
        };
        match kind(name, what, devices, layout) {
            _ if name == CORE => found(&mut core, "core".to_owned()),
            "site" => found(&mut sites, format!("site/{name}")),
            _ => found(&mut probes, format!("probe/{name}")),
        }
        for device in devices.iter().filter(|d| d.name.starts_with("l-")) {
            places.entry(device.name.clone()).or_default().insert(format!("{prefix}{name}"));
            links.entry(device.name.clone()).or_default().push(device.alias.as_deref());
        }
    }
    let links = links.into_iter().map(|(device, aliases)| link(&device, &aliases, layout));
    let resources = core.into_iter().chain(sites).chain(probes).chain(links).collect();
    Survey { resources, places }
}

/// The link of a device: whole where both its ends have the same label.
fn link(device: &str, aliases: &[Option<&str>], layout: &Layout) -> Observed {
    let labels: Vec<Option<(&str, SpecHash)>> = aliases.iter().map(|alias| read_label((*alias)?)).collect();
    let named = labels.iter().flatten().find_map(|(what, _)| what.strip_prefix("link="));
    let planned = || layout.links().find(|name| link_device(name) == device).map(|name| format!("link/{name}"));
    let id = match named {
        Some(name) => format!("link/{name}"),
        None => planned().unwrap_or_else(|| format!("link/{NAMELESS}{device}")),
    };
    let hash = match labels.as_slice() {
        [Some(a), Some(b)] if a == b => Some(a.1.clone()),
        _ => None,
    };
    Observed { id: ResourceId(id), hash, drift: None, theirs: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "iperftester link=wan spec=0123456789abcdef";

    fn lo(label: &str) -> Device {
        Device { name: "lo".into(), alias: Some(format!("iperftester {label} spec=1")), ..Device::default() }
    }

    fn wire(alias: Option<&str>) -> Device {
        let name = link_device(&"wan".parse().unwrap());
        Device { name, alias: alias.map(str::to_owned), link_netnsid: Some(0), ..Device::default() }
    }

    fn observed(namespaces: &[(&str, Option<Vec<Device>>)]) -> Vec<(String, bool)> {
        let found = survey(namespaces.iter().map(|(n, d)| (*n, d.as_deref())), &Layout::default(), "p.");
        found.resources.into_iter().map(|o| (o.id.0, o.hash.is_some())).collect()
    }

    #[test]
    fn resources_come_in_the_order_in_which_they_are_made() {
        let all = [
            ("_core", Some(vec![lo("core")])),
            ("a", Some(vec![lo("probe"), wire(Some(WHOLE))])),
            ("b", Some(vec![lo("site"), wire(Some(WHOLE))])),
        ];
        let ids: Vec<_> = observed(&all).into_iter().map(|(id, whole)| format!("{id} {whole}")).collect();
        assert_eq!(ids, ["core true", "site/b true", "probe/a true", "link/wan true"]);
    }

    #[test]
    fn what_has_no_label_or_does_not_answer_is_half_made() {
        let nameless = format!("link/@{}", wire(None).name);
        assert_eq!(observed(&[("a", None)]), [("probe/a".to_owned(), false)]);
        let half = [("a", Some(vec![wire(Some(WHOLE))])), ("b", Some(vec![lo("site"), wire(None)]))];
        assert_eq!(observed(&half)[2], ("link/wan".to_owned(), false));
        let none = [("a", Some(vec![wire(None)])), ("b", Some(vec![wire(Some("a user's words"))]))];
        assert_eq!(observed(&none)[2], (nameless, false));
    }

    #[test]
    fn the_output_of_ip_is_read() {
        let json = br#"[{"ifindex":1,"ifname":"lo","ifalias":"iperftester core spec=1","mtu":65536},
                        {"ifindex":4,"link_index":2,"ifname":"l-1","link_netnsid":0}]"#;
        let devices = read(json).unwrap();
        assert_eq!(devices[0], Device { mtu_bytes: Some(65536), ..lo("core") });
        assert!(devices[1].leads_elsewhere() && !devices[0].leads_elsewhere());
        assert_eq!(read(b"Cannot open network namespace"), None);
    }
}
