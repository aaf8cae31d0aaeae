//! From what a run left behind to its record.

use chrono::{DateTime, Utc};

use super::Order;
use super::execute::Executed;
use crate::domain::measurement::Measurement;
use crate::domain::run::Run;
use crate::domain::test::{Protocol, Test};
use crate::protocol::Ending;
use crate::schedule::Job;
use crate::tool::{self, Outputs};
use crate::verdict::{self, Outcome, RunInput};

/// The record of a run that was not started.
pub(super) fn skipped(order: Order<'_>, job: &Job, why: &str, at: DateTime<Utc>) -> Run {
    record(order, job, Executed::default(), (at, at), &Outcome::Skipped(why), Some(why.to_owned()))
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
        (Some(fault), _) => Err(fault.clone()),
        // Why the far end went away says more than that the client lost it.
        (None, Some(client)) => {
            parse(job, client, executed.server.as_ref()).map_err(|fault| match &executed.server_fault {
                Some(lost) => format!("{lost}; {fault}"),
                None => fault,
            })
        }
        (None, None) => Err("the client was never started".to_owned()),
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
        Err(error) => {
            let error = executed.notes.iter().fold(error, |error, note| format!("{error}; {note}"));
            record(order, job, executed, times, &Outcome::Failed(&error), Some(error.clone()))
        }
    }
}

fn parse(job: &Job, client: &Ending, server: Option<&Ending>) -> Result<Measurement, String> {
    let outputs = Outputs {
        client: client.stdout.as_bytes(),
        client_errors: client.stderr.as_bytes(),
        exit_code: client.exit_code,
        server: server.map(|s| s.stdout.as_bytes()),
    };
    tool::of(&job.specification).parse(&outputs).map_err(|fault| match &client.fault {
        Some(cut) if client.stdout.is_empty() && is_udp(&job.specification) => {
            format!(
                "{cut}; iperf3 greets its server with one UDP datagram, which a lossy link may have lost: run it again"
            )
        }
        Some(cut) => format!("{cut}; {fault}"),
        None => fault.to_string(),
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
