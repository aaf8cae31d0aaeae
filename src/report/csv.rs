//! The campaign run as CSV (RFC 4180): a row for each run and flow, in SI units, the unit in the name of the column.

use crate::domain::campaign::Metric;
use crate::domain::measurement::{ConnectTimes, Flow, HopPath, Measurement, PathMtuFound, RoundTrip};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run};
use crate::domain::test::Direction;
use crate::i18n::Lang;
use crate::verdict::account;
use crate::verdict::flows;

/// A column: its name, and what stands there.
type Column = (&'static str, fn(&Row<'_>) -> Option<String>);

/// One flow of one run.
struct Row<'a> {
    campaign_run: &'a CampaignRun,
    run: &'a Run,
    sender: &'a Name,
    receiver: &'a Name,
    flow: Option<&'a Flow>,
}

impl Row<'_> {
    const fn ping(&self) -> Option<&RoundTrip> {
        match &self.run.measurement {
            Some(Measurement::RoundTrip(ping)) => Some(ping),
            _ => None,
        }
    }

    const fn path(&self) -> Option<&HopPath> {
        match &self.run.measurement {
            Some(Measurement::Path(path)) => Some(path),
            _ => None,
        }
    }

    const fn path_mtu(&self) -> Option<&PathMtuFound> {
        match &self.run.measurement {
            Some(Measurement::PathMtu(found)) => Some(found),
            _ => None,
        }
    }

    const fn connect(&self) -> Option<&ConnectTimes> {
        match &self.run.measurement {
            Some(Measurement::Connect(times)) => Some(times),
            _ => None,
        }
    }

    fn throughput<T: ToString>(
        &self,
        of: impl Fn(&crate::domain::measurement::Throughput) -> Option<T>,
    ) -> Option<String> {
        match &self.run.measurement {
            Some(Measurement::Throughput(t)) => of(t).map(|v| v.to_string()),
            _ => None,
        }
    }

    fn flow<T: ToString>(&self, of: impl Fn(&Flow) -> Option<T>) -> Option<String> {
        of(self.flow?).map(|v| v.to_string())
    }

    /// The verdict on `metric` of this flow.
    fn verdict(&self, metric: Metric) -> Option<String> {
        let own = |j: &&crate::domain::verdict::Judgement| {
            j.metric == metric && j.sender == *self.sender && j.receiver == *self.receiver
        };
        self.run.assessment.judgements.iter().find(own).map(|j| j.verdict.to_string())
    }
}

fn text(value: &impl ToString) -> Option<String> {
    Some(value.to_string())
}

/// A number as it is: all its digits, never an exponent.
fn number(value: Option<f64>) -> Option<String> {
    value.filter(|v| v.is_finite()).map(|v| v.to_string())
}

