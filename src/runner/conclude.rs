//! From what a run left behind to its record.

use chrono::{DateTime, Utc};

use super::Order;
use super::execute::Executed;
use crate::domain::measurement::{Interval, Measurement};
use crate::domain::reason::{Fault, SkipReason};
use crate::domain::run::Run;
use crate::domain::test::{Protocol, Test};
use crate::i18n::Lang;
use crate::protocol::Ending;
use crate::schedule::Job;
use crate::stats::numbers;
use crate::tool::{self, Outputs};
use crate::verdict::{self, Outcome, RunInput};

/// The record of a run that was not started.
pub(super) fn skipped(order: Order<'_>, job: &Job, why: &SkipReason, at: DateTime<Utc>) -> Run {
    let error = verdict::skipped(Lang::En, why);
    record(order, job, Executed::default(), (at, at), &Outcome::Skipped(why), Some(error))
}

/// The record of a run that was started.
pub(super) fn concluded(
    order: Order<'_>,
    job: &Job,
    executed: Executed,
    started: DateTime<Utc>,
    ended: DateTime<Utc>,
) -> Run {
    let parsed = match (&executed.fault, &executed.client) {
        (Some(fault), _) => Err(Fault::Text(fault.clone())),
        // Why the far end went away says more than that the client lost it.
        (None, Some(client)) => {
            parse(job, client, executed.server.as_ref()).map_err(|fault| match &executed.server_fault {
                Some(lost) => Fault::Cut { how: lost.clone(), fault: Box::new(fault) },
                None => fault,
            })
        }
        (None, None) => Err(Fault::NeverStarted),
    };
    let times = (started, ended);
    match parsed {
        Ok(mut measurement) => {
            if let Measurement::Throughput(throughput) = &mut measurement {
                throughput.notes.extend(job.note.iter().chain(&executed.notes).cloned());
            }
            let mut run = record(order, job, executed, times, &Outcome::Measured(&measurement), None);
            run.measurement = Some(measurement);
            run
        }
        Err(fault) => {
            let noted = |fault, note: &String| Fault::Noted { fault: Box::new(fault), note: note.clone() };
            let fault = executed.notes.iter().chain(&executed.foreboding).fold(fault, noted);
            let error = verdict::failed(Lang::En, &fault);
            record(order, job, executed, times, &Outcome::Failed(&fault), Some(error))
        }
    }
}

fn parse(job: &Job, client: &Ending, server: Option<&Ending>) -> Result<Measurement, Fault> {
    let outputs = Outputs {
        client: client.stdout.as_bytes(),
        client_errors: client.stderr.as_bytes(),
        exit_code: client.exit_code,
        server: server.map(|s| s.stdout.as_bytes()),
        ran_seconds: (client.counters.samples > 0).then_some(client.counters.wall_seconds),
    };
    if let Some(fault) = client.fault.as_ref().filter(|_| client.flooded) {
        return Err(Fault::Text(fault.clone()));
    }
    tool::of(&job.specification).parse(&outputs).map_err(|fault| {
        let fault = match &client.fault {
            Some(cut) if client.stdout.is_empty() && is_udp(&job.specification) => {
                Fault::LostGreeting { how: cut.clone() }
            }
            Some(cut) => Fault::Cut { how: cut.clone(), fault: Box::new(Fault::Text(fault.to_string())) },
            None => Fault::Text(fault.to_string()),
        };
        match until_then(&tool::partial(&job.specification, &outputs)) {
            Some(note) => Fault::Noted { fault: Box::new(fault), note },
            None => fault,
        }
    })
}

/// What was measured before the fault: told, and never taken for the result.
fn until_then(intervals: &[Interval]) -> Option<String> {
    let (first, last) = (intervals.first()?, intervals.last()?);
    let seconds = |i: &Interval| i.end_seconds - i.start_seconds;
    let measured: f64 = intervals.iter().map(seconds).sum();
    let bits: f64 = intervals.iter().map(|i| i.throughput_bits_per_second * seconds(i)).sum();
    (measured > 0.0).then(|| {
        format!(
            "partial: from {:.1} to {:.1} s the client counted {} on average, which is not judged",
            first.start_seconds,
            last.end_seconds,
            numbers::rate(Lang::En, bits / measured)
        )
    })
}

fn is_udp(test: &Test) -> bool {
    matches!(test, Test::Iperf3(iperf3) if iperf3.protocol == Protocol::Udp)
}

fn record(
    order: Order<'_>,
    job: &Job,
    executed: Executed,
    (started, ended): (DateTime<Utc>, DateTime<Utc>),
    outcome: &Outcome<'_>,
    error: Option<String>,
) -> Run {
    let (client, server) = (executed.client.unwrap_or_default(), executed.server);
    let source_counters = (client.counters.samples > 0).then_some(client.counters);
    let (server_raw, destination_counters) = match server {
        Some(ending) => (Some(ending.stdout), Some(ending.counters)),
        None => (None, None),
    };
    let (status, assessment) = verdict::assess(&RunInput {
        source: &job.pair.source,
        destination: &job.pair.destination,
        test: &job.specification,
        outcome: *outcome,
        topology: order.topology,
        expectations: order.expectations,
        source_counters: source_counters.as_ref(),
        destination_counters: destination_counters.as_ref(),
    });
    Run {
        id: job.id,
        source: job.pair.source.clone(),
        destination: job.pair.destination.clone(),
        test: job.test.clone(),
        specification: job.specification.clone(),
        repetition: job.repetition,
        status,
        started,
        ended,
        command: executed.command,
        server_command: executed.server_command,
        measurement: None,
        assessment,
        error,
        path: job.path.clone(),
        raw: client.stdout,
        server_raw,
        source_counters,
        destination_counters,
    }
}
