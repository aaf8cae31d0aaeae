//! A store written by version 0.1 gives the same report for ever: what a report says depends on what was stored.
//!
//! `IPERFTESTER_STORE_FIXTURE=1 cargo test --test report_later -- --ignored` writes the store anew, which only a new form of
//! stored campaign runs can need. A change of words changes the snapshots, and is looked at.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[path = "support/stored.rs"]
mod stored;

use std::path::Path;

const STORE: &str = "tests/fixtures/stores/0.1.db";
const RUNS: [&str; 2] = ["check@20261123T120000.000Z", "check@20261124T120000.000Z"];

#[test]
#[ignore = "no test: writes tests/fixtures/stores/0.1.db anew, which is to stay as version 0.1 wrote it"]
fn write_the_store() {
    assert!(std::env::var_os("IPERFTESTER_STORE_FIXTURE").is_some(), "only on purpose");
    let folder = tempfile::tempdir().unwrap();
    let mut older = campaign_run::all_met();
    older.header.id = RUNS[0].to_owned();
    older.header.started -= chrono::TimeDelta::days(1);
    stored::keep(folder.path(), &older);
    stored::keep(folder.path(), &campaign_run::everything());
    // Opening brings the log back into the file.
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE; VACUUM;";
    let script = format!(
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                          for s in '{checkpoint}'.split(';'): c.execute(s)"
    );
    let database = folder.path().join("results.db");
    assert!(std::process::Command::new("python3").args(["-c", &script]).arg(&database).status().unwrap().success());
    std::fs::copy(database, STORE).unwrap();
}

fn report(folder: &Path, arguments: &[&str]) -> String {
    let output = stored::command(folder, &[&["report"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_form_says_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(STORE, folder.path().join("results.db")).unwrap();
    for form in ["terminal", "html", "md", "csv", "json", "jsonl", "junit"] {
        insta::assert_snapshot!(format!("later_{form}"), report(folder.path(), &[RUNS[1], "--format", form]));
    }
    insta::assert_snapshot!("later_redacted", report(folder.path(), &[RUNS[1], "--format", "md", "--redact"]));
    insta::assert_snapshot!("later_compared", report(folder.path(), &[RUNS[0], RUNS[1]]));
}