/// The header, in this order. A column may be added at the end; none changes its meaning.
const COLUMNS: [Column; 56] = [
    ("campaign_run", |r| text(&r.campaign_run.header.id)),
    ("topology", |r| text(&r.campaign_run.header.topology)),
    ("campaign", |r| text(&r.campaign_run.header.campaign)),
    ("customer", |r| r.campaign_run.topology.metadata.customer.clone()),
    ("circuit_id", |r| r.campaign_run.topology.metadata.circuit_id.clone()),
    ("engineer", |r| r.campaign_run.topology.metadata.engineer.clone()),
    ("note", |r| r.campaign_run.topology.metadata.note.clone()),
    ("run", |r| text(&r.run.id)),
    ("repetition", |r| text(&r.run.repetition)),
    ("test", |r| text(&r.run.test)),
    ("tool", |r| text(&r.run.tool())),
    ("source", |r| text(&r.run.source)),
    ("destination", |r| text(&r.run.destination)),
    ("direction", |r| text(&r.run.direction())),
    ("sender", |r| text(r.sender)),
    ("receiver", |r| text(r.receiver)),
    ("link", |r| r.run.path.link.as_ref().map(|c| c.link.to_string())),
    ("started", |r| Some(r.run.started.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))),
    ("ended", |r| Some(r.run.ended.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))),
    ("status", |r| text(&r.run.status.as_str())),
    ("verdict", |r| text(&r.run.assessment.verdict)),
    ("reason", |r| text(&account(Lang::En, &r.run.assessment))),
    ("error", |r| r.run.error.clone()),
    ("throughput_verdict", |r| r.verdict(Metric::Throughput)),
    ("rtt_verdict", |r| r.verdict(Metric::Rtt)),
    ("jitter_verdict", |r| r.verdict(Metric::Jitter)),
    ("loss_verdict", |r| r.verdict(Metric::Loss)),
    ("mtu_verdict", |r| r.verdict(Metric::Mtu)),
    ("protocol", |r| r.run.specification.protocol().map(|p| format!("{p:?}").to_lowercase())),
    ("streams", |r| r.throughput(|t| Some(t.streams))),
    ("offered_bits_per_second", |r| r.run.specification.rate().map(|b| b.as_f64().to_string())),
    ("throughput_bits_per_second", |r| number(r.flow.map(|f| f.throughput_bits_per_second))),
    ("sent_bits_per_second", |r| number(r.flow.and_then(|f| f.sent_bits_per_second))),
    ("duration_seconds", |r| number(r.flow.and_then(|f| f.duration_seconds))),
    ("received_bytes", |r| r.flow(|f| f.received_bytes)),
    ("sent_bytes", |r| r.flow(|f| f.sent_bytes)),
    ("retransmits", |r| r.flow(|f| f.retransmits)),
    ("packets", |r| r.ping().map(|p| p.packets.to_string()).or_else(|| r.flow(|f| f.packets))),
    ("lost_packets", |r| {
        let unanswered = r.ping().map(|p| p.packets.saturating_sub(p.received_packets).to_string());
        unanswered.or_else(|| r.flow(|f| f.lost_packets))
    }),
    ("loss_ratio", |r| number(r.ping().map(|p| p.loss_ratio).or(r.flow.and_then(|f| f.loss_ratio)))),
    ("out_of_order_packets", |r| r.flow(|f| f.out_of_order_packets)),
    ("jitter_seconds", |r| number(r.flow.and_then(|f| f.jitter_seconds))),
    ("rtt_seconds", |r| number(r.ping().and_then(|p| p.rtt_seconds))),
    ("rtt_min_seconds", |r| number(r.ping().and_then(|p| p.rtt_min_seconds))),
    ("rtt_max_seconds", |r| number(r.ping().and_then(|p| p.rtt_max_seconds))),
    ("rtt_deviation_seconds", |r| number(r.ping().and_then(|p| p.rtt_deviation_seconds))),
    ("loaded_rtt_seconds", |r| number(r.flow.and_then(|f| f.rtt_seconds))),
    ("congestion_window_max_bytes", |r| r.flow(|f| f.congestion_window_max_bytes)),
    ("congestion_control", |r| r.flow(|f| f.congestion_control.clone())),
    ("tool_version", |r| r.throughput(|t| t.tool_version.clone())),
    ("hops", |r| r.path().map(|p| p.hops.len().to_string())),
    ("reached", |r| r.path().map(|p| p.reached.to_string())),
    ("path_mtu_bytes", |r| {
        r.path_mtu().and_then(|p| p.mtu_bytes).or(r.path().and_then(|p| p.mtu_bytes)).map(|b| b.to_string())
    }),
    ("connect_seconds", |r| number(r.connect().and_then(|c| c.connect_seconds))),
    ("connect_attempts", |r| r.connect().map(|c| c.attempts.to_string())),
    ("connected", |r| r.connect().map(|c| c.connected.to_string())),
];

pub(super) fn render(campaign_run: &CampaignRun) -> String {
    let rows = campaign_run.runs.iter().flat_map(|run| {
        let (sender, receiver) = run.flow_ends();
        let row = move |sender, receiver, flow| Row { campaign_run, run, sender, receiver, flow };
        let measured: Vec<Row<'_>> = match &run.measurement {
            Some(Measurement::Throughput(t)) => flows(t, run.direction(), &run.source, &run.destination)
                .into_iter()
                .map(|f| row(f.sender, f.receiver, Some(f.flow)))
                .collect(),
            None if run.direction() == Direction::Bidirectional => {
                vec![row(sender, receiver, None), row(receiver, sender, None)]
            }
            _ => vec![row(sender, receiver, None)],
        };
        measured
    });
    let head = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
    table(std::iter::once(head).chain(rows.map(|row| {
        let cells = COLUMNS.iter().map(|(_, cell)| cell(&row).unwrap_or_default());
        cells.map(guarded).collect()
    })))
}

/// Rows as RFC 4180 has them: lines end in CR LF, a cell is quoted where it must be.
pub(super) fn table(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).expect("rows are equally long and memory takes them");
    }
    let bytes = writer.into_inner().expect("memory takes what is left");
    String::from_utf8(bytes).expect("it is made of text")
}

/// Text that a spreadsheet would take for a formula, marked as text by an apostrophe: errors are other people's words
/// (owasp.org/www-community/attacks/CSV_Injection). A negative number stays one.
pub(super) fn guarded(cell: String) -> String {
    let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    if risky { format!("'{cell}") } else { cell }
}
