//! Network namespaces on this machine, as root. The labels are the names of the namespaces and the aliases of devices.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::Mutex;

use super::{Backend, BackendError};
use crate::domain::facts::Router;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Observed, ResourceId};
use crate::process::{self, Errors, Finished, ProcessError, Running};
use layout::{Batch, CORE, Layout, Program};

mod address;
mod device;
mod feature;
mod kept;
mod layout;
mod remove;
mod shape;
mod supports;

pub use feature::Feature;
pub use supports::lacking_right;

/// Longest time for one program; each takes a few milliseconds.
const LIMIT: Duration = Duration::from_secs(10);
/// Namespaces asked side by side.
const ABREAST: usize = 8;

/// The programs that do the work: names to be found in `PATH`, or paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// ip-route2's `ip`.
    pub ip: String,
    /// ip-route2's `tc`.
    pub tc: String,
    /// nftables' `nft`, only for loss.
    pub nft: String,
    /// util-linux's `unshare`, only for trials.
    pub unshare: String,
}

impl Default for Programs {
    fn default() -> Self {
        let [ip, tc, nft, unshare] = ["ip", "tc", "nft", "unshare"].map(str::to_owned);
        Self { ip, tc, nft, unshare }
    }
}

/// The topology's network on this machine.
#[derive(Debug)]
pub struct Local {
    prefix: String,
    layout: Layout,
    programs: Programs,
    /// Namespaces in which each device of a link was last seen; `None` before the first look.
    seen: Mutex<Option<BTreeMap<String, BTreeSet<String>>>>,
}

impl Local {
    /// The network of `topology`. Touches nothing.
    #[must_use]
    pub fn new(topology: &Topology) -> Self {
        Self::with(&topology.name, Layout::new(topology))
    }

    /// Whatever is deployed of the topology called `name`; wants nothing, so a plan removes it all.
    #[must_use]
    pub fn remains(name: &Name) -> Self {
        Self::with(name, Layout::default())
    }

    fn with(name: &Name, layout: Layout) -> Self {
        Self { prefix: layout::prefix(name), layout, programs: Programs::default(), seen: Mutex::new(None) }
    }

    /// The same with other programs.
    #[must_use]
    pub fn with_programs(mut self, programs: Programs) -> Self {
        self.programs = programs;
        self
    }

    /// The network namespace of a site or probe, as `ip netns` lists it.
    #[must_use]
    pub fn namespace(&self, name: &Name) -> String {
        format!("{}{name}", self.prefix)
    }

    fn argv(&self, batch: &Batch) -> Vec<String> {
        let Programs { ip, tc, nft, .. } = &self.programs;
        let namespace = batch.namespace.as_deref();
        match (batch.program, namespace) {
            (Program::Ip, None) => words(&[ip, "-batch", "-"]),
            (Program::Ip, Some(here)) => words(&[ip, "-n", here, "-batch", "-"]),
            (Program::Tc, None) => words(&[tc, "-batch", "-"]),
            (Program::Tc, Some(here)) => words(&[tc, "-n", here, "-batch", "-"]),
            (Program::Nft, None) => words(&[nft, "-f", "-"]),
            (Program::Nft, Some(here)) => words(&[ip, "netns", "exec", here, nft, "-f", "-"]),
        }
    }

    /// Runs `ip` with `args`, whatever it says.
    async fn ip(&self, args: &[&str]) -> Result<Finished, ProcessError> {
        let mut argv = vec![self.programs.ip.clone()];
        argv.extend(args.iter().map(|a| (*a).to_owned()));
        process::run(&argv, b"", LIMIT).await
    }

    /// The devices in each of `names`; `None` where a namespace does not answer.
    async fn devices(&self, names: &[String]) -> Result<Vec<Option<Vec<device::Device>>>, BackendError> {
        let failed = |name: &str, source| BackendError::Step { action: "observe", subject: name.to_owned(), source };
        let mut found = Vec::new();
        for names in names.chunks(ABREAST) {
            let mut running = Vec::new();
            for name in names {
                let here = format!("{}{name}", self.prefix);
                let argv = words(&[&self.programs.ip, "-n", &here, "-j", "link", "show"]);
                running.push((name, process::start(&argv, Errors::Captured).map_err(|e| failed(name, e))?));
            }
            for (name, program) in running {
                let finished = program.finish(LIMIT).await.map_err(|e| failed(name, e))?;
                let answered = finished.status.success().then_some(finished.stdout);
                found.push(answered.and_then(|json| device::read(&json)));
            }
        }
        Ok(found)
    }
}

fn words(argv: &[&str]) -> Vec<String> {
    argv.iter().map(|a| (*a).to_owned()).collect()
}

