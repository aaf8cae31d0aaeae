//! Sentences that are made in English where no reader is known: errors, hints, findings in the topology, what an agent says,
//! and the texts of older results. Each is found here by its pattern and told in Spanish; what is not ours is in no pattern
//! and stays as it is.

use super::Lang;

mod deploying;
mod doctor;
mod engines;
mod hosts;
mod images;
mod machine;
mod measuring;
mod results;
mod swarms;
mod tools;
mod topology;

/// A pattern and its Spanish: `{name}` stands for anything and is told in Spanish too where it is itself one of these.
pub type Pair = (&'static str, &'static str);

/// All pairs.
pub fn all() -> impl Iterator<Item = &'static Pair> {
    [
        topology::PAIRS,
        hosts::PAIRS,
        images::PAIRS,
        deploying::PAIRS,
        engines::PAIRS,
        doctor::PAIRS,
        swarms::PAIRS,
        measuring::PAIRS,
        machine::PAIRS,
        tools::PAIRS,
        results::PAIRS,
    ]
    .into_iter()
    .flatten()
}

/// `text` in `lang`, as far as it is known.
#[must_use]
pub fn told(lang: Lang, text: &str) -> String {
    match lang {
        Lang::En => text.to_owned(),
        Lang::Es => spanish(text, DEPTH).or_else(|| by_parts(text)).unwrap_or_else(|| text.to_owned()),
    }
}

/// Sentences that were joined, as a run's faults are, each told by itself; `None` where none of them is known.
fn by_parts(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split("; ").collect();
    let known = parts.len() > 1 && parts.iter().any(|part| is_known(part));
    known.then(|| parts.iter().map(|part| told(Lang::Es, part)).collect::<Vec<_>>().join("; "))
}

/// Does Spanish have a sentence of its own for `text`?
#[must_use]
pub fn is_known(text: &str) -> bool {
    spanish(text, 0).is_some()
}

/// A place with such a name holds what a tool or a program said, or a name of the user's: that stays as it is.
const FOREIGN: [&str; 10] =
    ["words", "probe", "source", "destination", "sender", "receiver", "host", "topology", "program", "package"];

/// A place with such a name holds one word, so that no sentence is taken for it.
const WORDS: [&str; 1] = ["tool"];

/// A place with such a name may hold a bare number, its unit in the pattern.
const FIGURES: [&str; 6] = ["least", "most", "measured", "asked", "seconds", "limit"];

/// How often a sentence may stand within another.
const DEPTH: u8 = 4;

fn spanish(text: &str, depth: u8) -> Option<String> {
    // The pattern with the most words of its own fits best.
    let whole = |(name, value, _): &Captured<'_>| !(WORDS.contains(name) && value.contains(' '));
    let fits = all().filter_map(|(english, spanish)| {
        let captured = captures(english, text).filter(|captured| captured.iter().all(whole))?;
        Some((literal(english), spanish, captured))
    });
    let (_, spanish, captured) = fits.max_by_key(|(length, ..)| *length)?;
    let mut told = spanish.to_string();
    for (name, value, quoted) in captured {
        // What is in backticks is typed as it is.
        let inner =
            (depth > 0 && !FOREIGN.contains(&name) && !quoted).then(|| self::spanish(value, depth - 1)).flatten();
        let number = FIGURES.contains(&name) && value.parse::<f64>().is_ok();
        let value = inner.unwrap_or_else(|| match (quoted, number) {
            (true, _) => value.to_owned(),
            (false, true) => Lang::Es.decimal(value.to_owned()),
            (false, false) => quantity(value),
        });
        told = told.replace(&format!("{{{name}}}"), &value);
    }
    Some(told)
}

/// Units of the quantities that our sentences name, each behind a blank.
const UNITS: [&str; 16] =
    ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "s", "ms", "µs", "%"];

