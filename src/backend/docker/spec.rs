//! From a topology to what an engine is asked for: the bodies of containers and networks. Pure.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigLogConfig, Ipam, IpamConfig,
    NetworkCreateRequest, NetworkingConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::backend::WAIT_VERB;
use crate::domain::data_path::DataPath;
use crate::domain::host::{Address, Network};
use crate::domain::meeting::Met;
use crate::domain::name::Name;
use crate::domain::port::PortRange;
use crate::domain::topology::{Probe, Topology};
use crate::plan::{Desired, ResourceId, SpecHash};

/// What says which topology something belongs to.
pub(in crate::backend) const TOPOLOGY: &str = "iperftester.topology";
/// Which of its hosts: two names may stand for one engine.
pub(in crate::backend) const HOST: &str = "iperftester.host";
/// Which resource of the topology it is.
pub(in crate::backend) const RESOURCE: &str = "iperftester.resource";
/// What it was made from.
pub(in crate::backend) const HASH: &str = "iperftester.hash";
/// By which iperftester.
const VERSION: &str = "iperftester.version";

/// Where our executable is in a probe's image.
pub(in crate::backend) const EXECUTABLE: &str = "/usr/local/bin/iperftester";
/// User and group of a probe: nobody on any host.
pub(in crate::backend) const USER: &str = "10001:10001";
/// What a raw socket needs besides its capability, which an engine gives to no other user.
const ROOT: &str = "0:0";
/// iperf3 from 3.16 on has a thread a stream and up to 128 streams (iperf_api.h), at both ends of several runs.
pub(in crate::backend) const PIDS: i64 = 1024;
/// Room for iperf3's buffers, one file of up to 1 MiB a stream, in /tmp.
const SCRATCH: &str = "rw,noexec,nosuid,nodev,size=256m";
/// Folders that Podman makes writable, and executable, where the root is only read (podman-run(1), `--read-only-tmpfs`), unless
/// something is mounted there.
const CLOSED: [&str; 2] = ["/run", "/var/tmp"];
/// Nothing is in those, and nothing comes.
const NOTHING: &str = "ro,noexec,nosuid,nodev,size=64k";
/// The groups of a probe may ping. An engine without root has no more than 65,536 groups, and the kernel takes no end of the
/// range that the container has not (`net/ipv4/sysctl_net_ipv4.c`).
const MAY_PING: &str = "0 10001";
/// Memory where the topology names none, in bytes: the tools of a probe need a few dozen MiB.
pub(in crate::backend) const MEMORY: i64 = 512 << 20;
/// What a waiting probe writes to its log is one line; a broken one shall not fill a disk.
pub(in crate::backend) const LOG: [(&str, &str); 2] = [("max-size", "1m"), ("max-file", "1")];
/// How long an engine waits between asking a container to end and killing it, in seconds; ours ends at once.
pub(in crate::backend) const STOP_WITHIN: i64 = 2;

/// A probe's container.
#[derive(Debug, Clone)]
pub(super) struct Container {
    /// Its name on the engine.
    pub(super) name: String,
    /// Where it is tested.
    pub(super) met: Met,
    /// Are its ports its host's too?
    pub(super) published: bool,
    /// What it stands on.
    pub(super) network: Option<ResourceId>,
    /// What the engine is asked for, but for its labels.
    pub(super) body: ContainerCreateBody,
}

/// What one host carries.
#[derive(Debug, Clone, Default)]
pub(super) struct Spec {
    /// Networks by their resource.
    pub(super) networks: BTreeMap<ResourceId, NetworkCreateRequest>,
    /// Containers by their probe.
    pub(super) containers: BTreeMap<Name, Container>,
}

impl Spec {
    /// Would the way from `from` to `probe` leave a network that both are in?
    pub(super) fn is_around(&self, probe: &Name, from: &Name) -> bool {
        let (Some(to), Some(from)) = (self.containers.get(probe), self.containers.get(from)) else { return false };
        to.network.is_some() && to.network == from.network && to.published
    }
}

