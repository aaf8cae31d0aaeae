//! Reasons as sentences without their full stop, in the reader's language.

use super::cause::{advice, explain};
use crate::domain::campaign::Metric;
use crate::domain::group::Pair;
use crate::domain::reason::{Account, Fault, Reason, Shown, SkipReason};
use crate::domain::run::Run;
use crate::domain::verdict::{Assessment, Judgement, Verdict};
use crate::i18n::{Lang, say, sentences};
use crate::stats::numbers::{self, BYTES, PERCENT, Scale};

/// What the run came to: `76.2 Mbit/s is 76 % of the contracted 100 Mbit/s, below the 90 % that fails`.
#[must_use]
pub fn account(lang: Lang, assessment: &Assessment) -> String {
    match &assessment.reason {
        Account::Failed(fault) => {
            let fault = failed(lang, fault);
            say!(lang, "nothing was measured: {fault}", "no se midió nada: {fault}")
        }
        Account::Skipped(why) => {
            let why = skipped(lang, why);
            say!(lang, "not started: {why}", "no iniciada: {why}")
        }
        Account::Instrument(figures) => instrument(lang, assessment, figures),
        Account::Judgements { both_ways } => {
            let telling = assessment.judgements.iter().filter(|j| j.verdict == assessment.verdict).map(|j| {
                let reason = judgement_reason(lang, j);
                if *both_ways { format!("{} → {}: {reason}", j.sender, j.receiver) } else { reason }
            });
            telling.collect::<Vec<_>>().join("; ")
        }
        Account::PathShown => lang.word("a path is shown, not judged", "una ruta se muestra, no se evalúa").to_owned(),
        Account::ConnectionsShown => lang
            .word("times of connections are shown, not judged", "los tiempos de conexión se muestran, no se evalúan")
            .to_owned(),
        Account::NothingExpected => lang
            .word(
                "nothing was expected: no contract covers this path and the campaign sets no limit for it",
                "no se esperaba nada: ningún contrato cubre esta ruta y la campaña no le fija ningún límite",
            )
            .to_owned(),
        Account::Text(text) => sentences::told(lang, text),
    }
}

fn instrument(lang: Lang, assessment: &Assessment, figures: &[Shown]) -> String {
    let shown = |figure: &Shown| match figure {
        Shown::BitsPerSecond(rate) => numbers::rate(lang, *rate).to_string(),
        Shown::Seconds(time) => numbers::time(lang, *time).to_string(),
        Shown::Ping => lang.word("the ping", "el ping").to_owned(),
        Shown::Path => lang.word("the path", "la ruta").to_owned(),
        Shown::Connections => lang.word("the connections", "las conexiones").to_owned(),
    };
    let many = figures.len() != 1 || matches!(figures, [Shown::Connections]);
    let figures = figures.iter().map(shown).collect::<Vec<_>>().join(lang.word(" and ", " y "));
    let says = match many {
        false => say!(lang, "{figures} says nothing about the link", "{figures} no dice nada del enlace"),
        true => say!(lang, "{figures} say nothing about the link", "{figures} no dicen nada del enlace"),
    };
    let Some(cause) = assessment.causes.first() else { return says };
    let (seen, mend) = (explain(lang, cause), advice(lang, cause));
    say!(lang, "{seen}, so {says}; {mend}", "{seen}, así que {says}; {mend}")
}

/// Why a run was not started.
#[must_use]
pub fn skipped(lang: Lang, why: &SkipReason) -> String {
    match why {
        SkipReason::NoContractedRate { test } => say!(
            lang,
            "`{test}` takes its rate from the contract, and no link with a contract lies on this path",
            "`{test}` toma su tasa del contrato y en esta ruta no hay ningún enlace con contrato"
        ),
        SkipReason::BehindNat { probe } => say!(
            lang,
            "{probe} is behind NAT and nothing can connect to it: run this from {probe}, with `direction: reverse` for what it \
             would receive",
            "{probe} está detrás de NAT y nada puede conectarse a ella: haga esta prueba desde {probe}, con \
             `direction: reverse` para lo que recibiría"
        ),
        SkipReason::NoSession { probe: Some(probe) } => {
            say!(lang, "probe {probe} has no session", "la sonda {probe} no tiene sesión")
        }
        SkipReason::NoSession { probe: None } => {
            lang.word("a probe has no session", "una de las sondas no tiene sesión").to_owned()
        }
        SkipReason::Unreachable { pair, fault } => cannot_reach(lang, pair, &sentences::told(lang, fault)),
        SkipReason::Text(text) => sentences::told(lang, text),
    }
}

