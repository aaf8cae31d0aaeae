use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::backend::local::batch::Otherwise;
use crate::domain::host::Attachment;
use crate::domain::host::HostKind;
use crate::domain::image::Image;
use crate::domain::port::PortRange;
use crate::domain::topology::Metadata;
use crate::domain::topology::{Contract, Host, Impairment, Probe, Site, Uplink};
use crate::domain::topology::{Directed, End, Link};
use crate::domain::unit::{Bitrate, Ratio, Seconds};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn rate(text: &str) -> Bitrate {
    Bitrate::parse(text).unwrap()
}

fn probe(site: &str) -> Probe {
    let site = (!site.is_empty()).then(|| name(site));
    Probe { host: name("here"), site, tags: [].into(), ports: PortRange::DEFAULT, attachment: Attachment::default() }
}

fn link(between: [End; 2], impair: Impairment) -> Link {
    Link { between, contract: Contract::default(), impair }
}

/// Two sites, a probe without one, a link of each kind.
fn lab() -> Topology {
    let (madrid, sevilla) = (End::Site(name("madrid")), End::Site(name("sevilla")));
    let (m1, free) = (End::Probe(name("m1")), End::Probe(name("free")));
    let uplink = Uplink { down_bits_per_second: rate("300M"), up_bits_per_second: rate("50M") };
    let bad = Impairment {
        rate_bits_per_second: Directed { a_to_b: Some(rate("80M")), b_to_a: None },
        delay_seconds: Directed::both(Seconds(Duration::from_millis(10))),
        jitter_seconds: Directed::default(),
        loss_ratio: Directed { a_to_b: Ratio::new(0.001), b_to_a: None },
    };
    Topology {
        name: name("lab"),
        description: None,
        owner: None,
        hosts: [(name("here"), Host { kind: HostKind::Local(Default::default()) })].into(),
        sites: [(name("madrid"), Site { uplink: Some(uplink) }), (name("sevilla"), Site::default())].into(),
        probes: [(name("m1"), probe("madrid")), (name("s1"), probe("sevilla")), (name("free"), probe(""))].into(),
        links: [
            (name("macrolan"), link([madrid.clone(), sevilla], bad)),
            (name("cable"), link([m1, free.clone()], Impairment::default())),
            (name("roof"), link([free, madrid], Impairment::default())),
        ]
        .into(),
        groups: [].into(),
        tests: [].into(),
        suites: [].into(),
        campaigns: [].into(),
        metadata: Metadata::default(),
        image: Image::default(),
    }
}

fn hashes(topology: &Topology) -> BTreeMap<String, String> {
    Layout::new(topology, true).resources.into_iter().map(|r| (r.desired.id.0, r.desired.hash.0)).collect()
}

/// Resources of `before` that are another in `after`.
fn changed(before: &Topology, after: &Topology) -> Vec<String> {
    let after = hashes(after);
    hashes(before).into_iter().filter(|(id, hash)| after.get(id) != Some(hash)).map(|(id, _)| id).collect()
}

