//! `${NAME}` and `${NAME:-default}` in values, `$$` for a dollar. Keys are left as they are.

use super::codes::Code;
use super::fault::{Fault, Faults, Quoted, Span};

/// Bytes that all values of a topology may grow to by their variables.
const MOST_BYTES: usize = 8 << 20;

/// Puts the values of variables into texts.
pub(crate) struct Expander<'e> {
    variable: &'e dyn Fn(&str) -> Option<String>,
    bytes: usize,
}

/// A piece of a text.
#[derive(Debug, PartialEq)]
enum Piece<'t> {
    Text(&'t str),
    Dollar,
    Variable {
        name: &'t str,
        default: Option<&'t str>,
    },
    /// From a `${` on that does not go on as it must.
    Bad,
}

impl<'e> Expander<'e> {
    /// `variable` gives the value of a variable, `None` where it is not set.
    pub(crate) const fn new(variable: &'e dyn Fn(&str) -> Option<String>) -> Self {
        Self { variable, bytes: 0 }
    }

    /// The text with its variables replaced. What is not set is reported, and the text stays as it is; `None` where so
    /// much came of it that reading on makes no sense.
    pub(crate) fn expand(&mut self, text: String, span: Span, faults: &mut Faults<'_>) -> Option<String> {
        if !text.contains('$') {
            return Some(text);
        }
        let mut whole = String::with_capacity(text.len());
        let mut from: Vec<String> = vec![];
        let mut missing: Vec<&str> = vec![];
        for piece in pieces(&text) {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Dollar => whole.push('$'),
                Piece::Bad => {
                    let message = format!("{} has a variable that cannot be read", Quoted(&text));
                    let fault = Fault::new(Code::BadVariable, span, message);
                    faults.add(fault.fix("write `${NAME}` or `${NAME:-default}`, and `$$` for a dollar"));
                    faults.lose(span);
                    return Some(text);
                }
                Piece::Variable { name, default } => {
                    let value = (self.variable)(name).filter(|value| default.is_none() || !value.is_empty());
                    from.push(if value.is_some() {
                        format!("${{{name}}}")
                    } else {
                        format!("the default of ${{{name}}}")
                    });
                    match (value, default) {
                        (Some(value), _) => whole.push_str(&value),
                        (None, Some(default)) => whole.push_str(default),
                        (None, None) if missing.contains(&name) => {}
                        (None, None) => missing.push(name),
                    }
                }
            }
            if self.bytes + whole.len() > MOST_BYTES {
                let message = format!("the variables make the values longer than {} MiB", MOST_BYTES >> 20);
                faults.add(Fault::new(Code::TooLarge, span, message).fix("look at what the variable holds"));
                return None;
            }
        }
        self.bytes += whole.len();
        if missing.is_empty() {
            if !from.is_empty() {
                from.dedup();
                faults.mark_variables(span, from.join(", "));
            }
            return Some(whole);
        }
        for name in missing {
            let fault = Fault::new(Code::UnsetVariable, span, format!("the variable `{name}` is not set"));
            faults.add(fault.fix(format!("set `{name}` in the environment, or write `${{{name}:-default}}`")));
        }
        faults.lose(span);
        Some(text)
    }
}

/// The pieces of a text; a single dollar means itself.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        rest = if let Some(after) = after.strip_prefix('$') {
            pieces.push(Piece::Dollar);
            after
        } else if let Some(inner) = after.strip_prefix('{') {
            let Some((inner, after)) = inner.split_once('}') else {
                pieces.push(Piece::Bad);
                return pieces;
            };
            pieces.push(variable(inner));
            after
        } else {
            pieces.push(Piece::Dollar);
            after
        };
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// What stands between the braces. Names are those that a shell takes (POSIX.1-2017, 3.235).
fn variable(inner: &str) -> Piece<'_> {
    let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, default)| (name, Some(default)));
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let valid = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(word);
    // One variable within another would end at the wrong brace.
    if valid && default.is_none_or(|default| !default.contains("${")) {
        Piece::Variable { name, default }
    } else {
        Piece::Bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    /// The text and its variables, or code and message of what is wrong.
    type Expanded = Result<(String, Option<String>), Vec<(String, String)>>;

    fn expand(text: &str) -> Expanded {
        let source = Source { file: "t.yaml".into(), bytes: text.as_bytes().to_vec() };
        let mut faults = Faults::new(&source);
        let variable = |name: &str| match name {
            "RATE" => Some("300M".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let span = Span { end: text.len(), ..Span::START };
        let whole = Expander::new(&variable).expand(text.to_owned(), span, &mut faults).unwrap();
        let from = faults.variables(span).map(str::to_owned);
        let (found, _) = faults.finish();
        if found.is_empty() { Ok((whole, from)) } else { Err(found.into_iter().map(|d| (d.code, d.message)).collect()) }
    }

    #[test]
    fn variables_become_their_values() {
        for (text, whole, from) in [
            ("plain", "plain", None),
            ("${RATE}", "300M", Some("${RATE}")),
            ("a-${RATE}-${RATE}", "a-300M-300M", Some("${RATE}")),
            ("${NONE:-5M}", "5M", Some("the default of ${NONE}")),
            ("${EMPTY:-5M}", "5M", Some("the default of ${EMPTY}")),
            ("${EMPTY}", "", Some("${EMPTY}")),
            ("${NONE:-}", "", Some("the default of ${NONE}")),
            ("${RATE:-5M}", "300M", Some("${RATE}")),
            ("$$", "$", None),
            ("$${RATE}", "${RATE}", None),
            ("$$${RATE}", "$300M", Some("${RATE}")),
            ("$RATE costs 5$", "$RATE costs 5$", None),
        ] {
            assert_eq!(expand(text), Ok((whole.to_owned(), from.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn what_is_no_variable_or_not_set_is_refused() {
        for text in ["${", "${}", "${1A}", "${A-b}", "${A:-${B}}", "x ${A B}", "${RATE"] {
            assert_eq!(expand(text).unwrap_err()[0].0, "bad-variable", "{text}");
        }
        let unset = expand("${A} ${RATE} ${B} ${A}").unwrap_err();
        let messages: Vec<&str> = unset.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(messages, ["the variable `A` is not set", "the variable `B` is not set"]);
    }

    #[test]
    fn growth_has_an_end() {
        let big = "x".repeat(1 << 20);
        let source = Source { file: "t.yaml".into(), bytes: vec![] };
        let mut faults = Faults::new(&source);
        let variable = |_: &str| Some(big.clone());
        let mut expander = Expander::new(&variable);
        let count = (0..100).take_while(|_| expander.expand("${A}".to_owned(), Span::START, &mut faults).is_some());
        assert_eq!(count.count(), 8);
        assert_eq!(faults.finish().0[0].code, "too-large");
    }
}