/// A number with its unit by Spanish's decimal mark; anything else, such as a version or an address, as it is.
fn quantity(text: &str) -> String {
    let is_one = text.split_once(' ').is_some_and(|(number, unit)| {
        UNITS.contains(&unit) && number.starts_with(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok()
    });
    if is_one { Lang::Es.decimal(text.to_owned()) } else { text.to_owned() }
}

/// Characters of a pattern that are not a place.
fn literal(pattern: &str) -> usize {
    pieces(pattern).map(|(text, name)| text.len() + usize::from(name.is_none())).sum()
}

/// The pieces of a pattern: a text and the place behind it.
fn pieces(pattern: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(pattern);
    std::iter::from_fn(move || {
        let now = rest?;
        match now.split_once('{').and_then(|(text, after)| Some((text, after.split_once('}')?))) {
            Some((text, (name, after))) => {
                rest = Some(after);
                Some((text, Some(name)))
            }
            None => {
                rest = None;
                Some((now, None))
            }
        }
    })
}

/// A place's name and what stands in it, and whether that is in backticks.
type Captured<'t> = (&'static str, &'t str, bool);

/// What stands in the places of `pattern`, if `text` is one of its kind. Each place takes as little as it can, and at least one
/// character.
fn captures<'t>(pattern: &'static str, text: &'t str) -> Option<Vec<Captured<'t>>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut open: Option<&'static str> = None;
    // Between two backticks of the pattern, with more words there or not.
    let mut quoted = false;
    for (literal, place) in pieces(pattern) {
        match open.take() {
            None => rest = rest.strip_prefix(literal)?,
            // The last piece: whatever stands before it.
            Some(name) if place.is_none() => {
                let value = rest.strip_suffix(literal)?;
                if value.is_empty() || (quoted && value.contains('`')) {
                    return None;
                }
                found.push((name, value, quoted));
                return Some(found);
            }
            Some(name) => {
                let first = rest.chars().next()?.len_utf8();
                let at = first + rest.get(first..)?.find(literal)?;
                let value = rest.get(..at)?;
                // What stands in backticks has none inside.
                if quoted && value.contains('`') {
                    return None;
                }
                found.push((name, value, quoted));
                rest = rest.get(at + literal.len()..)?;
            }
        }
        quoted ^= literal.matches('`').count() % 2 == 1;
        open = place;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_what_stands_in_its_places() {
        assert_eq!(captures("no places", "no places"), Some(vec![]));
        assert_eq!(captures("no places", "no places here"), None);
        assert_eq!(captures("{a} of {b}", "1 of 2"), Some(vec![("a", "1", false), ("b", "2", false)]));
        assert_eq!(captures("{a}: {b}", "x: y: z"), Some(vec![("a", "x", false), ("b", "y: z", false)]));
        assert_eq!(captures("cannot {what} it", "cannot  it"), None, "a place is not empty");
        assert_eq!(captures("`{a}` is odd", "`b` cannot be: `c` is odd"), None, "a text in backticks has none inside");
        assert_eq!(captures("{a} ó {b}", "é ó ñ"), Some(vec![("a", "é", false), ("b", "ñ", false)]));
    }

    #[test]
    fn quantities_have_the_decimal_mark_and_versions_keep_theirs() {
        let note = "sent at 80 % of the 14.2 Gbit/s that TCP reached, for no contract names a rate";
        assert!(told(Lang::Es, note).starts_with("enviado al 80 % de los 14,2 Gbit/s que"), "{}", told(Lang::Es, note));
        let figures = "the processes did not start at one moment: the throughput is the least that came in the 1.27 s in which all of them ran";
        assert!(told(Lang::Es, figures).contains(" en los 1,27 s "), "{}", told(Lang::Es, figures));
        assert_eq!(quantity("3.12"), "3.12");
        assert_eq!(quantity("10.0.0.1 s"), "10.0.0.1 s");
        assert_eq!(quantity("1.5 hours"), "1.5 hours");
    }

    #[test]
    fn what_is_not_ours_stays_as_it_is() {
        assert_eq!(told(Lang::Es, "connect to 10.0.0.1: No route to host"), "connect to 10.0.0.1: No route to host");
        let reported = "iperf3 reports: it is not there";
        assert_eq!(
            told(Lang::Es, reported),
            "iperf3 informa: it is not there",
            "the tool's words, though they look like ours"
        );
        assert_eq!(told(Lang::En, "the agent of b has ended"), "the agent of b has ended");
        assert_eq!(told(Lang::Es, "the agent of b has ended"), "el agente de b ha terminado");
    }

    #[test]
    fn joined_sentences_are_each_told() {
        let stopped = "`iperf3` did not end within 29 s and was stopped; iperf3 stopped before the end of the test: its summary \
                       is missing";
        assert_eq!(
            told(Lang::Es, stopped),
            "`iperf3` no terminó en 29 s y se detuvo; iperf3 se detuvo antes del fin de la prueba: falta su resumen"
        );
        assert_eq!(told(Lang::Es, "one; another"), "one; another");
    }

    #[test]
    fn what_is_typed_is_never_translated() {
        let shaped = |key: &str| {
            format!("link `adsl` asks for `impair.{key}`, which needs netem, and this machine has none (no sch_netem)")
        };
        for key in ["rate", "delay", "host", "test"] {
            let told = told(Lang::Es, &shaped(key));
            assert!(told.starts_with(&format!("el enlace `adsl` pide `impair.{key}`")), "{told}");
        }
        assert_eq!(told(Lang::Es, "the agent of test has ended"), "el agente de test ha terminado");
        // The same in every pair: what stands in backticks with a word of the language is there in Spanish too.
        for (english, _) in all() {
            let places = pieces(english).filter_map(|(_, name)| name);
            let said = places.fold(english.to_string(), |text, name| text.replace(&format!("{{{name}}}"), "rate"));
            let told = told(Lang::Es, &said);
            for (typed, pattern) in said.split('`').zip(english.split('`')).skip(1).step_by(2) {
                let kept = told.split('`').skip(1).step_by(2).any(|kept| kept.contains("rate"));
                assert!(!pattern.contains('{') || kept, "`{typed}` is translated: {told}");
            }
        }
    }

    #[test]
    fn every_spanish_sentence_has_the_places_of_its_english_one() {
        let names =
            |text: &'static str| pieces(text).filter_map(|(_, name)| name).collect::<std::collections::BTreeSet<_>>();
        let mut seen = std::collections::BTreeSet::new();
        for (english, spanish) in all() {
            assert_eq!(names(english), names(spanish), "{english}");
            assert_ne!(english, spanish);
            assert!(seen.insert(english), "twice: {english}");
            assert!(literal(english) > 1, "a pattern of nothing but places: {english}");
        }
    }
}
