//! Network namespaces on this machine: root's, or those of a user namespace that a keeper holds. The labels are the names of
//! the namespaces and the aliases of devices.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Mutex;

use super::{Backend, BackendError, Channel, Reach, Tell};
use crate::domain::facts::Router;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Observed, ResourceId};
use crate::process::{self, Errors, Finished, ProcessError};
use batch::{Program, words};
use keeper::{KEEPER, Keeper};
use layout::{CORE, Layout};

mod address;
mod batch;
mod device;
mod drift;
mod feature;
mod foreign;
mod holding;
mod keeper;
mod kept;
mod layout;
mod loss;
mod modules;
mod remove;
mod rootless;
mod route;
mod shape;
mod supports;

pub(super) use address::slots;
pub(super) use batch::{Batch, Program as BatchProgram};
pub use feature::Feature;
use feature::Means;
pub(super) use foreign::{Foreign, Mark, Outside, branched};
pub use keeper::{KEEP_VERB, keep};
pub(super) use layout::{Need, impaired};
pub(super) use loss::dropping;
pub use modules::Modules;
pub use rootless::{Hindrance, Switches, hindrance};
pub(super) use shape::{branch, trunk};
pub use supports::{has_ipv6, lacking_right};

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
    /// `ip6tables-restore`, the same for IPv6.
    pub ip6tables_restore: String,
    /// `ip6tables-save`, likewise.
    pub ip6tables_save: String,
    /// util-linux's `unshare`, for trials and keepers.
    pub unshare: String,
    /// util-linux's `nsenter`, only into a keeper's namespaces.
    pub nsenter: String,
    /// This executable, which a keeper runs.
    pub iperftester: String,
}

impl Default for Programs {
    fn default() -> Self {
        let own = |program: &str| program.to_owned();
        let us = std::env::current_exe().map_or_else(|_| own("iperftester"), |path| path.display().to_string());
        Self {
            ip: own("ip"),
            tc: own("tc"),
            nft: own("nft"),
            iptables_restore: own("iptables-restore"),
            iptables_save: own("iptables-save"),
            ip6tables_restore: own("ip6tables-restore"),
            ip6tables_save: own("ip6tables-save"),
            unshare: own("unshare"),
            nsenter: own("nsenter"),
            iperftester: us,
        }
    }
}

/// Whose namespaces they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The machine's: needs root.
    Machine,
    /// Those of a user namespace that a keeper holds.
    User,
}

/// The topology's network on this machine.
#[derive(Debug)]
pub struct Local {
    form: Form,
    topology: Name,
    prefix: String,
    layout: Layout,
    programs: Programs,
    /// Namespaces in which each device of a link was last seen; `None` before the first look.
    seen: Mutex<Option<BTreeMap<String, BTreeSet<String>>>>,
    /// What this machine has of each feature that was asked for.
    means: Mutex<Means>,
    /// The keeper when it was last looked for.
    keeper: std::sync::Mutex<Option<Keeper>>,
}

impl Local {
    /// The network of `topology`. Touches nothing.
    #[must_use]
    pub fn new(topology: &Topology) -> Self {
        Self::with(Form::Machine, &topology.name, Layout::new(topology, supports::has_ipv6()))
    }

    /// The same in a user namespace, which needs no root.
    #[must_use]
    pub fn in_user_namespaces(topology: &Topology) -> Self {
        Self::with(Form::User, &topology.name, Layout::new(topology, supports::has_ipv6()))
    }

    /// Whatever is deployed of the topology called `name`; wants nothing, so a plan removes it all.
    #[must_use]
    pub fn remains(name: &Name) -> Self {
        Self::with(Form::Machine, name, Layout::default())
    }

    /// Whatever a keeper holds of the topology called `name`.
    #[must_use]
    pub fn remains_in_user_namespaces(name: &Name) -> Self {
        Self::with(Form::User, name, Layout::default())
    }

