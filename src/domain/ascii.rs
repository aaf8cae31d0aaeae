//! Latin letters without their marks, as names are written.

/// What a letter of Latin-1 or Latin Extended-A (Unicode, U+00C0 to U+017F) is in `a` to `z`, in lower case.
const LETTERS: [(&str, &str); 24] = [
    ("a", "àáâãäåāăą"),
    ("ae", "æ"),
    ("c", "çćĉċč"),
    ("d", "ðďđ"),
    ("e", "èéêëēĕėęě"),
    ("g", "ĝğġģ"),
    ("h", "ĥħ"),
    ("i", "ìíîïĩīĭįı"),
    ("ij", "ĳ"),
    ("j", "ĵ"),
    ("k", "ķĸ"),
    ("l", "ĺļľŀł"),
    ("n", "ñńņňŉŋ"),
    ("o", "òóôõöøōŏő"),
    ("oe", "œ"),
    ("r", "ŕŗř"),
    ("s", "śŝşšſ"),
    ("ss", "ß"),
    ("t", "ţťŧ"),
    ("th", "þ"),
    ("u", "ùúûüũūŭůűų"),
    ("w", "ŵ"),
    ("y", "ýÿŷ"),
    ("z", "źżž"),
];

/// `text` in lower case, its Latin letters without their marks: `Cádiz` is `cadiz`. Anything else stays as it is.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // A mark may also follow its letter (Unicode, Combining Diacritical Marks).
    for c in text.chars().flat_map(char::to_lowercase).filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        match LETTERS.iter().find(|(_, marked)| marked.contains(c)) {
            Some((letters, _)) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marked_latin_letter_has_a_plain_one() {
        for c in ('\u{c0}'..='\u{17f}').filter(|c| c.is_alphabetic()) {
            let told = plain(&c.to_string());
            assert!(!told.is_empty() && told.bytes().all(|b| b.is_ascii_lowercase()), "{c}: {told}");
        }
        assert_eq!(plain("Año ÑU Línea Straße Œuvre"), "ano nu linea strasse oeuvre");
        assert_eq!(plain("ca\u{301}diz n\u{303}u"), "cadiz nu", "marks that follow their letter");
        assert_eq!(plain("Ωmega×2 日本"), "ωmega×2 日本");
    }
}
