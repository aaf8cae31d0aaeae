//! Two languages: each sentence is there in both, no report mixes them, and the real binary speaks the one asked for.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the tests of the verdict")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[path = "support/prose.rs"]
mod prose;
#[path = "support/words.rs"]
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use iperftester::config::{self, Source};
use iperftester::domain::run::CampaignRun;
use iperftester::i18n::Lang;
use iperftester::i18n::sentences::{all, told};
use iperftester::report::{compare, html, json, markdown, terminal};
use words::{ENGLISH, SPANISH, among};

/// Equal in both: a word that Spanish engineers use too, or nothing but names and marks.
const ALIKE: [&str; 7] = ["jitter", "Jitter", "error", "CPU", "MTU", "{told}", "rtt {rtt}"];

/// A text of the sources with its translation, and where it stands.
struct Pair {
    english: String,
    spanish: String,
    place: String,
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "html") {
            found.push(path);
        }
    }
}

/// The string literals of a call, from behind its opening parenthesis to the closing one.
fn literals(call: &str) -> Vec<String> {
    let (mut found, mut depth, mut at) = (Vec::new(), 1, 0);
    let bytes = call.as_bytes();
    while depth > 0 && at < bytes.len() {
        match bytes[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' => {
                let start = at + 1;
                at = start;
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let mut literal = String::new();
                // A line that ends in a backslash goes on with the next one's first word.
                for (i, part) in call[start..at].split("\\\n").enumerate() {
                    literal.push_str(if i == 0 { part } else { part.trim_start() });
                }
                found.push(literal);
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Every pair that the sources hold: `say!`, `word` and `counted`.
fn pairs() -> Vec<Pair> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("templates"), &mut files);
    let mut pairs = Vec::new();
    for file in files {
        let whole = std::fs::read_to_string(&file).unwrap();
        let code = whole.split("#[cfg(test)]").next().unwrap();
        for (mark, many) in [("say!(", false), (".word(", false), (".counted(", true)] {
            for (at, _) in code.match_indices(mark) {
                // An example in a comment is none.
                let line = code[..at].rfind('\n').map_or(0, |n| n + 1);
                if code[line..at].contains("//") {
                    continue;
                }
                let place = format!("{}:{}", file.display(), code[..at].matches('\n').count() + 1);
                let texts = literals(&code[at + mark.len()..]);
                let half = if many { 2 } else { 1 };
                if texts.len() < 2 * half {
                    // Not a call with texts: `word(state.lang)`, a definition.
                    assert!(texts.is_empty(), "{place}: {texts:?}");
                    continue;
                }
                for i in 0..half {
                    let (english, spanish) = (texts[i].clone(), texts[half + i].clone());
                    pairs.push(Pair { english, spanish, place: place.clone() });
                }
            }
        }
    }
    pairs
}

/// `{name}` and `{}` of a text, sorted.
fn arguments(text: &str) -> Vec<String> {
    let mut names: Vec<String> =
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn every_message_is_there_in_both_languages_with_the_same_arguments() {
    let pairs = pairs();
    assert!(pairs.len() > 250, "only {} found", pairs.len());
    for Pair { english, spanish, place } in &pairs {
        assert_eq!(arguments(english), arguments(spanish), "{place}: {english} / {spanish}");
        let letters = |text: &str| {
            let outside = text.split('{').map(|t| t.split_once('}').map_or(t, |(_, rest)| rest)).collect::<String>();
            outside.chars().any(char::is_alphabetic)
        };
        let same = english == spanish && letters(english);
        assert!(!same || ALIKE.contains(&english.as_str()), "{place}: `{english}` in both");
        // What stands in backticks is typed, not read.
        let prose = |text: &str| text.split('`').step_by(2).collect::<Vec<_>>().join(" ").replace('{', " {");
        let outside =
            |text: &str| prose(text).split('{').map(|t| t.split_once('}').map_or(t, |(_, r)| r)).collect::<String>();
        assert_eq!(among(&outside(spanish), ENGLISH), BTreeSet::new(), "{place}: {spanish}");
        assert_eq!(among(&outside(english), SPANISH), BTreeSet::new(), "{place}: {english}");
    }
    for (english, spanish) in all() {
        let outside = |text: &str| {
            let typed = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
            typed.split('{').map(|t| t.split_once('}').map_or(t, |(_, r)| r)).collect::<String>()
        };
        assert_eq!(among(&outside(spanish), ENGLISH), BTreeSet::new(), "{spanish}");
        assert_eq!(among(&outside(english), SPANISH), BTreeSet::new(), "{english}");
    }
}

/// The texts of `thiserror` attributes below `src`, with a name for each place.
fn errors() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut found = Vec::new();
    for file in files {
        let code = std::fs::read_to_string(&file).unwrap();
        for (at, _) in code.match_indices("#[error(\"") {
            let text = literals(&code[at + "#[error(".len()..]).remove(0);
            found.push((text, format!("{}:{}", file.display(), code[..at].matches('\n').count() + 1)));
        }
    }
    found
}

#[test]
fn every_error_has_a_sentence_in_spanish() {
    let errors = errors();
    assert!(errors.len() > 20, "only {} found", errors.len());
    for (error, place) in errors {
        let mut sample = String::new();
        for (i, piece) in error.split('{').enumerate() {
            match piece.split_once('}') {
                Some((_, rest)) if i > 0 => sample.push_str(&format!("x{i}{rest}")),
                _ => sample.push_str(piece),
            }
        }
        // What an error takes its words from is another's, and an action is one of few.
        let samples = if error.starts_with("cannot {action} ") || error.starts_with("the plan stopped") {
            ["create", "remove"].map(|action| sample.replacen("x1", action, 1)).to_vec()
        } else if matches!(error.as_str(), "{what}" | "{0}") || error == "the agent of {probe} {what}" {
            continue;
        } else {
            // Some end in a verb, which is one of two.
            let verb = sample.starts_with("the budget of").then(|| sample.replace("x3", "sends"));
            vec![verb.unwrap_or(sample)]
        };
        for sample in samples {
            if place.contains("store") && sample.starts_with("cannot ") {
                continue;
            }
            assert_ne!(told(Lang::Es, &sample), sample, "{place}: no Spanish for `{error}` in src/i18n/sentences");
        }
    }
}

#[test]
fn every_hint_of_the_store_and_the_lock_is_told_in_spanish() {
    use iperftester::lock::{Holder, LockError};
    use iperftester::store::{Notice, StoreError};
    let (path, file) = (PathBuf::from("/d/results.db"), PathBuf::from("/d/rescue-1.jsonl"));
    let io = |kind| std::io::Error::new(kind, "the system's words");
    let action = "store a result";
    let stored = |kind| StoreError::File { action: "make the folder", path: path.clone(), source: io(kind) };
    let errors = [
        StoreError::Busy { action, path: path.clone() },
        StoreError::Full { action, path: path.clone() },
        StoreError::Newer { path: path.clone(), found: 9, known: 1 },
        stored(std::io::ErrorKind::AlreadyExists),
        stored(std::io::ErrorKind::PermissionDenied),
        StoreError::Content { what: "the topology".into(), id: "x".into(), source: "words".into() },
        StoreError::Unknown { id: "x".into() },
        StoreError::Exists { id: "x".into() },
        StoreError::RunExists { id: "x".into(), run: 7 },
    ];
    let mut said: Vec<String> = errors.iter().flat_map(|e| std::iter::once(e.to_string()).chain(e.hint())).collect();
    let why = errors[1].to_string();
    let notices = [
        Notice::Rescued { file: file.clone(), why: why.clone(), mend: errors[1].hint() },
        Notice::Waiting { file: file.clone(), why, mend: None },
        Notice::TakenIn { campaign_run: "x".into(), runs: 2, file },
    ];
    said.extend(notices.iter().flat_map(|n| std::iter::once(n.to_string()).chain(n.hint())));
    let holder = || Holder { pid: 7, verb: "run".into(), since: campaign_run::noon() };
    let topology = || campaign_run::name("office");
    let locks = [
        LockError::Held { topology: topology(), holder: Some(holder()) },
        LockError::Held { topology: topology(), holder: None },
        LockError::Orphaned { topology: topology(), holder: holder(), path: path.clone() },
        LockError::File { path, source: io(std::io::ErrorKind::PermissionDenied) },
    ];
    said.extend(locks.iter().flat_map(|e| [e.to_string(), e.hint()]));
    assert!(said.len() > 25, "{said:#?}");
    for english in said {
        let spanish = told(Lang::Es, &english);
        let prose = spanish.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        assert!(spanish != english && among(&prose, ENGLISH).is_empty(), "{english} → {spanish}");
    }
}

#[test]
fn whatever_is_wrong_with_an_engine_is_told_in_spanish() {
    use iperftester::backend::docker::{EngineError, EngineFault as Fault};
    let path = || PathBuf::from("/d/file");
    let text = || "x".to_owned();
    let faults = [
        Fault::BadEndpoint { endpoint: text() },
        Fault::PlainTcp,
        Fault::NoTlsFiles,
        Fault::NoContext { name: text(), known: vec![] },
        Fault::NoContext { name: text(), known: vec!["edge".into(), "rack".into()] },
        Fault::BadContext { path: path(), words: text() },
        Fault::UnverifiedContext { name: text() },
        Fault::File { path: path(), source: std::io::Error::other("x") },
        Fault::NoCertificate { path: path() },
        Fault::NoKey { path: path() },
        Fault::OtherKey { key: path(), cert: path() },
        Fault::NoSocket { path: path(), other: None },
        Fault::NoSocket { path: path(), other: Some(path()) },
        Fault::Forbidden { path: path() },
        Fault::Deserted { path: path() },
        Fault::Refused,
        Fault::Unreachable { words: text() },
        Fault::Untrusted { ca: path() },
        Fault::OtherName { names: text(), expected: text() },
        Fault::OtherName { names: String::new(), expected: text() },
        Fault::Expired { until: campaign_run::noon(), now: campaign_run::noon() },
        Fault::Early { from: campaign_run::noon(), now: campaign_run::noon() },
        Fault::ClientExpired { cert: path(), until: campaign_run::noon(), now: campaign_run::noon() },
        Fault::ClientRefused { cert: path(), words: text() },
        Fault::Tls { words: text() },
        Fault::NoSsh { words: "`ssh` is not installed".into() },
        Fault::NoSsh { words: "no folder is short enough for a socket".into() },
        Fault::UnknownHostKey { command: text() },
        Fault::OtherHostKey { command: text(), known_as: text() },
        Fault::Ssh { words: text(), command: text() },
        Fault::NoRemoteSocket { socket: text(), command: text() },
        Fault::Silent { limit: std::time::Duration::from_secs(10) },
        Fault::NotAnEngine { words: text() },
        Fault::Deserted { path: "/srv/podman/podman.sock".into() },
        Fault::Forbidden { path: "/srv/podman/podman.sock".into() },
        Fault::TooOld { product: "Podman", version: text(), api: text(), least: "API 1.41 (Docker 20.10)" },
        Fault::TooOld { product: "Docker", version: text(), api: text(), least: "API 1.41 (Docker 20.10)" },
    ];
    for fault in faults {
        let error = EngineError { host: campaign_run::name("edge"), endpoint: "ssh://x:22".into(), fault };
        for english in [error.to_string(), error.hint().unwrap()] {
            let spanish = told(Lang::Es, &english);
            let prose = spanish.split('`').step_by(2).collect::<Vec<_>>().join(" ");
            assert!(among(&prose, ENGLISH).is_empty(), "{english} → {spanish}");
            assert_ne!(spanish, english);
        }
        let fault = error.fault.to_string();
        assert_ne!(told(Lang::Es, &fault), fault);
    }
}

/// A pattern whose English is nowhere said any more helps nobody.
#[test]
fn every_sentence_is_still_said() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let said: String = files
        .iter()
        .filter(|file| !file.to_string_lossy().contains("/src/i18n/"))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .flat_map(|code| code.split("\\\n").map(|part| part.trim_start().to_owned()).collect::<Vec<_>>())
        .collect();
    let said = said.replace("\\\"", "\"");
    // Their verbs and objects are arguments of one format.
    let built = [
        "cannot ",
        "the plan stopped at",
        "`{key}` is {value}; it must be",
        "its JSON",
        "what follows its first JSON",
        "`{metric}` would fail",
        "{name} has no ",
        "load it: ",
        "install what uses it: ",
        "this kernel loads no modules: ",
        "{count} outputs one after the other",
        "{path} is no context of Docker: no ",
        "from ",
        // fs_err's.
        "failed to ",
    ];
    for (english, _) in all().filter(|(english, _)| !built.iter().any(|lead| english.starts_with(lead))) {
        let pieces = english.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest));
        let longest = pieces.max_by_key(|piece| piece.len()).unwrap();
        let longest = longest.trim_matches(|c: char| c.is_whitespace() || "`:;,()".contains(c));
        assert!(said.contains(longest), "`{english}` is said nowhere: `{longest}`");
    }
}

