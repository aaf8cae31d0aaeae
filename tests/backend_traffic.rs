//! Real packets over real namespaces: do they go where the topology says, and as fast? Needs root, ping and iperf3.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "support/lab.rs"]
mod lab;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use iperftester::backend::Reach as _;
use iperftester::backend::local::{Local, Programs};
use iperftester::domain::facts::Router;
use iperftester::domain::topology::{Directed, Impairment, Topology};
use iperftester::domain::unit::Ratio;
use lab::{Build, Lab, empty, eventually, name, rate, shaped};
use serde_json::Value;

/// Every kind of end, doubled links, a link within a site, and links that make a way back differ from the way there.
fn every_kind_of_path() -> Topology {
    let open = Impairment::default();
    empty("paths")
        .site("a", Some(("500M", "500M")))
        .site("b", None)
        .site("c", None)
        .probe("a1", "a")
        .probe("a2", "a")
        .probe("a3", "a")
        .probe("b1", "b")
        .probe("b2", "b")
        .probe("c1", "c")
        .probe("f1", "")
        .probe("f2", "")
        .link("wan", "a", "b", open)
        .link("wan-spare", "b", "a", open)
        .link("direct", "a1", "b1", open)
        .link("neighbours", "a1", "a2", open)
        .link("leased", "a2", "c", open)
        .link("roof", "f1", "b", open)
        .link("bench", "f1", "f2", open)
        .link("inside", "b", "b2", open)
        .link("there", "c1", "b", open)
        .link("back", "b2", "c", open)
}

/// Packets sent so far by each device of each namespace.
fn sent(lab: &Lab, places: &[String]) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for place in places {
        let shown: Value = serde_json::from_str(&lab.say(place, "ip -s -j link show")).unwrap();
        for device in shown.as_array().unwrap() {
            let key = (place.clone(), device["ifname"].as_str().unwrap().to_owned());
            counts.insert(key, device["stats64"]["tx"]["packets"].as_u64().unwrap());
        }
    }
    counts
}

/// The device of each link, read from its label.
fn devices(lab: &Lab, places: &[String]) -> BTreeMap<String, String> {
    let mut devices = BTreeMap::new();
    for place in places {
        let shown: Value = serde_json::from_str(&lab.say(place, "ip -j link show")).unwrap();
        for device in shown.as_array().unwrap() {
            if let Some(label) = device["ifalias"].as_str().and_then(|a| a.strip_prefix("iperftester link=")) {
                let link = label.split(' ').next().unwrap().to_owned();
                devices.insert(device["ifname"].as_str().unwrap().to_owned(), link);
            }
        }
    }
    devices
}

#[tokio::test]
async fn packets_take_the_path_of_the_topology_for_every_pair() {
    const PACKETS: u64 = 20;
    let topology = every_kind_of_path();
    let lab = Lab::deploy(&topology).await;
    let places: Vec<String> = topology.sites.keys().chain(topology.probes.keys()).map(ToString::to_string).collect();
    let links = devices(&lab, &places);
    assert_eq!(links.len(), topology.links.len());
    let mut before = sent(&lab, &places);
    let mut kinds = BTreeSet::new();
    for source in topology.probes.keys() {
        for destination in topology.probes.keys().filter(|d| *d != source) {
            for to in lab.addresses(destination.as_str()) {
                lab.say(source.as_str(), &format!("ping -q -c {PACKETS} -i 0.002 -W 2 {to}"));
            }
            let after = sent(&lab, &places);
            // Whatever else there is (ARP, IPv6's own) is far from as many packets, and each family alone from both.
            let used =
                |(key, count): (&(String, String), &u64)| (count - before[key] >= PACKETS / 2).then(|| key.clone());
            let used: Vec<_> = after.iter().filter_map(used).collect();
            let full = used.iter().filter(|key| after[*key] - before[*key] >= 2 * PACKETS).count();
            assert_eq!(full, used.len(), "IPv4 and IPv6 take the same way from {source} to {destination}");
            let crossed: BTreeSet<_> = used.iter().filter_map(|(_, device)| links.get(device).cloned()).collect();
            let uplinks: BTreeSet<_> =
                used.iter().filter(|(_, d)| d == "up" || d == "up-l").map(|(site, _)| site.clone()).collect();
            let ways = [topology.path(source, destination), topology.path(destination, source)];
            let expected: BTreeSet<_> =
                ways.iter().filter_map(|w| w.link.as_ref()).map(|c| c.link.to_string()).collect();
            assert_eq!(crossed, expected, "links from {source} to {destination} and back");
            let expected: BTreeSet<_> = ways.iter().flat_map(|w| &w.uplinks).map(ToString::to_string).collect();
            assert_eq!(uplinks, expected, "uplinks from {source} to {destination} and back");
            kinds.insert((crossed, uplinks));
            before = after;
        }
    }
    let crossed: BTreeSet<_> = kinds.iter().flat_map(|(links, _)| links.clone()).collect();
    let carrying = ["back", "bench", "direct", "leased", "neighbours", "roof", "there", "wan"];
    assert_eq!(crossed.iter().map(String::as_str).collect::<Vec<_>>(), carrying);
}

