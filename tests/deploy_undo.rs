//! Each step of a deploy fails in turn: is everything as before, or is it said precisely what is not? The test with real
//! namespaces needs root.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "support/lab.rs"]
mod lab;
#[path = "support/memory.rs"]
mod memory;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use iperftester::backend::Backend as _;
use iperftester::backend::local::{Local, Programs};
use iperftester::deploy::{self, DeployError, DeployEvent};
use iperftester::domain::topology::{Directed, Impairment};
use iperftester::domain::unit::Ratio;
use iperftester::plan::{Plan, ResourceId};
use lab::{Build, Lab, empty, inventory, shaped};
use memory::{Memory, desired};
use tokio::sync::watch;

fn id(text: &str) -> ResourceId {
    ResourceId(text.to_owned())
}

fn tower(digest: &str) -> Memory {
    Memory::new(vec![
        desired("core", digest, &[]),
        desired("site/a", digest, &["core"]),
        desired("probe/a1", digest, &["site/a"]),
        desired("link/x", digest, &["site/a", "probe/a1"]),
    ])
}

async fn apply(plan: &Plan, backend: &Memory) -> (Result<deploy::Done, DeployError>, Vec<String>) {
    let mut told = Vec::new();
    let mut tell = |event: DeployEvent<'_>| {
        told.push(match event {
            DeployEvent::Progress { .. } => unreachable!("nothing in memory takes long"),
            DeployEvent::Started { action, number, total } => format!("{number}/{total} {} {}", action.verb, action.id),
            DeployEvent::Finished { action } => format!("done {}", action.id),
            DeployEvent::Undoing { total } => format!("undoing {total}"),
            DeployEvent::Undone { id } => format!("undone {id}"),
        });
    };
    let outcome = deploy::apply(plan, backend, &watch::channel(false).1, &mut tell).await;
    (outcome, told)
}

#[tokio::test]
async fn whichever_creation_fails_nothing_is_left_and_the_last_goes_first() {
    let names: Vec<_> = tower("1").desired.into_iter().map(|d| d.id).collect();
    for (number, failing) in names.iter().enumerate() {
        let backend = tower("1");
        backend.failing.borrow_mut().push(failing.clone());
        let plan = deploy::plan(&backend).await.unwrap();
        let (outcome, told) = apply(&plan, &backend).await;
        let error = outcome.unwrap_err();
        assert_eq!(backend.state().len(), 0, "{failing}");
        let mut undone = names[..=number].to_vec();
        undone.reverse();
        assert_eq!(error.aftermath().undone, undone);
        assert_eq!(
            error.to_string(),
            format!("the plan stopped at `create {failing}`: everything is as it was before")
        );
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, format!("cannot create {failing}"));
        assert_eq!(error.hint(), None);
        assert_eq!(told.last(), Some(&"undone core".to_owned()));
    }
}

#[tokio::test]
async fn an_undo_that_fails_is_told_and_the_others_go_on() {
    let backend = tower("1");
    backend.failing.borrow_mut().push(id("link/x"));
    backend.stuck.borrow_mut().push(id("probe/a1"));
    let plan = deploy::plan(&backend).await.unwrap();
    let error = apply(&plan, &backend).await.0.unwrap_err();
    assert_eq!(error.to_string(), "the plan stopped at `create link/x`: left behind: `probe/a1`");
    assert_eq!(error.aftermath().left[0].1.to_string(), "cannot remove probe/a1");
    assert_eq!(backend.state().into_keys().collect::<Vec<_>>(), ["probe/a1"]);
    assert!(error.hint().unwrap().contains("destroy"));
}

#[tokio::test]
async fn what_was_removed_for_its_replacement_is_told_as_lost() {
    let backend = Memory { made: deployed().await.made, ..tower("2") };
    backend.failing.borrow_mut().push(id("probe/a1"));
    let plan = deploy::plan(&backend).await.unwrap();
    let error = apply(&plan, &backend).await.0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the plan stopped at `create probe/a1`: removed and not restored: `link/x`, `probe/a1`, `site/a`, `core`"
    );
    assert_eq!(backend.state().len(), 0);
    backend.failing.borrow_mut().clear();
    let plan = deploy::plan(&backend).await.unwrap();
    assert_eq!(apply(&plan, &backend).await.0.unwrap().created, 4);
}

#[tokio::test]
async fn a_removal_that_fails_stops_the_plan() {
    let backend = Memory { made: deployed().await.made, ..tower("2") };
    backend.stuck.borrow_mut().push(id("probe/a1"));
    let plan = deploy::plan(&backend).await.unwrap();
    let error = apply(&plan, &backend).await.0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the plan stopped at `remove probe/a1`: removed and not restored: `link/x`; perhaps no longer whole: `probe/a1`"
    );
    assert_eq!(error.aftermath().undone, []);
    assert_eq!(backend.state().into_keys().collect::<Vec<_>>(), ["core", "probe/a1", "site/a"]);
}

