//! Which of the known words was probably meant.

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
use strsim::osa_distance as distance;

/// Most known words listed in a diagnostic; of more, the nearest are.
const LISTED: usize = 12;

/// Beyond this many known words none is looked for: a list that long helps nobody.
const SEARCHED: usize = 5000;

/// The known word nearest to `text`, if it is near enough to be a slip of the finger, or the only one of which `text` is the
/// beginning or the end: `circuit` of `circuit-id`.
pub(crate) fn nearest<'k>(text: &str, known: impl ExactSizeIterator<Item = &'k str>) -> Option<&'k str> {
    let length = text.chars().count();
    if known.len() > SEARCHED || length > 64 {
        return None;
    }
    // One letter is no slip of another.
    let allowed = (length / 3).max(1).min(length.saturating_sub(1));
    let text = text.to_lowercase();
    let letters = text.chars().count();
    let known: Vec<&str> = known.collect();
    let slip = known
        .iter()
        // As many letters as the lengths differ by have to be put in or taken out.
        .filter(|k| k.chars().count().abs_diff(letters) <= allowed)
        .map(|k| (distance(&text, k), *k))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d);
    let mut parts = known.iter().filter(|k| is_part(&text, k));
    slip.map(|(_, k)| k).or_else(|| parts.next().copied().filter(|_| parts.next().is_none()))
}

/// Is `part` what stands before or behind a hyphen of `whole`?
fn is_part(part: &str, whole: &str) -> bool {
    !part.is_empty()
        && (whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('-'))
            || whole.strip_suffix(part).is_some_and(|rest| rest.ends_with('-')))
}

/// The known words to list beside a fault: all in their order or, of many, the nearest ones.
pub(crate) fn listed<'k>(text: &str, known: impl ExactSizeIterator<Item = &'k str>) -> Vec<String> {
    let total = known.len();
    if total <= LISTED {
        return known.map(str::to_owned).collect();
    }
    if total > SEARCHED || text.len() > 256 {
        return vec![];
    }
    let mut ranked: Vec<_> = known.map(|k| (distance(text, k), k)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(LISTED).map(|(_, k)| k.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let known = ["host", "site", "tags", "ports"];
        // Neighbours that changed places are one slip.
        assert_eq!(nearest("iste", known.iter().copied()), Some("site"));
        assert_eq!(nearest("hots", known.iter().copied()), Some("host"));
        assert_eq!(nearest("Site", known.iter().copied()), Some("site"));
        assert_eq!(nearest("network", known.iter().copied()), None);
        assert_eq!(nearest("i", ["h"].into_iter()), None);
    }

    #[test]
    fn a_part_finds_the_only_word_that_has_it() {
        let known = ["customer", "circuit-id", "bytes-per-day", "max-rate"];
        let of = |text: &str| nearest(text, known.iter().copied());
        assert_eq!(of("circuit"), Some("circuit-id"));
        assert_eq!(of("rate"), Some("max-rate"));
        assert_eq!((of("per"), of("ircuit"), of("")), (None, None, None), "no beginning and no end");
        assert_eq!(nearest("web", ["web-1", "web-2"].into_iter()), None, "either could be meant");
    }

    #[test]
    fn long_lists_are_cut_to_the_nearest() {
        let names: Vec<String> = (0..100).map(|i| format!("p{i}")).collect();
        let shown = listed("p77x", names.iter().map(String::as_str));
        assert_eq!((shown.len(), shown[0].as_str()), (12, "p77"));
    }
}
