//! A swarm's manager: its nodes, and the services of a topology with their tasks.
#![allow(clippy::disallowed_methods, reason = "an edge: it waits for a manager")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker as Client;
use bollard::errors::Error;
use bollard::models::{Service, ServiceSpec, Task, TaskState};
use bollard::query_parameters::{ListNodesOptions, ListServicesOptionsBuilder, ListTasksOptionsBuilder};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::member::Member;
use crate::backend::BackendError;
use crate::backend::docker::spec::{HASH, HOST, RESOURCE, TOPOLOGY};
use crate::backend::docker::{DockerError, Engine, EngineError};
use crate::domain::host::{Docker, Swarm};
use crate::domain::name::Name;
use crate::plan::{Observed, ResourceId, SpecHash};

/// How long a task may take to run, or to end. It takes 2 to 3 s on a busy machine; an engine that pulls what it has not got
/// may take longer.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a manager is asked meanwhile.
const ASK: Duration = Duration::from_millis(200);

/// The manager of one swarm.
#[derive(Debug)]
pub(super) struct Manager {
    topology: Name,
    pub(super) host: Name,
    pub(super) settings: Swarm,
    engine: OnceCell<Result<Engine, Arc<EngineError>>>,
}

impl Manager {
    /// That of host `host` of `topology`.
    pub(super) fn new(topology: &Name, host: &Name, settings: &Swarm) -> Self {
        Self { topology: topology.clone(), host: host.clone(), settings: settings.clone(), engine: OnceCell::new() }
    }

    /// Where its engine is.
    pub(super) fn place(&self) -> Docker {
        Docker { endpoint: self.settings.endpoint.clone(), context: None, tls: self.settings.tls.clone() }
    }

    /// The way to it, opened once.
    pub(super) async fn engine(&self) -> Result<&Engine, DockerError> {
        let open = async || Engine::open(&self.host, &self.place()).await.map_err(Arc::new);
        self.engine.get_or_init(open).await.as_ref().map_err(|fault| DockerError::Closed(fault.clone()))
    }

    pub(super) async fn client(&self) -> Result<&Client, DockerError> {
        Ok(self.engine().await?.client())
    }

    /// Speaks it at least API `1.minor`? False where it was never asked.
    pub(super) fn speaks(&self, minor: u32) -> bool {
        let engine = self.engine.get().and_then(|opened| opened.as_ref().ok());
        let spoken = engine.and_then(|engine| engine.api_version().strip_prefix("1.")?.parse::<u32>().ok());
        spoken.is_some_and(|spoken| spoken >= minor)
    }

    pub(super) fn step(&self, action: &'static str, subject: &dyn ToString) -> impl Fn(DockerError) -> BackendError {
        let (subject, host) = (subject.to_string(), self.host.clone());
        move |fault| BackendError::Docker {
            action,
            subject: subject.clone(),
            host: host.clone(),
            source: Box::new(fault),
        }
    }

    /// Its nodes, by their names.
    ///
    /// # Errors
    /// [`BackendError::Docker`], and [`BackendError::Unsupported`] where two have one name.
    pub(super) async fn members(&self) -> Result<Vec<Member>, BackendError> {
        let mut members = self.told().await.map_err(self.step("ask", &format!("the swarm {}", self.host)))?;
        members.sort_by(|a, b| a.node.name.cmp(&b.node.name).then_with(|| a.hostname.cmp(&b.hostname)));
        if let Some([a, b]) = members.array_windows().find(|[a, b]| a.node.name == b.node.name) {
            return Err(BackendError::unsupported(
                format!(
                    "two nodes of swarm {} would be called `{}`: {} ({}) and {} ({})",
                    self.host, a.node.name, a.hostname, a.id, b.hostname, b.id
                ),
                "give them different host names, or remove the one that is gone: `docker node rm ID`",
            ));
        }
        Ok(members)
    }

    async fn told(&self) -> Result<Vec<Member>, DockerError> {
        let nodes = self.client().await?.list_nodes(None::<ListNodesOptions>).await?;
        Ok(nodes.into_iter().filter_map(Member::of).collect())
    }

    /// The services of the topology on this swarm, by their labels; of one resource or of all.
    pub(super) async fn services(&self, resource: Option<&ResourceId>) -> Result<Vec<Service>, DockerError> {
        let mut labels = vec![format!("{TOPOLOGY}={}", self.topology), format!("{HOST}={}", self.host)];
        labels.extend(resource.map(|id| format!("{RESOURCE}={id}")));
        let options = ListServicesOptionsBuilder::new().filters(&HashMap::from([("label", labels)])).build();
        Ok(self.client().await?.list_services(Some(options)).await?)
    }

    /// The tasks of these services, of the past too.
    async fn tasks(&self, services: Vec<String>) -> Result<Vec<Task>, DockerError> {
        if services.is_empty() {
            return Ok(vec![]);
        }
        let options = ListTasksOptionsBuilder::new().filters(&HashMap::from([("service", services)])).build();
        Ok(self.client().await?.list_tasks(Some(options)).await?)
    }