#[tokio::test]
async fn a_traceroute_is_complete_and_each_hop_has_its_name() {
    let topology = empty("hops").site("a", None).site("b", None).probe("a1", "a").probe("b1", "b").site("c", None);
    let topology = topology.probe("c1", "c");
    let topology = topology.link("wan", "a", "b", Impairment::default());
    let lab = Lab::deploy(&topology).await;
    for to in lab.addresses("b1").iter().cycle().take(6) {
        let said = lab.say("a1", &format!("traceroute -n -q 3 -w 2 {to}"));
        let hops: Vec<_> = said.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)).collect();
        assert_eq!(hops.len(), 3, "{said}");
        let router = |hop: &str| lab.local.routers()[&hop.parse().unwrap()].clone();
        assert_eq!(router(hops[0]), Router { name: name("a"), link: None });
        assert_eq!(router(hops[1]), Router { name: name("b"), link: Some(name("wan")) });
        assert_eq!(hops[2], to);
        assert!(!said.contains('*'), "{said}");
    }
    // Without a link, by the core.
    for to in lab.addresses("c1") {
        let said = lab.say("a1", &format!("traceroute -n -q 1 -w 2 {to}"));
        let hops = said.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)?.parse().ok());
        let names: Vec<_> = hops.filter_map(|hop| Some(lab.local.routers().get(&hop)?.name.to_string())).collect();
        assert_eq!(names, ["a", "core", "c"], "{said}");
    }
}

/// Megabits per second at the receiver of a TCP test, and what iperf3 said.
fn tcp(lab: &Lab, from: &str, to: &str, seconds: u32) -> f64 {
    let here = lab.local.namespace(&name(to));
    let mut server =
        Command::new("ip").args(["netns", "exec", &here, "iperf3", "-s", "-1"]).stdout(Stdio::null()).spawn().unwrap();
    assert!(eventually(|| lab.say(to, "ss -Hltn sport = :5201").contains(":5201")));
    let said = lab.say(from, &format!("iperf3 -J -c {} -t {seconds}", lab.address(to)));
    server.wait().unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    said["end"]["sum_received"]["bits_per_second"].as_f64().unwrap() / 1e6
}

/// Bytes that the shaper of `device` in `place` has passed.
fn passed(lab: &Lab, place: &str, device: &str) -> u64 {
    let said = lab.say(place, &format!("tc -s -j qdisc show dev {device}"));
    let said: Value = serde_json::from_str(&said).unwrap();
    let shaper = said.as_array().unwrap().iter().find(|q| q["kind"] == "tbf").expect("there is a shaper");
    shaper["bytes"].as_u64().unwrap()
}

/// Payload of a full frame with TCP time stamps over its size as tbf counts it.
const PAYLOAD: f64 = 1448.0 / 1514.0;

