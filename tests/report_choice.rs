//! Which campaign run a report is on where none is named, and which form it has where none is named.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[path = "support/stored.rs"]
mod stored;

use std::path::Path;

/// Exit code, standard output and standard error of the real binary that was started in `folder`.
fn said(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = stored::command(folder, arguments).env_remove("IPERFTESTER_TOPOLOGY").current_dir(folder).output();
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn keep(folder: &Path, topology: &str, id: &str, days_old: i64) {
    let mut run = campaign_run::contract_check();
    run.topology.name = campaign_run::name(topology);
    run.header.topology = campaign_run::name(topology);
    run.header.id = id.to_owned();
    run.header.started -= chrono::TimeDelta::days(days_old);
    stored::keep(folder, &run);
}

fn write(folder: &Path, file: &str, topology: &str) {
    let text = format!(
        "name: {topology}\nhosts: {{ h: {{ local: {{}} }} }}\nprobes: {{ a: {{ host: h }}, b: {{ host: h }} }}\n"
    );
    std::fs::write(folder.join(file), text).unwrap();
}

#[test]
fn the_newest_is_that_of_the_topology_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (topology, id, days_old) in [("office", "check@office", 1), ("plant", "check@plant", 2)] {
        keep(folder, topology, id, days_old);
    }
    // Without one: the newest of all, and that is said.
    let (code, report, noted) = said(folder, &["report"]);
    assert!(code == 0 && report.contains("topology office"), "{report}{noted}");
    assert!(noted.contains("so this is the newest of all: check@office of the topology office"), "{noted}");
    write(folder, "topology.yaml", "plant");
    let (code, report, noted) = said(folder, &["report"]);
    assert!(code == 0 && report.contains("topology plant") && noted.is_empty(), "{report}{noted}");
    write(folder, "office.yaml", "office");
    let (code, report, _) = said(folder, &["-t", "office.yaml", "report"]);
    assert!(code == 0 && report.contains("topology office"), "{report}");
    let (code, logs, _) = said(folder, &["logs", "--output", "json"]);
    assert!(code == 0 && logs.contains("check@plant"), "{logs}");
    // One that is named needs no topology.
    std::fs::write(folder.join("topology.yaml"), "name: [").unwrap();
    assert_eq!(said(folder, &["report", "check@office"]).0, 0);
    let (code, _, fault) = said(folder, &["report"]);
    assert!(code == 2 && fault.contains("`iperftester list` shows those of all topologies"), "{fault}");
    write(folder, "topology.yaml", "lab");
    let (code, _, fault) = said(folder, &["report"]);
    assert!(code == 2 && fault.contains("no campaign run of `lab`, the topology in topology.yaml"), "{fault}");
    let (code, _, fault) = said(folder, &["-t", "none.yaml", "report"]);
    assert!(code == 2 && fault.contains("cannot read the topology file none.yaml"), "{fault}");
}

#[test]
fn a_lone_topology_in_the_store_needs_no_words() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), "office", "check@office", 0);
    let (code, _, noted) = said(folder.path(), &["report"]);
    assert_eq!((code, noted.as_str()), (0, ""));
}

#[test]
fn an_ending_that_no_form_has_is_refused_with_those_that_one_has() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), "office", "check@office", 0);
    let (code, _, fault) = said(folder.path(), &["report", "--out", "x.pdf"]);
    assert!(code == 2 && fault.contains("no form of a report ends in `.pdf`"), "{fault}");
    let endings = fault.split_whitespace().filter(|w| w.starts_with('.')).map(|w| w.trim_end_matches(','));
    let endings: Vec<&str> = endings.collect();
    assert!(endings.contains(&".html") && !folder.path().join("x.pdf").exists(), "{fault}");
    // All that are named are taken.
    for ending in endings {
        let (code, _, fault) = said(folder.path(), &["report", "--out", &format!("r{ending}")]);
        assert_eq!(code, 0, "{ending}: {fault}");
    }
    let text = std::fs::read_to_string(folder.path().join("r.txt")).unwrap();
    assert!(text.starts_with('✗') || text.starts_with('!') || text.starts_with('✓'), "{text}");
    assert_eq!(said(folder.path(), &["report", "--out", "x.pdf", "--format", "html"]).0, 0);
    assert_eq!(said(folder.path(), &["report", "--out", "plain"]).0, 0);
}

#[test]
fn the_notice_of_redaction_is_told_in_the_reader_s_language() {
    let folder = tempfile::tempdir().unwrap();
    for (id, days_old) in [("check@a", 1), ("check@b", 0)] {
        keep(folder.path(), "office", id, days_old);
    }
    for form in ["terminal", "md", "html"] {
        for runs in [&["check@a"][..], &["check@a", "check@b"]] {
            let arguments = [&["report", "--lang", "es", "--redact", "--format", form], runs].concat();
            let (_, told, _) = said(folder.path(), &arguments);
            // Wrapped in a terminal.
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains("son seudónimos (--redact)") && !told.contains("are pseudonyms"), "{form}: {told}");
        }
    }
}
