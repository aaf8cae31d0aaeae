//! What every verb needs: the topology, the folders, the lock.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;

use chrono::{DateTime, Utc};
use etcetera::BaseStrategy;

use super::failure::Failure;
use super::files::{self, Disk};
use super::output::Output;
use super::speech::lang;
use crate::backend::swarm::Fleet;
use crate::backend::{self, Backends, Settings};
use crate::config::{self, Loaded, Resolved, Source, Surroundings};
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::{say, sentences};
use crate::lock::{self, LockError, LockGuard};
use crate::plan::{Action, Plan, Verb};
use crate::store::{Notice, Results};

/// What to try where the results may be read but not written.
const ANOTHER_USERS: &str = "these results are another user's: read them as that user (`sudo iperftester report`), or copy `results.db` to a \
                             folder of your own and name that: `IPERFTESTER_DATA_DIR=FOLDER iperftester report`";

/// Settings of this process.
pub(super) struct Context<'a> {
    pub(super) topology: PathBuf,
    pub(super) output: &'a Output,
}

/// The file with what it came to.
pub(super) struct Checked {
    pub(super) topology: Topology,
    pub(super) warnings: Vec<Diagnostic>,
    /// The file, and what it includes.
    pub(super) sources: Vec<Source>,
}

impl<'a> Context<'a> {
    pub(super) const fn new(topology: PathBuf, output: &'a Output) -> Self {
        Self { topology, output }
    }

    pub(super) fn now() -> DateTime<Utc> {
        Utc::now()
    }

    /// The same for what begins and ends within this process: the time of its first call and what has gone by since, so that a
    /// wall clock that is set meanwhile neither stretches a run nor ends it before its start. Time that the machine slept is
    /// not counted.
    pub(super) fn steady() -> DateTime<Utc> {
        static BEGAN: OnceLock<(DateTime<Utc>, Instant)> = OnceLock::new();
        let (wall, clock) = BEGAN.get_or_init(|| (Self::now(), Instant::now()));
        *wall + clock.elapsed()
    }

    /// Reads and checks the topology file.
    pub(super) fn check(&self) -> Result<Checked, Failure> {
        self.checked(config::load_in)
    }

    /// Reads and checks the topology file, and gives the origin of each value.
    pub(super) fn resolve(&self) -> Result<(Checked, Resolved), Failure> {
        let mut resolved = None;
        let checked = self.checked(|source, around| {
            let (loaded, with_origins) = config::resolve_in(source, around);
            resolved = with_origins;
            loaded
        })?;
        Ok((checked, resolved.unwrap_or_default()))
    }

    /// Reads the topology file and lets `load` make something of it.
    fn checked(&self, load: impl FnOnce(&Source, &dyn Surroundings) -> Loaded) -> Result<Checked, Failure> {
        let bytes = files::topology(&self.topology)?;
        let source = Source { file: self.topology.clone(), bytes };
        let loaded = load(&source, &Disk::around(&self.topology));
        let mut sources = vec![source];
        sources.extend(loaded.included);
        match loaded.topology {
            Some(topology) => Ok(Checked { topology, warnings: loaded.diagnostics, sources }),
            None => {
                let faults = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
                let (faults, name) =
                    (lang().counted(faults, ["fault", "faults"], ["fallo", "fallos"]), self.topology.display());
                let mut failure = Failure::bad_input(say!(lang(), "{faults} in {name}", "{faults} en {name}"));
                failure.faults = Some(Box::new((loaded.diagnostics, sources)));
                Err(failure)
            }
        }
    }

    /// The same for verbs that go on to act: warnings are told on the way.
    pub(super) fn load(&self) -> Result<Topology, Failure> {
        let checked = self.check()?;
        if !self.output.is_json() && !self.output.is_quiet() {
            self.output.diagnostics(&checked.warnings, &checked.sources);
        }
        Ok(checked.topology)
    }

    /// Takes the topology's lock for `verb`.
    pub(super) fn lock(topology: &Name, verb: &str) -> Result<LockGuard, Failure> {
        Ok(Self::try_lock(topology, verb)?)
    }

    /// The same, to be told apart why it was not given.
    pub(super) fn try_lock(topology: &Name, verb: &str) -> Result<LockGuard, LockError> {
        lock::acquire(&lock_folder(), topology, verb, Self::now())
    }

    /// Opens the results and tells what was taken in.
    pub(super) async fn results(&self) -> Result<Results, Failure> {
        let (path, folders) = places()?;
        Ok(self.told(Results::open(&path, folders).await?))
    }

    fn told(&self, (results, notices): (Results, Vec<Notice>)) -> Results {
        for notice in &notices {
            self.notice(notice);
        }
        results
    }

    /// The same for a verb that only reads: a user who may not write them is served too, where the system lets them be read.
    pub(super) async fn results_to_read(&self) -> Result<Results, Failure> {
        let (path, folders) = places()?;
        let opened = Results::open_to_read(&path, folders).await.map_err(|error| {
            let denied = error.is_denied();
            let failure = Failure::from(error);
            if denied { failure.hint(ANOTHER_USERS) } else { failure }
        });
        Ok(self.told(opened?))
    }

    pub(super) fn notice(&self, notice: &Notice) {
        match notice {
            Notice::TakenIn { .. } => self.output.note(&sentences::told(lang(), &notice.to_string())),
            _ => {
                let hint = notice.hint().map(|hint| sentences::told(lang(), &hint));
                self.output.warning(&sentences::told(lang(), &notice.to_string()), hint.as_deref());
            }
        }
    }

