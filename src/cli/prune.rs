//! `prune`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::Prune;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::domain::name::Name;
use crate::i18n::say;
use crate::lock::{LockError, LockGuard};
use crate::stats::numbers;
use crate::store::{CampaignRunSummary, Store, StoreError};

#[derive(Serialize)]
struct Document {
    dry_run: bool,
    removed: Vec<Removed>,
    /// Content of all that was removed.
    bytes: u64,
    /// Ids of those that would have gone, but are running.
    running: Vec<String>,
    kept: usize,
}

#[derive(Serialize)]
struct Removed {
    campaign_run: String,
    topology: Name,
    started: DateTime<Utc>,
    bytes: u64,
}

pub(super) async fn perform(context: &Context<'_>, with: &Prune) -> Result<Exit, Failure> {
    let results = if with.dry_run { context.results_to_read().await? } else { context.results().await? };
    let all = results.list().await?;
    let (going, running, _locks) = not_running(chosen(&all, with, Context::now()))?;
    let sizes = results.store().sizes().await?;
    let removed: Vec<Removed> = going
        .into_iter()
        .map(|run| Removed {
            campaign_run: run.header.id.clone(),
            topology: run.header.topology.clone(),
            started: run.header.started,
            bytes: sizes.get(&run.header.id).copied().unwrap_or_default(),
        })
        .collect();
    if !with.dry_run && !removed.is_empty() {
        let ids = removed.iter().map(|run| run.campaign_run.clone()).collect();
        results.store().remove(&ids).await?;
        match results.store().compact().await {
            Ok(()) => {}
            Err(fault @ (StoreError::Busy { .. } | StoreError::Full { .. })) => context.output.warning(
                &say!(
                    lang(),
                    "the room is free for new results, but not yet given back to the disk: {fault}",
                    "el espacio queda libre para nuevos resultados, pero aún no se ha devuelto al disco: {fault}"
                ),
                fault.hint().as_deref(),
            ),
            Err(fault) => return Err(fault.into()),
        }
    }
    let bytes = removed.iter().map(|run| run.bytes).fold(0, u64::saturating_add);
    let kept = all.len() - removed.len();
    let document = Document { dry_run: with.dry_run, removed, bytes, running, kept };
    context.output.either(|| describe(&document), &document);
    Ok(Exit::Ok)
}

/// Those that the criteria remove, of `all`, which has the newest first.
fn chosen<'a>(all: &'a [CampaignRunSummary], with: &Prune, now: DateTime<Utc>) -> Vec<&'a CampaignRunSummary> {
    let mut seen: BTreeMap<&Name, usize> = BTreeMap::new();
    let of_name = all.iter().filter(|run| with.name.as_ref().is_none_or(|name| run.header.topology == *name));
    of_name
        .filter(|run| {
            let newer = seen.entry(&run.header.topology).or_default();
            *newer += 1;
            let beyond = with.keep.is_none_or(|keep| *newer > keep);
            let aged = with.older_than.is_none_or(|age| (now - run.header.started).to_std().is_ok_and(|is| is > age));
            beyond && aged
        })
        .collect()
}

type Sorted<'a> = (Vec<&'a CampaignRunSummary>, Vec<String>, Vec<LockGuard>);

/// Takes out what runs now: a campaign run without an end whose topology is locked. The locks of the others are held, lest one
/// of them be resumed meanwhile.
fn not_running(chosen: Vec<&CampaignRunSummary>) -> Result<Sorted<'_>, Failure> {
    let (mut going, mut running, mut locks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut free, mut held) = (BTreeSet::new(), BTreeSet::new());
    for run in chosen {
        let topology = &run.header.topology;
        if run.header.ended.is_none() && !free.contains(topology) && !held.contains(topology) {
            match Context::try_lock(topology, "prune") {
                Ok(lock) => {
                    free.insert(topology);
                    locks.push(lock);
                }
                Err(LockError::Held { .. } | LockError::Orphaned { .. }) => {
                    held.insert(topology);
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        if run.header.ended.is_none() && held.contains(topology) {
            running.push(run.header.id.clone());
        } else {
            going.push(run);
        }
    }
    Ok((going, running, locks))
}

fn describe(document: &Document) -> String {
    let size = |bytes: u64| {
        #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
        let bytes = bytes as f64;
        numbers::bytes(lang(), bytes)
    };
    let verb =
        if document.dry_run { lang().word("would remove", "se borraría") } else { lang().word("removed", "borrado") };
    let mut text = String::new();
    for run in &document.removed {
        text.push_str(&say!(
            lang(),
            "{verb} {} of {}, {}\n",
            "{verb} {} de {}, {}\n",
            run.campaign_run,
            run.topology,
            size(run.bytes)
        ));
    }
    for id in &document.running {
        text.push_str(&say!(lang(), "left {id}: it is running\n", "se deja {id}: está en marcha\n"));
    }
    let removed = lang().counted(
        document.removed.len(),
        ["campaign run", "campaign runs"],
        ["campaña ejecutada", "campañas ejecutadas"],
    );
    text.push_str(&say!(
        lang(),
        "{verb} {removed}, {}; {} left",
        "{verb}: {removed}, {}; quedan {}",
        size(document.bytes),
        document.kept
    ));
    text
}
