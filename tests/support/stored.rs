//! Campaign runs in a store of their own, and what the real binary makes of them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use iperftester::domain::run::CampaignRun;
use iperftester::store::{Entry, Head, SqliteStore, Store};

/// Puts `run` into the store of the data folder `folder`.
pub(crate) fn keep(folder: &Path, run: &CampaignRun) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&folder.join("results.db")).await.unwrap();
        let header = run.header.clone();
        let head = Head { header, topology: run.topology.clone(), routers: run.routers.clone() };
        let facts = run.facts.iter().map(|(p, f)| Entry::Facts { probe: p.clone(), facts: Box::new(f.clone()) });
        let runs = run.runs.iter().map(|r| Entry::Run(Box::new(r.clone())));
        // In one transaction.
        store.take_in(&head, &facts.chain(runs).collect::<Vec<_>>()).await.unwrap();
    });
}

/// The real binary at home in the data folder `folder`.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iperftester"));
    command.args(arguments).env("IPERFTESTER_DATA_DIR", folder).env("TMPDIR", folder).stdin(Stdio::null());
    command
}

/// What a report took.
pub(crate) struct Took {
    pub(crate) seconds: f64,
    /// The most memory it had (VmHWM).
    pub(crate) peak_megabytes: f64,
    pub(crate) bytes: u64,
}

/// The newest report in `form`.
pub(crate) fn report(folder: &Path, form: &str) -> Took {
    let out = folder.join("report").with_extension(form);
    let began = Instant::now();
    let arguments = ["report", "--format", form, "--out", out.to_str().unwrap()];
    let mut child = command(folder, &arguments).stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0.0_f64;
    let seconds = loop {
        // The peak is the kernel's own; only what grew after the last look is missed.
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        if let Some(line) = status.lines().find_map(|l| l.strip_prefix("VmHWM:")) {
            peak = peak.max(line.trim().trim_end_matches(" kB").parse::<f64>().unwrap());
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "report --format {form}");
            break began.elapsed().as_secs_f64();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    Took { seconds, peak_megabytes: peak * 1024.0 / 1e6, bytes: std::fs::metadata(out).unwrap().len() }
}
