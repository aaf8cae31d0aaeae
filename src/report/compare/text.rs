//! The words of a comparison, the same in every form.

use super::{Comparison, Key, Partial, Quantity, Row, Side, State, Value, Weight};
use crate::domain::campaign::Metric;
use crate::domain::test::Direction;
use crate::i18n::{Lang, say};
use crate::report::redact;
use crate::stats::numbers::{self, Figure, PERCENT};

/// Headings and lead.
impl Comparison {
    pub(super) const fn title(&self) -> &'static str {
        self.lang.word("Comparison", "Comparación")
    }

    pub(super) const fn remarks_head(&self) -> &'static str {
        self.lang.word("What else differs", "Qué más difiere")
    }

    pub(super) const fn changes_head(&self) -> &'static str {
        self.lang.word("Verdicts that changed", "Veredictos que cambiaron")
    }

    /// Why there is no verdict that changed: where nothing can be compared, that is no good news.
    pub(super) fn no_changes(&self) -> &'static str {
        if !self.shared().is_empty() {
            return self.lang.word("No verdict changed.", "Ningún veredicto cambió.");
        }
        let apart = |partial: &Partial| partial.only_in.len() == 1;
        if !self.only_in_some.is_empty() && self.only_in_some.iter().all(apart) {
            return self.lang.word(
                "Nothing here can be compared: no two of the campaign runs have a flow in common, which is the same ends, test \
                 and direction.",
                "Aquí no se puede comparar nada: no hay dos campañas ejecutadas con un flujo en común, es decir, con los mismos \
                 extremos, prueba y sentido.",
            );
        }
        self.lang.word(
            "Nothing here can be compared: of the flows that the campaign runs have in common, none was measured in two of them.",
            "Aquí no se puede comparar nada: de los flujos que las campañas ejecutadas tienen en común, ninguno se midió en dos.",
        )
    }

    pub(super) const fn figures_head(&self) -> &'static str {
        self.lang.word("Figures side by side", "Cifras lado a lado")
    }

    pub(super) const fn figures_lead(&self) -> &'static str {
        self.lang.word(
            "Medians of the valid runs, the change against A. A change is beyond the noise where the 95 % intervals of both \
             medians are apart, which takes at least 6 runs on each side; of fewer runs nothing is said.",
            "Medianas de las pruebas válidas y el cambio respecto a A. Un cambio supera el ruido cuando los intervalos del 95 % \
             de ambas medianas no se tocan, para lo que hacen falta al menos 6 pruebas por lado; de menos no se afirma nada.",
        )
    }

    pub(super) const fn only_head(&self) -> &'static str {
        self.lang.word("Not in every campaign run", "No están en todas las campañas ejecutadas")
    }
}

const fn not_comparable_word(lang: Lang) -> &'static str {
    lang.word("not comparable", "no comparable")
}

fn figure(lang: Lang, quantity: Quantity, value: f64) -> Figure {
    match quantity {
        Quantity::Throughput => numbers::rate(lang, value),
        Quantity::RoundTrip | Quantity::Jitter | Quantity::ConnectTime => numbers::time(lang, value),
        Quantity::Loss => numbers::percent(lang, value),
        Quantity::PathMtu => Figure { number: format!("{value:.0}"), unit: "B" },
    }
}

/// The quantity in words.
pub(super) const fn quantity(lang: Lang, quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Throughput => lang.metric(Metric::Throughput),
        Quantity::RoundTrip => lang.word("round trip", "ida y vuelta"),
        Quantity::Jitter => lang.metric(Metric::Jitter),
        Quantity::Loss => lang.metric(Metric::Loss),
        Quantity::ConnectTime => lang.word("time to connect", "tiempo de conexión"),
        Quantity::PathMtu => lang.word("path MTU", "MTU de la ruta"),
    }
}

const fn of_metric(metric: Metric) -> Quantity {
    match metric {
        Metric::Throughput => Quantity::Throughput,
        Metric::Rtt => Quantity::RoundTrip,
        Metric::Jitter => Quantity::Jitter,
        Metric::Loss => Quantity::Loss,
        Metric::Mtu => Quantity::PathMtu,
    }
}

/// `m1 → s1`.
pub(super) fn ends(key: &Key) -> String {
    format!("{} → {}", key.sender, key.receiver)
}

/// `tcp ←`.
pub(super) fn test(key: &Key) -> String {
    let way = match key.direction {
        Direction::Forward => "",
        Direction::Reverse => " ←",
        Direction::Bidirectional => " ↔",
    };
    format!("{}{way}", key.test)
}

/// `96 → 76.2 Mbit/s`: the unit once where it is the same.
fn course(lang: Lang, quantity: Quantity, values: &[Option<f64>]) -> Option<String> {
    let figures: Vec<Option<Figure>> = values.iter().map(|v| v.map(|v| figure(lang, quantity, v))).collect();
    let last = figures.iter().rev().flatten().next()?.unit;
    let alike = figures.iter().flatten().all(|f| f.unit == last);
    let told: Vec<String> = figures
        .iter()
        .map(|f| match f {
            None => "–".to_owned(),
            Some(f) if alike => f.number.clone(),
            Some(f) => f.to_string(),
        })
        .collect();
    Some(format!("{}{}", told.join(" → "), if alike { format!(" {last}") } else { String::new() }))
}

