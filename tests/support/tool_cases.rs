//! The recorded tool outputs, each with what belongs to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use iperftester::domain::test::ToolKind;
use iperftester::tool::Outputs;

/// One recorded run.
pub(crate) struct Case {
    /// The file's name without its ending.
    pub(crate) name: String,
    pub(crate) kind: ToolKind,
    /// `json`, `jsonl`, `txt`, `csv`…, or nothing where only the server was recorded.
    pub(crate) ending: String,
    pub(crate) client: Vec<u8>,
    pub(crate) client_errors: Vec<u8>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) server: Option<Vec<u8>>,
}

impl Case {
    pub(crate) fn outputs(&self) -> Outputs<'_> {
        Outputs {
            client: &self.client,
            client_errors: &self.client_errors,
            exit_code: self.exit_code,
            server: self.server.as_deref(),
            ran_seconds: None,
        }
    }

    /// Did the tool finish a measurement, as its name says?
    pub(crate) fn good(&self) -> bool {
        !self.name.starts_with("fail-")
    }

    /// Groups that are read together: the tool with its version, or `broken` for the outputs damaged by hand.
    pub(crate) fn group(&self) -> String {
        let name = self.name.trim_start_matches("fail-");
        if !name.starts_with(self.kind.word()) {
            return "iperf3-broken".to_owned();
        }
        let parts = if self.kind == ToolKind::Iperf3 { 2 } else { 1 };
        name.split('-').take(parts).collect::<Vec<_>>().join("-")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tools")
}

fn read(name: &str) -> Option<Vec<u8>> {
    std::fs::read(folder().join(name)).ok()
}

/// The server's output that belongs to `name`; some runs were recorded with names of their own for the two ends.
fn server_of(name: &str) -> Option<String> {
    let own = format!("{name}.srv.out");
    if folder().join(&own).exists() {
        return Some(own);
    }
    let shared = [
        ("-oneoff-client", "-oneoff-server"),
        ("-auth-ok", "-auth"),
        ("-server-text-c", "-server-text"),
        ("-server-json-two-tests-c1", "-server-json-two-tests"),
        ("-server-json-two-tests-c2", "-server-json-two-tests"),
        ("-bitrate-limit-asked", "-bitrate-limit"),
        ("-bitrate-limit-exceeded", "-bitrate-limit"),
        ("-server-csv-c", "-server-csv"),
        ("-server-udp-csv-c", "-server-udp-csv"),
        ("-udp-histogram-c", "-server-udp-histogram"),
    ];
    let (stem, server) = shared.iter().find_map(|(client, server)| Some((name.strip_suffix(client)?, server)))?;
    let shared = format!("{stem}{server}.srv.out");
    folder().join(&shared).exists().then_some(shared)
}

/// Every recorded run, by name.
pub(crate) fn cases() -> Vec<Case> {
    let listing = std::fs::read_dir(folder()).expect("the fixtures are in the repository");
    let names: BTreeSet<String> =
        listing.map(|e| e.expect("readable").file_name().into_string().expect("ASCII names")).collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut cases = Vec::new();
    for file in &names {
        let Some((name, ending)) = file.rsplit_once('.') else { continue };
        let read = match kind_of(name) {
            ToolKind::Iperf3 => &["json", "jsonl", "txt"][..],
            _ => &["json", "txt", "csv", "raw", "xml", "out"],
        };
        if !read.contains(&ending) || name.ends_with(".meta") || name.ends_with(".srv") {
            continue;
        }
        let server = server_of(name);
        used.extend(server.clone());
        cases.push(case(name, ending, server));
    }
    for server in names.iter().filter(|n| n.ends_with(".srv.out") && !used.contains(*n)) {
        cases.push(case(server.trim_end_matches(".srv.out"), "", Some(server.clone())));
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn kind_of(name: &str) -> ToolKind {
    let tool = name.trim_start_matches("fail-");
    let kind = ToolKind::ALL.into_iter().find(|k| tool.starts_with(k.word()));
    kind.unwrap_or(ToolKind::Iperf3)
}

fn case(name: &str, ending: &str, server: Option<String>) -> Case {
    let meta: serde_json::Value = read(&format!("{name}.meta.json"))
        .map_or(serde_json::Value::Null, |bytes| serde_json::from_slice(&bytes).expect("meta files are JSON"));
    // The recorder wrote the number of a signal as a negative exit code.
    let exit_code = meta["exit"].as_i64().and_then(|c| i32::try_from(c).ok()).filter(|c| *c >= 0);
    Case {
        name: name.to_owned(),
        kind: kind_of(name),
        ending: ending.to_owned(),
        client: if ending.is_empty() { vec![] } else { read(&format!("{name}.{ending}")).expect("just listed") },
        client_errors: read(&format!("{name}.err")).unwrap_or_default(),
        exit_code,
        server: server.and_then(|s| read(&s)),
    }
}
