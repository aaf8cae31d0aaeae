//! Several steps at a time: what runs beside a step that fails is waited for and undone, and nothing after it is begun.

#[path = "support/memory.rs"]
mod memory;

use iperftester::deploy::{self, DeployError, DeployEvent, Done};
use iperftester::plan::ResourceId;
use memory::{Memory, desired};
use tokio::sync::watch;

/// An engine with an image, two networks and six probes, three steps at a time.
fn engine(digest: &str) -> Memory {
    let mut all =
        vec![desired("image/e", "1", &[]), desired("network/e", digest, &[]), desired("network/f", digest, &[])];
    let probes = ["probe/a", "probe/b", "probe/c", "probe/d", "probe/e", "probe/f"];
    all.extend(probes.map(|probe| desired(probe, digest, &["network/e"])));
    let memory = Memory::new(all);
    memory.abreast.set(3);
    memory
}

fn id(text: &str) -> ResourceId {
    ResourceId(text.to_owned())
}

/// Lets a step on each of `ids` take so many turns.
fn slow<const N: usize>(backend: &Memory, ids: [(&str, usize); N]) {
    *backend.slow.borrow_mut() = ids.map(|(text, turns)| (id(text), turns)).into();
}

/// Carries the plan out until so many steps have begun, and tells it: `+` begun, `=` done, `-` undone.
async fn carry_out(backend: &Memory, most: usize) -> (Result<Done, DeployError>, Vec<String>) {
    let plan = deploy::plan(backend).await.unwrap();
    let (stop, stopped) = watch::channel(most == 0);
    let mut begun = 0;
    let mut told = Vec::new();
    let mut tell = |event: DeployEvent<'_>| match event {
        DeployEvent::Progress { .. } => unreachable!("nothing in memory takes long"),
        DeployEvent::Started { action, .. } => {
            begun += 1;
            stop.send_replace(begun >= most);
            told.push(format!("+{}", action.id));
        }
        DeployEvent::Finished { action } => told.push(format!("={}", action.id)),
        DeployEvent::Undone { id } => told.push(format!("-{id}")),
        DeployEvent::Undoing { .. } => {}
    };
    let outcome = deploy::apply(&plan, backend, &stopped, &mut tell).await;
    (outcome, told)
}

/// `told` without what it is about, each with its kind: `+probe`.
fn kinds(told: &[String]) -> Vec<&str> {
    told.iter().map(|line| line.split('/').next().unwrap()).collect()
}

#[tokio::test]
async fn one_kind_is_done_before_the_next_begins_and_no_more_run_than_may() {
    let backend = engine("1");
    slow(&backend, [("network/f", 9), ("probe/a", 9), ("probe/d", 4)]);
    let (done, told) = carry_out(&backend, usize::MAX).await;
    assert_eq!(done.unwrap(), Done { created: 9, removed: 0, unchanged: 0 });
    assert_eq!(kinds(&told[..6]), ["+image", "=image", "+network", "+network", "=network", "=network"], "{told:?}");
    assert!(kinds(&told[6..]).iter().all(|kind| kind.ends_with("probe")), "{told:?}");
    // The slow one holds up no other.
    assert_eq!(told.last().unwrap(), "=probe/a", "{told:?}");
    assert_eq!(backend.running.get(), (0, 3));

    // The other way round where all is replaced.
    let changed = Memory { made: backend.made, ..engine("2") };
    slow(&changed, [("probe/f", 9), ("network/e", 9)]);
    let (done, told) = carry_out(&changed, usize::MAX).await;
    assert_eq!(done.unwrap(), Done { created: 8, removed: 8, unchanged: 1 });
    let mut order = kinds(&told);
    order.dedup_by(|one, next| one[1..] == next[1..]);
    assert_eq!(order.iter().map(|kind| &kind[1..]).collect::<Vec<_>>(), ["probe", "network", "probe"], "{told:?}");
}

