//! The course of a throughput test as inline SVG: throughput over time, the contracted rate as a line.

use std::fmt::Write as _;

use crate::domain::measurement::Interval;
use crate::i18n::{Lang, say};
use crate::stats::numbers;

/// A chart to be drawn.
#[derive(Debug)]
pub(super) struct Chart {
    /// The reader's language.
    pub(super) lang: Lang,
    /// Unique in the document and safe in an attribute.
    pub(super) id: String,
    /// What it shows: test and pair.
    pub(super) title: String,
    /// The intervals of each repetition.
    pub(super) series: Vec<Vec<Interval>>,
    /// The contracted rate, bit/s.
    pub(super) contract: Option<f64>,
}

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 26.0;
/// Room that the words on the contract's line take: their width, and their height with a little air.
const LABEL: f64 = 140.0;
const LABEL_HEIGHT: f64 = 20.0;

impl Chart {
    fn values(&self) -> impl Iterator<Item = &Interval> {
        self.series.iter().flatten().filter(|i| i.throughput_bits_per_second.is_finite() && i.end_seconds.is_finite())
    }

    /// What the chart says, in words.
    fn description(&self) -> String {
        let measured: Vec<f64> = self.values().filter(|i| !i.omitted).map(|i| i.throughput_bits_per_second).collect();
        let Some(s) = crate::stats::Summary::of(&measured) else {
            return self.lang.word("No interval was measured.", "No se midió ningún intervalo.").to_owned();
        };
        let contract = self.contract.map_or_else(String::new, |c| {
            let rate = numbers::rate_exact(self.lang, c);
            say!(self.lang, " Contracted: {rate}.", " Contratado: {rate}.")
        });
        let [min, max, mean] = [s.min, s.max, s.mean].map(|rate| numbers::rate(self.lang, rate));
        say!(
            self.lang,
            "Throughput per interval: from {min} to {max}, mean {mean}.{contract}",
            "Caudal por intervalo: de {min} a {max}, media {mean}.{contract}"
        )
    }

    /// The chart as an `svg` element. Colours are the document's (classes `c-…`).
    pub(super) fn svg(&self) -> String {
        let id = &self.id;
        let end = self.values().map(|i| i.end_seconds).fold(0.0, f64::max).max(0.1);
        let most = self.values().map(|i| i.throughput_bits_per_second).chain(self.contract).fold(1.0, f64::max);
        let step_y = step(most * 1.08, 5.0);
        let top = (most * 1.04 / step_y).ceil() * step_y;
        let x = |seconds: f64| LEFT + seconds / end * (WIDTH - LEFT - RIGHT);
        let y = |rate: f64| HEIGHT - BOTTOM - rate / top * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            escape(&self.title),
            escape(&self.description())
        );
        axes(self.lang, &mut svg, &x, &y, (end, top, step_y));
        let omitted = self.values().filter(|i| i.omitted).map(|i| i.end_seconds).fold(0.0, f64::max);
        if omitted > 0.0 {
            let (width, height) = (x(omitted) - LEFT, HEIGHT - TOP - BOTTOM);
            let _ = write!(
                svg,
                "<rect class=\"c-omit\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{height:.1}\"/>\
                 <text class=\"c-text\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT + 4.0,
                HEIGHT - BOTTOM - 5.0,
                self.lang.word("omitted", "omitido")
            );
        }
        for series in &self.series {
            let path = steps(series, &x, &y);
            if let ([_], Some((first, last))) = (self.series.as_slice(), extent(series)) {
                let base = y(0.0);
                let _ = write!(svg, "<path class=\"c-area\" d=\"{path}V{base:.1}H{:.1}Z\"/>", x(first));
                debug_assert!(first <= last);
            }
            let _ = write!(svg, "<path class=\"c-line\" d=\"{path}\"/>");
        }
        if let Some(contract) = self.contract {
            let (at, right) = (y(contract), WIDTH - RIGHT);
            let beside = self.values().filter(|i| x(i.end_seconds) > right - LABEL);
            let line = beside.map(|i| y(i.throughput_bits_per_second)).filter(|l| (at - LABEL_HEIGHT..at).contains(l));
            let foot = line.fold(at, f64::min) - 5.0;
            let _ = write!(
                svg,
                "<path class=\"c-contract\" d=\"M{LEFT} {at:.1}H{right}\"/>\
                 <text class=\"c-text c-y c-label\" x=\"{right}\" y=\"{foot:.1}\">{} {}</text>",
                self.lang.word("contract", "contrato"),
                numbers::rate_exact(self.lang, contract)
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

fn axes(
    lang: Lang,
    svg: &mut String,
    x: &impl Fn(f64) -> f64,
    y: &impl Fn(f64) -> f64,
    (end, top, step_y): (f64, f64, f64),
) {
    let unit = numbers::rate_scale(top);
    let right = WIDTH - RIGHT;
    let _ = write!(svg, "<text class=\"c-text\" x=\"0\" y=\"11\">{}</text>", unit.unit);
    let mut grid = String::new();
    for rate in ticks(top, step_y) {
        let at = y(rate);
        let _ = write!(grid, "M{LEFT} {at:.1}H{right}");
        let (foot, label) = (at + 4.0, unit.exact(lang, rate).number);
        let _ = write!(svg, "<text class=\"c-text c-y\" x=\"{}\" y=\"{foot:.0}\">{label}</text>", LEFT - 6.0);
    }
    let _ = write!(svg, "<path class=\"c-grid\" d=\"{grid}\"/>");
    let step_x = step(end, 5.0);
    for seconds in ticks(end, step_x) {
        let label = numbers::Scale { factor: 1.0, unit: "s" }.exact(lang, seconds).number;
        let last = seconds + step_x > end * 1.001;
        let text = if last { format!("{label} s") } else { label };
        let class = if x(seconds) > right - 14.0 { "c-y" } else { "c-x" };
        let (at, foot) = (x(seconds), HEIGHT - 8.0);
        let _ = write!(svg, "<text class=\"c-text {class}\" x=\"{at:.0}\" y=\"{foot}\">{text}</text>");
    }
}

/// The course as steps: an interval is a mean over its time, not a point.
fn steps(series: &[Interval], x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for i in series.iter().filter(|i| i.throughput_bits_per_second.is_finite() && i.end_seconds.is_finite()) {
        let (from, to, at) = (x(i.start_seconds), x(i.end_seconds), y(i.throughput_bits_per_second));
        let _ =
            if path.is_empty() { write!(path, "M{from:.1} {at:.1}H{to:.1}") } else { write!(path, "V{at:.1}H{to:.1}") };
    }
    path
}

fn extent(series: &[Interval]) -> Option<(f64, f64)> {
    Some((series.first()?.start_seconds, series.last()?.end_seconds))
}

/// A step of 1, 2, 2.5 or 5 times a power of ten that divides `range` into about `parts`.
fn step(range: f64, parts: f64) -> f64 {
    let raw = (range / parts).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw * 0.999).unwrap_or(power * 10.0)
}

/// Multiples of `step` from 0 to `end`.
fn ticks(end: f64, step: f64) -> impl Iterator<Item = f64> {
    (0..=20_u8).map(move |i| f64::from(i) * step).take_while(move |t| *t <= end * 1.001)
}

/// Text for an element of HTML or SVG, or for a quoted attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(start: f64, rate: f64, omitted: bool) -> Interval {
        Interval {
            start_seconds: start,
            end_seconds: start + 1.0,
            throughput_bits_per_second: rate,
            retransmits: None,
            lost_packets: None,
            omitted,
        }
    }

