//! How far repetitions lie apart, a line for each test.

use super::{ROWS_MAX, heading, more, paragraph};
use crate::report::view::View;

/// Median, range, variation and interval of what was repeated.
pub(super) fn told(out: &mut String, view: &View, width: usize) {
    let all = || view.pairs.iter().flat_map(|p| p.rates.iter().filter(|r| r.runs > 1).map(move |r| (p, r)));
    let count = all().count();
    if count == 0 {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Repetitions", "Repeticiones"));
    for (pair, rate) in all().take(ROWS_MAX) {
        let lead = format!("{} → {}, {}{}: ", pair.sender, pair.receiver, rate.test, rate.way);
        paragraph(out, &format!("{}, {}", rate.median, rate.spread), width, &lead);
    }
    more(out, lang, count, |n| lang.counted(n, ["more test", "more tests"], ["prueba más", "pruebas más"]));
}
