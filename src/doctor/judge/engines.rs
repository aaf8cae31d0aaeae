//! From what engines told to what it means for a deployment.

use super::super::gather::Engines;
use super::super::{Check, State};
use super::check;
use crate::backend::docker::image::check_architecture;
use crate::backend::docker::{Clock, Found, RunsAs};
use crate::backend::{Examined, Fault};
use crate::domain::image::Architecture;

/// So far clocks may be apart, in seconds, before times of the one are misread beside those of the other.
const CLOCK_MAX_SECONDS: f64 = 1.0;
/// An image of some 100 MB is there twice while an engine takes it in, and containers and their logs come on top.
const SPACE_MIN_BYTES: u64 = 500_000_000;

/// The checks of all engines, those that nothing is asked of for want of a topology among them.
pub(super) fn all(engines: &Engines) -> Vec<Check> {
    match engines {
        Engines::Usual(None) => {
            let none = "none at Docker's usual socket: only probes in containers need one";
            vec![check("engine", State::Ok, none, None)]
        }
        // Nobody has said that it is needed.
        Engines::Usual(Some(examined)) => of(examined, State::Degraded),
        Engines::OfTopology(engines) => {
            let image = engines.image.iter().map(image);
            image.chain(engines.each.iter().flat_map(|examined| of(examined, State::Missing))).collect()
        }
    }
}

/// The probe image on this machine.
fn image(made: &Result<bool, Fault>) -> Check {
    match made {
        Ok(true) => check("image", State::Ok, "made: `deploy` sends it to the engines that have not got it", None),
        Ok(false) => check("image", State::Ok, "not made yet: the next `build` or `deploy` makes it", None),
        Err(Fault { why, mend }) => check("image", State::Missing, why.as_str(), mend.as_deref()),
    }
}

/// One engine; `unfit` is how it is where nothing can be deployed there.
fn of(examined: &Examined, unfit: State) -> Vec<Check> {
    let fault = |name: &str, Fault { why, mend }: &Fault| check(name, unfit, why.as_str(), mend.as_deref());
    let mut checks = match &examined.found {
        Err(why) => vec![fault("engine", why)],
        Ok(found) => {
            let mut checks = vec![engine(found)];
            checks.extend(architecture(found, unfit));
            checks.push(limits(found));
            checks.extend(found.free_bytes.map(disk));
            checks.extend(found.clock.map(clock));
            match examined.shaping.as_deref() {
                Some([]) => {
                    let able = "what shapes the links between its containers is in reach";
                    checks.push(check("shaping", State::Ok, able, None));
                }
                hindered => checks.extend(hindered.into_iter().flatten().map(|why| fault("shaping", why))),
            }
            checks.extend(found.has_image.map(|is_there| match is_there {
                true => check("image", State::Ok, "the engine has it", None),
                false => check("image", State::Ok, "the engine has not got it: `deploy` brings it", None),
            }));
            checks
        }
    };
    for check in &mut checks {
        (check.host, check.node) = (examined.host.clone(), examined.node.clone());
    }
    checks
}

fn engine(found: &Found) -> Check {
    let Found { product, version, api_version, architecture, .. } = found;
    let runs_as = match found.runs_as {
        RunsAs::Root => "as root",
        RunsAs::Users => "as root, its containers as users of their own",
        RunsAs::Rootless => "without root",
    };
    let detail = format!("{product} {version}, API {api_version}, on {architecture}, {runs_as}");
    check("engine", State::Ok, detail, None)
}

/// Only where it is another: the engine's own line names it.
fn architecture(found: &Found, unfit: State) -> Option<Check> {
    let ours = Architecture::of_engine(std::env::consts::ARCH)?;
    let fault = check_architecture(ours, &found.architecture).err()?;
    Some(check("architecture", unfit, fault.to_string(), fault.hint().as_deref()))
}

fn limits(found: &Found) -> Check {
    let by = found.cgroups.map_or("control groups".to_owned(), |number| format!("version {number} of control groups"));
    if found.unlimited.is_empty() {
        return check("limits", State::Ok, format!("it keeps those of probes, by {by}"), None);
    }
    let which = found.unlimited.iter().map(|limit| format!("`{limit}`")).collect::<Vec<_>>().join(", ");
    let mend = match (found.runs_as, found.cgroups) {
        (RunsAs::Rootless, Some(2)) => "add it to `Delegate=` of user@.service on that host, and log in again",
        (RunsAs::Rootless, _) => {
            "use that host's engine as root, or boot it with `systemd.unified_cgroup_hierarchy=1`, which gives version 2"
        }
        _ => "boot that host with `cgroup_enable=memory swapaccount=1`, or with a kernel that has these limits",
    };
    let detail = format!("it does not keep {which} of probes, by {by}: one of them may take all of its host");
    check("limits", State::Degraded, detail, Some(mend))
}

