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
use super::spec::probe_on;
use crate::backend::BackendError;
use crate::backend::docker::remove::gone;
use crate::backend::docker::{Claim, DockerError, Engine, EngineError, in_time, time};
use crate::domain::host::{Docker, Swarm};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Observed, ResourceId};

/// How long a task may take to run, or to end. It takes 2 to 3 s on a busy machine; an engine that pulls what it has not got
/// may take longer.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a manager is asked meanwhile.
const ASK: Duration = Duration::from_millis(200);

/// The manager of one swarm.
#[derive(Debug)]
pub(super) struct Manager {
    pub(super) claim: Claim,
    pub(super) host: Name,
    pub(super) settings: Swarm,
    engine: OnceCell<Result<Engine, Arc<EngineError>>>,
}

impl Manager {
    /// That of host `host` of `topology`.
    pub(super) fn new(topology: &Topology, host: &Name, settings: &Swarm) -> Self {
        let claim = Claim::new(topology, host);
        Self { claim, host: host.clone(), settings: settings.clone(), engine: OnceCell::new() }
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
            source: Box::new(fault.at(&host)),
        }
    }

    /// Its nodes with what of the topology is on them, by their names.
    ///
    /// # Errors
    /// [`BackendError::Docker`], and [`BackendError::Unsupported`] where two have one name.
    pub(super) async fn members(&self) -> Result<Vec<Member>, BackendError> {
        let mut members = in_time(self.told()).await.map_err(self.step("ask", &format!("the swarm {}", self.host)))?;
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
        let client = self.client().await?;
        let nodes = async { Ok(client.list_nodes(None::<ListNodesOptions>).await?) };
        let (nodes, services) = tokio::try_join!(nodes, self.services(None))?;
        let mut members: Vec<Member> = nodes.into_iter().filter_map(Member::of).collect();
        for member in &mut members {
            member.node.carries = services.iter().filter_map(|service| probe_on(service, &member.id)).collect();
        }
        Ok(members)
    }

    /// The services of the topology that this host sees to, by their labels; of one resource or of all.
    async fn services(&self, resource: Option<&ResourceId>) -> Result<Vec<Service>, DockerError> {
        let options = ListServicesOptionsBuilder::new().filters(&self.claim.filters(resource)).build();
        let mut found = self.client().await?.list_services(Some(options)).await?;
        found.retain(|service| self.claim.covers(labels(service)));
        Ok(found)
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
        let observed = services.iter().filter_map(|service| {
            let observed = self.claim.observed(labels(service), time(service.created_at.as_ref()))?;
            wanted(&observed.id).then_some((service, observed))
        });
        let observed: Vec<_> = observed.collect();
        let tasks = self.tasks(observed.iter().filter_map(|(service, _)| service.id.clone()).collect()).await?;
        let with_tasks = observed.into_iter().map(|(service, observed)| {
            let own: Vec<&Task> = tasks.iter().filter(|task| task.service_id == service.id).collect();
            Observed { drift: observed.drift.clone().or_else(|| drift(&own)), ..observed }
        });
        Ok(with_tasks.collect())
    }

    /// Makes a service and waits until its task runs.
    pub(super) async fn create(&self, body: ServiceSpec) -> Result<(), DockerError> {
        let name = body.name.clone().unwrap_or_default();
        let client = self.client().await?;
        let made = match client.create_service(body, None).await {
            Err(Error::DockerResponseServerError { status_code: 409, .. }) => {
                let other = client.inspect_service(&name, None).await?;
                let taker = self.claim.taker(labels(&other), time(other.created_at.as_ref()));
                return Err(DockerError::NameTaken { what: "service", name, taker });
            }
            made => made?,
        };
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
        let services = self.services(Some(resource)).await?.into_iter().filter(|it| self.claim.owns(labels(it)));
        let services: Vec<String> = services.filter_map(|service| service.id).collect();
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

fn labels(service: &Service) -> Option<&HashMap<String, String>> {
    service.spec.as_ref()?.labels.as_ref()
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
