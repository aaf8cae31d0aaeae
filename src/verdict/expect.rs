//! One expectation against one figure.

use crate::domain::campaign::{Limit, Limits, Metric};
use crate::domain::name::Name;
use crate::domain::path::Agreed;
use crate::domain::unit::{Bitrate, Ratio};
use crate::domain::verdict::{Judgement, Verdict};
use crate::stats::numbers::{self, BYTES, PERCENT, Scale};

/// A figure to be judged.
pub(super) struct Subject<'a> {
    pub(super) metric: Metric,
    pub(super) sender: &'a Name,
    pub(super) receiver: &'a Name,
    /// In the metric's SI unit.
    pub(super) value: Option<f64>,
    /// What a loss was counted from.
    pub(super) counted: Option<Counted>,
    /// The payload rate asked of the sender; `None` where it sends what it can.
    pub(super) offered: Option<f64>,
    /// Nothing came back at all. Without that a missing figure is the tool's own doing, as the times of a ping whose packets
    /// are too small to carry one.
    pub(super) unanswered: bool,
    /// What to know of the figure, told with its reason.
    pub(super) note: Option<String>,
}

/// Packets behind a loss.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub(super) lost: u64,
    pub(super) sent: u64,
}

impl Counted {
    /// Can so few packets tell whether a loss is within `limit`? With fewer than 1 / limit a single lost one would already
    /// break it and none lost says little; two lost ones are no accident. A limit of nothing is broken by any.
    fn tell(self, limit: f64) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "no run sends 2^52 packets")]
        let expected = self.sent as f64 * limit;
        // Some room for the rounding of such as 1000 × 0.001.
        limit == 0.0 || self.lost >= 2 || expected >= 1.0 - 1e-9
    }
}

/// Who set the limits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Campaign,
    Default,
}

/// Limits where the campaign sets none and the value was agreed: throughput warns below 95 % of the contracted rate and
/// fails below 90 %; round-trip time, jitter and loss fail beyond what was agreed, and a path MTU below it.
///
/// A link that keeps its contract gives TCP 95.6 % of its rate: 1448 of the 1514 bytes of a full Ethernet frame are payload.
#[must_use]
pub const fn default_limits(metric: Metric) -> Limits {
    match metric {
        Metric::Throughput => Limits { warn: Some(Limit::OfContract(0.95)), fail: Some(Limit::OfContract(0.90)) },
        Metric::Rtt | Metric::Jitter | Metric::Loss | Metric::Mtu => Limits { warn: None, fail: Some(Limit::CONTRACT) },
    }
}

/// What was agreed on `metric`, in its SI unit.
pub(super) fn contracted(agreed: &Agreed, metric: Metric) -> Option<f64> {
    match metric {
        Metric::Throughput => agreed.rate.map(Bitrate::as_f64),
        Metric::Rtt => agreed.rtt.map(|t| t.as_secs_f64()),
        Metric::Jitter => agreed.jitter.map(|t| t.as_secs_f64()),
        Metric::Loss => agreed.loss.map(Ratio::share),
        Metric::Mtu => agreed.mtu.map(f64::from),
    }
}

/// A limit that applies, as a value in the metric's SI unit.
#[derive(Clone, Copy)]
struct Bound {
    value: f64,
    /// The share of the contract it stands for.
    share: Option<f64>,
    /// What missing it means.
    verdict: Verdict,
}

fn bound(limit: Limit, contracted: Option<f64>, verdict: Verdict) -> Option<Bound> {
    let (value, share) = match limit {
        Limit::OfContract(share) => (contracted? * share, Some(share)),
        Limit::BitsPerSecond(rate) => (rate.as_f64(), None),
        Limit::Seconds(time) => (time.0.as_secs_f64(), None),
        Limit::Share(ratio) => (ratio.share(), None),
        Limit::Bytes(bytes) => (f64::from(bytes), None),
    };
    Some(Bound { value, share, verdict })
}

pub(super) fn judge(subject: &Subject<'_>, limits: Limits, contracted: Option<f64>, basis: Basis) -> Judgement {
    let Decision { verdict, mut reason, missed } = decide(subject, limits, contracted, basis);
    if let Some(note) = &subject.note {
        reason = format!("{reason}; {note}");
    }
    Judgement {
        metric: subject.metric,
        sender: subject.sender.clone(),
        receiver: subject.receiver.clone(),
        verdict,
        reason,
        measured: subject.value,
        contracted,
        missed_limit: missed.filter(|b| b.share.is_none()).map(|b| b.value),
    }
}

/// What a figure came to, why, and the bound that it missed.
struct Decision {
    verdict: Verdict,
    reason: String,
    missed: Option<Bound>,
}

impl Decision {
    const fn of(verdict: Verdict, reason: String) -> Self {
        Self { verdict, reason, missed: None }
    }
}