    #[test]
    fn steps_are_round_and_few() {
        for (range, parts, want) in
            [(100e6, 4.0, 25e6), (80e6, 4.0, 20e6), (4.0, 5.0, 1.0), (30.0, 5.0, 10.0), (0.5, 5.0, 0.1)]
        {
            assert!((step(range, parts) / want - 1.0).abs() < 1e-9, "{range}: {}", step(range, parts));
        }
        assert_eq!(ticks(4.0, 1.0).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn says_what_it_draws() {
        let series = vec![vec![interval(0.0, 10e6, true), interval(1.0, 70e6, false), interval(2.0, 80e6, false)]];
        let svg =
            Chart { lang: Lang::En, id: "c1".to_owned(), title: "tcp <m1>".to_owned(), series, contract: Some(100e6) }
                .svg();
        assert!(svg.contains("tcp &lt;m1&gt;"));
        assert!(svg.contains("from 70.0 Mbit/s to 80.0 Mbit/s, mean 75.0 Mbit/s. Contracted: 100 Mbit/s."));
        assert!(svg.contains("contract 100 Mbit/s") && svg.contains("omitted") && svg.contains(">Mbit/s<"));
    }

    #[test]
    fn the_words_on_the_contract_stand_clear_of_the_course() {
        let foot = |rate: f64| {
            let series = vec![vec![interval(0.0, rate, false), interval(1.0, rate, false)]];
            let svg =
                Chart { lang: Lang::En, id: "c".to_owned(), title: String::new(), series, contract: Some(20e6) }.svg();
            let label = svg.split("c-label\" x=\"428\" y=\"").nth(1).unwrap();
            label.split('"').next().unwrap().parse::<f64>().unwrap()
        };
        // 25 Mbit/s at the top, 138 units of height: 21 lies 5.5 above 20, so the words go up by as much.
        assert!((foot(19.0e6) - foot(21.0e6) - 5.5).abs() < 0.2, "{} {}", foot(19.0e6), foot(21.0e6));
    }

    #[test]
    fn draws_whatever_it_is_given() {
        for series in [vec![], vec![vec![interval(0.0, f64::NAN, false), interval(f64::INFINITY, 0.0, false)]]] {
            let svg = Chart { lang: Lang::En, id: "c".to_owned(), title: String::new(), series, contract: None }.svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
