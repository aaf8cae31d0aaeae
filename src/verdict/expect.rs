//! One expectation against one figure.

use super::headers::OnWire;
use crate::domain::campaign::{Limit, Limits, Metric};
use crate::domain::name::Name;
use crate::domain::path::Agreed;
use crate::domain::reason::Reason;
use crate::domain::unit::{Bitrate, Ratio};
use crate::domain::verdict::{Judgement, Verdict};

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
    /// What the payload takes of the link.
    pub(super) wire: OnWire,
    /// TCP with data the other way at the same time.
    pub(super) both_ways: bool,
    /// Nothing came back at all. Without that a missing figure is the tool's own doing, as the times of a ping whose packets
    /// are too small to carry one.
    pub(super) unanswered: bool,
    /// What to know of the figure, told with its reason.
    pub(super) note: Option<Note>,
}

/// What makes a figure what it is.
#[derive(Clone, Copy)]
pub(super) enum Note {
    /// The sender sent the first and was asked for the second, bit/s: clearly more.
    HeldBack(f64, f64),
    /// Larger packets vanish.
    BlackHole,
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
/// A contract counts Ethernet frames, so the headers of what was measured count with it.
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

fn bound(limit: Limit, contracted: Option<f64>, wire: OnWire, verdict: Verdict) -> Option<Bound> {
    let (value, share) = match limit {
        Limit::OfContract(share) => (wire.payload(contracted? * share), Some(share)),
        Limit::BitsPerSecond(rate) => (rate.as_f64(), None),
        Limit::Seconds(time) => (time.0.as_secs_f64(), None),
        Limit::Share(ratio) => (ratio.share(), None),
        Limit::Bytes(bytes) => (f64::from(bytes), None),
    };
    Some(Bound { value, share, verdict })
}

pub(super) fn judge(subject: &Subject<'_>, limits: Limits, contracted: Option<f64>, basis: Basis) -> Judgement {
    let Decision { verdict, mut reason, missed } = decide(subject, limits, contracted, basis);
    match subject.note {
        Some(Note::HeldBack(sent_bits_per_second, asked_bits_per_second)) => {
            reason = Reason::HeldBack { reason: Box::new(reason), sent_bits_per_second, asked_bits_per_second };
        }
        Some(Note::BlackHole) => reason = Reason::BlackHole { reason: Box::new(reason) },
        None => {}
    }
    Judgement {
        metric: subject.metric,
        sender: subject.sender.clone(),
        receiver: subject.receiver.clone(),
        verdict,
        reason,
        measured: subject.value,
        with_headers: subject
            .value
            .filter(|_| contracted.is_some() && subject.wire != OnWire::BARE)
            .map(|v| subject.wire.frames(v)),
        contracted,
        missed_limit: missed.filter(|b| b.share.is_none()).map(|b| b.value),
    }
}

/// What a figure came to, why, and the bound that it missed.
struct Decision {
    verdict: Verdict,
    reason: Reason,
    missed: Option<Bound>,
}

impl Decision {
    const fn of(verdict: Verdict, reason: Reason) -> Self {
        Self { verdict, reason, missed: None }
    }
}

fn decide(subject: &Subject<'_>, limits: Limits, contracted: Option<f64>, basis: Basis) -> Decision {
    let metric = subject.metric;
    // The failure limit comes first: who misses both has failed.
    let bounds: Vec<Bound> = [(limits.fail, Verdict::Fail), (limits.warn, Verdict::Warn)]
        .into_iter()
        .filter_map(|(limit, verdict)| bound(limit?, contracted, subject.wire, verdict))
        .collect();
    if bounds.is_empty() {
        return Decision::of(Verdict::None, Reason::NoContract);
    }
    let Some(value) = subject.value else {
        if subject.unanswered && metric == Metric::Rtt {
            return Decision::of(Verdict::Fail, Reason::Unanswered);
        }
        return Decision::of(Verdict::None, Reason::NoFigure);
    };
    let reachable = |b: &&Bound| subject.offered.is_none_or(|offered| shows(offered, b.value));
    let applicable: Vec<&Bound> = bounds.iter().filter(reachable).collect();
    let Some(strictest) = applicable.last() else {
        return Decision::of(Verdict::None, offered_too_little(subject, &bounds));
    };
    // Where nothing came back at all, no packet more is needed to tell.
    let telling = |b: &&Bound| subject.unanswered || subject.counted.is_none_or(|c| c.tell(b.value));
    let Some(strictest) = applicable.iter().copied().rfind(telling) else {
        let packets = subject.counted.map_or(0, |c| c.sent);
        return Decision::of(Verdict::None, Reason::TooFewPackets { packets, limit_ratio: strictest.value });
    };
    if let Some(bound) = applicable.iter().find(|b| subject.both_ways && within_two_ways(value, b)) {
        return Decision::of(Verdict::None, Reason::BothWays { reason: Box::new(reason_of(bound, subject, basis)) });
    }
    let missed = |b: &&Bound| if metric.lower_is_worse() { value < b.value } else { value > b.value };
    let reason = |bound: &Bound| reason_of(bound, subject, basis);
    match applicable.iter().copied().filter(telling).find(missed) {
        Some(missed) => Decision { verdict: missed.verdict, reason: reason(missed), missed: Some(*missed) },
        // Nothing was missed that could be seen, and the rest could not.
        None if applicable.len() < bounds.len() => Decision::of(Verdict::None, offered_too_little(subject, &bounds)),
        None => Decision::of(Verdict::Pass, reason(strictest)),
    }
}

fn reason_of(bound: &Bound, subject: &Subject<'_>, basis: Basis) -> Reason {
    Reason::Limit {
        limit: bound.value,
        share: bound.share,
        usual: basis == Basis::Default,
        packets: subject.counted.map(|c| (c.lost, c.sent)),
    }
}

/// Share of a link that TCP fills at the least with data both ways: each flow's acknowledgements wait behind the other's data.
/// From our own runs on links that kept their contract: 0.93 to 0.97 of the same rate both ways.
const TWO_WAYS_RATIO: f64 = 0.85;

/// Is `value` short of a share of the contract by no more than data both ways explain?
fn within_two_ways(value: f64, bound: &Bound) -> bool {
    bound.share.is_some() && (bound.value * TWO_WAYS_RATIO..bound.value).contains(&value)
}

/// Can a sender that is held to `offered` show that `limit` is there? Only where all that a sender may fall short of what it
/// is asked leaves it above: nearer, the noise of its pacing would decide.
#[must_use]
pub fn shows(offered: f64, limit: f64) -> bool {
    offered * super::SENT_RATIO >= limit
}

fn offered_too_little(subject: &Subject<'_>, bounds: &[Bound]) -> Reason {
    let offered = subject.offered.filter(|offered| *offered > 0.0);
    let out_of_reach = bounds.iter().map(|b| b.value).filter(|limit| !offered.is_some_and(|o| shows(o, *limit)));
    let least = out_of_reach.fold(f64::INFINITY, f64::min);
    Reason::OfferedTooLittle { offered_bits_per_second: offered, limit_bits_per_second: least }
}