fn topologies(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for file in std::fs::read_dir(path).unwrap() {
            topologies(&file.unwrap().path(), files);
        }
    } else {
        files.push(path.to_owned());
    }
}

#[test]
fn every_finding_in_a_topology_is_told_in_spanish() {
    let mut files = Vec::new();
    topologies(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/topologies"), &mut files);
    let (mut told_of, mut missing) = (0, BTreeSet::new());
    for file in files {
        let source = Source { file: file.clone(), bytes: std::fs::read(&file).unwrap() };
        for d in config::load(&source).diagnostics {
            let texts = [Some(d.message), d.label, d.fix].into_iter().flatten();
            for text in texts.chain(d.related.into_iter().map(|r| r.1)).filter(|t| !t.is_empty()) {
                told_of += 1;
                let spanish = told(Lang::Es, &text);
                // The parser's own words are quoted.
                let prose =
                    spanish.split("no es YAML: ").next().unwrap().split("momento de ejecución: ").next().unwrap();
                let prose = prose.split('`').step_by(2).collect::<Vec<_>>().join(" ");
                let is_word = text.chars().any(|c| c.is_lowercase() && c != 'v');
                if (spanish == text && is_word) || !among(&prose, ENGLISH).is_empty() {
                    missing.insert(format!("{text} → {spanish}"));
                }
            }
        }
    }
    assert!(told_of > 300, "only {told_of}");
    assert!(missing.is_empty(), "{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// A run whose own texts (the user's and the tools') hold no word of either list.
fn neutral(mut run: CampaignRun) -> CampaignRun {
    run.topology.description = None;
    run
}

/// The text of a page: no styles, no tags.
fn visible(page: &str) -> String {
    let body = page.split("</style>").nth(1).unwrap();
    let mut text = String::new();
    for piece in body.split("<code>").map(|p| p.split_once("</code>").map_or(p, |(_, rest)| rest)) {
        for part in piece.split('<') {
            let (tag, rest) = part.split_once('>').unwrap_or(("", part));
            for attribute in ["aria-label=\"", "title=\""] {
                text.push_str(tag.split(attribute).nth(1).and_then(|v| v.split('"').next()).unwrap_or_default());
                text.push(' ');
            }
            text.push_str(rest);
            text.push(' ');
        }
    }
    text
}

/// What tools said in the runs of `campaign_run`.
const QUOTED: [&str; 3] =
    ["contract-check", "unable to connect to server: Connection refused", "m1 does not answer c1 (ICMP echo)"];

fn reports(lang: Lang) -> Vec<(String, String)> {
    let runs = [
        ("smallest", campaign_run::smallest()),
        ("contract_check", campaign_run::contract_check()),
        ("all_met", campaign_run::all_met()),
        ("everything", campaign_run::everything()),
        ("large", campaign_run::large()),
    ];
    let mut texts = Vec::new();
    for (name, run) in runs {
        let run = neutral(run);
        let plain = terminal(lang, &run, 400, false);
        let plain: Vec<&str> = plain
            .lines()
            .filter(|l| !(l.starts_with("run ") || l.starts_with("prueba ") && l.contains(" en ")))
            .collect();
        texts.push((format!("terminal {name}"), plain.join("\n")));
        texts.push((format!("html {name}"), visible(&html(lang, &run).unwrap())));
        let text = markdown(lang, &run);
        let text: Vec<&str> = text.split("```").step_by(2).collect();
        texts.push((format!("markdown {name}"), text.join("")));
        let other = compare(lang, &[run.clone(), campaign_run::everything()]);
        texts.push((format!("comparison {name}"), other.terminal(400, false)));
        texts.push((format!("comparison {name} as a page"), visible(&other.html().unwrap())));
        texts.push((format!("comparison {name} in markdown"), other.markdown()));
    }
    for (_, text) in &mut texts {
        for quoted in QUOTED {
            *text = text.replace(quoted, "");
        }
    }
    texts
}

#[test]
fn no_report_mixes_the_languages() {
    for (lang, other) in [(Lang::Es, ENGLISH), (Lang::En, SPANISH)] {
        for (name, report) in reports(lang) {
            for line in report.lines() {
                let foreign = among(line, other);
                assert!(foreign.is_empty(), "{name}: {foreign:?} in {line}");
            }
        }
    }
}

#[test]
fn spanish_numbers_have_a_comma() {
    for (name, report) in reports(Lang::Es) {
        for word in report.split_whitespace() {
            let number = word.trim_matches(|c: char| !c.is_ascii_digit());
            // Versions and addresses have more points, names more than digits.
            let pointed = number.split('.').count() == 2 && number.chars().all(|c| c.is_ascii_digit() || c == '.');
            assert!(!pointed || ["3.12", "3.17", "0.1"].contains(&number), "{name}: {word}\n{report}");
        }
    }
}

#[test]
fn spanish_renderings() {
    let run = campaign_run::everything();
    insta::assert_snapshot!("terminal_es_everything", terminal(Lang::Es, &run, 120, false));
    let run = campaign_run::contract_check();
    insta::assert_snapshot!("terminal_es_contract_check", terminal(Lang::Es, &run, 120, false));
    let page = html(Lang::Es, &run).unwrap();
    assert!(page.contains("<html lang=\"es\">") && page.contains("24 de noviembre de 2026"));
    assert!(html(Lang::En, &run).unwrap().contains("<html lang=\"en\">"));
    assert!(json(&run).contains("of the contracted 100 Mbit/s"), "programs read English");
}

#[test]
fn no_word_of_a_head_is_broken_in_eighty_columns() {
    let text = terminal(Lang::Es, &campaign_run::contract_check(), 80, false);
    let words: Vec<&str> = text.lines().flat_map(|line| line.split(['│', '┆', ' '])).collect();
    for word in ["retransm.", "pérdida", "jitter", "mín", "media", "máx", "veredicto", "incumple"] {
        assert!(words.contains(&word), "{word}: {text}");
    }
    // A word that was broken leaves its end on the next line.
    assert!(!words.iter().any(|word| ["m.", "ple", "to", "x"].contains(word)), "{text}");
    assert!(text.lines().all(|line| line.starts_with("prueba ") || line.chars().count() <= 80), "{text}");
}
