//! `campaigns` through the real binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use serde_json::Value;

fn campaigns(topology: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::Builder::new().prefix("iperftester-campaigns").tempdir().unwrap();
    std::fs::write(folder.path().join("topology.yaml"), topology).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_iperftester"));
    command.current_dir(folder.path()).env_remove("IPERFTESTER_TOPOLOGY").arg("campaigns").args(arguments);
    command.output().unwrap()
}

const BY_HAND: &str = "name: x\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n\
                       links: { l: { between: [a, b], contract: { rate: 100M } } }\n\
                       tests: { tcp: { iperf3: { duration: 5s } } }\ncampaigns: { check: { group: all, run: tcp } }\n";

#[test]
fn a_campaign_without_schedule_tells_how_to_start_it() {
    let output = campaigns(BY_HAND, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.starts_with("check: group all, tests tcp\n  2 runs in about "), "{text}");
    assert!(text.contains("no schedule: `iperftester run check` starts it"), "{text}");
    let output = campaigns(BY_HAND, &["--output", "json", "--from", "2027-03-28T00:00:00+01:00"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["from"], "2027-03-27T23:00:00Z");
    assert_eq!(json["campaigns"][0]["estimate"]["runs"], 2);
    // 100 Mbit/s for 5 s each way.
    assert_eq!(json["campaigns"][0]["estimate"]["link_bytes"], 125_000_000);
    assert_eq!(json["campaigns"][0]["schedule"], Value::Null);
}

#[test]
fn a_schedule_of_the_file_fires_once_on_the_nights_of_the_clocks() {
    let line =
        "schedule: { cron: \"30 2 * * *\", time-zone: Europe/Madrid, skip: [{ from: 2027-03-29, to: 2027-03-30 }] }";
    let topology = BY_HAND.replace("run: tcp }", &format!("run: tcp, {line} }}"));
    let starts = |from: &str| -> Option<Vec<String>> {
        let output = campaigns(&topology, &["check", "--next", "2", "--from", from, "--output", "json"]);
        // A build whose language has no schedules says so; then there is nothing to hold here.
        if String::from_utf8_lossy(&output.stderr).contains("a campaign has no key `schedule`") {
            return None;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let firings = json["campaigns"][0]["firings"].as_array().unwrap().clone();
        Some(firings.iter().map(|f| f["at"].as_str().unwrap().to_owned()).collect())
    };
    let Some(spring) = starts("2027-03-28T00:00:00+01:00") else { return };
    assert_eq!(spring, ["2027-03-28T01:00:00Z", "2027-03-31T00:30:00Z"]);
    assert_eq!(starts("2026-10-25T00:00:00+02:00").unwrap(), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
}

#[test]
fn bad_arguments_are_bad_input() {
    for (arguments, said) in [
        (&["chekc"][..], "known campaigns: check"),
        (&["--from", "tomorrow"], "such as 2027-03-28T00:00:00+01:00"),
        (&["--next", "0"], "a number from 1 to 10000"),
    ] {
        let output = campaigns(BY_HAND, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(said), "{told}");
    }
}
