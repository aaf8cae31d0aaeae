//! Expectation × measurement × contract → verdict with its reason.

use crate::domain::campaign::{Expectations, Metric};
use crate::domain::counters::EndCounters;
use crate::domain::measurement::{Flow, Measurement, RoundTrip, Throughput};
use crate::domain::name::Name;
use crate::domain::path::Agreed;
use crate::domain::reason::{Account, Fault, Reason, Shown, SkipReason};
use crate::domain::run::RunStatus;
use crate::domain::test::{Direction, Protocol, Test};
use crate::domain::topology::Topology;
use crate::domain::unit::Bitrate;
use crate::domain::verdict::{Assessment, CauseKind, Judgement, Verdict};

mod cause;
mod expect;
mod headers;
mod stall;
mod tell;

pub use cause::{
    CPU_STARVED_RATIO, RECEIVE_BUFFER_RATIO, RECEIVE_WINDOW_RATIO, SEND_QUEUE_RATIO, advice, explain, is_shaped_below,
};
pub use expect::{default_limits, shows};

pub use tell::{account, cannot_reach, failed, judgement_reason, no_measurement, sent_short_text, skipped, too_few};

use expect::{Basis, Counted, Note, Subject};
use headers::OnWire;

/// What a run brought.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// A measurement.
    Measured(&'a Measurement),
    /// None, because the tool failed; with its error.
    Failed(&'a Fault),
    /// None, because it was not started; with the reason.
    Skipped(&'a SkipReason),
}

/// All that a verdict is made from.
#[derive(Debug, Clone, Copy)]
pub struct RunInput<'a> {
    /// Where the client ran.
    pub source: &'a Name,
    /// Where the server ran.
    pub destination: &'a Name,
    /// The test as it was carried out.
    pub test: &'a Test,
    /// What it brought.
    pub outcome: Outcome<'a>,
    /// The topology, for the contract of the crossed link.
    pub topology: &'a Topology,
    /// The campaign's expectations. What they do not name has [`default_limits`] where something was agreed on it.
    pub expectations: Option<&'a Expectations>,
    /// Counters of the source.
    pub source_counters: Option<&'a EndCounters>,
    /// Counters of the destination.
    pub destination_counters: Option<&'a EndCounters>,
}

/// A flow of a throughput test with its ends.
#[derive(Debug, Clone, Copy)]
pub struct DirectedFlow<'a> {
    /// Where the data came from.
    pub sender: &'a Name,
    /// Where it went.
    pub receiver: &'a Name,
    /// What arrived.
    pub flow: &'a Flow,
}

/// The flows of a throughput test between `source` (the client) and `destination`, each with the ends of its data.
#[must_use]
pub fn flows<'a>(
    throughput: &'a Throughput,
    direction: Direction,
    source: &'a Name,
    destination: &'a Name,
) -> Vec<DirectedFlow<'a>> {
    let there = |flow| DirectedFlow { sender: source, receiver: destination, flow };
    let back = |flow| DirectedFlow { sender: destination, receiver: source, flow };
    match direction {
        Direction::Forward => vec![there(&throughput.flow)],
        Direction::Reverse => vec![back(&throughput.flow)],
        Direction::Bidirectional => {
            std::iter::once(there(&throughput.flow)).chain(throughput.reverse.as_deref().map(back)).collect()
        }
    }
}

/// Judges a run. Its status is `Failed` or `Skipped` as the outcome says, `Invalid` where the instrument was the limit,
/// else `Ok`.
///
/// A cause makes a run invalid where an expectation was missed or where the run's main figure was not judged at all: then
/// nothing speaks for the number. A pass stays a pass, for a hampered instrument only ever makes a link look worse.
#[must_use]
pub fn assess(input: &RunInput<'_>) -> (RunStatus, Assessment) {
    let none = |reason: Account| Assessment { verdict: Verdict::None, reason, judgements: vec![], causes: vec![] };
    let measurement = match input.outcome {
        Outcome::Failed(fault) => return (RunStatus::Failed, none(Account::Failed(fault.clone()))),
        Outcome::Skipped(why) => return (RunStatus::Skipped, none(Account::Skipped(why.clone()))),
        Outcome::Measured(measurement) => measurement,
    };
    let mut judgements = judge_all(input, measurement);
    let stalls = stall::find(input, measurement);
    let mut causes = cause::find(input, &judgements);
    if !stalls.is_empty() {
        // A tool that waits for a CPU is slow all the time: it does not make seconds without a byte.
        causes.retain(|cause| cause.kind != CauseKind::CpuStarved);
    }
    judgements.extend(stalls);
    let missed = judgements.iter().any(|j| matches!(j.verdict, Verdict::Warn | Verdict::Fail));
    if !causes.is_empty() && (missed || !main_figure_judged(measurement, &judgements)) {
        let reason = Account::Instrument(main_figures(measurement));
        return (RunStatus::Invalid, Assessment { verdict: Verdict::Invalid, reason, judgements, causes });
    }
    let verdict = worst(judgements.iter().map(|j| j.verdict));
    let reason = summarise(measurement, verdict, &judgements);
    (RunStatus::Ok, Assessment { verdict, reason, judgements, causes })
}

