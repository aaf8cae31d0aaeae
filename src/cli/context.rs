//! What every verb needs: the topology, the folders, the lock.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use etcetera::BaseStrategy;

use super::failure::Failure;
use super::output::Output;
use super::speech::lang;
use crate::backend::{self, Backends};
use crate::config::{self, Source};
use crate::domain::diagnostic::{Diagnostic, Severity};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::{say, sentences};
use crate::lock::{self, LockGuard};
use crate::plan::{Action, Plan, Verb};
use crate::process;
use crate::store::{Notice, Results};

/// Settings of this process.
pub(super) struct Context<'a> {
    pub(super) topology: PathBuf,
    pub(super) output: &'a Output,
}

/// The file with what it came to.
pub(super) struct Checked {
    pub(super) topology: Topology,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) source: Source,
}

impl<'a> Context<'a> {
    pub(super) const fn new(topology: PathBuf, output: &'a Output) -> Self {
        Self { topology, output }
    }

    pub(super) fn now() -> DateTime<Utc> {
        Utc::now()
    }

    /// Reads and checks the topology file.
    pub(super) fn check(&self) -> Result<Checked, Failure> {
        let bytes = fs_err::read(&self.topology).map_err(|fault| {
            let name = self.topology.display();
            let failure = Failure::bad_input(say!(
                lang(),
                "cannot read the topology file {name}",
                "no se puede leer el fichero de topología {name}"
            ));
            let mut failure = match fault.kind() {
                std::io::ErrorKind::NotFound => failure.hint(lang().word(
                    "name it by `-t FILE` or IPERFTESTER_TOPOLOGY; `iperftester init` writes a first one",
                    "indíquelo con `-t FICHERO` o IPERFTESTER_TOPOLOGY; `iperftester init` escribe uno de partida",
                )),
                _ => failure,
            };
            failure.chain.push(fault.to_string());
            failure
        })?;
        let source = Source { file: self.topology.clone(), bytes };
        let loaded = config::load(&source);
        match loaded.topology {
            Some(topology) => Ok(Checked { topology, warnings: loaded.diagnostics, source }),
            None => {
                let faults = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
                let mut failure = Failure::bad_input({
                    let (faults, name) =
                        (lang().counted(faults, ["fault", "faults"], ["fallo", "fallos"]), self.topology.display());
                    say!(lang(), "{faults} in {name}", "{faults} en {name}")
                });
                failure.faults = Some(Box::new((loaded.diagnostics, source)));
                Err(failure)
            }
        }
    }

    /// The same for verbs that go on to act: warnings are told on the way.
    pub(super) fn load(&self) -> Result<Topology, Failure> {
        let checked = self.check()?;
        if !self.output.is_json() && !self.output.is_quiet() {
            self.output.diagnostics(&checked.warnings, &checked.source);
        }
        Ok(checked.topology)
    }

    /// Takes the topology's lock for `verb`.
    pub(super) fn lock(topology: &Name, verb: &str) -> Result<LockGuard, Failure> {
        Ok(lock::acquire(&lock_folder(), topology, verb, Self::now())?)
    }

    /// Opens the results and tells what was taken in.
    pub(super) async fn results(&self) -> Result<Results, Failure> {
        let data = data_folder()?;
        let folders = vec![data.clone(), std::env::temp_dir().join("iperftester")];
        let (results, notices) = Results::open(&data.join("results.db"), folders).await?;
        for notice in &notices {
            self.notice(notice);
        }
        Ok(results)
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

    /// The backends of `topology`, or why this machine cannot act on it.
    pub(super) async fn backend(topology: &Topology) -> Result<Backends, Failure> {
        Ok(backend::open(topology).await?)
    }

    /// Tells what cannot be true of `topology` here.
    pub(super) fn tell_limits(&self, topology: &Topology, backend: &Backends) {
        for limit in backend.limits(topology) {
            self.output.warning(&limit, None);
        }
    }

    /// Program and arguments that start an agent: this very executable, bound to this process, so that even an agent that
    /// was stopped (SIGSTOP) and cannot see the end of its input ends with it.
    pub(super) fn agent() -> Result<Vec<String>, Failure> {
        let program = std::env::current_exe().map_err(|fault| {
            Failure::unavailable(say!(
                lang(),
                "cannot find this executable: {fault}",
                "no se encuentra este ejecutable: {fault}"
            ))
        })?;
        let program = program.display().to_string();
        let us = std::process::id().to_string();
        Ok(vec![program.clone(), process::BOUND_VERB.to_owned(), us, "--".to_owned(), program, "agent".to_owned()])
    }
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