/// `office → workshop: pass → fail, 96.0 → 76.2 Mbit/s (tcp, throughput)`.
pub(super) fn change(
    lang: Lang,
    key: &Key,
    metric: Metric,
    verdicts: &[Option<State>],
    measured: &[Option<f64>],
    differing: &[String],
) -> String {
    let words: Vec<&str> = verdicts.iter().map(|v| v.map_or("–", |state| state.word(lang))).collect();
    let figures = course(lang, of_metric(metric), measured).map_or_else(String::new, |c| format!(", {c}"));
    let caveat = if differing.is_empty() {
        String::new()
    } else {
        format!("; {}: {}", not_comparable_word(lang), differing.join(", "))
    };
    let (ends, test, of) = (ends(key), test(key), quantity(lang, of_metric(metric)));
    format!("{ends}: {}{figures} ({test}, {of}){caveat}", words.join(" → "))
}

pub(super) fn not_comparable(lang: Lang, reason: &str, flows: usize) -> String {
    let flows = lang.counted(flows, ["flow", "flows"], ["flujo", "flujos"]);
    say!(lang, "Not comparable in {flows}: {reason}", "No comparable en {flows}: {reason}")
}

/// `A  check@…, 24 November 2026, 12:00:00 UTC, topology x, campaign y`.
pub(super) fn side(lang: Lang, side: &Side) -> String {
    let when = lang.moment(side.started);
    let metadata = [&side.metadata.customer, &side.metadata.circuit_id, &side.metadata.engineer, &side.metadata.note];
    let told = |text: &String| format!(", {}", redact::told(lang, text));
    let metadata: String = metadata.into_iter().flatten().map(told).collect();
    let Side { campaign_run: id, topology, campaign, .. } = side;
    say!(
        lang,
        "{id}, {when}, topology {topology}, campaign {campaign}{metadata}",
        "{id}, {when}, topología {topology}, campaña {campaign}{metadata}"
    )
}

/// The median and, of several runs, their range and number.
pub(super) fn value(lang: Lang, of: Quantity, value: Option<&Value>) -> String {
    let Some(Value { figures, .. }) = value else { return "–".to_owned() };
    let middle = figure(lang, of, figures.median);
    if figures.runs == 1 {
        return middle.to_string();
    }
    let (low, high) = (figure(lang, of, figures.min), figure(lang, of, figures.max));
    let runs = figures.runs;
    say!(lang, "{middle} ({low} to {high}, {runs} runs)", "{middle} ({low} a {high}, {runs} pruebas)")
}

/// How much it changed, and what that is worth.
pub(super) fn growth(lang: Lang, row: &Row, value: Option<&Value>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    if !row.not_comparable.is_empty() {
        return not_comparable_word(lang).to_owned();
    }
    let weight = match value.weight {
        Some(Weight::BeyondNoise) => lang.word("beyond the noise", "supera el ruido"),
        Some(Weight::WithinNoise) => lang.word("within the noise", "dentro del ruido"),
        Some(Weight::OneRunEach) => lang.word("one run each", "una prueba por lado"),
        Some(Weight::TooFewRuns) => lang.word("too few runs to tell", "demasiado pocas pruebas para opinar"),
        None => return "–".to_owned(),
    };
    // A share of nothing is no number: from zero to zero nothing changed.
    let still = (value.figures.median == 0.0).then_some(0.0);
    let change = value.change_ratio.or(still).map_or_else(
        || lang.word("from zero", "desde cero").to_owned(),
        |ratio| {
            let text = PERCENT.round(lang, ratio.abs(), 2).to_string();
            let sign = if ratio > 0.0 {
                "+"
            } else if ratio < 0.0 {
                "−"
            } else {
                "±"
            };
            format!("{sign}{text}")
        },
    );
    format!("{change}, {weight}")
}

/// `m1 → s1, tcp: only in A`.
pub(super) fn partial(lang: Lang, partial: &Partial) -> String {
    let (ends, test, letters) = (ends(&partial.key), test(&partial.key), partial.only_in.join(", "));
    say!(lang, "{ends}, {test}: only in {letters}", "{ends}, {test}: solo en {letters}")
}

impl Comparison {
    /// The heads of the table of figures.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns = vec![
            self.lang.word("from → to", "de → a").to_owned(),
            self.lang.word("test", "prueba").to_owned(),
            self.lang.word("figure", "cifra").to_owned(),
        ];
        for (index, side) in self.compared.iter().enumerate() {
            columns.push(side.letter.clone());
            if index > 0 {
                let letter = &side.letter;
                columns.push(say!(self.lang, "{letter} against A", "{letter} respecto a A"));
            }
        }
        columns
    }

    /// The cells of a row of it.
    pub(super) fn cells(&self, row: &Row) -> Vec<String> {
        let mut cells = vec![ends(&row.key), test(&row.key), quantity(self.lang, row.quantity).to_owned()];
        for (index, side) in row.sides.iter().enumerate() {
            cells.push(value(self.lang, row.quantity, side.as_ref()));
            if index > 0 {
                cells.push(growth(self.lang, row, side.as_ref()));
            }
        }
        cells
    }
}
