//! What the namespaces of a topology hold, asked of `ip`, `tc` and the packet filter.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::Value;

use super::batch::{Batch, Program, words};
use super::device::Device;
use super::route::{self, Route};
use super::{LIMIT, Local, Programs};
use crate::backend::BackendError;
use crate::process::{self, Finished, ProcessError};

/// Namespaces asked side by side.
const ABREAST: usize = 8;

/// What `ip` is asked: `addr show` tells no alias, `link show` no address.
pub(super) const ASKED: &[u8] = b"link show\naddr show\nroute show\n";

/// What a namespace holds, as far as the topology made it.
#[derive(Debug, Clone, Default)]
pub(super) struct Holding {
    /// Its devices.
    pub(super) devices: Vec<Device>,
    /// Its routes.
    pub(super) routes: Vec<Route>,
    /// Those of its routes that neither the topology nor the kernel made, each with the device whose resource it goes with.
    pub(super) added: Vec<(String, Route)>,
    /// The kernel's settings that the topology sets here, as they are.
    pub(super) settings: BTreeMap<String, String>,
    /// Its queueing disciplines; not asked for where none was made.
    pub(super) queues: Vec<Queue>,
    /// What `tc class show` says of each device with htb.
    pub(super) classes: BTreeMap<String, String>,
    /// What `tc filter show` says of the branches of a shaper; not asked for where none has any.
    pub(super) selections: String,
    /// What the packet filter lists; not asked for where no loss was made.
    pub(super) filters: String,
}

/// A line of `tc qdisc`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Queue {
    /// Such as `tbf`.
    pub(super) kind: String,
    /// Its handle, such as `2:`.
    pub(super) handle: String,
    /// At which device.
    pub(super) dev: String,
    /// On what it stands; `None` at the root.
    pub(super) parent: Option<String>,
    /// Its numbers.
    #[serde(default)]
    pub(super) options: Value,
}

/// Devices and routes from what `ip` answers to [`ASKED`]; `None` where that is no answer.
pub(super) fn read(json: &[u8]) -> Option<Holding> {
    let mut documents = serde_json::Deserializer::from_slice(json).into_iter::<Value>();
    let mut devices: Vec<Device> = serde_json::from_value(documents.next()?.ok()?).ok()?;
    let with_addresses = documents.next().and_then(|d| serde_json::from_value(d.ok()?).ok());
    for other in with_addresses.unwrap_or_else(Vec::<Device>::new) {
        if let Some(device) = devices.iter_mut().find(|d| d.name == other.name) {
            device.addr_info = other.addr_info;
        }
    }
    let routes = documents.next().and_then(|d| serde_json::from_value(d.ok()?).ok()).unwrap_or_default();
    Some(Holding { devices, routes, ..Holding::default() })
}

impl Local {
    /// What each of `names` holds; `None` where a namespace does not answer.
    pub(super) async fn holdings(&self, names: &[String]) -> Result<Vec<Option<Holding>>, BackendError> {
        let mut found = Vec::new();
        for names in names.chunks(ABREAST) {
            for (name, holding) in names.iter().zip(join_all(names.iter().map(|n| self.holding(n))).await) {
                let failed = |source| BackendError::Step { action: "observe", subject: name.clone(), source };
                found.push(holding.map_err(failed)?);
            }
        }
        Ok(found)
    }

