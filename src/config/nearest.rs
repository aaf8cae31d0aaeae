//! Which of the known words was probably meant.

/// Most known words listed in a diagnostic; of more, the nearest are.
const LISTED: usize = 12;

/// Beyond this many known words none is looked for: a list that long helps nobody.
const SEARCHED: usize = 5000;

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substituted.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The known word nearest to `text`, if it is near enough to be a slip of the finger.
pub(crate) fn nearest<'k>(text: &str, known: impl ExactSizeIterator<Item = &'k str>) -> Option<&'k str> {
    let length = text.chars().count();
    if known.len() > SEARCHED || length > 64 {
        return None;
    }
    // One letter is no slip of another.
    let allowed = (length / 3).max(1).min(length.saturating_sub(1));
    let text = text.to_lowercase();
    let letters = text.chars().count();
    known
        // As many letters as the lengths differ by have to be put in or taken out.
        .filter(|k| k.chars().count().abs_diff(letters) <= allowed)
        .map(|k| (distance(&text, k), k))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
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
    fn distances() {
        for (a, b, d) in [("", "abc", 3), ("rate", "rate", 0), ("raet", "rate", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
    }

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let known = ["host", "site", "tags", "ports"];
        assert_eq!(nearest("hots", known.iter().copied()), Some("host"));
        assert_eq!(nearest("Site", known.iter().copied()), Some("site"));
        assert_eq!(nearest("network", known.iter().copied()), None);
        assert_eq!(nearest("i", ["h"].into_iter()), None);
    }

    #[test]
    fn long_lists_are_cut_to_the_nearest() {
        let names: Vec<String> = (0..100).map(|i| format!("p{i}")).collect();
        let shown = listed("p77x", names.iter().map(String::as_str));
        assert_eq!((shown.len(), shown[0].as_str()), (12, "p77"));
    }
}