#[test]
fn the_commands_of_every_kind_of_resource() {
    let mut text = String::new();
    for Resource { desired, batches } in Layout::new(&lab(), true).resources {
        let below: Vec<_> = desired.depends_on.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "== {} on [{}]", desired.id, below.join(", "));
        for batch in batches {
            let _ = writeln!(text, "-- {:?} {}", batch.program, batch.namespace.unwrap_or_default());
            text.push_str(&batch.lines);
            if let Some(Otherwise { lacking, instead }) = batch.otherwise {
                for (program, lines) in instead {
                    let _ = writeln!(text, "-- without {lacking:?}, {program:?}");
                    text.push_str(&lines);
                }
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn each_resource_comes_after_what_it_stands_on_and_ends_with_its_label() {
    let mut known = BTreeSet::new();
    for Resource { desired, batches } in Layout::new(&lab(), true).resources {
        assert!(desired.depends_on.iter().all(|d| known.contains(d)), "{}", desired.id);
        let last = batches.last().and_then(|b| b.lines.lines().last()).unwrap();
        let label = last.split('"').nth(1).unwrap();
        let (what, hash) = read_label(label).unwrap();
        assert_eq!(hash, desired.hash);
        let kind = desired.id.0.split('/').next().unwrap();
        assert!(what.starts_with(kind), "{what}");
        known.insert(desired.id);
    }
}

#[test]
fn what_is_added_changes_nobody_else() {
    let before = lab();
    let mut after = lab();
    after.sites.insert(name("zaragoza"), Site::default());
    after.probes.insert(name("zz"), probe("madrid"));
    after.links.insert(
        name("zz-link"),
        link([End::Site(name("sevilla")), End::Site(name("zaragoza"))], Impairment::default()),
    );
    assert_eq!(changed(&before, &after), Vec::<String>::new());
    assert_eq!(changed(&after, &before), ["link/zz-link", "probe/zz", "site/zaragoza"]);
}

#[test]
fn a_contract_shapes_nothing_and_an_impairment_only_its_link() {
    let before = lab();
    let mut after = lab();
    let link = after.links.get_mut("macrolan").unwrap();
    link.contract.rate_bits_per_second = Directed::both(rate("5M"));
    assert_eq!(changed(&before, &after), Vec::<String>::new());
    after.links.get_mut("macrolan").unwrap().impair = Impairment::default();
    assert_eq!(changed(&before, &after), ["link/macrolan"]);
}

#[test]
fn without_ipv6_nothing_is_of_it() {
    let layout = Layout::new(&lab(), false);
    assert!(!layout.has_v6() && Layout::new(&lab(), true).has_v6());
    assert!(layout.addresses.values().flatten().all(IpAddr::is_ipv4));
    let lines: String = layout.resources.iter().flat_map(|r| &r.batches).map(|b| b.lines.as_str()).collect();
    assert!(!lines.contains("ipv6") && !lines.contains("nodad") && !lines.contains("::"), "{lines}");
}

#[test]
fn names_of_devices_fit_the_kernel() {
    let long = name(&"x".repeat(40));
    for kind in ['l', 'p', 's'] {
        assert_eq!(device(kind, &long).len(), 14);
    }
}

#[test]
fn needs_name_who_asks() {
    let needs = Layout::new(&lab(), true).needs;
    let who = |feature| needs.iter().filter(|n| n.feature == feature).map(|n| n.who.as_str()).collect::<Vec<_>>();
    assert_eq!(who(Feature::Netem), ["link `macrolan` asks for `impair.delay`"]);
    assert_eq!(who(Feature::Loss), ["link `macrolan` asks for `impair.loss`"]);
    assert_eq!(who(Feature::Tbf), ["site `madrid` asks for `uplink`", "link `macrolan` asks for `impair.rate`"]);
}

#[test]
fn what_has_no_address_left_is_refused() {
    let mut topology = lab();
    for number in 0..4200 {
        topology.probes.insert(name(&format!("p{number}")), probe("sevilla"));
    }
    let layout = Layout::new(&topology, true);
    let most = (LAST_HOST - FIRST_HOST + 1) as usize;
    assert_eq!(layout.refusals.len(), 4201 - most);
    assert!(layout.refusals[0].0.ends_with("is one too many in its site: there are 4093 at most"));
    assert_eq!(layout.addresses.values().collect::<BTreeSet<_>>().len(), most + 2);
}

#[test]
fn labels_of_others_are_not_ours() {
    assert_eq!(read_label("uplink to the world"), None);
    assert_eq!(read_label("iperftester link=wan"), None);
    assert_eq!(read_label("iperftester link=wan spec=1"), Some(("link=wan", SpecHash("1".to_owned()))));
}

#[test]
fn no_site_and_no_probe_has_the_core_router_s_name() {
    let mut topology = lab();
    let core = |topology: &Topology| {
        let routers = Layout::new(topology, true).routers;
        let names: BTreeSet<_> = routers.values().map(|router| router.name.clone()).collect();
        let others: Vec<String> =
            names.iter().filter(|name| !topology.sites.contains_key(*name)).map(Name::to_string).collect();
        assert_eq!(routers[&IpAddr::from(Lan(0).gateway())].name.as_str(), others.join(" "), "one router, one name");
        others.join(" ")
    };
    assert_eq!(core(&topology), "core");
    topology.sites.insert(name("core"), Site::default());
    assert_eq!(core(&topology), "core-router");
    topology.probes.insert(name("core-router"), probe("core"));
    assert_eq!(core(&topology), "core-router-2");
}
