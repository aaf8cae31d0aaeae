//! `--redact`: no form of a report holds an address or a host name that the store holds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;
#[path = "support/stored.rs"]
mod stored;

use std::collections::BTreeSet;
use std::net::IpAddr;

use iperftester::domain::host::{Attachment, HostKind, Ssh};
use iperftester::domain::measurement::Measurement;
use iperftester::domain::run::CampaignRun;
use iperftester::domain::topology::Metadata;
use iperftester::report;

const FORMS: [&str; 7] = ["terminal", "html", "md", "csv", "json", "jsonl", "junit"];
const SECRETS: [&str; 17] = [
    "vault-17",
    "gw.example.net",
    "core1.isp.example",
    "mgmt.example.org",
    "bastion.example.org",
    "jdoe",
    "2001:db8:7::99",
    "fd12:3456::7",
    "fe80::40cd",
    "203.0.113.77",
    "198.51.100.23",
    "00:16:3e:5e:6c:01",
    "ACME",
    "netops@vault",
    "ES-4711",
    "Roe",
    "after the move",
];

/// A campaign run that tells of its network wherever it can.
fn telling() -> CampaignRun {
    let mut run = campaign_run::everything();
    let some = |text: &str| Some(text.to_owned());
    run.topology.description = some("behind 203.0.113.77, on vault-17");
    run.topology.owner = some("netops@vault");
    run.topology.metadata = Metadata {
        customer: some("ACME"),
        circuit_id: some("ES-4711"),
        engineer: some("Roe"),
        note: some("after the move"),
    };
    let ssh = Ssh { address: "bastion.example.org".to_owned(), user: some("jdoe"), port: None, identity: None };
    run.topology
        .hosts
        .insert(campaign_run::name("far"), iperftester::domain::topology::Host { kind: HostKind::Ssh(ssh) });
    let probe = run.topology.probes.values_mut().next().unwrap();
    probe.attachment = Attachment { management: some("mgmt.example.org"), ..Attachment::default() };
    for facts in run.facts.values_mut() {
        facts.interfaces[0].addresses.push("fd12:3456::7/64".to_owned());
        facts.interfaces[0].product = some("Example NIC at 00:16:3e:5e:6c:01");
    }
    for one in &mut run.runs {
        one.raw = "{\n\t\"system_info\":\t\"Linux vault-17 6.1.0 #1 SMP x86_64\",\n\t\"connected\":\t[{\"local_host\":\t\
                   \"198.51.100.23\", \"remote_host\": \"2001:db8:7::99\"}],\n\t\"error\": \"it\\n198.51.100.23 refused\"\n}\n"
            .to_owned();
        one.server_raw =
            one.server_raw.as_ref().map(|_| "Accepted connection from 198.51.100.23, port 40112\n".to_owned());
        one.error = one
            .error
            .as_ref()
            .map(|_| "ssh jdoe@bastion.example.org: /home/jdoe/.ssh on mgmt.example.org:22".to_owned());
        one.command.push("--title=vault-17".to_owned());
        if let Some(Measurement::Path(path)) = &mut one.measurement {
            path.hops[2].addresses.push("core1.isp.example".to_owned());
            one.raw =
                "traceroute to 10.0.0.1\n 1  gw.example.net (203.0.113.77)  0.5 ms\n 2  core1.isp.example (10.1.1.1)\n"
                    .to_owned();
        }
    }
    run
}

/// What looks like an address in `text`, found apart from the code under test: by cutting and parsing.
fn addresses(text: &str) -> BTreeSet<IpAddr> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':')));
    let found = words.filter_map(|w| w.trim_end_matches(['.', ':']).parse::<IpAddr>().or_else(|_| w.parse()).ok());
    found.filter(|a| !a.is_loopback() && !a.is_unspecified()).collect()
}

fn forms(run: &CampaignRun) -> Vec<(&'static str, String)> {
    vec![
        ("terminal", report::terminal(iperftester::i18n::Lang::En, run, 100, false)),
        ("html", report::html(iperftester::i18n::Lang::En, run).unwrap()),
        ("md", report::markdown(iperftester::i18n::Lang::En, run)),
        ("csv", report::csv(run)),
        ("json", report::json(run)),
        ("jsonl", report::json_lines(run)),
        ("junit", report::junit(run).unwrap()),
    ]
}

#[test]
fn nothing_that_the_store_tells_is_in_any_form() {
    let run = telling();
    let (plain, whole) = (forms(&run), serde_json::to_string(&run).unwrap());
    let stored = addresses(&whole);
    assert!(stored.len() > 8, "{stored:?}");
    assert!(SECRETS.iter().all(|s| whole.contains(s)), "the test tells them all");
    assert!(SECRETS.iter().filter(|s| plain.iter().any(|(_, text)| text.contains(**s))).count() > 10);
    let redacted = report::redact(vec![run]).unwrap();
    for (form, text) in forms(&redacted[0]) {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in {form}:\n{text}");
        }
        assert_eq!(addresses(&text), BTreeSet::new(), "in {form}");
        assert!(stored.iter().all(|a| !text.contains(&a.to_string())), "{form}");
        assert!(text.contains("pseudonyms (--redact)"), "{form} says so");
        // Labels stay, and so do figures.
        assert!(text.contains("m1") && text.contains("tcp"), "{form}");
    }
}

