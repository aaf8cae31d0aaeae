//! Reports of 10,000 runs, made from the store by the real binary: how much memory they take and how large they are. How long
//! is the benches' matter, for tests run unoptimised.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[path = "support/stored.rs"]
mod stored;

#[test]
fn ten_thousand_runs_fit_into_memory_and_into_a_page() {
    // 9,900 pairs with a test each, and 2,450 with four and some repetitions.
    for probes in [100, 50] {
        let folder = tempfile::tempdir().unwrap();
        stored::keep(folder.path(), &campaign_run::mesh(probes, 10_000));
        for form in ["html", "md"] {
            let took = stored::report(folder.path(), form);
            assert!(took.peak_megabytes < 200.0, "{probes} {form}: {:.0} MB of memory", took.peak_megabytes);
            assert!(took.bytes < 10_000_000, "{probes} {form}: {} bytes", took.bytes);
        }
        let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
        assert_eq!(page.matches("<details class=\"pair\"").count(), if probes == 100 { 9_900 } else { 2_450 });
        assert!(page.contains("pairs the 300 worst have all their evidence here"));
        if probes == 50 {
            continue;
        }
        // With every output of the tools, so they are as large as what was stored; pairs make no difference to them.
        for form in ["json", "jsonl"] {
            let took = stored::report(folder.path(), form);
            assert!(took.peak_megabytes < 200.0, "{probes} {form}: {:.0} MB of memory", took.peak_megabytes);
        }
        let lines = std::fs::read_to_string(folder.path().join("report.jsonl")).unwrap();
        assert_eq!(lines.lines().count(), 10_000);
        assert!(lines.lines().all(|line| !line.contains("\"raw\":\"\"")), "every run has its output");
    }
}
