//! Regular expressions (ECMA 262) for numbers in a range: JSON Schema has no other way to bound a number with a unit.

/// Digits behind the point up to which bounds are exact.
const PLACES: usize = 9;

/// Whole numbers from `least` to `most` in plain digits, without leading zeros.
pub(super) fn integers(least: u128, most: u128) -> String {
    let mut ends = vec![most];
    for digits in 1_u32..39 {
        let unit = 10_u128.pow(digits);
        let nines = least - least % unit + (unit - 1);
        if (least..most).contains(&nines) {
            ends.push(nines);
        }
        let below = (most + 1) - (most + 1) % unit;
        if below > least && below <= most {
            ends.push(below - 1);
        }
    }
    ends.sort_unstable();
    ends.dedup();
    let mut start = least;
    let mut parts = vec![];
    for end in ends {
        parts.push(same_length(start, end));
        start = end + 1;
    }
    format!("(?:{})", parts.join("|"))
}

/// Numbers of the same length whose digits may each be chosen on its own.
fn same_length(least: u128, most: u128) -> String {
    let (a, b) = (least.to_string(), most.to_string());
    a.bytes().zip(b.bytes()).map(|(a, b)| digit(a, b)).collect()
}

fn digit(least: u8, most: u8) -> String {
    match (least as char, most as char) {
        (a, b) if a == b => a.to_string(),
        ('0', '9') => r"\d".to_owned(),
        (a, b) => format!("[{a}-{b}]"),
    }
}

/// Decimal numbers from `least` to `most`; `None` where there is none.
pub(super) fn decimals(least: f64, most: f64) -> Option<String> {
    let (whole_least, mut part_least) = split(least)?;
    if least > 0.0 && whole_least == 0 && part_least.is_empty() {
        // Not nothing, though it rounds to it.
        part_least = format!("{:0>PLACES$}", 1);
    }
    let (whole_most, part_most) = split(most)?;
    if whole_least > whole_most || (whole_least == whole_most && part_least > part_most) {
        return None;
    }
    if whole_least == whole_most {
        let ahead =
            if part_least.is_empty() { String::new() } else { format!(r"(?={}(?![\d.]))", at_least(&part_least)) };
        return Some(format!("0*{whole_least}{ahead}{}", at_most(&part_most)));
    }
    let mut parts = vec![format!("{whole_least}{}", at_least(&part_least))];
    if whole_least + 1 < whole_most {
        parts.push(format!(r"{}(?:\.\d+)?", integers(whole_least + 1, whole_most - 1)));
    }
    parts.push(format!("{whole_most}{}", at_most(&part_most)));
    Some(format!("0*(?:{})", parts.join("|")))
}

/// The whole number and the digits behind the point without closing zeros.
fn split(number: f64) -> Option<(u128, String)> {
    let text = format!("{number:.PLACES$}");
    let (whole, part) = text.split_once('.')?;
    Some((whole.parse().ok()?, part.trim_end_matches('0').to_owned()))
}

/// A point with digits that are at least these.
fn at_least(part: &str) -> String {
    if part.is_empty() {
        return r"(?:\.\d+)?".to_owned();
    }
    let higher = part.bytes().enumerate().filter(|(_, d)| *d < b'9');
    let mut ways: Vec<String> = higher.map(|(i, d)| format!(r"{}{}\d*", &part[..i], digit(d + 1, b'9'))).collect();
    ways.push(format!(r"{part}\d*"));
    format!(r"\.(?:{})", ways.join("|"))
}

/// A point with digits that are at most these, or none.
fn at_most(part: &str) -> String {
    let lower = part.bytes().enumerate().filter(|(_, d)| *d > b'0');
    let mut ways: Vec<String> = lower.map(|(i, d)| format!(r"{}{}\d*", &part[..i], digit(b'0', d - 1))).collect();
    ways.extend((1..part.len()).map(|i| part[..i].to_owned()));
    ways.push(if part.is_empty() { "0+".to_owned() } else { format!("{part}0*") });
    format!(r"(?:\.(?:{}))?", ways.join("|"))
}

/// Numbers with a unit, `least` to `most` in the unit whose factor is 1. Units are expressions with their factors.
pub(super) fn quantity(units: &[(&str, f64)], least: f64, most: f64) -> String {
    let ways = units.iter().filter_map(|(unit, factor)| {
        decimals(least / factor, most / factor).map(|number| format!(r"{number}\s*{unit}"))
    });
    ways.collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Does the whole text match, as a schema validator sees it?
    fn matches(pattern: &str, text: &str) -> bool {
        let schema = serde_json::json!({ "pattern": format!("^(?:{pattern})$") });
        jsonschema::is_valid(&schema, &serde_json::json!(text))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn integers_of_a_range_match_and_no_others(a in 0_u128..70_000, b in 0_u128..70_000, n in 0_u128..70_000) {
            let (least, most) = (a.min(b), a.max(b));
            for n in [n, least, most, least.saturating_sub(1), most + 1] {
                let inside = (least..=most).contains(&n);
                prop_assert_eq!(matches(&integers(least, most), &n.to_string()), inside, "{} in {}-{}", n, least, most);
            }
        }

        #[test]
        fn decimals_of_a_range_match_and_no_others(a in 0_u32..99_999, b in 0_u32..99_999, n in 0_u32..99_999) {
            let (least, most) = (a.min(b), a.max(b));
            let pattern = decimals(f64::from(least) / 1000.0, f64::from(most) / 1000.0).unwrap();
            for n in [n, least, most, least.saturating_sub(1), most + 1] {
                let text = format!("{}.{:03}", n / 1000, n % 1000);
                let inside = (least..=most).contains(&n);
                for text in [text.as_str(), text.trim_end_matches('0').trim_end_matches('.')] {
                    prop_assert_eq!(matches(&pattern, text), inside, "{} in {}-{}", text, least, most);
                }
            }
        }
    }
}