fn disk(free: u64) -> Check {
    let detail = format!("{} MB free where it keeps its images", free / 1_000_000);
    if free >= SPACE_MIN_BYTES {
        return check("disk", State::Ok, detail, None);
    }
    let mend = "make room on that host: `docker system df` there shows what takes it";
    check("disk", State::Degraded, detail, Some(mend))
}

fn clock(clock: Clock) -> Check {
    let Clock { ahead_seconds, uncertain_seconds } = clock;
    if ahead_seconds.abs() - uncertain_seconds <= CLOCK_MAX_SECONDS {
        let within = (ahead_seconds.abs() + uncertain_seconds).max(0.1);
        return check("clock", State::Ok, format!("within {within:.1} s of this machine's"), None);
    }
    let seconds = ahead_seconds.abs();
    let detail = if ahead_seconds > 0.0 {
        format!(
            "{seconds:.1} s ahead of this machine's: times in its logs are not those of reports, and certificates may fail"
        )
    } else {
        format!(
            "{seconds:.1} s behind this machine's: times in its logs are not those of reports, and certificates may fail"
        )
    };
    let mend = "on the host that is wrong: sudo apt-get install -y chrony";
    check("clock", State::Degraded, detail, Some(mend))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend;
    use crate::domain::name::Name;
    use crate::i18n::sentences::is_known;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    /// Docker of Debian 12 on this architecture, with everything.
    fn good() -> Found {
        let ours = Architecture::of_engine(std::env::consts::ARCH).unwrap();
        Found {
            product: "Docker",
            version: "20.10.24+dfsg1".to_owned(),
            api_version: "1.41".to_owned(),
            architecture: ours.word().to_owned(),
            runs_as: RunsAs::Root,
            cgroups: Some(2),
            unlimited: vec![],
            free_bytes: Some(9_000_000_000),
            clock: Some(Clock { ahead_seconds: 0.02, uncertain_seconds: 0.03 }),
            has_image: Some(false),
        }
    }

    fn examined(found: Result<Found, Fault>) -> Examined {
        Examined { host: Some(name("edge")), node: None, found, shaping: None }
    }

    fn one(examined: Examined) -> Vec<Check> {
        all(&Engines::OfTopology(backend::Engines { image: None, each: vec![examined] }))
    }

    fn find(found: Found, name: &str) -> Check {
        one(examined(Ok(found))).into_iter().find(|check| check.name == name).unwrap()
    }

    fn closed() -> Fault {
        Fault {
            why: "host `edge` at unix:///x.sock: there is no socket /x.sock".to_owned(),
            mend: Some("start the engine".to_owned()),
        }
    }

    #[test]
    fn a_good_engine_lacks_nothing() {
        let checks = one(Examined { shaping: Some(vec![]), ..examined(Ok(good())) });
        let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["engine", "limits", "disk", "clock", "shaping", "image"]);
        assert!(checks.iter().all(|check| check.state == State::Ok && check.mend.is_none()), "{checks:?}");
        assert!(checks.iter().all(|check| check.host == Some(name("edge"))), "{checks:?}");
        assert!(checks[0].detail.starts_with("Docker 20.10.24+dfsg1, API 1.41, on "), "{:?}", checks[0]);
        let quiet = Found { free_bytes: None, clock: None, has_image: None, ..good() };
        assert_eq!(one(examined(Ok(quiet))).len(), 2, "what nobody tells is not judged");
    }

    #[test]
    fn an_engine_that_is_not_reached_is_told_as_deploy_tells_it_and_missing_only_where_it_is_needed() {
        let checks = one(Examined { shaping: Some(vec![closed()]), ..examined(Err(closed())) });
        assert_eq!(checks.len(), 1, "{checks:?}");
        assert_eq!((checks[0].state, checks[0].mend.as_deref()), (State::Missing, Some("start the engine")));
        assert_eq!(checks[0].detail, closed().why);
        let usual = all(&Engines::Usual(Some(Examined { host: None, ..examined(Err(closed())) })));
        assert_eq!((usual[0].state, &usual[0].host), (State::Degraded, &None));
        let none = all(&Engines::Usual(None));
        assert_eq!((none.len(), none[0].state), (1, State::Ok));
    }

    #[test]
    fn what_an_engine_cannot_do_is_told_with_what_mends_it() {
        let bad = |found: Found, name: &str| {
            let check = find(found, name);
            assert_eq!(check.state, State::Degraded, "{check:?}");
            (check.detail.clone(), check.mend.unwrap())
        };
        let (detail, mend) = bad(Found { unlimited: vec!["memory", "pids"], ..good() }, "limits");
        assert!(detail.contains("`memory`, `pids`") && mend.contains("cgroup_enable=memory"), "{detail} {mend}");
        let rootless = |cgroups| Found { unlimited: vec!["cpus"], runs_as: RunsAs::Rootless, cgroups, ..good() };
        assert!(bad(rootless(Some(2)), "limits").1.contains("`Delegate=`"));
        assert!(bad(rootless(Some(1)), "limits").1.contains("unified_cgroup_hierarchy"));
        let (detail, mend) = bad(Found { free_bytes: Some(499_000_000), ..good() }, "disk");
        assert!(detail.starts_with("499 MB free") && mend.contains("`docker system df`"), "{detail} {mend}");
        let other = Found { architecture: "riscv128".to_owned(), ..good() };
        assert_eq!(find(other, "architecture").state, State::Missing);
    }

    #[test]
    fn clocks_differ_only_by_more_than_the_way_may_have_made() {
        let at = |ahead_seconds, uncertain_seconds| {
            find(Found { clock: Some(Clock { ahead_seconds, uncertain_seconds }), ..good() }, "clock")
        };
        assert_eq!(at(0.9, 0.0).state, State::Ok);
        assert_eq!(at(-5.0, 4.5).state, State::Ok, "a slow answer is no wrong clock");
        let (ahead, behind) = (at(90.0, 0.1), at(-90.0, 0.1));
        assert_eq!((ahead.state, behind.state), (State::Degraded, State::Degraded));
        assert!(ahead.detail.starts_with("90.0 s ahead of this machine's"), "{ahead:?}");
        assert!(behind.detail.starts_with("90.0 s behind this machine's"), "{behind:?}");
    }

    #[test]
    fn the_image_is_there_to_be_sent_or_cannot_be_made() {
        let image = |made| all(&Engines::OfTopology(backend::Engines { image: Some(made), each: vec![] })).remove(0);
        assert_eq!((image(Ok(true)).state, image(Ok(false)).state), (State::Ok, State::Ok));
        assert_ne!(image(Ok(true)).detail, image(Ok(false)).detail);
        assert_eq!((image(Err(closed())).state, image(Err(closed())).host), (State::Missing, None));
    }

    #[test]
    fn every_line_is_told_in_spanish() {
        let all_bad = |runs_as, cgroups| Found {
            runs_as,
            cgroups,
            unlimited: vec!["memory", "pids", "cpus"],
            free_bytes: Some(1),
            architecture: "riscv128".to_owned(),
            clock: Some(Clock { ahead_seconds: 3.0, uncertain_seconds: 0.0 }),
            has_image: Some(true),
            ..good()
        };
        let behind = Found { clock: Some(Clock { ahead_seconds: -3.0, uncertain_seconds: 0.0 }), ..good() };
        let kinds = [
            good(),
            behind,
            Found { cgroups: None, ..good() },
            all_bad(RunsAs::Root, Some(1)),
            all_bad(RunsAs::Users, None),
            all_bad(RunsAs::Rootless, Some(1)),
            all_bad(RunsAs::Rootless, Some(2)),
        ];
        let each = kinds.into_iter().map(|found| Examined { shaping: Some(vec![]), ..examined(Ok(found)) });
        let each: Vec<Examined> = each.chain([examined(Err(closed()))]).collect();
        let mut checks = all(&Engines::Usual(None));
        for made in [Ok(true), Ok(false)] {
            checks.extend(all(&Engines::OfTopology(backend::Engines { image: Some(made), each: each.clone() })));
        }
        for check in checks {
            for text in [Some(check.name), Some(check.detail), check.mend].into_iter().flatten() {
                assert!(is_known(&text) || text == "start the engine", "{text}");
            }
        }
    }
}
