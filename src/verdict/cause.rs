//! What the instrument itself contributed. A further cause is a [`CauseKind`], a check in [`find`] and two sentences
//! in each language.

use super::{Outcome, RunInput, SENT_RATIO};
use crate::domain::campaign::Metric;
use crate::domain::counters::{EndCounters, InterfaceGrowth};
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::test::Protocol;
use crate::domain::topology::{Impairment, Topology};
use crate::domain::verdict::{Cause, CauseKind, Judgement, Verdict};
use crate::i18n::{Lang, say};
use crate::stats::numbers::{PERCENT, apart, percent, percent_whole};

/// Share of a run that a tool may wait for a CPU: above it, its number is the host's and not the link's.
///
/// From our own runs on two shared cores: up to 0.17 in clean runs of an idle machine (UDP at 500 Mbit/s, whose sender
/// paces itself), above 0.20 in runs beside a compiler that were still right, 0.38 to 0.97 in starved ones; none at 0.30
/// or more was ever right.
pub const CPU_STARVED_RATIO: f64 = 0.30;

/// Share of the datagrams that arrived at a host and found no room in the socket's buffer, above which the loss is the
/// host's. From our own runs: 0 on an idle machine, 0.09 to 0.27 where the buffer was too small.
pub const RECEIVE_BUFFER_RATIO: f64 = 0.001;

/// Share of what was to leave by a sender's own interface and was dropped there, above which the loss is the host's. From our
/// own runs: 0 on an idle machine and on a busy one, 0.25 to 0.61 behind a shaper on the interface.
pub const SEND_QUEUE_RATIO: f64 = 0.001;

/// Share of its busy time that TCP may wait for the receiver's window. From our own runs: up to 0.013 in clean runs, 0.12 in
/// starved ones, 0.44 to 0.98 with a small window.
pub const RECEIVE_WINDOW_RATIO: f64 = 0.20;

/// Every cause seen at either end, the strongest first. `judgements` tell what was missed: but for a starved tool, which
/// spoils every figure, a cause counts only where it explains what was missed.
pub(super) fn find(input: &RunInput<'_>, judgements: &[Judgement]) -> Vec<Cause> {
    let ends = [(input.source, input.source_counters), (input.destination, input.destination_counters)];
    let mut causes: Vec<Cause> =
        ends.into_iter().filter_map(|(probe, counters)| cpu_starved(probe, counters?)).collect();
    let of = |name: &Name| ends.iter().find(|(probe, _)| *probe == name).and_then(|(_, counters)| *counters);
    let missed = judgements.iter().filter(|j| matches!(j.verdict, Verdict::Warn | Verdict::Fail));
    let missed = missed.map(|j| (&j.sender, &j.receiver, j.metric)).chain(unjudged_losses(input, judgements));
    for (sender, receiver, metric) in missed {
        let own_queue = || send_queue(input.topology, (sender, receiver), of(sender)?);
        let found = match (input.test.protocol(), metric) {
            (Some(Protocol::Udp), Metric::Loss) => [receive_buffer(receiver, of(receiver)), own_queue(), None],
            (Some(Protocol::Udp), Metric::Throughput) => {
                [receive_buffer(receiver, of(receiver)), own_queue(), pacing(input, sender, receiver)]
            }
            (Some(Protocol::Tcp), Metric::Throughput) => [receive_window(receiver, of(sender)), own_queue(), None],
            _ => [None, None, None],
        };
        for cause in found.into_iter().flatten() {
            if !causes.iter().any(|c| (c.kind, &c.probe) == (cause.kind, &cause.probe)) {
                causes.push(cause);
            }
        }
    }
    causes.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    causes
}

/// The losses of UDP that nothing judges, with nothing else judged of their flow: whose they are is still to be told.
fn unjudged_losses<'a>(
    input: &RunInput<'a>,
    judgements: &'a [Judgement],
) -> impl Iterator<Item = (&'a Name, &'a Name, Metric)> {
    let flows = match input.outcome {
        Outcome::Measured(Measurement::Throughput(throughput)) => {
            super::flows(throughput, input.test.direction(), input.source, input.destination)
        }
        _ => vec![],
    };
    let judged = |f: &super::DirectedFlow<'_>| {
        let of = |j: &&Judgement| (&j.sender, &j.receiver) == (f.sender, f.receiver);
        judgements.iter().filter(of).any(|j| j.verdict != Verdict::None)
    };
    let lost = flows.into_iter().filter(move |f| f.flow.loss_ratio.is_some_and(|ratio| ratio > 0.0) && !judged(f));
    lost.map(|f| (f.sender, f.receiver, Metric::Loss))
}

