//! Every sentence of the sources has its Spanish: each string literal that reads as prose is one of a pair, matches a pattern of
//! `src/i18n/sentences`, or is named here as a piece of one or as another's words. A sentence without Spanish fails the test,
//! wherever and however it is made.

use std::path::Path;

use iperftester::i18n::Lang;
use iperftester::i18n::sentences::{all, told};

/// Texts that are English by design: what the reference and editors show of the language, and clap's help.
const ENGLISH_PLACES: [&str; 5] =
    ["/src/i18n/", "/src/config/language", "/src/config/codes.rs", "/src/config/schema", "/src/cli/args/"];

/// Calls and attributes whose texts are in both languages at that place, or are never shown.
const ASIDE: [&str; 11] = [
    "say!",
    ".word",
    ".counted",
    ".expect",
    "panic!",
    "unreachable!",
    "query",
    "query_as",
    "query_scalar",
    "execute",
    "serde",
];

/// Calls that look for a text in what another program said.
const LOOKING: [&str; 9] = [
    "contains",
    "starts_with",
    "ends_with",
    "strip_prefix",
    "strip_suffix",
    "split_once",
    "rsplit_once",
    "trim_start_matches",
    "replace",
];

/// Starts of what is typed, or given to a program.
const TYPED: [&str; 30] = [
    "sudo ",
    "export ",
    "apt install ",
    "iperftester destroy ",
    "ip netns ",
    "ip -n ",
    "ip saddr ",
    "link set ",
    "link add ",
    "link del ",
    "link show",
    "addr add ",
    "route add ",
    "{}/{} via ",
    "qdisc ",
    "class htb",
    "class add ",
    "filter add ",
    "netns ",
    "table netdev ",
    "delete table ",
    "numgen ",
    "-m ",
    "meta ",
    "SELECT ",
    "PRAGMA ",
    "BEGIN ",
    "{begin}link ",
    "*raw",
    "-A ",
];

/// Pieces that sentences are made of: they are told as a whole, so each stands in some pattern.
const PIECES: [&str; 50] = [
    "{what} of run {}",
    "the raw output of run {run}",
    "removed and not restored",
    "perhaps no longer whole",
    "left behind",
    "the plan stopped at `{} {}`: {aftermath}",
    "the kernel has none (no {module})",
    "the kernel has none (no {module}) and loads no modules",
    "{detail}; no cubic, the usual one",
    "no test of both directions at once before 3.7",
    "one thread for all streams before 3.16, and intervals only at the end before 3.17",
    "a paced test takes a whole CPU in 3.16 and 3.17, so it may be invalid",
    "a thread per stream, intervals while it runs",
    "not iperf 3: its tests are another tool's",
    "the default of ${{{name}}}",
    "it is a number such as `0.5` or `2`",
    "it is no share of the contract",
    "`{}` is {}; it must be at {side} {}",
    "{} is not {what}",
    "is no IP address",
    "is no address of a machine",
    "the agent of {probe} {what}",
    "the agent of {} {why}",
    "says more than it was asked",
    "has no streams",
    "{why} instead of answering hello",
    "did not answer hello within {} s",
    "gave no answer within {} s and was stopped",
    "has ended",
    "cannot {action} {subject} on host {host}",
    "read the log of",
    "{drift}, {} s after it was asked for",
    "install what uses it: apt install {package}; ",
    "{}, which needs {features}, and this machine has none ({modules})",
    "the facts of {probe}",
    "no answer",
    "none of {} connections opened: {fault}",
    "its JSON",
    "what follows its first JSON value",
    "{what} is cut off at line {} column {}",
    "{} outputs one after the other, {what}",
    "of several streams each: read them one by one",
    "of different tests: read them one by one",
    "of tests at different times: read them one by one",
    "the budget of {} a day cannot be kept: nothing bounds what {} {}",
    "make the folder",
    "no Docker endpoint",
    "as root",
    "as root, its containers as users of their own",
    "without root",
];