    fn with(form: Form, name: &Name, mut layout: Layout) -> Self {
        if form == Form::User {
            for core in layout.resources.iter_mut().filter(|r| r.desired.depends_on.is_empty()) {
                core.desired.depends_on.push(ResourceId(KEEPER.to_owned()));
            }
        }
        Self {
            form,
            topology: name.clone(),
            prefix: layout::prefix(name),
            layout,
            programs: Programs::default(),
            seen: Mutex::default(),
            means: Mutex::default(),
            keeper: std::sync::Mutex::default(),
        }
    }

    /// Is anything of this form and topology there?
    #[must_use]
    pub fn is_there(&self) -> bool {
        match self.form {
            Form::Machine => kept::list(&self.folder(), &self.prefix).is_ok_and(|names| !names.is_empty()),
            Form::User => !keeper::find(self.topology.as_str()).is_empty(),
        }
    }

    /// Is `probe` one of its own?
    #[must_use]
    pub fn carries(&self, probe: &Name) -> bool {
        self.layout.addresses.contains_key(probe)
    }

    /// Have its probes addresses of IPv6?
    #[must_use]
    pub fn has_ipv6(&self) -> bool {
        self.layout.has_v6()
    }

    /// The keeper that was seen last, else one that is there now.
    fn keeper(&self) -> Option<Keeper> {
        let mut known = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() && self.form == Form::User {
            *known = keeper::find(self.topology.as_str()).first().copied();
        }
        *known
    }

    fn note_keeper(&self, seen: Option<Keeper>) {
        *self.keeper.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// The command, run where the namespaces are.
    #[must_use]
    pub fn inside(&self, argv: Vec<String>) -> Vec<String> {
        let mut command = self.keeper().map(|keeper| keeper.enter(&self.programs)).unwrap_or_default();
        command.extend(argv);
        command
    }

    /// Where `ip netns` keeps the namespaces, as seen from here.
    fn folder(&self) -> PathBuf {
        self.keeper().map_or_else(|| kept::FOLDER.into(), Keeper::folder)
    }

    /// Is there no keeper that holds anything?
    fn is_unkept(&self) -> bool {
        self.form == Form::User && self.keeper().is_none()
    }

    /// Is `namespace` there, be it half made?
    fn has(&self, namespace: &str) -> bool {
        !self.is_unkept() && kept::has(&self.folder(), namespace)
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
    async fn way<'b>(&self, batch: &'b Batch) -> Cow<'b, [Batch]> {
        let this = Cow::Borrowed(std::slice::from_ref(batch));
        let Some(otherwise) = &batch.otherwise else { return this };
        let means = self.means.lock().await.of(otherwise.lacking, &self.programs, self.form == Form::User).await;
        match batch.other_way().filter(|_| means.is_some() && means != Some(otherwise.lacking)) {
            Some(other) => Cow::Owned(other),
            None => this,
        }
    }

    /// Carries out the batches of a resource.
    async fn carry_out(&self, id: &ResourceId, batches: &[Batch]) -> Result<(), BackendError> {
        for batch in batches {
            if let (Program::Iptables, Some(here), Some(link)) =
                (batch.program, &batch.namespace, id.0.strip_prefix("link/").and_then(|n| Name::new(n).ok()))
            {
                // A device that was deleted by hand left its rules; with more of them packets would be dropped twice.
                self.remove_loss(here, &layout::link_device(&link)).await;
            }
            let done = process::check(&self.inside(batch.argv(&self.programs)), batch.lines.as_bytes(), LIMIT).await;
            done.map_err(|e| step("create", id, batch.name_line(e)))?;
        }
        Ok(())
    }

    /// Runs `ip` with `args`, whatever it says.
    async fn ip(&self, args: &[&str]) -> Result<Finished, ProcessError> {
        let mut argv = vec![self.programs.ip.clone()];
        argv.extend(args.iter().map(|a| (*a).to_owned()));
        process::run(&self.inside(argv), b"", LIMIT).await
    }
}