/// The source of `pair` does not reach its destination, for `fault`.
#[must_use]
pub fn cannot_reach(lang: Lang, pair: &Pair, fault: &str) -> String {
    let Pair { source, destination } = pair;
    say!(lang, "{source} cannot reach {destination}: {fault}", "{source} no alcanza a {destination}: {fault}")
}

/// Why a run that was started brought nothing.
#[must_use]
pub fn failed(lang: Lang, fault: &Fault) -> String {
    match fault {
        Fault::NeverStarted => lang.word("the client was never started", "el cliente no llegó a iniciarse").to_owned(),
        Fault::Cut { how, fault } => format!("{}; {}", sentences::told(lang, how), failed(lang, fault)),
        Fault::Noted { fault, note } => format!("{}; {}", failed(lang, fault), sentences::told(lang, note)),
        Fault::LostGreeting { how } => {
            let how = sentences::told(lang, how);
            say!(
                lang,
                "{how}; iperf3 greets its server with one UDP datagram, which a lossy link may have lost: run it again",
                "{how}; iperf3 saluda a su servidor con un único datagrama UDP, que un enlace con pérdidas pudo perder: \
                 repita la prueba"
            )
        }
        Fault::Text(text) => sentences::told(lang, text),
    }
}

/// Why a run brought no measurement, without what the status says already.
#[must_use]
pub fn no_measurement(lang: Lang, run: &Run) -> String {
    match (&run.assessment.reason, &run.error) {
        (Account::Failed(fault), _) => failed(lang, fault),
        (Account::Skipped(why), _) => skipped(lang, why),
        (_, Some(error)) => sentences::told(lang, error),
        (_, None) => account(lang, &run.assessment),
    }
}

/// Why an expectation came to its verdict.
#[must_use]
pub fn judgement_reason(lang: Lang, judgement: &Judgement) -> String {
    reason(lang, judgement, &judgement.reason)
}