fn decide(subject: &Subject<'_>, limits: Limits, contracted: Option<f64>, basis: Basis) -> Decision {
    let metric = subject.metric;
    // The failure limit comes first: who misses both has failed.
    let bounds: Vec<Bound> = [(limits.fail, Verdict::Fail), (limits.warn, Verdict::Warn)]
        .into_iter()
        .filter_map(|(limit, verdict)| bound(limit?, contracted, verdict))
        .collect();
    if bounds.is_empty() {
        let (from, to) = (subject.sender, subject.receiver);
        return Decision::of(Verdict::None, format!("no contract covers the {} from {from} to {to}", noun(metric)));
    }
    let Some(value) = subject.value else {
        if subject.unanswered && metric == Metric::Rtt {
            return Decision::of(
                Verdict::Fail,
                "no echo request was answered, so there is no round-trip time to accept".to_owned(),
            );
        }
        return Decision::of(Verdict::None, format!("the tool gave no {}", noun(metric)));
    };
    let reachable = |b: &&Bound| subject.offered.is_none_or(|offered| offered >= b.value);
    let applicable: Vec<&Bound> = bounds.iter().filter(reachable).collect();
    let Some(strictest) = applicable.last() else {
        return Decision::of(Verdict::None, offered_too_little(subject, &bounds));
    };
    // Where nothing came back at all, no packet more is needed to tell.
    let telling = |b: &&Bound| subject.unanswered || subject.counted.is_none_or(|c| c.tell(b.value));
    let Some(strictest) = applicable.iter().copied().rfind(telling) else {
        return Decision::of(Verdict::None, too_few_packets(subject, strictest.value));
    };
    let missed = |b: &&Bound| if metric.lower_is_worse() { value < b.value } else { value > b.value };
    match applicable.iter().copied().filter(telling).find(missed) {
        Some(missed) => Decision {
            verdict: missed.verdict,
            reason: sentence(subject, value, contracted, missed, basis, true),
            missed: Some(*missed),
        },
        None => Decision::of(Verdict::Pass, sentence(subject, value, contracted, strictest, basis, false)),
    }
}

fn offered_too_little(subject: &Subject<'_>, bounds: &[Bound]) -> String {
    let least = bounds.iter().map(|b| b.value).fold(f64::INFINITY, f64::min);
    let offered = subject.offered.unwrap_or(0.0);
    if offered > 0.0 {
        format!(
            "only {} were offered, less than the limit of {}: such a test cannot show whether the rate is there",
            numbers::rate_exact(offered),
            numbers::rate_exact(least)
        )
    } else {
        format!("no rate was asked of the sender, so the limit of {} cannot be judged", numbers::rate_exact(least))
    }
}

fn too_few_packets(subject: &Subject<'_>, limit: f64) -> String {
    let packets = numbers::count(subject.counted.map_or(0, |c| c.sent));
    let are = if packets == "1" { "packet is" } else { "packets are" };
    format!("not judged: {packets} {are} too few to tell a loss of {}", PERCENT.exact(limit))
}

fn sentence(
    subject: &Subject<'_>,
    value: f64,
    contracted: Option<f64>,
    bound: &Bound,
    basis: Basis,
    missed: bool,
) -> String {
    let metric = subject.metric;
    let lower = metric.lower_is_worse();
    let measured = measured_text(subject, value, bound.value);
    let effect = if bound.verdict == Verdict::Fail { "fails" } else { "warns" };
    let side = if lower { "below" } else { "over" };
    match (bound.share, contracted) {
        (Some(share), Some(contract)) if !(contract == 0.0 || (share == 1.0 && metric != Metric::Throughput)) => {
            let of = numbers::apart(PERCENT, value / contract, share, true).to_string();
            let limit = PERCENT.exact(share);
            let judged = match (missed, lower, basis) {
                (true, ..) => format!("{side} the {limit} that {effect}"),
                (false, true, Basis::Campaign) => format!("at least the {limit} expected"),
                (false, true, Basis::Default) => format!("at least the usual {limit}"),
                (false, false, _) => format!("within the {limit} allowed"),
            };
            format!("{measured} is {of} of the contracted {}, {judged}", exact(metric, contract))
        }
        (Some(_), Some(contract)) if missed => {
            format!("{measured} is {side} the contracted {}", exact(metric, contract))
        }
        (Some(_), Some(contract)) if lower => {
            format!("{measured} is at least the contracted {}", exact(metric, contract))
        }
        (Some(_), Some(contract)) => format!("{measured} is within the contracted {}", exact(metric, contract)),
        _ if missed => format!("{measured} is {side} the {} that {effect}", exact(metric, bound.value)),
        _ if lower => format!("{measured} is at least the expected {}", exact(metric, bound.value)),
        _ => format!("{measured} is within the {} allowed", exact(metric, bound.value)),
    }
}

const fn noun(metric: Metric) -> &'static str {
    match metric {
        Metric::Throughput => "throughput",
        Metric::Rtt => "round-trip time",
        Metric::Jitter => "jitter",
        Metric::Loss => "loss",
        Metric::Mtu => "path MTU",
    }
}

fn scale(metric: Metric, value: f64) -> Scale {
    match metric {
        Metric::Throughput => numbers::rate_scale(value),
        Metric::Rtt | Metric::Jitter => numbers::time_scale(value),
        Metric::Loss => PERCENT,
        Metric::Mtu => BYTES,
    }
}

fn exact(metric: Metric, value: f64) -> String {
    scale(metric, value).exact(value).to_string()
}

fn measured_text(subject: &Subject<'_>, value: f64, bound: f64) -> String {
    let figure = numbers::apart(scale(subject.metric, value), value, bound, false).to_string();
    let detail = subject
        .counted
        .map_or_else(String::new, |c| format!(" ({} of {} packets)", numbers::count(c.lost), numbers::count(c.sent)));
    match subject.metric {
        Metric::Throughput => figure,
        Metric::Rtt => format!("a mean round trip of {figure}"),
        Metric::Jitter => format!("a jitter of {figure}"),
        Metric::Loss => format!("a loss of {figure}{detail}"),
        Metric::Mtu => format!("a path MTU of {}", BYTES.exact(value)),
    }
}
