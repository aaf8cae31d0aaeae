//! How what stands differs from what was made: the commands that made a resource tell what should stand. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::batch::{Batch, Program, after};
use super::holding::{Holding, Queue};
use super::layout::Resource;
use crate::domain::unit::Bitrate;

mod network;
mod selection;

use selection::selected;

/// Largest relative difference of two numbers that are the same: `tc` and `iptables-save` round what they show.
const SAME: f64 = 0.01;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * b.abs()
}

/// The first thing of `resource` that is not as it was made, as a phrase; `held` is what its namespaces (by their whole
/// name) hold.
pub(super) fn drift(resource: &Resource, held: &BTreeMap<String, &Holding>) -> Option<String> {
    let place = |here: &str| here.splitn(3, '.').last().unwrap_or(here).trim_start_matches('_').to_owned();
    let set_otherwise = resource.batches.iter().flat_map(Batch::settings).find_map(|(here, made)| {
        // A namespace that is missing is told below.
        let differs = network::set_otherwise(&made, held.get(here)?)?;
        Some(format!("{differs} in {}", place(here)))
    });
    set_otherwise.or_else(|| {
        resource.batches.iter().find_map(|batch| {
            let here = batch.namespace.as_deref()?;
            let place = place(here);
            let Some(holding) = held.get(here) else { return Some(format!("the namespace of {place} is missing")) };
            let since = || shaped_since(resource, batch, holding).or_else(|| network::routed_since(batch, holding));
            let differs = differs(batch, holding).or_else(since)?;
            (!is_otherwise(batch, holding)).then(|| format!("{differs} in {place}"))
        })
    })
}

/// The first thing of a batch that is not as it was made, whichever way it was made.
pub(super) fn astray(batch: &Batch, held: &Holding) -> Option<String> {
    differs(batch, held).filter(|_| !is_otherwise(batch, held))
}

/// Was it made the other way?
fn is_otherwise(batch: &Batch, held: &Holding) -> bool {
    batch.other_way().is_some_and(|other| other.iter().all(|b| differs(b, held).is_none()))
}

fn differs(batch: &Batch, held: &Holding) -> Option<String> {
    match batch.program {
        Program::Ip => {
            // A device that is down has lost addresses and routes, so that is told first.
            let about_devices = |line: &&str| line.starts_with("link set ");
            let (devices, rest): (Vec<&str>, Vec<&str>) = batch.lines.lines().partition(about_devices);
            devices.iter().chain(&rest).find_map(|line| network::network(&line.split(' ').collect::<Vec<_>>(), held))
        }
        Program::Tc => {
            let shapers = batch.lines.lines().find_map(|line| shaper(&line.split(' ').collect::<Vec<_>>(), held));
            shapers.or_else(|| selected(&batch.lines, &held.selections))
        }
        Program::Nft => nftables(&batch.lines, &held.filters),
        Program::Iptables | Program::Ip6tables => iptables(&batch.lines, &held.filters),
    }
}

/// What a command of `tc` made: a queueing discipline or a class with its numbers.
fn shaper(words: &[&str], held: &Holding) -> Option<String> {
    let (what, device) = (*words.first()?, after(words, "dev")?);
    let parent = after(words, "parent");
    let same = match what {
        "qdisc" => {
            let made = |q: &&Queue| q.dev == device && q.parent.as_deref() == parent;
            let Some(found) = held.queues.iter().find(made).filter(|q| q.handle != "0:") else {
                return Some(format!("the shaper of {device} is missing"));
            };
            let kind = after(words, after(words, "handle")?)?;
            found.kind == kind
                && numbers(words, &found.options)
                && (kind != "netem" || pure_delay(words, &found.options))
        }
        "filter" => true,
        _ => {
            let shown = held.classes.get(device).map(String::as_str).unwrap_or_default();
            let begin = format!("class htb {} ", after(words, "classid")?);
            let class = shown.lines().find(|line| line.starts_with(&begin)).unwrap_or_default();
            let class: Vec<_> = class.split(' ').collect();
            let rate = |words: &[&str]| Bitrate::parse(&format!("{}/s", after(words, "rate")?)).ok();
            rate(words).zip(rate(&class)).is_some_and(|(made, found)| near(found.as_f64(), made.as_f64()))
        }
    };
    (!same).then(|| format!("the shaper of {device} is another"))
}

/// Rate and delay are the same, as far as `tc` tells: bytes per second and seconds in JSON.
fn numbers(words: &[&str], options: &Value) -> bool {
    let same = |key: &str, unit: &str, found: &Value, scale: f64| {
        let made = after(words, key).and_then(|w| w.strip_suffix(unit)?.parse::<f64>().ok());
        made.is_none_or(|made| found.as_f64().is_none_or(|found| near(found * scale, made)))
    };
    same("rate", "bit", &options["rate"], 8.0) && same("delay", "us", &options["delay"]["delay"], 1e6)
}

