//! Text and tables that Markdown takes as they are meant.

/// Text for a paragraph, a list or a cell: what Markdown or HTML would take for its own is escaped, lines become one, and what
/// would steer a terminal is replaced.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            // Entities, for GitHub's renderer takes tags and links even where they are escaped by a backslash.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // No mention of a stranger, no reference to an issue.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A table: the head, then rows as long as it. Cells are escaped already.
pub(in crate::report) fn table(out: &mut String, head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) {
    let rule = vec!["---".to_owned(); head.len()];
    for row in [head, rule].into_iter().chain(rows) {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
}

/// A block of code that ends where it is meant to end, whatever stands in it.
pub(super) fn code(out: &mut String, lines: impl Iterator<Item = String>) {
    let body: String = lines
        .map(|l| l.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).chain(['\n']).collect::<String>())
        .collect();
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    out.push_str(&format!("{fence}text\n{body}{fence}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_cell() {
        assert_eq!(escape("a|b\nc"), "a\\|b c");
        assert_eq!(
            escape("<img src=x> **x** [y](z) @you #1"),
            "&lt;img src=x&gt; \\*\\*x\\*\\* \\[y\\](z) &#64;you &#35;1"
        );
        assert_eq!(escape("\u{1b}[31m"), "\u{fffd}\\[31m");
    }

    #[test]
    fn nothing_ends_a_block_of_code_early() {
        let mut out = String::new();
        code(&mut out, ["echo ```".to_owned(), "a\nb".to_owned()].into_iter());
        assert_eq!(out, "````text\necho ```\na\u{fffd}b\n````\n");
    }
}