fn assert_rate(measured: f64, shaped: &str, what: &str) {
    let expected = rate(shaped).as_f64() / 1e6 * PAYLOAD;
    let ratio = measured / expected;
    assert!((0.93..1.04).contains(&ratio), "{what}: {measured:.2} Mbit/s of {expected:.2}");
}

#[tokio::test]
async fn a_link_has_its_own_rate_each_way_and_its_shaper_counts_the_bytes() {
    let topology = empty("rates").site("a", None).site("b", None).probe("a1", "a").probe("b1", "b");
    let topology = topology.link("wan", "a", "b", shaped("40M", "10M"));
    let lab = Lab::deploy(&topology).await;
    let device = devices(&lab, &["a".to_owned()]).into_keys().next().unwrap();
    let there = tcp(&lab, "a1", "b1", 2);
    assert_rate(there, "40M", "there");
    let seen = passed(&lab, "a", &device) as f64 * 8.0 / 2.0 / 1e6;
    assert!((there..there * 1.25).contains(&(seen * PAYLOAD)), "the shaper saw {seen:.2} Mbit/s");
    assert_rate(tcp(&lab, "b1", "a1", 2), "10M", "back");
}

#[tokio::test]
async fn an_uplink_shapes_what_leaves_and_enters_the_site_and_nothing_else() {
    let topology = empty("uplink").site("a", Some(("50M", "20M"))).site("b", None);
    let topology = topology.probe("a1", "a").probe("a2", "a").probe("b1", "b").probe("free", "");
    let lab = Lab::deploy(&topology).await;
    assert_rate(tcp(&lab, "a1", "b1", 2), "20M", "up");
    assert_rate(tcp(&lab, "b1", "a1", 2), "50M", "down");
    assert_rate(tcp(&lab, "free", "a1", 2), "50M", "down from a probe without a site");
    let before = passed(&lab, "a", "up") + passed(&lab, "a", "up-l");
    let inside = tcp(&lab, "a1", "a2", 1);
    assert!(inside > 200.0, "{inside:.0} Mbit/s between two probes of the site");
    let meanwhile = passed(&lab, "a", "up") + passed(&lab, "a", "up-l") - before;
    assert!(meanwhile < 10_000, "{meanwhile} bytes through the uplink meanwhile");
}

/// Two probes and a link that loses this share one way.
fn losing(what: &str) -> impl Fn(f64) -> Topology {
    let base = empty(what).probe("a1", "").probe("b1", "");
    move |share| {
        let loss = Directed { a_to_b: Ratio::new(share), b_to_a: None };
        base.clone().link("bad", "a1", "b1", Impairment { loss_ratio: loss, ..Impairment::default() })
    }
}

/// Share of 1000 pings without an answer, in percent.
fn lost(lab: &Lab) -> f64 {
    lost_to(lab, &lab.address("b1"))
}

