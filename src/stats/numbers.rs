//! Numbers as engineers read them: three significant digits, decimal prefixes, a space before the unit (SI brochure 5.4.3),
//! the decimal mark of the reader's language.

use crate::i18n::Lang;

/// A number and its unit, apart, for aligned columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The digits.
    pub number: String,
    /// The unit, such as `Mbit/s`.
    pub unit: &'static str,
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{} {}", self.number, self.unit))
    }
}

impl Figure {
    /// With the decimal mark of `lang`.
    fn told(self, lang: Lang) -> Self {
        Self { number: lang.decimal(self.number), unit: self.unit }
    }
}

/// A unit and how many of the base unit it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Base units in one of this unit.
    pub factor: f64,
    /// Its symbol.
    pub unit: &'static str,
}

const fn scale(factor: f64, unit: &'static str) -> Scale {
    Scale { factor, unit }
}

const RATES: [Scale; 5] =
    [scale(1.0, "bit/s"), scale(1e3, "kbit/s"), scale(1e6, "Mbit/s"), scale(1e9, "Gbit/s"), scale(1e12, "Tbit/s")];
const SIZES: [Scale; 5] = [scale(1.0, "B"), scale(1e3, "kB"), scale(1e6, "MB"), scale(1e9, "GB"), scale(1e12, "TB")];
const TIMES: [Scale; 3] = [scale(1e-6, "µs"), scale(1e-3, "ms"), scale(1.0, "s")];
/// Sizes of packets are read in bytes, each of them.
pub const BYTES: Scale = scale(1.0, "B");
/// Ratios are read in percent.
pub const PERCENT: Scale = scale(0.01, "%");

impl Scale {
    /// `value` (in the base unit) in this unit, rounded to `digits` significant ones. Times end at the microsecond, as ping(8)
    /// and traceroute(8) print them: more would be an exactness that nobody measured.
    #[must_use]
    pub fn round(self, lang: Lang, value: f64, digits: usize) -> Figure {
        self.figure(self.rounded(value, digits)).told(lang)
    }

    /// As [`Scale::round`], with a decimal point.
    fn rounded(self, value: f64, digits: usize) -> String {
        let scaled = value / self.factor;
        let most = match self.unit {
            "µs" => 0,
            "ms" => 3,
            _ => usize::MAX,
        };
        match significant(scaled, digits) {
            text if decimals(&text) > most => format!("{scaled:.most$}"),
            text => text,
        }
    }

    const fn figure(self, number: String) -> Figure {
        Figure { number, unit: self.unit }
    }

    /// `value` (in the base unit) in this unit, as it was written down: up to nine digits, none of them a trailing zero.
    #[must_use]
    pub fn exact(self, lang: Lang, value: f64) -> Figure {
        self.figure(trim(significant(value / self.factor, 9))).told(lang)
    }
}

fn decimals(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// `value` with `digits` significant digits, never in exponent form; zero is `0`.
#[must_use]
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let places = |v: f64| {
        #[allow(clippy::cast_possible_truncation, reason = "the exponent of a double lies within ±324")]
        let magnitude = v.abs().log10().floor() as i64;
        usize::try_from(i64::try_from(digits).unwrap_or(3) - 1 - magnitude).unwrap_or(0)
    };
    let text = format!("{value:.*}", places(value));
    // Rounding may have added a digit in front: 99.96 is 100, not 100.0.
    match text.parse::<f64>() {
        Ok(rounded) if rounded != 0.0 && places(rounded) < places(value) => format!("{value:.*}", places(rounded)),
        _ => text,
    }
}

