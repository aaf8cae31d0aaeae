//! What engines are asked for, one snapshot for each option.

use insta::assert_json_snapshot;

use super::*;
use crate::config::{self, Source};

/// The topology of `text`, which names hosts and probes.
fn topology(text: &str) -> Topology {
    let bytes = format!("name: shop\n{text}").into_bytes();
    let loaded = config::load(&Source { file: "topology.yaml".into(), bytes });
    loaded.topology.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What host `edge` carries of it.
pub(in crate::backend::docker) fn on_edge(text: &str) -> Spec {
    let topology = topology(text);
    for (probe, meeting) in topology.meetings() {
        assert_eq!(meeting.met, topology.met(probe), "{probe}: all at once as one by one");
    }
    spec(&topology, &name("edge"), "iperftester-probe:0123")
}

const ONE: &str = "hosts: { edge: { docker: { endpoint: 'ssh://edge.example.net' } }, \
                   far: { docker: { endpoint: 'ssh://far.example.net' } } }\n";

/// The body of probe `a` as JSON, without what is absent; maps of the body have no order, JSON's have.
fn body(spec: &Spec, probe: &str) -> serde_json::Value {
    serde_json::to_value(&spec.containers[&name(probe)].body).unwrap()
}

fn request(spec: &Spec, id: &str) -> serde_json::Value {
    serde_json::to_value(&spec.networks[&ResourceId(id.to_owned())]).unwrap()
}

#[test]
fn a_probe_is_hardened_and_in_the_topologys_own_network() {
    let spec = on_edge(&format!("{ONE}probes: {{ a: {{ host: edge }}, b: {{ host: edge }} }}"));
    assert_json_snapshot!("bridge", body(&spec, "a"));
    assert_json_snapshot!("bridge-network", request(&spec, "network/edge"));
    let a = &spec.containers[&name("a")];
    assert_eq!((a.name.as_str(), a.met, a.published), ("iperftester-shop-a", Met::Own, false));
}

#[test]
fn on_its_hosts_network_it_has_the_hosts_address_and_ports() {
    let spec = on_edge(&format!("{ONE}probes: {{ a: {{ host: edge, network: host }}, b: {{ host: edge }} }}"));
    assert_json_snapshot!("host", body(&spec, "a"));
    assert_eq!(spec.containers[&name("a")].network, None);
    assert_eq!(spec.containers[&name("a")].met, Met::Host);
}

#[test]
fn on_the_lan_it_has_an_address_of_its_own() {
    let text = "probes: { a: { host: edge, network: { macvlan: { parent: eth1, address: 192.0.2.41/24 } } }, \
                b: { host: far } }";
    let spec = on_edge(&format!("{ONE}{text}"));
    assert_json_snapshot!("macvlan", body(&spec, "a"));
    assert_json_snapshot!("macvlan-network", request(&spec, "network/edge-eth1"));
    assert_eq!(spec.containers[&name("a")].met, Met::At("192.0.2.41".parse().unwrap()));
    assert!(!spec.containers[&name("a")].published, "nobody needs its host's ports");
    let six = text.replace("192.0.2.41/24", "'2001:db8::41/64'");
    let spec = on_edge(&format!("{ONE}{six}"));
    assert_json_snapshot!("macvlan-ipv6", body(&spec, "a")["NetworkingConfig"]);
    assert_json_snapshot!("macvlan-ipv6-network", request(&spec, "network/edge-eth1"));
}

#[test]
fn reached_from_another_host_it_has_its_ports_published() {
    let spec = on_edge(&format!("{ONE}probes: {{ a: {{ host: edge, ports: 5301-5302 }}, b: {{ host: far }} }}"));
    let body = body(&spec, "a");
    assert_json_snapshot!("published", [&body["ExposedPorts"], &body["HostConfig"]["PortBindings"]]);
    let a = &spec.containers[&name("a")];
    assert_eq!((a.met, a.published), (Met::Host, true));
    let text = "probes: { a: { host: edge, address: 198.51.100.7 }, b: { host: far } }";
    let told = on_edge(&format!("{ONE}{text}"));
    assert_eq!(told.containers[&name("a")].met, Met::At("198.51.100.7".parse().unwrap()));
}

#[test]
fn one_behind_nat_opens_every_connection_itself_so_nothing_of_it_is_published() {
    let spec = on_edge(&format!("{ONE}probes: {{ a: {{ host: edge, behind-nat: true }}, far: {{ host: far }} }}"));
    assert_eq!(body(&spec, "a")["HostConfig"]["PortBindings"], serde_json::Value::Null);
    let a = &spec.containers[&name("a")];
    assert_eq!((a.met, a.published), (Met::Own, false));
}

#[test]
fn two_in_one_network_need_not_go_around_by_their_host() {
    let text = "probes: { a: { host: edge }, b: { host: edge, ports: 5301-5302 }, c: { host: edge, network: host, \
                ports: 5401-5402 }, far: { host: far }";
    let around = |text: &str, probe, from| on_edge(&format!("{ONE}{text} }}")).is_around(&name(probe), &name(from));
    assert!(around(text, "a", "b") && around(text, "b", "a"));
    assert!(!around(text, "a", "far"), "from elsewhere there is no other way");
    assert!(!around(text, "a", "c") && !around(text, "c", "a"), "the host reaches published ports itself");
    let alone = "probes: { a: { host: edge }, b: { host: edge }";
    assert!(!around(alone, "a", "b"), "nothing is published, so they are reached at their own addresses");
    let address = "{ parent: eth1, address: 192.0.2.41/24 }";
    let lan = format!(
        "probes: {{ a: {{ host: edge, network: {{ macvlan: {address} }} }}, b: {{ host: edge }}, \
                       far: {{ host: far }}"
    );
    assert!(!around(&lan, "a", "b"), "another network");
}

#[test]
fn foreign_servers_connect_to_nothing_so_nothing_is_published_for_them() {
    let text = "hosts: { edge: { docker: {} }, carrier: { external: { address: 192.0.2.9 } } }\n\
                probes: { a: { host: edge }, peer: { host: carrier } }\n\
                groups: { out: { between: { from: [a], to: [peer] }, one-way: true } }\n\
                tests: { rtt: { ping: {} } }\ncampaigns: { out: { group: out, run: rtt } }";
    assert!(!on_edge(text).containers[&name("a")].published);
}

#[test]
fn an_address_with_its_prefix_is_given_by_the_engine() {
    let spec = on_edge(&format!("{ONE}probes: {{ a: {{ host: edge, address: 10.7.0.5/24 }}, b: {{ host: edge }} }}"));
    assert_json_snapshot!("address", body(&spec, "a")["NetworkingConfig"]);
    assert_json_snapshot!("address-network", request(&spec, "network/edge"));
    assert_eq!(spec.containers[&name("a")].met, Met::At("10.7.0.5".parse().unwrap()));
}

#[test]
fn its_share_of_the_host_is_what_the_topology_says() {
    let text =
        "probes: { a: { host: edge, limits: { cpus: 1.5, memory: 128MiB, cpu-set: '2-3,7' } }, b: { host: edge } }";
    let host = body(&on_edge(&format!("{ONE}{text}")), "a")["HostConfig"].clone();
    assert_eq!(host["NanoCpus"], 1_500_000_000_i64);
    assert_eq!(host["Memory"], 128 << 20);
    assert_eq!(host["CpusetCpus"], "2-3,7");
}

#[test]
fn raw_sockets_are_one_capability_and_no_more() {
    let text = "probes: { a: { host: edge, raw-sockets: true }, b: { host: edge } }";
    let body = body(&on_edge(&format!("{ONE}{text}")), "a");
    assert_eq!(body["HostConfig"]["CapAdd"], serde_json::json!(["NET_RAW"]));
    assert_eq!(body["HostConfig"]["CapDrop"], serde_json::json!(["ALL"]));
    assert_eq!(body["User"], "0:0");
}

#[test]
fn a_digest_tells_bodies_apart_and_not_the_order_of_their_maps() {
    let text =
        |cpus| format!("{ONE}probes: {{ a: {{ host: edge, limits: {{ cpus: {cpus} }} }}, b: {{ host: edge }} }}");
    let digest = |cpus| hash(&on_edge(&text(cpus)).containers[&name("a")].body);
    assert!((0..20).all(|_| digest(1) == digest(1)), "maps of hashes have another order each time");
    assert_ne!(digest(1), digest(2));
}

#[test]
fn subnets_are_what_the_prefix_leaves() {
    let of = |ip: &str, bits| subnet(Address { ip: ip.parse().unwrap(), prefix_bits: bits });
    assert_eq!(of("10.1.2.3", Some(24)), "10.1.2.0/24");
    assert_eq!(of("10.1.2.3", Some(0)), "0.0.0.0/0");
    assert_eq!(of("10.1.2.3", None), "10.1.2.3/32");
    assert_eq!(of("2001:db8::1:2", Some(64)), "2001:db8::/64");
}

#[test]
fn the_network_of_another_probes_address_is_no_bridge_of_ours() {
    let text = "probes: { a: { host: edge, network: host, address: 192.0.2.7/24 }, b: { host: edge }, \
                c: { host: edge, network: { macvlan: { parent: eth1, address: 192.0.2.41/24 } } } }";
    let spec = on_edge(&format!("{ONE}{text}"));
    let config = &request(&spec, "network/edge")["IPAM"]["Config"];
    assert_eq!(config.as_array().map(Vec::len), Some(1), "{config}");
    assert!(
        config[0]["Subnet"].as_str().unwrap().starts_with("fd"),
        "a bridge with the host's own network cuts it off"
    );
}

#[test]
fn where_nothing_is_published_a_hosts_address_is_not_where_a_probe_is_met() {
    let text = "probes: { a: { host: edge, address: 192.0.2.7 }, b: { host: edge } }";
    assert_eq!(on_edge(&format!("{ONE}{text}")).containers[&name("a")].met, Met::Own);
}
