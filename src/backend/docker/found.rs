//! What an engine tells of itself and of its host, asked without changing anything.
#![allow(clippy::disallowed_methods, reason = "an edge: it asks an engine, and looks at a clock and a disk")]

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bollard::models::{SystemInfo, SystemInfoCgroupVersionEnum};
use chrono::{DateTime, TimeDelta, Utc};

use super::{DockerError, Engine, EngineError, EngineFault, Host, Supply, in_time, time};
use crate::backend::{Examined, Fault};
use crate::domain::host::Docker;
use crate::domain::name::Name;

/// What an engine tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Whose it is: `Docker`, `Podman`.
    pub product: &'static str,
    /// Its version.
    pub version: String,
    /// The API that both sides speak.
    pub api_version: String,
    /// Its architecture in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// Who its containers are on their host.
    pub runs_as: RunsAs,
    /// The version of control groups; `None` where it does not tell.
    pub cgroups: Option<u8>,
    /// The limits of probes that it does not keep, by their keys in a topology.
    pub unlimited: Vec<&'static str>,
    /// Bytes free where it keeps its images; `None` where nobody tells.
    pub free_bytes: Option<u64>,
    /// Its host's clock against this machine's; `None` where it does not tell.
    pub clock: Option<Clock>,
    /// Has it the probe image? `None` where none of its probes is made of that.
    pub has_image: Option<bool>,
}

/// Who root of a container is on its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsAs {
    /// Root.
    Root,
    /// A user without rights, for the engine is root's and gives each container users of its own.
    Users,
    /// The user who runs the engine.
    Rootless,
}

/// How far a clock is ahead of this machine's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// In seconds; negative where it is behind.
    pub ahead_seconds: f64,
    /// So much of that the way there and back may have made, in seconds.
    pub uncertain_seconds: f64,
}

/// Asks `engine`, and for `image` where that is to be there.
///
/// # Errors
/// The engine's.
pub(in crate::backend) async fn found(engine: &Engine, image: Option<&Supply>) -> Result<Found, DockerError> {
    let asked = Utc::now();
    let told = engine.client().info().await?;
    let answered = Utc::now();
    let has_image = match image {
        Some(image) => Some(image.is_at(engine.client()).await?),
        None => None,
    };
    let folder = told.docker_root_dir.as_deref().filter(|_| engine.remote().is_none());
    // Podman 4.3 does not tell that it runs without root; whose its images are does.
    let is_users = |folder: &str| std::fs::metadata(folder).is_ok_and(|found| found.uid() != 0);
    let runs_as = if folder.is_some_and(is_users) { RunsAs::Rootless } else { runs_as(&told) };
    let free = |folder| rustix::fs::statvfs(folder).ok().map(|space| space.f_bavail * space.f_frsize);
    Ok(Found {
        product: engine.product(),
        version: engine.version().to_owned(),
        api_version: engine.api_version().to_owned(),
        architecture: engine.architecture().to_owned(),
        runs_as,
        cgroups: cgroups(&told),
        unlimited: unlimited(&told, runs_as),
        // A socket of this machine may lead to a virtual one, whose folders are not here.
        free_bytes: folder.map(Path::new).and_then(free).or_else(|| free_of_driver(&told)),
        clock: time(told.system_time.as_ref()).map(|theirs| clock(asked, theirs, answered)),
        has_image,
    })
}

fn runs_as(told: &SystemInfo) -> RunsAs {
    let has = |word: &str| told.security_options.iter().flatten().any(|option| option.split(',').any(|o| o == word));
    match (has("name=rootless"), has("name=userns")) {
        (true, _) => RunsAs::Rootless,
        (false, true) => RunsAs::Users,
        (false, false) => RunsAs::Root,
    }
}

fn cgroups(told: &SystemInfo) -> Option<u8> {
    match told.cgroup_version? {
        SystemInfoCgroupVersionEnum::_1 => Some(1),
        SystemInfoCgroupVersionEnum::_2 => Some(2),
        SystemInfoCgroupVersionEnum::EMPTY => None,
    }
}

fn unlimited(told: &SystemInfo, runs_as: RunsAs) -> Vec<&'static str> {
    // Version 1 gives users without rights none, whatever the kernel could do (docs.docker.com/engine/security/rootless).
    let none = runs_as == RunsAs::Rootless && cgroups(told) == Some(1);
    let limits = [("memory", told.memory_limit), ("pids", told.pids_limit), ("cpus", told.cpu_cfs_quota)];
    limits.into_iter().filter(|(_, kept)| none || *kept == Some(false)).map(|(limit, _)| limit).collect()
}

