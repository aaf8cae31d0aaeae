//! Two languages: each sentence is there in both, no report mixes them, and the real binary speaks the one asked for.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the tests of the verdict")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the scenarios")]
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use iperftester::config::{self, Source};
use iperftester::i18n::Lang;
use iperftester::i18n::sentences::is_known;

#[test]
fn unwritten() {
    let mut missing = BTreeSet::new();
    for file in std::fs::read_dir("tests/topologies").unwrap() {
        walk(&file.unwrap().path(), &mut missing);
    }
    assert!(missing.is_empty(), "without Spanish:\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

fn walk(path: &Path, missing: &mut BTreeSet<String>) {
    if path.is_dir() {
        for file in std::fs::read_dir(path).unwrap() {
            walk(&file.unwrap().path(), missing);
        }
        return;
    }
    let source = Source { file: path.to_owned(), bytes: std::fs::read(path).unwrap() };
    for d in config::load(&source).diagnostics {
        let texts = [Some(d.message), d.label, d.fix].into_iter().flatten().chain(d.related.into_iter().map(|r| r.1));
        missing.extend(texts.filter(|text| !text.is_empty() && !is_known(text)));
    }
}