/// What other programs say, what only programs read, and what is in both languages in another way than by the calls above.
const OTHERS: [&str; 58] = [
    "{measured} is {of} of the contracted {contract}, {judged}",
    "{measured} son el {of} de los {contract} contratados, {judged}",
    "{measured} es el {of} de lo contratado ({contract}), {judged}",
    "the server is busy running a test",
    "Connection refused",
    "unable to connect to server",
    "unable to read from stream socket: Resource temporarily unavailable",
    "socket: Operation not permitted",
    "a program in a container",
    "network is being used",
    "is already used on the host",
    "error setting rlimit",
    "the requested cgroup controller",
    "Podman Engine",
    "active endpoints",
    "manifest unknown",
    "name unknown",
    "repository name not known",
    "is not a swarm manager",
    "no suitable node",
    "port is already allocated",
    "address already in use",
    "no space left on device",
    "No such image",
    "Pool overlaps",
    "invalid subinterface vlan name",
    "Requested CPUs are not available",
    "could not find an available",
    "has active endpoints",
    "server gave HTTP response to HTTPS client",
    "tls: failed to verify",
    "no basic auth credentials",
    "authentication required",
    "incorrect username or password",
    "dial tcp",
    "request canceled",
    "connection reset",
    "  {whose} {nft_chance}counter drop",
    "more path",
    "more paths",
    "ruta más",
    "rutas más",
    "more result",
    "more results",
    "resultado más",
    "resultados más",
    "iperftester: the tools of Debian {}",
    "Frag needed",
    "Packet too big",
    "essage too long",
    "a JSON value",
    "iperftester campaign run",
    " (did you mean `{meant}`?)",
    "{value} is no DSCP: 0 to 63",
    "server command",
    "not found",
    "Space Available",
    "Data Space Available",
];

/// A string literal, where it stands, and what stands before each bracket that is open there.
struct Literal {
    text: String,
    line: usize,
    inside: Vec<String>,
}

/// The word before a place: `.word`, `say!`, `#`.
fn before(code: &str) -> String {
    let from = code.rfind(|c: char| !(c.is_alphanumeric() || "_.!#".contains(c)));
    code[from.map_or(0, |at| at + code[at..].chars().next().map_or(1, char::len_utf8))..].to_owned()
}

/// All string literals of `code`, without those of comments.
fn literals(code: &str) -> Vec<Literal> {
    let (mut found, mut open, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(c) = code[at..].chars().next() {
        let rest = &code[at..];
        let mut take = |text: String| {
            found.push(Literal { text, line: code[..at].matches('\n').count() + 1, inside: open.clone() });
        };
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            let end = raw.find("\"#").unwrap();
            take(raw[..end].to_owned());
            end + 5
        } else if rest.starts_with("r\"") && !before(&code[..at]).ends_with(char::is_alphanumeric) {
            let end = rest[2..].find('"').unwrap();
            take(rest[2..end + 2].to_owned());
            end + 3
        } else if c == '"' {
            let mut end = 1;
            while rest.as_bytes()[end] != b'"' {
                end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
            }
            // A line that ends in a backslash goes on with the next one's first word.
            let lines = rest[1..end].split("\\\n").enumerate();
            let text: String = lines.map(|(i, part)| if i == 0 { part } else { part.trim_start() }).collect();
            take(text.replace("\\\"", "\"").replace("\\n", "\n").replace("\\t", "\t"));
            end + 1
        } else if c == '\'' && rest[1..].starts_with('\\') {
            2 + rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').unwrap().0 + 1
        } else if c == '\'' && rest.chars().nth(2) == Some('\'') {
            2 + rest.chars().nth(1).unwrap().len_utf8()
        } else {
            match c {
                '(' | '[' | '{' => open.push(before(&code[..at])),
                ')' | ']' | '}' => drop(open.pop()),
                _ => {}
            }
            c.len_utf8()
        };
    }
    found
}

/// Does a text read as prose: two words beside each other, where nothing is typed and no value stands?
fn is_prose(text: &str) -> bool {
    let read: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" | ");
    let read: String =
        read.split('{').map(|t| t.split_once('}').map_or(t, |(_, rest)| rest)).collect::<Vec<_>>().join(" | ");
    let words: Vec<bool> = read
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| ",.;()?!".contains(c)))
        .map(|word| {
            word.starts_with(char::is_alphabetic) && word.chars().all(|c| c.is_alphabetic() || "'-".contains(c))
        })
        .collect();
    words.windows(2).any(|pair| pair[0] && pair[1])
}

