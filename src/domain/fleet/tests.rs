use super::*;
use crate::domain::host::{HostKind, Swarm};
use crate::domain::port::PortRange;
use crate::domain::topology::{Contract, Host, Impairment, Probe, Site};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| name(text)).collect()
}

fn node(text: &str, labels: &[(&str, &str)]) -> Node {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Node { name: name(text), ready: true, takes_work: true, labels, carries: BTreeSet::new() }
}

/// A topology with swarm `sw`, and with `a` and `b` on another host.
fn topology(on_swarm: &[(&str, Option<Placement>)]) -> Topology {
    let text = r#"{"name":"lab","description":null,"hosts":{"here":{"kind":{"local":{}}}},"sites":{},"probes":{},"links":{},
        "groups":{},"tests":{},"suites":{},"campaigns":{}}"#;
    let mut topology: Topology = serde_json::from_str(text).unwrap();
    topology.hosts.insert(name("sw"), Host { kind: HostKind::Swarm(Swarm::default()) });
    let probe = |host: &str, placement: Option<Placement>| {
        let attachment = crate::domain::host::Attachment { placement, ..Default::default() };
        Probe { host: name(host), site: None, tags: [].into(), ports: PortRange::DEFAULT, attachment }
    };
    for text in ["a", "b"] {
        topology.probes.insert(name(text), probe("here", None));
    }
    for (text, placement) in on_swarm {
        topology.probes.insert(name(text), probe("sw", placement.clone()));
    }
    topology
}

fn grouped(mut topology: Topology, shape: Shape) -> Topology {
    let group = Group { shape, one_way: true, only_destinations: [name("node"), name("b")].into() };
    topology.groups.insert(name("g"), group);
    topology
}

fn expanded(topology: &Topology, nodes: &[Node]) -> Expanded {
    expand(topology, &BTreeMap::from([(name("sw"), nodes.to_vec())])).unwrap()
}

fn probes(topology: &Topology, nodes: &[Node]) -> Vec<String> {
    let expanded = expanded(topology, nodes).topology;
    let on_swarm = expanded.probes.into_iter().filter(|(_, probe)| probe.host == name("sw"));
    let told = on_swarm.map(|(probe, it)| match it.attachment.placement {
        Some(Placement::Members(nodes)) => format!("{probe}@{}", nodes[0]),
        other => panic!("{probe} is at {other:?}"),
    });
    told.collect()
}

#[test]
fn a_topology_without_a_swarm_is_left_alone() {
    let topology = topology(&[]);
    assert_eq!(expand(&topology, &BTreeMap::new()).unwrap(), Expanded { topology, short: vec![] });
}

#[test]
fn each_node_that_takes_work_has_a_probe_whether_it_answers_or_not() {
    let away = Node { ready: false, ..node("m2", &[]) };
    let drained = Node { takes_work: false, ..node("m3", &[]) };
    let nodes = [node("m1", &[]), away, drained];
    let topology = topology(&[("node", Some(Placement::EachNode))]);
    assert_eq!(probes(&topology, &nodes), ["node-m1@m1", "node-m2@m2"]);
}

#[test]
fn replicas_are_on_the_first_nodes_that_fit_and_answer() {
    let replicas = |count, labels: &[&str]| {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        topology(&[("x", Some(Placement::Replicas { count, labels }))])
    };
    let away = Node { ready: false, ..node("m0", &[("rack", "a")]) };
    let nodes = [away, node("m1", &[("rack", "a")]), node("m2", &[("rack", "b")]), node("m3", &[("rack", "a")])];
    assert_eq!(probes(&replicas(2, &[]), &nodes), ["x-m1@m1", "x-m2@m2"]);
    assert_eq!(probes(&replicas(2, &["rack=a"]), &nodes), ["x-m1@m1", "x-m3@m3"]);
    // Too few that answer: one that does not is where it was, and is told there.
    assert_eq!(probes(&replicas(3, &["rack=a"]), &nodes), ["x-m0@m0", "x-m1@m1", "x-m3@m3"]);
    let short = expanded(&replicas(2, &["rack=b"]), &nodes).short;
    assert_eq!(
        short.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["probe x is to be on 2 of the nodes of sw and can be on 1"]
    );
}

#[test]
fn a_probe_stays_on_the_node_that_has_it_whether_that_answers_or_not() {
    let carrying = |text, probe: &str| Node { carries: [name(probe)].into(), ..node(text, &[("rack", "a")]) };
    let replicas = |count| {
        topology(&[("x", Some(Placement::Replicas { count, labels: vec!["rack=a".to_owned()] })), ("one", None)])
    };
    let of = |probe: &str, nodes: &[Node]| {
        let all = probes(&replicas(1), nodes).into_iter();
        all.filter(|at| at.starts_with(probe)).collect::<Vec<_>>()
    };
    let up = node("m0", &[("rack", "a")]);
    let down = Node { ready: false, ..carrying("m1", "x-m1") };
    assert_eq!(of("x", &[up.clone(), down.clone()]), ["x-m1@m1"], "m0 has joined and m1 is down");
    assert_eq!(of("one", &[up.clone(), Node { ready: false, ..carrying("m1", "one") }]), ["one@m1"]);
    assert_eq!(of("one", &[up.clone(), carrying("m1", "other")]), ["one@m0"], "another probe holds none");
    // Where it may not stay, and where there are to be fewer.
    let drained = Node { takes_work: false, ..down.clone() };
    assert_eq!(of("x", &[up.clone(), drained]), ["x-m0@m0"]);
    let unlabelled = Node { labels: BTreeMap::new(), ..down.clone() };
    assert_eq!(of("x", &[up, unlabelled]), ["x-m0@m0"]);
    assert_eq!(of("x", &[down, carrying("m2", "x-m2")]), ["x-m2@m2"], "of two, the one that answers");
}

