//! Reports of 10,000 runs, made from the store by the real binary: how much memory they take and how large they are. How long
//! is the benches' matter, for tests run unoptimised.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::path::Path;

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[path = "support/stored.rs"]
mod stored;

/// Reports for people, of `probes` that all meet each other in `pairs`: no larger than what can be opened.
fn page(folder: &Path, probes: usize, pairs: usize) {
    stored::keep(folder, &campaign_run::mesh(probes, 10_000));
    for form in ["html", "md"] {
        let took = stored::report(folder, form);
        assert!(took.peak_megabytes < 200.0, "{probes} {form}: {:.0} MB of memory", took.peak_megabytes);
        assert!(took.bytes < 10_000_000, "{probes} {form}: {} bytes", took.bytes);
    }
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert_eq!(page.matches("<details class=\"pair\"").count(), pairs);
    assert!(page.contains("pairs the 300 worst have all their evidence here"));
}

#[test]
fn ten_thousand_runs_of_few_pairs_fit_into_memory_and_into_a_page() {
    let folder = tempfile::tempdir().unwrap();
    // Four tests of a pair, and some repetitions.
    page(folder.path(), 50, 2_450);
}

#[test]
fn ten_thousand_runs_of_many_pairs_fit_into_memory_and_into_a_page() {
    let folder = tempfile::tempdir().unwrap();
    // A test of a pair.
    page(folder.path(), 100, 9_900);
    // With every output of the tools, so they are as large as what was stored; pairs make no difference to them.
    for form in ["json", "jsonl"] {
        let took = stored::report(folder.path(), form);
        assert!(took.peak_megabytes < 200.0, "{form}: {:.0} MB of memory", took.peak_megabytes);
    }
    let lines = std::fs::read_to_string(folder.path().join("report.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 10_000);
    assert!(lines.lines().all(|line| !line.contains("\"raw\":\"\"")), "every run has its output");
}
