//! Shaping in network namespaces that somebody else made, such as those of containers: from outside, with this machine's
//! programs. A label on the device, as on those of our own namespaces, says what was made there.
#![allow(clippy::disallowed_methods, reason = "an edge: a process's namespaces are files")]

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::io::Errno;
use tokio::sync::Mutex;

use super::batch::{Batch, Program, words};
use super::device::Device;
use super::feature::{Feature, Means};
use super::holding::{self, Holding};
use super::layout::{Need, marked, read_label};
use super::modules::Modules;
use super::supports::{lacking, lacking_right};
use super::{Programs, drift, loss};
use crate::backend::BackendError;
use crate::plan::SpecHash;
use crate::process::{self, Finished, ProcessError};

const LIMIT: Duration = Duration::from_secs(10);

/// Packets that a device takes in one bundle as the kernel makes it (GSO_MAX_SEGS of its netdevice.h).
const BUNDLE_PACKETS: u32 = 65_535;

/// What this machine has to shape with.
#[derive(Debug, Default)]
pub(in crate::backend) struct Outside {
    programs: Programs,
    means: Mutex<Means>,
}

impl Outside {
    /// Has this process the right to enter other network namespaces and to change them? Else what it lacks.
    pub(in crate::backend) fn lacking_right() -> Option<&'static str> {
        lacking_right(&fs_err::read_to_string("/proc/self/status").unwrap_or_default())
    }

    /// What hinders what `needs` ask for: rights, programs, kernel, in this order; what hides the rest ends the search.
    pub(in crate::backend) async fn supports(&self, needs: &[Need]) -> Vec<BackendError> {
        let Some(first) = needs.first() else { return vec![] };
        let mut errors = Vec::new();
        if let Some(right) = Self::lacking_right() {
            errors.push(BackendError::unsupported(
                format!("{}, which needs root on this machine: this process lacks {right}", first.who),
                "run it with sudo",
            ));
        }
        let Programs { ip, tc, unshare, nsenter, .. } = &self.programs;
        for (program, package) in [(ip, "iproute2"), (tc, "iproute2"), (unshare, "util-linux"), (nsenter, "util-linux")]
        {
            if let Err(fault) = process::run(&words(&[program, "-V"]), b"", LIMIT).await {
                errors.push(BackendError::unsupported(
                    format!("{}, which needs the program `{program}`: {fault}", first.who),
                    format!("install it: apt install {package}"),
                ));
            }
        }
        if !errors.is_empty() {
            return errors;
        }
        let (modules, mut means) = (Modules::read(), self.means.lock().await);
        for need in needs {
            if means.of(need.feature, &self.programs, false).await.is_none() {
                errors.push(lacking(need, &modules));
            }
        }
        errors
    }

    /// The way of `batch` that this machine has.
    async fn way(&self, batch: &Batch) -> Vec<Batch> {
        let Some(otherwise) = &batch.otherwise else { return vec![batch.clone()] };
        let means = self.means.lock().await.of(otherwise.lacking, &self.programs, false).await;
        let other = batch.other_way().filter(|_| means.is_some() && means != Some(otherwise.lacking));
        other.unwrap_or_else(|| vec![batch.clone()])
    }
}

/// The network namespace of a process, held so that it stays the same whatever becomes of the process.
#[derive(Debug)]
pub(in crate::backend) struct Foreign<'a> {
    net: File,
    with: &'a Outside,
}

/// A device in it.
#[derive(Debug)]
pub(in crate::backend) struct Found {
    /// Its name.
    pub(in crate::backend) name: String,
    alias: Option<String>,
    holding: Holding,
}

/// What a label says.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::backend) enum Mark {
    /// Nothing of ours is there.
    None,
    /// It was begun, or its removal was.
    Begun,
    /// It was made as this says.
    Whole(SpecHash),
}

/// Is `container` the one whose control group a process is in, by its `/proc/PID/cgroup`? Each engine and each version of
/// control groups has other paths; all of them have the container's whole identity in it.
fn is_in(cgroup: &str, container: &str) -> bool {
    container.len() >= 32 && cgroup.lines().any(|line| line.contains(container))
}

/// Is the network namespace that of this machine, by this process or by the first one? What an engine says is a container's
/// could be anybody's, and shaping it would shape the host.
fn is_own(net: &File) -> Result<bool, Error> {
    let (net, same) =
        (net.metadata()?, |net: &Metadata, own: Metadata| (own.dev(), own.ino()) == (net.dev(), net.ino()));
    // Who may not look at the first process is in a container itself, or has no right to shape.
    Ok(same(&net, std::fs::metadata("/proc/self/ns/net")?)
        || std::fs::metadata("/proc/1/ns/net").is_ok_and(|first| same(&net, first)))
}

