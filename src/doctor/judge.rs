//! From what was seen to what it means. Pure.

mod engines;
mod programs;

use programs::program;

use super::gather::{Engines, Facts, PROGRAMS};
use super::{Check, State};
use crate::backend::local::{Feature, Hindrance, lacking_right};
use crate::domain::name::Name;

/// Space below which iperf3 (128 kB of buffer a stream, in a file under TMPDIR) and results run into a full disk.
const SPACE_MIN: u64 = 100_000_000;

/// Every check, in the order in which mends make sense.
pub(super) fn all(facts: &Facts, engines: &Engines) -> Vec<Check> {
    let mut checks = here(facts);
    checks.extend(engines::all(engines));
    checks
}

/// Those of this machine.
fn here(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![root(facts), user_namespaces(facts), processes(facts), ipv6(facts)];
    checks.extend(PROGRAMS.iter().map(|(name, _)| program(facts, name)));
    checks.extend(Feature::ALL.iter().filter_map(|feature| kernel(facts, *feature)));
    checks.extend([congestion_control(facts), cpus(facts), clock(facts)]);
    checks.extend(space(facts));
    checks.push(labs(facts));
    checks
}

fn check(name: &str, state: State, detail: impl Into<String>, mend: Option<&str>) -> Check {
    let mend = mend.map(str::to_owned);
    Check { host: None, node: None, name: name.to_owned(), state, detail: detail.into(), mend }
}

/// A topology file with faults.
pub(super) fn faulty(file: &str) -> Check {
    let detail = format!("`{file}` has faults: nothing is known of its hosts");
    check("topology", State::Missing, detail, Some(&format!("iperftester -t {file} validate")))
}

/// The strongest form of local probes: `isolation: namespaces`.
fn root(facts: &Facts) -> Check {
    match (lacking_right(&facts.status), &facts.hindrance) {
        (None, _) => check("namespaces", State::Ok, "this process may make network namespaces of the machine", None),
        (Some(right), None) => {
            let detail = format!("not root ({right} is missing): local probes are made in user namespaces instead");
            check("namespaces", State::Degraded, detail, Some("sudo iperftester doctor"))
        }
        (Some(right), Some(_)) => {
            let detail = format!("not root ({right} is missing): local probes have no network of their own");
            check("namespaces", State::Missing, detail, Some("sudo iperftester doctor"))
        }
    }
}

/// `isolation: user-namespaces`.
fn user_namespaces(facts: &Facts) -> Check {
    let name = "user namespaces";
    // Tried as root it may work although an ordinary user's would not.
    if let Some((switch, mend)) = facts.switches.forbidding() {
        return check(name, State::Degraded, format!("only root may make them: {switch}"), Some(mend));
    }
    match &facts.hindrance {
        None => check(name, State::Ok, "an ordinary user may make networks in them", None),
        Some(Hindrance { why, mend }) => check(name, State::Degraded, why.as_str(), Some(mend)),
    }
}

/// `isolation: processes`.
fn processes(facts: &Facts) -> Check {
    match &facts.ping_fault {
        None => check("processes", State::Ok, "always there, without shaping; this user may send ICMP echoes", None),
        Some(fault) => {
            let detail = format!("this user cannot send ICMP echoes, so probes cannot ping: {fault}");
            let mend = "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'";
            check("processes", State::Degraded, detail, Some(mend))
        }
    }
}

fn ipv6(facts: &Facts) -> Check {
    if facts.ipv6 {
        return check("ipv6", State::Ok, "switched on: local probes have both families", None);
    }
    let detail = "off: local probes have IPv4 alone, and tests of IPv6 are skipped";
    check("ipv6", State::Degraded, detail, Some("sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0"))
}