/// What `host` carries of `topology`, its probes made of `image`.
pub(super) fn spec(topology: &Topology, host: &Name, image: &str) -> Spec {
    let mut spec = Spec::default();
    for (name, probe) in topology.probes.iter().filter(|(_, probe)| probe.host == *host) {
        let network = network(topology, host, probe);
        let container = container(topology, (name, probe), image, network.as_ref());
        if let Some((id, request)) = network {
            spec.networks.insert(id, request);
        }
        spec.containers.insert(name.clone(), container);
    }
    spec
}

/// What is made for the topology begins with this.
fn named(topology: &Topology, what: &str) -> String {
    format!("iperftester-{}-{what}", topology.name)
}

/// The network of a probe as a resource; `None` for its host's own.
fn network(topology: &Topology, host: &Name, probe: &Probe) -> Option<(ResourceId, NetworkCreateRequest)> {
    let (id, name, driver, options, subnets) = match &probe.attachment.network {
        Some(Network::Host) => return None,
        Some(Network::Macvlan { parent, address }) => {
            let id = format!("network/{host}-{parent}");
            let options = vec![("parent".to_owned(), parent.clone())];
            (id, format!("{host}-{parent}"), "macvlan", options, vec![subnet(*address)])
        }
        Some(Network::Bridge) | None => {
            // Of those on this bridge alone: the network of another's address may be the host's own.
            let is_here = |other: &&Probe| {
                other.host == *host && matches!(other.attachment.network, None | Some(Network::Bridge))
            };
            let addresses = topology.probes.values().filter(is_here);
            let wished = addresses.filter_map(|other| other.attachment.address).find(|a| a.prefix_bits.is_some());
            let mut subnets: Vec<String> = wished.map(subnet).into_iter().collect();
            if wished.is_none_or(|address| address.ip.is_ipv4()) {
                subnets.push(unique_local(topology, host));
            }
            (format!("network/{host}"), host.to_string(), "bridge", vec![], subnets)
        }
    };
    let config = |subnet: String| IpamConfig { subnet: Some(subnet), ..IpamConfig::default() };
    let request = NetworkCreateRequest {
        name: named(topology, &name),
        driver: Some(driver.to_owned()),
        enable_ipv6: Some(subnets.iter().any(|subnet| subnet.contains(':'))),
        ipam: Some(Ipam { config: Some(subnets.into_iter().map(config).collect()), ..Ipam::default() }),
        options: (!options.is_empty()).then(|| options.into_iter().collect()),
        ..NetworkCreateRequest::default()
    };
    Some((ResourceId(id), request))
}

/// The network that `address` is in.
fn subnet(address: Address) -> String {
    let whole = if address.ip.is_ipv4() { 32 } else { 128 };
    let bits = address.prefix_bits.unwrap_or(whole).min(whole);
    match address.ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(u32::from(32 - bits)).unwrap_or(0);
            format!("{}/{bits}", std::net::Ipv4Addr::from_bits(ip.to_bits() & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(u32::from(128 - bits)).unwrap_or(0);
            format!("{}/{bits}", std::net::Ipv6Addr::from_bits(ip.to_bits() & mask))
        }
    }
}

/// A network of fd00::/8 (RFC 4193) of this topology's and host's own: an engine gives IPv6 addresses only where it is told
/// from which.
fn unique_local(topology: &Topology, host: &Name) -> String {
    let digest = Sha256::digest(format!("{}/{host}", topology.name));
    let words: Vec<String> = digest[..8].chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect();
    format!("fd{}:{}:{}:{}::/64", &words[0][..2], words[1], words[2], words[3])
}