/// A delay has the jitter that was made, and nothing that netem does besides. Nothing of ours makes it do that.
fn pure_delay(words: &[&str], options: &Value) -> bool {
    let found = options["delay"]["jitter"].as_f64().unwrap_or_default() * 1e6;
    let made = words.last().and_then(|jitter| jitter.strip_suffix("us")?.parse::<f64>().ok());
    let besides = ["loss-random", "loss-state", "loss-gemodel", "duplicate", "reorder", "corrupt", "rate", "slot"];
    made.is_none_or(|made| near(found, made)) && besides.iter().all(|key| options[*key].is_null())
}

/// A device that was made without a shaper and has one.
fn shaped_since(resource: &Resource, batch: &Batch, held: &Holding) -> Option<String> {
    let shapes = |b: &&Batch| b.program == Program::Tc && b.namespace == batch.namespace;
    let shaped =
        |name: &str| resource.batches.iter().filter(shapes).any(|b| b.lines.contains(&format!(" dev {name} ")));
    let made = batch.lines.lines().filter_map(|line| line.strip_prefix("link set dev ")?.split(' ').next());
    let found = |name: &str| held.devices.iter().find(|d| d.name == name)?.shaper();
    let (name, shaper) = made.filter(|name| !shaped(name)).find_map(|name| Some((name, found(name)?)))?;
    Some(format!("a {shaper} was put on the device {name}"))
}

/// What a batch for nftables made: a table of the device's name with its rules.
fn nftables(lines: &str, listed: &str) -> Option<String> {
    let device = lines.lines().next()?.strip_prefix("table netdev ")?;
    let mut rules = lines.lines().filter_map(|line| line.trim().strip_suffix(" counter drop"));
    let table = listed.split("table ").find_map(|table| table.strip_prefix(&format!("netdev {device} {{")));
    match table {
        None => Some(format!("the loss of {device} is missing")),
        Some(table) if rules.all(|rule| table.contains(&format!("{rule} counter"))) => None,
        Some(_) => Some(format!("the loss of {device} is another")),
    }
}