#[test]
fn an_address_has_one_pseudonym_in_all_campaign_runs_and_forms() {
    let redacted = report::redact(vec![telling(), telling()]).unwrap();
    assert_eq!(redacted[0], redacted[1]);
    let facts = &redacted[0].facts[&campaign_run::name("m1")].interfaces[0].addresses[0];
    let address = facts.split('/').next().unwrap();
    assert!(address.starts_with("address-"), "{facts}");
    let text = report::terminal(iperftester::i18n::Lang::En, &redacted[0], 4000, false);
    assert!(text.contains(&format!("m1 ({address})")), "the path names the probe by the same: {text}");
    assert!(text.contains(&format!("iperf3 -c {address} ")), "and so does the command");
    assert!(text.contains("madrid (address-"), "a router keeps its name");
}

#[test]
fn pseudonyms_tell_nothing_of_what_they_stand_for() {
    // The same run in another network has the same report, letter by letter.
    let moved = |net: &str| {
        let text = serde_json::to_string(&campaign_run::contract_check()).unwrap().replace("10.80.", net);
        let run: CampaignRun = serde_json::from_str(&text).unwrap();
        report::json(&report::redact(vec![run]).unwrap()[0])
    };
    assert_eq!(moved("10.80."), moved("172.31."));
}

#[test]
fn figures_are_those_of_the_report_that_is_not_redacted() {
    let run = campaign_run::everything();
    let redacted = report::redact(vec![run.clone()]).unwrap();
    for (one, was) in redacted[0].runs.iter().zip(&run.runs) {
        assert_eq!((&one.assessment, one.status), (&was.assessment, was.status));
        if !matches!(was.measurement, Some(Measurement::Path(_))) {
            assert_eq!(one.measurement, was.measurement);
        }
    }
    assert_eq!(
        report::findings(iperftester::i18n::Lang::En, &redacted[0]),
        report::findings(iperftester::i18n::Lang::En, &run)
    );
}

#[test]
fn the_binary_redacts_what_it_reads_from_the_store() {
    let folder = tempfile::tempdir().unwrap();
    stored::keep(folder.path(), &telling());
    for form in FORMS {
        let output = stored::command(folder.path(), &["report", "--format", form, "--redact"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("(--redact)"), "{form}: {text}");
        assert!(SECRETS.iter().all(|s| !text.contains(s)) && addresses(&text).is_empty(), "{form}");
    }
}

#[test]
fn forms_by_the_ending_of_the_file_and_comparisons_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut older = campaign_run::contract_check();
    older.header.id = "check@older".to_owned();
    older.header.started -= chrono::TimeDelta::days(1);
    stored::keep(folder.path(), &older);
    stored::keep(folder.path(), &campaign_run::contract_check());
    for (name, lead) in [
        ("r.md", "# contract-check"),
        ("r.csv", "campaign_run,"),
        ("r.jsonl", "{\"schema_version\":1,\"campaign_run\":"),
        ("r.xml", "<?xml"),
        ("r.json", "{\n"),
        ("r.html", "<!DOCTYPE html>"),
    ] {
        let path = folder.path().join(name);
        let output = stored::command(folder.path(), &["report", "--out", path.to_str().unwrap()]).output().unwrap();
        assert!(output.status.success());
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(lead), "{name}");
    }
    let newest = older.header.id.replace("older", "20261124T120000.000Z");
    let said = |arguments: &[&str]| {
        let output = stored::command(folder.path(), &[&["report"], arguments].concat()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    let (_, by_word) = said(&["--compare", "previous"]);
    assert!(by_word.contains("A  check@older") && by_word.contains(&format!("B  {newest}")), "{by_word}");
    assert_eq!(said(&["check@older", &newest]).1, by_word);
    assert_eq!(said(&["--compare", "check@older"]).1, by_word);
    assert_eq!(said(&["--compare", "check@older", &newest]).1, by_word);
    for (arguments, told) in [
        (vec!["check@older", "--compare", "previous"], "no campaign run of the same topology and campaign came before"),
        (vec!["check@older", "check@older"], "cannot be compared with itself"),
        (vec!["check@older", "nothing@all"], "there is no campaign run `nothing@all`"),
        (vec!["--compare", "previous", "--format", "junit"], "a comparison has no form `junit`"),
    ] {
        let (code, text) = said(&arguments);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(told) && text.contains("hint"), "{text}");
    }
}

#[test]
fn a_reader_who_may_not_write_reads_and_one_who_may_not_read_is_told_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    stored::keep(folder.path(), &campaign_run::smallest());
    let open = |path: &std::path::Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(folder.path(), 0o755);
    open(&folder.path().join("results.db"), 0o644);
    // A copy, for the build's own folder may be closed to others.
    let binary = folder.path().join("iperftester");
    std::fs::copy(env!("CARGO_BIN_EXE_iperftester"), &binary).unwrap();
    open(&binary, 0o755);
    for (verb, mode, code) in [("report", 0o644, 0), ("list", 0o644, 0), ("report", 0o600, 3), ("list", 0o600, 3)] {
        open(&folder.path().join("results.db"), mode);
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary).arg(verb);
        let output = command.env("IPERFTESTER_DATA_DIR", folder.path()).current_dir("/").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{verb} {mode:o}: {said}");
        let told = said.contains("these results are another user's: read them as that user");
        assert_eq!(told, code == 3, "{verb} {mode:o}: {said}");
    }
}
