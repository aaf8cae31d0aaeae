//! Where this machine gets a Debian release, read off apt's sources (sources.list(5)).

/// Options of a source that say how its signature is checked, in the words of both forms.
const OPTIONS: [&str; 2] = ["signed-by", "trusted"];

/// One-line sources for `suite`, its updates and its security fixes, from texts in the one-line form.
pub(super) fn of_lines(text: &str, suite: &str) -> Vec<String> {
    text.lines().filter_map(|line| of_line(line, suite)).collect()
}

fn of_line(line: &str, suite: &str) -> Option<String> {
    let line = line.split('#').next()?;
    let mut rest = line.trim().strip_prefix("deb")?.trim_start();
    let mut options = vec![];
    if let Some(inner) = rest.strip_prefix('[') {
        let (inner, after) = inner.split_once(']')?;
        options = inner.split_whitespace().filter_map(|option| option.split_once('=')).collect();
        rest = after;
    }
    let mut words = rest.split_whitespace();
    let (uri, at) = (words.next()?, words.next()?);
    one_line(&options, uri, at, &words.collect::<Vec<_>>(), suite)
}

/// The same from a text of stanzas (deb822).
pub(super) fn of_stanzas(text: &str, suite: &str) -> Vec<String> {
    let text: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    text.split("\n\n").flat_map(|stanza| of_stanza(stanza, suite)).collect()
}

fn of_stanza(stanza: &str, suite: &str) -> Vec<String> {
    let stanza = stanza.replace("\n ", " ").replace("\n\t", " ");
    let fields: Vec<(String, &str)> = stanza
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| *value);
    let words = |name| field(name).split_whitespace().collect::<Vec<_>>();
    if !words("types").contains(&"deb") || field("enabled").eq_ignore_ascii_case("no") {
        return vec![];
    }
    // A key that stands in the stanza itself has no place in a line.
    let options: Vec<(&str, &str)> = OPTIONS
        .into_iter()
        .map(|name| (name, field(name)))
        .filter(|(_, value)| value.starts_with(['/', 'y']))
        .collect();
    let mut lines = vec![];
    for uri in words("uris") {
        for at in words("suites") {
            lines.extend(one_line(&options, uri, at, &words("components"), suite));
        }
    }
    lines
}

/// The source as one line, where it is of this release and of the kind that Debian itself has: with a component `main`.
fn one_line(options: &[(&str, &str)], uri: &str, at: &str, components: &[&str], suite: &str) -> Option<String> {
    let rest = at.strip_prefix(suite)?;
    let is_part = matches!(rest, "" | "-updates" | "-security" | "/updates");
    // Files of a medium are not reached by the network.
    if !is_part || !components.contains(&"main") || !uri.starts_with("http") {
        return None;
    }
    let options: Vec<String> = options
        .iter()
        .filter(|(name, _)| OPTIONS.contains(name))
        .map(|(name, value)| format!("{name}={}", value.split_whitespace().collect::<Vec<_>>().join(",")))
        .collect();
    let options = if options.is_empty() { String::new() } else { format!("[{}] ", options.join(" ")) };
    Some(format!("deb {options}{uri} {at} {}", components.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_release_are_taken() {
        let text = "# deb http://old.example.net/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.example.net/debian bookworm main contrib\n\
                    deb http://mirror.example.net/debian-security bookworm-security main # fixes\n\
                    deb-src http://mirror.example.net/debian bookworm main\n\
                    deb https://download.example.net/engine bookworm stable\n\
                    deb cdrom:[Debian]/ bookworm main\n\
                    deb http://mirror.example.net/debian trixie main\n";
        assert_eq!(
            of_lines(text, "bookworm"),
            [
                "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.example.net/debian bookworm main contrib",
                "deb http://mirror.example.net/debian-security bookworm-security main",
            ]
        );
        assert!(of_lines(text, "book").is_empty());
    }

    #[test]
    fn stanzas_of_the_release_are_taken() {
        let text = "Types: deb deb-src\n# a comment within\nURIs: http://mirror.example.net/debian\n\
                    Suites: bookworm\n bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/k.gpg\n\n\
                    Types: deb\nEnabled: no\nURIs: http://off.example.net/debian\nSuites: bookworm\nComponents: main\n\n\
                    Types: deb\nURIs: http://mirror.example.net/security\nSuites: bookworm-security\nComponents: main\n\
                    Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n";
        assert_eq!(
            of_stanzas(text, "bookworm"),
            [
                "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.example.net/debian bookworm main",
                "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.example.net/debian bookworm-updates main",
                "deb http://mirror.example.net/security bookworm-security main",
            ]
        );
        assert!(of_stanzas(text, "trixie").is_empty());
    }
}