    async fn holding(&self, name: &str) -> Result<Option<Holding>, ProcessError> {
        let here = format!("{}{name}", self.prefix);
        let batches = self.layout.resources.iter().flat_map(|r| &r.batches);
        let made: Vec<&Batch> = batches.filter(|b| b.namespace.as_ref() == Some(&here)).collect();
        let made_by = |program| made.iter().any(|b| b.program == program);
        let base = async {
            let argv = words(&[&self.programs.ip, "-n", &here, "-j", "-batch", "-"]);
            process::run(&self.inside(argv), ASKED, LIMIT).await
        };
        let v6 = async {
            if !self.layout.has_v6() {
                return Ok(vec![]);
            }
            let argv = words(&[&self.programs.ip, "-n", &here, "-6", "-j", "route", "show"]);
            let shown = process::run(&self.inside(argv), b"", LIMIT).await?;
            Ok::<Vec<Route>, ProcessError>(serde_json::from_slice(&shown.stdout).unwrap_or_default())
        };
        let tc = async |argv: &[&str]| {
            let argv = words(&[&[&*self.programs.tc, "-n", &here], argv].concat());
            process::run(&self.inside(argv), b"", LIMIT).await
        };
        let any = async |argv: &[&str]| {
            let argv = words(&[&[&*self.programs.ip, "netns", "exec", &here], argv].concat());
            process::run(&self.inside(argv), b"", LIMIT).await
        };
        let (base, v6, settings, shapes, filters) = tokio::join!(
            base,
            v6,
            self.settings(&here),
            async { if made_by(Program::Tc) { shapes(tc).await } else { Ok(<_>::default()) } },
            async { if made_by(Program::Nft) { filters(&self.programs, any).await } else { String::new() } },
        );
        let (base, settings, (queues, classes)) = (base?, settings?, shapes?);
        let known = base.status.success().then(|| read(&base.stdout)).flatten();
        let mut v6 = v6?;
        Ok(known.map(|mut known| {
            known.routes.append(&mut v6);
            let added = route::added(&made, &known.routes);
            Holding { queues, classes, filters, settings, added, ..known }
        }))
    }

    /// The settings that the topology sets in a namespace, as they are there. What the kernel does not know is left out.
    async fn settings(&self, here: &str) -> Result<BTreeMap<String, String>, ProcessError> {
        let batches = self.layout.resources.iter().flat_map(|r| &r.batches);
        let keys: Vec<&str> = batches
            .flat_map(Batch::settings)
            .filter(|(place, _)| *place == here)
            .flat_map(|(_, pairs)| pairs.into_iter().map(|(key, _)| key))
            .collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut argv = words(&[&self.programs.ip, "netns", "exec", here, "sysctl", "-e"]);
        argv.extend(words(&keys));
        let shown = process::run(&self.inside(argv), b"", LIMIT).await?;
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let pairs = shown.lines().filter_map(|line| line.split_once(" = "));
        Ok(pairs.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect())
    }
}

/// The queueing disciplines of a namespace in which `tc` is run, and the classes of those that have some.
pub(super) async fn shapes(
    tc: impl AsyncFn(&[&str]) -> Result<Finished, ProcessError>,
) -> Result<(Vec<Queue>, BTreeMap<String, String>), ProcessError> {
    // Not of one device: `tc` would leave its name out.
    let queues: Vec<Queue> = serde_json::from_slice(&tc(&["-j", "qdisc", "show"]).await?.stdout).unwrap_or_default();
    let mut classes = BTreeMap::new();
    for queue in queues.iter().filter(|q| q.kind == "htb") {
        // Not as JSON: iproute2 of 2022 does not write classes so.
        let shown = tc(&["class", "show", "dev", &queue.dev]).await?;
        classes.insert(queue.dev.clone(), String::from_utf8_lossy(&shown.stdout).into_owned());
    }
    Ok((queues, classes))
}

/// What nftables lists in a namespace in which commands are run and, where that knows no loss, what iptables does. A program
/// that is not there lists nothing.
pub(super) async fn filters(
    programs: &Programs,
    inside: impl AsyncFn(&[&str]) -> Result<Finished, ProcessError>,
) -> String {
    let list = async |argv: &[&str]| {
        inside(argv).await.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default()
    };
    let by_nft = list(&[&programs.nft, "list", "ruleset"]).await;
    if by_nft.contains("table netdev ") {
        return by_nft;
    }
    list(&[&programs.iptables_save, "-t", "raw"]).await + &list(&[&programs.ip6tables_save, "-t", "raw"]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_and_routes_are_read_from_one_output() {
        let json = br#"[{"ifname":"eth0","flags":["UP"],"ifalias":"a label"}]
                       [{"ifname":"eth0","flags":["UP"],"qdisc":"noqueue","addr_info":[{"family":"inet","local":"10.0.0.2","prefixlen":20}]}]
                       [{"dst":"default","gateway":"10.0.0.1","dev":"eth0","flags":[]}]"#;
        let holding = read(json).unwrap();
        assert!(holding.devices[0].is_up() && holding.devices[0].has_address("10.0.0.2/20"));
        assert_eq!(holding.routes[0].gateway.as_deref(), Some("10.0.0.1"));
        assert_eq!(read(b"[{\"ifname\":\"lo\"}]").unwrap().routes, []);
        assert!(read(b"Cannot open network namespace").is_none());
    }
}