fn reason(lang: Lang, judgement: &Judgement, why: &Reason) -> String {
    let Judgement { metric, sender, receiver, .. } = judgement;
    match why {
        Reason::NoContract => {
            let what = match metric {
                Metric::Throughput => lang.word("the throughput", "el caudal"),
                Metric::Rtt => lang.word("the round-trip time", "el tiempo de ida y vuelta"),
                Metric::Jitter => lang.word("the jitter", "el jitter"),
                Metric::Loss => lang.word("the loss", "la pérdida"),
                Metric::Mtu => lang.word("the path MTU", "la MTU de la ruta"),
            };
            say!(
                lang,
                "no contract covers {what} from {sender} to {receiver}",
                "ningún contrato cubre {what} de {sender} a {receiver}"
            )
        }
        Reason::NoFigure => {
            let what = noun(lang, *metric);
            say!(lang, "the tool gave no {what}", "la herramienta no dio ningún dato de {what}")
        }
        Reason::Unanswered => lang
            .word(
                "no echo request was answered, so there is no round-trip time to accept",
                "ninguna solicitud de eco tuvo respuesta, así que no hay tiempo de ida y vuelta que aceptar",
            )
            .to_owned(),
        Reason::Dead { requests } => {
            let requests = usize::try_from(*requests).unwrap_or(usize::MAX);
            let requests =
                lang.counted(requests, ["echo request", "echo requests"], ["solicitud de eco", "solicitudes de eco"]);
            say!(
                lang,
                "none of {requests} was answered, and the path has a contract",
                "{requests} sin respuesta, y la ruta tiene contrato"
            )
        }
        Reason::OfferedTooLittle { offered_bits_per_second: offered, limit_bits_per_second: least } => {
            let least = numbers::rate(lang, *least);
            match offered.map(|rate| numbers::rate_exact(lang, rate)) {
                Some(offered) => say!(
                    lang,
                    "only {offered} were offered, not clearly more than the limit of {least}: such a test cannot show whether \
                     the rate is there",
                    "solo se ofrecieron {offered}, no claramente más que el límite de {least}: una prueba así no puede mostrar si \
                     la tasa está disponible"
                ),
                None => say!(
                    lang,
                    "no rate was asked of the sender, so the limit of {least} cannot be judged",
                    "no se pidió ninguna tasa al emisor, así que el límite de {least} no se puede evaluar"
                ),
            }
        }
        Reason::TooFewPackets { .. } => {
            let why = too_few(lang, why).unwrap_or_default();
            say!(lang, "not judged: {why}", "sin evaluar: {why}")
        }
        Reason::Limit { .. } => limit(lang, judgement, why),
        Reason::HeldBack { reason: inner, sent_bits_per_second: sent, asked_bits_per_second: asked } => {
            let (inner, sent) = (reason(lang, judgement, inner), sent_short_text(lang, *sent, *asked));
            say!(
                lang,
                "{inner}; {sender} {sent}, held back by its host or a shaper on it",
                "{inner}; {sender} {sent}, frenado por su equipo o por un limitador en él"
            )
        }
        Reason::BothWays { reason: inner } => {
            let inner = reason(lang, judgement, inner);
            say!(
                lang,
                "{inner}; not judged: with data both ways at once TCP may fall so short of a link that keeps its contract",
                "{inner}; sin evaluar: con datos en ambos sentidos a la vez, TCP puede quedarse así de corto en un enlace que cumple \
                 su contrato"
            )
        }
        Reason::Stalled { seconds, of_seconds } => {
            let (seconds, whole) = (numbers::time(lang, *seconds), numbers::time(lang, *of_seconds));
            say!(
                lang,
                "nothing passed from {sender} to {receiver} for {seconds} of the {whole} that the test took",
                "no pasó nada de {sender} a {receiver} durante {seconds} de los {whole} que duró la prueba"
            )
        }
        Reason::BlackHole { reason: inner } => {
            let inner = reason(lang, judgement, inner);
            say!(
                lang,
                "{inner}; larger packets vanish without a word, so that connections over this path may hang",
                "{inner}; los paquetes mayores desaparecen sin aviso, así que las conexiones por esta ruta pueden quedarse \
                 colgadas"
            )
        }
        Reason::Text(text) => sentences::told(lang, text),
    }
}

/// `1 packet is too few to tell a loss of 0.1 %`; `None` for another reason.
#[must_use]
pub fn too_few(lang: Lang, why: &Reason) -> Option<String> {
    let Reason::TooFewPackets { packets, limit_ratio } = why else { return None };
    let n = usize::try_from(*packets).unwrap_or(usize::MAX);
    let few = lang.counted(
        n,
        ["packet is too few", "packets are too few"],
        ["paquete es demasiado poco", "paquetes son demasiado pocos"],
    );
    let loss = PERCENT.exact(lang, *limit_ratio);
    Some(say!(lang, "{few} to tell a loss of {loss}", "{few} para apreciar una pérdida del {loss}"))
}

/// `sent 76.2 of the 95.0 Mbit/s asked`, or `sent 768 Mbit/s of the 10.5 Gbit/s asked`.
#[must_use]
pub fn sent_short_text(lang: Lang, sent: f64, asked: f64) -> String {
    let (sent, asked) = (numbers::rate_of(lang, sent, asked), numbers::rate(lang, asked));
    say!(lang, "sent {sent} of the {asked} asked", "envió {sent} de los {asked} pedidos")
}