async fn deployed() -> Memory {
    let backend = tower("1");
    let plan = deploy::plan(&backend).await.unwrap();
    apply(&plan, &backend).await.0.unwrap();
    backend
}

#[tokio::test]
async fn a_stop_between_any_two_steps_undoes_what_was_made() {
    for steps in 0..4_usize {
        let backend = tower("1");
        let plan = deploy::plan(&backend).await.unwrap();
        let (stop, stopped) = watch::channel(steps == 0);
        let mut left = steps;
        let mut tell = |event: DeployEvent<'_>| {
            if matches!(event, DeployEvent::Finished { .. }) {
                left -= 1;
                stop.send_replace(left == 0);
            }
        };
        let error = deploy::apply(&plan, &backend, &stopped, &mut tell).await.unwrap_err();
        assert!(matches!(error, DeployError::Cancelled { done, total: 4, .. } if done == steps), "{error:?}");
        assert_eq!(error.to_string(), format!("stopped after {steps} of 4 steps: everything is as it was before"));
        assert_eq!(error.aftermath().undone.len(), steps);
        assert_eq!(backend.state().len(), 0);
    }
}

#[tokio::test]
async fn events_tell_each_step_once() {
    let backend = Memory::new(vec![desired("core", "1", &[]), desired("site/a", "1", &["core"])]);
    let plan = deploy::plan(&backend).await.unwrap();
    let (done, told) = apply(&plan, &backend).await;
    assert_eq!(done.unwrap().created, 2);
    assert_eq!(told, ["1/2 create core", "done core", "2/2 create site/a", "done site/a"]);
    assert_eq!(apply(&deploy::plan(&backend).await.unwrap(), &backend).await.1, Vec::<String>::new());
}

/// Programs that count their calls in `folder` and fail at one of them, either doing nothing or after the work.
struct Shims<'a>(&'a Path);

impl Shims<'_> {
    fn programs(&self) -> Programs {
        let shim = |program: &str| {
            let file = self.0.join(program);
            let script = format!(
                "#!/bin/sh\ncd '{}' || exit 9\nexec 9>lock; flock 9\nn=$(($(cat count) + 1))\necho $n >count\nexec 9>&-\n\
                 if [ \"$n $(cat how)\" = \"$(cat fail) before\" ]; then echo 'made to fail' >&2; exit 1; fi\n\
                 {program} \"$@\" || exit\n\
                 if [ \"$n\" = \"$(cat fail)\" ]; then echo 'made to fail' >&2; exit 1; fi\n",
                self.0.display()
            );
            fs::write(&file, script).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            file.to_str().unwrap().to_owned()
        };
        Programs { ip: shim("ip"), tc: shim("tc"), nft: shim("nft"), ..Programs::default() }
    }

    fn fail_at(&self, call: usize, how: &str) {
        for (file, text) in [("count", "0"), ("fail", &call.to_string()), ("how", how)] {
            fs::write(self.0.join(file), text).unwrap();
        }
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.0.join("count")).unwrap().trim().parse().unwrap()
    }
}

#[tokio::test]
async fn whichever_program_fails_no_namespace_and_no_device_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let shims = Shims(folder.path());
    let loss = Directed::both(Ratio::new(0.01).unwrap());
    let topology = empty("undo").site("a", Some(("50M", "20M"))).probe("a1", "a").probe("free", "").link(
        "wan",
        "a",
        "free",
        Impairment { loss_ratio: loss, ..shaped("10M", "10M") },
    );
    let before = inventory(&topology);
    let lab = Lab::of(&topology);
    let local = Local::new(&topology).with_programs(shims.programs());
    local.supports().await.unwrap();
    let plan = deploy::plan(&lab.local).await.unwrap();

    shims.fail_at(0, "before");
    deploy::apply(&plan, &local, &watch::channel(false).1, &mut |_| {}).await.unwrap();
    let calls = shims.calls();
    assert!(calls > 15, "{calls} calls");
    let gone = deploy::plan(&Local::remains(&topology.name)).await.unwrap();
    deploy::apply(&gone, &lab.local, &watch::channel(false).1, &mut |_| {}).await.unwrap();
    assert_eq!(inventory(&topology), before);

    for how in ["before", "after"] {
        for call in 1..=calls {
            shims.fail_at(call, how);
            let error = deploy::apply(&plan, &local, &watch::channel(false).1, &mut |_| {}).await.unwrap_err();
            assert!(error.aftermath().is_clean(), "call {call}, {how}: {error:?}");
            assert_eq!(inventory(&topology), before, "call {call}, {how}");
        }
    }
}
