//! The instruments: what each probe is.

use super::{DASH, site};
use crate::domain::data_path::DataPath;
use crate::domain::facts::ProbeFacts;
use crate::domain::name::Name;
use crate::domain::run::CampaignRun;
use crate::i18n::{Lang, say};

/// What a probe is, as text.
#[derive(Debug)]
pub(in crate::report) struct ProbeRow {
    pub(in crate::report) probe: Name,
    pub(in crate::report) site: String,
    pub(in crate::report) host: String,
    pub(in crate::report) system: String,
    pub(in crate::report) tools: String,
    pub(in crate::report) congestion_control: String,
    pub(in crate::report) clock: &'static str,
    pub(in crate::report) interfaces: Vec<String>,
}

pub(super) fn row(lang: Lang, run: &CampaignRun, probe: &Name, facts: &ProbeFacts) -> ProbeRow {
    let dash = || DASH.to_owned();
    let tools: Vec<String> = facts.tools.iter().map(|(tool, version)| format!("{tool} {version}")).collect();
    let interfaces = facts.interfaces.iter().map(|i| {
        let speed = i.speed_bits_per_second.map(|s| {
            #[allow(clippy::cast_precision_loss, reason = "no interface has 2^52 bit/s")]
            crate::stats::numbers::rate_exact(lang, s as f64).to_string()
        });
        let addresses =
            i.addresses.iter().filter(|a| !is_link_local(a)).map(String::as_str).collect::<Vec<_>>().join(", ");
        let parts = [
            Some(i.name.clone()),
            (!addresses.is_empty()).then_some(addresses),
            i.mtu_bytes.map(|m| format!("MTU {m}")),
            speed,
            i.duplex.as_ref().map(|d| duplex(lang, d)),
            i.driver.clone(),
            i.product.clone(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    });
    ProbeRow {
        probe: probe.clone(),
        site: site(&run.topology, probe).map_or_else(dash, ToString::to_string),
        host: run.topology.probes.get(probe).map_or_else(dash, |p| match way(lang, run, probe) {
            Some(way) => format!("{} ({way})", p.host),
            None => p.host.to_string(),
        }),
        system: format!(
            "{}, {} {}, {}",
            facts.system,
            lang.word("kernel", "núcleo"),
            facts.kernel,
            lang.counted(facts.cpus as usize, ["core", "cores"], ["CPU", "CPU"])
        ),
        tools: if tools.is_empty() { dash() } else { tools.join(", ") },
        congestion_control: facts.congestion_control.clone().unwrap_or_else(dash),
        clock: match facts.clock_synchronised {
            Some(true) => lang.word("synchronised", "sincronizado"),
            Some(false) => lang.word("not synchronised", "sin sincronizar"),
            None => DASH,
        },
        interfaces: interfaces.collect(),
    }
}

/// What lies between a container and its host's network.
fn way(lang: Lang, run: &CampaignRun, probe: &Name) -> Option<String> {
    Some(match run.topology.data_path(probe)? {
        DataPath::Bridge => lang.word("Docker bridge", "puente de Docker").to_owned(),
        DataPath::Published => {
            lang.word("Docker bridge, published ports", "puente de Docker, puertos publicados").to_owned()
        }
        DataPath::Host => lang.word("the host's network", "red del equipo").to_owned(),
        DataPath::Macvlan(parent) => say!(lang, "macvlan on {parent}", "macvlan en {parent}"),
    })
}

/// A mode of ethtool(8), `full` or `half`; anything else in its own words.
fn duplex(lang: Lang, mode: &str) -> String {
    match mode.to_ascii_lowercase().as_str() {
        "full" => lang.word("full duplex", "dúplex completo").to_owned(),
        "half" => lang.word("half duplex", "semidúplex").to_owned(),
        _ => say!(lang, "{mode} duplex", "dúplex {mode}"),
    }
}

/// IPv6's address of every interface for its own link (RFC 4291, 2.5.6): nothing is measured over it.
fn is_link_local(address: &str) -> bool {
    let address = address.split(['/', '%']).next().unwrap_or_default();
    address.parse().is_ok_and(|a: std::net::Ipv6Addr| a.is_unicast_link_local())
}