    /// `topology` with a probe for each node of its swarms that it is to be on, as the nodes are now. Where it has no swarm it
    /// stays as it is, and nobody is asked.
    pub(super) async fn expand(&self, topology: Topology) -> Result<(Topology, Fleet), Failure> {
        let fleet = backend::swarm::discover(&topology).await?;
        let expanded = fleet.expand(&topology)?;
        for short in &expanded.short {
            let hint = lang().word(
                "see its `placement`, and the availability and labels of the nodes: `docker node ls`",
                "mire su `placement`, y la disponibilidad y las etiquetas de los nodos: `docker node ls`",
            );
            self.output.warning(&sentences::told(lang(), &short.to_string()), Some(hint));
        }
        Ok((expanded.topology, fleet))
    }

    /// Where the expanded `topology` does not have `probe`: is it one of a swarm that is away, which would be told?
    pub(super) fn can_know(topology: &Topology, fleet: &Fleet, probe: &Name) -> Result<(), Failure> {
        let fault = fleet.fault().filter(|_| !topology.probes.contains_key(probe));
        fault.map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// Refuses a probe that the expanded `topology` does not have.
    pub(super) fn knows(topology: &Topology, fleet: &Fleet, probe: &Name) -> Result<(), Failure> {
        Self::can_know(topology, fleet, probe)?;
        if topology.probes.contains_key(probe) {
            return Ok(());
        }
        let known = topology.probes.keys().map(Name::as_str).collect::<Vec<_>>().join(", ");
        let told = Failure::bad_input(say!(
            lang(),
            "there is no probe `{probe}` in topology {}",
            "no hay ninguna sonda `{probe}` en la topología {}",
            topology.name
        ));
        Err(told.hint(say!(lang(), "known probes: {known}", "sondas conocidas: {known}")))
    }

    /// The backends of the expanded `topology`, or why this machine cannot act on it.
    pub(super) async fn backend(topology: &Topology, fleet: &Fleet) -> Result<Backends, Failure> {
        let settings = Settings { executable: Self::executable()?, images: Self::images()? };
        Ok(backend::open(topology, fleet, &settings).await?)
    }

    /// Where probe images are kept, which can all be made again: `iperftester/images` in the XDG cache directory.
    pub(super) fn images() -> Result<PathBuf, Failure> {
        let base = etcetera::choose_base_strategy().map_err(|_| {
            Failure::unavailable(
                lang().word("cannot tell the home directory", "no se sabe cuál es el directorio personal"),
            )
            .hint(lang().word("set HOME or XDG_CACHE_HOME", "defina HOME o XDG_CACHE_HOME"))
        })?;
        Ok(base.cache_dir().join("iperftester").join("images"))
    }

    /// Tells what cannot be true of `topology` here.
    pub(super) fn tell_limits(&self, topology: &Topology, backend: &Backends) {
        for limit in backend.limits(topology) {
            self.output.warning(&sentences::told(lang(), &limit), None);
        }
    }

    /// The file of this executable.
    pub(super) fn executable() -> Result<String, Failure> {
        let program = std::env::current_exe().map_err(|fault| {
            Failure::unavailable(say!(
                lang(),
                "cannot find this executable: {fault}",
                "no se encuentra este ejecutable: {fault}"
            ))
        })?;
        Ok(program.display().to_string())
    }
}

/// The database, and the folders of rescue files.
fn places() -> Result<(PathBuf, Vec<PathBuf>), Failure> {
    let data = data_folder()?;
    Ok((data.join("results.db"), vec![data, std::env::temp_dir().join("iperftester")]))
}

/// Where results are kept: IPERFTESTER_DATA_DIR, else `iperftester` in the XDG data directory.
fn data_folder() -> Result<PathBuf, Failure> {
    if let Some(folder) = std::env::var_os("IPERFTESTER_DATA_DIR").filter(|v| !v.is_empty()) {
        return Ok(folder.into());
    }
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::unavailable(lang().word("cannot tell the home directory", "no se sabe cuál es el directorio personal"))
            .hint(lang().word("set HOME or IPERFTESTER_DATA_DIR", "defina HOME o IPERFTESTER_DATA_DIR"))
    })?;
    Ok(base.data_dir().join("iperftester"))
}

/// Namespaces belong to the machine, so root's locks do too; another user's belong to that user's run-time directory.
fn lock_folder() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/run/iperftester");
    }
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) => PathBuf::from(folder).join("iperftester"),
        // Shared by all users, where the first one's folder is closed to the next.
        None => std::env::temp_dir().join(format!("iperftester-{}", rustix::process::geteuid().as_raw())),
    }
}

/// A plan for people: a line per step with its reason.
pub(super) fn describe(plan: &Plan, topology: &Topology) -> String {
    if plan.is_empty() {
        return format!("{}: {}", topology.name, as_it_should_be(plan.unchanged));
    }
    let mut text = String::new();
    for action in &plan.actions {
        let (mark, verb) = match action.verb {
            Verb::Create => ('+', lang().word("create", "crear")),
            Verb::Remove => ('-', lang().word("remove", "quitar")),
        };
        text.push_str(&format!("{mark} {verb} {:<24} {}\n", action.id, why(action)));
    }
    let steps = lang().counted(plan.actions.len(), ["step", "steps"], ["paso", "pasos"]);
    let rest = lang().counted(
        plan.unchanged,
        ["resource stays as it is", "resources stay as they are"],
        ["recurso queda como está", "recursos quedan como están"],
    );
    text.push_str(&format!("{steps}, {rest}"));
    text
}

/// Why a step is taken.
pub(super) fn why(action: &Action) -> String {
    sentences::told(lang(), &action.reason.to_string())
}

pub(super) fn as_it_should_be(resources: usize) -> String {
    let resources = lang().counted(
        resources,
        ["resource is as it should be", "resources are as they should be"],
        ["recurso está como debe", "recursos están como deben"],
    );
    say!(lang(), "nothing to do, {resources}", "nada que hacer, {resources}")
}
