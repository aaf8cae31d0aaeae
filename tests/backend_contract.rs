//! What every backend must hold, the one in memory first. The local one makes real namespaces and the engine is a real one,
//! so this needs root.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "support/contract.rs"]
mod contract;
mod engines;
#[path = "support/lab.rs"]
mod lab;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/on_engine.rs"]
mod on_engine;
mod world;

use std::time::Duration;

use iperftester::backend::local::Local;
use iperftester::backend::{Backend, BackendError, Reach};
use iperftester::deploy;
use iperftester::domain::topology::{Directed, Impairment, Topology};
use iperftester::domain::unit::Ratio;
use iperftester::plan::{Reason, Verb};

use contract::{
    carry_out, connects, deploys_once, destroys, id, mends_what_is_gone, names_its_routers, replaces_alone,
};
use engines::{Podman, Whose};
use lab::{Build, Lab, empty, inventory, name, shaped};
use memory::{Memory, desired};
use on_engine::OnEngine;

/// Two sites, three probes (one without a site) and one link.
fn small(what: &str, link: Impairment) -> Topology {
    empty(what)
        .site("west", None)
        .site("east", Some(("100M", "50M")))
        .probe("w1", "west")
        .probe("e1", "east")
        .probe("free", "")
        .link("wan", "west", "east", link)
}

/// The same in memory; `link` is the digest of the link.
fn in_memory(link: &str) -> Memory {
    Memory::new(vec![
        desired("core", "1", &[]),
        desired("site/east", "1", &["core"]),
        desired("site/west", "1", &["core"]),
        desired("probe/e1", "1", &["site/east"]),
        desired("probe/free", "1", &["core"]),
        desired("probe/w1", "1", &["site/west"]),
        desired("link/wan", link, &["site/west", "site/east"]),
    ])
}

#[tokio::test]
async fn the_contract_holds_in_memory() {
    let (first, probe) = (in_memory("1"), name("e1"));
    deploys_once(&first).await;
    mends_what_is_gone(&first, ["probe/e1", "link/wan"]).await;
    connects(&first, &probe).await;
    names_its_routers(&first).await;
    let second = Memory { made: first.made.clone(), ..in_memory("2") };
    replaces_alone(&second, "link/wan").await;
    let nothing = Memory { made: second.made.clone(), ..Memory::new(vec![]) };
    carry_out(&nothing).await;
    let after = Memory { made: nothing.made.clone(), ..in_memory("2") };
    destroys(&after, &nothing, &probe).await;
}

#[tokio::test]
async fn the_contract_holds_in_namespaces() {
    let topology = small("contract", shaped("20M", "10M"));
    let before = inventory(&topology);
    let lab = Lab::of(&topology);
    let probe = name("e1");
    deploys_once(&lab.local).await;
    mends_what_is_gone(&lab.local, ["probe/e1", "link/wan"]).await;
    connects(&lab.local, &probe).await;
    names_its_routers(&lab.local).await;
    let mut other = topology.clone();
    other.links.get_mut("wan").unwrap().impair = shaped("30M", "10M");
    replaces_alone(&Local::new(&other), "link/wan").await;
    assert!(lab.say("west", "tc qdisc show").contains("rate 30Mbit"));
    destroys(&lab.local, &Local::remains(&topology.name), &probe).await;
    assert_eq!(inventory(&topology), before);
}

#[tokio::test]
async fn the_contract_holds_in_user_namespaces() {
    let topology = small("rootless", shaped("20M", "10M"));
    let before = inventory(&topology);
    let lab = Lab::rootless(&topology);
    let probe = name("e1");
    deploys_once(&lab.local).await;
    assert_eq!(inventory(&topology), before, "nothing of it is the machine's");
    mends_what_is_gone(&lab.local, ["probe/e1", "link/wan"]).await;
    connects(&lab.local, &probe).await;
    names_its_routers(&lab.local).await;
    let mut other = topology.clone();
    other.links.get_mut("wan").unwrap().impair = shaped("30M", "10M");
    replaces_alone(&Local::in_user_namespaces(&other), "link/wan").await;
    assert!(lab.say("west", "tc qdisc show").contains("rate 30Mbit"));
    destroys(&lab.local, &Local::remains_in_user_namespaces(&topology.name), &probe).await;
    assert_eq!(inventory(&topology), before);
    assert!(!lab.local.is_there());
}

