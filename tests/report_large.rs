//! Reports of 10,000 runs from the store by the real binary: how long, how much memory, how large.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[allow(dead_code, reason = "shared with other tests and the benches")]
#[path = "support/stored.rs"]
mod stored;

#[test]
fn t() {
    for probes in [50, 100] {
        let folder = tempfile::tempdir().unwrap();
        let b = std::time::Instant::now();
        stored::keep(folder.path(), &campaign_run::mesh(probes, 10_000));
        println!("stored {:?}", b.elapsed());
        for form in ["html", "md", "terminal", "csv", "junit", "json", "jsonl"] {
            let r = stored::report(folder.path(), form);
            println!("{probes} {form} {:.2} s {:.0} MB, {:.1} MB", r.seconds, r.peak_megabytes, r.bytes as f64 / 1e6);
        }
    }
}
