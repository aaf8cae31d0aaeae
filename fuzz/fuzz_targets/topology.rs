//! Any bytes as a topology file: findings or a topology, never a panic, and what is valid expands to jobs.
#![no_main]

use std::path::PathBuf;

use iperftester::config::{self, Source};
use iperftester::i18n::Lang;
use iperftester::schedule::{Options, jobs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let source = Source { file: PathBuf::from("topology.yaml"), bytes: bytes.to_vec() };
    let loaded = config::load(&source);
    let _ = config::render(Lang::En, &loaded.diagnostics, &source, false);
    if let Some(topology) = loaded.topology {
        for campaign in topology.campaigns.values().filter(|c| c.repeat < 100) {
            let _ = jobs(&topology, campaign, Options::default());
        }
    }
});
