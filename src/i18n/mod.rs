//! The reader's language: English or Spanish, chosen at run time.
//!
//! A sentence is written in both languages at the place where it is made, by `say!`, [`Lang::word`] or
//! [`Lang::counted`]. Each takes both texts, so that one without the other does not compile; `tests/languages.rs` walks all of
//! them. What a tool or the system said stays as it is.

use chrono::{DateTime, Datelike, Utc};

pub mod sentences;
mod words;

/// A language that reports and messages come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English; also what programs are served.
    #[default]
    En,
    /// Spanish.
    Es,
}

/// Between three digits and three more: the narrow no-break space (SI brochure 5.4.4; RAE, Ortografía 2010).
const THOUSANDS: char = '\u{202f}';

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

impl Lang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::Es];

    /// The code of ISO 639-1, as in HTML's `lang`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }

    /// The language of a locale such as `es_ES.UTF-8`: Spanish for every `es`, else English, which C and POSIX are too.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("es") { Self::Es } else { Self::En }
    }

    /// The word in this language.
    #[must_use]
    pub const fn word(self, english: &'static str, spanish: &'static str) -> &'static str {
        match self {
            Self::En => english,
            Self::Es => spanish,
        }
    }

    /// A number and what is counted, `[one, many]` in each language: `1 run`, `2,450 runs`; `2450 pruebas`. One is one thing
    /// in both languages and everything else many (CLDR's plural rules; Spanish has a third form for exact millions, which
    /// takes a `de` and no number here is).
    #[must_use]
    pub fn counted(self, n: usize, english: [&str; 2], spanish: [&str; 2]) -> String {
        let [one, many] = match self {
            Self::En => english,
            Self::Es => spanish,
        };
        format!("{} {}", self.count(n as u64), if n == 1 { one } else { many })
    }

    /// A count with its thousands apart: `2,450`, in Spanish from five digits on (`24 500`).
    #[must_use]
    pub fn count(self, n: u64) -> String {
        let digits = n.to_string();
        let mark = match self {
            Self::En => ',',
            Self::Es if digits.len() < 5 => return digits,
            Self::Es => THOUSANDS,
        };
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push(mark);
            }
            text.push(c);
        }
        text
    }

    /// A number in digits with this language's decimal mark.
    #[must_use]
    pub fn decimal(self, number: String) -> String {
        match self {
            Self::En => number,
            Self::Es => number.replace('.', ","),
        }
    }

    /// Day and time of day: `24 November 2026, 12:00:00 UTC`.
    #[must_use]
    pub fn moment(self, at: DateTime<Utc>) -> String {
        match self {
            Self::En => at.format("%-d %B %Y, %H:%M:%S UTC").to_string(),
            Self::Es => {
                let month = MONTHS.get(at.month0() as usize).copied().unwrap_or_default();
                format!("{} de {month} de {}, {}", at.day(), at.year(), at.format("%H:%M:%S UTC"))
            }
        }
    }
}

/// A sentence in the language of the first argument: `say!(lang, "wrote {path}", "escrito {path}")`. Both texts are formatted
/// as by [`format!`], with the same arguments.
macro_rules! say {
    ($lang:expr, $english:literal, $spanish:literal $(, $argument:expr)* $(,)?) => {
        match $lang {
            $crate::i18n::Lang::En => format!($english $(, $argument)*),
            $crate::i18n::Lang::Es => format!($spanish $(, $argument)*),
        }
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_language_first() {
        for locale in ["es", "es_ES.UTF-8", "es_MX", "es-AR", "ES", "es.UTF-8", "es@euro"] {
            assert_eq!(Lang::of_locale(locale), Lang::Es, "{locale}");
        }
        for locale in ["", "C", "POSIX", "C.UTF-8", "en_GB.UTF-8", "de_DE", "est_EE", "eo"] {
            assert_eq!(Lang::of_locale(locale), Lang::En, "{locale}");
        }
    }

    #[test]
    fn numbers_and_dates_are_written_as_each_language_does() {
        let count = |lang: Lang| [7, 1234, 24_500, 2_450_000].map(|n| lang.count(n));
        assert_eq!(count(Lang::En), ["7", "1,234", "24,500", "2,450,000"]);
        assert_eq!(count(Lang::Es), ["7", "1234", "24\u{202f}500", "2\u{202f}450\u{202f}000"]);
        let runs = |lang: Lang, n| lang.counted(n, ["run", "runs"], ["prueba", "pruebas"]);
        assert_eq!([0, 1, 2].map(|n| runs(Lang::En, n)), ["0 runs", "1 run", "2 runs"]);
        assert_eq!([0, 1, 2].map(|n| runs(Lang::Es, n)), ["0 pruebas", "1 prueba", "2 pruebas"]);
        let at = "2026-11-24T12:03:00Z".parse().unwrap();
        assert_eq!(Lang::En.moment(at), "24 November 2026, 12:03:00 UTC");
        assert_eq!(Lang::Es.moment(at), "24 de noviembre de 2026, 12:03:00 UTC");
        assert_eq!((Lang::En.decimal("95.6".into()), Lang::Es.decimal("95.6".into())), ("95.6".into(), "95,6".into()));
    }
}