fn trim(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The largest unit in which `value` is at least 1 after rounding.
fn fitting(scales: &[Scale], value: f64) -> Scale {
    let reaches = |s: &&Scale| value.abs() / s.factor >= 0.9995;
    scales.iter().rev().find(reaches).or(scales.first()).copied().unwrap_or(scale(1.0, ""))
}

/// The unit in which a rate is read.
#[must_use]
pub fn rate_scale(bits_per_second: f64) -> Scale {
    fitting(&RATES, bits_per_second)
}

/// The unit in which a time is read.
#[must_use]
pub fn time_scale(seconds: f64) -> Scale {
    fitting(&TIMES, seconds)
}

/// `76.2 Mbit/s`.
#[must_use]
pub fn rate(lang: Lang, bits_per_second: f64) -> Figure {
    rate_scale(bits_per_second).round(lang, bits_per_second, 3)
}

/// A rate as it was agreed: `100 Mbit/s`.
#[must_use]
pub fn rate_exact(lang: Lang, bits_per_second: f64) -> Figure {
    rate_scale(bits_per_second).exact(lang, bits_per_second)
}

/// `value` before `of` another rate: `76.2` of 100 Mbit/s where both are read in one unit, else `768 Mbit/s` of 10.5 Gbit/s.
#[must_use]
pub fn rate_of(lang: Lang, value: f64, of: f64) -> String {
    let (own, other) = (rate_scale(value), rate_scale(of));
    let alike = own == other || value == 0.0;
    if alike { other.round(lang, value, 3).number } else { own.round(lang, value, 3).to_string() }
}

/// `18.2 ms`.
#[must_use]
pub fn time(lang: Lang, seconds: f64) -> Figure {
    time_scale(seconds).round(lang, seconds, 3)
}

/// A time as it was agreed: `20 ms`.
#[must_use]
pub fn time_exact(lang: Lang, seconds: f64) -> Figure {
    time_scale(seconds).exact(lang, seconds)
}

/// `12.3 MB`.
#[must_use]
pub fn bytes(lang: Lang, bytes: f64) -> Figure {
    fitting(&SIZES, bytes).round(lang, bytes, 3)
}

/// A ratio with three significant digits: `0.102 %`.
#[must_use]
pub fn percent(lang: Lang, ratio: f64) -> Figure {
    PERCENT.figure(percent_digits(ratio)).told(lang)
}

fn percent_digits(ratio: f64) -> String {
    trim(significant(ratio * 100.0, 3))
}

/// A ratio in whole percent: `76 %`. What would round to zero keeps two digits.
#[must_use]
pub fn percent_whole(lang: Lang, ratio: f64) -> Figure {
    PERCENT.figure(whole_digits(ratio)).told(lang)
}

fn whole_digits(ratio: f64) -> String {
    let share = ratio * 100.0;
    if share != 0.0 && share.abs() < 0.5 { significant(share, 2) } else { format!("{share:.0}") }
}

/// `value` rounded as usual (`whole`: to whole percent), but never onto a `limit` that it is not at: 94.97 % against 95 %
/// is not written `95 %`.
#[must_use]
pub fn apart(lang: Lang, unit: Scale, value: f64, limit: f64, whole: bool) -> Figure {
    apart_from_all(lang, unit, value, &[limit], whole)
}

/// As [`apart`], of several limits.
#[must_use]
pub fn apart_from_all(lang: Lang, unit: Scale, value: f64, limits: &[f64], whole: bool) -> Figure {
    let usual = match (whole, unit == PERCENT) {
        (true, _) => whole_digits(value),
        (false, true) => percent_digits(value),
        (false, false) => unit.rounded(value, 3),
    };
    // Reading back `95` as 0.95 rounds in the last bit; that is no difference.
    let same = |a: f64, b: f64| (a - b).abs() <= f64::EPSILON * 4.0 * b.abs().max(f64::MIN_POSITIVE);
    let truthful = |number: &String| {
        let shown = number.parse().unwrap_or(f64::NAN) * unit.factor;
        let beside = |limit: &f64| value == *limit || (!same(shown, *limit) && (shown < *limit) == (value < *limit));
        limits.iter().all(beside)
    };
    let number = if truthful(&usual) {
        usual
    } else {
        (3..=12).map(|digits| significant(value / unit.factor, digits)).find(truthful).unwrap_or(usual)
    };
    unit.figure(number).told(lang)
}

/// A span of time as people say it: `820 ms`, `42 s`, `3 min 12 s`, `2 h 5 min`.
#[must_use]
pub fn span(lang: Lang, time: std::time::Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.subsec_millis()),
        1..=9 if time.subsec_millis() >= 50 => format!("{} s", lang.decimal(format!("{:.1}", time.as_secs_f64()))),
        1..=59 => format!("{seconds} s"),
        60..=3599 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ if seconds % 3600 < 60 => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const EN: Lang = Lang::En;

    #[test]
    fn three_significant_digits() {
        for (value, text) in [
            (76_234_567.0, "76.2 Mbit/s"),
            (100e6, "100 Mbit/s"),
            (99_960_000.0, "100 Mbit/s"),
            (999_960_000.0, "1.00 Gbit/s"),
            (9.414e9, "9.41 Gbit/s"),
            (64_000.0, "64.0 kbit/s"),
            (12.0, "12.0 bit/s"),
            (0.0, "0 bit/s"),
        ] {
            assert_eq!(rate(EN, value).to_string(), text, "{value}");
        }
        assert_eq!(time(EN, 0.000_045_31).to_string(), "45 µs", "ping knows no more");
        assert_eq!((time(EN, 0.000_088).to_string(), time(EN, 0.000_1).to_string()), ("88 µs".into(), "100 µs".into()));
        assert_eq!(
            (time(EN, 0.000_999_4).to_string(), time(EN, 0.000_999_6).to_string()),
            ("999 µs".into(), "1.00 ms".into())
        );
        assert_eq!(time(EN, 0.001_234_5).to_string(), "1.23 ms");
        assert_eq!(time(EN, 0.000_000_1).to_string(), "0 µs");
        assert_eq!(time(EN, 0.0182).to_string(), "18.2 ms");
        assert_eq!(time(EN, 1.5).to_string(), "1.50 s");
        assert_eq!(bytes(EN, 1_234_567.0).to_string(), "1.23 MB");
        assert_eq!(rate(EN, f64::NAN).number, "–");
    }

    #[test]
    fn what_was_agreed_is_shown_as_it_was_written() {
        assert_eq!(rate_exact(EN, 100e6).to_string(), "100 Mbit/s");
        assert_eq!(rate_exact(EN, 2.5e9).to_string(), "2.5 Gbit/s");
        assert_eq!(rate_exact(EN, 1_234_567.0).to_string(), "1.234567 Mbit/s");
        assert_eq!(time_exact(EN, 0.02).to_string(), "20 ms");
        assert_eq!(PERCENT.exact(EN, 0.001).to_string(), "0.1 %");
        let of_100 = |value| rate_of(EN, value, 100e6);
        assert_eq!((of_100(76.24e6), of_100(999e6), of_100(50e3)), ("76.2".into(), "999".into(), "50.0 kbit/s".into()));
        assert_eq!(of_100(16_827e6), "16.8 Gbit/s");
    }

    #[test]
    fn rounding_never_hides_a_miss() {
        let share = |value: f64| apart(EN, PERCENT, value, 0.95, true).to_string();
        assert_eq!((share(0.762), share(0.949_7), share(0.95)), ("76 %".into(), "94.97 %".into(), "95 %".into()));
        assert_eq!(share(0.949_999_9), "94.99999 %");
        let between = |value: f64| apart_from_all(EN, PERCENT, value, &[0.95, 0.9], true).to_string();
        assert_eq!((between(0.898), between(0.946), between(0.92)), ("89.8 %".into(), "94.6 %".into(), "92 %".into()));
        let late = |value: f64| apart(EN, time_scale(value), value, 0.02, false).to_string();
        assert_eq!((late(0.0241), late(0.020_04)), ("24.1 ms".into(), "20.04 ms".into()));
        let close = |value: f64| apart(EN, time_scale(value), value, 0.000_05, false).to_string();
        assert_eq!((close(0.000_050_4), close(0.000_051)), ("50.4 µs".into(), "51 µs".into()));
    }

    #[test]
    fn shares_counts_and_spans() {
        assert_eq!(percent(EN, 0.201_3).to_string(), "20.1 %");
        assert_eq!(percent(EN, 0.001_02).to_string(), "0.102 %");
        assert_eq!(percent(EN, 0.0).to_string(), "0 %");
        assert_eq!(percent(EN, 1.0).to_string(), "100 %");
        assert_eq!(percent_whole(EN, 0.762).to_string(), "76 %");
        assert_eq!(percent_whole(EN, 0.0012).to_string(), "0.12 %");
        let spanish =
            [rate(Lang::Es, 9.414e9), percent(Lang::Es, 0.956), apart(Lang::Es, PERCENT, 0.949_7, 0.95, true)];
        assert_eq!(spanish.map(|f| f.to_string()), ["9,41 Gbit/s", "95,6 %", "94,97 %"]);
        assert_eq!(span(Lang::Es, Duration::from_millis(4_200)), "4,2 s");
        let said = |ms| span(EN, Duration::from_millis(ms));
        assert_eq!((said(820), said(4_000), said(4_200)), ("820 ms".into(), "4 s".into(), "4.2 s".into()));
        assert_eq!(
            (said(192_000), said(120_000), said(7_500_000)),
            ("3 min 12 s".into(), "2 min".into(), "2 h 5 min".into())
        );
    }
}