#[tokio::test]
async fn the_contract_holds_on_a_docker_engine() {
    if let Some(why) = engines::missing() {
        return world::skipped(&format!("the contract on a Docker engine: {why}"));
    }
    let engine = engines::Engine::start();
    holds_on_the_engine_at(&engine.url()).await;
    assert_eq!(engine.say(&["ps", "-aq"]) + &engine.say(&["network", "ls", "-q", "--filter", "type=custom"]), "");
}

#[tokio::test]
async fn the_contract_holds_on_podman() {
    for whose in [Whose::Roots, Whose::Users] {
        if let Some(why) = Podman::missing(whose) {
            return world::skipped(&format!("the contract on Podman: {why}"));
        }
        let podman = Podman::start(whose);
        holds_on_the_engine_at(&podman.url()).await;
        assert_eq!(podman.inventory(), [] as [String; 0]);
    }
}

/// The contract on an engine without containers.
async fn holds_on_the_engine_at(url: &str) {
    let topology = on_engine::hosted(empty("engine").probe("e1", "").probe("free", ""), url);
    let (first, probe) = (OnEngine::of(&topology).await, name("e1"));
    deploys_once(&first).await;
    mends_what_is_gone(&first, ["probe/e1", "probe/free"]).await;
    connects(&first, &probe).await;
    assert!(first.routers().is_empty(), "it makes none");
    let mut other = topology.clone();
    other.probes.get_mut("free").unwrap().attachment.raw_sockets = true;
    replaces_alone(&OnEngine::of(&other).await, "probe/free").await;
    destroys(&first, &OnEngine::remains(&topology), &probe).await;
}

