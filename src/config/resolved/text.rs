//! A resolved topology as YAML: blocks, one value a line, its origin behind it.

use std::fmt::Write as _;

use super::{Item, Origin, OriginKind};
use crate::config::tree::Node;

/// Column at which comments start, where the value leaves room.
const COMMENT: usize = 40;

pub(super) fn yaml(entries: &[(String, Item)], built_in: &[String]) -> String {
    let mut text = String::new();
    write(entries, 0, &mut text);
    if !built_in.is_empty() {
        let _ = writeln!(text, "# built in: {}", built_in.join("; "));
    }
    text
}

fn write(entries: &[(String, Item)], depth: usize, text: &mut String) {
    for (key, item) in entries {
        let mut line = format!("{:1$}{2}:", "", depth * 2, plain_or_quoted(key, key));
        match item {
            Item::Map(entries) => {
                let _ = writeln!(text, "{line}");
                write(entries, depth + 1, text);
            }
            Item::Value(node, origin) => {
                let value = flow(node);
                if !value.is_empty() {
                    let _ = write!(line, " {value}");
                }
                let _ = writeln!(text, "{line:COMMENT$}  # {}", comment(origin));
            }
        }
    }
}

/// A node on one line; nothing for nothing.
fn flow(node: &Node) -> String {
    match node {
        Node::Null => String::new(),
        // What was expanded is not expanded again.
        Node::Scalar(text) => plain_or_quoted(text, &text.replace('$', "$$")),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(|item| in_flow(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Node::Map(entries) => {
            let entry = |key: &str, node: &Node| format!("{}: {}", plain_or_quoted(key, key), in_flow(node));
            let entries: Vec<String> = entries.iter().map(|(key, node)| entry(&key.value, &node.value)).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

fn in_flow(node: &Node) -> String {
    if *node == Node::Null { "null".to_owned() } else { flow(node) }
}

/// `escaped` as a plain scalar where `text` is one to every reader, or in double quotes.
fn plain_or_quoted(text: &str, escaped: &str) -> String {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let inner = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '%' | '+' | '_' | '>'));
    if first && inner && !text.eq_ignore_ascii_case("null") {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in escaped.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            // Also line ends that only YAML 1.1 knows, and the mark at which a file may begin.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn comment(origin: &Origin) -> String {
    let mut parts = vec![];
    if let Some(variables) = &origin.variables {
        parts.push(format!("{variables}, environment"));
    }
    if origin.kind == OriginKind::Default {
        parts.push("default".to_owned());
    }
    if !origin.section.is_empty() {
        parts.push(origin.section.clone());
    }
    if let (Some(file), Some(line)) = (&origin.file, origin.line) {
        parts.push(format!("{file}:{line}"));
    }
    // A file may be named in any way.
    parts.join(", ").chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_where_yaml_could_take_it_for_something_else() {
        for (text, written) in [
            ("300M", "300M"),
            ("a->b", "a->b"),
            ("5201-5220", "5201-5220"),
            ("null", "\"null\""),
            ("", "\"\""),
            ("- x", "\"- x\""),
            ("a: b", "\"a: b\""),
            ("a \"b\" \\ c\td\n", "\"a \\\"b\\\" \\\\ c\\u0009d\\n\""),
            ("costs 5$", "\"costs 5$$\""),
            ("ñandú", "\"ñandú\""),
        ] {
            assert_eq!(flow(&Node::Scalar(text.to_owned())), written);
        }
    }
}
