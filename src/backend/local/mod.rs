//! Network namespaces on this machine, as root. The labels are the names of the namespaces and the aliases of devices.

use std::borrow::Cow;
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
use batch::{Batch, Program, words};
use layout::{CORE, Layout};

mod address;
mod batch;
mod device;
mod drift;
mod feature;
mod holding;
mod kept;
mod layout;
mod loss;
mod remove;
mod shape;
mod supports;

pub use feature::Feature;
use feature::Means;
pub use supports::lacking_right;

/// Longest time for one program; each takes a few milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

/// The programs that do the work: names to be found in `PATH`, or paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// ip-route2's `ip`.
    pub ip: String,
    /// ip-route2's `tc`.
    pub tc: String,
    /// nftables' `nft`, only for loss.
    pub nft: String,
    /// `iptables-restore`, for loss where there is no `nft`.
    pub iptables_restore: String,
    /// `iptables-save`, which shows that loss.
    pub iptables_save: String,
    /// util-linux's `unshare`, only for trials.
    pub unshare: String,
}

impl Default for Programs {
    fn default() -> Self {
        let [ip, tc, nft, iptables_restore, iptables_save, unshare] =
            ["ip", "tc", "nft", "iptables-restore", "iptables-save", "unshare"].map(str::to_owned);
        Self { ip, tc, nft, iptables_restore, iptables_save, unshare }
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
    /// What this machine has of each feature that was asked for.
    means: Mutex<Means>,
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
        Self {
            prefix: layout::prefix(name),
            layout,
            programs: Programs::default(),
            seen: Mutex::default(),
            means: Mutex::default(),
        }
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

    /// The batch, or its other way where this machine lacks what it is made with and has what serves instead.
    async fn way<'b>(&self, batch: &'b Batch) -> Cow<'b, Batch> {
        let Some(otherwise) = &batch.otherwise else { return Cow::Borrowed(batch) };
        let means = self.means.lock().await.of(otherwise.lacking, &self.programs).await;
        match batch.other_way().filter(|_| means.is_some() && means != Some(otherwise.lacking)) {
            Some(other) => Cow::Owned(other),
            None => Cow::Borrowed(batch),
        }
    }

    /// Runs `ip` with `args`, whatever it says.
    async fn ip(&self, args: &[&str]) -> Result<Finished, ProcessError> {
        let mut argv = vec![self.programs.ip.clone()];
        argv.extend(args.iter().map(|a| (*a).to_owned()));
        process::run(&argv, b"", LIMIT).await
    }
}

fn step(action: &'static str, id: &ResourceId, source: ProcessError) -> BackendError {
    BackendError::Step { action, subject: id.to_string(), source }
}

impl Backend for Local {
    fn desired(&self) -> Vec<Desired> {
        self.layout.resources.iter().map(|r| r.desired.clone()).collect()
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        supports::check(&self.layout, &self.programs, &mut *self.means.lock().await).await
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        let failed = |source| BackendError::System { action: "list", subject: kept::FOLDER.to_owned(), source };
        let names = kept::list(&self.prefix).map_err(failed)?;
        let holdings = self.holdings(&names).await?;
        let devices = holdings.iter().map(|h| h.as_ref().map(|h| h.devices.as_slice()));
        let survey = device::survey(names.iter().map(String::as_str).zip(devices), &self.layout, &self.prefix);
        *self.seen.lock().await = Some(survey.places);
        let held = names.iter().zip(&holdings);
        let held = held.filter_map(|(name, h)| Some((format!("{}{name}", self.prefix), h.as_ref()?))).collect();
        let mut found = survey.resources;
        for observed in &mut found {
            // What the topology says otherwise now is replaced anyhow, and how it was made is not known any more.
            let made = self.layout.resources.iter().find(|r| r.desired.id == observed.id);
            let made = made.filter(|r| observed.hash.as_ref() == Some(&r.desired.hash));
            observed.drift = made.and_then(|resource| drift::drift(resource, &held));
        }
        Ok(found)
    }

    async fn create(&self, id: &ResourceId) -> Result<(), BackendError> {
        let resource = self.layout.resources.iter().find(|r| r.desired.id == *id);
        let resource = resource.ok_or_else(|| BackendError::Unknown(id.to_string()))?;
        for batch in &resource.batches {
            let batch = self.way(batch).await;
            if let (Program::Iptables, Some(here), Some(link)) =
                (batch.program, &batch.namespace, id.0.strip_prefix("link/").and_then(|n| Name::new(n).ok()))
            {
                // A device that was deleted by hand left its rules; with more of them packets would be dropped twice.
                self.remove_loss(here, &layout::link_device(&link)).await;
            }
            let done = process::check(&batch.argv(&self.programs), batch.lines.as_bytes(), LIMIT).await;
            done.map_err(|e| step("create", id, batch.name_line(e)))?;
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