    /// The services of which `wanted` says so, as they are; with what is wrong with their tasks.
    pub(super) async fn observe(&self, wanted: impl Fn(&ResourceId) -> bool) -> Result<Vec<Observed>, DockerError> {
        let services = self.services(None).await?;
        let labelled = services.iter().filter_map(|service| {
            let labels = service.spec.as_ref()?.labels.as_ref()?;
            let id = ResourceId(labels.get(RESOURCE)?.clone());
            wanted(&id).then(|| (service, id, labels.get(HASH).cloned().map(SpecHash)))
        });
        let labelled: Vec<_> = labelled.collect();
        let tasks = self.tasks(labelled.iter().filter_map(|(service, ..)| service.id.clone()).collect()).await?;
        let observed = labelled.into_iter().map(|(service, id, hash)| {
            let own: Vec<&Task> = tasks.iter().filter(|task| task.service_id == service.id).collect();
            Observed { id, hash, drift: drift(&own) }
        });
        Ok(observed.collect())
    }

    /// Makes a service and waits until its task runs.
    pub(super) async fn create(&self, body: ServiceSpec) -> Result<(), DockerError> {
        let name = body.name.clone().unwrap_or_default();
        let made = self.client().await?.create_service(body, None).await.map_err(|fault| match fault {
            Error::DockerResponseServerError { status_code: 409, .. } => {
                DockerError::NameTaken { what: "service", name }
            }
            other => other.into(),
        })?;
        let service = made.id.unwrap_or_default();
        let until = Instant::now() + LIMIT;
        loop {
            let tasks = self.tasks(vec![service.clone()]).await?;
            let tasks: Vec<&Task> = tasks.iter().collect();
            let Some(drift) = drift(&tasks) else { return Ok(()) };
            if let Some(ended) = tasks.iter().find(|task| has_failed(task)) {
                return Err(DockerError::Task(said(ended)));
            }
            if Instant::now() > until {
                return Err(DockerError::Task(format!("{drift}, {} s after it was asked for", LIMIT.as_secs())));
            }
            tokio::time::sleep(ASK).await;
        }
    }

    /// Removes the services of a resource and waits until their tasks have ended, but for those on nodes that do not answer:
    /// they end when their node is back.
    pub(super) async fn remove(&self, resource: &ResourceId) -> Result<(), DockerError> {
        let client = self.client().await?;
        let services: Vec<String> = self.services(Some(resource)).await?.into_iter().filter_map(|s| s.id).collect();
        let mut tasks = self.tasks(services.clone()).await?;
        tasks.retain(|task| task.status.as_ref().and_then(|status| status.state) == Some(TaskState::RUNNING));
        for service in &services {
            gone(client.delete_service(service).await)?;
        }
        if tasks.is_empty() {
            return Ok(());
        }
        let members = self.told().await?;
        let answers = |task: &Task| members.iter().any(|m| m.node.ready && Some(&m.id) == task.node_id.as_ref());
        let until = Instant::now() + LIMIT;
        for task in tasks.iter().filter(|task| answers(task)) {
            while self.runs(task.id.as_deref().unwrap_or_default()).await? {
                if Instant::now() > until {
                    return Err(DockerError::Task(format!("its task has not ended within {} s", LIMIT.as_secs())));
                }
                tokio::time::sleep(ASK).await;
            }
        }
        Ok(())
    }

    async fn runs(&self, task: &str) -> Result<bool, DockerError> {
        match self.client().await?.inspect_task(task).await {
            Ok(task) => Ok(task.status.and_then(|status| status.state) == Some(TaskState::RUNNING)),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }
}

/// What is gone already needs no removal.
fn gone(removed: Result<(), Error>) -> Result<(), Error> {
    match removed {
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        other => other,
    }
}

/// What the tasks of a service are instead of running.
fn drift(tasks: &[&Task]) -> Option<String> {
    let state = |task: &Task| task.status.as_ref().and_then(|status| status.state);
    let wanted = |task: &&&Task| matches!(task.desired_state, Some(TaskState::RUNNING | TaskState::READY));
    if tasks.iter().filter(wanted).any(|task| state(task) == Some(TaskState::RUNNING)) {
        return None;
    }
    Some(tasks.iter().find(wanted).map_or_else(|| "it has no task".to_owned(), |task| said(task)))
}

fn has_failed(task: &Task) -> bool {
    let state = task.status.as_ref().and_then(|status| status.state);
    matches!(state, Some(TaskState::FAILED | TaskState::REJECTED))
}

/// A task's state, and its error where it has one.
fn said(task: &Task) -> String {
    let status = task.status.clone().unwrap_or_default();
    let state = status.state.unwrap_or(TaskState::NEW);
    match status.err.filter(|err| !err.is_empty()) {
        Some(err) => format!("its task is {state}: {err}"),
        None => format!("its task is {state}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(desired: &str, state: &str, err: &str) -> Task {
        let text = format!(r#"{{"DesiredState":"{desired}","Status":{{"State":"{state}","Err":"{err}"}}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn drift_of(tasks: &[Task]) -> Option<String> {
        drift(&tasks.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_service_is_as_its_task_is() {
        let old = task("shutdown", "failed", "task: non-zero exit (137)");
        assert_eq!(drift_of(&[old.clone(), task("running", "running", "")]), None);
        assert_eq!(drift_of(&[task("ready", "ready", "")]).unwrap(), "its task is ready");
        let pending = task("running", "pending", "no suitable node (1 node not available for new tasks)");
        assert_eq!(
            drift_of(&[old.clone(), pending]).unwrap(),
            "its task is pending: no suitable node (1 node not available for new tasks)"
        );
        assert_eq!(drift_of(std::slice::from_ref(&old)).unwrap(), "it has no task");
        assert!(has_failed(&old));
    }
}
