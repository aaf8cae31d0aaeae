//! The words of a comparison, the same in every form.

use super::{Comparison, Key, Partial, Quantity, Row, Side, State, Value, Weight};
use crate::domain::campaign::Metric;
use crate::domain::test::Direction;
use crate::stats::numbers::{self, Figure, PERCENT, counted};

pub(super) const TITLE: &str = "Comparison";
pub(super) const REMARKS: &str = "What else differs";
pub(super) const CHANGES: &str = "Verdicts that changed";
pub(super) const NO_CHANGES: &str = "No verdict changed.";
pub(super) const FIGURES: &str = "Figures side by side";
pub(super) const FIGURES_LEAD: &str = "Medians of the valid runs, the change against A. A change is beyond the noise where the 95 % intervals of both \
                                       medians are apart, which takes at least 6 runs on each side; of fewer runs nothing is said.";
pub(super) const ONLY: &str = "Not in every campaign run";
const NOT_COMPARABLE: &str = "not comparable";

fn figure(quantity: Quantity, value: f64) -> Figure {
    match quantity {
        Quantity::Throughput => numbers::rate(value),
        Quantity::RoundTrip | Quantity::Jitter | Quantity::ConnectTime => numbers::time(value),
        Quantity::Loss => numbers::percent(value),
        Quantity::PathMtu => Figure { number: format!("{value:.0}"), unit: "B" },
    }
}

/// The quantity in words.
pub(super) const fn quantity(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Throughput => "throughput",
        Quantity::RoundTrip => "round trip",
        Quantity::Jitter => "jitter",
        Quantity::Loss => "loss",
        Quantity::ConnectTime => "time to connect",
        Quantity::PathMtu => "path MTU",
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
fn course(quantity: Quantity, values: &[Option<f64>]) -> Option<String> {
    let figures: Vec<Option<Figure>> = values.iter().map(|v| v.map(|v| figure(quantity, v))).collect();
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
    key: &Key,
    metric: Metric,
    verdicts: &[Option<State>],
    measured: &[Option<f64>],
    differing: &[String],
) -> String {
    let words: Vec<&str> = verdicts.iter().map(|v| v.map_or("–", State::word)).collect();
    let figures = course(of_metric(metric), measured).map_or_else(String::new, |c| format!(", {c}"));
    let caveat =
        if differing.is_empty() { String::new() } else { format!("; {NOT_COMPARABLE}: {}", differing.join(", ")) };
    let (ends, test, of) = (ends(key), test(key), quantity(of_metric(metric)));
    format!("{ends}: {}{figures} ({test}, {of}){caveat}", words.join(" → "))
}

pub(super) fn not_comparable(reason: &str, flows: usize) -> String {
    format!("Not comparable in {}: {reason}", counted(flows, "flow", "flows"))
}

/// `A  check@…, 24 November 2026, 12:00:00 UTC, topology x, campaign y`.
pub(super) fn side(side: &Side) -> String {
    let when = side.started.format("%-d %B %Y, %H:%M:%S UTC");
    let metadata = [&side.metadata.customer, &side.metadata.circuit_id, &side.metadata.engineer, &side.metadata.note];
    let metadata: String = metadata.into_iter().flatten().map(|text| format!(", {text}")).collect();
    format!("{}, {when}, topology {}, campaign {}{metadata}", side.campaign_run, side.topology, side.campaign)
}

/// The median and, of several runs, their range and number.
pub(super) fn value(of: Quantity, value: Option<&Value>) -> String {
    let Some(Value { figures, .. }) = value else { return "–".to_owned() };
    let middle = figure(of, figures.median);
    if figures.runs == 1 {
        return middle.to_string();
    }
    let (low, high) = (figure(of, figures.min), figure(of, figures.max));
    format!("{middle} ({low} to {high}, {} runs)", figures.runs)
}

/// How much it changed, and what that is worth.
pub(super) fn growth(row: &Row, value: Option<&Value>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    if !row.not_comparable.is_empty() {
        return NOT_COMPARABLE.to_owned();
    }
    let weight = match value.weight {
        Some(Weight::BeyondNoise) => "beyond the noise",
        Some(Weight::WithinNoise) => "within the noise",
        Some(Weight::OneRunEach) => "one run each",
        Some(Weight::TooFewRuns) => "too few runs to tell",
        None => return "–".to_owned(),
    };
    let change = value.change_ratio.map_or_else(
        || "from zero".to_owned(),
        |ratio| {
            let text = PERCENT.round(ratio.abs(), 2).to_string();
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
pub(super) fn partial(partial: &Partial) -> String {
    format!("{}, {}: only in {}", ends(&partial.key), test(&partial.key), partial.only_in.join(", "))
}

impl Comparison {
    /// The heads of the table of figures.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns = vec!["from → to".to_owned(), "test".to_owned(), "figure".to_owned()];
        for (index, side) in self.compared.iter().enumerate() {
            columns.push(side.letter.clone());
            if index > 0 {
                columns.push(format!("{} against A", side.letter));
            }
        }
        columns
    }

    /// The cells of a row of it.
    pub(super) fn cells(row: &Row) -> Vec<String> {
        let mut cells = vec![ends(&row.key), test(&row.key), quantity(row.quantity).to_owned()];
        for (index, side) in row.sides.iter().enumerate() {
            cells.push(value(row.quantity, side.as_ref()));
            if index > 0 {
                cells.push(growth(row, side.as_ref()));
            }
        }
        cells
    }
}