fn container(
    topology: &Topology,
    (name, probe): (&Name, &Probe),
    image: &str,
    network: Option<&(ResourceId, NetworkCreateRequest)>,
) -> Container {
    let attachment = &probe.attachment;
    let published = topology.data_path(name) == Some(DataPath::Published);
    // Without a prefix an address is where the host is reached, not what its engine can give.
    let own = match &attachment.network {
        Some(Network::Macvlan { address, .. }) => Some(*address),
        Some(Network::Bridge) | None => attachment.address.filter(|told| told.prefix_bits.is_some()),
        Some(Network::Host) => None,
    };
    let endpoint = |own: Option<Address>| EndpointSettings {
        ipam_config: own.map(|own| match own.ip {
            IpAddr::V4(ip) => EndpointIpamConfig { ipv4_address: Some(ip.to_string()), ..Default::default() },
            IpAddr::V6(ip) => EndpointIpamConfig { ipv6_address: Some(ip.to_string()), ..Default::default() },
        }),
        ..EndpointSettings::default()
    };
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        // On the host's network a container has the host's name.
        hostname: network.map(|_| name.to_string()),
        user: Some(if attachment.raw_sockets { ROOT } else { USER }.to_owned()),
        entrypoint: Some(vec![EXECUTABLE.to_owned()]),
        cmd: Some(vec![WAIT_VERB.to_owned()]),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(STOP_WITHIN),
        exposed_ports: published.then(|| ports(probe.ports).collect()),
        host_config: Some(host_config(probe, network.map(|(_, request)| request.name.as_str()), published)),
        networking_config: network.map(|(_, request)| NetworkingConfig {
            endpoints_config: Some(HashMap::from([(request.name.clone(), endpoint(own))])),
        }),
        ..ContainerCreateBody::default()
    };
    Container {
        name: named(topology, name.as_str()),
        met: topology.met(name).unwrap_or(Met::Own),
        published,
        network: network.map(|(id, _)| id.clone()),
        body,
    }
}

/// Each port of the range, for TCP and UDP.
fn ports(range: PortRange) -> impl Iterator<Item = String> {
    (range.first()..=range.last()).flat_map(|port| [format!("{port}/tcp"), format!("{port}/udp")])
}

/// Nothing that a probe can do without: no capability, no new one, a root file system that is only read.
fn host_config(probe: &Probe, network: Option<&str>, published: bool) -> HostConfig {
    let limits = probe.attachment.limits.as_ref();
    let millicores = limits.and_then(|limits| limits.cpu_millicores);
    let memory = limits.and_then(|limits| limits.memory_bytes);
    let own_network = network.is_some();
    let tmpfs = CLOSED.iter().map(|folder| (*folder, NOTHING)).chain([("/tmp", SCRATCH)]);
    let bind = |port: String| {
        let number = port.split('/').next().unwrap_or_default().to_owned();
        (port, Some(vec![PortBinding { host_ip: None, host_port: Some(number) }]))
    };
    HostConfig {
        network_mode: Some(network.unwrap_or("host").to_owned()),
        port_bindings: published.then(|| ports(probe.ports).map(bind).collect()),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: probe.attachment.raw_sockets.then(|| vec!["NET_RAW".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        pids_limit: Some(PIDS),
        memory: Some(memory.map_or(MEMORY, |bytes| i64::try_from(bytes.bytes()).unwrap_or(i64::MAX))),
        cpuset_cpus: limits.and_then(|limits| limits.cpu_set.clone()),
        nano_cpus: millicores.map(|thousandths| i64::from(thousandths) * 1_000_000),
        tmpfs: Some(tmpfs.map(|(folder, how)| (folder.to_owned(), how.to_owned())).collect()),
        // Unprivileged ping and traceroute use ICMP datagram sockets (icmp(7)); the host's own setting stands on its network.
        sysctls: own_network.then(|| HashMap::from([("net.ipv4.ping_group_range".to_owned(), MAY_PING.to_owned())])),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(LOG.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
        }),
        ..HostConfig::default()
    }
}

/// The labels of `desired`.
pub(in crate::backend) fn labels(topology: &Name, host: &Name, desired: &Desired) -> HashMap<String, String> {
    let labels = [
        (TOPOLOGY, topology.as_str()),
        (HOST, host.as_str()),
        (RESOURCE, desired.id.0.as_str()),
        (HASH, desired.hash.0.as_str()),
        (VERSION, env!("CARGO_PKG_VERSION")),
    ];
    labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A digest of `body`, whatever the order of its maps.
pub(in crate::backend) fn hash(body: &impl Serialize) -> SpecHash {
    // A JSON object of serde_json is sorted by its keys.
    let text = serde_json::to_value(body).map(|value| value.to_string()).unwrap_or_default();
    SpecHash(Sha256::digest(text)[..8].iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
pub(super) mod tests;
