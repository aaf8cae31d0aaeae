//! A campaign run as JSON Lines: an object per event, the last one is `ended`.

use serde_json::{Value, json};

use super::super::context::Context;
use super::super::failure::causes;
use super::super::output::Output;
use crate::i18n::Lang;
use crate::runner::Event;
use crate::schedule::Job;
use crate::verdict::account;

pub(super) fn line(output: &Output, event: &Event<'_>) {
    let mut value = value(event);
    value["at"] = json!(Context::now());
    output.json(&value);
}

fn value(event: &Event<'_>) -> Value {
    match event {
        Event::Unavailable(probe, fault) => {
            json!({ "event": "unavailable", "probe": probe, "reason": causes(fault).join(": ") })
        }
        Event::Preflight(reachable) => json!({ "event": "preflight", "faults": reachable.sentences(Lang::En) }),
        Event::Started(job) => with_job("started", job),
        Event::Rate(job, rate) => {
            let mut value = with_job("rate", job);
            value["received_bits_per_second"] = json!(rate);
            value
        }
        Event::Finished(run) => json!({
            "event": "finished",
            "id": run.id,
            "source": run.source,
            "destination": run.destination,
            "test": run.test,
            "status": run.status,
            "verdict": run.assessment.verdict,
            "reason": account(Lang::En, &run.assessment),
            "measurement": run.measurement,
        }),
        Event::Kept(id) => json!({ "event": "kept", "id": id }),
        Event::Notice(notice) => json!({ "event": "notice", "text": notice.to_string(), "hint": notice.hint() }),
    }
}

fn with_job(event: &str, job: &Job) -> Value {
    json!({
        "event": event,
        "id": job.id,
        "source": job.pair.source,
        "destination": job.pair.destination,
        "test": job.test,
        "duration_seconds": job.duration.as_secs_f64(),
    })
}