#[test]
fn a_swarm_of_which_nothing_is_known_keeps_its_probes() {
    let topology = grouped(
        topology(&[("node", Some(Placement::EachNode)), ("one", None)]),
        Shape::Mesh(names(&["a", "node", "one"])),
    );
    assert_eq!(expand(&topology, &BTreeMap::new()).unwrap(), Expanded { topology, short: vec![] });
}

#[test]
fn a_probe_without_a_placement_is_one_and_keeps_its_name() {
    let topology = topology(&[("x", None)]);
    assert_eq!(probes(&topology, &[node("m2", &[]), node("m1", &[])]), ["x@m1"]);
    let none = expanded(&topology, &[]);
    assert!(!none.topology.probes.contains_key("x"));
    assert_eq!((none.short[0].wanted, none.short[0].found), (1, 0));
}

#[test]
fn groups_have_each_place_where_they_had_the_probe() {
    let nodes = [node("m1", &[]), node("m2", &[])];
    let group = |shape| {
        let topology = grouped(topology(&[("node", Some(Placement::EachNode))]), shape);
        expanded(&topology, &nodes).topology.groups[&name("g")].clone()
    };
    let both = names(&["node-m1", "node-m2"]);
    let mesh = group(Shape::Mesh(names(&["a", "node"])));
    assert_eq!(mesh.shape, Shape::Mesh(names(&["a", "node-m1", "node-m2"])));
    assert_eq!(mesh.only_destinations, names(&["b", "node-m1", "node-m2"]).into_iter().collect());
    assert!(mesh.one_way);
    assert_eq!(group(Shape::Ring(names(&["node", "b"]))).shape, Shape::Ring(names(&["node-m1", "node-m2", "b"])));
    let between = group(Shape::Between { from: names(&["node"]), to: names(&["a", "b"]) });
    assert_eq!(between.shape, Shape::Between { from: both.clone(), to: names(&["a", "b"]) });
    let spokes = group(Shape::Star { hub: name("a"), spokes: names(&["node", "b"]) });
    assert_eq!(spokes.shape, Shape::Star { hub: name("a"), spokes: names(&["node-m1", "node-m2", "b"]) });
    let hubs = group(Shape::Star { hub: name("node"), spokes: names(&["a"]) });
    assert_eq!(hubs.shape, Shape::Between { from: both, to: names(&["a"]) });
    let pairs = group(Shape::Pairs(vec![(name("a"), name("node")), (name("b"), name("a"))]));
    let crossed = [("a", "node-m1"), ("a", "node-m2"), ("b", "a")].map(|(a, b)| (name(a), name(b)));
    assert_eq!(pairs.shape, Shape::Pairs(crossed.to_vec()));
}

#[test]
fn links_are_between_each_place_of_their_ends() {
    let mut topology = topology(&[("node", Some(Placement::EachNode)), ("one", None)]);
    topology.sites.insert(name("office"), Site::default());
    let probe = |text| End::Probe(name(text));
    let ends = [
        ("crossed", [probe("node"), probe("one")]),
        ("kept", [probe("a"), probe("b")]),
        ("up", [End::Site(name("office")), probe("one")]),
    ];
    for (text, between) in ends {
        let link = Link { between, contract: Contract::default(), impair: Impairment::default() };
        topology.links.insert(name(text), link);
    }
    let links = expanded(&topology, &[node("m1", &[]), node("m2", &[])]).topology.links;
    let told: Vec<String> =
        links.iter().map(|(link, it)| format!("{link} {} {}", it.between[0].name(), it.between[1].name())).collect();
    assert_eq!(told, ["crossed-m1 node-m1 one", "crossed-m2 node-m2 one", "kept a b", "up office one"]);
}

#[test]
fn two_things_of_one_name_are_told() {
    let clash = |topology: &Topology, nodes: &[&str]| {
        let nodes = nodes.iter().map(|text| node(text, &[])).collect();
        expand(topology, &BTreeMap::from([(name("sw"), nodes)])).unwrap_err().to_string()
    };
    let each = || Some(Placement::EachNode);
    assert_eq!(
        clash(&topology(&[("x", each()), ("x-y", each())]), &["m", "y-m"]),
        "`x-y-m` would name both probe x on node y-m and probe x-y on node m"
    );
    let long = "a123456789b123456789c123456789d123456789";
    let told = clash(&topology(&[(long, each())]), &["m1", "m2"]);
    assert_eq!(told, format!("`{long}` would name both probe {long} on node m1 and probe {long} on node m2"));
    let mut topology = topology(&[("x", each())]);
    topology.sites.insert(name("x-m"), Site::default());
    assert_eq!(clash(&topology, &["m"]), "`x-m` would name both the site of that name and probe x on node m");
}
