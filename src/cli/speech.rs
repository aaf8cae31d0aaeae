//! The language that this process speaks, settled once at its start.

use std::sync::OnceLock;

use super::args::Format;
use crate::i18n::Lang;

static SPOKEN: OnceLock<Lang> = OnceLock::new();

/// The language of messages and reports; English until [`settle`] was called.
pub(super) fn lang() -> Lang {
    SPOKEN.get().copied().unwrap_or_default()
}

/// Settles the language: the one asked for, else the locale's. Programs are served English whatever people speak.
pub(super) fn settle(asked: Option<Lang>, output: Format) -> Lang {
    let lang = match output {
        Format::Json => Lang::En,
        Format::Text => asked.unwrap_or_else(|| of_environment(|name| std::env::var(name).ok())),
    };
    *SPOKEN.get_or_init(|| lang)
}

/// The locale's language: the first of these that is set and not empty decides (locale(7)).
fn of_environment(value: impl Fn(&str) -> Option<String>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| value(name).filter(|v| !v.is_empty()));
    locale.map_or(Lang::En, |locale| Lang::of_locale(&locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_set_variable_decides() {
        let of = |set: &[(&str, &str)]| {
            of_environment(|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(of(&[]), Lang::En);
        assert_eq!(of(&[("LANG", "es_ES.UTF-8")]), Lang::Es);
        assert_eq!(of(&[("LANG", "es_ES.UTF-8"), ("LC_MESSAGES", "en_GB.UTF-8")]), Lang::En);
        assert_eq!(of(&[("LANG", "C"), ("LC_MESSAGES", "en_GB.UTF-8"), ("LC_ALL", "es_MX")]), Lang::Es);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "es")]), Lang::Es, "an empty one is not set");
    }
}