fn step(action: &'static str, id: &ResourceId, source: ProcessError) -> BackendError {
    BackendError::Step { action, subject: id.to_string(), source }
}

/// A failed batch names its line instead of its program: the programs themselves only count (`Command failed -:3`).
fn name_line(error: ProcessError, batch: &Batch) -> ProcessError {
    let ProcessError::Failed { command, complaint } = error else { return error };
    let number = complaint.rsplit_once("Command failed -:").and_then(|(said, n)| Some((said, n.trim().parse().ok()?)));
    let named = number.and_then(|(said, n): (&str, usize)| Some((said, batch.lines.lines().nth(n.checked_sub(1)?)?)));
    match named {
        None => ProcessError::Failed { command, complaint },
        Some((said, line)) => {
            let program = if batch.program == Program::Tc { "tc" } else { "ip" };
            let place = batch.namespace.iter().map(|n| format!(" -n {n}")).collect::<String>();
            ProcessError::Failed { command: format!("{program}{place} {line}"), complaint: said.trim().to_owned() }
        }
    }
}

impl Backend for Local {
    fn desired(&self) -> Vec<Desired> {
        self.layout.resources.iter().map(|r| r.desired.clone()).collect()
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        supports::check(&self.layout, &self.programs).await
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        let failed = |source| BackendError::System { action: "list", subject: kept::FOLDER.to_owned(), source };
        let names = kept::list(&self.prefix).map_err(failed)?;
        let devices = self.devices(&names).await?;
        let survey = device::survey(names.iter().map(String::as_str).zip(&devices), &self.layout, &self.prefix);
        *self.seen.lock().await = Some(survey.places);
        Ok(survey.resources)
    }

    async fn create(&self, id: &ResourceId) -> Result<(), BackendError> {
        let resource = self.layout.resources.iter().find(|r| r.desired.id == *id);
        let resource = resource.ok_or_else(|| BackendError::Unknown(id.to_string()))?;
        for batch in &resource.batches {
            let done = process::check(&self.argv(batch), batch.lines.as_bytes(), LIMIT).await;
            done.map_err(|e| step("create", id, name_line(e, batch)))?;
        }
        Ok(())
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        match id.0.split_once('/') {
            None => self.remove_namespace(id, CORE).await,
            Some(("link", name)) => self.remove_link(id, name).await,
            Some((_, name)) => self.remove_namespace(id, name).await,
        }
    }

    async fn connect(&self, probe: &Name, argv: &[String]) -> Result<Running, BackendError> {
        let subject = format!("probe/{probe}");
        let here = self.namespace(probe);
        if !self.layout.addresses.contains_key(probe) {
            return Err(BackendError::Unknown(subject));
        }
        if !kept::has(&here) {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "it is not deployed");
            return Err(BackendError::System { action: "reach", subject, source });
        }
        let mut command = words(&[&self.programs.ip, "netns", "exec", &here]);
        command.extend_from_slice(argv);
        process::start(&command, Errors::Inherited).map_err(|source| BackendError::Step {
            action: "reach",
            subject,
            source,
        })
    }

    fn address(&self, probe: &Name) -> Option<IpAddr> {
        self.layout.addresses.get(probe).copied().map(IpAddr::V4)
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        self.layout.routers.iter().map(|(address, router)| (IpAddr::V4(*address), router.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(complaint: &str) -> String {
        let lines = "link set dev lo up\naddr add 10.0.0.1/20 dev lan\n".to_owned();
        let batch = Batch { program: Program::Ip, namespace: Some("iperftester.t.a".to_owned()), lines };
        let failed = ProcessError::Failed { command: "ip -batch -".to_owned(), complaint: complaint.to_owned() };
        name_line(failed, &batch).to_string()
    }

    #[test]
    fn a_failed_batch_names_its_line() {
        assert_eq!(
            named("Cannot find device \"lan\"\nCommand failed -:2"),
            "`ip -n iperftester.t.a addr add 10.0.0.1/20 dev lan` failed: Cannot find device \"lan\""
        );
        assert_eq!(named("Command failed -:9"), "`ip -batch -` failed: Command failed -:9");
        assert_eq!(named("killed"), "`ip -batch -` failed: killed");
    }

    #[tokio::test]
    async fn the_real_ip_counts_its_lines_so() {
        let argv = words(&["ip", "-batch", "-"]);
        let failed = process::check(&argv, b"link show lo\nlink show dev no-such-device\n", LIMIT).await.unwrap_err();
        assert!(failed.to_string().trim_end().ends_with("Command failed -:2"), "{failed}");
    }
}