#[tokio::test]
async fn with_its_keeper_all_is_gone_and_a_deploy_makes_it_anew() {
    let topology = small("keeper", Impairment::default());
    let _lab = Lab::rootless(&topology).up().await;
    let pids = || {
        let found = std::process::Command::new("pgrep").args(["-f", &format!("keep.*{}$", topology.name)]).output();
        String::from_utf8(found.unwrap().stdout).unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = pids();
    assert_eq!(first.len(), 1, "one process keeps it");
    assert!(std::process::Command::new("kill").args(["-9", &first[0]]).status().unwrap().success());
    assert!(lab::eventually(|| pids().is_empty()));
    let plan = carry_out(&Local::in_user_namespaces(&topology).with_programs(lab::own_program())).await;
    assert!(plan.actions.iter().all(|a| a.verb == Verb::Create && a.reason == Reason::Missing), "{plan:?}");
    assert_eq!(pids().len(), 1);
    // Two, as where two deploys were killed at once, are one too many.
    let extra = iperftester::backend::local::Local::in_user_namespaces(&topology).with_programs(lab::own_program());
    extra.create(&id("keeper"), &|_| {}).await.unwrap();
    assert_eq!(pids().len(), 2);
    let again = Local::in_user_namespaces(&topology).with_programs(lab::own_program());
    let plan = carry_out(&again).await;
    assert_eq!(plan.actions[0].reason, Reason::Unfinished);
    assert_eq!(pids().len(), 1);
    assert!(deploy::plan(&again).await.unwrap().is_empty());
}

/// Name of the one link's device in a site or probe.
fn wire(lab: &Lab, place: &str) -> String {
    let shown = lab.say(place, "ip -br link show type veth");
    shown.split_whitespace().find(|w| w.starts_with("l-")).unwrap().split('@').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_changed_by_hand_is_told_and_made_anew_alone() {
    let loss = Directed { a_to_b: Ratio::new(0.1), b_to_a: None };
    let topology = small("drift", Impairment { loss_ratio: loss, ..shaped("20M", "10M") });
    let lab = Lab::deploy(&topology).await;
    let l = wire(&lab, "west");
    let shown = lab.say("west", "ip -br link show master lan");
    let port = shown.split_whitespace().find(|w| w.starts_with("p-")).unwrap().split('@').next().unwrap().to_owned();
    let mtu = |device: &str, place: &str| format!("the MTU of {device} is 1400 B instead of 1500 B in {place}");
    let cases = [
        ("west", format!("tc qdisc del dev {l} root"), "link/wan", format!("the shaper of {l} is missing in west")),
        (
            "east",
            format!("tc qdisc change dev {l} root handle 2: tbf rate 30mbit burst 50000b limit 500000b"),
            "link/wan",
            format!("the shaper of {l} is another in east"),
        ),
        ("east", format!("nft delete table netdev {l}"), "link/wan", format!("the loss of {l} is missing in east")),
        ("east", format!("ip link set {l} down"), "link/wan", format!("the device {l} is down in east")),
        ("w1", "ip link set eth0 down".to_owned(), "probe/w1", "the device eth0 is down in w1".to_owned()),
        (
            "w1",
            "ip address flush dev eth0".to_owned(),
            "probe/w1",
            "the address ADDRESS of eth0 is missing in w1".into(),
        ),
        (
            "free",
            "ip route del default".to_owned(),
            "probe/free",
            "the route to default by 10.0.0.1 is missing in free".into(),
        ),
        (
            "free",
            "tc qdisc add dev eth0 root tbf rate 1mbit burst 50000b limit 50000b".to_owned(),
            "probe/free",
            "a tbf was put on the device eth0 in free".to_owned(),
        ),
        ("w1", "ip link set eth0 mtu 1400".to_owned(), "probe/w1", mtu("eth0", "w1")),
        // The switch follows its port, so that the port alone is mended.
        ("west", format!("ip link set {port} mtu 1400"), "probe/w1", mtu(&port, "west")),
        ("east", format!("ip link set {l} mtu 1400"), "link/wan", mtu(&l, "east")),
        (
            "w1",
            "sysctl -qw net.ipv4.conf.all.rp_filter=1".to_owned(),
            "probe/w1",
            "the setting net.ipv4.conf.all.rp_filter is 1 instead of 0 in w1".to_owned(),
        ),
        (
            "west",
            "sysctl -qw net.ipv4.ip_forward=0".to_owned(),
            "site/west",
            "the setting net.ipv4.ip_forward is 0 instead of 1 in west".to_owned(),
        ),
        (
            "free",
            "ip route add 10.99.0.0/16 via 10.0.0.1".to_owned(),
            "probe/free",
            "the route to 10.99.0.0/16 by 10.0.0.1 was added in free".to_owned(),
        ),
        (
            "free",
            "ip route replace default via 10.0.0.9".to_owned(),
            "probe/free",
            "the route to default goes by 10.0.0.9 instead of 10.0.0.1 in free".to_owned(),
        ),
        (
            "free",
            "ip route add unreachable fd99::/64".to_owned(),
            "probe/free",
            "the route to fd99::/64 by unreachable was added in free".to_owned(),
        ),
        (
            "west",
            format!("ip route add 10.98.0.0/16 dev {l}"),
            "link/wan",
            format!("the route to 10.98.0.0/16 by {l} was added in west"),
        ),
        ("west", "ip link del lan".to_owned(), "site/west", "the device lan is missing in west".to_owned()),
        ("east", "tc qdisc del dev up root".to_owned(), "site/east", "the shaper of up is missing in east".to_owned()),
    ];
    for (place, command, whom, said) in cases {
        lab.say(place, &command);
        let said = said.replace("ADDRESS", &format!("{}/20", lab.address("w1")));
        let plan = carry_out(&lab.local).await;
        let why = |a: &&iperftester::plan::Action| !matches!(a.reason, Reason::Follows(_));
        let causes: Vec<_> = plan.actions.iter().filter(why).map(|a| (a.verb, a.id.0.as_str(), &a.reason)).collect();
        let reason = Reason::Drifted(said);
        assert_eq!(causes, [(Verb::Remove, whom, &reason), (Verb::Create, whom, &reason)], "{command}");
        if !whom.starts_with("site/") {
            assert_eq!(plan.actions.len(), 2, "{command}: {plan:?}");
        }
        assert!(deploy::plan(&lab.local).await.unwrap().is_empty(), "{command}");
    }
    // Set down and up again it is up, but its routes are gone.
    lab.say("w1", "ip link set eth0 down");
    lab.say("w1", "ip link set eth0 up");
    let plan = carry_out(&lab.local).await;
    // IPv6 loses its addresses too, IPv4 only its routes.
    let lost = plan.actions[0].reason.to_string();
    assert!(lost.contains("the route to default by") || lost.contains("the address fd69:"), "{plan:?}");
    // What vanished whole is not there.
    lab.say("west", &format!("ip link del {l}"));
    let plan = carry_out(&lab.local).await;
    assert_eq!(
        plan.actions.iter().map(|a| (a.id.0.as_str(), &a.reason)).collect::<Vec<_>>(),
        [("link/wan", &Reason::Missing)]
    );
    assert!(deploy::plan(&lab.local).await.unwrap().is_empty());
}

#[tokio::test]
async fn looking_at_two_hundred_namespaces_takes_a_moment() {
    let sites = ["s1", "s2", "s3", "s4"];
    let empty = sites.iter().fold(empty("many"), |topology, site| topology.site(site, Some(("100M", "50M"))));
    let topology = (0..196).fold(empty, |topology, n| topology.probe(&format!("p{n}"), sites[n % 4]));
    let lab = Lab::deploy(&topology).await;
    let start = std::time::Instant::now();
    assert!(deploy::plan(&lab.local).await.unwrap().is_empty());
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn half_made_resources_are_made_anew_with_what_stands_on_them() {
    let topology = small("half", Impairment::default());
    let lab = Lab::deploy(&topology).await;
    // A label is the last thing that a resource gets.
    lab.say("west", "ip link set lo alias half-made");
    lab.say("free", "ip link set lo alias half-made");
    let plan = carry_out(&lab.local).await;
    let why = |what: &str| plan.actions.iter().find(|a| a.id.0 == what).map(|a| a.reason.clone());
    assert_eq!(why("site/west"), Some(Reason::Unfinished));
    assert_eq!(why("probe/free"), Some(Reason::Unfinished));
    assert_eq!(why("probe/w1"), Some(Reason::Follows(id("site/west"))));
    assert_eq!(why("link/wan"), Some(Reason::Follows(id("site/west"))));
    assert_eq!(why("site/east"), None);
    assert!(deploy::plan(&lab.local).await.unwrap().is_empty());
    let ping = format!("ping -c 1 -W 2 {}", lab.address("e1"));
    lab.say("w1", &ping);
}

#[tokio::test]
async fn a_link_without_a_label_at_one_end_is_half_made() {
    let topology = small("half-link", Impairment::default());
    let lab = Lab::deploy(&topology).await;
    let device = wire(&lab, "east");
    for alias in ["iperftester link=wan spec=0", "half-made"] {
        let output = std::process::Command::new("ip")
            .args(["-n", &lab.local.namespace(&name("east")), "link", "set", &device, "alias", alias])
            .status()
            .unwrap();
        assert!(output.success());
        let plan = carry_out(&lab.local).await;
        assert_eq!(plan.actions[0].reason, Reason::Unfinished, "{alias}");
        assert_eq!(plan.actions.len(), 2);
    }
    assert!(deploy::plan(&lab.local).await.unwrap().is_empty());
}

#[tokio::test]
async fn namespaces_left_by_a_killed_ip_are_mended_and_removed() {
    let topology = small("killed", Impairment::default());
    let lab = Lab::of(&topology);
    let before = inventory(&topology);
    // `ip netns add` makes the file, then mounts the namespace on it; killed in between it leaves the file.
    let file = |n: &str| std::path::Path::new("/run/netns").join(lab.local.namespace(&name(n)));
    std::fs::create_dir_all("/run/netns").unwrap();
    std::fs::write(file("e1"), "").unwrap();
    let plan = carry_out(&lab.local).await;
    let e1: Vec<_> = plan.actions.iter().filter(|a| a.id.0 == "probe/e1").map(|a| (a.verb, &a.reason)).collect();
    assert_eq!(e1, [(Verb::Remove, &Reason::Unfinished), (Verb::Create, &Reason::Unfinished)]);
    std::fs::write(file("unknown"), "").unwrap();
    carry_out(&Local::remains(&topology.name)).await;
    assert_eq!(inventory(&topology), before);
}

#[tokio::test]
async fn a_probe_that_moves_and_a_site_that_goes_are_followed() {
    let topology = small("move", Impairment::default());
    let lab = Lab::deploy(&topology).await;
    let mut moved = topology.clone();
    moved.probes.get_mut("e1").unwrap().site = Some(name("west"));
    moved.links.clear();
    moved.sites.remove("east");
    let next = Local::new(&moved);
    carry_out(&next).await;
    assert!(deploy::plan(&next).await.unwrap().is_empty());
    let to = next.addresses(&name("e1")).await.unwrap()[0];
    lab.say("w1", &format!("ping -c 1 -W 2 {to}"));
    assert_eq!(inventory(&topology).0.len(), 5, "core, west, e1, free, w1");
}

#[tokio::test]
async fn what_runs_in_a_probe_ends_with_it() {
    let topology = empty("running").probe("a", "");
    let lab = Lab::deploy(&topology).await;
    let here = lab.local.namespace(&name("a"));
    let mut child = std::process::Command::new("ip").args(["netns", "exec", &here, "sleep", "60"]).spawn().unwrap();
    let runs = || {
        let list = std::process::Command::new("ip").args(["netns", "pids", &here]).output().unwrap();
        String::from_utf8_lossy(&list.stdout).trim() == child_id(&child)
    };
    assert!(lab::eventually(runs));
    lab.local.remove(&id("probe/a")).await.unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(!inventory(&topology).0.contains(&here));
}

fn child_id(child: &std::process::Child) -> String {
    child.id().to_string()
}

#[tokio::test]
async fn what_the_kernel_lacks_is_told_at_once_and_before_anything_is_made() {
    use iperftester::domain::unit::Seconds;
    let delay = Directed::both(Seconds(Duration::from_millis(10)));
    let topology =
        small("lacking", Impairment { delay_seconds: delay, jitter_seconds: delay, ..Impairment::default() });
    let netem = std::process::Command::new("unshare")
        .args(["-n", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"])
        .output()
        .unwrap();
    let answer = Local::new(&topology).supports().await;
    if netem.status.success() {
        answer.unwrap();
        return;
    }
    let errors = answer.unwrap_err();
    let BackendError::Unsupported { hint, .. } = &errors[0] else { panic!("{errors:?}") };
    // A kernel without modules has no list of those that it loaded.
    let loads = std::path::Path::new("/proc/modules").exists();
    let mend = if loads { "modprobe sch_netem" } else { "this kernel loads no modules: take that out" };
    assert!(hint.contains(mend), "{hint}");
    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("link `wan` asks for `impair.delay`, which needs netem"), "{told:?}");
    assert!(told[1].starts_with("link `wan` asks for `impair.jitter`, which needs netem"), "{told:?}");
    assert_eq!(inventory(&topology).0, Vec::<String>::new());
}

#[tokio::test]
async fn missing_programs_are_named_with_their_package() {
    let programs = iperftester::backend::local::Programs { tc: "/nonexistent/tc".to_owned(), ..Default::default() };
    let errors = Local::new(&small("programs", Impairment::default())).with_programs(programs).supports().await;
    let errors = errors.unwrap_err();
    let [BackendError::Unsupported { what, hint }] = errors.as_slice() else { panic!("{errors:?}") };
    assert!(what.contains("`/nonexistent/tc`"), "{what}");
    assert_eq!(hint, "install it: apt install iproute2");
}
