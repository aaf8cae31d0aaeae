//! Figures of the tests that are neither throughput nor ping: path MTU, connections, the hops of mtr.

use super::evidence::label;
use crate::domain::measurement::{ConnectTimes, HopFigures, Measurement, PathMtuFound};
use crate::domain::run::Run;
use crate::i18n::{Lang, say, sentences};
use crate::stats::numbers;

/// What each of `runs` found: the test and a sentence of figures.
pub(super) fn rows(lang: Lang, runs: &[&Run], repeated: bool) -> Vec<(String, String)> {
    let found = |run: &&Run| match run.measurement.as_ref()? {
        Measurement::PathMtu(search) => Some(path_mtu(lang, search)),
        Measurement::Connect(times) => Some(connect(lang, times)),
        Measurement::Path(path) => path.mtu_bytes.map(|mtu| say!(lang, "path MTU {mtu} B", "MTU de la ruta {mtu} B")),
        Measurement::Throughput(_) | Measurement::RoundTrip(_) => None,
    };
    runs.iter().filter_map(|run| Some((label(run, repeated), found(run)?))).collect()
}

fn path_mtu(lang: Lang, search: &PathMtuFound) -> String {
    let tries = lang.counted(search.tries.len(), ["packet", "packets"], ["paquete", "paquetes"]);
    let Some(mtu) = search.mtu_bytes else {
        return say!(
            lang,
            "no packet of any size was answered, of {tries} tried",
            "ningún paquete de ningún tamaño tuvo respuesta; intentos: {tries}"
        );
    };
    let hole = match search.black_hole {
        true => lang.word(", a black hole for larger ones", ", un agujero negro para los mayores"),
        false => "",
    };
    say!(lang, "path MTU {mtu} B{hole}, by {tries}", "MTU de la ruta {mtu} B{hole}, con {tries}")
}

fn connect(lang: Lang, times: &ConnectTimes) -> String {
    let attempts = usize::try_from(times.attempts).unwrap_or(usize::MAX);
    let attempts = lang.counted(
        attempts,
        ["connection opened", "connections opened"],
        ["conexión abierta", "conexiones abiertas"],
    );
    let connected = lang.count(times.connected);
    let opened = say!(lang, "{connected} of {attempts}", "{connected} de {attempts}");
    match least_mean_most(lang, times.connect_min_seconds, times.connect_seconds, times.connect_max_seconds) {
        Some(range) => {
            say!(lang, "{opened}, in {range} (least / mean / most)", "{opened}, en {range} (mínimo / media / máximo)")
        }
        None => match times.faults.first() {
            Some(fault) => format!("{opened}: {}", sentences::told(lang, fault)),
            None => opened,
        },
    }
}

fn least_mean_most(lang: Lang, least: Option<f64>, mean: Option<f64>, most: Option<f64>) -> Option<String> {
    let unit = numbers::time_scale(most?);
    let number = |time: f64| unit.round(lang, time, 3).number;
    Some(format!("{} / {} / {}", number(least?), number(mean?), unit.round(lang, most?, 3)))
}

/// What mtr counted of a hop: `0.089 / 0.096 / 0.108 ms, loses 20 %`.
pub(super) fn hop(lang: Lang, figures: &HopFigures) -> String {
    let times = least_mean_most(lang, figures.rtt_min_seconds, figures.rtt_seconds, figures.rtt_max_seconds);
    let lost = (figures.loss_ratio > 0.0).then(|| {
        let share = numbers::percent_whole(lang, figures.loss_ratio);
        say!(lang, "loses {share}", "pierde el {share}")
    });
    times.into_iter().chain(lost).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::measurement::{MtuOutcome, MtuTry};
    use crate::tool::connect::times;

    #[test]
    fn a_search_says_what_it_rests_on() {
        let tried = |size_bytes| MtuTry { size_bytes, outcome: MtuOutcome::Silent };
        let search =
            |mtu_bytes, black_hole| PathMtuFound { mtu_bytes, black_hole, tries: vec![tried(1500), tried(1400)] };
        assert_eq!(path_mtu(Lang::En, &search(Some(1400), false)), "path MTU 1400 B, by 2 packets");
        assert_eq!(
            path_mtu(Lang::En, &search(Some(1400), true)),
            "path MTU 1400 B, a black hole for larger ones, by 2 packets"
        );
        assert_eq!(path_mtu(Lang::En, &search(None, false)), "no packet of any size was answered, of 2 packets tried");
    }

    #[test]
    fn connections_tell_how_many_opened() {
        let opened = connect(Lang::En, &times(vec![0.01, 0.03], vec!["refused".to_owned()]));
        assert_eq!(opened, "2 of 3 connections opened, in 10.0 / 20.0 / 30.0 ms (least / mean / most)");
        assert_eq!(connect(Lang::En, &times(vec![], vec!["refused".to_owned()])), "0 of 1 connection opened: refused");
    }

    #[test]
    fn a_hop_of_mtr_has_times_and_loss() {
        let figures = |rtt: Option<f64>, loss_ratio| HopFigures {
            sent_packets: 5,
            loss_ratio,
            rtt_seconds: rtt,
            rtt_min_seconds: rtt,
            rtt_max_seconds: rtt,
            rtt_deviation_seconds: rtt,
        };
        assert_eq!(hop(Lang::En, &figures(Some(0.002), 0.2)), "2.00 / 2.00 / 2.00 ms, loses 20 %");
        assert_eq!(hop(Lang::En, &figures(Some(0.002), 0.0)), "2.00 / 2.00 / 2.00 ms");
        assert_eq!(hop(Lang::En, &figures(None, 1.0)), "loses 100 %");
    }
}