/// Names of all topologies of which something is deployed here, be it half made or its file long gone: in namespaces of the
/// machine and with this user's keepers.
#[must_use]
pub fn labs() -> BTreeSet<Name> {
    let ours = kept::list(kept::FOLDER.as_ref(), layout::PREFIX).unwrap_or_default();
    let machine = ours.iter().filter_map(|name| name.split_once('.')).map(|(topology, _)| topology.to_owned());
    machine.chain(keeper::topologies()).filter_map(|name| Name::new(&name).ok()).collect()
}

fn step(action: &'static str, id: &ResourceId, source: ProcessError) -> BackendError {
    BackendError::Step { action, subject: id.to_string(), source }
}

impl Backend for Local {
    fn desired(&self) -> Vec<Desired> {
        let keeper = (self.form == Form::User && !self.layout.resources.is_empty()).then(keeper::desired);
        keeper.into_iter().chain(self.layout.resources.iter().map(|r| r.desired.clone())).collect()
    }

    fn abreast(&self) -> usize {
        1
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        supports::check(self.form, &self.layout, &self.programs, &mut *self.means.lock().await).await
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        let kept_by = if self.form == Form::User { keeper::find(self.topology.as_str()) } else { vec![] };
        self.note_keeper(kept_by.first().copied());
        let kept_by = keeper::observed(&kept_by);
        if self.is_unkept() || kept_by.as_ref().is_some_and(|k| k.hash.is_none()) {
            // What a half-made keeper holds goes with it.
            return Ok(kept_by.into_iter().collect());
        }
        let failed = |source| BackendError::System { action: "list", subject: kept::FOLDER.to_owned(), source };
        let names = kept::list(&self.folder(), &self.prefix).map_err(failed)?;
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
        found.splice(0..0, kept_by);
        Ok(found)
    }

    async fn create(&self, id: &ResourceId, _: Tell<'_>) -> Result<(), BackendError> {
        if self.form == Form::User && id.0 == KEEPER {
            let started = keeper::create(&self.topology, &self.programs).await;
            self.note_keeper(Some(started.map_err(|e| step("create", id, e))?));
            return Ok(());
        }
        let resource = self.layout.resources.iter().find(|r| r.desired.id == *id);
        let resource = resource.ok_or_else(|| BackendError::Unknown(id.to_string()))?;
        if self.is_unkept() {
            let source = std::io::Error::other("its keeper has ended");
            return Err(BackendError::System { action: "create", subject: id.to_string(), source });
        }
        for batch in &resource.batches {
            self.carry_out(id, &self.way(batch).await).await?;
        }
        Ok(())
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        match id.0.split_once('/') {
            None if self.form == Form::User && id.0 == KEEPER => self.remove_keeper(id).await,
            None => self.remove_namespace(id, CORE).await,
            Some(("link", name)) => self.remove_link(id, name).await,
            Some((_, name)) => self.remove_namespace(id, name).await,
        }
    }
}

impl Reach for Local {
    async fn connect(&self, probe: &Name, program: super::Program<'_>) -> Result<Channel, BackendError> {
        let subject = format!("probe/{probe}");
        let here = self.namespace(probe);
        if !self.carries(probe) {
            return Err(BackendError::Unknown(subject));
        }
        if !self.has(&here) {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "it is not deployed");
            return Err(BackendError::System { action: "reach", subject, source });
        }
        let mut command = words(&[&self.programs.ip, "netns", "exec", &here]);
        command.extend(program.bound());
        let started = process::start(&self.inside(command), Errors::Inherited).map(Channel::from);
        started.map_err(|source| BackendError::Step { action: "reach", subject, source })
    }

    async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        let found = self.layout.addresses.get(probe);
        found.cloned().ok_or_else(|| BackendError::Unknown(format!("probe/{probe}")))
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        self.layout.routers.clone()
    }
}
