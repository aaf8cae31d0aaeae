//! `run --resume`: an interrupted campaign run goes on under its own id.

use serde_json::Value;

use super::super::failure::Failure;
use super::super::speech::lang;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, CampaignRunHeader};
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::schedule::Job;
use crate::store::Results;

/// Differences that are named; the rest is counted.
const SHOWN: usize = 3;
/// Longest value that is shown, in characters.
const VALUE_MAX: usize = 60;

const ANEW: &str = "`iperftester run` starts a new one";

/// The campaign run called `id`, or the newest of this topology that has not come to its end.
pub(super) async fn find(results: &Results, topology: &Topology, id: Option<&str>) -> Result<CampaignRun, Failure> {
    let id = match id {
        Some(id) => id.to_owned(),
        None => newest(results, topology).await?,
    };
    let whole = results.load(&id).await?;
    let header = &whole.header;
    if header.topology != topology.name {
        return Err(Failure::bad_input(format!(
            "`{id}` is of the topology {}, and the file describes {}",
            header.topology, topology.name
        ))
        .hint("name its file by `-t FILE`"));
    }
    if !is_open(header) {
        return Err(Failure::bad_input(format!("`{id}` has come to its end: there is nothing to resume")).hint(ANEW));
    }
    let differences = differences(&whole.topology, topology);
    if !differences.is_empty() {
        let mut failure = Failure::bad_input(format!("`{id}` cannot go on: the topology is not the one it began with"));
        failure.chain.extend(differences.iter().take(SHOWN).cloned());
        if differences.len() > SHOWN {
            failure.chain.push(format!("and {} more", differences.len() - SHOWN));
        }
        return Err(failure.hint(format!("put that back and deploy it, or leave it as it is: {ANEW}")));
    }
    Ok(whole)
}

/// Why nothing is resumed where a campaign is named besides.
pub(super) fn names_both(campaign: &Name, id: Option<&str>) -> Failure {
    let failure = Failure::bad_input(say!(
        lang(),
        "`--resume` goes on with a campaign run that was interrupted, so no campaign is named with it, and `{campaign}` is",
        "`--resume` sigue con una campaña ejecutada que se interrumpió, así que no se nombra campaña alguna, y se nombra `{campaign}`"
    ));
    match id {
        Some(id) => failure.hint(say!(
            lang(),
            "`iperftester run --resume {id}` goes on with that one",
            "`iperftester run --resume {id}` sigue con esa"
        )),
        None => failure.hint(lang().word(
            "`iperftester run --resume` goes on with the newest that was interrupted, `iperftester run --resume CAMPAIGN_RUN` \
             with the one that `iperftester list` names so",
            "`iperftester run --resume` sigue con la última que se interrumpió, `iperftester run --resume CAMPAIGN_RUN` con la \
             que `iperftester list` llama así",
        )),
    }
}

async fn newest(results: &Results, topology: &Topology) -> Result<String, Failure> {
    let all = results.list().await?;
    let open = all.into_iter().find(|run| run.header.topology == topology.name && is_open(&run.header));
    open.map(|run| run.header.id).ok_or_else(|| {
        let name = &topology.name;
        Failure::bad_input(format!("there is no interrupted campaign run of topology {name} to resume")).hint(ANEW)
    })
}

const fn is_open(header: &CampaignRunHeader) -> bool {
    header.interrupted || header.ended.is_none()
}

/// Those of `jobs` that `earlier` has no result of.
///
/// # Errors
/// Where they are not the jobs that it has results of: another version may plan otherwise.
pub(super) fn left(earlier: &CampaignRun, jobs: &[Job]) -> Result<Vec<Job>, Failure> {
    let header = &earlier.header;
    let same = jobs.len() == header.planned_runs as usize
        && earlier.runs.iter().all(|run| {
            jobs.iter().any(|job| {
                job.id == run.id
                    && (&job.pair.source, &job.pair.destination) == (&run.source, &run.destination)
                    && (&job.test, job.repetition) == (&run.test, run.repetition)
                    && job.specification == run.specification
            })
        });
    if !same {
        return Err(Failure::bad_input(format!(
            "`{}` cannot go on: iperftester {}, which began it, planned other runs than this one does",
            header.id, header.version
        ))
        .hint(format!("go on with that version; {ANEW}")));
    }
    let done = |job: &&Job| earlier.runs.iter().any(|run| run.id == job.id);
    Ok(jobs.iter().filter(|job| !done(job)).cloned().collect())
}

/// What differs, each with its place, what it was and what it is.
fn differences(was: &Topology, is: &Topology) -> Vec<String> {
    let mut found = Vec::new();
    if was != is {
        let value = |topology| serde_json::to_value(topology).unwrap_or_default();
        compare("", &value(was), &value(is), &mut found);
    }
    found
}

fn compare(place: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(before), Value::Object(now)) => {
            let keys: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
            for key in keys {
                let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                let of = |all: &serde_json::Map<String, Value>| all.get(key).cloned().unwrap_or_default();
                compare(&inner, &of(before), &of(now), found);
            }
        }
        _ if was == is => {}
        _ => found.push(format!("{place} was {}, is {}", shown(was), shown(is))),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "not there".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE_MAX {
        return text;
    }
    text.chars().take(VALUE_MAX).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_names_a_campaign_is_told_how_to_resume() {
        let name = Name::new("nightly").unwrap();
        let hint = |id| names_both(&name, id).hint.unwrap();
        assert!(hint(None).starts_with("`iperftester run --resume` goes on with the newest"), "{}", hint(None));
        assert!(hint(Some("nightly@1")).contains("`iperftester run --resume nightly@1`"));
    }

    #[test]
    fn what_differs_is_named_with_its_place() {
        let mut found = Vec::new();
        let was = json!({ "links": { "leased": { "rate": 80, "loss": null } }, "tests": [1, 2], "gone": {} });
        let is = json!({ "links": { "leased": { "rate": 70, "loss": null } }, "tests": [1], "new": "x".repeat(100) });
        compare("", &was, &is, &mut found);
        let long = format!("new was not there, is \"{}…", "x".repeat(59));
        assert_eq!(
            found,
            ["gone was {}, is not there", "links.leased.rate was 80, is 70", &long, "tests was [1,2], is [1]"]
        );
    }
}