#[tokio::test]
async fn where_one_fails_those_beside_it_are_waited_for_and_undone_and_none_is_begun() {
    let backend = engine("1");
    backend.failing.borrow_mut().push(id("probe/b"));
    slow(&backend, [("probe/a", 20), ("probe/b", 5), ("probe/c", 20)]);
    let (outcome, told) = carry_out(&backend, usize::MAX).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "the plan stopped at `create probe/b`: everything is as it was before");
    let probes: Vec<_> = told.iter().filter(|line| line.contains("probe/")).map(String::as_str).collect();
    let order = ["+probe/a", "+probe/b", "+probe/c", "=probe/a", "=probe/c", "-probe/c", "-probe/b", "-probe/a"];
    assert_eq!(probes, order);
    assert_eq!(&told[told.len() - 3..], ["-network/f", "-network/e", "-image/e"]);
    assert!(backend.state().is_empty());
    assert_eq!(backend.running.get().0, 0, "nothing was abandoned midway");
}

#[tokio::test]
async fn of_two_that_fail_the_first_is_told_and_both_are_undone() {
    let backend = engine("1");
    backend.failing.borrow_mut().extend([id("probe/a"), id("probe/c")]);
    slow(&backend, [("probe/a", 20), ("probe/b", 30), ("probe/c", 5)]);
    let (outcome, told) = carry_out(&backend, usize::MAX).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "the plan stopped at `create probe/c`: everything is as it was before");
    let undone = ["probe/c", "probe/b", "probe/a", "network/f", "network/e", "image/e"].map(id);
    assert_eq!(error.aftermath().undone, undone, "{told:?}");
    assert!(backend.state().is_empty());
}

#[tokio::test]
async fn a_removal_that_fails_among_several_leaves_what_was_not_begun() {
    let backend = engine("1");
    carry_out(&backend, usize::MAX).await.0.unwrap();
    let changed = Memory { made: backend.made, ..engine("2") };
    changed.stuck.borrow_mut().push(id("probe/e"));
    slow(&changed, [("probe/f", 20), ("probe/e", 5), ("probe/d", 20)]);
    let error = carry_out(&changed, usize::MAX).await.0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the plan stopped at `remove probe/e`: removed and not restored: `probe/f`, `probe/d`; perhaps no longer whole: \
         `probe/e`"
    );
    let left: Vec<_> = changed.state().into_keys().collect();
    assert_eq!(left, ["image/e", "network/e", "network/f", "probe/a", "probe/b", "probe/c", "probe/e"]);
}

#[tokio::test]
async fn a_stop_amid_a_group_undoes_what_ran_and_begins_nothing() {
    for begun in 0..9_usize {
        let backend = engine("1");
        slow(&backend, [("probe/a", 20), ("probe/b", 3), ("probe/c", 9), ("network/e", 9)]);
        let (outcome, told) = carry_out(&backend, begun).await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, DeployError::Cancelled { done, total: 9, .. } if done == begun), "{begun}: {error:?}");
        assert_eq!(told.iter().filter(|line| line.starts_with('+')).count(), begun, "{told:?}");
        assert_eq!(told.iter().filter(|line| line.starts_with('-')).count(), begun, "{told:?}");
        assert!(error.aftermath().is_clean() && backend.state().is_empty(), "{begun}: {error:?}");
        assert_eq!(backend.running.get().0, 0);
    }
}

#[tokio::test]
async fn what_stays_is_given_up_at_once_and_kept_where_it_was_made() {
    let backend = engine("1");
    backend.staying.borrow_mut().push(id("image/e"));
    // Longer than any test waits.
    slow(&backend, [("image/e", usize::MAX)]);
    let (outcome, told) = carry_out(&backend, 1).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "stopped after 0 of 9 steps: everything is as it was before");
    assert_eq!(told, ["+image/e"]);
    assert!(backend.state().is_empty());

    slow(&backend, []);
    backend.failing.borrow_mut().push(id("image/e"));
    let (outcome, told) = carry_out(&backend, usize::MAX).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "the plan stopped at `create image/e`: everything is as it was before");
    assert_eq!(told, ["+image/e"], "nothing half made is left that could be undone");

    *backend.failing.borrow_mut() = vec![id("probe/b")];
    let (outcome, told) = carry_out(&backend, usize::MAX).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the plan stopped at `create probe/b`: everything is as it was before, but for `image/e`, left for the next deploy"
    );
    assert_eq!((error.aftermath().is_clean(), told.last().map(String::as_str)), (true, Some("-network/e")));
    assert_eq!(backend.state().into_keys().collect::<Vec<_>>(), ["image/e"]);
    backend.failing.borrow_mut().clear();
    let (done, _) = carry_out(&backend, usize::MAX).await;
    assert_eq!(done.unwrap(), Done { created: 8, removed: 0, unchanged: 1 });
}