/// The worst of `verdicts`: fail, invalid, warn, pass, none, for a proven failure outranks an unknown. `None` of an empty
/// list.
#[must_use]
pub fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |v: &Verdict| match v {
        Verdict::None => 0,
        Verdict::Pass => 1,
        Verdict::Warn => 2,
        Verdict::Invalid => 3,
        Verdict::Fail => 4,
    };
    verdicts.max_by_key(rank).unwrap_or(Verdict::None)
}

fn judge_all(input: &RunInput<'_>, measurement: &Measurement) -> Vec<Judgement> {
    match measurement {
        Measurement::Path(_) | Measurement::Connect(_) => vec![],
        Measurement::PathMtu(found) => {
            let agreed = agreed(input, input.source, input.destination);
            let subject = Subject {
                metric: Metric::Mtu,
                sender: input.source,
                receiver: input.destination,
                value: found.mtu_bytes.map(f64::from),
                counted: None,
                offered: None,
                wire: OnWire::BARE,
                both_ways: false,
                unanswered: found.mtu_bytes.is_none(),
                note: found.black_hole.then_some(Note::BlackHole),
            };
            judge_subjects(input, agreed, &[subject])
        }
        Measurement::RoundTrip(ping) => {
            let agreed = agreed(input, input.source, input.destination);
            let loss = Counted { lost: ping.packets.saturating_sub(ping.received_packets), sent: ping.packets };
            let subject = |metric, value, counted| Subject {
                metric,
                sender: input.source,
                receiver: input.destination,
                value,
                counted,
                offered: None,
                wire: OnWire::BARE,
                both_ways: false,
                unanswered: ping.received_packets == 0,
                note: None,
            };
            let subjects = [
                subject(Metric::Rtt, ping.rtt_seconds, None),
                subject(Metric::Loss, Some(ping.loss_ratio), Some(loss)),
            ];
            let mut judgements = judge_subjects(input, agreed, &subjects);
            let judged = judgements.iter().any(|j| j.verdict != Verdict::None);
            if ping.received_packets == 0 && !judged && agreed.is_some_and(|a| !a.is_empty()) {
                judgements.push(dead(input, ping));
            }
            judgements
        }
        Measurement::Throughput(throughput) => {
            let direction = input.test.direction();
            let all = flows(throughput, direction, input.source, input.destination);
            let other = |of: &DirectedFlow<'_>| all.iter().find(|f| f.sender != of.sender).map(|f| f.flow);
            all.iter()
                .flat_map(|flow| {
                    let agreed = agreed(input, flow.sender, flow.receiver);
                    let wire = OnWire::of(input, throughput, other(flow));
                    judge_subjects(input, agreed, &flow_subjects(throughput.protocol, *flow, input.test, wire))
                })
                .collect()
        }
    }
}

/// Whatever was agreed, nothing of it is kept where nothing comes back.
fn dead(input: &RunInput<'_>, ping: &RoundTrip) -> Judgement {
    Judgement {
        metric: Metric::Loss,
        sender: input.source.clone(),
        receiver: input.destination.clone(),
        verdict: Verdict::Fail,
        reason: Reason::Dead { requests: ping.packets },
        measured: Some(ping.loss_ratio),
        contracted: None,
        missed_limit: None,
        with_headers: None,
    }
}

/// Share of the asked rate below which a sender was held back itself. iperf3 paces to within 1 % of what it was asked.
pub const SENT_RATIO: f64 = 0.98;

/// What a UDP sender sent and what it was asked for, bit/s, where it sent clearly less: the receiver cannot get what was never
/// sent.
#[must_use]
pub fn sent_short(flow: &Flow, test: &Test) -> Option<(f64, f64)> {
    let (Some(Protocol::Udp), Some(asked)) = (test.protocol(), test.rate()) else { return None };
    let (sent, asked) = (flow.sent_bits_per_second?, asked.as_f64());
    (sent / asked < SENT_RATIO).then_some((sent, asked))
}