/// Does this say that there is no such process? One that ends after its file was opened is not found by another word.
fn is_gone(fault: &Error) -> bool {
    fault.kind() == ErrorKind::NotFound || fault.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

impl<'a> Foreign<'a> {
    /// That of process `pid`; `None` where this machine has no such process in `container` with a network of its own.
    ///
    /// # Errors
    /// The system's, such as a want of rights.
    pub(in crate::backend) fn of(pid: i64, container: &str, with: &'a Outside) -> Result<Option<Self>, Error> {
        let file = |name: &str| format!("/proc/{pid}/{name}");
        // First held, then verified: a number may be another process's a moment later.
        let found = File::open(file("ns/net")).and_then(|net| {
            let is_it = is_in(&std::fs::read_to_string(file("cgroup"))?, container) && !is_own(&net)?;
            Ok(is_it.then_some(Self { net, with }))
        });
        found.or_else(|fault| if is_gone(&fault) { Ok(None) } else { Err(fault) })
    }

    /// The command, run in it.
    fn inside(&self, argv: Vec<String>) -> Vec<String> {
        let net = format!("--net=/proc/{}/fd/{}", std::process::id(), self.net.as_raw_fd());
        let mut command = words(&[&self.with.programs.nsenter, &net, "--"]);
        command.extend(argv);
        command
    }

    async fn ask(&self, argv: &[&str], input: &[u8]) -> Result<Finished, ProcessError> {
        process::run(&self.inside(words(argv)), input, LIMIT).await
    }

    /// The device that has `address`; `None` where none has.
    ///
    /// # Errors
    /// [`ProcessError`].
    pub(in crate::backend) async fn device(&self, address: IpAddr) -> Result<Option<Found>, ProcessError> {
        let argv = self.inside(words(&[&self.with.programs.ip, "-j", "-batch", "-"]));
        let shown = process::check(&argv, holding::ASKED, LIMIT).await?;
        let Some(held) = holding::read(&shown.stdout) else { return Ok(None) };
        let Some(Device { name, alias, .. }) = held.devices.iter().find(|device| device.is_at(address)).cloned() else {
            return Ok(None);
        };
        Ok(Some(Found { name, alias, holding: held }))
    }

    /// What of `batches` is not as it was made on that device, as a phrase.
    ///
    /// # Errors
    /// [`ProcessError`].
    pub(in crate::backend) async fn astray(
        &self,
        found: Found,
        batches: &[Batch],
    ) -> Result<Option<String>, ProcessError> {
        let Found { name, holding, .. } = found;
        let tc: &str = &self.with.programs.tc;
        let (queues, classes) = holding::shapes(async |argv| self.ask(&[&[tc], argv].concat(), b"").await).await?;
        let selections = self.ask(&[tc, "filter", "show", "dev", &name, "parent", "1:"], b"").await?;
        let mut filters = String::new();
        if batches.iter().any(|batch| batch.program == Program::Nft) {
            filters = holding::filters(&self.with.programs, async |argv| self.ask(argv, b"").await).await;
        }
        let selections = String::from_utf8_lossy(&selections.stdout).into_owned();
        let held = Holding { queues, classes, selections, filters, ..holding };
        Ok(batches.iter().find_map(|batch| drift::astray(batch, &held)))
    }

    /// Carries out `batches` on `device`, of which nothing is there, and labels it `what`, made as `hash` says.
    ///
    /// # Errors
    /// [`ProcessError`], whatever was made until then being labelled as begun.
    pub(in crate::backend) async fn make(
        &self,
        device: &str,
        batches: &[Batch],
        (what, hash): (&str, &SpecHash),
    ) -> Result<(), ProcessError> {
        let label = |label: &str| Batch::new(Program::Ip, None, format!("link set dev {device} alias {label}\n"));
        self.carry_out(&label(&begun(what))).await?;
        for batch in batches {
            for way in self.with.way(batch).await {
                self.carry_out(&way).await?;
            }
        }
        self.carry_out(&label(&marked(what, hash))).await
    }

    async fn carry_out(&self, batch: &Batch) -> Result<(), ProcessError> {
        let argv = self.inside(batch.argv(&self.with.programs));
        let done = process::check(&argv, batch.lines.as_bytes(), LIMIT).await;
        done.map(drop).map_err(|fault| batch.name_line(fault))
    }

    /// Takes away all that was made on the device that was found, labelled `what`, whole or half made.
    ///
    /// # Errors
    /// [`ProcessError`].
    pub(in crate::backend) async fn clear(&self, found: &Found, what: &str) -> Result<(), ProcessError> {
        let device = &found.name;
        let set = |program, lines: String| Batch::new(program, None, lines);
        self.carry_out(&set(Program::Ip, format!("link set dev {device} alias {}\n", begun(what)))).await?;
        if found.holding.devices.iter().any(|held| held.name == *device && held.shaper().is_some()) {
            self.carry_out(&set(Program::Tc, format!("qdisc del dev {device} root\n"))).await?;
        }
        // Each fails where there is none of its kind.
        for batch in loss::clear(device).map(|(program, lines)| set(program, lines)) {
            let _ = process::run(&self.inside(batch.argv(&self.with.programs)), batch.lines.as_bytes(), LIMIT).await;
        }
        let lines = format!("link set dev {device} gso_max_segs {BUNDLE_PACKETS}\nlink set dev {device} alias \"\"\n");
        self.carry_out(&set(Program::Ip, lines)).await
    }
}

/// The label of what is being made or removed.
fn begun(what: &str) -> String {
    format!("\"iperftester {what}\"")
}

impl Found {
    /// What its label says of `what`.
    pub(in crate::backend) fn mark(&self, what: &str) -> Mark {
        let alias = self.alias.as_deref().unwrap_or_default();
        match read_label(alias) {
            Some((found, hash)) if found == what => Mark::Whole(hash),
            _ if format!("\"{alias}\"") == begun(what) => Mark::Begun,
            _ => Mark::None,
        }
    }
}

/// What makes `option` of a link's `impair` between two of many on one network, in the place of a wire's shaper.
pub(in crate::backend) fn branched(feature: Feature) -> Vec<Feature> {
    match feature {
        Feature::Loss => vec![Feature::Loss],
        Feature::Netem => vec![Feature::Htb, Feature::U32, Feature::Netem],
        _ => vec![Feature::Htb, Feature::U32],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f4a9d8e6b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80912";

    #[test]
    fn a_container_is_known_by_its_control_group_of_either_version() {
        for path in ["12:pids:/docker/ID\n11:memory:/docker/ID\n", "0::/system.slice/docker-ID.scope\n", "0::/../ID\n"]
        {
            assert!(is_in(&path.replace("ID", ID), ID), "{path}");
        }
        assert!(is_in(&format!("0::/machine.slice/libpod-{ID}.scope/container\n"), ID));
        assert!(!is_in("0::/user.slice/user-0.slice/session-1.scope\n", ID));
        assert!(!is_in(&format!("0::/docker/{}\n", ID.replace('3', "4")), ID));
        assert!(!is_in("0::/docker/x\n", ""), "no identity is in all");
    }

    #[test]
    fn a_process_that_is_not_in_the_container_is_not_entered() {
        let outside = Outside::default();
        let own = i64::from(std::process::id());
        assert!(Foreign::of(own, ID, &outside).unwrap().is_none(), "a process of this machine's, and of no container");
        assert!(Foreign::of(0, ID, &outside).unwrap().is_none(), "no process at all");
    }

    #[test]
    fn the_network_of_this_machine_is_no_containers() {
        assert!(is_own(&File::open("/proc/self/ns/net").unwrap()).unwrap());
        assert!(!is_own(&File::open("/proc/self/ns/mnt").unwrap()).unwrap(), "another namespace");
    }

    #[test]
    fn what_ends_while_it_is_looked_at_is_gone() {
        let begun = || File::open("/proc/thread-self/cgroup").unwrap();
        let mut ended = std::thread::spawn(begun).join().unwrap();
        let fault = loop {
            // The kernel takes a moment to forget it.
            match std::io::Read::read(&mut ended, &mut [0]) {
                Ok(_) => std::thread::yield_now(),
                Err(fault) => break fault,
            }
        };
        assert!(is_gone(&fault), "{fault}");
        assert!(!is_gone(&Error::from(ErrorKind::PermissionDenied)));
    }

    #[test]
    fn a_label_says_whether_it_is_whole() {
        let labelled = |alias: Option<&str>| {
            let found = Found { name: "eth0".to_owned(), alias: alias.map(str::to_owned), holding: Holding::default() };
            found.mark("shape")
        };
        let hash = SpecHash("0123".to_owned());
        assert_eq!(labelled(Some(marked("shape", &hash).trim_matches('"'))), Mark::Whole(hash));
        assert_eq!(labelled(Some(begun("shape").trim_matches('"'))), Mark::Begun);
        assert_eq!([None, Some(""), Some("a user's words")].map(labelled), [Mark::None, Mark::None, Mark::None]);
    }
}