/// What a batch for iptables made: two rules.
fn iptables(lines: &str, listed: &str) -> Option<String> {
    let device = lines.lines().nth(1)?.strip_prefix(':')?.split(' ').next()?;
    let same = |made: &str, found: &str| {
        made.split(' ').count() == found.split(' ').count()
            && made.split(' ').zip(found.split(' ')).all(|(made, found)| {
                let numbers = made.parse::<f64>().ok().zip(found.parse::<f64>().ok());
                made == found || numbers.is_some_and(|(made, found)| near(found, made))
            })
    };
    let there = |rule: &str| listed.lines().any(|found| same(rule, found));
    let all = lines.lines().filter(|line| line.starts_with("-A ")).all(there);
    (!all).then(|| format!("the loss of {device} is missing"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::feature::Feature;
    use super::super::{loss, shape};
    use super::*;
    use crate::domain::unit::Ratio;
    use crate::plan::{Desired, ResourceId, SpecHash};

    const HERE: &str = "iperftester.lab.west";

    fn resource(batches: Vec<Batch>) -> Resource {
        let desired = Desired { id: ResourceId("link/wan".into()), hash: SpecHash("1".into()), depends_on: vec![] };
        Resource { desired, batches }
    }

    fn wire() -> Resource {
        let lines =
            "addr add 172.16.0.1/30 dev l-1\nlink set dev l-1 up\nroute add 10.1.0.2/32 via 172.16.0.2 dev l-1\n";
        resource(vec![Batch::new(Program::Ip, Some(HERE.into()), lines.into())])
    }

    fn whole() -> Holding {
        let devices = r#"[{"ifname":"l-1","flags":["UP"],"qdisc":"noqueue",
                           "addr_info":[{"family":"inet","local":"172.16.0.1","prefixlen":30}]}]"#;
        let routes = r#"[{"dst":"10.1.0.2","gateway":"172.16.0.2","dev":"l-1","flags":[]}]"#;
        let (devices, routes) = (serde_json::from_str(devices).unwrap(), serde_json::from_str(routes).unwrap());
        Holding { devices, routes, ..Holding::default() }
    }

    fn queues(json: &str) -> Holding {
        Holding { queues: serde_json::from_str(json).unwrap(), ..Holding::default() }
    }

    fn told(resource: &Resource, holding: &Holding) -> String {
        drift(resource, &[(HERE.to_owned(), holding)].into()).unwrap_or_default()
    }

    #[test]
    fn devices_addresses_and_routes_that_are_gone_are_told() {
        assert_eq!(told(&wire(), &whole()), "");
        let without = |change: &dyn Fn(&mut Holding)| {
            let mut holding = whole();
            change(&mut holding);
            told(&wire(), &holding)
        };
        assert_eq!(without(&|h| h.routes.clear()), "the route to 10.1.0.2/32 by 172.16.0.2 is missing in west");
        assert_eq!(without(&|h| h.devices.clear()), "the device l-1 is missing in west");
        let device =
            r#"[{"ifname":"l-1","flags":["UP"],"qdisc":"netem","addr_info":[{"local":"172.16.0.1","prefixlen":30}]}]"#;
        let shaped = without(&|h| h.devices = serde_json::from_str(device).unwrap());
        assert_eq!(shaped, "a netem was put on the device l-1 in west");
        let down = r#"[{"ifname":"lo","flags":["UP"]},{"ifname":"lan","flags":[]}]"#;
        let lan = resource(vec![Batch::new(
            Program::Ip,
            Some(HERE.into()),
            "link set dev lo up\nlink set dev lan up\n".into(),
        )]);
        let down = Holding { devices: serde_json::from_str(down).unwrap(), ..Holding::default() };
        assert_eq!(told(&lan, &down), "the device lan is down in west");
        assert_eq!(told(&lan, &Holding::default()), "the device lo is missing in west");
        assert_eq!(drift(&lan, &BTreeMap::new()).unwrap(), "the namespace of west is missing");
    }

    fn shaped() -> Resource {
        let [tbf, htb] = [shape::Shaper::Tbf, shape::Shaper::Htb].map(|shaper| {
            shape::egress("l-1", Bitrate::parse("80M").ok(), Some(Duration::from_millis(10)), None, shaper)
        });
        resource(vec![Batch::new(Program::Tc, Some(HERE.into()), tbf).or(Feature::Tbf, vec![(Program::Tc, htb)])])
    }

    #[test]
    fn a_shaper_has_its_kind_its_rate_and_its_delay() {
        let tbf = |delay: f64, rate: u64| {
            queues(&format!(
                r#"[{{"kind":"netem","handle":"1:","dev":"l-1","root":true,"options":{{"delay":{{"delay":{delay}}}}}}},
                    {{"kind":"tbf","handle":"2:","dev":"l-1","parent":"1:1","options":{{"rate":{rate}}}}}]"#
            ))
        };
        assert_eq!(told(&shaped(), &tbf(0.01, 10_000_000)), "");
        assert_eq!(told(&shaped(), &tbf(0.02, 10_000_000)), "the shaper of l-1 is another in west");
        for (from, to) in [("0.01}", "0.01,\"jitter\":0.002}"), ("0.01}", "0.01},\"loss-random\":{\"loss\":0.04}")] {
            let mut held = tbf(0.01, 10_000_000);
            let options = held.queues[0].options.to_string();
            assert!(options.contains(from), "{options}");
            held.queues[0].options = serde_json::from_str(&options.replace(from, to)).unwrap();
            assert_eq!(told(&shaped(), &held), "the shaper of l-1 is another in west", "{to}");
        }
        assert_eq!(told(&shaped(), &tbf(0.01, 12_500_000)), "the shaper of l-1 is another in west");
        let none = queues(r#"[{"kind":"noqueue","handle":"0:","dev":"l-1","root":true,"options":{}}]"#);
        assert_eq!(told(&shaped(), &none), "the shaper of l-1 is missing in west");
    }

    #[test]
    fn htb_serves_as_well_as_tbf_with_the_rate_of_its_class() {
        let mut htb = queues(
            r#"[{"kind":"netem","handle":"1:","dev":"l-1","root":true,"options":{}},
                {"kind":"htb","handle":"2:","dev":"l-1","parent":"1:1","options":{"r2q":10}},
                {"kind":"bfifo","handle":"3:","dev":"l-1","parent":"2:1","options":{"limit":500000}}]"#,
        );
        let class = |rate| format!("class htb 2:1 root leaf 3: prio 0 rate {rate} ceil {rate} burst 50000b\n");
        htb.classes.insert("l-1".to_owned(), class("80Mbit"));
        assert_eq!(told(&shaped(), &htb), "");
        htb.classes.insert("l-1".to_owned(), class("81234Kbit"));
        assert_eq!(told(&shaped(), &htb), "the shaper of l-1 is another in west");
    }

    #[test]
    fn loss_is_looked_for_in_what_either_filter_lists() {
        let lossy = |ratio| {
            let [nft, iptables, _] = loss::ingress("l-1", Ratio::new(ratio)).unwrap();
            let batch = Batch::new(Program::Nft, Some(HERE.into()), nft);
            resource(vec![batch.or(Feature::Loss, vec![(Program::Iptables, iptables)])])
        };
        let listed = |filters: &str| Holding { filters: filters.to_owned(), ..Holding::default() };
        let nft = listed(
            "table netdev l-1 {\n\tchain loss {\n\t\tmeta protocol != arp numgen random mod 1000000000 < 1000000 \
             counter packets 0 bytes 0 drop\n\t}\n}\n",
        );
        let iptables = listed(
            "*raw\n:l-1 - [0:0]\n-A PREROUTING -i l-1 -j l-1\n\
             -A l-1 -m statistic --mode random --probability 0.00099999993 -j DROP\nCOMMIT\n",
        );
        for found in [&nft, &iptables] {
            assert_eq!(told(&lossy(0.001), found), "");
            assert_ne!(told(&lossy(0.002), found), "");
        }
        assert_eq!(told(&lossy(0.002), &nft), "the loss of l-1 is another in west");
        assert_eq!(told(&lossy(0.001), &listed("")), "the loss of l-1 is missing in west");
    }
}