fn lost_to(lab: &Lab, to: &str) -> f64 {
    let said = lab.say("a1", &format!("ping -q -c 1000 -i 0.002 -W 1 {to}"));
    said.split_once("% packet loss").unwrap().0.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Five standard deviations of 1000 throws at 10 % are 4.7 %.
const TENTH: std::ops::Range<f64> = 5.3..14.7;

fn without_nft() -> Programs {
    Programs { nft: "/nonexistent/nft".to_owned(), ..Programs::default() }
}

#[tokio::test]
async fn loss_drops_its_share_one_way() {
    let lab = Lab::deploy(&losing("loss")(0.1)).await;
    for to in lab.addresses("b1") {
        let share = lost_to(&lab, &to);
        assert!(TENTH.contains(&share), "{share} % lost to {to}");
    }
    assert!(lab.say("b1", "nft list ruleset").contains("numgen random mod 1000000000 < 100000000"));
    assert_eq!(lab.say("a1", "nft list ruleset"), "");
    assert!(tcp(&lab, "a1", "b1", 1) > 0.1);
}

#[tokio::test]
async fn without_nft_iptables_drops_the_same_share() {
    let lab = Lab::deploy_by(&losing("iptables")(0.1), without_nft()).await;
    for to in lab.addresses("b1") {
        let share = lost_to(&lab, &to);
        assert!(TENTH.contains(&share), "{share} % lost to {to}");
    }
    assert!(iperftester::deploy::plan(&lab.local).await.unwrap().is_empty());
    let rules = lab.say("b1", "iptables -t raw -S");
    assert!(rules.contains("--mode random --probability 0.1") && rules.contains("-j DROP"), "{rules}");
    assert!(!lab.say("b1", "nft list ruleset").contains("netdev"));
}

#[tokio::test]
async fn a_link_that_shall_lose_no_more_loses_no_more_whatever_made_it_lose() {
    let at = losing("mended");
    for programs in [Programs::default(), without_nft()] {
        let mut lab = Lab::deploy_by(&at(0.5), programs.clone()).await;
        assert!(lost(&lab) > 30.0);
        // All of it leaves nothing to chance.
        lab.change(&at(1.0), programs.clone()).await;
        assert!(!lab.on("a1", &format!("ping -c 2 -i 0.1 -W 0.3 {}", lab.address("b1"))).status.success());
        assert!(iperftester::deploy::plan(&lab.local).await.unwrap().is_empty());
        // The same share twice is not the double one.
        lab.change(&at(0.1), programs.clone()).await;
        let share = lost(&lab);
        assert!(TENTH.contains(&share), "{share} % lost");
        // Another program may be there by then.
        lab.change(&at(0.0), Programs::default()).await;
        assert_eq!(lost(&lab), 0.0, "{programs:?}");
    }
}

#[tokio::test]
async fn without_tbf_htb_holds_the_rate_and_the_plan_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let tc = folder.path().join("tc");
    let script = "#!/bin/sh\ncase \"$*\" in *' tbf '*) echo 'Specified qdisc kind is unknown.' >&2; exit 2;; esac\nexec tc \"$@\"\n";
    std::fs::write(&tc, script).unwrap();
    std::fs::set_permissions(&tc, std::fs::Permissions::from_mode(0o755)).unwrap();
    let programs = Programs { tc: tc.to_str().unwrap().to_owned(), ..Programs::default() };
    let topology = empty("htb").site("a", Some(("30M", "60M"))).site("b", None).probe("a1", "a").probe("b1", "b");
    let topology = topology.probe("c1", "").link("wan", "a", "b", shaped("40M", "10M"));
    let lab = Lab::deploy_by(&topology, programs).await;
    assert!(!lab.say("a", "tc qdisc show").contains("tbf"));
    assert_rate(tcp(&lab, "a1", "b1", 2), "40M", "there");
    assert_rate(tcp(&lab, "b1", "a1", 2), "10M", "back");
    assert_rate(tcp(&lab, "a1", "c1", 2), "60M", "up");
    assert_rate(tcp(&lab, "c1", "a1", 2), "30M", "down");
    let plan = iperftester::deploy::plan(&Local::new(&topology)).await.unwrap();
    assert!(plan.is_empty(), "a kernel that has learned tbf is no reason to make anything anew: {plan:?}");
}

#[tokio::test]
async fn eight_probes_are_up_within_a_second() {
    let mut topology = empty("eight");
    for site in ["a", "b", "c"] {
        topology = topology.site(site, Some(("300M", "100M")));
    }
    for (number, site) in ["a", "a", "a", "b", "b", "c", "c", ""].into_iter().enumerate() {
        topology = topology.probe(&format!("p{number}"), site);
    }
    let topology = topology.link("ab", "a", "b", shaped("80M", "80M")).link("ac", "a", "c", shaped("100M", "20M"));
    let mut best = std::time::Duration::MAX;
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let lab = Lab::deploy(&topology).await;
        best = best.min(start.elapsed());
        drop(lab);
    }
    assert!(best.as_secs_f64() < 1.0, "{best:?}");
}