fn kernel(facts: &Facts, feature: Feature) -> Option<Check> {
    let present = *facts.features.get(&feature)?;
    let (name, module) = (feature.as_str(), feature.module());
    let counterpart = Feature::ALL.into_iter().find(|f| f.substitute() == Some(feature)).or(feature.substitute());
    if let Some(other) = counterpart.filter(|f| !present && facts.features.get(f) == Some(&true)) {
        return Some(check(
            name,
            State::Ok,
            format!("not there (no {module}): {} serves as well", other.as_str()),
            None,
        ));
    }
    let what = match feature {
        Feature::Veth | Feature::Bridge => "local probes cannot be made",
        Feature::Tbf | Feature::Htb => "links and uplinks cannot have a rate",
        Feature::Netem => "links cannot have a delay or jitter (`impair.delay`, `impair.jitter`)",
        Feature::Loss | Feature::Statistic => "links cannot lose packets (`impair.loss`)",
        Feature::U32 => "links between containers cannot be shaped",
        Feature::Ifb => "nothing needs it today",
    };
    let needed = matches!(feature, Feature::Veth | Feature::Bridge | Feature::Tbf | Feature::Htb);
    Some(match present {
        true => check(name, State::Ok, "the kernel has it", None),
        false => {
            let state = if needed { State::Missing } else { State::Degraded };
            let (kernel, mend) = match facts.modules.load(feature) {
                Some(load) => (format!("the kernel has none (no {module})"), sudo(&load)),
                None => (
                    format!("the kernel has none (no {module}) and loads no modules"),
                    "on a machine whose kernel has it".to_owned(),
                ),
            };
            check(name, state, format!("{kernel}: {what}"), Some(&mend))
        }
    })
}

/// The commands as an ordinary user types them.
fn sudo(commands: &str) -> String {
    commands.split(" && ").map(|command| format!("sudo {command}")).collect::<Vec<_>>().join(" && ")
}

fn congestion_control(facts: &Facts) -> Check {
    let Facts { congestion_control: default, congestion_controls: all, .. } = facts;
    let detail = format!("{default} by default, of {all}");
    if all.split_whitespace().any(|c| c == "cubic") {
        return check("congestion control", State::Ok, detail, None);
    }
    check(
        "congestion control",
        State::Degraded,
        format!("{detail}; no cubic, the usual one"),
        Some("sudo modprobe tcp_cubic"),
    )
}

fn cpus(facts: &Facts) -> Check {
    if facts.cpus > 1 {
        return check("cpus", State::Ok, format!("{} cores", facts.cpus), None);
    }
    let detail = "one core: sender, receiver and shaper share it, so fast tests will be invalid";
    check("cpus", State::Degraded, detail, None)
}

fn clock(facts: &Facts) -> Check {
    match facts.clock {
        Some(keeper) => check("clock", State::Ok, format!("kept by {keeper}"), None),
        None => check(
            "clock",
            State::Degraded,
            "nobody is seen to keep it: times of runs may be off, rates and round trips are not touched",
            Some("sudo apt-get install -y chrony"),
        ),
    }
}

fn space(facts: &Facts) -> Option<Check> {
    let free = facts.temporary_free?;
    let detail = format!("{} MB free for temporary files", free / 1_000_000);
    Some(if free >= SPACE_MIN {
        check("space", State::Ok, detail, None)
    } else {
        check("space", State::Degraded, detail, Some("export TMPDIR=/var/tmp"))
    })
}