/// The text as it is said, with something in each of its places.
fn sample(text: &str) -> String {
    let escaped = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut said = String::new();
    for (i, piece) in escaped.split('{').enumerate() {
        match piece.split_once('}') {
            Some((_, rest)) if i > 0 => said.push_str(&format!("x{i}{rest}")),
            _ => said.push_str(piece),
        }
    }
    said.replace('\u{1}', "{").replace('\u{2}', "}").trim().to_owned()
}

/// The texts of a pattern between its places.
fn between(text: &str) -> Vec<String> {
    let escaped = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let parts = escaped.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    parts.map(|part| part.replace('\u{1}', "{").replace('\u{2}', "}")).collect()
}

/// Does a pattern hold all that a piece says, in that order?
fn holds(pattern: &str, piece: &str) -> bool {
    let mut rest = pattern;
    between(piece.trim_matches([' ', ';', ','])).iter().all(|part| {
        let found = rest.find(part.as_str());
        rest = found.map_or(rest, |at| &rest[at + part.len()..]);
        found.is_some()
    })
}

#[test]
fn every_sentence_of_the_sources_has_its_spanish() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    super::sources(&root.join("src"), &mut files);
    let (mut read, mut missing, mut seen) = (0, Vec::new(), Vec::new());
    for file in files {
        let name = file.to_string_lossy().into_owned();
        let is_test = name.ends_with("/tests.rs") || name.contains("/tests/");
        if is_test || !name.ends_with(".rs") || ENGLISH_PLACES.iter().any(|place| name.contains(place)) {
            continue;
        }
        let code = std::fs::read_to_string(&file).unwrap();
        for Literal { text, line, inside } in literals(code.split("#[cfg(test)]").next().unwrap()) {
            // An attribute's texts are for the compiler, but those of errors.
            let aside = |call: &String| {
                ASIDE.iter().any(|known| call.ends_with(known))
                    || (call.ends_with(['#', '!']) && call.starts_with('#') && !inside.contains(&"error".to_owned()))
            };
            let looked_for = inside.last().is_some_and(|call| LOOKING.iter().any(|known| call.ends_with(known)));
            let typed = TYPED.iter().any(|start| text.starts_with(start)) || text.contains('<');
            if !is_prose(&text) || looked_for || typed || inside.iter().any(aside) {
                continue;
            }
            read += 1;
            let said = sample(&text);
            if let Some(known) = PIECES.iter().chain(&OTHERS).find(|known| **known == text) {
                seen.push(*known);
            } else if told(Lang::Es, &said) == said {
                missing.push(format!("{name}:{line}: {text:?}"));
            }
        }
    }
    assert!(read > 700, "only {read} found");
    assert!(missing.is_empty(), "no Spanish in src/i18n/sentences for\n{}", missing.join("\n"));
    for piece in PIECES {
        assert!(all().any(|(english, _)| holds(english, piece)), "in no pattern: {piece}");
    }
    let unseen: Vec<_> = PIECES.iter().chain(&OTHERS).filter(|known| !seen.contains(known)).collect();
    assert!(unseen.is_empty(), "named here and nowhere in the sources: {unseen:#?}");
}

#[test]
fn prose_is_told_from_what_is_typed() {
    for prose in ["not a rate", "{} of its streams ended", "try again", "it is `x`, no y"] {
        assert!(is_prose(prose), "{prose}");
    }
    for other in ["campaign_run", "/sys/kernel", "`run it now`", "{}: {}", "x {y} z", "a->b"] {
        assert!(!is_prose(other), "{other}");
    }
    let code = "f(\"one\", say!(l, \"two \\\"x\\\"\"), '\"', b'\\'', r#\"three \"#) // \"four\"\n#[error(\"five \\\n   six\")]";
    let found: Vec<(String, Vec<String>)> = literals(code).into_iter().map(|l| (l.text, l.inside)).collect();
    let texts: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["one", "two \"x\"", "three ", "five six"]);
    assert_eq!(found[1].1, ["f", "say!"]);
    assert_eq!(found[3].1, ["#", "error"]);
}