/// How far beyond its threshold a cause is.
fn strength(cause: &Cause) -> f64 {
    match cause.kind {
        CauseKind::CpuStarved | CauseKind::ReceiveBuffer | CauseKind::SendQueue | CauseKind::ReceiveWindow => {
            cause.value / cause.threshold
        }
        CauseKind::Pacing => cause.threshold / cause.value.max(f64::MIN_POSITIVE),
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
fn receive_buffer(receiver: &Name, counters: Option<&EndCounters>) -> Option<Cause> {
    let udp = counters?.udp;
    let arrived = udp.in_datagrams.saturating_add(udp.receive_buffer_errors);
    let value = udp.receive_buffer_errors as f64 / arrived.max(1) as f64;
    let (kind, threshold) = (CauseKind::ReceiveBuffer, RECEIVE_BUFFER_RATIO);
    (value > threshold).then(|| Cause { kind, probe: receiver.clone(), value, threshold })
}

/// What the sender's own interface dropped, of the one that most was to leave by: that is the run's. Where the topology shapes
/// what the flow crosses, the queue may be the link itself, made at the sender; then only the device's drops are the host's.
#[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
fn send_queue(topology: &Topology, (sender, receiver): (&Name, &Name), counters: &EndCounters) -> Option<Cause> {
    let link_made = is_shaped(topology, sender, receiver);
    let queued = |i: &InterfaceGrowth| i.queue_dropped.unwrap_or(0);
    let to_leave = |i: &InterfaceGrowth| i.tx_packets.saturating_add(i.tx_dropped).saturating_add(queued(i));
    let own = counters.interfaces.iter().max_by_key(|i| to_leave(i))?;
    let dropped = own.tx_dropped.saturating_add(if link_made { 0 } else { queued(own) });
    let value = dropped as f64 / to_leave(own).max(1) as f64;
    let (kind, threshold) = (CauseKind::SendQueue, SEND_QUEUE_RATIO);
    (value > threshold).then(|| Cause { kind, probe: sender.clone(), value, threshold })
}

/// The window is the receiver's; the sender's sockets tell of it.
fn receive_window(receiver: &Name, at_sender: Option<&EndCounters>) -> Option<Cause> {
    let sockets = || at_sender.into_iter().flat_map(|c| &c.tcp);
    let busy: f64 = sockets().filter_map(|s| s.busy_seconds).sum();
    let limited: f64 = sockets().filter_map(|s| s.receive_window_limited_seconds).sum();
    let (value, threshold) = (if busy > 0.0 { limited / busy } else { 0.0 }, RECEIVE_WINDOW_RATIO);
    (value > threshold).then(|| Cause { kind: CauseKind::ReceiveWindow, probe: receiver.clone(), value, threshold })
}

/// Does the topology itself ask for less than `bits_per_second` between the two? Then a sender is held back by the link.
#[must_use]
pub fn is_shaped_below(topology: &Topology, sender: &Name, receiver: &Name, bits_per_second: f64) -> bool {
    let shaped = impairment(topology, sender, receiver).and_then(|(i, out)| i.rate_bits_per_second.toward(out));
    shaped.is_some_and(|rate| rate.as_f64() < bits_per_second)
}

/// Does the topology itself ask for a queue between the two?
fn is_shaped(topology: &Topology, sender: &Name, receiver: &Name) -> bool {
    impairment(topology, sender, receiver).is_some_and(|(i, out)| {
        i.rate_bits_per_second.toward(out).is_some()
            || i.delay_seconds.toward(out).is_some()
            || i.jitter_seconds.toward(out).is_some()
    })
}

/// What is asked of the link that is crossed, and which of its ways that is.
fn impairment<'t>(topology: &'t Topology, sender: &Name, receiver: &Name) -> Option<(&'t Impairment, bool)> {
    let crossing = topology.path(sender, receiver).link?;
    Some((&topology.links.get(&crossing.link)?.impair, crossing.forward))
}

/// A sender that sent clearly less than it was asked to.
fn pacing(input: &RunInput<'_>, sender: &Name, receiver: &Name) -> Option<Cause> {
    let Outcome::Measured(Measurement::Throughput(throughput)) = input.outcome else { return None };
    let flows = super::flows(throughput, input.test.direction(), input.source, input.destination);
    let flow = flows.into_iter().find(|f| (f.sender, f.receiver) == (sender, receiver))?.flow;
    let asked = input.test.rate()?.as_f64();
    if is_shaped_below(input.topology, sender, receiver, asked) {
        return None;
    }
    let (value, threshold) = (flow.sent_bits_per_second? / asked, SENT_RATIO);
    (value < threshold).then(|| Cause { kind: CauseKind::Pacing, probe: sender.clone(), value, threshold })
}

fn cpu_starved(probe: &Name, counters: &EndCounters) -> Option<Cause> {
    let value = counters.run_queue_wait_ratio.filter(|r| *r > CPU_STARVED_RATIO)?;
    Some(Cause { kind: CauseKind::CpuStarved, probe: probe.clone(), value, threshold: CPU_STARVED_RATIO })
}

/// What was seen, as a sentence without its full stop.
#[must_use]
pub fn explain(lang: Lang, cause: &Cause) -> String {
    let Cause { kind, probe, value, threshold } = cause;
    let (share, most) = (apart(lang, PERCENT, *value, *threshold, true), percent_whole(lang, *threshold));
    match kind {
        CauseKind::CpuStarved => say!(
            lang,
            "the tool on {probe} waited {share} of the time for a CPU (more than {most} cannot be trusted)",
            "la herramienta en {probe} esperó una CPU el {share} del tiempo (con más del {most} el resultado no es fiable)"
        ),
        CauseKind::ReceiveBuffer => {
            let (share, most) = (apart(lang, PERCENT, *value, *threshold, false), percent(lang, *threshold));
            say!(
                lang,
                "{probe} dropped {share} of the datagrams that had arrived, for want of room in its receive buffer (more than \
                 {most} is the host's loss)",
                "{probe} descartó el {share} de los datagramas que habían llegado, por falta de sitio en su búfer de recepción \
                 (más del {most} es pérdida del equipo)"
            )
        }
        CauseKind::SendQueue => {
            let (share, most) = (percent(lang, *value), percent(lang, *threshold));
            say!(
                lang,
                "{probe} dropped {share} of what was to leave by its own interface, before the link (more than {most} is the \
                 host's loss)",
                "{probe} descartó el {share} de lo que iba a salir por su propia interfaz, antes del enlace (más del {most} es \
                 pérdida del equipo)"
            )
        }
        CauseKind::ReceiveWindow => say!(
            lang,
            "TCP waited {share} of the time for the receive window of {probe} (more than {most} hides the link)",
            "TCP esperó el {share} del tiempo a la ventana de recepción de {probe} (más del {most} oculta el enlace)"
        ),
        CauseKind::Pacing => {
            let share = apart(lang, PERCENT, *value, *threshold, false);
            say!(
                lang,
                "{probe} sent {share} of what it was asked to (less than {most} is too little to tell)",
                "{probe} envió el {share} de lo que se le pidió (menos del {most} es demasiado poco para opinar)"
            )
        }
    }
}

/// What mends it.
#[must_use]
pub fn advice(lang: Lang, cause: &Cause) -> String {
    let probe = &cause.probe;
    match cause.kind {
        CauseKind::CpuStarved => say!(
            lang,
            "stop other work on the host of {probe} or give it more cores, then measure again",
            "detenga otras tareas en el equipo de {probe} o asígnele más núcleos y vuelva a medir"
        ),
        CauseKind::ReceiveBuffer => say!(
            lang,
            "raise `net.core.rmem_max` on the host of {probe} and the test's `window`, then measure again",
            "suba `net.core.rmem_max` en el equipo de {probe} y el `window` de la prueba, y vuelva a medir"
        ),
        CauseKind::SendQueue => say!(
            lang,
            "see `tc -s qdisc` on the host of {probe} and lift what its interface is held to, or ask for a rate that it can \
             carry, then measure again",
            "vea `tc -s qdisc` en el equipo de {probe} y suba lo que limita su interfaz, o pida una tasa que pueda llevar, y \
             vuelva a medir"
        ),
        CauseKind::ReceiveWindow => say!(
            lang,
            "raise `net.ipv4.tcp_rmem` on the host of {probe} or leave the test's `window` out, then measure again",
            "suba `net.ipv4.tcp_rmem` en el equipo de {probe} o quite el `window` de la prueba, y vuelva a medir"
        ),
        CauseKind::Pacing => say!(
            lang,
            "stop other work on the host of {probe}, or ask for a rate that it can send, then measure again",
            "detenga otras tareas en el equipo de {probe}, o pida una tasa que pueda enviar, y vuelva a medir"
        ),
    }
}