/// What storage drivers tell that have a pool of their own: zfs in bytes, devicemapper with a unit.
fn free_of_driver(told: &SystemInfo) -> Option<u64> {
    let mut lines = told.driver_status.iter().flatten().filter_map(|line| Some((line.first()?, line.get(1)?)));
    let (_, value) = lines.find(|(name, _)| ["Space Available", "Data Space Available"].contains(&name.as_str()))?;
    let (number, unit) = value.trim().split_at(value.trim().find(|c: char| c.is_alphabetic()).unwrap_or(value.len()));
    let factor = match unit {
        "" | "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => return None,
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of bytes that was told in three digits"
    )]
    number.trim().parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| (number * factor) as u64)
}

fn clock(asked: DateTime<Utc>, theirs: DateTime<Utc>, answered: DateTime<Utc>) -> Clock {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of years fit")]
    let seconds = |time: TimeDelta| time.num_milliseconds() as f64 / 1000.0;
    let half = seconds(answered - asked).abs() / 2.0;
    Clock { ahead_seconds: seconds(theirs - asked) - half, uncertain_seconds: half }
}

impl Host {
    /// What its engine tells, and what hinders its links from being shaped here.
    pub(in crate::backend) async fn examine(&self) -> Examined {
        let found = in_time(async { found(self.engine().await?, self.image.as_deref()).await });
        let shaping = async {
            if !self.shaping.is_wanted() {
                return None;
            }
            Some(self.shapeable().await.iter().map(Fault::from).collect())
        };
        let (found, shaping) = tokio::join!(found, shaping);
        Examined {
            host: Some(self.name().clone()),
            node: None,
            found: found.map_err(|fault| Fault::from(&fault)),
            shaping,
        }
    }
}

/// What the engine tells that `docker: {}` stands for; `None` where there is no such socket.
///
/// # Panics
/// Never: the name that it makes is one.
pub(in crate::backend) async fn usual() -> Option<Examined> {
    let name = Name::new("here").expect("it is a name");
    let found = match Engine::open(&name, &Docker::default()).await {
        Err(EngineError { fault: EngineFault::NoSocket { .. }, .. }) => return None,
        Err(fault) => Err(DockerError::Closed(fault.into())),
        Ok(engine) => in_time(found(&engine, None)).await,
    };
    Some(Examined { host: None, node: None, found: found.map_err(|fault| Fault::from(&fault)), shaping: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unlimited(told: &SystemInfo) -> Vec<&'static str> {
        super::unlimited(told, runs_as(told))
    }

    fn told(text: &str) -> SystemInfo {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_engine_says_as_whom_it_runs_and_what_it_limits() {
        let root = told(
            r#"{"SecurityOptions":["name=seccomp,profile=default"],"CgroupVersion":"2","MemoryLimit":true,"PidsLimit":true,
                "CpuCfsQuota":true}"#,
        );
        assert_eq!((runs_as(&root), cgroups(&root), unlimited(&root)), (RunsAs::Root, Some(2), vec![]));
        let users =
            told(r#"{"SecurityOptions":["name=userns"],"CgroupVersion":"1","MemoryLimit":false,"PidsLimit":true}"#);
        assert_eq!((runs_as(&users), unlimited(&users)), (RunsAs::Users, vec!["memory"]));
        let kept = r#""MemoryLimit":true,"PidsLimit":true,"CpuCfsQuota":true"#;
        let rootless = |version: &str| {
            told(&format!(r#"{{"SecurityOptions":["name=rootless"],"CgroupVersion":"{version}",{kept}}}"#))
        };
        assert_eq!((runs_as(&rootless("2")), unlimited(&rootless("2"))), (RunsAs::Rootless, vec![]));
        assert_eq!(unlimited(&rootless("1")), ["memory", "pids", "cpus"]);
        assert_eq!(
            (cgroups(&told("{}")), unlimited(&told("{}"))),
            (None, vec![]),
            "what is not told is not held against it"
        );
    }

    #[test]
    fn what_a_pool_has_left_is_read_with_its_unit() {
        let free = |name: &str, value: &str| {
            free_of_driver(&told(&format!(r#"{{"DriverStatus":[["Pool","x"],["{name}","{value}"]]}}"#)))
        };
        assert_eq!(free("Space Available", "5034225664"), Some(5_034_225_664));
        assert_eq!(free("Data Space Available", "1.5 GB"), Some(1_500_000_000));
        assert_eq!(free("Data Space Available", "980MB"), Some(980_000_000));
        for (name, value) in [("Space Available", "much"), ("Space Available", "1 parsec"), ("Used", "7")] {
            assert_eq!(free(name, value), None, "{name} {value}");
        }
    }

    #[test]
    fn a_clock_is_compared_with_the_middle_of_the_question() {
        let at = |text: &str| time(Some(&format!("2026-11-26T10:00:{text}Z"))).unwrap();
        let ahead = clock(at("00"), at("31"), at("02"));
        assert_eq!(ahead, Clock { ahead_seconds: 30.0, uncertain_seconds: 1.0 });
        assert_eq!(clock(at("10"), at("05"), at("10")).ahead_seconds, -5.0);
    }
}
