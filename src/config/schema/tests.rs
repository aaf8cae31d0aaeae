#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{TOPOLOGY, schema};
use crate::config::fault::{Faults, Span, Spanned};
use crate::config::tree::Node;
use crate::config::{Alone, Source, include, load};
use crate::domain::diagnostic::{Diagnostic, Severity};

fn validator() -> Validator {
    jsonschema::options().should_validate_formats(true).build(&schema()).unwrap()
}

fn files(folder: &str) -> Vec<(PathBuf, Source)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), Source { bytes: std::fs::read(&file).unwrap(), file })).collect()
}

fn tree(source: &Source) -> Option<Spanned<Node>> {
    include::tree(source, &Alone, &mut Faults::new(source))
}

/// As an editor's YAML parser (YAML 1.2, core schema) gives the value.
fn json_of(node: &Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Scalar(text) => match text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            // Only numbers that are written as the decoder takes them: `010` and `1e3` are text to it.
            text => match text.parse::<i64>() {
                Ok(number) if number.to_string() == text => json!(number),
                _ => json!(text),
            },
        },
        Node::List(items) => items.iter().map(|item| json_of(&item.value)).collect(),
        Node::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.value.clone(), json_of(&value.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// The keys and positions on the way to what lies at `at`.
fn path(node: &Spanned<Node>, at: usize) -> Vec<String> {
    let holds = |span: Span| (span.start..=span.end).contains(&at);
    let (step, inner) = match &node.value {
        Node::Map(entries) => {
            let Some((key, value)) =
                entries.iter().rev().find(|(k, v)| at >= k.span.start && (holds(k.span) || holds(v.span)))
            else {
                return vec![];
            };
            if holds(key.span) && !(at >= value.span.start && holds(value.span)) {
                return vec![key.value.clone()];
            }
            (key.value.clone(), value)
        }
        Node::List(items) => match items.iter().position(|item| holds(item.span)) {
            Some(position) => (position.to_string(), &items[position]),
            None => return vec![],
        },
        Node::Null | Node::Scalar(_) => return vec![],
    };
    std::iter::once(step).chain(path(inner, at)).collect()
}

/// Is this for a schema to find, as far as one can?
fn is_of_type(diagnostic: &Diagnostic) -> bool {
    let types = [
        "unknown-key",
        "missing-key",
        "wrong-type",
        "invalid-name",
        "bad-rate",
        "bad-duration",
        "bad-size",
        "bad-ratio",
        "bad-number",
        "bad-boolean",
        "unknown-word",
        "bad-text",
        "out-of-range",
        "bad-ports",
        "bad-address",
        "bad-date",
        "plain-secret",
        "bad-direction",
        "bad-limit",
        "empty-list",
        "missing-kind",
        "several-kinds",
        "unknown-kind",
        "unknown-host-kind",
        "two-ends",
    ];
    // These depend on another place: the protocol, the endpoint, the kind of host, what a probe inherits, the other port.
    let elsewhere = ["a datagram", "needs the key `tls`", "needs the key `host`", "a live image", "ends before"];
    types.contains(&diagnostic.code.as_str()) && !elsewhere.iter().any(|e| diagnostic.message.contains(e))
}

#[test]
fn every_valid_topology_passes() {
    let validator = validator();
    let mut seen = 0;
    for (file, source) in ["examples", "tests/topologies/valid"].iter().flat_map(|folder| files(folder)) {
        // One in several files needs a disk: the binary's own tests load it.
        if String::from_utf8_lossy(&source.bytes).contains("\ninclude:") {
            continue;
        }
        assert!(load(&source).topology.is_some(), "{}", file.display());
        let value = json_of(&tree(&source).unwrap().value);
        let errors: Vec<_> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", file.display());
        seen += 1;
    }
    assert!(seen >= 5, "only {seen}");
}

/// The error lies on the way to the place of the diagnostic, and not at the root unless that is where it belongs: at a
/// key of the topology, or in what decoding reads as a misspelled one.
fn meets(error: &[String], place: &[String]) -> bool {
    let at_root = || place.len() <= 1 || TOPOLOGY.key(&place[0]).is_none();
    place.starts_with(error) && (!error.is_empty() || at_root())
}

#[test]
fn every_fault_of_type_is_one_for_the_schema_in_its_place() {
    let validator = validator();
    let mut seen = 0;
    let mut missed = vec![];
    for (file, source) in files("tests/topologies/invalid") {
        let wanted: Vec<Diagnostic> = load(&source).diagnostics.into_iter().filter(is_of_type).collect();
        if wanted.is_empty() {
            continue;
        }
        let Some(tree) = tree(&source) else { continue };
        let value = json_of(&tree.value);
        let errors: Vec<Vec<String>> = validator
            .iter_errors(&value)
            .map(|e| e.instance_path().to_string().split('/').skip(1).map(str::to_owned).collect())
            .collect();
        for diagnostic in wanted {
            seen += 1;
            let place = path(&tree, diagnostic.place.as_ref().unwrap().start);
            if !errors.iter().any(|error| meets(error, &place)) {
                missed.push(format!(
                    "{}: {}: {}: {place:?}\n   {errors:?}",
                    file.display(),
                    diagnostic.code,
                    diagnostic.message
                ));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(seen > 150, "only {seen}");
}

#[test]
fn values_are_taken_as_text_as_numbers_and_as_variables() {
    let validator = validator();
    let with = |mtu: Value, way: Value| {
        json!({
            "name": "t", "hosts": { "h": { "local": null } }, "probes": { "a": { "host": "h" } },
            "links": { "l": { "between": ["a", "b"], "contract": { "mtu": mtu } } },
            "groups": { "g": { "mesh": "all", "one-way": way } },
        })
    };
    for (mtu, way) in
        [(json!(1500), json!(true)), (json!("1500"), json!("false")), (json!("${MTU}"), json!("${WAY:-true}"))]
    {
        assert!(validator.is_valid(&with(mtu.clone(), way)), "{mtu}");
    }
    for (mtu, way) in
        [(json!(67), json!(true)), (json!("67"), json!(true)), (json!(1500), json!("yes")), (json!(true), json!(1))]
    {
        assert!(!validator.is_valid(&with(mtu.clone(), way)), "{mtu}");
    }
}

/// What decoding says of a value and what the schema says of it are the same, whatever the number and the unit.
#[test]
fn decoder_and_schema_agree_on_quantities() {
    let validator = validator();
    let cases: [(&str, &[&str]); 6] = [
        ("tests: { t: { iperf3: { duration: VALUE } } }", &["us", "ms", "s", "m", "h", "d", "", "x"]),
        ("tests: { t: { ping: { interval: VALUE } } }", &["us", "ms", "s", "min", " h", "d", "", "S"]),
        ("tests: { t: { ping: { size: VALUE } } }", &["B", "kB", "KB", "MB", "KiB", " MiB", "", "K"]),
        ("tests: { t: { iperf3: { rate: VALUE } } }", &["k", "M", "G", "T", "bit/s", " Mbit/s", "Gbps", "m", "%", ""]),
        ("sites: { x: { uplink: VALUE } }", &["K", "M", " G", "T", "b/s", "", "MB"]),
        ("links: { l: { between: [a, b], contract: { loss: VALUE } } }", &["%", " %", "", "‰"]),
    ];
    let numbers = [
        "0", "0.0", "0.5", "1", "1.0", "01", "2.5", "3", "9", "10", "10.5", "24", "25", "60", "63", "64", "65",
        "65.506", "99.999", "100", "100.01", "1000", "1440", "3600", "3601", "65507", "65508", "86400", "86401",
        "1000000", "-1", ".5", "5.", "1.2.3", "1e3", "x",
    ];
    let mut seen = [0, 0];
    for (part, units) in cases {
        for (number, unit) in numbers.iter().flat_map(|n| units.iter().map(move |u| (n, u))) {
            let value = format!("\"{number}{unit}\"");
            let head = "name: t\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n";
            let source = Source {
                file: "t.yaml".into(),
                bytes: format!("{head}{}\n", part.replace("VALUE", &value)).into_bytes(),
            };
            let decoded = !load(&source).diagnostics.iter().any(|d| {
                d.severity == Severity::Error && d.code != "whole-seconds" && d.code != "interval-beyond-duration"
            });
            let json = json_of(&tree(&source).unwrap().value);
            assert_eq!(validator.is_valid(&json), decoded, "{part}: {value}");
            seen[usize::from(decoded)] += 1;
        }
    }
    assert!(seen.iter().all(|n| *n > 200), "{seen:?}");
}
