//! What every backend must hold.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use iperftester::backend::docker::DockerError;
use iperftester::backend::{Backend, BackendError, Program, Reach};
use iperftester::deploy;
use iperftester::domain::name::Name;
use iperftester::i18n::Lang;
use iperftester::plan::{Observed, Plan, Reason, ResourceId, Verb};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::lab::name;

/// Says what it hears.
static ARGV: LazyLock<[String; 1]> = LazyLock::new(|| ["cat".to_owned()]);

fn cat() -> Program<'static> {
    Program { executable: env!("CARGO_BIN_EXE_iperftester"), command: Some(ARGV.as_slice()), lang: Lang::En }
}

pub(crate) fn id(text: &str) -> ResourceId {
    ResourceId(text.to_owned())
}

pub(crate) async fn carry_out(backend: &impl Backend) -> Plan {
    let plan = deploy::plan(backend).await.unwrap();
    let done = deploy::apply(&plan, backend, &tokio::sync::watch::channel(false).1, &mut |_| {}).await.unwrap();
    assert_eq!(done.created + done.removed, plan.actions.len());
    plan
}

async fn observed(backend: &impl Backend) -> Vec<Observed> {
    backend.observe().await.unwrap()
}

/// Nothing is there; after a deploy everything is, with its label; a second one has nothing to do.
pub(crate) async fn deploys_once(backend: &(impl Backend + Reach)) {
    backend.supports().await.unwrap();
    assert_eq!(observed(backend).await, []);
    let plan = carry_out(backend).await;
    assert!(plan.actions.iter().all(|a| a.verb == Verb::Create && a.reason == Reason::Missing));
    let wanted: Vec<_> = backend
        .desired()
        .into_iter()
        .map(|d| Observed { id: d.id, hash: Some(d.hash), drift: None, theirs: None })
        .collect();
    let mut found = observed(backend).await;
    found.sort_by_key(|o| wanted.iter().position(|w| w.id == o.id));
    assert_eq!(found, wanted);
    let again = carry_out(backend).await;
    assert!(again.is_empty());
    assert_eq!(again.unchanged, wanted.len());
}

/// Removing what is not there is no error; what was removed, the last first, is made again.
pub(crate) async fn mends_what_is_gone(backend: &(impl Backend + Reach), gone: [&str; 2]) {
    for what in gone.iter().rev() {
        backend.remove(&id(what)).await.unwrap();
        backend.remove(&id(what)).await.unwrap();
    }
    let plan = carry_out(backend).await;
    let made: Vec<_> = plan.actions.iter().map(|a| (a.verb, a.id.0.as_str(), &a.reason)).collect();
    assert_eq!(made, gone.map(|what| (Verb::Create, what, &Reason::Missing)));
    assert!(deploy::plan(backend).await.unwrap().is_empty());
}

/// A probe answers for its program, which ends with the stream; strangers are refused.
pub(crate) async fn connects(backend: &(impl Backend + Reach), probe: &Name) {
    let mut session = backend.connect(probe, cat()).await.unwrap();
    let (mut input, mut output) = (session.take_input().unwrap(), session.take_output().unwrap());
    input.write_all(b"hello\n").await.unwrap();
    input.shutdown().await.unwrap();
    let mut said = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), output.read_to_end(&mut said)).await.unwrap().unwrap();
    assert_eq!(said, b"hello\n");
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), session.wait()).await.unwrap().unwrap(), 0);
    let stranger = backend.connect(&name("nobody"), cat()).await;
    assert!(matches!(stranger, Err(BackendError::Unknown(what)) if what == "probe/nobody"));
    assert!(matches!(backend.create(&id("probe/nobody"), &|_| {}).await, Err(BackendError::Unknown(_))));
    assert!(!backend.addresses(probe).await.unwrap().is_empty());
    assert!(matches!(backend.addresses(&name("nobody")).await, Err(BackendError::Unknown(_))));
}

/// Every site and the core have routers, and no address is a probe's too.
pub(crate) async fn names_its_routers(backend: &(impl Backend + Reach)) {
    let routers = backend.routers();
    let names: BTreeSet<_> = routers.values().map(|r| r.name.to_string()).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["core", "east", "west"]);
    for probe in ["e1", "free", "w1"] {
        let addresses = backend.addresses(&name(probe)).await.unwrap();
        assert!(addresses.iter().all(|address| !routers.contains_key(address)));
    }
}

/// What is specified otherwise is replaced alone.
pub(crate) async fn replaces_alone(changed: &(impl Backend + Reach), what: &str) {
    let plan = carry_out(changed).await;
    let steps: Vec<_> = plan.actions.iter().map(|a| (a.verb, a.id.0.as_str(), &a.reason)).collect();
    let step = |verb| (verb, what, &Reason::Changed);
    assert_eq!(steps, [step(Verb::Remove), step(Verb::Create)]);
    assert!(deploy::plan(changed).await.unwrap().is_empty());
}

/// A backend that wants nothing removes everything but images, which cost nothing where they lie; a probe then cannot be
/// reached.
pub(crate) async fn destroys(backend: &(impl Backend + Reach), nothing: &impl Backend, probe: &Name) {
    carry_out(nothing).await;
    let left = observed(backend).await.into_iter().filter(|o| !o.id.0.starts_with("image/"));
    assert_eq!(left.collect::<Vec<_>>(), []);
    let gone = backend.connect(probe, cat()).await;
    match gone.unwrap_err() {
        BackendError::System { action, .. } => assert_eq!(action, "reach"),
        BackendError::Docker { action, source, .. } => {
            assert_eq!(action, "reach");
            assert!(matches!(*source, DockerError::NotDeployed), "{source}");
        }
        other => panic!("{other}"),
    }
    assert!(deploy::plan(nothing).await.unwrap().is_empty());
}
