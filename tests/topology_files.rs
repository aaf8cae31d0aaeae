//! Topologies of several files, values from the environment, and where each value came from. The files are in memory;
//! `tests/topology_hostile.rs` has real ones.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use iperftester::config::{
    LARGEST_BYTES, Loaded, OriginKind, Refused, Source, Surroundings, Value, load, load_in, render, resolve_in,
};
use iperftester::domain::host::HostKind;
use iperftester::domain::topology::Topology;
use serde_json::json;

/// Files and variables in memory.
#[derive(Default)]
struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
    variables: BTreeMap<String, String>,
}

impl Surroundings for Memory {
    fn identity(&self, file: &Path) -> PathBuf {
        let mut identity = PathBuf::new();
        for part in file.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => assert!(identity.pop()),
                part => identity.push(part),
            }
        }
        identity
    }

    fn read(&self, file: &Path) -> Result<Vec<u8>, Refused> {
        let missing = Refused { message: "there is no such file".into(), fix: "write it".into() };
        self.files.get(&self.identity(file)).cloned().ok_or(missing)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

fn memory(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Memory {
    Memory {
        files: files.iter().map(|(file, text)| (file.into(), text.as_bytes().to_vec())).collect(),
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

fn root(text: &str) -> Source {
    Source { file: "t.yaml".into(), bytes: text.as_bytes().to_vec() }
}

/// Code and place of each finding.
fn found(loaded: &Loaded) -> Vec<String> {
    let place = |d: &iperftester::domain::diagnostic::Diagnostic| {
        d.place.as_ref().map_or("file".to_owned(), |p| format!("{}:{}:{}", p.file.display(), p.line, p.column))
    };
    loaded.diagnostics.iter().map(|d| format!("{} {}", d.code, place(d))).collect()
}

fn shown(source: &Source, loaded: &Loaded) -> String {
    let mut sources = vec![source.clone()];
    sources.extend(loaded.included.clone());
    render(iperftester::i18n::Lang::En, &loaded.diagnostics, &sources, false)
}

const TWO: &str = "name: two\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n";

#[test]
fn included_files_are_merged_by_name() {
    let around = memory(
        &[
            ("sites/all.yaml", "include: [./madrid.yaml, ../common.yaml]\nsites: { sevilla: { uplink: 1G } }\n"),
            ("sites/madrid.yaml", "include: ../common.yaml\nsites: { madrid: {} }\nprobes: { m: { site: madrid } }\n"),
            ("common.yaml", "defaults: { probe: { host: h }, test: { duration: 4s } }\n"),
        ],
        &[],
    );
    let source = root(
        "include: sites/all.yaml\nname: whole\nhosts: { h: { local: {} } }\ndefaults: { test: { interval: 500ms } }\n\
         probes: { s: { site: sevilla } }\n",
    );
    let loaded = load_in(&source, &around);
    let topology = loaded.topology.as_ref().unwrap_or_else(|| panic!("{}", shown(&source, &loaded)));
    let alone = "name: whole\nhosts: { h: { local: {} } }\n\
         defaults: { probe: { host: h }, test: { duration: 4s, interval: 500ms } }\n\
         sites: { madrid: {}, sevilla: { uplink: 1G } }\nprobes: { m: { site: madrid }, s: { site: sevilla } }\n";
    assert_eq!(Some(topology), load(&root(alone)).topology.as_ref());
    let files: Vec<_> = loaded.included.iter().map(|s| s.file.display().to_string()).collect();
    assert_eq!(files, ["sites/all.yaml", "sites/madrid.yaml", "sites/../common.yaml"]);
}

#[test]
fn files_that_a_topology_names_are_seen_from_the_file_that_names_them() {
    let tls = |folder: &str| {
        let text = format!("{{ ca: {folder}ca.pem, cert: /etc/cert.pem, key: ~/key.pem }}");
        format!("{{ docker: {{ endpoint: 'tcp+tls://192.0.2.1', tls: {text} }} }}")
    };
    let hosts = format!("hosts: {{ near: {} }}\n", tls(""));
    let around = memory(&[("sites/hosts.yaml", &hosts)], &[]);
    let text = format!(
        "include: sites/hosts.yaml\nname: t\nhosts: {{ far: {} }}\nprobes: {{ a: {{ host: near }}, b: {{ host: far }} }}\n",
        tls("../certs/").replace("192.0.2.1'", "192.0.2.2'")
    );
    let source = Source { file: "lab/t.yaml".into(), bytes: text.into_bytes() };
    let around =
        Memory { files: around.files.into_iter().map(|(f, t)| (Path::new("lab").join(f), t)).collect(), ..around };
    let loaded = load_in(&source, &around);
    let topology = loaded.topology.as_ref().unwrap_or_else(|| panic!("{}", shown(&source, &loaded)));
    let files = |host: &str| match &topology.hosts[host].kind {
        HostKind::Docker(docker) => {
            let tls = docker.tls.clone().unwrap();
            [tls.ca, tls.cert, tls.key].map(|path| path.display().to_string())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(files("near"), ["lab/sites/ca.pem", "/etc/cert.pem", "~/key.pem"]);
    assert_eq!(files("far"), ["lab/../certs/ca.pem", "/etc/cert.pem", "~/key.pem"]);
    round(&source, &around);
}

#[test]
fn what_is_said_twice_names_both_places() {
    let around =
        memory(&[("a.yaml", "probes:\n  b: { host: h }\ndefaults: { test: { duration: 4s } }\nname: other\n")], &[]);
    let source = root(&format!("include: [a.yaml]\n{TWO}defaults: {{ test: {{ duration: 5s }} }}\n"));
    let loaded = load_in(&source, &around);
    assert!(loaded.topology.is_none());
    assert_eq!(found(&loaded), ["include-clash t.yaml:2:1", "include-clash t.yaml:4:27", "include-clash t.yaml:5:21"]);
    let related: Vec<_> =
        loaded.diagnostics.iter().map(|d| (d.related[0].0.file.display().to_string(), d.related[0].0.line)).collect();
    assert_eq!(related, [("a.yaml".to_owned(), 4), ("a.yaml".to_owned(), 2), ("a.yaml".to_owned(), 3)]);
    insta::assert_snapshot!("clash", shown(&source, &loaded));
}

#[test]
fn a_fault_stands_in_the_file_that_it_is_in() {
    let around = memory(
        &[("a.yaml", "# a\nprobes:\n  c: { hots: h }\n"), ("b.yaml", "links:\n  l: { between: [a, nobody] }\n")],
        &[],
    );
    let source = root(&format!("include: [a.yaml, b.yaml]\n{TWO}campaigns: {{ c: {{ group: all, run: nothing }} }}\n"));
    let loaded = load_in(&source, &around);
    assert_eq!(found(&loaded), ["unknown-test t.yaml:5:36", "unknown-key a.yaml:3:8", "unknown-end b.yaml:2:21"]);
    let text = shown(&source, &loaded);
    assert!(text.contains("--> a.yaml:3:8") && text.contains("c: { hots: h }"), "{text}");
    assert!(text.ends_with("error: 3 faults in t.yaml\n"), "{text}");
}

#[test]
fn files_that_include_each_other_are_shown_as_a_chain() {
    let around = memory(&[("a.yaml", "include: b.yaml\n"), ("b.yaml", "\ninclude: [./a.yaml]\n")], &[]);
    let source = root(&format!("include: a.yaml\n{TWO}"));
    let loaded = load_in(&source, &around);
    assert_eq!(found(&loaded), ["include-cycle b.yaml:2:11"]);
    assert_eq!(loaded.diagnostics[0].message, "these files include each other: a.yaml -> b.yaml -> ./a.yaml");
    let own = load_in(&root("include: t.yaml\n"), &memory(&[("t.yaml", "")], &[]));
    assert_eq!(found(&own), ["include-cycle t.yaml:1:10"]);
}

#[test]
fn what_cannot_be_included_is_told_at_its_include() {
    let around = memory(&[("list.yaml", "[a]\n"), ("empty.yaml", "# nothing\n"), ("bad.yaml", "a: [\n")], &[]);
    let utf16 = Memory { files: [("u.yaml".into(), b"\xff\xfea\0".to_vec())].into(), ..Memory::default() };
    for (include, around, expected) in [
        ("none.yaml", &around, "bad-include t.yaml:1:10"),
        ("[none.yaml]", &around, "bad-include t.yaml:1:11"),
        ("{ a: b }", &around, "wrong-type t.yaml:1:10"),
        ("[[a]]", &around, "wrong-type t.yaml:1:11"),
        ("", &around, "wrong-type t.yaml:1:1"),
        ("list.yaml", &around, "wrong-type list.yaml:1:1"),
        ("empty.yaml", &around, "empty-file empty.yaml:1:1"),
        ("bad.yaml", &around, "yaml-syntax bad.yaml:1:4"),
        ("u.yaml", &utf16, "utf-16 u.yaml:1:1"),
    ] {
        let source = root(&format!("include: {include}\n{TWO}"));
        let loaded = load_in(&source, around);
        assert_eq!(found(&loaded), [expected], "{include}\n{}", shown(&source, &loaded));
        assert!(loaded.diagnostics[0].fix.is_some(), "{include}");
    }
    let alone = load(&root("include: a.yaml\n"));
    assert_eq!(found(&alone), ["bad-include t.yaml:1:10"]);
}

#[test]
fn a_chain_of_files_has_an_end() {
    let many: BTreeMap<PathBuf, Vec<u8>> =
        (0..2000).map(|n| (format!("{n}.yaml").into(), format!("include: {}.yaml\n", n + 1).into_bytes())).collect();
    let loaded = load_in(&root("include: 0.yaml\n"), &Memory { files: many, ..Memory::default() });
    assert_eq!(found(&loaded), ["bad-include 254.yaml:1:10"]);
    let large: BTreeMap<PathBuf, Vec<u8>> =
        (0..5).map(|n| (format!("{n}.yaml").into(), "#".repeat(LARGEST_BYTES).into_bytes())).collect();
    let source = root("include: [0.yaml, 1.yaml, 2.yaml, 3.yaml, 4.yaml]\n");
    let loaded = load_in(&source, &Memory { files: large, ..Memory::default() });
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes.iter().filter(|code| **code == "too-large").count(), 2, "{codes:?}");
}

#[test]
fn variables_become_values_but_no_keys() {
    let around = memory(&[], &[("HOST", "h"), ("RATE", "300M"), ("WHO", "nobody")]);
    let text = "name: \"v-${NUMBER:-1}\"\ndescription: costs 5$$ or $5\nhosts: { h: { local: {} } }\n\
                defaults: { probe: { host: \"${HOST}\" } }\nsites: { s: { uplink: \"${RATE}\" } }\n\
                probes: { a: { site: s }, b: {} }\n";
    let topology = load_in(&root(text), &around).topology.unwrap();
    assert_eq!(topology.name.as_str(), "v-1");
    assert_eq!(topology.description.as_deref(), Some("costs 5$ or $5"));
    assert_eq!(
        topology.sites.values().next().unwrap().uplink.unwrap().up_bits_per_second.bits_per_second(),
        300_000_000
    );
    let keys = load_in(&root(&format!("{TWO}sites: {{ \"${{WHO}}\": {{}} }}\n")), &around);
    assert_eq!(found(&keys)[0], "invalid-name t.yaml:4:10");
}

#[test]
fn what_came_from_the_environment_is_marked_where_it_is_refused() {
    let around = memory(&[], &[("RATE", "fast"), ("HOST", "g")]);
    let source = root(
        "name: v\nhosts: { h: { local: {} } }\nsites: { s: { uplink: \"${RATE}\" } }\n\
         probes: { a: { host: \"${HOST}\", site: s }, b: { host: \"${HOTS:-x}\" } }\n",
    );
    let loaded = load_in(&source, &around);
    assert_eq!(found(&loaded), ["bad-rate t.yaml:3:23", "unknown-host t.yaml:4:22", "unknown-host t.yaml:4:55"]);
    let labels: Vec<_> = loaded.diagnostics.iter().map(|d| d.label.as_deref().unwrap_or_default()).collect();
    assert_eq!(labels, ["from ${RATE}", "no such host, from ${HOST}", "no such host, from the default of ${HOTS}"]);
    insta::assert_snapshot!("environment", shown(&source, &loaded));
}

#[test]
fn all_unset_variables_come_at_once_and_nothing_is_concluded_from_them() {
    let source = root(
        "name: \"${NAME}\"\nhosts: { h: { local: {} } }\nx: &x \"${X}\"\nprobes: { a: { host: \"${HOST}\" }, b: { host: *x, \
         ports: \"${P}-${Q}\" } }\nlinks: { l: { between: [\"${A}\", b], contract: { rate: \"${ ODD }\", mtu: 1 } } }\n",
    );
    let loaded = load_in(&source, &Memory::default());
    assert_eq!(
        found(&loaded),
        [
            "unset-variable t.yaml:1:7",
            "unknown-key t.yaml:3:1",
            "unset-variable t.yaml:3:7",
            "unset-variable t.yaml:4:22",
            "unset-variable t.yaml:4:57",
            "unset-variable t.yaml:4:57",
            "unset-variable t.yaml:5:25",
            "bad-variable t.yaml:5:55",
            "out-of-range t.yaml:5:72",
        ]
    );
}

#[test]
fn more_faults_than_anybody_reads_are_cut() {
    let loaded = load(&root(&format!("{TWO}{}", "name: again\n".repeat(120_000))));
    assert_eq!(loaded.diagnostics.len(), 100_000);
    assert!(loaded.topology.is_none());
}

/// Every file that is valid here: those of the tests and the examples.
fn valid_files() -> Vec<PathBuf> {
    let folders = ["tests/topologies/valid", "examples"];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = entries.map(|entry| entry.unwrap().path()).filter(|file| file.extension().is_some_and(|e| e == "yaml"));
    files.collect()
}

/// Resolves, resolves what came of it once more, and holds the two to be the same.
fn round(source: &Source, around: &Memory) -> (Topology, Vec<Value>, String) {
    let (loaded, resolved) = resolve_in(source, around);
    let resolved = resolved.unwrap_or_else(|| panic!("{}", shown(source, &loaded)));
    let yaml = resolved.yaml();
    let again = root(&yaml);
    let once_more = load(&again);
    let topology = once_more.topology.as_ref().unwrap_or_else(|| panic!("{yaml}\n{}", shown(&again, &once_more)));
    assert_eq!(Some(topology), loaded.topology.as_ref(), "{yaml}");
    (topology.clone(), resolved.values(), yaml)
}

#[test]
fn every_valid_file_resolves_to_what_resolves_to_the_same() {
    let files = valid_files();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let source = Source { file: file.clone(), bytes: std::fs::read(&file).unwrap() };
        let (_, values, yaml) = round(&source, &Memory::default());
        assert!(values.iter().all(|v| v.origin.line.is_some() || v.origin.kind == OriginKind::Default), "{yaml}");
    }
}

const ORIGINS: &str = "include: sites.yaml
name: origins
description: 'it \"costs\" 5$$: # much'
hosts: { h: { local: {} } }
defaults:
  probe: { host: h, tags: [far], ports: 6000 }
  test: { duration: 4s }
probes:
  a: { site: madrid }
  b: { tags: [near, \"${TAG}\"] }
  c:
tests:
  tcp: { iperf3: { streams: 2 } }
  rtt: { ping: }
groups: { some: { pairs: [[a, b], [b, c]], one-way: true } }
suites: { all-of-it: [tcp, rtt] }
campaigns: { check: { group: some, run: [all-of-it] } }
";

#[test]
fn each_value_says_where_it_came_from() {
    let around = memory(
        &[("sites.yaml", "sites:\n  madrid: { uplink: \"${RATE}\", probe: { tags: [middle] } }\n")],
        &[("RATE", "300M"), ("TAG", "env")],
    );
    let (topology, values, yaml) = round(&root(ORIGINS), &around);
    assert_eq!(topology.description.as_deref(), Some("it \"costs\" 5$: # much"));
    insta::assert_snapshot!("origins", yaml);
    let value = |path: &str| values.iter().find(|v| v.path == path).unwrap_or_else(|| panic!("no {path} in\n{yaml}"));
    assert_eq!(value("probes.a.tags").value, json!(["middle"]));
    assert_eq!(value("probes.a.tags").origin.section, "sites.madrid.probe");
    assert_eq!(value("probes.a.tags").origin.file.as_deref(), Some("sites.yaml"));
    assert_eq!(value("probes.b.tags").origin.kind, OriginKind::Environment);
    assert_eq!(value("probes.c.ports").origin.section, "defaults.probe");
    assert_eq!(value("tests.tcp.iperf3.duration").origin.line, Some(7));
    assert_eq!(value("tests.rtt.ping.count").origin.kind, OriginKind::Default);
    assert_eq!(value("sites.madrid.uplink").origin.variables.as_deref(), Some("${RATE}"));
    assert_eq!(value("groups.some.pairs").value, json!([["a", "b"], ["b", "c"]]));
}

#[test]
fn the_binary_merges_files_and_takes_variables_from_its_environment() {
    let folder = tempfile::Builder::new().prefix("iperftester-files").tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("topology.yaml", ORIGINS);
    write("sites.yaml", "sites:\n  madrid: { uplink: \"${RATE}\", probe: { tags: [middle] } }\n");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iperftester"));
        command.current_dir(folder.path()).env("RATE", "300M").env("TAG", "env").env_remove("IPERFTESTER_TOPOLOGY");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let yaml = run(&["validate", "--resolved"]);
    assert!(
        yaml.contains("uplink: 300M") && yaml.contains("# ${RATE}, environment, sites.madrid, sites.yaml:2"),
        "{yaml}"
    );
    let json: serde_json::Value = serde_json::from_str(&run(&["validate", "--resolved", "--output", "json"])).unwrap();
    let uplink = json["values"].as_array().unwrap().iter().find(|v| v["path"] == "sites.madrid.uplink").unwrap();
    let origin = json!({ "kind": "environment", "section": "sites.madrid", "file": "sites.yaml", "line": 2, "variables": "${RATE}" });
    assert_eq!(uplink, &json!({ "path": "sites.madrid.uplink", "value": "300M", "origin": origin }));
    write("resolved.yaml", &yaml);
    assert_eq!(run(&["-t", "resolved.yaml", "plan"]).lines().count(), run(&["plan"]).lines().count());
}