fn flow_subjects<'a>(protocol: Protocol, of: DirectedFlow<'a>, test: &Test, wire: OnWire) -> Vec<Subject<'a>> {
    let DirectedFlow { sender, receiver, flow } = of;
    let subject = |metric, value, counted, offered| Subject {
        metric,
        sender,
        receiver,
        value,
        counted,
        offered,
        wire: if metric == Metric::Throughput { wire } else { OnWire::BARE },
        both_ways: protocol != Protocol::Udp && test.direction() == Direction::Bidirectional,
        unanswered: false,
        note: sent_short(flow, test)
            .filter(|_| metric == Metric::Throughput)
            .map(|(sent, asked)| Note::HeldBack(sent, asked)),
    };
    let throughput = Some(flow.throughput_bits_per_second);
    let asked = test.offered().map(Bitrate::as_f64);
    match protocol {
        // The round-trip time under load is TCP's own doing and never held against the link.
        Protocol::Tcp | Protocol::Sctp => vec![subject(Metric::Throughput, throughput, None, asked)],
        Protocol::Udp => {
            let lost = flow.lost_packets.zip(flow.packets).map(|(lost, sent)| Counted { lost, sent });
            vec![
                subject(Metric::Throughput, throughput, None, Some(asked.unwrap_or(0.0))),
                subject(Metric::Jitter, flow.jitter_seconds, None, None),
                subject(Metric::Loss, flow.loss_ratio, lost, None),
            ]
        }
    }
}

fn agreed(input: &RunInput<'_>, sender: &Name, receiver: &Name) -> Option<Agreed> {
    input.topology.agreed(input.topology.path(sender, receiver).link.as_ref())
}

fn judge_subjects(input: &RunInput<'_>, agreed: Option<Agreed>, subjects: &[Subject<'_>]) -> Vec<Judgement> {
    let judged = |subject: &Subject<'_>| {
        let contracted = agreed.and_then(|a| expect::contracted(&a, subject.metric));
        let (limits, basis) = match input.expectations.and_then(|e| e.get(&subject.metric)) {
            Some(limits) => (*limits, Basis::Campaign),
            // By default only what was agreed is judged.
            None => (contracted.map(|_| default_limits(subject.metric))?, Basis::Default),
        };
        Some(expect::judge(subject, limits, contracted, basis))
    };
    subjects.iter().filter_map(judged).collect()
}

/// Was the figure that the test was run for judged, for each of its flows?
fn main_figure_judged(measurement: &Measurement, judgements: &[Judgement]) -> bool {
    let told = |j: &&Judgement| j.verdict != Verdict::None && !matches!(j.reason, Reason::Stalled { .. });
    let judged = |metric| judgements.iter().filter(told).filter(|j| j.metric == metric).count();
    match measurement {
        Measurement::Throughput(t) => judged(Metric::Throughput) == 1 + usize::from(t.reverse.is_some()),
        Measurement::RoundTrip(_) => judged(Metric::Rtt) == 1,
        // A path has no figure that a slow instrument could spoil.
        Measurement::Path(_) | Measurement::PathMtu(_) | Measurement::Connect(_) => true,
    }
}

/// The figures that the test was run for.
fn main_figures(measurement: &Measurement) -> Vec<Shown> {
    let rate = |flow: &Flow| Shown::BitsPerSecond(flow.throughput_bits_per_second);
    match measurement {
        Measurement::Throughput(t) => std::iter::once(&t.flow).chain(t.reverse.as_deref()).map(rate).collect(),
        Measurement::RoundTrip(p) => vec![p.rtt_seconds.map_or(Shown::Ping, Shown::Seconds)],
        Measurement::Path(_) | Measurement::PathMtu(_) => vec![Shown::Path],
        Measurement::Connect(_) => vec![Shown::Connections],
    }
}

fn summarise(measurement: &Measurement, verdict: Verdict, judgements: &[Judgement]) -> Account {
    let both_ways = matches!(measurement, Measurement::Throughput(t) if t.reverse.is_some());
    match measurement {
        _ if judgements.iter().any(|j| j.verdict == verdict) => Account::Judgements { both_ways },
        Measurement::Path(_) => Account::PathShown,
        Measurement::Connect(_) => Account::ConnectionsShown,
        _ => Account::NothingExpected,
    }
}