/// What is deployed, among it what is left of topologies whose file is gone: only their names lead to them.
fn labs(facts: &Facts) -> Check {
    let names: Vec<&str> = facts.labs.iter().map(Name::as_str).collect();
    if names.is_empty() {
        return check("labs", State::Ok, "nothing is deployed here", None);
    }
    let name = if let [one] = names.as_slice() { one } else { "NAME" };
    let mend = format!("iperftester destroy --name {name}");
    let detail = format!("deployed here, to be removed by name where its file is gone: {}", names.join(", "));
    check("labs", State::Ok, detail, Some(&mend))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::local::{Modules, Switches};

    /// A Debian 12 machine without netem, as root.
    fn good() -> Facts {
        let version = |name| match name {
            "iperf3" => "iperf 3.12 (cJSON 1.7.15)".to_owned(),
            other => format!("{other} 1.0"),
        };
        Facts {
            status: "CapEff:\t000001fffeffffff".to_owned(),
            programs: PROGRAMS.iter().map(|(name, _)| (*name, Some(version(*name)))).collect(),
            features: Feature::ALL.iter().map(|f| (*f, *f != Feature::Netem)).collect(),
            modules: Modules { loadable: true, ..Modules::default() },
            ipv6: true,
            congestion_control: "bbr".to_owned(),
            congestion_controls: "reno cubic bbr".to_owned(),
            cpus: 2,
            temporary_free: Some(5_000_000_000),
            clock: Some("chrony"),
            ..Facts::default()
        }
    }

    fn find(facts: &Facts, name: &str) -> Check {
        here(facts).into_iter().find(|c| c.name == name).unwrap()
    }

    #[test]
    fn on_a_good_machine_only_netem_lacks() {
        let bad: Vec<_> = here(&good()).into_iter().filter(|c| c.state != State::Ok).collect();
        assert_eq!(bad.len(), 1, "{bad:?}");
        assert_eq!(bad[0].name, "netem");
        assert_eq!(bad[0].state, State::Degraded);
        assert_eq!(bad[0].mend.as_deref(), Some("sudo modprobe sch_netem"));
    }

    #[test]
    fn a_kernel_without_netem_is_mended_by_its_module_a_package_or_not_at_all() {
        let netem = |modules: Modules| find(&Facts { modules, ..good() }, "netem");
        let listed = |listed: &str| Modules {
            loadable: true,
            release: "6.8.0-45-generic".to_owned(),
            listed: Some(listed.to_owned()),
        };
        let mend = |listed_modules: &str| netem(listed(listed_modules)).mend.unwrap();
        assert_eq!(mend("kernel/net/sched/sch_netem.ko.zst:"), "sudo modprobe sch_netem");
        let extra = "sudo apt install linux-modules-extra-6.8.0-45-generic && sudo modprobe sch_netem";
        assert_eq!(mend("kernel/net/sched/sch_tbf.ko.zst:"), extra);
        let closed = netem(Modules::default());
        assert!(
            closed.detail.starts_with("the kernel has none (no sch_netem) and loads no modules: links"),
            "{closed:?}"
        );
        assert_eq!(closed.mend.as_deref(), Some("on a machine whose kernel has it"));
    }

    #[test]
    fn every_missing_program_has_its_package() {
        let mut facts = good();
        facts.programs.values_mut().for_each(|v| *v = None);
        for (name, _) in PROGRAMS {
            let check = find(&facts, name);
            assert_ne!(check.state, State::Ok, "{name}");
            assert!(check.mend.unwrap().starts_with("sudo apt-get install -y "), "{name}");
        }
        assert_eq!(find(&facts, "ping").state, State::Missing);
        assert_eq!(find(&facts, "ping").mend.as_deref(), Some("sudo apt-get install -y iputils-ping"));
        assert_eq!(find(&facts, "tracepath").state, State::Degraded);
    }

    #[test]
    fn one_of_two_that_do_the_same_is_enough() {
        for (program, package) in [("nft", "nftables"), ("iptables", "iptables")] {
            let mut facts = good();
            facts.programs.insert(program, None);
            assert_eq!(find(&facts, program).state, State::Ok, "{package}");
        }
        for (feature, needed) in [(Feature::Loss, false), (Feature::Tbf, true)] {
            let mut facts = good();
            facts.features.insert(feature, false);
            let other = feature.substitute().unwrap();
            let check = find(&facts, feature.as_str());
            assert_eq!((check.state, check.mend), (State::Ok, None));
            assert!(check.detail.ends_with(&format!("{} serves as well", other.as_str())), "{}", check.detail);
            facts.features.insert(other, false);
            let state = if needed { State::Missing } else { State::Degraded };
            assert_eq!(find(&facts, feature.as_str()).state, state);
        }
    }

    #[test]
    fn every_detail_is_told_in_spanish() {
        use crate::i18n::sentences::is_known;
        let bad = Facts {
            status: "CapEff:\t0000000000000000".into(),
            programs: PROGRAMS.iter().map(|(name, _)| (*name, None)).collect(),
            features: Feature::ALL.iter().map(|f| (*f, false)).collect(),
            congestion_controls: "reno".into(),
            cpus: 1,
            clock: None,
            labs: [Name::new("office").unwrap()].into(),
            ..good()
        };
        let mut halves = good();
        halves.programs.insert("nft", None);
        halves.features.insert(Feature::Loss, false);
        halves.features.insert(Feature::Tbf, false);
        let closed = Facts { modules: Modules::default(), ..good() };
        for check in [good(), bad, halves, closed].iter().flat_map(here).chain([faulty("lab.yaml")]) {
            // What a program says of its version is its own.
            let own = check.state == State::Ok && PROGRAMS.iter().any(|(name, _)| check.name == *name);
            assert!(own || is_known(&check.detail), "{}: {}", check.name, check.detail);
        }
        for version in ["3.0.12", "3.12", "3.16", "3.20", "2.1.8"] {
            assert!(is_known(&programs::iperf3(&format!("iperf {version}")).detail), "{version}");
        }
    }

    #[test]
    fn an_ordinary_user_learns_how_to_get_further() {
        let hindrance = Hindrance { why: "a user namespace cannot be made".into(), mend: "in a container".into() };
        let user = Facts { status: "CapEff:\t0000000000000000".into(), ..good() };
        assert_eq!(find(&user, "namespaces").state, State::Degraded, "there are user namespaces");
        let facts = Facts { hindrance: Some(hindrance), ..user };
        assert_eq!(find(&facts, "namespaces").state, State::Missing);
        let mend = |facts: &Facts| find(facts, "user namespaces").mend.unwrap();
        assert_eq!(mend(&facts), "in a container");
        let switches = Switches { apparmor_restricts: true, ..Switches::default() };
        assert!(mend(&Facts { switches, ..facts.clone() }).contains("apparmor_restrict"));
        // What hinders others does not hinder root.
        assert_eq!(find(&Facts { switches, ..good() }, "user namespaces").state, State::Degraded);
        let mute = Facts { ping_fault: Some("Operation not permitted".into()), ipv6: false, ..good() };
        assert!(find(&mute, "processes").mend.unwrap().contains("ping_group_range"));
        assert!(find(&mute, "ipv6").mend.unwrap().contains("disable_ipv6=0"));
    }

    #[test]
    fn a_kernel_that_could_not_be_tried_is_not_judged() {
        let facts = Facts { features: [].into(), ..good() };
        assert!(here(&facts).iter().all(|c| c.name != "netem"));
    }

    #[test]
    fn what_is_deployed_is_named_with_how_it_goes_without_its_file() {
        let labs = |names: &[&str]| {
            let labs = names.iter().map(|name| Name::new(name).unwrap()).collect();
            find(&Facts { labs, ..good() }, "labs")
        };
        assert_eq!(labs(&[]).mend, None);
        assert_eq!(labs(&["office"]).mend.as_deref(), Some("iperftester destroy --name office"));
        let two = labs(&["office", "far"]);
        assert_eq!(two.mend.as_deref(), Some("iperftester destroy --name NAME"));
        assert!(two.detail.ends_with(": far, office") && two.state == State::Ok, "{two:?}");
    }

    #[test]
    fn small_machines_are_told_their_limits() {
        let facts =
            Facts { cpus: 1, temporary_free: Some(1), clock: None, congestion_controls: "reno".into(), ..good() };
        for name in ["cpus", "space", "clock", "congestion control"] {
            assert_eq!(find(&facts, name).state, State::Degraded, "{name}");
        }
    }
}