fn limit(lang: Lang, judgement: &Judgement, why: &Reason) -> String {
    let Reason::Limit { limit, share, usual, packets } = why else { return String::new() };
    let Judgement { metric, verdict, measured, contracted, .. } = judgement;
    let (metric, limit, value) = (*metric, *limit, measured.unwrap_or(f64::NAN));
    let missed = *verdict != Verdict::Pass;
    let lower = metric.lower_is_worse();
    let measured = measured_text(lang, metric, value, limit, *packets);
    let effect = match verdict {
        Verdict::Fail => lang.word("that fails", "que marca el incumplimiento"),
        _ => lang.word("that warns", "que marca el aviso"),
    };
    let side = match lower {
        true => lang.word("below", "por debajo"),
        false => lang.word("over", "por encima"),
    };
    match (*share, *contracted) {
        (Some(share), Some(contract)) if !(contract == 0.0 || (share == 1.0 && metric != Metric::Throughput)) => {
            let of = numbers::apart(lang, PERCENT, judgement.as_contracted(value) / contract, share, true);
            let measured = match judgement.with_headers {
                Some(whole) => {
                    let whole = numbers::rate_of(lang, whole, value);
                    say!(lang, "{measured} ({whole} with headers)", "{measured} ({whole} con cabeceras)")
                }
                None => measured,
            };
            let limit = PERCENT.exact(lang, share);
            let judged = match (missed, lower, usual) {
                (true, ..) => say!(lang, "{side} the {limit} {effect}", "{side} del {limit} {effect}"),
                (false, true, false) => say!(lang, "at least the {limit} expected", "al menos el {limit} esperado"),
                (false, true, true) => say!(lang, "at least the usual {limit}", "al menos el {limit} habitual"),
                (false, false, _) => say!(lang, "within the {limit} allowed", "dentro del {limit} permitido"),
            };
            let contract = exact(lang, metric, contract);
            match (lang, lower) {
                (Lang::En, _) => format!("{measured} is {of} of the contracted {contract}, {judged}"),
                (Lang::Es, true) => format!("{measured} son el {of} de los {contract} contratados, {judged}"),
                (Lang::Es, false) => format!("{measured} es el {of} de lo contratado ({contract}), {judged}"),
            }
        }
        (Some(_), Some(contract)) => {
            let contract = exact(lang, metric, contract);
            match (missed, lower) {
                (true, _) => say!(
                    lang,
                    "{measured} is {side} the contracted {contract}",
                    "{measured} está {side} de lo contratado ({contract})"
                ),
                (false, true) => say!(
                    lang,
                    "{measured} is at least the contracted {contract}",
                    "{measured} alcanza lo contratado ({contract})"
                ),
                (false, false) => say!(
                    lang,
                    "{measured} is within the contracted {contract}",
                    "{measured} está dentro de lo contratado ({contract})"
                ),
            }
        }
        _ => {
            let limit = exact(lang, metric, limit);
            match (missed, lower) {
                (true, _) => say!(
                    lang,
                    "{measured} is {side} the {limit} {effect}",
                    "{measured} está {side} del límite de {limit} {effect}"
                ),
                (false, true) => say!(
                    lang,
                    "{measured} is at least the expected {limit}",
                    "{measured} alcanza el mínimo esperado de {limit}"
                ),
                (false, false) => say!(
                    lang,
                    "{measured} is within the {limit} allowed",
                    "{measured} está dentro del límite permitido de {limit}"
                ),
            }
        }
    }
}

const fn noun(lang: Lang, metric: Metric) -> &'static str {
    match metric {
        Metric::Throughput => lang.word("throughput", "caudal"),
        Metric::Rtt => lang.word("round-trip time", "tiempo de ida y vuelta"),
        Metric::Jitter => lang.word("jitter", "jitter"),
        Metric::Loss => lang.word("loss", "pérdida"),
        Metric::Mtu => lang.word("path MTU", "MTU de la ruta"),
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

fn exact(lang: Lang, metric: Metric, value: f64) -> String {
    scale(metric, value).exact(lang, value).to_string()
}

fn measured_text(lang: Lang, metric: Metric, value: f64, bound: f64, packets: Option<(u64, u64)>) -> String {
    let figure = numbers::apart(lang, scale(metric, value), value, bound, false);
    let detail = packets.map_or_else(String::new, |(lost, sent)| {
        let (lost, sent) = (lang.count(lost), lang.count(sent));
        say!(lang, " ({lost} of {sent} packets)", " ({lost} de {sent} paquetes)")
    });
    match metric {
        Metric::Throughput => figure.to_string(),
        Metric::Rtt => say!(lang, "a mean round trip of {figure}", "un tiempo medio de ida y vuelta de {figure}"),
        Metric::Jitter => say!(lang, "a jitter of {figure}", "un jitter de {figure}"),
        Metric::Loss => say!(lang, "a loss of {figure}{detail}", "una pérdida del {figure}{detail}"),
        Metric::Mtu => {
            let size = BYTES.exact(lang, value);
            say!(lang, "a path MTU of {size}", "una MTU de la ruta de {size}")
        }
    }
}
