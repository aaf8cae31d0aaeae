//! What containers are otherwise than they were made: what somebody did to them by hand. Pure.

use bollard::models::{ContainerSummary, HostConfig};

use super::host::probe_id;
use super::spec::{Container, Spec};
use crate::domain::name::Name;
use crate::plan::ResourceId;

impl Spec {
    fn of(&self, id: &ResourceId) -> Option<&Container> {
        self.containers.iter().find(|(name, _)| probe_id(name) == *id).map(|(_, container)| container)
    }

    /// The name of the network of `probe` on its engine; `None` where it has its host's own.
    pub(super) fn network_of(&self, probe: &Name) -> Option<&str> {
        self.network_name(self.containers.get(probe)?)
    }

    fn network_name(&self, container: &Container) -> Option<&str> {
        Some(&self.networks.get(container.network.as_ref()?)?.name)
    }

    /// Somebody took the container of `id` off its network, or put it into another, past what shapes its own.
    pub(super) fn astray(&self, id: &ResourceId, container: &ContainerSummary) -> Option<String> {
        let network = self.network_name(self.of(id)?)?;
        // Where it is in none, Podman names none.
        let networks = container.network_settings.as_ref()?.networks.as_ref();
        let mut names: Vec<&String> = networks.into_iter().flat_map(|networks| networks.keys()).collect();
        names.sort();
        if !names.iter().any(|name| *name == network) {
            return Some(format!("its container is not in the network {network}"));
        }
        let other = names.into_iter().find(|name| *name != network)?;
        Some(format!("its container is in the network {other} too"))
    }

    /// Somebody gave the container of `id` other limits (`docker update`) than it was made with.
    pub(super) fn limited_otherwise(&self, id: &ResourceId, is: &HostConfig) -> Option<String> {
        let made = self.of(id)?.body.host_config.as_ref()?;
        // An engine that limits nothing says so when it makes a container, and there is nothing to mend.
        is.memory.filter(|bytes| *bytes != 0)?;
        let [is, made] = [limits(is), limits(made)];
        is.into_iter().zip(made).find_map(|((key, is), (_, made))| {
            // What an engine does not say is none of its kernel's, which it said too.
            let (is, made) = (is.filter(|is| Some(is) != made.as_ref())?, made);
            Some(format!("`{key}` of its container is {is} instead of {}", made.as_deref().unwrap_or("no limit")))
        })
    }
}

/// What the limits are, each under its key in the topology or, where it has none, in the engine.
fn limits(config: &HostConfig) -> [(&'static str, Option<String>); 4] {
    let memory = config.memory.filter(|bytes| *bytes != 0).map(|bytes| match bytes {
        mebibytes if mebibytes % (1 << 20) == 0 => format!("{} MiB", mebibytes >> 20),
        bytes => format!("{bytes} B"),
    });
    // `--cpus` and `--cpu-quota` set one thing in two ways; the period is that of the kernel where none is named
    // (sched-bwc.rst).
    let quota = config.cpu_quota.filter(|quota| *quota > 0).map(|quota| {
        let period = config.cpu_period.filter(|period| *period > 0).unwrap_or(100_000);
        quota.saturating_mul(1_000_000_000) / period
    });
    let cpus = config.nano_cpus.filter(|nano| *nano != 0).or(quota).map(|nano| {
        // To thousandths, as a topology has them.
        let thousandths = nano.saturating_add(500_000) / 1_000_000;
        format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    });
    let cpu_set = config.cpuset_cpus.clone().filter(|set| !set.is_empty());
    let processes = config.pids_limit.map(|processes| processes.to_string());
    [("memory", memory), ("cpus", cpus), ("cpu-set", cpu_set), ("pids", processes)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::docker::spec::tests::on_edge;

    fn within(networks: &[&str]) -> ContainerSummary {
        let networks: serde_json::Map<_, _> =
            networks.iter().map(|name| ((*name).to_owned(), serde_json::json!({}))).collect();
        serde_json::from_value(serde_json::json!({ "NetworkSettings": { "Networks": networks } })).unwrap()
    }

    #[test]
    fn a_probe_is_in_its_own_network_and_in_no_other() {
        let text = "hosts: { edge: { docker: {} } }\nprobes: { a: { host: edge }, h: { host: edge, network: host, address: 192.0.2.1 } }";
        let spec = on_edge(text);
        let [a, h] = ["a", "h"].map(|probe| probe_id(&Name::new(probe).unwrap()));
        let told = |networks: &[&str]| spec.astray(&a, &within(networks));
        assert_eq!(told(&["iperftester-shop-edge"]), None);
        assert_eq!(told(&[]).unwrap(), "its container is not in the network iperftester-shop-edge");
        assert_eq!(told(&["zzz"]).unwrap(), "its container is not in the network iperftester-shop-edge");
        assert_eq!(told(&["zzz", "iperftester-shop-edge"]).unwrap(), "its container is in the network zzz too");
        assert_eq!(spec.astray(&h, &within(&["host"])), None, "it has its host's");
    }

    #[test]
    fn limits_are_what_a_probe_was_made_with() {
        let text = "hosts: { edge: { docker: {} } }\n\
                    probes: { a: { host: edge }, b: { host: edge, limits: { cpus: 1.5, cpu-set: 0-1, memory: 64MiB } } }";
        let spec = on_edge(text);
        let told = |probe: &str, change: &dyn Fn(&mut HostConfig)| {
            let name = Name::new(probe).unwrap();
            let mut is = spec.containers[&name].body.host_config.clone().unwrap();
            change(&mut is);
            spec.limited_otherwise(&probe_id(&name), &is)
        };
        for probe in ["a", "b"] {
            assert_eq!(told(probe, &|_| {}), None);
            assert_eq!(told(probe, &|is| *is = HostConfig::default()), None, "an engine that limits nothing");
            let pids = told(probe, &|is| is.pids_limit = Some(-1));
            assert_eq!(pids.unwrap(), "`pids` of its container is -1 instead of 1024");
            assert_eq!(told(probe, &|is| is.pids_limit = None), None, "a kernel without that limit");
        }
        let memory = told("a", &|is| is.memory = Some(64 << 20));
        assert_eq!(memory.unwrap(), "`memory` of its container is 64 MiB instead of 512 MiB");
        let quota = |is: &mut HostConfig| (is.nano_cpus, is.cpu_quota) = (Some(0), Some(150_000));
        assert_eq!(told("a", &quota).unwrap(), "`cpus` of its container is 1.5 instead of no limit");
        assert_eq!(told("b", &quota), None, "Podman's way to say it");
        let set = told("b", &|is| is.cpuset_cpus = Some("0".to_owned()));
        assert_eq!(set.unwrap(), "`cpu-set` of its container is 0 instead of 0-1");
    }
}
